//! The control plane of a dark factory.
//!
//! ```text
//! config ──► desired ─┐
//!                     ├─► plan (pure) ─► guard ─► apply ─► ledger
//! world  ──► observed ┘                                └─► world
//! ```
//!
//! Desired state is read from versioned files ([`desired`]), compared with what is [`observed`], and the
//! difference is a plan ([`plan`]) that guards may hold back and [`apply`] carries out, intent before effect,
//! into an append-only [`ledger`]. Agents work in [`runs`]. [`loops`] decide, [`engine`] says when, [`adapters`] hold all IO, and
//! [`twin`] is a local server that behaves like GitHub on the wire.

pub mod adapters;
pub mod apply;
pub mod cli;
pub mod desired;
pub mod engine;
pub mod language;
pub mod ledger;
pub mod loops;
pub mod model;
pub mod observed;
pub mod pipeline;
pub mod plan;
pub mod runs;
pub mod symbols;
pub mod twin;
pub mod work;
