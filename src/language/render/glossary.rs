//! The glossary: one page with all terms.
//!
//! What stands before its first term belongs to the people who keep it: title, introduction and banner stay as they
//! are, and only the line that counts the terms is written anew.

use std::collections::BTreeSet;

use crate::language::markdown::{Heading, Markdown, closed};
use crate::language::terms::Term;
use crate::language::terms::section::{bullets, unix};

/// How a term goes on below its name.
const KIND: &str = "**Kind:** `";

/// What stands before the first term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head(String);

impl Head {
    /// A head with a banner that says where the page comes from, a title and an introduction that may be empty.
    pub fn new(title: &str, introduction: &str) -> Self {
        let mut text = format!(
            "<!-- Generated from the term files by `factoryctl term render`. Edit those. -->\n\n# {title}\n\n\
             {}\n\n",
            count(0, 0)
        );
        if !introduction.trim().is_empty() {
            text.push_str(&format!("{}\n\n", introduction.trim()));
        }
        Self(text)
    }

    /// The head of a glossary that is there already: all that stands before its first term, whatever it is; where nothing does, a
    /// new one.
    pub fn of(glossary: &str) -> Self {
        let text = unix(glossary);
        let seen = Markdown::page(&text);
        let is_term =
            |heading: &&Heading| heading.level == 2 && text[heading.end..].trim_start().starts_with(KIND);
        let first = seen.headings().iter().find(is_term).map(|heading| heading.span.start);
        let own = &text[..first.unwrap_or(text.len())];
        match first {
            _ if own.trim().is_empty() => Self::default(),
            Some(_) => Self(own.to_owned()),
            None => Self(format!("{}\n\n", own.trim_end())),
        }
    }

    /// The head with these numbers in the line that counts, if it has one.
    fn counted(&self, terms: usize, contexts: usize) -> String {
        let line = |line: &str| {
            if is_count(line) { format!("{}\n", count(terms, contexts)) } else { format!("{line}\n") }
        };
        self.0.lines().map(line).collect()
    }
}

impl Default for Head {
    fn default() -> Self {
        Self::new("Ubiquitous Language", "")
    }
}

/// The glossary of these terms, sorted by name.
pub fn render<'a>(terms: impl IntoIterator<Item = &'a Term>, head: &Head) -> String {
    let mut terms: Vec<&Term> = terms.into_iter().collect();
    terms.sort_by(|one, other| one.sort_key().cmp(&other.sort_key()));
    let contexts: BTreeSet<&str> = terms.iter().map(|term| term.bounded_context.as_str()).collect();
    let mut text = head.counted(terms.len(), contexts.len());
    let entries: Vec<String> = terms.iter().map(|term| entry(term)).collect();
    text.push_str(&entries.join("\n"));
    text
}

fn entry(term: &Term) -> String {
    let anchor =
        term.code_anchor.as_ref().map(|anchor| format!(" · **Anchor:** `{anchor}`")).unwrap_or_default();
    let mut text = format!(
        "## {}\n\n{KIND}{}` · **Context:** `{}`{anchor} · **Confidence:** `{}`\n",
        term.name, term.kind, term.bounded_context, term.confidence
    );
    if !term.aliases.is_empty() {
        text.push_str(&format!("**Aliases:** `{}`\n", term.aliases.join("`, `")));
    }
    if !term.definition.is_empty() {
        text.push_str(&format!("\n{}\n", closed(&term.definition)));
    }
    if !term.invariants.is_empty() {
        text.push_str(&format!("\n**Invariants:**\n{}", closed(bullets(&term.invariants).trim_end())));
        text.push('\n');
    }
    text
}

fn count(terms: usize, contexts: usize) -> String {
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    format!("_{terms} term{} across {contexts} bounded context{}._", plural(terms), plural(contexts))
}

/// Whether a line is the one that counts, with or without emphasis.
pub(super) fn is_count(line: &str) -> bool {
    let words: Vec<&str> = line.trim().trim_matches('_').split(' ').collect();
    let number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    matches!(words.as_slice(), [terms, "term" | "terms", "across", contexts, "bounded", "context." | "contexts."]
        if number(terms) && number(contexts))
}

#[cfg(test)]
mod tests {
    use crate::language::terms::samples::{ID_A, ID_B, Sample};

    use super::{Head, KIND, is_count, render};

    #[test]
    fn a_glossary() {
        let body = "## Definition\n\nOne.\n\nTwo.\n\n## Invariants\n\n- a\n  b\n- c\n";
        let open = "## Definition\n\n```\ncode\n";
        let terms = [
            Sample::new(ID_A, "Quay crane").body(body),
            Sample::new(ID_B, "apron").with("code_anchor", "null").with("aliases", "[]").body(open),
        ]
        .map(|sample| sample.read("t/a.md").file.unwrap().term);
        insta::assert_snapshot!(render(&terms, &Head::default()), @r#"
        <!-- Generated from the term files by `factoryctl term render`. Edit those. -->

        # Ubiquitous Language

        _2 terms across 1 bounded context._

        ## apron

        **Kind:** `entity` · **Context:** `yard` · **Confidence:** `accepted`

        ```
        code
        ```

        ## Quay crane

        **Kind:** `entity` · **Context:** `yard` · **Anchor:** `src/quay crane.rs:Quaycrane` · **Confidence:** `accepted`
        **Aliases:** `lifter`

        One.

        Two.

        **Invariants:**
        - a
          b
        - c
        "#);
        insta::assert_snapshot!(render(&terms[..1], &Head::new("Words", "See [it](x).")).lines().take(7).collect::<Vec<_>>().join("\n"), @r#"
        <!-- Generated from the term files by `factoryctl term render`. Edit those. -->

        # Words

        _1 term across 1 bounded context._

        See [it](x).
        "#);
    }

    #[test]
    fn the_head_of_a_glossary_stays() {
        let own = "<!-- ours -->\n# Words\n_3 terms across 2 bounded contexts._\n\n> 7 words\n\n\n";
        for (name, before, expected) in [
            (
                "as it is",
                format!("{own}## A\n\n{KIND}x`\n"),
                own.replace("3 terms across 2 bounded contexts", "0 terms across 0 bounded contexts"),
            ),
            ("CRLF", format!("# Words\r\n\r\n## A\r\n\r\n{KIND}x`"), "# Words\n\n".to_owned()),
            ("without terms", "# Words".to_owned(), "# Words\n\n".to_owned()),
            (
                "without a title, and with sections",
                format!("Ours.\n\n## How to read\n\nSo.\n\n## A\n\n{KIND}x`\n"),
                "Ours.\n\n## How to read\n\nSo.\n\n".to_owned(),
            ),
            ("another page", "## A\n# B\n".to_owned(), "## A\n# B\n\n".to_owned()),
            ("a term at once", format!("## A\n\n{KIND}x`\n"), render([], &Head::default())),
            ("nothing", String::new(), render([], &Head::default())),
        ] {
            assert_eq!(render([], &Head::of(&before)), expected, "{name}");
        }
        assert!(is_count("1 term across 1 bounded context."));
        assert!(!is_count("many terms across 1 bounded context."));
    }
}
