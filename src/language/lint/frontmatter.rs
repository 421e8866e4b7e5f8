//! Term files can be read.

use crate::model::language::Level;

use super::{Cx, Found, Rule};

/// Term files have the form of term files.
pub const FRONTMATTER: Rule = Rule {
    name: "frontmatter",
    level: Level::Error,
    doc: "the files of terms have sound frontmatter, a definition and bulleted invariants",
    check,
};

fn check(cx: &Cx<'_>) -> Vec<Found> {
    let errors = cx.reads.iter().flat_map(|read| read.errors.iter().map(move |error| (read, error)));
    errors
        .map(|(read, error)| {
            Found::new(&read.path, error.span.clone(), error.message.clone()).help(error.help.clone())
        })
        .collect()
}
