//! The words that an entry's frontmatter has: where it comes from, how sure it is, where it stands, what it cites.

use std::fmt;
use std::str::FromStr;

use crate::model::RepoName;
use crate::model::language::{Anchor, AnchorError};

use crate::language::ulid::Ulid;

/// What an entry was learnt from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceKind {
    /// The plan of an issue.
    Plan,
    /// Work on an issue.
    Implement,
    /// A review.
    Review,
    /// What a person said.
    Hitl,
    /// A look back at what happened.
    Reflection,
    /// A search through what there was.
    Librarian,
    /// A person wrote it.
    Manual,
    /// It was made of other entries.
    Compiled,
}

/// Where an entry comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it was learnt from.
    pub kind: SourceKind,
    /// The issue.
    pub issue: Option<u64>,
    /// The pull request.
    pub pull: Option<u64>,
    /// The repository.
    pub repo: RepoName,
}

/// How sure an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Somebody guessed.
    Low,
    /// It was seen.
    Medium,
    /// It was seen, and understood.
    High,
}

/// Where an entry stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It holds.
    Active,
    /// It no longer does.
    Stale {
        /// Why.
        reason: String,
    },
    /// Another entry says it now.
    Superseded {
        /// Which.
        by: Ulid,
    },
}

/// A place in the code that an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeRef {
    /// A symbol of a file.
    Symbol(Anchor),
    /// A file.
    File(String),
}

impl SourceKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Plan,
        Self::Implement,
        Self::Review,
        Self::Hitl,
        Self::Reflection,
        Self::Librarian,
        Self::Manual,
        Self::Compiled,
    ];

    /// Its name as entries spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Implement => "implement",
            Self::Review => "review",
            Self::Hitl => "hitl",
            Self::Reflection => "reflection",
            Self::Librarian => "librarian",
            Self::Manual => "manual",
            Self::Compiled => "compiled",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.repo.as_str())?;
        if let Some(issue) = self.issue {
            write!(f, "#{issue}")?;
        }
        if let Some(pull) = self.pull {
            write!(f, "!{pull}")?;
        }
        write!(f, " ({})", self.kind.name())
    }
}

impl Confidence {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// Its name as entries spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl Standing {
    /// The names of all.
    pub const NAMES: [&str; 3] = ["active", "stale", "superseded"];

    /// Its name as entries spell it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Stale { .. } => "stale",
            Self::Superseded { .. } => "superseded",
        }
    }
}

impl CodeRef {
    /// The file.
    pub fn path(&self) -> &str {
        match self {
            Self::Symbol(anchor) => anchor.path(),
            Self::File(path) => path,
        }
    }
}

impl fmt::Display for CodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Symbol(anchor) => anchor.fmt(f),
            Self::File(path) => f.write_str(path),
        }
    }
}

impl FromStr for CodeRef {
    type Err = AnchorError;

    fn from_str(text: &str) -> Result<Self, AnchorError> {
        if text.contains(':') {
            return text.parse().map(Self::Symbol);
        }
        // Any symbol does: it is the path that is checked.
        Anchor::new(text, "x").map(|anchor| Self::File(anchor.path().to_owned()))
    }
}
