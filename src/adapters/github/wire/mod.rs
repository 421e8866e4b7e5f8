//! One request on its way: admitted by the budget, sent, classified, and sent again where that is safe.
//!
//! What is above this decides *what* to ask and as whom; nothing in here knows of caches, listings or
//! installations.

mod budget;
mod classify;
mod exchange;
mod limits;
mod retry;
mod transport;

pub use classify::Reply;
pub(super) use exchange::{Access, Answer, Call, Exchange};
pub use limits::{Pool, PoolState};
pub(super) use retry::Repeatable;
pub(super) use transport::{Bearer, JSON};
