//! What happened to a pull request.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, Union};

use super::connection::{Bounds, PageInfo, page};
use super::owner::Actor;
use super::pulls::PullRequest;
use super::queue::RemovedFromMergeQueueEvent;
use super::refs::{self, Commit};
use super::scalars::DateTime;
use crate::twin::shape::node_id;
use crate::twin::world::{Activity, Repo};

/// The kinds of entries that can be asked for.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum PullRequestTimelineItemsItemType {
    BaseRefForcePushedEvent,
    RemovedFromMergeQueueEvent,
}

/// One entry.
#[derive(Union)]
pub(crate) enum PullRequestTimelineItems {
    BaseForced(BaseRefForcePushedEvent),
    Removed(RemovedFromMergeQueueEvent),
}

/// A page of entries.
#[derive(SimpleObject)]
pub(crate) struct PullRequestTimelineItemsConnection {
    nodes: Option<Vec<Option<PullRequestTimelineItems>>>,
    page_info: PageInfo,
    total_count: i32,
}

/// Its base went somewhere else than on.
pub(crate) struct BaseRefForcePushedEvent {
    repo: Arc<Repo>,
    pull: u64,
    activity: Activity,
}

#[Object]
impl BaseRefForcePushedEvent {
    async fn id(&self) -> ID {
        let at = u64::try_from(self.activity.at.as_millisecond()).unwrap_or_default();
        ID(node_id("BRFPE", &[self.repo.id, self.pull, at]))
    }

    async fn actor(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        Actor::of(cx, &self.activity.actor).map(Some)
    }

    async fn created_at(&self) -> DateTime {
        self.activity.at.into()
    }

    async fn before_commit(&self, cx: &Context<'_>) -> Result<Option<Commit>> {
        refs::commit(cx, &self.repo, &self.activity.before)
    }

    async fn after_commit(&self, cx: &Context<'_>) -> Result<Option<Commit>> {
        refs::commit(cx, &self.repo, &self.activity.after)
    }

    async fn pull_request(&self) -> Result<PullRequest> {
        PullRequest::of(&self.repo, self.pull).ok_or_else(|| "the pull request is gone".into())
    }
}

/// One page of what happened to a pull request, oldest first.
pub(super) fn timeline(
    repo: &Arc<Repo>,
    number: u64,
    kinds: Option<&[PullRequestTimelineItemsItemType]>,
    bounds: &Bounds,
) -> Result<PullRequestTimelineItemsConnection> {
    let asked = |kind| kinds.is_none_or(|kinds| kinds.contains(&kind));
    let mut its = Vec::new();
    if asked(PullRequestTimelineItemsItemType::RemovedFromMergeQueueEvent) {
        let all = repo.merge_queues.values().flat_map(|queue| &queue.removals);
        its.extend(all.filter(|it| it.pull == number).map(|removal| {
            let event = RemovedFromMergeQueueEvent { repo: Arc::clone(repo), removal: removal.clone() };
            (removal.at, PullRequestTimelineItems::Removed(event))
        }));
    }
    if asked(PullRequestTimelineItemsItemType::BaseRefForcePushedEvent)
        && let Some(issue) = repo.issues.get(&number)
        && let Some(pull) = &issue.pull
    {
        let base = format!("refs/heads/{}", pull.base_ref);
        let since = repo.activity.iter().rev().take_while(|it| it.at >= issue.created_at);
        let is_its = |it: &&Activity| {
            it.branch == base
                && it.kind == "force_push"
                && issue.closed_at.is_none_or(|closed| it.at <= closed)
        };
        let mut forced: Vec<&Activity> = since.filter(is_its).collect();
        forced.reverse();
        its.extend(forced.into_iter().map(|activity| {
            let event =
                BaseRefForcePushedEvent { repo: Arc::clone(repo), pull: number, activity: activity.clone() };
            (activity.at, PullRequestTimelineItems::BaseForced(event))
        }));
    }
    its.sort_by_key(|(at, _)| *at);
    let its: Vec<_> = (1_u64..).zip(its).collect();
    let page = page(its, |(place, _)| *place, bounds)?;
    Ok(PullRequestTimelineItemsConnection {
        nodes: Some(page.nodes.into_iter().map(|(_, (_, event))| Some(event)).collect()),
        page_info: page.page_info,
        total_count: page.total_count,
    })
}
