//! What loops return, and how several of them become one plan.

use std::collections::BTreeMap;

use jiff::Timestamp;

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
    /// When what is waited for is over by the clock alone: the first such moment of each loop.
    pub over_at: BTreeMap<&'static str, Timestamp>,
}

/// Something that only a person can mend.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// What it is about.
    pub address: Address,
    /// What is wrong, and the next step.
    pub says: String,
    /// The loop that found it; empty until its plan is signed.
    pub found_by: &'static str,
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

    /// Adds something that is waited for until this moment.
    pub fn wait_until(&mut self, address: Address, until: Timestamp, why: impl std::fmt::Display) {
        self.wait(address, format!("{until:.0}: {why}"));
        self.is_over_at("", until);
    }

    fn is_over_at(&mut self, of: &'static str, moment: Timestamp) {
        let first = self.over_at.entry(of).or_insert(moment);
        *first = moment.min(*first);
    }

    /// Adds something that a person has to mend.
    pub fn problem(&mut self, address: Address, says: impl Into<String>) {
        self.problems.push(Problem { address, says: says.into(), found_by: "" });
    }

    /// The plan of this loop.
    #[must_use]
    pub fn signed(mut self, by: &'static str) -> Self {
        for problem in &mut self.problems {
            problem.found_by = by;
        }
        self.over_at = self.over_at.into_values().map(|moment| (by, moment)).collect();
        self
    }

    /// Adds all that another plan holds.
    pub fn extend(&mut self, other: Self) {
        self.problems.extend(other.problems);
        self.actions.extend(other.actions);
        self.waiting.extend(other.waiting);
        for (of, moment) in other.over_at {
            self.is_over_at(of, moment);
        }
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
    all.actions.sort_by(|a, b| order(a, b).then_with(|| a.wanted_by.cmp(b.wanted_by)));
    all.actions.dedup_by(|again, first| {
        let same = again.id == first.id;
        if same {
            let more: Vec<_> = again.because.drain(..).filter(|s| !first.because.contains(s)).collect();
            first.because.extend(more);
        }
        same
    });
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
            Some(says) => blocked.push((action, Blocked::outright("contradiction", says))),
        }
    }
    all.actions = kept;
    (all, blocked)
}

/// Whether two actions on one address want different things. One loop may plan several verbs for an address.
fn contradicts(a: &Action, b: &Action) -> bool {
    a.wanted_by != b.wanted_by && a.after != b.after
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::samples::source;
    use crate::plan::samples::{archive, create_label, delete_label, unarchive, update_label, wiki_off};

    const W: &str = "acme/widgets";

    fn plan(actions: impl IntoIterator<Item = Action>) -> Plan {
        Plan { actions: actions.into_iter().collect(), ..Plan::default() }
    }

    fn by(wanted_by: &'static str, action: Action) -> Action {
        Action { wanted_by, ..action }
    }

    #[test]
    fn the_same_intention_stands_once_with_the_lines_of_all_who_want_it() {
        let other = by("other", create_label(W, "bug")).because([source(99)]);
        let (all, contradictions) = combine([plan([create_label(W, "bug")]), plan([other])]);
        assert_eq!(all.actions.len(), 1);
        assert_eq!(all.actions[0].because, [source(31), source(99)]);
        assert!(contradictions.is_empty());
    }

    #[test]
    fn loops_that_want_different_things_of_one_object_block_each_other() {
        let rows: [(&str, Vec<Plan>); 4] = [
            (
                "two colours, one by each loop",
                vec![plan([update_label(W, "bug", "bug")]), plan([by("other", delete_label(W, "bug"))])],
            ),
            (
                "two wants of one loop are its own affair",
                vec![plan([update_label(W, "bug", "bug"), delete_label(W, "bug")])],
            ),
            ("different objects", vec![plan([wiki_off(W)]), plan([by("other", delete_label(W, "bug"))])]),
            (
                "both delete it",
                vec![plan([delete_label(W, "bug")]), plan([by("other", delete_label(W, "bug"))])],
            ),
        ];
        let mut out = String::new();
        for (name, plans) in rows {
            let (all, contradictions) = combine(plans);
            out.push_str(&format!("{name}: {} go on\n", all.actions.len()));
            for (action, blocked) in contradictions {
                out.push_str(&format!("  {} {}: {}\n", action.verb.as_str(), action.address, blocked.says));
                assert_eq!((blocked.guard, blocked.overrides), ("contradiction", Vec::new()));
            }
        }
        insta::assert_snapshot!(out, @r"
        two colours, one by each loop: 0 go on
          update-label repo/acme/widgets/label/bug: loop `other` wants to delete-label the same object
          delete-label repo/acme/widgets/label/bug: loop `labels` wants to update-label the same object
        two wants of one loop are its own affair: 2 go on
        different objects: 2 go on
        both delete it: 1 go on
        ");
    }

    #[test]
    fn within_a_repository_unarchiving_comes_first_and_archiving_last() {
        let actions = [
            archive(W),
            delete_label(W, "old"),
            wiki_off("acme/zoo"),
            create_label(W, "a"),
            update_label(W, "b", "c"),
            wiki_off(W),
            unarchive(W),
            wiki_off("Acme/anvil"),
        ];
        let (all, _) = combine([plan(actions)]);
        let shown: Vec<String> =
            all.actions.iter().map(|a| format!("{} {}", a.effect.repo(), a.verb.as_str())).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        Acme/anvil update-settings
        acme/widgets unarchive-repository
        acme/widgets rename-label
        acme/widgets update-settings
        acme/widgets create-label
        acme/widgets delete-label
        acme/widgets archive-repository
        acme/zoo update-settings
        ");
    }

    #[test]
    fn what_waits_and_what_people_must_mend_stands_once() {
        let mut one = Plan::empty();
        let address = Address::repo(&crate::model::samples::name(W));
        one.wait(address.clone(), "a reading");
        one.problem(address, "is gone");
        let (all, _) = combine([one.clone(), one]);
        assert_eq!((all.waiting.len(), all.problems.len()), (1, 1));
        assert_eq!(all.problems[0].to_string(), "repo/acme/widgets is gone");
    }

    proptest! {
        /// How loops divide the work and in which order they are asked changes nothing.
        #[test]
        fn the_order_of_asking_does_not_matter(
            order in Just((0..6usize).collect::<Vec<_>>()).prop_shuffle(),
            cut in 0usize..6,
        ) {
            let pool = [
                archive(W), delete_label(W, "x"), wiki_off(W), wiki_off("acme/zoo"), create_label(W, "y"),
                by("other", update_label(W, "x", "x")),
            ];
            let shuffled: Vec<Action> = order.iter().map(|n| pool[*n].clone()).collect();
            let (a, b) = shuffled.split_at(cut);
            prop_assert_eq!(
                combine([plan(a.to_vec()), plan(b.to_vec())]),
                combine([plan(pool.to_vec())])
            );
        }
    }
}
