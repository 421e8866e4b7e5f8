//! Issues and their labels.

use super::pages::page;
use super::{Cx, Outcome, Reply, Route, route};
use crate::twin::acts;
use crate::twin::door::auth::Need;
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::world::{Issue, Permission, Repo};

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/issues", list),
    route("POST", "/repos/{owner}/{repo}/issues", create),
    route("GET", "/repos/{owner}/{repo}/issues/{number}", get),
    route("PATCH", "/repos/{owner}/{repo}/issues/{number}", update),
    route("GET", "/repos/{owner}/{repo}/issues/{number}/labels", labels),
    route("POST", "/repos/{owner}/{repo}/issues/{number}/labels", add_labels),
    route("PUT", "/repos/{owner}/{repo}/issues/{number}/labels", set_labels),
    route("DELETE", "/repos/{owner}/{repo}/issues/{number}/labels", clear_labels),
    route("DELETE", "/repos/{owner}/{repo}/issues/{number}/labels/{name}", remove_label),
];

/// Whether an issue has a label of this name.
fn has_label(repo: &Repo, issue: &Issue, name: &str) -> bool {
    repo.label(name).is_some_and(|label| issue.labels.contains(&label.id))
}

fn list(cx: &Cx<'_>) -> Outcome {
    let (repo, world) = (cx.repo(Need::READ)?, cx.world());
    let state = cx.query("state").unwrap_or("open");
    let labels: Vec<&str> =
        cx.query("labels").unwrap_or_default().split(',').filter(|name| !name.is_empty()).collect();
    let since = cx.query("since").and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let keep = |issue: &&Issue| {
        (state == "all" || issue.state.as_str() == state)
            && labels.iter().all(|name| has_label(&repo, issue, name))
            && since.is_none_or(|since| issue.updated_at >= since)
            && cx.query("creator").is_none_or(|login| issue.author.eq_ignore_ascii_case(login))
            && cx.query("assignee").is_none_or(|login| match login {
                "*" => !issue.assignees.is_empty(),
                "none" => issue.assignees.is_empty(),
                login => issue.assignees.iter().any(|one| one.eq_ignore_ascii_case(login)),
            })
    };
    let mut issues: Vec<&Issue> = repo.issues.values().filter(keep).collect();
    issues.sort_by_key(|issue| match cx.query("sort") {
        Some("updated") => (issue.updated_at, issue.number),
        Some(_) | None => (issue.created_at, issue.number),
    });
    if cx.query("direction") != Some("asc") {
        issues.reverse();
    }
    let address = format!("{}/repositories/{}/issues", cx.urls().api, repo.id);
    page(cx, &address, &issues, |issue| shape::issue(&world, &repo, issue, cx.urls()))
}

fn show(cx: &Cx<'_>, id: u64, number: u64) -> Result<serde_json::Value, Failure> {
    let world = cx.world();
    let repo = world.repos.get(&id).ok_or_else(Failure::not_found)?;
    let issue = repo.issues.get(&number).ok_or_else(Failure::not_found)?;
    Ok(shape::issue(&world, repo, issue, cx.urls()))
}

fn get(cx: &Cx<'_>) -> Outcome {
    let (repo, number) = (cx.repo(Need::READ)?, cx.number("number")?);
    if let Some((to, there)) = repo.transferred.get(&number) {
        let mut moved = Failure::new(301, "MOVED", "Moved Permanently");
        moved.moved_to = Some(format!("{}/repositories/{to}/issues/{there}", cx.urls().api));
        return Err(moved);
    }
    Ok(Reply::ok(show(cx, repo.id, number)?))
}

fn create(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::TALK)?;
    let title = cx.body["title"].as_str().ok_or_else(|| Failure::field("Issue", "title", "missing_field"))?;
    // Labels and assignees from somebody without push access are silently dropped.
    let pushes = cx.session.permission(&repo) >= Permission::Write;
    let list = |key: &str| if pushes && cx.body[key].is_array() { cx.names(key) } else { Ok(Vec::new()) };
    let (labels, assignees) = (list("labels")?, list("assignees")?);
    let body = cx.body["body"].as_str();
    let issue = cx.change(|tx| acts::issues::open(tx, repo.id, title, body, &labels, assignees))?;
    Ok(Reply::created(show(cx, repo.id, issue.number)?))
}

fn update(cx: &Cx<'_>) -> Outcome {
    let (repo, number) = (cx.repo(Need::TALK)?, cx.number("number")?);
    let issue = repo.issues.get(&number).ok_or_else(Failure::not_found)?;
    let own = issue.author == cx.session.caller.login(&cx.world());
    if !own {
        cx.repo(Need::TRIAGE)?;
    }
    cx.change(|tx| {
        if issue.pull.is_some() {
            // State and text of a pull request may be changed through its issue.
            acts::pulls::edit(tx, repo.id, number, &cx.body)?;
            let labels = serde_json::json!({"labels": cx.body["labels"], "assignees": cx.body["assignees"]});
            acts::issues::edit(tx, repo.id, number, &labels)
        } else {
            acts::issues::edit(tx, repo.id, number, &cx.body)
        }
    })?;
    Ok(Reply::ok(show(cx, repo.id, number)?))
}

fn show_labels(cx: &Cx<'_>, id: u64, number: u64) -> Outcome {
    let world = cx.world();
    let repo = world.repos.get(&id).ok_or_else(Failure::not_found)?;
    let issue = repo.issues.get(&number).ok_or_else(Failure::not_found)?;
    let labels: Vec<_> =
        issue.labels.iter().filter_map(|id| repo.labels.iter().find(|one| one.id == *id)).collect();
    let address = format!("{}/repositories/{id}/issues/{number}/labels", cx.urls().api);
    page(cx, &address, &labels, |label| shape::label(repo, label, cx.urls()))
}

fn labels(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::READ)?;
    show_labels(cx, repo.id, cx.number("number")?)
}

fn add_labels(cx: &Cx<'_>) -> Outcome {
    let (repo, number, names) = (cx.repo(Need::TRIAGE)?, cx.number("number")?, cx.names("labels")?);
    cx.change(|tx| acts::issues::add_labels(tx, repo.id, number, &names))?;
    show_labels(cx, repo.id, number)
}

fn set_labels(cx: &Cx<'_>) -> Outcome {
    let (repo, number, names) = (cx.repo(Need::TRIAGE)?, cx.number("number")?, cx.names("labels")?);
    cx.change(|tx| acts::issues::set_labels(tx, repo.id, number, &names))?;
    show_labels(cx, repo.id, number)
}

fn clear_labels(cx: &Cx<'_>) -> Outcome {
    let (repo, number) = (cx.repo(Need::TRIAGE)?, cx.number("number")?);
    cx.change(|tx| acts::issues::set_labels(tx, repo.id, number, &[]))?;
    Ok(Reply::no_content())
}

fn remove_label(cx: &Cx<'_>) -> Outcome {
    let (repo, number) = (cx.repo(Need::TRIAGE)?, cx.number("number")?);
    cx.change(|tx| acts::issues::remove_label(tx, repo.id, number, cx.param("name")))?;
    show_labels(cx, repo.id, number)
}
