//! Pull requests that come one at a time: of those that a plan would open in one family, only the first.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Action, ActionId, Effect};

use super::Blocked;

/// Holds back what would stand beside another one of its family. The next look plans it again, or says what it waits for.
pub(super) fn over(actions: &[Action], held: &mut BTreeMap<ActionId, Blocked>) {
    let mut taken = BTreeSet::new();
    for action in actions {
        let Effect::Propose { repo, alone: Some(family), .. } = &action.effect else { continue };
        if !held.contains_key(&action.id) && !taken.insert((repo, family)) {
            let says = "another pull request of its family comes first".to_owned();
            held.insert(action.id.clone(), Blocked::outright("alone", says));
        }
    }
}
