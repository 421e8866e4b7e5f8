//! Who is asked besides those who review. What an advisor says is data: it may keep something from landing, and lets nothing
//! land that would not land without it. One that gives no word has approved of nothing: it is passed over, which the ledger
//! tells first, or nothing goes on.

mod mid_flight;
mod post_verify;
mod pre_flight;

pub(super) use mid_flight::{asks, judge};
pub(super) use post_verify::{keeps, station};
pub(super) use pre_flight::outlook;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::model::{
    AdvisorRole, CommitId, OnFailure, PassOver, PassedOver, Phase, PullCase, RunSeen, Watched,
};

use super::prompt::Parts;
use super::review::{changes, rounds};
use super::view::View;
use super::work::{By, Got, Job, answer, schema};
use super::{Move, Station};

/// The playbooks by which somebody changes something.
const CHANGING: [&str; 6] =
    ["implement", "rework", "repair-checks", "resolve-conflict", "implement-stuck", "review-stuck"];
/// The most characters of why an advisor gave no word.
const WHY: usize = 300;

/// A question to an advisor about a head.
fn question(
    view: &View<'_>,
    pull: &PullCase,
    role: AdvisorRole,
    (key, form): (String, Value),
    parts: Parts,
) -> Job<'static> {
    let book = role.as_str();
    Job {
        phase: Phase::Review,
        book,
        key,
        round: u32::try_from(rounds(view, book, &pull.head)).unwrap_or(u32::MAX).saturating_add(1),
        answer: Some(schema(form)),
        head: Some(pull.head.clone()),
        enriched: None,
        about: Vec::new(),
        parts: Parts { changes: changes(pull), ..parts },
        by: By::Itself,
        must_change: false,
    }
}

/// What an advisor says; nothing where it gave no word and was passed over.
fn ask<T: DeserializeOwned>(
    view: &View<'_>,
    (role, head): (AdvisorRole, &CommitId),
    job: &Job<'_>,
    on_failure: OnFailure,
) -> Result<Option<T>, Station> {
    let work = view.task(job, 0, job.book).version();
    let is_passed = |it: &PassedOver| it.advisor == role && it.work == work;
    if on_failure == OnFailure::Open && passed(view).iter().any(is_passed) {
        return Ok(None);
    }
    let tried = match view.work(job) {
        Got::Stands(station) => return Err(station),
        Got::Done(run, closed) | Got::Nothing(run, closed) => match answer(closed) {
            Some(said) => return Ok(Some(said)),
            None => vec![format!("run {} of `{}` ended without an answer of its form", run.id, run.agent)],
        },
        Got::Failed(tried) => tried,
    };
    Err(match on_failure {
        OnFailure::Open => {
            let why = tried.last().map(String::as_str).unwrap_or_default().chars().take(WHY).collect();
            let passed = PassedOver { advisor: role, head: head.clone(), work, why };
            let watched = Watched { pull: true, ..view.watched() };
            let it = PassOver { repo: view.case.repo.clone(), watched, passed };
            Station::moves(Phase::Review, Move::PassOver(Box::new(it)))
        }
        OnFailure::Veto => {
            let why = format!("the advisor `{}` gave no verdict; `/retry` has it asked again", role.as_str());
            Station::human(Phase::Review, why, tried)
        }
    })
}

/// The advisors that were passed over for this issue.
fn passed<'v>(view: &View<'v>) -> &'v [PassedOver] {
    view.cx.observed.cases.passed.of(&view.case.repo, view.case.number)
}

/// The agents that may go by this playbook, where it is an advisor's. Who looks last is another one than made the change,
/// where there is one: preferred always, and where it changes what the factory is judged by it is no other.
pub(super) fn agents(view: &View<'_>, book: &str) -> Option<Vec<String>> {
    let role = AdvisorRole::by_word(book)?;
    let declared = view.pipeline.advisors.get(&role).map(|it| &it.agents);
    let of_book = view.book(book).map(|it| &it.agents);
    let all = [declared, of_book, Some(&view.pipeline.agents)];
    let named = all.iter().flatten().find(|agents| !agents.is_empty()).map(|it| (*it).clone());
    let named = named.unwrap_or_default();
    if role != AdvisorRole::PostVerify {
        return Some(named);
    }
    let is_maker = |agent: &String| view.runs.iter().any(|run| run.agent == *agent && changes_something(run));
    let (makers, mut others): (Vec<String>, Vec<String>) = named.into_iter().partition(is_maker);
    let forced = view.case.pull().is_some_and(|pull| post_verify::changed_judge(view, pull).is_some());
    if forced && others.is_empty() {
        let rest = all.into_iter().flatten().flatten().filter(|agent| !is_maker(agent));
        rest.for_each(|agent| others.extend((!others.contains(agent)).then(|| agent.clone())));
    }
    if !forced || others.is_empty() {
        others.extend(makers);
    }
    Some(others)
}

/// Whether a run is one that makes changes.
fn changes_something(run: &RunSeen) -> bool {
    let made = run.phase.closed().is_some_and(|closed| closed.commit.is_some());
    made || run.of.play.as_ref().is_some_and(|play| CHANGING.contains(&play.book.as_str()))
}

/// What is told of advisors on the issue: who was passed over at the head that is there, and what who looked last says of it
/// that a person should know.
pub(super) fn told(view: &View<'_>) -> Vec<String> {
    let Some(pull) = view.case.pull() else { return Vec::new() };
    let at_head = passed(view).iter().filter(|it| it.head == pull.head);
    let line = |it: &PassedOver| {
        format!("`{}` was passed over at {}: {}", it.advisor.as_str(), it.head.short(), it.why)
    };
    at_head.map(line).chain(post_verify::told(view, pull)).collect()
}
