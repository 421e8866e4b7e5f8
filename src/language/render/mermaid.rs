//! Names in Mermaid: ids of nodes, and labels that no name can break.

use std::collections::BTreeMap;

use crate::language::terms::{TermFile, Ulid};

use super::taken::Taken;

/// Words that Mermaid reads as its own where an id would stand.
const RESERVED: [&str; 14] = [
    "call",
    "class",
    "classdef",
    "click",
    "default",
    "direction",
    "end",
    "flowchart",
    "graph",
    "href",
    "linkstyle",
    "style",
    "subgraph",
    "interpolate",
];

/// The id of each term's node: its name in small letters with `_` for all else, numbered where two are alike.
///
/// They are given in the order of the terms' names and ids, so that a text with them is the same for the same terms.
pub fn nodes<'a>(terms: &[&'a TermFile]) -> BTreeMap<&'a Ulid, String> {
    let mut sorted = terms.to_vec();
    sorted.sort_by(|one, other| (&one.term.name, &one.term.id).cmp(&(&other.term.name, &other.term.id)));
    let mut taken = Taken::default();
    let nodes = sorted.iter().map(|file| (&file.term.id, taken.take(&node(&file.term.name), '_')));
    nodes.collect()
}

/// The id of a node for each key: made of the name beside it, numbered where two are alike, in the order of the keys.
pub fn ids<'a>(names: &BTreeMap<&'a str, String>) -> BTreeMap<&'a str, String> {
    let mut taken = Taken::default();
    names.iter().map(|(key, name)| (*key, taken.take(&node(name), '_'))).collect()
}

/// A name as the id of a node.
pub fn node(name: &str) -> String {
    let mut id = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            id.push(c.to_ascii_lowercase());
        } else if !id.ends_with('_') {
            id.push('_');
        }
    }
    let reserved = RESERVED.contains(&id.as_str());
    let plain = id.starts_with(|c: char| c.is_ascii_alphabetic()) && !reserved;
    if plain { id } else { format!("t_{}", id.trim_start_matches('_')) }
}

/// A text within the quotes of a label.
///
/// What Mermaid or HTML would read as anything but a letter is written as its code, `#NNN;`.
pub fn label(text: &str) -> String {
    let mut label = String::with_capacity(text.len());
    for c in text.chars() {
        let plain = c.is_alphanumeric()
            || matches!(c, ' ' | '_' | '-' | '.' | ',' | ':' | '/' | '(' | ')' | '+' | '\'');
        if plain {
            label.push(c);
        } else if c.is_control() {
            label.push(' ');
        } else {
            label.push_str(&format!("#{};", u32::from(c)));
        }
    }
    label
}

/// The text on an edge: bare where it is one plain word, or else quoted.
pub fn edge(text: &str) -> String {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if plain { text.to_owned() } else { format!("\"{}\"", label(text)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::language::terms::samples::{ID_A, ID_B, ID_C, Sample};

    use super::{edge, label, node, nodes};

    #[test]
    fn names_as_ids_and_labels() {
        for (name, id, shown) in [
            ("Quay crane", "quay_crane", "Quay crane"),
            ("End", "t_end", "End"),
            ("3D map", "t_3d_map", "3D map"),
            ("a\"b", "a_b", "a#34;b"),
            ("`x` %% {y}", "t_x_y_", "#96;x#96; #37;#37; #123;y#125;"),
            ("<b>&#", "t_b_", "#60;b#62;#38;#35;"),
            ("…", "t_", "#8230;"),
            ("Ärger\n", "t_rger_", "Ärger "),
        ] {
            assert_eq!((node(name).as_str(), label(name).as_str()), (id, shown), "{name}");
        }
        assert_eq!(
            (edge("is_a").as_str(), edge("x|y").as_str(), edge("").as_str()),
            ("is_a", "\"x#124;y\"", "\"\"")
        );
    }

    #[test]
    fn keys_have_ids_of_their_own() {
        let names = [("a/b", "a/b"), ("a_b", "a_b"), ("", "and 2 more"), ("end", "end")];
        let ids = super::ids(&names.map(|(key, name)| (key, name.to_owned())).into());
        let said: Vec<String> = ids.iter().map(|(key, id)| format!("{key}={id}")).collect();
        assert_eq!(said, ["=and_2_more", "a/b=a_b", "a_b=a_b_2", "end=t_end"]);
    }

    #[test]
    fn ids_that_are_alike_are_numbered_by_name_and_id() {
        let file = |id, name| Sample::new(id, name).read("t/a.md").file.unwrap();
        let (one, two, three) = (file(ID_C, "A b"), file(ID_A, "A-b"), file(ID_B, "A b"));
        let ids = nodes(&[&one, &two, &three]);
        let said: Vec<String> =
            ids.iter().map(|(id, node)| format!("{} {node}", &id.to_string()[25..])).collect();
        assert_eq!(said, ["A a_b_3", "B a_b", "C a_b_2"]);
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_quotes(name in any::<String>()) {
            let shown = label(&name);
            let signs = ['"', '\n', '\r', '`', '<', '>', '%', '[', ']', '{', '}', '|', '&', '\\'];
            prop_assert!(!shown.contains(signs));
            let id = node(&name);
            prop_assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
            prop_assert!(id.starts_with(|c: char| c.is_ascii_alphabetic()));
        }
    }
}
