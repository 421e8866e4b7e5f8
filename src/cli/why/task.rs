//! How a task stands: where it is declared, what became of it so far, what comes next and what it waits for.

use std::fmt::Write as _;

use crate::adapters::github::Patience;
use crate::cli::coming;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Fail};
use crate::cli::next;
use crate::cli::plan::remembered;
use crate::cli::session::{READING, Session, globs};
use crate::cli::ui::Progress;
use crate::engine::{self, Also, Judged, Judging, Loaded, Source};
use crate::loops::{self, Selection};
use crate::model::{AddressGlob, Desired, Gap, Observed, PullSeen, RunPhase, RunSeen, Seen, Task, Verb};
use crate::plan::Memory;
use crate::plan::render::printable;

/// The task that a text is the address of, or names as plans do; `None` where it is about something else.
pub(super) fn meant<'a>(text: &str, desired: &'a Desired) -> Result<Option<&'a Task>, Fail> {
    if let Some(task) = desired.task_meant(text) {
        return Ok(Some(task));
    }
    let is_short = text.starts_with("task/") || text.starts_with("task.");
    let is_whole = text.split('/').nth(3).is_some_and(|part| part.eq_ignore_ascii_case("task"));
    if !(is_short || is_whole && text.starts_with("repo/")) {
        return Ok(None);
    }
    let is_it = |task: &&Task| task.address().as_str().eq_ignore_ascii_case(text);
    if let Some(task) = desired.tasks.values().find(is_it) {
        return Ok(Some(task));
    }
    let near = AddressGlob::parse(text).ok().and_then(|glob| desired.covers_nothing(&glob).flatten());
    let help = near.map_or_else(|| there_are(desired), |near| format!("did you mean `{near}`?"));
    Err(Fail::new(Exit::Error, format!("config has no task `{text}`")).help(help))
}

/// The tasks that there are, the first of them.
fn there_are(desired: &Desired) -> String {
    let names: Vec<&str> = desired.tasks.keys().take(SHOWN).map(String::as_str).collect();
    let more = desired.tasks.len().saturating_sub(SHOWN);
    match (names.is_empty(), more) {
        (true, _) => "declare it: `factoryctl explain task` shows how".to_owned(),
        (false, 0) => format!("the tasks are {}", names.join(", ")),
        (false, more) => format!("the tasks are {} and {more} more", names.join(", ")),
    }
}

/// How many tasks are named at most.
const SHOWN: usize = 20;

pub(super) async fn explain(
    cx: &Context,
    source: &Source,
    loaded: &Loaded,
    task: &Task,
    offline: bool,
    out: &mut String,
) -> Result<(), Fail> {
    let address = task.address();
    let _ = writeln!(out, "{address} declared at {}{}", task.source, super::by(source, loaded, &task.source));
    let state = cx.state(source, &loaded.desired)?;
    let session =
        if offline { None } else { Some(cx.connect(source, &loaded.desired, Patience::Foreground)?) };
    let (memory, forgotten) = remembered(cx, session.as_ref(), source, &state, &loaded.desired).await;
    if let Some(gap) = forgotten.last() {
        return Err(Fail::new(Exit::of(gap.cause), unknown(task, gap)).help(next::reading(gap.cause)));
    }
    let mut runs = engine::runs_of(&state, task)?;
    let here = |_: &Task| runs.iter().map(|run| run.id.clone()).collect();
    let elsewhere = memory.ran.elsewhere([task].into_iter(), here, &memory.machine, cx.clock.now());
    runs.extend(elsewhere.runs);
    runs.sort_by(|one, two| one.id.cmp(&two.id));
    let _ = writeln!(out, "attempts: {} of {} used up", task.burnt(&runs), task.attempts);
    for run in &runs {
        let _ = writeln!(out, "  {}", says(run, task));
    }
    let _ = writeln!(out, "branch {}", task.branch());
    for (glob, switch) in cx.switches(&state, &loaded.desired)?.suspended {
        if glob.covers(&address) {
            let line = format!("`{glob}` is suspended by {}: {}", switch.by, switch.reason);
            let _ = writeln!(out, "{}", printable(&line));
        }
    }
    let Some(session) = session else { return Ok(()) };
    let (observed, judged) = look(cx, &session, loaded, task, &memory).await?;
    if let Some(pull) = observed.pulls.get(&(task.repo.clone(), task.branch())) {
        let _ = writeln!(out, "  live {}", live(pull));
    }
    let next = coming::lines(&judged, "tasks", |_| true);
    if next.is_empty() {
        let _ = writeln!(out, "nothing comes next; another prompt would be another piece of work");
    }
    for line in next {
        let _ = writeln!(out, "{line}");
    }
    Ok(())
}

/// What became of a run.
fn says(run: &RunSeen, task: &Task) -> String {
    let became = match &run.phase {
        RunPhase::Under => "is at work".to_owned(),
        RunPhase::Ended { unclosed: None } => "has ended, and what it left has not been looked at".to_owned(),
        RunPhase::Ended { unclosed: Some(why) } => format!("has ended, and can't be closed: {why}"),
        RunPhase::Checking => "has ended, and its gates are tried".to_owned(),
        RunPhase::Closed(closed) => format!("{}: {}", closed.outcome, closed.says),
    };
    let goes_on = run.of.continues.as_ref().map(|run| format!(", goes on with {run}")).unwrap_or_default();
    let other = if run.of.version == task.version() { "" } else { ", with another prompt" };
    let (id, attempt, agent) = (&run.id, run.of.attempt, &run.agent);
    printable(&format!("run {id}, attempt {attempt} by {agent}{goes_on}{other}: {became}"))
}

fn live(pull: &Seen<PullSeen>) -> String {
    match pull {
        Seen::Known(PullSeen { number, open: true, .. }) => format!("pull request #{number}, open"),
        Seen::Known(PullSeen { number, merged: true, .. }) => format!("pull request #{number}, merged"),
        Seen::Known(PullSeen { number, .. }) => format!("pull request #{number}, closed"),
        Seen::Absent => "no pull request".to_owned(),
        Seen::Unknown => "whether it has a pull request can't be told".to_owned(),
    }
}

fn unknown(task: &Task, gap: &Gap) -> String {
    format!("how {} stands can't be told: {}", task.address(), gap.why)
}

/// The plan of this task alone.
async fn look(
    cx: &Context,
    session: &Session,
    loaded: &Loaded,
    task: &Task,
    memory: &Memory,
) -> Result<(Observed, Judged), Fail> {
    let switches = cx.switches(&session.state, &loaded.desired)?;
    let scope = globs(&[task.address().to_string()], &loaded.desired)?;
    let starts = loops::ALL.iter().filter(|l| l.may().contains(&Verb::StartRun));
    let selection = Selection { only: starts.map(|l| l.name().to_owned()).collect() };
    let judging = Judging {
        scope: &scope,
        ..Judging::new(&loaded.desired, &selection, &switches, memory, cx.clock.now())
    };
    let observed = {
        let _drawn = Progress::waiting(&cx.ui, READING);
        engine::look(&judging, &session.world(cx), &Also::default()).await
    };
    if let Some(gap) = observed.gaps.first() {
        return Err(Fail::new(Exit::of(gap.cause), unknown(task, gap)).help("--offline leaves GitHub out"));
    }
    let judged = engine::judge(&judging, &observed);
    Ok((observed, judged))
}
