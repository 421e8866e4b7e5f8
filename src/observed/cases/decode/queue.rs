//! How a pull request stands with the merge queue of its base.

use serde_json::Value;

use crate::model::{EntryIs, MergeQueue, QueueEntry, Removed, Seen};

use super::field::{at, count, flag, login, nodes, text, text_or_none, time};
use super::pull::checks;

/// The queue of its base, where that has one.
pub(super) fn queue(json: &Value) -> Result<Option<MergeQueue>, String> {
    let there = flag(json, "isMergeQueueEnabled")?;
    let entry = at(json, "mergeQueueEntry")?;
    let entry = (!entry.is_null()).then(|| read(entry)).transpose()?;
    let removed = nodes(at(json, "timelineItems")?)?.last().map(removed).transpose()?;
    Ok((there || entry.is_some()).then_some(MergeQueue { entry, removed }))
}

fn read(json: &Value) -> Result<QueueEntry, String> {
    let state = match text(json, "state")? {
        "QUEUED" => EntryIs::Queued,
        "AWAITING_CHECKS" => EntryIs::AwaitingChecks,
        "MERGEABLE" => EntryIs::Mergeable,
        "UNMERGEABLE" => EntryIs::Unmergeable,
        "LOCKED" => EntryIs::Locked,
        other => return Err(format!("`state` of an entry of the merge queue is `{other}`")),
    };
    Ok(QueueEntry { state, position: count(json, "position")?, by: login(json, "enqueuer")? })
}

fn removed(json: &Value) -> Result<Removed, String> {
    match text(json, "__typename")? {
        "RemovedFromMergeQueueEvent" => {}
        other => return Err(format!("`timelineItems` has a `{other}`")),
    }
    let commit = at(json, "beforeCommit")?;
    Ok(Removed {
        at: time(json, "createdAt")?,
        by: login(json, "actor")?,
        why: text_or_none(json, "reason")?.map(str::to_owned),
        checks: if commit.is_null() { Seen::Unknown } else { checks(commit)? },
    })
}
