//! Rate limits, as configured for this world.

use serde::{Deserialize, Serialize};

/// Primary and secondary rate limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// REST requests per token and window.
    pub core: u64,
    /// GraphQL points per token and window.
    pub graphql: u64,
    /// Length of the window in seconds.
    pub window_s: u64,
    /// Requests that create content, per token and minute; unlimited when unset (GitHub: 80).
    pub content_per_minute: Option<u64>,
    /// Requests that create content, per token and hour; unlimited when unset (GitHub: 500).
    pub content_per_hour: Option<u64>,
    /// Requests in flight at once per token (GitHub: 100).
    pub concurrent: u64,
    /// Seconds in `retry-after` of a secondary limit.
    pub retry_after_s: u64,
    /// Status of a secondary limit: 403 or 429.
    pub secondary_status: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            core: 5000,
            graphql: 5000,
            window_s: 3600,
            content_per_minute: None,
            content_per_hour: None,
            concurrent: 100,
            retry_after_s: 60,
            secondary_status: 403,
        }
    }
}

impl Limits {
    /// GitHub's limits on creating content.
    #[must_use]
    pub fn with_content(self) -> Self {
        Self { content_per_minute: Some(80), content_per_hour: Some(500), ..self }
    }
}
