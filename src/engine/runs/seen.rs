//! What is seen of runs: the records on this machine, and the pull requests of what they made.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::adapters::env::Env;
use crate::adapters::github::Client;
use crate::adapters::state::StateDir;
use crate::model::{
    AgentConfig, Billed, Cause, Desired, Facet, Gap, Observed, Paid, Phase, RepoName, RunId, RunPhase,
    RunSeen, Subject, Task,
};
use crate::observed;
use crate::runs::{RecordError, RunDir, Spec, State, workspace};

use super::Known;
use super::probe::locate;
use super::workspace_name;

/// Reads the records of all runs, and which of the branches of these tasks have pull requests. Records that can't be read
/// are a gap: what isn't known to have run may be running.
pub(in crate::engine) async fn runs_seen(
    (state, known): (&StateDir, &Known),
    client: &Client,
    tasks: impl Iterator<Item = &Task> + Clone,
    asks_for_pulls: bool,
    observed: &mut Observed,
) {
    match read(&state.runs(), known, tasks.clone()) {
        Ok((runs, paid)) => {
            (observed.runs, observed.paid, observed.knows_runs) = (runs, paid, true);
            known.has_looked();
        }
        Err(error) => {
            let why = format!("the records of runs: {}", crate::adapters::said(&error));
            observed.gaps.push(Gap { facet: Facet::Runs, repo: None, why, cause: Cause::Other });
            return;
        }
    }
    if !asks_for_pulls {
        return;
    }
    let branches: BTreeSet<(RepoName, String)> =
        tasks.map(|task| (task.repo.clone(), task.branch())).collect();
    observed::run_pulls(client, branches, observed).await;
}

/// The agents of which it is known that they can't be started here, and why, without starting anything.
pub(in crate::engine) fn unfit(
    env: &Env,
    known: &Known,
    desired: &Desired,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let why = |config: &AgentConfig| locate(env, config).err().or_else(|| known.unfit(config, now));
    let agents = desired.agents.iter();
    agents.filter_map(|(name, config)| Some((name.clone(), why(config)?))).collect()
}

/// The runs that aren't over, and those that decide what is done next for these tasks, oldest first; and what all of them
/// have used and cost, the others too.
pub(super) fn read<'a>(
    runs: &Path,
    known: &Known,
    tasks: impl Iterator<Item = &'a Task>,
) -> Result<(Vec<RunSeen>, Paid), RecordError> {
    let mut out = Vec::new();
    for (_, dir) in known.open(runs)? {
        let Some(run) = one(&dir)? else { continue };
        if !known.learn(&run) {
            out.push(run);
        }
    }
    let mut paid = known.paid();
    for run in &out {
        paid.add(run);
    }
    for id in known.that_matter(tasks) {
        out.extend(one(&RunDir::of(runs, &id))?);
    }
    out.sort_by(|a, b| a.id.cmp(&b.id));
    Ok((out, paid))
}

/// The runs of these issues that are over, oldest first.
pub(super) fn of_issues(
    runs: &Path,
    known: &Known,
    issues: &BTreeSet<(RepoName, u64)>,
) -> Result<Vec<RunSeen>, RecordError> {
    let subject = |number| Subject::Issue { number, phase: Phase::Triage };
    let ids = issues.iter().flat_map(|(repo, number)| known.of_subject(repo, &subject(*number)));
    ids.map(|id| one(&RunDir::of(runs, &id))).filter_map(Result::transpose).collect()
}

/// All runs that belong to a task, oldest first.
///
/// # Errors
/// When the records of one can't be read.
pub(super) fn all(runs: &Path) -> Result<Vec<RunSeen>, RecordError> {
    let seen = RunDir::all(runs)?.into_iter().map(|(_, dir)| one(&dir));
    seen.filter_map(Result::transpose).collect()
}

/// The runs of a task, those with an earlier prompt too, oldest first.
///
/// # Errors
/// When the records of one can't be read.
pub fn runs_of(state: &StateDir, task: &Task) -> Result<Vec<RunSeen>, RecordError> {
    let mut runs = all(&state.runs())?;
    runs.retain(|run| task.has(&run.of));
    Ok(runs)
}

/// A run that isn't closed.
#[derive(Clone, Debug)]
pub struct Unclosed {
    /// Which.
    pub run: RunId,
    /// What it is for: the address of its task.
    pub task: String,
    /// Where its workspace was made.
    pub place: PathBuf,
    /// Why it can't be closed, where that was found.
    pub why: Option<String>,
}

/// All runs that aren't closed, oldest first.
///
/// # Errors
/// When the records of one can't be read.
pub fn unclosed(state: &StateDir) -> Result<Vec<Unclosed>, RecordError> {
    let mut out = Vec::new();
    for (run, dir) in RunDir::all(&state.runs())? {
        let Some(Spec { on: Some(on), .. }) = dir.spec()? else { continue };
        if dir.closed()?.is_none() {
            let place = workspace::place(&state.workspaces(), &workspace_name(&on.of));
            out.push(Unclosed { run, task: workspace_name(&on.of), place, why: dir.unclosed()? });
        }
    }
    Ok(out)
}

/// One run; `None` of one that belongs to no task, or has no records yet.
pub(super) fn one(dir: &RunDir) -> Result<Option<RunSeen>, RecordError> {
    let spec = dir.spec()?;
    spec.map_or(Ok(None), |spec| seen(dir, spec))
}

/// Who pays for a run, what it used and what that cost, as it was counted while it ran.
pub(super) fn billed(dir: &RunDir, spec: &Spec) -> Result<Billed, RecordError> {
    let tally = dir.tally()?;
    // Records of earlier versions have no account.
    let account = if spec.bill.account.is_empty() { &spec.agent } else { &spec.bill.account };
    Ok(Billed {
        account: account.clone(),
        used: tally.used,
        cost: tally.cost,
        quotas: tally.quotas,
        ended: tally.ended,
    })
}

fn seen(dir: &RunDir, spec: Spec) -> Result<Option<RunSeen>, RecordError> {
    let Some(on) = &spec.on else { return Ok(None) };
    let phase = match dir.closed()? {
        Some(closed) => RunPhase::Closed(Box::new(closed)),
        None if dir.checking()?.is_some() => RunPhase::Checking,
        None => match dir.state()? {
            State::Planned | State::Runs(_) => RunPhase::Under,
            State::Interrupted(_) | State::Ended(_) => RunPhase::Ended { unclosed: dir.unclosed()? },
        },
    };
    let billed = billed(dir, &spec)?;
    Ok(Some(RunSeen {
        id: spec.id,
        of: on.of.clone(),
        agent: spec.agent,
        prompt: spec.digest,
        billed,
        phase,
    }))
}
