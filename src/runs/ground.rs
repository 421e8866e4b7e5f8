//! What is made ready for an agent in its workspace, and cleaned up after it: the recipe of its repository.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::adapters::{attended, fs, ports};
use crate::model::{Gate, Recipe};

use super::litter::{Litter, Look};
use super::record::{MARK, RecordError, RunDir, Spec};
use super::redact::Redactor;
use super::sandbox::{Mount, Network, Sandbox};
use super::step::{self, By, How, Ran, Step};
use super::supervisor::SuperviseError;
use super::watch::Stop;

/// The recipe and the gates that a run has for its whole life, as config said them when it began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// What is done before and after.
    pub recipe: Recipe,
    /// What its work has to pass.
    pub gates: Vec<Gate>,
    /// The folders that are kept for others, and where they are seen.
    pub mounts: Vec<Mount>,
}

/// A setup that did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// In words.
    pub(super) says: String,
    /// The last lines that it printed.
    pub(super) tail: Vec<String>,
    /// Whether somebody asked for its end; nothing is wrong with it then.
    pub(super) stop: Option<Stop>,
}

/// The variables that name free ports.
///
/// # Errors
/// When there are not so many.
pub(super) fn port_vars(recipe: &Recipe) -> std::io::Result<Vec<(String, String)>> {
    let found = ports::free(recipe.ports)?;
    Ok(found.iter().zip(1..).map(|(port, n)| (format!("FACTORY_PORT_{n}"), port.to_string())).collect())
}

/// A line of a recipe or a gate as it is started: it sees the system's programs, what the recipe names, and what is
/// writable.
pub(super) fn bounded(
    sandbox: &Sandbox,
    line: &str,
    writable: &[&Path],
    recipe: &Recipe,
    mounts: &[Mount],
    network: bool,
) -> Vec<OsString> {
    let readable: Vec<&Path> = recipe.readable.iter().map(PathBuf::as_path).collect();
    let network = if network { Network::Open } else { Network::Closed };
    sandbox.wrap(&step::shell(line), writable, &readable, mounts, network)
}

/// The folders that are kept, those of them that can be seen where they should: agents leave links behind.
pub(super) fn mounts(spec: &Spec) -> Vec<Mount> {
    let plain = |mount: &&Mount| {
        let below = mount.at.strip_prefix(&spec.folder).ok();
        below.is_some_and(|below| fs::is_plain_dir(&spec.folder, below))
    };
    spec.ground.mounts.iter().filter(plain).cloned().collect()
}

/// What setup and teardown are run with.
pub(super) struct Grounds<'a> {
    pub(super) spec: &'a Spec,
    pub(super) dir: &'a RunDir,
    /// The environment without what is the agent's own.
    pub(super) vars: &'a [(String, String)],
    pub(super) redactor: &'a Redactor,
    pub(super) requests: &'a attended::Watch,
}

impl Grounds<'_> {
    /// Makes the workspace ready; what is wrong, if it could not be.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn set_up(&self) -> Result<Option<Failed>, SuperviseError> {
        for mount in &self.spec.ground.mounts {
            self.place(mount)?;
        }
        let earlier = self.earlier_litter()?;
        let Some(line) = &self.spec.ground.recipe.setup else {
            if let Some(earlier) = earlier.filter(|earlier| !earlier.is_empty()) {
                self.dir.note_litter(&earlier)?;
            }
            return Ok(None);
        };
        let before = Look::at(&self.spec.folder);
        let ran = self.run(line, "setup.log")?;
        let after = before.as_ref().and_then(|_| Look::at(&self.spec.folder));
        let litter = match before.zip(after) {
            Some((before, after)) => Litter::of(&before, &after, earlier.as_ref()),
            None => earlier.unwrap_or_default(),
        };
        self.dir.note_litter(&litter)?;
        if ran.passed() {
            return Ok(None);
        }
        let says = format!("the setup of the recipe failed: {}", ran.says_with_last());
        let stop = if let How::Stopped(stop) = ran.how { Some(stop) } else { None };
        Ok(Some(Failed { says, tail: ran.tail, stop }))
    }

    /// What is litter in the workspace before its setup; `None` where it begins anew.
    fn earlier_litter(&self) -> Result<Option<Litter>, RecordError> {
        let before = self.spec.on.as_ref().and_then(|on| on.of.continues.as_ref());
        let runs = self.dir.dir().parent();
        before.zip(runs).map(|(run, runs)| RunDir::of(runs, run).litter()).transpose()
    }

    /// Cleans up; what is wrong, if that failed.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn tear_down(&self) -> Result<Option<String>, SuperviseError> {
        let failed = match &self.spec.ground.recipe.teardown {
            Some(line) => {
                let ran = self.run(line, "teardown.log")?;
                (!ran.passed()).then(|| ran.says_with_last())
            }
            None => None,
        };
        if self.spec.bounds.is_none() {
            for Mount { from, at } in &self.spec.ground.mounts {
                fs::unlink(from, at)?;
            }
        }
        Ok(failed)
    }

    /// Makes the folder at which one that is kept is mounted, or the link that leads to it where there is no sandbox.
    fn place(&self, Mount { from, at }: &Mount) -> Result<(), SuperviseError> {
        let folder = &self.spec.folder;
        let below = at.strip_prefix(folder).unwrap_or(at);
        if self.spec.bounds.is_some() {
            fs::make_plain_dir(folder, below)?;
        } else if fs::make_plain_dir(folder, below.parent().unwrap_or(Path::new("")))? {
            fs::link(from, at)?;
        }
        Ok(())
    }

    fn run(&self, line: &str, log: &str) -> Result<Ran, SuperviseError> {
        let Spec { ground, folder, home, bounds, .. } = self.spec;
        let sandbox = match bounds {
            Some(bounds) => Sandbox::Bubblewrap { program: bounds.bubblewrap.clone() },
            None => Sandbox::None,
        };
        let recipe = &ground.recipe;
        let argv = bounded(&sandbox, line, &[folder, home], recipe, &mounts(self.spec), recipe.network);
        let mark = (MARK.to_owned(), self.spec.id.to_string());
        let vars: Vec<_> = self.vars.iter().cloned().chain([mark]).collect();
        let log = &self.dir.dir().join(log);
        let step = Step { argv: &argv, vars: &vars, folder, time: recipe.time, log };
        let asked = || self.dir.asked_to_stop();
        let by = By { redactor: self.redactor, requests: self.requests, asked: &asked };
        step::run(&step, &by, &mut |_| {})
    }
}
