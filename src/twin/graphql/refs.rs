//! Branches and commits, read from Git only when a query asks for them.

use std::sync::Arc;

use async_graphql::{Context, ID, Interface, Object, Result, SimpleObject};

use super::checks::{StatusCheckRollup, rollup};
use super::owner::{User, find_user};
use super::repository::Repository;
use super::scalars::{ComparisonStatus, DateTime, Oid, Uri};
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
    Tree(Tree),
}

/// A folder of files.
#[derive(Clone)]
pub(crate) struct Tree {
    repo: Arc<Repo>,
    sha: String,
}

/// How two branches lie to each other.
#[derive(SimpleObject)]
pub(crate) struct Comparison {
    ahead_by: i32,
    base_target: GitObject,
    behind_by: i32,
    head_target: GitObject,
    id: ID,
    status: ComparisonStatus,
}

/// Who made a commit, as the commit says.
pub(crate) struct GitActor {
    name: String,
    email: String,
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

    pub(crate) async fn compare(&self, cx: &Context<'_>, head_ref: String) -> Result<Option<Comparison>> {
        let base = match &self.sha {
            Some(sha) => Some(sha.clone()),
            None => tip(cx, &self.repo, &self.name)?,
        };
        let (Some(base), Some(head)) = (base, head_of(cx, &self.repo, &head_ref)?) else { return Ok(None) };
        compare(cx, &self.repo, &base, &head)
    }
}

/// Compares two commits; `None` when one of them isn't there.
fn compare(cx: &Context<'_>, repo: &Arc<Repo>, base: &str, head: &str) -> Result<Option<Comparison>> {
    let (Some(base), Some(head)) = (commit(cx, repo, base)?, commit(cx, repo, head)?) else {
        return Ok(None);
    };
    let session = session(cx)?;
    let (from, to) = (base.info.sha.clone(), head.info.sha.clone());
    let count = |of: &str, without: &str| -> Result<i32> {
        let commits = session.look(|tx| Ok(tx.bare(repo.id)?.history(of, Some(without))?.len()));
        Ok(i32::try_from(commits.map_err(|failure| refuse(&failure))?).unwrap_or(i32::MAX))
    };
    let (ahead_by, behind_by) = (count(&to, &from)?, count(&from, &to)?);
    Ok(Some(Comparison {
        ahead_by,
        base_target: GitObject::Commit(base),
        behind_by,
        head_target: GitObject::Commit(head),
        id: ID(format!("CMP_{:x}_{from}_{to}", repo.id)),
        status: match (ahead_by, behind_by) {
            (0, 0) => ComparisonStatus::Identical,
            (_, 0) => ComparisonStatus::Ahead,
            (0, _) => ComparisonStatus::Behind,
            _ => ComparisonStatus::Diverged,
        },
    }))
}

/// The commit of a head in a comparison: `branch`, or `owner:branch` of the same network.
fn head_of(cx: &Context<'_>, repo: &Arc<Repo>, head: &str) -> Result<Option<String>> {
    let Some((owner, branch)) = head.split_once(':') else { return resolve(cx, repo, head) };
    let world = session(cx)?.world();
    let related = |other: &&Arc<Repo>| {
        other.id == repo.id || other.fork_of == Some(repo.id) || repo.fork_of == Some(other.id)
    };
    let found = world.repos_of(owner).find(related);
    found.map_or(Ok(None), |found| tip(cx, found, &format!("refs/heads/{branch}")))
}

#[Object]
impl Tree {
    pub(crate) async fn id(&self) -> ID {
        ID(format!("T_{:x}_{}", self.repo.id, self.sha))
    }

    pub(crate) async fn oid(&self) -> Oid {
        Oid(self.sha.clone())
    }

    pub(crate) async fn abbreviated_oid(&self) -> String {
        self.sha.chars().take(7).collect()
    }

    pub(crate) async fn repository(&self) -> Repository {
        Repository { repo: Arc::clone(&self.repo) }
    }
}

#[Object]
impl GitActor {
    async fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    async fn email(&self) -> Option<&str> {
        Some(&self.email)
    }

    /// The user whose address it is; here people's names are their logins.
    async fn user(&self, cx: &Context<'_>) -> Result<Option<User>> {
        let private = self.email.strip_suffix("@users.noreply.github.com");
        // Addresses of today begin with the account's id.
        let login = private.map(|name| name.split_once('+').map_or(name, |(_, login)| login));
        find_user(cx, login.unwrap_or(&self.name))
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

    pub(crate) async fn author(&self) -> Option<GitActor> {
        Some(GitActor { name: self.info.author.clone(), email: self.info.email.clone() })
    }

    pub(crate) async fn committer(&self) -> Option<GitActor> {
        Some(GitActor { name: self.info.committer.clone(), email: self.info.committer_email.clone() })
    }

    pub(crate) async fn tree(&self) -> Tree {
        Tree { repo: Arc::clone(&self.repo), sha: self.info.tree.clone() }
    }

    pub(crate) async fn status_check_rollup(&self) -> Option<StatusCheckRollup> {
        rollup(&self.repo, &self.info.sha)
    }

    pub(crate) async fn url(&self, cx: &Context<'_>) -> Result<Uri> {
        Ok(Uri(format!("{}/{}/commit/{}", session(cx)?.urls.html, self.repo.full_name(), self.info.sha)))
    }

    pub(crate) async fn repository(&self) -> Repository {
        Repository { repo: Arc::clone(&self.repo) }
    }
}
