//! What people switch by hand: kept, in force at once, taken back.

mod board;
mod flipping;
mod flips;

pub use board::Switchboard;
pub(in crate::engine) use flipping::known;
pub use flipping::{Flipped, flip};
pub use flips::{Flip, Flips, FlipsError, switches};
