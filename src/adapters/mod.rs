//! The only IO of the product: clock, environment, files, processes, Git, GitHub and the stores.

pub mod attended;
pub mod chance;
pub mod clock;
pub mod disk;
pub mod env;
pub mod fs;
pub mod git;
pub mod github;
pub mod ports;
pub mod process;
pub mod procs;
mod said;
pub mod service;
pub mod state;
pub mod store;

pub use said::said;
