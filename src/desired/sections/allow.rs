//! `allow`: overrides of guards, scoped and dated.

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{Field, Kind, Repeat, Type, Value};
use crate::model::{AddressGlob, Allow};

use super::Builder;
use super::factory::{REASON, says_why};

pub(super) static ALLOW: Kind = Kind {
    name: "allow",
    about: "Lets the daemon do what a guard would hold back: there, so many times, until that day. Past its date it is an error, so that none is forgotten. What touches the factory itself has no override.",
    key: Some(Field::new("guard", Type::Guard, "The guard.", "\"deletes\"").required()),
    fields: &[
        Field::new("address", Type::Address, "What it covers; `*` and `**` match.", "\"repo/acme/**\"")
            .required(),
        Field::new(
            "n",
            Type::Int { min: 1, max: 1_000_000 },
            "How many actions in one run; all that are covered unless it is given.",
            "40",
        ),
        Field::new("until", Type::Date, "The last day, in UTC, on which it holds.", "\"2030-12-31\"")
            .required(),
        Field::new("reason", REASON, "Why, for the ledger.", "\"label clean-up\"").required(),
    ],
    repeat: Repeat::Many,
    example: "allow \"deletes\" address=\"repo/acme/**\" n=40 until=\"2030-12-31\" reason=\"label clean-up\"",
    ..Kind::EMPTY
};

pub(super) fn build(block: &Block, cx: &mut Builder<'_>) -> Option<Allow> {
    says_why(block, cx);
    let until = block.value("until")?;
    let Value::Date(day) = until.value else { return None };
    let today = cx.vocabulary.today;
    if day < today {
        cx.sink.push(
            Draft::error(
                code::EXPIRED,
                format!("this override of `{}` ended on {day}; today is {today}", block.key()),
            )
            .at(until.span, "has passed")
            .help("remove the `allow`, or set a later date if it is still needed"),
        );
        return None;
    }
    let guard = block.key();
    if guard.is_empty() {
        return None;
    }
    Some(Allow {
        guard: guard.to_owned(),
        address: AddressGlob::parse(block.text("address")?.0).ok()?,
        count: block.count("n"),
        until: Some(day),
        reason: block.text("reason")?.0.to_owned(),
        source: Some(cx.source(block.span)),
    })
}
