//! Labels: their names, and what is wanted of one.

use std::fmt;

/// A label's name. Keeps its spelling; [`LabelName::key`] is what GitHub compares by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelName(Box<str>);

/// Why a text is not a label's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelNameError {
    /// Nothing but white space.
    #[error("a label's name is not empty")]
    Empty,
    /// More than GitHub's 50 characters.
    #[error("a label's name has at most 50 characters, this one {0}")]
    Long(usize),
    /// A control character or a comma.
    #[error("a label's name has no control characters and no comma")]
    Character,
}

impl LabelName {
    /// Parses a label's name by GitHub's rules.
    ///
    /// # Errors
    /// When it is empty, longer than 50 characters, or has a control character or a comma.
    pub fn parse(text: &str) -> Result<Self, LabelNameError> {
        if text.trim().is_empty() || text.trim() != text {
            return Err(LabelNameError::Empty);
        }
        if text.chars().any(|c| c.is_control() || c == ',') {
            return Err(LabelNameError::Character);
        }
        let length = text.chars().count();
        if length > 50 {
            return Err(LabelNameError::Long(length));
        }
        Ok(Self(text.into()))
    }

    /// A name as GitHub gave it, which needs no check.
    pub fn observed(text: &str) -> Self {
        Self(text.into())
    }

    /// The form in which two names are the same label.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }

    /// The spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LabelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wanted of one label: every attribute that is not given is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSpec {
    /// The name it shall have.
    pub name: LabelName,
    /// Six lower-case hex digits, without `#`.
    pub color: Option<String>,
    /// At most 100 characters.
    pub description: Option<String>,
    /// The name it had before; a label of that name is renamed instead of a new one made.
    pub was: Option<LabelName>,
    /// From this day on (UTC) the label is deleted.
    pub delete_after: Option<jiff::civil::Date>,
}
