//! Whether an issue can be worked on, and what it needs first. What isn't ready is parked with its reasons, and looked at again
//! once something changed: a day later at the earliest, three times at most.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use crate::model::{Closed, CommentSeen, Phase, RunSeen, is_command, visible_body};

use super::prompt::{Parts, bullets};
use super::view::View;
use super::work::{By, Job, answer, schema};
use super::{Stand, Station};

/// The playbook.
const BOOK: &str = "triage";
/// How long a parked issue rests at least.
const REST: SignedDuration = SignedDuration::from_hours(24);
/// How often it is looked at again.
const AGAIN: usize = 3;

/// What triage says of an issue.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Verdict {
    /// Whether it can be worked on.
    pub(super) ready: bool,
    /// How clear it is what is meant, from nought to ten.
    pub(super) clarity: u32,
    /// Whether it has to be found out first what is meant.
    #[serde(default)]
    pub(super) needs_discovery: bool,
    /// Whether there are several directions to choose from.
    #[serde(default)]
    pub(super) needs_shaping: bool,
    /// What is missing, a line each.
    #[serde(default)]
    pub(super) missing: Vec<String>,
}

/// Below this it is found out first what is meant.
const CLEAR: u32 = 7;

impl Verdict {
    /// Whether it has to be found out first what is meant.
    pub(super) fn is_unclear(&self) -> bool {
        self.needs_discovery || self.clarity < CLEAR
    }
}

/// Where it stands, unless triage is over.
pub(super) fn station(view: &View<'_>) -> Option<Station> {
    if let Some(thin) = thin(view) {
        return Some(thin);
    }
    if !view.pipeline.has(Phase::Triage) {
        return None;
    }
    let Some((closed, verdict, is_of_text)) = last(view) else { return asked(view) };
    if view.commands.redone_since(Phase::Triage, closed.at) {
        return asked(view);
    }
    if verdict.ready && is_of_text {
        return None;
    }
    let times = parkings(view).len();
    if !verdict.ready {
        let retried = view.commands.retried(closed.at).is_some();
        if times > AGAIN && !retried {
            let tried = verdict.missing.iter().map(|line| format!("it was asked for: {line}")).collect();
            return Some(Station::human(Phase::Triage, format!("it was parked {times} times"), tried));
        }
        let due = closed.at + REST;
        let changed = !is_of_text || spoken_since(view, closed);
        if !retried && (!changed || view.now() < due) {
            return Some(Station::new(
                Phase::Triage,
                Stand::Parked { asks: verdict.missing, due: Some(due) },
            ));
        }
    }
    asked(view)
}

/// Where it stands while triage is asked for.
fn asked(view: &View<'_>) -> Option<Station> {
    match view.must(&job(view)) {
        Ok((_, closed)) if answer::<Verdict>(closed).is_some() => None,
        Ok(_) => Some(Station::human(Phase::Triage, "triage gave no verdict", Vec::new())),
        Err(station) => Some(station),
    }
}

/// The last verdict on it, and whether it was of the text that it has now.
fn last<'a>(view: &View<'a>) -> Option<(&'a Closed, Verdict, bool)> {
    let of_triage = |run: &&RunSeen| run.of.subject.issue().is_some_and(|(_, phase)| phase == Phase::Triage);
    let past = view.runs.iter().copied().rev().filter(|run| of_triage(run) || is_specialist(run));
    let text = view.case.text();
    let mut verdicts = past.filter_map(|run| {
        let closed = run.phase.closed()?;
        let is_of_text = run.of.play.as_ref().is_some_and(|play| play.text == text);
        Some((closed, answer::<Verdict>(closed)?, is_of_text))
    });
    // A text that was changed and is as it was again has been judged already.
    let last = verdicts.next()?;
    if last.2 { Some(last) } else { verdicts.find(|(.., is_of_text)| *is_of_text).or(Some(last)) }
}

fn is_specialist(run: &RunSeen) -> bool {
    run.of.play.as_ref().is_some_and(|play| play.book == "triage-stuck")
}

/// What triage said of the issue as it is.
pub(super) fn verdict(view: &View<'_>) -> Option<Verdict> {
    last(view).filter(|(_, verdict, is_of_text)| verdict.ready && *is_of_text).map(|(_, verdict, _)| verdict)
}

/// Whether people said something since a run ended.
fn spoken_since(view: &View<'_>, closed: &Closed) -> bool {
    view.case.comments.iter().any(|it| {
        !it.own
            && !view.is_reviewer(&it.author)
            && it.edited.as_ref().map_or(it.at, |(at, _)| it.at.max(*at)) > closed.at
    })
}

fn job<'j>(view: &View<'_>) -> Job<'j> {
    let before = parkings(view);
    let (findings, enriched) = match before.last() {
        Some((_, closed)) => {
            let missing = answer::<Verdict>(closed).map(|verdict| verdict.missing).unwrap_or_default();
            let times = match before.len() {
                1 => "before".to_owned(),
                n => format!("{n} times before, the last time"),
            };
            let says = format!("It was parked {times}, since this was missing:\n{}", bullets(missing));
            (says, Some("recovery".to_owned()))
        }
        None => (String::new(), None),
    };
    Job {
        phase: Phase::Triage,
        book: BOOK,
        key: format!("{}\0{}\0{}", view.case.text(), before.len(), view.commands.redone(Phase::Triage)),
        round: u32::try_from(before.len() + 1).unwrap_or(u32::MAX),
        answer: Some(schema(form())),
        head: None,
        enriched,
        about: Vec::new(),
        parts: Parts { findings, ..Parts::default() },
        by: By::ThenSpecialist,
        must_change: false,
    }
}

/// The runs that parked it, oldest first.
fn parkings<'a>(view: &View<'a>) -> Vec<(&'a RunSeen, &'a Closed)> {
    let over = view.runs.iter().filter_map(|run| Some((*run, run.phase.closed()?)));
    let of_triage = |run: &RunSeen| run.of.subject.issue().is_some_and(|(_, phase)| phase == Phase::Triage);
    over.filter(|(run, _)| of_triage(run) || is_specialist(run))
        .filter(|(_, closed)| answer::<Verdict>(closed).is_some_and(|it| !it.ready))
        .collect()
}

/// Where nobody finds out what is meant, what says too little is asked back, unless somebody has it tried as it is.
fn thin(view: &View<'_>) -> Option<Station> {
    if !is_thin(view) || view.pipeline.has(Phase::Discover) || view.commands.last_retry().is_some() {
        return None;
    }
    let asks = vec![
        format!("what is wanted, in at least {} characters", view.pipeline.thin),
        "how one sees that it is done".to_owned(),
    ];
    Some(Station::new(Phase::Triage, Stand::Parked { asks, due: None }))
}

/// What shows that somebody said how one sees that it is done.
const SIGNALS: [&str; 8] =
    ["- [ ]", "acceptance", "expected", "should", "must", "so that", "steps to reproduce", "done when"];

/// Whether it says too little to be worked on.
pub(super) fn is_thin(view: &View<'_>) -> bool {
    // Who may steer adds to it by what they say of it.
    let is_said =
        |it: &&CommentSeen| !it.own && view.is_trusted(it.by()) == Some(true) && !is_command(&it.body);
    let said = view.case.comments.iter().filter(is_said).map(|it| it.body.as_str());
    let all = std::iter::once(view.case.body.as_str()).chain(said);
    let text = all.map(|text| visible_body(text).0).collect::<Vec<_>>().join("\n");
    let length = text.chars().filter(|c| !c.is_whitespace()).count();
    let lower = text.to_lowercase();
    length < view.pipeline.thin as usize && !SIGNALS.iter().any(|signal| lower.contains(signal))
}

fn form() -> serde_json::Value {
    json!({
        "type": "object",
        "properties": {
            "ready": { "type": "boolean" },
            "clarity": { "type": "integer", "minimum": 0, "maximum": 10 },
            "complexity": { "type": "integer", "minimum": 0, "maximum": 10 },
            "needs_discovery": { "type": "boolean" },
            "needs_shaping": { "type": "boolean" },
            "missing": { "type": "array", "maxItems": 10, "items": { "type": "string", "minLength": 1, "maxLength": 500 } }
        },
        "required": ["ready", "clarity", "missing"]
    })
}
