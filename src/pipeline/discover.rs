//! What is meant is found out: a brief, judged by whether it is whole. One that isn't is asked for once more with new questions
//! to look into; what says too little by itself is confirmed by its author.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;

use crate::model::{Closed, Phase};

use super::prompt::{Parts, bullets};
use super::view::View;
use super::work::{By, Job, answer, schema};
use super::{Stand, Station, triage};

/// The playbook.
const BOOK: &str = "discover";
/// How many new questions a rejected brief is asked for.
const QUERIES: usize = 3;
/// How many briefs there may be.
const ROUNDS: u32 = 3;

/// What discovery found out.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Brief {
    /// What is wanted, for whom.
    pub(super) problem: String,
    /// How one sees that it is done, a line each.
    pub(super) criteria: Vec<String>,
    /// What nobody could tell.
    #[serde(default)]
    pub(super) open: Vec<String>,
    /// What was looked into.
    #[serde(default)]
    pub(super) queries: Vec<String>,
    /// How sure it is, from nought to a hundred.
    pub(super) confidence: u32,
}

/// Below this a brief isn't whole.
const SURE: u32 = 60;
/// The fewest words of a problem.
const WORDS: usize = 8;

impl Brief {
    /// What it lacks, a line each; `before` are the questions of briefs that were not whole, if there were any.
    fn lacks(&self, before: Option<&[String]>) -> Vec<String> {
        let mut out = Vec::new();
        if self.problem.split_whitespace().count() < WORDS {
            out.push("it says too little of what is wanted, and for whom".to_owned());
        }
        if self.criteria.is_empty() {
            out.push("it has no criterion by which one sees that it is done".to_owned());
        }
        if self.confidence < SURE {
            out.push(format!("it is sure by {} of 100 only, and {SURE} are asked for", self.confidence));
        }
        let known: BTreeSet<String> = before.unwrap_or_default().iter().map(|it| key(it)).collect();
        let all: BTreeSet<String> = self.queries.iter().map(|it| key(it)).collect();
        let fresh = all.difference(&known).filter(|it| !it.is_empty()).count();
        if before.is_some() && fresh < QUERIES {
            out.push(format!("it looked into {fresh} new questions, and {QUERIES} were asked for"));
        }
        out
    }

    /// As a prompt shows it.
    pub(super) fn text(&self) -> String {
        let list = |title: &str, lines: &[String]| {
            if lines.is_empty() { String::new() } else { format!("{title}:\n{}", bullets(lines)) }
        };
        let problem = self.problem.replace('\n', " ");
        format!("{problem}\n{}{}", list("Criteria", &self.criteria), list("Open", &self.open))
    }
}

/// What tells a question from others, whatever its case, space and punctuation.
fn key(query: &str) -> String {
    query.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Where it stands, unless there is a brief, or none is needed.
pub(super) fn station(view: &View<'_>) -> Option<Station> {
    if !is_needed(view) {
        return None;
    }
    match found(view) {
        Err(station) => Some(station),
        Ok((closed, brief)) if triage::is_thin(view) && !view.commands.is_confirmed(closed.at) => {
            let mut asks = vec![
                "is this what is meant? Put what holds into the text of the issue, or say `/retry` to go on with it"
                    .to_owned(),
            ];
            asks.extend(brief.criteria.iter().map(|line| format!("[ ] {line}")));
            Some(Station::new(Phase::Discover, Stand::Parked { asks, due: None }))
        }
        Ok(_) => None,
    }
}

/// The brief, if there is one.
pub(super) fn brief(view: &View<'_>) -> Option<Brief> {
    if is_needed(view) { found(view).ok().map(|(_, brief)| brief) } else { None }
}

fn is_needed(view: &View<'_>) -> bool {
    let unclear = triage::verdict(view).is_some_and(|verdict| verdict.is_unclear());
    view.pipeline.has(Phase::Discover) && (unclear || triage::is_thin(view))
}

fn found<'a>(view: &View<'a>) -> Result<(&'a Closed, Brief), Station> {
    let (mut queries, mut lacking, mut tried) = (Vec::new(), Vec::new(), Vec::new());
    for (round, by) in view.rounds(ROUNDS, "its briefs are not whole") {
        let Some(closed) = view.in_round(&job(view, round, by, &queries, &lacking), &mut tried)? else {
            continue;
        };
        let Some(brief) = answer::<Brief>(closed) else {
            return Err(Station::human(Phase::Discover, "discovery gave no brief", Vec::new()));
        };
        lacking = brief.lacks((round > 1).then_some(queries.as_slice()));
        if lacking.is_empty() {
            return Ok((closed, brief));
        }
        queries.extend(brief.queries);
    }
    let lacks = lacking.into_iter().map(|line| format!("the last brief: {line}"));
    let why = format!("its briefs were not whole; `/retry` allows {ROUNDS} more");
    Err(Station::human(Phase::Discover, why, lacks.chain(tried).collect()))
}

fn job<'j>(view: &View<'_>, round: u32, by: By, queries: &[String], lacking: &[String]) -> Job<'j> {
    let (findings, context) = if round == 1 {
        (String::new(), String::new())
    } else {
        let findings = format!("Brief {} was not whole:\n{}", round - 1, bullets(lacking));
        let context = format!(
            "Ask yourself what a third more of confidence would need, write down at least {QUERIES} questions that were not \
             looked into yet (`queries`), and look into them first. Those that were:\n{}",
            bullets(queries)
        );
        (findings, context)
    };
    Job {
        phase: Phase::Discover,
        book: BOOK,
        key: format!("{}\0{round}\0{}", view.case.text(), view.commands.redone(Phase::Discover)),
        round,
        answer: Some(schema(form())),
        head: None,
        enriched: (round > 1).then(|| "queries".to_owned()),
        about: Vec::new(),
        parts: Parts { findings, context, ..Parts::default() },
        by,
        must_change: false,
    }
}

fn form() -> serde_json::Value {
    let lines = |most: usize| json!({ "type": "array", "maxItems": most, "items": { "type": "string", "minLength": 1, "maxLength": 500 } });
    json!({
        "type": "object",
        "properties": {
            "problem": { "type": "string", "minLength": 1, "maxLength": 4000 },
            "criteria": lines(15),
            "open": lines(15),
            "queries": lines(20),
            "confidence": { "type": "integer", "minimum": 0, "maximum": 100 }
        },
        "required": ["problem", "criteria", "confidence"]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_brief_lacks() {
        let brief = Brief {
            problem: "Whoever runs the tests on a slow machine waits for minutes.".into(),
            criteria: vec!["They take a minute.".into()],
            open: Vec::new(),
            queries: vec!["How slow?".into(), "Which tests?".into(), "Whose machine?".into()],
            confidence: 80,
        };
        assert_eq!(brief.lacks(None), Vec::<String>::new());
        assert_eq!(brief.lacks(Some(&[])), Vec::<String>::new());
        assert_eq!(brief.lacks(Some(&["which tests?".into()])).len(), 1, "two new questions are too few");
        let thin = Brief { problem: "Faster".into(), criteria: Vec::new(), confidence: 10, ..brief };
        assert_eq!(thin.lacks(None).len(), 3);
    }
}
