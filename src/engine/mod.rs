//! When: one comparison of desired and observed, the triggers and the schedule of the daemon, live switches.

mod batch;
mod cycle;
mod in_force;
mod scheduler;
mod socket;
mod source;
mod status;
mod switchboard;
mod switches;
mod wakes;
mod watch;
mod webhooks;

pub use batch::{BatchError, Place, Publisher, carry_out, summary};
pub use cycle::{Judged, Judging, judge, look, unsettled_labels};
pub use source::{At, Invalid, Loaded, Source, SourceError, load};
pub use switches::{Flip, Flips, FlipsError, switches};
