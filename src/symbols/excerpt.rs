//! The text of a definition for people and prompts, and the types whose names say that they bear a load.

use crate::model::language::Anchor;

use super::file::{FileSymbols, Kind};
use super::index::Index;

/// The bytes of a line that an excerpt shows, at most.
const LINE_BYTES: usize = 400;

/// The text of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The line it starts on, from 1.
    pub line: u32,
    /// Its lines, without the indentation that all of them have; long lines end in `…`.
    pub text: String,
    /// How many more lines the definition has.
    pub left_out: usize,
}

/// The text of a symbol in its file's source, in at most some lines. None: the symbol isn't there, or the source
/// is not the one that was read.
pub fn excerpt(source: &str, file: &FileSymbols, symbol: &str, lines: usize) -> Option<Excerpt> {
    let found = file.get(symbol)?;
    let (start, end) = (usize::try_from(found.span.start).ok()?, usize::try_from(found.span.end).ok()?);
    // From the start of its line, so that indentation is told.
    let before = source.get(..start)?;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let indented = source.get(line_start..start)?.chars().all(char::is_whitespace);
    let text = source.get(if indented { line_start } else { start }..end)?;
    let all: Vec<&str> = text.lines().collect();
    let shown = &all[..all.len().min(lines)];
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let common = shown.iter().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    let shown: Vec<String> = shown.iter().map(|line| shortened(line.get(common..).unwrap_or(""))).collect();
    Some(Excerpt { line: found.line, text: shown.join("\n"), left_out: all.len() - shown.len() })
}

fn shortened(line: &str) -> String {
    let line = line.trim_end();
    if line.len() <= LINE_BYTES {
        return line.to_owned();
    }
    let mut end = LINE_BYTES;
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &line[..end])
}

/// The types, nested ones too, whose names end in one of some suffixes, sorted.
pub fn load_bearing(index: &Index, suffixes: &[String]) -> Vec<Anchor> {
    let bears =
        |name: &str| suffixes.iter().any(|suffix| !suffix.is_empty() && name.ends_with(suffix.as_str()));
    let types = index.definitions().filter(|(_, found)| found.kind == Kind::Type && bears(found.name()));
    let mut anchors: Vec<Anchor> =
        types.filter_map(|(path, found)| Anchor::new(path, &found.symbol).ok()).collect();
    anchors.sort();
    anchors
}
