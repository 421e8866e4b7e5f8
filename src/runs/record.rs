//! What is on disk of a run, each file whole or not at all: what was started, by which processes, how far it is, how it
//! ended. A run without an end whose supervisor is gone was interrupted.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::adapters::fs;
use crate::adapters::procs::Identity;
use crate::model::{Clocks, Closed, CommitId, Limits, Outcome, Quota, RunId, RunOf, SecretRef, Spent, Usage};

use super::agents::{Job, Session};
use super::bill::Bill;
use super::ground::{self, Ground};
use super::sandbox::{Network, Sandbox};
use super::watch::{Exit, Stop, Watch};

/// The variable by which every process of a run is known.
pub const MARK: &str = "FACTORY_RUN";

/// The file that says who runs.
const PROCESSES: &str = "processes.json";
/// Who starts it.
const STARTER: &str = "starter.json";

/// The file beside the folders of runs that is written anew whenever one ends.
pub const BELL: &str = ".bell";

/// The file that says what it left.
const CLOSED: &str = "closed.json";

/// The file that keeps room for the end.
const RESERVE: &str = "reserve";

/// How many bytes that is.
const RESERVED: usize = 64 << 10;

/// The most bytes of a record.
const LIMIT: u64 = 32 << 20;

/// The folder of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir(PathBuf);

/// What is started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Its name.
    pub id: RunId,
    /// Which config it belongs to: the id of the state directory.
    pub config: String,
    /// The commit of the config that it runs under, for its whole life.
    pub config_commit: Option<CommitId>,
    /// What it is for, in words.
    pub purpose: String,
    /// The work that it belongs to, if it is more than a try.
    pub on: Option<On>,
    /// The agent, as config names it.
    pub agent: String,
    /// Its kind.
    pub kind: String,
    /// The version that was found.
    pub version: Option<String>,
    /// What it is to do.
    pub work: Work,
    /// Before each further try that it has while its account isn't let in, how long is waited.
    pub waits: Vec<Duration>,
    /// What earlier processes of the session used.
    pub baseline: Usage,
    /// A digest of the prompt.
    pub digest: String,
    /// Where it works.
    pub folder: PathBuf,
    /// The secrets that it was given: where each was found, and what tells whether that is still the same.
    pub secrets: Vec<(SecretRef, String)>,
    /// Its home.
    pub home: PathBuf,
    /// What keeps it within its bounds; `None` when nothing does.
    pub bounds: Option<Bounds>,
    /// The recipe and the gates of its repository.
    #[serde(default)]
    pub ground: Ground,
    /// Who pays for it.
    #[serde(default)]
    pub bill: Bill,
    /// What it may use.
    pub limits: Limits,
    /// How long it may go without progress.
    pub clocks: Clocks,
}

/// What keeps an agent within its bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// The program that does.
    pub bubblewrap: PathBuf,
    /// What it may read besides the system's programs, its workspace and its home.
    pub readable: Vec<PathBuf>,
    /// Whether it reaches the network.
    pub network: bool,
}

/// The work that a run belongs to, and where that stood when it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct On {
    /// Which.
    pub of: RunOf,
    /// Where its repository is cloned from.
    pub url: String,
    /// The branch that the work is for.
    pub base_branch: String,
    /// The commit that it began with.
    pub base: CommitId,
    /// The paths that it may change, as globs; all of them when there are none.
    pub paths: Vec<String>,
    /// Whether it may make gates weaker.
    #[serde(default)]
    pub may_weaken: bool,
}

/// What an agent is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The program, and the arguments that config puts first.
    pub program: Vec<String>,
    /// The prompt.
    pub prompt: String,
    /// The model.
    pub model: Option<String>,
    /// The session.
    pub begin: Begin,
    /// The schema of the typed answer that is asked for.
    pub schema: Option<Value>,
}

/// Which session the work belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Begin {
    /// A new one. Its id, where it can be chosen, is another one for each try: an agent takes none twice.
    New(Vec<String>),
    /// One that goes on.
    Resume(String),
}

/// What a supervisor is told besides, and what is never written down: the environment, and what is to be masked.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Handover {
    /// The environment of everything that is run for it.
    pub vars: Vec<(String, String)>,
    /// What the agent has besides, and nobody else.
    #[serde(default)]
    pub own: Vec<(String, String)>,
    /// Secrets that nobody is to read in what it prints.
    pub secrets: Vec<String>,
}

/// Who runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processes {
    /// The supervisor.
    pub supervisor: Identity,
    /// The agent, once it was started.
    pub agent: Option<Identity>,
    /// Since when.
    pub since: Timestamp,
}

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The session.
    pub session: Option<String>,
    /// What was used.
    pub used: Usage,
    /// What that cost, where that is known.
    pub cost: Option<Spent>,
    /// What was said last of its account's quotas.
    pub quotas: Vec<Quota>,
    /// The tools that run.
    pub tools: Vec<String>,
    /// What is in the way.
    pub trouble: Option<String>,
}

/// How it ended, as far as its processes tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The outcome.
    pub outcome: Outcome,
    /// In words.
    pub says: String,
    /// When.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// How its last process ended.
    pub exit: Exit,
    /// Why it was stopped, if it was.
    pub stop: Option<Stop>,
    /// How often it was started.
    pub tries: usize,
    /// What was used, of earlier processes of its session nothing.
    pub used: Usage,
    /// What its session has used in all, where its agent's figures are the session's.
    #[serde(default)]
    pub session_used: Usage,
    /// What that cost, where that is known.
    #[serde(default)]
    pub cost: Option<Spent>,
    /// The session.
    pub session: Option<String>,
    /// Whether it was to go on with a session and found none, or came back with another one, which knows nothing of what
    /// was before.
    #[serde(default)]
    pub cold: bool,
    /// What it answered last.
    pub answer: Option<Answer>,
    /// What it asked, without going on.
    pub asked: Option<String>,
    /// How often it was not allowed to do something.
    pub denied: u64,
    /// What was said last of its account's quotas.
    #[serde(default)]
    pub quotas: Vec<Quota>,
    /// How many bytes it printed.
    pub printed: u64,
    /// How many lines were too long to be read.
    pub skipped: u64,
    /// How many processes it left behind, which were killed.
    pub strays: usize,
    /// Those that could not be.
    pub left: Vec<i32>,
    /// What is known of its setup, where that failed.
    #[serde(default)]
    pub setup_failed: Option<SetupFailed>,
    /// What went wrong with the teardown of the recipe, if it did.
    #[serde(default)]
    pub teardown_failed: Option<String>,
}

/// A setup that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupFailed {
    /// Which recipe it was: [`crate::model::Recipe::digest`].
    pub recipe: String,
    /// The last lines that it printed.
    pub tail: Vec<String>,
}

/// What an agent answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// The typed answer, where the agent has one of its own.
    pub typed: Option<Value>,
}

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It has an entry, and no process yet.
    Planned,
    /// It runs.
    Runs(Processes),
    /// Its supervisor is gone, and nobody wrote how it ended.
    Interrupted(Processes),
    /// It has ended.
    Ended(Box<End>),
}

/// Why a record can't be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The files.
    #[error("the records of a run can't be kept")]
    Files(#[from] fs::Error),
    /// One is damaged.
    #[error("`{}` is damaged", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl Spec {
    /// A command line of the agent as it is started, within the bounds of the run.
    pub fn bounded(&self, argv: &[String]) -> Vec<OsString> {
        let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
        let Some(Bounds { bubblewrap, readable, network }) = &self.bounds else { return argv };
        let sandbox = Sandbox::Bubblewrap { program: bubblewrap.clone() };
        let readable: Vec<&Path> = readable.iter().map(PathBuf::as_path).collect();
        let network = if *network { Network::Open } else { Network::Closed };
        sandbox.wrap(&argv, &[&self.folder, &self.home], &readable, &ground::mounts(self), network)
    }

    /// The session that it goes on with, if it does.
    pub fn resumed(&self) -> Option<String> {
        match &self.work.begin {
            Begin::Resume(id) => Some(id.clone()),
            Begin::New(_) => None,
        }
    }

    /// Whether an agent that was to go on with a session is in another one, or in none since that one was gone.
    pub fn is_cold(&self, seen: &Watch) -> bool {
        let Begin::Resume(id) = &self.work.begin else { return false };
        seen.is_lost() || seen.session().is_some_and(|now| now != id)
    }

    /// The job of a try, the first of which is number zero.
    pub fn job(&self, n: usize) -> Job<'_> {
        let session = match &self.work.begin {
            Begin::New(ids) => Session::New(ids.get(n).map_or("", String::as_str)),
            Begin::Resume(id) => Session::Resume(id),
        };
        Job {
            program: &self.work.program,
            prompt: &self.work.prompt,
            model: self.work.model.as_deref(),
            turns: self.limits.turns,
            session,
            schema: self.work.schema.as_ref(),
            workspace: &self.folder,
            home: &self.home,
        }
    }
}

impl Processes {
    /// Of a run that never got a supervisor, and gets none any more.
    pub(super) fn given_up(at: Timestamp) -> Self {
        Self { supervisor: Identity::nobody(), agent: None, since: at }
    }

    /// Whether there ever was a supervisor.
    pub(super) fn began(&self) -> bool {
        self.supervisor != Identity::nobody()
    }
}

impl RunDir {
    /// The folder of a run, below the folder of all runs.
    pub fn of(runs: &Path, id: &RunId) -> Self {
        Self(runs.join(id.as_str()))
    }

    /// A folder that is a run's.
    pub fn at(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    /// All runs, oldest first.
    ///
    /// # Errors
    /// When the folder can't be listed.
    pub fn all(runs: &Path) -> Result<Vec<(RunId, Self)>, RecordError> {
        let ids = Self::ids(runs)?.into_iter();
        Ok(ids.map(|id| (id.clone(), Self::of(runs, &id))).collect())
    }

    /// The names of all runs, oldest first.
    ///
    /// # Errors
    /// When the folder can't be listed.
    pub fn ids(runs: &Path) -> Result<Vec<RunId>, RecordError> {
        match fs::read_names(runs, RunId::parse) {
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            other => Ok(other?),
        }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.0
    }

    /// What it printed, on its standard output and its standard error.
    pub fn transcripts(&self) -> [PathBuf; 2] {
        [self.0.join("out.log"), self.0.join("err.log")]
    }

    /// Keeps room for the last word of a run, which has to find some on a disk that is full by then.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn make_reserve(&self) -> Result<(), RecordError> {
        Ok(fs::replace_lightly(&self.0.join(RESERVE), &vec![0; RESERVED])?)
    }

    /// The file that asks a supervisor to stop its run.
    pub fn stop_file(&self) -> PathBuf {
        self.0.join("stop.json")
    }

    /// Makes the entry, which says that this process starts it: from then on the run is known.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn create(&self, spec: &Spec) -> Result<(), RecordError> {
        fs::private_dir(&self.0)?;
        self.put(STARTER, &Identity::own()?)?;
        self.put("run.json", spec)
    }

    /// Whether the process that starts it still runs.
    ///
    /// # Errors
    /// When that can't be read.
    pub(super) fn is_being_started(&self) -> Result<bool, RecordError> {
        let starter: Option<Identity> = self.get(STARTER)?;
        Ok(starter.map(|it| it.runs()).transpose()?.unwrap_or_default())
    }

    /// What was started; `None` when there is no such run.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn spec(&self) -> Result<Option<Spec>, RecordError> {
        self.get("run.json")
    }

    /// Notes who supervises it, unless somebody is noted already; whether nobody was. From then on it is known, also after
    /// the power was cut. Who gives the run up notes that nobody does, so that a supervisor that begins late doesn't.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn note_supervisor(&self, processes: &Processes) -> Result<bool, RecordError> {
        let (path, text) = self.text(PROCESSES, processes)?;
        Ok(fs::put_first(&path, &text)?)
    }

    /// Notes the agent's process, too. It is the supervisor's child, and gone with the power.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn note_agent(&self, processes: &Processes) -> Result<(), RecordError> {
        self.note(PROCESSES, processes)
    }

    /// Who was noted last.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn processes(&self) -> Result<Option<Processes>, RecordError> {
        self.get(PROCESSES)
    }

    /// Notes how far it is.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn note_progress(&self, progress: &Progress) -> Result<(), RecordError> {
        self.note("progress.json", progress)
    }

    /// How far it was when that was noted last.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn progress(&self) -> Result<Option<Progress>, RecordError> {
        self.get("progress.json")
    }

    /// Asks its supervisor to stop it.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn ask_to_stop(&self, by: &str, why: &str) -> Result<(), RecordError> {
        self.put("stop.json", &Stop::Asked { by: by.to_owned(), why: why.to_owned() })
    }

    /// Whether somebody asked.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn asked_to_stop(&self) -> Result<Option<Stop>, RecordError> {
        self.get("stop.json")
    }

    /// Writes how it ended. The first word stands: who comes later finds it.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn end(&self, end: &End) -> Result<(), RecordError> {
        fs::remove(&self.0.join(RESERVE))?;
        self.put("end.json", end)?;
        self.ring()
    }

    /// Tells whoever looks at runs that there is something new.
    pub(super) fn ring(&self) -> Result<(), RecordError> {
        match self.0.parent() {
            Some(runs) => Ok(fs::replace_lightly(&runs.join(BELL), b"")?),
            None => Ok(()),
        }
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn ended(&self) -> Result<Option<End>, RecordError> {
        self.get("end.json")
    }

    /// Writes down what it left, once that was looked at.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn close(&self, closed: &Closed) -> Result<(), RecordError> {
        self.put(CLOSED, closed)
    }

    /// What it left, if that was looked at.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn closed(&self) -> Result<Option<Closed>, RecordError> {
        self.get(CLOSED)
    }

    /// Takes note why it can't be closed, for whoever looks at it meanwhile.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn note_unclosed(&self, why: &str) -> Result<(), RecordError> {
        if self.unclosed()?.as_deref() == Some(why) {
            return Ok(());
        }
        self.note("unclosed.json", &why)
    }

    /// Why it could not be closed when that was tried last, if it was.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn unclosed(&self) -> Result<Option<String>, RecordError> {
        self.get("unclosed.json")
    }

    /// Where it is.
    ///
    /// # Errors
    /// When its records or the processes can't be read.
    pub fn state(&self) -> Result<State, RecordError> {
        if let Some(end) = self.ended()? {
            return Ok(State::Ended(Box::new(end)));
        }
        let Some(processes) = self.processes()? else { return Ok(State::Planned) };
        if processes.supervisor.runs()? {
            return Ok(State::Runs(processes));
        }
        // It may have written its last word between the two looks.
        Ok(match self.ended()? {
            Some(end) => State::Ended(Box::new(end)),
            None => State::Interrupted(processes),
        })
    }

    pub(super) fn put(&self, name: &str, what: &impl Serialize) -> Result<(), RecordError> {
        let (path, text) = self.text(name, what)?;
        Ok(fs::replace(&path, &text)?)
    }

    fn note(&self, name: &str, what: &impl Serialize) -> Result<(), RecordError> {
        let (path, text) = self.text(name, what)?;
        Ok(fs::replace_lightly(&path, &text)?)
    }

    fn text(&self, name: &str, what: &impl Serialize) -> Result<(PathBuf, Vec<u8>), RecordError> {
        let path = self.0.join(name);
        match serde_json::to_vec_pretty(what) {
            Ok(text) => Ok((path, text)),
            Err(source) => Err(RecordError::Damaged { path, source }),
        }
    }

    pub(super) fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, RecordError> {
        let path = self.0.join(name);
        match fs::read(&path, LIMIT) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|source| RecordError::Damaged { path, source }),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
