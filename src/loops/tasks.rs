//! Gives tasks to agents, one run after the other until it is done, and makes a pull request of what they made.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::{
    AT_WORK, Action, Begun, Closed, Effect, Facet, Facets, LONGEST_WAIT, Observed, OpenPull, Outcome, Paused,
    PullSeen, RepoName, RunOf, RunPhase, RunSeen, Seen, StartRun, Task, Then, Verb, day_of, usd,
};
use crate::plan::Plan;

use super::continuation::{Continuation, asks_for, continuation, gates_printed};
use super::follow_ups;
use super::words::{as_data, quoted};
use super::{Cx, Loop, NoSettings, Trigger};

/// The loop.
pub(super) struct Tasks;

/// How often in a row a run may end before its agent had a part in it.
const IN_VAIN: usize = 3;
/// The same of runs that go on in one session, each of which gets on with it.
const IN_VAIN_GOING_ON: usize = 8;
/// For how long another machine is left to open the pull request of a run that is done.
const PUBLISHED_WITHIN: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);
/// What an agent may say besides its work.
const OUTBOX: &str = "In the folder that $FACTORY_OUTBOX names you may leave, in files of these names: `question.md`, what you \
                      must know before this can be done (then stop); `blocked.md`, what is in your way (then stop); \
                      `note.md`, what a reviewer should know; `follow-up-NAME.md`, work that you found and that is not \
                      part of this, its title in the first line (five at most). They are read once you have ended.\n";
/// The most characters of an agent's last words that a pull request shows.
const SHOWN: usize = 2_000;

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
        let mut room = Room::of(cx);
        room.note_unready(cx, &mut plan);
        for task in cx.desired.tasks.values() {
            one(task, cx, &mut room, &mut plan);
        }
        follow_ups::propose(cx, &mut plan);
        plan
    }
}

/// How many agents are at work, and where.
struct Room {
    all: u32,
    by_repo: BTreeMap<RepoName, u32>,
    /// Whether some of them are only planned.
    planned: bool,
    /// Repositories whose recipe has failed too often.
    unready: BTreeSet<RepoName>,
}

impl Room {
    fn of(cx: &Cx<'_, NoSettings>) -> Self {
        let mut room = Self { all: 0, by_repo: BTreeMap::new(), planned: false, unready: BTreeSet::new() };
        for run in cx.observed.runs.iter().filter(|run| run.phase.takes_a_slot()) {
            room.take(&run.of.repo);
        }
        room
    }

    fn take(&mut self, repo: &RepoName) {
        self.all += 1;
        *self.by_repo.entry(repo.clone()).or_default() += 1;
    }

    /// Finds the repositories whose setup failed in the last runs, with the recipe that they still have.
    fn note_unready(&mut self, cx: &Cx<'_, NoSettings>, plan: &mut Plan) {
        for repo in cx.desired.tasks.values().map(|task| &task.repo).collect::<BTreeSet<_>>() {
            let Some(declared) = cx.desired.repos.get(repo) else { continue };
            let recipe = declared.recipe.digest();
            let mut past: Vec<(&RunSeen, &Closed)> = cx
                .observed
                .runs
                .iter()
                .filter(|run| run.of.repo == *repo && run.tells_of_setup())
                .filter_map(|run| Some((run, run.phase.closed()?)))
                .collect();
            past.sort_by_key(|(_, closed)| closed.at);
            let failed = |(_, closed): &&(&RunSeen, &Closed)| closed.setup_failed.as_ref() == Some(&recipe);
            let in_vain = past.iter().rev().take_while(failed).count();
            let Some((last, closed)) = past.last().filter(|_| in_vain >= IN_VAIN) else { continue };
            let says = format!(
                "{in_vain} times in a row {}; nothing is started here until its recipe is another one: look at what it \
                 printed (factoryctl runs show {}), then change `recipe` ({})",
                closed.says, last.id, declared.source
            );
            plan.problem(declared.address(), says);
            self.unready.insert(repo.clone());
        }
    }

    /// What has to end first, if there is no room.
    fn full(&self, repo: &RepoName, cx: &Cx<'_, NoSettings>) -> Option<String> {
        let caps = cx.desired.run_caps;
        let here = self.by_repo.get(repo).copied().unwrap_or_default();
        let are = if self.planned { "are at work or begin first" } else { "are at work" };
        if caps.runs == 0 || caps.per_repo == 0 {
            let cap = if caps.runs == 0 { "runs" } else { "runs-per-repo" };
            Some(format!("a cap that lets runs start: caps.{cap} is 0"))
        } else if self.all >= caps.runs {
            Some(format!("a run to end: {} of {} {are} (caps.runs)", self.all, caps.runs))
        } else if here >= caps.per_repo {
            Some(format!("a run in {repo} to end: {here} of {} {are} (caps.runs-per-repo)", caps.per_repo))
        } else {
            None
        }
    }
}

/// Why no run may use more of the disk, if none may.
fn disk_full(cx: &Cx<'_, NoSettings>) -> Option<String> {
    let most = cx.desired.run_caps.disk?;
    match cx.observed.disk {
        Some(Seen::Known(used)) if used < most => None,
        Some(Seen::Known(used)) => {
            Some(format!("room on the disk: runs use {} of {} MiB (caps.disk)", used >> 20, most >> 20))
        }
        Some(Seen::Absent | Seen::Unknown) | None => {
            Some("a look at the disk: how much of it runs use can't be told (caps.disk)".to_owned())
        }
    }
}

fn one(task: &Task, cx: &Cx<'_, NoSettings>, room: &mut Room, plan: &mut Plan) {
    let (version, address) = (task.version(), task.address());
    let of_task = |run: &&RunSeen| task.has(&run.of);
    let all: Vec<&RunSeen> = cx.observed.runs.iter().filter(of_task).collect();
    if let Some(run) = all.iter().find(|run| !matches!(run.phase, RunPhase::Closed(_))) {
        let on = match &run.phase {
            RunPhase::Under => format!("run {} to end", run.id),
            RunPhase::Checking => format!("run {} to pass its gates or not", run.id),
            RunPhase::Ended { unclosed: Some(why) } => format!(
                "run {} to be closed, which has ended and can't be: {why}; once that is put right, apply or a daemon does it",
                run.id
            ),
            RunPhase::Ended { unclosed: None } | RunPhase::Closed(_) => {
                format!("a look at what run {} made, which has ended (apply, or a daemon)", run.id)
            }
        };
        return plan.wait(address, on);
    }
    let branch = task.branch();
    let pull = match cx.observed.pulls.get(&(task.repo.clone(), branch)) {
        Some(Seen::Known(pull)) => Some(pull),
        Some(Seen::Absent) => None,
        // What can't be seen may be there; the reading says so.
        Some(Seen::Unknown) | None => return,
    };
    if let Some(pull) = pull {
        return settled(pull, address, plan);
    }
    if let Some(begun) = cx.observed.elsewhere.begun.get(&address) {
        let Begun { by, at, .. } = begun;
        let until = *at + AT_WORK;
        let on = format!(
            "a run to end that {by} began at {at:.0} and that has no records on this machine; nothing says that it has ended, \
             and it is waited for until {until:.0}"
        );
        return plan.wait(address, on);
    }
    let elsewhere = cx.observed.elsewhere.runs.iter().filter(of_task);
    let mut past: Vec<(&RunSeen, &Closed)> = all
        .iter()
        .copied()
        .chain(elsewhere)
        .filter(|run| run.of.version == version)
        .filter_map(|run| Some((run, run.phase.closed()?)))
        .collect();
    past.sort_by_key(|(run, _)| run.id.moment());
    let Some(&(last, closed)) = past.last() else { return start(task, cx, &[], None, room, plan) };
    let goes_on = continuation(task, &cx.observed.runs, cx.desired).filter(|it| it.run.id == last.id);
    let paid = paid_in_vain(&past);
    if paid >= if goes_on.is_some() { IN_VAIN_GOING_ON } else { IN_VAIN } {
        let says = says(task, last, closed, cx.observed);
        return plan.problem(address, format!("{paid} times in a row, and each of them paid for; {says}"));
    }
    match closed.outcome.then() {
        Then::Settled if goes_on.is_none() => {
            if let (Some(commit), Some((_, base))) = (&closed.commit, &closed.base) {
                plan.act(open_pull(task, last, closed, commit.clone(), base));
            } else if closed.typed.is_some() {
                let on = format!("another prompt: run {} has answered (factoryctl runs show {0})", last.id);
                plan.wait(address, on);
            } else if closed.outcome == Outcome::Done {
                done_elsewhere(task, (last, closed), cx.now, plan);
            }
        }
        Then::Person => plan.problem(address, says(task, last, closed, cx.observed)),
        Then::Nothing => plan.wait(address, format!("another prompt: run {} was cancelled", last.id)),
        Then::Settled | Then::Again | Then::Pause(_) => start(task, cx, &past, goes_on, room, plan),
        Then::Wait(first) => {
            let recipe = cx.desired.repos.get(&task.repo).map(|repo| repo.recipe.digest());
            // What an earlier recipe made of it tells nothing of this one.
            let is_of_another = |c: &Closed| c.setup_failed.is_some() && c.setup_failed != recipe;
            let in_vain = past
                .iter()
                .rev()
                .filter(|(_, c)| !c.capped && !is_of_another(c))
                .take_while(|(_, c)| matches!(c.outcome.then(), Then::Wait(_)))
                .count();
            let for_a_person =
                matches!(closed.outcome, Outcome::CouldNotStart | Outcome::Killed) && !closed.capped;
            // Where the setup fails for all tasks of the repository, that is said of the repository.
            let is_told = closed.setup_failed.is_some() && room.unready.contains(&task.repo);
            if for_a_person && in_vain >= IN_VAIN && !is_told {
                let says = format!("{in_vain} times in a row; {}", says(task, last, closed, cx.observed));
                return plan.problem(address, says);
            }
            let until = later(closed.at, first, in_vain);
            if cx.now < until {
                let why = format!("run {} ended in `{}`", last.id, closed.outcome);
                return plan.wait_until(address, until, why);
            }
            start(task, cx, &past, goes_on, room, plan);
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

/// Twice as long after each one.
fn later(at: Timestamp, first: Duration, times: usize) -> Timestamp {
    let factor = 1_u32 << times.saturating_sub(1).min(12);
    let wait = first.saturating_mul(factor).min(LONGEST_WAIT);
    at.checked_add(jiff::SignedDuration::try_from(wait).unwrap_or_default()).unwrap_or(at)
}

/// What only a person can mend.
fn says(task: &Task, last: &RunSeen, closed: &Closed, observed: &Observed) -> String {
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
    format!(
        "run {id} of `{agent}` ended in `{}`: {}; look at it{there} (factoryctl runs show {id}), then {then} the prompt of \
         the task ({})",
        closed.outcome, closed.says, task.source
    )
}

fn settled(pull: &PullSeen, address: crate::model::Address, plan: &mut Plan) {
    if pull.open {
        plan.wait(address, format!("a person to merge or close #{}", pull.number));
    }
}

/// What keeps all agents of a task from starting.
struct Kept<'a> {
    /// Of those that can be started: which account is let in first.
    soonest: Option<Paused>,
    /// Why others can't be started.
    unfit: Vec<&'a str>,
}

/// The first agent that can be started here and whose account isn't paused.
fn agent<'a>(task: &'a Task, cx: &Cx<'a, NoSettings>) -> Result<&'a str, Kept<'a>> {
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

/// What keeps an agent's account from working. What one run says of it holds for all agents on it.
fn pause(agent: &str, cx: &Cx<'_, NoSettings>) -> Option<Paused> {
    let account = cx.desired.agents.get(agent).map_or(agent, |agent| &agent.account);
    cx.observed.paid.paused(account, cx.now)
}

/// What has to be over first, if the runs of the day have cost what they may.
fn spent(cx: &Cx<'_, NoSettings>) -> Option<String> {
    let most = cx.desired.run_caps.spend_per_day?;
    let today = day_of(cx.now);
    let cost = cx.observed.paid.on(today).micros;
    let day = today.tomorrow().map_or_else(|_| "tomorrow".to_owned(), |day| day.to_string());
    let (cost, cap) = (usd(cost), (cost >= most).then(|| usd(most))?);
    Some(format!("{day} (UTC): the runs of {today} cost {cost} of {cap} (caps.spend-per-day)"))
}

fn start(
    task: &Task,
    cx: &Cx<'_, NoSettings>,
    past: &[(&RunSeen, &Closed)],
    goes_on: Option<Continuation<'_>>,
    room: &mut Room,
    plan: &mut Plan,
) {
    let address = task.address();
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
                return plan.wait_until(address, until, on);
            }
            Err(Kept { soonest: None, unfit }) => {
                let says =
                    format!("none of its agents can be started: {} ({})", unfit.join("; "), task.source);
                return plan.problem(address, says);
            }
        },
        (None, Err(says)) => {
            match its_pause {
                Some(Paused { until, why }) => {
                    plan.wait_until(address, until, format!("its agent is to go on then ({why})"));
                }
                None => plan.problem(address, says),
            }
            return;
        }
    };
    if room.unready.contains(&task.repo) {
        return plan.wait(address, format!("the recipe of {} to be another one: its setup fails", task.repo));
    }
    if let Some(full) = disk_full(cx).or_else(|| spent(cx)).or_else(|| room.full(&task.repo, cx)) {
        return plan.wait(address, full);
    }
    room.take(&task.repo);
    room.planned = true;
    plan.act(start_run(task, cx, agent, past, goes_on));
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
    cx: &Cx<'_, NoSettings>,
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
        None => format!("task `{}` has not been done", task.name()),
        Some((run, closed)) => {
            let then = if goes_on.is_some() { "; its session goes on" } else { "" };
            format!("run {} ended in `{}`: {}{then}", run.id, closed.outcome, closed.says)
        }
    };
    let effect = Effect::StartRun(Box::new(start));
    Action::new(Tasks::NAME, Verb::StartRun, task.address(), before, after, effect)
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

fn open_pull(
    task: &Task,
    run: &RunSeen,
    closed: &Closed,
    commit: crate::model::CommitId,
    base: &str,
) -> Action {
    let branch = run.of.branch.clone();
    let after = json!({ "branch": branch, "commit": commit.as_str(), "base": base });
    let quotes = [("Its last words", &closed.answer), ("It notes", &closed.said.note)];
    let quoted =
        quotes.into_iter().filter_map(|(label, words)| Some(quoted(label, words.as_deref()?, SHOWN)));
    let words: String = quoted.chain([checked(closed)]).collect();
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

/// What the gates showed, in a list that no Markdown in it leaves.
fn checked(closed: &Closed) -> String {
    let Some(check) = closed.checks.first() else { return String::new() };
    let summaries: Vec<String> = closed.checks.iter().map(crate::model::Check::summary).collect();
    let lines = as_data(summaries.iter().map(String::as_str));
    format!("\nThe gates of the repository, on a clean checkout of {}:\n\n{lines}", check.commit)
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
