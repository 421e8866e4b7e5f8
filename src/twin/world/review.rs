//! What reviewers say about a pull request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a review came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReviewState {
    /// It may be merged.
    Approved,
    /// It may not be merged as it is.
    ChangesRequested,
    /// Remarks without a verdict.
    Commented,
    /// A verdict that was taken back.
    Dismissed,
    /// Not submitted yet.
    Pending,
}

impl ReviewState {
    /// GitHub's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::ChangesRequested => "CHANGES_REQUESTED",
            Self::Commented => "COMMENTED",
            Self::Dismissed => "DISMISSED",
            Self::Pending => "PENDING",
        }
    }
}

/// A review of a pull request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Review {
    /// Database id.
    pub id: u64,
    /// The pull request's number.
    pub pull: u64,
    /// The reviewer's login.
    pub author: String,
    /// What it came to.
    pub state: ReviewState,
    /// The text, empty where there is none.
    pub body: String,
    /// The head that was looked at.
    pub commit: String,
    /// When it was submitted; a pending one wasn't.
    #[serde(default)]
    pub submitted_at: Option<Timestamp>,
    /// When it was begun.
    pub created_at: Timestamp,
}

/// A conversation about a place in a pull request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Thread {
    /// Database id.
    pub id: u64,
    /// The pull request's number.
    pub pull: u64,
    /// The file.
    pub path: String,
    /// The line in the new file; the whole file when unset.
    #[serde(default)]
    pub line: Option<u64>,
    /// Who resolved it.
    #[serde(default)]
    pub resolved_by: Option<String>,
    /// What was said, in order; never empty.
    pub comments: Vec<ReviewComment>,
}

/// One comment in a thread.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReviewComment {
    /// Database id.
    pub id: u64,
    /// The review it belongs to.
    pub review: u64,
    /// The author's login.
    pub author: String,
    /// The text.
    pub body: String,
    /// The head that was commented on.
    pub commit: String,
    /// When it was written.
    pub created_at: Timestamp,
}
