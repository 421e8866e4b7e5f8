//! The number of a decision, and who has it.

use std::fmt;
use std::ops::Range;

/// The number of a decision: 1 to 9999, written with four digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(u16);

/// A number that a pull request which isn't merged yet has taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taken {
    /// The number.
    pub number: Number,
    /// The file that the pull request adds.
    pub path: String,
    /// The pull request.
    pub pull: u64,
}

impl Number {
    /// The number, if it is one that a decision can have.
    pub fn new(number: u16) -> Option<Self> {
        (1..=9999).contains(&number).then_some(Self(number))
    }

    /// The number of exactly four digits.
    pub fn of_digits(digits: &str) -> Option<Self> {
        let four = digits.len() == 4 && digits.bytes().all(|c| c.is_ascii_digit());
        if four { digits.parse().ok().and_then(Self::new) } else { None }
    }

    /// The number that a file has in the folder of decisions, where it has one.
    pub fn of_file(folder: &str, path: &str) -> Option<Self> {
        let name = path.strip_prefix(folder.trim_end_matches('/'))?.strip_prefix('/')?;
        let slug = name.strip_suffix(".md")?.get(4..)?.strip_prefix('-')?;
        Self::of_digits(name.get(..4)?).filter(|_| !slug.contains('/'))
    }

    /// The bare number.
    pub fn get(self) -> u16 {
        self.0
    }

    /// The four digits, as file names have them.
    pub fn digits(self) -> String {
        format!("{:04}", self.0)
    }

    /// The numbers that a text names as `ADR-NNNN`, with their places. Addresses on the web name those of others.
    pub fn named_in(text: &str, within: Range<usize>) -> Vec<(Self, Range<usize>)> {
        const PREFIX: &str = "ADR-";
        let joined = |c: char| c.is_alphanumeric() || c == '_';
        let part = &text[within.clone()];
        let mut all = Vec::new();
        for (at, _) in part.match_indices(PREFIX) {
            let rest = &part[at + PREFIX.len()..];
            let digits = rest.get(..4).and_then(Self::of_digits);
            let before = part[..at].chars().next_back();
            let after = rest.get(4..).and_then(|rest| rest.chars().next());
            if let Some(number) = digits
                && !before.is_some_and(joined)
                && !after.is_some_and(joined)
                && !before_in_word(&part[..at]).contains("://")
            {
                let start = within.start + at;
                all.push((number, start..start + PREFIX.len() + 4));
            }
        }
        all
    }
}

/// The end of a text as far as the last white space in it, and no more than an address needs.
fn before_in_word(text: &str) -> &str {
    const MOST: usize = 500;
    let start = text.char_indices().rev().take(MOST).take_while(|(_, c)| !c.is_whitespace()).last();
    &text[start.map_or(text.len(), |(at, _)| at)..]
}

impl Taken {
    /// The number that a file has in the folder of decisions, where it has one.
    pub fn of(folder: &str, path: &str, pull: u64) -> Option<Self> {
        Some(Self { number: Number::of_file(folder, path)?, path: path.to_owned(), pull })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ADR-{:04}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_taken_by_a_file_of_the_folder() {
        for (path, expected) in [
            ("adr/0012-lift-it.md", Some(12)),
            ("adr/README.md", None),
            ("adr/0012.md", None),
            ("adr/old/0012-lift-it.md", None),
            ("adrs/0012-lift-it.md", None),
            ("0012-lift-it.md", None),
        ] {
            let taken = Taken::of("adr/", path, 3).map(|taken| taken.number.get());
            assert_eq!(taken, expected, "{path}");
        }
    }

    #[test]
    fn numbers_are_named_with_four_digits() {
        let rows: [(&str, &str, &[u16]); 7] = [
            ("plain and in brackets", "see ADR-0007 (ADR-0012).", &[7, 12]),
            ("as a link", "[ADR-0001](0001-a.md)", &[1]),
            ("three or five digits", "ADR-001 ADR-00012", &[]),
            ("part of a word", "MYADR-0001 ADR-0001x ADR-0001_a", &[]),
            ("of somebody else", "https://example.com/ADR-0003 ADR-0004", &[4]),
            ("zero is none", "ADR-0000", &[]),
            ("at the edge of a letter", "ADR-00é", &[]),
        ];
        for (name, text, expected) in rows {
            let found: Vec<u16> =
                Number::named_in(text, 0..text.len()).into_iter().map(|(number, _)| number.get()).collect();
            assert_eq!(found, expected, "{name}");
        }
    }
}
