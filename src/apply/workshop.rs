//! What is done on this machine rather than by a request: agents started, their work pushed.

use futures::future::BoxFuture;
use serde_json::Value;

use crate::model::{OpenPull, RunId, RunOf, StartRun, StopRun};

use super::outcome::Trouble;

/// Where runs are; the engine knows.
pub trait Workshop: Send + Sync {
    /// The value of the latest run of this work, in the form of a [`crate::model::Verb::StartRun`]: what a run of this
    /// attempt, that came after the same one and goes on with the same one, was started with, else which run came before
    /// it.
    ///
    /// # Errors
    /// When the records of runs can't be read.
    fn look(&self, of: &RunOf) -> Result<Value, WorkshopError>;

    /// Starts a run.
    fn start<'a>(&'a self, start: &'a StartRun) -> BoxFuture<'a, Result<(), WorkshopError>>;

    /// Whether a run is at work that nobody has asked to end.
    ///
    /// # Errors
    /// When its records can't be read.
    fn is_at_work(&self, run: &RunId) -> Result<bool, WorkshopError>;

    /// Asks a run to end.
    fn stop<'a>(&'a self, stop: &'a StopRun) -> BoxFuture<'a, Result<(), WorkshopError>>;

    /// Pushes what a run made to the branch that is its own.
    fn push<'a>(&'a self, pull: &'a OpenPull) -> BoxFuture<'a, Result<(), WorkshopError>>;
}

/// Why a run could not be started, or its work not be pushed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{says}")]
pub struct WorkshopError {
    /// What happened.
    pub says: String,
    /// What sort of trouble.
    pub trouble: Trouble,
}
