//! `loop`: which controllers run, how often, and with which settings of their own.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::desired::block::{Block, Given};
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{DAY, Field, Kind, Repeat, Type, Value};
use crate::model::{AgentConfig, LoopConfig};

use super::Builder;
use super::factory::{REASON, says_why};
use super::refers::{AGENT, refers};

pub(super) static LOOP: Kind = Kind {
    name: super::LOOP,
    about: "A controller that runs on its triggers. One that isn't mentioned runs with its defaults; one that is disabled is neither observed nor planned, and the plan says so. Each loop may have settings of its own.",
    key: Some(
        Field::new("name", Type::Loop, "The loop's name; `factoryctl loop list` shows them.", "\"labels\"")
            .required(),
    ),
    fields: &[
        Field::new("enabled", Type::Flag, "Whether it runs.", "#false").or("#true"),
        Field::new(
            "every",
            Type::Duration { min: 10, max: 30 * DAY },
            "How often it looks, apart from its other triggers; each loop has its own default.",
            "\"5m\"",
        ),
        Field::new("reason", REASON, "Why it is disabled.", "\"GitHub is having a bad day\""),
        Field::new(
            "until",
            Type::Moment,
            "Until when it is disabled, in UTC; at that moment it runs again.",
            "\"2026-12-01\"",
        ),
    ],
    repeat: Repeat::ByKey,
    open: true,
    example: "loop \"labels\" enabled=#false every=\"5m\" reason=\"label clean-up by hand\" until=\"2026-12-01\"",
    ..Kind::EMPTY
};

pub(super) fn build(
    block: &Block,
    agents: &BTreeMap<String, AgentConfig>,
    cx: &mut Builder<'_>,
) -> Option<(String, LoopConfig)> {
    cx.vocabulary.find_loop(block.key())?;
    says_why(block, cx);
    let enabled = block.flag("enabled").is_none_or(|(enabled, _)| enabled);
    let until = block
        .value("until")
        .and_then(|read| if let Value::Moment(at) = read.value { Some((at, read.span)) } else { None });
    if enabled {
        for name in ["reason", "until"] {
            if let Some(given) = block.given(name) {
                cx.sink.push(
                    Draft::warning(
                        code::NO_EFFECT,
                        format!("`{name}` has no effect: {} is enabled", block.quoted()),
                    )
                    .at(given.span, "says nothing")
                    .help("it belongs to `enabled=#false`; remove it, or disable the loop"),
                );
            }
        }
    } else if let Some((at, span)) = until {
        let today = cx.vocabulary.today.to_zoned(jiff::tz::TimeZone::UTC).map(|z| z.timestamp());
        if today.is_ok_and(|today| at <= today) {
            cx.sink.push(
                Draft::warning(
                    code::NO_EFFECT,
                    format!("{} was disabled until {at} and runs again", block.quoted()),
                )
                .at(span, "has passed")
                .help("remove `enabled`, `reason` and `until`, or set a later date"),
            );
        }
    }
    let names_agents =
        |given: &&Given| given.own && matches!(given.field.ty, Type::List { of: Type::Agent, .. });
    for agent in block.fields.iter().filter(names_agents).flat_map(|given| &given.values) {
        refers(agent, |name| agents.contains_key(name), agents.keys().map(String::as_str), &AGENT, cx);
    }
    let config = LoopConfig {
        source: cx.source(block.span),
        enabled,
        every: block.value("every").and_then(|read| {
            if let Value::Seconds(n) = read.value { Some(Duration::from_secs(n)) } else { None }
        }),
        reason: block.text("reason").map(|(reason, _)| reason.to_owned()),
        until: until.map(|(at, _)| at),
        settings: block.fields.iter().filter(|g| g.own).map(setting).collect::<BTreeMap<_, _>>(),
    };
    Some((block.key().to_owned(), config))
}

fn setting(given: &Given) -> (String, serde_json::Value) {
    let mut json = given.values.iter().map(|v| v.value.to_json());
    let value = if given.field.ty.is_list() { json.collect() } else { json.next().unwrap_or_default() };
    (given.field.name.to_owned(), value)
}
