//! What a run is for within its repository.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Address, LoopName, Phase, RepoName};

/// What a run is for within its repository. As text: the name of the task, or `#7/plan`.
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
}

impl Subject {
    /// The issue and its phase, if it is one.
    pub fn issue(&self) -> Option<(u64, Phase)> {
        match self {
            Self::Task(_) => None,
            Self::Issue { number, phase } => Some((*number, *phase)),
        }
    }

    /// The task, if it is one.
    pub fn task(&self) -> Option<&str> {
        match self {
            Self::Task(name) => Some(name),
            Self::Issue { .. } => None,
        }
    }

    /// The loop that wants runs for it.
    pub fn wanted_by(&self) -> LoopName {
        match self {
            Self::Task(_) => "tasks",
            Self::Issue { .. } => "pipeline",
        }
    }

    /// Its address in a repository.
    pub fn address(&self, repo: &RepoName) -> Address {
        match self {
            Self::Task(name) => Address::repo(repo).part("task", name),
            Self::Issue { number, phase } => Address::issue(repo, *number).field(phase.as_str()),
        }
    }

    /// What its runs share within its repository, one after the other: a workspace.
    pub fn place(&self) -> String {
        match self {
            Self::Task(name) => format!("task/{name}"),
            Self::Issue { number, .. } => format!("issue/{number}"),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(name) => f.write_str(name),
            Self::Issue { number, phase } => write!(f, "#{number}/{phase}"),
        }
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

/// No name of a task begins with `#`.
impl From<String> for Subject {
    fn from(text: String) -> Self {
        let of_issue = |text: &str| {
            let (number, phase) = text.strip_prefix('#')?.split_once('/')?;
            Some(Self::Issue { number: number.parse().ok()?, phase: Phase::by_word(phase)? })
        };
        of_issue(&text).unwrap_or(Self::Task(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_of_one_subject() {
        let issue = Subject::Issue { number: 7, phase: Phase::Plan };
        for (subject, text, place) in
            [(Subject::Task("tidy".into()), "tidy", "task/tidy"), (issue, "#7/plan", "issue/7")]
        {
            assert_eq!((subject.to_string(), subject.place()), (text.to_owned(), place.to_owned()));
            assert_eq!(Subject::from(text.to_owned()), subject);
        }
    }
}
