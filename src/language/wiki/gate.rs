//! What keeps platitudes out: an entry that a model wrote must mention something that only this repository has.

use std::collections::BTreeSet;

use crate::language::adr::{Number, is_file};
use crate::language::code::{Answer, Code};
use crate::language::markdown::Markdown;

use super::cites::is_name;
use super::topics::{hits, spaced};

/// The most words that are looked up.
const MOST_WORDS: usize = 500;

/// What there is to mention.
#[derive(Clone, Copy)]
pub struct Grounds<'a> {
    /// The names of the terms.
    pub terms: &'a [String],
    /// The decisions.
    pub adrs: &'a BTreeSet<Number>,
    /// The code.
    pub code: &'a dyn Code,
}

/// What an entry mentions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mention {
    /// A file.
    Path(String),
    /// A decision.
    Adr(Number),
    /// A term.
    Term(String),
    /// A symbol of the code.
    Symbol(String),
}

/// The first thing of this repository that a text mentions, by kind: a file, a decision, a term, a symbol; nothing where
/// it could have been written about any other. What nobody can tell counts as mentioned.
pub fn anchored(text: &str, grounds: &Grounds<'_>) -> Option<Mention> {
    let seen = Markdown::of(text, 0);
    let mut words: Vec<&str> = Vec::new();
    let mut known = BTreeSet::new();
    for span in seen.code().iter().cloned().chain(seen.words()) {
        let word = text[span].trim();
        if !word.contains("://") && words.len() < MOST_WORDS && known.insert(word) {
            words.push(word);
        }
    }
    let there = |answer: Answer| match answer {
        Answer::Yes | Answer::Unknown { .. } => true,
        Answer::No { .. } => false,
    };
    let path = words
        .iter()
        .map(|word| word.split([':', '#']).next().unwrap_or(word))
        .find(|path| is_file(path) && there(grounds.code.has_file(path)));
    if let Some(path) = path {
        return Some(Mention::Path(path.to_owned()));
    }
    let named = Number::named_in(text, 0..text.len());
    if let Some((number, _)) = named.into_iter().find(|(number, _)| grounds.adrs.contains(number)) {
        return Some(Mention::Adr(number));
    }
    let spaced_text = spaced(text);
    if let Some(term) = grounds.terms.iter().find(|term| mentions(text, &spaced_text, term)) {
        return Some(Mention::Term(term.clone()));
    }
    let code: BTreeSet<&str> = seen.code().iter().map(|span| text[span.clone()].trim()).collect();
    let bare = |word: &&str| word.trim_end_matches("()").rsplit(['.', ':']).next().map(ToOwned::to_owned);
    let symbol = (words.iter())
        .filter(|word| code.contains(**word) || is_name(word.trim_end_matches("()")))
        .filter_map(bare)
        .find(|name| is_identifier(name) && there(grounds.code.has_name(name)));
    symbol.map(Mention::Symbol)
}

/// Whether a text has a term's name: in its own case where that is one word, which any text may have in another sense.
fn mentions(text: &str, spaced_text: &str, term: &str) -> bool {
    let words = spaced(term);
    if words.len() <= 2 {
        return false;
    }
    if words.trim().contains(' ') {
        return hits(spaced_text, &words) > 0;
    }
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let shaped = is_name(term);
    text.match_indices(term).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + term.len()..]);
        !before.ends_with(part) && !after.starts_with(part) && (shaped || !begins(before))
    })
}

/// Whether what follows a text has a large letter in any case: at the start, or after the end of a sentence.
fn begins(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '#', '*', '-', '>', '`', '"', '(']);
    before.is_empty() || before.ends_with(['.', '!', '?', ':', '\n'])
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::code::known::Known;
    use proptest::prelude::*;

    #[test]
    fn platitudes_are_told_apart() {
        let code = Known {
            files: vec![("src/a.rs", vec!["Guard", "plan_all", "get"])],
            unread: vec!["src/b.rs"],
            ..Known::default()
        };
        let adrs = [Number::new(7).unwrap()].into();
        let terms = ["Bounded context".to_owned(), "Plan".to_owned(), "RunLedger".to_owned(), "…".to_owned()];
        let grounds = Grounds { terms: &terms, adrs: &adrs, code: &code };
        let rows = [
            ("a platitude", "Tests should be fast and get fixed quickly.", "-"),
            ("a file", "Look at src/a.rs first.", "path src/a.rs"),
            ("a citation", "Look at `src/a.rs:Guard`.", "path src/a.rs"),
            ("a file that there isn't", "Look at src/c.rs first.", "-"),
            ("a file on the web", "https://a.example/src/a.rs", "-"),
            ("a decision", "As ADR-0007 says.", "adr ADR-0007"),
            ("a decision that there isn't", "As ADR-0008 says.", "-"),
            ("a term of two words", "each bounded\ncontext", "term Bounded context"),
            ("a term of one word", "Every Plan is whole.", "term Plan"),
            ("a word like it", "I plan it. Plan first!", "-"),
            ("a term like a name", "RunLedger", "term RunLedger"),
            ("a symbol between backticks", "The `get` of it", "symbol get"),
            ("a symbol by its shape", "Use plan_all() here", "symbol plan_all"),
            ("a name of nothing", "Use PlanNothing and `do_it`", "-"),
        ];
        for (name, text, expected) in rows {
            let told = match anchored(text, &grounds) {
                None => "-".to_owned(),
                Some(Mention::Path(path)) => format!("path {path}"),
                Some(Mention::Adr(number)) => format!("adr {number}"),
                Some(Mention::Term(term)) => format!("term {term}"),
                Some(Mention::Symbol(name)) => format!("symbol {name}"),
            };
            assert_eq!(told, expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_looked_through(text in "([`~.:/ \\n\\ra-cé_A]|Plan|ADR-0007){0,40}") {
            let terms = ["Plan".to_owned()];
            let grounds = Grounds { terms: &terms, adrs: &BTreeSet::new(), code: &Known::default() };
            let found = anchored(&text, &grounds);
            prop_assert!(matches!(found, None | Some(Mention::Term(_))));
        }
    }
}
