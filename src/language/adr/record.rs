//! A decision as its file tells it: number, title, facts, sections, and what it refers to.
//!
//! Reading never fails for what is written in the file: what is missing or doesn't fit is the lint's to say.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::language::front::MOST_BYTES;
use crate::language::markdown::Markdown;

use super::citation::{self, Cited};
use super::enforcement::{Check, Enforcement};
use super::field::{self, Field, Name};
use super::number::Number;
use super::status::Status;

/// Why a file is no decision that could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// Its name begins with a digit and isn't `NNNN-slug.md`.
    #[error(
        "the name of a decision is `NNNN-slug.md`: four digits from 0001 on, small letters, digits and `-`"
    )]
    Name,
    /// It is too long.
    #[error("a decision has at most {MOST_BYTES} bytes; move what is that long elsewhere, and link to it")]
    Length,
}

/// A part of a decision: `## Context`, and what is below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The bytes of its title.
    pub title: Range<usize>,
    /// The bytes of the line with its title.
    pub heading: Range<usize>,
    /// The bytes below, up to the next section.
    pub body: Range<usize>,
}

/// The first heading: `# ADR-0007: Title`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    /// The bytes of the heading without `#`.
    pub span: Range<usize>,
    /// Its number, and the bytes of that.
    pub number: Option<(Number, Range<usize>)>,
    /// The bytes after the number and its colon.
    pub words: Range<usize>,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    path: String,
    number: Number,
    text: String,
    title: Option<Title>,
    sections: Vec<Section>,
    fields: Vec<Field>,
    superseded_by: Vec<(Number, Range<usize>)>,
    supersedes: Vec<(Number, Range<usize>)>,
    citations: Vec<Cited>,
    references: Vec<(Number, Range<usize>)>,
}

/// All decisions of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adrs {
    /// What was read, by number and path.
    pub records: Vec<Record>,
    /// Files that look like decisions and couldn't be read.
    pub unread: Vec<(String, Unread)>,
}

impl Adrs {
    /// Reads the files of a folder; those whose name doesn't begin with a digit are none, such as its README.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut all = Self::default();
        for (path, text) in files {
            if !file_name(path).starts_with(|c: char| c.is_ascii_digit()) {
                continue;
            }
            match Record::read(path, text) {
                Ok(record) => all.records.push(record),
                Err(unread) => all.unread.push((path.to_owned(), unread)),
            }
        }
        all.records.sort_by(|a, b| (a.number, &a.path).cmp(&(b.number, &b.path)));
        all.unread.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// The decisions by number; of several with one number the first by path.
    pub fn by_number(&self) -> BTreeMap<Number, &Record> {
        self.records.iter().rev().map(|record| (record.number, record)).collect()
    }
}

impl Record {
    /// Reads a decision from its path and its text.
    pub fn read(path: &str, text: &str) -> Result<Self, Unread> {
        let number = number_of(path).ok_or(Unread::Name)?;
        if text.len() > MOST_BYTES {
            return Err(Unread::Length);
        }
        // The mark that some editors begin a file with.
        let mark = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
        let seen = Markdown::of(text, mark);
        let (title, sections) = outline(text, &seen);
        let fields = field::read(text, &seen, &sections);
        let citations = citation::cited(text, &seen);
        let references = (seen.lines().iter())
            .filter(|line| !line.code)
            .filter(|line| {
                title
                    .as_ref()
                    .is_none_or(|title| !(line.span.start..=line.span.end).contains(&title.span.start))
            })
            .flat_map(|line| Number::named_in(text, line.span.clone()))
            .collect();
        let by = |field: &&Field| match field.name {
            Name::Status => Status::read(&text[field.value.clone()]) == Some(Status::Superseded),
            Name::SupersededBy => true,
            Name::Date | Name::Enforcement | Name::EnforcedBy | Name::Supersedes => false,
        };
        let superseded_by = named(text, fields.iter().filter(by));
        let supersedes = named(text, fields.iter().filter(|field| field.name == Name::Supersedes));
        let (path, text) = (path.to_owned(), text.to_owned());
        Ok(Self {
            path,
            number,
            text,
            title,
            sections,
            fields,
            superseded_by,
            supersedes,
            citations,
            references,
        })
    }

    /// The file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The name of the file without its folder.
    pub fn file_name(&self) -> &str {
        file_name(&self.path)
    }

    /// The number that the file's name has.
    pub fn number(&self) -> Number {
        self.number
    }

    /// The whole text, as it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first heading.
    pub fn title(&self) -> Option<&Title> {
        self.title.as_ref()
    }

    /// The title without its number; the slug where there is none.
    pub fn title_text(&self) -> &str {
        let words = self.title.as_ref().map(|title| &self.text[title.words.clone()]);
        words
            .filter(|words| !words.is_empty())
            .unwrap_or_else(|| &self.file_name()[5..self.file_name().len() - 3])
    }

    /// The sections, in the order in which they stand.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The section of a title, in whatever case it is written.
    pub fn section(&self, title: &str) -> Option<&Section> {
        self.sections.iter().find(|section| self.text[section.title.clone()].eq_ignore_ascii_case(title))
    }

    /// The facts of a name, in the order in which they stand.
    pub fn fields(&self, name: Name) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(move |field| field.name == name)
    }

    /// The first value of a fact.
    pub fn value(&self, name: Name) -> Option<&str> {
        self.fields(name).map(|field| &self.text[field.value.clone()]).find(|value| !value.is_empty())
    }

    /// Where it stands; nothing where that isn't said, or not in a word that is known.
    pub fn status(&self) -> Option<Status> {
        self.value(Name::Status).and_then(Status::read)
    }

    /// Whether what it says about the code ought to be true.
    pub fn is_live(&self) -> bool {
        self.status().is_some_and(Status::is_live)
    }

    /// The decisions that it says took its place, each once, with their places in the text.
    pub fn superseded_by(&self) -> &[(Number, Range<usize>)] {
        &self.superseded_by
    }

    /// The decisions that it says it takes the place of, each once, with their places in the text.
    pub fn supersedes(&self) -> &[(Number, Range<usize>)] {
        &self.supersedes
    }

    /// Who sees to it that it is kept; nothing where that isn't said, or not in a word that is known.
    pub fn enforcement(&self) -> Option<Enforcement> {
        self.value(Name::Enforcement).and_then(Enforcement::read)
    }

    /// What checks it, with the places in the text.
    pub fn checks(&self) -> Vec<(Check, Range<usize>)> {
        let fields = self.fields(Name::EnforcedBy);
        fields.flat_map(|field| Check::read_all(&self.text, field.value.clone())).collect()
    }

    /// The places in the code that it cites.
    pub fn citations(&self) -> &[Cited] {
        &self.citations
    }

    /// The decisions that it names outside of its title, with their places in the text.
    pub fn references(&self) -> &[(Number, Range<usize>)] {
        &self.references
    }
}

/// The decisions that facts name, each where it is named first.
fn named<'a>(text: &str, fields: impl Iterator<Item = &'a Field>) -> Vec<(Number, Range<usize>)> {
    let mut seen = BTreeSet::new();
    let all = fields.flat_map(|field| Number::named_in(text, field.value.clone()));
    all.filter(|(number, _)| seen.insert(*number)).collect()
}

/// The name of a file without its folder.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().expect("a split has at least one part")
}

/// The number of `NNNN-slug.md`.
pub fn number_of(path: &str) -> Option<Number> {
    let (digits, slug) = file_name(path).strip_suffix(".md")?.split_once('-')?;
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if slug.is_empty() || !slug.chars().all(named) { None } else { Number::of_digits(digits) }
}

/// The first heading of the first level, and the sections of the second.
fn outline(text: &str, seen: &Markdown<'_>) -> (Option<Title>, Vec<Section>) {
    let headings = seen.headings();
    let title =
        headings.iter().find(|heading| heading.level == 1).map(|heading| title(text, heading.title.clone()));
    let mut sections: Vec<Section> = Vec::new();
    for heading in headings.iter().filter(|heading| heading.level <= 2) {
        if let Some(open) = sections.last_mut().filter(|open| open.body.end == text.len()) {
            open.body.end = heading.span.start;
        }
        if heading.level == 2 {
            let body = heading.end..text.len();
            sections.push(Section { title: heading.title.clone(), heading: heading.span.clone(), body });
        }
    }
    (title, sections)
}

/// Reads `ADR-0007: Title`, `ADR-0007 — Title` and `0007. Title`.
fn title(text: &str, span: Range<usize>) -> Title {
    let written = &text[span.clone()];
    let bare = written.strip_prefix("ADR-").unwrap_or(written);
    let prefix = written.len() - bare.len();
    let number = bare.get(..4).and_then(Number::of_digits).filter(|_| {
        let after = bare[4..].trim_start();
        after.is_empty() || after.starts_with([':', '.', '—', '–', '-'])
    });
    match number {
        Some(number) => {
            let rest = bare[4..].trim_start().trim_start_matches([':', '.', '—', '–', '-']).trim_start();
            let words = span.end - rest.len()..span.end;
            Title { number: Some((number, span.start..span.start + prefix + 4)), words, span }
        }
        None => Title { number: None, words: span.clone(), span },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &str) -> String {
        let record = Record::read("adr/0007-a.md", text).unwrap();
        let by: Vec<String> = record.superseded_by().iter().map(|(number, _)| number.to_string()).collect();
        let of: Vec<String> = record.supersedes().iter().map(|(number, _)| number.to_string()).collect();
        let checks: Vec<String> = record.checks().iter().map(|(check, _)| check.to_string()).collect();
        format!(
            "{} | {} | {} | by {by:?} | of {of:?} | {} {checks:?}",
            record.title_text(),
            record.status().map_or("-", Status::name),
            record.value(Name::Date).unwrap_or("-"),
            record.enforcement().map_or("-", Enforcement::name),
        )
    }

    #[test]
    fn facts_are_read_in_each_form() {
        let rows = [
            ("bold", "# ADR-0007: A title\n\n**Status:** Accepted\n**Date:** 2026-11-21\n\n## Context\n"),
            (
                "bold, the colon outside",
                "# ADR-0007: A\n**Status**: Proposed\n**Supersedes**: ADR-0001, ADR-0002\n",
            ),
            ("plain, as a list", "# ADR-0007 — A\r\n\r\n- Status: rejected\r\n- Date: 2026-01-01\r\n"),
            (
                "sections",
                "# 0007. A\n\n## Status\n\n<!-- one of -->\nSuperseded by [ADR-0009](0009-b.md)\n\n## Date\n2026\n",
            ),
            (
                "enforcement",
                "# A\nStatus: Accepted\n**Enforcement:** enforced\n**Enforced by:** `test:a.rs::b`,\n`command:make c`\n\nwords `d`\n",
            ),
            (
                "enforcement as a section",
                "# A\n## Enforcement\nmanual\n\nEnforced by:\n- docs/A.md\n## Context\nStatus: Accepted\n",
            ),
            ("in a fence it is none", "# A\n```\nStatus: Accepted\n```\n"),
            ("nothing at all", ""),
        ];
        let all: Vec<String> = rows.iter().map(|(name, text)| format!("{name}: {}", told(text))).collect();
        insta::assert_snapshot!(all.join("\n"), @r#"
        bold: A title | Accepted | 2026-11-21 | by [] | of [] | - []
        bold, the colon outside: A | Proposed | - | by [] | of ["ADR-0001", "ADR-0002"] | - []
        plain, as a list: A | Rejected | 2026-01-01 | by [] | of [] | - []
        sections: A | Superseded | 2026 | by ["ADR-0009"] | of [] | - []
        enforcement: A | Accepted | - | by [] | of [] | enforced ["test:a.rs::b", "command:make c"]
        enforcement as a section: A | - | - | by [] | of [] | manual ["docs/A.md"]
        in a fence it is none: A | - | - | by [] | of [] | - []
        nothing at all: a | - | - | by [] | of [] | - []
        "#);
    }

    #[test]
    fn a_mark_at_the_beginning_of_a_file_is_none_of_its_text() {
        let text = "\u{feff}# ADR-0007: A title\n\n**Status:** Accepted\n\n## Context\n";
        let record = Record::read("adr/0007-a.md", text).unwrap();
        assert_eq!((record.title_text(), record.status()), ("A title", Some(Status::Accepted)));
    }

    #[test]
    fn names_of_files() {
        let rows = [
            ("a decision", "adr/0007-a-b2.md", Some(7)),
            ("no slug", "adr/0007.md", None),
            ("three digits", "adr/007-a.md", None),
            ("zero", "0000-template.md", None),
            ("large letters", "0007-A.md", None),
        ];
        for (name, path, expected) in rows {
            assert_eq!(number_of(path).map(Number::get), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([#*`:~ \\n\\r0-9a-cé.(>|-]|ADR-0001|Status|Enforced by|## |```|src/a.rs:B|<!--){0,60}") {
            let record = Record::read("adr/0007-a.md", &text).unwrap();
            let spans = record.sections().iter().flat_map(|s| [s.title.clone(), s.heading.clone(), s.body.clone()]);
            let spans = spans.chain(record.fields.iter().map(|field| field.value.clone()));
            let spans = spans.chain(record.citations().iter().map(|cited| cited.span.clone()));
            let spans = spans.chain(record.checks().into_iter().map(|(_, span)| span));
            for span in spans.chain(record.references().iter().map(|(_, span)| span.clone())) {
                prop_assert!(text.get(span).is_some());
            }
            record.title_text();
            record.superseded_by();
            prop_assert_eq!(record.text(), &text);
        }
    }
}
