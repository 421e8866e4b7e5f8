//! `adr-status`: each decision says once where it stands.

use crate::language::adr::field::Name;
use crate::language::adr::record::Record;
use crate::language::adr::status::Status;
use crate::model::language::Level;

use super::{Found, Look, Rule, about};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "adr-status",
    level: Level::Error,
    doc: "each decision says once where it stands, in a word that is known, and since when",
    check,
};

fn check(look: &Look<'_>) -> Vec<Found> {
    look.adrs.records.iter().flat_map(of).collect()
}

fn of(record: &Record) -> Vec<Found> {
    let mut found = Vec::new();
    let names = Status::ALL.map(Status::name).join(", ");
    let mut said = record.fields(Name::Status).filter(|field| !field.value.is_empty());
    match said.next() {
        None => {
            let help = format!("write `**Status:** Proposed` below the title; there are {names}");
            found.push(about(record, "it isn't said where the decision stands").help(help));
        }
        Some(field) => {
            let written = &record.text()[field.value.clone()];
            if Status::read(written).is_none() {
                let meant =
                    Status::meant(written).map_or_else(String::new, |meant| format!("write `{meant}`? "));
                let message = format!("`{}` is no status", shown(written));
                let help = format!("{meant}There are {names}");
                found.push(Found::new(record.path(), field.value.clone(), message).help(help));
            }
        }
    }
    for again in said {
        let message = "where the decision stands is said a second time".to_owned();
        found.push(Found::new(record.path(), again.value.clone(), message).help("keep one of the two"));
    }
    found.extend(date(record));
    found
}

fn date(record: &Record) -> Option<Found> {
    let Some(field) = record.fields(Name::Date).find(|field| !field.value.is_empty()) else {
        let found = about(record, "it isn't said since when the decision stands there");
        return Some(found.help("write `**Date:** YYYY-MM-DD` below the status").warning());
    };
    let written = &record.text()[field.value.clone()];
    let date = written.get(..10).unwrap_or(written);
    if date.parse::<jiff::civil::Date>().is_ok() {
        return None;
    }
    let message = format!("`{}` is no date", shown(written));
    Some(Found::new(record.path(), field.value.clone(), message).help("write it as YYYY-MM-DD"))
}

/// A text as far as a message shows it.
fn shown(text: &str) -> String {
    const SHOWN: usize = 40;
    if text.chars().count() <= SHOWN {
        text.to_owned()
    } else {
        text.chars().take(SHOWN).chain(['…']).collect()
    }
}
