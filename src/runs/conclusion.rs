//! What a run comes to: what its processes told, what was found of its work, and what was asked for, put together.

use crate::model::{CommitId, Lack, Outcome, Typed};

use super::{End, Found};

/// What was found of a run.
#[derive(Clone, Debug)]
pub struct Left {
    /// Of its commits.
    pub found: Found,
    /// Whether its agent left anything else, which was saved.
    pub saved: bool,
    /// Where it committed besides its branch, in words; `None` where it didn't.
    pub elsewhere: Option<String>,
    /// What a person has to answer or mend first, as it said itself.
    pub asks: Option<String>,
    /// Whether there is a secret in its last words, which are published with its commits.
    pub leaks: bool,
    /// Its answer of the form that was asked for, or why there is none; `None` where none was asked for.
    pub answer: Option<Result<Typed, String>>,
}

/// What it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// The outcome.
    pub outcome: Outcome,
    /// In words.
    pub says: String,
    /// What may be published.
    pub commit: Option<CommitId>,
    /// Its typed answer.
    pub typed: Option<Typed>,
    /// What was asked for and isn't there.
    pub lacks: Option<Lack>,
}

impl Conclusion {
    fn of(outcome: Outcome, says: impl Into<String>) -> Self {
        Self { outcome, says: says.into(), commit: None, typed: None, lacks: None }
    }

    fn lacks(outcome: Outcome, says: impl Into<String>, lack: Lack) -> Self {
        Self { lacks: Some(lack), ..Self::of(outcome, says) }
    }
}

/// Puts it together. An answer that was asked for is all that has to be there; otherwise a commit has to be.
pub fn conclude(end: &End, left: Left) -> Conclusion {
    let commit = match (&end.outcome, left.found) {
        (Outcome::Done, Found::Forbidden(says)) => return Conclusion::of(Outcome::PolicyViolation, says),
        (Outcome::Done, found) => match (left.asks, found) {
            (Some(asks), _) => return Conclusion::of(Outcome::NeedsInput, asks),
            // A masked text may hold what nobody knows to mask, so it isn't published in that form either.
            (None, Found::Work(_)) if left.leaks => {
                let says = "there is a secret in its last words, which would be published with what it made";
                return Conclusion::of(Outcome::PolicyViolation, says);
            }
            (None, Found::Work(commit)) => Some(commit),
            (None, Found::Links(at)) => {
                let says = format!(
                    "it committed a repository within the repository, at {at}, and so only a link to it"
                );
                return Conclusion::lacks(Outcome::NoVerdict, says, Lack::Links(at));
            }
            (None, _) => None,
        },
        (outcome, _) => return Conclusion::of(outcome.clone(), &end.says),
    };
    match (left.answer, commit) {
        (Some(Err(why)), _) => {
            let says = format!("it gave no answer of the form that was asked for: {why}");
            Conclusion::lacks(Outcome::NoVerdict, says, Lack::Answer(why))
        }
        (Some(Ok(typed)), commit) => {
            let says = match &commit {
                Some(_) => "it answered, and what it made may be published",
                None if left.saved => "it answered; it left changes and committed none of them",
                None => "it answered",
            };
            Conclusion { commit, typed: Some(typed), ..Conclusion::of(Outcome::Done, says) }
        }
        (None, Some(commit)) => {
            let says = "what it made may be published";
            Conclusion { commit: Some(commit), ..Conclusion::of(Outcome::Done, says) }
        }
        // In a session that knows of nothing there was nothing to do; that tells nothing of the task.
        (None, None) if end.cold => Conclusion::of(
            Outcome::NoVerdict,
            "it came back in another session, which knew nothing of the work, and committed nothing",
        ),
        (None, None) if let Some(elsewhere) = left.elsewhere => {
            Conclusion::lacks(Outcome::NoVerdict, &*elsewhere, Lack::Elsewhere(elsewhere.clone()))
        }
        (None, None) if left.saved => {
            Conclusion::lacks(Outcome::NoVerdict, "it left changes and committed none of them", Lack::Commits)
        }
        (None, None) => Conclusion::lacks(Outcome::NoChange, "it changed nothing", Lack::Changes),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::model::{AnswerFrom, Usage};
    use crate::runs::Exit;

    fn end(outcome: Outcome, cold: bool) -> End {
        End {
            outcome,
            says: "so it ended".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            took: Duration::ZERO,
            exit: Exit::Code(0),
            stop: None,
            tries: 1,
            used: Usage::default(),
            session_used: Usage::default(),
            session: None,
            cold,
            setup_failed: None,
            teardown_failed: None,
            answer: None,
            asked: None,
            denied: 0,
            cost: None,
            quotas: Vec::new(),
            printed: 0,
            skipped: 0,
            strays: 0,
            left: Vec::new(),
        }
    }

    #[test]
    fn it_is_done_when_what_was_asked_for_is_there() {
        let work = || Found::Work(CommitId::parse(&"ab".repeat(20)).unwrap());
        let forbidden = || Found::Forbidden("no".to_owned());
        let links = || Found::Links("`sub`".to_owned());
        let typed = || Some(Ok(Typed { value: json!({}), from: AnswerFrom::Words }));
        let wrong = || Some(Err("there is none".to_owned()));
        let answer = Some(Lack::Answer("there is none".to_owned()));
        let (warm, cold) = (false, true);
        for (outcome, found, saved, answered, is_cold, expect, lacks) in [
            (Outcome::Done, work(), false, None, warm, "done, commit: what it made may be published", None),
            (Outcome::Done, work(), true, None, cold, "done, commit: what it made may be published", None),
            (
                Outcome::Done,
                Found::Nothing,
                false,
                None,
                warm,
                "no change: it changed nothing",
                Some(Lack::Changes),
            ),
            (
                Outcome::Done,
                Found::Nothing,
                true,
                None,
                warm,
                "no verdict: it left changes",
                Some(Lack::Commits),
            ),
            (Outcome::Done, Found::Nothing, false, None, cold, "no verdict: it came back in another", None),
            (Outcome::Done, Found::Nothing, true, None, cold, "no verdict: it came back in another", None),
            (Outcome::Done, forbidden(), false, typed(), warm, "policy violation: no", None),
            (Outcome::Done, Found::Nothing, false, typed(), warm, "done, answer: it answered", None),
            (Outcome::Done, Found::Nothing, true, typed(), cold, "done, answer: it answered; it left", None),
            (
                Outcome::Done,
                work(),
                false,
                typed(),
                warm,
                "done, commit, answer: it answered, and what",
                None,
            ),
            (
                Outcome::Done,
                work(),
                false,
                wrong(),
                warm,
                "no verdict: it gave no answer of the form",
                answer.clone(),
            ),
            (
                Outcome::Done,
                Found::Nothing,
                true,
                wrong(),
                warm,
                "no verdict: it gave no answer of the",
                answer,
            ),
            (
                Outcome::Done,
                links(),
                true,
                typed(),
                warm,
                "no verdict: it committed a repository within the repository, at `sub`, and so",
                Some(Lack::Links("`sub`".to_owned())),
            ),
            (Outcome::Killed, links(), false, None, warm, "killed: so it ended", None),
            (Outcome::NeedsInput, work(), false, typed(), warm, "needs input: so it ended", None),
            (Outcome::Killed, Found::Nothing, true, wrong(), warm, "killed: so it ended", None),
        ] {
            let said = conclude(
                &end(outcome, is_cold),
                Left { found, saved, elsewhere: None, asks: None, leaks: false, answer: answered },
            );
            let commit = if said.commit.is_some() { ", commit" } else { "" };
            let typed = if said.typed.is_some() { ", answer" } else { "" };
            let words = format!("{}{commit}{typed}: {}", said.outcome, said.says);
            assert!(words.starts_with(expect) && said.lacks == lacks, "{expect}: {words}, {:?}", said.lacks);
        }
        for (found, expect) in [(Found::Nothing, Outcome::NoVerdict), (work(), Outcome::Done)] {
            let elsewhere = Some("it committed on `side`".to_owned());
            let left = Left { found, saved: true, elsewhere, asks: None, leaks: false, answer: None };
            let said = conclude(&end(Outcome::Done, warm), left);
            let lacks = matches!(said.lacks, Some(Lack::Elsewhere(says)) if says == "it committed on `side`");
            assert_eq!((&said.outcome, lacks), (&expect, expect == Outcome::NoVerdict));
        }
        for (found, expect) in [(work(), Outcome::NeedsInput), (forbidden(), Outcome::PolicyViolation)] {
            let left = Left {
                found,
                saved: false,
                elsewhere: None,
                asks: Some("it asks: which?".to_owned()),
                leaks: false,
                answer: typed(),
            };
            let said = conclude(&end(Outcome::Done, warm), left);
            assert_eq!((said.outcome, said.commit, said.typed, said.lacks), (expect, None, None, None));
        }
        for (found, expect) in [(work(), Outcome::PolicyViolation), (Found::Nothing, Outcome::Done)] {
            let left =
                Left { found, saved: false, elsewhere: None, asks: None, leaks: true, answer: typed() };
            let said = conclude(&end(Outcome::Done, warm), left);
            let lacks = matches!(said.lacks, Some(Lack::Elsewhere(says)) if says == "it committed on `side`");
            assert_eq!((&said.outcome, lacks), (&expect, expect == Outcome::NoVerdict));
        }
    }
}
