//! Contexts don't depend on those they mustn't.

use std::collections::{BTreeMap, BTreeSet};

use globset::GlobSet;

use crate::language::globs::globs;
use crate::language::suggest::listed;
use crate::model::language::{Context, Level};

use super::{Cx, Found, Rule};

/// No code uses code of a context that its own mustn't depend on.
pub(super) const FORBIDDEN: Rule = Rule {
    name: "forbidden-dependency",
    level: Level::Error,
    doc: "no file uses code of a context that its own is forbidden to depend on",
    check,
};

/// The most symbols that a message names.
const SHOWN: usize = 5;

fn check(cx: &Cx<'_>) -> Vec<Found> {
    if cx.language.forbidden.is_empty() {
        return Vec::new();
    }
    let owners = Owners::of(&cx.language.contexts);
    let uses = cx.code.uses();
    let mut pairs: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for one in &uses {
        pairs.entry((&one.from_path, &one.to_path)).or_default().insert(&one.symbol);
    }
    let mut found = Vec::new();
    for ((from, to), symbols) in pairs {
        let (Some(user), Some(used)) = (owners.get(from), owners.get(to)) else { continue };
        let mut rules = cx.language.forbidden.iter();
        let Some(rule) = rules.find(|rule| rule.from == user && rule.to == used) else { continue };
        let reason = if rule.reason.is_empty() { String::new() } else { format!(": {}", rule.reason) };
        // A module that is used as a whole has no name there.
        let named: Vec<&str> = symbols.into_iter().filter(|symbol| !symbol.is_empty()).collect();
        let what = if named.is_empty() {
            format!("`{to}`")
        } else {
            format!("{} of `{to}`", listed(named.iter(), SHOWN))
        };
        let message = format!("`{user}` mustn't depend on `{used}`{reason}; this uses {what}");
        found.push(
            Found::new(from, 0..0, message)
                .help("let it depend on something of its own context that the other one implements"),
        );
    }
    found
}

/// Which context a file belongs to.
pub(crate) struct Owners<'a> {
    contexts: Vec<(&'a str, GlobSet)>,
}

impl<'a> Owners<'a> {
    /// A pattern that is none is left out: config says so.
    pub(crate) fn of(contexts: &'a [Context]) -> Self {
        let set = |context: &'a Context| (context.name.as_str(), globs(&context.sources));
        Self { contexts: contexts.iter().map(set).collect() }
    }

    /// The context of a file; the first with a match has it.
    pub(crate) fn get(&self, path: &str) -> Option<&'a str> {
        self.contexts.iter().find(|(_, sources)| sources.is_match(path)).map(|(name, _)| *name)
    }
}
