//! One supervised agent in one workspace: what is started, what it says, how it ended, what is saved of it.

pub mod agents;
pub mod bounds;
mod launch;
pub mod outbox;
mod record;
mod redact;
pub mod sandbox;
mod settle;
mod supervisor;
mod transcript;
mod verify;
mod watch;
pub mod workspace;

pub use launch::{LaunchError, launch};
pub use record::{
    Answer, BELL, Begin, Bounds, End, Handover, MARK, On, Processes, Progress, RecordError, RunDir, Spec,
    State, Work,
};
pub use redact::{Redactor, is_masked};
pub use settle::settle;
pub use supervisor::{SuperviseError, supervise};
pub use verify::{Evidence, Found, verify};
pub use watch::{Exit, Stop, Watch};
