//! One of several directions is chosen by a council: three personas vote, each in a run of its own; the votes are counted here.
//! Split votes go to a mediator and a second round, then to a third round of other personas, then to a person.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::model::Phase;

use super::prompt::{Parts, one_line as line};
use super::view::View;
use super::work::{By, Got, Job, answer, schema};
use super::{Station, discover, triage};

/// The playbooks.
const BOOK: &str = "shape";
const MEDIATE: &str = "shape-mediate";

/// Who votes in the first two rounds, and by what.
const PANEL: [(&str, &str); 3] = [
    ("user advocate", "what serves those who will use it, and what they would miss"),
    ("technical lead", "what fits the code that is there, and what it costs to keep"),
    ("product strategist", "what moves the product on, and what it rules out later"),
];
/// Who votes in the third one.
const LAST_PANEL: [(&str, &str); 3] = [
    ("dissenter", "what speaks against the direction that most are for"),
    ("consensus seeker", "which direction everybody could live with"),
    ("regret in six months", "which choice would be regretted half a year from now"),
];

/// What there is to choose from.
#[derive(Clone, Debug, Deserialize)]
struct Directions {
    directions: Vec<Direction>,
}

#[derive(Clone, Debug, Deserialize)]
struct Direction {
    title: String,
    summary: String,
}

/// A vote.
#[derive(Clone, Debug, Deserialize)]
struct Vote {
    /// Which, from one.
    direction: usize,
    reasoning: String,
    confidence: u32,
}

/// What a mediator makes of a split vote.
#[derive(Clone, Debug, Deserialize)]
struct Mediation {
    common_ground: String,
    tension: String,
    synthesis: String,
}

/// Where it stands, unless a direction is chosen, or none has to be.
pub(super) fn station(view: &View<'_>) -> Option<Station> {
    if is_needed(view) { chosen(view).err() } else { None }
}

/// The direction that was chosen, if one was.
pub(super) fn direction(view: &View<'_>) -> Option<String> {
    if is_needed(view) { chosen(view).ok() } else { None }
}

fn is_needed(view: &View<'_>) -> bool {
    view.pipeline.has(Phase::Shape) && triage::verdict(view).is_some_and(|verdict| verdict.needs_shaping)
}

fn chosen(view: &View<'_>) -> Result<String, Station> {
    let brief = discover::brief(view).map(|brief| brief.text()).unwrap_or_default();
    let key = format!("{}\0{}", view.case.text(), view.commands.redone(Phase::Shape));
    let parts = Parts { brief, ..Parts::default() };
    let asked = job(BOOK, format!("{key}\0directions"), 1, directions_form(), parts.clone(), None);
    let (_, closed) = view.must(&asked)?;
    let Some(all) = answer::<Directions>(closed).map(|it| it.directions).filter(|all| !all.is_empty()) else {
        return Err(Station::human(Phase::Shape, "no direction was proposed", Vec::new()));
    };
    let numbered =
        all.iter().zip(1..).map(|(it, n)| format!("{n}. {}: {}\n", line(&it.title), line(&it.summary)));
    let shown = numbered.collect::<Vec<_>>().concat();
    let mut heard = String::new();
    for round in 1..=3_u32 {
        let panel = if round == 3 { LAST_PANEL } else { PANEL };
        let votes = votes(view, &key, round, &panel, &shown, &heard, &parts)?;
        if let Some(n) = counted(&votes, all.len()) {
            let chosen = &all[n - 1];
            return Ok(format!("{}: {}\n", line(&chosen.title), line(&chosen.summary)));
        }
        let told: Vec<String> = votes
            .iter()
            .map(|(who, vote)| {
                format!(
                    "- {who}, for {} ({} of 10): {}\n",
                    vote.direction,
                    vote.confidence,
                    line(&vote.reasoning)
                )
            })
            .collect();
        heard.push_str(&format!("Round {round} was split:\n{}", told.concat()));
        if round == 1 {
            let parts = Parts { context: format!("{}{heard}", listed(&shown)), ..parts.clone() };
            let asked = job(MEDIATE, format!("{key}\0mediate"), 1, mediation_form(), parts, Some("votes"));
            if let Some(it) = view.must(&asked).map(|(_, closed)| answer::<Mediation>(closed))? {
                heard.push_str(&format!(
                    "A mediator says. Common ground: {} Tension: {} Synthesis: {}\n",
                    line(&it.common_ground),
                    line(&it.tension),
                    line(&it.synthesis)
                ));
            }
        }
    }
    let tried = heard.lines().map(str::to_owned).collect();
    Err(Station::human(
        Phase::Shape,
        "three rounds of votes were split; say which direction with `/steer`, then `/redo shape`",
        tried,
    ))
}

/// What there is to choose from, as voters read it.
fn listed(shown: &str) -> String {
    format!("The directions:\n{shown}")
}

/// The votes of a panel; who gives no vote is left out.
fn votes<'p>(
    view: &View<'_>,
    key: &str,
    round: u32,
    panel: &[(&'p str, &'p str)],
    shown: &str,
    heard: &str,
    parts: &Parts,
) -> Result<Vec<(&'p str, Vote)>, Station> {
    let mut out = Vec::new();
    for (who, by) in panel {
        let context = format!(
            "{}{heard}You vote as the {who}: judge by {by}. Vote for one direction by its number.\n",
            listed(shown)
        );
        let parts = Parts { context, ..parts.clone() };
        let enriched = if round > 1 { Some("votes") } else { None };
        let asked = job(BOOK, format!("{key}\0vote\0{round}\0{who}"), round, vote_form(), parts, enriched);
        let asked = Job { by: By::Itself, ..asked };
        match view.work(&asked) {
            Got::Done(_, closed) => out.extend(answer::<Vote>(closed).map(|vote| (*who, vote))),
            Got::Nothing(..) | Got::Failed(..) => {}
            Got::Stands(station) => return Err(station),
        }
    }
    Ok(out)
}

/// The direction that at least two, and at least two thirds of the votes, are for; from one.
fn counted(votes: &[(&str, Vote)], directions: usize) -> Option<usize> {
    let mut by: BTreeMap<usize, usize> = BTreeMap::new();
    for (_, vote) in votes.iter().filter(|(_, vote)| (1..=directions).contains(&vote.direction)) {
        *by.entry(vote.direction).or_default() += 1;
    }
    let cast: usize = by.values().sum();
    by.into_iter().find(|(_, n)| *n >= 2 && n * 3 >= cast * 2).map(|(direction, _)| direction)
}

fn job<'j>(
    book: &'j str,
    key: String,
    round: u32,
    form: serde_json::Value,
    parts: Parts,
    enriched: Option<&str>,
) -> Job<'j> {
    Job {
        phase: Phase::Shape,
        book,
        key,
        round,
        answer: Some(schema(form)),
        head: None,
        enriched: enriched.map(str::to_owned),
        about: Vec::new(),
        parts,
        by: By::ThenSpecialist,
        must_change: false,
    }
}

fn text(most: usize) -> serde_json::Value {
    json!({ "type": "string", "minLength": 1, "maxLength": most })
}

fn directions_form() -> serde_json::Value {
    json!({
        "type": "object",
        "properties": { "directions": {
            "type": "array", "minItems": 2, "maxItems": 5,
            "items": { "type": "object", "properties": { "title": text(200), "summary": text(2000) }, "required": ["title", "summary"] }
        } },
        "required": ["directions"]
    })
}

fn vote_form() -> serde_json::Value {
    json!({
        "type": "object",
        "properties": {
            "direction": { "type": "integer", "minimum": 1, "maximum": 5 },
            "reasoning": text(2000),
            "confidence": { "type": "integer", "minimum": 1, "maximum": 10 }
        },
        "required": ["direction", "reasoning", "confidence"]
    })
}

fn mediation_form() -> serde_json::Value {
    json!({
        "type": "object",
        "properties": { "common_ground": text(2000), "tension": text(2000), "synthesis": text(2000) },
        "required": ["common_ground", "tension", "synthesis"]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_are_counted() {
        let vote = |direction| ("x", Vote { direction, reasoning: String::new(), confidence: 5 });
        for (votes, chosen) in [
            (&[1, 1, 2][..], Some(1)),
            (&[1, 2, 3], None),
            (&[2, 2], Some(2)),
            (&[2], None),
            (&[], None),
            (&[7, 7, 1], None),
            (&[7, 2, 2], Some(2)),
        ] {
            let votes: Vec<_> = votes.iter().map(|n| vote(*n)).collect();
            assert_eq!(counted(&votes, 3), chosen, "{votes:?}");
        }
    }
}
