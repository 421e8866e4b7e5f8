//! Where a value was written: file, line, column, commit, and what it overrode.

use std::sync::Arc;

use super::CommitId;

/// The place of a value in the config repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Path from the repository's root.
    pub file: Arc<str>,
    /// One-based.
    pub line: u32,
    /// One-based, in characters.
    pub column: u32,
    /// The commit that was read; `None` for a working tree.
    pub commit: Option<Arc<CommitId>>,
}

impl Source {
    /// The source of a built-in default, which no file wrote.
    pub fn built_in() -> Self {
        Self { file: "(default)".into(), line: 0, column: 0, commit: None }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line == 0 { f.write_str(&self.file) } else { write!(f, "{}:{}", self.file, self.line) }
    }
}

impl serde::Serialize for Source {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Source", 4)?;
        out.serialize_field("file", &*self.file)?;
        out.serialize_field("line", &self.line)?;
        out.serialize_field("column", &self.column)?;
        out.serialize_field("commit", &self.commit.as_deref())?;
        out.end()
    }
}

/// A value, where it was written, and the layers below that it overrode, nearest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value in force.
    pub value: T,
    /// Where it was written.
    pub source: Source,
    /// Which layer wrote it, e.g. `repo "acme/widgets"`, `group "rust"`, `defaults`.
    pub layer: Arc<str>,
    /// What it overrode, nearest first.
    pub overrides: Vec<Layer<T>>,
}

impl<T> Sourced<T> {
    /// A value that overrode nothing.
    pub fn new(value: T, source: Source, layer: impl Into<Arc<str>>) -> Self {
        Self { value, source, layer: layer.into(), overrides: Vec::new() }
    }

    /// A built-in default.
    pub fn built_in(value: T) -> Self {
        Self::new(value, Source::built_in(), "built in")
    }

    /// Lays this value over `below`, which is remembered.
    #[must_use]
    pub fn over(mut self, below: Self) -> Self {
        self.overrides.push(Layer { value: below.value, source: below.source, layer: below.layer });
        self.overrides.extend(below.overrides);
        self
    }
}

/// A value that another one overrode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub source: Source,
    /// Which layer wrote it.
    pub layer: Arc<str>,
}
