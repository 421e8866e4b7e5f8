//! One repository: its settings, topics, name and end.

use serde_json::json;

use super::{Cx, Outcome, Reply, Route, route};
use crate::twin::acts;
use crate::twin::door::auth::{Caller, Need};
use crate::twin::door::failure::Failure;
use crate::twin::shape;

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}", get),
    route("PATCH", "/repos/{owner}/{repo}", update),
    route("DELETE", "/repos/{owner}/{repo}", delete),
    route("GET", "/repos/{owner}/{repo}/topics", topics),
    route("PUT", "/repos/{owner}/{repo}/topics", set_topics),
];

fn get(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::READ)?;
    Ok(Reply::ok(shape::full_repository(&cx.world(), &repo, cx.urls(), cx.session.permission(&repo))))
}

fn update(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::SETTINGS)?;
    if !cx.body.is_object() {
        return Err(Failure::unprocessable(
            "Invalid request.\n\nFor 'links/0/schema', nil is not an object.",
        ));
    }
    let repo = cx.change(|tx| acts::repositories::update(tx, repo.id, &cx.body))?;
    Ok(Reply::ok(shape::full_repository(&cx.world(), &repo, cx.urls(), cx.session.permission(&repo))))
}

fn delete(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::SETTINGS)?;
    if let Caller::User { token, .. } = &cx.session.caller
        && !token.scopes.iter().any(|scope| scope == "delete_repo")
    {
        return Err(Failure::forbidden("Must have admin rights to Repository.")
            .header("x-accepted-oauth-scopes", "delete_repo"));
    }
    cx.change(|tx| acts::repositories::delete(tx, repo.id))?;
    Ok(Reply::no_content())
}

fn topics(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::READ)?;
    Ok(Reply::ok(json!({"names": repo.settings.topics})))
}

fn set_topics(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::SETTINGS)?;
    let names = cx.names("names")?;
    let repo = cx.change(|tx| acts::repositories::set_topics(tx, repo.id, &names))?;
    Ok(Reply::ok(json!({"names": repo.settings.topics})))
}
