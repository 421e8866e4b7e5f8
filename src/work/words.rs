//! Words of others in what the factory writes: shown, and nothing else. In a text they stand in a block of code, where
//! nobody is called, nothing is closed or referred to, and no comment is hidden; in a title they are taken apart where they
//! would call or refer.

use crate::model::{Check, Closed, is_hidden};

/// Characters of one token, about: fewer than any model has, so that no budget is overrun.
pub(crate) const PER_TOKEN: usize = 3;

/// Lines of others as a block that no Markdown in them leaves, without what a reader can't see.
pub(crate) fn as_data<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let shown =
        |line: &str| line.replace('\t', "    ").chars().filter(|c| !is_hidden(*c)).collect::<String>();
    lines.into_iter().map(|line| format!("    {}\n", shown(line))).collect::<Vec<_>>().concat()
}

/// Words of others below a label, as many characters of them; nothing where they say nothing.
pub(crate) fn quoted(label: &str, words: &str, most: usize) -> String {
    let visible = |c: &char| *c == '\n' || !is_hidden(*c);
    let shown: String = words.chars().filter(visible).take(most).collect();
    // What a pull request says may become the message of a commit, in which a block of code is none.
    let lines: Vec<String> = shown.trim().lines().map(taken_apart).collect();
    let lines = as_data(lines.iter().map(String::as_str));
    if lines.is_empty() { String::new() } else { format!("\n{label}:\n\n{lines}") }
}

/// The most characters of an agent's last words that a pull request shows.
const SHOWN: usize = 2_000;

/// What a pull request shows of a run: its agent's words, and what the gates showed, in a list that no Markdown in it leaves.
pub(crate) fn words_of(closed: &Closed) -> String {
    let quotes = [("Its last words", &closed.answer), ("It notes", &closed.said.note)];
    let quoted = quotes.into_iter().filter_map(|(label, it)| Some(quoted(label, it.as_deref()?, SHOWN)));
    quoted.chain([checked(closed)]).collect()
}

fn checked(closed: &Closed) -> String {
    let Some(check) = closed.checks.first() else { return String::new() };
    let summaries: Vec<String> = closed.checks.iter().map(Check::summary).collect();
    let lines = as_data(summaries.iter().map(String::as_str));
    format!("\nThe gates of the repository, on a clean checkout of {}:\n\n{lines}", check.commit)
}

/// What refers to an issue or a pull request where a number follows.
const REFERS: [&str; 4] = ["#", "gh-", "/issues/", "/pull/"];

/// What keeps checks from running where a commit says it; a title becomes that of a commit.
const SKIPS: [&str; 5] = ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"];

/// Words of others as a title: on one line, with a space in each `@name`, `#1`, `GH-1` and address of an issue.
pub(crate) fn as_title(words: &str) -> String {
    taken_apart(&words.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A line without what can't be seen, with a space in whatever would call, refer or keep checks from running.
fn taken_apart(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars().filter(|c| !is_hidden(*c)) {
        let calls = c.is_alphanumeric() && out.ends_with('@');
        let refers = c.is_ascii_digit() && {
            let before = out.to_ascii_lowercase();
            REFERS.iter().any(|word| before.ends_with(word))
        };
        if calls || refers {
            out.push(' ');
        }
        out.push(c);
        let skips = c == ']' && {
            let before = out.to_ascii_lowercase();
            SKIPS.iter().any(|word| before.ends_with(word))
        };
        if skips {
            out.insert(out.len() - 1, ' ');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::said_by;

    #[test]
    fn a_title_calls_nobody_and_refers_to_nothing() {
        for (words, title) in [
            ("Mend the roof", "Mend the roof"),
            ("Ask @alice, not @ or x@", "Ask @ alice, not @ or x@"),
            ("@acme/team: fixes #3", "@ acme/team: fixes # 3"),
            ("closes acme/anvil#12 and GH-7", "closes acme/anvil# 12 and GH- 7"),
            (
                "resolves https://github.com/a/b/issues/3 and /Pull/4",
                "resolves https://github.com/a/b/issues/ 3 and /Pull/ 4",
            ),
            ("a\u{202e}b\u{200b}c\td\n#\u{200d}5", "abc d # 5"),
            ("C# and F#", "C# and F#"),
            ("[Skip CI] a [b] [no ci]", "[Skip CI ] a [b] [no ci ]"),
        ] {
            assert_eq!(as_title(words), title);
            assert_eq!(said_by(&as_title(words)), said_by(words), "it says the same");
        }
    }

    #[test]
    fn what_is_quoted_stays_in_its_block() {
        let words = "\n@alice\r\nfixes #3\n\n<!-- hidden --> \u{202e}```\n- [ ] x";
        assert_eq!(
            quoted("It says", words, 100),
            "\nIt says:\n\n    @ alice\n    fixes # 3\n    \n    <!-- hidden --> ```\n    - [ ] x\n"
        );
        assert_eq!(as_data(["a\tb"]), "    a    b\n");
        assert_eq!(
            (quoted("It says", "\u{200b} \n", 100), quoted("L", "abc", 2)),
            (String::new(), "\nL:\n\n    ab\n".into())
        );
    }
}
