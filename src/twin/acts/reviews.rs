//! Reviewing pull requests: verdicts, remarks and conversations.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Tx;
use super::pulls::parts;
use crate::twin::door::auth::user_permission;
use crate::twin::door::failure::Failure;
use crate::twin::shape::{self, Extent};
use crate::twin::world::{App, Permission, Repo, Review, ReviewComment, ReviewState, Thread, World};

/// A review to be submitted, or begun.
pub(crate) struct Reviewing<'a> {
    pub(crate) state: ReviewState,
    pub(crate) body: &'a str,
    /// The commit that was looked at; the head when unset.
    pub(crate) commit: Option<&'a str>,
    pub(crate) remarks: Vec<Remark>,
}

/// A remark about a place.
pub(crate) struct Remark {
    pub(crate) path: String,
    /// The line in the new file; the whole file when unset.
    pub(crate) line: Option<u64>,
    pub(crate) body: String,
}

/// A 422 whose reasons are sentences.
fn refuse(reason: &str) -> Failure {
    let mut failure = Failure::unprocessable("Unprocessable Entity");
    failure.errors.push(json!(reason));
    failure
}

/// What GitHub asks of a review before it takes it.
fn check(tx: &Tx<'_>, repo: &Repo, number: u64, review: &Reviewing<'_>) -> Result<(), Failure> {
    let (issue, _) = parts(repo, number)?;
    if repo.settings.archived {
        return Err(Failure::archived());
    }
    let own = issue.author == tx.actor;
    let silent = review.body.trim().is_empty();
    match review.state {
        ReviewState::Approved if own => Err(refuse("Can not approve your own pull request")),
        ReviewState::ChangesRequested if own => {
            Err(refuse("Can not request changes on your own pull request"))
        }
        ReviewState::ChangesRequested if silent => Err(refuse("Body can't be blank")),
        ReviewState::Commented if silent && review.remarks.is_empty() => Err(refuse("Body can't be blank")),
        ReviewState::Dismissed => Err(refuse("Can not dismiss what was not submitted")),
        ReviewState::Pending if pending(repo, number, &tx.actor) => {
            Err(refuse("User can only have one pending review per pull request"))
        }
        ReviewState::Approved
        | ReviewState::ChangesRequested
        | ReviewState::Commented
        | ReviewState::Pending => Ok(()),
    }
}

fn pending(repo: &Repo, number: u64, login: &str) -> bool {
    repo.reviews
        .values()
        .any(|review| review.pull == number && review.author == login && review.state == ReviewState::Pending)
}

/// The commit to be reviewed: one that is given must be there.
fn commit(tx: &Tx<'_>, repo_id: u64, number: u64, given: Option<&str>) -> Result<String, Failure> {
    let repo = tx.repo(repo_id)?;
    let (_, pull) = parts(&repo, number)?;
    let Some(sha) = given else { return Ok(pull.head_sha.clone()) };
    if tx.bare(repo_id)?.commit(sha)?.is_none() {
        return Err(Failure::field("PullRequestReview", "commit_id", "invalid"));
    }
    Ok(sha.to_owned())
}

/// Submits a review, or begins one that is pending.
pub(crate) fn submit(
    tx: &mut Tx<'_>,
    repo_id: u64,
    number: u64,
    review: Reviewing<'_>,
) -> Result<Review, Failure> {
    check(tx, &*tx.repo(repo_id)?, number, &review)?;
    let commit = commit(tx, repo_id, number, review.commit)?;
    let made = Review {
        id: tx.world.fresh_id(),
        pull: number,
        author: tx.actor.clone(),
        state: review.state,
        body: review.body.to_owned(),
        commit,
        submitted_at: (review.state != ReviewState::Pending).then_some(tx.now),
        created_at: tx.now,
    };
    tx.repo_mut(repo_id)?.reviews.insert(made.id, made.clone());
    touch(tx, repo_id, number)?;
    if made.state != ReviewState::Pending {
        tell(tx, repo_id, &made, "submitted")?;
    }
    for remark in review.remarks {
        begin_thread(tx, repo_id, &made, remark)?;
    }
    super::auto_merge::go(tx, repo_id, number)?;
    Ok(made)
}

/// Begins a conversation; on GitHub that is a review without words.
pub(crate) fn comment(
    tx: &mut Tx<'_>,
    repo_id: u64,
    number: u64,
    remark: Remark,
    sha: Option<&str>,
) -> Result<(Thread, ReviewComment), Failure> {
    let commit = commit(tx, repo_id, number, sha)?;
    let from = tx.repo(repo_id)?;
    let (_, pull) = parts(&from, number)?;
    let (_, base) = super::pulls::base(tx, repo_id, number)?;
    let changes = tx.bare(repo_id)?.changes(&base, &pull.head_sha)?;
    if !changes.iter().any(|change| change.path == remark.path) {
        return Err(Failure::field("PullRequestReviewComment", "pull_request_review_thread.path", "invalid"));
    }
    if remark.body.trim().is_empty() {
        return Err(Failure::field("PullRequestReviewComment", "body", "missing_field"));
    }
    let review =
        Reviewing { state: ReviewState::Commented, body: "", commit: Some(&commit), remarks: vec![remark] };
    let review = submit(tx, repo_id, number, review)?;
    let repo = tx.repo(repo_id)?;
    let thread =
        repo.threads.values().rfind(|thread| thread.comments.iter().any(|one| one.review == review.id));
    let thread = thread.cloned().ok_or_else(Failure::not_found)?;
    let comment = thread.comments.first().cloned().ok_or_else(Failure::not_found)?;
    Ok((thread, comment))
}

fn begin_thread(tx: &mut Tx<'_>, repo_id: u64, review: &Review, remark: Remark) -> Result<(), Failure> {
    let comment = ReviewComment {
        id: tx.world.fresh_id(),
        review: review.id,
        author: tx.actor.clone(),
        body: remark.body,
        commit: review.commit.clone(),
        created_at: tx.now,
    };
    let thread = Thread {
        id: tx.world.fresh_id(),
        pull: review.pull,
        path: remark.path,
        line: remark.line,
        resolved_by: None,
        comments: vec![comment.clone()],
    };
    tx.repo_mut(repo_id)?.threads.insert(thread.id, thread.clone());
    if review.state == ReviewState::Pending { Ok(()) } else { tell_comment(tx, repo_id, &thread, &comment) }
}

/// Answers a comment within its conversation.
pub(crate) fn reply(
    tx: &mut Tx<'_>,
    repo_id: u64,
    number: u64,
    to: u64,
    body: &str,
) -> Result<(Thread, ReviewComment), Failure> {
    let repo = tx.repo(repo_id)?;
    let (_, pull) = parts(&repo, number)?;
    if repo.settings.archived {
        return Err(Failure::archived());
    }
    if body.trim().is_empty() {
        return Err(Failure::field("PullRequestReviewComment", "body", "missing_field"));
    }
    let thread = repo
        .threads
        .values()
        .find(|thread| thread.pull == number && thread.comments.iter().any(|comment| comment.id == to));
    let thread = thread.ok_or_else(Failure::not_found)?.id;
    let review = Review {
        id: tx.world.fresh_id(),
        pull: number,
        author: tx.actor.clone(),
        state: ReviewState::Commented,
        body: String::new(),
        commit: pull.head_sha.clone(),
        submitted_at: Some(tx.now),
        created_at: tx.now,
    };
    let comment = ReviewComment {
        id: tx.world.fresh_id(),
        review: review.id,
        author: tx.actor.clone(),
        body: body.to_owned(),
        commit: pull.head_sha.clone(),
        created_at: tx.now,
    };
    let repo = tx.repo_mut(repo_id)?;
    repo.reviews.insert(review.id, review);
    let slot = repo.threads.get_mut(&thread).ok_or_else(Failure::not_found)?;
    slot.comments.push(comment.clone());
    let thread = slot.clone();
    touch(tx, repo_id, number)?;
    tell_comment(tx, repo_id, &thread, &comment)?;
    Ok((thread, comment))
}

/// Takes back somebody's verdict.
pub(crate) fn dismiss(
    tx: &mut Tx<'_>,
    repo_id: u64,
    number: u64,
    id: u64,
    message: &str,
) -> Result<Review, Failure> {
    let repo = tx.repo(repo_id)?;
    let review = repo.reviews.get(&id).filter(|review| review.pull == number);
    let mut review = review.cloned().ok_or_else(Failure::not_found)?;
    if message.trim().is_empty() {
        return Err(refuse("Message can't be blank"));
    }
    match review.state {
        ReviewState::Approved | ReviewState::ChangesRequested => review.state = ReviewState::Dismissed,
        ReviewState::Commented => return Err(refuse("Can not dismiss a commented pull request review")),
        ReviewState::Dismissed => return Err(refuse("Can not dismiss a dismissed pull request review")),
        ReviewState::Pending => return Err(refuse("Can not dismiss a pending pull request review")),
    }
    tx.repo_mut(repo_id)?.reviews.insert(id, review.clone());
    touch(tx, repo_id, number)?;
    tell(tx, repo_id, &review, "dismissed")?;
    Ok(review)
}

/// How many reviewers with write access have approved a pull request; of each the last verdict counts, at whichever head.
pub(crate) fn approvals(world: &World, repo: &Repo, number: u64) -> usize {
    let mut last = BTreeMap::new();
    for review in repo.reviews.values().filter(|review| review.pull == number) {
        match review.state {
            ReviewState::Approved | ReviewState::ChangesRequested | ReviewState::Dismissed => {
                last.insert(review.author.as_str(), review.state);
            }
            ReviewState::Commented | ReviewState::Pending => {}
        }
    }
    let counts =
        |(login, state): &(&str, ReviewState)| *state == ReviewState::Approved && writes(world, repo, login);
    last.into_iter().filter(counts).count()
}

/// Whether a person may push, or an App's installation write to pull requests.
fn writes(world: &World, repo: &Repo, login: &str) -> bool {
    let Some(slug) = login.strip_suffix("[bot]") else {
        return user_permission(world, login, repo) >= Some(Permission::Write);
    };
    let here = |app: &&App| app.slug == slug;
    let mut installations = world.apps.values().filter(here).flat_map(|app| &app.installations);
    installations.any(|it| {
        it.account.eq_ignore_ascii_case(&repo.owner)
            && it.permissions.get("pull_requests").is_some_and(|level| level == "write")
    })
}

/// Resolves a conversation; one that is resolved stays as it is.
pub(crate) fn resolve(tx: &mut Tx<'_>, repo_id: u64, thread: u64) -> Result<Thread, Failure> {
    let actor = tx.actor.clone();
    let slot = tx.repo_mut(repo_id)?.threads.get_mut(&thread).ok_or_else(Failure::not_found)?;
    if slot.resolved_by.is_some() {
        return Ok(slot.clone());
    }
    slot.resolved_by = Some(actor);
    let thread = slot.clone();
    let repo = tx.repo(repo_id)?;
    let mut payload = about(tx, &repo, thread.pull, "resolved")?;
    let comments: Vec<Value> = thread
        .comments
        .iter()
        .map(|comment| shape::review_comment(tx.world, &repo, &thread, comment, tx.urls))
        .collect();
    payload["thread"] =
        json!({"node_id": shape::node_id("PRRT", &[repo_id, thread.id]), "comments": comments});
    tx.tell("pull_request_review_thread", &repo, payload);
    Ok(thread)
}

fn touch(tx: &mut Tx<'_>, repo_id: u64, number: u64) -> Result<(), Failure> {
    let now = tx.now;
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    issue.updated_at = now;
    Ok(())
}

/// A payload about a pull request.
fn about(tx: &Tx<'_>, repo: &Repo, number: u64, word: &str) -> Result<Value, Failure> {
    let (issue, pull) = parts(repo, number)?;
    let mut payload = Tx::action(word);
    payload["pull_request"] = shape::pull(tx.world, repo, issue, pull, Extent::default(), tx.urls);
    Ok(payload)
}

fn tell(tx: &mut Tx<'_>, repo_id: u64, review: &Review, word: &str) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let mut payload = about(tx, &repo, review.pull, word)?;
    payload["review"] = shape::review(tx.world, &repo, review, tx.urls);
    // Webhooks tell the state in small letters.
    payload["review"]["state"] = json!(review.state.as_str().to_lowercase());
    tx.tell("pull_request_review", &repo, payload);
    Ok(())
}

fn tell_comment(
    tx: &mut Tx<'_>,
    repo_id: u64,
    thread: &Thread,
    comment: &ReviewComment,
) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let mut payload = about(tx, &repo, thread.pull, "created")?;
    payload["comment"] = shape::review_comment(tx.world, &repo, thread, comment, tx.urls);
    tx.tell("pull_request_review_comment", &repo, payload);
    Ok(())
}
