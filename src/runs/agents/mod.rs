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
mod json;
#[cfg(test)]
mod laws;
mod lines;
mod opencode;
mod question;
#[cfg(test)]
mod testing;
mod track;
mod trouble;

pub use lines::Lines;
pub use trouble::Trouble;

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

/// The version that a text names: the first three numbers with dots between them.
pub fn version(says: &str) -> Option<[u64; 3]> {
    let words = says.split(|c: char| !c.is_ascii_digit() && c != '.');
    words
        .filter_map(|word| {
            word.trim_matches('.').split('.').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()
        })
        .find_map(|parts| parts.try_into().ok())
}

/// How an agent is driven.
pub trait Agent: Sync {
    /// Its kind in config.
    fn kind(&self) -> &'static str;

    /// The program, where config names no other one.
    fn program(&self) -> Option<&'static str>;

    /// What the tokens and the cost that it reports are of. Calls of the model are the process's always: listeners count
    /// them.
    fn usage_of(&self) -> UsageOf;

    /// Whether a session's id can be chosen before it begins.
    fn chooses_session(&self) -> bool;

    /// Whether a session of it can go on in another process.
    fn resumes(&self) -> bool {
        true
    }

    /// Whether it has a last word, without which its end is a crash.
    fn closes(&self) -> bool {
        true
    }

    /// The oldest and the first too new version that its lines are known of; `None` where versions mean nothing.
    fn versions(&self) -> Option<([u64; 3], [u64; 3])>;

    /// Where it keeps what its sessions used, if it does.
    fn books(&self) -> Option<Books> {
        None
    }

    /// Paths in a repository, as globs, whose code it would run although it is told not to: nothing switches that off. It
    /// isn't started where one is.
    fn runs_of_repository(&self) -> &'static [&'static str] {
        &[]
    }

    /// How it is started for a job.
    fn command(&self, job: &Job<'_>) -> CommandLine;

    /// Who listens to what it prints while it does the job, and answers where it is asked.
    fn listener(&self, job: &Job<'_>) -> Box<dyn Listener>;
}

/// Where an agent keeps, in its home, what its sessions used.
#[derive(Clone, Copy, Debug)]
pub struct Books {
    /// The folder below its home; the files may lie in folders of it.
    pub folder: &'static str,
    /// Whether a file of this name is of a session.
    pub is_of: fn(name: &str, session: &str) -> bool,
    /// What a file says was used over the whole session.
    pub used: fn(text: &[u8]) -> Usage,
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

impl Job<'_> {
    /// The program with what config puts first, then these arguments, then the model where one is named.
    fn argv(&self, arguments: &[&str]) -> Vec<String> {
        let model = self.model.map(|model| ["--model", model]);
        let all = arguments.iter().copied().chain(model.into_iter().flatten());
        self.program.iter().cloned().chain(all.map(str::to_owned)).collect()
    }
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

    /// The process has ended: what can be told by then only.
    fn ended(&mut self, _out: &mut Vec<Event>) {}
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The session has this id.
    Session(String),
    /// The agent works: the model wrote something, or a step began or ended.
    Progress,
    /// A tool of this id began to run, or something else that may take as long and be as silent.
    ToolBegan(String),
    /// It has ended. Only what began ends, and once.
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
    /// Nothing more will be written to its input, which is to be closed: it ends when it sees that, and not before.
    HangUp,
    /// How much of the account's quota is used.
    Quota {
        /// Which one, in its word; empty where it has none.
        of: String,
        /// In percent.
        percent: u8,
        /// When it begins anew, where that is said.
        until: Option<Timestamp>,
    },
    /// It has said its last word, and that it ended well.
    Closed,
    /// It has said its last word, and that this was in the way.
    GaveUp(Trouble),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_a_programs_words() {
        for (says, expect) in [
            ("2.1.197 (Claude Code)", Some([2, 1, 197])),
            ("codex-cli 0.169.0", Some([0, 169, 0])),
            ("v1.18.33-beta.2\n", Some([1, 18, 33])),
            ("This is 0.61.0.", Some([0, 61, 0])),
            ("node 22, tool 1.2", None),
            ("1.2.3.4 . 99999999999999999999.1.1", None),
        ] {
            assert_eq!(version(says), expect, "{says}");
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        let mut kinds: Vec<&str> = kinds().collect();
        assert!(kinds.iter().all(|kind| by_kind(kind).is_some()));
        assert_eq!(kinds, crate::model::AGENT_KINDS, "what config may name");
        let schema = serde_json::json!({ "type": "object" });
        let told = |agent: &dyn Agent, schema| agent.command(&Job { schema, ..testing::a_job() });
        let typed = ALL.iter().filter(|agent| told(**agent, Some(&schema)) != told(**agent, None));
        let typed: Vec<&str> = typed.map(|agent| agent.kind()).collect();
        assert_eq!(typed, crate::model::TYPED_KINDS, "who is given the schema, and who reads it");
        kinds.dedup();
        assert_eq!(kinds.len(), ALL.len());
        assert!(by_kind("nobody").is_none());
    }
}
