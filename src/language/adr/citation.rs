//! What a text says about places in the code: `path:Symbol` between backticks, and lines, which nobody should cite.

use std::ops::Range;

use crate::language::markdown::Markdown;
use crate::model::language::Anchor;

/// Ends of names that are files of text even at the root of a repository.
const KNOWN: [&str; 34] = [
    "rs", "py", "pyi", "ts", "tsx", "js", "jsx", "mjs", "cjs", "go", "java", "kt", "c", "h", "cc", "cpp",
    "hpp", "cs", "rb", "php", "swift", "sh", "sql", "toml", "kdl", "json", "yml", "yaml", "md", "html",
    "css", "proto", "txt", "lock",
];

/// A place in the code that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cited {
    /// Its bytes.
    pub span: Range<usize>,
    /// What it points to.
    pub to: Pointed,
}

/// What a citation points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pointed {
    /// A symbol of a file.
    Symbol(Anchor),
    /// A line of a file, which says something else with the next change.
    Line {
        /// The file.
        path: String,
    },
}

/// The symbols that a text cites between backticks, and the lines that it cites anywhere; fences, addresses on the web
/// and patterns aside. In the order of their places.
pub fn cited(text: &str, seen: &Markdown<'_>) -> Vec<Cited> {
    let symbols = seen.code().iter().cloned().filter_map(|span| {
        let (inner, symbol) = (trimmed(text, span.clone()), read(text[span].trim())?);
        matches!(symbol, Pointed::Symbol(_)).then_some(Cited { span: inner, to: symbol })
    });
    let lines = seen.words().into_iter().filter_map(|span| {
        let line = read(&text[span.clone()])?;
        matches!(line, Pointed::Line { .. }).then_some(Cited { span, to: line })
    });
    let mut all: Vec<Cited> = symbols.chain(lines).collect();
    all.sort_by_key(|cited| (cited.span.start, cited.span.end));
    all
}

/// What a single word points to: `path:Symbol`, `path:Type::method`, `path:12`, `path:12-34` or `path#L12`.
pub fn read(word: &str) -> Option<Pointed> {
    if word.contains("://") || word.contains(char::is_whitespace) || is_pattern(word) {
        return None;
    }
    if let Some((path, line)) = word.split_once("#L")
        && is_file(path)
        && line.starts_with(|c: char| c.is_ascii_digit())
    {
        return Some(Pointed::Line { path: path.to_owned() });
    }
    let (path, symbol) = word.split_once(':')?;
    if !is_file(path) {
        return None;
    }
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    if symbol.split([':', '-', '–', 'L']).filter(|part| !part.is_empty()).all(digits) && !symbol.is_empty()
    {
        return Some(Pointed::Line { path: path.to_owned() });
    }
    let symbol = symbol.trim_start_matches(':').trim_end_matches("()").replace("::", ".");
    let starts = |part: &str| part.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$');
    let goes_on = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || c == '!';
    let named = symbol.split('.').all(|part| starts(part) && part.chars().all(goes_on));
    if named { Anchor::new(path, &symbol).ok().map(Pointed::Symbol) } else { None }
}

/// Whether a word is a pattern or a placeholder rather than a name.
fn is_pattern(word: &str) -> bool {
    word.contains(['*', '?', '[', '{', '<', '…']) || word.contains("...")
}

/// Whether a word looks like a file of the repository.
pub fn is_file(path: &str) -> bool {
    let named = |c: char| c.is_alphanumeric() || "._-/@+".contains(c);
    let Some((stem, end)) = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')) else {
        return false;
    };
    let letters = !end.is_empty() && end.len() <= 5 && end.chars().all(char::is_alphanumeric);
    let known = KNOWN.contains(&end);
    let inner = path.contains('/') && letters && end.starts_with(|c: char| c.is_ascii_alphabetic());
    let inside = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    !stem.is_empty() && inside && path.chars().all(named) && (known || inner)
}

fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let part = &text[span.clone()];
    let start = span.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart() {
        let rows = [
            ("a symbol", "src/a.rs:Guard", "symbol src/a.rs:Guard"),
            ("at the root", "build.rs:main", "symbol build.rs:main"),
            ("nested", "src/a.rs:Guard.look", "symbol src/a.rs:Guard.look"),
            ("nested as Rust spells it", "src/a.rs:Guard::look()", "symbol src/a.rs:Guard.look"),
            ("two colons", "src/a.rs::Guard", "symbol src/a.rs:Guard"),
            ("a line", "src/a.rs:12", "line src/a.rs"),
            ("lines", "src/a.rs:12-34", "line src/a.rs"),
            ("a line and a column", "src/a.rs:12:5", "line src/a.rs"),
            ("a line as the web has it", "src/a.rs#L12-L14", "line src/a.rs"),
            ("an L before the number", "src/a.rs:L12", "line src/a.rs"),
            ("a pattern", "src/*.rs:Guard", "-"),
            ("an address", "https://a.example/b.rs:80", "-"),
            ("a port", "127.0.0.1:8080", "-"),
            ("a host", "example.com:443", "-"),
            ("a check", "test:src/a.rs::b", "-"),
            ("no symbol", "src/a.rs:", "-"),
            ("out of the repository", "../a.rs:B", "-"),
            ("a sentence", "src/a.rs:not a name", "-"),
            ("an override", "visibility=1@repo/acme/widgets/visibility", "-"),
        ];
        for (name, word, expected) in rows {
            let found = match read(word) {
                Some(Pointed::Symbol(anchor)) => format!("symbol {anchor}"),
                Some(Pointed::Line { path }) => format!("line {path}"),
                None => "-".to_owned(),
            };
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn symbols_need_backticks_and_lines_do_not() {
        let text = "`src/a.rs:A` src/b.rs:B, src/c.rs:3 and `d.rs:4`.\n```\nsrc/e.rs:5 `src/e.rs:E`\n```\n";
        let found: Vec<&str> =
            cited(text, &Markdown::of(text, 0)).into_iter().map(|cited| &text[cited.span]).collect();
        assert_eq!(found, ["src/a.rs:A", "src/c.rs:3", "d.rs:4"]);
    }
}
