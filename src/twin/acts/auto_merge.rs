//! Auto-merge: a pull request that lands by itself once nothing is in its way any more. Of whom it merges counts who turned it on.

use super::{Tx, checks, pulls, queue, reviews};
use crate::twin::door::failure::Failure;
use crate::twin::world::{AutoMerge, IssueState, Repo};

/// What is to be merged by itself.
pub(crate) struct Enabling<'a> {
    /// `merge`, `squash` or `rebase`.
    pub(crate) method: &'a str,
    pub(crate) title: Option<String>,
    pub(crate) message: Option<String>,
    /// The head that was looked at.
    pub(crate) expected: Option<&'a str>,
}

/// Turns it on. Where nothing is waited for, it is refused: such a pull request can be merged at once.
pub(crate) fn enable(tx: &mut Tx<'_>, repo_id: u64, number: u64, how: Enabling<'_>) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    if repo.settings.archived {
        return Err(Failure::archived());
    }
    let (issue, pull) = pulls::parts(&repo, number)?;
    let refuse = |text: &str| Err(Failure::unprocessable(text));
    if !repo.settings.allow_auto_merge {
        return refuse("Auto merge is not allowed for this repository");
    }
    if issue.state == IssueState::Closed {
        return refuse("Can't enable auto-merge for this pull request");
    }
    if pull.draft {
        return refuse("Pull request is in draft state");
    }
    if how.expected.is_some_and(|sha| sha != pull.head_sha) {
        return refuse("Head branch was modified. Review and try the merge again.");
    }
    if !pulls::allows(&repo, how.method) {
        return refuse("Merge method is not allowed on this repository");
    }
    if waits(tx, &repo, number)?.is_none() {
        return refuse("Pull request is in clean status");
    }
    let on = AutoMerge {
        by: tx.actor.clone(),
        at: tx.now,
        method: how.method.to_owned(),
        title: how.title,
        message: how.message,
    };
    set(tx, repo_id, number, Some(Box::new(on)))?;
    pulls::tell(tx, repo_id, number, Tx::action("auto_merge_enabled"))
}

/// Turns it off.
pub(crate) fn disable(tx: &mut Tx<'_>, repo_id: u64, number: u64) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let (_, pull) = pulls::parts(&repo, number)?;
    if pull.auto_merge.is_none() {
        return Err(Failure::unprocessable("Can't disable auto-merge for this pull request"));
    }
    set(tx, repo_id, number, None)?;
    pulls::tell(tx, repo_id, number, Tx::action("auto_merge_disabled"))
}

/// Something of a pull request has changed: merges it, where it is to be and nothing is in its way.
pub(crate) fn go(tx: &mut Tx<'_>, repo_id: u64, number: u64) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let (issue, pull) = pulls::parts(&repo, number)?;
    let Some(on) = pull.auto_merge.clone().filter(|_| issue.state == IssueState::Open) else { return Ok(()) };
    if waits(tx, &repo, number)?.is_some() {
        return Ok(());
    }
    let actor = std::mem::replace(&mut tx.actor, on.by);
    let (title, message) = (on.title.as_deref(), on.message.as_deref());
    let how = pulls::Merge { method: &on.method, sha: Some(&pull.head_sha), title, message };
    let done = if repo.merge_queues.contains_key(&pull.base_ref) {
        set(tx, repo_id, number, None).and_then(|()| queue::enqueue(tx, repo_id, number, how.sha))
    } else {
        pulls::merge(tx, repo_id, number, &how).map(drop)
    };
    tx.actor = actor;
    match done {
        Ok(()) => Ok(()),
        // What can't be merged that way isn't, and nobody is to blame who only reported a check.
        Err(_) => forget(tx, repo_id, number),
    }
}

/// The same for every pull request with this head.
pub(crate) fn go_at(tx: &mut Tx<'_>, repo_id: u64, sha: &str) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let of_head = |number: &&u64| pulls::parts(&repo, **number).is_ok_and(|(_, pull)| pull.head_sha == sha);
    let numbers: Vec<u64> = repo.issues.keys().filter(of_head).copied().collect();
    numbers.into_iter().try_for_each(|number| go(tx, repo_id, number))
}

/// Turns it off without a word where it was on: the pull request is closed, or goes elsewhere.
pub(crate) fn forget(tx: &mut Tx<'_>, repo_id: u64, number: u64) -> Result<(), Failure> {
    set(tx, repo_id, number, None)
}

fn set(tx: &mut Tx<'_>, repo_id: u64, number: u64, on: Option<Box<AutoMerge>>) -> Result<(), Failure> {
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    issue.pull.as_mut().ok_or_else(Failure::not_found)?.auto_merge = on;
    Ok(())
}

/// What is still in its way.
fn waits(tx: &Tx<'_>, repo: &Repo, number: u64) -> Result<Option<&'static str>, Failure> {
    let (_, pull) = pulls::parts(repo, number)?;
    if reviews::approvals(tx.world, repo, number) < repo.required_approvals {
        return Ok(Some("approvals"));
    }
    if !checks::passed(repo, &pull.head_sha) {
        return Ok(Some("checks"));
    }
    let mergeable = pulls::extent(tx, repo.id, number)?.mergeable == Some(true);
    Ok((!mergeable).then_some("conflicts"))
}
