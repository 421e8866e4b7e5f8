//! What every request passes on its way to GitHub's model and back: the listener, the gateway, who asks, limits,
//! faults on demand, the log.

pub(super) mod admin;
pub(super) mod auth;
pub(super) mod failure;
pub(super) mod faults;
pub(super) mod gateway;
pub(super) mod limits;
pub(super) mod log;
pub(super) mod outage;
pub(super) mod server;
pub(super) mod session;
pub(super) mod wire;
