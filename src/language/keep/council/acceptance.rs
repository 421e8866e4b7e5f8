//! The change of files that makes a decision one that holds.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::adr::council::{Ballot, Outcome, Void};
use crate::language::adr::{self, Adrs, Record, Unkept};
use crate::language::finding::{Finding, Fix};
use crate::language::fix::apply;
use crate::language::keep::{Look, Proposal, cut, harmless};
use crate::model::language::Level;

use super::clerk::with;
use super::judges::voted;
use super::{Accepted, linted, told};

/// The file in the folder of decisions that has the table of them.
const INDEX: &str = "README.md";

/// The most characters of a proposal's title.
const MOST_TITLE: usize = 70;

/// The most characters of a reason in the list of changes; the file has it whole.
const MOST_REASON: usize = 400;

/// How often the decisions whose place is taken are looked at again.
const ROUNDS: usize = 4;

/// The section of reasons that were outvoted.
const MINORITY: &str = "Minority report";

/// The proposal to accept a decision: its status, the reasons that were outvoted, the status of the decisions whose
/// place it takes, and its row in the index.
pub(super) fn proposal(look: &Look<'_>, before: &[Finding], accepted: &Accepted) -> Result<Proposal, String> {
    let (record, outcome) = (&accepted.record, &accepted.outcome);
    let (number, path) = (record.number(), record.path());
    let fails =
        |why: String| format!("{number} was accepted, and that can't be written into `{path}`: {why}");
    let text =
        adr::accepted(record).ok_or_else(|| fails("its status isn't Proposed; look at it".to_owned()))?;
    let text = reported(record, text, outcome).map_err(fails)?;
    let turned = Record::read(path, &text).map_err(|unread| fails(unread.to_string()))?;
    let (after, placed) = taking_places(look, before, with(look.adrs, &turned)).map_err(fails)?;

    let mut changes = BTreeSet::from([format!("`{path}`: the status is Accepted")]);
    if record.enforcement().is_none() {
        changes.insert(format!("`{path}`: nothing is said to enforce it, so it is a `decision-of-record`"));
    }
    if !accepted.amended.is_empty() {
        let titles = accepted.amended.join(", ");
        changes.insert(format!("`{path}`: the clerk wrote {titles} anew before, as the council asked for"));
    }
    changes.extend(ballots(outcome));
    let mut files = BTreeMap::from([(path.to_owned(), text)]);
    for old in after.records.iter().filter(|old| placed.contains(old.path())) {
        changes.insert(if old.path() == path {
            format!("`{path}`: it names the decisions whose place it takes")
        } else {
            format!("`{}`: {number} takes its place, and its status says so", old.path())
        });
        files.insert(old.path().to_owned(), old.text().to_owned());
    }
    let (index, said) = indexed(look, &after);
    changes.extend(said);
    files.extend(index);
    let title = cut(&format!("Accept {number}: {}", harmless(record.title_text(), MOST_TITLE)), MOST_TITLE);
    Ok(Proposal { title, changes: changes.into_iter().collect(), files })
}

/// What each judge said in the round that decided.
fn ballots(outcome: &Outcome) -> Vec<String> {
    let said = |ballot: &Ballot| format!("{}: {}", voted(ballot), harmless(&ballot.reason, MOST_REASON));
    let round = outcome.round;
    let majority = outcome
        .majority
        .iter()
        .map(|ballot| format!("Council, round {round}: {}, {}", ballot.judge, said(ballot)));
    let minority = outcome.minority.iter().map(|kept| {
        let (judge, ballot) = (&kept.ballot.judge, &kept.ballot);
        match kept.void {
            None => format!("Council, round {round}, minority: {judge}, {}", said(ballot)),
            Some(Void::Silent) => format!("Council, round {round}: {judge} gave no verdict"),
            Some(Void::NoSuchDecision | Void::Itself) => {
                format!(
                    "Council, round {round}: {judge} named no other decision that there is, so it is no vote"
                )
            }
        }
    });
    majority.chain(minority).collect()
}

/// The text with the reasons that were outvoted, each quoted in a line; the text as it is where there are none.
fn reported(record: &Record, text: String, outcome: &Outcome) -> Result<String, String> {
    let dissent = outcome.minority.iter().filter(|kept| kept.void.is_none());
    let lines: Vec<String> = dissent
        .map(|kept| {
            let vote = voted(&kept.ballot).replace("ADR-", "ADR ");
            format!("* {} ({vote}): {}", kept.ballot.judge, harmless(&kept.ballot.reason, usize::MAX))
        })
        .collect();
    if lines.is_empty() {
        return Ok(text);
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines = lines.join(end);
    let again = Record::read(record.path(), &text).map_err(|unread| unread.to_string())?;
    let (at, heading) = match again.section(MINORITY) {
        Some(section) => (section.body.end, String::new()),
        None => (text.len(), format!("## {MINORITY}{end}{end}")),
    };
    let kept = text[..at].trim_end().len();
    let rest = if at == text.len() { String::new() } else { format!("{end}{}", &text[at..]) };
    Ok(format!("{}{end}{end}{heading}{lines}{end}{rest}", &text[..kept]))
}

/// The decisions with those mended whose place was taken, and which these are. Any other rule that breaks by it is why
/// it can't be accepted.
fn taking_places(
    look: &Look<'_>,
    before: &[Finding],
    mut adrs: Adrs,
) -> Result<(Adrs, BTreeSet<String>), String> {
    let known: BTreeSet<(&str, &str)> =
        before.iter().map(|old| (old.path.as_str(), old.message.as_str())).collect();
    let mut placed = BTreeSet::new();
    for _ in 0..ROUNDS {
        let fresh: Vec<Finding> = linted(look, &adrs)
            .into_iter()
            .filter(|new| !known.contains(&(new.path.as_str(), new.message.as_str())))
            .collect();
        let mut fixes: BTreeMap<&str, Vec<Fix>> = BTreeMap::new();
        for finding in fresh.iter().filter(|finding| finding.rule == "adr-supersession") {
            if let Some(fix) = &finding.fix {
                fixes.entry(&finding.path).or_default().push(fix.clone());
            }
        }
        if fixes.is_empty() {
            return match fresh.iter().find(|finding| finding.level == Level::Error) {
                Some(finding) => Err(format!("`{}` would break a rule: {}", finding.path, told(finding))),
                None => Ok((adrs, placed)),
            };
        }
        for (path, fixes) in fixes {
            let Some(old) = adrs.records.iter().find(|record| record.path() == path) else { continue };
            let mended =
                Record::read(path, &apply(old.text(), &fixes)).map_err(|unread| unread.to_string())?;
            adrs = with(&adrs, &mended);
            placed.insert(path.to_owned());
        }
    }
    Err("the decisions whose place it takes don't come to rest; write their status by hand".to_owned())
}

/// The index with the new table, where the folder has an index; else what is said about it.
fn indexed(look: &Look<'_>, after: &Adrs) -> (Option<(String, String)>, Option<String>) {
    let path = format!("{}/{INDEX}", look.language.adr.trim_end_matches('/'));
    let Some(page) = look.others.iter().chain(look.pages).find(|page| page.path == path) else {
        return (None, None);
    };
    match adr::kept(Some(&page.text), after) {
        Ok(text) if text == page.text => (None, None),
        Ok(text) => {
            let said = match adr::kept(Some(&page.text), look.adrs) {
                Ok(stale) if stale == page.text => format!("`{path}`: the table of all decisions says so"),
                Ok(_) | Err(_) => {
                    format!("`{path}`: the table of all decisions says so, and what else it lacked")
                }
            };
            (Some((path, text)), Some(said))
        }
        Err(Unkept::NoPlace) => (None, None),
        Err(why @ (Unkept::NoEnd | Unkept::NoBegin | Unkept::Places)) => {
            (None, Some(format!("`{path}` isn't changed: {why}")))
        }
    }
}
