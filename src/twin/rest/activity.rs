//! How the branches of a repository have moved.

use super::{Content, Cx, Outcome, Reply, Route, route};
use crate::twin::door::auth::Need;
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::world::Activity;

pub(super) const ROUTES: &[Route] = &[route("GET", "/repos/{owner}/{repo}/activity", list)];

/// Pages go by cursors: `after` stands for what comes after an entry in the order that is asked for. Nothing narrows the list by
/// time.
fn list(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::READ)?;
    let branch = cx.query("ref").map(|name| match name.strip_prefix("refs/") {
        Some(_) => name.to_owned(),
        None => format!("refs/heads/{name}"),
    });
    if cx.query("time_period").is_some() {
        return Err(Failure::unprocessable("The twin doesn't narrow activities by time"));
    }
    let fits = |it: &Activity| {
        branch.as_ref().is_none_or(|name| *name == it.branch)
            && cx.query("actor").is_none_or(|login| login.eq_ignore_ascii_case(&it.actor))
            && cx.query("activity_type").is_none_or(|kind| kind == it.kind)
    };
    let mut all: Vec<(usize, &Activity)> =
        (1..).zip(&repo.activity).filter(|(_, activity)| fits(activity)).collect();
    if cx.query("direction") != Some("asc") {
        all.reverse();
    }
    if let Some(cursor) = cx.query("after") {
        let last = cursor.parse::<usize>().ok().and_then(|id| all.iter().position(|(at, _)| *at == id));
        let last = last.ok_or_else(|| Failure::unprocessable("Invalid cursor"))?;
        all.drain(..=last);
    }
    let size =
        cx.query("per_page").and_then(|text| text.parse().ok()).filter(|n| *n > 0).unwrap_or(30).min(100);
    let next = all.get(size).and(all.get(size - 1)).map(|(id, _)| {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        let others = cx.query.iter().filter(|(name, _)| name != "after");
        text.extend_pairs(others).append_pair("after", &id.to_string());
        let address = format!("{}/repositories/{}/activity", cx.urls().api, repo.id);
        ("link", format!("<{address}?{}>; rel=\"next\"", text.finish()))
    });
    let world = cx.world();
    let shown = all.into_iter().take(size).map(|it| shape::activity(&world, &repo, it, cx.urls()));
    Ok(Reply { status: 200, body: Content::Json(shown.collect()), headers: next.into_iter().collect() })
}
