//! The gates of a repository, run over what an agent made: each on a clean checkout of the commit, never in the agent's
//! workspace, by a process of its own that outlives the daemon.

mod bench;
mod count;
mod record;
mod verdict;
mod weaker;

use std::fs::TryLockError;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::adapters::attended;
use crate::adapters::env::Env;
use crate::adapters::fs;
use crate::adapters::git;
use crate::adapters::process::{self, Command};
use crate::adapters::procs::{self, Identity};
use crate::model::RunId;

use super::launch::BEGIN;
use super::record::{Handover, RecordError, RunDir};
use super::redact::Redactor;
use super::supervisor::SuperviseError;

use bench::Bench;
pub use record::{Checked, Checking, Checks};
pub use verdict::{Verdict, verdict};

/// The variable by which every process of a check is known.
const MARK: &str = "FACTORY_CHECK";
/// How long what is left of a check is hunted.
const SWEEP: Duration = Duration::from_secs(10);

/// Why a run can't be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Nothing of it is to be checked.
    #[error("there is nothing to check in {}", .0.display())]
    Nothing(std::path::PathBuf),
    /// The records.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The mirror, or a checkout.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The files.
    #[error(transparent)]
    Files(#[from] fs::Error),
    /// A line that is run.
    #[error(transparent)]
    Step(#[from] SuperviseError),
    /// The system.
    #[error("the run can't be checked")]
    System(#[from] io::Error),
    /// Somebody else checks it.
    #[error("the run is being checked by another process")]
    Busy,
    /// The process that checks did not begin.
    #[error("the checks of the run did not begin; see {}", .log.display())]
    Checker {
        /// Its log.
        log: std::path::PathBuf,
        /// Why.
        #[source]
        source: process::Error,
    },
}

/// Starts the checks of a run, `program check DIR`, after what is left of earlier ones is ended. When this returns they
/// are under way. Whoever calls this has noted what is to be checked.
///
/// # Errors
/// When they could not even begin.
pub async fn launch_check(
    dir: &RunDir,
    id: &RunId,
    program: &Path,
    env: &Env,
    handover: &Handover,
) -> Result<(), CheckError> {
    sweep_checks(dir, id)?;
    let log = dir.dir().join("check.log");
    let file = fs::append(&log)?;
    let told = serde_json::to_vec(handover).expect("plain data is always valid JSON");
    let command = Command::new(program).arg("check").arg(dir.dir()).folder(dir.dir()).stdin(told);
    let vars = env.for_children().into_iter();
    let command = vars.fold(command, |command, (name, value)| command.var(name, value));
    let begun = command.time_limit(BEGIN).detach(file).await;
    begun.map_err(|source| CheckError::Checker { log, source })?;
    Ok(())
}

/// Ends what is left of the checks of a run whose process is gone.
///
/// # Errors
/// When its records or the processes can't be read.
pub fn sweep_checks(dir: &RunDir, id: &RunId) -> Result<(), CheckError> {
    let old = dir.checker()?;
    procs::sweep(SWEEP, || {
        let mut left = procs::marked(MARK, id.as_str())?;
        if let Some(old) = &old {
            left.extend(
                procs::session_of(old)?.into_iter().filter(|found| !left.contains(found)).collect::<Vec<_>>(),
            );
        }
        Ok(left)
    })?;
    Ok(())
}

/// Runs the gates of a run and writes down what they showed. `ready` is called once this process is known to do so.
///
/// # Errors
/// When not even that can be written down.
pub async fn check(
    dir: &Path,
    handover: Handover,
    env: &Env,
    ready: impl FnOnce(),
) -> Result<(), CheckError> {
    let dir = RunDir::at(dir);
    let (Some(spec), Some(checking)) = (dir.spec()?, dir.checking()?) else {
        return Err(CheckError::Nothing(dir.dir().to_owned()));
    };
    // A process that was started by one that died right after may be there already.
    let lock = fs::append(&dir.dir().join("check.lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(CheckError::Busy),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    attended::own_session()?;
    attended::adopt_orphans()?;
    dir.note_checker(&Identity::own()?)?;
    ready();
    let redactor = Redactor::new(handover.secrets.iter().map(String::as_str));
    let bench = Bench::new(&dir, &spec, &checking, handover.vars, &redactor, env)?;
    let checked = bench.all().await?;
    fs::remove_tree(&checking.place)?;
    Ok(dir.note_checked(&checked)?)
}
