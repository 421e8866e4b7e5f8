//! `adr-reference`: a decision refers to decisions that there are.

use crate::language::adr::record::Record;
use crate::model::language::Level;

use super::{Found, Look, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "adr-reference",
    level: Level::Error,
    doc: "a decision refers only to decisions that there are",
    check,
};

fn check(look: &Look<'_>) -> Vec<Found> {
    look.adrs.records.iter().flat_map(|record| of(look, record)).collect()
}

fn of(look: &Look<'_>, record: &Record) -> Vec<Found> {
    let mut found = Vec::new();
    for (number, span) in record.references() {
        if look.by_number.contains_key(number) {
            continue;
        }
        let coming = look.taken.iter().find(|taken| taken.number == *number);
        let missing = Found::new(record.path(), span.clone(), format!("there is no {number}"));
        found.push(match coming {
            Some(taken) => {
                missing.help(format!("pull request #{} adds it; merge that one first", taken.pull)).warning()
            }
            None => {
                missing.help("name one that there is, or link to the one of another project by its address")
            }
        });
    }
    found
}
