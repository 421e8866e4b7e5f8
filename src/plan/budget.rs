//! Change budgets: how much one run may change, counted over the whole plan before the first write.

use std::collections::BTreeMap;

use crate::model::{Action, ActionId, Change, RepoName, Risk, Verb};

use super::guard::{Blocked, GuardContext, Overrides, managed, note_override};

/// One budget of a run: which actions it counts and how many it lets through.
struct Counter {
    guard: &'static str,
    counts: fn(&Action) -> bool,
    limit: Option<u32>,
    what: &'static str,
}

/// The actions that exceed a budget, by id. A class that exceeds its budget is held back whole: which ones of
/// ten deletions were meant is not for the guard to guess.
pub(super) fn over(
    actions: &[Action],
    cx: &GuardContext<'_>,
    overrides: &mut Overrides,
) -> BTreeMap<ActionId, Blocked> {
    let mut held = BTreeMap::new();
    for counter in counters(cx) {
        let Some(limit) = counter.limit else { continue };
        let counted: Vec<&Action> = actions.iter().filter(|a| (counter.counts)(a)).collect();
        let rest = spend_allowances(counter.guard, &counted, cx, overrides, &mut held);
        if rest.len() > limit as usize {
            let says = format!(
                "{} {} in one run, {limit} allowed (`change-budget {}`, {})",
                rest.len(),
                counter.what,
                counter.guard,
                cx.desired.budget.source
            );
            hold(&rest, counter.guard, &says, &mut held);
        }
    }
    let mut per_repo: BTreeMap<(RepoName, &str), Vec<&Action>> = BTreeMap::new();
    for action in actions.iter().filter(|a| a.verb.change() != Change::Add && limits_share(a)) {
        per_repo.entry((action.effect.repo().clone(), action.verb.kind())).or_default().push(action);
    }
    for ((repo, kind), counted) in per_repo {
        let rest = spend_allowances("percent", &counted, cx, overrides, &mut held);
        let (changes, all) = (rest.len() as u64, managed(kind, &repo, cx).max(1) as u64);
        let budget = &cx.desired.budget;
        if changes > u64::from(budget.floor) && changes * 100 > all * u64::from(budget.percent) {
            let says = format!(
                "{changes} of {all} {kind}s in {repo} would change, more than {} % (`change-budget percent`, {})",
                budget.percent, budget.source
            );
            hold(&rest, "percent", &says, &mut held);
        }
    }
    held
}

fn limits_share(action: &Action) -> bool {
    matches!(action.verb.kind(), "label" | "repository")
}

fn counters(cx: &GuardContext<'_>) -> [Counter; 5] {
    let budget = &cx.desired.budget;
    [
        Counter {
            guard: "deletes",
            counts: |a| a.risk == Risk::Destructive,
            limit: Some(budget.deletes),
            what: "deletions",
        },
        Counter {
            guard: "weakening",
            counts: |a| a.risk == Risk::Weakening,
            limit: Some(budget.weakening),
            what: "removed protections",
        },
        Counter {
            guard: "visibility",
            counts: |a| a.risk == Risk::Widening,
            limit: Some(budget.visibility),
            what: "repositories made visible to more people",
        },
        Counter {
            guard: "archives",
            counts: |a| a.verb == Verb::ArchiveRepository,
            limit: Some(budget.archives),
            what: "repositories archived",
        },
        Counter { guard: "total", counts: |_| true, limit: budget.total, what: "changes" },
    ]
}

/// Takes out the actions that an override lets through, noting it on each; an override whose count is too small
/// lets none through.
fn spend_allowances<'a>(
    guard: &'static str,
    counted: &[&'a Action],
    cx: &GuardContext<'_>,
    overrides: &mut Overrides,
    held: &mut BTreeMap<ActionId, Blocked>,
) -> Vec<&'a Action> {
    let mut rest = Vec::new();
    let mut groups: BTreeMap<String, Vec<&Action>> = BTreeMap::new();
    for action in counted {
        match cx.allow(guard, &action.address) {
            None => rest.push(*action),
            Some(allow) => {
                groups.entry(format!("{}#{:?}", allow.address, allow.count)).or_default().push(action)
            }
        }
    }
    for group in groups.into_values() {
        let Some(allow) = group.first().and_then(|a| cx.allow(guard, &a.address)) else { continue };
        match allow.count {
            Some(count) if group.len() > count as usize => {
                let says =
                    format!("{} under `{}`, and the override allows {count}", group.len(), allow.address);
                hold(&group, guard, &says, held);
            }
            Some(_) | None => {
                for action in group {
                    note_override(overrides, action, allow);
                }
            }
        }
    }
    rest
}

fn hold(actions: &[&Action], guard: &'static str, says: &str, held: &mut BTreeMap<ActionId, Blocked>) {
    let scope = scope(actions);
    let overridable = Some(format!("{guard}={}@{scope}", actions.len()));
    for action in actions {
        held.entry(action.id.clone()).or_insert_with(|| Blocked {
            guard,
            says: says.to_owned(),
            overridable: overridable.clone(),
        });
    }
}

/// The narrowest glob that covers all of these actions.
fn scope(actions: &[&Action]) -> String {
    let mut addresses = actions.iter().map(|a| a.address.as_str());
    let Some(first) = addresses.next() else { return "**".to_owned() };
    let mut common: Vec<&str> = first.split('/').collect();
    let mut longest = common.len();
    for address in addresses {
        let parts: Vec<&str> = address.split('/').collect();
        longest = longest.max(parts.len());
        let shared = common.iter().zip(&parts).take_while(|(a, b)| a == b).count();
        common.truncate(shared);
    }
    if common.len() == longest { common.join("/") } else { [&common[..], &["**"]].concat().join("/") }
}
