//! What a process that is gone left of runs, put in order by another one: processes without a supervisor ended, what runs
//! made saved, names freed. A run that is attended isn't touched.

use std::path::PathBuf;

use serde::Serialize;

use crate::adapters::fs;
use crate::adapters::said;
use crate::adapters::state::{self, Guard, StateDir};
use crate::model::{CommitId, RunId};
use crate::runs::{RecordError, RunDir, Spec, State, settle, workspace};

use super::Yard;
use super::close::close_ended;

/// What was found, and what was done about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reaped {
    /// Runs that somebody attends. Nothing was done to them.
    pub healthy: Vec<RunId>,
    /// Runs that nobody attended any more.
    pub ended: Vec<Abandoned>,
    /// Runs that were closed.
    pub closed: Vec<ReapedRun>,
    /// Folders and files that nothing belongs to any more, removed.
    pub freed: Vec<PathBuf>,
    /// What could not be put in order, and why.
    pub left: Vec<LeftThere>,
}

/// A run that nobody attended any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Abandoned {
    /// Which.
    pub run: RunId,
    /// How many of its processes were killed.
    pub killed: usize,
    /// Those that could not be.
    pub not_killed: Vec<i32>,
}

/// A run that was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReapedRun {
    /// Which.
    pub run: RunId,
    /// How it ended.
    pub outcome: String,
    /// In words.
    pub says: String,
    /// What it made, where that may be published.
    pub commit: Option<CommitId>,
    /// Where what it left besides was saved.
    pub salvage: Option<String>,
}

/// What could not be put in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftThere {
    /// A run, a folder.
    pub what: String,
    /// Why.
    pub why: String,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ReapError {
    /// A run of another config lies here.
    #[error("run {run} belongs to another config ({config}), and this is {own}")]
    AnothersRun {
        /// The run.
        run: RunId,
        /// Its config.
        config: String,
        /// The config that is worked for.
        own: String,
    },
    /// Records can't be read: a run of which nothing is known may be healthy.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The state directory.
    #[error(transparent)]
    State(#[from] state::Error),
}

/// Puts in order what is there of runs; the guard proves that nobody else does.
///
/// # Errors
/// When it isn't known whose the runs are; then nothing is done.
pub async fn reap(yard: &Yard, _alone: &Guard) -> Result<Reaped, ReapError> {
    let mut out = Reaped::default();
    let mut known = Vec::new();
    for (id, dir) in RunDir::all(&yard.state.runs())? {
        let spec = dir.spec()?;
        if let Some(spec) = &spec {
            is_ours(&yard.state, spec)?;
        }
        known.push((id, dir, spec));
    }
    for (id, dir, spec) in known {
        match attended(yard, &dir, spec.is_some()) {
            Ok(Found::Healthy) => out.healthy.push(id),
            Ok(Found::Abandoned { killed, not_killed }) => {
                out.ended.push(Abandoned { run: id, killed, not_killed });
            }
            Ok(Found::Over) => {}
            Err(error) => out.left.push(LeftThere { what: format!("run {id}"), why: said(&error) }),
        }
    }
    for (run, closed) in close_ended(yard).await? {
        match closed {
            Ok(closed) => out.closed.push(ReapedRun {
                run,
                outcome: closed.outcome.to_string(),
                says: closed.says,
                commit: closed.commit,
                salvage: closed.salvage,
            }),
            Err(error) => out.left.push(LeftThere { what: format!("run {run}"), why: said(&error) }),
        }
    }
    match free(yard) {
        Ok(freed) => out.freed = freed,
        Err(error) => {
            out.left.push(LeftThere { what: "what lies about".to_owned(), why: said(&error) });
        }
    }
    Ok(out)
}

/// Whether a run is of this config, or of what its state directory has taken over.
fn is_ours(state: &StateDir, spec: &Spec) -> Result<(), ReapError> {
    if state.continues(&spec.config)? {
        return Ok(());
    }
    let (run, config, own) = (spec.id.clone(), spec.config.clone(), state.id().to_owned());
    Err(ReapError::AnothersRun { run, config, own })
}

enum Found {
    Healthy,
    Abandoned { killed: usize, not_killed: Vec<i32> },
    Over,
}

fn attended(yard: &Yard, dir: &RunDir, is_whole: bool) -> Result<Found, RecordError> {
    if !is_whole || dir.closed()?.is_some() {
        return Ok(Found::Over);
    }
    if let Some(end) = settle(dir, yard.clock.now())? {
        return Ok(Found::Abandoned { killed: end.strays, not_killed: end.left });
    }
    Ok(match dir.state()? {
        // One that was given its entry a moment ago is about to begin.
        State::Planned | State::Runs(_) => Found::Healthy,
        State::Interrupted(_) | State::Ended(_) => Found::Over,
    })
}

/// Removes what nothing belongs to any more: entries of runs that were never whole, homes without a run, workspaces that
/// were half made or half removed. Whoever calls this holds the lock of the state directory.
pub(super) fn free(yard: &Yard) -> Result<Vec<PathBuf>, FreeError> {
    let mut freed = workspace::unused(&yard.state.workspaces())?;
    for (_, dir) in yard.known.open(&yard.state.runs())? {
        if dir.spec()?.is_none() {
            freed.push(dir.dir().to_owned());
        }
    }
    let homes = yard.state.homes();
    for name in fs::names_if_there(&homes)? {
        if RunId::parse(&name).is_some_and(|id| !fs::exists(RunDir::of(&yard.state.runs(), &id).dir())) {
            freed.push(homes.join(name));
        }
    }
    for path in &freed {
        fs::remove_tree(path)?;
    }
    Ok(freed)
}

/// Why something could not be freed.
#[derive(Debug, thiserror::Error)]
pub(super) enum FreeError {
    /// Records.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Files.
    #[error(transparent)]
    Files(#[from] fs::Error),
}
