//! Ids and names are of one term only.

use std::collections::BTreeMap;

use crate::language::prose::folded;
use crate::language::slug::of_name;
use crate::language::terms::TermFile;
use crate::model::language::Level;

use super::{Cx, Found, Rule};

/// An id is of one file.
pub(super) const ID: Rule = Rule {
    name: "unique-id",
    level: Level::Error,
    doc: "no two files of terms have the same id",
    check: ids,
};

/// A name is of one term of its context.
pub(super) const NAME: Rule = Rule {
    name: "unique-name",
    level: Level::Error,
    doc: "no two terms of a context have the same name, or names with the same slug",
    check: names,
};

fn ids(cx: &Cx<'_>) -> Vec<Found> {
    let shadowed = cx.listing.shadowed().iter();
    shadowed
        .map(|shadowed| {
            let (file, by) = (shadowed.file, shadowed.by);
            let message = format!("`{}` has this id too, and counts", by.path);
            Found::new(&file.path, file.value_span("id"), message)
                .help("give this term an id of its own, or delete the file if both are one term")
        })
        .collect()
}

fn names(cx: &Cx<'_>) -> Vec<Found> {
    // The file that is called as its term is the first one.
    let mut by_path = cx.listing.terms().to_vec();
    by_path.sort_by_cached_key(|file| (file.stem() != of_name(&file.term.name), file.path.as_str()));
    let mut known: BTreeMap<(&str, String), &TermFile> = BTreeMap::new();
    let mut found = Vec::new();
    for file in by_path {
        let term = &file.term;
        let key = (term.bounded_context.as_str(), of_name(&term.name));
        let Some(first) = known.get(&key) else {
            known.insert(key, file);
            continue;
        };
        let same = folded(&term.name) == folded(&first.term.name);
        let message = if same {
            format!("`{}` is a term of `{}` already: `{}`", term.name, term.bounded_context, first.path)
        } else {
            format!("`{}` would have the same file as `{}`: `{}`", term.name, first.term.name, first.path)
        };
        let help = "make one term of the two, or give this one another name";
        found.push(Found::new(&file.path, file.value_span("name"), message).help(help));
    }
    found
}
