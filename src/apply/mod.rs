//! Carries out what the guards permitted: intent before effect, outcome after.
//!
//! Every write needs a [`crate::plan::Permit`]. Right before a write its object is read again and compared with
//! the planned fingerprint; one that changed is refused. Independent failures don't stop the rest.

mod compare;
mod labels;
mod proposals;
mod recorder;
mod repositories;
mod run;
mod settle;
mod speech;
mod writer;

pub use compare::settled_value;
pub use recorder::{Recorder, RecorderError};
pub use run::{Done, Gate, Outcome, Progress, Report, Result_, apply};
pub use settle::settle;
pub use writer::Writer;
