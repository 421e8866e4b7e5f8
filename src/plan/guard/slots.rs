//! As many agents as may be at work, whichever loops start them: no loop sees what another one plans.

use std::collections::BTreeMap;

use crate::model::{Action, ActionId, RepoName, Verb};

use super::{Blocked, GuardContext};

/// Holds back the starts that there is no room for; those that come first in the plan have it. The next look plans them
/// again, or says what they wait for.
pub(super) fn over(actions: &[Action], cx: &GuardContext<'_>, held: &mut BTreeMap<ActionId, Blocked>) {
    let caps = cx.desired.run_caps;
    let (mut all, mut by_repo): (u32, BTreeMap<&RepoName, u32>) = (0, BTreeMap::new());
    let at_work = cx.observed.runs.iter().filter(|run| run.phase.takes_a_slot()).map(|run| &run.of.repo);
    for repo in at_work {
        all += 1;
        *by_repo.entry(repo).or_default() += 1;
    }
    let starts: Vec<&Action> =
        actions.iter().filter(|it| it.verb == Verb::StartRun && !held.contains_key(&it.id)).collect();
    for action in starts {
        let repo = action.effect.repo();
        let here = by_repo.entry(repo).or_default();
        let full = if all >= caps.runs {
            Some(("caps.runs", all, caps.runs))
        } else if *here >= caps.per_repo {
            Some(("caps.runs-per-repo", *here, caps.per_repo))
        } else {
            None
        };
        let Some((cap, busy, most)) = full else {
            all += 1;
            *here += 1;
            continue;
        };
        let says = format!("{busy} of {most} agents are at work or begin first ({cap})");
        held.insert(action.id.clone(), Blocked::outright("slots", says));
    }
}
