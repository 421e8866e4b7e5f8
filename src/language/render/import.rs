//! Reading terms from a glossary: its Markdown, or what a copy of the rendered page gives.
//!
//! A copy has lost the marks: headings end with `¶`, links and code are bare, and the bullets of a list may stand on
//! one line. What its words say is taken as it is.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::language::slug::of_name;
use crate::language::terms::read::unfit;
use crate::language::terms::section::{bullets_in, sections, unix};
use crate::language::terms::{Provenance, Term, Ulid};

use super::copied;
use super::glossary::Head;
use super::taken::Taken;

/// The most bytes of a glossary.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// What a glossary holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// What stands before its terms.
    pub head: Head,
    /// Its terms, in the order in which they stand.
    pub terms: Vec<Term>,
    /// Entries that name a term of the same context again. Each is a term of its own, which the lint will say.
    pub repeated: Vec<Repeated>,
}

/// An entry that names a term again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// The name.
    pub name: String,
    /// The line of its heading.
    pub line: usize,
    /// The line of the first heading with that name.
    pub first: usize,
}

impl Imported {
    /// The names of the terms' files, in the order of the terms: their slugs; where one of another context has it, in the folder
    /// of the own context; numbered where two of one context are alike.
    pub fn file_names(&self) -> Vec<String> {
        let mut taken = Taken::default();
        let mut contexts: BTreeMap<String, &str> = BTreeMap::new();
        let mut names = Vec::new();
        for term in &self.terms {
            let slug = of_name(&term.name);
            let first = *contexts.entry(slug.clone()).or_insert(&term.bounded_context);
            let name =
                if first == term.bounded_context { slug } else { in_context(&term.bounded_context, &slug) };
            names.push(format!("{}.md", taken.take(&name, '-')));
        }
        names
    }
}

/// The name of the file of a term, without its extension, where one of another context has the name of its slug.
pub fn in_context(context: &str, slug: &str) -> String {
    format!("{}/{slug}", of_name(context))
}

/// Why a glossary can't be read: the line, what was expected there, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}; {help}")]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub help: String,
}

/// One term as it stands in the glossary.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// The line of its heading, from 1.
    pub(super) line: usize,
    /// Its heading.
    pub(super) name: String,
    /// The line with kind, context, anchor and confidence, without marks.
    pub(super) facts: String,
    /// Its aliases.
    pub(super) aliases: Vec<String>,
    /// Its definition.
    pub(super) definition: String,
    /// Its invariants.
    pub(super) invariants: Vec<String>,
}

/// The terms of a glossary, with ids that follow from context, name and moment, and the moment as their date.
pub fn import(glossary: &str, at: Timestamp) -> Result<Imported, Vec<Error>> {
    if glossary.len() > MOST_BYTES {
        let message = format!("the glossary has {} bytes, and the most are {MOST_BYTES}", glossary.len());
        return Err(vec![Error { line: 1, message, help: "split it, and import its parts".into() }]);
    }
    let text = unix(glossary.strip_prefix('\u{feff}').unwrap_or(glossary));
    let mut errors = Vec::new();
    let (head, entries) = if copied::is_copied(&text) {
        copied::entries(&text, &mut errors)
    } else {
        (Head::of(&text), entries(&text, &mut errors))
    };
    let mut terms: Vec<Term> = Vec::new();
    let mut repeated = Vec::new();
    let mut known: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    for entry in entries {
        let Some(mut term) = term(&entry, at, &mut errors) else { continue };
        let key = (term.bounded_context.clone(), term.name.clone());
        let (first, times) = known.entry(key).and_modify(|(_, times)| *times += 1).or_insert((entry.line, 1));
        if *times > 1 {
            let again = times.to_string();
            term.id = Ulid::derived(at, &[&term.bounded_context, &term.name, &again]);
            repeated.push(Repeated { name: term.name.clone(), line: entry.line, first: *first });
        }
        terms.push(term);
    }
    if terms.is_empty() && errors.is_empty() {
        let message = "there is no term".into();
        errors.push(Error { line: 1, message, help: "begin each with a line `## Name`".into() });
    }
    errors.sort_by_key(|error| error.line);
    if errors.is_empty() { Ok(Imported { head, terms, repeated }) } else { Err(errors) }
}

/// The entries of a glossary in Markdown.
fn entries(text: &str, errors: &mut Vec<Error>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let (mut line, mut counted) = (1, 0);
    for section in sections(text) {
        line += text[counted..section.heading.start].matches('\n').count();
        counted = section.heading.start;
        let content = text[section.content].trim_matches('\n');
        let (facts, rest) = content.split_once('\n').unwrap_or((content, ""));
        if !facts.starts_with("**Kind:**") {
            errors.push(no_facts(
                line,
                &section.title,
                "**Kind:** `…` · **Context:** `…` · **Confidence:** `…`",
            ));
            continue;
        }
        let (aliases, rest) = match rest.strip_prefix("**Aliases:** ") {
            Some(after) => after.split_once('\n').unwrap_or((after, "")),
            None => ("", rest),
        };
        let (definition, invariants) = divided(rest);
        entries.push(Entry {
            line,
            name: section.title,
            facts: facts.replace("**", "").replace('`', ""),
            aliases: listed(aliases),
            definition: definition.trim_matches('\n').to_owned(),
            invariants,
        });
    }
    entries
}

/// Aliases in backticks with commas between them; a comma may stand within one.
fn listed(aliases: &str) -> Vec<String> {
    let inner = aliases.trim().trim_matches('`');
    inner.split("`, `").filter(|alias| !alias.is_empty()).map(str::to_owned).collect()
}

/// A definition and the invariants below it: the last list under `**Invariants:**`, if nothing else follows.
fn divided(text: &str) -> (&str, Vec<String>) {
    const MARK: &str = "**Invariants:**\n";
    let whole = (text, Vec::new());
    let Some(at) = text.rfind(MARK).filter(|at| *at == 0 || text[..*at].ends_with('\n')) else {
        return whole;
    };
    let (bullets, stray) = bullets_in(text, at + MARK.len()..text.len());
    if bullets.is_empty() || stray.is_some() {
        return whole;
    }
    (&text[..at], bullets.into_iter().map(|bullet| bullet.text).collect())
}

/// The error of a heading without the line that says what its term is.
pub(super) fn no_facts(line: usize, name: &str, form: &str) -> Error {
    Error {
        line: line + 1,
        message: format!("below the heading `{name}` stands no line with the kind of a term"),
        help: format!("write `{form}` there"),
    }
}

fn term(entry: &Entry, at: Timestamp, errors: &mut Vec<Error>) -> Option<Term> {
    let said = errors.len();
    let mut say = |line: usize, message: String, help: &str| {
        errors.push(Error { line, message, help: help.to_owned() });
    };
    let facts: BTreeMap<&str, &str> =
        entry.facts.split(" · ").filter_map(|fact| fact.split_once(": ")).collect();
    let fact = |key: &str| facts.get(key).map(|value| value.trim()).filter(|value| !value.is_empty());
    let below = entry.line + 1;
    let mut needed = |key: &str| {
        if fact(key).is_none() {
            say(
                below,
                format!("`{}` has no `{key}`", entry.name),
                "write `**Kind:** …`, `**Context:** …` and `**Confidence:** …`",
            );
        }
        fact(key).unwrap_or_default().to_owned()
    };
    let (kind, bounded_context, confidence) = (needed("Kind"), needed("Context"), needed("Confidence"));
    let confidence: Option<crate::language::terms::Confidence> = confidence.parse().ok();
    if confidence.is_none() && fact("Confidence").is_some() {
        say(
            below,
            format!("`{}` has no known confidence", entry.name),
            "write `proposed`, `accepted` or `deprecated`",
        );
    }
    let anchor = fact("Anchor").map(str::parse).transpose();
    if let Err(error) = &anchor {
        let error: &crate::model::language::AnchorError = error;
        say(below, error.to_string(), "write it as `path:Symbol`, or leave it out");
    }
    for name in std::iter::once(&entry.name).chain(&entry.aliases) {
        if let Some(unfit) = unfit(name) {
            say(entry.line, format!("the name `{name}` {unfit}"), unfit.help());
        }
    }
    if entry.definition.trim().is_empty() {
        say(below, format!("`{}` has no definition", entry.name), "write it below");
    }
    if errors.len() > said {
        return None;
    }
    Some(Term {
        id: Ulid::derived(at, &[&bounded_context, &entry.name]),
        name: entry.name.clone(),
        kind,
        bounded_context,
        code_anchor: anchor.ok().flatten(),
        aliases: entry.aliases.clone(),
        related: Vec::new(),
        evidence: Vec::new(),
        superseded_by: None,
        superseded_reason: None,
        confidence: confidence?,
        created_at: Some(at),
        updated_at: Some(at),
        provenance: Provenance::default(),
        other: Vec::new(),
        definition: entry.definition.trim_end().to_owned(),
        invariants: entry.invariants.clone(),
    })
}

#[cfg(test)]
pub mod tests;
