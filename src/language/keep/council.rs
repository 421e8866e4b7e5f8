//! Has proposed decisions judged by a council of three, and proposes to accept what it accepts.
//!
//! Each judge is asked alone, round by round; votes are counted by [`crate::language::adr::council`]. Where changes are
//! asked for, a clerk amends the text once, and the council judges that. A decision that breaks a rule isn't judged
//! before it is mended. Every answer belongs to the digest of the text that was judged, so no text is judged twice.

mod acceptance;
mod clerk;
mod judges;
#[cfg(test)]
mod tests;
mod told;

use crate::language::adr::council::{Outcome, Verdict};
use crate::language::adr::{self, Adrs, Record, Status};
use crate::language::finding::Finding;
use crate::model::language::Level;

use super::{Ask, Issue, Kept, Look};
use judges::{Judged, Rounds, judged};

/// The most decisions about which anything is asked at one time, those with the lowest numbers first.
const MOST_DECISIONS: usize = 3;

/// The most bytes of a decision that is judged; what is longer is told as a problem.
const MOST_BYTES: usize = 100_000;

/// The most findings of one decision that its problem names.
const MOST_FINDINGS: usize = 20;

/// Where a decision that is up stands.
enum Standing {
    /// This has to be answered first.
    Due(Vec<Ask>),
    /// The text was accepted, as it is or as the clerk left it.
    Accepted(Box<Accepted>),
    /// It wasn't.
    Refused(Issue),
}

/// A text that the council accepted.
struct Accepted {
    /// The decision, in the text that was accepted.
    record: Record,
    /// The sections that the clerk wrote anew.
    amended: Vec<&'static str>,
    /// The votes.
    outcome: Outcome,
}

/// Judges the decisions that are up, in the order of their numbers.
pub fn keep(look: &Look<'_>) -> Kept {
    let mut kept = Kept::default();
    let findings = linted(look, look.adrs);
    let mut asked = 0;
    let by_number = look.adrs.by_number();
    let up = by_number.values().filter(|record| record.status() == Some(Status::Proposed));
    for record in up {
        if let Some(problem) = blocked(record, &findings) {
            kept.problems.push(problem);
            continue;
        }
        match standing(look, record) {
            Standing::Due(asks) if asked < MOST_DECISIONS => {
                asked += 1;
                kept.asks.extend(asks);
            }
            Standing::Due(_) => {}
            Standing::Accepted(accepted) if kept.proposal.is_none() => {
                match acceptance::proposal(look, &findings, &accepted) {
                    Ok(proposal) => kept.proposal = Some(proposal),
                    Err(problem) => kept.problems.push(problem),
                }
            }
            Standing::Accepted(_) => {}
            Standing::Refused(issue) => kept.issues.push(issue),
        }
    }
    kept
}

/// What rules find in decisions.
fn linted(look: &Look<'_>, adrs: &Adrs) -> Vec<Finding> {
    adr::lint(&adr::Look::new(adrs, look.code, &[], &look.language.roots), &look.language.rules)
}

/// Why a decision can't be judged: everything that is wrong with it, told at once.
fn blocked(record: &Record, findings: &[Finding]) -> Option<String> {
    let (number, path) = (record.number(), record.path());
    if record.text().len() > MOST_BYTES {
        return Some(format!(
            "{number} isn't judged: `{path}` has more than {MOST_BYTES} bytes; move what is that long elsewhere, and link to it"
        ));
    }
    let wrong: Vec<String> = errors(findings, path).map(told).collect();
    if wrong.is_empty() {
        return None;
    }
    let more = wrong.len().saturating_sub(MOST_FINDINGS);
    let shown = wrong[..wrong.len() - more].join(". ");
    let more = if more == 0 { String::new() } else { format!(" And {more} more.") };
    Some(format!("{number} isn't judged before `{path}` is mended: {shown}.{more}"))
}

fn errors<'a>(findings: &'a [Finding], path: &str) -> impl Iterator<Item = &'a Finding> {
    findings.iter().filter(move |finding| finding.level == Level::Error && finding.path == path)
}

/// A finding as a part of a sentence.
fn told(finding: &Finding) -> String {
    match &finding.help {
        Some(help) => format!("{}; {help}", finding.message),
        None => finding.message.clone(),
    }
}

fn standing(look: &Look<'_>, record: &Record) -> Standing {
    let (rounds, outcome) = match judged(look, record) {
        Judged::Due(asks) => return Standing::Due(asks),
        Judged::Settled(rounds, outcome) => (rounds, outcome),
    };
    match outcome.verdict {
        Verdict::Accept => {
            Standing::Accepted(Box::new(Accepted { record: record.clone(), amended: Vec::new(), outcome }))
        }
        Verdict::RequestChanges => amended(look, record, rounds, &outcome),
        Verdict::Reject | Verdict::NoConsensus | Verdict::Duplicate(_) => {
            Standing::Refused(told::issue(record, outcome.verdict, &[("the text", &rounds)], None))
        }
    }
}

/// Where a decision stands that the clerk is to amend.
fn amended(look: &Look<'_>, record: &Record, rounds: Rounds, outcome: &Outcome) -> Standing {
    let (again, titles) = match clerk::amended(look, record, &rounds) {
        clerk::Amended::Due(ask) => return Standing::Due(vec![*ask]),
        clerk::Amended::Unfit(why) => {
            let first = [("the text", &rounds)];
            return Standing::Refused(told::issue(record, outcome.verdict, &first, Some(&why)));
        }
        clerk::Amended::Text(again, titles) => (*again, titles),
    };
    match judged(look, &again) {
        Judged::Due(asks) => Standing::Due(asks),
        Judged::Settled(_, second) if second.verdict == Verdict::Accept => {
            Standing::Accepted(Box::new(Accepted { record: again, amended: titles, outcome: second }))
        }
        Judged::Settled(more, second) => {
            let both = [("the text", &rounds), ("the text as the clerk amended it", &more)];
            Standing::Refused(told::issue(record, second.verdict, &both, None))
        }
    }
}
