//! Words of files and of models where people read them: on one line, where they call nobody, refer to nothing and mark up
//! nothing.

use crate::model::is_hidden;

/// The most characters of a name.
const SPAN: usize = 200;

/// Text of files or of models as titles and bodies may have it: one line, without marks of blocks at its start, without
/// HTML, code, links, mentions, references to issues or decisions, and no longer than that many characters.
pub fn harmless(text: &str, most: usize) -> String {
    let seen: String = text.chars().filter(|c| !is_unseen(*c)).collect();
    let line = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || "#>-+*=~|`:".contains(c));
    let mut out = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '<' => out.push('‹'),
            '>' => out.push('›'),
            '`' => out.push('\''),
            '[' => out.push('('),
            ']' => out.push(')'),
            '|' | '\\' => out.push('/'),
            '@' | '#' | '&' | '$' | ':' => {
                out.push(c);
                let joins = match c {
                    ':' => is_place(&out, rest.clone()),
                    _ => rest.peek().is_some_and(|next| !next.is_whitespace()),
                };
                if joins {
                    out.push(' ');
                }
            }
            '-' if is_numbered(&out) && rest.peek().is_some_and(char::is_ascii_digit) => out.push(' '),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.push_str(". "),
            _ => out.push(c),
        }
    }
    cut(&out, most)
}

/// Whether a colon between these makes an address of them, or a line of a file; a time is none.
fn is_place(before: &str, mut after: impl Iterator<Item = char>) -> bool {
    // The colon is the last one before.
    let is_time = before.trim_end_matches(':').ends_with(|c: char| c.is_ascii_digit());
    match after.next() {
        Some('L') => after.next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) => "/-–".contains(c) || (c.is_ascii_digit() && !is_time),
        None => false,
    }
}

/// Whether a text ends in what is followed by `-` and a number: `ADR` or `GH`.
fn is_numbered(text: &str) -> bool {
    let small = text.to_ascii_lowercase();
    small.ends_with("adr") || small.ends_with("gh")
}

/// Whether a character has a meaning for machines only, and isn't white space.
pub fn is_unseen(c: char) -> bool {
    is_hidden(c) && !c.is_whitespace()
}

/// A text of at most so many characters; `…` is the last one where it was longer.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A path, a symbol or another name between backticks that it can't leave; it fits a cell of a table, too.
pub fn spanned(text: &str) -> String {
    in_span(text, SPAN)
}

/// The same, cut to so many characters.
pub fn in_span(text: &str, most: usize) -> String {
    let shown = cut(&visible(text), most).replace('`', "'").replace('|', "¦");
    format!("`{}`", if shown.is_empty() { "…" } else { &shown })
}

/// A text on one line, without what a reader can't see.
pub fn visible(text: &str) -> String {
    let spaced = text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !is_unseen(*c));
    spaced.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::harmless;
    use proptest::prelude::*;

    #[test]
    fn texts_are_made_harmless() {
        let rows = [
            ("plain", "It is good, as it is.", "It is good, as it is."),
            ("lines", "# One\r\n\n- two", "One - two"),
            ("a mention", "ask @octocat", "ask @ octocat"),
            ("a mention as an entity", "ask &#64;octocat", "ask & # 64;octocat"),
            ("references", "fixes #12, GH-12, a/b#3, ADR-0099", "fixes # 12, GH 12, a/b# 3, ADR 0099"),
            (
                "an address",
                "https://a.example/issues/1 www.b.example",
                "https: //a.example/issues/1 www. b.example",
            ),
            ("markup", "<b>x</b> `y` [z](w) ![v](u)", "‹b›x‹/b› 'y' (z)(w) !(v)(u)"),
            ("a line of a file", "src/a.rs:12 src/a.rs#L3 a::b", "src/a.rs: 12 src/a.rs# L3 a::b"),
            ("unseen", "a\u{202e}b\u{200b}c\u{7}", "abc"),
            (
                "long",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…",
            ),
        ];
        for (name, text, expected) in rows {
            assert_eq!(harmless(text, 60), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_made_harmless_once(text in "(.|\n|[@#<>&`:$]|ADR-|GH-|www\\.|://|[a-c0-9 -]){0,60}", most in 1_usize..80) {
            let once = harmless(&text, most);
            prop_assert!(once.chars().count() <= most && !once.contains(['\n', '<', '>', '`', '[']), "{}", once);
            prop_assert!(!once.contains("://"), "{}", once);
            for joined in ["@", "#", "&", "$"] {
                let bare = |part: &str| part.is_empty() || part.starts_with(char::is_whitespace) || part.starts_with('…');
                prop_assert!(once.split(joined).skip(1).all(bare), "{}", once);
            }
        }
    }
}
