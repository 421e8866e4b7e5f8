//! Files of terms are called as the terms are.

use crate::language::slug::of_name;
use crate::model::language::Level;

use super::{Cx, Found, Rule};

/// A file's name is the slug of its term's name.
pub(super) const SLUG: Rule = Rule {
    name: "slug",
    level: Level::Error,
    doc: "the file of a term is called as the slug of its name",
    check,
};

fn check(cx: &Cx<'_>) -> Vec<Found> {
    let files = cx.reads.iter().filter_map(|read| read.file.as_ref());
    files
        .filter(|file| file.stem() != of_name(&file.term.name))
        .map(|file| {
            let message = format!("the file of `{}` is called `{}.md`", file.term.name, file.stem());
            Found::new(&file.path, file.value_span("name"), message)
                .help(format!("call it `{}.md`", of_name(&file.term.name)))
        })
        .collect()
}
