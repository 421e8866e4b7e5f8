//! What loops return, and how several of them become one plan.

use std::collections::BTreeMap;

use crate::model::{Action, Address};

use super::guard::Blocked;

/// What one loop wants: actions to take, and what it would do but for something it waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What to do.
    pub actions: Vec<Action>,
    /// What it waits for.
    pub waiting: Vec<Waiting>,
    /// What a person has to mend: nothing the loop may do would.
    pub problems: Vec<Problem>,
}

/// Something that only a person can mend.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// What it is about.
    pub address: Address,
    /// What is wrong, and the next step.
    pub says: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.address, self.says)
    }
}

/// Something that would be done but for one thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiting {
    /// What it is about.
    pub address: Address,
    /// What has to happen first.
    pub on: String,
}

impl Plan {
    /// Nothing to do.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds an action.
    pub fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Adds something that waits.
    pub fn wait(&mut self, address: Address, on: impl Into<String>) {
        self.waiting.push(Waiting { address, on: on.into() });
    }

    /// Adds something that a person has to mend.
    pub fn problem(&mut self, address: Address, says: impl Into<String>) {
        self.problems.push(Problem { address, says: says.into() });
    }

    /// Adds all that another plan holds.
    pub fn extend(&mut self, other: Self) {
        self.problems.extend(other.problems);
        self.actions.extend(other.actions);
        self.waiting.extend(other.waiting);
    }
}

/// Actions in the order of documents and of carrying out: by repository, then stage, then address.
pub(super) fn order(a: &Action, b: &Action) -> std::cmp::Ordering {
    let repos = a.effect.repo().cmp(b.effect.repo());
    repos
        .then_with(|| a.verb.stage().cmp(&b.verb.stage()))
        .then_with(|| a.address.cmp(&b.address))
        .then_with(|| a.verb.cmp(&b.verb))
        .then_with(|| a.id.cmp(&b.id))
}

/// Puts the plans of all loops together: sorted, the same intention only once. Two loops that want different
/// things of one object contradict each other; both of their actions come back blocked.
pub fn combine(plans: impl IntoIterator<Item = Plan>) -> (Plan, Vec<(Action, Blocked)>) {
    let mut all = Plan::empty();
    for plan in plans {
        all.extend(plan);
    }
    all.actions.sort_by(order);
    all.actions.dedup_by(|a, b| a.id == b.id);
    all.waiting.sort();
    all.waiting.dedup();
    all.problems.sort();
    all.problems.dedup();

    let mut wants: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (index, action) in all.actions.iter().enumerate() {
        wants.entry((action.address.as_str(), action.verb.kind())).or_default().push(index);
    }
    let mut contradicted: BTreeMap<usize, String> = BTreeMap::new();
    for indices in wants.values() {
        for &index in indices {
            let mine = &all.actions[index];
            if let Some(&other) = indices.iter().find(|&&o| o != index && contradicts(mine, &all.actions[o]))
            {
                let other = &all.actions[other];
                contradicted.insert(
                    index,
                    format!("loop `{}` wants to {} the same object", other.wanted_by, other.verb.as_str()),
                );
            }
        }
    }
    let mut kept = Vec::with_capacity(all.actions.len());
    let mut blocked = Vec::new();
    for (index, action) in all.actions.drain(..).enumerate() {
        match contradicted.remove(&index) {
            None => kept.push(action),
            Some(says) => blocked.push((action, Blocked { guard: "contradiction", says, overridable: None })),
        }
    }
    all.actions = kept;
    (all, blocked)
}

/// Whether two actions on one address want different things. One loop may plan several verbs for an address.
fn contradicts(a: &Action, b: &Action) -> bool {
    a.wanted_by != b.wanted_by && a.after != b.after
}
