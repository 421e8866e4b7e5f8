//! GitHub's GraphQL API: a subset of its schema, executed by a GraphQL library with validation on.
//!
//! Errors are reshaped to GitHub's: a `type` beside the message, and partial data kept. What the subset lacks
//! answers 501 and is remembered.
#![expect(clippy::unused_async, reason = "the library wants resolvers to be async")]
#![expect(clippy::too_many_arguments, reason = "GitHub's fields have that many")]

mod auto_merge;
mod changes;
mod checks;
mod connection;
mod cost;
mod issues;
mod labels;
mod mutation;
mod owner;
mod pull_timeline;
mod pulls;
mod query;
mod queue;
mod refs;
mod repository;
mod reviews;
mod scalars;
mod search;
mod timeline;

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{EmptySubscription, Request, Schema};
use serde_json::{Value, json};

use crate::twin::door::failure::Failure;
use crate::twin::door::session::Session;
use connection::WithType as _;
pub(crate) use cost::Cost;

pub(crate) type Api = Schema<query::Query, mutation::Mutation, EmptySubscription>;

/// The twin's GraphQL schema.
pub(crate) fn schema() -> Api {
    Schema::build(query::Query, mutation::Mutation, EmptySubscription).disable_suggestions().finish()
}

/// The twin's GraphQL schema in GraphQL's schema definition language.
pub fn sdl() -> String {
    schema().sdl()
}

/// A GraphQL request, understood as far as its text goes.
pub(crate) struct Prepared {
    request: Request,
    /// The operation's name, where it has one.
    pub(crate) name: Option<String>,
    /// The operation's name and its root fields: what fault rules match.
    pub(crate) names: Vec<String>,
    /// Whether it is a mutation.
    pub(crate) writes: bool,
    /// What it costs, or why it may not run.
    pub(crate) cost: Result<Cost, Failure>,
}

/// The outcome of a request.
pub(crate) struct Executed {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// What the subset lacks.
    pub(crate) unknown: Vec<String>,
}

/// Reads a request's body.
pub(crate) fn prepare(body: &[u8]) -> Result<Prepared, Failure> {
    let mut request: Request = serde_json::from_slice(body)
        .map_err(|_| Failure::new(400, "BAD_REQUEST", "Problems parsing JSON"))?;
    let wanted = request.operation_name.clone();
    let variables = request.variables.clone();
    let document = match request.parsed_query() {
        Ok(document) => document.clone(),
        Err(error) => {
            let failure = Failure::new(200, "PARSE_ERROR", error.message.clone());
            return Ok(Prepared {
                request,
                name: wanted,
                names: Vec::new(),
                writes: false,
                cost: Err(failure),
            });
        }
    };
    let operation = document
        .operations
        .iter()
        .find(|(name, _)| wanted.is_none() || name.map(async_graphql::Name::as_str) == wanted.as_deref());
    let Some((name, operation)) = operation else {
        let failure = Failure::new(200, "UNPROCESSABLE", "No operation with that name");
        return Ok(Prepared { request, name: wanted, names: Vec::new(), writes: false, cost: Err(failure) });
    };
    let name = name.map(ToString::to_string);
    let roots = operation.node.selection_set.node.items.iter().filter_map(|item| match &item.node {
        async_graphql::parser::types::Selection::Field(field) => Some(field.node.name.node.to_string()),
        async_graphql::parser::types::Selection::FragmentSpread(_)
        | async_graphql::parser::types::Selection::InlineFragment(_) => None,
    });
    Ok(Prepared {
        names: name.clone().into_iter().chain(roots).collect(),
        writes: operation.node.ty == OperationType::Mutation,
        cost: cost::cost(&document, &operation.node, &variables),
        name,
        request,
    })
}

/// What a query can ask about its own cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Charged(pub(crate) Cost);

/// Runs a prepared request.
pub(crate) async fn execute(api: &Api, session: Arc<Session>, prepared: Prepared) -> Executed {
    let cost = match prepared.cost {
        Ok(cost) => cost,
        Err(failure) => return Executed { status: 200, body: errors_only(&failure), unknown: Vec::new() },
    };
    let request = prepared.request.data(session).data(Charged(cost));
    let response = api.execute(request).await;
    // A query that fails validation was never run: no path, and one reason a place.
    let unknown: Vec<String> = response
        .errors
        .iter()
        .filter(|error| error.path.is_empty() && is_unknown(&error.message))
        .map(|error| format!("GraphQL: {}", error.message))
        .collect();
    let failed_validation =
        !response.errors.is_empty() && response.errors.iter().all(|error| error.path.is_empty());
    let mut body = serde_json::to_value(&response).unwrap_or(Value::Null);
    if let Some(errors) = body.get_mut("errors").and_then(Value::as_array_mut) {
        for error in errors {
            *error = reshape(error);
        }
    }
    if failed_validation && let Some(body) = body.as_object_mut() {
        body.shift_remove("data");
    }
    if let Some(body) = body.as_object_mut() {
        body.shift_remove("extensions");
    }
    Executed { status: if unknown.is_empty() { 200 } else { 501 }, body, unknown }
}

fn is_unknown(message: &str) -> bool {
    ["Unknown ", "unknown field", "does not contain the value", "Invalid value for argument"]
        .iter()
        .any(|start| message.contains(start))
}

/// GitHub's order and place of an error's parts.
fn reshape(error: &Value) -> Value {
    let mut out = serde_json::Map::new();
    if let Some(kind) = error["extensions"].get("type") {
        out.insert("type".to_owned(), kind.clone());
    }
    for part in ["path", "locations", "message"] {
        if let Some(value) = error.get(part) {
            out.insert(part.to_owned(), value.clone());
        }
    }
    Value::Object(out)
}

/// The body of an answer that has no data.
pub(crate) fn errors_only(failure: &Failure) -> Value {
    json!({"errors": [{"type": failure.kind, "message": failure.message}]})
}

/// A refusal as a GraphQL error.
fn refuse(failure: &Failure) -> async_graphql::Error {
    async_graphql::Error::new(failure.sentence()).extend_with_type(failure.kind)
}

/// Notes an error at this field and answers null. (The library leaves out the key of a field that fails; GitHub
/// and the specification answer null.)
fn or_null<T>(cx: &async_graphql::Context<'_>, outcome: async_graphql::Result<Option<T>>) -> Option<T> {
    outcome.unwrap_or_else(|error| {
        cx.add_error(cx.set_error_path(error.into_server_error(cx.item.pos)));
        None
    })
}

/// The session of the request that a resolver serves.
fn session<'a>(cx: &async_graphql::Context<'a>) -> async_graphql::Result<&'a Arc<Session>> {
    cx.data::<Arc<Session>>()
}

/// Whether somebody is who asks.
fn is_viewer(cx: &async_graphql::Context<'_>, login: &str) -> async_graphql::Result<bool> {
    let session = session(cx)?;
    Ok(session.caller.login(&session.world()).eq_ignore_ascii_case(login))
}
