//! An alias is of one term, and not a word of everyday use.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::prose::folded;
use crate::language::terms::TermFile;
use crate::model::language::Level;

use super::{Cx, Found, Rule};

/// An alias is neither name nor alias of another term.
pub(super) const OF_ANOTHER: Rule = Rule {
    name: "alias-of-another",
    level: Level::Error,
    doc: "no alias is the name or an alias of another term",
    check: of_another,
};

/// An alias isn't found all over the wiki.
pub(super) const BROAD: Rule = Rule {
    name: "broad-alias",
    level: Level::Error,
    doc: "no alias is used on more pages than `broad-alias`",
    check: broad,
};

fn of_another(cx: &Cx<'_>) -> Vec<Found> {
    let mut words: BTreeMap<String, Vec<(&TermFile, bool)>> = BTreeMap::new();
    for file in cx.live() {
        words.entry(folded(&file.term.name)).or_default().push((file, true));
        for alias in &file.term.aliases {
            words.entry(folded(alias)).or_default().push((file, false));
        }
    }
    let mut found = Vec::new();
    for file in cx.live() {
        for alias in &file.term.aliases {
            let others = words.get(&folded(alias)).into_iter().flatten();
            let other = others.filter(|(other, _)| is_another(file, other)).max_by_key(|(_, name)| *name);
            let Some((other, is_name)) = other else { continue };
            let what = if *is_name { "the name" } else { "an alias" };
            let message = format!("`{alias}` is {what} of another term: `{}`", other.path);
            found.push(
                Found::new(&file.path, file.item_span("aliases", |value| value == alias), message)
                    .help("leave it to one of the two"),
            );
        }
    }
    found
}

/// Whether two files are of two terms. Those that are of one by their names are for `unique-id` and `unique-name`.
fn is_another(file: &TermFile, other: &TermFile) -> bool {
    let (one, other) = (&file.term, &other.term);
    let same_name = one.bounded_context == other.bounded_context && folded(&one.name) == folded(&other.name);
    one.id != other.id && !same_name
}

fn broad(cx: &Cx<'_>) -> Vec<Found> {
    let broad = broad_aliases(cx);
    let mut found = Vec::new();
    for file in cx.live() {
        for alias in &file.term.aliases {
            let Some(pages) = broad.get(&folded(alias)) else { continue };
            let message = format!(
                "`{alias}` is used on {pages} pages, more than {}: it is too common to be an alias",
                cx.language.broad_alias_pages
            );
            found.push(
                Found::new(&file.path, file.item_span("aliases", |value| value == alias), message)
                    .help("leave it out of the aliases"),
            );
        }
    }
    found
}

/// The aliases that more pages use than may, folded, with the number of pages.
pub(super) fn broad_aliases(cx: &Cx<'_>) -> BTreeMap<String, usize> {
    let mut pages: BTreeMap<String, usize> = BTreeMap::new();
    for (_, uses) in &cx.pages {
        let of_page: BTreeSet<String> = uses.iter().map(|one| folded(one.alias)).collect();
        for alias in of_page {
            *pages.entry(alias).or_default() += 1;
        }
    }
    pages.retain(|_, pages| *pages > cx.language.broad_alias_pages);
    pages
}
