//! The table of all decisions, kept between two markers so that people's words around it stay; and one decision, told.

use super::citation::Pointed;
use super::number::Number;
use super::record::{Adrs, Record};
use super::status::Status;
use crate::language::code::{Answer, Code};
use crate::language::terms::section::ended_like;

const BEGIN: &str = "<!-- adr-index: begin -->";
const END: &str = "<!-- adr-index: end -->";

/// Why the index of a page couldn't be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unkept {
    /// There is a page, and no place in it for the table.
    #[error("the page has no lines `{BEGIN}` and `{END}`; write them where the table belongs")]
    NoPlace,
    /// The place doesn't end.
    #[error("the page has `{BEGIN}` and no `{END}` after it; write that where the table ends")]
    NoEnd,
    /// The place doesn't begin.
    #[error("the page has `{END}` and no `{BEGIN}` before it; write that where the table begins")]
    NoBegin,
    /// There is more than one place, or the marks stand in the wrong order.
    #[error("the page has `{BEGIN}` or `{END}` more than once, or in the wrong order; keep one of each")]
    Places,
}

/// The table: by number, then by file. Two decisions with one number stand below each other.
pub fn table(adrs: &Adrs) -> String {
    let mut out = String::from("| Number | Decision | Status | Date |\n| --- | --- | --- | --- |\n");
    for record in &adrs.records {
        let title = cell(record.title_text()).replace('[', "\\[").replace(']', "\\]");
        let date = record.value(super::field::Name::Date).map_or_else(String::new, cell);
        let (number, file, stands) = (record.number(), record.file_name(), stands(record));
        out.push_str(&format!("| {number} | [{title}]({file}) | {stands} | {date} |\n"));
    }
    out
}

/// The page with the table in its place; a whole page where there is none yet.
pub fn kept(page: Option<&str>, adrs: &Adrs) -> Result<String, Unkept> {
    let table = table(adrs);
    let Some(page) = page else {
        return Ok(format!("# Decisions\n\n{BEGIN}\n{table}{END}\n"));
    };
    let places = (page.matches(BEGIN).count(), page.matches(END).count());
    let (begin, end) = match (page.find(BEGIN), page.find(END)) {
        (None, None) => return Err(Unkept::NoPlace),
        (Some(_), None) => return Err(Unkept::NoEnd),
        (None, Some(_)) => return Err(Unkept::NoBegin),
        (Some(begin), Some(end)) if places == (1, 1) && begin < end => (begin + BEGIN.len(), end),
        (Some(_), Some(_)) => return Err(Unkept::Places),
    };
    Ok(ended_like(format!("{}\n{table}{}", &page[..begin], &page[end..]), Some(page)))
}

/// One decision, told: where it stands, what it took the place of, who refers to it, what it cites and whether that is
/// there, and what was decided.
pub fn show(record: &Record, adrs: &Adrs, code: &dyn Code) -> String {
    let mut out = format!("{}: {}\n", record.number(), record.title_text());
    let mut line = |name: &str, said: String| {
        if !said.is_empty() {
            out.push_str(&format!("  {name}: {said}\n"));
        }
    };
    line("file", record.path().to_owned());
    line("status", stands(record));
    line("date", record.value(super::field::Name::Date).unwrap_or_default().to_owned());
    line("enforcement", record.enforcement().map_or("", |kept| kept.name()).to_owned());
    for (check, _) in record.checks() {
        line("enforced by", check.to_string());
    }
    line("supersedes", names(record.supersedes().iter().map(|(number, _)| *number)));
    line(
        "refers to",
        names(record.references().iter().map(|(number, _)| *number).filter(|n| *n != record.number())),
    );
    let refers = |other: &&Record| {
        other.number() != record.number()
            && other.references().iter().any(|(number, _)| *number == record.number())
    };
    line("referred to by", names(adrs.records.iter().filter(refers).map(Record::number)));
    for cited in record.citations() {
        line(
            "cites",
            match &cited.to {
                Pointed::Line { path } => format!("a line of {path}"),
                Pointed::Symbol(anchor) => match code.resolves(anchor) {
                    Answer::Yes => anchor.to_string(),
                    Answer::No { suggestion: None } => format!("{anchor}, which isn't there"),
                    Answer::No { suggestion: Some(meant) } => {
                        format!("{anchor}, which isn't there; perhaps {meant}")
                    }
                    Answer::Unknown { why } => format!("{anchor}, of which nobody can tell: {why}"),
                },
            },
        );
    }
    if let Some(section) = record.section("Decision") {
        out.push_str(&format!("\n{}\n", record.text()[section.body.clone()].trim()));
    }
    out
}

/// Where a decision stands, as one cell tells it.
fn stands(record: &Record) -> String {
    let by = names(record.superseded_by().iter().map(|(number, _)| *number));
    match record.status() {
        Some(Status::Superseded) if !by.is_empty() => format!("Superseded by {by}"),
        Some(status) => status.name().to_owned(),
        None => "unknown".to_owned(),
    }
}

fn names(numbers: impl Iterator<Item = Number>) -> String {
    let sorted: std::collections::BTreeSet<Number> = numbers.collect();
    sorted.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A text that a cell of a table can have.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::code::known::Known;

    fn adrs() -> Adrs {
        let files = [
            (
                "adr/0002-b.md",
                "# ADR-0002: B | [c]\nStatus: Accepted\nDate: 2026-02-01\nEnforcement: enforced\nEnforced by: `command:make`\nSupersedes: ADR-0001\n## Decision\nAs in ADR-0001: `src/a.rs:A`, `src/a.rs:B`.\n",
            ),
            ("adr/0001-a.md", "# ADR-0001: A\nStatus: Superseded by ADR-0002\nDate: 2026-01-01\n"),
            ("adr/0003-no-title.md", ""),
            ("adr/README.md", ""),
        ];
        Adrs::read(files)
    }

    #[test]
    fn the_table_is_stable() {
        insta::assert_snapshot!(table(&adrs()), @r"
        | Number | Decision | Status | Date |
        | --- | --- | --- | --- |
        | ADR-0001 | [A](0001-a.md) | Superseded by ADR-0002 | 2026-01-01 |
        | ADR-0002 | [B \| \[c\]](0002-b.md) | Accepted | 2026-02-01 |
        | ADR-0003 | [no-title](0003-no-title.md) | unknown |  |
        ");
    }

    #[test]
    fn the_words_around_the_table_stay() {
        let whole = kept(None, &adrs()).unwrap();
        assert_eq!(kept(Some(&whole), &adrs()).unwrap(), whole);
        let crlf = whole.replace('\n', "\r\n");
        assert_eq!(kept(Some(&crlf), &adrs()).unwrap(), crlf, "the ends of lines stay");
        let page = format!("Before {BEGIN} old {END} after");
        let expected = format!("Before {BEGIN}\n{}{END} after", table(&adrs()));
        assert_eq!(kept(Some(&page), &adrs()).unwrap(), expected);
        let rows = [
            ("no place", "text".to_owned(), Unkept::NoPlace),
            ("no end", BEGIN.to_owned(), Unkept::NoEnd),
            ("no begin", format!("text {END}"), Unkept::NoBegin),
            ("the wrong order", format!("{END}{BEGIN}"), Unkept::Places),
            ("twice", format!("{BEGIN}{END}{BEGIN}{END}"), Unkept::Places),
        ];
        for (name, page, expected) in rows {
            assert_eq!(kept(Some(&page), &adrs()), Err(expected), "{name}");
        }
    }

    #[test]
    fn a_decision_is_told() {
        let adrs = adrs();
        let code = Known { files: vec![("src/a.rs", vec!["A"])], ..Known::default() };
        let told: Vec<String> = adrs.records[..2].iter().map(|record| show(record, &adrs, &code)).collect();
        insta::assert_snapshot!(told.join("\n"), @"
        ADR-0001: A
          file: adr/0001-a.md
          status: Superseded by ADR-0002
          date: 2026-01-01
          refers to: ADR-0002
          referred to by: ADR-0002

        ADR-0002: B | [c]
          file: adr/0002-b.md
          status: Accepted
          date: 2026-02-01
          enforcement: enforced
          enforced by: command:make
          supersedes: ADR-0001
          refers to: ADR-0001
          referred to by: ADR-0001
          cites: src/a.rs:A
          cites: src/a.rs:B, which isn't there

        As in ADR-0001: `src/a.rs:A`, `src/a.rs:B`.
        ");
    }
}
