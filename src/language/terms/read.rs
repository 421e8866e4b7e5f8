//! Reading a term's file: all that is wrong with it at once, and the term as far as there is one.

use std::ops::Range;

use jiff::Timestamp;
use serde_json::Value;

use crate::language::front::{Error, Page};
use crate::language::markdown::Markdown;

use super::section::{self, Section, bullets_in, sections_of, trimmed, unix};
use super::{Confidence, Provenance, Relation, Term, Ulid};

/// The most characters of a name or an alias.
pub const NAME: usize = 120;

/// The keys that are known, in the order in which a new file has them.
const KEYS: [&str; 17] = [
    "id",
    "name",
    "kind",
    "bounded_context",
    "code_anchor",
    "aliases",
    "related",
    "evidence",
    "superseded_by",
    "superseded_reason",
    "confidence",
    "created_at",
    "updated_at",
    "proposed_by",
    "proposed_at",
    "proposal_signals",
    "proposal_imports_seen",
];

/// What came of reading one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The file, relative to the root of the repository.
    pub path: String,
    /// The term; none where the file doesn't say which one it is.
    pub file: Option<TermFile>,
    /// What is wrong. With errors the term is only good for being looked at: a list may lack what was wrong in it.
    pub errors: Vec<Error>,
}

/// A term and the file it is from.
#[derive(Clone, Debug, PartialEq)]
pub struct TermFile {
    /// The file, relative to the root of the repository.
    pub path: String,
    /// Its text, for changes that keep the rest.
    pub page: Page,
    /// The term.
    pub term: Term,
    /// The bytes of the definition; empty at the end of the frontmatter without one.
    pub definition: Range<usize>,
    /// The bytes of each invariant, from its marker on.
    pub invariants: Vec<Range<usize>>,
}

impl TermFile {
    /// The name of the file without `.md`.
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().expect("a split has at least one part");
        name.strip_suffix(".md").unwrap_or(name)
    }

    /// The bytes of a key's value; of the line that opens the frontmatter without the key.
    pub fn value_span(&self, key: &str) -> Range<usize> {
        let opening = self.page.text().find("---").map_or(0..0, |at| at..at + "---".len());
        self.page.field(key).map_or(opening, |field| field.value_span.clone())
    }

    /// The bytes of one item of a key's list; of the whole value without that item.
    pub fn item_span(&self, key: &str, is: impl Fn(&Value) -> bool) -> Range<usize> {
        let whole = self.value_span(key);
        let Some(list) = self.page.field(key).and_then(|field| field.value.as_array()) else { return whole };
        let spans = items(self.page.text(), &whole);
        list.iter().position(is).and_then(|at| spans.get(at).cloned()).unwrap_or(whole)
    }
}

/// Reads the file of a term.
pub fn read(path: &str, text: &str) -> Read {
    let page = match Page::parse(text) {
        Ok(page) => page,
        Err(errors) => return Read { path: path.to_owned(), file: None, errors },
    };
    let mut reader = Reader { page: &page, errors: Vec::new() };
    let body = reader.body();
    let term = reader.term(&body);
    let mut errors = reader.errors;
    errors.sort_by_key(|error| (error.span.start, error.span.end));
    let file = term.map(|term| TermFile {
        path: path.to_owned(),
        term,
        definition: body.definition,
        invariants: body.invariants.into_iter().map(|bullet| bullet.span).collect(),
        page,
    });
    Read { path: path.to_owned(), file, errors }
}

struct Body {
    definition: Range<usize>,
    invariants: Vec<section::Bullet>,
}

struct Reader<'a> {
    page: &'a Page,
    errors: Vec<Error>,
}

impl Reader<'_> {
    fn say(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.errors.push(Error { span, message: message.into(), help: help.into() });
    }

    fn term(&mut self, body: &Body) -> Option<Term> {
        let id = self.required("id").and_then(|(text, span)| self.id(&text, span));
        let name = self.required("name").and_then(|(text, span)| self.named(&text, span, "name"));
        let kind = self.required("kind").map(|(text, _)| text);
        let context = self.required("bounded_context").map(|(text, _)| text);
        let confidence = self.confidence();
        let term = Term {
            code_anchor: self.anchor(),
            aliases: self.aliases(),
            related: self.related(),
            evidence: self.evidence(),
            superseded_by: self.text("superseded_by").and_then(|(text, span)| self.id(&text, span)),
            superseded_reason: self.text("superseded_reason").map(|(text, _)| text),
            confidence,
            created_at: self.moment("created_at", true),
            updated_at: self.moment("updated_at", true),
            provenance: self.provenance(),
            other: self.other(),
            definition: unix(&self.page.text()[body.definition.clone()]),
            invariants: body.invariants.iter().map(|bullet| bullet.text.clone()).collect(),
            id: id?,
            name: name?,
            kind: kind?,
            bounded_context: context?,
        };
        Some(term)
    }

    /// A text; none where the key is missing or null.
    fn text(&mut self, key: &str) -> Option<(String, Range<usize>)> {
        let field = self.page.field(key)?;
        match &field.value {
            Value::Null => None,
            Value::String(text) => Some((text.clone(), field.value_span.clone())),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.say(
                    field.value_span.clone(),
                    format!("`{key}` is no text"),
                    "write it as \"…\", or null",
                );
                None
            }
        }
    }

    /// A text that must be there and say something.
    fn required(&mut self, key: &str) -> Option<(String, Range<usize>)> {
        let said = self.errors.len();
        let text = self.text(key).filter(|(text, _)| !text.trim().is_empty());
        if text.is_none() && self.errors.len() == said {
            let (span, message) = match self.page.field(key) {
                Some(field) => (field.value_span.clone(), format!("`{key}` is empty")),
                None => (self.opening(), format!("the term has no `{key}`")),
            };
            self.say(span, message, format!("write `{key}: \"…\"`"));
        }
        text
    }

    fn opening(&self) -> Range<usize> {
        self.page.text().find("---").map_or(0..0, |at| at..at + "---".len())
    }

    fn id(&mut self, text: &str, span: Range<usize>) -> Option<Ulid> {
        match text.parse() {
            Ok(id) => Some(id),
            Err(error) => {
                let error: crate::language::ulid::UlidError = error;
                self.say(span, error.to_string(), "copy the id from the file it is about; new files get one");
                None
            }
        }
    }

    fn named(&mut self, text: &str, span: Range<usize>, what: &str) -> Option<String> {
        match unfit(text) {
            None => Some(text.to_owned()),
            Some(unfit) => {
                self.say(span, format!("the {what} {unfit}"), unfit.help());
                None
            }
        }
    }

    fn confidence(&mut self) -> Confidence {
        let Some((text, span)) = self.text("confidence") else { return Confidence::Proposed };
        match text.parse() {
            Ok(confidence) => confidence,
            Err(error) => {
                let error: super::term::NoConfidence = error;
                self.say(span, format!("`{text}` is no confidence"), error.to_string());
                Confidence::Proposed
            }
        }
    }

    fn anchor(&mut self) -> Option<crate::model::language::Anchor> {
        let (text, span) = self.text("code_anchor")?;
        match text.parse() {
            Ok(anchor) => Some(anchor),
            Err(error) => {
                let error: crate::model::language::AnchorError = error;
                self.say(
                    span,
                    error.to_string(),
                    "write \"path:Symbol\", or null where no code embodies the term",
                );
                None
            }
        }
    }

    /// The items of a list with their bytes; empty where the key is missing or null.
    fn list(&mut self, key: &str) -> Vec<(Value, Range<usize>)> {
        let Some(field) = self.page.field(key) else { return Vec::new() };
        match &field.value {
            Value::Null => Vec::new(),
            Value::Array(list) => {
                list.iter().cloned().zip(items(self.page.text(), &field.value_span)).collect()
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                self.say(
                    field.value_span.clone(),
                    format!("`{key}` is no list"),
                    "write [\"…\", \"…\"], or []",
                );
                Vec::new()
            }
        }
    }

    fn texts(&mut self, key: &str) -> Vec<(String, Range<usize>)> {
        let mut texts = Vec::new();
        for (value, span) in self.list(key) {
            match value.as_str() {
                Some(text) => texts.push((text.to_owned(), span)),
                None => self.say(span, format!("an item of `{key}` is no text"), "write it as \"…\""),
            }
        }
        texts
    }

    fn aliases(&mut self) -> Vec<String> {
        let texts = self.texts("aliases");
        texts.into_iter().filter_map(|(text, span)| self.named(&text, span, "alias")).collect()
    }

    fn evidence(&mut self) -> Vec<Ulid> {
        let texts = self.texts("evidence");
        texts.into_iter().filter_map(|(text, span)| self.id(&text, span)).collect()
    }

    fn related(&mut self) -> Vec<Relation> {
        let mut related = Vec::new();
        for (value, span) in self.list("related") {
            let part = |key: &str| value.get(key).and_then(Value::as_str);
            match (part("kind"), part("target")) {
                (Some(kind), Some(target)) => {
                    if let Some(target) = self.id(target, span) {
                        related.push(Relation { kind: kind.to_owned(), target });
                    }
                }
                (None, _) | (_, None) => self.say(
                    span,
                    "an item of `related` has no kind or no target",
                    "write {\"kind\": \"…\", \"target\": \"the id of a term\"}",
                ),
            }
        }
        related
    }

    fn moment(&mut self, key: &str, required: bool) -> Option<Timestamp> {
        let (text, span) = if required { self.required(key)? } else { self.text(key)? };
        match text.parse() {
            Ok(at) => Some(at),
            Err(_) => {
                self.say(span, format!("`{key}` is no moment"), "write it as \"2026-01-31T09:00:00Z\"");
                None
            }
        }
    }

    fn provenance(&mut self) -> Provenance {
        let seen = self.page.field("proposal_imports_seen").filter(|field| !field.value.is_null());
        let imports_seen = seen.and_then(|field| field.value.as_u64());
        if let (Some(field), None) = (seen, imports_seen) {
            let help = "write how many, 0 or more, or leave the line out";
            self.say(field.value_span.clone(), "`proposal_imports_seen` is no number", help);
        }
        Provenance {
            by: self.text("proposed_by").map(|(text, _)| text),
            at: self.moment("proposed_at", false),
            signals: self.texts("proposal_signals").into_iter().map(|(text, _)| text).collect(),
            imports_seen,
        }
    }

    fn other(&self) -> Vec<(String, Value)> {
        let unknown = self.page.fields().iter().filter(|field| !KEYS.contains(&field.key.as_str()));
        unknown.map(|field| (field.key.clone(), field.value.clone())).collect()
    }

    fn body(&mut self) -> Body {
        let text = self.page.text();
        let start = self.page.body_start();
        let seen = Markdown::of(text, start);
        if let Some(end) = seen.open_end() {
            let help = format!("write `{end}` where it should end");
            self.say(text.len()..text.len(), "a block of the text doesn't end", help);
        }
        let found = sections_of(&seen);
        let definition =
            self.only(&found, "Definition").map_or(start..start, |content| trimmed(text, content));
        if definition.is_empty() {
            self.say(
                definition.clone(),
                "the term has no definition",
                "write it below a line `## Definition`",
            );
        }
        let (invariants, stray) =
            self.only(&found, "Invariants").map_or((Vec::new(), None), |content| bullets_in(text, content));
        if let Some(span) = stray {
            self.say(span, "this line of the invariants is no bullet", "begin each invariant with `- `");
        }
        let named = invariants.into_iter().filter(|bullet| !bullet.text.is_empty()).collect();
        Body { definition, invariants: named }
    }

    /// The content of the one section of that title.
    fn only(&mut self, sections: &[Section], title: &str) -> Option<Range<usize>> {
        let mut of_title = sections.iter().filter(|section| section.title.eq_ignore_ascii_case(title));
        let first = of_title.next()?.content.clone();
        if let Some(second) = of_title.next() {
            let message = format!("there are two sections `## {title}`");
            self.say(second.heading.clone(), message, "make one of the two");
        }
        Some(first)
    }
}

/// What keeps a text from being a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// White space stands before or after it.
    #[error("has blank space at its ends")]
    Blank,
    /// A backtick stands in it.
    #[error("has a backtick")]
    Backtick,
    /// A character stands in it that nobody sees, such as the end of a line.
    #[error("has a character that doesn't show")]
    Unseen,
    /// Signs are all that it has.
    #[error("has neither letter nor digit")]
    Signs,
    /// It has so many characters.
    #[error("has {0} characters, and the most are {NAME}")]
    Long(usize),
}

impl Unfit {
    /// What to do about it.
    pub fn help(self) -> &'static str {
        match self {
            Self::Empty => "write the word that pages use",
            Self::Blank => "take the blank space away",
            Self::Backtick => "take the backtick away: pages set the word without one, too",
            Self::Unseen => "write it on one line, as pages do",
            Self::Signs => "write a word: a letter or a digit has to be in it",
            Self::Long(_) => "write a shorter one, and leave the rest to the definition",
        }
    }
}

/// Why a text is no name, if it isn't.
pub fn unfit(text: &str) -> Option<Unfit> {
    let length = text.chars().count();
    if text.trim().is_empty() {
        Some(Unfit::Empty)
    } else if text.trim() != text {
        Some(Unfit::Blank)
    } else if text.contains('`') {
        Some(Unfit::Backtick)
    } else if text.contains(char::is_control) {
        Some(Unfit::Unseen)
    } else if !text.contains(char::is_alphanumeric) {
        Some(Unfit::Signs)
    } else if length > NAME {
        Some(Unfit::Long(length))
    } else {
        None
    }
}

/// The bytes of the items of a list that is written as JSON.
fn items(text: &str, list: &Range<usize>) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut start = list.start + 1;
    for (offset, byte) in text.as_bytes()[list.clone()].iter().enumerate() {
        let at = list.start + offset;
        if quoted {
            quoted = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ends = (*byte == b',' && depth == 1) || depth == 0;
        if ends && start <= at {
            let span = trimmed(text, start..at);
            if !span.is_empty() {
                spans.push(span);
            }
            start = at + 1;
        }
    }
    spans
}

#[cfg(test)]
pub mod tests;
