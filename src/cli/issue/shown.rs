//! All that there is to know of one issue: where it stands and by what evidence, what was tried, what comes next.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::cli::coming;
use crate::cli::exit::Fail;
use crate::loops::comes_next;
use crate::model::{Address, Effect, LabelName, Phase, RunId, RunPhase, RunSeen};
use crate::pipeline::{Stand, Station, View, route_backs, shows};
use crate::runs::RunDir;

use super::looked::Looked;
use super::pull::{Pull, state};

/// One issue.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Shown {
    /// Its repository.
    pub(super) repo: String,
    /// Its number.
    pub(super) number: u64,
    /// Its title.
    pub(super) title: String,
    /// Who wrote it.
    pub(super) author: String,
    /// Whether it is open.
    pub(super) open: bool,
    /// Its pipeline.
    pub(super) pipeline: String,
    /// Its phase.
    pub(super) phase: Phase,
    /// Among which it waits.
    pub(super) queue: &'static str,
    /// What comes next, or has to come first.
    pub(super) next: String,
    /// Since when it stands there.
    pub(super) since: Timestamp,
    /// What it waits for.
    pub(super) waits: Option<Waits>,
    /// What was tried, where it is a person's turn.
    pub(super) tried: Vec<String>,
    /// What the plan has for it at this moment, a line each.
    pub(super) plan: Vec<String>,
    /// Its runs, oldest first.
    pub(super) attempts: Vec<Attempt>,
    /// How often its pull request went back to an agent, and how often it may.
    pub(super) route_backs: RouteBacks,
    /// Its latest pull request.
    pub(super) pull: Option<Pull>,
    /// Those before it: number, and what became of it.
    pub(super) earlier_pulls: Vec<(u64, &'static str)>,
    /// Its labels that show where it stands.
    pub(super) labels: Labels,
    /// What people said of how to go on.
    pub(super) commands: Said,
    /// The next prompt, where a run comes next.
    pub(super) prompt: Option<Prompt>,
}

/// What an issue waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Waits {
    pub(super) on: String,
    pub(super) until: Option<Timestamp>,
}

/// How often a pull request went back to an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct RouteBacks {
    pub(super) went: usize,
    /// Of these; each `/retry` allows as many again.
    pub(super) of: u32,
}

/// A run of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(clippy::struct_field_names, reason = "documents call it so")]
pub(super) struct Attempt {
    pub(super) run: String,
    pub(super) phase: Option<Phase>,
    pub(super) playbook: Option<String>,
    pub(super) round: Option<u32>,
    pub(super) attempt: u32,
    pub(super) agent: String,
    /// How it ended; none of one that hasn't.
    pub(super) outcome: Option<String>,
    /// Why.
    pub(super) cause: String,
    /// When it ended.
    pub(super) ended: Option<Timestamp>,
    /// Whether it used up an attempt.
    pub(super) burnt: bool,
    /// What it cost, in millionths of a US dollar, where that is known.
    pub(super) cost_micros: Option<u64>,
    /// What its prompt had that the one before it had not.
    pub(super) enriched: Option<String>,
    /// Its answer in the form that was asked for.
    pub(super) answered: Option<Value>,
}

/// The labels of the pipeline's on an issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Labels {
    /// Those that it shall carry; none where they are left as they are.
    pub(super) wanted: Option<Vec<String>>,
    /// Those that it carries.
    pub(super) there: Vec<String>,
}

/// What people said of how to go on with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Said {
    /// What counts.
    pub(super) heard: Vec<Heard>,
    /// What doesn't: by whom, and why.
    pub(super) unheard: Vec<Unheard>,
}

/// A command that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Heard {
    pub(super) at: Timestamp,
    pub(super) by: String,
    pub(super) command: String,
}

/// A command that doesn't.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Unheard {
    pub(super) by: String,
    pub(super) why: String,
}

/// The prompt of the run that comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Prompt {
    /// The playbook.
    pub(super) playbook: String,
    /// The run that it is compared with, the last one by the same playbook whose prompt is known here.
    pub(super) before: Option<String>,
    /// The lines that it has more than that one's; all of them where there was none.
    pub(super) new: Vec<String>,
    /// All of it, where it was asked for.
    pub(super) whole: Option<String>,
}

impl Shown {
    pub(super) fn of(
        looked: &Looked,
        view: &View<'_>,
        station: &Station,
        whole_prompt: bool,
    ) -> Result<Self, Fail> {
        let case = view.case;
        let judged = looked.judged();
        let own: Vec<Address> = std::iter::once(Address::issue(&case.repo, case.number))
            .chain(case.pulls.iter().map(|it| Address::repo(&case.repo).part("pull", &it.number.to_string())))
            .collect();
        let is_its = |address: &Address| own.iter().any(|own| address.is_at_or_below(own));
        let mut own_actions =
            judged.document.actions.iter().map(|it| &it.action).filter(|it| is_its(&it.address));
        let planned = own_actions.find_map(|action| {
            if let Effect::StartRun(start) = &action.effect { Some(start.prompt.clone()) } else { None }
        });
        let (queue, next) = comes_next(view, station, &judged.document.waiting);
        let tried = if let Stand::Human { tried, .. } = &station.stand { tried.clone() } else { Vec::new() };
        Ok(Self {
            repo: case.repo.to_string(),
            number: case.number,
            title: case.title.clone(),
            author: case.author.clone(),
            open: case.open,
            pipeline: view.pipeline.name.clone(),
            phase: station.phase,
            queue: queue.as_str(),
            next,
            since: view.since(),
            waits: waits(&station.stand),
            tried,
            plan: coming::lines(&judged, "pipeline", is_its),
            attempts: view.runs.iter().map(|run| Attempt::of(run)).collect(),
            route_backs: RouteBacks { went: route_backs(view).len(), of: view.pipeline.route_backs },
            pull: case.pull().map(|pull| Pull::of(view, station, pull)),
            earlier_pulls: case.pulls.iter().skip(1).map(|it| (it.number, state(it))).collect(),
            labels: Labels::of(view, station),
            commands: Said::of(view),
            prompt: prompt(looked, view, station, planned, whole_prompt)?,
        })
    }
}

/// What it waits for, and until when.
fn waits(stand: &Stand) -> Option<Waits> {
    let waits = |on: String, until| Some(Waits { on, until });
    match stand {
        Stand::Waits(on) | Stand::Held(on) => waits(on.clone(), None),
        Stand::Until(until, why) => waits(why.clone(), Some(*until)),
        Stand::Parked { asks, due } => waits(format!("its author: {}", asks.join("; ")), *due),
        Stand::Human { why, .. } => waits(format!("a person: {why}"), None),
        Stand::Works(_) | Stand::Moves(_) | Stand::Done(_) | Stand::Left(_) => None,
    }
}

impl Attempt {
    fn of(run: &RunSeen) -> Self {
        let (closed, play) = (run.phase.closed(), run.of.play.as_ref());
        let cause = match &run.phase {
            RunPhase::Under => "it is at work".to_owned(),
            RunPhase::Ended { unclosed: None } => "what it left has not been looked at".to_owned(),
            RunPhase::Ended { unclosed: Some(why) } => format!("it can't be closed: {why}"),
            RunPhase::Checking => "its gates are tried".to_owned(),
            RunPhase::Closed(closed) => closed.says.clone(),
        };
        Self {
            run: run.id.to_string(),
            phase: run.of.subject.issue().map(|(_, phase)| phase),
            playbook: play.map(|play| play.book.clone()),
            round: play.map(|play| play.round),
            attempt: run.of.attempt,
            agent: run.agent.clone(),
            outcome: closed.map(|closed| closed.outcome.to_string()),
            cause,
            ended: closed.map(|closed| closed.at),
            burnt: closed.is_some_and(|closed| closed.outcome.burns_attempt()),
            cost_micros: run.billed.cost.map(|cost| cost.micros),
            enriched: play.and_then(|play| play.enriched.clone()),
            answered: closed.and_then(|closed| closed.typed.as_ref()).map(|typed| typed.value.clone()),
        }
    }
}

impl Labels {
    fn of(view: &View<'_>, station: &Station) -> Self {
        let (wanted, there) = shows(view, station);
        let names = |labels: std::collections::BTreeSet<LabelName>| {
            labels.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        Self { wanted: wanted.map(names), there: names(there) }
    }
}

impl Said {
    fn of(view: &View<'_>) -> Self {
        let heard = view.commands.heard.iter();
        let heard = heard.map(|(at, by, it)| Heard { at: *at, by: by.clone(), command: it.to_string() });
        let unheard = view.commands.unheard.iter();
        let unheard = unheard.map(|it| Unheard { by: it.by.clone(), why: it.why.clone() });
        Self { heard: heard.collect(), unheard: unheard.collect() }
    }
}

/// The next prompt: the one that is planned, else what the phase asks for before it is known who begins.
fn prompt(
    looked: &Looked,
    view: &View<'_>,
    station: &Station,
    planned: Option<String>,
    whole: bool,
) -> Result<Option<Prompt>, Fail> {
    let Stand::Works(task) = &station.stand else { return Ok(None) };
    let Some(play) = task.play.as_ref().filter(|_| view.at_work().is_none()) else { return Ok(None) };
    let text = planned.unwrap_or_else(|| task.prompt.clone());
    let mut before: Option<(&RunId, String)> = None;
    let of_book = |run: &&&RunSeen| run.of.play.as_ref().is_some_and(|it| it.book == play.book);
    for run in view.runs.iter().rev().filter(of_book) {
        if let Some(spec) = RunDir::of(&looked.runs(), &run.id).spec()? {
            before = Some((&run.id, spec.work.prompt));
            break;
        }
    }
    let was = before.as_ref().map(|(_, text)| text.as_str()).unwrap_or_default();
    Ok(Some(Prompt {
        playbook: play.book.clone(),
        before: before.as_ref().map(|(run, _)| run.to_string()),
        new: new_lines(was, &text),
        whole: whole.then_some(text),
    }))
}

/// The lines that a text has more than another one.
fn new_lines(was: &str, is: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(was, is);
    let added = diff.iter_all_changes().filter(|change| change.tag() == ChangeTag::Insert);
    added.map(|change| change.value().trim_end_matches('\n').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_of_a_prompt_is_told() {
        for (was, is, new) in [
            ("", "a\nb\n", vec!["a", "b"]),
            ("a\nb\n", "a\nb\n", vec![]),
            ("a\nb\nc\n", "a\nx\nc\ny", vec!["x", "y"]),
            ("a\nb\n", "a\n", vec![]),
        ] {
            assert_eq!(new_lines(was, is), new, "{was:?} {is:?}");
        }
    }

    #[test]
    fn only_what_waits_says_for_what() {
        let at = crate::model::samples::now();
        let of = |stand: Stand| waits(&stand).map(|it| (it.on, it.until));
        assert_eq!(of(Stand::Until(at, "a rest".into())), Some(("a rest".into(), Some(at))));
        let parked = Stand::Parked { asks: vec!["a".into(), "b".into()], due: None };
        assert_eq!(of(parked), Some(("its author: a; b".into(), None)));
        assert_eq!(of(Stand::Done("it landed".into())), None);
    }
}
