//! `adr-title`: the title has the number of the file.

use crate::language::adr::record::Record;
use crate::model::language::Level;

use super::{Found, Look, Rule, about};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "adr-title",
    level: Level::Error,
    doc: "the title of a decision is `# ADR-NNNN: Title`, with the number of its file",
    check,
};

fn check(look: &Look<'_>) -> Vec<Found> {
    look.adrs.records.iter().filter_map(of).collect()
}

fn of(record: &Record) -> Option<Found> {
    let number = record.number();
    let Some(title) = record.title() else {
        let found = about(record, "the decision has no title");
        return Some(found.help(format!("begin with `# {number}: Title`")));
    };
    if title.words.is_empty() {
        let found = Found::new(record.path(), title.span.clone(), "the title has no words");
        return Some(found.help(format!("write `# {number}: Title`")));
    }
    match &title.number {
        Some((written, _)) if *written == number => None,
        Some((written, span)) => {
            let message = format!("the title says {written}, and the file is {number}");
            let found = Found::new(record.path(), span.clone(), message);
            Some(
                found
                    .help(format!("write {number}, or rename the file"))
                    .fix(span.clone(), number.to_string()),
            )
        }
        None => {
            let start = title.span.start;
            let found = Found::new(record.path(), title.span.clone(), "the title has no number");
            Some(found.help(format!("write `# {number}: …`")).fix(start..start, format!("{number}: ")))
        }
    }
}
