//! Issues that follow-ups of runs become: what is seen of those that are there, and one to open.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{FollowUp, RepoName, RunId, Seen, is_hidden};

/// An issue, as far as it tells whether something is said already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueSeen {
    /// Its number.
    pub number: u64,
    /// What its title says, as [`said_by`] gives it.
    pub title: String,
    /// The follow-ups that it was opened for, by [`FollowUp::digest`]: whoever edits its title leaves that.
    pub marks: BTreeSet<String>,
    /// When it was closed; open issues were not.
    pub closed: Option<Timestamp>,
}

impl IssueSeen {
    /// Whether it says what a run found that ended at this moment: it was opened for that, or has its title and is open,
    /// or was closed since. One that was closed before the run is about an earlier state of things.
    pub fn tells(&self, found: &FollowUp, ended: Timestamp) -> bool {
        // GitHub tells whole seconds.
        let since = |at: Timestamp| at.as_second() >= ended.as_second();
        self.marks.contains(&found.digest)
            || (self.title == said_by(&found.title) && self.closed.is_none_or(since))
    }
}

/// What a title says, however it is spaced and in whatever case.
pub fn said_by(title: &str) -> String {
    title
        .chars()
        .filter(|c| !c.is_whitespace() && !is_hidden(*c))
        .flat_map(char::to_lowercase)
        .collect::<String>()
        .trim_end_matches('.')
        .to_owned()
}

/// What is known of the issues that follow-ups of runs became, or may become.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    /// The follow-ups that the ledger knows issues of, by repository and [`FollowUp::digest`]: whatever became of those,
    /// they are not opened again.
    pub opened: BTreeSet<(RepoName, String)>,
    /// The issues of the repositories that were asked for: all that are open, and those that were touched since the runs
    /// in question ended.
    pub issues: BTreeMap<RepoName, Seen<Vec<IssueSeen>>>,
    /// The follow-ups in which a secret is found that this machine knows by now, by [`FollowUp::digest`].
    pub leaks: BTreeSet<String>,
}

/// An issue to open for what a run found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIssue {
    /// The repository.
    pub repo: RepoName,
    /// The run.
    pub run: RunId,
    /// When it ended.
    pub ended: Timestamp,
    /// What it found, as it said it.
    pub found: FollowUp,
    /// Title, in which nobody is called and nothing referred to.
    pub title: String,
    /// Markdown, hidden marker included.
    pub body: String,
}

impl OpenIssue {
    /// The issue, as plans and records show it.
    pub fn value(&self) -> Value {
        json!({ "title": self.title, "body": self.body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_already() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (ended, before, since) =
            (at("2026-06-01T12:00:00.7Z"), at("2026-06-01T11:59:59Z"), at("2026-06-01T12:00:01Z"));
        let found = FollowUp::new("Mend the @types of the roof", "It leaks.");
        let mark = || BTreeSet::from([found.digest.clone()]);
        let other = || BTreeSet::from([FollowUp::new("Mend the @types of the roof", "").digest]);
        for (title, marks, closed, tells) in [
            ("Mend the @types of the roof", BTreeSet::new(), None, true),
            ("mend the @ types  of\u{200b} the Roof.", BTreeSet::new(), None, true),
            ("Mend the @types of the roof", BTreeSet::new(), Some(since), true),
            ("Mend the @types of the roof", BTreeSet::new(), Some(at("2026-06-01T12:00:00Z")), true),
            ("Mend the @types of the roof", BTreeSet::new(), Some(before), false),
            ("Mend the @types of the door", BTreeSet::new(), None, false),
            ("Renamed by a person", mark(), None, true),
            ("Renamed by a person", mark(), Some(before), true),
            ("Renamed by a person", other(), None, false),
        ] {
            let issue = IssueSeen { number: 1, title: said_by(title), marks, closed };
            assert_eq!(issue.tells(&found, ended), tells, "{title} {closed:?}");
        }
    }
}
