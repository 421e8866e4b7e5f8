//! What rules look at in a Markdown text: lines, headings, fences, code between backticks, words, and which bytes are prose.
//!
//! It finds places and changes nothing. Every byte offset is one of the text that was given. The structure is that of
//! CommonMark with tables, footnotes and links of wikis; the walk over it adds a little.

mod walk;

use std::ops::Range;

/// A text that was looked through.
#[derive(Debug)]
pub struct Markdown<'a> {
    text: &'a str,
    lines: Vec<Line>,
    fences: Vec<Fence>,
    headings: Vec<Heading>,
    code: Vec<Range<usize>>,
    prose: Vec<Range<usize>>,
    hidden: Vec<Range<usize>>,
    open: Option<String>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its bytes without what ends it.
    pub span: Range<usize>,
    /// Where the next line begins.
    pub end: usize,
    /// Whether it belongs to a block of code, with the fences around it.
    pub code: bool,
}

/// A block of code between fences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The word after the opening fence, in small letters; empty where there is none.
    pub language: String,
    /// What is between the fences.
    pub body: Range<usize>,
}

/// A heading that isn't within a list or a quote: `## Title`. What is underlined is none, for that happens by mistake
/// above a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// How many `#` it has.
    pub level: usize,
    /// The bytes of its title, without the `#` that may close it.
    pub title: Range<usize>,
    /// The bytes of its line.
    pub span: Range<usize>,
    /// Where the next line begins.
    pub end: usize,
}

impl<'a> Markdown<'a> {
    /// Looks through a page; its frontmatter isn't Markdown.
    pub fn page(text: &'a str) -> Self {
        Self::of(text, front_end(text))
    }

    /// Looks through a text from a byte on.
    pub fn of(text: &'a str, from: usize) -> Self {
        walk::walk(text, from)
    }

    /// The text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Its lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The lines that begin within a part of the text.
    pub fn lines_within(&self, part: &Range<usize>) -> &[Line] {
        let first = self.lines.partition_point(|line| line.span.start < part.start);
        let length = self.lines[first..].partition_point(|line| line.span.start < part.end);
        &self.lines[first..first + length]
    }

    /// Its fences.
    pub fn fences(&self) -> &[Fence] {
        &self.fences
    }

    /// Its headings.
    pub fn headings(&self) -> &[Heading] {
        &self.headings
    }

    /// What stands between backticks, without the backticks.
    pub fn code(&self) -> &[Range<usize>] {
        &self.code
    }

    /// The words outside of blocks of code: what has no white space, brackets, quotes or backticks in it, without the
    /// punctuation at its end. A link of any scheme is one word.
    pub fn words(&self) -> Vec<Range<usize>> {
        let between = |c: char| c.is_whitespace() || "()[]<>\"'`|,;*“”‘’".contains(c);
        let mut all = Vec::new();
        for line in self.lines.iter().filter(|line| !line.code) {
            let mut at = line.span.start;
            for part in self.text[line.span.clone()].split_inclusive(between) {
                let word = part.trim_end_matches(between).trim_end_matches(['.', ':', '!', '?']);
                if !word.is_empty() {
                    all.push(at..at + word.len());
                }
                at += part.len();
            }
        }
        all
    }

    /// The texts of paragraphs, headings, items and cells, with the marks in them.
    pub fn prose(&self) -> &[Range<usize>] {
        &self.prose
    }

    /// What a rule about words must leave alone: code, comments, tags, addresses, targets of links. Sorted, without
    /// overlaps.
    pub fn hidden(&self) -> &[Range<usize>] {
        &self.hidden
    }

    /// What closes the block that the text leaves open at its end, as a line of its own: a fence or a comment.
    pub fn open_end(&self) -> Option<&str> {
        self.open.as_deref()
    }
}

/// Whether a text has nothing that a reader sees: white space and comments only, or headings besides.
pub fn is_empty(text: &str) -> bool {
    let mut rest = text;
    let mut seen = String::new();
    while let Some((before, after)) = rest.split_once("<!--") {
        seen.push_str(before);
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    seen.push_str(rest);
    seen.lines().all(|line| line.trim().is_empty() || line.starts_with('#'))
}

/// A text that leaves no block open for what follows it.
pub fn closed(text: &str) -> String {
    match Markdown::of(text, 0).open_end() {
        Some(end) => format!("{text}\n{end}"),
        None => text.to_owned(),
    }
}

/// Whether a backslash makes a character one like any other.
pub(super) fn is_escaped(text: &str, at: usize) -> bool {
    (text[..at].len() - text[..at].trim_end_matches('\\').len()) % 2 == 1
}

/// Places of a text, sorted and without overlaps.
pub(super) fn merged(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    places.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(places.len());
    for range in places {
        match merged.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            Some(_) | None => merged.push(range),
        }
    }
    merged
}

/// Where frontmatter ends; without one where the text begins.
fn front_end(text: &str) -> usize {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.len() - body.len();
    let mut at = start;
    for (index, raw) in body.split_inclusive('\n').enumerate() {
        at += raw.len();
        match (index, raw.trim_end_matches(['\n', '\r']) == "---") {
            (0, false) => return start,
            (0, true) | (_, false) => {}
            (_, true) => return at,
        }
    }
    start
}

#[cfg(test)]
mod tests;
