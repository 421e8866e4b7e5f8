//! Reviews, and comments in conversations about pull requests.

use serde_json::{Value, json};

use super::issue::association;
use super::{Urls, node_id, time, user};
use crate::twin::world::{Repo, Review, ReviewComment, Thread, World};

/// A `pull-request-review`.
pub(crate) fn review(world: &World, repo: &Repo, review: &Review, urls: &Urls) -> Value {
    let pull = format!("{}/pulls/{}", urls.repo(&repo.full_name()), review.pull);
    let page = format!("{}/{}/pull/{}", urls.html, repo.full_name(), review.pull);
    let html = format!("{page}#pullrequestreview-{}", review.id);
    let mut value = json!({
        "id": review.id,
        "node_id": node_id("PRR", &[repo.id, review.id]),
        "user": user(world, &review.author, urls),
        "body": review.body,
        "state": review.state.as_str(),
        "html_url": html,
        "pull_request_url": pull,
        "author_association": association(world, repo, &review.author),
        "_links": {"html": {"href": html}, "pull_request": {"href": pull}},
        "commit_id": review.commit,
    });
    if let Some(at) = review.submitted_at {
        value["submitted_at"] = time(at);
    }
    value
}

/// A `pull-request-review-comment`.
pub(crate) fn review_comment(
    world: &World,
    repo: &Repo,
    thread: &Thread,
    comment: &ReviewComment,
    urls: &Urls,
) -> Value {
    let base = urls.repo(&repo.full_name());
    let (api, pull) =
        (format!("{base}/pulls/comments/{}", comment.id), format!("{base}/pulls/{}", thread.pull));
    let html = format!("{}/{}/pull/{}#discussion_r{}", urls.html, repo.full_name(), thread.pull, comment.id);
    let mut value = json!({
        "url": api,
        "pull_request_review_id": comment.review,
        "id": comment.id,
        "node_id": node_id("PRRC", &[repo.id, comment.id]),
        "diff_hunk": "",
        "path": thread.path,
        "commit_id": comment.commit,
        "original_commit_id": comment.commit,
        "user": user(world, &comment.author, urls),
        "body": comment.body,
        "created_at": time(comment.created_at),
        "updated_at": time(comment.created_at),
        "html_url": html,
        "pull_request_url": pull,
        "author_association": association(world, repo, &comment.author),
        "_links": {"self": {"href": api}, "html": {"href": html}, "pull_request": {"href": pull}},
        "subject_type": if thread.line.is_some() { "line" } else { "file" },
    });
    if let Some(line) = thread.line {
        value["line"] = json!(line);
        value["original_line"] = json!(line);
        value["side"] = json!("RIGHT");
    }
    if let Some(first) = thread.comments.first().filter(|first| first.id != comment.id) {
        value["in_reply_to_id"] = json!(first.id);
    }
    value
}
