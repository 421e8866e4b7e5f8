//! Git: reading and writing objects in this process, talking to remotes through `git` child processes.
//!
//! Repositories are opened isolated: no configuration of the user or the system is read, replacement objects are
//! off, and no program that a repository's own configuration names is ever run. `git` itself runs in the
//! product's own repositories alone; of one that others write in only `upload-pack` is run, as [`Foreign`] says.

mod blame;
mod child;
mod error;
mod foreign;
mod index;
mod lent;
mod listed;
mod mirror;
mod open;
mod packs;
mod remote;
mod repo;
mod snapshot;
mod submodules;
mod tree;
mod walk;
mod write;
mod writers;

#[cfg(test)]
pub(crate) mod fixture;

pub use blame::Blame;
pub use child::Access;
pub use error::Error;
pub use foreign::{FRUGAL, Foreign, Tip};
pub use index::{Staged, staged};
pub use lent::{CheckOut, Objects, check_out, put_back};
pub use mirror::Mirror;
pub use remote::{Pushed, Refs};
pub use repo::{Commit, Repo, Step};
pub use snapshot::{Content, Entry, Kind, Snapshot, can_be_named};
pub use walk::{Bound, Change};
pub use write::{NewCommit, RefUpdate, Signature};
