//! What the ledger remembers, as guards judge by it: what failed for good, what keeps being undone, what another
//! machine is at.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::apply::{self, Trouble};
use crate::ledger::{Ending, Index};
use crate::model::ActionId;
use crate::plan::Memory;

/// So many times something is tried that GitHub says is gone or was changed, although it was there a moment ago.
const CONTESTED: u32 = 3;

/// What the guards `stuck`, `fighting` and `elsewhere` go by at this moment; `machine` is the one that asks.
pub fn memory(index: &Index, machine: &str, now: Timestamp) -> Memory {
    let mut out = Memory {
        elsewhere: elsewhere(index, machine, now),
        opened: index.opened().clone(),
        ran: index.ran(),
        machine: machine.to_owned(),
        ..Memory::default()
    };
    for (action, history) in index.actions() {
        let cause = history.cause.as_deref();
        let contested = cause == Some(Trouble::Contested.as_str()) && history.failures >= CONTESTED;
        let for_good = contested || cause == Some(Trouble::Permanent.as_str());
        if history.last == Ending::Failed && for_good {
            out.stuck.insert(action.clone(), history.says.clone());
        }
        let done = index.done_within_a_day(action, now);
        if done > 0 {
            out.done_today.insert(action.clone(), u32::try_from(done).unwrap_or(u32::MAX));
        }
    }
    out
}

/// What other machines have begun a moment ago and not ended.
pub fn elsewhere(index: &Index, machine: &str, now: Timestamp) -> BTreeMap<ActionId, String> {
    let open = index.open_intents().into_iter().filter(|open| apply::under_way_elsewhere(open, machine, now));
    open.map(|open| {
        let says =
            format!("{} has begun this at {:.0}, and nothing says that it ended", open.intent.by, open.at);
        (open.intent.action.clone(), says)
    })
    .collect()
}
