//! The labels of a repository.

use super::pages::page;
use super::{Cx, Outcome, Reply, Route, route};
use crate::twin::acts;
use crate::twin::door::auth::Need;
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::world::Label;

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/labels", list),
    route("POST", "/repos/{owner}/{repo}/labels", create),
    route("GET", "/repos/{owner}/{repo}/labels/{name}", get),
    route("PATCH", "/repos/{owner}/{repo}/labels/{name}", update),
    route("DELETE", "/repos/{owner}/{repo}/labels/{name}", delete),
];

fn list(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::READ)?;
    let mut labels: Vec<&Label> = repo.labels.iter().collect();
    labels.sort_by_key(|label| label.name.to_lowercase());
    let address = format!("{}/repositories/{}/labels", cx.urls().api, repo.id);
    page(cx, &address, &labels, |label| shape::label(&repo, label, cx.urls()))
}

fn get(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::READ)?;
    let label = repo.label(cx.param("name")).ok_or_else(Failure::not_found)?;
    Ok(Reply::ok(shape::label(&repo, label, cx.urls())))
}

fn create(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::LABELS)?;
    let label = cx.change(|tx| acts::labels::create(tx, repo.id, &cx.body))?;
    Ok(Reply::created(shape::label(&repo, &label, cx.urls())))
}

fn update(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::LABELS)?;
    let label = cx.change(|tx| acts::labels::update(tx, repo.id, cx.param("name"), &cx.body))?;
    Ok(Reply::ok(shape::label(&repo, &label, cx.urls())))
}

fn delete(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::LABELS)?;
    cx.change(|tx| acts::labels::delete(tx, repo.id, cx.param("name")))?;
    Ok(Reply::no_content())
}
