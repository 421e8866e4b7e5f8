//! One supervised agent in one workspace: what is started, what it says, how it ended, what is saved of it.

pub mod agents;
