//! Tasks that config gives to agents, the agents it gives them to, and what is seen of their runs.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::address::FOUND;
use super::{
    Address, AnswerSchema, Billed, Check, Clocks, CommitId, Limits, Outcome, Phase, Pipeline, RepoName,
    RunId, Said, SecretRef, Source, Subject, Typed, Watched,
};

/// The kinds of agents that config may name.
pub const AGENT_KINDS: &[&str] = &["claude", "codex", "gemini", "opencode", "acp", "command"];

/// Those of them that can be given the schema of an answer themselves; the others read it in their prompt.
pub const TYPED_KINDS: &[&str] = &["claude", "codex"];

/// What config says of an agent: a program, as whom it works, within which limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentConfig {
    /// Its name.
    pub name: String,
    /// How it is driven.
    pub kind: String,
    /// The program and what comes first of its arguments; empty for the kind's own.
    pub program: Vec<String>,
    /// The model; the agent's own choice without one.
    pub model: Option<String>,
    /// The account that it works on; agents of one account wait together.
    pub account: String,
    /// Variables of its environment besides those that every run has.
    pub vars: Vec<(String, Given)>,
    /// What one run may use.
    pub limits: Limits,
    /// What it sees of this machine.
    pub bounds: AgentBounds,
    /// How long one run may go without progress.
    pub clocks: Clocks,
    /// Before each further try that a run has while its account isn't let in, how long is waited.
    pub waits: Vec<Duration>,
    /// Where it was written.
    pub source: Source,
}

impl AgentConfig {
    /// Whether it is the same, wherever it is written.
    pub fn is_like(&self, other: &Self) -> bool {
        *self == Self { source: self.source.clone(), ..other.clone() }
    }
}

/// [`AgentConfig::waits`], unless config says otherwise.
pub const AUTH_WAITS: [Duration; 3] =
    [Duration::from_secs(5), Duration::from_secs(10), Duration::from_secs(20)];

/// What an agent sees of the machine that it works on, besides the system's programs, its workspace, its repository's
/// mirror and its home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentBounds {
    /// Whether it is kept within these at all, where this machine can.
    pub sandbox: bool,
    /// Folders that it may read, absolute.
    pub readable: Vec<PathBuf>,
    /// Whether it reaches the network.
    pub network: bool,
}

impl Default for AgentBounds {
    fn default() -> Self {
        Self { sandbox: true, readable: Vec::new(), network: true }
    }
}

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// As it stands in config.
    Text(String),
    /// Found elsewhere when a run starts.
    Secret(SecretRef),
}

/// A piece of work for an agent in one repository, which ends in a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What it is for.
    pub subject: Subject,
    /// Where it is to be done.
    pub repo: RepoName,
    /// What is to be done.
    pub prompt: String,
    /// The agents that may do it, the preferred one first.
    pub agents: Vec<String>,
    /// How many attempts it may take.
    pub attempts: u32,
    /// How often in one attempt an agent that ended without what is asked for is told so, and goes on.
    pub continuations: u32,
    /// The form of the answer that is asked for, if one is.
    pub answer: Option<AnswerSchema>,
    /// The paths that it may change, as globs; all of them when there are none.
    pub paths: Vec<String>,
    /// Whether it may make gates weaker.
    pub may_weaken: bool,
    /// What becomes of work that its runs found and didn't do.
    pub follow_ups: FollowUps,
    /// What is to be done, where its prompt says more than that: by this it is told from other pieces of work.
    pub work: Option<String>,
    /// How it is played, where it is a phase of an issue.
    pub play: Option<Play>,
    /// Where it was written.
    pub source: Source,
}

/// What becomes of work that runs found and didn't do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FollowUps {
    /// Nothing: whoever asks for a run is shown what it found.
    #[default]
    None,
    /// Each becomes an issue of the repository.
    Issue,
}

impl FollowUps {
    /// The words of config.
    pub const WORDS: &'static [&'static str] = &["none", "issue"];

    /// By its word.
    pub fn by_word(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::None),
            "issue" => Some(Self::Issue),
            _ => None,
        }
    }
}

impl Task {
    /// Its address.
    pub fn address(&self) -> Address {
        self.subject.address(&self.repo)
    }

    /// How it is called: its name in config, or the issue and its phase.
    pub fn name(&self) -> String {
        self.subject.to_string()
    }

    /// Whether a run is one of its own, also of what it was before its prompt changed.
    pub fn has(&self, run: &RunOf) -> bool {
        (&run.repo, &run.subject) == (&self.repo, &self.subject)
    }

    /// The address of what one of its runs found.
    pub fn found(&self, digest: &str) -> Address {
        self.address().part(FOUND, digest)
    }

    /// The address of all that its runs found.
    pub fn all_found(&self) -> Address {
        self.address().field(FOUND)
    }

    /// Eight hex digits that stand for what is to be done. Another text, or another form of the answer, is another piece
    /// of work, with its own attempts and its own branch.
    pub fn version(&self) -> String {
        let mut all = blake3::Hasher::new();
        all.update(self.work.as_ref().unwrap_or(&self.prompt).as_bytes());
        if let Some(answer) = &self.answer {
            all.update(b"\0").update(answer.value().to_string().as_bytes());
        }
        all.finalize().to_hex()[..8].to_owned()
    }

    /// How many of its attempts these runs have used up. The runs of one session are one attempt.
    pub fn burnt<'a>(&self, runs: impl IntoIterator<Item = &'a RunSeen>) -> usize {
        let version = self.version();
        let is_of_it = |run: &&RunSeen| self.has(&run.of) && run.of.version == version;
        let burns = |run: &&RunSeen| run.phase.closed().is_some_and(|c| c.outcome.burns_attempt());
        let burnt = runs.into_iter().filter(is_of_it).filter(burns).map(|run| run.of.attempt);
        burnt.collect::<BTreeSet<u32>>().len()
    }

    /// The branch that its work is published on.
    pub fn branch(&self) -> String {
        match &self.subject {
            Subject::Task(name) => format!("factory/task/{}-{}", name.to_lowercase(), self.version()),
            Subject::Issue { number, .. } => Pipeline::branch(*number),
            Subject::Ask { key, .. } => format!("factory/ask/{key}"),
        }
    }
}

/// How many runs there may be at the same time, what they may cost, and how much of a disk they may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunCaps {
    /// In all.
    pub runs: u32,
    /// In one repository.
    pub per_repo: u32,
    /// On one day (UTC), in millionths of a US dollar; `None` is unlimited.
    pub spend_per_day: Option<u64>,
    /// How many bytes what they leave on this machine may take; any number without one.
    pub disk: Option<u64>,
}

impl Default for RunCaps {
    fn default() -> Self {
        Self { runs: 4, per_repo: 2, spend_per_day: None, disk: None }
    }
}

/// What a run is for, for its whole life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOf {
    /// The repository.
    pub repo: RepoName,
    /// What in it.
    #[serde(rename = "task")]
    pub subject: Subject,
    /// [`Task::version`].
    pub version: String,
    /// Which attempt, from one. What burns none leaves its number to the run that takes its place.
    pub attempt: u32,
    /// [`Task::branch`].
    pub branch: String,
    /// The run of the same attempt whose session and workspace it goes on with; with none it begins anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<RunId>,
    /// The run of the same work that came before it; records of earlier versions don't tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RunId>,
    /// Of an issue: by which playbook it goes, which round of it this is, and what enriched its prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub play: Option<Play>,
}

/// How a run in a phase of an issue is played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Play {
    /// The playbook.
    pub book: String,
    /// Which round of it on this issue, from one.
    pub round: u32,
    /// What the issue said then: [`super::Case::text`].
    #[serde(default)]
    pub text: String,
    /// What its prompt has that the one before it had not, in a word or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enriched: Option<String>,
    /// The phase that the issue came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Phase>,
    /// What people said that it answers: conversations and reviews.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// The commit that is looked at, or worked on from: the head of a pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<CommitId>,
}

impl RunOf {
    /// An attempt at a task that begins anew.
    pub fn new(task: &Task, attempt: u32) -> Self {
        Self {
            repo: task.repo.clone(),
            subject: task.subject.clone(),
            version: task.version(),
            attempt,
            branch: task.branch(),
            continues: None,
            after: None,
            play: task.play.clone(),
        }
    }
}

/// A run to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRun {
    /// What it is for.
    pub of: RunOf,
    /// The agent, by its name in config.
    pub agent: String,
    /// The whole prompt.
    pub prompt: String,
    /// The paths that it may change.
    pub paths: Vec<String>,
    /// Whether it may make gates weaker.
    pub may_weaken: bool,
    /// The form of the answer that is asked for.
    pub answer: Option<AnswerSchema>,
    /// What of its issue must be as it was seen, where it is for one.
    pub watched: Option<Watched>,
}

impl StartRun {
    /// Sixteen hex digits that stand for the prompt.
    pub fn digest(&self) -> String {
        blake3::hash(self.prompt.as_bytes()).to_hex()[..16].to_owned()
    }

    /// The run, as records show it.
    pub fn value(&self) -> Value {
        self.of.value(&self.agent, &self.digest())
    }
}

impl RunOf {
    /// A run of it by this agent, with a prompt of this digest, as plans and records show it.
    pub fn value(&self, agent: &str, digest: &str) -> Value {
        let mut value = json!({
            "agent": agent,
            "attempt": self.attempt,
            "version": self.version,
            "prompt": digest,
        });
        if let Some(run) = &self.continues {
            value["continues"] = run.as_str().into();
        }
        if let Some(play) = &self.play {
            value["playbook"] = play.book.as_str().into();
            value["round"] = play.round.into();
        }
        value
    }

    /// Whether it is of the same piece of work.
    pub fn is_of_same_work(&self, other: &Self) -> bool {
        (&self.repo, &self.subject, &self.version) == (&other.repo, &other.subject, &other.version)
    }
}

/// A pull request for what a run made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPull {
    /// The repository.
    pub repo: RepoName,
    /// The run.
    pub run: RunId,
    /// What it made.
    pub commit: CommitId,
    /// The branch that it is published on; nobody else writes there.
    pub branch: String,
    /// The branch that it is for.
    pub base: String,
    /// Title.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// The open pull request that gets it, and the head that it has.
    pub over: Option<(u64, CommitId)>,
    /// Where its branch was left by a pull request that was closed, if by one.
    pub left: Option<CommitId>,
    /// What of its issue must be as it was seen, where it is for one.
    pub watched: Option<Watched>,
}

/// A run, as it is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSeen {
    /// Its name.
    pub id: RunId,
    /// What it is for.
    pub of: RunOf,
    /// Its agent.
    pub agent: String,
    /// Which prompt it has: [`StartRun::digest`]; empty where nobody knows.
    pub prompt: String,
    /// Who pays for it, and what it used.
    pub billed: Billed,
    /// How far it is.
    pub phase: RunPhase,
}

impl RunSeen {
    /// Whether how its setup went tells something of the recipe. Where a run goes on, what the one before it left may be
    /// what is amiss.
    pub fn tells_of_setup(&self) -> bool {
        let failed = self.phase.closed().is_some_and(|closed| closed.setup_failed.is_some());
        !failed || self.of.continues.is_none()
    }
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunPhase {
    /// It has not ended.
    Under,
    /// It has ended, and what it left has not been looked at.
    Ended {
        /// Why it could not be closed when that was tried last, if it was.
        unclosed: Option<String>,
    },
    /// What it made is being checked.
    Checking,
    /// It is over.
    Closed(Box<Closed>),
}

impl RunPhase {
    /// What it left, if it is over.
    pub fn closed(&self) -> Option<&Closed> {
        if let Self::Closed(closed) = self { Some(closed) } else { None }
    }

    /// Whether it counts for `caps.runs`: something is at work.
    pub fn takes_a_slot(&self) -> bool {
        matches!(self, Self::Under | Self::Checking)
    }
}

/// What a run left, looked at from outside: what it claims proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// How it ended.
    pub outcome: Outcome,
    /// In words.
    pub says: String,
    /// When it ended.
    pub at: Timestamp,
    /// The commit it began with, and the branch that was taken from.
    pub base: Option<(CommitId, String)>,
    /// What it made, where it ended in [`Outcome::Done`]: the mirror has it as `refs/runs/<id>`.
    pub commit: Option<CommitId>,
    /// The reference of what was saved besides, if anything was.
    pub salvage: Option<String>,
    /// The agent's own last words.
    pub answer: Option<String>,
    /// What it said besides.
    #[serde(default)]
    pub said: Said,
    /// Where its setup failed, which recipe that was: [`super::Recipe::digest`].
    #[serde(default)]
    pub setup_failed: Option<String>,
    /// Whether it ended since the runs of the day cost too much: neither its agent nor its task had a part in it.
    #[serde(default)]
    pub capped: bool,
    /// What the gates of the repository showed.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Its answer in the form that was asked for.
    #[serde(default)]
    pub typed: Option<Typed>,
    /// What was asked for and isn't there, where it ended normally.
    #[serde(default)]
    pub lacks: Option<Lack>,
    /// The session that may go on.
    #[serde(default)]
    pub session: Option<Session>,
}

impl Closed {
    /// One that ended so and left nothing.
    pub fn bare(outcome: Outcome, says: impl Into<String>, at: Timestamp) -> Self {
        Self {
            outcome,
            says: says.into(),
            at,
            base: None,
            commit: None,
            salvage: None,
            answer: None,
            said: Said::default(),
            setup_failed: None,
            capped: false,
            checks: Vec::new(),
            typed: None,
            lacks: None,
            session: None,
        }
    }
}

/// What was asked for and isn't there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "lacks", content = "says", rename_all = "kebab-case")]
pub enum Lack {
    /// It changed nothing.
    Changes,
    /// It changed files, and committed none of them.
    Commits,
    /// It committed repositories within the repository, of which there is nothing but a link: where.
    Links(String),
    /// It committed elsewhere, and nothing on its branch: where, in words.
    Elsewhere(String),
    /// What it made doesn't pass a gate.
    Gates,
    /// It gave no answer of the form that was asked for: why.
    Answer(String),
}

/// A session of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The kind of its agent.
    pub kind: String,
    /// What the agent calls it.
    pub id: String,
}

/// The pull request of a branch of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullSeen {
    /// Its number.
    pub number: u64,
    /// Whether it is open.
    pub open: bool,
    /// Whether it was merged.
    pub merged: bool,
}

/// How long is waited after the first of several ends of the same sort, of the next one twice as long, and so on.
pub const LONGEST_WAIT: Duration = Duration::from_hours(1);
