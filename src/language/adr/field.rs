//! The facts at the head of a decision: `**Status:** Accepted`, `Status: Accepted`, or a section `## Status`.

use std::ops::Range;

use crate::language::markdown::{Line, Markdown, is_empty};

use super::record::Section;

/// Which fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// Where it stands.
    Status,
    /// Since when.
    Date,
    /// Whether something checks it.
    Enforcement,
    /// What checks it.
    EnforcedBy,
    /// Which decisions it takes the place of.
    Supersedes,
    /// Which decisions took its place.
    SupersededBy,
}

/// How a fact is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `**Status:** Accepted`.
    Bold,
    /// `Status: Accepted`.
    Plain,
    /// `## Status`, and what is below it.
    Section,
}

/// A fact of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Which.
    pub name: Name,
    /// How it is written.
    pub form: Form,
    /// The bytes of its value; empty where there is none.
    pub value: Range<usize>,
    /// The byte after its last line.
    pub end: usize,
}

impl Name {
    const ALL: [Self; 6] =
        [Self::Status, Self::Date, Self::Enforcement, Self::EnforcedBy, Self::Supersedes, Self::SupersededBy];

    /// The name as files spell it.
    pub fn spelt(self) -> &'static str {
        match self {
            Self::Status => "Status",
            Self::Date => "Date",
            Self::Enforcement => "Enforcement",
            Self::EnforcedBy => "Enforced by",
            Self::Supersedes => "Supersedes",
            Self::SupersededBy => "Superseded by",
        }
    }

    fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.spelt().eq_ignore_ascii_case(text.trim()))
    }

    /// Whether its value may go on over the lines below it.
    fn is_long(self) -> bool {
        match self {
            Self::EnforcedBy | Self::Supersedes | Self::SupersededBy => true,
            Self::Status | Self::Date | Self::Enforcement => false,
        }
    }
}

/// Reads the facts before the first section, and those that are sections.
pub(super) fn read(text: &str, seen: &Markdown<'_>, sections: &[Section]) -> Vec<Field> {
    let head_end = sections.first().map_or(text.len(), |section| section.heading.start);
    let mut fields = in_lines(text, seen, 0..head_end);
    for section in sections {
        let Some(name) = Name::read(&text[section.title.clone()]) else { continue };
        let inner = in_lines(text, seen, section.body.clone());
        let free = inner.first().map_or(section.body.end, |field| line_start(text, field.value.start));
        let value = if name.is_long() {
            trimmed(text, section.body.start..free)
        } else {
            first_line(text, seen, section.body.start..free)
        };
        fields.push(Field { name, form: Form::Section, value, end: section.body.end });
        fields.extend(inner);
    }
    fields
}

/// The facts that are a line each within a part of the text.
fn in_lines(text: &str, seen: &Markdown<'_>, within: Range<usize>) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    let mut goes_on = false;
    for line in seen.lines_within(&within).iter().filter(|line| !line.code) {
        let written = &text[line.span.clone()];
        if let Some(field) = of_line(text, line) {
            goes_on = field.name.is_long();
            fields.push(field);
        } else if written.trim().is_empty() || written.starts_with('#') {
            goes_on = false;
        } else if goes_on {
            let field = fields.last_mut().expect("a field goes on after it was pushed");
            let start = if field.value.is_empty() { line.span.start } else { field.value.start };
            field.value = trimmed(text, start..line.span.end);
            field.end = line.end;
        }
    }
    fields
}

/// A value without the quotes around it, which it may have where facts are a frontmatter.
fn unquoted(text: &str, value: Range<usize>) -> Range<usize> {
    let written = &text[value.clone()];
    let is_quoted = |mark: char| written.len() > 2 && written.starts_with(mark) && written.ends_with(mark);
    if is_quoted('"') || is_quoted('\'') { value.start + 1..value.end - 1 } else { value }
}

/// The fact of a line, if it is one: maybe an item of a list, its name maybe between stars.
fn of_line(text: &str, line: &Line) -> Option<Field> {
    let written = &text[line.span.clone()];
    let bare = written.trim_start();
    let bare =
        ["* ", "- ", "+ "].iter().find_map(|item| bare.strip_prefix(item)).unwrap_or(bare).trim_start();
    let (form, named) = match bare.strip_prefix("**") {
        Some(rest) => (Form::Bold, rest),
        None => (Form::Plain, bare),
    };
    let (name, rest) = named.split_once(':')?;
    let (name, rest) = match form {
        Form::Bold => match name.strip_suffix("**") {
            Some(name) => (name, rest),
            None => (name, rest.strip_prefix("**")?),
        },
        Form::Plain | Form::Section => (name, rest),
    };
    let value = unquoted(text, trimmed(text, line.span.end - rest.len()..line.span.end));
    Some(Field { name: Name::read(name)?, form, value, end: line.end })
}

/// The first line with something on it that a reader sees.
fn first_line(text: &str, seen: &Markdown<'_>, within: Range<usize>) -> Range<usize> {
    let mut lines = seen.lines_within(&within).iter().filter(|line| !line.code);
    let found = lines.find(|line| !is_empty(&text[line.span.clone()]));
    found.map_or(within.start..within.start, |line| trimmed(text, line.span.clone()))
}

/// A part of the text without the white space around it; empty at its start where it is nothing else.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let part = &text[span.clone()];
    let bare = part.trim();
    if bare.is_empty() {
        return span.start..span.start;
    }
    let start = span.start + (part.len() - part.trim_start().len());
    start..start + bare.len()
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |at| at + 1)
}
