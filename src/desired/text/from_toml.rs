//! TOML into nodes. A table's meaning depends on the kind of node that it spells, so the kinds guide the way:
//! `[repo."acme/widgets"]` is a node `repo` with the argument `acme/widgets`, `[caps]` a node without arguments.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::desired::diagnostic::{Draft, Sink, code};
use crate::desired::shape::{Kind, Repeat};

use super::Span;
use super::files::as_u32;
use super::node::{Node, Raw, Scalar};

/// Parses TOML; all syntax errors are reported.
pub(in crate::desired) fn parse<'t>(
    text: &'t str,
    number: u16,
    sink: &mut Sink,
) -> Option<Spanned<DeTable<'t>>> {
    let (table, mut errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Some(table);
    }
    errors.sort_by_key(|e| e.span().map_or(0, |s| s.start));
    for error in errors.iter().take(10) {
        let at = error.span().unwrap_or(0..0);
        let message = error.message().trim();
        let code = if message.contains("recursion limit") { code::TOO_DEEP } else { code::SYNTAX };
        sink.push(
            Draft::error(code, format!("syntax: {message}"))
                .at(span(&at, number), "here")
                .help("TOML writes `name = \"value\"` under a table such as `[repo.\"acme/widgets\"]`"),
        );
    }
    None
}

fn span(range: &std::ops::Range<usize>, number: u16) -> Span {
    Span { file: number, start: as_u32(range.start), end: as_u32(range.end) }
}

type Entry<'d, 't> = (&'d Spanned<Cow<'t, str>>, &'d Spanned<DeValue<'t>>);

/// The entries of a table in the order in which they stand.
fn entries<'d, 't>(table: &'d DeTable<'t>) -> Vec<Entry<'d, 't>> {
    let mut all: Vec<_> = table.iter().collect();
    all.sort_by_key(|(key, _)| key.span().start);
    all
}

struct Reader<'a> {
    number: u16,
    sink: &'a mut Sink,
    /// The tables that are being read, each with the dot after it.
    path: String,
}

/// The nodes that a table spells, as children of `parent`.
pub(in crate::desired) fn nodes<'d>(
    table: &'d DeTable<'_>,
    parent: &'static Kind,
    number: u16,
    sink: &mut Sink,
) -> Vec<Node<'d>> {
    let mut out = Vec::new();
    Reader { number, sink, path: String::new() }.table(table, Some(parent), &mut out);
    out
}

impl Reader<'_> {
    fn table<'d>(&mut self, table: &'d DeTable<'_>, parent: Option<&'static Kind>, out: &mut Vec<Node<'d>>) {
        for (key, value) in entries(table) {
            match parent.and_then(|p| p.child(key.get_ref())) {
                Some(kind) => self.kind(kind, key, value, out),
                None => out.push(self.unknown(key, value)),
            }
        }
    }

    /// A table below the one that is being read.
    fn inner<'d>(
        &mut self,
        name: &str,
        table: &'d DeTable<'_>,
        kind: &'static Kind,
        out: &mut Vec<Node<'d>>,
    ) {
        let outside = self.path.len();
        self.path.push_str(name);
        self.table(table, Some(kind), out);
        self.path.truncate(outside);
    }

    fn kind<'d>(
        &mut self,
        kind: &'static Kind,
        key: &'d Spanned<Cow<'_, str>>,
        value: &'d Spanned<DeValue<'_>>,
        out: &mut Vec<Node<'d>>,
    ) {
        match (kind.repeat, value.get_ref()) {
            (Repeat::ByKey, DeValue::Table(members)) => {
                for (name, member) in entries(members) {
                    let Some(table) = member.get_ref().as_table() else {
                        self.misshapen(kind, span(&name.span(), self.number));
                        continue;
                    };
                    let mut node = self.node(kind.name, name);
                    node.args.push(Scalar { raw: Raw::Text(borrow(name)), span: node.span });
                    let here = format!("{}.{:?}.", kind.name, name.get_ref());
                    self.inner(&here, table, kind, &mut node.children);
                    out.push(node);
                }
            }
            (Repeat::Once, DeValue::Table(table)) => {
                let mut node = self.node(kind.name, key);
                self.inner(&format!("{}.", kind.name), table, kind, &mut node.children);
                out.push(node);
            }
            (Repeat::Many, DeValue::Array(members)) => {
                for member in members {
                    let Some(table) = member.get_ref().as_table() else {
                        self.misshapen(kind, span(&member.span(), self.number));
                        continue;
                    };
                    let mut node = self.node(kind.name, key);
                    // Each `[[name]]` has its own place, the key only that of the first.
                    let at = span(&member.span(), self.number);
                    node.span = if at.end > at.start { at } else { node.span };
                    self.inner(&format!("{}.", kind.name), table, kind, &mut node.children);
                    out.push(node);
                }
            }
            // `labels = ["lifecycle"]` is short for a table with nothing but its key.
            (Repeat::Once, scalar) if kind.key.is_some() && !scalar.is_table() => {
                out.push(self.unknown(key, value));
            }
            _ => self.misshapen(kind, span(&key.span(), self.number)),
        }
    }

    fn node<'d>(&self, name: &'static str, at: &Spanned<Cow<'_, str>>) -> Node<'d> {
        Node {
            name: Cow::Borrowed(name),
            span: span(&at.span(), self.number),
            args: Vec::new(),
            props: Vec::new(),
            children: Vec::new(),
            block: true,
            array: false,
        }
    }

    /// A field, or something that the reader of kinds will not know.
    fn unknown<'d>(&mut self, key: &'d Spanned<Cow<'_, str>>, value: &'d Spanned<DeValue<'_>>) -> Node<'d> {
        let mut node = Node {
            name: borrow(key),
            span: span(&key.span(), self.number),
            args: Vec::new(),
            props: Vec::new(),
            children: Vec::new(),
            block: false,
            array: false,
        };
        match value.get_ref() {
            DeValue::Table(table) => {
                node.block = true;
                self.table(table, None, &mut node.children);
            }
            DeValue::Array(items) => {
                node.array = true;
                self.array(items, &mut node);
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {
                let at = span(&value.span(), self.number);
                node.args.extend(raw(value.get_ref()).map(|raw| Scalar { raw, span: at }));
            }
        }
        node
    }

    fn array<'d>(&mut self, items: &'d DeArray<'_>, node: &mut Node<'d>) {
        for item in items {
            let at = span(&item.span(), self.number);
            if let Some(raw) = raw(item.get_ref()) {
                node.args.push(Scalar { raw, span: at });
            } else {
                node.block = true;
            }
        }
    }

    fn misshapen(&mut self, kind: &'static Kind, at: Span) {
        let path = format!("{}{}", self.path, kind.name);
        let (says, write) = match kind.repeat {
            Repeat::ByKey => {
                let key = kind.key.map_or("name", |k| k.example.trim_matches('"'));
                (format!("each `{}` is a table of its own", kind.name), format!("[{path}.\"{key}\"]"))
            }
            Repeat::Once => (format!("`{}` is one table", kind.name), format!("[{path}]")),
            Repeat::Many => (format!("`{}` is a list of tables", kind.name), format!("[[{path}]]")),
        };
        self.sink.push(
            Draft::error(code::SHAPE, says)
                .at(at, "written in another way here")
                .help(format!("write `{write}` and its fields below it")),
        );
    }
}

fn borrow<'d>(text: &'d Spanned<Cow<'_, str>>) -> Cow<'d, str> {
    Cow::Borrowed(text.get_ref().as_ref())
}

/// The value of a scalar; `None` for arrays and tables.
fn raw<'d>(value: &'d DeValue<'_>) -> Option<Raw<'d>> {
    Some(match value {
        DeValue::String(text) => Raw::Text(Cow::Borrowed(text.as_ref())),
        DeValue::Integer(n) => {
            i128::from_str_radix(n.as_str(), n.radix()).map_or_else(|_| Raw::Float(f64::INFINITY), Raw::Int)
        }
        DeValue::Float(n) => Raw::Float(n.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(b) => Raw::Flag(*b),
        DeValue::Datetime(at) => Raw::Text(Cow::Owned(at.to_string())),
        DeValue::Array(_) | DeValue::Table(_) => return None,
    })
}
