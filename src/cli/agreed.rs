//! What of a saved plan still stands. Only that is carried out; of the rest is said why it isn't.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::Judged;
use crate::model::{Action, ActionId, Verb};
use crate::plan::{Permitted, SavedAction, SavedPlan};

/// An action of a saved plan that is not carried out.
pub(super) struct Apart<'a> {
    pub(super) action: &'a SavedAction,
    why: Why,
}

enum Why {
    /// It isn't in the plan of now, which says this of the same thing, if anything.
    Gone(Option<String>),
    /// It would take more along than was shown.
    Outgrown(String),
    /// A guard held it back, and nothing holds it back any more: nobody has agreed to that.
    HeldBack,
}

/// What is known of why actions are in the plan no more.
pub(super) enum Since<'a> {
    /// The config is the one that the plan was made from.
    SameConfig,
    /// It is another one; these the plan's own config would still ask for.
    OtherConfig(&'a BTreeSet<ActionId>),
    /// It is another one, and what its own would ask for can't be told.
    Untold,
}

/// Drops what the saved plan doesn't have and what of it doesn't stand any more; gives the latter.
pub(super) fn keep_only<'a>(saved: &'a SavedPlan, judged: &mut Judged) -> Vec<Apart<'a>> {
    let there: BTreeMap<&ActionId, &Action> =
        judged.document.actions.iter().map(|p| (&p.action.id, &p.action)).collect();
    let outgrown = |saved: &SavedAction| there.get(&saved.id).and_then(|action| saved.outgrown(action));
    let find = |id: &ActionId| saved.actions.iter().find(|saved| saved.id == *id);
    let agreed = |p: &Permitted| {
        find(&p.action.id).is_some_and(|saved| {
            (!saved.held_back || !p.permit.overrides().is_empty()) && outgrown(saved).is_none()
        })
    };
    judged.verdict.permitted.retain(agreed);
    judged.verdict.blocked.retain(|(a, _)| find(&a.id).is_some_and(|saved| outgrown(saved).is_none()));
    let permitted = judged.verdict.permitted.iter().map(|p| &p.action.id);
    let left: BTreeSet<ActionId> =
        permitted.chain(judged.verdict.blocked.iter().map(|(a, _)| &a.id)).cloned().collect();
    let why = |saved: &SavedAction| {
        if !there.contains_key(&saved.id) {
            return Some(Why::Gone(says_now(&saved.address, judged)));
        }
        let held_back = (!left.contains(&saved.id)).then_some(Why::HeldBack);
        outgrown(saved).map(Why::Outgrown).or(held_back)
    };
    let apart = saved.actions.iter().filter_map(|action| Some(Apart { action, why: why(action)? })).collect();
    judged.document.actions.retain(|p| left.contains(&p.action.id));
    judged.document.waiting.clear();
    apart
}

/// What the plan of now says of an address.
fn says_now(address: &str, judged: &Judged) -> Option<String> {
    let problem = judged.problems.iter().find(|problem| problem.address.as_str() == address);
    let waiting = judged.document.waiting.iter().find(|waiting| waiting.address.as_str() == address);
    let planned = judged.document.actions.iter().find(|planned| planned.action.address.as_str() == address);
    problem
        .map(|problem| problem.says.clone())
        .or_else(|| waiting.map(|waiting| format!("it waits for {}", waiting.on)))
        .or_else(|| planned.map(|planned| format!("by now: {}", planned.action.reason)))
}

impl Apart<'_> {
    /// Whether it has changed since the plan was saved.
    pub(super) fn is_stale(&self) -> bool {
        !matches!(self.why, Why::HeldBack)
    }

    /// Whether the plan of now doesn't have it at all.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.why, Why::Gone(_))
    }

    /// The line that is said of it. `off` are the loops that are switched off.
    pub(super) fn says(&self, saved: &SavedPlan, since: &Since<'_>, off: &[&str]) -> String {
        let SavedAction { id, address, .. } = self.action;
        let of_loop = saved.loop_of(id).filter(|name| off.contains(name));
        match (&self.why, since) {
            (Why::HeldBack, _) => {
                format!("left: {address} was held back when the plan was saved; make the plan anew")
            }
            (Why::Outgrown(why), _) => format!("stale: {address}: {why}"),
            (Why::Gone(_), _) if of_loop.is_some() => {
                format!("stale: {address}: the loop `{}` is switched off", of_loop.unwrap_or_default())
            }
            (Why::Gone(_), Since::OtherConfig(asked)) if asked.contains(id) => {
                format!("stale: {address}: the config no longer asks for it")
            }
            (Why::Gone(now), Since::SameConfig | Since::OtherConfig(_)) => match saved.verb_of(id) {
                Some(Verb::StartRun | Verb::OpenPull) => {
                    let now = now.as_ref().map(|now| format!("; {now}")).unwrap_or_default();
                    format!(
                        "stale: {address}: its runs or its pull request have gone on since the plan was saved{now}"
                    )
                }
                _ => format!("stale: {address} has changed on GitHub since the plan was saved"),
            },
            (Why::Gone(_), Since::Untold) => {
                format!(
                    "stale: {address}: it, or what config asks for there, has changed since the plan was saved"
                )
            }
        }
    }
}
