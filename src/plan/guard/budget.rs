//! Change budgets: how much one run may change, counted over the whole plan before the first write.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Action, ActionId, Change, Mode, RepoName, Risk, Seen, Verb};

use super::overrides::{self, Grant, Objected, Overrides};
use super::{Blocked, GuardContext};

/// One budget of a run: which actions it counts and how many it lets through.
struct Counter {
    guard: &'static str,
    counts: fn(&Action) -> bool,
    limit: Option<u32>,
    one: &'static str,
    many: &'static str,
}

/// Holds back what exceeds a budget. A class that exceeds its budget is held back whole: which ones of ten
/// deletions were meant is not for the guard to guess. What another guard holds back already is not counted.
pub(super) fn over(
    actions: &[Action],
    cx: &GuardContext<'_>,
    used: &mut Overrides,
    held: &mut BTreeMap<ActionId, Blocked>,
) {
    let passed: Vec<&Action> = actions.iter().filter(|a| !held.contains_key(&a.id)).collect();
    for counter in counters(cx) {
        let Counter { guard, counts, limit: Some(limit), one, many } = counter else { continue };
        let counted: Vec<&Action> = passed.iter().copied().filter(|a| counts(a)).collect();
        let spent = cx.spent.iter().filter(|a| counts(a)).count();
        let exceeds = |actions: &[&Action]| !actions.is_empty() && actions.len() + spent > limit as usize;
        if !exceeds(&counted) {
            continue;
        }
        let (rest, short) = left(guard, counted, cx, used);
        if exceeds(&rest) {
            let n = rest.len();
            let what = if n == 1 { one } else { many };
            let source = &cx.desired.budget.source;
            let before = if spent > 0 { format!(" after {spent} already done") } else { String::new() };
            let says = format!(
                "{n} {what}{before} in one run, {limit} allowed (`change-budget {guard}`, {source}){short}"
            );
            hold(&rest, guard, &says, held);
        }
    }
    shares(&passed, cx, used, held);
}

fn counters(cx: &GuardContext<'_>) -> [Counter; 5] {
    let budget = &cx.desired.budget;
    [
        Counter {
            guard: "deletes",
            counts: |a| a.risk == Risk::Destructive,
            limit: Some(budget.deletes),
            one: "deletion",
            many: "deletions",
        },
        Counter {
            guard: "weakening",
            counts: |a| a.risk == Risk::Weakening,
            limit: Some(budget.weakening),
            one: "removed protection",
            many: "removed protections",
        },
        Counter {
            guard: "visibility",
            counts: |a| a.risk == Risk::Widening,
            limit: Some(budget.visibility),
            one: "repository made visible to more people",
            many: "repositories made visible to more people",
        },
        Counter {
            guard: "archives",
            counts: |a| a.verb == Verb::ArchiveRepository,
            limit: Some(budget.archives),
            one: "repository archived",
            many: "repositories archived",
        },
        Counter { guard: "total", counts: |_| true, limit: budget.total, one: "change", many: "changes" },
    ]
}

/// The share of a repository's labels that changes. Its settings are one object, of which no share is taken.
fn shares(
    passed: &[&Action],
    cx: &GuardContext<'_>,
    used: &mut Overrides,
    held: &mut BTreeMap<ActionId, Blocked>,
) {
    let budget = &cx.desired.budget;
    let counted = |a: &Action| a.verb.kind() == "label" && a.verb.change() != Change::Add;
    let mut exceeding = Vec::new();
    for actions in by_repo(passed.iter().copied().filter(|a| counted(a))).into_values() {
        if share(&actions, cx).is_some() {
            exceeding.extend(actions);
        }
    }
    let (rest, short) = left("percent", exceeding, cx, used);
    for (repo, actions) in by_repo(rest.into_iter()) {
        let Some((changes, all)) = share(&actions, cx) else { continue };
        let says = format!(
            "{changes} of {all} labels in {repo} would change, more than {} % (`change-budget percent`, {}){short}",
            budget.percent, budget.source
        );
        hold(&actions, "percent", &says, held);
    }
}

/// The actions that overrides leave, and what to say of overrides that are too small.
fn left<'a>(
    guard: &str,
    actions: Vec<&'a Action>,
    cx: &GuardContext<'_>,
    used: &mut Overrides,
) -> (Vec<&'a Action>, String) {
    let objected = actions.into_iter().map(Objected::whole).collect();
    let rest = overrides::spend(guard, objected, cx, used);
    (rest.objected.into_iter().map(|objected| objected.action).collect(), rest.short)
}

fn by_repo<'a>(actions: impl Iterator<Item = &'a Action>) -> BTreeMap<&'a RepoName, Vec<&'a Action>> {
    let mut out: BTreeMap<&RepoName, Vec<&Action>> = BTreeMap::new();
    for action in actions {
        out.entry(action.effect.repo()).or_default().push(action);
    }
    out
}

/// How many of how many labels change, when that is above the floor and above the percentage.
fn share(actions: &[&Action], cx: &GuardContext<'_>) -> Option<(u64, u64)> {
    let budget = &cx.desired.budget;
    let repo = actions.first()?.effect.repo();
    let (changes, all) = (actions.len() as u64, managed(repo, cx).max(1) as u64);
    let exceeds = changes > u64::from(budget.floor) && changes * 100 > all * u64::from(budget.percent);
    exceeds.then_some((changes, all))
}

/// How many labels are managed in a repository: the declared ones, and where they are all there shall be, those
/// that are there as well.
fn managed(repo: &RepoName, cx: &GuardContext<'_>) -> usize {
    let Some(declared) = cx.desired.repos.get(repo).map(|r| &r.labels) else { return 0 };
    let mut keys: BTreeSet<&str> = declared.specs.keys().map(String::as_str).collect();
    if declared.mode.value == Mode::Authoritative
        && let Seen::Known(state) = cx.observed.repo(repo)
        && let Some(labels) = state.labels.known()
    {
        keys.extend(labels.keys().map(String::as_str));
    }
    keys.len()
}

fn hold(actions: &[&Action], guard: &'static str, says: &str, held: &mut BTreeMap<ActionId, Blocked>) {
    let overrides = vec![Grant::exact(guard, actions)];
    for action in actions {
        let blocked = Blocked { guard, says: says.to_owned(), overrides: overrides.clone() };
        // The first that objects speaks; what opens the others is named as well.
        held.entry(action.id.clone())
            .and_modify(|first| first.overrides.extend(overrides.iter().cloned()))
            .or_insert(blocked);
    }
}
