//! `factory`: the factory's name, its config repository, and what nobody may change.

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{Field, Kind, Repeat, Type, Value};
use crate::model::{AddressGlob, Factory, Protect, RepoName, Sourced};

use super::Builder;

pub(super) static CONFIG: Kind = Kind {
    name: "config",
    about: "The repository on GitHub that holds this config. Without it the factory is local: nothing is pushed, and live flips and comments stay on this machine.",
    key: Some(Field::new("repo", Type::Repo, "The repository, `owner/name`.", "\"acme/factory\"").required()),
    fields: &[Field::new("branch", Type::Branch, "The branch that is in force.", "\"main\"").or("\"main\"")],
    example: "config \"acme/factory\" branch=\"main\"",
    ..Kind::EMPTY
};

pub(super) static PROTECT: Kind = Kind {
    name: "protect",
    about: "Addresses that nothing may change, whatever config says of them. They are still compared, and the plan shows what is held back.",
    key: Some(
        Field::new(
            "address",
            Type::Address,
            "What is protected; `*` and `**` match.",
            "\"repo/acme/legacy/**\"",
        )
        .required(),
    ),
    fields: &[
        Field::new("reason", REASON, "Why, for those who wonder later.", "\"frozen by contract\"").required(),
        Field::new(
            "until",
            Type::Moment,
            "Until when, in UTC; from that moment on nothing is protected any more.",
            "\"2030-12-31\"",
        ),
    ],
    repeat: Repeat::ByKey,
    example: "protect \"repo/acme/legacy/**\" reason=\"frozen by contract\"",
    ..Kind::EMPTY
};

pub(super) const FACTORY: Kind = Kind {
    name: "factory",
    about: "The factory itself. Required, in the root file: a config without it is taken for broken, never for empty.",
    key: Some(
        Field::new("name", Type::Name, "The factory's name, as it signs what it does.", "\"acme\"")
            .required(),
    ),
    children: &[&CONFIG, &PROTECT],
    root_only: true,
    example: "factory \"acme\" {\n    config \"acme/factory\" branch=\"main\"\n    protect \"repo/acme/legacy/**\" reason=\"frozen by contract\"\n}",
    ..Kind::EMPTY
};

/// The longest reason, in characters.
const REASON_MAX: usize = 300;
/// A sentence that says why.
pub(super) const REASON: Type = Type::Text { max: REASON_MAX };

/// Whether a text can stand as a `reason` in config.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check_reason(text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if length == 0 {
        Err("a reason is needed, for those who find it switched".to_owned())
    } else if length > REASON_MAX {
        Err(format!("the reason has {length} characters; at most {REASON_MAX} are allowed"))
    } else if text.chars().any(crate::model::is_hidden) {
        Err("the reason has a line break or another character in it that nobody sees".to_owned())
    } else {
        Ok(())
    }
}

/// Refuses a reason that says nothing.
pub(super) fn says_why(block: &Block, cx: &mut Builder<'_>) {
    if let Some((_, span)) = block.text("reason").filter(|(text, _)| text.trim().is_empty()) {
        let blank = Draft::error(code::MALFORMED, format!("the `reason` of {} is blank", block.quoted()));
        cx.sink.push(blank.at(span, "says nothing").help("say why, for those who wonder later"));
    }
}

pub(super) fn build(block: Option<&Block>, cx: &mut Builder<'_>) -> (Factory, Vec<Protect>) {
    let Some(block) = block else { return (Factory::default(), Vec::new()) };
    let config = block.child(CONFIG.name);
    let repo = config.and_then(|c| {
        let name = RepoName::parse(c.key()).ok()?;
        Some(Sourced::new(name, cx.source(c.key_span()), block.title()))
    });
    let factory = Factory {
        name: block.key().to_owned(),
        source: Some(cx.source(block.span)),
        config: repo,
        branch: config.and_then(|c| c.text("branch")).map_or("main", |(branch, _)| branch).to_owned(),
    };
    let protects = block.each(PROTECT.name).filter_map(|p| {
        says_why(p, cx);
        Some(Protect {
            address: AddressGlob::parse(p.key()).ok()?,
            reason: p.text("reason")?.0.to_owned(),
            until: p
                .value("until")
                .and_then(|read| if let Value::Moment(at) = read.value { Some(at) } else { None }),
            source: cx.source(p.span),
        })
    });
    (factory, protects.collect())
}
