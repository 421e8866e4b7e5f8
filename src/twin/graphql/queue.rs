//! Merge queues: the entry of a pull request, when it was taken out, and how it gets in and out.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};

use super::mutation::{issue, now};
use super::owner::Actor;
use super::pulls::PullRequest;
use super::refs::{self, Commit};
use super::scalars::{DateTime, Oid};
use crate::twin::acts::queue;
use crate::twin::door::auth::Need;
use crate::twin::door::failure::Failure;
use crate::twin::door::session::Session;
use crate::twin::shape::node_id;
use crate::twin::world::{QueueEntry, Removal, Repo};

/// How an entry stands.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum MergeQueueEntryState {
    Queued,
    AwaitingChecks,
    Mergeable,
    Unmergeable,
    Locked,
}

/// A pull request in a queue.
pub(crate) struct MergeQueueEntry {
    repo: Arc<Repo>,
    position: usize,
    entry: QueueEntry,
}

impl MergeQueueEntry {
    /// That of a pull request, if it is in a queue.
    pub(crate) fn of(repo: &Arc<Repo>, number: u64) -> Option<Self> {
        let (position, entry) = queue::place(repo, number)?;
        Some(Self { repo: Arc::clone(repo), position, entry: entry.clone() })
    }
}

#[Object]
impl MergeQueueEntry {
    async fn id(&self) -> ID {
        ID(node_id("MQE", &[self.repo.id, self.entry.id]))
    }

    async fn position(&self) -> i32 {
        i32::try_from(self.position).unwrap_or(i32::MAX)
    }

    async fn state(&self) -> MergeQueueEntryState {
        match self.entry.group {
            Some(_) => MergeQueueEntryState::AwaitingChecks,
            None => MergeQueueEntryState::Queued,
        }
    }

    async fn enqueued_at(&self) -> DateTime {
        self.entry.enqueued_at.into()
    }

    async fn enqueuer(&self, cx: &Context<'_>) -> Result<Actor> {
        Actor::of(cx, &self.entry.by)
    }

    async fn head_commit(&self, cx: &Context<'_>) -> Result<Option<Commit>> {
        match &self.entry.group {
            Some(group) => refs::commit(cx, &self.repo, &group.sha),
            None => Ok(None),
        }
    }

    async fn pull_request(&self) -> Option<PullRequest> {
        PullRequest::of(&self.repo, self.entry.pull)
    }
}

/// It was taken out of a queue.
pub(crate) struct RemovedFromMergeQueueEvent {
    pub(super) repo: Arc<Repo>,
    pub(super) removal: Removal,
}

#[Object]
impl RemovedFromMergeQueueEvent {
    async fn id(&self) -> ID {
        ID(node_id("RFMQE", &[self.repo.id, self.removal.id]))
    }

    async fn actor(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        Actor::of(cx, &self.removal.actor).map(Some)
    }

    async fn created_at(&self) -> DateTime {
        self.removal.at.into()
    }

    async fn reason(&self) -> Option<&str> {
        Some(&self.removal.reason)
    }

    async fn before_commit(&self, cx: &Context<'_>) -> Result<Option<Commit>> {
        match &self.removal.sha {
            Some(sha) => refs::commit(cx, &self.repo, sha),
            None => Ok(None),
        }
    }
}

/// What is to be put into a queue.
#[derive(InputObject)]
pub(crate) struct EnqueuePullRequestInput {
    pub(super) client_mutation_id: Option<String>,
    expected_head_oid: Option<Oid>,
    pull_request_id: ID,
}

/// What was put there.
#[derive(SimpleObject)]
pub(crate) struct EnqueuePullRequestPayload {
    pub(super) client_mutation_id: Option<String>,
    pub(super) merge_queue_entry: Option<MergeQueueEntry>,
}

/// What is to be taken out of a queue: a pull request.
#[derive(InputObject)]
pub(crate) struct DequeuePullRequestInput {
    pub(super) client_mutation_id: Option<String>,
    id: ID,
}

/// What was taken out.
#[derive(SimpleObject)]
pub(crate) struct DequeuePullRequestPayload {
    pub(super) client_mutation_id: Option<String>,
    pub(super) merge_queue_entry: Option<MergeQueueEntry>,
}

pub(super) fn enqueue(
    session: &Session,
    input: &EnqueuePullRequestInput,
) -> Result<Option<MergeQueueEntry>, Failure> {
    let (repo, number) = issue(session, &input.pull_request_id, &["PR"], Need::CONTENTS)?;
    let expected = input.expected_head_oid.as_ref().map(|oid| oid.0.as_str());
    session.change(|tx| queue::enqueue(tx, repo, number, expected))?;
    Ok(MergeQueueEntry::of(&now(session, repo)?, number))
}

pub(super) fn dequeue(
    session: &Session,
    input: &DequeuePullRequestInput,
) -> Result<Option<MergeQueueEntry>, Failure> {
    let (repo, number) = issue(session, &input.id, &["PR"], Need::CONTENTS)?;
    let entry = MergeQueueEntry::of(&now(session, repo)?, number);
    session.change(|tx| queue::leave(tx, repo, number, "manual"))?;
    Ok(entry)
}
