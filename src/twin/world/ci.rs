//! What checks say about a commit.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A commit status.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// Database id.
    pub id: u64,
    /// The commit.
    pub sha: String,
    /// `error`, `failure`, `pending` or `success`.
    pub state: String,
    /// Which check speaks; the newest of a context counts.
    pub context: String,
    /// One line about it.
    #[serde(default)]
    pub description: Option<String>,
    /// Where to read more.
    #[serde(default)]
    pub target_url: Option<String>,
    /// The login of who set it.
    pub creator: String,
    /// When it was set.
    pub created_at: Timestamp,
}

/// A check run; only Apps make them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckRun {
    /// Database id.
    pub id: u64,
    /// The App that made it.
    pub app: u64,
    /// The check suite it belongs to.
    pub suite: u64,
    /// The commit.
    pub head_sha: String,
    /// Which check speaks.
    pub name: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// How it ended.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// Where to read more.
    #[serde(default)]
    pub details_url: Option<String>,
    /// The App's own reference.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The title of its report.
    #[serde(default)]
    pub title: Option<String>,
    /// The summary of its report.
    #[serde(default)]
    pub summary: Option<String>,
    /// The text of its report.
    #[serde(default)]
    pub text: Option<String>,
    /// When it began.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default)]
    pub completed_at: Option<Timestamp>,
}

/// How a script behaves when a pull request gets a head.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CiMode {
    /// It runs; its exit code decides.
    #[default]
    Run,
    /// It stays queued for ever.
    NeverStarts,
    /// It begins and never ends.
    Hangs,
    /// It is told to be skipped.
    Skipped,
}

/// A check of a repository that is a shell script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CiScript {
    /// The name of its check runs.
    pub name: String,
    /// The App in whose name they are made.
    pub app: u64,
    /// What `/bin/sh -c` is given, in a checkout of the head.
    #[serde(default)]
    pub command: String,
    /// How it behaves.
    #[serde(default)]
    pub mode: CiMode,
}

impl CiScript {
    /// A script that runs.
    pub fn new(name: &str, app: u64, command: &str) -> Self {
        Self { name: name.to_owned(), app, command: command.to_owned(), mode: CiMode::Run }
    }
}
