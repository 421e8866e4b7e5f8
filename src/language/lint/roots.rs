//! The folders of the sources are there.

use crate::language::code::Answer;
use crate::model::language::Level;

use super::{Cx, Found, Rule};

/// The folders that config declares are there: rules about code find nothing where none is read.
pub(super) const ROOTS: Rule = Rule {
    name: "roots",
    level: Level::Warning,
    doc: "the folders that `roots` of `language` names are there",
    check,
};

fn check(cx: &Cx<'_>) -> Vec<Found> {
    let folders = cx.language.roots.iter().filter(|root| root.as_str() != ".");
    folders
        .filter(|root| matches!(cx.code.has_file(root), Answer::No { .. }))
        .map(|root| {
            Found::new(
                root,
                0..0,
                "there is no such folder, so no code of it is read, and no rule finds anything in it",
            )
            .help("name the folders of the sources in `roots` of `language`")
        })
        .collect()
}
