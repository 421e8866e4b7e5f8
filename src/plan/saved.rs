//! Saved plans: exactly which actions were shown, bound to their ids, with a digest over the file.
//!
//! An action's id is derived from its verb, address, what is there and what shall be there. Applying a saved plan
//! therefore plans again and carries out the actions whose ids come back; one that doesn't has changed since.

use serde::{Deserialize, Serialize};

use crate::model::{Action, ActionId, Verb};

use super::document::{Document, Planned};

/// A plan as `plan -o FILE` writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPlan {
    /// The version of this file's format.
    pub version: u32,
    /// The commit that the plan was made from; none for a working tree, and such a plan can't be applied.
    pub commit: Option<String>,
    /// What it shows.
    pub actions: Vec<SavedAction>,
    /// The document, for people and tools.
    pub document: serde_json::Value,
    /// BLAKE3 over all of the above.
    pub digest: String,
}

/// An action of a saved plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedAction {
    /// Its id.
    pub id: ActionId,
    /// What it acts on.
    pub address: String,
    /// Whether a guard held it back. Then it is done only if an override lets it through.
    pub held_back: bool,
    /// How many issues and pull requests carry what it deletes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried_by: Option<u64>,
}

impl SavedAction {
    /// Why this is not what was agreed to, if `now`, the action of this id as it would be done now, takes more along.
    pub fn outgrown(&self, now: &Action) -> Option<String> {
        now.outgrown(self.carried_by, now.carried_by?)
    }
}

/// The version of the format that this program writes.
const VERSION: u32 = 1;

/// What every version of the format has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Why a saved plan can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// It isn't JSON, or lacks fields.
    #[error("is not a saved plan")]
    Malformed(#[source] serde_json::Error),
    /// It was written by a newer factoryctl.
    #[error("has format version {0}, and this factoryctl reads up to {VERSION}")]
    Newer(u32),
    /// It was changed after it was written.
    #[error("was changed after it was written: its digest doesn't fit")]
    Edited,
}

impl SavedPlan {
    /// The saved form of a document.
    pub fn new(document: &Document) -> Self {
        let saved = |p: &Planned| SavedAction {
            id: p.action.id.clone(),
            address: p.action.address.to_string(),
            held_back: p.blocked.is_some(),
            carried_by: p.action.carried_by,
        };
        let actions = document.actions.iter().map(saved).collect();
        let mut saved = Self {
            version: VERSION,
            commit: document.reading.commit.clone(),
            actions,
            document: document.to_json(),
            digest: String::new(),
        };
        saved.digest = saved.compute_digest();
        saved
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data is always valid JSON");
        text.push('\n');
        text
    }

    /// The loop that wanted an action.
    pub fn loop_of(&self, id: &ActionId) -> Option<&str> {
        self.shown(id)?["loop"].as_str()
    }

    /// What an action does.
    pub fn verb_of(&self, id: &ActionId) -> Option<Verb> {
        Verb::deserialize(&self.shown(id)?["verb"]).ok()
    }

    /// An action as the document shows it.
    fn shown(&self, id: &ActionId) -> Option<&serde_json::Value> {
        self.document["actions"].as_array()?.iter().find(|action| action["id"] == id.as_str())
    }

    /// Reads a saved plan and checks its digest.
    ///
    /// # Errors
    /// When it isn't one, is newer than this program, or was edited.
    pub fn parse(text: &str) -> Result<Self, SavedError> {
        // The version comes first: what a newer one looks like is not for this program to know.
        let Versioned { version } = serde_json::from_str(text).map_err(SavedError::Malformed)?;
        if version > VERSION {
            return Err(SavedError::Newer(version));
        }
        let saved: Self = serde_json::from_str(text).map_err(SavedError::Malformed)?;
        if saved.digest != saved.compute_digest() {
            return Err(SavedError::Edited);
        }
        Ok(saved)
    }

    fn compute_digest(&self) -> String {
        let bare = Self { digest: String::new(), ..self.clone() };
        let bytes = serde_json::to_vec(&bare).expect("plain data is always valid JSON");
        blake3::hash(&bytes).to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{desired, observed, repo, state};
    use crate::plan::samples::{Case, delete_label, wiki_off};

    const W: &str = "acme/widgets";

    fn saved() -> SavedPlan {
        let mut case =
            Case { desired: desired([repo(W)]), observed: observed([state(W)]), ..Case::default() };
        case.desired.budget.deletes = 0;
        case.desired.origin.commit = crate::model::CommitId::parse(&"ab".repeat(20));
        let verdict = case.judge(vec![wiki_off(W), delete_label(W, "old").carried_by(Some(2))], Vec::new());
        SavedPlan::new(&Document::new(&case.desired, &case.observed, &verdict, &[]))
    }

    #[test]
    fn a_saved_plan_binds_what_it_shows_and_comes_back_whole() {
        let plan = saved();
        let held: Vec<(&str, bool)> =
            plan.actions.iter().map(|a| (a.address.as_str(), a.held_back)).collect();
        assert_eq!(held, [("repo/acme/widgets", false), ("repo/acme/widgets/label/old", true)]);
        assert_eq!(plan.commit.as_deref(), Some("ab".repeat(20).as_str()));
        assert_eq!(plan.document["actions"].as_array().map(Vec::len), Some(2));
        let verbs: Vec<Option<Verb>> = plan.actions.iter().map(|a| plan.verb_of(&a.id)).collect();
        assert_eq!(verbs, [Some(Verb::UpdateSettings), Some(Verb::DeleteLabel)]);
        assert_eq!(SavedPlan::parse(&plan.to_text()).unwrap(), plan);
    }

    #[test]
    fn only_more_than_was_shown_is_another_decision() {
        let plan = saved();
        let without = SavedAction { carried_by: None, ..plan.actions[1].clone() };
        let rows = [
            ("fewer", &plan.actions[1], Some(1)),
            ("as many", &plan.actions[1], Some(2)),
            ("more", &plan.actions[1], Some(3)),
            ("none was shown", &without, Some(1)),
            ("they can't be counted now, which a guard is for", &plan.actions[1], None),
        ];
        let said = rows.map(|(name, saved, now)| {
            let says = saved.outgrown(&delete_label(W, "old").carried_by(now));
            format!("{name}: {}", says.as_deref().unwrap_or("agreed"))
        });
        insta::assert_snapshot!(said.join("\n"), @r"
        fewer: agreed
        as many: agreed
        more: 3 issues carry it now, and 2 were shown in the plan; look at it again: factoryctl plan
        none was shown: 1 issue carries it now, and how many was not shown in the plan; look at it again: factoryctl plan
        they can't be counted now, which a guard is for: agreed
        ");
        assert_eq!(plan.actions[0].outgrown(&wiki_off(W).carried_by(Some(1))), None, "it deletes nothing");
    }

    #[test]
    fn what_is_no_saved_plan_says_so() {
        let text = saved().to_text();
        let rows: [(&str, String); 7] = [
            ("no JSON", "Plan: 1 to add".to_owned()),
            ("no version", "{}".to_owned()),
            ("fields are missing", r#"{"version":1}"#.to_owned()),
            ("newer, whatever it looks like", r#"{"version":2,"steps":[]}"#.to_owned()),
            ("another commit", text.replace(&"ab".repeat(20), &"cd".repeat(20))),
            ("another action", text.replace(wiki_off(W).id.as_str(), "0000000000000000")),
            ("cut short", text[..text.len() / 2].to_owned()),
        ];
        let mut out = String::new();
        for (name, text) in rows {
            out.push_str(&format!("{name}: {}\n", SavedPlan::parse(&text).unwrap_err()));
        }
        insta::assert_snapshot!(out, @r"
        no JSON: is not a saved plan
        no version: is not a saved plan
        fields are missing: is not a saved plan
        newer, whatever it looks like: has format version 2, and this factoryctl reads up to 1
        another commit: was changed after it was written: its digest doesn't fit
        another action: was changed after it was written: its digest doesn't fit
        cut short: is not a saved plan
        ");
    }

    /// Every value of the file is under the digest, whichever it is.
    #[test]
    fn no_edit_goes_unnoticed() {
        #[expect(clippy::wildcard_enum_match_arm, reason = "every JSON value that holds no others is a leaf")]
        fn leaves(at: String, value: &serde_json::Value, out: &mut Vec<String>) {
            match value {
                serde_json::Value::Object(map) => {
                    map.iter().for_each(|(k, v)| leaves(format!("{at}/{k}"), v, out));
                }
                serde_json::Value::Array(items) => {
                    items.iter().enumerate().for_each(|(n, v)| leaves(format!("{at}/{n}"), v, out));
                }
                _ => out.push(at),
            }
        }
        let whole: serde_json::Value = serde_json::from_str(&saved().to_text()).unwrap();
        let mut all = Vec::new();
        leaves(String::new(), &whole, &mut all);
        assert!(all.len() > 40);
        for pointer in all {
            let mut edited = whole.clone();
            *edited.pointer_mut(&pointer).unwrap() = "edited".into();
            assert!(SavedPlan::parse(&edited.to_string()).is_err(), "{pointer}");
        }
    }
}
