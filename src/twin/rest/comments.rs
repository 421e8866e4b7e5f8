//! Comments on issues and pull requests.

use super::pages::page;
use super::{Cx, Outcome, Reply, Route, route};
use crate::twin::acts;
use crate::twin::door::auth::Need;
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::world::{Comment, Repo};

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/issues/comments/{id}", get),
    route("PATCH", "/repos/{owner}/{repo}/issues/comments/{id}", update),
    route("DELETE", "/repos/{owner}/{repo}/issues/comments/{id}", delete),
    route("GET", "/repos/{owner}/{repo}/issues/{number}/comments", list),
    route("POST", "/repos/{owner}/{repo}/issues/{number}/comments", create),
];

fn list(cx: &Cx<'_>) -> Outcome {
    let (repo, number, world) = (cx.repo(Need::READ)?, cx.number("number")?, cx.world());
    repo.issues.get(&number).ok_or_else(Failure::not_found)?;
    let comments: Vec<&Comment> = repo.comments.values().filter(|comment| comment.issue == number).collect();
    let address = format!("{}/repositories/{}/issues/{number}/comments", cx.urls().api, repo.id);
    page(cx, &address, &comments, |comment| shape::comment(&world, &repo, comment, cx.urls()))
}

fn get(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::READ)?;
    let comment = repo.comments.get(&cx.number("id")?).ok_or_else(Failure::not_found)?;
    Ok(Reply::ok(shape::comment(&cx.world(), &repo, comment, cx.urls())))
}

fn create(cx: &Cx<'_>) -> Outcome {
    let (repo, number) = (cx.repo(Need::TALK)?, cx.number("number")?);
    let body = cx.body["body"].as_str().unwrap_or_default();
    let comment = cx.change(|tx| acts::issues::comment(tx, repo.id, number, body))?;
    Ok(Reply::created(shape::comment(&cx.world(), &repo, &comment, cx.urls())))
}

/// People change their own comments; others' only with push access.
fn own_or_triage(cx: &Cx<'_>) -> Result<(std::sync::Arc<Repo>, u64), Failure> {
    let (repo, id) = (cx.repo(Need::TALK)?, cx.number("id")?);
    let comment = repo.comments.get(&id).ok_or_else(Failure::not_found)?;
    if comment.author != cx.session.caller.login(&cx.world()) {
        cx.repo(Need::TRIAGE)?;
    }
    Ok((repo, id))
}

fn update(cx: &Cx<'_>) -> Outcome {
    let (repo, id) = own_or_triage(cx)?;
    let body = cx.body["body"].as_str().unwrap_or_default();
    let comment = cx.change(|tx| acts::issues::edit_comment(tx, repo.id, id, body))?;
    Ok(Reply::ok(shape::comment(&cx.world(), &repo, &comment, cx.urls())))
}

fn delete(cx: &Cx<'_>) -> Outcome {
    let (repo, id) = own_or_triage(cx)?;
    cx.change(|tx| acts::issues::delete_comment(tx, repo.id, id))?;
    Ok(Reply::no_content())
}
