//! What entries claim beyond their citations: that something was mended, and that they say what others said.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::code::Code;
use crate::language::ulid::Ulid;
use crate::language::wiki::{CodeRef, Entry, Place, Standing, Style, Verified, cites, place, verify};
use crate::model::language::Anchor;

use super::super::Look;
use super::{Rot, What};

/// The most places in the code that a finding names.
const MOST_REFS: usize = 5;

/// That a pull request mended what an entry warns of, where all code that it is about is gone; with that code, of which
/// nothing more is to be said. An entry that is about no code claims nothing that could be looked at.
pub(super) fn shipped(entry: &Entry, code: &dyn Code) -> Option<(What, Vec<String>)> {
    let facts = entry.facts();
    let pull = facts.fixed_in_pr?;
    let gone = |code_ref: &CodeRef| matches!(place(code_ref, code), Place::Gone(_));
    if facts.code_refs.is_empty() || !facts.code_refs.iter().all(gone) {
        return None;
    }
    let refs: Vec<String> = facts.code_refs.iter().map(ToString::to_string).collect();
    Some((What::Shipped { pull, refs: refs[..refs.len().min(MOST_REFS)].to_vec() }, refs))
}

/// The lessons that entries lost, by the id of the entry: two or more were merged into it, and it names nothing of the code
/// of one of them, though that code is still there.
pub(super) fn lessons(look: &Look<'_>) -> BTreeMap<Ulid, Vec<Rot>> {
    let by_id: BTreeMap<Ulid, &Entry> = look.entries.iter().map(|entry| (entry.facts().id, entry)).collect();
    let mut merged: BTreeMap<Ulid, BTreeSet<Ulid>> = BTreeMap::new();
    for entry in look.entries {
        let facts = entry.facts();
        if let Standing::Superseded { by } = &facts.standing {
            merged.entry(*by).or_default().insert(facts.id);
        }
        merged.entry(facts.id).or_default().extend(&facts.supersedes);
    }
    let mut lost = BTreeMap::new();
    for (id, before) in merged {
        let Some(successor) = by_id.get(&id).filter(|entry| entry.is_active() && before.len() > 1) else {
            continue;
        };
        let before = before.iter().filter(|old| **old != id).filter_map(|old| by_id.get(old));
        let rots: Vec<Rot> = before.filter_map(|old| lesson(look, old, successor)).collect();
        if !rots.is_empty() {
            lost.insert(id, rots);
        }
    }
    lost
}

/// The lesson of an entry that its successor lost.
fn lesson(look: &Look<'_>, old: &Entry, successor: &Entry) -> Option<Rot> {
    let live = live(look, old);
    if live.is_empty() || live.iter().any(|(_, name)| names(successor.text(), name)) {
        return None;
    }
    let lost = live.into_iter().map(|(place, _)| place).take(MOST_REFS).collect();
    let facts = old.facts();
    let what = What::Lesson { id: facts.id.to_string(), title: facts.title.clone(), lost };
    Some(Rot { at: super::key_at(successor.text(), "title"), what })
}

/// The places in the code that an entry names and that are there, each with the name that a text about it has.
fn live(look: &Look<'_>, entry: &Entry) -> Vec<(String, String)> {
    let mut live = BTreeSet::new();
    for cite in cites(entry.text(), &look.language.roots) {
        if verify(&cite, look.code) == Verified::There {
            live.insert(match cite.style {
                Style::Anchor(anchor) => of_anchor(&anchor),
                Style::File(path) => (path.clone(), path),
                Style::Dotted(dotted) => {
                    let name = dotted.rsplit('.').next().unwrap_or(&dotted).to_owned();
                    (dotted, name)
                }
            });
        }
    }
    for code_ref in &entry.facts().code_refs {
        let there = match place(code_ref, look.code) {
            Place::There => code_ref.clone(),
            Place::Moved(to) => to,
            Place::Several(_) | Place::Gone(_) | Place::Never(_) | Place::Unknown(_) => continue,
        };
        live.insert(match &there {
            CodeRef::Symbol(anchor) => of_anchor(anchor),
            CodeRef::File(path) => (path.clone(), path.clone()),
        });
    }
    live.into_iter().collect()
}

fn of_anchor(anchor: &Anchor) -> (String, String) {
    (anchor.to_string(), anchor.name().to_owned())
}

/// Whether a text has a name as a whole word.
fn names(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with(part) && !after.starts_with(part)
    })
}
