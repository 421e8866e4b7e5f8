//! The issue of a decision that wasn't accepted: what came of it, what each judge said, and what happens next.

use crate::language::adr::Record;
use crate::language::adr::council::{Ballot, Verdict};
use crate::language::keep::{Issue, harmless};

use super::judges::{Rounds, voted};

/// The most characters of a reason.
const MOST_REASON: usize = 1_300;

/// The issue of a decision, with the ballots on each text that was judged, and why the clerk's text wasn't.
pub(super) fn issue(
    record: &Record,
    verdict: Verdict,
    judged: &[(&str, &Rounds)],
    unfit: Option<&str>,
) -> Issue {
    let (number, path) = (record.number(), record.path());
    let mut body = format!("`{path}` was judged by the council, and not accepted: {}.\n", outcome(verdict));
    for (what, rounds) in judged {
        for (at, ballots) in rounds.iter().enumerate() {
            body.push_str(&format!("\n**Round {} on {what}**\n\n", at + 1));
            body.extend(ballots.iter().map(said));
        }
    }
    if let Some(why) = unfit {
        let why = harmless(why, MOST_REASON);
        body.push_str(&format!("\nThe clerk was asked to amend it, and that came to nothing: {why}.\n"));
    }
    body.push_str(
        "\nThis text isn't judged again. Change it, and the council judges the new one; or write `Rejected` as its \
         status, and the matter is closed.\n",
    );
    let title = format!("{number} was not accepted: {}", outcome(verdict));
    Issue::new(number.to_string(), title, body)
}

fn outcome(verdict: Verdict) -> String {
    match verdict {
        Verdict::Accept => "accepted".to_owned(),
        Verdict::Reject => "rejected".to_owned(),
        Verdict::RequestChanges => "changes are needed".to_owned(),
        Verdict::Duplicate(number) => format!("duplicate of {number}"),
        Verdict::NoConsensus => "no consensus".to_owned(),
    }
}

fn said(ballot: &Ballot) -> String {
    let reason = harmless(&ballot.reason, MOST_REASON);
    format!("* {}, {}: {reason}\n", ballot.judge, voted(ballot))
}
