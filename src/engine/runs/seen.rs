//! What is seen of runs: the records on this machine, and the pull requests of what they made.

use std::collections::BTreeSet;

use crate::adapters::github::Client;
use crate::adapters::state::StateDir;
use crate::model::{Cause, Facet, Gap, Observed, RepoName, RunPhase, RunSeen, Task};
use crate::observed;
use crate::runs::{RecordError, RunDir, Spec, State};

/// Reads the records of all runs, and which of the branches of these tasks have pull requests. Records that can't be read
/// are a gap: what isn't known to have run may be running.
pub(in crate::engine) async fn runs_seen(
    state: &StateDir,
    client: &Client,
    tasks: impl Iterator<Item = &Task>,
    observed: &mut Observed,
) {
    match read(state) {
        Ok(runs) => observed.runs = runs,
        Err(error) => {
            let why = format!("the records of runs: {}", crate::engine::config::said(&error));
            observed.gaps.push(Gap { facet: Facet::Runs, repo: None, why, cause: Cause::Other });
            return;
        }
    }
    let branches: BTreeSet<(RepoName, String)> =
        tasks.map(|task| (task.repo.clone(), task.branch())).collect();
    observed::run_pulls(client, branches, observed).await;
}

/// The runs that belong to a task, oldest first.
fn read(state: &StateDir) -> Result<Vec<RunSeen>, RecordError> {
    let mut out = Vec::new();
    for (_, dir) in RunDir::all(&state.runs())? {
        let Some(spec) = dir.spec()? else { continue };
        out.extend(seen(&dir, spec)?);
    }
    Ok(out)
}

fn seen(dir: &RunDir, spec: Spec) -> Result<Option<RunSeen>, RecordError> {
    let Some(on) = spec.on else { return Ok(None) };
    let phase = match dir.closed()? {
        Some(closed) => RunPhase::Closed(Box::new(closed)),
        None if dir.checking()?.is_some() => RunPhase::Checking,
        None => match dir.state()? {
            State::Planned | State::Runs(_) => RunPhase::Under,
            State::Interrupted(_) | State::Ended(_) => RunPhase::Ended,
        },
    };
    Ok(Some(RunSeen { id: spec.id, of: on.of, agent: spec.agent, phase }))
}
