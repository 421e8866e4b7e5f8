//! The node view: what both spellings are before anything is known of their meaning.

use std::borrow::Cow;

use super::{Span, Spelling};
use crate::desired::diagnostic::mask;

/// One node: a name, its arguments, its properties, the nodes in it.
#[derive(Debug, Clone)]
pub(in crate::desired) struct Node<'t> {
    pub(in crate::desired) name: Cow<'t, str>,
    /// Of the name.
    pub(in crate::desired) span: Span,
    pub(in crate::desired) args: Vec<Scalar<'t>>,
    pub(in crate::desired) props: Vec<Prop<'t>>,
    pub(in crate::desired) children: Vec<Node<'t>>,
    /// Whether it is a block or table, even an empty one.
    pub(in crate::desired) block: bool,
    /// Whether the arguments were written as one array.
    pub(in crate::desired) array: bool,
}

/// A named value on a node.
#[derive(Debug, Clone)]
pub(in crate::desired) struct Prop<'t> {
    pub(in crate::desired) name: Cow<'t, str>,
    /// Of the name.
    pub(in crate::desired) span: Span,
    pub(in crate::desired) value: Scalar<'t>,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::desired) struct Scalar<'t> {
    pub(in crate::desired) raw: Raw<'t>,
    pub(in crate::desired) span: Span,
}

/// A value as both spellings have it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::desired) enum Raw<'t> {
    Null,
    Flag(bool),
    Int(i128),
    Float(f64),
    Text(Cow<'t, str>),
}

impl Raw<'_> {
    /// The text, if it is one.
    pub(in crate::desired) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The value in words that follow "not".
    pub(in crate::desired) fn describe(&self, spelling: Spelling) -> String {
        match self {
            Self::Null => "`#null`".to_owned(),
            Self::Flag(b) if spelling == Spelling::Toml => format!("`{b}`"),
            Self::Flag(b) => format!("`#{b}`"),
            Self::Int(n) => format!("the number {n}"),
            Self::Float(n) => format!("the number {n}"),
            Self::Text(t) if t.is_empty() => "empty text".to_owned(),
            Self::Text(t) => format!("\"{}\"", shorten(t)),
        }
    }
}

/// Text that is short enough to stand in a sentence; a credential in it is masked before it is cut, while its form is
/// still to be seen.
pub(in crate::desired) fn shorten(text: &str) -> String {
    const MAX: usize = 60;
    let text = mask(text, &[]);
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX).collect();
    if text.chars().nth(MAX).is_some() { format!("{line}…") } else { line }
}
