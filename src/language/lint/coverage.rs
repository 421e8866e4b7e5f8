//! Code that carries weight has terms.

use std::collections::BTreeSet;

use crate::language::globs::{globs, is_termless};
use crate::model::language::{Anchor, Level};

use super::{Cx, Found, Rule};

/// Types that carry weight have a term.
pub(super) const COVERAGE: Rule = Rule {
    name: "coverage",
    level: Level::Warning,
    doc: "types whose names have a `load-bearing` end are the anchors of terms",
    check,
};

fn check(cx: &Cx<'_>) -> Vec<Found> {
    let terms = cx.listing.terms().iter();
    let covered: BTreeSet<&Anchor> = terms.filter_map(|file| file.term.code_anchor.as_ref()).collect();
    let without = globs(&cx.language.no_term);
    let mut anchors = cx.code.load_bearing(&cx.language.load_bearing);
    anchors.sort();
    anchors.dedup();
    anchors
        .iter()
        .filter(|anchor| !covered.contains(anchor) && !is_termless(&without, anchor))
        .map(|anchor| {
            Found::new(anchor.path(), 0..0, format!("`{}` has no term", anchor.symbol())).help(format!(
                "write one with the anchor \"{anchor}\", or name that in `no-term` of `language`"
            ))
        })
        .collect()
}
