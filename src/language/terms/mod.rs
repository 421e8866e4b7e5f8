//! Terms: their files, their ids, and what a change to them means.

pub mod change;
pub mod edit;
pub mod listing;
pub mod read;
#[cfg(test)]
pub mod samples;
pub mod section;
pub mod term;

pub use super::ulid::Ulid;
pub use listing::Listing;
pub use read::{Read, TermFile};
pub use term::{Confidence, Provenance, Relation, Term};
