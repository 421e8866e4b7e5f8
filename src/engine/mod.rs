//! When: one comparison of desired and observed, the triggers and the schedule of the daemon, live switches.

mod config;
mod daemon;
mod heartbeat;
pub(crate) mod language;
mod metrics;
mod proofs;
mod queues;
mod runs;
mod scheduler;
mod socket;
mod status;
mod switches;
mod tick;
mod wakes;
mod webhooks;

pub use config::{
    AS_IT_WAS, At, BootError, Home, HomeError, Identity, InForce, Invalid, Keeper, Lineage, LineageError,
    Loaded, MemoryError, News, Rejected, Source, SourceError, StateHome, load, take_over,
};
pub use daemon::{Connect, End, Error as DaemonError, Options as DaemonOptions, run};
pub use heartbeat::{EVERY as HEARTBEAT_EVERY, Error as HeartbeatError, Heartbeat, Sign};
pub use metrics::metrics;
pub(crate) use proofs::landed;
pub use proofs::{approval, policy};
pub use queues::{BookStatus, Oldest, PhaseStatus, Queued, Queues, RunsOfIssues};
pub use runs::{
    Abandoned, Known, LeftThere, ONCE_RIGHT, Probed, ReapError, Reaped, ReapedRun, Standing, Starter,
    Unclosed, Yard, close_runs, keep, note_runs, probe, reap, runs_of, seen, unclosed, unseen, variables,
};
pub use scheduler::State;
pub use socket::{AskError, Error as SocketError, Reply, Request, ask, free as free_socket};
pub use status::{
    BudgetStatus, ConfigStatus, FlipStatus, HeldStatus, LedgerStatus, LoopStatus, RejectedStatus, Status,
    TickStatus,
};
pub use switches::{Flip, Flipped, Flips, FlipsError, Switchboard, flip, switches};
pub use tick::{
    Also, Audience, Basis, BatchError, Fatal, Judged, Judging, Place, Publisher, World, agree, carry_out,
    elsewhere, judge, lasting, look, memory, summary, unsettled_labels,
};
pub use webhooks::Error as WebhookError;
