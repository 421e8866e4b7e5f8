//! `adr-title`: the title has the number of the file.

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
        None => {
            let start = title.span.start;
            let end = start + plain(&record.text()[title.span.clone()], number);
            let message = if start == end {
                "the title has no number".to_owned()
            } else {
                format!("the number of the title isn't written as {number}")
            };
            let found = Found::new(record.path(), title.span.clone(), message);
            Some(found.help(format!("write `# {number}: …`")).fix(start..end, format!("{number}: ")))
        }
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
