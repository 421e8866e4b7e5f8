//! Term-pruner: terms whose code has moved get its new place, and terms whose code is gone are deprecated.
//!
//! It implements *Anchor* over time. It deletes nothing, and takes "nobody can tell" for nothing. Where a rendered page isn't as the
//! terms render, that comes first, as a change of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::code::Resolution;
use crate::language::terms::{Confidence, TermFile, Ulid, edit};
use crate::model::language::Anchor;

use super::terms::{SHOWN, capped, changed, left_alone, named, rendering, sound, touched, unread};
use super::{BRAKE_PART, Kept, Look, Proposal, counted, in_span, is_too_much};

/// The most places that a problem names.
const MOST_PLACES: usize = 5;

/// What becomes of a term whose anchor doesn't resolve.
enum Fate {
    /// Its code is elsewhere; the commit that renamed it, if it has another name.
    Elsewhere(Anchor, Option<String>),
    /// Its code is gone.
    Gone,
    /// The term was deprecated since its code was gone, and that is there again.
    Back,
}

/// Looks at the anchors of all terms in use.
pub fn keep(look: &Look<'_>) -> Kept {
    let terms: Vec<(&TermFile, &Anchor)> =
        sound(look).into_iter().filter_map(|file| Some((file, file.term.code_anchor.as_ref()?))).collect();
    let mut problems = Vec::new();
    let mut fates = Vec::new();
    for (file, anchor) in &terms {
        match fate(look, file, anchor) {
            Ok(Some(fate)) => fates.push((*file, *anchor, fate)),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    let crowded = crowded(&terms, &fates);
    fates.retain(|(file, _, fate)| match fate {
        Fate::Elsewhere(to, _) if crowded.contains(&file.term.id) => {
            problems.push(taken(file, to));
            false
        }
        Fate::Elsewhere(..) | Fate::Gone | Fate::Back => true,
    });
    fates.extend(back(look, &terms));
    capped(&mut problems, "anchors of terms lead to several places; run `factoryctl term lint`");
    problems.extend(left_alone(look));
    let unread = unread(look);
    // Before anything else, so that each further change is only what it says.
    if unread.is_empty()
        && let Some(rendering) = rendering(look)
    {
        return Kept { proposal: Some(rendering), problems, ..Kept::default() };
    }
    problems.extend(unread);
    let gone = fates.iter().filter(|(_, _, fate)| matches!(fate, Fate::Gone)).count();
    // Where no code is read at all, none of it is gone.
    let is_blind = gone > 0 && look.code.files().is_empty();
    if is_blind || is_too_much(gone, terms.len()) {
        problems.insert(0, braked(look, gone, terms.len()));
        return Kept { problems, ..Kept::default() };
    }
    Kept { proposal: proposal(look, &fates), problems, ..Kept::default() }
}

fn fate(look: &Look<'_>, file: &TermFile, anchor: &Anchor) -> Result<Option<Fate>, String> {
    let (to, commit) = match look.code.resolve(anchor) {
        // What never was isn't gone: it is a mistake for people to correct.
        Resolution::Resolves | Resolution::Perhaps(_) | Resolution::Unindexed(_) | Resolution::Never => {
            return Ok(None);
        }
        Resolution::Gone => return Ok(Some(Fate::Gone)),
        Resolution::Moved(to) => (to, None),
        Resolution::Renamed { to, commit } => (to, Some(commit)),
        Resolution::Ambiguous(places) => {
            let places = named(&places, MOST_PLACES);
            let (path, anchor) = (in_span(&file.path, SHOWN), in_span(&anchor.to_string(), SHOWN));
            return Err(format!(
                "{path}: {anchor} isn't there any more, and what it means may be one of {places}; \
                 write the one that is meant as its `code_anchor`"
            ));
        }
    };
    if look.code.resolve(&to) == Resolution::Resolves {
        return Ok(Some(Fate::Elsewhere(to, commit)));
    }
    // An anchor that doesn't hold would only be changed again.
    let (path, to) = (in_span(&file.path, SHOWN), in_span(&to.to_string(), SHOWN));
    Err(format!(
        "{path}: its code has become {to}, which isn't there either; write where it is as its `code_anchor`"
    ))
}

/// The terms that were deprecated since their code was gone, and whose code is there again, unless another term has it.
fn back<'a>(look: &Look<'a>, live: &[(&TermFile, &Anchor)]) -> Vec<(&'a TermFile, &'a Anchor, Fate)> {
    let covered: BTreeSet<Anchor> = live.iter().filter_map(|(_, anchor)| look.code.defined(anchor)).collect();
    let dead = look.terms.iter().filter(|read| read.errors.is_empty()).filter_map(|read| read.file.as_ref());
    let is_back = |file: &&TermFile| {
        let (Some(anchor), Some(reason)) = (&file.term.code_anchor, &file.term.superseded_reason) else {
            return false;
        };
        file.term.confidence == Confidence::Deprecated
            && file.term.superseded_by.is_none()
            && reason.starts_with(&lost(anchor))
            && look.code.defined(anchor).is_some_and(|at| !covered.contains(&at))
    };
    dead.filter(is_back)
        .filter_map(|file| Some((file, file.term.code_anchor.as_ref()?, Fate::Back)))
        .collect()
}

/// What is written of a term whose code is gone, but for when that was seen.
fn lost(anchor: &Anchor) -> String {
    format!("its code {anchor} is gone, as of ")
}

/// The terms whose code went where the anchor of another term is or goes: two concepts may have become one, and which
/// of their terms stays is for people to say. Terms that shared their anchor before go on doing so.
fn crowded(terms: &[(&TermFile, &Anchor)], fates: &[(&TermFile, &Anchor, Fate)]) -> BTreeSet<Ulid> {
    let mut from: BTreeMap<&Anchor, BTreeSet<&Anchor>> = BTreeMap::new();
    for (_, anchor) in terms {
        from.entry(anchor).or_default().insert(anchor);
    }
    for (_, anchor, fate) in fates {
        if let Fate::Elsewhere(to, _) = fate {
            from.entry(to).or_default().insert(anchor);
        }
    }
    let several = |to: &Anchor, own: &Anchor| from[to].iter().any(|other| *other != own);
    let all = fates.iter();
    all.filter_map(|(file, anchor, fate)| match fate {
        Fate::Elsewhere(to, _) if several(to, anchor) => Some(file.term.id),
        Fate::Elsewhere(..) | Fate::Gone | Fate::Back => None,
    })
    .collect()
}

fn taken(file: &TermFile, to: &Anchor) -> String {
    let (path, to) = (in_span(&file.path, SHOWN), in_span(&to.to_string(), SHOWN));
    format!(
        "{path}: its code has become {to}, which is that of another term; deprecate one of the two, or write another \
         `code_anchor`"
    )
}

fn braked(look: &Look<'_>, gone: usize, anchored: usize) -> String {
    let roots = named(&look.language.roots, MOST_PLACES);
    let why = if look.code.files().is_empty() {
        "since no code is read at all".to_owned()
    } else {
        format!("which is more than one of {BRAKE_PART}")
    };
    format!(
        "{gone} of {anchored} terms would lose their code at once, {why}: nothing is changed; look whether `roots` ({roots}) still are the folders of the code, or deprecate the terms by hand"
    )
}

fn proposal(look: &Look<'_>, fates: &[(&TermFile, &Anchor, Fate)]) -> Option<Proposal> {
    let mut edits = BTreeMap::new();
    let mut changes = Vec::new();
    let (mut moved, mut deprecated, mut back) = (0, 0, 0);
    for (file, anchor, fate) in fates {
        let name = in_span(&file.term.name, SHOWN);
        let was = in_span(&anchor.to_string(), SHOWN);
        let page = match fate {
            Fate::Elsewhere(to, commit) => {
                moved += 1;
                let why = match commit {
                    Some(commit) => format!("commit {} renamed it", in_span(commit, SHOWN)),
                    None => "it has moved".to_owned(),
                };
                let now = in_span(&to.to_string(), SHOWN);
                changes.push(format!("{name} is anchored to {now} instead of {was}: {why}"));
                edit::anchor(&file.page, Some(to))
            }
            Fate::Gone => {
                deprecated += 1;
                changes.push(format!("{name} is deprecated: {was} is gone"));
                let reason = format!("{}{}", lost(anchor), look.now);
                let page = edit::superseded(&file.page, file.term.superseded_by.as_ref(), Some(&reason));
                edit::confidence(&page, Confidence::Deprecated)
            }
            Fate::Back => {
                back += 1;
                changes.push(format!("{name} is used again: {was} is there again"));
                let page = edit::superseded(&file.page, None, None);
                edit::confidence(&page, Confidence::Accepted)
            }
        };
        if let Some(text) = touched(file, &page, look) {
            edits.insert(file.path.clone(), text);
        }
    }
    let files = changed(look, edits);
    changes.sort();
    (!files.is_empty()).then(|| Proposal { title: title(moved, deprecated, back), changes, files })
}

fn title(moved: usize, deprecated: usize, back: usize) -> String {
    let all = [
        (moved, "Re-anchor", ""),
        (deprecated, "Deprecate", " whose code is gone"),
        (back, "Bring back", " whose code is there again"),
    ];
    let mut title = String::new();
    for (n, verb, whose) in all.into_iter().filter(|(n, ..)| *n > 0) {
        if title.is_empty() {
            title = format!("{verb} {}{whose}", counted(n, "term", "terms"));
        } else {
            title.push_str(&format!(" and {} {n}{whose}", verb.to_lowercase()));
        }
    }
    title
}

#[cfg(test)]
mod tests;
