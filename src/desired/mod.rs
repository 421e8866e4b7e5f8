//! Files at one commit into desired state, or every diagnostic.
//!
//! Pure: the bytes have been read by an adapter. KDL and TOML become one node view (`text`), a generic reader
//! holds it against the definitions of what there is ([`shape`], `sections`), and the sections build
//! [`crate::model::Desired`] and check what only shows between them. Uses nothing of this crate but [`crate::model`].

mod block;
mod credentials;
pub mod diagnostic;
mod docs;
pub mod import;
mod load;
mod misplaced;
mod read;
mod sections;
pub mod shape;
mod text;

pub(crate) use diagnostic::nearest;
pub use diagnostic::{Diagnostic, Label, Severity, render, to_json};
pub use docs::{Unknown, explain, init, reference, schema};
pub use load::load;
pub use sections::check_reason;
pub use shape::{LoopShape, Vocabulary};
pub use text::{Spelling, edit, fmt};

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod load_test;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod spelling_test;
