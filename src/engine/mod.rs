//! When: one comparison of desired and observed, the triggers and the schedule of the daemon, live switches.

mod batch;
mod cycle;
mod daemon;
mod flipping;
mod home;
mod in_force;
mod memory;
mod proposals;
mod scheduler;
mod socket;
mod source;
mod status;
mod switchboard;
mod switches;
mod tick;
mod wakes;
mod watch;
mod webhooks;

pub use batch::{BatchError, Place, Publisher, carry_out, summary};
pub use cycle::{Judged, Judging, judge, look, unsettled_labels};
pub use daemon::{Connect, End, Error as DaemonError, Options as DaemonOptions, run};
pub use flipping::{Flipped, flip};
pub use home::{Home, HomeError};
pub use in_force::{BootError, InForce, Keeper, News, Rejected};
pub use memory::{elsewhere, memory};
pub use scheduler::State;
pub use socket::{AskError, Error as SocketError, Reply, Request, ask};
pub use source::{At, Invalid, Loaded, Source, SourceError, load};
pub use status::{
    BudgetStatus, ConfigStatus, FlipStatus, HeldStatus, LedgerStatus, LoopStatus, RejectedStatus, Status,
    TickStatus,
};
pub use switchboard::Switchboard;
pub use switches::{Flip, Flips, FlipsError, switches};
pub use tick::{Audience, Fatal};
pub use webhooks::Error as WebhookError;
