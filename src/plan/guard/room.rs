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
    let fit = fitting(creates.iter().map(|(_, count, _)| *count), room.count);
    for (_, _, action) in &creates[fit..] {
        let of = room.of;
        let says = format!(
            "GitHub lets {} things be created a minute and {} an hour; more from {:.0} on",
            of.per_minute, of.per_hour, room.more_at
        );
        held.insert(action.id.clone(), Blocked::outright(CREATIONS, says));
    }
}

/// How many of these, the first ones, there is room for. One that takes more than there ever is goes where it comes first: else it
/// would wait for ever, and what is behind it.
fn fitting(counts: impl Iterator<Item = usize>, room: usize) -> usize {
    let mut taken = 0;
    let fits = |count: &usize| {
        let fits = taken + count <= room || (taken == 0 && room > 0);
        taken += count;
        fits
    };
    counts.take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn what_takes_more_than_there_ever_is_goes_where_it_comes_first() {
        for (counts, room, expect) in [
            (&[1, 1, 1][..], 2, 2),
            (&[1, 2, 1], 2, 1),
            (&[2, 1], 2, 1),
            (&[3, 1], 1, 1),
            (&[1, 1], 0, 0),
            (&[], 5, 0),
        ] {
            assert_eq!(fitting(counts.iter().copied(), room), expect, "{counts:?} of {room}");
        }
    }
}
