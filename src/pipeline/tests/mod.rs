//! What comes next of issues, in words: for each strategy and phase a story in which the first attempt fails.
#![expect(clippy::unnecessary_wraps, reason = "what a run answers, if it does")]

mod advisors;
mod discover;
mod family;
mod implement;
mod intake;
mod judges;
mod merge;
mod people;
mod plan;
mod queue;
mod review;
mod router;
mod rules;
mod shape;
mod story;
mod triage;
mod turns;
