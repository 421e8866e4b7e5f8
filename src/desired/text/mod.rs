//! Text in two spellings: files, positions in them, and the one node view in which KDL and TOML meet.

pub mod edit;
mod edit_kdl;
mod edit_toml;
mod files;
pub mod fmt;
mod from_kdl;
mod from_toml;
mod lex;
mod lex_toml;
mod node;
mod parse;
mod unseen;

pub use files::Spelling;
pub(super) use files::{Files, Span, as_u32, strip_mark};
pub(super) use node::{Node, Raw, Scalar, shorten};
pub(super) use parse::parse;
pub(super) use unseen::shown;
