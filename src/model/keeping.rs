//! What keeps the language of a repository true: what keepers decide, and what is seen of what they did.
//!
//! A *keeper* is one loop of the language family or of the wiki and the decisions. It proposes one change at a time, as one
//! pull request on a branch whose name says what the change is; what only people can mend it tells in issues.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{AnswerSchema, CommitId, FollowUps, LoopName, ProposedFile, RepoName, Source, Subject, Task};

/// The keepers, in the order in which their pull requests come.
pub const KEEPERS: &[LoopName] = &[
    "term-pruner",
    "edge-proposer",
    "term-proposer",
    "entry-evidence",
    "repo-wiki",
    "wiki-rot-detector",
    "diagram",
    "adr-reviewer",
    "adr-touchpoint-auditor",
    "adr-conformance",
];

/// How often a question is asked whose answers fit nothing.
pub(super) const ATTEMPTS: u32 = 2;

/// The label of the issues of keepers.
pub const KEPT_LABEL: &str = "factory:upkeep";

/// What a keeper decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// The change that it proposes; nothing: none is due, unless something keeps it from deciding.
    pub proposal: Option<Proposal>,
    /// What has to be judged, the most important first.
    pub asks: Vec<Ask>,
    /// Issues that are to be open; any other of this keeper's is over, unless something keeps it from deciding.
    pub issues: Vec<Issue>,
    /// Of which subjects something can't be told for now, and what: an issue that speaks of it stays open.
    pub unsure: BTreeMap<String, BTreeSet<String>>,
    /// What keeps it from deciding, each as a sentence that names the place and the next step.
    pub problems: Vec<String>,
    /// What people have to do since an answer could not be used; all else goes on.
    pub refused: Vec<String>,
}

/// A change of files, as one bot pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// In a line: `Deprecate 2 terms whose code is gone`.
    pub title: String,
    /// What changes, a line of Markdown each, sorted.
    pub changes: Vec<String>,
    /// The files, by path from the root of the repository: their whole new text.
    pub files: BTreeMap<String, String>,
}

/// A question for a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Made of all that its answer depends on.
    pub key: String,
    /// What it is about, for people: `term candidate src/plan/guard.rs:Guard`.
    pub about: String,
    /// The prompt, whole; what comes from files is fenced as data.
    pub prompt: String,
    /// The JSON schema of the answer (draft 2020-12).
    pub schema: Value,
}

/// What became of what was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// An answer that fits its schema.
    Given(Value),
    /// It was asked so often that nobody asks again, and no answer that fits came.
    None,
}

/// Answers that were given, by repository and key.
pub type Answers = BTreeMap<RepoName, BTreeMap<String, Answer>>;

/// An issue that is kept current while its reason lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// What it is about, stable over time: one issue each.
    pub subject: String,
    /// Its title.
    pub title: String,
    /// Its text, in Markdown.
    pub body: String,
    /// What it tells, without where that stands by now: whoever closed an issue that tells the same has decided.
    pub tells: String,
}

impl Issue {
    /// An issue that tells nothing but its title and its text.
    pub fn new(subject: impl Into<String>, title: impl Into<String>, body: impl Into<String>) -> Self {
        let (title, body) = (title.into(), body.into());
        Self { subject: subject.into(), tells: format!("{title}\n{body}"), title, body }
    }
}

impl Ask {
    /// It, as work for agents.
    pub fn task(&self, repo: &RepoName, keeper: LoopName, agents: &[String], source: Source) -> Task {
        Task {
            subject: Subject::Ask { keeper, key: self.key.clone() },
            repo: repo.clone(),
            prompt: self.prompt.clone(),
            agents: agents.to_vec(),
            attempts: ATTEMPTS,
            continuations: 0,
            answer: Some(AnswerSchema::own(self.schema.clone())),
            paths: Vec::new(),
            may_weaken: false,
            follow_ups: FollowUps::None,
            work: Some(self.key.clone()),
            play: None,
            source,
        }
    }
}

impl Proposal {
    /// Its files, as they are written.
    pub fn files(&self) -> Vec<ProposedFile> {
        let file = |(path, text): (&String, &String)| ProposedFile { path: path.clone(), text: text.clone() };
        self.files.iter().map(file).collect()
    }
}

/// What was found about the words of a repository.
#[derive(Clone, Debug, PartialEq)]
pub struct LanguageSeen {
    /// The branch that was looked at, and its head.
    pub base: (String, CommitId),
    /// The branch of what each keeper proposes, which names the change.
    pub branches: BTreeMap<LoopName, String>,
    /// What each keeper decided.
    pub kept: BTreeMap<LoopName, Kept>,
    /// The open pull requests of keepers.
    pub pulls: Vec<KeptPull>,
    /// The open issues of keepers, and those that were closed last.
    pub issues: Vec<KeptIssue>,
    /// The branches of proposals whose pull request somebody closed, and its number: a decision.
    pub declined: BTreeMap<String, u64>,
}

/// An open pull request of a keeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPull {
    /// Its number.
    pub number: u64,
    /// Its branch.
    pub branch: String,
    /// How many commits it has; a keeper makes one.
    pub commits: u64,
}

/// An issue of a keeper, open or closed lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptIssue {
    /// Whether it is open.
    pub open: bool,
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
}

/// How the text of a pull request begins that the factory closed itself: that is nobody's decision.
pub const WITHDRAWN: &str = "<!-- factoryctl:withdrawn -->";

/// How the text of an issue ends that the factory closed itself: that is nobody's decision either.
pub const OVER: &str = "What this tells of is gone, and it is closed.";

/// The line with which the text of an issue of a keeper begins.
pub fn kept_line(keeper: LoopName, subject: &str) -> String {
    let subject: String = subject.chars().filter(|c| !c.is_control() && !"<>".contains(*c)).collect();
    format!("<!-- factoryctl:kept {keeper} {subject} -->")
}

/// An issue of a keeper is opened, written anew or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepIssue {
    /// Where.
    pub repo: RepoName,
    /// The open one; none: it is opened.
    pub number: Option<u64>,
    /// The line that tells it from others.
    pub line: String,
    /// Its title and text; none: it is closed, since its reason is gone.
    pub says: Option<(String, String)>,
}

impl KeepIssue {
    /// What shall be there.
    pub fn value(&self) -> Value {
        self.says.as_ref().map_or(Value::Null, |(title, body)| json!({ "title": title, "body": body }))
    }
}
