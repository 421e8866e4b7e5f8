//! Commit statuses and check runs.

use serde_json::Value;

use super::code::resolve;
use super::pages::{counted, page};
use super::{Cx, Outcome, Reply, Route, route};
use crate::twin::acts::checks;
use crate::twin::door::auth::{Caller, Need};
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::world::{CheckRun, Status};

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/commits/{ref}/status", combined),
    route("GET", "/repos/{owner}/{repo}/commits/{ref}/statuses", statuses),
    route("POST", "/repos/{owner}/{repo}/statuses/{sha}", set_status),
    route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", runs),
    route("POST", "/repos/{owner}/{repo}/check-runs", create_run),
    route("GET", "/repos/{owner}/{repo}/check-runs/{id}", get_run),
    route("PATCH", "/repos/{owner}/{repo}/check-runs/{id}", update_run),
];

/// The commit in the path.
fn sha(cx: &Cx<'_>) -> Result<String, Failure> {
    let repo = cx.repo(Need::READ)?;
    let bare = cx.session.shared.git.open(&cx.world(), &repo)?;
    Ok(resolve(&bare, &repo, cx.param("ref"))?.sha)
}

fn combined(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::READ)?;
    Ok(Reply::ok(shape::combined_status(&cx.world(), &repo, &sha(cx)?, cx.urls())))
}

fn statuses(cx: &Cx<'_>) -> Outcome {
    let (repo, sha, world) = (cx.repo(Need::READ)?, sha(cx)?, cx.world());
    let list: Vec<&Status> = repo.statuses.iter().rev().filter(|status| status.sha == sha).collect();
    let address = format!("{}/repositories/{}/commits/{sha}/statuses", cx.urls().api, repo.id);
    page(cx, &address, &list, |status| shape::status(&world, &repo, status, cx.urls()))
}

fn set_status(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::STATUSES)?;
    let status = cx.change(|tx| checks::set_status(tx, repo.id, cx.param("sha"), &cx.body))?;
    Ok(Reply::created(shape::status(&cx.world(), &repo, &status, cx.urls())))
}

fn runs(cx: &Cx<'_>) -> Outcome {
    let (repo, sha, world) = (cx.repo(Need::READ)?, sha(cx)?, cx.world());
    let mut list: Vec<&CheckRun> = repo
        .check_runs
        .values()
        .filter(|run| run.head_sha == sha)
        .filter(|run| cx.query("check_name").is_none_or(|name| run.name == name))
        .filter(|run| cx.query("status").is_none_or(|status| run.status == status))
        .filter(|run| cx.query("app_id").is_none_or(|app| run.app.to_string() == app))
        .collect();
    list.reverse();
    if cx.query("filter") != Some("all") {
        let mut seen = std::collections::BTreeSet::new();
        list.retain(|run| seen.insert((run.app, run.name.as_str())));
    }
    let address = format!("{}/repositories/{}/commits/{sha}/check-runs", cx.urls().api, repo.id);
    counted(cx, &address, "check_runs", &list, |run| shape::check_run(&world, &repo, run, cx.urls()))
}

/// The App behind an installation token; nothing else makes check runs.
fn app(cx: &Cx<'_>) -> Result<u64, Failure> {
    match &cx.session.caller {
        Caller::Installation { app, .. } => Ok(*app),
        Caller::Anonymous | Caller::User { .. } | Caller::App { .. } => {
            Err(Failure::forbidden("You must authenticate via a GitHub App."))
        }
    }
}

fn drawn(cx: &Cx<'_>, run: &CheckRun) -> Result<Value, Failure> {
    let repo = cx.repo(Need::READ)?;
    Ok(shape::check_run(&cx.world(), &repo, run, cx.urls()))
}

fn create_run(cx: &Cx<'_>) -> Outcome {
    cx.repo(Need::READ)?;
    let app = app(cx)?;
    let repo = cx.repo(Need::CHECKS)?;
    let run = cx.change(|tx| checks::create_run(tx, repo.id, app, &cx.body))?;
    Ok(Reply::created(drawn(cx, &run)?))
}

fn get_run(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::READ)?;
    let run = repo.check_runs.get(&cx.number("id")?).ok_or_else(Failure::not_found)?;
    Ok(Reply::ok(drawn(cx, run)?))
}

fn update_run(cx: &Cx<'_>) -> Outcome {
    let (app, id) = (app(cx)?, cx.number("id")?);
    let repo = cx.repo(Need::CHECKS)?;
    let run = cx.change(|tx| checks::update_run(tx, repo.id, app, id, &cx.body))?;
    Ok(Reply::ok(drawn(cx, &run)?))
}
