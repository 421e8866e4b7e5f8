//! What a rule found: where, why, and what to do about it.

use std::ops::Range;

use crate::model::language::Level;

/// One finding of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name, as config spells it.
    pub rule: &'static str,
    /// How much it weighs.
    pub level: Level,
    /// The file, relative to the root of the repository.
    pub path: String,
    /// The bytes of the file that it is about; empty at 0 where it is about the whole file.
    pub span: Range<usize>,
    /// What is wrong, as one sentence without its place.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// What `--fix` writes.
    pub fix: Option<Fix>,
}

/// A replacement that mends what was found, in the same file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The bytes that are replaced.
    pub range: Range<usize>,
    /// What stands there instead.
    pub with: String,
}
