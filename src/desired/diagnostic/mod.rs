//! What is wrong with config, in full: every problem with its code, place, help and "did you mean".

pub mod code;
mod excerpt;
mod json;
mod mask;
mod render;
mod suggest;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::text::{Files, Span};

pub use code::Code;
pub use json::to_json;
pub(super) use mask::mask;
pub use render::{SHOWN, render};
pub(crate) use suggest::nearest;

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its code, e.g. `config::unknown-key`; [`code::ALL`] explains each.
    pub code: &'static str,
    /// Whether config can be used nevertheless.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The places, the most telling first; empty when a whole state is meant.
    pub labels: Vec<Label>,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Config is not used.
    Error,
    /// Config is used; something in it has no effect or is about to become wrong.
    Warning,
}

impl Severity {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A place in a file and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Path from the root.
    pub file: Arc<str>,
    /// Bytes of the file, not counting a byte order mark.
    pub span: Range<usize>,
    /// One-based; 0 when the whole file is meant.
    pub line: u32,
    /// One-based, in characters; 0 when the whole file is meant.
    pub column: u32,
    /// What is to be said there.
    pub text: String,
}

/// A problem that is being described.
#[derive(Debug)]
pub(super) struct Draft {
    code: &'static Code,
    severity: Severity,
    message: String,
    help: Option<String>,
    file: Option<Arc<str>>,
    labels: Vec<(Span, String)>,
}

impl Draft {
    pub(super) fn error(code: &'static Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, severity: Severity::Error, message, help: None, file: None, labels: Vec::new() }
    }

    pub(super) fn warning(code: &'static Code, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// The place of the problem.
    #[must_use]
    pub(super) fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.insert(0, (span, text.into()));
        self
    }

    /// Another place that belongs to it.
    #[must_use]
    pub(super) fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push((span, text.into()));
        self
    }

    /// A file as a whole.
    #[must_use]
    pub(super) fn in_file(mut self, path: &str) -> Self {
        self.file = Some(path.into());
        self
    }

    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into()).filter(|h| !h.is_empty());
        self
    }

    fn finish(self, files: &Files) -> Diagnostic {
        let whole = self.file.map(|file| Label { file, span: 0..0, line: 0, column: 0, text: String::new() });
        let places = self.labels.into_iter().map(|(span, text)| {
            let (line, column) = files.place(span);
            let file = Arc::clone(files.path(span));
            Label { file, span: span.start as usize..span.end as usize, line, column, text }
        });
        Diagnostic {
            code: self.code.name,
            severity: self.severity,
            labels: whole.into_iter().chain(places).collect(),
            message: self.message,
            help: self.help,
        }
    }
}

/// Collects problems; a file full of nonsense can't fill memory with them.
#[derive(Debug, Default)]
pub(super) struct Sink {
    drafts: Vec<Draft>,
    errors: usize,
    dropped: usize,
    once: HashSet<(&'static str, Option<Span>)>,
}

impl Sink {
    /// Problems that are kept; further ones are counted.
    const KEPT: usize = 2000;

    pub(super) fn push(&mut self, draft: Draft) {
        self.errors += usize::from(draft.severity == Severity::Error);
        if self.drafts.len() < Self::KEPT {
            self.drafts.push(draft);
        } else {
            self.dropped += 1;
        }
    }

    /// Reports a problem that many repositories inherit from one place only once.
    pub(super) fn push_once(&mut self, draft: Draft) {
        if self.once.insert((draft.code.name, draft.labels.first().map(|l| l.0))) {
            self.push(draft);
        }
    }

    /// Whether further problems are only counted.
    pub(super) fn is_full(&self) -> bool {
        self.drafts.len() >= Self::KEPT
    }

    /// Whether a problem of this code is about this value.
    pub(super) fn says(&self, code: &'static Code, value: Span) -> bool {
        self.drafts.iter().any(|d| d.code == code && d.labels.first().is_some_and(|l| l.0 == value))
    }

    /// How many errors there are so far.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    /// The problems in the order in which they stand in the files.
    pub(super) fn finish(mut self, files: &Files) -> Vec<Diagnostic> {
        self.drafts.sort_by_key(|d| d.labels.first().map(|l| l.0));
        let mut out: Vec<_> = self.drafts.into_iter().map(|d| d.finish(files)).collect();
        if self.dropped > 0 {
            let message = format!("{} further problems are not listed", self.dropped);
            out.push(Draft::error(code::TOO_MANY, message).help("mend those above first").finish(files));
        }
        out
    }
}
