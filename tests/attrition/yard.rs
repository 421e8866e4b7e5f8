//! What the records of runs tell, and where everything lies.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use factoryctl::adapters::procs::Identity;
use factoryctl::model::{Closed, RunId};
use factoryctl::runs::{Processes, RunDir, State};

use crate::world::World;

/// Where a run is when somebody is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum At {
    /// A workspace is being made; there is no run yet.
    Making,
    /// It has an entry, and no process of it is known.
    Starting,
    /// Its supervisor is there, and no agent yet.
    SettingUp,
    /// Its agent works.
    Work,
    /// Its agent works, and goes on with a session.
    GoingOn,
    /// It has ended, and what it left is not yet looked at.
    Ended,
    /// Its gates are tried.
    Checking,
}

/// A run.
pub(super) struct Seen {
    pub(super) id: RunId,
    pub(super) task: String,
    /// Whether it goes on with the session of another one.
    pub(super) goes_on: bool,
    /// Where it is; `None` once it is closed.
    pub(super) at: Option<At>,
    pub(super) supervisor: Option<Identity>,
    pub(super) agent: Option<Identity>,
    pub(super) checker: Option<Identity>,
    pub(super) closed: Option<Closed>,
}

/// The folder where runs lie.
#[derive(Default)]
pub(crate) struct Yard {
    /// Those that are closed don't change any more.
    closed: RefCell<BTreeMap<RunId, Rc<Seen>>>,
    /// Every run whose records were seen.
    known: RefCell<BTreeSet<RunId>>,
}

impl Yard {
    /// Where it is, once there are runs.
    pub(crate) fn of(w: &World) -> Option<PathBuf> {
        let dirs = w.path("home/state/factoryctl").read_dir().ok()?.flatten().map(|entry| entry.path());
        let is_yard =
            |dir: &PathBuf| dir.file_name().is_some_and(|n| n.to_string_lossy().starts_with("runs-"));
        dirs.into_iter().find(is_yard)
    }

    /// All runs, oldest first.
    pub(super) fn runs(&self, w: &World) -> Vec<Rc<Seen>> {
        let Some(yard) = Self::of(w) else { return Vec::new() };
        let mut out = Vec::new();
        for (id, dir) in RunDir::all(&yard.join("runs")).expect("they can be read") {
            if let Some(closed) = self.closed.borrow().get(&id) {
                out.push(Rc::clone(closed));
                continue;
            }
            // One that has its folder and nothing in it yet.
            let Some(seen) = Seen::of(id, &dir).map(Rc::new) else { continue };
            self.known.borrow_mut().insert(seen.id.clone());
            if seen.closed.is_some() {
                self.closed.borrow_mut().insert(seen.id.clone(), Rc::clone(&seen));
            }
            out.push(seen);
        }
        out
    }

    /// Every run that ever was.
    pub(super) fn known(&self) -> BTreeSet<RunId> {
        self.known.borrow().clone()
    }
}

impl Seen {
    fn of(id: RunId, dir: &RunDir) -> Option<Self> {
        let on = dir.spec().expect("it can be read")?.on.expect("of a task");
        let closed = dir.closed().expect("it can be read");
        let checking = dir.checking().expect("it can be read").is_some();
        let processes = match dir.state().expect("known") {
            State::Runs(processes) => Some(processes),
            State::Planned | State::Interrupted(_) | State::Ended(_) => None,
        };
        let begins = dir.processes().expect("it can be read").is_none();
        let at = match &processes {
            _ if closed.is_some() => None,
            _ if checking => Some(At::Checking),
            Some(Processes { agent: None, .. }) => Some(At::SettingUp),
            Some(_) if on.of.continues.is_some() => Some(At::GoingOn),
            Some(_) => Some(At::Work),
            None if begins => Some(At::Starting),
            None => Some(At::Ended),
        };
        let goes_on = on.of.continues.is_some();
        let checker = checking.then(|| checker(dir.dir())).flatten();
        let supervisor = processes.as_ref().map(|processes| processes.supervisor.clone());
        let agent = processes.and_then(|processes| processes.agent);
        Some(Self { id, task: on.of.subject.to_string(), goes_on, at, supervisor, agent, checker, closed })
    }
}

/// Who tries the gates of a run, if somebody does.
fn checker(dir: &Path) -> Option<Identity> {
    let text = std::fs::read(dir.join("checker.json")).ok()?;
    let who: Identity = serde_json::from_slice(&text).expect("it is whole or not there");
    who.runs().expect("processes can be seen").then_some(who)
}

/// What lies in a folder.
pub(super) fn names(dir: &Path) -> Vec<String> {
    let entries = dir.read_dir().unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
