//! Pull requests.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::auto_merge::AutoMergeRequest;
use super::changes::{self, PullRequestChangedFileConnection, PullRequestCommitConnection};
use super::connection::{Bounds, PageInfo, page};
use super::issues::{
    self, IssueCommentConnection, IssueConnection, IssueOrder, comments, issue_labels, labelled,
};
use super::labels::{LabelConnection, LabelOrder};
use super::owner::{Actor, UserConnection, users};
use super::pull_timeline::{PullRequestTimelineItemsConnection, PullRequestTimelineItemsItemType, timeline};
use super::queue::MergeQueueEntry;
use super::refs::{self, Commit, Ref};
use super::repository::Repository;
use super::reviews::{self, PullRequestReviewConnection, PullRequestReviewThreadConnection};
use super::scalars::{DateTime, MergeableState, Oid, PullRequestReviewState, PullRequestState, Uri};
use super::{is_viewer, refuse, session};
use crate::twin::acts;
use crate::twin::shape::node_id;
use crate::twin::world::{self, Repo};

/// A pull request.
#[derive(Clone)]
pub(crate) struct PullRequest {
    pub(crate) repo: Arc<Repo>,
    pub(crate) issue: world::Issue,
    pub(crate) pull: world::Pull,
}

/// A page of pull requests.
#[derive(SimpleObject)]
pub(crate) struct PullRequestConnection {
    nodes: Option<Vec<Option<PullRequest>>>,
    page_info: PageInfo,
    total_count: i32,
}

/// Which pull requests are asked for.
#[derive(Default)]
pub(crate) struct Wanted {
    pub(crate) states: Option<Vec<PullRequestState>>,
    pub(crate) base: Option<String>,
    pub(crate) head: Option<String>,
    pub(crate) labels: Option<Vec<String>>,
    /// An id of a label that they must have.
    pub(crate) label: Option<u64>,
    pub(crate) order: Option<IssueOrder>,
}

impl PullRequest {
    /// The pull request of a number.
    pub(crate) fn of(repo: &Arc<Repo>, number: u64) -> Option<Self> {
        let issue = repo.issues.get(&number)?.clone();
        let pull = issue.pull.clone()?;
        Some(Self { repo: Arc::clone(repo), issue, pull })
    }

    fn state_now(&self) -> PullRequestState {
        match (self.pull.merged_at, self.issue.state) {
            (Some(_), _) => PullRequestState::Merged,
            (None, world::IssueState::Open) => PullRequestState::Open,
            (None, world::IssueState::Closed) => PullRequestState::Closed,
        }
    }
}

/// One page of the pull requests of a repository that pass.
pub(crate) fn connection(
    repo: &Arc<Repo>,
    wanted: &Wanted,
    bounds: &Bounds,
) -> Result<PullRequestConnection> {
    let is_wanted = |pull: &world::Pull| {
        wanted.base.as_ref().is_none_or(|base| pull.base_ref == *base)
            && wanted.head.as_ref().is_none_or(|head| pull.head_ref == *head)
    };
    let mut pulls: Vec<PullRequest> = repo
        .issues
        .values()
        .filter(|issue| issue.pull.as_ref().is_some_and(is_wanted))
        .filter_map(|issue| PullRequest::of(repo, issue.number))
        .filter(|one| wanted.states.as_ref().is_none_or(|states| states.contains(&one.state_now())))
        .filter(|one| labelled(repo, &one.issue, wanted.labels.as_deref()))
        .filter(|one| wanted.label.is_none_or(|id| one.issue.labels.contains(&id)))
        .collect();
    if let Some(order) = &wanted.order {
        order.sort(&mut pulls, repo, |one| &one.issue);
    }
    let page = page(pulls, |one| one.issue.number, bounds)?;
    let nodes = page.nodes.into_iter().map(Some).collect();
    Ok(PullRequestConnection { nodes: Some(nodes), page_info: page.page_info, total_count: page.total_count })
}

#[Object]
impl PullRequest {
    pub(crate) async fn id(&self) -> ID {
        ID(node_id("PR", &[self.repo.id, self.issue.number]))
    }

    pub(crate) async fn database_id(&self) -> Option<i32> {
        i32::try_from(self.pull.id).ok()
    }

    pub(crate) async fn number(&self) -> i32 {
        i32::try_from(self.issue.number).unwrap_or(i32::MAX)
    }

    pub(crate) async fn title(&self) -> &str {
        &self.issue.title
    }

    pub(crate) async fn body(&self) -> &str {
        self.issue.body.as_deref().unwrap_or_default()
    }

    pub(crate) async fn state(&self) -> PullRequestState {
        self.state_now()
    }

    pub(crate) async fn closed(&self) -> bool {
        self.issue.state == world::IssueState::Closed
    }

    pub(crate) async fn merged(&self) -> bool {
        self.pull.merged_at.is_some()
    }

    pub(crate) async fn is_draft(&self) -> bool {
        self.pull.draft
    }

    pub(crate) async fn is_cross_repository(&self) -> bool {
        self.pull.head_repo != self.repo.id
    }

    pub(crate) async fn author(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        Actor::of(cx, &self.issue.author).map(Some)
    }

    pub(crate) async fn url(&self, cx: &Context<'_>) -> Result<Uri> {
        Ok(Uri(format!("{}/{}/pull/{}", session(cx)?.urls.html, self.repo.full_name(), self.issue.number)))
    }

    pub(crate) async fn created_at(&self) -> DateTime {
        self.issue.created_at.into()
    }

    pub(crate) async fn updated_at(&self) -> DateTime {
        self.issue.updated_at.into()
    }

    pub(crate) async fn closed_at(&self) -> Option<DateTime> {
        self.issue.closed_at.map(Into::into)
    }

    pub(crate) async fn merged_at(&self) -> Option<DateTime> {
        self.pull.merged_at.map(Into::into)
    }

    pub(crate) async fn merged_by(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        self.pull.merged_by.as_ref().map(|login| Actor::of(cx, login)).transpose()
    }

    pub(crate) async fn last_edited_at(&self) -> Option<DateTime> {
        self.issue.edited_at.map(Into::into)
    }

    pub(crate) async fn editor(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        self.issue.edited_by.as_ref().map(|login| Actor::of(cx, login)).transpose()
    }

    pub(crate) async fn viewer_did_author(&self, cx: &Context<'_>) -> Result<bool> {
        is_viewer(cx, &self.issue.author)
    }

    pub(crate) async fn head_ref_name(&self) -> &str {
        &self.pull.head_ref
    }

    pub(crate) async fn head_ref_oid(&self) -> Oid {
        Oid(self.pull.head_sha.clone())
    }

    pub(crate) async fn base_ref_name(&self) -> &str {
        &self.pull.base_ref
    }

    pub(crate) async fn base_ref_oid(&self) -> Oid {
        Oid(self.pull.base_sha.clone())
    }

    pub(crate) async fn head_ref(&self, cx: &Context<'_>) -> Result<Option<Ref>> {
        let world = session(cx)?.world();
        let Some(repo) = world.repos.get(&self.pull.head_repo).cloned() else { return Ok(None) };
        let name = format!("refs/heads/{}", self.pull.head_ref);
        let sha = refs::tip(cx, &repo, &name)?;
        Ok(sha.map(|sha| Ref { repo, name, sha: Some(sha) }))
    }

    pub(crate) async fn base_ref(&self, cx: &Context<'_>) -> Result<Option<Ref>> {
        let (repo, name) = (Arc::clone(&self.repo), format!("refs/heads/{}", self.pull.base_ref));
        let sha = refs::tip(cx, &repo, &name)?;
        Ok(sha.map(|sha| Ref { repo, name, sha: Some(sha) }))
    }

    pub(crate) async fn head_repository(&self, cx: &Context<'_>) -> Result<Option<Repository>> {
        let world = session(cx)?.world();
        Ok(world.repos.get(&self.pull.head_repo).cloned().map(|repo| Repository { repo }))
    }

    pub(crate) async fn merge_commit(&self, cx: &Context<'_>) -> Result<Option<Commit>> {
        match &self.pull.merge_commit_sha {
            Some(sha) => refs::commit(cx, &self.repo, sha),
            None => Ok(None),
        }
    }

    pub(crate) async fn mergeable(&self, cx: &Context<'_>) -> Result<MergeableState> {
        let session = session(cx)?;
        let extent = session.look(|tx| acts::pulls::extent(tx, self.repo.id, self.issue.number));
        Ok(match extent.map_err(|failure| refuse(&failure))?.mergeable {
            Some(true) => MergeableState::Mergeable,
            Some(false) => MergeableState::Conflicting,
            None => MergeableState::Unknown,
        })
    }

    pub(crate) async fn auto_merge_request(&self) -> Option<AutoMergeRequest> {
        AutoMergeRequest::of(self)
    }

    pub(crate) async fn is_merge_queue_enabled(&self) -> bool {
        self.repo.merge_queues.contains_key(&self.pull.base_ref)
    }

    pub(crate) async fn is_in_merge_queue(&self) -> bool {
        acts::queue::place(&self.repo, self.issue.number).is_some()
    }

    pub(crate) async fn merge_queue_entry(&self) -> Option<MergeQueueEntry> {
        MergeQueueEntry::of(&self.repo, self.issue.number)
    }

    pub(crate) async fn timeline_items(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        item_types: Option<Vec<PullRequestTimelineItemsItemType>>,
    ) -> Result<PullRequestTimelineItemsConnection> {
        let bounds = Bounds { first, after, last, before };
        timeline(&self.repo, self.issue.number, item_types.as_deref(), &bounds)
    }

    pub(crate) async fn repository(&self) -> Repository {
        Repository { repo: Arc::clone(&self.repo) }
    }

    pub(crate) async fn labels(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        order_by: Option<LabelOrder>,
    ) -> Result<Option<LabelConnection>> {
        let bounds = Bounds { first, after, last, before };
        issue_labels(&self.repo, &self.issue, order_by.as_ref(), &bounds).map(Some)
    }

    pub(crate) async fn comments(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<IssueCommentConnection> {
        comments(&self.repo, self.issue.number, &Bounds { first, after, last, before })
    }

    pub(crate) async fn assignees(
        &self,
        cx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<UserConnection> {
        users(cx, &self.issue.assignees, &Bounds { first, after, last, before })
    }

    pub(crate) async fn commits(
        &self,
        cx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<PullRequestCommitConnection> {
        changes::commits(cx, self, &Bounds { first, after, last, before })
    }

    pub(crate) async fn files(
        &self,
        cx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<PullRequestChangedFileConnection>> {
        changes::files(cx, self, &Bounds { first, after, last, before }).map(Some)
    }

    pub(crate) async fn reviews(
        &self,
        cx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        states: Option<Vec<PullRequestReviewState>>,
        author: Option<String>,
    ) -> Result<Option<PullRequestReviewConnection>> {
        let bounds = Bounds { first, after, last, before };
        let number = self.issue.number;
        reviews::reviews(cx, &self.repo, number, states.as_deref(), author.as_deref(), &bounds).map(Some)
    }

    pub(crate) async fn review_threads(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<PullRequestReviewThreadConnection> {
        reviews::threads(&self.repo, self.issue.number, &Bounds { first, after, last, before })
    }

    /// The issues of this repository that its merge closes.
    pub(crate) async fn closing_issues_references(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        order_by: Option<IssueOrder>,
    ) -> Result<Option<IssueConnection>> {
        let full_name = self.repo.full_name();
        let body = self.issue.body.as_deref().unwrap_or_default();
        let closes: Vec<u64> = acts::closing::named(body)
            .into_iter()
            .filter(|one| one.repo.as_ref().is_none_or(|repo| repo.eq_ignore_ascii_case(&full_name)))
            .map(|one| one.number)
            .collect();
        let keep = |issue: &world::Issue| closes.contains(&issue.number);
        let bounds = Bounds { first, after, last, before };
        issues::connection(&self.repo, keep, None, None, None, order_by.as_ref(), &bounds).map(Some)
    }
}
