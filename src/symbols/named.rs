//! What the text of a definition names: what its file imports, and what else the file defines.

use std::collections::BTreeSet;

use crate::model::language::Anchor;

use super::file::Imported;
use super::index::Index;
use super::walk::local_name;

/// What the text of an anchored definition names, its methods included, each where it is defined. None: it isn't there, its
/// file couldn't be read whole, or the source is not the one that was read.
///
/// A name counts where it stands as a word, in a comment as well: what a file neither imports nor defines is never followed.
pub fn named_by(index: &Index, source: &str, anchor: &Anchor) -> Option<Vec<Anchor>> {
    let at = index.resolve(anchor)?.definition;
    let file = index.file(at.path())?;
    if file.skip.is_some() || file.partial {
        return None;
    }
    let within = format!("{}.", at.symbol());
    let its = file.definitions.iter().filter(|it| it.symbol == at.symbol() || it.symbol.starts_with(&within));
    let mut words = BTreeSet::new();
    for found in its {
        let (start, end) = (usize::try_from(found.span.start).ok()?, usize::try_from(found.span.end).ok()?);
        let text = source.get(start..end)?;
        words.extend(text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()));
    }
    let mut out = BTreeSet::new();
    for used in index.uses(at.path()) {
        let Some(symbol) = used.symbol else { continue };
        // It may have another name here.
        let is_it = |what: &Imported| matches!(what, Imported::Name(name) if name == symbol.name());
        let import = file.imports.iter().find(|import| import.line == used.line && is_it(&import.what));
        let here = import.and_then(local_name).unwrap_or(symbol.name());
        if words.contains(here) {
            out.insert(symbol);
        }
    }
    let beside = file.definitions.iter().filter(|it| it.top_level() && it.symbol != at.symbol());
    let named = beside.filter(|it| !at.symbol().starts_with(&format!("{}.", it.symbol)));
    let named = named.filter(|it| words.contains(it.name()));
    out.extend(named.filter_map(|it| Anchor::new(at.path(), &it.symbol).ok()));
    Some(out.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use crate::symbols::Declared;
    use crate::symbols::index_test::{at, index};

    use super::named_by;

    const CRANE: &str = "from store import Store as Shelf
from clock import Clock

class Crane:
    def lift(self):
        return Shelf()

class Winch(Crane):
    at = Clock
";
    const YARD: &str = "use crate::plan::{Guard, Plan};

pub struct Yard {
    plan: Plan,
}

impl Yard {
    fn guard(&self) -> Guard {
        Guard
    }
}

pub struct Other(Plan);
";

    #[test]
    fn what_a_definition_names_is_its_own() {
        let tree = format!(
            "=== src/store.py\nclass Store:\n    pass\n=== src/clock.py\nclass Clock:\n    pass\n=== src/crane.py\n{CRANE}\
             === src/plan.rs\npub struct Guard;\npub struct Plan;\n=== src/yard.rs\n{YARD}\
             === src/lib.rs\npub mod plan;\npub mod yard;\n"
        );
        let index = index(&tree, Declared { roots: vec!["src".into()], packages: Vec::new() });
        for (source, anchor, expected) in [
            (CRANE, "src/crane.py:Crane", "src/store.py:Store"),
            (CRANE, "src/crane.py:Winch", "src/clock.py:Clock src/crane.py:Crane"),
            (YARD, "src/yard.rs:Yard", "src/plan.rs:Guard src/plan.rs:Plan"),
            (YARD, "src/yard.rs:Other", "src/plan.rs:Plan"),
        ] {
            let named = named_by(&index, source, &at(anchor)).unwrap();
            let named: Vec<String> = named.iter().map(ToString::to_string).collect();
            assert_eq!(named.join(" "), expected, "{anchor}");
        }
        assert_eq!(named_by(&index, YARD, &at("src/yard.rs:Gone")), None);
        assert_eq!(named_by(&index, "", &at("src/yard.rs:Yard")), None, "another source");
    }
}
