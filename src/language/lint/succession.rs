//! What is no longer used says why, and what took its place.

use std::collections::BTreeSet;

use crate::language::terms::{Confidence, TermFile};
use crate::model::language::Level;

use super::{Cx, Found, Rule};

/// Successions end at a term, and deprecations have a reason.
pub(super) const SUCCESSION: Rule = Rule {
    name: "succession",
    level: Level::Error,
    doc: "successors are there and not in a circle; deprecated terms say why",
    check,
};

fn check(cx: &Cx<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for file in cx.listing.terms() {
        let term = &file.term;
        if let Some(by) = &term.superseded_by {
            let at = |message: String| Found::new(&file.path, file.value_span("superseded_by"), message);
            if cx.listing.get(by).is_none() {
                let help = "copy the id from the file of the successor, or write null";
                found.push(at(format!("no term has the id {by}")).help(help));
            } else if let Some(round) = circle(cx, file) {
                let help = "write null in the one that is still used";
                found.push(at(format!("the succession goes round in a circle: {round}")).help(help));
            }
            // A confidence that is none has a finding of its own.
            let is_said = file.page.field("confidence").and_then(|field| field.value.as_str());
            if term.is_live() && is_said.is_none_or(|text| text.parse::<Confidence>().is_ok()) {
                let span = file.value_span("confidence");
                let message = format!("`{}` has a successor and is still `{}`", term.name, term.confidence);
                found.push(
                    Found::new(&file.path, span, message)
                        .help("write \"deprecated\", or null as its successor"),
                );
            }
        }
        let says = term.superseded_reason.as_deref().is_some_and(|reason| !reason.trim().is_empty());
        if term.confidence == Confidence::Deprecated && !says {
            let message = format!("`{}` is deprecated without a reason", term.name);
            let span = file.value_span("superseded_reason");
            found.push(Found::new(&file.path, span, message).help("write `superseded_reason: \"…\"`"));
        }
    }
    found
}

/// The names from a term by its successors back to itself, where they lead back.
fn circle(cx: &Cx<'_>, start: &TermFile) -> Option<String> {
    const SHOWN: usize = 5;
    let mut names = vec![start.term.name.as_str()];
    let mut seen = BTreeSet::from([&start.term.id]);
    let mut at = start;
    loop {
        at = cx.listing.get(at.term.superseded_by.as_ref()?)?;
        if at.term.id == start.term.id {
            break;
        }
        if !seen.insert(&at.term.id) {
            return None;
        }
        names.push(&at.term.name);
    }
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let rest = if more == 0 { String::new() } else { format!(" → {more} more") };
    Some(format!("{}{rest} → `{}`", shown.join(" → "), start.term.name))
}
