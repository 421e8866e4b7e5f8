//! Entries of the wiki as data: read, ingested, asked for, judged, indexed, and what pages cite.
//!
//! Everything here is a function of texts. It opens no file: what is to be written comes back as data.

pub mod chain;
pub mod cites;
pub mod entry;
pub mod gate;
pub mod index;
pub mod ingest;
pub mod kinds;
pub mod log;
pub mod page;
pub mod query;
pub mod read;
pub mod reverts;
#[cfg(test)]
pub mod sample;
pub mod stale;
pub mod topics;

pub use chain::lint as lint_entries;
pub use cites::{
    CITATION, Cite, Hint, Style, Verified, cites, dotted_paths, files_of, hints, lint as lint_page, verify,
};
pub use entry::{ENTRY, Entry, Facts, MOST_BYTES, is_named_so, written};
pub use gate::{Grounds, Mention, anchored};
pub use index::index;
pub use ingest::{Cx, Incoming, Ingested, Outcome, Unfit, Write, digest, ingest};
pub use kinds::{CodeRef, Confidence, Source, SourceKind, Standing};
pub use log::{Lost, Op, Operation, append, appended, path as log_path, read as read_log};
pub use page::WikiPage;
pub use query::{Ask, Excerpt, query};
pub use reverts::Reverts;
pub use stale::{Place, Pull, Reason, Verdict, World, is_back, place, verdict};
pub(super) use topics::spaced;
pub use topics::{Topic, Topics};

pub use super::ulid::Ulid;
