//! Advisors: who is asked besides those who review, what their word counts for, and what it means that one gave none.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Case, CommitId, RepoName, Source, Watched};

/// When an advisor is asked; its playbook has the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdvisorRole {
    /// Before a head is reviewed: what to look at.
    PreFlight,
    /// While it is: what a reviewer can't judge by itself.
    MidFlight,
    /// After it passed, and before it lands: whether the reviews are to be believed.
    PostVerify,
}

impl AdvisorRole {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::PreFlight, Self::MidFlight, Self::PostVerify];
    /// The words of config.
    pub const WORDS: &'static [&'static str] = &["pre-flight", "mid-flight", "post-verify"];

    /// By its word.
    pub fn by_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreFlight => "pre-flight",
            Self::MidFlight => "mid-flight",
            Self::PostVerify => "post-verify",
        }
    }
}

/// What the word of an advisor counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// It is shown.
    Advice,
    /// What it has a veto on doesn't land.
    Veto,
}

impl Authority {
    /// The words of config.
    pub const WORDS: &'static [&'static str] = &["advice", "veto"];

    /// By its word.
    pub fn by_word(word: &str) -> Option<Self> {
        [Self::Advice, Self::Veto].into_iter().find(|one| one.as_str() == word)
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Advice => "advice",
            Self::Veto => "veto",
        }
    }
}

/// What it means that an advisor failed, or answered off its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// It is passed over, which the ledger tells.
    Open,
    /// Nothing goes on without it.
    Veto,
}

impl OnFailure {
    /// The words of config.
    pub const WORDS: &'static [&'static str] = &["open", "veto"];

    /// By its word.
    pub fn by_word(word: &str) -> Option<Self> {
        [Self::Open, Self::Veto].into_iter().find(|one| one.as_str() == word)
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Veto => "veto",
        }
    }
}

/// An advisor, as config declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advisor {
    /// The agents that may be it, the preferred one first; those of its playbook or of the pipeline when there are none.
    pub agents: Vec<String>,
    /// What its word counts for, where it has a verdict.
    pub authority: Authority,
    /// What it means that it has none.
    pub on_failure: OnFailure,
    /// When it is asked, where it is asked beforehand.
    pub when: AskedWhen,
    /// How often one review may consult it.
    pub consults: u32,
    /// Where it was written.
    pub source: Source,
}

/// When an advisor is asked beforehand: where one of these holds, and always where none is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedWhen {
    /// Once a pull request was reworked.
    pub reworked: bool,
    /// Where more lines than these come and go.
    pub lines: Option<u32>,
    /// Where one of these files is changed, as globs.
    pub paths: Vec<String>,
}

/// That an advisor gave no word, and was passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// Which one.
    pub advisor: AdvisorRole,
    /// The head that it was asked about.
    pub head: CommitId,
    /// What it was asked: [`super::Task::version`].
    pub work: String,
    /// Why it gave none.
    pub why: String,
}

/// An advisor is passed over. Nothing but the ledger shows it: what is recorded of it is the whole effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassOver {
    /// Where.
    pub repo: RepoName,
    /// What of the issue must be as it was seen.
    pub watched: Watched,
    /// What is passed over.
    pub passed: PassedOver,
}

impl PassOver {
    /// How it looks before.
    pub fn value(&self, case: &Case) -> Value {
        self.watched.beside(Value::Null, case.stamp(&self.watched))
    }

    /// How it looks after.
    pub fn done(&self, case: &Case) -> Value {
        let PassedOver { advisor, head, work, why } = &self.passed;
        let value = json!({ "advisor": advisor.as_str(), "head": head.as_str(), "work": work, "why": why });
        self.watched.beside(value, case.stamp(&self.watched))
    }
}

/// The most that is remembered of one issue.
const MOST: usize = 32;

/// What was passed over, by issue, as far as the ledger tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllPassedOver(Arc<BTreeMap<(RepoName, u64), Vec<PassedOver>>>);

impl AllPassedOver {
    /// Takes note of what an action left that passed an advisor over.
    pub fn note(&mut self, repo: RepoName, after: &Value) {
        let (Some(number), Ok(passed)) = (after["of"]["issue"].as_u64(), PassedOver::deserialize(after))
        else {
            return;
        };
        let all = Arc::make_mut(&mut self.0).entry((repo, number)).or_default();
        if all.len() >= MOST {
            all.remove(0);
        }
        all.push(passed);
    }

    /// What was passed over for an issue, oldest first.
    pub fn of(&self, repo: &RepoName, number: u64) -> &[PassedOver] {
        self.0.get(&(repo.clone(), number)).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_as_it_is_written() {
        assert!(AdvisorRole::ALL.iter().map(|it| it.as_str()).eq(AdvisorRole::WORDS.iter().copied()));
        for word in AdvisorRole::WORDS {
            assert_eq!(AdvisorRole::by_word(word).map(AdvisorRole::as_str), Some(*word));
            assert_eq!(serde_json::from_value::<AdvisorRole>(json!(word)).unwrap().as_str(), *word);
        }
        for word in Authority::WORDS {
            assert_eq!(Authority::by_word(word).map(Authority::as_str), Some(*word));
        }
        for word in OnFailure::WORDS {
            assert_eq!(OnFailure::by_word(word).map(OnFailure::as_str), Some(*word));
        }
    }

    #[test]
    fn more_that_is_passed_over_takes_no_more_memory() {
        let (mut all, repo) = (AllPassedOver::default(), RepoName::parse("acme/anvil").unwrap());
        for n in 0..100 {
            let work = format!("{n:08}");
            let after = json!({
                "advisor": "mid-flight", "head": "ab".repeat(20), "work": work, "why": "it crashed", "of": { "issue": 7 },
            });
            all.note(repo.clone(), &after);
        }
        all.note(repo.clone(), &json!({ "advisor": "nobody", "of": { "issue": 7 } }));
        assert_eq!((all.of(&repo, 7).len(), all.of(&repo, 8).len()), (MOST, 0));
        assert_eq!(all.of(&repo, 7)[MOST - 1].work, "00000099");
    }
}
