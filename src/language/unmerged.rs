//! What Git leaves in a text of which a merge isn't finished: both sides, between marks that are Markdown as well.

use std::ops::Range;

use super::markdown::Markdown;
use super::rule::{Found, Rule};
use super::wiki::WikiPage;
use crate::model::language::Level;

/// The rule about it; [`lint`] checks it.
pub const UNMERGED: Rule<()> = Rule {
    name: "unfinished-merge",
    level: Level::Error,
    doc: "no file holds the marks of a merge that nobody finished",
    check: (),
};

/// What is wrong with a file that holds such marks.
pub const SAYS: &str = "a merge of this file isn't finished";
/// What to do about it.
pub const HELP: &str =
    "keep one of the sides, or both, and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`";

/// The first marks of a merge in a page.
pub fn lint(page: &WikiPage) -> Option<Found> {
    marks(&page.text).map(|span| Found::new(&page.path, span, SAYS).help(HELP))
}

/// The line with which the first marks of a merge in a text begin. What is shown in a block of code is an example.
pub fn marks(text: &str) -> Option<Range<usize>> {
    if !text.contains("<<<<<<< ") {
        return None;
    }
    let seen = Markdown::of(text, 0);
    let mut lines = seen.lines().iter();
    let begins = |prefix: &'static str| move |span: &Range<usize>| text[span.clone()].starts_with(prefix);
    let (opens, closes) = (begins("<<<<<<< "), begins(">>>>>>> "));
    let open = lines.find(|line| !line.code && opens(&line.span))?;
    lines.any(|line| text[line.span.clone()].trim_end() == "=======").then_some(())?;
    lines.any(|line| closes(&line.span)).then(|| open.span.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_a_merge_are_found_and_examples_of_them_are_not() {
        let merge = "<<<<<<< HEAD\nEvery berth is dry.\n=======\nEvery berth is wet.\n>>>>>>> tides\n";
        for (name, text, expected) in [
            ("in a body", format!("# Tides\n\n{merge}"), Some(9)),
            ("in a frontmatter", format!("---\n{merge}---\nText.\n"), Some(4)),
            ("with the base of both", merge.replace("=======", "||||||| base\nDry.\n======="), Some(0)),
            ("with the ends of lines of Windows", merge.replace('\n', "\r\n"), Some(0)),
            ("an example", format!("# Tides\n\n```text\n{merge}```\n"), None),
            ("a title that is underlined, and a quote", "Tides\n=======\n\n>>>>>>> tides\n".to_owned(), None),
            ("the beginning alone", "<<<<<<< HEAD\n=======\n".to_owned(), None),
        ] {
            let found = lint(&WikiPage { path: "wiki/tides.md".into(), text });
            let at = found.map(|it| it.of(UNMERGED.name, Level::Error).span.start);
            assert_eq!(at, expected, "{name}");
        }
    }
}
