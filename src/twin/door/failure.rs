//! An answer that isn't success, once for REST (status and body) and GraphQL (type and message).

use serde_json::{Value, json};

/// Why a request was refused, in GitHub's words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    /// The HTTP status in REST.
    pub(crate) status: u16,
    /// The error's `type` in GraphQL.
    pub(crate) kind: &'static str,
    /// The message.
    pub(crate) message: String,
    /// Field errors of a 422.
    pub(crate) errors: Vec<Value>,
    /// Headers the answer carries.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Where the thing went (301, 307).
    pub(crate) moved_to: Option<String>,
}

impl Failure {
    pub(crate) fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            moved_to: None,
        }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "Not Found")
    }

    pub(crate) fn bad_credentials() -> Self {
        Self::new(401, "UNAUTHENTICATED", "Bad credentials")
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "FORBIDDEN", message)
    }

    pub(crate) fn archived() -> Self {
        Self::forbidden("Repository was archived so is read-only.")
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "UNPROCESSABLE", message)
    }

    pub(crate) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(422, "UNPROCESSABLE", message)
    }

    /// A 422 that names the field and one of GitHub's codes (`missing`, `invalid`, `already_exists`…).
    pub(crate) fn field(resource: &str, field: &str, code: &str) -> Self {
        let mut failure = Self::unprocessable("Validation Failed");
        failure.errors.push(json!({"resource": resource, "code": code, "field": field}));
        failure
    }

    /// A 422 that explains a field in a sentence (code `custom`).
    pub(crate) fn custom(resource: &str, field: &str, message: &str) -> Self {
        let mut failure = Self::unprocessable("Validation Failed");
        failure
            .errors
            .push(json!({"resource": resource, "code": "custom", "field": field, "message": message}));
        failure
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The body of the REST answer.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({"message": self.message});
        if !self.errors.is_empty() {
            body["errors"] = Value::Array(self.errors.clone());
        }
        if let Some(to) = &self.moved_to {
            body["url"] = json!(to);
        }
        body["documentation_url"] = json!("https://docs.github.com/rest");
        body["status"] = json!(self.status.to_string());
        body
    }

    /// What a person reads in GraphQL: the field errors if there are any.
    pub(crate) fn sentence(&self) -> String {
        let told: Vec<&str> = self.errors.iter().filter_map(|error| error["message"].as_str()).collect();
        if told.is_empty() { self.message.clone() } else { told.join(", ") }
    }
}
