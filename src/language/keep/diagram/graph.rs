//! A graph of what uses what, as Mermaid: stable, and no larger than is still shown and looked at.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::render::mermaid::{ids, label};

use super::super::{counted, cut};

/// The most nodes of a graph; the rest is summed up as one more.
pub(super) const MOST_NODES: usize = 60;
/// The most edges of a graph: Mermaid shows none with more than 500, or with more than 50,000 characters.
const MOST_EDGES: usize = 150;
/// The most characters of a name in a graph.
const MOST_NAME: usize = 80;

/// What uses what, and how often.
pub(super) struct Graph<'a> {
    /// The nodes, with how many files each stands for.
    pub(super) nodes: BTreeMap<&'a str, usize>,
    /// How often one uses another one.
    pub(super) edges: &'a BTreeMap<(String, String), usize>,
    /// The edges that mustn't be.
    pub(super) forbidden: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Graph<'a> {
    /// The nodes that are shown: those with the most files, the first by name where as many.
    pub(super) fn shown(&self) -> BTreeSet<&'a str> {
        let mut sorted: Vec<(&str, usize)> = self.nodes.iter().map(|(name, files)| (*name, *files)).collect();
        sorted.sort_by_key(|(name, files)| (usize::MAX - files, *name));
        sorted.into_iter().take(MOST_NODES).map(|(name, _)| name).collect()
    }

    /// The graph in a fence, and what it leaves out.
    pub(super) fn told(&self) -> String {
        const REST: &str = "";
        let shown = self.shown();
        let left = self.nodes.len() - shown.len();
        let end = |name: &str| shown.get(name).copied().unwrap_or(REST);
        let mut edges: BTreeMap<(&str, &str), (usize, bool)> = BTreeMap::new();
        for ((from, to), count) in self.edges {
            let (from, to, is_forbidden) =
                (end(from), end(to), self.forbidden.contains(&(from.as_str(), to.as_str())));
            if from != to {
                let edge = edges.entry((from, to)).or_default();
                *edge = (edge.0 + count, edge.1 || is_forbidden);
            }
        }
        let mut strongest: Vec<_> = edges.into_iter().collect();
        strongest.sort_by_key(|(ends, (count, is_forbidden))| (!is_forbidden, usize::MAX - count, *ends));
        let weak = strongest.len().saturating_sub(MOST_EDGES);
        strongest.truncate(MOST_EDGES);
        strongest.sort_unstable();
        let names: BTreeMap<&str, String> = shown
            .iter()
            .map(|name| (*name, short(name)))
            .chain([(REST, format!("and {left} more"))])
            .collect();
        let keys = ids(&names);
        let mut text = String::from("```mermaid\ngraph LR\n");
        for name in shown.iter().copied().chain((left > 0).then_some(REST)) {
            text.push_str(&format!("  {}[\"{}\"]\n", keys[name], label(&names[name])));
        }
        for ((from, to), (count, is_forbidden)) in strongest {
            let (from, to) = (&keys[from], &keys[to]);
            let line =
                if is_forbidden { format!("-.->|\"{count}, forbidden\"|") } else { format!("-->|{count}|") };
            text.push_str(&format!("  {from} {line} {to}\n"));
        }
        text.push_str("```\n");
        if weak > 0 {
            text.push_str(&format!("\n{} left out.\n", counted(weak, "weaker edge is", "weaker edges are")));
        }
        text
    }
}

/// The end of a name that is long: what tells folders apart.
fn short(name: &str) -> String {
    let length = name.chars().count();
    if length <= MOST_NAME {
        return cut(name, MOST_NAME);
    }
    ['…'].into_iter().chain(name.chars().skip(length - MOST_NAME + 1)).collect()
}
