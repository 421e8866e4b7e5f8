//! The only IO of the product: clock, environment, files, processes, Git, GitHub and the stores.

pub mod clock;
pub mod github;
pub mod store;
