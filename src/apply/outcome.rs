//! What became of an action.

use crate::adapters::github::{Error, Kind};
use crate::model::Cause;

/// The next step where a repository is there and isn't shown.
pub const LET_SEE: &str = "let it see the repository (a fine-grained token lists those it is for, a classic one needs \
                           the scope `repo`, an App its installation there), or declare another name";

/// What became of one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// Somebody had done it already.
    AlreadySo,
    /// It was not done: the object has changed since the plan, or a switch fell.
    Refused {
        /// What is different.
        says: String,
    },
    /// It was not done: GitHub refused, or the way there failed.
    Failed {
        /// What happened.
        says: String,
        /// What sort of trouble.
        trouble: Trouble,
        /// GitHub's request id.
        request_id: Option<String>,
    },
    /// Nobody can tell whether it was done; the next look at the world will.
    Unknown {
        /// What happened.
        says: String,
    },
    /// It was never tried.
    Left {
        /// What was in the way.
        says: String,
    },
}

/// What sort of trouble kept an action from being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The same attempt on the same state would fail again.
    Permanent,
    /// What was looked at a moment ago is gone or was changed meanwhile, as GitHub says. That passes when somebody is at
    /// work there, or GitHub's own copies disagree; else it would fail again.
    Contested,
    /// What is in the way lies where no plan looks, so that nobody sees when it has gone.
    Unseen,
    /// A missing permission.
    Auth,
    /// The credential itself is refused: no call will succeed.
    Expired,
    /// A spent budget.
    RateLimit,
    /// The network or GitHub; a later attempt may succeed.
    Passing,
}

impl Trouble {
    /// Its word in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permanent => crate::ledger::PERMANENT,
            Self::Contested => "contested",
            Self::Unseen => "unseen",
            Self::Auth => "auth",
            Self::Expired => "expired",
            Self::RateLimit => "rate-limit",
            Self::Passing => "passing",
        }
    }

    /// What it means for the exit code of a command.
    pub fn cause(self) -> Cause {
        match self {
            Self::Auth | Self::Expired => Cause::Auth,
            Self::RateLimit => Cause::RateLimit,
            Self::Permanent | Self::Contested | Self::Unseen | Self::Passing => Cause::Other,
        }
    }

    /// The trouble behind a failed request.
    pub fn of(error: &Error) -> Self {
        match error.kind() {
            Kind::Unauthorized => Self::Expired,
            Kind::Forbidden { .. } => Self::Auth,
            Kind::PrimaryLimit { .. } | Kind::SecondaryLimit { .. } => Self::RateLimit,
            Kind::Server | Kind::Timeout | Kind::Network { .. } | Kind::Malformed { .. } => Self::Passing,
            Kind::Absent | Kind::Conflict => Self::Contested,
            Kind::Archived | Kind::Invalid { .. } | Kind::Moved { .. } | Kind::TooLarge => Self::Permanent,
        }
    }
}

impl Outcome {
    /// The outcome of a failed request.
    pub fn failed(error: &Error) -> Self {
        Self::Failed {
            says: error.to_string(),
            trouble: Trouble::of(error),
            request_id: error.request_id().map(str::to_owned),
        }
    }

    /// The outcome of a creation that is refused because there is such a repository, of which nothing is shown.
    #[must_use]
    pub fn unseen(mut self) -> Self {
        if let Self::Failed { says, .. } = &mut self {
            *says = format!(
                "a repository of that name exists, and this credential can't see it; {LET_SEE} ({says})"
            );
        }
        self
    }

    /// It was never tried, for this reason.
    pub fn left(why: impl Into<String>) -> Self {
        Self::Left { says: why.into() }
    }

    /// Whether the world is as the action wanted it.
    pub fn succeeded(&self) -> bool {
        matches!(self, Self::Done | Self::AlreadySo)
    }
}
