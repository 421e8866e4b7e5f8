//! What is stuck: a diagnosis first, then a specialist that is told of it, then a person, with all that was tried.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::model::{Closed, FOR_PEOPLE, Phase, RunSeen, Task};

use super::prompt::Parts;
use super::view::View;
use super::work::{By, Job, Went, answer, schema};
use super::{Stand, Station};

/// The playbook of a diagnosis.
const DIAGNOSE: &str = "diagnose";

/// What a diagnosis says.
#[derive(Debug, Deserialize)]
struct Diagnosis {
    severity: String,
    root_cause: String,
    fixable: bool,
    guidance: String,
}

/// What comes of what is stuck.
pub(super) enum Turn<'a> {
    /// Something is under way, or to be started.
    Stands(Station),
    /// A specialist did it.
    Done(&'a RunSeen, &'a Closed),
    /// Nobody did; when, and what was tried.
    Failed(Timestamp, Vec<String>),
}

/// What comes of work whose attempts are used up.
pub(super) fn specialist<'a>(view: &View<'a>, job: &Job<'_>, lap: u32, parts: &Parts, why: &str) -> Turn<'a> {
    if let Some(label) = denied(view) {
        return Turn::Failed(
            Timestamp::UNIX_EPOCH,
            vec![format!("nothing more: `{label}` is for people only")],
        );
    }
    let findings = format!("{}: {why}\n{}", job.phase, parts.findings);
    let cause = Parts { findings, ..parts.clone() };
    let diagnose = Job { answer: Some(schema(diagnosis())), book: DIAGNOSE, parts: cause, ..whole(job) };
    let task = view.task(&diagnose, lap, DIAGNOSE);
    let (found, at, mut tried) = match view.went(&task) {
        Went::Going => return Turn::Stands(view.works(&diagnose, task, &diagnose.parts)),
        Went::Elsewhere(until, what) => return elsewhere(until, what),
        Went::Done(_, closed) => (answer::<Diagnosis>(closed), closed.at, Vec::new()),
        // What can't be diagnosed is tried by a specialist all the same.
        Went::Nothing(_, closed) => (None, closed.at, vec![format!("`{DIAGNOSE}`: {}", closed.says)]),
        Went::Failed(at, why) => (None, at, vec![format!("`{DIAGNOSE}`, {why}")]),
    };
    let enriched = if found.is_some() { "diagnosis" } else { "what was tried" };
    let mut parts = parts.clone();
    if let Some(it) = &found {
        let line = it.line();
        tried.push(format!("`{DIAGNOSE}` found: {line}"));
        parts.context = format!("{}A diagnosis: {line}\n", parts.context);
        if !it.fixable {
            return Turn::Failed(at, tried);
        }
    }
    let book = match job.by {
        // Without a diagnosis it would be told what it was told before.
        By::ThenDiagnosis if found.is_none() => return Turn::Failed(at, tried),
        By::ThenDiagnosis => job.book.to_owned(),
        By::ThenSpecialist | By::Specialist(_) | By::Itself => format!("{}-stuck", job.phase),
    };
    if view.book(&book).is_none() {
        return Turn::Failed(at, tried);
    }
    let second = Job { book: &book, enriched: Some(enriched.to_owned()), parts, ..whole(job) };
    let task = bounded(view, job, view.task(&second, lap, &book));
    match view.went(&task) {
        Went::Done(run, closed) => Turn::Done(run, closed),
        Went::Going => Turn::Stands(view.works(&second, task, &second.parts)),
        Went::Elsewhere(until, what) => elsewhere(until, what),
        Went::Nothing(_, closed) => {
            tried.push(format!("`{book}`: {}", closed.says));
            Turn::Failed(closed.at, tried)
        }
        Went::Failed(at, why) => {
            tried.push(format!("`{book}`, {why}"));
            Turn::Failed(at, tried)
        }
    }
}

/// A specialist may change no other files than those whose work it does, unless its playbook names some itself.
fn bounded(view: &View<'_>, job: &Job<'_>, task: Task) -> Task {
    let paths = view.book(job.book).map(|book| book.paths.clone()).filter(|_| task.paths.is_empty());
    Task { paths: paths.unwrap_or_else(|| task.paths.clone()), ..task }
}

/// What was made lies on another machine.
fn elsewhere<'a>(until: Timestamp, what: String) -> Turn<'a> {
    Turn::Stands(Station::new(Phase::Hitl, Stand::Until(until, what)))
}

/// The same work, for another playbook.
fn whole<'j>(job: &Job<'j>) -> Job<'j> {
    Job {
        phase: job.phase,
        book: job.book,
        key: format!("{}\0{}", job.book, job.key),
        round: job.round,
        answer: job.answer.clone(),
        head: job.head.clone(),
        enriched: None,
        about: Vec::new(),
        parts: job.parts.clone(),
        by: By::Itself,
        must_change: false,
    }
}

impl Diagnosis {
    fn line(&self) -> String {
        format!("{}: {} {}", self.severity, self.root_cause, self.guidance).replace('\n', " ")
    }
}

/// What a run found that was a diagnosis.
pub(super) fn found(closed: &Closed) -> Option<String> {
    answer::<Diagnosis>(closed).map(|it| it.line())
}

/// The label that keeps agents from what is stuck, if there is one.
fn denied<'v>(view: &'v View<'_>) -> Option<&'v str> {
    let last = |key: &str| key.rsplit(':').next().map(str::to_owned);
    let mut keys = view.case.labels.keys();
    keys.find(|key| last(key).is_some_and(|word| FOR_PEOPLE.contains(&word.as_str()))).map(String::as_str)
}

fn diagnosis() -> serde_json::Value {
    json!({
        "type": "object",
        "properties": {
            "severity": { "enum": ["P0", "P1", "P2", "P3", "P4"] },
            "root_cause": { "type": "string", "minLength": 1, "maxLength": 4000 },
            "fixable": { "type": "boolean" },
            "guidance": { "type": "string", "maxLength": 4000 }
        },
        "required": ["severity", "root_cause", "fixable", "guidance"]
    })
}
