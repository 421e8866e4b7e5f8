//! GitHub on the wire, for demos, tests and rehearsals. Uses nothing else of this crate.
//!
//! A [`Twin`] is a loopback HTTP server that behaves like GitHub where the product touches it: REST at `/` and at
//! `/api/v3`, GraphQL at `/graphql` and at `/api/graphql`, Git's smart HTTP at `/{owner}/{name}.git`. What it
//! knows is a [`World`], plain data that can be saved, loaded and [generated](generate). It can be told to
//! misbehave by [fault rules](FaultRule), it records [every request](LoggedRequest), and what it doesn't know it
//! answers with 501 and remembers, so that no test passes by accident.
//!
//! It shares no type with the client, so that a wrong field can't be wrong on both sides.
#![expect(
    clippy::disallowed_methods,
    reason = "the twin is a server of its own: clock, files, children and tasks"
)]

mod acts;
pub mod agent;
mod ci;
mod door;
mod generate;
mod git;
mod graphql;
mod handle;
mod rest;
mod shape;
mod state;
#[cfg(test)]
mod tests;
mod webhooks;
pub mod world;

pub use door::faults::{FaultAction, FaultRule};
pub use door::log::LoggedRequest;
pub use door::server::{Error, Options, Twin};
pub use generate::{Generate, generate};
pub use graphql::sdl as graphql_sdl;
pub use handle::{Refused, WorldHandle};
pub use world::World;
