//! Pages call things by their names.

use std::collections::BTreeMap;

use crate::language::prose::{article, folded};
use crate::model::language::Level;

use super::aliases::{BROAD, broad_aliases};
use super::{Cx, Found, Rule};
use crate::language::suggest::listed;

/// Pages use canonical names.
///
/// An alias that is too common to be one isn't looked for: that is what its own rule says, and once.
pub(super) const CANONICAL: Rule = Rule {
    name: "canonical-names",
    level: Level::Error,
    doc: "pages use the names of terms and not their aliases",
    check,
};

fn check(cx: &Cx<'_>) -> Vec<Found> {
    let broad =
        if BROAD.level(&cx.language.rules) == Level::Off { BTreeMap::new() } else { broad_aliases(cx) };
    let mut found = Vec::new();
    for (page, uses) in &cx.pages {
        for one in uses.iter().filter(|one| !broad.contains_key(&folded(one.alias))) {
            let names = listed(one.terms.iter().map(|file| &file.term.name), usize::MAX);
            let used = &page.text[one.span.clone()];
            let used = used.split_whitespace().collect::<Vec<_>>().join(" ");
            let new = |message| Found::new(&page.path, one.span.clone(), message);
            found.push(match &one.replacement {
                Some(with) => {
                    let article = article::adapted(&page.text, one.span.start, &used, with);
                    let range = article.as_ref().map_or(one.span.start, |it| it.range.start)..one.span.end;
                    let with = article.map_or_else(|| with.clone(), |it| format!("{} {with}", it.with));
                    new(format!("`{used}` is an alias of {names}"))
                        .help(format!("write `{with}`"))
                        .fix(range, with)
                }
                None if one.terms.len() == 1 => new(format!("`{used}` is an alias of {names}"))
                    .help("write its name, with the line break where it is meant to be"),
                None => new(format!("`{used}` is an alias of several terms: {names}"))
                    .help("write the name of the one that is meant"),
            });
        }
    }
    found
}
