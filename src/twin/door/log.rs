//! The record of every request the twin answered, for tests that count and judges that read.

use serde::{Deserialize, Serialize};

/// One request and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedRequest {
    /// Its place in the order of arrival, from 1.
    pub n: u64,
    /// The method.
    pub method: String,
    /// Path and query as they were sent.
    pub path: String,
    /// The status that was answered; 0 while it is in work and when the connection was reset.
    pub status: u16,
    /// When it arrived, in microseconds since the start.
    #[serde(default)]
    pub arrived_us: u64,
    /// When its answer was ready, on the same scale; 0 until then and when the connection was reset.
    #[serde(default)]
    pub answered_us: u64,
    /// The name of the GraphQL operation.
    pub operation: Option<String>,
    /// The GraphQL points it cost.
    pub cost: Option<u64>,
    /// Bytes of the request's body.
    pub request_bytes: u64,
    /// Bytes of the answer's body.
    pub response_bytes: u64,
    /// The fault that was applied to it.
    pub fault: Option<String>,
    /// The request's body, while bodies are recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<String>,
    /// The answer's body, while bodies are recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<String>,
}
