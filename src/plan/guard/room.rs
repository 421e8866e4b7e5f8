//! As much as GitHub lets be created in a moment: what else there is follows, and nothing waits for it meanwhile.

use std::collections::BTreeMap;

use crate::model::{Action, ActionId, RepoName};

use super::{Blocked, GuardContext};

/// The name of the guard.
pub const CREATIONS: &str = "creations";

/// Holds back what there is no room for. The repositories take turns: one with much to create keeps none of the others waiting.
pub(super) fn over(actions: &[Action], cx: &GuardContext<'_>, held: &mut BTreeMap<ActionId, Blocked>) {
    let Some(room) = cx.observed.cost.room else { return };
    let mut turns: BTreeMap<&RepoName, usize> = BTreeMap::new();
    let mut creates: Vec<(usize, usize, &Action)> = Vec::new();
    for action in actions.iter().filter(|action| !held.contains_key(&action.id)) {
        let count = action.effect.creations();
        if count > 0 {
            let turn = turns.entry(action.effect.repo()).or_default();
            creates.push((*turn, count, action));
            *turn += 1;
        }
    }
    creates.sort_by_key(|(turn, ..)| *turn);
    let (mut left, mut is_full) = (room.count, false);
    for (_, count, action) in creates {
        is_full |= count > left;
        if !is_full {
            left -= count;
            continue;
        }
        let of = room.of;
        let says = format!(
            "GitHub lets {} things be created a minute and {} an hour; more from {:.0} on",
            of.per_minute, of.per_hour, room.more_at
        );
        held.insert(action.id.clone(), Blocked::outright(CREATIONS, says));
    }
}
