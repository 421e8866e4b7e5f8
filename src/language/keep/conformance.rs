//! Keeps what decisions say about their checks and about the code: places that moved are pointed to anew, and checks
//! that are gone are told.
//!
//! Nothing is run here: whether a check passes is for CI to say. A check is there, was renamed to exactly one other, is
//! gone, is for people to follow, or nobody can tell; the last two are never told as broken.

mod repoint;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::language::adr::{Adrs, Check, Enforcement, Pointed, Record, Status};
use crate::language::code::{Answer, Code, Resolution};
use crate::language::finding::Fix;
use crate::language::fix::apply;
use crate::model::language::Anchor;

use super::{Issue, Kept, Look, Proposal, cut, is_unseen};

/// The most decisions that one proposal changes, those with the lowest numbers; the next one changes the others.
const MOST_FILES: usize = 30;

/// From how many broken places on it is looked whether too many broke at once.
const BRAKE_FROM: usize = 8;

/// The most characters of a check as people are told of it.
const MOST_CHECK: usize = 200;

/// The most places that are told to be meant by one check.
const MOST_MEANT: usize = 5;

/// Whether something that a decision names is there.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Held {
    /// It is there.
    Resolved,
    /// It is in exactly one other place.
    Renamed(Anchor),
    /// It isn't there; what may be meant.
    Unresolved(Vec<String>),
    /// Only people can follow it.
    Manual,
    /// Nobody can tell.
    Unknown,
}

/// What is to be done about one decision.
struct Found<'a> {
    record: &'a Record,
    /// What to write instead, and how it is told.
    fixes: Vec<(Fix, String)>,
    /// How many of those are checks.
    checks: usize,
    /// Checks that aren't there, and what may be meant.
    gone: Vec<(Check, Vec<String>)>,
}

/// The places in the code that live decisions name, as they write them: what became of those that lead nowhere is to be found out.
pub fn named(adrs: &Adrs) -> BTreeSet<Anchor> {
    let mut out = BTreeSet::new();
    for record in adrs.records.iter().filter(|record| record.is_live()) {
        for (check, _) in record.checks() {
            if let Check::Test { path, name: Some(name) } = check {
                out.extend(Anchor::new(&path, &name).ok());
            }
        }
        out.extend(record.citations().iter().filter_map(|cited| match &cited.to {
            Pointed::Symbol(anchor) => Some(anchor.clone()),
            Pointed::Line { .. } => None,
        }));
    }
    out
}

/// Looks after the checks of accepted decisions, and the citations of live ones.
pub fn keep(look: &Look<'_>) -> Kept {
    let (mut looked_at, mut broken) = (0, 0);
    let live = look.adrs.records.iter().filter(|record| record.is_live());
    let found: Vec<Found<'_>> = live.map(|record| found(look, record, &mut looked_at, &mut broken)).collect();
    if broken >= BRAKE_FROM && broken * 2 > looked_at {
        let folder = &look.language.adr;
        return Kept {
            problems: vec![format!(
                "{broken} of {looked_at} places in the code that decisions in `{folder}` name aren't there, which is too \
                 much to have happened by changes; look whether `roots` of `language` names the folders of the sources"
            )],
            ..Kept::default()
        };
    }
    let issues = (found.iter().filter(|found| !found.gone.is_empty()).map(issue))
        .map(|issue| (issue.subject.clone(), issue))
        .collect::<BTreeMap<_, _>>();
    Kept { proposal: proposal(&found), issues: issues.into_values().collect(), ..Kept::default() }
}

fn found<'a>(look: &Look<'_>, record: &'a Record, looked_at: &mut usize, broken: &mut usize) -> Found<'a> {
    let mut found = Found { record, fixes: Vec::new(), checks: 0, gone: Vec::new() };
    let mut count = |held: &Held| {
        let (told, wrong) = match held {
            Held::Resolved | Held::Renamed(_) => (1, 0),
            Held::Unresolved(_) => (1, 1),
            Held::Manual | Held::Unknown => (0, 0),
        };
        *looked_at += told;
        *broken += wrong;
    };
    let enforced =
        record.status() == Some(Status::Accepted) && record.enforcement() == Some(Enforcement::Enforced);
    for (check, span) in record.checks().into_iter().filter(|_| enforced) {
        let held = held(look, &check);
        count(&held);
        let written = &record.text()[span.clone()];
        match held {
            Held::Renamed(to) => match repoint::check(written, &to) {
                Some(with) => {
                    let said = format!("the check {} is {} now", code(written), code(&with));
                    found.fixes.push((Fix { range: span, with }, said));
                    found.checks += 1;
                }
                None => found.gone.push((check, vec![to.to_string()])),
            },
            Held::Unresolved(meant) => found.gone.push((check, meant)),
            Held::Resolved | Held::Manual | Held::Unknown => {}
        }
    }
    for cited in record.citations() {
        let Pointed::Symbol(anchor) = &cited.to else { continue };
        let held = symbol(look.code, std::slice::from_ref(anchor));
        count(&held);
        let written = &record.text()[cited.span.clone()];
        if let Held::Renamed(to) = held
            && let Some(with) = repoint::citation(written, &to)
        {
            let said = format!("{} is {} now", code(written), code(&with));
            found.fixes.push((Fix { range: cited.span.clone(), with }, said));
        }
    }
    found
}

/// Whether a check is there. The path of a test is that of the repository, or one below a folder of sources.
fn held(look: &Look<'_>, check: &Check) -> Held {
    match check {
        Check::Test { path, name } => {
            let below =
                look.language.roots.iter().map(|root| format!("{}/{path}", root.trim_end_matches('/')));
            let paths: Vec<String> = std::iter::once(path.clone()).chain(below).collect();
            match name {
                None => {
                    let answers: Vec<Answer> = paths.iter().map(|path| look.code.has_file(path)).collect();
                    of_answers(&answers)
                }
                Some(name) => {
                    let anchors = paths.iter().filter_map(|path| Anchor::new(path, name).ok());
                    symbol(look.code, &anchors.collect::<Vec<_>>())
                }
            }
        }
        Check::Command(line) if line.is_empty() => Held::Unresolved(Vec::new()),
        Check::Command(line) => of_answers(&[look.code.has_command(line)]),
        Check::Pointer(_) | Check::Words(_) => Held::Manual,
    }
}

fn of_answers(answers: &[Answer]) -> Held {
    let mut meant = Vec::new();
    let mut unknown = false;
    for answer in answers {
        match answer {
            Answer::Yes => return Held::Resolved,
            Answer::Unknown { why: _ } => unknown = true,
            Answer::No { suggestion } => meant.extend(suggestion.clone()),
        }
    }
    if unknown { Held::Unknown } else { Held::Unresolved(meant) }
}

/// Whether a symbol is in one of the places where it may be.
fn symbol(code: &dyn Code, places: &[Anchor]) -> Held {
    let (mut became, mut meant, mut unknown) = (Vec::new(), Vec::new(), false);
    for anchor in places {
        match code.resolve(anchor) {
            Resolution::Resolves => return Held::Resolved,
            Resolution::Perhaps(_) | Resolution::Unindexed(_) => unknown = true,
            Resolution::Moved(to) | Resolution::Renamed { to, commit: _ } => became.push(to),
            Resolution::Ambiguous(many) => meant.extend(many.iter().map(ToString::to_string)),
            Resolution::Gone | Resolution::Never => {}
        }
    }
    became.sort();
    became.dedup();
    match became.as_slice() {
        _ if unknown => Held::Unknown,
        // A path below a folder of sources that never was has no history, and says only what is called so.
        [to] if meant.iter().all(|it| *it == to.to_string()) && code.resolve(to) == Resolution::Resolves => {
            Held::Renamed(to.clone())
        }
        many => {
            meant.extend(many.iter().map(ToString::to_string));
            meant.sort();
            meant.dedup();
            Held::Unresolved(meant)
        }
    }
}

/// One proposal for all places that moved.
fn proposal(found: &[Found<'_>]) -> Option<Proposal> {
    let due: Vec<&Found<'_>> =
        found.iter().filter(|found| !found.fixes.is_empty()).take(MOST_FILES).collect();
    if due.is_empty() {
        return None;
    }
    let (mut changes, mut files) = (Vec::new(), BTreeMap::new());
    for found in &due {
        let path = found.record.path();
        changes.extend(found.fixes.iter().map(|(_, said)| format!("`{path}`: {said}")));
        let fixes: Vec<Fix> = found.fixes.iter().map(|(fix, _)| fix.clone()).collect();
        files.insert(path.to_owned(), apply(found.record.text(), &fixes));
    }
    changes.sort();
    changes.dedup();
    let checks: usize = due.iter().map(|found| found.checks).sum();
    let citations = due.iter().map(|found| found.fixes.len()).sum::<usize>() - checks;
    let counted = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let what: Vec<String> = [(checks, "check"), (citations, "citation")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, one)| counted(n, one))
        .collect();
    Some(Proposal { title: format!("Re-point {} of decisions", what.join(" and ")), changes, files })
}

fn issue(found: &Found<'_>) -> Issue {
    let (number, path, n) = (found.record.number(), found.record.path(), found.gone.len());
    let what =
        if n == 1 { "a check that isn't there".to_owned() } else { format!("{n} checks that aren't there") };
    let mut body =
        format!("`{path}` is accepted, and these checks that are said to enforce it aren't there:\n\n");
    for (check, meant) in &found.gone {
        let check = code(&check.to_string());
        let meant = meant.iter().take(MOST_MEANT).map(|meant| code(meant)).collect::<Vec<_>>().join(" or ");
        let perhaps = if meant.is_empty() { String::new() } else { format!("; perhaps {meant} is meant") };
        body.push_str(&format!("* {check}{perhaps}\n"));
    }
    body.push_str(
        "\nName a check that there is in `Enforced by`, write the check anew, or say that the decision is kept in \
         another way. This closes when every check is there.\n",
    );
    Issue::new(number.to_string(), format!("{number} is enforced by {what}"), body)
}

/// A text of a file as code within a sentence, in which nothing is a mention, a reference or a link.
fn code(text: &str) -> String {
    let seen: String = text.chars().filter(|c| *c != '`' && !is_unseen(*c)).collect();
    format!("`{}`", cut(&seen.split_whitespace().collect::<Vec<_>>().join(" "), MOST_CHECK))
}
