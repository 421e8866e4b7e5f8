//! Texts about config, derived from the definitions that decode it: explanations, the JSON Schema of the TOML
//! spelling, the reference page, and the commented files that a new factory starts with.

mod example;
mod explain;
mod init;
mod reference;
mod schema;
mod spell;

pub use explain::{Unknown, explain};
pub use init::init;
pub use reference::reference;
pub use schema::schema;
pub(super) use spell::spell;

#[cfg(test)]
pub(super) mod tests;
