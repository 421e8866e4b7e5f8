//! Opening, editing, closing and merging pull requests.

use serde_json::{Value, json};

use super::{Tx, auto_merge, checks, closing, queue, refs, reviews, timeline};
use crate::twin::door::failure::Failure;
use crate::twin::git::{Draft, Expected, Merged};
use crate::twin::shape::{self, Extent};
use crate::twin::world::{Deed, Issue, IssueState, Pull, Repo};

/// A pull request to be opened.
pub(crate) struct Opening<'a> {
    pub(crate) title: &'a str,
    pub(crate) body: Option<String>,
    /// The repository of the head branch.
    pub(crate) head_repo: u64,
    pub(crate) head: &'a str,
    pub(crate) base: &'a str,
    pub(crate) draft: bool,
}

fn pull_ref(number: u64) -> String {
    format!("refs/pull/{number}/head")
}

/// Opens a pull request.
pub(crate) fn open(tx: &mut Tx<'_>, repo_id: u64, opening: Opening<'_>) -> Result<Issue, Failure> {
    let repo = tx.repo(repo_id)?;
    if repo.settings.archived {
        return Err(Failure::archived());
    }
    if opening.title.trim().is_empty() {
        return Err(Failure::field("PullRequest", "title", "missing_field"));
    }
    let bare = tx.bare(repo_id)?;
    let tip = |bare: &crate::twin::git::Bare, branch: &str, field: &str| -> Result<String, Failure> {
        bare.tip(&format!("refs/heads/{branch}"))?
            .ok_or_else(|| Failure::field("PullRequest", field, "invalid"))
    };
    let base_sha = tip(&bare, opening.base, "base")?;
    let head_sha = tip(&tx.bare(opening.head_repo)?, opening.head, "head")?;
    let head_owner = tx.repo(opening.head_repo)?.owner.clone();
    let twin = repo.issues.values().any(|issue| {
        issue.state == IssueState::Open
            && issue.pull.as_ref().is_some_and(|pull| {
                pull.head_repo == opening.head_repo
                    && pull.head_ref == opening.head
                    && pull.base_ref == opening.base
            })
    });
    if twin {
        let text = format!("A pull request already exists for {head_owner}:{}.", opening.head);
        let mut failure = Failure::unprocessable("Validation Failed");
        failure.errors.push(json!({"resource": "PullRequest", "code": "custom", "message": text}));
        return Err(failure);
    }
    if bare.history(&head_sha, Some(&base_sha))?.is_empty() {
        let text = format!("No commits between {} and {}", opening.base, opening.head);
        let mut failure = Failure::unprocessable("Validation Failed");
        failure.errors.push(json!({"resource": "PullRequest", "code": "custom", "message": text}));
        return Err(failure);
    }
    let number = repo.next_number();
    let pull = Pull {
        id: tx.world.fresh_id(),
        head_repo: opening.head_repo,
        head_ref: opening.head.to_owned(),
        head_sha: head_sha.clone(),
        base_ref: opening.base.to_owned(),
        base_sha,
        draft: opening.draft,
        merged_at: None,
        merged_by: None,
        merge_commit_sha: None,
        auto_merge: None,
    };
    let new = Issue::new(tx.world.fresh_id(), number, &tx.actor, opening.title, tx.now);
    let issue = Issue { body: opening.body, pull: Some(pull), ..new };
    bare.set_ref(&pull_ref(number), Some(&head_sha), &Expected::Any)?;
    tx.repo_mut(repo_id)?.issues.insert(number, issue.clone());
    tell(tx, repo_id, number, Tx::action("opened"))?;
    checks::begin(tx, repo_id, number)?;
    Ok(issue)
}

/// The issue and pull request of a number.
pub(crate) fn parts(repo: &Repo, number: u64) -> Result<(&Issue, &Pull), Failure> {
    let issue = repo.issues.get(&number).ok_or_else(Failure::not_found)?;
    let pull = issue.pull.as_ref().ok_or_else(Failure::not_found)?;
    Ok((issue, pull))
}

/// Tells of a pull request.
pub(crate) fn tell(tx: &mut Tx<'_>, repo_id: u64, number: u64, mut payload: Value) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let (issue, pull) = parts(&repo, number)?;
    payload["number"] = json!(number);
    payload["pull_request"] = shape::pull(tx.world, &repo, issue, pull, Extent::default(), tx.urls);
    tx.tell("pull_request", &repo, payload);
    Ok(())
}

/// The branch of an open pull request has moved.
pub(crate) fn head_moved(tx: &mut Tx<'_>, repo_id: u64, number: u64, sha: &str) -> Result<(), Failure> {
    let now = tx.now;
    let repo = tx.repo_mut(repo_id)?;
    let issue = repo.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    issue.updated_at = now;
    let pull = issue.pull.as_mut().ok_or_else(Failure::not_found)?;
    let before = std::mem::replace(&mut pull.head_sha, sha.to_owned());
    tx.bare(repo_id)?.set_ref(&pull_ref(number), Some(sha), &Expected::Any)?;
    let mut payload = Tx::action("synchronize");
    payload["before"] = json!(before);
    payload["after"] = json!(sha);
    tell(tx, repo_id, number, payload)?;
    queue::leave(tx, repo_id, number, "the head changed")?;
    checks::begin(tx, repo_id, number)
}

/// Changes title, body, state or base.
pub(crate) fn edit(tx: &mut Tx<'_>, repo_id: u64, number: u64, body: &Value) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    if repo.settings.archived {
        return Err(Failure::archived());
    }
    let (_, pull) = parts(&repo, number)?;
    let mut base = None;
    if let Some(name) = body["base"].as_str()
        && name != pull.base_ref
    {
        let tip = tx.bare(repo_id)?.tip(&format!("refs/heads/{name}"))?;
        let sha = tip.ok_or_else(|| Failure::field("PullRequest", "base", "invalid"))?;
        base = Some((name.to_owned(), sha));
    }
    let (now, actor) = (tx.now, tx.actor.clone());
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    let before = issue.clone();
    if let Some(title) = body["title"].as_str() {
        title.clone_into(&mut issue.title);
    }
    if let Some(text) = body.get("body") {
        issue.body = text.as_str().map(str::to_owned);
        if issue.body != before.body {
            issue.edited_at = Some(now);
            issue.edited_by = Some(actor);
        }
    }
    if let (Some((name, sha)), Some(pull)) = (base, issue.pull.as_mut()) {
        pull.base_ref = name;
        pull.base_sha = sha;
        pull.auto_merge = None;
    }
    let edited = issue.title != before.title
        || issue.body != before.body
        || issue.pull.as_ref().map(|pull| &pull.base_ref) != before.pull.as_ref().map(|pull| &pull.base_ref);
    if edited {
        issue.updated_at = now;
        let mut payload = Tx::action("edited");
        payload["changes"] = json!({});
        tell(tx, repo_id, number, payload)?;
    }
    match body["state"].as_str() {
        Some("closed") => close(tx, repo_id, number),
        Some("open") => reopen(tx, repo_id, number),
        Some(_) => Err(Failure::field("PullRequest", "state", "invalid")),
        None => Ok(()),
    }
}

/// Closes a pull request without merging it; a closed one stays as it is.
pub(crate) fn close(tx: &mut Tx<'_>, repo_id: u64, number: u64) -> Result<(), Failure> {
    let (now, actor) = (tx.now, tx.actor.clone());
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    if issue.state == IssueState::Closed {
        return Ok(());
    }
    issue.state = IssueState::Closed;
    issue.closed_at = Some(now);
    issue.closed_by = Some(actor);
    issue.updated_at = now;
    timeline::note(tx, repo_id, number, Deed::Closed { reason: None, by: None })?;
    tell(tx, repo_id, number, Tx::action("closed"))?;
    auto_merge::forget(tx, repo_id, number)?;
    queue::leave(tx, repo_id, number, "it was closed")
}

fn reopen(tx: &mut Tx<'_>, repo_id: u64, number: u64) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let (issue, pull) = parts(&repo, number)?;
    if issue.state == IssueState::Open {
        return Ok(());
    }
    let tip = tx.bare(pull.head_repo)?.tip(&format!("refs/heads/{}", pull.head_ref))?;
    let (Some(tip), None) = (tip, pull.merged_at) else {
        return Err(Failure::custom(
            "PullRequest",
            "state",
            "state cannot be changed. The pull request cannot be reopened.",
        ));
    };
    let now = tx.now;
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    issue.state = IssueState::Open;
    issue.closed_at = None;
    issue.closed_by = None;
    issue.updated_at = now;
    if let Some(pull) = issue.pull.as_mut() {
        pull.head_sha.clone_from(&tip);
    }
    tx.bare(repo_id)?.set_ref(&pull_ref(number), Some(&tip), &Expected::Any)?;
    timeline::note(tx, repo_id, number, Deed::Reopened)?;
    tell(tx, repo_id, number, Tx::action("reopened"))?;
    checks::begin(tx, repo_id, number)
}

/// Whether a repository lets pull requests be merged so.
pub(crate) fn allows(repo: &Repo, method: &str) -> bool {
    match method {
        "squash" => repo.settings.allow_squash_merge,
        "rebase" => repo.settings.allow_rebase_merge,
        "merge" => repo.settings.allow_merge_commit,
        _ => false,
    }
}

/// How to merge.
pub(crate) struct Merge<'a> {
    /// `merge`, `squash` or `rebase`.
    pub(crate) method: &'a str,
    /// The head that was approved.
    pub(crate) sha: Option<&'a str>,
    pub(crate) title: Option<&'a str>,
    pub(crate) message: Option<&'a str>,
}

/// Merges a pull request; answers the commit that did it.
pub(crate) fn merge(tx: &mut Tx<'_>, repo_id: u64, number: u64, how: &Merge<'_>) -> Result<String, Failure> {
    let repo = tx.repo(repo_id)?;
    if repo.settings.archived {
        return Err(Failure::archived());
    }
    let (issue, pull) = parts(&repo, number)?;
    let refuse = |text: &str| Failure::new(405, "UNPROCESSABLE", text);
    if issue.state == IssueState::Closed {
        return Err(refuse("Pull Request is not mergeable"));
    }
    if pull.draft {
        return Err(refuse("Pull Request is still a draft"));
    }
    if repo.merge_queues.contains_key(&pull.base_ref) {
        return Err(refuse(
            "Repository rule violations found\n\nChanges must be made through the merge queue\n\n",
        ));
    }
    let name = match how.method {
        "squash" => "Squash merges",
        "rebase" => "Rebase merges",
        "merge" => "Merge commits",
        _ => return Err(Failure::field("PullRequest", "merge_method", "invalid")),
    };
    if !allows(&repo, how.method) {
        return Err(refuse(&format!("{name} are not allowed on this repository.")));
    }
    if how.sha.is_some_and(|sha| sha != pull.head_sha) {
        return Err(Failure::conflict("Head branch was modified. Review and try the merge again."));
    }
    let missing = repo.required_approvals.saturating_sub(reviews::approvals(tx.world, &repo, number));
    if missing > 0 {
        let needed = repo.required_approvals;
        let word = if needed == 1 { "review is" } else { "reviews are" };
        return Err(refuse(&format!(
            "Repository rule violations found\n\nAt least {needed} approving {word} required by reviewers with \
             write access.\n\n"
        )));
    }
    let bare = tx.bare(repo_id)?;
    let base_name = format!("refs/heads/{}", pull.base_ref);
    let base = bare
        .tip(&base_name)?
        .ok_or_else(|| refuse("Base branch was modified. Review and try the merge again."))?;
    let Merged::Clean(files) = bare.merge(&base, &pull.head_sha)? else {
        return Err(refuse("Pull Request has merge conflicts"));
    };
    let head_owner =
        tx.world.repos.get(&pull.head_repo).map_or_else(|| repo.owner.clone(), |head| head.owner.clone());
    let (title, message) = match how.method {
        "merge" => {
            (format!("Merge pull request #{number} from {head_owner}/{}", pull.head_ref), issue.title.clone())
        }
        _ => (format!("{} (#{number})", issue.title), issue.body.clone().unwrap_or_default()),
    };
    let title = how.title.map_or(title, str::to_owned);
    let message = how.message.map_or(message, str::to_owned);
    let draft = |parents: Vec<String>, message: String| Draft {
        parents,
        additions: Vec::new(),
        deletions: Vec::new(),
        message,
        author: tx.actor.clone(),
        at: tx.now,
    };
    let text = if message.is_empty() { title } else { format!("{title}\n\n{message}") };
    let sha = match how.method {
        "merge" => bare.write_files(&files, &draft(vec![base.clone(), pull.head_sha.clone()], text))?,
        "squash" => bare.write_files(&files, &draft(vec![base.clone()], text))?,
        _ => rebase(&bare, &base, &pull.head_sha, &draft)?
            .ok_or_else(|| refuse("This branch can't be rebased"))?,
    };
    bare.set_ref(&base_name, Some(&sha), &Expected::At(base.clone()))?;
    landed(tx, repo_id, number, (&base, &sha), "pr_merge")?;
    Ok(sha)
}

/// The base of a pull request has moved from one commit to the one that merged it, by this kind of activity: notes it, and
/// tells of it.
pub(crate) fn landed(
    tx: &mut Tx<'_>,
    repo_id: u64,
    number: u64,
    (base, sha): (&str, &str),
    kind: &str,
) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let (_, pull) = parts(&repo, number)?;
    let (now, actor) = (tx.now, tx.actor.clone());
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    issue.state = IssueState::Closed;
    issue.closed_at = Some(now);
    issue.closed_by = Some(actor.clone());
    issue.updated_at = now;
    if let Some(pull) = issue.pull.as_mut() {
        base.clone_into(&mut pull.base_sha);
        pull.merged_at = Some(now);
        pull.merged_by = Some(actor);
        pull.merge_commit_sha = Some(sha.to_owned());
        pull.auto_merge = None;
    }
    timeline::note(tx, repo_id, number, Deed::Closed { reason: None, by: None })?;
    tell(tx, repo_id, number, Tx::action("closed"))?;
    refs::goes(tx, repo_id, &format!("refs/heads/{}", pull.base_ref), (base, sha), kind)?;
    if pull.base_ref == repo.settings.default_branch {
        closing::after_merge(tx, repo_id, number)?;
    }
    let branch = format!("refs/heads/{}", pull.head_ref);
    if repo.settings.delete_branch_on_merge
        && pull.head_repo == repo_id
        && tx.bare(repo_id)?.tip(&branch)?.is_some()
    {
        refs::delete(tx, repo_id, &branch)?;
    }
    Ok(())
}

/// Merges the base into the branch of a pull request.
pub(crate) fn update_branch(
    tx: &mut Tx<'_>,
    repo_id: u64,
    number: u64,
    expected: Option<&str>,
) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let (issue, pull) = parts(&repo, number)?;
    if repo.settings.archived {
        return Err(Failure::archived());
    }
    if issue.state == IssueState::Closed {
        return Err(Failure::unprocessable("Pull request is closed"));
    }
    if expected.is_some_and(|sha| sha != pull.head_sha) {
        return Err(Failure::unprocessable("expected head sha didn\u{2019}t match current head ref."));
    }
    let (base, from) = base(tx, repo_id, number)?;
    if base == from {
        return Err(Failure::unprocessable("There are no new commits on the base branch."));
    }
    // Repositories of one network share their objects: the base is there too.
    let bare = tx.bare(pull.head_repo)?;
    let Merged::Clean(files) = bare.merge(&pull.head_sha, &base)? else {
        return Err(Failure::unprocessable("merge conflict between base and head"));
    };
    let draft = Draft {
        parents: vec![pull.head_sha.clone(), base],
        additions: Vec::new(),
        deletions: Vec::new(),
        message: format!("Merge branch '{}' into {}", pull.base_ref, pull.head_ref),
        author: tx.actor.clone(),
        at: tx.now,
    };
    let sha = bare.write_files(&files, &draft)?;
    let name = format!("refs/heads/{}", pull.head_ref);
    bare.set_ref(&name, Some(&sha), &Expected::At(pull.head_sha.clone()))?;
    refs::moved(tx, pull.head_repo, &name, &pull.head_sha, &sha)
}

/// Replays the commits of a branch onto another; `None` when one of them conflicts.
fn rebase(
    bare: &crate::twin::git::Bare,
    base: &str,
    head: &str,
    draft: &impl Fn(Vec<String>, String) -> Draft,
) -> Result<Option<String>, Failure> {
    let mut onto = base.to_owned();
    for commit in bare.history(head, Some(base))?.into_iter().rev() {
        let was = match commit.parents.first() {
            Some(parent) => bare.files(parent)?,
            None => bare.files(NONE)?,
        };
        let merged = crate::twin::git::merge_trees(&was, &bare.files(&onto)?, &bare.files(&commit.sha)?);
        let Merged::Clean(files) = merged else { return Ok(None) };
        onto = bare.write_files(&files, &draft(vec![onto], commit.message))?;
    }
    Ok(Some(onto))
}

/// An id of no commit: has no files.
const NONE: &str = "";

/// The tip of what a pull request is to be merged into (once closed: what it then was), and where it branched off.
pub(crate) fn base(tx: &Tx<'_>, repo_id: u64, number: u64) -> Result<(String, String), Failure> {
    let repo = tx.repo(repo_id)?;
    let (issue, pull) = parts(&repo, number)?;
    let bare = tx.bare(repo_id)?;
    let base = match issue.state {
        IssueState::Open => {
            bare.tip(&format!("refs/heads/{}", pull.base_ref))?.unwrap_or_else(|| pull.base_sha.clone())
        }
        IssueState::Closed => pull.base_sha.clone(),
    };
    let from = bare.merge_base(&base, &pull.head_sha)?.unwrap_or_else(|| base.clone());
    Ok((base, from))
}

/// What Git tells of a pull request.
pub(crate) fn extent(tx: &Tx<'_>, repo_id: u64, number: u64) -> Result<Extent, Failure> {
    let repo = tx.repo(repo_id)?;
    let (issue, pull) = parts(&repo, number)?;
    let bare = tx.bare(repo_id)?;
    let (base, from) = base(tx, repo_id, number)?;
    let changes = bare.changes(&from, &pull.head_sha)?;
    let mergeable = match issue.state {
        IssueState::Open => Some(matches!(bare.merge(&base, &pull.head_sha)?, Merged::Clean(_))),
        IssueState::Closed => None,
    };
    Ok(Extent {
        commits: bare.history(&pull.head_sha, Some(&from))?.len(),
        additions: changes.iter().map(|change| change.additions).sum(),
        deletions: changes.iter().map(|change| change.deletions).sum(),
        changed_files: changes.len(),
        mergeable,
    })
}
