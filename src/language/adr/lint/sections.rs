//! `adr-sections`: a decision says what was decided, why, and what follows.

use crate::language::adr::record::Record;
use crate::language::markdown;
use crate::model::language::Level;

use super::{Found, Look, Rule, about};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "adr-sections",
    level: Level::Error,
    doc: "each decision has the sections Context, Decision and Consequences once, with something in them",
    check,
};

/// The sections without which a decision is none.
const REQUIRED: [&str; 3] = ["Context", "Decision", "Consequences"];

fn check(look: &Look<'_>) -> Vec<Found> {
    look.adrs.records.iter().flat_map(of).collect()
}

fn of(record: &Record) -> Vec<Found> {
    let mut found = Vec::new();
    for title in REQUIRED {
        let named = |span: std::ops::Range<usize>| record.text()[span].eq_ignore_ascii_case(title);
        let mut sections = record.sections().iter().filter(|section| named(section.title.clone()));
        let Some(section) = sections.next() else {
            let message = format!("the section {title} is missing");
            found.push(about(record, message).help(format!("write `## {title}`, and say it there")));
            continue;
        };
        if markdown::is_empty(&record.text()[section.body.clone()]) {
            let message = format!("the section {title} is empty");
            let help = "say it there, or withdraw the decision";
            found.push(Found::new(record.path(), section.heading.clone(), message).help(help));
        }
        for again in sections {
            let message = format!("the section {title} stands there a second time");
            found.push(Found::new(record.path(), again.heading.clone(), message).help("make one of the two"));
        }
    }
    found
}
