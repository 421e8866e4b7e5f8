//! What is done about an issue and its pull request on GitHub, and how that looks before and after.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Case, CommitId, LabelName, MergeMethod, Permission, Phase, RepoName, RunId, Subject, Watched};

/// Changes the labels of an issue and the factory's own comment on it together, or closes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tell {
    /// The repository.
    pub repo: RepoName,
    /// What of the issue must be as it was seen; the labels that change are among it.
    pub watched: Watched,
    /// The whole of the comment; its first line is the marker by which it is found. `None` leaves it.
    pub comment: Option<String>,
    /// The comment that it takes the place of, by GitHub's number, where there is one.
    pub rewrites: Option<u64>,
    /// The labels that come, before others go: a crash leaves two, and never none.
    pub add: Vec<LabelName>,
    /// The labels that go.
    pub remove: Vec<LabelName>,
    /// Whether it is closed, as completed.
    pub close: bool,
    /// The branch that goes, since what was on it has landed.
    pub clears: Option<Clearing>,
    /// That it is a person's from now on, where that is what it tells.
    pub hands_over: Option<HandedOver>,
}

/// An issue became a person's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HandedOver {
    /// The phase that it was in.
    pub phase: Phase,
    /// The playbook of its last run, but for those that are for what is stuck; none: there was no such run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playbook: Option<String>,
}

/// A branch that is deleted, where it is still at the head that landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clearing {
    /// The repository, by GitHub's node id.
    pub repository: String,
    /// The pull request.
    pub pull: u64,
    /// The branch.
    pub branch: String,
    /// Where it has to be.
    pub head: CommitId,
}

impl Tell {
    /// The line by which the comment is found.
    pub fn marker(&self) -> Option<&str> {
        self.comment.as_ref()?.lines().next()
    }

    /// How an issue looks, as far as this is about it.
    pub fn value(&self, case: &Case) -> Value {
        let mut out = case.stamp(&self.watched);
        if let Some(marker) = self.marker() {
            out["comment"] = case.own_comment(marker).map_or(Value::Null, |it| it.body.clone().into());
        }
        if let Some(it) = &self.clears {
            let pull = case.pulls.iter().find(|pull| pull.number == it.pull);
            let at = pull.and_then(|pull| pull.branch.as_ref()).map(|branch| branch.head.as_str());
            out["branch"] = at.into();
        }
        out
    }

    /// How it looks once this is done.
    pub fn done(&self, case: &Case) -> Value {
        let mut out = case.stamp(&self.watched);
        let kept = case.labels.keys().filter(|key| !self.remove.iter().any(|label| label.key() == **key));
        let labels: BTreeSet<String> = kept.cloned().chain(self.add.iter().map(LabelName::key)).collect();
        out["labels"] = labels.iter().filter(|key| self.watched.labels.contains(*key)).cloned().collect();
        if let Some(comment) = &self.comment {
            out["comment"] = comment.as_str().into();
        }
        if self.close {
            out["open"] = false.into();
        }
        if self.clears.is_some() {
            out["branch"] = Value::Null;
        }
        out
    }
}

/// How a line begins that tells an issue that all of it is done.
pub const TELLS_THE_END: &str = "**Done**";

/// Merges a pull request, at one head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landing {
    /// The repository.
    pub repo: RepoName,
    /// What of the issue must be as it was seen; its pull request is among it.
    pub watched: Watched,
    /// The pull request.
    pub pull: u64,
    /// The only head that is merged.
    pub head: CommitId,
    /// Whose word it relies on.
    pub trusted: Trusted,
    /// How.
    pub method: MergeMethod,
    /// The title of the commit.
    pub title: String,
    /// The rest of its message.
    pub message: String,
}

impl Landing {
    /// How the pull request looks once this is done.
    pub fn done(&self) -> Value {
        json!({ "pull": self.pull, "merged": true, "head": self.head.as_str() })
    }

    /// How it looks: as it does once this is done, or with all that decides whether it may be done. `lost`: those that it relies
    /// on and whose word counts no longer.
    pub fn value(&self, case: &Case, lost: &[String]) -> Value {
        match case.pulls.iter().find(|pull| pull.number == self.pull) {
            Some(pull) if pull.merged() => {
                json!({ "pull": pull.number, "merged": true, "head": pull.head.as_str() })
            }
            Some(_) | None => Trusted::beside(case.stamp(&self.watched), lost),
        }
    }
}

/// Those whose word something relies on: who asked for it, who approved it, who said how it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// Who they are, in lower case.
    pub logins: BTreeSet<String>,
    /// What they must be allowed to do in the repository for that.
    pub permission: Permission,
}

impl Trusted {
    /// A value, with those whose word counts no longer, if there are any.
    pub(super) fn beside(mut value: Value, lost: &[String]) -> Value {
        if !lost.is_empty() {
            value["not-trusted"] = lost.into();
        }
        value
    }
}

/// What somebody said of a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// A conversation, by GitHub's node id, and the comment of it that is answered.
    Thread(String, u64),
    /// A review.
    Review(u64),
}

/// Answers what somebody said of a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The repository.
    pub repo: RepoName,
    /// What of the issue must be as it was seen; its pull request is among it.
    pub watched: Watched,
    /// The pull request.
    pub pull: u64,
    /// What is answered.
    pub to: Remark,
    /// The answer; its first line is the marker by which it is found.
    pub body: String,
}

impl Reply {
    /// What is there of it, with what is watched.
    pub fn value(&self, case: &Case) -> Value {
        let marker = self.body.lines().next().unwrap_or_default();
        let is_it = |own: bool, body: &str| own && body.lines().next() == Some(marker);
        let pull = case.pulls.iter().find(|pull| pull.number == self.pull);
        let said = match &self.to {
            Remark::Thread(id, _) => {
                let threads = pull.and_then(|pull| pull.threads.known());
                let thread = threads.and_then(|threads| threads.iter().find(|thread| thread.id == *id));
                let answer = thread.map(|thread| {
                    let own = thread.comments.iter().find(|(.., own, body)| is_it(*own, body));
                    own.map(|(.., body)| body.as_str())
                });
                json!({ "thread": thread.map(|thread| &thread.id), "answer": answer })
            }
            Remark::Review(id) => {
                let reviews = || pull.and_then(|pull| pull.reviews.known()).into_iter().flatten();
                let there = reviews().find(|review| review.id == *id).map(|review| review.id);
                let answer = reviews().find(|review| is_it(review.own, &review.body));
                json!({ "review": there, "answer": answer.map(|review| &review.body) })
            }
        };
        self.watched.beside(said, case.stamp(&self.watched))
    }

    /// What is there once this is done.
    pub fn done(&self, case: &Case) -> Value {
        let said = match &self.to {
            Remark::Thread(id, _) => json!({ "thread": id, "answer": self.body }),
            Remark::Review(id) => json!({ "review": id, "answer": self.body }),
        };
        self.watched.beside(said, case.stamp(&self.watched))
    }
}

/// Ends a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopRun {
    /// The repository.
    pub repo: RepoName,
    /// The run.
    pub run: RunId,
    /// What it is for.
    pub subject: Subject,
    /// Why.
    pub why: String,
}

impl StopRun {
    /// How a run looks that is at work, or isn't.
    pub fn value(run: &RunId, at_work: bool) -> Value {
        json!({ "run": run.as_str(), "at-work": at_work })
    }
}
