//! Every test that looks at the product from outside: one binary, so that the crate is linked once.
//!
//! How each line of "done when" is shown stands in `docs/TESTING.md`.
#![expect(clippy::disallowed_methods, reason = "tests are their own edge: files, processes, clock")]

mod cli;
mod demo;
mod daemon;
mod faults;
mod judges;
mod kill;
mod laws;
mod one_file;
mod sizes;
mod structure;
mod world;
