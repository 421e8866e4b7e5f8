//! The independent checker: looks at a finished plan without knowing how it was made, and names what must never
//! be in one. A violation is a bug of ours; such a plan is shown and not applied.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Action, ActionId, Effect, Fingerprint, Observed, RepoName, Risk, Seen, Verb};

/// Something that must never be in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which action.
    pub action: ActionId,
    /// What is wrong.
    pub what: String,
}

/// Checks every action against what was observed, and the plan as a whole.
pub fn check<'a>(actions: impl IntoIterator<Item = &'a Action>, observed: &Observed) -> Vec<Violation> {
    let actions: Vec<&Action> = actions.into_iter().collect();
    let mut violations = Vec::new();
    let mut ids = BTreeSet::new();
    let unarchived: BTreeSet<&RepoName> =
        actions.iter().filter(|a| a.verb == Verb::UnarchiveRepository).map(|a| a.effect.repo()).collect();
    for action in &actions {
        let mut say = |what: String| violations.push(Violation { action: action.id.clone(), what });
        if !ids.insert(&action.id) {
            say("stands in the plan twice".to_owned());
        }
        if action.id
            != ActionId::of(action.verb, &action.address, &Fingerprint::of(&action.before), &action.after)
        {
            say("has an id that is not derived from what it says".to_owned());
        }
        if action.before == action.after {
            say("changes nothing".to_owned());
        }
        if action.address.repo_name().is_some_and(|repo| &repo != action.effect.repo()) {
            say(format!("stands at {} and acts on {}", action.address, action.effect.repo()));
        }
        if !fits(action) {
            say(format!("says {} and does something else", action.verb.as_str()));
        }
        if matches!(action.effect, Effect::DeleteLabel { .. }) && action.risk != Risk::Destructive {
            say("deletes and isn't marked destructive".to_owned());
        }
        if let Some(what) = against_world(action, observed, &unarchived) {
            say(what);
        }
    }
    violations.extend(label_collisions(&actions));
    violations
}

/// Whether the verb and the effect are the same thing.
fn fits(action: &Action) -> bool {
    use crate::model::Setting::{Archived, Visibility};
    match (&action.verb, &action.effect) {
        (Verb::CreateRepository, Effect::CreateRepository { .. })
        | (Verb::CreateLabel, Effect::CreateLabel { .. })
        | (Verb::DeleteLabel, Effect::DeleteLabel { .. })
        | (Verb::Comment, Effect::Comment { .. })
        | (Verb::DeleteComment, Effect::DeleteComment { .. })
        | (Verb::Report, Effect::Report { .. })
        | (Verb::Propose, Effect::Propose { .. })
        | (Verb::Withdraw, Effect::Withdraw { .. }) => true,
        (Verb::UpdateLabel, Effect::UpdateLabel { name, label, .. }) => name.key() == label.name.key(),
        (Verb::RenameLabel, Effect::UpdateLabel { name, label, .. }) => name.key() != label.name.key(),
        (Verb::UpdateSettings, Effect::UpdateSettings { settings, .. }) => {
            !settings.is_empty() && settings.keys().all(|s| !matches!(s, Archived | Visibility))
        }
        (Verb::ChangeVisibility, Effect::UpdateSettings { settings, .. }) => {
            settings.keys().eq([&Visibility])
        }
        (Verb::ArchiveRepository | Verb::UnarchiveRepository, Effect::UpdateSettings { settings, .. }) => {
            settings.keys().eq([&Archived])
        }
        _ => false,
    }
}

fn against_world(action: &Action, observed: &Observed, unarchived: &BTreeSet<&RepoName>) -> Option<String> {
    let repo = action.effect.repo();
    match &action.effect {
        Effect::CreateRepository { .. } => match observed.repo(repo) {
            Seen::Absent => None,
            Seen::Known(_) => Some("creates a repository that is there".to_owned()),
            Seen::Unknown => Some("creates a repository that nobody knows to be absent".to_owned()),
        },
        Effect::UpdateSettings { .. }
        | Effect::CreateLabel { .. }
        | Effect::UpdateLabel { .. }
        | Effect::DeleteLabel { .. } => {
            let Seen::Known(state) = observed.repo(repo) else {
                return Some("changes a repository whose state is not known".to_owned());
            };
            if state.archived && !unarchived.contains(repo) {
                return Some("writes to an archived repository".to_owned());
            }
            if matches!(action.effect, Effect::UpdateSettings { .. }) {
                return None;
            }
            match state.labels {
                Seen::Known(_) => None,
                Seen::Absent | Seen::Unknown => {
                    Some("changes labels that were not read completely".to_owned())
                }
            }
        }
        Effect::Comment { .. }
        | Effect::DeleteComment { .. }
        | Effect::Report { .. }
        | Effect::Propose { .. }
        | Effect::Withdraw { .. } => None,
    }
}

/// Two label actions of one repository must not meet at the same name.
fn label_collisions(actions: &[&Action]) -> Vec<Violation> {
    let mut names: BTreeMap<(RepoName, String), &ActionId> = BTreeMap::new();
    let mut violations = Vec::new();
    for action in actions {
        let touched: BTreeSet<String> = match &action.effect {
            Effect::CreateLabel { label, .. } => BTreeSet::from([label.name.key()]),
            Effect::UpdateLabel { name, label, .. } => BTreeSet::from([name.key(), label.name.key()]),
            Effect::DeleteLabel { name, .. } => BTreeSet::from([name.key()]),
            _ => BTreeSet::new(),
        };
        for name in touched {
            let slot = (action.effect.repo().clone(), name);
            if let Some(other) = names.get(&slot) {
                let what = format!("and action {other} both touch label `{}`", slot.1);
                violations.push(Violation { action: action.id.clone(), what });
            } else {
                names.insert(slot, &action.id);
            }
        }
    }
    violations
}
