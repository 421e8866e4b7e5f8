//! What the code of a definition refers to: what its file imports, and what else the file defines.

use std::collections::BTreeSet;

use crate::model::language::Anchor;

use super::file::{FileSymbols, Imported};
use super::index::Index;
use super::resolve::Use;
use super::walk::local_name;

/// What an anchored definition refers to, its methods included, each where it is defined. None: it isn't there, or its file couldn't
/// be read whole.
///
/// A name counts where code refers by it to something: as a type, a base, a value, what is called, or the owner of what is. Names of
/// members, what is bound nearer by, comments and texts don't count; and what a file neither imports nor defines is never followed.
pub fn named_by(index: &Index, anchor: &Anchor) -> Option<Vec<Anchor>> {
    let at = index.resolve(anchor)?.definition;
    let file = index.file(at.path())?;
    if file.skip.is_some() || file.partial {
        return None;
    }
    let within = format!("{}.", at.symbol());
    let its = file.definitions.iter().filter(|it| it.symbol == at.symbol() || it.symbol.starts_with(&within));
    let names: BTreeSet<&str> = its.flat_map(|it| file.names_in(it)).collect();
    let mut out = BTreeSet::new();
    for used in index.uses(at.path()) {
        if names_here(file, &used).iter().any(|here| names.contains(here)) {
            out.extend(used.symbol);
        }
    }
    let beside = file.definitions.iter().filter(|it| it.top_level() && it.symbol != at.symbol());
    let named = beside.filter(|it| !at.symbol().starts_with(&format!("{}.", it.symbol)));
    let named = named.filter(|it| names.contains(it.name()));
    out.extend(named.filter_map(|it| Anchor::new(at.path(), &it.symbol).ok()));
    Some(out.into_iter().collect())
}

/// The names that a symbol of another file has here: those that its import gives it, or its own where that gives none.
fn names_here<'n>(file: &'n FileSymbols, used: &'n Use) -> Vec<&'n str> {
    let Some(symbol) = &used.symbol else { return Vec::new() };
    let on_line: Vec<_> = file.imports.iter().filter(|import| import.line == used.line).collect();
    let called = |wanted: &str| -> Vec<&'n str> {
        let is_it = |what: &Imported| matches!(what, Imported::Name(name) if name == wanted);
        on_line.iter().filter(|import| is_it(&import.what)).filter_map(|import| local_name(import)).collect()
    };
    let mut names = called(symbol.name());
    if names.is_empty() {
        names = called("default");
    }
    for import in &on_line {
        match &import.what {
            // A path in code that leads to it.
            Imported::Module if import.module.split("::").any(|part| part == symbol.name()) => {
                names.push(import.module.as_str());
            }
            Imported::Module => names.extend(import.alias.as_deref()),
            // It has another name where it is given out.
            Imported::Name(_) if on_line.len() == 1 => names.extend(local_name(import)),
            Imported::Name(_) | Imported::All => {}
        }
    }
    if names.is_empty() {
        names.push(symbol.name());
    }
    names
}
