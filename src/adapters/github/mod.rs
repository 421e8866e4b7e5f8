//! GitHub over HTTP: authenticated, within its limits, revalidated, and with every failure classified.
//!
//! A [`Client`] knows nothing of what the product wants from GitHub. It takes paths and GraphQL texts and
//! returns JSON, and it promises four things. A read is fresh: an answer from the cache was vouched for by a
//! 304 to this very request. A failure says what it was and whether the request may have taken effect
//! ([`Error`]). Nothing is repeated that could happen twice ([`Effect`]). And no foreground command sleeps
//! until a limit resets: it is told ([`Kind::PrimaryLimit`]) and decides.
//!
//! A read goes from `client` through `coalesce` (equal reads under way share one request) and `cache` (ETags);
//! then every call goes over the `wire`: `budget` (limits), `transport` (octocrab's stack), `classify` (a
//! [`Reply`] or an [`Error`]), `retry`. No types of ours that describe repositories or labels belong here, and no
//! models, pagination, GraphQL helper, retry or cache of octocrab's are used.

mod cache;
mod client;
mod coalesce;
mod config;
mod credentials;
mod error;
mod graphql;
mod identities;
mod links;
mod pages;
mod read;
mod stats;
pub mod webhook;
mod wire;

#[cfg(test)]
mod tests;

pub use client::{Client, Effect};
pub use config::{Auth, Config, ContentLimits, Patience, Retries, SetupError, Timeouts};
pub use credentials::Identity;
pub use error::{Disposition, Error, FieldError, Kind, Sent};
pub use graphql::{Cost, GraphqlError, GraphqlReply, Operation};
pub use identities::Clients;
pub use links::{Links, segment};
pub use stats::Stats;
pub use wire::{Pool, PoolState, Reply};
