//! What open pull requests mean for the language of their repository, and what the factory says of that on them.

use super::{CommitId, Seen};

/// An open pull request onto a repository whose language is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeaningSeen {
    /// Its number.
    pub number: u64,
    /// The commit that it proposes.
    pub head: CommitId,
    /// What it means.
    pub means: Means,
    /// The factory's comment on it: its id and text.
    pub said: Seen<(u64, String)>,
}

/// What a pull request means for the language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// This, in Markdown.
    This(String),
    /// Nothing.
    Nothing,
    /// Nobody can tell; what has to be first.
    Unknown(String),
}

impl Means {
    /// What it means in words, if anything.
    ///
    /// # Errors
    /// What has to be first, where nobody can tell.
    pub fn known(&self) -> Result<Option<&str>, &str> {
        match self {
            Self::This(text) => Ok(Some(text)),
            Self::Nothing => Ok(None),
            Self::Unknown(waits) => Err(waits),
        }
    }
}
