//! What a pull request brings: its commits and its files.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::connection::{Bounds, PageInfo, page};
use super::pulls::PullRequest;
use super::refs::Commit;
use super::scalars::{PatchStatus, Uri};
use super::{refuse, session};
use crate::twin::acts::{Tx, pulls};
use crate::twin::door::failure::Failure;

/// A commit of a pull request.
pub(crate) struct PullRequestCommit {
    pull: PullRequest,
    commit: Commit,
}

/// A page of commits, oldest first.
#[derive(SimpleObject)]
pub(crate) struct PullRequestCommitConnection {
    nodes: Option<Vec<Option<PullRequestCommit>>>,
    page_info: PageInfo,
    total_count: i32,
}

/// A file that a pull request changes.
#[derive(SimpleObject)]
pub(crate) struct PullRequestChangedFile {
    additions: i32,
    change_type: PatchStatus,
    deletions: i32,
    path: String,
}

/// A page of files.
#[derive(SimpleObject)]
pub(crate) struct PullRequestChangedFileConnection {
    nodes: Option<Vec<Option<PullRequestChangedFile>>>,
    page_info: PageInfo,
    total_count: i32,
}

fn look<T>(cx: &Context<'_>, read: impl FnOnce(&Tx<'_>) -> Result<T, Failure>) -> Result<T> {
    session(cx)?.look(read).map_err(|failure| refuse(&failure))
}

/// One page of the commits of a pull request.
pub(crate) fn commits(
    cx: &Context<'_>,
    pull: &PullRequest,
    bounds: &Bounds,
) -> Result<PullRequestCommitConnection> {
    let repo = pull.repo.id;
    let list = look(cx, |tx| {
        let (base, _) = pulls::base(tx, repo, pull.issue.number)?;
        Ok(tx.bare(repo)?.history(&pull.pull.head_sha, Some(&base))?)
    })?;
    let list: Vec<_> = list.into_iter().rev().enumerate().collect();
    let page = page(list, |(index, _)| *index as u64, bounds)?;
    let nodes = page.nodes.into_iter().map(|(_, info)| {
        let commit = Commit { repo: Arc::clone(&pull.repo), info };
        Some(PullRequestCommit { pull: pull.clone(), commit })
    });
    Ok(PullRequestCommitConnection {
        nodes: Some(nodes.collect()),
        page_info: page.page_info,
        total_count: page.total_count,
    })
}

/// One page of the files of a pull request.
pub(crate) fn files(
    cx: &Context<'_>,
    pull: &PullRequest,
    bounds: &Bounds,
) -> Result<PullRequestChangedFileConnection> {
    let repo = pull.repo.id;
    let list = look(cx, |tx| {
        let (_, from) = pulls::base(tx, repo, pull.issue.number)?;
        Ok(tx.bare(repo)?.changes(&from, &pull.pull.head_sha)?)
    })?;
    let list: Vec<_> = list.into_iter().enumerate().collect();
    let page = page(list, |(index, _)| *index as u64, bounds)?;
    let int = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let mut nodes = Vec::new();
    for (_, change) in page.nodes {
        nodes.push(Some(PullRequestChangedFile {
            additions: int(change.additions),
            change_type: PatchStatus::of(change.status)?,
            deletions: int(change.deletions),
            path: change.path,
        }));
    }
    Ok(PullRequestChangedFileConnection {
        nodes: Some(nodes),
        page_info: page.page_info,
        total_count: page.total_count,
    })
}

#[Object]
impl PullRequestCommit {
    async fn id(&self) -> ID {
        ID(format!("PURC_{:x}_{:x}_{}", self.pull.repo.id, self.pull.issue.number, self.commit.info.sha))
    }

    async fn commit(&self) -> Commit {
        self.commit.clone()
    }

    async fn pull_request(&self) -> PullRequest {
        self.pull.clone()
    }

    async fn url(&self, cx: &Context<'_>) -> Result<Uri> {
        let (html, name) = (&session(cx)?.urls.html, self.pull.repo.full_name());
        Ok(Uri(format!("{html}/{name}/pull/{}/commits/{}", self.pull.issue.number, self.commit.info.sha)))
    }
}
