//! Begins a decision: the next number that nobody has taken, a file name, and a text to fill in.

use std::collections::BTreeSet;

use crate::language::slug::of_title;

use super::number::{Number, Taken};

/// The most characters of a title.
const MOST_TITLE: usize = 120;

/// A decision that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its number.
    pub number: Number,
    /// The file, relative to the root of the repository.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Why no decision could be begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undraftable {
    /// The title is empty, goes over several lines or is too long.
    #[error(
        "a title is one line of at most {MOST_TITLE} characters; say the decision in it, and the rest below"
    )]
    Title,
    /// The title has nothing that a file name can have.
    #[error("the title `{0}` has no letter or digit that a file name can have; use some of a to z")]
    Slug(String),
    /// Every number is taken.
    #[error("the numbers up to ADR-9999 are taken; begin another folder of decisions")]
    Numbers,
}

/// The number after all that are taken, here and in open pull requests. Gaps stay: whoever left one may have been cited.
pub fn next_number(here: &BTreeSet<Number>, open: &[Taken]) -> Result<Number, Undraftable> {
    let highest = here.iter().copied().chain(open.iter().map(|taken| taken.number)).max();
    let next = highest.map_or(1, |number| number.get() + 1);
    Number::new(next).ok_or(Undraftable::Numbers)
}

/// The text of a new decision with a title, which is up for a decision from a date on.
pub fn draft(
    folder: &str,
    number: Number,
    title: &str,
    date: jiff::civil::Date,
) -> Result<Draft, Undraftable> {
    let title = title.trim();
    if title.is_empty() || title.contains(char::is_control) || title.chars().count() > MOST_TITLE {
        return Err(Undraftable::Title);
    }
    let slug = of_title(title).ok_or_else(|| Undraftable::Slug(title.to_owned()))?;
    let path = format!("{}/{}-{slug}.md", folder.trim_end_matches('/'), number.digits());
    let text = format!(
        "# {number}: {title}\n\n\
         **Status:** Proposed\n\
         **Date:** {date}\n\n\
         ## Context\n\n<!-- What is so, and why something has to be decided. -->\n\n\
         ## Decision\n\n<!-- What is done from now on. Cite code as `path:Symbol`. -->\n\n\
         ## Consequences\n\n<!-- What becomes easier, what becomes harder. -->\n\n\
         ## Alternatives\n\n<!-- * *What else there was.* Why not. -->\n"
    );
    Ok(Draft { number, path, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::adr::{Adrs, Record, Status};

    fn number(n: u16) -> Number {
        Number::new(n).unwrap()
    }

    #[test]
    fn the_next_number_is_after_all() {
        let open = |n| vec![Taken { number: number(n), path: String::new(), pull: 1 }];
        let rows = [
            ("none yet", vec![], vec![], Ok(number(1))),
            ("a gap stays", vec![1, 2, 4], vec![], Ok(number(5))),
            ("one in a pull request", vec![1, 2], open(7), Ok(number(8))),
            ("an older one in a pull request", vec![1, 9], open(7), Ok(number(10))),
            ("all taken", vec![9999], vec![], Err(Undraftable::Numbers)),
        ];
        for (name, here, open, expected) in rows {
            let here = here.into_iter().map(number).collect();
            assert_eq!(next_number(&here, &open), expected, "{name}");
        }
    }

    #[test]
    fn a_draft_reads_back() {
        let draft =
            draft("adr/", number(45), "An issue's phase: derived!", jiff::civil::date(2026, 11, 29)).unwrap();
        assert_eq!(draft.path, "adr/0045-an-issues-phase-derived.md");
        let record = Record::read(&draft.path, &draft.text).unwrap();
        assert_eq!(record.title_text(), "An issue's phase: derived!");
        assert_eq!(record.status(), Some(Status::Proposed));
        let adrs = Adrs::read([(draft.path.as_str(), draft.text.as_str())]);
        let code = crate::language::code::known::Known::default();
        let look = crate::language::adr::Look::new(&adrs, &code, &[], &[]);
        let left = crate::language::adr::lint(&look, &std::collections::BTreeMap::new());
        let said: Vec<_> = left.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(
            said,
            [
                "the section Context is empty",
                "the section Decision is empty",
                "the section Consequences is empty"
            ]
        );
    }

    #[test]
    fn bad_titles_are_refused() {
        let rows = [
            ("empty", " ".to_owned(), Undraftable::Title),
            ("two lines", "a\nb".to_owned(), Undraftable::Title),
            ("long", "a".repeat(121), Undraftable::Title),
            ("no letter", "…—".to_owned(), Undraftable::Slug("…—".into())),
        ];
        for (name, title, expected) in rows {
            assert_eq!(
                draft("adr", number(1), &title, jiff::civil::date(2026, 1, 1)),
                Err(expected),
                "{name}"
            );
        }
    }
}
