//! GitHub's scalars and enums.

use async_graphql::{Enum, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use jiff::Timestamp;

use crate::twin::shape;
use crate::twin::world::ReviewState;

macro_rules! text_scalar {
    ($(#[$doc:meta])* $name:ident, $graphql:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) String);

        #[Scalar(name = $graphql)]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                if let Value::String(text) = value { Ok(Self(text)) } else { Err(InputValueError::expected_type(value)) }
            }

            fn to_value(&self) -> Value {
                Value::String(self.0.clone())
            }
        }
    };
}

text_scalar!(
    /// An address.
    Uri,
    "URI"
);
text_scalar!(
    /// A Git object id.
    Oid,
    "GitObjectID"
);
text_scalar!(
    /// The full name of a ref.
    RefName,
    "GitRefname"
);
text_scalar!(
    /// A moment in ISO 8601.
    DateTime,
    "DateTime"
);
text_scalar!(
    /// A number with more digits than an `Int` has.
    BigInt,
    "BigInt"
);
text_scalar!(
    /// Bytes in base64.
    Base64String,
    "Base64String"
);

impl From<u64> for BigInt {
    fn from(number: u64) -> Self {
        Self(number.to_string())
    }
}

impl DateTime {
    /// The moment, where it is one.
    pub(crate) fn moment(&self) -> Option<Timestamp> {
        self.0.parse().ok()
    }
}

impl From<Timestamp> for DateTime {
    fn from(at: Timestamp) -> Self {
        Self(shape::time(at).as_str().unwrap_or_default().to_owned())
    }
}

/// Ascending or descending.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum OrderDirection {
    Asc,
    Desc,
}

impl OrderDirection {
    pub(crate) fn apply(self, order: std::cmp::Ordering) -> std::cmp::Ordering {
        match self {
            Self::Asc => order,
            Self::Desc => order.reverse(),
        }
    }
}

/// Who sees a repository.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum RepositoryVisibility {
    Internal,
    Private,
    Public,
}

/// Private or public.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum RepositoryPrivacy {
    Private,
    Public,
}

/// How an account relates to a repository.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum RepositoryAffiliation {
    Collaborator,
    OrganizationMember,
    Owner,
}

/// What the viewer may do with a repository.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum RepositoryPermission {
    Admin,
    Read,
    Write,
}

/// Open or closed.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum IssueState {
    Open,
    Closed,
}

/// Open, closed or merged.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum PullRequestState {
    Open,
    Closed,
    Merged,
}

/// Whether a pull request can be merged.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum MergeableState {
    Conflicting,
    Mergeable,
    Unknown,
}

macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* }) => {
        $(#[$doc])*
        #[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
        pub(crate) enum $name { $($variant),* }

        impl $name {
            /// Reads what the world holds; it was checked when it was set.
            pub(crate) fn of(text: &str) -> async_graphql::Result<Self> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    other => Err(async_graphql::Error::new(format!("unexpected value {other}"))),
                }
            }
        }
    };
}

text_enum!(
    /// The default title of a squash commit.
    SquashMergeCommitTitle { CommitOrPrTitle = "COMMIT_OR_PR_TITLE", PrTitle = "PR_TITLE" }
);
text_enum!(
    /// The default message of a squash commit.
    SquashMergeCommitMessage { Blank = "BLANK", CommitMessages = "COMMIT_MESSAGES", PrBody = "PR_BODY" }
);
text_enum!(
    /// The default title of a merge commit.
    MergeCommitTitle { MergeMessage = "MERGE_MESSAGE", PrTitle = "PR_TITLE" }
);
text_enum!(
    /// The default message of a merge commit.
    MergeCommitMessage { Blank = "BLANK", PrBody = "PR_BODY", PrTitle = "PR_TITLE" }
);
text_enum!(
    /// Why an issue is in its state.
    IssueStateReason {
        Completed = "completed",
        Duplicate = "duplicate",
        NotPlanned = "not_planned",
        Reopened = "reopened"
    }
);
text_enum!(
    /// How far a check run is.
    CheckStatusState { Completed = "completed", InProgress = "in_progress", Queued = "queued" }
);
text_enum!(
    /// How a check run ended.
    CheckConclusionState {
        ActionRequired = "action_required",
        Cancelled = "cancelled",
        Failure = "failure",
        Neutral = "neutral",
        Skipped = "skipped",
        Success = "success",
        TimedOut = "timed_out"
    }
);
text_enum!(
    /// What a commit status says, or all checks of a commit together.
    StatusState { Error = "error", Failure = "failure", Pending = "pending", Success = "success" }
);
text_enum!(
    /// How a file was changed.
    PatchStatus { Added = "added", Deleted = "removed", Modified = "modified", Renamed = "renamed" }
);

/// How two branches lie to each other.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum ComparisonStatus {
    Ahead,
    Behind,
    Diverged,
    Identical,
}

/// What a review came to.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum PullRequestReviewState {
    Approved,
    ChangesRequested,
    Commented,
    Dismissed,
    Pending,
}

impl From<ReviewState> for PullRequestReviewState {
    fn from(state: ReviewState) -> Self {
        match state {
            ReviewState::Approved => Self::Approved,
            ReviewState::ChangesRequested => Self::ChangesRequested,
            ReviewState::Commented => Self::Commented,
            ReviewState::Dismissed => Self::Dismissed,
            ReviewState::Pending => Self::Pending,
        }
    }
}
