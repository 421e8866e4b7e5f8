//! GitHub's merge queue: how a pull request stands with it, and how that looks to who puts it there.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Case, CheckSeen, CommitId, PullCase, RepoName, Seen, Trusted, Watched};

/// The login by which GitHub's merge queue does what it does.
pub const QUEUE_BOT: &str = "github-merge-queue[bot]";

/// How a pull request stands with the merge queue of its base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeQueue {
    /// Its entry, while it is in the queue.
    pub entry: Option<QueueEntry>,
    /// When it was last taken out.
    pub removed: Option<Removed>,
}

/// The entry of a pull request that is in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueEntry {
    /// How it stands.
    pub state: EntryIs,
    /// Its place, from one.
    pub position: u64,
    /// Who put it there: a login, empty where the account is gone.
    pub by: String,
}

/// How an entry of the queue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryIs {
    /// Others come first.
    Queued,
    /// It is being tested together with its base.
    AwaitingChecks,
    /// It is about to land.
    Mergeable,
    /// It is about to be taken out.
    Unmergeable,
    /// The queue is at work on it.
    Locked,
}

impl EntryIs {
    /// Its word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::AwaitingChecks => "awaiting checks",
            Self::Mergeable => "mergeable",
            Self::Unmergeable => "unmergeable",
            Self::Locked => "locked",
        }
    }
}

/// A pull request was taken out of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// When.
    pub at: Timestamp,
    /// Who did it: a login, that of the queue where it did so itself, empty where the account is gone.
    pub by: String,
    /// What GitHub says of why.
    pub why: Option<String>,
    /// The checks at the commit that it names; unknown where not all were read.
    pub checks: Seen<Vec<CheckSeen>>,
}

/// Puts a pull request into the merge queue of its base, at one head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enqueuing {
    /// The repository.
    pub repo: RepoName,
    /// What of the issue must be as it was seen; its pull request is among it.
    pub watched: Watched,
    /// The pull request.
    pub pull: u64,
    /// The only head that is put there.
    pub head: CommitId,
    /// Whose word it relies on.
    pub trusted: Trusted,
}

impl Enqueuing {
    /// How the pull request looks once this is done.
    pub fn done(&self) -> Value {
        queued(self.pull, &self.head)
    }

    /// How it looks: as it does once this is done, which it also does once it landed from there, or with all that decides
    /// whether it may be done. `lost`: those that it relies on and whose word counts no longer.
    pub fn value(&self, case: &Case, lost: &[String]) -> Value {
        let is_there =
            |pull: &PullCase| pull.merged() || pull.queue.as_ref().is_some_and(|queue| queue.entry.is_some());
        match case.pulls.iter().find(|pull| pull.number == self.pull) {
            Some(pull) if is_there(pull) => queued(pull.number, &pull.head),
            Some(_) | None => Trusted::beside(case.stamp(&self.watched), lost),
        }
    }
}

/// Takes a pull request out of the merge queue of its base, where the factory put it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dequeuing {
    /// The repository.
    pub repo: RepoName,
    /// What of the issue must be as it was seen.
    pub watched: Watched,
    /// The pull request.
    pub pull: u64,
}

impl Dequeuing {
    /// How the pull request looks once this is done.
    pub fn done(&self) -> Value {
        json!({ "pull": self.pull, "queued": false })
    }

    /// How it looks: as it does once this is done, whoever took it out and also once it landed, or with what decides whether it
    /// may be done.
    pub fn value(&self, case: &Case) -> Value {
        let entry = |pull: &PullCase| pull.queue.as_ref()?.entry.clone();
        let pull = case.pulls.iter().find(|pull| pull.number == self.pull && pull.open);
        match pull.and_then(entry) {
            Some(entry) => {
                let value = json!({ "pull": self.pull, "queued": true, "by": entry.by });
                self.watched.beside(value, case.stamp(&self.watched))
            }
            None => self.done(),
        }
    }
}

fn queued(pull: u64, head: &CommitId) -> Value {
    json!({ "pull": pull, "queued": true, "head": head.as_str() })
}

impl MergeQueue {
    /// All of it that decides whether a pull request may be put there, for comparison.
    pub(super) fn stamp(&self) -> Value {
        let removed = self.removed.as_ref().map(|it| it.at.to_string());
        json!({ "in": self.entry.is_some(), "removed": removed })
    }
}
