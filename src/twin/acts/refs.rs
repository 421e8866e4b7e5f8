//! Moving branches and tags, and what follows: pull requests move with their branch, webhooks hear of the push.

use serde_json::{Value, json};

use super::Tx;
use crate::twin::door::failure::Failure;
use crate::twin::git::{CommitInfo, Expected};
use crate::twin::shape::{self, time};
use crate::twin::world::{Activity, IssueState, Repo};

/// The object id that stands for "no ref".
pub(crate) const NOWHERE: &str = "0000000000000000000000000000000000000000";

/// A ref was pushed, in whatever way: notes it and tells of it.
pub(crate) fn moved(tx: &mut Tx<'_>, repo_id: u64, name: &str, old: &str, new: &str) -> Result<(), Failure> {
    let forced = old != NOWHERE && new != NOWHERE && {
        let bare = tx.bare(repo_id)?;
        bare.merge_base(old, new)?.as_deref() != Some(old)
    };
    let kind = match (old, new) {
        (NOWHERE, _) => "branch_creation",
        (_, NOWHERE) => "branch_deletion",
        _ if forced => "force_push",
        _ => "push",
    };
    goes(tx, repo_id, name, (old, new), kind)
}

/// A ref has moved: notes by what kind of activity, and tells of it.
pub(crate) fn goes(
    tx: &mut Tx<'_>,
    repo_id: u64,
    name: &str,
    (old, new): (&str, &str),
    kind: &str,
) -> Result<(), Failure> {
    let (now, actor) = (tx.now, tx.actor.clone());
    if let Some(branch) = name.strip_prefix("refs/heads/") {
        let repo = tx.repo_mut(repo_id)?;
        repo.pushed_at = now;
        repo.updated_at = now;
        repo.activity.push_back(Activity {
            branch: name.to_owned(),
            before: old.to_owned(),
            after: new.to_owned(),
            kind: kind.to_owned(),
            actor,
            at: now,
        });
        follow(tx, repo_id, branch, new)?;
    }
    tell_push(tx, repo_id, name, (old, new), kind == "force_push")
}

/// Pull requests from this branch follow it; those whose branch is gone are closed.
fn follow(tx: &mut Tx<'_>, repo_id: u64, branch: &str, new: &str) -> Result<(), Failure> {
    let mut followers = Vec::new();
    for base in tx.world.repos.values() {
        for issue in base.issues.values() {
            let Some(pull) = &issue.pull else { continue };
            if issue.state == IssueState::Open && pull.head_repo == repo_id && pull.head_ref == branch {
                followers.push((base.id, issue.number));
            }
        }
    }
    for (base, number) in followers {
        if new == NOWHERE {
            super::pulls::close(tx, base, number)?;
        } else {
            super::pulls::head_moved(tx, base, number, new)?;
        }
    }
    Ok(())
}

fn tell_push(
    tx: &mut Tx<'_>,
    repo_id: u64,
    name: &str,
    (old, new): (&str, &str),
    forced: bool,
) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let bare = tx.bare(repo_id)?;
    let (created, deleted) = (old == NOWHERE, new == NOWHERE);
    let commits = if deleted {
        Vec::new()
    } else {
        bare.history(new, (!created).then_some(old))?.into_iter().take(20).collect()
    };
    let draw = |commit: &CommitInfo| -> Value {
        json!({
            "id": commit.sha,
            "tree_id": commit.tree,
            "distinct": true,
            "message": commit.message,
            "timestamp": time(commit.at),
            "url": format!("{}/{}/commit/{}", tx.urls.html, repo.full_name(), commit.sha),
            "author": {"name": commit.author, "email": commit.email},
            "committer": {"name": commit.author, "email": commit.email},
        })
    };
    let list: Vec<Value> = commits.iter().rev().map(draw).collect();
    let payload = json!({
        "ref": name,
        "before": old,
        "after": new,
        "created": created,
        "deleted": deleted,
        "forced": forced,
        "base_ref": null,
        "compare": format!("{}/{}/compare/{old}...{new}", tx.urls.html, repo.full_name()),
        "commits": list,
        "head_commit": commits.first().map(draw),
        "pusher": {"name": tx.actor, "email": null},
    });
    tx.tell("push", &repo, payload);
    Ok(())
}

fn check_name(name: &str) -> Result<(), Failure> {
    if name.starts_with("refs/") && name.matches('/').count() >= 2 {
        Ok(())
    } else {
        Err(Failure::unprocessable(
            "Reference name must start with 'refs/' and contain at least one more slash",
        ))
    }
}

fn writable(repo: &Repo) -> Result<(), Failure> {
    if repo.settings.archived { Err(Failure::archived()) } else { Ok(()) }
}

/// Creates a ref at a commit that exists.
pub(crate) fn create(tx: &mut Tx<'_>, repo_id: u64, name: &str, sha: &str) -> Result<(), Failure> {
    writable(&*tx.repo(repo_id)?)?;
    check_name(name)?;
    let bare = tx.bare(repo_id)?;
    if bare.commit(sha)?.is_none() {
        return Err(Failure::unprocessable("Object does not exist"));
    }
    if bare.tip(name)?.is_some() {
        return Err(Failure::unprocessable("Reference already exists"));
    }
    bare.set_ref(name, Some(sha), &Expected::Absent)?;
    moved(tx, repo_id, name, NOWHERE, sha)
}

/// Moves a ref; without `force` only forward.
pub(crate) fn update(
    tx: &mut Tx<'_>,
    repo_id: u64,
    name: &str,
    sha: &str,
    force: bool,
) -> Result<(), Failure> {
    writable(&*tx.repo(repo_id)?)?;
    let bare = tx.bare(repo_id)?;
    let old = bare.tip(name)?.ok_or_else(|| Failure::unprocessable("Reference does not exist"))?;
    if bare.commit(sha)?.is_none() {
        return Err(Failure::unprocessable("Object does not exist"));
    }
    if !force && bare.merge_base(&old, sha)?.as_deref() != Some(old.as_str()) {
        return Err(Failure::unprocessable("Update is not a fast forward"));
    }
    if old == sha {
        return Ok(());
    }
    bare.set_ref(name, Some(sha), &Expected::At(old.clone()))?;
    moved(tx, repo_id, name, &old, sha)
}

/// Deletes a ref.
pub(crate) fn delete(tx: &mut Tx<'_>, repo_id: u64, name: &str) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    writable(&repo)?;
    let bare = tx.bare(repo_id)?;
    let old = bare.tip(name)?.ok_or_else(|| Failure::unprocessable("Reference does not exist"))?;
    if name == format!("refs/heads/{}", repo.settings.default_branch) {
        return Err(Failure::unprocessable("Cannot delete the default branch"));
    }
    bare.set_ref(name, None, &Expected::At(old.clone()))?;
    moved(tx, repo_id, name, &old, NOWHERE)
}

/// A commit to be made on a branch.
pub(crate) struct Commit<'a> {
    pub(crate) branch: &'a str,
    /// Where the branch must be; `None` takes it wherever it is, and creates it if there is none.
    pub(crate) expected: Option<&'a str>,
    pub(crate) message: String,
    pub(crate) additions: Vec<(String, Vec<u8>)>,
    pub(crate) deletions: Vec<String>,
}

/// Commits to a branch, comparing and swapping.
pub(crate) fn commit(tx: &mut Tx<'_>, repo_id: u64, commit: Commit<'_>) -> Result<CommitInfo, Failure> {
    let repo = tx.repo(repo_id)?;
    writable(&repo)?;
    let bare = tx.bare(repo_id)?;
    let name = format!("refs/heads/{}", commit.branch);
    let tip = bare.tip(&name)?;
    if let Some(expected) = commit.expected
        && tip.as_deref() != Some(expected)
    {
        let text = format!("Expected branch to point to \"{expected}\" but it did not. Pull and try again.");
        return Err(Failure::new(409, "STALE_DATA", text));
    }
    // A new branch begins at the default branch; in an empty repository at nothing.
    let start = match &tip {
        Some(tip) => Some(tip.clone()),
        None => bare.tip(&format!("refs/heads/{}", repo.settings.default_branch))?,
    };
    if let Some(parent) = &start {
        let files = bare.files(parent)?;
        if let Some(path) = commit.deletions.iter().find(|path| !files.contains_key(*path)) {
            let text = format!(
                "A path was requested for deletion which does not exist as of commit oid `{parent}`: {path}"
            );
            return Err(Failure::unprocessable(text));
        }
    }
    let draft = crate::twin::git::Draft {
        parents: start.iter().cloned().collect(),
        additions: commit.additions,
        deletions: commit.deletions,
        message: commit.message,
        author: tx.actor.clone(),
        at: tx.now,
    };
    let sha = bare.write_commit(&draft)?;
    let expected = tip.clone().map_or(Expected::Absent, Expected::At);
    bare.set_ref(&name, Some(&sha), &expected)?;
    moved(tx, repo_id, &name, tip.as_deref().unwrap_or(NOWHERE), &sha)?;
    bare.commit(&sha)?.ok_or_else(Failure::not_found)
}

/// The answer to `GET /git/ref/…` and its like.
pub(crate) fn draw(tx: &Tx<'_>, repo_id: u64, name: &str) -> Result<Value, Failure> {
    let repo = tx.repo(repo_id)?;
    let sha = tx.bare(repo_id)?.tip(name)?.ok_or_else(Failure::not_found)?;
    Ok(shape::git_ref(&repo, name, &sha, tx.urls))
}
