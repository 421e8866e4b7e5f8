//! The merge queue of a branch: what is in it is merged with the branch, checked, and lands as it was checked, one after the
//! other.

use super::{Tx, checks, pulls, refs, reviews};
use crate::twin::door::failure::Failure;
use crate::twin::git::{Draft, Expected, Merged};
use crate::twin::world::{IssueState, MergeGroup, MergeQueue, QueueEntry, Removal, Repo};

/// Who does what the queue does.
const BOT: &str = "github-merge-queue[bot]";

/// Gives a branch a merge queue, which merges so.
pub(crate) fn set(tx: &mut Tx<'_>, repo_id: u64, branch: &str, method: &str) -> Result<(), Failure> {
    if !["merge", "squash"].contains(&method) {
        return Err(Failure::field("MergeQueue", "method", "invalid"));
    }
    let queue = MergeQueue { method: method.to_owned(), entries: Vec::new(), removals: Vec::new() };
    tx.repo_mut(repo_id)?.merge_queues.insert(branch.to_owned(), queue);
    Ok(())
}

/// Where a pull request stands in its queue, from one.
pub(crate) fn place(repo: &Repo, number: u64) -> Option<(usize, &QueueEntry)> {
    let mut all = repo.merge_queues.values();
    all.find_map(|queue| {
        let at = queue.entries.iter().position(|entry| entry.pull == number)?;
        Some((at + 1, &queue.entries[at]))
    })
}

fn branch_of(repo: &Repo, number: u64) -> Option<String> {
    let is_in = |queue: &MergeQueue| queue.entries.iter().any(|entry| entry.pull == number);
    repo.merge_queues.iter().find(|(_, queue)| is_in(queue)).map(|(branch, _)| branch.clone())
}

fn queue_mut<'t>(tx: &'t mut Tx<'_>, repo_id: u64, branch: &str) -> Result<&'t mut MergeQueue, Failure> {
    tx.repo_mut(repo_id)?.merge_queues.get_mut(branch).ok_or_else(Failure::not_found)
}

/// Puts a pull request into the queue of its base.
pub(crate) fn enqueue(
    tx: &mut Tx<'_>,
    repo_id: u64,
    number: u64,
    expected: Option<&str>,
) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    if repo.settings.archived {
        return Err(Failure::archived());
    }
    let (issue, pull) = pulls::parts(&repo, number)?;
    let refuse = |text: &str| Err(Failure::unprocessable(text));
    if !repo.merge_queues.contains_key(&pull.base_ref) {
        return refuse("Merge queue is not enabled for this branch");
    }
    if issue.state == IssueState::Closed {
        return refuse("Pull request is closed");
    }
    if pull.draft {
        return refuse("Pull request is in draft");
    }
    if place(&repo, number).is_some() {
        return refuse("Pull request is already in the queue");
    }
    if expected.is_some_and(|sha| sha != pull.head_sha) {
        return refuse("Head branch was modified. Review and try the merge again.");
    }
    if reviews::approvals(tx.world, &repo, number) < repo.required_approvals {
        return refuse("Pull request has not been approved as its branch asks for");
    }
    if pulls::extent(tx, repo_id, number)?.mergeable != Some(true) {
        return refuse("Pull request has merge conflicts");
    }
    let (id, now) = (tx.world.fresh_id(), tx.now);
    let (head, by) = (pull.head_sha.clone(), tx.actor.clone());
    let entry = QueueEntry { id, pull: number, head, by, enqueued_at: now, group: None };
    queue_mut(tx, repo_id, &pull.base_ref)?.entries.push(entry);
    pulls::tell(tx, repo_id, number, Tx::action("enqueued"))?;
    as_queue(tx, |tx| advance(tx, repo_id, &pull.base_ref))
}

/// Takes a pull request out of its queue, for a reason; one that is in none stays as it is.
pub(crate) fn leave(tx: &mut Tx<'_>, repo_id: u64, number: u64, reason: &str) -> Result<(), Failure> {
    let Some(branch) = branch_of(&*tx.repo(repo_id)?, number) else { return Ok(()) };
    let (id, at, actor) = (tx.world.fresh_id(), tx.now, tx.actor.clone());
    let queue = queue_mut(tx, repo_id, &branch)?;
    let Some(place) = queue.entries.iter().position(|entry| entry.pull == number) else { return Ok(()) };
    let group = queue.entries.remove(place).group;
    let sha = group.as_ref().map(|group| group.sha.clone());
    queue.removals.push(Removal { id, pull: number, at, actor, reason: reason.to_owned(), sha });
    let mut payload = Tx::action("dequeued");
    payload["reason"] = reason.into();
    pulls::tell(tx, repo_id, number, payload)?;
    as_queue(tx, |tx| {
        if let Some(group) = group {
            refs::delete(tx, repo_id, &format!("refs/heads/{}", group.branch))?;
        }
        advance(tx, repo_id, &branch)
    })
}

/// A check of a commit has ended: where that is what a queue tests, and it was the last, the queue goes on.
pub(crate) fn judge(tx: &mut Tx<'_>, repo_id: u64, sha: &str) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let tested = |queue: &MergeQueue| {
        let first = queue.entries.first()?;
        first.group.as_ref().filter(|group| group.sha == sha).map(|_| first.pull)
    };
    let mut all = repo.merge_queues.iter();
    let Some((branch, number)) = all.find_map(|(branch, queue)| Some((branch, tested(queue)?))) else {
        return Ok(());
    };
    if checks::conclusions(&repo, sha).is_none() {
        return Ok(());
    }
    if checks::passed(&repo, sha) {
        as_queue(tx, |tx| land(tx, repo_id, branch))
    } else {
        as_queue(tx, |tx| leave(tx, repo_id, number, "failed checks"))
    }
}

/// Does what the queue does in its name.
fn as_queue<T>(tx: &mut Tx<'_>, act: impl FnOnce(&mut Tx<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
    let actor = std::mem::replace(&mut tx.actor, BOT.to_owned());
    let done = act(tx);
    tx.actor = actor;
    done
}

/// Has what is first in the queue tested, unless it is.
fn advance(tx: &mut Tx<'_>, repo_id: u64, branch: &str) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let queue = repo.merge_queues.get(branch).ok_or_else(Failure::not_found)?;
    let Some(first) = queue.entries.first().filter(|entry| entry.group.is_none()) else { return Ok(()) };
    let (bare, number) = (tx.bare(repo_id)?, first.pull);
    let Some(base) = bare.tip(&format!("refs/heads/{branch}"))? else {
        return leave(tx, repo_id, number, "the base branch is gone");
    };
    let Merged::Clean(files) = bare.merge(&base, &first.head)? else {
        return leave(tx, repo_id, number, "merge conflict");
    };
    let (issue, pull) = pulls::parts(&repo, number)?;
    let (parents, message) = match queue.method.as_str() {
        "squash" => (vec![base.clone()], format!("{} (#{number})", issue.title)),
        _ => {
            let title = format!("Merge pull request #{number} from {}/{}", repo.owner, pull.head_ref);
            (vec![base.clone(), first.head.clone()], format!("{title}\n\n{}", issue.title))
        }
    };
    let (author, at) = (tx.actor.clone(), tx.now);
    let draft = Draft { parents, additions: Vec::new(), deletions: Vec::new(), message, author, at };
    let sha = bare.write_files(&files, &draft)?;
    let group = MergeGroup {
        branch: format!("gh-readonly-queue/{branch}/pr-{number}-{base}"),
        sha: sha.clone(),
        base,
    };
    let name = format!("refs/heads/{}", group.branch);
    bare.set_ref(&name, Some(&sha), &Expected::Any)?;
    if let Some(entry) = queue_mut(tx, repo_id, branch)?.entries.first_mut() {
        entry.group = Some(group);
    }
    refs::moved(tx, repo_id, &name, refs::NOWHERE, &sha)?;
    checks::begin_at(tx, repo_id, &sha, &name)?;
    // Where nothing is checked, nothing is waited for.
    judge(tx, repo_id, &sha)
}

/// The branch goes on to what was tested, unless it moved meanwhile: then it is tested anew.
fn land(tx: &mut Tx<'_>, repo_id: u64, branch: &str) -> Result<(), Failure> {
    let bare = tx.bare(repo_id)?;
    let base = format!("refs/heads/{branch}");
    let tip = bare.tip(&base)?;
    let entry = queue_mut(tx, repo_id, branch)?.entries.first_mut().ok_or_else(Failure::not_found)?;
    let (number, group) = (entry.pull, entry.group.take().ok_or_else(Failure::not_found)?);
    if tip.as_ref() == Some(&group.base) {
        queue_mut(tx, repo_id, branch)?.entries.remove(0);
        bare.set_ref(&base, Some(&group.sha), &Expected::At(group.base.clone()))?;
        pulls::landed(tx, repo_id, number, (&group.base, &group.sha), "merge_queue_merge")?;
    }
    refs::delete(tx, repo_id, &format!("refs/heads/{}", group.branch))?;
    advance(tx, repo_id, branch)
}
