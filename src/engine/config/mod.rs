//! Where config is read from, what of it is in force, and where the factory writes to it.

mod home;
mod in_force;
mod lineage;
mod memory;
mod source;
pub(in crate::engine) mod watch;

pub use home::{Home, HomeError};
pub(in crate::engine) use in_force::day;
pub use in_force::{AS_IT_WAS, BootError, InForce, Keeper, News, Rejected};
pub use lineage::{Lineage, LineageError, StateHome, take_over};
pub use memory::{Identity, MemoryError};
pub use source::{At, Invalid, Loaded, Source, SourceError, load};
