//! What an agent says besides its work. It is other people's text: screened, bounded, and shown as text only.

use serde::{Deserialize, Serialize};

/// What a run said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What it has to know before it can go on.
    pub question: Option<String>,
    /// What is in its way.
    pub blocked: Option<String>,
    /// What whoever reads its pull request should know.
    pub note: Option<String>,
    /// Work that it found and didn't do.
    #[serde(default)]
    pub follow_ups: Vec<FollowUp>,
    /// What it said and nobody takes, each with the reason.
    #[serde(default)]
    pub untaken: Vec<String>,
}

/// A piece of work that a run found and didn't do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FollowUp {
    /// One line.
    pub title: String,
    /// The rest.
    pub text: String,
    /// Sixteen hex digits that stand for both: what is said twice is said once.
    pub digest: String,
}

impl FollowUp {
    /// A follow-up of this title and text.
    pub fn new(title: &str, text: &str) -> Self {
        let digest = blake3::hash(format!("{title}\n{text}").as_bytes()).to_hex()[..16].to_owned();
        Self { title: title.to_owned(), text: text.to_owned(), digest }
    }
}

impl Said {
    /// What a person has to answer or mend before the work can go on, in a line.
    pub fn for_a_person(&self) -> Option<String> {
        match (&self.question, &self.blocked) {
            (Some(question), _) => Some(asks(question)),
            (None, Some(blocked)) => Some(format!("it is blocked: {}", line(blocked))),
            (None, None) => None,
        }
    }
}

/// What an agent asks, in a line.
pub fn asks(question: &str) -> String {
    format!("it asks: {}", line(question))
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
