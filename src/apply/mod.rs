//! Carries out what the guards permitted: intent before effect, outcome after.
//!
//! Every write needs a [`crate::plan::Permit`]. Right before a write its object is read again and compared with
//! the planned fingerprint; one that changed is refused. Independent failures don't stop the rest.

mod cases;
mod compare;
mod issues;
mod keeping;
mod labels;
mod look;
mod moving;
mod outcome;
mod proposals;
mod pulls;
mod queue;
mod recorder;
mod repositories;
mod run;
mod settle;
mod shown;
mod speech;
mod workshop;
mod writer;

pub use compare::settled_value;
pub use look::{LookError, Looked};
pub use outcome::{LET_SEE, Outcome, Trouble};
pub use recorder::{Recorder, RecorderError};
pub use run::{Report, Watch, apply};
pub use settle::{Needs, needs, settle, under_way_elsewhere};
pub use shown::Shown;
pub use workshop::{Workshop, WorkshopError};
pub use writer::{WriteError, Writer};
