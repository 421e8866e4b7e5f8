//! Reviews of pull requests, and comments in conversations about them.

use serde_json::Value;

use super::pages::page;
use super::{Cx, Outcome, Reply, Route, route};
use crate::twin::acts::pulls::parts;
use crate::twin::acts::reviews::{self, Remark, Reviewing};
use crate::twin::door::auth::Need;
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::world::{Review, ReviewComment, ReviewState, Thread};

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/pulls/{number}/reviews", list),
    route("POST", "/repos/{owner}/{repo}/pulls/{number}/reviews", create),
    route("GET", "/repos/{owner}/{repo}/pulls/{number}/reviews/{id}", get),
    route("PUT", "/repos/{owner}/{repo}/pulls/{number}/reviews/{id}/dismissals", dismiss),
    route("GET", "/repos/{owner}/{repo}/pulls/{number}/comments", comments),
    route("POST", "/repos/{owner}/{repo}/pulls/{number}/comments", comment),
    route("POST", "/repos/{owner}/{repo}/pulls/{number}/comments/{id}/replies", reply),
];

/// What is pending is seen by its author alone.
fn visible(cx: &Cx<'_>, review: &Review) -> bool {
    review.state != ReviewState::Pending || review.author == cx.session.caller.login(&cx.world())
}

fn list(cx: &Cx<'_>) -> Outcome {
    let (repo, number, world) = (cx.repo(Need::READ)?, cx.number("number")?, cx.world());
    parts(&repo, number)?;
    let all = repo.reviews.values().filter(|review| review.pull == number && visible(cx, review));
    let all: Vec<&Review> = all.collect();
    let address = format!("{}/repositories/{}/pulls/{number}/reviews", cx.urls().api, repo.id);
    page(cx, &address, &all, |review| shape::review(&world, &repo, review, cx.urls()))
}

fn get(cx: &Cx<'_>) -> Outcome {
    let (repo, number, id) = (cx.repo(Need::READ)?, cx.number("number")?, cx.number("id")?);
    let review = repo.reviews.get(&id).filter(|review| review.pull == number && visible(cx, review));
    let review = review.ok_or_else(Failure::not_found)?;
    Ok(Reply::ok(shape::review(&cx.world(), &repo, review, cx.urls())))
}

/// A remark in a request: on a line (or, as it once was, a position), or on the whole file.
fn remark(body: &Value) -> Result<Remark, Failure> {
    let missing = |field| Failure::field("PullRequestReviewComment", field, "missing_field");
    Ok(Remark {
        path: body["path"].as_str().ok_or_else(|| missing("path"))?.to_owned(),
        line: body["line"].as_u64().or_else(|| body["position"].as_u64()),
        body: body["body"].as_str().ok_or_else(|| missing("body"))?.to_owned(),
    })
}

fn create(cx: &Cx<'_>) -> Outcome {
    let (repo, number) = (cx.repo(Need::PROPOSE)?, cx.number("number")?);
    let state = match cx.body["event"].as_str() {
        Some("APPROVE") => ReviewState::Approved,
        Some("REQUEST_CHANGES") => ReviewState::ChangesRequested,
        Some("COMMENT") => ReviewState::Commented,
        None => ReviewState::Pending,
        Some(_) => return Err(Failure::field("PullRequestReview", "event", "invalid")),
    };
    let remarks = cx.body["comments"].as_array().into_iter().flatten().map(remark);
    let reviewing = Reviewing {
        state,
        body: cx.body["body"].as_str().unwrap_or_default(),
        commit: cx.body["commit_id"].as_str(),
        remarks: remarks.collect::<Result<_, _>>()?,
    };
    let review = cx.change(|tx| reviews::submit(tx, repo.id, number, reviewing))?;
    Ok(Reply::ok(shape::review(&cx.world(), &repo, &review, cx.urls())))
}

fn dismiss(cx: &Cx<'_>) -> Outcome {
    let (repo, number, id) = (cx.repo(Need::TRIAGE)?, cx.number("number")?, cx.number("id")?);
    let message = cx.body["message"].as_str().unwrap_or_default();
    let review = cx.change(|tx| reviews::dismiss(tx, repo.id, number, id, message))?;
    Ok(Reply::ok(shape::review(&cx.world(), &repo, &review, cx.urls())))
}

fn comments(cx: &Cx<'_>) -> Outcome {
    let (repo, number, world) = (cx.repo(Need::READ)?, cx.number("number")?, cx.world());
    parts(&repo, number)?;
    let pending = |comment: &ReviewComment| {
        repo.reviews.get(&comment.review).is_some_and(|review| review.state == ReviewState::Pending)
    };
    let mut all: Vec<(&Thread, &ReviewComment)> = repo
        .threads
        .values()
        .filter(|thread| thread.pull == number)
        .flat_map(|thread| thread.comments.iter().map(move |comment| (thread, comment)))
        .filter(|(_, comment)| !pending(comment))
        .collect();
    all.sort_by_key(|(_, comment)| comment.id);
    let address = format!("{}/repositories/{}/pulls/{number}/comments", cx.urls().api, repo.id);
    page(cx, &address, &all, |(thread, comment)| {
        shape::review_comment(&world, &repo, thread, comment, cx.urls())
    })
}

fn said(cx: &Cx<'_>, id: u64, (thread, comment): &(Thread, ReviewComment)) -> Outcome {
    let world = cx.world();
    let repo = world.repos.get(&id).ok_or_else(Failure::not_found)?;
    Ok(Reply::created(shape::review_comment(&world, repo, thread, comment, cx.urls())))
}

fn comment(cx: &Cx<'_>) -> Outcome {
    let (repo, number) = (cx.repo(Need::PROPOSE)?, cx.number("number")?);
    let made = cx.change(|tx| match cx.body["in_reply_to"].as_u64() {
        Some(to) => reviews::reply(tx, repo.id, number, to, cx.body["body"].as_str().unwrap_or_default()),
        None => {
            let commit = cx.body["commit_id"].as_str();
            let commit = commit
                .ok_or_else(|| Failure::field("PullRequestReviewComment", "commit_id", "missing_field"))?;
            reviews::comment(tx, repo.id, number, remark(&cx.body)?, Some(commit))
        }
    })?;
    said(cx, repo.id, &made)
}

fn reply(cx: &Cx<'_>) -> Outcome {
    let (repo, number, to) = (cx.repo(Need::PROPOSE)?, cx.number("number")?, cx.number("id")?);
    let body = cx.body["body"].as_str().unwrap_or_default();
    let made = cx.change(|tx| reviews::reply(tx, repo.id, number, to, body))?;
    said(cx, repo.id, &made)
}
