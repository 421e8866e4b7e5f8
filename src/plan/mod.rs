//! Pure machinery between what loops want and what is done: combining, guards, an independent checker, and the
//! plan document in its three spellings. No IO; the same input gives the same bytes.

mod check;
mod combine;
mod document;
pub mod guard;
pub mod render;
mod rules;
#[cfg(test)]
pub(crate) mod samples;
mod saved;

pub use check::{Violation, check};
pub use combine::{Plan, Problem, Waiting, combine};
pub use document::{Disabled, Document, Planned, Reading, Summary};
pub use guard::{Blocked, GuardContext, Memory, NotInForce, Permit, Permitted, Switch, Switches, Verdict};
pub use rules::RuleChange;
pub use saved::{SavedAction, SavedError, SavedPlan};
