//! `adr-line-citation`: lines move with every change; symbols stay.

use crate::language::adr::citation::Pointed;
use crate::language::adr::record::Record;
use crate::model::language::Level;

use super::{Found, Look, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "adr-line-citation",
    level: Level::Error,
    doc: "a live decision cites symbols, never line numbers",
    check,
};

fn check(look: &Look<'_>) -> Vec<Found> {
    look.live().flat_map(of).collect()
}

fn of(record: &Record) -> Vec<Found> {
    let line = |cited: &crate::language::adr::citation::Cited| match &cited.to {
        Pointed::Line { path } => {
            let message = format!(
                "`{}` cites a line, which is another one after the next change",
                &record.text()[cited.span.clone()]
            );
            let found = Found::new(record.path(), cited.span.clone(), message);
            Some(found.help(format!("cite a symbol: `{path}:Symbol`")).fix(cited.span.clone(), path.clone()))
        }
        Pointed::Symbol(_) => None,
    };
    record.citations().iter().filter_map(line).collect()
}
