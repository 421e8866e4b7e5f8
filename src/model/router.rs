//! Which repository an issue belongs to that comes in by a front door, and how that is known where it goes.

use serde_json::{Value, json};

use super::{Case, LabelName, RepoName, Source, Watched};

/// What config says of where issues belong: the first rule that fits decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Router {
    /// The rules, in their order.
    pub routes: Vec<Route>,
    /// How an issue gets where it belongs.
    pub by: Carry,
    /// What becomes of an issue that none fits.
    pub otherwise: Otherwise,
    /// Where it was written.
    pub source: Source,
}

/// A rule. It fits where any of what it names is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The repository that the issue belongs to.
    pub to: RepoName,
    /// Labels that it carries.
    pub labels: Vec<LabelName>,
    /// Components that it names, or is labelled with.
    pub components: Vec<String>,
    /// Paths that its title or text names, as globs.
    pub paths: Vec<String>,
    /// Words in its title, whole ones, whatever their case.
    pub title: Vec<String>,
    /// Where it was written.
    pub source: Source,
}

/// How an issue gets where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carry {
    /// It is moved there.
    Transfer,
    /// Another one is opened there, and it is closed once that one is.
    Mirror,
}

impl Carry {
    /// The words of config.
    pub const WORDS: &'static [&'static str] = &["transfer", "mirror"];

    /// By its word.
    pub fn by_word(word: &str) -> Option<Self> {
        [Self::Transfer, Self::Mirror].into_iter().find(|it| it.as_str() == word)
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Mirror => "mirror",
        }
    }
}

/// What becomes of an issue that no rule fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Otherwise {
    /// A person says where it belongs.
    Person,
    /// It belongs where it is.
    Here,
}

impl Otherwise {
    /// The words of config.
    pub const WORDS: &'static [&'static str] = &["person", "here"];

    /// By its word.
    pub fn by_word(word: &str) -> Option<Self> {
        [Self::Person, Self::Here].into_iter().find(|it| it.as_str() == word)
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Here => "here",
        }
    }
}

/// What stands around the rest of the line by which a comment is known that goes with an issue to where it belongs.
const ROUTED: (&str, &str) = ("<!-- factoryctl:routed ", " -->");

/// What a comment of the factory's own says of an issue that it brought: from where, to where, and its text then. Whoever may
/// had asked for that text there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// The repository that it came from.
    pub from: RepoName,
    /// The number that it had there.
    pub number: u64,
    /// The repository that it was brought to.
    pub to: RepoName,
    /// What stands for its text as it was then: [`Case::text`].
    pub text: String,
}

impl Routed {
    /// Of an issue that is about to be brought to where it belongs.
    pub fn about(case: &Case, to: &RepoName) -> Self {
        Self { from: case.repo.clone(), number: case.number, to: to.clone(), text: case.text() }
    }

    /// The line by which the comment is known.
    pub fn line(&self) -> String {
        format!("{}{}#{} {} {}{}", ROUTED.0, self.from, self.number, self.to, self.text, ROUTED.1)
    }

    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.trim_end().strip_prefix(ROUTED.0)?.strip_suffix(ROUTED.1)?.split(' ');
        let (from, number) = parts.next()?.split_once('#')?;
        let (to, text) = (parts.next()?, parts.next()?);
        Some(Self {
            from: RepoName::parse(from).ok()?,
            number: number.parse().ok()?,
            to: RepoName::parse(to).ok()?,
            text: text.to_owned(),
        })
    }

    /// What the factory said last when it brought an issue to where it is now. What somebody else says so is nothing.
    pub fn of(case: &Case) -> Option<Self> {
        let own = case.comments.iter().rev().filter(|it| it.own);
        let mut said = own.filter_map(|it| Self::parse(it.body.lines().next()?));
        said.find(|it| it.to == case.repo)
    }
}

/// Brings an issue to the repository that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The repository that it is in.
    pub repo: RepoName,
    /// What of the issue must be as it was seen.
    pub watched: Watched,
    /// The repository that it belongs to.
    pub to: RepoName,
    /// The label that gives it to the pipeline there.
    pub intake: LabelName,
    /// The comment that goes with it, where it isn't there yet; its first line tells what [`Routed`] says.
    pub comment: Option<String>,
}

impl Transfer {
    /// How an issue looks that is still there.
    pub fn value(&self, case: &Case) -> Value {
        self.watched.beside(json!({ "in": self.repo.as_str() }), case.stamp(&self.watched))
    }

    /// How it looks once it isn't.
    pub fn done(&self) -> Value {
        json!({ "in": self.to.as_str() })
    }
}
