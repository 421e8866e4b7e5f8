//! What is seen of runs: the records on this machine, and the pull requests of what they made.

use std::collections::BTreeSet;

use crate::adapters::github::Client;
use crate::adapters::state::StateDir;
use crate::model::{Billed, Cause, Facet, Gap, Observed, Prices, RepoName, RunPhase, RunSeen, Task};
use crate::observed;
use crate::runs::{RecordError, RunDir, Spec, State};

/// Reads the records of all runs, and which of the branches of these tasks have pull requests. Records that can't be read
/// are a gap: what isn't known to have run may be running.
pub(in crate::engine) async fn runs_seen(
    state: &StateDir,
    client: &Client,
    tasks: impl Iterator<Item = &Task>,
    prices: Option<&Prices>,
    observed: &mut Observed,
) {
    match read(state, prices) {
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
pub(in crate::engine) fn read(
    state: &StateDir,
    prices: Option<&Prices>,
) -> Result<Vec<RunSeen>, RecordError> {
    let mut out = Vec::new();
    for (_, dir) in RunDir::all(&state.runs())? {
        let Some(spec) = dir.spec()? else { continue };
        out.extend(seen(&dir, spec, prices)?);
    }
    Ok(out)
}

/// Who pays for a run, what it used and what that cost; where nobody counted that while it ran, by these prices.
pub(super) fn billed(dir: &RunDir, spec: &Spec, prices: Option<&Prices>) -> Result<Billed, RecordError> {
    let tally = dir.tally()?;
    // Records of earlier versions have no account.
    let account = if spec.bill.account.is_empty() { &spec.agent } else { &spec.bill.account };
    Ok(Billed {
        account: account.clone(),
        used: tally.used,
        cost: tally.cost_by(spec.work.model.as_deref(), prices),
        quota: tally.quota,
        ended: tally.ended,
    })
}

fn seen(dir: &RunDir, spec: Spec, prices: Option<&Prices>) -> Result<Option<RunSeen>, RecordError> {
    let Some(on) = &spec.on else { return Ok(None) };
    let phase = match dir.closed()? {
        Some(closed) => RunPhase::Closed(Box::new(closed)),
        None if dir.checking()?.is_some() => RunPhase::Checking,
        None => match dir.state()? {
            State::Planned | State::Runs(_) => RunPhase::Under,
            State::Interrupted(_) | State::Ended(_) => RunPhase::Ended,
        },
    };
    let billed = billed(dir, &spec, prices)?;
    Ok(Some(RunSeen { id: spec.id, of: on.of.clone(), agent: spec.agent.clone(), billed, phase }))
}
