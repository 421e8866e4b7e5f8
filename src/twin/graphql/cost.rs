//! What a query costs: GitHub's formula over the text of the query, before anything is run.
//!
//! Each connection is one request for every node that its ancestors may return; a hundred requests are a point.

use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Value, Variables};

use crate::twin::door::failure::Failure;

/// GitHub's limit on the nodes that one query may ask for.
const MAX_NODES: u64 = 500_000;
/// GitHub's limit on the length of one page.
const MAX_PAGE: i64 = 100;
/// Fragments deeper than this are not followed; validation refuses cycles anyway.
const MAX_DEPTH: usize = 40;

/// What a query may ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) points: u64,
    pub(crate) nodes: u64,
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    operation: &'a OperationDefinition,
    requests: u64,
    nodes: u64,
}

/// The cost of one operation; an error where a page is unbounded, too long, or the query too large.
pub(crate) fn cost(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
) -> Result<Cost, Failure> {
    let mut walk = Walk { document, variables, operation, requests: 0, nodes: 0 };
    walk.set(&operation.selection_set.node, 1, 0)?;
    if walk.nodes > MAX_NODES {
        let text = format!(
            "This query requests up to {} possible nodes which exceeds the maximum limit of {}.",
            grouped(walk.nodes),
            grouped(MAX_NODES)
        );
        return Err(Failure::new(200, "MAX_NODE_LIMIT_EXCEEDED", text));
    }
    Ok(Cost { points: ((walk.requests + 50) / 100).max(1), nodes: walk.nodes })
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|part| std::str::from_utf8(part).ok()).collect();
    parts.join(",")
}

impl Walk<'_> {
    fn set(&mut self, set: &SelectionSet, times: u64, depth: usize) -> Result<(), Failure> {
        if depth > MAX_DEPTH {
            return Ok(());
        }
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => self.field(&field.node, times, depth)?,
                Selection::InlineFragment(inline) => {
                    self.set(&inline.node.selection_set.node, times, depth + 1)?;
                }
                Selection::FragmentSpread(spread) => {
                    let document = self.document;
                    if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                        self.set(&fragment.node.selection_set.node, times, depth + 1)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &Field, times: u64, depth: usize) -> Result<(), Failure> {
        let inner = &field.selection_set.node;
        let name = field.name.node.as_str();
        if depth == 0 && name == "nodes" {
            let ids = match self.argument(field, "ids") {
                Some(Value::List(ids)) => ids.len() as u64,
                _ => 1,
            };
            return self.set(inner, times.saturating_mul(ids), depth + 1);
        }
        let bound = ["first", "last"].into_iter().find_map(|argument| match self.argument(field, argument) {
            Some(Value::Number(number)) => Some((argument, number.as_i64().unwrap_or(0))),
            _ => None,
        });
        let lists = inner.items.iter().any(|item| match &item.node {
            Selection::Field(field) => ["nodes", "edges"].contains(&field.node.name.node.as_str()),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
        });
        match bound {
            Some((argument, number)) if number > MAX_PAGE => {
                let text = format!(
                    "Requesting {number} records on the `{name}` connection exceeds the `{argument}` limit of {MAX_PAGE} records."
                );
                Err(Failure::new(200, "EXCESSIVE_PAGINATION", text))
            }
            Some((_, number)) => {
                let number = u64::try_from(number).unwrap_or(0);
                self.requests = self.requests.saturating_add(times);
                self.nodes = self.nodes.saturating_add(times.saturating_mul(number));
                self.set(inner, times.saturating_mul(number), depth + 1)
            }
            None if lists && depth > 0 => {
                let text = format!(
                    "You must provide a `first` or `last` value to properly paginate the `{name}` connection."
                );
                Err(Failure::new(200, "MISSING_PAGINATION_BOUNDARIES", text))
            }
            None => self.set(inner, times, depth + 1),
        }
    }

    /// An argument with its variables filled in.
    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let value = field.get_argument(name)?.node.clone();
        value.into_const_with(|variable| self.variable(&variable).ok_or(())).ok()
    }

    fn variable(&self, name: &Name) -> Option<Value> {
        if let Some(value) = self.variables.get(name) {
            return Some(value.clone());
        }
        let definition =
            self.operation.variable_definitions.iter().find(|one| one.node.name.node == *name)?;
        definition.node.default_value.as_ref().map(|value| value.node.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, variables: serde_json::Value) -> Result<(u64, u64), &'static str> {
        let document = async_graphql::parser::parse_query(query).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        cost(&document, &operation.node, &Variables::from_json(variables))
            .map(|cost| (cost.points, cost.nodes))
            .map_err(|failure| failure.kind)
    }

    #[test]
    fn the_formula_is_githubs() {
        let none = || serde_json::json!({});
        // The example of GitHub's documentation: 1 + 100 + 5,000 requests.
        let example = "{ viewer { repositories(first: 100) { nodes { issues(first: 50) { nodes {
            labels(first: 60) { nodes { id } } } } } } } }";
        let nodes = "query($n: Int = 100) { a(first: $n) { nodes { b(first: $n) { nodes { c(first: $n) { totalCount } } } } } }";
        for (name, query, variables, expected) in [
            ("nothing", "{ viewer { login } }", none(), Ok((1, 0))),
            ("documented", example, none(), Ok((51, 305_100))),
            ("variables", nodes, serde_json::json!({"n": 10}), Ok((1, 1110))),
            ("defaults", nodes, none(), Err("MAX_NODE_LIMIT_EXCEEDED")),
            ("too long", "{ a(first: 101) { totalCount } }", none(), Err("EXCESSIVE_PAGINATION")),
            ("unbounded", "{ v { a { nodes { id } } } }", none(), Err("MISSING_PAGINATION_BOUNDARIES")),
            ("only counted", "{ v { a { totalCount } } }", none(), Ok((1, 0))),
            (
                "by ids",
                "{ nodes(ids: [\"a\", \"b\"]) { ... on R { l(first: 100) { nodes { id } } } } }",
                none(),
                Ok((1, 200)),
            ),
            (
                "fragments",
                "{ v { ...f } } fragment f on V { a(first: 5) { nodes { id } } }",
                none(),
                Ok((1, 5)),
            ),
        ] {
            assert_eq!(check(query, variables), expected, "{name}");
        }
    }
}
