//! The rules that decisions keep. One registry; everything about a rule stands in its own file.

mod citation;
mod enforcement;
mod line_citation;
mod number;
mod reference;
mod sections;
mod status;
mod supersession;
#[cfg(test)]
mod tests;
mod title;

use std::collections::BTreeMap;

use crate::language::code::Code;
use crate::language::finding::Finding;
use crate::language::rule::{self, Found};
use crate::model::language::Level;

use super::number::{Number, Taken};
use super::record::{Adrs, Record};

/// One rule about decisions.
pub type Rule = rule::Rule<fn(&Look<'_>) -> Vec<Found>>;

/// Every rule, in the order in which they are documented.
pub const RULES: [Rule; 9] = [
    status::RULE,
    sections::RULE,
    number::RULE,
    title::RULE,
    line_citation::RULE,
    reference::RULE,
    supersession::RULE,
    citation::RULE,
    enforcement::RULE,
];

/// What the rules look at.
pub struct Look<'a> {
    adrs: &'a Adrs,
    code: &'a dyn Code,
    taken: &'a [Taken],
    roots: &'a [String],
    by_number: BTreeMap<Number, &'a Record>,
}

impl<'a> Look<'a> {
    /// A look at the decisions of a folder, the code that they cite, the numbers that open pull requests took, and the
    /// folders of the sources, below which checks may be named.
    pub fn new(adrs: &'a Adrs, code: &'a dyn Code, taken: &'a [Taken], roots: &'a [String]) -> Self {
        Self { adrs, code, taken, roots, by_number: adrs.by_number() }
    }

    fn live(&self) -> impl Iterator<Item = &'a Record> {
        self.adrs.records.iter().filter(|record| record.is_live())
    }
}

/// Everything that the rules find, by file and place; rules that are off aren't looked at.
pub fn lint(look: &Look<'_>, levels: &BTreeMap<String, Level>) -> Vec<Finding> {
    rule::run(&RULES, levels, |check| check(look))
}

/// Something about a decision as a whole.
fn about(record: &Record, message: impl Into<String>) -> Found {
    Found::new(record.path(), 0..0, message)
}
