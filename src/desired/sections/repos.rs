//! `defaults`, `group`, `repo` and `repositories`: which repositories are managed, and the layers of what is
//! wanted of them.

use crate::desired::block::Block;
use crate::desired::shape::{Field, Kind, Repeat, Type};
use crate::model::ObservedOwner;

use super::Builder;
use super::labels::LABELS;
use super::language::LANGUAGE;
use super::pipelines::CHOICE;
use super::recipes::{GATE, RECIPE};
use super::settings::{COUNT, with};

static DEFAULTS_FIELDS: [Field; 2 + COUNT] = with(&CHOICE);

pub(super) static DEFAULTS: Kind = Kind {
    name: "defaults",
    about: "What is wanted of every declared repository, unless a group or the repository itself says otherwise. What nobody says is left as it is.",
    fields: &DEFAULTS_FIELDS,
    children: &[&LABELS, &RECIPE, &GATE, &LANGUAGE],
    example: "defaults {\n    has-wiki #false\n    delete-branch-on-merge #true\n    labels \"lifecycle\" mode=\"additive\"\n}",
    ..Kind::EMPTY
};

static GROUP_FIELDS: [Field; 4 + COUNT] = with(&[
    Field::new(
        "match",
        Type::List { of: &Type::RepoPattern, max: 100 },
        "Patterns over the full names of declared repositories; one that matches suffices.",
        "\"acme/*-rs\" \"acme/lib*\"",
    ),
    Field::new(
        "topic",
        Type::List { of: &Type::Topic, max: 20 },
        "Topics: repositories that declare one of them, themselves or by the defaults, belong to the group. Not to be confused with `topics`, which sets them.",
        "\"rust\"",
    ),
    CHOICE[0],
    CHOICE[1],
]);

pub(super) static GROUP: Kind = Kind {
    name: "group",
    about: "What is wanted of the declared repositories that it matches by name or by declared topic. Laid over the defaults in the order in which groups are declared, and under what the repository itself says.",
    key: Some(Field::new("name", Type::Name, "The group's name.", "\"rust\"").required()),
    fields: &GROUP_FIELDS,
    children: &[&LABELS, &RECIPE, &GATE, &LANGUAGE],
    repeat: Repeat::ByKey,
    example: "group \"rust\" {\n    match \"acme/*-rs\" \"acme/lib*\"\n    topic \"rust\"\n    delete-branch-on-merge #true\n}",
    ..Kind::EMPTY
};

static REPO_FIELDS: [Field; 3 + COUNT] = with(&[
    Field::new(
        "create",
        Type::Flag,
        "Whether it is made when a complete read shows that it isn't there. Without it a missing repository is an error, since a misspelt name looks the same.",
        "#true",
    )
    .or("#false"),
    CHOICE[0],
    CHOICE[1],
]);

pub(super) static REPO: Kind = Kind {
    name: "repo",
    about: "A repository under management.",
    key: Some(Field::new("name", Type::Repo, "Its full name, `owner/name`.", "\"acme/widgets\"").required()),
    fields: &REPO_FIELDS,
    children: &[&LABELS, &RECIPE, &GATE, &LANGUAGE],
    repeat: Repeat::ByKey,
    most: 20_000,
    example: "repo \"acme/widgets\" create=#true {\n    description \"The widget service\"\n    topics \"rust\" \"service\"\n    visibility \"private\"\n    labels \"lifecycle\" mode=\"authoritative\"\n}",
    ..Kind::EMPTY
};

pub(super) static REPOSITORIES: Kind = Kind {
    name: "repositories",
    about: "Lists the repositories of an account that are not declared, as unmanaged. Nothing in them is ever touched.",
    key: Some(
        Field::new("pattern", Type::OwnerPattern, "The account and a pattern over names.", "\"acme/*\"")
            .required(),
    ),
    fields: &[Field::new("mode", Type::Word(&["observe"]), "What is done with them.", "\"observe\"")
        .or("\"observe\"")],
    repeat: Repeat::ByKey,
    example: "repositories \"acme/*\" mode=\"observe\"",
    ..Kind::EMPTY
};

pub(super) fn observed(block: &Block, cx: &Builder<'_>) -> Option<ObservedOwner> {
    let (owner, pattern) = block.key().split_once('/')?;
    Some(ObservedOwner {
        owner: owner.to_owned(),
        pattern: pattern.to_owned(),
        source: cx.source(block.span),
    })
}
