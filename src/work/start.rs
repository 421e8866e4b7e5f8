//! How an attempt begins: by which agent, with which prompt.

use serde_json::{Value, json};

use crate::model::{
    Action, Closed, Effect, Observed, Outcome, Paused, RunOf, RunSeen, StartRun, Subject, Task, Verb,
};

use super::Cx;
use super::continuation::{Continuation, asks_for, gates_printed};
use super::next::{Next, says};
use super::room::{Room, disk_full, pause, spent};

/// What an agent may say besides its work.
const OUTBOX: &str = "In the folder that $FACTORY_OUTBOX names you may leave, in files of these names: `question.md`, what you \
                      must know before this can be done (then stop); `blocked.md`, what is in your way (then stop); \
                      `note.md`, what a reviewer should know; `follow-up-NAME.md`, work that you found and that is not \
                      part of this, its title in the first line (five at most). They are read once you have ended.\n";

/// What keeps all agents of a task from starting.
struct Kept<'a> {
    /// Of those that can be started: which account is let in first.
    soonest: Option<Paused>,
    /// Why others can't be started.
    unfit: Vec<&'a str>,
}

/// The first agent that can be started here and whose account isn't paused.
fn agent<'a>(task: &'a Task, cx: &Cx<'a>) -> Result<&'a str, Kept<'a>> {
    let mut kept = Kept { soonest: None, unfit: Vec::new() };
    for name in &task.agents {
        if let Some(says) = cx.observed.unfit.get(name) {
            kept.unfit.push(says);
            continue;
        }
        let Some(pause) = pause(name, cx) else { return Ok(name) };
        if kept.soonest.as_ref().is_none_or(|soonest| pause.until < soonest.until) {
            kept.soonest = Some(pause);
        }
    }
    Err(kept)
}

pub(super) fn start<'a>(
    task: &Task,
    cx: &Cx<'_>,
    past: &[(&RunSeen, &Closed)],
    goes_on: Option<Continuation<'_>>,
    room: &mut Room,
) -> Next<'a> {
    let its_pause = goes_on.and_then(|it| pause(&it.run.agent, cx));
    let can_start = |it: &Continuation<'_>| !cx.observed.unfit.contains_key(&it.run.agent);
    let goes_on = goes_on.filter(|it| its_pause.is_none() && can_start(it));
    let agent = match (&goes_on, attempts_left(task, past, cx.observed)) {
        (Some(it), _) => &it.run.agent,
        (None, Ok(())) => match agent(task, cx) {
            Ok(agent) => agent,
            Err(Kept { soonest: Some(Paused { until, why }), unfit }) => {
                let paused = task.agents.iter().filter(|name| !cx.observed.unfit.contains_key(*name));
                let paused = paused.map(String::as_str).collect::<Vec<_>>().join(", ");
                let others = unfit.iter().map(|says| format!("; {says}")).collect::<Vec<_>>().concat();
                let on = format!("none of its agents is let in or has quota left: {paused} ({why}){others}");
                return Next::Until(until, on);
            }
            Err(Kept { soonest: None, unfit }) => {
                let says =
                    format!("none of its agents can be started: {} ({})", unfit.join("; "), task.source);
                return Next::Person(says);
            }
        },
        (None, Err(says)) => {
            return match its_pause {
                Some(Paused { until, why }) => {
                    Next::Until(until, format!("its agent is to go on then ({why})"))
                }
                None => Next::Person(says),
            };
        }
    };
    if room.is_unready(&task.repo) {
        return Next::Waits(format!("the recipe of {} to be another one: its setup fails", task.repo));
    }
    if let Some(full) = disk_full(cx).or_else(|| spent(cx)).or_else(|| room.full(&task.repo, cx)) {
        return Next::Waits(full);
    }
    room.plan(&task.repo);
    Next::Starts(Box::new(start_run(task, cx, agent, past, goes_on)))
}

/// Whether it may take another attempt. The runs of one session are one.
fn attempts_left(task: &Task, past: &[(&RunSeen, &Closed)], observed: &Observed) -> Result<(), String> {
    let burnt = task.burnt(past.iter().map(|(run, _)| *run));
    match past.last().filter(|_| burnt >= task.attempts as usize) {
        None => Ok(()),
        Some((last, closed)) => {
            let says = says(task, last, closed, observed);
            Err(format!("{burnt} of {} attempts are used up; {says}, or give it more", task.attempts))
        }
    }
}

fn start_run(
    task: &Task,
    cx: &Cx<'_>,
    agent: &str,
    past: &[(&RunSeen, &Closed)],
    goes_on: Option<Continuation<'_>>,
) -> Action {
    let kind = cx.desired.agents.get(agent).map_or("", |agent| agent.kind.as_str());
    let of = RunOf {
        continues: goes_on.map(|it| it.run.id.clone()),
        after: past.last().map(|(run, _)| run.id.clone()),
        ..RunOf::new(task, attempt(past, goes_on.is_some()))
    };
    let prompt = match goes_on {
        Some(it) => it.prompt(task.answer.as_ref(), kind),
        None => prompt(task, kind, of.attempt, past),
    };
    // What is looked at again right before the start are the records of this machine.
    let is_here = |(run, _): &&(&RunSeen, &Closed)| cx.observed.runs.iter().any(|here| here.id == run.id);
    let before = past.iter().rfind(is_here).map_or(Value::Null, |(run, _)| json!({ "run": run.id.as_str() }));
    let start = StartRun {
        of,
        agent: agent.to_owned(),
        prompt,
        paths: task.paths.clone(),
        may_weaken: task.may_weaken,
        answer: task.answer.clone(),
        watched: None,
    };
    let after = start.value();
    let reason = match past.last() {
        None => match &task.subject {
            Subject::Task(name) => format!("task `{name}` has not been done"),
            Subject::Ask { .. } => "nobody has answered it".to_owned(),
            Subject::Issue { .. } => task
                .play
                .as_ref()
                .map_or_else(String::new, |play| format!("playbook `{}`, round {}", play.book, play.round)),
        },
        Some((run, closed)) => {
            let then = if goes_on.is_some() { "; its session goes on" } else { "" };
            format!("run {} ended in `{}`: {}{then}", run.id, closed.outcome, closed.says)
        }
    };
    let effect = Effect::StartRun(Box::new(start));
    Action::new(task.subject.wanted_by(), Verb::StartRun, task.address(), before, after, effect)
        .reason(reason)
        .because([task.source.clone()])
}

/// Which attempt comes after these runs. One that burnt none leaves its number to the next.
fn attempt(past: &[(&RunSeen, &Closed)], goes_on: bool) -> u32 {
    let Some((last, _)) = past.last() else { return 1 };
    let of_it = past.iter().filter(|(run, _)| run.of.attempt == last.of.attempt);
    let is_over = !goes_on && of_it.map(|(_, closed)| &closed.outcome).any(Outcome::burns_attempt);
    last.of.attempt.saturating_add(u32::from(is_over))
}

/// What the agent reads: the task, what holds for every run, and how the one before it ended. It never reads the same twice.
fn prompt(task: &Task, kind: &str, attempt: u32, past: &[(&RunSeen, &Closed)]) -> String {
    let mut out = task.prompt.trim_end().to_owned();
    out.push_str("\n\n---\nYou work in a clone of the repository, alone: nobody answers questions. Commit what you made to \
                  the branch that is checked out; what isn't committed isn't looked at. Don't push, don't rewrite commits \
                  that were there before, and commit no secrets.\n");
    out.push_str(OUTBOX);
    if !task.paths.is_empty() {
        out.push_str("You may change these files only (globs): ");
        out.push_str(&task.paths.join(", "));
        out.push('\n');
    }
    if let Some(answer) = &task.answer {
        out.push_str(&asks_for(answer, kind));
    }
    if let Some((_, last)) = past.last() {
        let says = last.says.replace('\n', " ");
        out.push_str(&format!(
            "This is attempt {attempt}, run {}; the run before it ended in `{}`: {says}\n",
            past.len() + 1,
            last.outcome.as_str()
        ));
        out.push_str(&gates_printed(last));
    }
    out
}
