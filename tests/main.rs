//! Every test that looks at the product from outside: one binary, so that the crate is linked once.
//!
//! How each line of "done when" is shown stands in `docs/TESTING.md`.
#![expect(clippy::disallowed_methods, reason = "tests are their own edge: files, processes, clock")]
#![expect(
    clippy::unwrap_used,
    clippy::format_collect,
    reason = "a test may panic, and its texts may be slow"
)]
#![expect(
    clippy::wildcard_enum_match_arm,
    clippy::while_let_loop,
    reason = "scanners and generators, not decisions"
)]

mod advice;
mod agents;
mod attrition;
mod bad_days;
mod cli;
mod continuation;
mod daemon;
mod decisions;
mod demo;
mod drift;
mod elsewhere;
mod excerpts;
mod faults;
mod follow_ups;
mod gates;
mod hostile;
mod identities;
mod in_force;
mod judges;
mod keeping;
mod kill;
mod language;
mod language_days;
mod language_loops;
mod language_review;
mod laws;
mod mending;
mod merge_queue;
mod models;
mod one_file;
mod own;
mod pipeline;
mod pipeline_cli;
mod pipeline_kills;
mod places;
mod reap;
mod rework;
mod router;
mod runs;
mod saved;
mod secrets;
mod sizes;
mod spend;
mod structure;
mod tasks;
mod unseen;
mod world;
