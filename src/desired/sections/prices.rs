//! `prices`: what models cost, for agents that don't say it themselves.

use jiff::civil::Date;

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{Field, Kind, Repeat, Type, Value};
use crate::model::{Desired, Prices, Tariff};

use super::{Builder, agents, caps};

const USD: Type = Type::Dollars { max: 100_000, unlimited: false };

static MODEL: Kind = Kind {
    name: "model",
    about: "What a million tokens of a model cost, in US dollars.",
    key: Some(
        Field::new(
            "name",
            Type::Model,
            "The model's name as `agent.model` has it; `*` stands for anything, and case doesn't count. Of several that fit, the longest counts.",
            "\"claude-sonnet-*\"",
        )
        .required(),
    ),
    fields: &[
        Field::new(
            "input",
            USD,
            "Tokens that the model reads and that were not in its cache. Where writing to the cache costs more, that price: it is counted with these.",
            "3.75",
        )
        .required(),
        Field::new("cached", USD, "Tokens that it reads from its cache.", "0.30").required(),
        Field::new("output", USD, "Tokens that it writes.", "15").required(),
    ],
    repeat: Repeat::ByKey,
    most: 200,
    example: "model \"claude-sonnet-*\" input=3.75 cached=0.30 output=15",
    ..Kind::EMPTY
};

pub(super) static PRICES: Kind = Kind {
    name: "prices",
    about: "What models cost. An agent's own figure comes first; where it tells none, its tokens are counted by this table, and those of a model that isn't in here by the highest price of each kind. Limits on spend need it.",
    fields: &[Field::new(
        "as-of",
        Type::Date,
        "The day on which the prices were looked up.",
        "\"2026-11-01\"",
    )
    .required()],
    children: &[&MODEL],
    example: "prices as-of=\"2026-11-01\" {\n    model \"claude-sonnet-*\" input=3.75 cached=0.30 output=15\n}",
    ..Kind::EMPTY
};

pub(super) fn build(block: Option<&Block>, cx: &mut Builder<'_>) -> Option<Prices> {
    let block = block?;
    let model = |model: &Block| {
        let tariff = Tariff {
            input: model.micros("input")?,
            cached: model.micros("cached")?,
            output: model.micros("output")?,
        };
        Some((model.key().to_owned(), tariff))
    };
    let as_of = block
        .value("as-of")
        .and_then(|read| if let Value::Date(date) = read.value { Some(date) } else { None })?;
    if block.each(MODEL.name).next().is_none() {
        cx.sink.push(
            Draft::error(code::MISSING, format!("{} has no model", block.quoted()))
                .at(block.span, "here")
                .help(format!("name one at least: `{}`", MODEL.example)),
        );
    }
    let prices = Prices { as_of, models: block.each(MODEL.name).filter_map(model).collect() };
    check_oddities(block, &prices, cx);
    Some(prices)
}

/// Warns of a table that counts as it says and can hardly be meant.
fn check_oddities(block: &Block, prices: &Prices, cx: &mut Builder<'_>) {
    // East of Greenwich the day after this one, UTC, has begun already.
    let latest = cx.vocabulary.today.tomorrow().unwrap_or(Date::MAX);
    if let Some(read) = block.value("as-of").filter(|_| prices.as_of > latest) {
        let says =
            format!("these prices are of a day to come: {}; today is {}", prices.as_of, cx.vocabulary.today);
        cx.sink.push(
            Draft::warning(code::ODD_PRICES, says)
                .at(read.span, "is still to come")
                .help("write the day on which they were looked up"),
        );
    }
    let is_free = |(_, tariff): &(String, Tariff)| *tariff == Tariff::default();
    if !prices.models.is_empty() && prices.models.iter().all(is_free) {
        let says = format!("{} has no price above zero", block.quoted());
        cx.sink.push(
            Draft::warning(code::ODD_PRICES, says)
                .at(block.span, "all of these are 0")
                .help("what is counted by it costs nothing, whatever the model, and no limit on spend is ever reached: write what is charged"),
        );
    }
}

/// Complains of limits on spend that can't be kept.
pub(super) fn check_limits(root: &[Block], desired: &Desired, cx: &mut Builder<'_>) {
    let of = |name: &'static str| root.iter().filter(move |block| block.kind.name == name);
    let limits = of(agents::AGENT.name)
        .map(|block| (block, "spend"))
        .chain(of(caps::CAPS.name).map(|block| (block, "spend-per-day")));
    let table = of(PRICES.name).next().is_some();
    for (block, field) in limits.filter(|(block, field)| block.micros(field).is_some()) {
        let span = block.value(field).map_or(block.span, |read| read.span);
        let agent = desired.agents.get(block.key()).filter(|_| block.kind.name == agents::AGENT.name);
        let (says, help) = if agent.is_some_and(|agent| agent.kind == "command") {
            ("a plain command tells nothing of what it uses", "limit its `time` instead")
        } else if table {
            continue;
        } else {
            ("there is no table of prices to count by", "declare one: `factoryctl explain prices` shows how")
        };
        cx.sink.push(
            Draft::error(code::UNCOUNTED_SPEND, format!("`{field}` can't be kept: {says}"))
                .at(span, "this limit")
                .help(help),
        );
    }
}
