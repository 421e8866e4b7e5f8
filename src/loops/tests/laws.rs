//! What holds for every loop, those that are still to be written too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::super::{ALL, Inputs, Selection, plan_all, registry};
use super::interpreter::apply_to;
use crate::model::arbitrary::pair;
use crate::model::samples::{desired, name, now, observed, source, with_config};
use crate::model::{
    Action, ActionId, Cause, CommitId, ConfigPull, Desired, Effect, Facet, Gap, Mode, Observed, RepoName,
    Risk, Seen, Setting, Verb,
};
use crate::plan::{Document, Plan, Switches, check, combine};

fn all(desired: &Desired, observed: &Observed) -> Vec<Action> {
    let plans =
        plan_all(Inputs { desired, observed, now: now() }, &Selection::default(), &Switches::default());
    let (plan, contradictions) = combine(plans.0);
    assert!(contradictions.is_empty(), "{contradictions:?}");
    plan.actions
}

fn judged(desired: &Desired, observed: &Observed) -> Document {
    registry::document(desired, observed, now(), &Selection::default())
}

fn ids<'a>(actions: impl IntoIterator<Item = &'a Action>) -> BTreeSet<ActionId> {
    actions.into_iter().map(|a| a.id.clone()).collect()
}

/// What actions change, a fact for each field of what is changed field by field.
fn facts<'a>(actions: impl IntoIterator<Item = &'a Action>) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for action in actions {
        let what = format!("{} {}", action.verb.as_str(), action.address);
        if matches!(action.verb, Verb::UpdateSettings | Verb::UpdateLabel) {
            let fields = action.after.as_object().unwrap().iter();
            let changed = fields.filter(|(field, value)| action.before.get(field) != Some(*value));
            out.extend(changed.map(|(field, value)| format!("{what} {field} {value}")));
        } else {
            out.insert(format!("{what} {}", action.id));
        }
    }
    out
}

/// The same world with a pull request on the config repository that proposes what is desired.
fn with_pull((desired, mut observed): (Desired, Observed), base: Desired) -> (Desired, Observed) {
    let desired = with_config(desired, "acme/config");
    observed.config_pulls.push(ConfigPull {
        number: 7,
        head: CommitId::parse(&"ab".repeat(20)).unwrap(),
        base: Ok(Arc::new(with_config(base, "acme/config"))),
        proposed: Ok(Arc::new(desired.clone())),
        comments: Vec::new(),
        check: None,
        checks: false,
        from_fork: false,
    });
    (desired, observed)
}

#[test]
fn every_loop_is_named_once_and_says_what_it_is_for() {
    let names: BTreeSet<&str> = ALL.iter().map(|l| l.name()).collect();
    assert_eq!(names.len(), ALL.len());
    for l in ALL {
        let kebab = l.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        assert!(kebab, "{}", l.name());
        assert!(l.about().ends_with('.') && !l.about().contains("  "), "{}: {}", l.name(), l.about());
        assert!(!l.needs().is_empty(), "{} looks at nothing", l.name());
        assert!(!l.may().is_empty(), "{} may do nothing", l.name());
        assert!(l.interval().is_some_and(|every| every.as_secs() >= 60), "{}", l.name());
    }
}

#[test]
fn where_nothing_is_desired_and_nothing_is_there_nothing_is_planned() {
    let worlds = [desired([]), with_config(desired([]), "acme/config"), Desired::default()];
    for (desired, l) in worlds.iter().flat_map(|w| ALL.iter().map(move |l| (w, l))) {
        let inputs = Inputs { desired, observed: &observed([]), now: now() };
        assert_eq!(l.plan(inputs), Plan::empty(), "{}", l.name());
        let inputs = Inputs { observed: &Observed::default(), ..inputs };
        assert_eq!(l.plan(inputs), Plan::empty(), "{}, unread", l.name());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// The same input gives the same plan, and every action of a loop is one that it declares.
    #[test]
    fn loops_are_functions_and_keep_to_their_verbs(world in pair(), base in pair()) {
        let (desired, observed) = with_pull(world, base.0);
        for l in ALL {
            let inputs = Inputs { desired: &desired, observed: &observed, now: now() };
            let plan = l.plan(inputs);
            prop_assert_eq!(&plan, &l.plan(inputs));
            for action in plan.actions {
                prop_assert!(l.may().contains(&action.verb), "{} does {:?}", l.name(), action.verb);
                prop_assert_eq!(action.wanted_by, l.name());
                prop_assert!(!action.reason.is_empty());
                let spoken = matches!(action.verb, Verb::Comment | Verb::Report | Verb::DeleteComment);
                prop_assert!(spoken || !action.because.is_empty(), "{action:?}");
            }
        }
    }

    /// What all loops want together is sound, in an order that can be carried out.
    #[test]
    fn plans_are_sound((desired, observed) in pair()) {
        let document = judged(&desired, &observed);
        prop_assert_eq!(document.diagnostics.iter().filter(|d| d.starts_with("bug")).count(), 0, "{:?}", document.diagnostics);
        let actions = all(&desired, &observed);
        prop_assert_eq!(check(&actions, &observed), []);
        let mut by_repo: BTreeMap<&RepoName, Vec<Verb>> = BTreeMap::new();
        for action in &actions {
            by_repo.entry(action.effect.repo()).or_default().push(action.verb);
        }
        for verbs in by_repo.values() {
            let at = |verb| verbs.iter().position(|v| *v == verb);
            prop_assert!(at(Verb::UnarchiveRepository).is_none_or(|at| at == 0), "{verbs:?}");
            prop_assert!(at(Verb::ArchiveRepository).is_none_or(|at| at + 1 == verbs.len()), "{verbs:?}");
        }
    }

    /// Carried out, a plan leaves nothing to do. What had to be made first is filled in the round after.
    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing((desired, mut world) in pair()) {
        for round in 0..3 {
            let actions = all(&desired, &world);
            let made = actions.iter().any(|a| a.verb == Verb::CreateRepository);
            prop_assert!(round == 0 || !made);
            for action in &actions {
                let done = apply_to(&mut world, &action.effect);
                prop_assert!(done.is_ok(), "{done:?}: {action:?}");
            }
            if !made {
                break;
            }
        }
        prop_assert_eq!(all(&desired, &world), []);
    }

    /// With guards, what is left is exactly what they held back.
    #[test]
    fn what_the_guards_held_back_is_what_is_left((desired, mut world) in pair(), deletes in 0u32..3, floor in 0u32..4) {
        let mut desired = desired;
        (desired.budget.deletes, desired.budget.floor) = (deletes, floor);
        let mut document = judged(&desired, &world);
        for _ in 0..2 {
            for planned in document.actions.iter().filter(|p| p.blocked.is_none()) {
                let done = apply_to(&mut world, &planned.action.effect);
                prop_assert!(done.is_ok(), "{done:?}: {planned:?}");
            }
            let held = ids(document.actions.iter().filter(|p| p.blocked.is_some()).map(|p| &p.action));
            let made = document.actions.iter().any(|p| p.action.verb == Verb::CreateRepository);
            document = judged(&desired, &world);
            if !made {
                prop_assert_eq!(ids(document.actions.iter().map(|p| &p.action)), held);
                prop_assert!(document.actions.iter().all(|p| p.blocked.is_some()));
            }
        }
    }

    /// Hiding a part of the world never adds an action, and nothing is done to what can't be seen.
    #[test]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the law is about these kinds of action")]
    fn what_is_not_known_is_not_acted_on(
        (desired, whole) in pair(),
        hidden in proptest::collection::vec((0usize..4, 0usize..4, any::<prop::sample::Index>()), 1..6),
    ) {
        let mut partial = whole.clone();
        for (repo, how, which) in hidden {
            let repo = name(["acme/anvil", "acme/bolt", "acme/cog", "acme/drum"][repo]);
            let mut facets = vec![Facet::Settings, Facet::Labels];
            match (how, partial.repos.get_mut(&repo)) {
                (0, Some(seen)) => *seen = Seen::Unknown,
                (1, _) => { partial.repos.remove(&repo); }
                (2, Some(Seen::Known(state))) => {
                    state.labels = Seen::Unknown;
                    facets.remove(0);
                }
                (3, Some(Seen::Known(state))) => {
                    state.settings.remove(&Setting::ALL[which.index(Setting::ALL.len())]);
                    facets.pop();
                }
                _ => continue,
            }
            partial.gaps.extend(facets.into_iter().map(|facet| {
                Gap { facet, repo: Some(repo.clone()), why: "GitHub failed".into(), cause: Cause::Other }
            }));
        }
        let (before, after) = (all(&desired, &whole), all(&desired, &partial));
        prop_assert_eq!(check(&after, &partial), []);
        let settings_of = |actions: &[Action]| -> BTreeSet<String> {
            let of = |a: &Action| match &a.effect {
                Effect::UpdateSettings { repo, settings } => {
                    settings.iter().map(|(setting, value)| format!("{repo} {setting:?} {value:?}")).collect()
                }
                _ => vec![a.id.to_string()],
            };
            actions.iter().flat_map(of).collect()
        };
        prop_assert!(settings_of(&after).is_subset(&settings_of(&before)));
        for planned in judged(&desired, &partial).actions.iter().filter(|p| p.blocked.is_none()) {
            let repo = planned.action.effect.repo();
            let gap = partial.gaps.iter().any(|g| g.repo.as_ref() == Some(repo));
            prop_assert!(!(gap && planned.action.verb == Verb::ArchiveRepository), "{planned:?}");
        }
    }

    /// A collection that only adds touches no label that it doesn't name, under its present or its earlier name.
    #[test]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the law is about labels")]
    fn additive_touches_nothing_undeclared((desired, observed) in pair()) {
        for action in all(&desired, &observed) {
            let Some(repo) = desired.repos.get(action.effect.repo()) else {
                return Err(TestCaseError::fail(format!("{action:?} is about a repository that nobody declared")));
            };
            let touched = match &action.effect {
                Effect::UpdateLabel { name, .. } | Effect::DeleteLabel { name, .. } => name,
                Effect::CreateLabel { label, .. } => &label.name,
                _ => continue,
            };
            let specs = &repo.labels.specs;
            let named = specs.contains_key(&touched.key())
                || specs.values().any(|s| s.value.was.as_ref().is_some_and(|was| was.key() == touched.key()));
            match repo.labels.mode.value {
                Mode::Additive => prop_assert!(named, "{action:?}"),
                Mode::Authoritative => {}
                Mode::Ignore => prop_assert!(false, "{action:?}"),
            }
        }
    }

    /// What a proposal is said to change is what the plan under it has beyond the plan under its base.
    #[test]
    fn the_preview_leaves_out_what_was_there_before((proposed, world) in pair(), base in pair()) {
        let shown = registry::preview(&proposed, &base.0, &world, now());
        let (before, after) = (facts(&all(&base.0, &world)), facts(&all(&proposed, &world)));
        prop_assert_eq!(facts(shown.actions.iter().map(|p| &p.action)), after.difference(&before).cloned().collect());
        prop_assert!(registry::preview(&proposed, &proposed, &world, now()).is_empty());
    }
}

/// The laws above would hold of loops that do nothing; these worlds show that they do not.
#[test]
fn generated_worlds_reach_every_verb_of_repositories() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    let mut risks = BTreeSet::new();
    for _ in 0..400 {
        let (desired, observed) = pair().new_tree(&mut runner).unwrap().current();
        for action in all(&desired, &observed) {
            seen.insert(action.verb);
            risks.insert(action.risk);
        }
    }
    let wanted: BTreeSet<Verb> = Verb::ALL[..9].iter().copied().collect();
    assert_eq!(seen, wanted);
    let all = [Risk::Routine, Risk::Disruptive, Risk::Weakening, Risk::Widening, Risk::Destructive];
    assert_eq!(risks, BTreeSet::from(all));
}

#[test]
fn a_loop_that_config_switches_off_stands_in_the_preview_under_its_name() {
    let off = crate::model::LoopConfig {
        source: source(40),
        enabled: false,
        every: None,
        reason: Some("moving".into()),
        until: None,
        settings: BTreeMap::new(),
    };
    let world = observed([crate::model::samples::state("acme/anvil")]);
    let base = desired([]);
    let mut proposed = desired([crate::model::samples::repo("acme/anvil").fix(Setting::HasWiki, false)]);
    proposed.loops.insert("repository-settings".into(), off);
    let shown = registry::preview(&proposed, &base, &world, now());
    assert!(shown.actions.is_empty());
    assert_eq!(shown.disabled.len(), 1);
}
