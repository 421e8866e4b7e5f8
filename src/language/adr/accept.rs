//! Accepts a proposed decision: the text with its status turned, and who keeps it said where that was missing.

use crate::language::finding::Fix;
use crate::language::fix::apply;

use super::enforcement::Enforcement;
use super::field::{Form, Name};
use super::record::Record;
use super::status::Status;

/// The text of the decision once it is accepted; nothing where it isn't up for a decision.
///
/// Whether the sections and citations are in order is the lint's to say, before.
pub fn accepted(record: &Record) -> Option<String> {
    let status = record.fields(Name::Status).find(|field| !field.value.is_empty())?;
    if record.status() != Some(Status::Proposed) {
        return None;
    }
    let mut changes = vec![Fix { range: status.value.clone(), with: Status::Accepted.name().to_owned() }];
    if record.value(Name::Enforcement).is_none() {
        let end = if record.text().contains("\r\n") { "\r\n" } else { "\n" };
        let date = record.fields(Name::Date).find(|date| date.form == status.form && date.end > status.end);
        let at = date.map_or(status.end, |date| date.end);
        let starts = if record.text()[..at].ends_with('\n') { "" } else { end };
        let (name, said) = (Name::Enforcement.spelt(), Enforcement::DecisionOfRecord);
        let with = match status.form {
            Form::Bold => format!("{starts}**{name}:** {said}{end}"),
            Form::Plain => format!("{starts}{name}: {said}{end}"),
            Form::Section => format!("{starts}## {name}{end}{end}{said}{end}{end}"),
        };
        changes.push(Fix { range: at..at, with });
    }
    Some(apply(record.text(), &changes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_said_changes() {
        let rows = [
            (
                "bold",
                "# A\n\n**Status:** Proposed\n**Date:** 2026\n\n## Context\n",
                Some(
                    "# A\n\n**Status:** Accepted\n**Date:** 2026\n**Enforcement:** decision-of-record\n\n## Context\n",
                ),
            ),
            (
                "plain, without an end",
                "Status: Proposed",
                Some("Status: Accepted\nEnforcement: decision-of-record\n"),
            ),
            (
                "sections",
                "## Status\nProposed\n\n## Context\n",
                Some("## Status\nAccepted\n\n## Enforcement\n\ndecision-of-record\n\n## Context\n"),
            ),
            (
                "enforced already",
                "Status: proposed\nEnforcement: enforced\n",
                Some("Status: Accepted\nEnforcement: enforced\n"),
            ),
            ("accepted already", "Status: Accepted\n", None),
        ];
        for (name, text, expected) in rows {
            let record = Record::read("adr/0001-a.md", text).unwrap();
            assert_eq!(accepted(&record).as_deref(), expected, "{name}");
        }
    }
}
