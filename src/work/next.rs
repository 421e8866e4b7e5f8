//! What comes next of a piece of work: the end of a run, a wait, another attempt, a person's turn, or nothing.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::{
    AT_WORK, Action, Begun, Closed, LONGEST_WAIT, Observed, Outcome, RunPhase, RunSeen, Subject, Task, Then,
};

use super::Cx;
use super::continuation::continuation;
use super::room::{Room, unready};
use super::start::start;

/// How often in a row a run may end before its agent had a part in it.
pub(crate) const IN_VAIN: usize = 3;
/// The same of runs that go on in one session, each of which gets on with it.
const IN_VAIN_GOING_ON: usize = 8;

/// What comes next of a piece of work.
#[derive(Debug)]
pub(crate) enum Next<'a> {
    /// Something else has to be first.
    Waits(String),
    /// A moment has to come first, for a reason.
    Until(Timestamp, String),
    /// A run starts.
    Starts(Box<Action>),
    /// Only a person can go on.
    Person(String),
    /// It is over: the last run, and how it ended.
    Over(&'a RunSeen, &'a Closed),
}

/// What has to end first, where a run of it is under way.
pub(crate) fn under_way(task: &Task, cx: &Cx<'_>) -> Option<String> {
    let its = cx.observed.runs.iter().filter(|run| task.has(&run.of));
    let run = its.into_iter().find(|run| !matches!(run.phase, RunPhase::Closed(_)))?;
    Some(ends(run))
}

/// What has to come of a run that isn't closed.
pub(crate) fn ends(run: &RunSeen) -> String {
    match &run.phase {
        RunPhase::Under => format!("run {} to end", run.id),
        RunPhase::Checking => format!("run {} to pass its gates or not", run.id),
        RunPhase::Ended { unclosed: Some(why) } => format!(
            "run {} to be closed, which has ended and can't be: {why}; once that is put right, apply or a daemon does it",
            run.id
        ),
        RunPhase::Ended { unclosed: None } | RunPhase::Closed(_) => {
            format!("a look at what run {} made, which has ended (apply, or a daemon)", run.id)
        }
    }
}

/// The runs of a piece of work that are over, those of other machines too, oldest first.
fn past<'a>(task: &Task, cx: &Cx<'a>) -> Vec<(&'a RunSeen, &'a Closed)> {
    let (version, observed) = (task.version(), cx.observed);
    let all = observed.runs.iter().chain(&observed.elsewhere.runs);
    let of_it = all.filter(|run| task.has(&run.of) && run.of.version == version);
    let mut past: Vec<(&RunSeen, &Closed)> =
        of_it.filter_map(|run| Some((run, run.phase.closed()?))).collect();
    past.sort_by_key(|(run, _)| run.id.moment());
    past
}

/// Why only a person can go on with a piece of work whose runs ended again and again before their agents had a part in it; nothing
/// where the setup of the repository fails for all that is done there, which is told of the repository.
pub(crate) fn in_vain(task: &Task, cx: &Cx<'_>) -> Option<String> {
    let past = past(task, cx);
    let &(last, closed) = past.last()?;
    let goes_on = continuation(task, &cx.observed.runs, cx.desired).is_some_and(|it| it.run.id == last.id);
    let most = if goes_on { IN_VAIN_GOING_ON } else { IN_VAIN };
    let paid = paid_in_vain(&past);
    if paid >= most {
        let says = says(task, last, closed, cx.observed);
        return Some(format!("{paid} times in a row, and each of them paid for; {says}"));
    }
    let times = waited(task, &past, cx);
    let is_given_up = matches!(closed.outcome, Outcome::CouldNotStart | Outcome::Killed) && !closed.capped;
    if !is_given_up || times < most || (closed.setup_failed.is_some() && unready(&task.repo, cx).is_some()) {
        return None;
    }
    Some(format!("{times} times in a row; {}", says(task, last, closed, cx.observed)))
}

/// How many of these runs in a row, to the last, ended in what is waited for. What an earlier recipe made of one tells nothing of
/// the one that there is.
fn waited(task: &Task, past: &[(&RunSeen, &Closed)], cx: &Cx<'_>) -> usize {
    let recipe = cx.desired.repos.get(&task.repo).map(|repo| repo.recipe.digest());
    let is_of_another = |closed: &Closed| closed.setup_failed.is_some() && closed.setup_failed != recipe;
    let counted = past.iter().rev().filter(|(_, closed)| !closed.capped && !is_of_another(closed));
    counted.take_while(|(_, closed)| matches!(closed.outcome.then(), Then::Wait(_))).count()
}

/// What comes next of a piece of work that no run is under way for.
pub(crate) fn next<'a>(task: &Task, cx: &Cx<'a>, room: &mut Room) -> Next<'a> {
    if let Some(begun) = cx.observed.elsewhere.at_work(task) {
        let Begun { by, at, .. } = begun;
        let until = *at + AT_WORK;
        return Next::Waits(format!(
            "a run to end that {by} began at {at:.0} and that has no records on this machine; nothing says that it has ended, \
             and it is waited for until {until:.0}: it goes on by itself then, or as soon as that machine is back and its \
             records say how it ended"
        ));
    }
    let past = past(task, cx);
    let Some(&(last, closed)) = past.last() else { return start(task, cx, &[], None, room) };
    let goes_on = continuation(task, &cx.observed.runs, cx.desired).filter(|it| it.run.id == last.id);
    if let Some(says) = in_vain(task, cx) {
        return Next::Person(says);
    }
    match closed.outcome.then() {
        Then::Settled if goes_on.is_none() => Next::Over(last, closed),
        Then::Person => Next::Person(says(task, last, closed, cx.observed)),
        // Who wanted it stopped may want it again: an issue that was held, or a phase that was left.
        Then::Nothing if task.subject.task().is_none() => start(task, cx, &past, None, room),
        Then::Nothing => Next::Waits(format!("another prompt: run {} was cancelled", last.id)),
        Then::Settled | Then::Again | Then::Pause(_) => start(task, cx, &past, goes_on, room),
        Then::Wait(first) => {
            let until = later(closed.at, first, waited(task, &past, cx));
            if cx.now < until {
                return Next::Until(until, format!("run {} ended in `{}`", last.id, closed.outcome));
            }
            start(task, cx, &past, goes_on, room)
        }
    }
}

/// How many of these runs in a row, to the last, were ended by what their agents had no part in, after their models had answered.
fn paid_in_vain(past: &[(&RunSeen, &Closed)]) -> usize {
    let had_no_part =
        |(_, closed): &&(&RunSeen, &Closed)| matches!(closed.outcome.then(), Then::Wait(_) | Then::Pause(_));
    let in_vain = past.iter().rev().take_while(had_no_part);
    in_vain.filter(|(run, closed)| run.billed.used.is_answered() && !closed.capped).count()
}

/// Twice as long after each one.
fn later(at: Timestamp, first: Duration, times: usize) -> Timestamp {
    let factor = 1_u32 << times.saturating_sub(1).min(12);
    let wait = first.saturating_mul(factor).min(LONGEST_WAIT);
    at.checked_add(jiff::SignedDuration::try_from(wait).unwrap_or_default()).unwrap_or(at)
}

/// What only a person can mend.
pub(super) fn says(task: &Task, last: &RunSeen, closed: &Closed, observed: &Observed) -> String {
    let RunSeen { id, agent, .. } = last;
    let is_here = observed.runs.iter().any(|run| run.id == *id);
    let there = if is_here { "" } else { " on the machine that it ran on" };
    let then = match closed.outcome {
        Outcome::NeedsInput => "write the answer into",
        Outcome::CouldNotStart
        | Outcome::Killed
        | Outcome::Overloaded
        | Outcome::RateLimited
        | Outcome::Auth
        | Outcome::Credit(_) => "mend what it tells of, and change",
        Outcome::Done
        | Outcome::NoChange
        | Outcome::Refused
        | Outcome::TurnLimit
        | Outcome::TimeLimit
        | Outcome::Cancelled
        | Outcome::Crashed
        | Outcome::Wedged
        | Outcome::PolicyViolation
        | Outcome::Weakened
        | Outcome::NoVerdict => "change",
    };
    let ended = format!(
        "run {id} of `{agent}` ended in `{}`: {}; look at it{there} (factoryctl runs show {id})",
        closed.outcome, closed.says
    );
    match &task.subject {
        Subject::Task(_) => format!("{ended}, then {then} the prompt of the task ({})", task.source),
        Subject::Issue { .. } | Subject::Ask { .. } => ended,
    }
}
