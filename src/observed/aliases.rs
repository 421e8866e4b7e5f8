//! One query about many repositories of one owner: an alias each, and what is asked of it.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::adapters::github::Operation;
use crate::model::RepoName;

/// What a query costs, asked for with it.
pub(super) const LIMIT: &str = "rateLimit { cost remaining resetAt limit }";

/// A query under way: repositories of one owner, each with what is asked of it.
pub(super) struct Text {
    declarations: String,
    aliases: String,
    variables: Map<String, Value>,
    open: Option<usize>,
}

impl Text {
    /// Of nothing so far.
    pub(super) fn new(owner: &str) -> Self {
        let mut variables = Map::new();
        variables.insert("owner".to_owned(), owner.into());
        Self { declarations: "$owner: String!".to_owned(), aliases: String::new(), variables, open: None }
    }

    /// Declares a variable of it.
    pub(super) fn variable(&mut self, name: &str, of: &str, value: Value) {
        let _ = write!(self.declarations, ", ${name}: {of}");
        self.variables.insert(name.to_owned(), value);
    }

    /// Asks something of a repository; the next thing asked under the same number stands beside it.
    pub(super) fn ask(&mut self, number: usize, repo: &RepoName, fields: &str) {
        if self.open != Some(number) {
            self.close();
            self.variable(&format!("n{number}"), "String!", repo.name().into());
            let _ = write!(self.aliases, " r{number}: repository(owner: $owner, name: $n{number}) {{ id");
            self.open = Some(number);
        }
        let _ = write!(self.aliases, " {fields}");
    }

    fn close(&mut self) {
        if self.open.take().is_some() {
            self.aliases.push_str(" }");
        }
    }

    /// The whole query.
    pub(super) fn operation(mut self, name: &str, fragments: &str) -> Operation {
        self.close();
        let Self { declarations, aliases, variables, .. } = self;
        let text = format!("query {name}({declarations}) {{ {LIMIT}{aliases} }} {fragments}");
        Operation { name: name.to_owned(), text, variables: Value::Object(variables) }
    }
}
