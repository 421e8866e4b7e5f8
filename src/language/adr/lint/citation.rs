//! `adr-citation`: what a live decision says about the code is there.

use crate::language::adr::citation::Pointed;
use crate::language::adr::record::Record;
use crate::language::code::Answer;
use crate::model::language::Level;

use super::{Found, Look, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "adr-citation",
    level: Level::Error,
    doc: "a symbol that a live decision cites is in the file that it names",
    check,
};

fn check(look: &Look<'_>) -> Vec<Found> {
    look.live().flat_map(|record| of(look, record)).collect()
}

fn of(look: &Look<'_>, record: &Record) -> Vec<Found> {
    let mut found = Vec::new();
    for cited in record.citations() {
        let Pointed::Symbol(anchor) = &cited.to else { continue };
        let at = |message: String| Found::new(record.path(), cited.span.clone(), message);
        match look.code.resolves(anchor) {
            Answer::Yes => {}
            Answer::No { suggestion } => {
                let help = match suggestion {
                    Some(meant) => format!("did it become `{meant}`? Cite that, or supersede the decision"),
                    None => "cite what there is, or supersede the decision".to_owned(),
                };
                found.push(at(format!("`{anchor}` isn't there any more")).help(help));
            }
            Answer::Unknown { why } => {
                let unknown = at(format!("whether `{anchor}` is there can't be told: {why}"));
                found.push(unknown.help("look by hand, or mend what keeps it from being read").warning());
            }
        }
    }
    found
}
