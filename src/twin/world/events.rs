//! What is told to others: webhooks and the audit log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a webhook is configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HookScope {
    /// On one repository, by id.
    Repo(u64),
    /// On an organisation, by login: events of all its repositories.
    Org(String),
}

/// How badly a webhook's deliveries behave.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeliveryOptions {
    /// Every delivery is sent twice, with the same id.
    pub duplicate: bool,
    /// Each delivery waits until the next one has been sent.
    pub reorder: bool,
    /// Milliseconds before sending.
    pub delay_ms: u64,
    /// Deliveries are lost.
    pub drop: bool,
}

/// A webhook; only loopback URLs are ever called.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hook {
    /// Database id.
    pub id: u64,
    /// Where it is configured.
    pub scope: HookScope,
    /// Where deliveries go.
    pub url: String,
    /// What signs them.
    #[serde(default)]
    pub secret: Option<String>,
    /// Names of events, or `*`.
    pub events: Vec<String>,
    /// Whether it is on.
    pub active: bool,
    /// How badly deliveries behave.
    #[serde(default)]
    pub options: DeliveryOptions,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One attempt to deliver an event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    /// `X-GitHub-Delivery`; the same for a duplicate.
    pub guid: String,
    /// The webhook.
    pub hook: u64,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The action within the event.
    pub action: Option<String>,
    /// The status that the receiver answered; 0 when nobody did.
    pub status: u16,
    /// When it was sent.
    pub at: Timestamp,
}

/// One entry of the audit log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuditEntry {
    /// What happened, such as `repo.archived`.
    pub action: String,
    /// Who did it.
    pub actor: String,
    /// The organisation.
    pub org: String,
    /// The repository's full name then.
    pub repo: Option<String>,
    /// When.
    pub at: Timestamp,
}
