//! Reviews of pull requests, and the conversations about places in them.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::connection::{Bounds, PageInfo, page};
use super::mutation::{now, numbers, unresolved};
use super::owner::{Actor, User, find_user};
use super::pulls::PullRequest;
use super::refs::{self, Commit};
use super::scalars::{BigInt, DateTime, PullRequestReviewState, Uri};
use super::{is_viewer, refuse, session};
use crate::twin::acts;
use crate::twin::door::auth::Need;
use crate::twin::door::failure::Failure;
use crate::twin::door::session::Session;
use crate::twin::shape::node_id;
use crate::twin::world::{self, Repo, ReviewState};

/// A review.
#[derive(Clone)]
pub(crate) struct PullRequestReview {
    pub(crate) repo: Arc<Repo>,
    pub(crate) review: world::Review,
}

/// A conversation.
#[derive(Clone)]
pub(crate) struct PullRequestReviewThread {
    pub(crate) repo: Arc<Repo>,
    pub(crate) thread: world::Thread,
}

/// A comment in a conversation.
#[derive(Clone)]
pub(crate) struct PullRequestReviewComment {
    repo: Arc<Repo>,
    pull: u64,
    path: String,
    comment: world::ReviewComment,
}

/// A page of reviews.
#[derive(SimpleObject)]
pub(crate) struct PullRequestReviewConnection {
    nodes: Option<Vec<Option<PullRequestReview>>>,
    page_info: PageInfo,
    total_count: i32,
}

/// A page of conversations.
#[derive(SimpleObject)]
pub(crate) struct PullRequestReviewThreadConnection {
    nodes: Option<Vec<Option<PullRequestReviewThread>>>,
    page_info: PageInfo,
    total_count: i32,
}

/// A page of comments in a conversation.
#[derive(SimpleObject)]
pub(crate) struct PullRequestReviewCommentConnection {
    nodes: Option<Vec<Option<PullRequestReviewComment>>>,
    page_info: PageInfo,
    total_count: i32,
}

/// One page of the reviews of a pull request that pass; what is pending is seen by its author alone.
pub(crate) fn reviews(
    cx: &Context<'_>,
    repo: &Arc<Repo>,
    number: u64,
    states: Option<&[PullRequestReviewState]>,
    author: Option<&str>,
    bounds: &Bounds,
) -> Result<PullRequestReviewConnection> {
    let mut list = Vec::new();
    for review in repo.reviews.values().filter(|review| review.pull == number) {
        let visible = review.state != ReviewState::Pending || is_viewer(cx, &review.author)?;
        let passes = states.is_none_or(|states| states.contains(&review.state.into()))
            && author.is_none_or(|login| review.author.eq_ignore_ascii_case(login));
        if visible && passes {
            list.push(review.clone());
        }
    }
    let page = page(list, |review| review.id, bounds)?;
    let nodes =
        page.nodes.into_iter().map(|review| Some(PullRequestReview { repo: Arc::clone(repo), review }));
    Ok(PullRequestReviewConnection {
        nodes: Some(nodes.collect()),
        page_info: page.page_info,
        total_count: page.total_count,
    })
}

/// One page of the conversations about a pull request.
pub(crate) fn threads(
    repo: &Arc<Repo>,
    number: u64,
    bounds: &Bounds,
) -> Result<PullRequestReviewThreadConnection> {
    let list: Vec<world::Thread> =
        repo.threads.values().filter(|thread| thread.pull == number).cloned().collect();
    let page = page(list, |thread| thread.id, bounds)?;
    let draw = |thread| Some(PullRequestReviewThread { repo: Arc::clone(repo), thread });
    Ok(PullRequestReviewThreadConnection {
        nodes: Some(page.nodes.into_iter().map(draw).collect()),
        page_info: page.page_info,
        total_count: page.total_count,
    })
}

/// Resolves a conversation by its global id: the author of the pull request may, and who can write.
pub(super) fn resolve_thread(session: &Session, id: &ID) -> Result<PullRequestReviewThread, Failure> {
    let numbers = numbers(id, &["PRRT"])?;
    let [repo_id, thread] = numbers[..] else { return Err(unresolved(id)) };
    let world = session.world();
    let repo = world.repos.get(&repo_id).ok_or_else(|| unresolved(id))?;
    let about = repo.threads.get(&thread).ok_or_else(|| unresolved(id))?;
    session.caller.may(&world, repo, Need::PROPOSE)?;
    let (opened, _) = acts::pulls::parts(repo, about.pull)?;
    if opened.author != session.caller.login(&world) {
        session.caller.may(&world, repo, Need::CONTENTS)?;
    }
    let thread = session.change(|tx| acts::reviews::resolve(tx, repo_id, thread))?;
    Ok(PullRequestReviewThread { repo: now(session, repo_id)?, thread })
}

fn comments(
    list: Vec<PullRequestReviewComment>,
    bounds: &Bounds,
) -> Result<PullRequestReviewCommentConnection> {
    let page = page(list, |one| one.comment.id, bounds)?;
    Ok(PullRequestReviewCommentConnection {
        nodes: Some(page.nodes.into_iter().map(Some).collect()),
        page_info: page.page_info,
        total_count: page.total_count,
    })
}

fn in_thread(repo: &Arc<Repo>, thread: &world::Thread) -> Vec<PullRequestReviewComment> {
    let draw = |comment: &world::ReviewComment| PullRequestReviewComment {
        repo: Arc::clone(repo),
        pull: thread.pull,
        path: thread.path.clone(),
        comment: comment.clone(),
    };
    thread.comments.iter().map(draw).collect()
}

fn pull(repo: &Arc<Repo>, number: u64) -> Result<PullRequest> {
    PullRequest::of(repo, number).ok_or_else(|| refuse(&Failure::not_found()))
}

fn int(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[Object]
impl PullRequestReview {
    pub(crate) async fn id(&self) -> ID {
        ID(node_id("PRR", &[self.repo.id, self.review.id]))
    }

    async fn database_id(&self) -> Option<i32> {
        i32::try_from(self.review.id).ok()
    }

    async fn full_database_id(&self) -> Option<BigInt> {
        Some(self.review.id.into())
    }

    async fn author(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        Actor::of(cx, &self.review.author).map(Some)
    }

    async fn viewer_did_author(&self, cx: &Context<'_>) -> Result<bool> {
        is_viewer(cx, &self.review.author)
    }

    async fn state(&self) -> PullRequestReviewState {
        self.review.state.into()
    }

    async fn body(&self) -> &str {
        &self.review.body
    }

    async fn commit(&self, cx: &Context<'_>) -> Result<Option<Commit>> {
        refs::commit(cx, &self.repo, &self.review.commit)
    }

    async fn created_at(&self) -> DateTime {
        self.review.created_at.into()
    }

    async fn submitted_at(&self) -> Option<DateTime> {
        self.review.submitted_at.map(Into::into)
    }

    async fn url(&self, cx: &Context<'_>) -> Result<Uri> {
        let (html, name) = (&session(cx)?.urls.html, self.repo.full_name());
        Ok(Uri(format!("{html}/{name}/pull/{}#pullrequestreview-{}", self.review.pull, self.review.id)))
    }

    async fn pull_request(&self) -> Result<PullRequest> {
        pull(&self.repo, self.review.pull)
    }

    async fn comments(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<PullRequestReviewCommentConnection> {
        let list = self.repo.threads.values().flat_map(|thread| in_thread(&self.repo, thread));
        let own = list.filter(|one| one.comment.review == self.review.id).collect();
        comments(own, &Bounds { first, after, last, before })
    }
}

#[Object]
impl PullRequestReviewThread {
    pub(crate) async fn id(&self) -> ID {
        ID(node_id("PRRT", &[self.repo.id, self.thread.id]))
    }

    async fn is_resolved(&self) -> bool {
        self.thread.resolved_by.is_some()
    }

    async fn resolved_by(&self, cx: &Context<'_>) -> Result<Option<User>> {
        self.thread.resolved_by.as_ref().map_or(Ok(None), |login| find_user(cx, login))
    }

    /// Whether what was commented on is no longer the head.
    async fn is_outdated(&self) -> Result<bool> {
        let head = pull(&self.repo, self.thread.pull)?.pull.head_sha;
        Ok(self.thread.comments.first().is_some_and(|comment| comment.commit != head))
    }

    async fn path(&self) -> &str {
        &self.thread.path
    }

    async fn line(&self) -> Option<i32> {
        self.thread.line.map(int)
    }

    async fn pull_request(&self) -> Result<PullRequest> {
        pull(&self.repo, self.thread.pull)
    }

    async fn comments(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<PullRequestReviewCommentConnection> {
        comments(in_thread(&self.repo, &self.thread), &Bounds { first, after, last, before })
    }
}

#[Object]
impl PullRequestReviewComment {
    async fn id(&self) -> ID {
        ID(node_id("PRRC", &[self.repo.id, self.comment.id]))
    }

    async fn database_id(&self) -> Option<i32> {
        i32::try_from(self.comment.id).ok()
    }

    async fn full_database_id(&self) -> Option<BigInt> {
        Some(self.comment.id.into())
    }

    async fn author(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        Actor::of(cx, &self.comment.author).map(Some)
    }

    async fn viewer_did_author(&self, cx: &Context<'_>) -> Result<bool> {
        is_viewer(cx, &self.comment.author)
    }

    async fn body(&self) -> &str {
        &self.comment.body
    }

    async fn path(&self) -> &str {
        &self.path
    }

    async fn commit(&self, cx: &Context<'_>) -> Result<Option<Commit>> {
        refs::commit(cx, &self.repo, &self.comment.commit)
    }

    async fn created_at(&self) -> DateTime {
        self.comment.created_at.into()
    }

    async fn pull_request(&self) -> Result<PullRequest> {
        pull(&self.repo, self.pull)
    }

    async fn url(&self, cx: &Context<'_>) -> Result<Uri> {
        let (html, name) = (&session(cx)?.urls.html, self.repo.full_name());
        Ok(Uri(format!("{html}/{name}/pull/{}#discussion_r{}", self.pull, self.comment.id)))
    }
}
