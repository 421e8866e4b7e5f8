//! What an object is right before a write, or why that can't be told. Then nothing is written to it.

use serde_json::Value;

use crate::adapters::github::Error;

/// What an object is.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// Its value, in the form of the action's `before` and `after`.
    pub value: Value,
    /// How many issues and pull requests carry it: of a label that is to be deleted.
    pub carried_by: Option<u64>,
}

impl From<Value> for Looked {
    fn from(value: Value) -> Self {
        Self { value, carried_by: None }
    }
}

/// Why the present value of an object can't be told.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// A request failed.
    #[error("looking at it right before the write failed")]
    Request(#[from] Error),
    /// The records of runs don't tell.
    #[error("looking at the runs right before the start failed")]
    Runs(#[from] super::WorkshopError),
    /// The reply doesn't tell.
    #[error("looking at it right before the write was incomplete: {0}")]
    Partial(String),
}

impl LookError {
    /// The failed request, if one failed.
    pub fn request(&self) -> Option<&Error> {
        match self {
            Self::Request(error) => Some(error),
            Self::Partial(_) | Self::Runs(_) => None,
        }
    }
}
