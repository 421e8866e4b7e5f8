//! `router`: where the issues belong that come in by a pipeline's repositories.

use std::collections::BTreeSet;

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{Field, Kind, Repeat, Type};
use crate::model::{Carry, Otherwise, Pipelines, RepoName, Route, Router};

use super::Builder;
use super::globs::{GLOBS, globs, texts};
use super::pipeline::{LABELS, labels};

const BY: Carry = Carry::Transfer;
const OTHERWISE: Otherwise = Otherwise::Person;
const WORDS: Type = Type::List { of: &Type::Text { max: 100 }, max: 100 };

static ROUTE: Kind = Kind {
    name: "route",
    about: "A rule: an issue with any of what it names belongs to this repository. The first rule that fits decides.",
    key: Some(
        Field::new(
            "to",
            Type::Repo,
            "The repository; a declared one whose pipeline has `intake`, of the same owner unless issues are mirrored, or one that the router is for.",
            "\"acme/widgets\"",
        )
        .required(),
    ),
    fields: &[
        Field::new("labels", LABELS, "Labels of the issue.", "\"area:widgets\""),
        Field::new(
            "components",
            WORDS,
            "Components, whatever their case: what stands in the text as `Component: widgets` or below the heading `Component` that a form makes, or behind `component:` in a label.",
            "\"widgets\"",
        ),
        Field::new(
            "paths",
            GLOBS,
            "Paths that title or text name, as globs in which `*` stops at `/` and `**` doesn't.",
            "\"widgets/**\"",
        ),
        Field::new("title", WORDS, "Words in its title; whole ones, whatever their case.", "\"widget\""),
    ],
    repeat: Repeat::Many,
    most: 100,
    example: "route \"acme/widgets\" {\n    labels \"area:widgets\"\n    paths \"widgets/**\"\n}",
    ..Kind::EMPTY
};

pub(super) static ROUTER: Kind = Kind {
    name: "router",
    about: "Where the issues belong that come in here: each is brought to the repository that the first rule says which fits it, before any agent looks at it.",
    fields: &[
        Field::new(
            "by",
            Type::Word(Carry::WORDS),
            "How it gets there: `transfer`: GitHub moves it, with what was said on it. `mirror`: another one is opened there, and it is closed once that one is.",
            "\"mirror\"",
        )
        .or("\"transfer\""),
        Field::new(
        "otherwise",
        Type::Word(Otherwise::WORDS),
        "What becomes of an issue that no rule fits: `person`: somebody says where it belongs. `here`: it stays.",
        "\"here\"",
    )
    .or("\"person\""),
    ],
    children: &[&ROUTE],
    example: "router {\n    route \"acme/widgets\" {\n        labels \"area:widgets\"\n        components \"widgets\"\n    }\n    route \"acme/docs\" {\n        title \"documentation\"\n    }\n}",
    ..Kind::EMPTY
};

pub(super) fn build(block: &Block, cx: &mut Builder<'_>) -> Router {
    let routes: Vec<Route> = block.each(ROUTE.name).filter_map(|block| route(block, cx)).collect();
    let otherwise =
        block.text("otherwise").and_then(|(word, _)| Otherwise::by_word(word)).unwrap_or(OTHERWISE);
    if block.each(ROUTE.name).next().is_none() {
        let says = "`router` has no `route`".to_owned();
        let draft = Draft::warning(code::NO_EFFECT, says).at(block.span, "brings no issue anywhere");
        cx.sink.push(draft.help("add a rule: `route \"acme/widgets\" { labels \"area:widgets\"; }`"));
    }
    let by = block.text("by").and_then(|(word, _)| Carry::by_word(word)).unwrap_or(BY);
    Router { routes, by, otherwise, source: cx.source(block.span) }
}

fn route(block: &Block, cx: &mut Builder<'_>) -> Option<Route> {
    let to = RepoName::parse(block.key()).ok()?;
    let route = Route {
        to,
        labels: labels(block, "labels"),
        components: texts(block, "components", cx),
        paths: globs(block, "paths", cx),
        title: texts(block, "title", cx),
        source: cx.source(block.span),
    };
    if block.fields.is_empty() {
        let says = format!("{} names nothing that an issue could have", block.quoted());
        let draft = Draft::error(code::MISSING, says).at(block.span, "fits no issue");
        cx.sink.push(draft.help("say which issues belong there: `labels \"area:widgets\"`"));
    }
    Some(route)
}

/// What only shows once it is known which repository has which pipeline: whether an issue can go where a rule says.
pub(super) fn check(
    block: &Block,
    pipelines: &Pipelines,
    declared: &BTreeSet<&RepoName>,
    cx: &mut Builder<'_>,
) {
    let doors: Vec<&RepoName> =
        pipelines.of_repo.iter().filter(|(_, name)| *name == block.key()).map(|(repo, _)| repo).collect();
    for route in block.child(ROUTER.name).into_iter().flat_map(|router| router.each(ROUTE.name)) {
        let Ok(to) = RepoName::parse(route.key()) else { continue };
        if let Some((says, help)) = unreachable(&to, &doors, pipelines, declared) {
            cx.sink
                .push(Draft::error(code::UNKNOWN_REPO, says).at(route.key_span(), "named here").help(help));
        }
    }
}

/// Why no issue can go there, and what to do about it.
fn unreachable(
    to: &RepoName,
    doors: &[&RepoName],
    pipelines: &Pipelines,
    declared: &BTreeSet<&RepoName>,
) -> Option<(String, String)> {
    if !declared.contains(to) {
        let help = format!("declare it at the top of any file: `repo \"{to}\"`");
        return Some((format!("there is no repository `{to}` in this config"), help));
    }
    if doors.contains(&to) {
        return None;
    }
    let moves =
        pipelines.of(doors.first()?).and_then(|it| Some(it.router.as_ref()?.by)) == Some(Carry::Transfer);
    let other = doors.iter().filter(|_| moves).find(|door| !door.owner().eq_ignore_ascii_case(to.owner()));
    if let Some(door) = other {
        let says = format!("no issue can be brought from {door} to {to}: GitHub moves none to another owner");
        return Some((
            says,
            "name a repository of the same owner, or have it mirrored: `router by=\"mirror\"`".to_owned(),
        ));
    }
    let takes_in = pipelines.of(to).is_some_and(|it| !it.intake.is_empty());
    (!takes_in).then(|| {
        let says =
            format!("{to} has no pipeline with a label of `intake`, so that nobody would work on it there");
        (says, format!("give it one: `repo \"{to}\" {{ pipeline \"…\"; }}`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_defaults_are_used() {
        assert_eq!(ROUTER.field("by").and_then(Field::default_json), Some(BY.as_str().into()));
        assert_eq!(ROUTER.field("otherwise").and_then(Field::default_json), Some(OTHERWISE.as_str().into()));
        assert!(Otherwise::WORDS.iter().all(|word| Otherwise::by_word(word).is_some()));
    }
}
