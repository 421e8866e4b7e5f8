//! Term-proposer: types that carry weight and have no term get one, if a model finds that they name a concept.
//!
//! What is a candidate the code says; a model judges and writes; and what it writes is looked through again. A type that
//! any term is anchored to is none, deprecated terms included: those are decisions. So is what config names in `no-term`.

mod draft;
mod prompt;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::language::code::Resolution;
use crate::language::globs::{globs, is_termless};
use crate::language::slug::of_name;
use crate::language::terms::TermFile;
use crate::language::terms::read::unfit;
use crate::model::language::Anchor;

use super::terms::{SHOWN, sound};
use super::{Answer, Ask, Kept, Look, counted, in_span, key};

/// The name under which terms say who proposed them.
const NAME: &str = "term-proposer";

/// What the question is; another one makes every answer be asked for again.
const VERSION: &str = "1";

/// The most terms that are asked for or proposed at once.
const MOST: usize = 10;

/// The most candidates that are looked at, the first by rank.
const MOST_CANDIDATES: usize = 1000;

/// The most lines of a candidate's text that are shown.
const EXCERPT_LINES: usize = 200;

/// The most bytes of a candidate's text that are shown.
const EXCERPT_BYTES: usize = 16 * 1024;

/// A type that may deserve a term.
#[derive(Debug)]
struct Candidate {
    anchor: Anchor,
    /// Whether its name ends as those of types do that ought to have one.
    load_bearing: bool,
    /// How many files that host the code of terms use it.
    hosts: usize,
}

/// Looks for types without a term.
pub fn keep(look: &Look<'_>) -> Kept {
    let mut problems = Vec::new();
    if look.language.kinds.is_empty() || look.language.contexts.is_empty() {
        problems.push("terms need `kinds` and `contexts`; declare them in `language`".to_owned());
        return Kept { problems, ..Kept::default() };
    }
    let terms = sound(look);
    let candidates = candidates(look, &terms);
    let mut taken = taken(look);
    let (mut drafts, mut refused) = (Vec::new(), Vec::new());
    let mut asks: Vec<(&Candidate, String, String)> = Vec::new();
    let mut unread = 0;
    for candidate in candidates.iter().take(MOST_CANDIDATES) {
        let slug = of_name(candidate.anchor.name());
        if unfit(candidate.anchor.name()).is_some() || slug.is_empty() || taken.contains(&slug) {
            continue;
        }
        let Some(excerpt) = look.code.excerpt(&candidate.anchor, EXCERPT_LINES) else {
            unread += 1;
            continue;
        };
        let excerpt = cut(&excerpt, EXCERPT_BYTES);
        let key = key_of(look, &candidate.anchor, excerpt);
        match look.answers.get(&key) {
            None => {
                taken.insert(slug);
                asks.push((candidate, key, excerpt.to_owned()));
            }
            Some(Answer::None) => refused.push(format!(
                "a person to write the term of {}, or its code to change: nobody who was asked for it gave an answer that fits",
                in_span(&candidate.anchor.to_string(), SHOWN)
            )),
            Some(Answer::Given(value)) if drafts.len() < MOST => {
                match draft::of(look, &terms, &candidates, candidate, value) {
                    Ok(Some(draft)) => {
                        taken.insert(slug);
                        drafts.push(draft);
                    }
                    Ok(None) => {}
                    Err(why) => refused.push(format!(
                        "a person to write the term of {}, or its code to change: what was answered makes none, since {why}",
                        in_span(&candidate.anchor.to_string(), SHOWN)
                    )),
                }
            }
            Some(Answer::Given(_)) => {}
        }
    }
    if unread > 0 {
        let types = counted(unread, "type without a term", "types without a term");
        problems.push(format!("the text of {types} can't be read; look at the index of the code"));
    }
    asks.truncate(MOST - drafts.len());
    let asks = asks.into_iter().map(|(candidate, key, excerpt)| {
        let about = format!("term candidate {}", candidate.anchor);
        let (prompt, schema) = (prompt::prompt(look, &terms, candidate, &excerpt), prompt::schema(look));
        Ask { key, about, prompt, schema }
    });
    let asks = asks.collect();
    Kept { proposal: draft::proposal(look, &terms, drafts), asks, problems, refused, ..Kept::default() }
}

/// The key of the question about a candidate. The other terms don't count: a new one would make all be asked again.
fn key_of(look: &Look<'_>, anchor: &Anchor, excerpt: &str) -> String {
    let kinds = look.language.kinds.join("\n");
    let contexts: Vec<&str> = look.language.contexts.iter().map(|context| context.name.as_str()).collect();
    key(NAME, &[VERSION, &anchor.to_string(), excerpt, &kinds, &contexts.join("\n")])
}

/// The candidates, the most used first.
fn candidates(look: &Look<'_>, terms: &[&TermFile]) -> Vec<Candidate> {
    let (covered, without) = (covered(look), globs(&look.language.no_term));
    let anchors = terms.iter().filter_map(|file| file.term.code_anchor.as_ref());
    let hosts: BTreeSet<String> = anchors
        .flat_map(|anchor| {
            let there = look.code.defined(anchor).map(|there| there.path().to_owned());
            there.into_iter().chain([anchor.path().to_owned()])
        })
        .collect();
    let mut users: BTreeMap<Anchor, BTreeSet<String>> = BTreeMap::new();
    for used in look.code.uses() {
        if !hosts.contains(&used.from_path) || used.from_path == used.to_path {
            continue;
        }
        if let Ok(anchor) = Anchor::new(&used.to_path, &used.symbol) {
            users.entry(anchor).or_default().insert(used.from_path);
        }
    }
    let load_bearing: BTreeSet<Anchor> =
        look.code.load_bearing(&look.language.load_bearing).into_iter().collect();
    let used = users.keys().filter(|anchor| look.code.is_public_type(anchor) == Some(true));
    let wanted = |anchor: &&Anchor| !covered.contains(*anchor) && !is_termless(&without, anchor);
    let all: BTreeSet<&Anchor> = load_bearing.iter().chain(used).filter(wanted).collect();
    let candidate = |anchor: &&Anchor| Candidate {
        anchor: (*anchor).clone(),
        load_bearing: load_bearing.contains(*anchor),
        hosts: users.get(*anchor).map_or(0, BTreeSet::len),
    };
    let mut candidates: Vec<Candidate> = all.iter().map(candidate).collect();
    candidates.sort_by(|one, other| {
        let rank = |it: &Candidate| (Reverse(it.hosts), it.anchor.name().to_lowercase());
        (rank(one), &one.anchor).cmp(&(rank(other), &other.anchor))
    });
    candidates
}

/// The code that has a term, in use or not: where its anchor says, where that is defined, and where it may have gone.
fn covered(look: &Look<'_>) -> BTreeSet<Anchor> {
    let files = look.terms.iter().filter_map(|read| read.file.as_ref());
    let mut covered = BTreeSet::new();
    for anchor in files.filter_map(|file| file.term.code_anchor.as_ref()) {
        covered.extend(look.code.defined(anchor));
        match look.code.resolve(anchor) {
            Resolution::Moved(to) | Resolution::Renamed { to, commit: _ } => covered.extend([to]),
            Resolution::Ambiguous(places) => covered.extend(places),
            Resolution::Resolves
            | Resolution::Perhaps(_)
            | Resolution::Gone
            | Resolution::Never
            | Resolution::Unindexed(_) => {}
        }
        covered.insert(anchor.clone());
    }
    covered
}

/// The names that no new term can have, as parts of file names: those of files, of terms, and of aliases.
fn taken(look: &Look<'_>) -> BTreeSet<String> {
    let mut taken = BTreeSet::new();
    for read in look.terms {
        let name = read.path.rsplit('/').next().unwrap_or_default();
        taken.insert(name.strip_suffix(".md").unwrap_or(name).to_owned());
        if let Some(file) = &read.file {
            taken.insert(of_name(&file.term.name));
            taken.extend(file.term.aliases.iter().map(|alias| of_name(alias)));
        }
    }
    taken
}

/// The beginning of a text: whole characters, so many bytes at most.
pub(super) fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    &text[..end]
}
