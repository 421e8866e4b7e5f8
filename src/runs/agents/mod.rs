//! The agents: how each is started, and what its lines mean. One file each; no IO.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Usage, UsageOf};

mod acp;
mod claude;
mod codex;
mod command;
mod gemini;
mod opencode;

/// Every agent.
const ALL: &[&dyn Agent] =
    &[&claude::Claude, &codex::Codex, &gemini::Gemini, &opencode::OpenCode, &acp::Acp, &command::Command];

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

    /// Whether it has a last word, without which its end is a crash.
    fn closes(&self) -> bool {
        true
    }

    /// The oldest and the first too new version that its lines are known of; `None` where versions mean nothing.
    fn versions(&self) -> Option<([u64; 3], [u64; 3])>;

    /// How it is started for a job.
    fn command(&self, job: &Job<'_>) -> CommandLine;

    /// Who listens to what it prints, where it was started in this way.
    fn listener(&self, started: &CommandLine) -> Box<dyn Listener>;
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
    /// What it is told later on, in turn, where it is talked to.
    pub later: Vec<String>,
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
    /// It has said its last word, and not that.
    Over,
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
        Self::named(says).unwrap_or_else(|| Self::Other(says.to_owned()))
    }

    /// The same, where it has a name.
    fn named(says: &str) -> Option<Self> {
        let lower = says.to_lowercase();
        let status = [401, 402, 403, 429, 500, 502, 503, 529].into_iter().find(|n| mentions(&lower, *n));
        match status {
            Some(status) => Some(Self::of_status(status, says)),
            None if speaks_of_quota(says) => Some(Self::Credit(None)),
            None if lower.contains("overloaded") => Some(Self::Overloaded),
            None if lower.contains("rate limit") || lower.contains("rate_limit") => Some(Self::RateLimited),
            None => None,
        }
    }
}

/// The trouble that a warning speaks of, if it speaks of one that has a name.
fn warned_of(line: &[u8]) -> Option<Trouble> {
    Trouble::named(&String::from_utf8_lossy(line))
}

/// A line that is a JSON object; `None` for every other one.
fn object(line: &[u8]) -> Option<Value> {
    serde_json::from_slice(line).ok().filter(Value::is_object)
}

/// A text in a JSON value; nothing where there is none.
fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number in a JSON value; zero where there is none.
fn number(value: &Value, path: &str) -> u64 {
    value.pointer(path).and_then(Value::as_u64).unwrap_or_default()
}

/// An amount of US dollars in a JSON value, in millionths.
fn micros(value: &Value, path: &str) -> Option<u64> {
    let dollars = value.pointer(path).and_then(Value::as_f64).filter(|dollars| *dollars >= 0.0)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no bill is that long")]
    Some((dollars * 1e6).round() as u64)
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

/// Whether a number stands in a text by itself, and not as a part of a longer one, of a word or of an address.
fn mentions(text: &str, number: u64) -> bool {
    let number = number.to_string();
    let joins = |mut next: std::str::Chars<'_>, first: Option<char>| match first {
        Some('.') => next.next().is_some_and(|c| c.is_ascii_alphanumeric()),
        Some(c) => c.is_ascii_alphanumeric(),
        None => false,
    };
    text.match_indices(&number).any(|(at, _)| {
        let mut after = text[at + number.len()..].chars();
        let first = after.next();
        let before: String = text[..at].chars().rev().take(2).collect();
        let mut before_chars = before.chars();
        let last = before_chars.next();
        !joins(after, first) && !joins(before_chars, last)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A job for tests of command lines.
    pub(super) fn job<'a>(session: Session<'a>, schema: Option<&'a Value>) -> Job<'a> {
        Job {
            program: &[],
            prompt: "do it",
            model: Some("m"),
            turns: Some(7),
            session,
            schema,
            workspace: Path::new("/w"),
            home: Path::new("/h"),
        }
    }

    /// What a recorded output says.
    pub(super) fn hear(agent: &dyn Agent, stream: Stream, recorded: &str) -> Vec<Event> {
        let started = agent.command(&job(Session::New("s"), None));
        let (mut listener, mut out) = (agent.listener(&started), Vec::new());
        for line in recorded.lines() {
            listener.line(stream, line.as_bytes(), &mut out);
        }
        out
    }

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
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), ALL.len());
        assert!(by_kind("nobody").is_none());
    }

    /// Begun tools end, and every last word has something before it.
    #[test]
    fn what_was_recorded_is_understood_as_a_whole() {
        for (kind, recorded) in [
            ("claude", include_str!("samples/claude-done.jsonl")),
            ("codex", include_str!("samples/codex-done.jsonl")),
            ("gemini", include_str!("samples/gemini-done.jsonl")),
            ("opencode", include_str!("samples/opencode-done.jsonl")),
        ] {
            let events = hear(by_kind(kind).unwrap(), Stream::Out, recorded);
            assert!(matches!(events[0], Event::Session(_)), "{kind}: {events:?}");
            assert_eq!(events.last(), Some(&Event::Closed), "{kind}: {events:?}");
            let count = |is: fn(&Event) -> bool| events.iter().filter(|event| is(event)).count();
            let began = count(|event| matches!(event, Event::ToolBegan(_)));
            assert!(began > 0, "{kind}: {events:?}");
            assert_eq!(began, count(|event| matches!(event, Event::ToolEnded(_))), "{kind}: {events:?}");
            assert_eq!(count(|event| matches!(event, Event::Trouble(_))), 0, "{kind}: {events:?}");
            let said = |event: &Event| matches!(event, Event::Answer { text, .. } if text == "Done: hello.txt was added.");
            assert!(events.iter().any(said), "{kind}: {events:?}");
        }
    }

    fn any_line() -> impl Strategy<Value = Vec<u8>> {
        let samples = [
            include_str!("samples/claude-done.jsonl"),
            include_str!("samples/codex-done.jsonl"),
            include_str!("samples/gemini-done.jsonl"),
            include_str!("samples/opencode-done.jsonl"),
            include_str!("samples/acp-opencode.txt"),
        ];
        let lines: Vec<String> = samples
            .iter()
            .flat_map(|sample| sample.lines())
            .map(|l| l.trim_start_matches("< ").to_owned())
            .collect();
        // A line in which a value is of another type is harder than one that is none.
        let bent = (prop::sample::select(lines), any::<prop::sample::Index>()).prop_map(|(line, at)| {
            let mut line = line.into_bytes();
            let at = at.index(line.len());
            line.splice(at..=at, *b"null");
            line
        });
        prop_oneof![prop::collection::vec(any::<u8>(), 0..80), bent]
    }

    proptest! {
        #[test]
        fn no_line_breaks_a_listener(lines in prop::collection::vec(any_line(), 0..20)) {
            for agent in ALL {
                let started = agent.command(&job(Session::New("s"), None));
                for stream in [Stream::Out, Stream::Err] {
                    let (mut listener, mut out) = (agent.listener(&started), Vec::new());
                    for line in &lines {
                        listener.line(stream, line, &mut out);
                    }
                }
            }
        }
    }
}
