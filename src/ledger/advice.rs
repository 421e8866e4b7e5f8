//! What an advisor said, as the ledger keeps it: its verdict, and how many disagreements of which weight. Its words stay with
//! the run.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::AdvisorRole;

/// What an advisor said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// `approve` or `veto` of one that has a verdict, else `advice`.
    pub says: String,
    /// How many disagreements it has that nothing may land with.
    #[serde(default)]
    pub blocking: u64,
    /// How many others.
    #[serde(default)]
    pub concerns: u64,
}

impl Advice {
    /// From the answer of a run by a playbook; nothing where that is none of an advisor's.
    pub fn of(book: &str, answer: &Value) -> Option<Self> {
        let count = |severity: &str| {
            let all = answer["disagreements"].as_array().into_iter().flatten();
            all.filter(|it| it["severity"] == severity).count() as u64
        };
        let (blocking, concerns) = (count("blocking"), count("concern"));
        let says = match AdvisorRole::by_word(book)? {
            AdvisorRole::PreFlight | AdvisorRole::MidFlight => "advice",
            // Who approves of what it calls blocking doesn't approve.
            AdvisorRole::PostVerify if answer["verdict"].as_str()? == "approve" && blocking == 0 => "approve",
            AdvisorRole::PostVerify => "veto",
        };
        Some(Self { says: says.to_owned(), blocking, concerns })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_advisor_said_is_kept_in_short() {
        let said = |book: &str, answer: Value| {
            Advice::of(book, &answer).map(|it| format!("{} {} {}", it.says, it.blocking, it.concerns))
        };
        let one = |severity: &str| json!({ "claim": "a", "assessment": "b", "severity": severity });
        let veto =
            json!({ "verdict": "veto", "disagreements": [one("blocking"), one("concern"), one("concern")] });
        for (book, answer, expect) in [
            ("post-verify", veto, Some("veto 1 2")),
            ("post-verify", json!({ "verdict": "approve", "disagreements": [] }), Some("approve 0 0")),
            ("post-verify", json!({ "verdict": "a word of a later version" }), Some("veto 0 0")),
            (
                "post-verify",
                json!({ "verdict": "approve", "disagreements": [one("blocking")] }),
                Some("veto 1 0"),
            ),
            ("post-verify", json!({}), None),
            ("pre-flight", json!({ "risk": "none" }), Some("advice 0 0")),
            ("mid-flight", json!({ "reasoning": "so" }), Some("advice 0 0")),
            ("plan", json!({ "verdict": "veto" }), None),
        ] {
            assert_eq!(said(book, answer.clone()).as_deref(), expect, "{book} {answer}");
        }
    }
}
