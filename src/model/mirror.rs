//! An issue that is worked on as another one, in the repository that it belongs to.

use serde_json::{Value, json};

use super::{Case, LabelName, RepoName, Watched};

/// What stands around the issue that a mirror is of, on the first line of its text.
const MIRROR: (&str, &str) = ("<!-- factoryctl:mirror ", " -->");
/// What stands around the mirror of an issue, on the first line of a comment there.
const MIRRORED: (&str, &str) = ("<!-- factoryctl:mirrored ", " -->");

/// The line by which the mirror of an issue is known.
pub fn mirror_line(repo: &RepoName, number: u64) -> String {
    format!("{}{repo}#{number}{}", MIRROR.0, MIRROR.1)
}

/// The line by which the comment is known that tells of the mirror of an issue.
pub fn mirrored_line(repo: &RepoName, number: u64) -> String {
    format!("{}{repo}#{number}{}", MIRRORED.0, MIRRORED.1)
}

fn parse(line: &str, around: (&str, &str)) -> Option<(RepoName, u64)> {
    let (repo, number) = line.trim_end().strip_prefix(around.0)?.strip_suffix(around.1)?.split_once('#')?;
    Some((RepoName::parse(repo).ok()?, number.parse().ok()?))
}

impl Case {
    /// The issue that it is worked on as, where the factory said so.
    pub fn mirror(&self) -> Option<(RepoName, u64)> {
        let mut own = self.comments.iter().rev().filter(|it| it.own);
        own.find_map(|it| parse(it.body.lines().next()?, MIRRORED))
    }

    /// The issue that its text says it is the mirror of; whoever wrote that.
    pub fn mirrors(&self) -> Option<(RepoName, u64)> {
        parse(self.body.lines().next()?, MIRROR)
    }
}

/// Opens an issue where another one belongs, once, and says so there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// The repository that the other one is in.
    pub repo: RepoName,
    /// What of the other one must be as it was seen.
    pub watched: Watched,
    /// When the other one was opened: its mirror was opened later.
    pub since: jiff::Timestamp,
    /// The repository that it belongs to.
    pub to: RepoName,
    /// The label that gives it to the pipeline there.
    pub intake: LabelName,
    /// Title, in which nobody is called and nothing referred to.
    pub title: String,
    /// Markdown; its first line is the marker by which it is found.
    pub body: String,
}

impl Mirror {
    /// How the other issue looks: as it does once this is done, or with all that decides whether it may be done.
    pub fn value(&self, case: &Case) -> Value {
        match case.mirror() {
            Some(_) => self.done(),
            None => self.watched.beside(json!({ "mirror": Value::Null }), case.stamp(&self.watched)),
        }
    }

    /// How it looks once it has a mirror.
    pub fn done(&self) -> Value {
        json!({ "mirror": self.to.as_str() })
    }
}
