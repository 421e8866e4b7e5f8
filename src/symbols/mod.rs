//! Symbols of source code: what files define, import and are made from, and what became of an anchor that broke.
//!
//! Implements the term *Anchor* as far as code goes. Pure: files come as bytes, history as data, and the same bytes
//! read the same. Nothing here opens a file, calls Git or looks at a clock.

mod classify;
mod codec;
mod excerpt;
mod file;
mod fingerprint;
mod gate;
mod index;
mod kinds;
mod languages;
mod layout;
mod mentions;
mod named;
mod perhaps;
mod read;
mod resolve;
mod tree;
mod walk;

#[cfg(test)]
mod classify_test;
#[cfg(test)]
mod index_test;
#[cfg(test)]
mod named_test;
#[cfg(test)]
mod perhaps_test;
#[cfg(test)]
mod truth_test;

pub use classify::{FileChange, Revision, Verdict, classify, renaming_commit};
pub use codec::{CodecError, decode_file, encode_file};
pub use excerpt::{Excerpt, excerpt, load_bearing};
pub use file::{Definition, FileSymbols, Implementation, Import, Imported, Kind, Limits, Skip};
pub use fingerprint::Fingerprint;
pub use index::{Declared, Index, Resolved};
pub use languages::Language;
pub use named::named_by;
pub use perhaps::{Before, inherited, perhaps};
pub use read::{Reader, shares};
pub use resolve::{Base, Use};
pub use tree::{Entry, TreeRecord};
