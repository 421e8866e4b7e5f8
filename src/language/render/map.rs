//! The context map: the terms of each bounded context and their relations, as a page with a Mermaid diagram.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::terms::{TermFile, Ulid};

use super::mermaid::{edge, label, node, nodes};
use super::taken::Taken;

/// The page of the context map.
pub fn map(terms: &[&TermFile]) -> String {
    format!(
        "<!-- Generated from the term files by `factoryctl term render`. Edit those. -->\n\n# Context map\n\n\
         ```mermaid\n{}```\n",
        diagram(terms)
    )
}

/// The diagram: a box for each context, a node for each term, an edge for each relation between two of them.
pub fn diagram(terms: &[&TermFile]) -> String {
    let ids = nodes(terms);
    let mut contexts: BTreeMap<&str, Vec<&TermFile>> = BTreeMap::new();
    for file in terms {
        contexts.entry(&file.term.bounded_context).or_default().push(file);
    }
    let mut taken = Taken::default();
    for id in ids.values() {
        taken.take(id, '_');
    }
    let mut text = String::from("graph LR\n");
    for (context, mut files) in contexts {
        files.sort_by(|one, other| one.term.sort_key().cmp(&other.term.sort_key()));
        let box_id = taken.take(&format!("c_{}", node(context)), '_');
        text.push_str(&format!("  subgraph {box_id}[\"{}\"]\n", label(context)));
        for file in files {
            let (name, kind) = (label(&file.term.name), label(&file.term.kind));
            text.push_str(&format!("    {}[\"{name}<br/><i>{kind}</i>\"]\n", ids[&file.term.id]));
        }
        text.push_str("  end\n");
    }
    text + &edges(terms, &ids)
}

/// The relations between these terms, sorted; those to other terms are left out.
pub(super) fn edges(terms: &[&TermFile], ids: &BTreeMap<&Ulid, String>) -> String {
    let mut edges = BTreeSet::new();
    for file in terms {
        for relation in &file.term.related {
            if let (Some(from), Some(to)) = (ids.get(&file.term.id), ids.get(&relation.target)) {
                edges.insert((from, to, edge(&relation.kind)));
            }
        }
    }
    let edge = |(from, to, kind)| format!("  {from} -->|{kind}| {to}\n");
    edges.into_iter().map(edge).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use crate::language::terms::samples::{ID_A, ID_B, ID_C, Sample};

    use super::map;

    #[test]
    fn a_map_of_two_contexts() {
        let to = |target: &str| format!("[{{\"kind\": \"is_a\", \"target\": \"{target}\"}}]");
        let dead = "01M7YHXEQ0YCPSJZYPWBENKKDZ";
        let files = [
            Sample::new(ID_A, "Crane").with("related", &to(ID_B)),
            Sample::new(ID_B, "Berth \"x\"").with("related", &to(dead)),
            Sample::new(ID_C, "End").with("bounded_context", "\"back-office\"").with("related", &to(ID_A)),
        ]
        .map(|sample| sample.read("t/a.md").file.unwrap());
        let mut terms: Vec<_> = files.iter().collect();
        let page = map(&terms);
        insta::assert_snapshot!(page, @r#"
        <!-- Generated from the term files by `factoryctl term render`. Edit those. -->

        # Context map

        ```mermaid
        graph LR
          subgraph c_back_office["back-office"]
            t_end["End<br/><i>entity</i>"]
          end
          subgraph c_yard["yard"]
            berth_x_["Berth #34;x#34;<br/><i>entity</i>"]
            crane["Crane<br/><i>entity</i>"]
          end
          crane -->|is_a| berth_x_
          t_end -->|is_a| crane
        ```
        "#);
        terms.reverse();
        assert_eq!(map(&terms), page);
    }
}
