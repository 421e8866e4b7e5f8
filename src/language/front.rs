//! A Markdown page with frontmatter: one `key: <JSON value>` a line between two lines of `---`.
//!
//! Reading keeps the text as it is; writing changes the values that are set and nothing else, byte for byte.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use super::unmerged;

/// The most bytes of a page; what is longer isn't read as one.
pub const MOST_BYTES: usize = 1024 * 1024;

/// The most errors that are said of one page.
const MOST_ERRORS: usize = 50;

/// A page that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    text: String,
    fields: Vec<Field>,
    close: Range<usize>,
}

/// One line of the frontmatter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The key.
    pub key: String,
    /// Its bytes.
    pub key_span: Range<usize>,
    /// The value.
    pub value: Value,
    /// Its bytes.
    pub value_span: Range<usize>,
}

/// What is wrong with a page's frontmatter, with the bytes it is about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The bytes of the text.
    pub span: Range<usize>,
    /// What is wrong, as one sentence.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl Page {
    /// Reads a page; all that is wrong with its frontmatter at once.
    pub fn parse(text: &str) -> Result<Self, Vec<Error>> {
        if text.len() > MOST_BYTES {
            let message = format!("the page has {} bytes, and a page has at most {MOST_BYTES}", text.len());
            return Err(vec![wrong(0..0, message, "split it, or keep what is that long elsewhere")]);
        }
        // Which side counts nobody has said yet.
        if let Some(span) = unmerged::marks(text) {
            return Err(vec![wrong(span, unmerged::SAYS.to_owned(), unmerged::HELP)]);
        }
        Self::read(text)
    }

    /// Reads a page of any length.
    fn read(text: &str) -> Result<Self, Vec<Error>> {
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut at = start;
        let mut lines = text[start..].split_inclusive('\n').map(|line| {
            let span = at..at + line.trim_end_matches(['\n', '\r']).len();
            at += line.len();
            span
        });
        let opens = lines.next().filter(|line| &text[line.clone()] == "---");
        let Some(opens) = opens else {
            let first = start..start + text[start..].lines().next().unwrap_or_default().len();
            return Err(vec![wrong(
                first,
                "the page doesn't begin with frontmatter".into(),
                "begin with a line `---`, one `key: value` a line, and a line `---`",
            )]);
        };
        let mut fields: Vec<Field> = Vec::new();
        let mut keys = BTreeSet::new();
        let mut errors = Vec::new();
        for line in lines {
            if &text[line.clone()] == "---" {
                errors.truncate(MOST_ERRORS);
                return if errors.is_empty() {
                    Ok(Self { text: text.to_owned(), fields, close: line })
                } else {
                    Err(errors)
                };
            }
            match field(text, line) {
                Ok(None) => {}
                Ok(Some(field)) => {
                    if !keys.insert(field.key.clone()) {
                        let message = format!("`{}` is set twice", field.key);
                        errors.push(wrong(field.key_span.clone(), message, "keep one of the two"));
                    }
                    fields.push(field);
                }
                Err(error) => errors.push(error),
            }
        }
        errors.clear();
        errors.push(wrong(opens, "the frontmatter doesn't end".into(), "end it with a line `---`"));
        Err(errors)
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The fields, in the order in which they are written.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field of a key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// Where the body begins: after the line that ends the frontmatter.
    pub fn body_start(&self) -> usize {
        let rest = &self.text[self.close.end..];
        let line = rest.find('\n').map_or(rest.len(), |at| at + 1);
        self.close.end + line
    }

    /// What follows the frontmatter.
    pub fn body(&self) -> &str {
        &self.text[self.body_start()..]
    }

    /// This page with another value for a key, in place; a new key is written at the end of the frontmatter.
    ///
    /// The key must be one: small letters, digits and `_`. The page may become longer than one that is read. A value that is already there is not written again, so that a different spelling of it stays.
    #[must_use]
    pub fn with(&self, key: &str, value: &Value) -> Self {
        let text = match self.field(key) {
            Some(field) if field.value == *value => return self.clone(),
            Some(field) => replaced(&self.text, &field.value_span, &spelt(value)),
            None => {
                let end = if self.text[..self.close.start].ends_with("\r\n") { "\r\n" } else { "\n" };
                let line = format!("{key}: {}{end}", spelt(value));
                replaced(&self.text, &(self.close.start..self.close.start), &line)
            }
        };
        Self::read(&text).expect("a page whose value is one line of JSON stays a page")
    }

    /// This page without a key.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        let Some(field) = self.field(key) else { return self.clone() };
        let end = self.text[field.value_span.end..]
            .find('\n')
            .map_or(self.text.len(), |at| field.value_span.end + at + 1);
        let start = self.text[..field.key_span.start].rfind('\n').map_or(0, |at| at + 1);
        let text = replaced(&self.text, &(start..end), "");
        Self::read(&text).expect("a page without one of its lines stays a page")
    }

    /// This page with another body.
    #[must_use]
    pub fn with_body(&self, body: &str) -> Self {
        let start = self.body_start();
        let closed = self.text[..start].ends_with('\n') || body.is_empty();
        let end = if closed { "" } else { "\n" };
        let text = format!("{}{end}{body}", &self.text[..start]);
        Self { text, fields: self.fields.clone(), close: self.close.clone() }
    }
}

/// How a value is written: JSON on one line, with a space after `,` and `:`.
pub fn spelt(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(spelt).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let field =
                |(key, value): (&String, &Value)| format!("{}: {}", Value::from(key.as_str()), spelt(value));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

fn replaced(text: &str, span: &Range<usize>, with: &str) -> String {
    format!("{}{with}{}", &text[..span.start], &text[span.end..])
}

fn field(text: &str, line: Range<usize>) -> Result<Option<Field>, Error> {
    let written = &text[line.clone()];
    if written.trim().is_empty() {
        return Ok(None);
    }
    let Some((key, rest)) = written.split_once(':') else {
        return Err(wrong(line, "a line of the frontmatter has no colon".into(), "write `key: value`"));
    };
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let key_span = line.start..line.start + key.len();
    if key.is_empty() || !key.chars().all(named) {
        let message = format!("`{}` is no key", shown(key));
        return Err(wrong(
            key_span,
            message,
            "a key has small letters, digits and `_`, at the start of its line",
        ));
    }
    let value = rest.trim();
    let start = line.start + key.len() + 1 + (rest.len() - rest.trim_start().len());
    let value_span = start..start + value.len();
    match serde_json::from_str(value) {
        Ok(read) => Ok(Some(Field { key: key.to_owned(), key_span, value: read, value_span })),
        Err(error) => {
            let message = format!("the value of `{key}` is no JSON: {}", reason(&error));
            Err(wrong(value_span, message, "write text as \"…\", a list as [\"…\", \"…\"], nothing as null"))
        }
    }
}

/// The parser's words without its place, which is the line's and not the file's.
fn reason(error: &serde_json::Error) -> String {
    let said = error.to_string();
    said.rsplit_once(" at line ").map_or(said.clone(), |(what, _)| what.to_owned())
}

/// A text as far as a message shows it.
fn shown(text: &str) -> String {
    const SHOWN: usize = 40;
    if text.chars().count() <= SHOWN {
        text.to_owned()
    } else {
        text.chars().take(SHOWN).chain(['…']).collect()
    }
}

fn wrong(span: Range<usize>, message: String, help: &str) -> Error {
    Error { span, message, help: help.to_owned() }
}

#[cfg(test)]
mod tests;
