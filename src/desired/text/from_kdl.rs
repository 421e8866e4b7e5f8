//! KDL into nodes.

use std::borrow::Cow;
use std::ops::Range;

use kdl::{KdlDocument, KdlEntry, KdlNode, KdlValue};

use crate::desired::diagnostic::{Draft, Sink, code};

use super::files::as_u32;
use super::node::{Node, Prop, Raw, Scalar};
use super::{Span, lex};

/// Syntax errors shown of one file: the later ones are mostly consequences of the first.
const SHOWN: usize = 3;

/// Parses KDL 2.
pub(in crate::desired) fn parse(text: &str, number: u16, sink: &mut Sink) -> Option<KdlDocument> {
    if !lex::check(text, number, sink) {
        return None;
    }
    let error = match KdlDocument::parse_v2(text) {
        Ok(document) => return Some(document),
        Err(error) => error,
    };
    if let Some(at) = unquoted(text) {
        let (start, end) = (as_u32(at.start), as_u32(at.end));
        let word = &text[at];
        let draft = Draft::error(code::SYNTAX, format!("syntax: `{word}` begins like a number and is none"))
            .at(Span { file: number, start, end }, "put this in quotes")
            .help(format!("write `\"{word}\"`"));
        sink.push(draft);
        return None;
    }
    if let Some(at) = error.diagnostics.iter().find_map(|problem| unseparated(text, problem.span.offset())) {
        let (start, end) = (as_u32(at.start), as_u32(at.end));
        let draft = Draft::error(code::SYNTAX, "syntax: a node begins where another has not ended")
            .at(Span { file: number, start, end }, "put `;` or a line end before this")
            .help("on one line, `}` is followed by `;` as every node is: `a { b; }; c`");
        sink.push(draft);
        return None;
    }
    for problem in error.diagnostics.iter().take(SHOWN) {
        let message = problem.message.as_deref().unwrap_or("this is not KDL");
        let start = problem.span.offset().min(text.len());
        // A wide span (a whole block) says less than its first line.
        let length = text[start..].find('\n').unwrap_or(text.len() - start).min(problem.span.len());
        let span = Span { file: number, start: as_u32(start), end: as_u32(start + length) };
        let mut draft = Draft::error(code::SYNTAX, format!("syntax: {}", lower_first(message)))
            .at(span, problem.label.as_deref().unwrap_or("here"));
        draft = draft.help(problem.help.as_deref().unwrap_or(
            "a node is a name, its values and its `name=value` pairs, then a line end, `;` or a block in braces: `repo \"acme/widgets\" create=#true { has-wiki #false }`",
        ));
        sink.push(draft);
    }
    if error.diagnostics.is_empty() {
        let span = Span { file: number, start: 0, end: 0 };
        sink.push(Draft::error(code::SYNTAX, "this is not KDL 2").at(span, "in this file"));
    }
    None
}

/// A value such as `0e8a16`, `2030-01-01` or `10m`, which the parser takes for a broken number and, behind a `=`, places
/// at the start of the file.
fn unquoted(text: &str) -> Option<Range<usize>> {
    let words = lex::tokens(text).into_iter().filter(|token| token.kind == lex::Kind::Word);
    words.map(|token| token.start..token.end).find(|range| {
        let word = &text[range.clone()];
        let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
        digits.starts_with(|c: char| c.is_ascii_digit()) && !is_number(digits)
    })
}

/// Whether these are the digits of a KDL number.
fn is_number(digits: &str) -> bool {
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return rest.chars().all(|c| c == '_' || c.is_digit(radix));
        }
    }
    digits.replace('_', "").parse::<f64>().is_ok()
}

/// The commonest slip, for which the parser has three errors and none that says so: a node that stands right behind
/// the `}` of another.
fn unseparated(text: &str, at: usize) -> Option<Range<usize>> {
    let (before, rest) = text.split_at_checked(at)?;
    let first = rest.chars().next().filter(|c| c.is_alphanumeric() || matches!(c, '"' | '_' | '-'))?;
    before.trim_end_matches([' ', '\t']).ends_with('}').then(|| at..at + first.len_utf8())
}

fn lower_first(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

/// The nodes of a document.
pub(in crate::desired) fn nodes<'d>(
    document: &'d KdlDocument,
    number: u16,
    sink: &mut Sink,
) -> Vec<Node<'d>> {
    document.nodes().iter().map(|n| node(n, number, sink)).collect()
}

fn node<'d>(node: &'d KdlNode, number: u16, sink: &mut Sink) -> Node<'d> {
    let name_span = span(node.name().span(), number);
    if node.ty().is_some() {
        annotated(name_span, sink);
    }
    let (mut args, mut props) = (Vec::new(), Vec::new());
    for entry in node.entries() {
        let value = scalar(entry, number);
        if entry.ty().is_some() {
            annotated(value.span, sink);
        }
        match entry.name() {
            None => args.push(value),
            Some(name) => {
                props.push(Prop {
                    name: Cow::Borrowed(name.value()),
                    span: span(name.span(), number),
                    value,
                });
            }
        }
    }
    Node {
        name: Cow::Borrowed(node.name().value()),
        span: name_span,
        args,
        props,
        children: node.children().map_or_else(Vec::new, |c| nodes(c, number, sink)),
        block: node.children().is_some(),
        array: false,
    }
}

fn scalar(entry: &KdlEntry, number: u16) -> Scalar<'_> {
    let whole = span(entry.span(), number);
    // The span of an entry covers its name too; its value is what stands last.
    let length = entry.format().map_or(0, |f| as_u32(f.value_repr.len()));
    let start = if length == 0 { whole.start } else { whole.end.saturating_sub(length).max(whole.start) };
    let raw = match entry.value() {
        KdlValue::String(text) => Raw::Text(Cow::Borrowed(text)),
        KdlValue::Integer(n) => Raw::Int(*n),
        KdlValue::Float(n) => Raw::Float(*n),
        KdlValue::Bool(b) => Raw::Flag(*b),
        KdlValue::Null => Raw::Null,
    };
    Scalar { raw, span: Span { start, ..whole } }
}

fn span(span: miette::SourceSpan, number: u16) -> Span {
    Span { file: number, start: as_u32(span.offset()), end: as_u32(span.offset() + span.len()) }
}

fn annotated(at: Span, sink: &mut Sink) {
    sink.push(
        Draft::error(code::ANNOTATION, "type annotations mean nothing here")
            .at(at, "has a `(type)` before it")
            .help("remove the parentheses and what is in them"),
    );
}
