//! Gives tasks to agents, one run after the other until it is done, and makes a pull request of what they made.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::{
    Action, Closed, Effect, Facet, Facets, OpenPull, Outcome, PullSeen, RunSeen, Seen, Task, Verb,
};
use crate::plan::Plan;
use crate::work::words::words_of;
use crate::work::{Next, Room, next, under_way};

use super::follow_ups;
use super::{Cx, Loop, NoSettings, Trigger};

/// The loop.
pub(super) struct Tasks;

/// For how long another machine is left to open the pull request of a run that is done.
const PUBLISHED_WITHIN: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

impl Loop for Tasks {
    type Settings = NoSettings;
    const NAME: &'static str = "tasks";
    const ABOUT: &'static str = "Starts an agent on each task, again with what was learnt while attempts are left, \
        opens a pull request for what it made, and issues for what it found besides where a task says so.";
    const TRIGGERS: &'static [Trigger] = &[Trigger::minutes(1), Trigger::On(Facet::Runs)];
    const NEEDS: Facets = Facets::of(Facet::Runs).and(Facets::of(Facet::Issues));
    const MAY: &'static [Verb] = &[Verb::StartRun, Verb::OpenPull, Verb::OpenIssue];

    fn plan(cx: &Cx<'_, NoSettings>) -> Plan {
        let mut plan = Plan::empty();
        // What isn't known to have run may be running.
        if cx.observed.gap(Facet::Runs, None).is_some() {
            return plan;
        }
        let mut room = Room::of(&cx.work());
        room.note_unready(cx.desired.tasks.values().map(|task| &task.repo), &cx.work(), &mut plan);
        for task in cx.desired.tasks.values() {
            one(task, cx, &mut room, &mut plan);
        }
        follow_ups::propose(cx, &mut plan);
        plan
    }
}

fn one(task: &Task, cx: &Cx<'_, NoSettings>, room: &mut Room, plan: &mut Plan) {
    let address = task.address();
    let cx = cx.work();
    if let Some(on) = under_way(task, &cx) {
        return plan.wait(address, on);
    }
    let pull = match cx.observed.pulls.get(&(task.repo.clone(), task.branch())) {
        Some(Seen::Known(pull)) => Some(pull),
        Some(Seen::Absent) => None,
        // What can't be seen may be there; the reading says so.
        Some(Seen::Unknown) | None => return,
    };
    if let Some(pull) = pull {
        return settled(pull, address, plan);
    }
    match next(task, &cx, room) {
        Next::Waits(on) => plan.wait(address, on),
        Next::Until(until, why) => plan.wait_until(address, until, why),
        Next::Starts(action) => plan.act(*action),
        Next::Person(says) => plan.problem(address, says),
        Next::Over(last, closed) => over(task, (last, closed), cx.now, plan),
    }
}

/// What becomes of what a run made.
fn over(task: &Task, (last, closed): (&RunSeen, &Closed), now: Timestamp, plan: &mut Plan) {
    if let (Some(commit), Some((_, base))) = (&closed.commit, &closed.base) {
        plan.act(open_pull(task, last, closed, commit.clone(), base));
    } else if closed.typed.is_some() {
        let on = format!("another prompt: run {} has answered (factoryctl runs show {0})", last.id);
        plan.wait(task.address(), on);
    } else if closed.outcome == Outcome::Done {
        done_elsewhere(task, (last, closed), now, plan);
    }
}

/// What a run made that is done lies where it ran, and only that machine can publish it.
fn done_elsewhere(task: &Task, (last, closed): (&RunSeen, &Closed), now: Timestamp, plan: &mut Plan) {
    let RunSeen { id, agent, .. } = last;
    if task.answer.is_some() {
        let on = format!(
            "another prompt: run {id} is done, and what it answered lies on the machine that it ran on"
        );
        return plan.wait(task.address(), on);
    }
    if now.duration_since(closed.at) < PUBLISHED_WITHIN {
        let on = format!("the machine that run {id} was on to open a pull request for what it made");
        return plan.wait(task.address(), on);
    }
    let says = format!(
        "run {id} of `{agent}` is done and has no pull request, and what it made is not here: the machine that it ran on \
         opens one (apply there, or a daemon); where that is gone, change the prompt of the task to have it done anew ({})",
        task.source
    );
    plan.problem(task.address(), says);
}

fn settled(pull: &PullSeen, address: crate::model::Address, plan: &mut Plan) {
    if pull.open {
        plan.wait(address, format!("a person to merge or close #{}", pull.number));
    }
}

fn open_pull(
    task: &Task,
    run: &RunSeen,
    closed: &Closed,
    commit: crate::model::CommitId,
    base: &str,
) -> Action {
    let branch = run.of.branch.clone();
    let after = json!({ "branch": branch, "commit": commit.as_str(), "base": base });
    let words = words_of(closed);
    let body = format!(
        "Made by `{}` for the task `{}` of the factory, in run `{}`.\n{words}\n<!-- factoryctl:run {} -->\n",
        run.agent,
        task.name(),
        run.id,
        run.id
    );
    let pull = OpenPull {
        repo: task.repo.clone(),
        run: run.id.clone(),
        commit,
        branch,
        base: base.to_owned(),
        title: title(task),
        body,
        over: None,
        left: None,
        watched: None,
    };
    Action::new(
        Tasks::NAME,
        Verb::OpenPull,
        task.address(),
        Value::Null,
        after,
        Effect::OpenPull(Box::new(pull)),
    )
    .reason(format!("run {} is done", run.id))
    .because([task.source.clone()])
}

/// The first line of the prompt, as far as a title goes.
fn title(task: &Task) -> String {
    const MOST: usize = 72;
    let line = task.prompt.trim().lines().next().unwrap_or_default();
    if line.chars().count() <= MOST {
        return line.trim_end_matches('.').to_owned();
    }
    let cut: String = line.chars().take(MOST - 1).collect();
    cut.trim_end().to_owned() + "…"
}
