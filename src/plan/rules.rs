//! What differs between two configs in how the factory works.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::{Desired, Rule, Source};

/// A section of config that says something else of how the factory works than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleChange {
    /// Its kind and key: `playbook "implement"`.
    pub name: String,
    /// What it said, as an object; null where there was none.
    pub before: Value,
    /// What it says; null where there is none any more.
    pub after: Value,
    /// Where it is written, or was.
    pub source: Source,
}

impl RuleChange {
    /// What differs between the rules of two configs, by name.
    pub fn between(base: &Desired, proposed: &Desired) -> Vec<Self> {
        let names: BTreeSet<&String> = base.rules.keys().chain(proposed.rules.keys()).collect();
        let says = |rule: Option<&Rule>| rule.map_or(Value::Null, |rule| rule.says.clone());
        let change = |name: &String| {
            let (before, after) = (base.rules.get(name), proposed.rules.get(name));
            let source = after.or(before)?.source.clone();
            let change = Self { name: name.clone(), before: says(before), after: says(after), source };
            (change.before != change.after).then_some(change)
        };
        names.into_iter().filter_map(change).collect()
    }

    /// The sign that carries the meaning without colour.
    pub fn sign(&self) -> char {
        match (&self.before, &self.after) {
            (Value::Null, _) => '+',
            (_, Value::Null) => '-',
            _ => '~',
        }
    }
}
