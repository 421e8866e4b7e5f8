//! Commit statuses and check runs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::account::merge;
use super::{Urls, app, commit_url, minimal_repository, node_id, time, time_or_null, user};
use crate::twin::world::{CheckRun, Permission, Repo, Status, World};

/// A `simple-commit-status`.
pub(crate) fn simple_status(repo: &Repo, status: &Status, urls: &Urls) -> Value {
    json!({
        "url": format!("{}/statuses/{}", urls.repo(&repo.full_name()), status.sha),
        "avatar_url": format!("{}/avatars/u/0", urls.html),
        "id": status.id,
        "node_id": node_id("SC", &[repo.id, status.id]),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": time(status.created_at),
        "updated_at": time(status.created_at),
    })
}

/// A `status`: with its creator.
pub(crate) fn status(world: &World, repo: &Repo, status: &Status, urls: &Urls) -> Value {
    let mut value = simple_status(repo, status, urls);
    merge(&mut value, json!({"creator": user(world, &status.creator, urls)}));
    value
}

/// A `combined-commit-status`: the newest status of each context, and what they amount to.
pub(crate) fn combined_status(world: &World, repo: &Repo, sha: &str, urls: &Urls) -> Value {
    let mut seen = BTreeSet::new();
    let newest: Vec<&Status> = repo
        .statuses
        .iter()
        .rev()
        .filter(|status| status.sha == sha && seen.insert(status.context.as_str()))
        .collect();
    let any = |states: &[&str]| newest.iter().any(|status| states.contains(&status.state.as_str()));
    let state = if any(&["error", "failure"]) {
        "failure"
    } else if newest.is_empty() || any(&["pending"]) {
        "pending"
    } else {
        "success"
    };
    let statuses: Vec<Value> = newest.iter().map(|status| simple_status(repo, status, urls)).collect();
    json!({
        "state": state,
        "statuses": statuses,
        "sha": sha,
        "total_count": statuses.len(),
        "repository": minimal_repository(world, repo, urls, Permission::Read),
        "commit_url": commit_url(repo, sha, urls),
        "url": format!("{}/status", commit_url(repo, sha, urls)),
    })
}

/// A `check-run`.
pub(crate) fn check_run(world: &World, repo: &Repo, run: &CheckRun, urls: &Urls) -> Value {
    let base = urls.repo(&repo.full_name());
    let api = format!("{base}/check-runs/{}", run.id);
    json!({
        "id": run.id,
        "name": run.name,
        "node_id": node_id("CR", &[repo.id, run.id]),
        "head_sha": run.head_sha,
        "external_id": run.external_id.as_deref().unwrap_or(""),
        "url": api,
        "html_url": format!("{}/{}/runs/{}", urls.html, repo.full_name(), run.id),
        "details_url": run.details_url,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": time_or_null(run.started_at),
        "completed_at": time_or_null(run.completed_at),
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": 0,
            "annotations_url": format!("{api}/annotations"),
        },
        "check_suite": {"id": run.suite},
        "app": world.apps.get(&run.app).map(|found| app(world, found, urls)),
        "pull_requests": [],
    })
}
