//! Issues, pull requests (an issue with a branch) and comments.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::IssueEvent;

/// Whether it is still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IssueState {
    /// Still open.
    Open,
    /// Closed or merged.
    Closed,
}

impl IssueState {
    /// GitHub's word for it in REST.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// An issue, or a pull request when [`Issue::pull`] is set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Issue {
    /// Database id.
    pub id: u64,
    /// The number within its repository.
    pub number: u64,
    /// The author's login.
    pub author: String,
    /// The title.
    pub title: String,
    /// The text.
    #[serde(default)]
    pub body: Option<String>,
    /// Open or closed.
    pub state: IssueState,
    /// `completed`, `not_planned` or `reopened`.
    #[serde(default)]
    pub state_reason: Option<String>,
    /// Ids of its labels, in the order they were added.
    #[serde(default)]
    pub labels: Vec<u64>,
    /// Logins of those assigned.
    #[serde(default)]
    pub assignees: Vec<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was closed.
    #[serde(default)]
    pub closed_at: Option<Timestamp>,
    /// Who closed it.
    #[serde(default)]
    pub closed_by: Option<String>,
    /// When its text was last edited.
    #[serde(default)]
    pub edited_at: Option<Timestamp>,
    /// Who edited its text last.
    #[serde(default)]
    pub edited_by: Option<String>,
    /// What was done to it, oldest first.
    #[serde(default)]
    pub events: Vec<IssueEvent>,
    /// The issues it waits for: repository and number.
    #[serde(default)]
    pub blocked_by: Vec<(u64, u64)>,
    /// The issue that it is a part of: repository and number.
    #[serde(default)]
    pub parent: Option<(u64, u64)>,
    /// Its parts, in their order: repository and number.
    #[serde(default)]
    pub sub_issues: Vec<(u64, u64)>,
    /// What makes it a pull request.
    #[serde(default)]
    pub pull: Option<Pull>,
}

impl Issue {
    /// An open issue without text, labels or history.
    pub fn new(id: u64, number: u64, author: &str, title: &str, at: Timestamp) -> Self {
        Self {
            id,
            number,
            author: author.to_owned(),
            title: title.to_owned(),
            body: None,
            state: IssueState::Open,
            state_reason: None,
            labels: Vec::new(),
            assignees: Vec::new(),
            created_at: at,
            updated_at: at,
            closed_at: None,
            closed_by: None,
            edited_at: None,
            edited_by: None,
            events: Vec::new(),
            blocked_by: Vec::new(),
            parent: None,
            sub_issues: Vec::new(),
            pull: None,
        }
    }
}

/// The branches of a pull request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pull {
    /// Database id of the pull request (its issue has another one).
    pub id: u64,
    /// The repository the head branch lives in.
    pub head_repo: u64,
    /// The head branch.
    pub head_ref: String,
    /// The head commit: moves with the branch while the pull request is open.
    pub head_sha: String,
    /// The branch it is to be merged into.
    pub base_ref: String,
    /// The base commit when it was opened, or last seen.
    pub base_sha: String,
    /// Not ready for review.
    #[serde(default)]
    pub draft: bool,
    /// When it was merged.
    #[serde(default)]
    pub merged_at: Option<Timestamp>,
    /// Who merged it.
    #[serde(default)]
    pub merged_by: Option<String>,
    /// The commit that merged it.
    #[serde(default)]
    pub merge_commit_sha: Option<String>,
    /// That it lands by itself once nothing is in its way.
    #[serde(default)]
    pub auto_merge: Option<Box<AutoMerge>>,
}

/// That a pull request lands by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AutoMerge {
    /// Who turned it on.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// `merge`, `squash` or `rebase`.
    pub method: String,
    /// The first line of the commit.
    #[serde(default)]
    pub title: Option<String>,
    /// The rest of it.
    #[serde(default)]
    pub message: Option<String>,
}

/// A comment on an issue or pull request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comment {
    /// Database id.
    pub id: u64,
    /// The issue's number.
    pub issue: u64,
    /// The author's login.
    pub author: String,
    /// The text.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When its text was last edited.
    #[serde(default)]
    pub edited_at: Option<Timestamp>,
    /// Who edited its text last.
    #[serde(default)]
    pub edited_by: Option<String>,
}
