//! `adr-citation`: what a live decision says about the code is there.

use crate::language::adr::citation::Pointed;
use crate::language::adr::record::Record;
use crate::language::code::Answer;
use crate::language::wiki::{Style, cites};
use crate::model::language::Level;

use super::{Found, Look, Rule};

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "adr-citation",
    level: Level::Error,
    doc: "a symbol that a live decision cites, `path:Symbol` or a dotted path below a root, is there",
    check,
};

fn check(look: &Look<'_>) -> Vec<Found> {
    look.live().flat_map(|record| of(look, record)).collect()
}

fn of(look: &Look<'_>, record: &Record) -> Vec<Found> {
    let symbols = record.citations().iter().filter_map(|cited| match &cited.to {
        Pointed::Symbol(anchor) => Some((cited.span.clone(), anchor.to_string(), look.code.resolves(anchor))),
        Pointed::Line { .. } => None,
    });
    let dotted = cites(record.text(), look.roots).into_iter().filter_map(|cite| match cite.style {
        Style::Dotted(path) => {
            let there = look.code.has_dotted(&path);
            Some((cite.span, path, there))
        }
        Style::Anchor(_) | Style::File(_) => None,
    });
    let mut found = Vec::new();
    for (span, cited, there) in symbols.chain(dotted) {
        let at = |message: String| Found::new(record.path(), span.clone(), message);
        match there {
            Answer::Yes => {}
            Answer::No { suggestion } => {
                let help = match suggestion {
                    Some(meant) => format!("did it become `{meant}`? Cite that, or supersede the decision"),
                    None => "cite what there is, or supersede the decision".to_owned(),
                };
                found.push(at(format!("`{cited}` isn't there")).help(help));
            }
            Answer::Unknown { why } => {
                let unknown = at(format!("whether `{cited}` is there can't be told: {why}"));
                found.push(unknown.help("look by hand, or mend what keeps it from being read").warning());
            }
        }
    }
    found
}
