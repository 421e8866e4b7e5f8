//! The daemon's door: a Unix socket for the commands of the user that runs it. One request a line, one reply a line.

mod client;
mod protocol;
mod server;

pub use client::{AskError, ask};
pub use protocol::{Reply, Request};
pub(crate) use server::Door;
pub use server::{Error, free};
