//! `adr-supersession`: who took whose place is said on both sides, and never in a circle.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::language::adr::field::{Field, Form, Name};
use crate::language::adr::number::Number;
use crate::language::adr::record::Record;
use crate::language::adr::status::Status;
use crate::model::language::Level;

use super::{Found, Look, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "adr-supersession",
    level: Level::Error,
    doc: "where a decision takes another one's place both say so, the status of both fits, and there is no circle",
    check,
};

fn check(look: &Look<'_>) -> Vec<Found> {
    let each = look.adrs.records.iter().flat_map(|record| {
        let old = as_old(look, record);
        old.into_iter().chain(as_new(look, record))
    });
    each.chain(circles(look)).collect()
}

/// What a decision says about those that took its place.
fn as_old(look: &Look<'_>, old: &Record) -> Vec<Found> {
    let mut found = Vec::new();
    let by = old.superseded_by();
    let superseded = old.status() == Some(Status::Superseded);
    if let Some((number, span)) = by.first().filter(|_| !superseded) {
        let message = format!("it is superseded by {number}, and its status doesn't say so");
        found.push(with_status(old, *number, Found::new(old.path(), span.clone(), message)));
    }
    if superseded && by.is_empty() && new_of(look, old).is_empty() {
        let place = status_field(old).map_or(0..0, |field| field.value.clone());
        let message = "it is superseded, and it isn't said by which decision".to_owned();
        found.push(
            Found::new(old.path(), place, message).help("write `Superseded by ADR-NNNN`, or `Deprecated`"),
        );
    }
    for (number, span) in by {
        let (number, span) = (*number, span.clone());
        if number == old.number() {
            let found_self = Found::new(old.path(), span, "it is said to take its own place");
            found.push(found_self.help("name the other decision"));
            continue;
        }
        let Some(new) = look.by_number.get(&number) else { continue };
        if new.status().is_some_and(|status| !status.was_in_force()) {
            let status = new.status().map_or("", Status::name);
            let message = format!("{number} is said to have taken its place, and that one is {status}");
            found.push(
                Found::new(old.path(), span, message).help(format!("accept {number} first, or undo this")),
            );
        } else if !new.supersedes().iter().any(|(known, _)| *known == old.number()) {
            let message = format!("{} says that this one took its place, and this one doesn't", old.number());
            found.push(with_reciprocal(new, old.number(), message));
        }
    }
    found
}

/// What a decision says about those whose place it takes.
fn as_new(look: &Look<'_>, new: &Record) -> Vec<Found> {
    let mut found = Vec::new();
    if !new.status().is_some_and(Status::was_in_force) {
        return found;
    }
    for (number, span) in new.supersedes() {
        let (number, span) = (*number, span.clone());
        if number == new.number() {
            let found_self = Found::new(new.path(), span, "it is said to take its own place");
            found.push(found_self.help("name the other decision"));
            continue;
        }
        let Some(old) = look.by_number.get(&number) else { continue };
        if old.superseded_by().iter().any(|(known, _)| *known == new.number()) {
            continue;
        }
        let message = format!("{} takes the place of this one, and this one doesn't say so", new.number());
        let place = status_field(old).map_or(0..0, |field| field.value.clone());
        found.push(with_status(old, new.number(), Found::new(old.path(), place, message)));
    }
    found
}

/// The decisions that say they took the place of one.
fn new_of(look: &Look<'_>, old: &Record) -> Vec<Number> {
    let says = |new: &&Record| {
        new.status().is_some_and(Status::was_in_force)
            && new.number() != old.number()
            && new.supersedes().iter().any(|(number, _)| *number == old.number())
    };
    look.adrs.records.iter().filter(says).map(Record::number).collect()
}

fn status_field(record: &Record) -> Option<&Field> {
    record.fields(Name::Status).find(|field| !field.value.is_empty())
}

/// Adds the fix that has the status say which decision took the place of this one.
fn with_status(old: &Record, by: Number, found: Found) -> Found {
    let found = found.help(format!("write the status as `Superseded by {by}`"));
    let Some(field) = status_field(old) else { return found };
    let written = &old.text()[field.value.clone()];
    match Status::read(written) {
        Some(Status::Superseded) if !Number::named_in(written, 0..written.len()).is_empty() => {
            found.fix(field.value.end..field.value.end, format!(", {by}"))
        }
        Some(_) => found.fix(field.value.clone(), format!("Superseded by {by}")),
        None => found,
    }
}

/// The finding at the newer decision that doesn't name the older one, with the line that is missing.
fn with_reciprocal(new: &Record, old: Number, message: String) -> Found {
    let place = status_field(new).map_or(0..0, |field| field.value.clone());
    let found = Found::new(new.path(), place, message)
        .help(format!("write `**Supersedes:** {old}` below its status"));
    let known = new.fields(Name::Supersedes).next();
    if let Some(field) = known.filter(|field| !field.value.is_empty()) {
        let names = !Number::named_in(new.text(), field.value.clone()).is_empty();
        return if names {
            found.fix(field.value.end..field.value.end, format!(", {old}"))
        } else {
            found.fix(field.value.clone(), old.to_string())
        };
    }
    let Some((range, form)) = place_of_line(new) else { return found };
    let end = if new.text().contains("\r\n") { "\r\n" } else { "\n" };
    let starts = if new.text()[..range.start].ends_with('\n') { "" } else { end };
    let line = match form {
        Form::Bold => format!("{starts}**Supersedes:** {old}{end}"),
        Form::Plain => format!("{starts}Supersedes: {old}{end}"),
        Form::Section => format!("{starts}## Supersedes{end}{end}{old}{end}{end}"),
    };
    found.fix(range, line)
}

/// Where a line about supersession belongs: below the date if that follows the status, else below the status.
fn place_of_line(record: &Record) -> Option<(Range<usize>, Form)> {
    let status = status_field(record)?;
    let date = record.fields(Name::Date).find(|date| date.form == status.form && date.end > status.end);
    let end = date.map_or(status.end, |date| date.end);
    Some((end..end, status.form))
}

/// Each circle of decisions that took each other's place, once.
fn circles(look: &Look<'_>) -> Vec<Found> {
    let reached = |from: Number| {
        let mut seen = BTreeSet::new();
        let mut next = vec![from];
        while let Some(number) = next.pop() {
            let by = look.by_number.get(&number).map_or(&[][..], |record| record.superseded_by());
            next.extend(by.iter().map(|(by, _)| *by).filter(|by| *by != number && seen.insert(*by)));
        }
        seen
    };
    let mut told: BTreeSet<Number> = BTreeSet::new();
    let mut found = Vec::new();
    for (number, record) in &look.by_number {
        if told.contains(number) || record.superseded_by().is_empty() {
            continue;
        }
        let circle: BTreeSet<Number> =
            reached(*number).into_iter().filter(|other| reached(*other).contains(number)).collect();
        if circle.contains(number) {
            let names: Vec<String> = circle.iter().map(ToString::to_string).collect();
            let place = record.superseded_by().first().map_or(0..0, |(_, span)| span.clone());
            let message = format!("{} took each other's place in a circle", names.join(" and "));
            found.push(Found::new(record.path(), place, message).help("decide which one holds"));
            told.extend(circle);
        }
    }
    found
}
