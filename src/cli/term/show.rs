//! `factoryctl term show`: everything there is to know of one term.

use serde_json::{Value, json};

use crate::adapters::git::Commit;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Fail};
use crate::cli::words::{Opened, Whose};
use crate::language::code::{Code as _, Resolution};
use crate::language::terms::{Listing, TermFile};
use crate::model::language::Anchor;
use crate::plan::render::printable;

use super::find;
use super::list::document;

/// The most lines of code that are shown of what a term is anchored to.
const EXCERPT: usize = 12;
/// The most changes of a term's file that are shown.
const CHANGES: usize = 10;
/// How many commits are looked through for them.
const COMMITS: usize = 5_000;

pub(super) async fn run(cx: &Context, whose: &Whose, meant: &str, as_json: bool) -> Result<Exit, Fail> {
    let opened = Opened::of(cx, whose).await?;
    let words = opened.words()?;
    let listing = words.listing();
    let file = find(&listing, meant)?;
    let code = opened.code(cx, &words).await?;
    let (related, history) = (related(&listing, file), history(&opened, &file.path)?);
    if as_json {
        let mut all = document(&file.term, &file.path);
        let anchor = file.term.code_anchor.as_ref();
        let excerpt = anchor.and_then(|anchor| code.lines(opened.tree(), anchor, EXCERPT));
        all["code"] = json!({
            "stands": anchor.map(|anchor| stands(&code.resolve(anchor))),
            "line": excerpt.as_ref().map(|(line, _)| line),
            "excerpt": excerpt.as_ref().map(|(_, text)| text),
        });
        all["relations"] = related
            .iter()
            .map(|(from, kind, to)| json!({ "from": from, "kind": kind, "to": to }))
            .collect::<Vec<Value>>()
            .into();
        let change = |it: &Commit| json!({ "commit": it.id.as_str(), "at": it.time.to_string(), "by": it.author, "summary": it.summary });
        all["history"] = history.iter().map(change).collect::<Vec<Value>>().into();
        cx.ui.print_json(&json!({ "version": 1, "term": all }))?;
        return Ok(Exit::Done);
    }
    let term = &file.term;
    let mut out =
        format!("{} · {} · {} · {}\n", term.name, term.kind, term.bounded_context, term.confidence.as_str());
    let mut line = |name: &str, said: &str| out.push_str(&format!("  {name}: {}\n", printable(said)));
    line("file", &file.path);
    if !term.aliases.is_empty() {
        line("aliases", &term.aliases.join(", "));
    }
    if let Some(reason) = &term.superseded_reason {
        line("no longer used", reason);
    }
    if let Some(by) = term.superseded_by.as_ref() {
        line("superseded by", &listing.get(by).map_or_else(|| by.to_string(), |file| file.term.name.clone()));
    }
    if let Some(anchor) = &term.code_anchor {
        let found = code.resolve(anchor);
        let how =
            if found == Resolution::Resolves { String::new() } else { format!(" ({})", stands(&found)) };
        line("code", &format!("{anchor}{how}"));
    }
    out.push_str(&format!("\n{}\n", told(&term.definition)));
    if !term.invariants.is_empty() {
        out.push('\n');
        for invariant in &term.invariants {
            out.push_str(&format!("- {}\n", told(invariant)));
        }
    }
    if let Some((first, excerpt)) =
        term.code_anchor.as_ref().and_then(|it: &Anchor| code.lines(opened.tree(), it, EXCERPT))
    {
        out.push('\n');
        for (n, code) in excerpt.lines().enumerate() {
            out.push_str(&format!("{:>5} | {}\n", first + n, printable(code)));
        }
    }
    section(&mut out, "Relations", related.iter().map(|(from, kind, to)| format!("{from} {kind} {to}")));
    section(&mut out, "Evidence", term.evidence.iter().map(ToString::to_string));
    let change = |it: &Commit| {
        format!("{:.10} {:.8} {}: {}", it.time.to_string(), it.id.as_str(), it.author, it.summary)
    };
    section(&mut out, "History", history.iter().map(change));
    cx.ui.print(&out)?;
    Ok(Exit::Done)
}

fn section(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.map(|line| format!("  {}\n", printable(&line))).collect();
    if !lines.is_empty() {
        out.push_str(&format!("\n{title}\n{}", lines.concat()));
    }
}

/// A text of several lines as it can be printed.
fn told(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// How an anchor stands to the code.
fn stands(found: &Resolution) -> String {
    match found {
        Resolution::Resolves => "is there".to_owned(),
        Resolution::Moved(to) => format!("not there; moved to {to}"),
        Resolution::Renamed { to, commit } => format!("not there; renamed to {to} by {commit:.8}"),
        Resolution::Ambiguous(places) => {
            let places: Vec<String> = places.iter().map(ToString::to_string).collect();
            format!("not there; one of {}", places.join(", "))
        }
        Resolution::Gone => "not there any more".to_owned(),
        Resolution::Never => "not there, and never was as far as history is known".to_owned(),
        Resolution::Perhaps(why) => format!("nobody can tell: {why}"),
        Resolution::Unindexed(why) => format!("couldn't be looked up: {why}"),
    }
}

/// The relations from and to a term, by names.
fn related(listing: &Listing<'_>, file: &TermFile) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    for from in listing.terms() {
        for relation in &from.term.related {
            let to = listing.get(&relation.target);
            let is_of_it = from.term.id == file.term.id || relation.target == file.term.id;
            if is_of_it {
                let to = to.map_or_else(|| relation.target.to_string(), |to| to.term.name.clone());
                out.push((from.term.name.clone(), relation.kind.clone(), to));
            }
        }
    }
    out
}

/// The commits that changed a file, newest first.
fn history(opened: &Opened, path: &str) -> Result<Vec<Commit>, Fail> {
    let Some(repo) = opened.source().repo() else { return Ok(Vec::new()) };
    let Some(head) = opened.head()? else { return Ok(Vec::new()) };
    Ok(repo.changes_of(&head, path, COMMITS, CHANGES)?)
}
