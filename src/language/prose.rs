//! Uses of aliases in Markdown pages: where they stand and what should stand there instead.
//!
//! Words are compared without regard to case and to how they are broken over lines; an alias that is all capitals is an
//! abbreviation, and only looked for as such: `US` isn't `us`. What isn't prose isn't looked
//! at; see [`super::markdown`] and `asides`.

pub mod article;
mod asides;

use std::ops::Range;

use aho_corasick::AhoCorasick;

use super::markdown::{Markdown, is_escaped};
use super::terms::TermFile;

/// What stands in the searched text for all that isn't prose.
const NOTHING: char = '\0';

/// The most names and aliases that are looked for; those of the terms that come last are not.
const MOST_WORDS: usize = 100_000;

/// The words that are looked for.
#[derive(Debug)]
pub struct Vocabulary<'a> {
    words: Vec<Word<'a>>,
    finder: AhoCorasick,
}

#[derive(Debug)]
struct Word<'a> {
    /// The terms it belongs to: one, unless several have the same alias.
    terms: Vec<&'a TermFile>,
    /// The alias; none where it is the canonical name.
    alias: Option<&'a str>,
    /// Whether it is its plural, as far as that isn't the word with an `s`.
    plural: bool,
}

/// One use of an alias.
#[derive(Clone, Debug)]
pub struct Use<'a> {
    /// Its bytes in the page.
    pub span: Range<usize>,
    /// The alias, as its term spells it.
    pub alias: &'a str,
    /// The term that is meant: several, where more than one has the alias.
    pub terms: Vec<&'a TermFile>,
    /// What should stand there; none where it isn't clear which term is meant, or a line break that shows would be lost.
    pub replacement: Option<String>,
}

impl<'a> Vocabulary<'a> {
    /// The names and aliases of these terms. What one of them is called is no alias of another.
    pub fn of(terms: &[&'a TermFile]) -> Self {
        let mut patterns: Vec<String> = Vec::new();
        let mut words: Vec<Word<'_>> = Vec::new();
        let mut known = std::collections::BTreeMap::new();
        for file in terms {
            let pattern = folded(&file.term.name);
            if known.insert(pattern.clone(), words.len()).is_none() {
                patterns.push(pattern);
                words.push(Word { terms: vec![file], alias: None, plural: false });
            }
        }
        for file in terms {
            for alias in &file.term.aliases {
                let pattern = folded(alias);
                match known.get(&pattern).and_then(|at: &usize| words.get_mut(*at)) {
                    Some(word)
                        if word.alias.is_some() && !word.terms.iter().any(|of| of.path == file.path) =>
                    {
                        word.terms.push(file);
                    }
                    Some(_) => {}
                    None => {
                        known.insert(pattern.clone(), words.len());
                        patterns.push(pattern);
                        words.push(Word { terms: vec![file], alias: Some(alias), plural: false });
                    }
                }
            }
        }
        for at in 0..words.len() {
            let many = plural_of(&patterns[at]);
            if many.strip_suffix('s') != Some(patterns[at].as_str()) && !known.contains_key(&many) {
                known.insert(many.clone(), words.len());
                patterns.push(many);
                words.push(Word { terms: words[at].terms.clone(), plural: true, ..words[at] });
            }
        }
        patterns.truncate(MOST_WORDS);
        let finder = AhoCorasick::new(patterns).expect("so many words of that length have states enough");
        Self { words, finder }
    }

    /// The uses of aliases in a page, in the order in which they stand, without overlaps.
    ///
    /// The longest wins of those that begin first. An alias that overlaps a canonical name is no use of it, unless it is the longer
    /// one and has all of the name in it.
    pub fn uses(&self, text: &str) -> Vec<Use<'a>> {
        let prose = Prose::of(text);
        let mut found: Vec<Found> = Vec::new();
        for hit in self.finder.find_overlapping_iter(&prose.text) {
            if hit.is_empty() {
                continue;
            }
            let word = &self.words[hit.pattern().as_usize()];
            if word.alias.is_some_and(is_abbreviation)
                && !word.is_in_capitals(&text[prose.original(&hit.range())])
            {
                continue;
            }
            if let Some((range, plural)) = prose.word(hit.range()) {
                found.push(Found { range, plural: plural || word.plural, word: hit.pattern().as_usize() });
            }
        }
        found.sort_by_key(|found| (found.range.start, usize::MAX - found.range.end));
        self.spare_names(&mut found);
        let mut at = 0;
        let mut uses = Vec::new();
        for found in found {
            if found.range.start < at {
                continue;
            }
            at = found.range.end;
            let word = &self.words[found.word];
            let Some(alias) = word.alias else { continue };
            let span = prose.original(&found.range);
            let replacement = match word.terms.as_slice() {
                [one] if !breaks(&text[span.clone()]) => {
                    Some(spelt_like(&text[span.clone()], &one.term.name, found.plural))
                }
                _ => None,
            };
            uses.push(Use { span, alias, terms: word.terms.clone(), replacement });
        }
        uses
    }

    /// Leaves of what is sorted by its start only aliases, and none that would break a canonical name.
    fn spare_names(&self, found: &mut Vec<Found>) {
        let mut names: Vec<Range<usize>> = Vec::new();
        for found in found.iter().filter(|found| self.words[found.word].alias.is_none()) {
            if names.last().is_none_or(|last| last.end < found.range.end) {
                names.push(found.range.clone());
            }
        }
        found.retain(|Found { range, word, .. }| {
            let first = names.partition_point(|name| name.end <= range.start);
            let mut overlapped = names[first..].iter().take_while(|name| name.start < range.end);
            let holds = |name: &Range<usize>| {
                range.start <= name.start && name.end <= range.end && name.len() < range.len()
            };
            self.words[*word].alias.is_some() && overlapped.all(holds)
        });
    }
}

impl Word<'_> {
    /// Whether a use of an abbreviation is written as one, but for the end that several have.
    fn is_in_capitals(&self, used: &str) -> bool {
        let of_several = self.alias.is_some_and(|alias| alias.ends_with('s'));
        let end = if self.plural { "es".len() } else { usize::from(of_several) };
        !used.chars().rev().skip(end).any(char::is_lowercase)
    }
}

struct Found {
    range: Range<usize>,
    plural: bool,
    word: usize,
}

/// A text as it is compared: in small letters, with one space between words.
pub fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().flat_map(char::to_lowercase).collect()
}

/// Whether a line break that shows stands in a use: what takes its place has none.
fn breaks(used: &str) -> bool {
    let lines = used.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    lines.map(|line| line.trim_end_matches('\r')).any(|line| line.ends_with("  ") || line.ends_with('\\'))
}

/// Whether a word is written in capitals alone, but for the `s` of several.
fn is_abbreviation(word: &str) -> bool {
    let word = word.strip_suffix('s').unwrap_or(word);
    let letters = || word.chars().filter(|c| c.is_alphabetic());
    letters().count() > 1 && letters().all(char::is_uppercase)
}

/// The name with the plural as the use has it, and capitals where the use has them: a name such as `Purchase Order` is written
/// small within a sentence.
///
/// A word that has its capitals for itself, as `AgentPort` or `ADR`, keeps them, and so does one of a single letter.
fn spelt_like(used: &str, name: &str, plural: bool) -> String {
    let name = if plural { plural_of(name) } else { name.to_owned() };
    // The capitals of an abbreviation say nothing of where it stands.
    if is_abbreviation(used) {
        return name;
    }
    let own = |rest: &str| {
        rest.chars().take_while(|c| c.is_alphanumeric()).any(|c| c.is_uppercase() || c.is_numeric())
    };
    let mut words = name.split(' ').map(|word| {
        let mut chars = word.chars();
        (chars.next(), chars.as_str())
    });
    let Some((Some(first), rest)) = words.next().filter(|(_, rest)| !own(rest)) else { return name };
    match used.chars().next() {
        Some(used) if used.is_uppercase() => {
            first.to_uppercase().chain(name[first.len_utf8()..].chars()).collect()
        }
        Some(used) if used.is_lowercase() => {
            let mut out: String = first.to_lowercase().chain(rest.chars()).collect();
            for (first, rest) in words {
                out.push(' ');
                match first {
                    Some(first) if !own(rest) && !rest.is_empty() => out.extend(first.to_lowercase()),
                    Some(first) => out.push(first),
                    None => {}
                }
                out.push_str(rest);
            }
            out
        }
        Some(_) | None => name,
    }
}

/// Several of what has this name.
pub(super) fn plural_of(name: &str) -> String {
    let lower = name.to_lowercase();
    let vowel_y = ["ay", "ey", "oy", "uy"].iter().any(|end| lower.ends_with(end));
    if lower.ends_with('y') && !vowel_y {
        return format!("{}ies", &name[..name.len() - 1]);
    }
    let hisses = ["s", "x", "z", "ch", "sh"].iter().any(|end| lower.ends_with(end));
    format!("{name}{}", if hisses { "es" } else { "s" })
}

/// The prose of a text, as it is compared, and where each byte of it comes from.
struct Prose {
    text: String,
    /// For each byte of the text the bytes of the character it comes from.
    from: Vec<(usize, usize)>,
}

impl Prose {
    fn of(text: &str) -> Self {
        let mut prose =
            Self { text: String::with_capacity(text.len()), from: Vec::with_capacity(text.len()) };
        let seen = Markdown::page(text);
        let unspoken = asides::unspoken(&seen);
        let mut hidden = unspoken.as_slice();
        for run in seen.prose() {
            let mut place = run.start;
            while place < run.end {
                while let Some((_, later)) = hidden.split_first().filter(|(range, _)| range.end <= place) {
                    hidden = later;
                }
                match hidden.first() {
                    Some(range) if range.start <= place => {
                        prose.push(NOTHING, place..place);
                        place = range.end;
                    }
                    Some(_) | None => {
                        let c = text[place..].chars().next().expect("the place lies within a run");
                        let end = place + c.len_utf8();
                        let breaks = c == '\\' && !is_escaped(text, place) && begins_line(&text[end..]);
                        prose.push(if breaks { ' ' } else { c }, place..end);
                        place += c.len_utf8();
                    }
                }
            }
            prose.push(NOTHING, run.end..run.end);
        }
        prose
    }

    fn push(&mut self, c: char, from: Range<usize>) {
        if c.is_whitespace() {
            if !self.text.ends_with([' ', NOTHING]) {
                self.add(' ', &from);
            }
        } else if c == NOTHING {
            if !self.text.ends_with(NOTHING) {
                self.add(NOTHING, &from);
            }
        } else {
            for small in c.to_lowercase() {
                self.add(small, &from);
            }
        }
    }

    fn add(&mut self, c: char, from: &Range<usize>) {
        self.text.push(c);
        self.from.extend(std::iter::repeat_n((from.start, from.end), c.len_utf8()));
    }

    /// The bytes of the original text that a range comes from.
    fn original(&self, range: &Range<usize>) -> Range<usize> {
        self.from[range.start].0..self.from[range.end - 1].1
    }

    /// What a hit covers if it is a whole word, and whether it is one with a plural `s`.
    fn word(&self, hit: Range<usize>) -> Option<(Range<usize>, bool)> {
        let mut before = self.text[..hit.start].chars().rev();
        let (last, beyond) = (before.next(), before.next());
        if last.is_some_and(|c| is_sigil(c) || begins_path(c))
            || joined(last, beyond)
            || self.splits(hit.start)
        {
            return None;
        }
        let after = &self.text[hit.end..];
        // `:package:` is a picture.
        if last == Some(':') && after.starts_with(':') {
            return None;
        }
        if ends_word(after) {
            return (!self.splits(hit.end)).then_some((hit, false));
        }
        let singular = !self.text[hit.clone()].ends_with('s');
        let rest = after.strip_prefix('s').filter(|rest| singular && ends_word(rest))?;
        let end = self.text.len() - rest.len();
        (!self.splits(end)).then_some((hit.start..end, true))
    }

    /// Whether a place lies within what one character of the original became.
    fn splits(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        let (one, other) = (self.from[before], self.from.get(at).copied());
        one.0 != one.1 && Some(one) == other
    }
}

/// Whether a line ends before a text.
fn begins_line(text: &str) -> bool {
    text.starts_with('\n') || text.starts_with("\r\n")
}

/// Whether what begins with it is a name of its own kind: an account, a tag, a variable, a placeholder, a formula.
fn is_sigil(c: char) -> bool {
    matches!(c, '@' | '#' | '$' | '{' | '}' | '\\')
}

/// Whether what begins with it is a flag, or a file or folder.
fn begins_path(c: char) -> bool {
    matches!(c, '-' | '.' | '/')
}

fn ends_word(after: &str) -> bool {
    // The scheme of an address.
    if after.starts_with("://") {
        return false;
    }
    let mut chars = after.chars();
    !joined(chars.next(), chars.next())
}

/// Whether a word goes on over its end: with a letter, with a sign that joins it to another one, as in `dry-run`, `src/run` or
/// `run.rs`, or as a folder, `run/`, or with a placeholder or a formula.
fn joined(next: Option<char>, beyond: Option<char>) -> bool {
    let Some(next) = next else { return false };
    let joins = matches!(next, '-' | '.' | '\\' | ':' | '@' | '#' | '&' | '=' | '%' | '~');
    next.is_alphanumeric()
        || matches!(next, '_' | '/' | '{' | '$')
        || (joins && beyond.is_some_and(|c| c.is_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests;
