//! What the rules about terms, decisions and pages have in common: a name, a level, one line about it, and findings.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::model::language::Level;

use super::finding::{Finding, Fix};

/// One rule. `C` is the function that checks it, or nothing where a rule is checked elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Rule<C> {
    /// How config names it.
    pub name: &'static str,
    /// What it weighs if config doesn't say.
    pub level: Level,
    /// What it asks for, in one line.
    pub doc: &'static str,
    /// How it is checked.
    pub check: C,
}

impl<C> Rule<C> {
    /// How much its findings weigh.
    pub fn level(&self, levels: &BTreeMap<String, Level>) -> Level {
        levels.get(self.name).copied().unwrap_or(self.level)
    }
}

/// What a rule found, before it is weighed.
#[derive(Clone, Debug)]
pub struct Found {
    path: String,
    span: Range<usize>,
    message: String,
    help: Option<String>,
    fix: Option<Fix>,
    at_most: Level,
}

impl Found {
    /// Something about a place of a file.
    pub fn new(path: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        let at_most = Level::Error;
        Self { path: path.to_owned(), span, message: message.into(), help: None, fix: None, at_most }
    }

    /// With what to do about it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// With what mends it.
    #[must_use]
    pub fn fix(self, range: Range<usize>, with: String) -> Self {
        Self { fix: Some(Fix { range, with }), ..self }
    }

    /// A warning, even where the rule's findings are errors: nobody knows that something is broken.
    #[must_use]
    pub fn warning(self) -> Self {
        Self { at_most: Level::Warning, ..self }
    }

    /// The finding, as much as its rule weighs.
    pub fn of(self, rule: &'static str, level: Level) -> Finding {
        let Self { path, span, message, help, fix, at_most } = self;
        Finding { rule, level: level.min(at_most), path, span, message, help, fix }
    }
}

/// Everything that rules find, by path and place; rules that are off aren't looked at.
pub fn run<C: Copy>(
    rules: &[Rule<C>],
    levels: &BTreeMap<String, Level>,
    look: impl Fn(C) -> Vec<Found>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in rules {
        let level = rule.level(levels);
        if level != Level::Off {
            findings.extend(look(rule.check).into_iter().map(|found| found.of(rule.name, level)));
        }
    }
    findings.sort_by(|one, other| {
        let place = |of: &Finding| (of.span.start, of.span.end, of.rule);
        let by_place = one.path.cmp(&other.path).then_with(|| place(one).cmp(&place(other)));
        by_place.then_with(|| one.message.cmp(&other.message))
    });
    findings
}
