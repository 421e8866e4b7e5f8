//! Branches and commits, read from Git only when a query asks for them.

use std::sync::Arc;

use async_graphql::{Context, ID, Interface, Object, Result};

use super::repository::Repository;
use super::scalars::{DateTime, Oid, Uri};
use super::{refuse, session};
use crate::twin::door::failure::Failure;
use crate::twin::git::CommitInfo;
use crate::twin::shape::segment;
use crate::twin::world::Repo;

/// A branch or tag.
#[derive(Clone)]
pub(crate) struct Ref {
    pub(crate) repo: Arc<Repo>,
    /// The full name, `refs/heads/…`.
    pub(crate) name: String,
    /// Where it points; looked up when it isn't known yet.
    pub(crate) sha: Option<String>,
}

/// A commit.
#[derive(Clone)]
pub(crate) struct Commit {
    pub(crate) repo: Arc<Repo>,
    pub(crate) info: CommitInfo,
}

/// Anything in the object store.
#[derive(Interface)]
#[graphql(
    field(name = "id", ty = "ID"),
    field(name = "oid", ty = "Oid"),
    field(name = "abbreviated_oid", ty = "String"),
    field(name = "repository", ty = "Repository")
)]
pub(crate) enum GitObject {
    Commit(Commit),
}

/// Where a ref points.
pub(crate) fn tip(cx: &Context<'_>, repo: &Repo, name: &str) -> Result<Option<String>> {
    let session = session(cx)?;
    let bare =
        session.shared.git.open(&session.world(), repo).map_err(|error| refuse(&Failure::from(error)))?;
    bare.tip(name).map_err(|error| refuse(&Failure::from(error)))
}

/// The commit that a branch, tag, ref or id means.
pub(crate) fn resolve(cx: &Context<'_>, repo: &Repo, revision: &str) -> Result<Option<String>> {
    let session = session(cx)?;
    let revision = if revision == "HEAD" { &repo.settings.default_branch } else { revision };
    let bare =
        session.shared.git.open(&session.world(), repo).map_err(|error| refuse(&Failure::from(error)))?;
    bare.resolve(revision).map_err(|error| refuse(&Failure::from(error)))
}

/// A commit by object id.
pub(crate) fn commit(cx: &Context<'_>, repo: &Arc<Repo>, sha: &str) -> Result<Option<Commit>> {
    let session = session(cx)?;
    let bare =
        session.shared.git.open(&session.world(), repo).map_err(|error| refuse(&Failure::from(error)))?;
    let info = bare.commit(sha).map_err(|error| refuse(&Failure::from(error)))?;
    Ok(info.map(|info| Commit { repo: Arc::clone(repo), info }))
}

#[Object]
impl Ref {
    pub(crate) async fn id(&self) -> ID {
        ID(format!("REF_{:x}_{}", self.repo.id, segment(&self.name)))
    }

    /// The name without its prefix.
    pub(crate) async fn name(&self) -> &str {
        self.name.splitn(3, '/').nth(2).unwrap_or(&self.name)
    }

    pub(crate) async fn prefix(&self) -> String {
        let parts: Vec<&str> = self.name.splitn(3, '/').take(2).collect();
        format!("{}/", parts.join("/"))
    }

    pub(crate) async fn repository(&self) -> Repository {
        Repository { repo: Arc::clone(&self.repo) }
    }

    pub(crate) async fn target(&self, cx: &Context<'_>) -> Result<Option<GitObject>> {
        let sha = match &self.sha {
            Some(sha) => Some(sha.clone()),
            None => tip(cx, &self.repo, &self.name)?,
        };
        let Some(sha) = sha else { return Ok(None) };
        Ok(commit(cx, &self.repo, &sha)?.map(GitObject::Commit))
    }
}

#[Object]
impl Commit {
    pub(crate) async fn id(&self) -> ID {
        ID(format!("C_{:x}_{}", self.repo.id, self.info.sha))
    }

    pub(crate) async fn oid(&self) -> Oid {
        Oid(self.info.sha.clone())
    }

    pub(crate) async fn abbreviated_oid(&self) -> String {
        self.info.sha.chars().take(7).collect()
    }

    pub(crate) async fn message(&self) -> &str {
        &self.info.message
    }

    pub(crate) async fn message_headline(&self) -> &str {
        self.info.message.lines().next().unwrap_or_default()
    }

    pub(crate) async fn message_body(&self) -> &str {
        self.info.message.split_once("\n\n").map_or("", |(_, body)| body)
    }

    pub(crate) async fn committed_date(&self) -> DateTime {
        self.info.at.into()
    }

    pub(crate) async fn url(&self, cx: &Context<'_>) -> Result<Uri> {
        Ok(Uri(format!("{}/{}/commit/{}", session(cx)?.urls.html, self.repo.full_name(), self.info.sha)))
    }

    pub(crate) async fn repository(&self) -> Repository {
        Repository { repo: Arc::clone(&self.repo) }
    }
}
