//! GraphQL on the wire: an operation out, data *and* errors in.
//!
//! One bad entry doesn't spoil its neighbours: data that came with errors is kept, and each error says which
//! part of the data it is about. An answer without any data is an [`Error`].

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::error::{Error, FieldError, Kind};

/// A query or mutation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The name that stands in the text.
    pub name: String,
    /// The text, which names the operation.
    pub text: String,
    /// Its variables, an object.
    pub variables: Value,
}

impl Operation {
    /// An operation without variables.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), variables: json!({}) }
    }

    /// The same with variables.
    #[must_use]
    pub fn with(mut self, variables: Value) -> Self {
        self.variables = variables;
        self
    }

    /// Whether it changes the world. A mutation is never sent twice.
    pub(super) fn is_mutation(&self) -> bool {
        self.text
            .lines()
            .map(|line| line.split('#').next().unwrap_or("").trim())
            .find(|line| !line.is_empty())
            .is_some_and(|line| line.starts_with("mutation"))
    }

    pub(super) fn body(&self) -> Value {
        json!({ "query": self.text, "operationName": self.name, "variables": self.variables })
    }
}

/// What GitHub answered.
#[derive(Debug, Clone)]
pub struct GraphqlReply {
    /// The data; parts that failed are null.
    pub data: Value,
    /// What failed.
    pub errors: Vec<GraphqlError>,
    /// What it cost, where the text asked for `rateLimit { cost limit remaining resetAt }`.
    pub cost: Option<Cost>,
    /// What GitHub calls this request.
    pub request_id: Option<String>,
}

/// A failure of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphqlError {
    /// GitHub's word for it, like `NOT_FOUND`.
    pub type_: Option<String>,
    /// The way to the part of the data that it is about: names and indexes.
    pub path: Vec<String>,
    /// GitHub's words.
    pub message: String,
}

/// What a query cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Points charged.
    pub points: u64,
    /// Points left.
    pub remaining: u64,
    /// When the pool is full again.
    pub reset: Timestamp,
}

impl GraphqlReply {
    /// The data if nothing failed, else the first failure as an error.
    pub fn complete(self) -> Result<Value, Error> {
        match self.errors.first() {
            None => Ok(self.data),
            Some(error) => Err(failure(error, &self.errors, Timestamp::MIN).with_request_id(self.request_id)),
        }
    }
}

/// Reads the body of a 200. `reset` is when the pool is full again, for an answer that says it is spent.
pub(super) fn read(body: Value, request_id: Option<String>, reset: Timestamp) -> Result<GraphqlReply, Error> {
    let malformed = |why| {
        Error::new(Kind::Malformed { why }, &http::Method::POST, "/graphql")
            .with_request_id(request_id.clone())
    };
    let Value::Object(mut body) = body else {
        return Err(malformed("not a GraphQL answer"));
    };
    let data = body.remove("data").unwrap_or(Value::Null);
    let errors: Vec<_> = match body.get("errors") {
        Some(Value::Array(errors)) => errors.iter().map(error).collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(_) => return Err(malformed("not a GraphQL answer")),
    };
    // A spent pool or an answer that GitHub gave up on leaves gaps that look like absences.
    let fatal = errors.iter().find(|error| {
        matches!(kind(error, &errors, reset), Kind::PrimaryLimit { .. } | Kind::Server | Kind::TooLarge)
    });
    match (fatal.or(errors.first()), &data) {
        (Some(error), _) if fatal.is_some() => {
            Err(failure(error, &errors, reset).with_request_id(request_id))
        }
        (Some(error), Value::Null) => Err(failure(error, &errors, reset).with_request_id(request_id)),
        (None, Value::Null) => Err(malformed("a GraphQL answer with neither data nor errors")),
        _ => Ok(GraphqlReply { cost: cost(&data), data, errors, request_id }),
    }
}

fn error(value: &Value) -> GraphqlError {
    let path = value
        .get("path")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned));
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    GraphqlError {
        type_: text(value.get("type")).or_else(|| text(value.pointer("/extensions/code"))),
        path: path.collect(),
        message: text(value.get("message")).unwrap_or_default(),
    }
}

fn cost(data: &Value) -> Option<Cost> {
    let limit: &Map<String, Value> = data.get("rateLimit")?.as_object()?;
    let number = |name: &str| limit.get(name).and_then(Value::as_u64);
    Some(Cost {
        points: number("cost")?,
        remaining: number("remaining").unwrap_or_default(),
        reset: limit
            .get("resetAt")
            .and_then(Value::as_str)
            .and_then(|at| at.parse().ok())
            .unwrap_or(Timestamp::MIN),
    })
}

fn failure(error: &GraphqlError, all: &[GraphqlError], reset: Timestamp) -> Error {
    Error::new(kind(error, all, reset), &http::Method::POST, "/graphql")
        .with_message(Some(error.message.clone()))
}

/// The kind of an error that stands for the whole answer.
fn kind(error: &GraphqlError, all: &[GraphqlError], reset: Timestamp) -> Kind {
    match error.type_.as_deref() {
        Some("NOT_FOUND") => Kind::Absent,
        Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => Kind::Forbidden { needs: Vec::new() },
        Some("STALE_DATA") => Kind::Conflict,
        Some("RATE_LIMITED" | "RATE_LIMIT") => Kind::PrimaryLimit { until: reset },
        Some("INTERNAL" | "TIMEOUT") => Kind::Server,
        // What one query may make GitHub do; a smaller one passes.
        Some("RESOURCE_LIMITS_EXCEEDED") => Kind::TooLarge,
        // GitHub's words for an answer that took too long or failed inside.
        _ if error.message.starts_with("Something went wrong while executing your query") => Kind::Server,
        _ => Kind::Invalid { errors: all.iter().map(objection).collect() },
    }
}

fn objection(error: &GraphqlError) -> FieldError {
    FieldError {
        resource: None,
        field: (!error.path.is_empty()).then(|| error.path.join(".")),
        code: error.type_.clone(),
        message: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: Value) -> Result<GraphqlReply, Error> {
        read(body, Some("A:1".into()), Timestamp::from_second(3600).unwrap())
    }

    #[test]
    fn data_beside_errors_is_kept() {
        let reply = answer(json!({
            "data": {"a": {"name": "x"}, "b": null, "rateLimit": {"cost": 3, "remaining": 10, "resetAt": "1970-01-01T01:00:00Z"}},
            "errors": [{"type": "NOT_FOUND", "path": ["b", 0], "message": "Could not resolve to a Repository"}],
        }))
        .unwrap();
        assert_eq!(reply.data["a"]["name"], "x");
        assert_eq!(reply.errors[0].path, ["b", "0"]);
        let reset = Timestamp::from_second(3600).unwrap();
        assert_eq!(reply.cost, Some(Cost { points: 3, remaining: 10, reset }));
        assert_eq!(reply.complete().unwrap_err().kind(), &Kind::Absent);
    }

    #[test]
    fn an_answer_without_data_is_an_error_of_its_kind() {
        let error = |type_: &str| json!([{"type": type_, "message": "m"}]);
        let slow = json!([{"message": "Something went wrong while executing your query. This may be the result of a timeout"}]);
        let rows = [
            (
                json!({"data": null, "errors": error("NOT_FOUND")}),
                "not found, or not visible to this credential",
            ),
            (json!({"errors": error("FORBIDDEN")}), "forbidden for this credential"),
            (
                json!({"errors": error("MAX_NODE_LIMIT_EXCEEDED")}),
                "GitHub refuses the request because of MAX_NODE_LIMIT_EXCEEDED",
            ),
            (json!({"errors": error("RATE_LIMITED")}), "the rate limit is spent until 1970-01-01T01:00:00Z"),
            (
                json!({"data": {"a": null}, "errors": error("RATE_LIMITED")}),
                "the rate limit is spent until 1970-01-01T01:00:00Z",
            ),
            (json!({"data": {"a": null}, "errors": slow}), "GitHub failed"),
            (
                json!({"data": {"a": null}, "errors": error("RESOURCE_LIMITS_EXCEEDED")}),
                "the answer is too large",
            ),
            (json!({"data": null}), "the answer is a GraphQL answer with neither data nor errors"),
            (json!([]), "the answer is not a GraphQL answer"),
            (json!({"errors": "text"}), "the answer is not a GraphQL answer"),
        ];
        for (body, kind) in rows {
            let error = answer(body.clone()).unwrap_err();
            assert_eq!(error.kind().to_string(), kind, "{body}");
            assert_eq!(error.request_id(), Some("A:1"));
        }
    }

    #[test]
    fn a_mutation_is_recognised_behind_comments() {
        for (text, expected) in [
            ("mutation M { x }", true),
            ("\n # why\n  mutation M($a: ID!) { x }", true),
            ("query mutation { x }", false),
            ("{ mutation }", false),
            ("", false),
        ] {
            assert_eq!(Operation::new("M", text).is_mutation(), expected, "{text:?}");
        }
    }
}
