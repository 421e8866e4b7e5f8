//! `adr-title`: the title has the number of the file.

use std::ops::Range;

use crate::language::adr::number::Number;
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
        None => Some(unnumbered(record, title.span.clone())),
    }
}

/// What is found of a title whose number, if it has one, isn't written as it should be.
fn unnumbered(record: &Record, span: Range<usize>) -> Found {
    let (number, title) = (record.number(), &record.text()[span.clone()]);
    let (says, end) = match begun(title, number) {
        Begun::Number(written, end) if written == number => {
            (format!("the number of the title isn't written as {number}"), Some(end))
        }
        Begun::Number(written, end) => {
            (format!("the title says {written}, and the file is {number}"), Some(end))
        }
        Begun::Unclear => (format!("the title begins with something else than {number}"), None),
        Begun::Words => {
            let end = plain(title, number);
            let says = if end == 0 {
                "the title has no number".to_owned()
            } else {
                format!("the number of the title isn't written as {number}")
            };
            (says, Some(end))
        }
    };
    let found = Found::new(record.path(), span.clone(), says).help(format!("write `# {number}: …`"));
    match end {
        Some(end) => found.fix(span.start..span.start + end, format!("{number}: ")),
        None => found,
    }
}

/// What a title begins with.
enum Begun {
    /// The number of a decision, in whatever spelling, up to here with what sets it apart from the words.
    Number(Number, usize),
    /// What may be one.
    Unclear,
    /// Words.
    Words,
}

/// Reads `ADR-12: Title`, `adr 0012 - Title`, `[ADR-0012](0012-title.md): Title` and the like.
fn begun(title: &str, own: Number) -> Begun {
    let (linked, rest) = title.strip_prefix('[').map_or((false, title), |rest| (true, rest));
    let named = rest.get(..3).filter(|word| word.eq_ignore_ascii_case("adr")).map(|_| &rest[3..]);
    let Some(rest) = named.filter(|rest| !rest.starts_with(char::is_alphabetic)) else {
        return Begun::Words;
    };
    let rest = rest.trim_start_matches([' ', '\t', '-', '_', '#', '\u{a0}', '‑']);
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &rest[..rest.len() - after.len()];
    let after = match after.strip_prefix(']') {
        Some(after) if linked => after
            .strip_prefix('(')
            .and_then(|target| target.split_once(')'))
            .map_or(after, |(_, after)| after),
        None if linked => return Begun::Unclear,
        Some(_) | None => after,
    };
    let words = after.trim_start_matches([' ', '\t', ':', '.', ')', '—', '–', '-']);
    let number = digits.parse().ok().and_then(Number::new);
    // Without a sign between them, `ADR 12 months` may be words; its own number hardly is one of those.
    let is_apart = after[..after.len() - words.len()].contains(|c: char| !c.is_whitespace());
    let is_one = |it: &Number| is_apart || (*it == own && after.len() > words.len());
    match number.filter(|it| is_one(it) && !words.is_empty()) {
        Some(number) => Begun::Number(number, title.len() - words.len()),
        None if digits.is_empty() => Begun::Words,
        None => Begun::Unclear,
    }
}

/// How many bytes the number of a decision takes at the beginning of a title such as `3. Use it`, with the blanks after it; 0 where
/// there is none, or another one.
fn plain(title: &str, number: Number) -> usize {
    let rest = title.trim_start_matches(|c: char| c.is_ascii_digit());
    let words = rest
        .strip_prefix(['.', ':', ')'])
        .filter(|words| words.starts_with([' ', '\t']))
        .map(str::trim_start);
    let is_its_own = title[..title.len() - rest.len()].parse().ok().and_then(Number::new) == Some(number);
    words.filter(|words| is_its_own && !words.is_empty()).map_or(0, |words| title.len() - words.len())
}
