//! The merge queue of a branch.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A merge queue: what is in it lands one after the other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MergeQueue {
    /// How it merges: `merge` or `squash`.
    pub method: String,
    /// What is in it, in order.
    #[serde(default)]
    pub entries: Vec<QueueEntry>,
    /// What was taken out of it, oldest first.
    #[serde(default)]
    pub removals: Vec<Removal>,
}

/// A pull request in the queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueEntry {
    /// Database id.
    pub id: u64,
    /// The number of the pull request.
    pub pull: u64,
    /// The head that it was put there with.
    pub head: String,
    /// The login of who put it there.
    #[serde(default)]
    pub by: String,
    /// When.
    pub enqueued_at: Timestamp,
    /// What is tested, once its turn has come.
    #[serde(default)]
    pub group: Option<MergeGroup>,
}

/// A pull request merged with the branch, for the checks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MergeGroup {
    /// The branch that it is on, below `refs/heads/`.
    pub branch: String,
    /// The commit.
    pub sha: String,
    /// Where the branch was that the queue is of.
    pub base: String,
}

/// A pull request that was taken out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Removal {
    /// Database id.
    pub id: u64,
    /// The number of the pull request.
    pub pull: u64,
    /// When.
    pub at: Timestamp,
    /// The login of who did it; of the queue itself where nobody else did.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// What was tested, where something was.
    #[serde(default)]
    pub sha: Option<String>,
}
