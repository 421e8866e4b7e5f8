//! Anchors resolve.

use crate::language::front::spelt;
use crate::language::terms::TermFile;
use crate::model::language::{Anchor, Level};

use super::{Cx, Found, Resolution, Rule};
use crate::language::suggest::listed;

/// The symbol of an anchor is where it says.
pub(super) const ANCHORS: Rule = Rule {
    name: "anchors",
    level: Level::Error,
    doc: "the anchors of accepted and proposed terms are symbols of the code",
    check,
};

/// The most places that a message names.
const SHOWN: usize = 5;

fn check(cx: &Cx<'_>) -> Vec<Found> {
    let anchored = cx.live().filter_map(|file| Some((file, file.term.code_anchor.as_ref()?)));
    anchored.filter_map(|(file, anchor)| look(cx, file, anchor)).collect()
}

fn look(cx: &Cx<'_>, file: &TermFile, anchor: &Anchor) -> Option<Found> {
    let span = file.value_span("code_anchor");
    let found = |message: String| Found::new(&file.path, span.clone(), message);
    let name = anchor.name();
    Some(match cx.code.resolve(anchor) {
        Resolution::Resolves | Resolution::Perhaps(_) => return None,
        Resolution::Moved(to) => found(format!("`{name}` isn't in `{}` any more", anchor.path()))
            .help(format!("it has moved: write \"{to}\""))
            .fix(span.clone(), spelt(&to.to_string().into())),
        Resolution::Renamed { to, commit } => {
            found(format!("`{anchor}` isn't there")).help(if commit.is_empty() {
                format!("it was renamed to `{to}`: write that if it still is what the term means")
            } else {
                format!("commit {commit} renamed it to `{to}`: write that if it still is what the term means")
            })
        }
        Resolution::Ambiguous(places) => found(format!("`{anchor}` isn't there")).help(match &places[..] {
            [only] => {
                format!("nobody can tell whether it became `{only}`: look, and write that if it did")
            }
            places => {
                format!("nobody can tell which of these it became: look at {}", listed(places.iter(), SHOWN))
            }
        }),
        Resolution::Gone => found(format!("`{anchor}` isn't there"))
            .help("anchor the term to the code that embodies it, or deprecate it"),
        Resolution::Never => {
            found(format!("`{anchor}` isn't there, and never was as far as history is known"))
                .help("correct it: anchor the term to the code that embodies it")
        }
        Resolution::Unindexed(why) => found(format!("`{anchor}` couldn't be looked at: {why}")).warning(),
    })
}
