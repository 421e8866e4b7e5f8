//! What depends on an action that is held back is held back with it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Action, Observed, RepoName, Seen, Verb};

use super::{Blocked, Permitted, Verdict};

/// What needs a repository to be made or unarchived first is held back with it, or when nothing does it; archiving
/// is held back with anything else in the repository, which could not be done afterwards.
pub(super) fn hold_dependents(out: &mut Verdict, observed: &Observed) {
    let mut first: BTreeMap<RepoName, Blocked> = BTreeMap::new();
    for (action, blocked) in &out.blocked {
        if action.verb.stage() == 0 {
            first.entry(action.effect.repo().clone()).or_insert_with(|| blocked.clone());
        }
    }
    let unarchived: BTreeSet<RepoName> = out
        .permitted
        .iter()
        .filter(|p| p.action.verb == Verb::UnarchiveRepository)
        .map(|p| p.action.effect.repo().clone())
        .collect();
    hold(out, |action| {
        let repo = action.effect.repo();
        if action.verb.stage() == 0 {
            return None;
        }
        first.get(repo).map(|cause| after(repo, cause)).or_else(|| {
            let archived = matches!(observed.repo(repo), Seen::Known(state) if state.archived);
            (archived && writes_inside(action) && !unarchived.contains(repo)).then(|| {
                let says = format!("{repo} is archived, and nothing in this plan unarchives it");
                Blocked::outright("read-only", says)
            })
        })
    });
    let mut any: BTreeMap<RepoName, Blocked> = BTreeMap::new();
    for (action, blocked) in &out.blocked {
        any.entry(action.effect.repo().clone()).or_insert_with(|| blocked.clone());
    }
    hold(out, |action| {
        let repo = action.effect.repo();
        let cause = any.get(repo).filter(|_| action.verb == Verb::ArchiveRepository)?;
        Some(after(repo, cause))
    });
}

/// Whether it writes to what an archived repository keeps from being written.
fn writes_inside(action: &Action) -> bool {
    matches!(action.verb.kind(), "repository" | "label")
}

fn after(repo: &RepoName, cause: &Blocked) -> Blocked {
    let says = format!("another change to {repo} comes first, and that is held back: {}", cause.says);
    Blocked { guard: cause.guard, says, overrides: cause.overrides.clone() }
}

/// Moves what `cause` names a reason for from the permitted to the blocked.
fn hold(out: &mut Verdict, cause: impl Fn(&Action) -> Option<Blocked>) {
    let mut kept = Vec::with_capacity(out.permitted.len());
    for Permitted { action, permit } in out.permitted.drain(..) {
        match cause(&action) {
            None => kept.push(Permitted { action, permit }),
            Some(blocked) => out.blocked.push((action, blocked)),
        }
    }
    out.permitted = kept;
}
