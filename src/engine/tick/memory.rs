//! What the ledger remembers, as guards judge by it: what failed for good, what keeps being undone, what another
//! machine is at.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::apply::{self, Trouble};
use crate::ledger::{Ending, Index};
use crate::model::ActionId;
use crate::plan::Memory;

/// So many times something is tried that GitHub says is gone or was changed, although it was there a moment ago.
const CONTESTED: u32 = 3;

/// For how long nobody looks again at what is in the way and isn't seen, the first time.
const UNSEEN: Duration = Duration::from_mins(10);

/// What of the past counts whatever is tried again; `machine` is the one that asks.
pub fn lasting(index: &Index, machine: &str) -> Memory {
    Memory {
        opened: index.opened().clone(),
        ran: index.ran(),
        held: index.held(),
        passed: index.passed().clone(),
        machine: machine.to_owned(),
        ..Memory::default()
    }
}

/// What the guards `stuck`, `fighting` and `elsewhere` go by at this moment; `machine` is the one that asks.
pub fn memory(index: &Index, machine: &str, now: Timestamp) -> Memory {
    let mut out = Memory { elsewhere: elsewhere(index, machine, now), ..lasting(index, machine) };
    for (action, history) in index.actions() {
        let cause = history.cause.as_deref();
        let contested = cause == Some(Trouble::Contested.as_str()) && history.failures >= CONTESTED;
        let for_good = contested || cause == Some(Trouble::Permanent.as_str());
        if history.last == Ending::Failed && for_good {
            out.stuck.insert(action.clone(), history.says.clone());
        }
        if history.last == Ending::Failed && cause == Some(Trouble::Unseen.as_str()) {
            let again = unseen_again(history.at, history.failures);
            if now < again {
                out.stuck
                    .insert(action.clone(), format!("{}; it is tried again at {again:.0}", history.says));
            }
        }
        let done = index.done_within_a_day(action, now);
        if done > 0 {
            out.done_today.insert(action.clone(), u32::try_from(done).unwrap_or(u32::MAX));
        }
    }
    out
}

/// When something is tried again that failed over what nobody sees, after so many failures: each time after twice as long.
fn unseen_again(failed: Timestamp, failures: u32) -> Timestamp {
    let wait = UNSEEN.saturating_mul(1 << failures.saturating_sub(1).min(5));
    crate::adapters::clock::after(failed, wait)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Entry, Outcome, Record};
    use crate::model::{Address, Fingerprint, IntentId, Verb};

    /// What failed over what nobody sees is left alone for a while, and for longer each time.
    #[test]
    fn what_is_not_seen_is_tried_again() {
        let began: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let address = Address::parse("repo/acme/widgets/task/hone").unwrap();
        let value = serde_json::json!({ "branch": "b" });
        let action =
            ActionId::of(Verb::OpenPull, &address, &Fingerprint::of(&serde_json::Value::Null), &value);
        let failed = |trouble: Trouble| {
            Record::Outcome(Outcome {
                intent: IntentId::new(&action, 0),
                action: action.clone(),
                address: address.clone(),
                result: Ending::Failed,
                says: "the branch is there".into(),
                request_id: None,
                cause: Some(trouble.as_str().into()),
            })
        };
        let minutes = |n: u64| crate::adapters::clock::after(began, Duration::from_mins(n));
        let held = |trouble: Trouble, times: u64, after: u64| {
            let mut index = Index::default();
            for seq in 1..=times {
                index.add(&Entry { seq, at: began, record: failed(trouble), hash: String::new() });
            }
            memory(&index, "m", minutes(after)).stuck.get(&action).cloned()
        };
        for (times, held_for) in [(1, 10), (2, 20), (3, 40), (6, 320), (60, 320)] {
            let says = held(Trouble::Unseen, times, held_for - 1).unwrap();
            assert!(says.starts_with("the branch is there; it is tried again at 2026-"), "{says}");
            assert_eq!(held(Trouble::Unseen, times, held_for), None, "after {times}");
        }
        assert!(held(Trouble::Permanent, 1, 100_000).is_some());
        assert!(held(Trouble::Passing, 1, 0).is_none());
    }
}
