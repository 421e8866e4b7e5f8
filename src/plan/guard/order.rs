//! What depends on an action that is held back is held back with it.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use crate::model::{Action, Observed, RepoName, Seen, Verb};

use super::{Blocked, Permitted, Verdict};

/// What needs a repository to be made or unarchived first is held back with it, or when nothing does it; archiving
/// is held back with anything else in the repository, which could not be done afterwards. What is held back by itself
/// names the overrides of what it depends on too: its own alone would not let it through.
pub(super) fn hold_dependents(out: &mut Verdict, observed: &Observed) {
    let first = causes(out, |action| action.verb.stage() == 0);
    let unarchived: BTreeSet<RepoName> = out
        .permitted
        .iter()
        .filter(|p| p.action.verb == Verb::UnarchiveRepository)
        .map(|p| p.action.effect.repo().clone())
        .collect();
    let depends = |action: &Action| action.verb.stage() > 0;
    hold(out, |action| {
        let repo = action.effect.repo();
        if !depends(action) {
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
    add_causes(out, &first, depends);
    let archives = |action: &Action| action.verb == Verb::ArchiveRepository;
    let any = causes(out, |action| !archives(action));
    hold(out, |action| {
        let repo = action.effect.repo();
        any.get(repo).filter(|_| archives(action)).map(|cause| after(repo, cause))
    });
    add_causes(out, &any, archives);
}

/// For each repository what holds back those of its actions that others wait for: the words of the first, and the
/// overrides of all of them. One that nothing opens comes before the others.
fn causes(out: &Verdict, waited_for: impl Fn(&Action) -> bool) -> BTreeMap<RepoName, Blocked> {
    let mut causes: BTreeMap<RepoName, Blocked> = BTreeMap::new();
    for (action, blocked) in out.blocked.iter().filter(|(action, _)| waited_for(action)) {
        match causes.entry(action.effect.repo().clone()) {
            Entry::Vacant(entry) => {
                entry.insert(blocked.clone());
            }
            Entry::Occupied(mut entry) => join(entry.get_mut(), blocked, Clone::clone),
        }
    }
    causes
}

/// Adds to what is held back by itself what holds back the actions that it depends on.
fn add_causes(out: &mut Verdict, causes: &BTreeMap<RepoName, Blocked>, depends: impl Fn(&Action) -> bool) {
    for (action, blocked) in out.blocked.iter_mut().filter(|(action, _)| depends(action)) {
        let repo = action.effect.repo();
        if let Some(cause) = causes.get(repo) {
            join(blocked, cause, |cause| after(repo, cause));
        }
    }
}

/// Makes of two that hold back one action one that names the overrides of both, or none if nothing opens one of them.
fn join(blocked: &mut Blocked, other: &Blocked, said: impl Fn(&Blocked) -> Blocked) {
    if blocked.overrides.is_empty() {
        return;
    }
    if other.overrides.is_empty() {
        *blocked = said(other);
        return;
    }
    let new: Vec<_> = other.overrides.iter().filter(|g| !blocked.overrides.contains(g)).cloned().collect();
    blocked.overrides.extend(new);
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
