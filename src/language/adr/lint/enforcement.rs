//! `adr-enforcement`: what is said to keep a decision does exist.

use std::ops::Range;

use crate::language::adr::enforcement::{Check, Enforcement};
use crate::language::adr::field::Name;
use crate::language::adr::record::Record;
use crate::language::adr::status::Status;
use crate::language::code::{Answer, Code};
use crate::model::language::{Anchor, Level};

use super::{Found, Look, Rule, about};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "adr-enforcement",
    level: Level::Error,
    doc: "an accepted decision says who keeps it: `enforced` by checks that exist, `manual` by a process that is \
          written down, or `decision-of-record` by nobody",
    check,
};

const CHECKS: &str = "write `**Enforced by:** `test:path::name`, `command:…``";

fn check(look: &Look<'_>) -> Vec<Found> {
    look.live().flat_map(|record| of(look, record)).collect()
}

fn of(look: &Look<'_>, record: &Record) -> Vec<Found> {
    let Some(field) = record.fields(Name::Enforcement).find(|field| !field.value.is_empty()) else {
        return unsaid(record).into_iter().collect();
    };
    let written = &record.text()[field.value.clone()];
    let names = Enforcement::ALL.map(Enforcement::name).join(", ");
    let place = field.value.clone();
    let checks = record.checks();
    match Enforcement::read(written) {
        None => vec![
            Found::new(record.path(), place, "this says nothing about who keeps the decision")
                .help(format!("write one of {names}")),
        ],
        Some(Enforcement::DecisionOfRecord) => Vec::new(),
        Some(Enforcement::Manual) => {
            let leads = |(check, _): &(Check, Range<usize>)| match check {
                Check::Pointer(_) | Check::Test { .. } | Check::Command(_) => true,
                Check::Words(_) => false,
            };
            if checks.iter().any(leads) {
                return checks.iter().filter_map(|(check, span)| lost(look, record, check, span)).collect();
            }
            let message = "people keep the decision, and it isn't said where their process is written down";
            vec![
                Found::new(record.path(), place, message)
                    .help("write `**Enforced by:**` and a file, an issue or an address"),
            ]
        }
        Some(Enforcement::Enforced) => enforced(look, record, place, &checks),
    }
}

/// That the file isn't there in which people find what they do.
fn lost(look: &Look<'_>, record: &Record, check: &Check, span: &Range<usize>) -> Option<Found> {
    let Check::Pointer(text) = check else { return None };
    let path = text.split('#').next().unwrap_or_default();
    let is_path = !path.is_empty()
        && path.contains('.')
        && !path.contains("://")
        && !path.contains(char::is_whitespace);
    let answer = is_path.then(|| look.code.has_file(path))?;
    let Answer::No { suggestion } = answer else { return None };
    let found = Found::new(
        record.path(),
        span.clone(),
        format!("`{path}` isn't there, where people find what they do"),
    );
    Some(found.help(suggestion.map_or_else(
        || "name the file, the issue or the address where it is written down".to_owned(),
        |meant| format!("did it become `{meant}`?"),
    )))
}

/// An accepted decision ought to say it. That is no more than a warning: nothing that it says is wrong.
fn unsaid(record: &Record) -> Option<Found> {
    let accepted = record.status() == Some(Status::Accepted);
    let found = about(record, "it isn't said who keeps the decision")
        .help("write `**Enforcement:** enforced`, `manual` or `decision-of-record` below the date")
        .warning();
    accepted.then_some(found)
}

fn enforced(
    look: &Look<'_>,
    record: &Record,
    place: Range<usize>,
    checks: &[(Check, Range<usize>)],
) -> Vec<Found> {
    let mut found = Vec::new();
    let mut runnable = 0;
    for (check, span) in checks {
        let Some(answer) = exists(look, check) else { continue };
        runnable += 1;
        let at = |message: String| Found::new(record.path(), span.clone(), message);
        match answer {
            Answer::Yes => {}
            Answer::No { suggestion } => {
                let help = suggestion.map_or_else(
                    || "name one that there is".to_owned(),
                    |meant| format!("did it become `{meant}`?"),
                );
                found.push(at(format!("the check `{check}` doesn't exist")).help(help));
            }
            Answer::Unknown { why } => {
                let message = format!("whether the check `{check}` exists can't be told: {why}");
                found.push(at(message).help("look by hand, or mend what keeps it from being read").warning());
            }
        }
    }
    if runnable == 0 {
        let message = "the decision is said to be enforced, and no check that runs is named".to_owned();
        found.push(Found::new(record.path(), place, message).help(CHECKS));
    }
    found
}

/// Whether a check that a machine can run is there; nothing for what only people can follow.
///
/// The path is that of the repository, or one below a folder of sources.
fn exists(look: &Look<'_>, check: &Check) -> Option<Answer> {
    match check {
        Check::Test { path, name } => {
            let below = look.roots.iter().map(|root| format!("{}/{path}", root.trim_end_matches('/')));
            let paths = std::iter::once(path.clone()).chain(below);
            let mut answers: Vec<Answer> =
                paths.map(|path| test(look.code, &path, name.as_deref())).collect();
            let sure = answers.iter().position(|answer| *answer == Answer::Yes);
            let unsure = || answers.iter().position(|answer| matches!(answer, Answer::Unknown { .. }));
            let told = sure.or_else(unsure).unwrap_or(0);
            Some(answers.swap_remove(told))
        }
        Check::Command(line) if line.is_empty() => Some(Answer::No { suggestion: None }),
        Check::Command(line) => Some(look.code.has_command(line)),
        Check::Pointer(_) | Check::Words(_) => None,
    }
}

/// Whether a file has a test of this name; without a name, whether there is the file.
fn test(code: &dyn Code, path: &str, name: Option<&str>) -> Answer {
    match name.map(|name| Anchor::new(path, name)) {
        Some(Ok(anchor)) => code.resolves(&anchor),
        Some(Err(_)) => Answer::No { suggestion: None },
        None => code.has_file(path),
    }
}
