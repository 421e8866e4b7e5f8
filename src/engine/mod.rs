//! When: one comparison of desired and observed, the triggers and the schedule of the daemon, live switches.

mod cycle;
mod switches;

pub use cycle::{Judged, Judging, judge, look, unsettled_labels};
pub use switches::{Flip, Flips, FlipsError, switches};
