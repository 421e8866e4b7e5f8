//! What runs found and didn't do, as issues to open: once nothing more is to come of the task, each once, and none that is
//! said already.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::model::{
    Action, Closed, Desired, Effect, FollowUp, FollowUps, Observed, OpenIssue, Outcome, RunPhase, RunSeen,
    Seen, Task, Then, Verb, follow_up_marker, said_by,
};
use crate::plan::Plan;
use crate::work::continuation;
use crate::work::words::{as_title, quoted};

use super::tasks::Tasks;
use super::{Cx, Loop, NoSettings};

/// The most of one attempt, whatever number of turns that took.
const MOST: usize = 5;
/// For how long after its run one is opened; what nobody could open until then is about another state of things.
const FRESH: SignedDuration = SignedDuration::from_hours(24 * 30);
/// The most characters of a text that an issue shows. Each may take a line of its own, and GitHub takes 65,536.
const SHOWN: usize = 10_000;

/// What a run found that is to be an issue, unless one says it already.
#[derive(Clone, Copy, Debug)]
pub struct Due<'a> {
    /// The run.
    pub run: &'a RunSeen,
    /// When it ended.
    pub ended: Timestamp,
    /// What it found.
    pub found: &'a FollowUp,
}

/// What the runs of a task found that the ledger knows no issue of: of its last attempt, while that is not long ago, and
/// only once the pull request is there or it ended without one. What an attempt found that failed the next one finds again.
pub fn due<'a>(task: &Task, desired: &Desired, observed: &'a Observed, now: Timestamp) -> Vec<Due<'a>> {
    if task.follow_ups == FollowUps::None {
        return Vec::new();
    }
    let of_task = |run: &&RunSeen| task.has(&run.of);
    let all: Vec<&RunSeen> = observed.runs.iter().filter(of_task).collect();
    if all.iter().any(|run| !matches!(run.phase, RunPhase::Closed(_))) {
        return Vec::new();
    }
    let version = task.version();
    let past = all.into_iter().filter(|run| run.of.version == version);
    let past: Vec<(&RunSeen, &Closed)> = past.filter_map(|run| Some((run, run.phase.closed()?))).collect();
    let Some((last, end)) = past.last() else { return Vec::new() };
    let is_fresh = now.duration_since(end.at) < FRESH;
    if !is_fresh || !is_all(task, end, observed) || continuation(task, &observed.runs, desired).is_some() {
        return Vec::new();
    }
    let mut out: Vec<Due<'a>> = Vec::new();
    for (run, closed) in past.iter().filter(|(run, _)| run.of.attempt == last.of.attempt) {
        for found in &closed.said.follow_ups {
            let is_said = |due: &Due<'_>| said_by(&due.found.title) == said_by(&found.title);
            if out.len() < MOST && !out.iter().any(is_said) {
                out.push(Due { run, ended: closed.at, found });
            }
        }
    }
    out.retain(|due| !observed.tracker.opened.contains(&(task.repo.clone(), due.found.digest.clone())));
    out
}

/// Whether nothing more comes of a task whose last run ended like this.
fn is_all(task: &Task, end: &Closed, observed: &Observed) -> bool {
    match end.outcome.then() {
        Then::Settled => end.commit.is_none() || pull(task, observed).is_some(),
        Then::Person => end.outcome == Outcome::NeedsInput,
        Then::Again | Then::Wait(_) | Then::Pause(_) | Then::Nothing => false,
    }
}

/// The number of its pull request, if it is there.
fn pull(task: &Task, observed: &Observed) -> Option<u64> {
    match observed.pulls.get(&(task.repo.clone(), task.branch()))? {
        Seen::Known(pull) => Some(pull.number),
        Seen::Absent | Seen::Unknown => None,
    }
}

/// Proposes the issues of all tasks. Where the issues of a repository could not be read, one of them may say it; the reading
/// says so.
pub(super) fn propose(cx: &Cx<'_, NoSettings>, plan: &mut Plan) {
    let mut said = BTreeSet::new();
    for task in cx.desired.tasks.values() {
        for due in due(task, cx.desired, cx.observed, cx.now) {
            let Some(Seen::Known(issues)) = cx.observed.tracker.issues.get(&task.repo) else { continue };
            let is_told = issues.iter().any(|issue| issue.tells(due.found, due.ended));
            if is_told || !said.insert((&task.repo, said_by(&due.found.title))) {
                continue;
            }
            if cx.observed.tracker.leaks.contains(&due.found.digest) {
                let says = format!(
                    "there is a secret in what run {} found besides, so that no issue is opened for it; look at it \
                     (factoryctl runs show {0}), and open one by hand, or set `follow-ups \"none\"` ({})",
                    due.run.id, task.source
                );
                plan.problem(task.found(&due.found.digest), says);
                continue;
            }
            plan.act(open(task, due, pull(task, cx.observed)));
        }
    }
}

fn open(task: &Task, due: Due<'_>, pull: Option<u64>) -> Action {
    let Due { run, ended, found } = due;
    let issue = OpenIssue {
        repo: task.repo.clone(),
        run: run.id.clone(),
        ended,
        found: found.clone(),
        title: as_title(&found.title),
        body: body(task, run, found, pull),
    };
    let (address, after) = (task.found(&found.digest), issue.value());
    Action::new(Tasks::NAME, Verb::OpenIssue, address, Value::Null, after, Effect::OpenIssue(Box::new(issue)))
        .reason(format!("run {} found it, and no issue says so", run.id))
        .because([task.source.clone()])
}

fn body(task: &Task, run: &RunSeen, found: &FollowUp, pull: Option<u64>) -> String {
    let pull = pull.map(|number| format!(" (#{number})")).unwrap_or_default();
    let words = quoted("In its words", &found.text, SHOWN);
    let more = if found.text.chars().count() > SHOWN {
        format!("\nThat is not all of it: `factoryctl runs show {}` has the rest.\n", run.id)
    } else {
        String::new()
    };
    format!(
        "Found by `{}` while it worked on the task `{}` of the factory{pull}, in run `{}`. Nobody has checked it.\n{words}{more}\n{}\n",
        run.agent,
        task.name(),
        run.id,
        follow_up_marker(&found.digest)
    )
}
