//! Auto-merge: what a pull request is to do by itself, and how that is turned on and off.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};

use super::mutation::{issue, now};
use super::owner::Actor;
use super::pulls::PullRequest;
use super::scalars::{DateTime, Oid};
use crate::twin::acts::auto_merge;
use crate::twin::door::auth::Need;
use crate::twin::door::failure::Failure;
use crate::twin::door::session::Session;
use crate::twin::world::{AutoMerge, Repo};

/// How a pull request is merged.
#[derive(Debug, Enum, Copy, Clone, Eq, PartialEq)]
pub(crate) enum PullRequestMergeMethod {
    Merge,
    Rebase,
    Squash,
}

impl PullRequestMergeMethod {
    fn of(word: &str) -> Self {
        match word {
            "rebase" => Self::Rebase,
            "squash" => Self::Squash,
            _ => Self::Merge,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Rebase => "rebase",
            Self::Squash => "squash",
        }
    }
}

/// That a pull request is to be merged by itself.
pub(crate) struct AutoMergeRequest {
    repo: Arc<Repo>,
    number: u64,
    on: Box<AutoMerge>,
}

impl AutoMergeRequest {
    /// That of a pull request, where it has one.
    pub(crate) fn of(pull: &PullRequest) -> Option<Self> {
        let on = pull.pull.auto_merge.clone()?;
        Some(Self { repo: Arc::clone(&pull.repo), number: pull.issue.number, on })
    }
}

#[Object]
impl AutoMergeRequest {
    async fn enabled_at(&self) -> Option<DateTime> {
        Some(self.on.at.into())
    }

    async fn enabled_by(&self, cx: &Context<'_>) -> Result<Option<Actor>> {
        Actor::of(cx, &self.on.by).map(Some)
    }

    async fn merge_method(&self) -> PullRequestMergeMethod {
        PullRequestMergeMethod::of(&self.on.method)
    }

    async fn commit_headline(&self) -> Option<&str> {
        self.on.title.as_deref()
    }

    async fn commit_body(&self) -> Option<&str> {
        self.on.message.as_deref()
    }

    async fn pull_request(&self) -> Result<PullRequest> {
        PullRequest::of(&self.repo, self.number).ok_or_else(|| "the pull request is gone".into())
    }
}

/// What is to be merged by itself.
#[derive(InputObject)]
pub(crate) struct EnablePullRequestAutoMergeInput {
    pub(super) client_mutation_id: Option<String>,
    commit_body: Option<String>,
    commit_headline: Option<String>,
    expected_head_oid: Option<Oid>,
    #[graphql(default_with = "Some(PullRequestMergeMethod::Merge)")]
    merge_method: Option<PullRequestMergeMethod>,
    pull_request_id: ID,
}

/// What is to be so.
#[derive(SimpleObject)]
pub(crate) struct EnablePullRequestAutoMergePayload {
    pub(super) client_mutation_id: Option<String>,
    pub(super) pull_request: Option<PullRequest>,
}

/// What is not to be merged by itself any more.
#[derive(InputObject)]
pub(crate) struct DisablePullRequestAutoMergeInput {
    pub(super) client_mutation_id: Option<String>,
    pull_request_id: ID,
}

/// What isn't so any more.
#[derive(SimpleObject)]
pub(crate) struct DisablePullRequestAutoMergePayload {
    pub(super) client_mutation_id: Option<String>,
    pub(super) pull_request: Option<PullRequest>,
}

pub(super) fn enable(
    session: &Session,
    input: &EnablePullRequestAutoMergeInput,
) -> Result<Option<PullRequest>, Failure> {
    let (repo, number) = issue(session, &input.pull_request_id, &["PR"], Need::CONTENTS)?;
    let how = auto_merge::Enabling {
        method: input.merge_method.unwrap_or(PullRequestMergeMethod::Merge).word(),
        title: input.commit_headline.clone(),
        message: input.commit_body.clone(),
        expected: input.expected_head_oid.as_ref().map(|oid| oid.0.as_str()),
    };
    session.change(|tx| auto_merge::enable(tx, repo, number, how))?;
    Ok(PullRequest::of(&now(session, repo)?, number))
}

pub(super) fn disable(
    session: &Session,
    input: &DisablePullRequestAutoMergeInput,
) -> Result<Option<PullRequest>, Failure> {
    let (repo, number) = issue(session, &input.pull_request_id, &["PR"], Need::CONTENTS)?;
    session.change(|tx| auto_merge::disable(tx, repo, number))?;
    Ok(PullRequest::of(&now(session, repo)?, number))
}
