//! Starting a run so that it outlives who started it, and asking where it is.

use std::path::Path;
use std::time::Duration;

use crate::adapters::fs;
use crate::adapters::process::{self, Command};

use super::record::{Handover, RecordError, RunDir, Spec};

/// How long a supervisor may take to begin.
pub(super) const BEGIN: Duration = Duration::from_secs(30);

/// Why a run could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// Its records can't be kept.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The log of its supervisor can't be kept.
    #[error("the log of the supervisor can't be kept")]
    Log(#[from] fs::Error),
    /// The supervisor did not begin.
    #[error("the supervisor of the run did not begin; see {}", .log.display())]
    Supervisor {
        /// Its log.
        log: std::path::PathBuf,
        /// Why.
        #[source]
        source: process::Error,
    },
}

/// Makes the entry of a run and starts its supervisor, `program supervise DIR`. When this returns, the agent is under way or
/// has failed to start, and which of both is in the records.
///
/// # Errors
/// When the supervisor could not even begin.
pub async fn launch(
    runs: &Path,
    program: &Path,
    spec: &Spec,
    handover: &Handover,
) -> Result<RunDir, LaunchError> {
    let dir = RunDir::of(runs, &spec.id);
    dir.create(spec)?;
    let log = dir.dir().join("supervisor.log");
    let file = fs::append(&log)?;
    let told = serde_json::to_vec(handover).expect("plain data is always valid JSON");
    let command = Command::new(program).arg("supervise").arg(dir.dir()).folder(dir.dir()).stdin(told);
    let begun = command.time_limit(BEGIN).detach(file).await;
    begun.map_err(|source| LaunchError::Supervisor { log, source })?;
    Ok(dir)
}
