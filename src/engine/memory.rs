//! What the ledger remembers, as guards judge by it: what failed for good, what keeps being undone.

use jiff::Timestamp;

use crate::apply::Trouble;
use crate::ledger::{Ending, Index};
use crate::plan::Memory;

/// What the guards `stuck` and `fighting` go by at this moment.
pub fn memory(index: &Index, now: Timestamp) -> Memory {
    let mut out = Memory::default();
    for (action, history) in index.actions() {
        if history.last == Ending::Failed && history.cause.as_deref() == Some(Trouble::Permanent.as_str()) {
            out.stuck.insert(action.clone(), history.says.clone());
        }
        let done = index.done_within_a_day(action, now);
        if done > 0 {
            out.done_today.insert(action.clone(), u32::try_from(done).unwrap_or(u32::MAX));
        }
    }
    out
}
