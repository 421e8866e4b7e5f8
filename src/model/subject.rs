//! What a run is for within its repository.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::keeping::KEEPERS;
use super::{Address, LoopName, Phase, RepoName};

/// What a run is for within its repository. As text: the name of the task, `#7/plan`, or `?term-proposer/0a1b`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Subject {
    /// A task of config.
    Task(String),
    /// A phase of an issue.
    Issue {
        /// The issue.
        number: u64,
        /// The phase.
        phase: Phase,
    },
    /// A question of a keeper.
    Ask {
        /// The keeper.
        keeper: LoopName,
        /// What the question is known by.
        key: String,
    },
}

impl Subject {
    /// The issue and its phase, if it is one.
    pub fn issue(&self) -> Option<(u64, Phase)> {
        match self {
            Self::Task(_) | Self::Ask { .. } => None,
            Self::Issue { number, phase } => Some((*number, *phase)),
        }
    }

    /// The task, if it is one.
    pub fn task(&self) -> Option<&str> {
        match self {
            Self::Task(name) => Some(name),
            Self::Issue { .. } | Self::Ask { .. } => None,
        }
    }

    /// The loop that wants runs for it.
    pub fn wanted_by(&self) -> LoopName {
        match self {
            Self::Task(_) => "tasks",
            Self::Issue { .. } => "pipeline",
            Self::Ask { keeper, .. } => keeper,
        }
    }

    /// Its address in a repository.
    pub fn address(&self, repo: &RepoName) -> Address {
        match self {
            Self::Task(name) => Address::repo(repo).part("task", name),
            Self::Issue { number, phase } => Address::issue(repo, *number).field(phase.as_str()),
            Self::Ask { keeper, key } => Address::repo(repo).part("language", keeper).field(key),
        }
    }

    /// What its runs share within its repository, one after the other: a workspace.
    pub fn place(&self) -> String {
        match self {
            Self::Task(name) => format!("task/{name}"),
            Self::Issue { number, .. } => format!("issue/{number}"),
            Self::Ask { key, .. } => format!("ask/{key}"),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(name) => f.write_str(name),
            Self::Issue { number, phase } => write!(f, "#{number}/{phase}"),
            Self::Ask { keeper, key } => write!(f, "?{keeper}/{key}"),
        }
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

/// No name of a task begins with `#` or `?`.
impl From<String> for Subject {
    fn from(text: String) -> Self {
        let of_issue = |text: &str| {
            let (number, phase) = text.strip_prefix('#')?.split_once('/')?;
            Some(Self::Issue { number: number.parse().ok()?, phase: Phase::by_word(phase)? })
        };
        let ask = |text: &str| {
            let (name, key) = text.strip_prefix('?')?.split_once('/')?;
            let keeper = KEEPERS.iter().copied().find(|keeper| *keeper == name)?;
            Some(Self::Ask { keeper, key: key.to_owned() })
        };
        of_issue(&text).or_else(|| ask(&text)).unwrap_or(Self::Task(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_of_one_subject() {
        let issue = Subject::Issue { number: 7, phase: Phase::Plan };
        let ask = Subject::Ask { keeper: "diagram", key: "0a".into() };
        for (subject, text, place) in [
            (Subject::Task("tidy".into()), "tidy", "task/tidy"),
            (issue, "#7/plan", "issue/7"),
            (ask, "?diagram/0a", "ask/0a"),
        ] {
            assert_eq!((subject.to_string(), subject.place()), (text.to_owned(), place.to_owned()));
            assert_eq!(Subject::from(text.to_owned()), subject);
        }
    }
}
