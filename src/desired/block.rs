//! What the reader makes of nodes: blocks whose values have their types, each with its place.

use super::shape::{Field, Kind, Value};
use super::text::Span;

/// A node of a known kind; everything in it that was wrong has been reported and left out.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: &'static Kind,
    /// Of its name.
    pub(super) span: Span,
    /// What stands after its name; several for a key that is a list.
    pub(super) key: Vec<Read>,
    pub(super) fields: Vec<Given>,
    pub(super) children: Vec<Block>,
}

/// A field that was written.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) field: &'static Field,
    /// Of its name.
    pub(super) span: Span,
    /// Its values; empty when they were wrong, or for a list without members.
    pub(super) values: Vec<Read>,
    /// Whether every value was right.
    pub(super) good: bool,
    /// Whether it is among the fields that the vocabulary added.
    pub(super) own: bool,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub(super) value: Value,
    pub(super) span: Span,
}

impl Read {
    /// The text of a value of a type of text.
    pub(super) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }
}

impl Given {
    /// The value of a field that isn't a list, if it was right.
    fn scalar(&self) -> Option<&Read> {
        self.values.first().filter(|_| self.good)
    }
}

impl Block {
    /// The key as text; empty when it was missing or wrong.
    pub(super) fn key(&self) -> &str {
        self.key.first().and_then(Read::text).unwrap_or_default()
    }

    /// The place of the key, else of the name.
    pub(super) fn key_span(&self) -> Span {
        self.key.first().map_or(self.span, |k| k.span)
    }

    /// The kind and the key as KDL writes them, for messages: in backticks.
    pub(super) fn quoted(&self) -> String {
        format!("`{}`", self.title())
    }

    /// The kind and the key as KDL writes them: `repo "acme/widgets"`.
    pub(super) fn title(&self) -> String {
        if self.key().is_empty() {
            self.kind.name.to_owned()
        } else {
            format!("{} {:?}", self.kind.name, self.key())
        }
    }

    /// The field, if it was written, right or wrong.
    pub(super) fn given(&self, name: &str) -> Option<&Given> {
        self.fields.iter().find(|g| g.field.name == name)
    }

    /// The value of a field that isn't a list, if it was written and right.
    pub(super) fn value(&self, name: &str) -> Option<&Read> {
        self.given(name)?.scalar()
    }

    /// A text with its place.
    pub(super) fn text(&self, name: &str) -> Option<(&str, Span)> {
        let read = self.value(name)?;
        Some((read.text()?, read.span))
    }

    /// A flag with its place.
    pub(super) fn flag(&self, name: &str) -> Option<(bool, Span)> {
        let read = self.value(name)?;
        if let Value::Flag(b) = read.value { Some((b, read.span)) } else { None }
    }

    /// A whole number that isn't negative; `None` for no limit, and when it wasn't written.
    pub(super) fn count(&self, name: &str) -> Option<u32> {
        match self.value(name)?.value {
            Value::Int(n) => u32::try_from(n).ok(),
            Value::Unlimited
            | Value::Flag(_)
            | Value::Seconds(_)
            | Value::Micros(_)
            | Value::Date(_)
            | Value::Moment(_)
            | Value::Text(_) => None,
        }
    }

    /// An amount in millionths of a dollar; `None` for no limit, and when it wasn't written.
    pub(super) fn micros(&self, name: &str) -> Option<u64> {
        if let Value::Micros(n) = self.value(name)?.value { Some(n) } else { None }
    }

    /// The members of a list.
    pub(super) fn list(&self, name: &str) -> &[Read] {
        self.given(name).map_or(&[], |g| &g.values)
    }

    /// The first block of this kind in it.
    pub(super) fn child(&self, name: &str) -> Option<&Block> {
        self.children.iter().find(|b| b.kind.name == name)
    }

    /// The blocks of this kind in it.
    pub(super) fn each<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Block> {
        self.children.iter().filter(move |b| b.kind.name == name)
    }
}
