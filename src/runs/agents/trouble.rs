//! What is in the way of an agent, told by a status or by words.

use jiff::Timestamp;

/// What is in the way of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It isn't let in.
    Auth,
    /// The quota is spent, until then where that is said.
    Credit(Option<Timestamp>),
    /// The servers are overloaded.
    Overloaded,
    /// Too many requests.
    RateLimited,
    /// It used up its turns.
    TurnLimit,
    /// The model declined.
    Refused,
    /// The session that was to go on isn't there.
    Lost,
    /// Something else, in its words.
    Other(String),
}

impl Trouble {
    /// What an HTTP status of the model's API means; the text may say more of a 429.
    pub fn of_status(status: u64, says: &str) -> Self {
        match status {
            401 | 403 => Self::Auth,
            402 => Self::Credit(None),
            429 if speaks_of_quota(says) => Self::Credit(None),
            429 => Self::RateLimited,
            500..=599 => Self::Overloaded,
            _ => Self::Other(says.to_owned()),
        }
    }

    /// What an error in words means, where no status was given.
    pub fn of_text(says: &str) -> Self {
        Self::known(says).unwrap_or_else(|| Self::Other(says.to_owned()))
    }

    /// What words mean, where they mean one of the known troubles.
    pub fn known(says: &str) -> Option<Self> {
        let lower = says.to_lowercase();
        let speaks_of = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let status = [401, 402, 403, 429, 500, 502, 503, 504, 529].into_iter().find(|n| mentions(&lower, *n));
        match status {
            Some(status) => Some(Self::of_status(status, says)),
            None if speaks_of_quota(says) => Some(Self::Credit(None)),
            None if speaks_of(&["overloaded", "service unavailable", "server_error"]) => {
                Some(Self::Overloaded)
            }
            None if speaks_of(&["rate limit", "rate_limit", "too many requests"]) => Some(Self::RateLimited),
            None if speaks_of(&["api key", "api_key", "authentication", "unauthorized", "not logged in"]) => {
                Some(Self::Auth)
            }
            None if speaks_of(&["usage policy"]) => Some(Self::Refused),
            None if speaks_of(&LOST) => Some(Self::Lost),
            None => None,
        }
    }
}

/// How agents say that there is no session of the id that they were given: claude, codex, gemini.
const LOST: [&str; 3] = ["no conversation found", "no rollout found", "error resuming session"];

fn speaks_of_quota(says: &str) -> bool {
    let lower = says.to_lowercase();
    [
        "insufficient_quota",
        "usage limit",
        "hit your",
        "credit balance",
        "billing_error",
        "quota exceeded",
        "current quota",
        "out of credits",
        "exhausted your",
    ]
    .iter()
    .any(|words| lower.contains(words))
}

/// Whether a number stands in a text by itself.
fn mentions(text: &str, number: u64) -> bool {
    let number = number.to_string();
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.');
    text.match_indices(&number).any(|(at, _)| {
        !digit(text[..at].chars().next_back()) && !digit(text[at + number.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_told_by_its_status_or_its_words() {
        for (says, expect) in [
            ("unexpected status 401 Unauthorized: bad key", Trouble::Auth),
            ("API Error: 429 too many", Trouble::RateLimited),
            ("429: insufficient_quota", Trouble::Credit(None)),
            ("You've hit your usage limit.", Trouble::Credit(None)),
            ("You've hit your session limit · resets 3pm", Trouble::Credit(None)),
            ("503 Service Unavailable", Trouble::Overloaded),
            ("Service Unavailable", Trouble::Overloaded),
            ("Not logged in · Please run /login", Trouble::Auth),
            ("Overloaded", Trouble::Overloaded),
            ("No conversation found with session ID: 1", Trouble::Lost),
            ("took 1429 ms at 10.0.0.503", Trouble::Other("took 1429 ms at 10.0.0.503".into())),
        ] {
            assert_eq!(Trouble::of_text(says), expect, "{says}");
        }
    }
}
