//! What the ledger records. A new kind may be added; a change that an older reader would misread needs a new version.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Run;
use crate::model::{
    ActionId, Address, CommitId, HandedOver, IntentId, Proof, RepoName, Risk, Source, TELLS_THE_END, Verb,
};

/// One record, without its place in the chain.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// Something is about to be done.
    Intent(Box<Intent>),
    /// What became of an intent.
    Outcome(Outcome),
    /// An apply began or ended.
    Batch(Batch),
    /// A person let something pass that a guard would have held.
    Override(Override),
    /// Something was switched on or off by hand.
    Flip(Flip),
    /// A commit of the config came into force, or didn't.
    Config(Config),
    /// A part of this ledger was moved aside.
    Aside(Aside),
    /// A run is over.
    Run(Box<Run>),
    /// Something happened that a merge policy may ask for.
    Proof(Proof),
    /// A kind that this version doesn't know; kept as it is.
    Other {
        /// Its kind.
        kind: String,
        /// Its fields.
        body: Map<String, Value>,
    },
}

/// Something is about to be done: synced before the effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// This attempt.
    pub intent: IntentId,
    /// The action.
    pub action: ActionId,
    /// What it acts on.
    pub address: Address,
    /// What it does.
    pub verb: Verb,
    /// What could go wrong.
    pub risk: Risk,
    /// Which loop wants it.
    #[serde(rename = "loop")]
    pub wanted_by: String,
    /// What is there.
    pub before: Value,
    /// What shall be there.
    pub after: Value,
    /// The config lines that ask for it.
    pub because: Vec<Because>,
    /// The commit that is in force.
    pub config_commit: Option<CommitId>,
    /// Why, in a few words.
    pub reason: String,
    /// What let it pass a guard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Overridden>,
    /// That an issue is a person's once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hands_over: Option<HandedOver>,
    /// Who runs the apply: `ann@host`, or `daemon of ann@host`.
    pub by: String,
    /// The state directory that it runs in, by an id that no other has.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub machine: String,
}

/// The cause of what would fail again on the same state.
pub const PERMANENT: &str = "permanent";

impl Intent {
    /// Whether it tells an issue that all of it is done.
    pub fn tells_the_end(&self) -> bool {
        let says = self.after["comment"].as_str().unwrap_or_default();
        self.verb == Verb::TellIssue && says.lines().any(|line| line.starts_with(TELLS_THE_END))
    }

    /// The issue that it writes on, or on whose pull request; none of what is done on this machine.
    pub fn writes_on(&self) -> Option<(RepoName, u64)> {
        if matches!(self.verb, Verb::StartRun | Verb::StopRun | Verb::PassOver) {
            return None;
        }
        let seen = if self.before["of"].is_object() { &self.before["of"] } else { &self.before };
        Some((self.address.repo_name()?, seen["issue"].as_u64()?))
    }
}

impl From<Intent> for Record {
    fn from(intent: Intent) -> Self {
        Self::Intent(Box::new(intent))
    }
}

/// A config line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// Path from the root.
    pub file: String,
    /// One-based.
    pub line: u32,
    /// The commit that was read.
    pub commit: Option<CommitId>,
}

impl From<&Source> for Because {
    fn from(source: &Source) -> Self {
        Self { file: source.file.to_string(), line: source.line, commit: source.commit.as_deref().cloned() }
    }
}

/// The override that an intent made use of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overridden {
    /// The guard.
    pub guard: String,
    /// The addresses it was for.
    pub address: String,
    /// How many actions it lets pass; `None` for any number.
    pub n: Option<u64>,
    /// Who gave it.
    pub by: String,
}

/// How an intent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It was done.
    Done,
    /// The world was already so.
    AlreadySo,
    /// It was not tried: the object had changed since it was planned.
    Refused,
    /// It was tried and did not happen.
    Failed,
    /// It was tried, and whether it happened isn't known. The intent stays open.
    Unknown,
    /// It was never tried: something else went wrong before it.
    Left,
}

impl Ending {
    /// Whether the intent is closed by it.
    pub fn settles(self) -> bool {
        match self {
            Self::Done | Self::AlreadySo | Self::Refused | Self::Failed | Self::Left => true,
            Self::Unknown => false,
        }
    }

    /// Its word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::AlreadySo => "already so",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Left => "not tried",
        }
    }
}

/// What became of an intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The attempt.
    pub intent: IntentId,
    /// The action.
    pub action: ActionId,
    /// What it acts on.
    pub address: Address,
    /// How it ended.
    pub result: Ending,
    /// In words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
    /// GitHub's id of the request that decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The class of the failure: `forbidden`, `network`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// An apply began or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Which of the two.
    pub phase: BatchPhase,
    /// The commit that is in force.
    pub config_commit: Option<CommitId>,
    /// The plan's last line, or what became of it.
    pub plan: String,
    /// Who runs it.
    pub by: String,
    /// Of one that ended: what its plan held back, and what was tried in vain or not at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<ActionId>,
    /// Of one that ended: what waited for something else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Address>,
    /// Whether its commit was not what the config branch had in force, and an override let it through.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_in_force: bool,
    /// Of one that ended and was for a part only: the globs of addresses that it was for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// Of one that ended, when not all loops took part: those that did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loops: Vec<String>,
}

/// Whether a batch began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BatchPhase {
    /// It begins.
    Started,
    /// It is over.
    Ended,
}

/// A person let something pass that a guard would have held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The guard.
    pub guard: String,
    /// The addresses it is for.
    pub address: String,
    /// How many actions it lets pass; `None` for any number.
    pub n: Option<u64>,
    /// Who gave it.
    pub by: String,
    /// Why; empty for one that was given on the command line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Until when it holds; `None` for a single command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Something was switched on or off by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flip {
    /// What.
    pub address: Address,
    /// Whether it is on from now.
    pub on: bool,
    /// Why.
    pub reason: String,
    /// Until when; `None` for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Who did it.
    pub by: String,
}

/// A commit of the config came into force, or didn't.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The commit.
    pub commit: CommitId,
    /// What became of it.
    pub verdict: Verdict,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// What became of a commit of the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is what is desired from now on.
    InForce,
    /// The last good one stays in force.
    Rejected,
}

/// A part of this ledger was moved aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    /// The file beside the day files that has it now.
    pub file: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Why it was moved.
    pub why: AsideWhy,
}

/// Why a part of the ledger was moved aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AsideWhy {
    /// The end of the file was incomplete: the machine or process died in mid-write.
    Torn,
    /// Another machine had published meanwhile; the records were written anew after its own.
    Forked,
}

impl Record {
    /// Its kind, as stored.
    pub fn kind(&self) -> &str {
        match self {
            Self::Intent(_) => "intent",
            Self::Outcome(_) => "outcome",
            Self::Batch(_) => "batch",
            Self::Override(_) => "override",
            Self::Flip(_) => "flip",
            Self::Config(_) => "config",
            Self::Aside(_) => "aside",
            Self::Run(_) => "run",
            Self::Proof(_) => "proof",
            Self::Other { kind, .. } => kind,
        }
    }

    /// The address it is about, if it is about one.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Intent(it) => Some(&it.address),
            Self::Outcome(it) => Some(&it.address),
            Self::Flip(it) => Some(&it.address),
            Self::Run(it) => Some(&it.address),
            Self::Batch(_)
            | Self::Override(_)
            | Self::Config(_)
            | Self::Aside(_)
            | Self::Proof(_)
            | Self::Other { .. } => None,
        }
    }

    /// Its fields.
    pub(super) fn body(&self) -> Result<Map<String, Value>, serde_json::Error> {
        let value = match self {
            Self::Intent(it) => serde_json::to_value(it)?,
            Self::Outcome(it) => serde_json::to_value(it)?,
            Self::Batch(it) => serde_json::to_value(it)?,
            Self::Override(it) => serde_json::to_value(it)?,
            Self::Flip(it) => serde_json::to_value(it)?,
            Self::Config(it) => serde_json::to_value(it)?,
            Self::Aside(it) => serde_json::to_value(it)?,
            Self::Run(it) => serde_json::to_value(it)?,
            Self::Proof(it) => serde_json::to_value(it)?,
            Self::Other { body, .. } => Value::Object(body.clone()),
        };
        let Value::Object(map) = value else { unreachable!("records are structs") };
        Ok(map)
    }

    /// The record of this kind with these fields; fields it doesn't know are ignored.
    pub(super) fn decode(kind: &str, body: Map<String, Value>) -> Result<Self, serde_json::Error> {
        if !["intent", "outcome", "batch", "override", "flip", "config", "aside", "run", "proof"]
            .contains(&kind)
        {
            return Ok(Self::Other { kind: kind.to_owned(), body });
        }
        let value = Value::Object(body);
        Ok(match kind {
            "intent" => Self::Intent(Box::new(serde_json::from_value(value)?)),
            "outcome" => Self::Outcome(serde_json::from_value(value)?),
            "batch" => Self::Batch(serde_json::from_value(value)?),
            "override" => Self::Override(serde_json::from_value(value)?),
            "flip" => Self::Flip(serde_json::from_value(value)?),
            "config" => Self::Config(serde_json::from_value(value)?),
            "run" => Self::Run(Box::new(serde_json::from_value(value)?)),
            "proof" => Self::Proof(serde_json::from_value(value)?),
            _ => Self::Aside(serde_json::from_value(value)?),
        })
    }
}
