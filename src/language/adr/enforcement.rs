//! What makes sure that a decision is kept: checks that a machine runs, a process of people, or nothing but the record.

use std::fmt;
use std::ops::Range;

use crate::language::markdown::Markdown;

/// Who sees to it that a decision is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Enforcement {
    /// Checks that a machine runs.
    Enforced,
    /// People, in a process that is written down.
    Manual,
    /// Nobody has to: it tells what was decided.
    DecisionOfRecord,
}

/// One thing that checks a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// `test:path::name`, or all tests of a file.
    Test {
        /// The file.
        path: String,
        /// The name in it, with `.` between its parts.
        name: Option<String>,
    },
    /// `command:…`.
    Command(String),
    /// Where people find what they do: a file, an issue, a decision or an address.
    Pointer(String),
    /// Words that lead nowhere.
    Words(String),
}

impl Enforcement {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Enforced, Self::Manual, Self::DecisionOfRecord];

    /// Its name as files spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Manual => "manual",
            Self::DecisionOfRecord => "decision-of-record",
        }
    }

    /// The one that a text names.
    pub fn read(text: &str) -> Option<Self> {
        let bare = text.trim_matches(|c: char| c.is_whitespace() || "`*_.".contains(c));
        Self::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(bare))
    }
}

impl fmt::Display for Enforcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Check {
    /// What a text of `Enforced by` names, each with its place: what is between backticks, and without any backticks
    /// what is between commas. `(none)` names nothing.
    pub fn read_all(text: &str, value: Range<usize>) -> Vec<(Self, Range<usize>)> {
        let part = &text[value.clone()];
        let code = Markdown::of(part, 0).code().to_vec();
        let spans: Vec<Range<usize>> = if code.is_empty() {
            let mut at = 0;
            let pieces = part.split_inclusive([',', '\n']).map(|piece| {
                let start = at;
                at += piece.len();
                start..start + piece.trim_end_matches([',', '\n']).len()
            });
            pieces.collect()
        } else {
            code
        };
        let mut all = Vec::new();
        for span in spans {
            let written = &part[span.clone()];
            let bare = written.trim().trim_start_matches(['-', '*', '+']).trim();
            let none = ["", "none", "(none)", "n/a", "—", "–"].contains(&bare.to_lowercase().as_str());
            if !none {
                let start = value.start + span.start + written.find(bare).unwrap_or_default();
                all.push((Self::read(bare), start..start + bare.len()));
            }
        }
        all
    }

    fn read(text: &str) -> Self {
        if let Some(test) = text.strip_prefix("test:") {
            let (path, name) = match test.split_once("::") {
                Some((path, name)) => (path, Some(name.replace("::", "."))),
                None => (test, None),
            };
            return Self::Test { path: path.trim().to_owned(), name };
        }
        if let Some(line) = text.strip_prefix("command:") {
            return Self::Command(line.trim().to_owned());
        }
        let address = text.contains("://") || text.contains("ADR-") || numbered(text);
        let file = text.split_whitespace().any(|word| {
            word.contains('/')
                || word.trim_end_matches(['.', ',']).rsplit_once('.').is_some_and(|(_, ext)| ext == "md")
        });
        if address || file { Self::Pointer(text.to_owned()) } else { Self::Words(text.to_owned()) }
    }
}

/// Whether a text names an issue: `#12`.
fn numbered(text: &str) -> bool {
    text.split('#').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test { path, name: Some(name) } => write!(f, "test:{path}::{}", name.replace('.', "::")),
            Self::Test { path, name: None } => write!(f, "test:{path}"),
            Self::Command(line) => write!(f, "command:{line}"),
            Self::Pointer(text) | Self::Words(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_told_apart() {
        let rows: [(&str, &str, &[&str]); 8] = [
            ("nothing", "(none)", &[]),
            ("a test", "test:src/a.rs::tests::holds", &["Test src/a.rs tests.holds"]),
            ("all of a file", "`test:tests/a.rs`", &["Test tests/a.rs -"]),
            ("two", "`test:a.rs::b`, `command:make a, b`", &["Test a.rs b", "Command make a, b"]),
            ("without backticks", "test:a.rs::b, command:make a", &["Test a.rs b", "Command make a"]),
            ("a list", "\n- command:a\n- docs/b.md", &["Command a", "Pointer docs/b.md"]),
            (
                "a pointer",
                "the release checklist, docs/RELEASE.md",
                &["Words the release checklist", "Pointer docs/RELEASE.md"],
            ),
            ("words", "everybody looks", &["Words everybody looks"]),
        ];
        for (name, text, expected) in rows {
            let found: Vec<String> = Check::read_all(text, 0..text.len())
                .into_iter()
                .map(|(check, _)| match check {
                    Check::Test { path, name } => format!("Test {path} {}", name.as_deref().unwrap_or("-")),
                    Check::Command(line) => format!("Command {line}"),
                    Check::Pointer(text) => format!("Pointer {text}"),
                    Check::Words(text) => format!("Words {text}"),
                })
                .collect();
            assert_eq!(found, expected, "{name}");
        }
    }
}
