//! As many agents as may be at work, whichever loops start them: no loop sees what another one plans.

use std::collections::BTreeMap;

use crate::model::{Action, ActionId, AtWork, Full, Verb};

use super::{Blocked, GuardContext};

/// Holds back the starts that there is no room for; those that come first in the plan have it. The next look plans them
/// again, or says what they wait for.
pub(super) fn over(actions: &[Action], cx: &GuardContext<'_>, held: &mut BTreeMap<ActionId, Blocked>) {
    let mut at_work = AtWork::of(&cx.observed.runs);
    for action in actions.iter().filter(|it| it.verb == Verb::StartRun) {
        if held.contains_key(&action.id) {
            continue;
        }
        let repo = action.effect.repo();
        match at_work.full(repo, cx.desired.run_caps) {
            None => at_work.begins(repo),
            Some(Full { cap, busy, most, .. }) => {
                let says = format!("{busy} of {most} agents are at work or begin first ({cap})");
                held.insert(action.id.clone(), Blocked::outright("slots", says));
            }
        }
    }
}
