//! Edits of KDL, by the spans of the parsed document.

use std::ops::Range;

use kdl::{KdlDocument, KdlEntry, KdlNode, KdlValue};

use super::edit::{Error, Flip, Literal, Splice, appended, whole_line};
use super::lex;

fn parse(text: &str) -> Result<KdlDocument, Error> {
    let mut sink = crate::desired::diagnostic::Sink::default();
    if !lex::check(text, 0, &mut sink) {
        return Err(Error::Unreadable);
    }
    KdlDocument::parse_v2(text).map_err(|_| Error::Unreadable)
}

fn argument(node: &KdlNode) -> Option<&str> {
    node.entries().iter().find(|e| e.name().is_none())?.value().as_string()
}

fn named<'d>(document: &'d KdlDocument, kind: &str, key: &str) -> Option<&'d KdlNode> {
    let matches = |n: &&KdlNode| {
        n.name().value() == kind && argument(n).is_some_and(|a| a.to_lowercase() == key.to_lowercase())
    };
    document.nodes().iter().find(matches)
}

fn range(span: miette::SourceSpan) -> Range<usize> {
    span.offset()..span.offset() + span.len()
}

fn property<'d>(node: &'d KdlNode, name: &str) -> Option<&'d KdlEntry> {
    node.entries().iter().rev().find(|e| e.name().is_some_and(|n| n.value() == name))
}

fn child<'d>(node: &'d KdlNode, name: &str) -> Option<&'d KdlNode> {
    node.children()?.get(name)
}

fn quote(text: &str) -> String {
    format!("{text:?}")
}

fn spell(literal: Literal<'_>) -> String {
    match literal {
        Literal::Flag(b) => format!("#{b}"),
        Literal::Text(text) => quote(text),
    }
}

pub(super) fn set_loop(text: &str, flip: &Flip<'_>) -> Result<Vec<Splice>, Error> {
    let document = parse(text)?;
    let given = flip.fields().into_iter().filter_map(|(name, value)| Some((name, spell(value?))));
    let Some(node) = named(&document, "loop", flip.name) else {
        if flip.enabled {
            return Ok(Vec::new());
        }
        let fields: Vec<_> = given.map(|(name, value)| format!("{name}={value}")).collect();
        return Ok(vec![appended(text, &format!("loop {} {}", quote(flip.name), fields.join(" ")))]);
    };
    let mut out = Vec::new();
    let mut added = String::new();
    for (name, value) in flip.fields() {
        let value = value.map(spell);
        match (property(node, name), child(node, name), value) {
            (Some(entry), _, Some(value)) => {
                out.push(Splice { range: range(entry.span()), with: format!("{name}={value}") });
            }
            (Some(entry), _, None) => out.push(removed(text, range(entry.span()))),
            (None, Some(child), Some(value)) => {
                let first = child.entries().first().ok_or_else(|| Error::Form(name.to_owned()))?;
                out.push(Splice { range: range(first.span()), with: value });
            }
            (None, Some(child), None) => {
                out.push(Splice { range: line_of(text, child), with: String::new() });
            }
            // A loop runs unless it says otherwise.
            (None, None, Some(_)) if flip.enabled => {}
            (None, None, Some(value)) => added.extend([" ", name, "=", &value]),
            (None, None, None) => {}
        }
    }
    if !added.is_empty() {
        let last = node.entries().iter().map(|e| range(e.span()).end).max();
        let at = last.ok_or_else(|| Error::Form("loop".to_owned()))?;
        out.push(Splice { range: at..at, with: added });
    }
    Ok(out)
}

/// Takes a property away, with the space before it.
fn removed(text: &str, range: Range<usize>) -> Splice {
    let start = text[..range.start].trim_end_matches([' ', '\t']).len();
    Splice { range: start..range.end, with: String::new() }
}

/// A child node with its line, comment included, when it stands there alone.
fn line_of(text: &str, node: &KdlNode) -> Range<usize> {
    let own = range(node.span());
    let end = text[own.end..].find('\n').map_or(text.len(), |i| own.end + i);
    let rest = text[own.end..end].trim_start_matches([' ', '\t', ';']);
    let own = if rest.starts_with("//") { own.start..end } else { own };
    let line = whole_line(text, own.clone());
    if line.start < own.start && text[line.end..].starts_with(';') { line.start..line.end + 1 } else { line }
}

pub(super) fn says(text: &str, flip: &Flip<'_>) -> bool {
    let Ok(document) = parse(text) else { return false };
    let node = named(&document, "loop", flip.name);
    flip.fields().into_iter().all(|(name, wanted)| {
        let found = node.and_then(|n| {
            property(n, name)
                .map(KdlEntry::value)
                .or_else(|| child(n, name)?.entries().first().map(KdlEntry::value))
        });
        match wanted {
            Some(Literal::Flag(b)) => found.map_or(b, |v| *v == KdlValue::Bool(b)),
            Some(Literal::Text(text)) => found.and_then(KdlValue::as_string) == Some(text),
            None => found.is_none(),
        }
    })
}

fn factory(document: &KdlDocument) -> Result<&KdlNode, Error> {
    document.get("factory").ok_or(Error::Missing("factory"))
}

fn protected<'d>(factory: &'d KdlNode, address: &str) -> Option<&'d KdlNode> {
    named(factory.children()?, "protect", address)
}

pub(super) fn is_protected(text: &str, address: &str) -> bool {
    parse(text).is_ok_and(|d| d.get("factory").is_some_and(|f| protected(f, address).is_some()))
}

/// Until when an address is protected; `None` where it isn't, or for good.
pub(super) fn protected_until(text: &str, address: &str) -> Option<String> {
    let document = parse(text).ok()?;
    let node = protected(document.get("factory")?, address)?;
    let value = node.get("until").or_else(|| node.children()?.get_arg("until"))?;
    value.as_string().map(str::to_owned)
}

pub(super) fn protect(
    text: &str,
    address: &str,
    reason: &str,
    until: Option<&str>,
) -> Result<Vec<Splice>, Error> {
    let document = parse(text)?;
    let node = factory(&document)?;
    if protected(node, address).is_some() {
        return Ok(Vec::new());
    }
    let until = until.map(|until| format!(" until={}", quote(until))).unwrap_or_default();
    let added = format!("protect {} reason={}{until}", quote(address), quote(reason));
    let Some(children) = node.children() else {
        let at = node.entries().last().map_or(range(node.name().span()).end, |e| range(e.span()).end);
        return Ok(vec![Splice { range: at..at, with: format!(" {{\n    {added}\n}}") }]);
    };
    if let Some(first) = children.nodes().first() {
        let at = range(first.span()).start;
        let line = text[..at].rfind('\n').map_or(0, |i| i + 1);
        let indent = &text[line..at];
        let with = if indent.trim().is_empty() { format!("{added}\n{indent}") } else { format!("{added}; ") };
        return Ok(vec![Splice { range: at..at, with }]);
    }
    // Braces with nothing in them: the node ends with the closing one.
    let end = range(node.span()).end;
    let at = text[..end].rfind('}').ok_or_else(|| Error::Form("factory".to_owned()))?;
    Ok(vec![Splice { range: at..at, with: format!("\n    {added}\n") }])
}

pub(super) fn unprotect(text: &str, address: &str) -> Result<Vec<Splice>, Error> {
    let document = parse(text)?;
    let node = factory(&document)?;
    let Some(found) = protected(node, address) else { return Ok(Vec::new()) };
    let own = line_of(text, found);
    // A node before others on its line takes its `;` and space along.
    let tail = &text[own.end..];
    let rest = tail.trim_start_matches([' ', '\t']);
    let (start, end) = match rest.strip_prefix(';') {
        Some(after) => (range(found.span()).start, text.len() - after.trim_start_matches([' ', '\t']).len()),
        None => (own.start, own.end),
    };
    Ok(vec![Splice { range: start..end, with: String::new() }])
}
