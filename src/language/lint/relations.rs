//! Relations point to terms, and are of declared kinds between declared kinds.

use crate::language::terms::{Relation, TermFile};
use crate::model::language::Level;

use super::{Cx, Found, Rule};
use crate::language::suggest::{did_you_mean, listed};

/// Relations point to other terms.
pub(super) const TARGET: Rule = Rule {
    name: "relation-target",
    level: Level::Error,
    doc: "relations point to terms that are there, and not to their own",
    check: targets,
};

/// Relations are of declared kinds.
pub(super) const KIND: Rule = Rule {
    name: "relation-kind",
    level: Level::Error,
    doc: "relations are of declared kinds, between the kinds of terms that these are declared for",
    check: kinds,
};

fn of(file: &TermFile, relation: &Relation, message: String) -> Found {
    let is = |value: &serde_json::Value| {
        value["kind"] == relation.kind.as_str() && value["target"] == relation.target.to_string()
    };
    Found::new(&file.path, file.item_span("related", is), message)
}

fn all<'a>(cx: &Cx<'a>) -> impl Iterator<Item = (&'a TermFile, &'a Relation)> {
    cx.listing.terms().iter().flat_map(|file| file.term.related.iter().map(|relation| (*file, relation)))
}

fn targets(cx: &Cx<'_>) -> Vec<Found> {
    all(cx)
        .filter_map(|(file, relation)| {
            if relation.target == file.term.id {
                let found = of(file, relation, format!("`{}` is related to itself", file.term.name));
                return Some(found.help("leave the relation out, or point it to another term"));
            }
            let dead = cx.listing.get(&relation.target).is_none();
            dead.then(|| {
                of(file, relation, format!("no term has the id {}", relation.target))
                    .help("copy the id from the file of the term that is meant, or leave the relation out")
            })
        })
        .collect()
}

fn kinds(cx: &Cx<'_>) -> Vec<Found> {
    let known = &cx.language.relations;
    let mut found = Vec::new();
    for (file, relation) in all(cx) {
        let Some(kind) = known.iter().find(|kind| kind.name == relation.kind) else {
            let names = known.iter().map(|kind| kind.name.as_str());
            let message = format!("`{}` is no kind of relation", relation.kind);
            found.push(of(file, relation, message).help(did_you_mean(&relation.kind, names)));
            continue;
        };
        let ends = [
            (&kind.from, Some(&file.term.kind), "from"),
            (&kind.to, cx.listing.get(&relation.target).map(|target| &target.term.kind), "to"),
        ];
        for (allowed, is, end) in ends {
            let Some(is) = is.filter(|is| !allowed.is_empty() && !allowed.contains(is)) else { continue };
            let allowed = listed(allowed.iter(), 5);
            let message =
                format!("`{}` leads {end} terms of the kind {allowed}, and here {end} `{is}`", kind.name);
            found.push(
                of(file, relation, message)
                    .help("use another kind of relation, or correct the kind of the term"),
            );
        }
    }
    found
}
