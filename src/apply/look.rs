//! Why the present value of an object can't be told. Then nothing is written to it.

use crate::adapters::github::Error;

/// Why the present value of an object can't be told.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// A request failed.
    #[error("looking at it right before the write failed")]
    Request(#[from] Error),
    /// The reply doesn't tell.
    #[error("looking at it right before the write was incomplete: {0}")]
    Partial(String),
}

impl LookError {
    /// The failed request, if one failed.
    pub fn request(&self) -> Option<&Error> {
        match self {
            Self::Request(error) => Some(error),
            Self::Partial(_) => None,
        }
    }
}
