//! What is seen of runs: the records on this machine, and the pull requests of what they made.

use crate::adapters::github::Client;
use crate::adapters::state::StateDir;
use crate::model::{AddressGlob, Cause, Desired, Facet, Gap, Observed, RunPhase, RunSeen};
use crate::observed;
use crate::runs::{RecordError, RunDir, Spec, State};

/// Reads the records of all runs, and which of the branches of tasks have pull requests. Records that can't be read are a
/// gap: what isn't known to have run may be running.
pub(in crate::engine) async fn runs_seen(
    state: &StateDir,
    client: &Client,
    desired: &Desired,
    scope: &[AddressGlob],
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
    let in_scope =
        |address: &crate::model::Address| scope.is_empty() || scope.iter().any(|glob| glob.covers(address));
    let tasks = desired.tasks.values().filter(|task| in_scope(&task.address()));
    let branches = tasks.map(|task| (task.repo.clone(), task.branch())).collect();
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
        None => match dir.state()? {
            State::Planned | State::Runs(_) => RunPhase::Under,
            State::Interrupted(_) | State::Ended(_) => RunPhase::Ended,
        },
    };
    Ok(Some(RunSeen { id: spec.id, of: on.of, agent: spec.agent, phase }))
}
