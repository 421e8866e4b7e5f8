//! One comparison and what follows from it: read, judge, show, carry out, publish.

mod batch;
mod cycle;
mod memory;
mod proposals;
mod shop;

pub use batch::{Basis, BatchError, Place, Publisher, agree, carry_out, summary};
pub use cycle::{Also, Judged, Judging, World, judge, look, unsettled_labels};
pub use memory::{elsewhere, lasting, memory};
pub(in crate::engine) use proposals::Loads;
pub use shop::{Audience, Fatal};
pub(in crate::engine) use shop::{Done, Order, Shop};
