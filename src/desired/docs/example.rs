//! Examples in the other spelling: KDL nodes as TOML tables.

use std::fmt::Write as _;

use kdl::{KdlDocument, KdlEntry, KdlNode};

use crate::desired::sections::ROOT;
use crate::desired::shape::{Field, Kind, Repeat};
use crate::desired::text::Spelling;

use super::spell::{spell, toml_value};

/// What is said in place of an example, of what no TOML file may hold.
pub(super) const KDL_ALONE: &str =
    "It stands in `factory.kdl` alone, which is KDL, so there is no TOML spelling of it.";

/// Whether a TOML file may hold what has this path.
pub(super) fn may_be_toml(path: &str) -> bool {
    let section = path.split('.').next().and_then(|name| ROOT.child(name));
    section.is_none_or(|kind| !kind.root_only)
}

/// The tables around what stands in the kinds of `parent`, with an example's key where one is repeated by key; before
/// them, in `out`, what they can't be without.
fn around(parent: &str, out: &mut String) -> String {
    let mut kind = &ROOT;
    let mut path = String::new();
    for name in parent.split('.') {
        let Some(inner) = kind.child(name) else { return path };
        kind = inner;
        let dot = if path.is_empty() { "" } else { "." };
        let _ = write!(path, "{dot}{name}");
        if let (Repeat::ByKey, Some(key)) = (kind.repeat, &kind.key) {
            let _ = write!(path, ".{}", toml_edit::Key::new(key.example.trim_matches('"')));
        }
        let needed: Vec<&Field> = kind.fields.iter().filter(|field| field.required).collect();
        if !needed.is_empty() {
            let _ = writeln!(out, "[{path}]");
            for field in needed {
                let _ = writeln!(out, "{}", spell(field, Spelling::Toml, false));
            }
        }
    }
    path
}

/// The example of a kind, as TOML; `parent` are the kinds that it stands in, with dots between them.
pub(super) fn toml(kind: &Kind, parent: &str) -> String {
    let Ok(document) = KdlDocument::parse_v2(kind.example) else { return String::new() };
    let mut out = String::new();
    let path = around(parent, &mut out);
    for node in document.nodes() {
        table(kind, node, &path, &mut out);
    }
    out.trim_end().to_owned()
}

fn table(kind: &Kind, node: &KdlNode, parent: &str, out: &mut String) {
    let mut args = node.entries().iter().filter(|e| e.name().is_none());
    let dot = if parent.is_empty() { "" } else { "." };
    let mut path = format!("{parent}{dot}{}", kind.name);
    let mut lines = Vec::new();
    match (&kind.key, kind.repeat) {
        (Some(_), Repeat::ByKey) => {
            let key = args.next().and_then(|e| e.value().as_string()).unwrap_or_default();
            path = format!("{path}.{}", toml_edit::Key::new(key));
        }
        (Some(key), _) => {
            let values: Vec<_> = args.map(value).collect();
            lines.extend((!values.is_empty()).then(|| pair(key.name, &values, key.ty.is_list())));
        }
        (None, _) => {}
    }
    for entry in node.entries() {
        if let Some(name) = entry.name() {
            lines.push(pair(name.value(), &[value(entry)], false));
        }
    }
    let inner = node.children().map_or(&[][..], KdlDocument::nodes);
    for child in inner.iter().filter(|c| kind.child(c.name().value()).is_none()) {
        let list = kind.field(child.name().value()).is_some_and(|f| f.ty.is_list());
        let values: Vec<_> = child.entries().iter().map(value).collect();
        lines.push(pair(child.name().value(), &values, list));
    }
    let nested: Vec<_> = inner.iter().filter_map(|c| Some((kind.child(c.name().value())?, c))).collect();
    if !lines.is_empty() || nested.is_empty() {
        let header = if kind.repeat == Repeat::Many { format!("[[{path}]]") } else { format!("[{path}]") };
        let _ = writeln!(out, "{header}");
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
    }
    for (kind, node) in nested {
        table(kind, node, &path, out);
    }
}

fn value(entry: &KdlEntry) -> String {
    toml_value(&crate::desired::shape::raw(entry.value()))
}

fn pair(name: &str, values: &[String], list: bool) -> String {
    if list { format!("{name} = [{}]", values.join(", ")) } else { format!("{name} = {}", values.join(" ")) }
}
