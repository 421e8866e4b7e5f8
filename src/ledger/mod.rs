//! The append-only record of intents and outcomes: JSON lines, hash-chained, synced, committed to a Git branch.
//!
//! One file a day; the chain runs across files. Each line carries the hash of the one before and its own, so that
//! an edit, a swap or a cut inside shows in the files alone; a removed tail shows against the branch and against
//! the head that was published last. One process writes, under the lock of the state directory; anybody may read.

mod advice;
mod chain;
mod error;
mod history;
mod index;
mod plays;
mod publish;
mod read;
mod reconcile;
mod record;
mod run;
mod scan;
mod store;
mod summary;
mod verify;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod samples;

pub use advice::Advice;
pub use chain::{Entry, Head, Wrong};
pub use error::{Error, Place};
pub use history::{Change, Event, History, history};
pub use index::{ActionHistory, Index, Open, Settled};
pub use plays::{Advisors, Played, Plays, Share};
pub use publish::{BRANCH, Publication, Published, Target};
pub use read::{Snapshot, read};
pub use reconcile::Reconciled;
pub use record::{
    Aside, AsideWhy, Batch, BatchPhase, Because, Config, Ending, Flip, Intent, Outcome, Overridden, Override,
    PERMANENT, Record, Verdict,
};
pub use run::Run;
pub use store::{Ledger, Recovered};
pub use verify::{Branch, OnBranch, Problem, Report, branch_state, verify};
