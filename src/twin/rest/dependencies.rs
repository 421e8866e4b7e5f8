//! Which issues an issue waits for.

use super::pages::page;
use super::{Cx, Outcome, Reply, Route, route};
use crate::twin::acts::dependencies;
use crate::twin::door::auth::Need;
use crate::twin::door::failure::Failure;
use crate::twin::shape;

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/issues/{number}/dependencies/blocked_by", list),
    route("POST", "/repos/{owner}/{repo}/issues/{number}/dependencies/blocked_by", add),
    route("DELETE", "/repos/{owner}/{repo}/issues/{number}/dependencies/blocked_by/{id}", remove),
];

fn list(cx: &Cx<'_>) -> Outcome {
    let (repo, number, world) = (cx.repo(Need::READ)?, cx.number("number")?, cx.world());
    let issue = repo.issues.get(&number).ok_or_else(Failure::not_found)?;
    let found = issue.blocked_by.iter().filter_map(|(repo, number)| {
        let repo = world.repos.get(repo)?;
        cx.session.caller.permission(&world, repo)?;
        Some((repo, repo.issues.get(number)?))
    });
    let found: Vec<_> = found.collect();
    let address =
        format!("{}/repositories/{}/issues/{number}/dependencies/blocked_by", cx.urls().api, repo.id);
    page(cx, &address, &found, |(repo, issue)| shape::issue(&world, repo, issue, cx.urls()))
}

/// An issue by its database id, where the caller sees it.
fn find(cx: &Cx<'_>, id: u64) -> Result<(u64, u64), Failure> {
    let world = cx.world();
    let visible = world.repos.values().filter(|repo| cx.session.caller.permission(&world, repo).is_some());
    let mut all = visible.flat_map(|repo| repo.issues.values().map(move |issue| (repo.id, issue)));
    let found = all.find(|(_, issue)| issue.id == id && issue.pull.is_none());
    found.map(|(repo, issue)| (repo, issue.number)).ok_or_else(Failure::not_found)
}

fn answer(cx: &Cx<'_>, (repo, number): (u64, u64)) -> Result<serde_json::Value, Failure> {
    let world = cx.world();
    let repo = world.repos.get(&repo).ok_or_else(Failure::not_found)?;
    let issue = repo.issues.get(&number).ok_or_else(Failure::not_found)?;
    Ok(shape::issue(&world, repo, issue, cx.urls()))
}

fn add(cx: &Cx<'_>) -> Outcome {
    let (repo, number) = (cx.repo(Need::TRIAGE)?, cx.number("number")?);
    let id = cx.body["issue_id"].as_u64();
    let on = find(cx, id.ok_or_else(|| Failure::field("Issue", "issue_id", "missing_field"))?)?;
    cx.change(|tx| dependencies::block(tx, repo.id, number, on))?;
    Ok(Reply::created(answer(cx, on)?))
}

fn remove(cx: &Cx<'_>) -> Outcome {
    let (repo, number) = (cx.repo(Need::TRIAGE)?, cx.number("number")?);
    let on = find(cx, cx.number("id")?)?;
    cx.change(|tx| dependencies::unblock(tx, repo.id, number, on))?;
    Ok(Reply::ok(answer(cx, on)?))
}
