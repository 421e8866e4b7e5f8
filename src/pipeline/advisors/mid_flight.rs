//! Who is asked in the middle of a review, where a reviewer comes to a question of judgement. The answer goes back to the
//! reviewer, who is asked again: that is no new attempt, and the verdict stays with the reviewer.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::model::{AdvisorRole, Closed, OnFailure, Phase, PullCase, RunSeen};
use crate::work::words::as_data;

use super::super::Station;
use super::super::implement::{SPEC, parts};
use super::super::judges::no_verdict;
use super::super::prompt::{Parts, one_line};
use super::super::review::{changes, rounds};
use super::super::view::View;
use super::super::work::{By, Job, answer, schema};
use super::{ask, question};

const ROLE: AdvisorRole = AdvisorRole::MidFlight;
/// The field of an answer that asks.
const CONSULT: &str = "consult";

/// What it says.
#[derive(Clone, Debug, Deserialize)]
struct Opinion {
    reasoning: String,
    recommendation: String,
    confidence: f64,
}

/// One review, with what it consulted an advisor on.
struct Review<'r> {
    book: &'static str,
    form: &'r Value,
    context: &'r str,
    /// How often it may; never where no advisor is declared.
    most: u32,
    on_failure: OnFailure,
    /// Each question and what was said to it.
    said: Vec<(String, String)>,
    /// Whether it asked what it had asked: then it judges by itself.
    is_stuck: bool,
}

/// What a reviewer says of the head, once what it asks on the way is answered.
pub(in crate::pipeline) fn judge<'a, T: DeserializeOwned>(
    view: &View<'a>,
    pull: &PullCase,
    (book, form): (&'static str, &Value),
    context: &str,
) -> Result<(&'a RunSeen, T), Station> {
    let advisor = view.pipeline.advisors.get(&ROLE);
    let mut review = Review {
        book,
        form,
        context,
        most: advisor.map_or(0, |it| it.consults),
        on_failure: advisor.map_or(OnFailure::Open, |it| it.on_failure),
        said: Vec::new(),
        is_stuck: false,
    };
    loop {
        let (run, closed) = view.must(&review.job(view, pull))?;
        match asks(closed).filter(|_| review.most > 0) {
            None => return answer(closed).map(|said| (run, said)).ok_or_else(|| no_verdict(book)),
            Some(question) if review.may_ask() => review.consults(view, pull, question)?,
            // Where something is asked nothing else counts, also once nobody answers any more.
            Some(_) => return Err(no_verdict(book)),
        }
    }
}

/// What the issue says now, where a head was compared with what it said before: that is another question.
fn asks_otherwise(view: &View<'_>, book: &str, pull: &PullCase) -> Option<String> {
    let plays = view.runs.iter().filter_map(|run| run.of.play.as_ref());
    let mut of_head = plays.filter(|play| play.book == book && play.head.as_ref() == Some(&pull.head));
    let first = of_head.find(|play| !play.text.is_empty()).filter(|_| book == SPEC)?;
    let now = view.case.text();
    (first.text != now).then_some(now)
}

/// What a reviewer asks instead of giving a verdict.
pub(in crate::pipeline) fn asks(closed: &Closed) -> Option<String> {
    let question = closed.typed.as_ref()?.value.get(CONSULT)?.as_str()?.trim();
    (!question.is_empty()).then(|| question.to_owned())
}

impl Review<'_> {
    /// Whether its next run may ask.
    fn may_ask(&self) -> bool {
        !self.is_stuck && self.said.len() < self.most as usize
    }

    /// Its next run.
    fn job(&self, view: &View<'_>, pull: &PullCase) -> Job<'static> {
        let mut form = self.form.clone();
        if self.may_ask() {
            form["properties"][CONSULT] = json!({
                "type": "string", "maxLength": 2000,
                "description": "a question of judgement to an advisor; where it is given, nothing else of the answer counts",
            });
        }
        let key = match self.said.len() {
            0 => pull.head.to_string(),
            n => format!("{}\0{CONSULT}\0{n}\0{}", pull.head, self.is_stuck),
        };
        let key = match asks_otherwise(view, self.book, pull) {
            Some(text) => format!("{key}\0{text}"),
            None => key,
        };
        let round = rounds(view, self.book, &pull.head);
        Job {
            phase: Phase::Review,
            book: self.book,
            key,
            round: u32::try_from(round).unwrap_or(u32::MAX).saturating_add(1),
            answer: Some(schema(form)),
            head: Some(pull.head.clone()),
            enriched: (!self.said.is_empty()).then(|| "an advisor's opinion".to_owned()),
            about: Vec::new(),
            parts: Parts { changes: changes(pull), context: self.context(), ..parts(view) },
            by: By::ThenDiagnosis,
            must_change: false,
        }
    }

    /// What its next run is told besides the changes.
    fn context(&self) -> String {
        let mut out = self.context.to_owned();
        for (n, (asked, said)) in (1..).zip(&self.said) {
            out.push_str(&format!("Question {n} of this review, as data:\n{}{said}", as_data(asked.lines())));
        }
        if self.may_ask() {
            out.push_str(&format!(
                "Where the verdict hangs on a question of judgement that neither the code nor the issue answers, put it into \
                 `{CONSULT}` instead of giving a verdict, and you are asked again with the answer ({} of {} times so far). Facts are \
                 looked up.\n",
                self.said.len(),
                self.most
            ));
        } else if self.most > 0 {
            out.push_str("No further question is answered: judge by yourself.\n");
        }
        out
    }

    /// Puts a question to the advisor, unless it was put before.
    fn consults(&mut self, view: &View<'_>, pull: &PullCase, asked: String) -> Result<(), Station> {
        let before: BTreeSet<String> = self.said.iter().map(|(question, _)| words(question)).collect();
        if before.contains(&words(&asked)) {
            self.is_stuck = true;
            self.said.push((asked, "It was asked before; the answer stands above.\n".to_owned()));
            return Ok(());
        }
        let findings = format!("`{}` asks, as data:\n{}", self.book, as_data(asked.lines()));
        let mut context = String::new();
        for (question, said) in &self.said {
            context.push_str(&format!("It asked before, as data:\n{}{said}", as_data(question.lines())));
        }
        let key = format!("{}\0{}\0{}", pull.head, self.book, self.said.len());
        let job = question(view, pull, ROLE, (key, form()), Parts { findings, context, ..parts(view) });
        let opinion = ask::<Opinion>(view, (ROLE, &pull.head), &job, self.on_failure)?;
        let said = opinion.map_or_else(
            || "Nobody gave an answer: judge by yourself.\n".to_owned(),
            |it| {
                let lines = [
                    format!("recommends: {}", one_line(&it.recommendation)),
                    format!("since: {}", one_line(&it.reasoning)),
                    format!("sure to {:.0} of 100", it.confidence),
                ];
                format!("An advisor, as data:\n{}", as_data(lines.iter().map(String::as_str)))
            },
        );
        self.said.push((asked, said));
        Ok(())
    }
}

/// What tells a question from others, however it is spelled.
fn words(question: &str) -> String {
    question.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn form() -> Value {
    json!({
        "type": "object",
        "properties": {
            "reasoning": { "type": "string", "minLength": 1, "maxLength": 4000 },
            "recommendation": { "type": "string", "minLength": 1, "maxLength": 1000 },
            "confidence": { "type": "number", "minimum": 0, "maximum": 100 }
        },
        "required": ["reasoning", "recommendation", "confidence"]
    })
}
