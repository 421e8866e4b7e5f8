//! Work for agents, whoever wants it: what a session that goes on is told, who may start now, and how the next attempt begins.

mod continuation;
mod next;
mod room;
mod start;
pub(crate) mod words;

use jiff::Timestamp;

use crate::model::{Desired, Observed};

pub(crate) use continuation::continuation;
pub use continuation::goes_on;
pub(crate) use next::{IN_VAIN, Next, ends, in_vain, next, under_way};
pub(crate) use room::Room;

/// What work is looked at with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cx<'a> {
    /// The config in force.
    pub(crate) desired: &'a Desired,
    /// What was read.
    pub(crate) observed: &'a Observed,
    /// The time of this tick.
    pub(crate) now: Timestamp,
}
