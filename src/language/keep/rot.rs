//! The detector of rot in the wiki: what pages and entries cite and isn't there any more, claims that something was mended by
//! code that is gone, and lessons that were lost when entries were merged.
//!
//! It changes nothing and asks nothing. There is an issue for each page with something rotten, as long as it is rotten. What
//! nobody can tell is never rot, and never mended either.

mod claim;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use crate::language::wiki::{Entry, Place, Verified, WikiPage, cites, place, verify};

use super::{Issue, Kept, Look, spanned};
use told::{issue, more};

/// The most issues of a page each; the pages beyond share one.
const MOST_ISSUES: usize = 10;

/// Something rotten.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rot {
    /// Where in the page's text.
    at: usize,
    /// What is wrong there.
    what: What,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// Something is cited that isn't there.
    Cite {
        /// As the page spells it.
        word: String,
        /// What was probably meant.
        suggestion: Option<String>,
    },
    /// All code of something that was mended is gone.
    Shipped {
        /// The pull request that mended it.
        pull: u64,
        /// The code.
        refs: Vec<String>,
    },
    /// An entry took the place of another one, and names none of its code, which is still there.
    Lesson {
        /// The entry whose place it took: its id and its title.
        id: String,
        title: String,
        /// The code.
        lost: Vec<String>,
    },
}

/// Decides which issues are to be open.
pub fn keep(look: &Look<'_>) -> Kept {
    let entries: BTreeMap<String, &Entry> =
        look.entries.iter().map(|entry| (look.in_wiki(entry.path()), entry)).collect();
    let lessons = claim::lessons(look);
    // Of what can't be read anything may still be rotten.
    let anything = |path: &String| (path.clone(), BTreeSet::from([String::new()]));
    let mut unsure: BTreeMap<String, BTreeSet<String>> = look.unread.iter().map(anything).collect();
    let mut rotten: BTreeMap<&str, (&WikiPage, Vec<Rot>)> = BTreeMap::new();
    for page in look.pages.iter().filter(|page| !is_rendered(look, &page.path)) {
        let entry = entries.get(&page.path).copied();
        if entry.is_some_and(|entry| !entry.is_active()) {
            continue;
        }
        let (mut rots, unknown) = of_page(look, page, entry);
        if !unknown.is_empty() {
            unsure.insert(page.path.clone(), unknown);
        }
        rots.extend(entry.and_then(|entry| lessons.get(&entry.facts().id)).cloned().unwrap_or_default());
        rots.sort();
        if !rots.is_empty() {
            rotten.insert(&page.path, (page, rots));
        }
    }
    let mut issues: Vec<Issue> =
        rotten.values().take(MOST_ISSUES).map(|(page, rots)| issue(page, rots, look.code)).collect();
    let rest: Vec<(&str, usize)> =
        rotten.iter().skip(MOST_ISSUES).map(|(path, (_, rots))| (*path, rots.len())).collect();
    if !rest.is_empty() {
        issues.push(more(&rest));
    }
    Kept { issues, unsure, ..Kept::default() }
}

/// What is wrong with the citations and claims of a page, and of which of them nobody can tell, as an issue would name them.
fn of_page(look: &Look<'_>, page: &WikiPage, entry: Option<&Entry>) -> (Vec<Rot>, BTreeSet<String>) {
    let (mut rots, mut unknown) = (Vec::new(), BTreeSet::new());
    let mut known: BTreeSet<String> = BTreeSet::new();
    if let Some((shipped, refs)) = entry.and_then(|entry| claim::shipped(entry, look.code)) {
        known.extend(refs);
        rots.push(Rot { at: key_at(&page.text, "fixed_in_pr"), what: shipped });
    }
    let cited = cites(&page.text, &look.language.roots);
    for cite in cited {
        let word = page.text[cite.span.clone()].to_owned();
        match verify(&cite, look.code) {
            Verified::There => {}
            Verified::Unknown(_) => {
                unknown.insert(spanned(&word));
            }
            Verified::Missing { suggestion } => {
                if known.insert(word.clone()) {
                    rots.push(Rot { at: cite.span.start, what: What::Cite { word, suggestion } });
                }
            }
        }
    }
    for code_ref in entry.map(|entry| entry.facts().code_refs.as_slice()).unwrap_or_default() {
        let word = code_ref.to_string();
        let suggestion = match place(code_ref, look.code) {
            // The keeper of the wiki mends that.
            Place::There | Place::Moved(_) => continue,
            Place::Unknown(_) => {
                unknown.insert(spanned(&word));
                continue;
            }
            Place::Several(places) => places.first().map(ToString::to_string),
            Place::Gone(suggestion) | Place::Never(suggestion) => suggestion,
        };
        if known.insert(word.clone()) {
            let at = key_at(&page.text, "code_refs");
            rots.push(Rot { at, what: What::Cite { word, suggestion } });
        }
    }
    (rots, unknown)
}

/// Where a key of the frontmatter stands.
fn key_at(text: &str, key: &str) -> usize {
    text.find(&format!("\n{key}:")).map_or(0, |at| at + 1)
}

/// Whether a page is rendered from something else, which then is what is wrong.
fn is_rendered(look: &Look<'_>, path: &str) -> bool {
    let language = look.language;
    let rendered = [&language.glossary, &language.map, &language.architecture];
    rendered.iter().any(|place| place.as_deref() == Some(path))
}

#[cfg(test)]
mod tests;
