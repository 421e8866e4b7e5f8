//! Kinds and contexts are declared.

use crate::model::language::Level;

use super::{Cx, Found, Rule};
use crate::language::suggest::did_you_mean;

/// The kind of a term is declared.
pub(super) const KIND: Rule =
    Rule { name: "kind", level: Level::Error, doc: "the kinds of terms are declared", check: kinds };

/// The context of a term is declared.
pub(super) const CONTEXT: Rule = Rule {
    name: "context",
    level: Level::Error,
    doc: "the bounded contexts of terms are declared",
    check: contexts,
};

fn kinds(cx: &Cx<'_>) -> Vec<Found> {
    let known = cx.language.kinds.iter().map(String::as_str);
    let unknown = cx.listing.terms().iter().filter(|file| !known.clone().any(|kind| kind == file.term.kind));
    unknown
        .map(|file| {
            let kind = &file.term.kind;
            Found::new(&file.path, file.value_span("kind"), format!("`{kind}` is no declared kind of term"))
                .help(did_you_mean(kind, known.clone()))
        })
        .collect()
}

fn contexts(cx: &Cx<'_>) -> Vec<Found> {
    let known = cx.language.contexts.iter().map(|context| context.name.as_str());
    let terms = cx.listing.terms().iter();
    let unknown = terms.filter(|file| !known.clone().any(|context| context == file.term.bounded_context));
    unknown
        .map(|file| {
            let context = &file.term.bounded_context;
            let message = format!("`{context}` is no declared context");
            Found::new(&file.path, file.value_span("bounded_context"), message)
                .help(did_you_mean(context, known.clone()))
        })
        .collect()
}
