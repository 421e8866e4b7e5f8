//! What was done to an issue, and by whom.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Label;

/// One entry of an issue's timeline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IssueEvent {
    /// Database id.
    pub id: u64,
    /// The login of who did it.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub deed: Deed,
}

/// What was done. A label is told as it was then, for it may be gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// It got a label.
    Labeled(Label),
    /// It lost a label.
    Unlabeled(Label),
    /// Somebody was assigned.
    Assigned(String),
    /// Somebody was unassigned.
    Unassigned(String),
    /// It was closed.
    Closed {
        /// `completed` or `not_planned`.
        reason: Option<String>,
        /// The pull request whose merge closed it: repository and number.
        by: Option<(u64, u64)>,
    },
    /// It was opened again.
    Reopened,
    /// It got another title.
    Renamed {
        /// The title before.
        from: String,
        /// The title since.
        to: String,
    },
}
