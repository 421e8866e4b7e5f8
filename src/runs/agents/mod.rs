//! The agents: how each is started, and what its lines mean. One file each; no IO.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Usage, UsageOf};

mod command;

/// Every agent.
const ALL: &[&dyn Agent] = &[&command::Command];

/// The agent of this kind, as config names it.
pub fn by_kind(kind: &str) -> Option<&'static dyn Agent> {
    ALL.iter().copied().find(|agent| agent.kind() == kind)
}

/// The kinds of agents.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|agent| agent.kind())
}

/// How an agent is driven.
pub trait Agent: Sync {
    /// Its kind in config.
    fn kind(&self) -> &'static str;

    /// The program, where config names no other one.
    fn program(&self) -> Option<&'static str>;

    /// What the figures that it reports are of.
    fn usage_of(&self) -> UsageOf;

    /// Whether a session's id can be chosen before it begins.
    fn chooses_session(&self) -> bool;

    /// The oldest and the first too new version that its lines are known of; `None` where versions mean nothing.
    fn versions(&self) -> Option<([u64; 3], [u64; 3])>;

    /// How it is started for a job.
    fn command(&self, job: &Job<'_>) -> CommandLine;

    /// Who listens to what it prints.
    fn listener(&self) -> Box<dyn Listener>;
}

/// What an agent is to do.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The program, and arguments that config puts first.
    pub program: &'a [String],
    /// The prompt.
    pub prompt: &'a str,
    /// The model; the agent's own choice without one.
    pub model: Option<&'a str>,
    /// The calls of the model that it may make, where it can count them itself.
    pub turns: Option<u32>,
    /// Which session.
    pub session: Session<'a>,
    /// The schema of the typed answer that is asked for.
    pub schema: Option<&'a Value>,
    /// The folder that it works in, absolute.
    pub workspace: &'a Path,
    /// Its home, absolute: its own settings and sessions.
    pub home: &'a Path,
}

/// Which session a run belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session<'a> {
    /// A new one, of this id where it can be chosen.
    New(&'a str),
    /// One that goes on.
    Resume(&'a str),
}

/// How a process is started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandLine {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Variables besides those of every run.
    pub vars: Vec<(String, String)>,
    /// What it reads.
    pub stdin: String,
    /// Whether its input stays open, for answers.
    pub talks: bool,
    /// Files that are written to its home before it starts: path below it, text.
    pub files: Vec<(String, String)>,
}

/// One of the two streams of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Where results go.
    Out,
    /// Where warnings go; it is no evidence of failure by itself.
    Err,
}

/// Understands what an agent prints, line by line.
pub trait Listener: Send {
    /// A whole line, without its end.
    fn line(&mut self, stream: Stream, line: &[u8], out: &mut Vec<Event>);
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The session has this id.
    Session(String),
    /// The agent works: the model wrote something, or a step began or ended.
    Progress,
    /// A tool began to run.
    ToolBegan(String),
    /// It has ended.
    ToolEnded(String),
    /// What was used so far, in all.
    Used(Usage),
    /// What the model was asked and answered; its whole final text, and the typed answer where the agent has one.
    Answer {
        /// The text.
        text: String,
        /// The typed answer.
        typed: Option<Value>,
    },
    /// Something is in the way. The last one counts, and a later answer clears it.
    Trouble(Trouble),
    /// Something that it wanted to do was not allowed.
    Denied(String),
    /// It asked something.
    Asked(String),
    /// A line to write to its input.
    Reply(String),
    /// How much of a quota is used, in percent.
    Quota(u8),
    /// It has said its last word, and that it ended well.
    Closed,
}

/// What is in the way of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It isn't let in.
    Auth,
    /// The quota is spent, until then where that is said.
    Credit(Option<Timestamp>),
    /// The servers are overloaded.
    Overloaded,
    /// Too many requests.
    RateLimited,
    /// It used up its turns.
    TurnLimit,
    /// The model declined.
    Refused,
    /// Something else, in its words.
    Other(String),
}

impl Trouble {
    /// What an HTTP status of the model's API means; the text may say more of a 429.
    pub fn of_status(status: u64, says: &str) -> Self {
        match status {
            401 | 403 => Self::Auth,
            402 => Self::Credit(None),
            429 if speaks_of_quota(says) => Self::Credit(None),
            429 => Self::RateLimited,
            500..=599 => Self::Overloaded,
            _ => Self::Other(says.to_owned()),
        }
    }

    /// What an error in words means, where no status was given.
    pub fn of_text(says: &str) -> Self {
        let lower = says.to_lowercase();
        let status = [401, 402, 403, 429, 500, 502, 503, 529].into_iter().find(|n| mentions(&lower, *n));
        match status {
            Some(status) => Self::of_status(status, says),
            None if speaks_of_quota(says) => Self::Credit(None),
            None if lower.contains("overloaded") => Self::Overloaded,
            None if lower.contains("rate limit") || lower.contains("rate_limit") => Self::RateLimited,
            None => Self::Other(says.to_owned()),
        }
    }
}

fn speaks_of_quota(says: &str) -> bool {
    let lower = says.to_lowercase();
    [
        "insufficient_quota",
        "usage limit",
        "credit balance",
        "quota exceeded",
        "out of credits",
        "exhausted your",
    ]
    .iter()
    .any(|words| lower.contains(words))
}

/// Whether a number stands in a text by itself.
fn mentions(text: &str, number: u64) -> bool {
    let number = number.to_string();
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.');
    text.match_indices(&number).any(|(at, _)| {
        !digit(text[..at].chars().next_back()) && !digit(text[at + number.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_told_by_its_status_or_its_words() {
        for (says, expect) in [
            ("unexpected status 401 Unauthorized: bad key", Trouble::Auth),
            ("API Error: 429 too many", Trouble::RateLimited),
            ("429: insufficient_quota", Trouble::Credit(None)),
            ("You've hit your usage limit.", Trouble::Credit(None)),
            ("503 Service Unavailable", Trouble::Overloaded),
            ("Overloaded", Trouble::Overloaded),
            ("took 1429 ms at 10.0.0.503", Trouble::Other("took 1429 ms at 10.0.0.503".into())),
        ] {
            assert_eq!(Trouble::of_text(says), expect, "{says}");
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        let mut kinds: Vec<&str> = kinds().collect();
        assert!(kinds.iter().all(|kind| by_kind(kind).is_some()));
        kinds.dedup();
        assert_eq!(kinds.len(), ALL.len());
        assert!(by_kind("nobody").is_none());
    }
}
