//! Trying a gate on a commit: a clean checkout, a fresh setup, the gate.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::adapters::attended;
use crate::adapters::env::Env;
use crate::adapters::fs;
use crate::adapters::git::{Access, CheckOut, Mirror, Objects, Signature, check_out};
use crate::model::{Check, CommitId, Counted, Gate};
use crate::runs::ground::{bounded, port_vars};
use crate::runs::record::{On, RunDir, Spec};
use crate::runs::redact::Redactor;
use crate::runs::sandbox::Sandbox;
use crate::runs::step::{self, By, How, Ran, Step};
use crate::runs::watch::Stop;

use super::count::Counter;
use super::record::{Checked, Checking};
use super::{CheckError, MARK, weaker};

/// The branch that a checkout is on.
const BRANCH: &str = "factory/check";
/// The most bytes of a kept result.
const LIMIT: u64 = 1 << 20;

/// Where and with what gates are tried.
pub(super) struct Bench<'a> {
    dir: &'a RunDir,
    spec: &'a Spec,
    on: &'a On,
    head: &'a CommitId,
    checking: &'a Checking,
    mirror: Mirror,
    access: Access,
    sandbox: Sandbox,
    vars: Vec<(String, String)>,
    redactor: &'a Redactor,
    requests: attended::Watch,
}

/// What a gate showed of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tried {
    pub(super) passed: bool,
    /// Whether another try on the same commit would show the same, as far as anybody knows.
    pub(super) settled: bool,
    /// How it ended, without a word of what was printed.
    pub(super) ended: String,
    /// The same, with the last that was printed where it failed.
    pub(super) says: String,
    pub(super) took: Duration,
    pub(super) tail: Vec<String>,
    pub(super) tests: Option<Counted>,
}

/// Somebody asked for the end of all of it.
enum Halt {
    Stop(Stop),
    Error(CheckError),
}

impl<E: Into<CheckError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl<'a> Bench<'a> {
    pub(super) fn new(
        dir: &'a RunDir,
        spec: &'a Spec,
        checking: &'a Checking,
        vars: Vec<(String, String)>,
        redactor: &'a Redactor,
        env: &Env,
    ) -> Result<Self, CheckError> {
        let nothing = || CheckError::Nothing(dir.dir().to_owned());
        let on = spec.on.as_ref().ok_or_else(nothing)?;
        let head = checking.closed.commit.as_ref().ok_or_else(nothing)?;
        let sandbox = match &spec.bounds {
            Some(bounds) => Sandbox::Bubblewrap { program: bounds.bubblewrap.clone() },
            None => Sandbox::None,
        };
        Ok(Self {
            mirror: Mirror::ensure(&checking.mirror, &on.url)?,
            access: Access::new(env, None),
            requests: attended::Watch::of(dir.dir())?,
            dir,
            spec,
            on,
            head,
            checking,
            sandbox,
            vars,
            redactor,
        })
    }

    /// Tries every gate, and whether it became weaker.
    pub(super) async fn all(&self) -> Result<Checked, CheckError> {
        let mut checks = Vec::new();
        for gate in &self.spec.ground.gates {
            match self.gate(gate).await {
                Ok(check) => checks.push(check),
                Err(Halt::Stop(stop)) => return Ok(Checked { checks, stop: Some(stop) }),
                Err(Halt::Error(error)) => return Err(error),
            }
        }
        Ok(Checked { checks, stop: None })
    }

    async fn gate(&self, gate: &Gate) -> Result<Check, Halt> {
        let mut tried = self.tries(self.head, gate, "head").await?;
        let (mut weaker, mut unknown) = (Vec::new(), Vec::new());
        // What fails can't pass because it became weaker.
        if tried.passed {
            let (repo, base) = (self.mirror.repo(), &self.on.base);
            weaker.extend(weaker::changed(repo, base, self.head, &gate.files)?);
            let before = self.base(gate).await?;
            let overlay = weaker::with_tests_of(repo, base, self.head, &gate.tests, &Signature::default())?;
            if let Some(overlay) = overlay {
                let with_old = self.tries(&overlay, gate, "old-tests").await?;
                weaker::old_tests(&with_old, &before, &mut weaker, &mut unknown);
                if !with_old.passed {
                    tried.tail = with_old.tail;
                }
            }
            weaker::counts(&tried, &before, &mut weaker, &mut unknown);
        }
        Ok(Check {
            gate: gate.name.clone(),
            commit: self.head.clone(),
            passed: tried.passed,
            says: tried.says,
            took_ms: u64::try_from(tried.took.as_millis()).unwrap_or(u64::MAX),
            tail: tried.tail,
            tests: tried.tests,
            weaker,
            unknown,
        })
    }

    /// What the gate shows of the commit that the run began with, which is found out once.
    async fn base(&self, gate: &Gate) -> Result<Tried, Halt> {
        let base = &self.on.base;
        let name = format!("{base}-{}.json", gate.digest(&self.spec.ground.recipe));
        let file = self.checking.bases.join(name);
        match fs::read(&file, LIMIT) {
            // What can't be understood is found out again.
            Ok(bytes) => {
                if let Ok(tried) = serde_json::from_slice(&bytes) {
                    return Ok(tried);
                }
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
        let tried = self.tries(base, gate, "base").await?;
        if tried.settled {
            fs::private_dir(&self.checking.bases)?;
            let text = serde_json::to_vec(&tried).expect("plain data is always valid JSON");
            fs::replace_lightly(&file, &text)?;
        }
        Ok(tried)
    }

    /// Tries a gate on a clean checkout of a commit.
    async fn tries(&self, commit: &CommitId, gate: &Gate, which: &str) -> Result<Tried, Halt> {
        let place = &self.checking.place;
        fs::remove_tree(place)?;
        let (tree, home) = (place.join("tree"), place.join("home"));
        fs::private_dir(&tree)?;
        fs::private_dir(&home)?;
        // Its own objects: what runs there sees none of the mirror's others.
        let git_dir = tree.join(".git");
        let start = CheckOut { branch: BRANCH, base: commit, by: &Signature::default() };
        self.mirror.lend(&self.access, &git_dir, Objects::Copied, start).await?;
        check_out(&self.access, &git_dir, &tree).await?;
        // From here on others have written there: no git is run in it again.
        let recipe = &self.spec.ground.recipe;
        let mut vars = self.vars.clone();
        vars.extend(port_vars(recipe)?);
        vars.push(("HOME".to_owned(), home.display().to_string()));
        vars.push((MARK.to_owned(), self.spec.id.to_string()));
        let log = |what: &str| self.dir.dir().join(format!("check-{}-{which}-{what}.log", gate.name));
        let shell = Shell { tree: &tree, home: &home, vars: &vars };
        if let Some(setup) = &recipe.setup {
            let ran = self.run(&shell, setup, recipe.network, recipe.time, &log("setup"), &mut |_| {})?;
            if !ran.passed() {
                let says = format!("the setup of the recipe failed: {}", ran.says_with_last());
                return Ok(Tried::of(ran, false, says, None));
            }
        }
        let mut counter = Counter::default();
        let mut hears = |line: &[u8]| counter.hears(&String::from_utf8_lossy(line));
        let ran = self.run(&shell, &gate.command, gate.network, gate.time, &log("gate"), &mut hears)?;
        let settled = matches!(ran.how, How::Exit(_));
        let says = if ran.passed() { ran.says() } else { ran.says_with_last() };
        Ok(Tried::of(ran, settled, says, counter.counted()))
    }

    fn run(
        &self,
        shell: &Shell<'_>,
        line: &str,
        network: bool,
        time: Duration,
        log: &PathBuf,
        hears: &mut dyn FnMut(&[u8]),
    ) -> Result<Ran, Halt> {
        let recipe = &self.spec.ground.recipe;
        let argv = bounded(&self.sandbox, line, &[shell.tree, shell.home], recipe, &[], network);
        let step = Step { argv: &argv, vars: shell.vars, folder: shell.tree, time, log };
        let asked = || self.dir.asked_to_stop();
        let by = By { redactor: self.redactor, requests: &self.requests, asked: &asked };
        let ran = step::run(&step, &by, hears)?;
        if let How::Stopped(stop) = ran.how { Err(Halt::Stop(stop)) } else { Ok(ran) }
    }
}

/// Where lines of shell are run.
struct Shell<'a> {
    tree: &'a Path,
    home: &'a Path,
    vars: &'a [(String, String)],
}

impl Tried {
    fn of(ran: Ran, settled: bool, says: String, tests: Option<Counted>) -> Self {
        let (passed, ended) = (ran.passed(), ran.says());
        Self { passed, settled, ended, says, took: ran.took, tail: ran.tail, tests }
    }
}
