//! Intents that a crash left open: looks at the world and settles them.
//!
//! What another machine has begun a moment ago is its own to settle; after a while it is taken for crashed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::model::{AT_WORK, ActionId, Object, Observed, RepoName, RunSeen, Seen, Verb};

use super::compare::settled_value;
use super::outcome::Outcome;
use super::recorder::{Recorder, RecorderError, record};
use crate::ledger::{Index, Open, Record};

/// For how long another machine's intent is taken for under way: far longer than a batch takes, and short enough
/// that a crashed machine doesn't keep the others waiting.
const UNDER_WAY: SignedDuration = SignedDuration::from_mins(15);

/// Whether an open intent is another machine's, which may be at it at this moment. What uses one state directory is
/// one machine, since its lock keeps them apart.
pub fn under_way_elsewhere(open: &Open, machine: &str, now: Timestamp) -> bool {
    open.intent.machine != machine && now.duration_since(open.at) < UNDER_WAY
}

/// What has to be read to settle the open intents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Repositories.
    pub repos: BTreeSet<RepoName>,
    /// Those whose issues tell, and since when they may have been opened.
    pub issues: BTreeMap<RepoName, Timestamp>,
}

/// What has to be read to settle the open intents.
pub async fn needs(recorder: &Recorder) -> Needs {
    let of = |index: &Index| {
        let mut needs = Needs::default();
        for open in index.open_intents() {
            let Some(repo) = open.intent.address.repo_name() else { continue };
            if open.intent.verb.object() == Object::Issue {
                let since = needs.issues.entry(repo.clone()).or_insert(open.at);
                *since = open.at.min(*since);
            }
            needs.repos.insert(repo);
        }
        needs
    };
    recorder.index(of).await
}

/// Settles every open intent that the reading tells about; gives their actions and what became of them. One that it doesn't tell about, or that
/// another machine may be at, stays open: nobody guesses.
///
/// # Errors
/// When the ledger can't be written.
pub async fn settle(
    recorder: &Recorder,
    observed: &Observed,
) -> Result<Vec<(ActionId, Outcome)>, RecorderError> {
    let now = recorder.now();
    let settled = |index: &Index| -> Vec<(Record, (ActionId, Outcome))> {
        let settled = |open: &Open| {
            if under_way_elsewhere(open, recorder.machine(), now) {
                return None;
            }
            let outcome = if open.intent.verb == Verb::StartRun {
                started(open, open.intent.machine == recorder.machine(), observed, now)?
            } else {
                verdict(open, observed)?
            };
            let intent = &open.intent;
            let (action, address) = (intent.action.clone(), intent.address.clone());
            let record = Record::Outcome(record(&intent.intent, action.clone(), address, &outcome));
            Some((record, (action, outcome)))
        };
        index.open_intents().iter().filter_map(|open| settled(open)).collect()
    };
    let (records, settled): (Vec<_>, Vec<_>) = recorder.index(settled).await.into_iter().unzip();
    if !records.is_empty() {
        recorder.note(records).await?;
    }
    Ok(settled)
}

/// Whether a run was started: the records of the machine that was to start it tell. Others wait for that one for a day.
fn started(open: &Open, is_own: bool, observed: &Observed, now: Timestamp) -> Option<Outcome> {
    if is_own && !observed.knows_runs {
        return None;
    }
    let intent = &open.intent;
    let is_it = |run: &RunSeen| {
        let of = &run.of;
        of.subject.address(&of.repo) == intent.address
            && intent.after["version"] == of.version.as_str()
            && intent.after["attempt"] == of.attempt
            && run.id.moment().is_some_and(|began| began.as_millisecond() >= open.at.as_millisecond())
    };
    if is_own && observed.runs.iter().any(is_it) {
        return Some(Outcome::Done);
    }
    let is_over = is_own || now.duration_since(open.at) >= AT_WORK;
    is_over.then(|| Outcome::left("interrupted; the next plan looks at it afresh"))
}

fn verdict(open: &Open, observed: &Observed) -> Option<Outcome> {
    let intent = &open.intent;
    let interrupted = || Outcome::left("interrupted before it took effect");
    match intent.verb.object() {
        // What the factory says is said again by the next plan, or not, as the world shows then.
        Object::Nothing => Some(Outcome::left("interrupted; the next plan looks at it afresh")),
        Object::Issue => {
            let (repo, digest) = intent.address.follow_up()?;
            let Seen::Known(issues) = observed.tracker.issues.get(&repo)? else { return None };
            let is_there = issues.iter().any(|issue| issue.marks.contains(digest));
            Some(if is_there { Outcome::Done } else { interrupted() })
        }
        Object::Repository | Object::Label => {
            let repo = intent.address.repo_name()?;
            let now = settled_value(intent.verb, &intent.before, &intent.after, observed.repo(&repo))?;
            Some(if now == intent.after {
                Outcome::Done
            } else if now == intent.before {
                interrupted()
            } else {
                Outcome::Refused {
                    says: format!("interrupted, and it is neither as before nor as planned: {now}"),
                }
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ledger::Intent;
    use crate::model::samples::{now, task};
    use crate::model::{Billed, Fingerprint, IntentId, Risk, RunId, RunOf, RunPhase};

    fn open() -> Open {
        let (task, after) = (task("a"), json!({ "attempt": 1, "version": task("a").version() }));
        let action = ActionId::of(Verb::StartRun, &task.address(), &Fingerprint::of(&json!(null)), &after);
        let intent = Intent {
            intent: IntentId::new(&action, 0),
            action,
            address: task.address(),
            verb: Verb::StartRun,
            risk: Risk::Routine,
            wanted_by: "tasks".into(),
            before: json!(null),
            after,
            because: Vec::new(),
            config_commit: None,
            reason: String::new(),
            overrides: Vec::new(),
            hands_over: None,
            by: "ann@host".into(),
            machine: "m1".into(),
        };
        Open { seq: 1, at: now(), intent, tried: false, ran: false }
    }

    /// A run of the same attempt that began so many minutes after the start was recorded.
    fn run(minutes: i64) -> RunSeen {
        let task = task("a");
        let of = RunOf::new(&task, 1);
        let id = RunId::new(now() + SignedDuration::from_mins(minutes), b"x");
        RunSeen {
            id,
            of,
            agent: "one".into(),
            prompt: String::new(),
            billed: Billed::default(),
            phase: RunPhase::Under,
        }
    }

    /// A crash between the start and its record must not let another machine start it again.
    #[test]
    fn whether_a_run_was_started_its_records_tell() {
        let left = || Some(Outcome::left("interrupted; the next plan looks at it afresh"));
        let knows = |runs| Observed { knows_runs: true, runs, ..Observed::default() };
        let settled = |is_own, observed: &Observed, hours| {
            started(&open(), is_own, observed, now() + SignedDuration::from_hours(hours))
        };
        assert_eq!(settled(true, &knows(vec![run(0)]), 1), Some(Outcome::Done));
        assert_eq!(settled(true, &knows(vec![run(-1)]), 1), left(), "that one was there before");
        assert_eq!(settled(true, &Observed::default(), 48), None, "nobody has looked");
        assert_eq!(settled(false, &knows(Vec::new()), 1), None, "its machine knows");
        assert_eq!(settled(false, &knows(Vec::new()), 24), left());
    }
}
