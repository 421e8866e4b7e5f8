//! `factoryctl term list`.

use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Fail};
use crate::cli::words::{Opened, Whose};
use crate::language::terms::Term;
use crate::plan::render::printable;

pub(super) async fn run(cx: &Context, whose: &Whose, as_json: bool) -> Result<Exit, Fail> {
    let opened = Opened::of(cx, whose).await?;
    let words = opened.words()?;
    let listing = words.listing();
    for (path, why) in words.lost_terms() {
        let (path, why) = (printable(&path), printable(&why));
        cx.ui.say(&format!(
            "warning: `{path}` is left out, as it is no term: {why}; see `factoryctl term lint`"
        ));
    }
    if as_json {
        let terms: Vec<Value> = listing.terms().iter().map(|file| document(&file.term, &file.path)).collect();
        cx.ui.print_json(&json!({ "version": 1, "terms": terms }))?;
        return Ok(Exit::Done);
    }
    let row = |term: &Term| {
        let anchor = term.code_anchor.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        [&term.name, &term.kind, &term.bounded_context, term.confidence.as_str(), &anchor].map(printable)
    };
    let mut rows = vec![["TERM", "KIND", "CONTEXT", "CONFIDENCE", "ANCHOR"].map(ToOwned::to_owned)];
    rows.extend(listing.terms().iter().map(|file| row(&file.term)));
    let widths: Vec<usize> =
        (0..4).map(|n| rows.iter().map(|row| row[n].chars().count()).max().unwrap_or(0)).collect();
    let mut out = String::new();
    for [term, kind, context, confidence, anchor] in &rows {
        let [a, b, c, d] = [widths[0], widths[1], widths[2], widths[3]];
        out.push_str(&format!("{term:a$}  {kind:b$}  {context:c$}  {confidence:d$}  {anchor}\n"));
    }
    cx.ui.print(&out)?;
    Ok(Exit::Done)
}

/// A term, for programs.
pub(super) fn document(term: &Term, path: &str) -> Value {
    let related: Vec<Value> =
        term.related.iter().map(|it| json!({ "kind": it.kind, "target": it.target.to_string() })).collect();
    let evidence: Vec<String> = term.evidence.iter().map(ToString::to_string).collect();
    json!({
        "id": term.id.to_string(),
        "name": term.name,
        "kind": term.kind,
        "bounded_context": term.bounded_context,
        "code_anchor": term.code_anchor.as_ref().map(ToString::to_string),
        "aliases": term.aliases,
        "related": related,
        "evidence": evidence,
        "superseded_by": term.superseded_by.as_ref().map(ToString::to_string),
        "superseded_reason": term.superseded_reason,
        "confidence": term.confidence.as_str(),
        "created_at": term.created_at.map(|at| at.to_string()),
        "updated_at": term.updated_at.map(|at| at.to_string()),
        "definition": term.definition,
        "invariants": term.invariants,
        "file": path,
    })
}
