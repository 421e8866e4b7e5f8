//! Graphs of terms and their relations, all of them or around one, as Mermaid or DOT.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::terms::{TermFile, Ulid};

use super::map::edges;
use super::mermaid::{label, nodes};

/// How a graph is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Mermaid's `graph`.
    Mermaid,
    /// Graphviz' `digraph`.
    Dot,
}

/// The graph of these terms and the relations between them.
pub fn graph(terms: &[&TermFile], form: Form) -> String {
    let mut sorted = terms.to_vec();
    sorted.sort_by(|one, other| one.term.sort_key().cmp(&other.term.sort_key()));
    match form {
        Form::Mermaid => mermaid(&sorted),
        Form::Dot => dot(&sorted),
    }
}

/// The terms that are so many relations away from one, in either direction; with itself, sorted by name.
pub fn around<'a>(terms: &[&'a TermFile], id: &Ulid, steps: usize) -> Vec<&'a TermFile> {
    let mut next: BTreeMap<&Ulid, BTreeSet<&Ulid>> = BTreeMap::new();
    for file in terms {
        for relation in &file.term.related {
            next.entry(&file.term.id).or_default().insert(&relation.target);
            next.entry(&relation.target).or_default().insert(&file.term.id);
        }
    }
    let mut reached = BTreeSet::from([id]);
    let mut edge = reached.clone();
    for _ in 0..steps {
        let beyond: BTreeSet<&Ulid> = edge.iter().filter_map(|id| next.get(*id)).flatten().copied().collect();
        edge = beyond.difference(&reached).copied().collect();
        if edge.is_empty() {
            break;
        }
        reached.extend(&edge);
    }
    let mut found: Vec<&TermFile> =
        terms.iter().copied().filter(|file| reached.contains(&file.term.id)).collect();
    found.sort_by(|one, other| one.term.sort_key().cmp(&other.term.sort_key()));
    found
}

fn mermaid(terms: &[&TermFile]) -> String {
    let ids = nodes(terms);
    let node = |file: &&TermFile| format!("  {}[\"{}\"]\n", ids[&file.term.id], label(&file.term.name));
    let nodes: String = terms.iter().map(node).collect();
    format!("graph LR\n{nodes}{}", edges(terms, &ids))
}

fn dot(terms: &[&TermFile]) -> String {
    let known: BTreeSet<&Ulid> = terms.iter().map(|file| &file.term.id).collect();
    let mut text = String::from("digraph terms {\n  rankdir=LR;\n  node [shape=box];\n");
    for file in terms {
        text.push_str(&format!("  \"{}\" [label=\"{}\"];\n", file.term.id, quoted(&file.term.name)));
    }
    let mut edges = BTreeSet::new();
    for (at, file) in terms.iter().enumerate() {
        for relation in file.term.related.iter().filter(|relation| known.contains(&relation.target)) {
            edges.insert((at, &relation.target, &relation.kind));
        }
    }
    for (from, to, kind) in edges {
        text.push_str(&format!("  \"{}\" -> \"{to}\" [label=\"{}\"];\n", terms[from].term.id, quoted(kind)));
    }
    text + "}\n"
}

/// A text within the quotes of DOT. A backslash would begin an escape there, and `&` an entity.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '&' => quoted.push_str("&amp;"),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::language::terms::TermFile;
    use crate::language::terms::samples::{ID_A, ID_B, ID_C, Sample};

    use super::{Form, around, graph, quoted};

    fn files() -> [TermFile; 3] {
        let to = |target: &str| format!("[{{\"kind\": \"is_a\", \"target\": \"{target}\"}}]");
        [
            Sample::new(ID_A, "Crane").with("related", &to(ID_B)),
            Sample::new(ID_B, "A \\\"berth\\\"")
                .with("name", "\"A \\\"berth\\\"\"")
                .with("related", &to(ID_C)),
            Sample::new(ID_C, "Dock"),
        ]
        .map(|sample| sample.read("t/a.md").file.unwrap())
    }

    #[test]
    fn graphs_in_both_forms() {
        let files = files();
        let terms: Vec<_> = files.iter().collect();
        insta::assert_snapshot!(graph(&terms, Form::Mermaid), @r#"
        graph LR
          a_berth_["A #34;berth#34;"]
          crane["Crane"]
          dock["Dock"]
          a_berth_ -->|is_a| dock
          crane -->|is_a| a_berth_
        "#);
        insta::assert_snapshot!(graph(&terms, Form::Dot), @r#"
        digraph terms {
          rankdir=LR;
          node [shape=box];
          "01M7YHXEQ0YCPSJZYPWBENKKDB" [label="A \"berth\""];
          "01M7YHXEQ0YCPSJZYPWBENKKDA" [label="Crane"];
          "01M7YHXEQ0YCPSJZYPWBENKKDC" [label="Dock"];
          "01M7YHXEQ0YCPSJZYPWBENKKDB" -> "01M7YHXEQ0YCPSJZYPWBENKKDC" [label="is_a"];
          "01M7YHXEQ0YCPSJZYPWBENKKDA" -> "01M7YHXEQ0YCPSJZYPWBENKKDB" [label="is_a"];
        }
        "#);
    }

    #[test]
    fn what_is_around_a_term() {
        let files = files();
        let terms: Vec<_> = files.iter().collect();
        for (steps, expected) in [
            (0, "Dock"),
            (1, "A \"berth\", Dock"),
            (2, "A \"berth\", Crane, Dock"),
            (99, "A \"berth\", Crane, Dock"),
        ] {
            let names: Vec<&str> =
                around(&terms, &terms[2].term.id, steps).iter().map(|file| file.term.name.as_str()).collect();
            assert_eq!(names.join(", "), expected, "{steps}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_quotes(name in any::<String>()) {
            let shown = quoted(&name);
            prop_assert!(!shown.contains('\n'));
            let bare = shown.replace("\\\\", "").replace("\\\"", "");
            prop_assert!(!bare.contains(['"', '\\']));
        }
    }
}
