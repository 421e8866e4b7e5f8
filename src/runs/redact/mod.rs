//! Masks secrets in what is kept or goes out: known values in the spellings that tools give them, and what has the shape
//! of a credential, also where it was encoded, escaped or packed several times over.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use crate::model::credential;

use known::Known;

mod known;
mod spellings;
mod stream;
mod views;

pub(super) use stream::Screen;

/// What stands in the place of a secret.
pub(super) const MASK: &str = "[masked]";

/// Whether a secret was masked in a text.
pub fn is_masked(text: &str) -> bool {
    text.contains(MASK)
}

/// The shortest secret whose value is looked for; shorter ones would mask words.
const SHORTEST: usize = 6;
/// How many times over something may have been encoded or packed.
const DEEPEST: usize = 4;
/// How much is read in other ways: for each byte of a text, besides, and at most.
const READ: (usize, usize, usize) = (16, 32 << 20, 512 << 20);

/// Knows what is to be masked.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    known: Option<Box<Known>>,
}

impl Redactor {
    /// Masks these values, each in the spellings that tools give it, and each line of those that have several.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let parts = secrets.into_iter().flat_map(|secret| secret.lines().chain([secret]));
        let mut values: Vec<Vec<u8>> =
            parts.filter(|part| part.len() >= SHORTEST).flat_map(spellings::spellings).collect();
        values.retain(|value| value.len() >= SHORTEST);
        values.sort_unstable();
        values.dedup();
        if values.is_empty() {
            return Self::default();
        }
        Self { known: Some(Box::new(Known::new(values))) }
    }

    /// The text with every secret masked, and how many there were.
    pub fn clean<'a>(&self, text: &'a [u8]) -> (Cow<'a, [u8]>, usize) {
        let found = self.find(text);
        if found.is_empty() {
            return (Cow::Borrowed(text), 0);
        }
        let (mut out, mut copied) = (Vec::with_capacity(text.len()), 0);
        for secret in &found {
            out.extend_from_slice(&text[copied..secret.start]);
            out.extend_from_slice(MASK.as_bytes());
            copied = secret.end;
        }
        out.extend_from_slice(&text[copied..]);
        (Cow::Owned(out), found.len())
    }

    /// As [`clean`](Self::clean), for text.
    pub fn clean_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.clean(text.as_bytes()).0).into_owned()
    }

    /// A document with every secret in its names and texts masked.
    pub fn clean_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.clean_text(text)),
            Value::Array(all) => all.iter().map(|one| self.clean_value(one)).collect(),
            Value::Object(all) => {
                all.iter().map(|(name, one)| (self.clean_text(name), self.clean_value(one))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// Whether there is any secret in a text.
    pub fn finds(&self, text: &str) -> bool {
        self.finds_in(text.as_bytes())
    }

    /// Whether there is any secret in these bytes.
    pub fn finds_in(&self, bytes: &[u8]) -> bool {
        !self.find(bytes).is_empty()
    }

    /// Where the secrets are, in order; those that overlap are one.
    fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let (times, besides, most) = READ;
        let mut room = text.len().saturating_mul(times).saturating_add(besides).min(most);
        let mut all = self.search(text, DEEPEST, &mut room);
        all.sort_by_key(|found| (found.start, found.end));
        let mut out: Vec<Range<usize>> = Vec::new();
        for found in all {
            match out.last_mut() {
                Some(last) if found.start < last.end => last.end = last.end.max(found.end),
                Some(_) | None => out.push(found),
            }
        }
        out
    }

    fn search(&self, text: &[u8], deeper: usize, room: &mut usize) -> Vec<Range<usize>> {
        let mut out = credential::find(text);
        if let Some(known) = &self.known {
            known.find(text, &mut out);
        }
        if deeper == 0 || text.len() < SHORTEST {
            return out;
        }
        views::each(text, deeper == DEEPEST, |view| {
            let Some(left) = room.checked_sub(view.bytes.len()) else { return };
            *room = left;
            let found = self.search(&view.bytes, deeper - 1, room);
            out.extend(found.iter().map(|found| view.origin(found)));
        });
        out
    }
}

#[cfg(test)]
mod tests;
