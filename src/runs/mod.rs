//! One supervised agent in one workspace: what is started, what it says, how it ended, what is saved of it.

pub mod agents;
mod answer;
mod bill;
mod books;
pub mod bounds;
mod check;
mod closing;
mod conclusion;
mod ground;
mod launch;
mod litter;
mod meter;
pub mod outbox;
mod record;
mod redact;
pub mod sandbox;
mod settle;
mod step;
mod supervisor;
pub mod temporary;
mod transcript;
mod verify;
mod watch;
pub mod workspace;

pub use answer::{Given, answer};
pub use bill::{Bill, Tally};
pub use check::{CheckError, Checked, Checking, Checks, Verdict, check, launch_check, sweep_checks, verdict};
pub use conclusion::{Conclusion, Left, conclude};
pub use ground::Ground;
pub use launch::{LaunchError, launch};
pub use litter::{LITTER, Litter};
pub use record::{
    Answer, BELL, Begin, Bounds, End, Handover, MARK, On, Processes, Progress, RecordError, RunDir,
    SetupFailed, Spec, State, Work,
};
pub use redact::{Redactor, is_masked};
pub use settle::settle;
pub use supervisor::{SuperviseError, supervise};
pub use verify::{Evidence, Found, verify};
pub use watch::{Exit, Stop, Watch};
