//! How a revision stands to the config branch: what is not in force there is applied by an override only.

use std::sync::Arc;

use crate::adapters::git::Repo;
use crate::engine::{BootError, Keeper, Loaded, Source};
use crate::model::CommitId;
use crate::plan::NotInForce;

use super::context::Context;
use super::exit::Fail;

/// What is in force of the config; `None` where nothing ever was.
pub(super) async fn keeper(cx: &Context, source: &Arc<Source>) -> Result<Option<Keeper>, Fail> {
    if source.repo().is_none() {
        return Ok(None);
    }
    match Keeper::boot(Arc::clone(source), cx.clock.clone()).await {
        Ok(keeper) => Ok(Some(keeper)),
        Err(BootError::NoBranch(_) | BootError::Invalid(_)) if source.remembered()?.is_none() => Ok(None),
        Err(error) => Err(super::run::boot_fail(cx, error)),
    }
}

/// Where a branch is: of a clone both as it has it itself and as it knows the remote's.
pub(super) fn heads(source: &Source, branch: &str) -> Result<Vec<CommitId>, Fail> {
    let Some(repo) = source.repo() else { return Ok(Vec::new()) };
    let remote = repo.reference(&format!("refs/remotes/origin/{branch}"))?;
    Ok(repo.branch_head(branch)?.into_iter().chain(remote).collect())
}

/// Why the revision is not what the branch has in force, if it isn't.
pub(super) fn not_in_force(
    repo: &Repo,
    branch: &str,
    heads: &[CommitId],
    loaded: &Loaded,
) -> Result<Option<NotInForce>, Fail> {
    let Some(commit) = loaded.desired.origin.commit.clone() else { return Ok(None) };
    if heads.contains(&commit) {
        return Ok(None);
    }
    for head in heads {
        if repo.has(&commit)? && repo.merge_base(head, &commit)?.as_ref() == Some(&commit) {
            return Ok(Some(NotInForce::Superseded {
                commit,
                head: head.clone(),
                branch: branch.to_owned(),
            }));
        }
    }
    Ok(Some(NotInForce::Unmerged { commit, branch: branch.to_owned() }))
}
