//! Tells which decisions merged pull requests may have made untrue, so that people look at them.
//!
//! A pull request touches a live decision when a symbol that the decision cites in a changed file isn't there any more,
//! or when the decision cites the changed file itself, and that is gone or is no infrastructure that many decisions
//! share. A pull request that changes the decision too touches it never, and ends what was told before. Nothing is
//! asked and nothing is changed.
//!
//! What it looks at are the pull requests that were merged since it was switched on: an issue lasts as long as they are
//! there to be looked at.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::language::adr::{Number, Pointed, Record, is_file};
use crate::language::code::{Answer, Code, Resolution};
use crate::language::markdown::Markdown;
use crate::language::wiki::{self, Style, files_of};

use super::{Issue, Kept, Look, Merged};

/// A pull request that touches so many decisions is one issue of its own.
const MANY: usize = 4;

/// A file that so many live decisions cite is shared: a change of it says nothing about any of them.
const SHARED: usize = 4;

/// The most pull requests that an issue lists, the latest ones.
const MOST_PULLS: usize = 30;

/// The most places in the code that are told of one pull request and one decision.
const MOST_PLACES: usize = 10;

/// What a live decision says about the code.
struct Cites<'a> {
    record: &'a Record,
    /// The symbols that aren't where it says: by file, each as it is told.
    broken: BTreeMap<String, BTreeSet<String>>,
    /// The files that it names themselves, each with how it is told that it is gone, where it is.
    files: BTreeMap<&'a str, Option<String>>,
    /// Every file that it cites, in either way.
    all: BTreeSet<String>,
}

/// Why a decision is touched: a line for each place in the code.
type Reasons = BTreeSet<String>;

/// Tells what the merged pull requests touch.
pub fn keep(look: &Look<'_>) -> Kept {
    let by_number = look.adrs.by_number();
    let live = by_number.values().filter(|record| record.is_live());
    let cites: Vec<Cites<'_>> = live.map(|record| cites(record, &look.language.roots, look.code)).collect();
    let mut citing: BTreeMap<&str, usize> = BTreeMap::new();
    for path in cites.iter().flat_map(|cites| &cites.all) {
        *citing.entry(path).or_default() += 1;
    }
    let mut merged: Vec<&Merged> = look.merged.iter().collect();
    merged.sort_by_key(|pull| (pull.at, pull.number));

    let mut issues = Vec::new();
    let mut rolling: BTreeMap<Number, Vec<(u64, Reasons)>> = BTreeMap::new();
    for (at, pull) in merged.iter().enumerate() {
        let touched: Vec<(&Record, Reasons)> = (cites.iter())
            .filter(|cites| !changes(pull, cites.record))
            .map(|cites| (cites.record, reasons(look, cites, pull, &citing)))
            .filter(|(_, reasons)| !reasons.is_empty())
            .collect();
        let many = touched.len() >= MANY;
        let open = touched
            .into_iter()
            .filter(|(record, _)| !merged[at..].iter().any(|later| changes(later, record)));
        if many {
            issues.extend(of_pull(pull.number, &open.collect::<Vec<_>>()));
        } else {
            open.for_each(|(record, reasons)| {
                rolling.entry(record.number()).or_default().push((pull.number, reasons));
            });
        }
    }
    issues.extend(
        rolling.iter().filter_map(|(number, pulls)| Some(of_decision(by_number.get(number)?, pulls))),
    );
    issues.sort_by(|a, b| a.subject.cmp(&b.subject));
    Kept { issues, ..Kept::default() }
}

fn cites<'a>(record: &'a Record, roots: &[String], code: &dyn Code) -> Cites<'a> {
    let mut cites = Cites { record, broken: BTreeMap::new(), files: BTreeMap::new(), all: BTreeSet::new() };
    for cited in record.citations() {
        let Pointed::Symbol(anchor) = &cited.to else { continue };
        cites.all.insert(anchor.path().to_owned());
        let became = match code.resolve(anchor) {
            Resolution::Resolves | Resolution::Perhaps(_) | Resolution::Unindexed(_) => continue,
            Resolution::Moved(to) | Resolution::Renamed { to, commit: _ } => format!("is `{to}` now"),
            Resolution::Ambiguous(_) => "isn't there any more, and nobody can tell what it became".to_owned(),
            Resolution::Gone => "isn't there any more".to_owned(),
            Resolution::Never => "isn't there".to_owned(),
        };
        cites.broken.entry(anchor.path().to_owned()).or_default().insert(format!("`{anchor}` {became}"));
    }
    for cite in wiki::cites(record.text(), roots) {
        let Style::Dotted(dotted) = &cite.style else { continue };
        // What isn't there any more is looked for in the module that still is.
        let Some(path) = files_of(dotted).into_iter().find(|path| code.has_file(path) == Answer::Yes) else {
            continue;
        };
        if matches!(code.has_dotted(dotted), Answer::No { .. }) {
            let told = format!("`{dotted}` isn't there any more");
            cites.broken.entry(path.clone()).or_default().insert(told);
        }
        cites.all.insert(path);
    }
    for span in Markdown::of(record.text(), 0).code() {
        let path = record.text()[span.clone()].trim();
        if is_file(path) {
            let gone = match code.has_file(path) {
                Answer::No { suggestion: Some(meant) } if is_file(&meant) => {
                    Some(format!("`{path}` is gone, and may be `{meant}` now"))
                }
                Answer::No { suggestion: _ } => Some(format!("`{path}` is gone")),
                Answer::Yes | Answer::Unknown { why: _ } => None,
            };
            cites.all.insert(path.to_owned());
            cites.files.insert(path, gone);
        }
    }
    cites
}

/// Whether a pull request changes the file of a decision, whatever its title was then.
fn changes(pull: &Merged, record: &Record) -> bool {
    let folder = &record.path()[..record.path().len() - record.file_name().len()];
    let start = format!("{folder}{}-", record.number().digits());
    pull.files.iter().any(|path| path.starts_with(&start))
}

fn reasons(look: &Look<'_>, cites: &Cites<'_>, pull: &Merged, citing: &BTreeMap<&str, usize>) -> Reasons {
    let mut reasons = Reasons::new();
    for path in pull.files.iter().map(String::as_str) {
        reasons.extend(cites.broken.get(path).into_iter().flatten().cloned());
        let shared = citing.get(path).is_some_and(|decisions| *decisions >= SHARED);
        reasons.extend(match cites.files.get(path) {
            Some(Some(gone)) => Some(gone.clone()),
            Some(None) if !shared && is_source(look, path) => Some(format!("`{path}` changed")),
            Some(None) | None => None,
        });
    }
    reasons
}

/// Whether a file lies in a folder of sources: what decisions say about other files isn't about code.
fn is_source(look: &Look<'_>, path: &str) -> bool {
    look.language
        .roots
        .iter()
        .map(|root| root.trim_end_matches('/'))
        .any(|root| root == "." || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/')))
}

fn of_decision(record: &Record, pulls: &[(u64, Reasons)]) -> Issue {
    let (number, n) = (record.number(), pulls.len());
    let s = if n == 1 { "" } else { "s" };
    let mut body = format!("Code that `{}` cites was changed, and the decision wasn't:\n\n", record.path());
    let earlier = n.saturating_sub(MOST_PULLS);
    if earlier > 0 {
        body.push_str(&format!("* {earlier} earlier pull requests\n"));
    }
    for (pull, reasons) in &pulls[earlier..] {
        body.push_str(&format!("* #{pull}: {}\n", listed(reasons)));
    }
    body.push_str(
        "\nLook whether it still holds. Where it doesn't, change what it says or supersede it; where it does, cite what \
         there is now. The next merged change of its file closes this.\n",
    );
    Issue::new(number.to_string(), format!("{number} cites code that {n} pull request{s} changed"), body)
}

/// The issue of a pull request that touches many decisions; none where all of them were changed since.
fn of_pull(pull: u64, open: &[(&Record, Reasons)]) -> Option<Issue> {
    if open.is_empty() {
        return None;
    }
    let mut body =
        format!("#{pull} changed code that these decisions cite, and they weren't changed since:\n\n");
    for (record, reasons) in open {
        body.push_str(&format!("* `{}`: {}\n", record.path(), listed(reasons)));
    }
    body.push_str(
        "\nLook whether they still hold. A merged change of the file of a decision takes it off this list; the last one \
         closes this.\n",
    );
    Some(Issue::new(format!("pull-{pull}"), format!("#{pull} touches many decisions"), body))
}

fn listed(reasons: &Reasons) -> String {
    let more = reasons.len().saturating_sub(MOST_PLACES);
    let shown: Vec<&str> = reasons.iter().take(MOST_PLACES).map(String::as_str).collect();
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    format!("{}{more}", shown.join(", "))
}
