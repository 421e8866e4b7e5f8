//! Where an issue stands, and what comes next of it. Each phase is a file; what an issue is in is derived from what is there:
//! its text, its pull request, its checks, the runs that are over. Labels only show it.

mod advisors;
mod commands;
mod discover;
mod family;
mod hitl;
mod implement;
mod intake;
mod judges;
mod merge;
mod plan;
mod projection;
mod prompt;
mod queue;
mod review;
mod router;
mod rules;
mod shape;
mod stand;
mod touches;
mod triage;
mod view;
mod work;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::model::{
    CommitId, Enqueuing, Landing, Mirror, PassOver, Phase, PullReview, Reply, RunId, Task, Transfer,
};

pub use commands::{Command, Commands, Unheard};
pub use merge::{Unmet, awaits_checks, has_its_turn, lands_resolved, meddled, unmet, waits_in_line};
pub use projection::{MARKER, projection, shows};
pub use queue::dequeues;
pub use review::is_resolution;
pub use review::route_backs;
pub use stand::Queue;
pub use touches::{holds_others, may_wait, shared, touches};
pub use view::{Evidence, View, graduation};

/// Where an issue stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Station {
    /// The phase.
    pub phase: Phase,
    /// What comes next.
    pub stand: Stand,
}

/// What comes next of an issue.
#[derive(Clone, Debug, PartialEq)]
pub enum Stand {
    /// An attempt at this.
    Works(Box<Task>),
    /// Something that is done on GitHub.
    Moves(Box<Move>),
    /// Something else has to be first.
    Waits(String),
    /// A moment has to come first, for a reason.
    Until(Timestamp, String),
    /// Its author is asked something; it is looked at again then.
    Parked {
        /// What is missing, a line each.
        asks: Vec<String>,
        /// When it is looked at again, if something changed.
        due: Option<Timestamp>,
    },
    /// A person's turn, and what was tried before.
    Human {
        /// Why.
        why: String,
        /// What was tried, a line each.
        tried: Vec<String>,
    },
    /// People hold it, or somebody who may has to ask for it again.
    Held(String),
    /// It landed.
    Done(String),
    /// It is none of the factory's any more: whatever runs for it ends.
    Left(String),
}

/// Something that is done on GitHub.
#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    /// What a run made becomes the pull request, or goes to the one that is open.
    Publish {
        /// The run.
        run: RunId,
        /// What it made.
        commit: CommitId,
        /// The branch that it is for.
        base: String,
        /// The open pull request, and the head that it has.
        over: Option<(u64, CommitId)>,
        /// Title.
        title: String,
        /// Markdown.
        body: String,
    },
    /// The pull request is merged.
    Land(Landing),
    /// The pull request is put into the merge queue of its base.
    Enqueue(Enqueuing),
    /// Its branch takes in its base.
    Update {
        /// The pull request.
        number: u64,
        /// Its head.
        head: CommitId,
    },
    /// Conversations are answered.
    Answer(Vec<Reply>),
    /// What the reviews found at its head is written on it.
    Review(PullReview),
    /// It is brought to the repository that it belongs to.
    Transfer(Transfer),
    /// Another one is opened in the repository that it belongs to.
    Mirror(Mirror),
    /// The pull request is closed, and its branch deleted.
    Withdraw {
        /// The pull request.
        number: u64,
        /// Why.
        why: String,
    },
    /// An advisor that gave no word is passed over, in the ledger.
    PassOver(Box<PassOver>),
}

impl Station {
    fn new(phase: Phase, stand: Stand) -> Self {
        Self { phase, stand }
    }

    fn waits(phase: Phase, on: impl Into<String>) -> Self {
        Self::new(phase, Stand::Waits(on.into()))
    }

    fn human(phase: Phase, why: impl Into<String>, tried: Vec<String>) -> Self {
        Self::new(phase, Stand::Human { why: why.into(), tried })
    }

    /// The same, told after what was tried before, where it is a person's turn.
    fn after(mut self, before: &[String]) -> Self {
        if let Stand::Human { tried, .. } = &mut self.stand {
            tried.splice(0..0, before.iter().cloned());
        }
        self
    }

    fn moves(phase: Phase, what: Move) -> Self {
        Self::new(phase, Stand::Moves(Box::new(what)))
    }
}

/// Where an issue stands.
pub fn station(view: &View<'_>) -> Station {
    intake::archived(view)
        .or_else(|| intake::station(view))
        .or_else(|| merge::landed(view))
        .or_else(|| review::station(view))
        .or_else(|| merge::station(view))
        .or_else(|| triage::station(view))
        .or_else(|| discover::station(view))
        .or_else(|| shape::station(view))
        .or_else(|| plan::station(view))
        .unwrap_or_else(|| implement::station(view))
}
