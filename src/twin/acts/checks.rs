//! Commit statuses and check runs.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Tx;
use crate::twin::ci::Job;
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::world::{CheckRun, Repo, Status};

/// Sets a commit status; the newest of a context counts.
pub(crate) fn set_status(tx: &mut Tx<'_>, repo_id: u64, sha: &str, body: &Value) -> Result<Status, Failure> {
    let repo = tx.repo(repo_id)?;
    if repo.settings.archived {
        return Err(Failure::archived());
    }
    let state = body["state"].as_str().unwrap_or_default();
    if !["error", "failure", "pending", "success"].contains(&state) {
        return Err(Failure::field("Status", "state", "invalid"));
    }
    let text = |field: &str| body[field].as_str().map(str::to_owned);
    if text("description").is_some_and(|text| text.chars().count() > 140) {
        return Err(Failure::custom(
            "Status",
            "description",
            "description is too long (maximum is 140 characters)",
        ));
    }
    if tx.bare(repo_id)?.commit(sha)?.is_none() {
        return Err(Failure::unprocessable(format!("No commit found for SHA: {sha}")));
    }
    let status = Status {
        id: tx.world.fresh_id(),
        sha: sha.to_owned(),
        state: state.to_owned(),
        context: text("context").unwrap_or_else(|| "default".to_owned()),
        description: text("description"),
        target_url: text("target_url"),
        creator: tx.actor.clone(),
        created_at: tx.now,
    };
    tx.repo_mut(repo_id)?.statuses.push_back(status.clone());
    let repo = tx.repo(repo_id)?;
    let payload = json!({
        "id": status.id,
        "sha": status.sha,
        "name": repo.full_name(),
        "state": status.state,
        "context": status.context,
        "description": status.description,
        "target_url": status.target_url,
        "branches": [],
    });
    tx.tell("status", &repo, payload);
    Ok(status)
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str().and_then(|text| text.parse().ok())
}

/// Takes over the fields of a request; an ending without a time ends now.
fn apply(run: &mut CheckRun, body: &Value, now: Timestamp) -> Result<(), Failure> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(name) = text(&body["name"]) {
        run.name = name;
    }
    for (slot, value) in [
        (&mut run.details_url, &body["details_url"]),
        (&mut run.external_id, &body["external_id"]),
        (&mut run.title, &body["output"]["title"]),
        (&mut run.summary, &body["output"]["summary"]),
        (&mut run.text, &body["output"]["text"]),
    ] {
        if let Some(text) = text(value) {
            *slot = Some(text);
        }
    }
    if let Some(status) = text(&body["status"]) {
        if !["queued", "in_progress", "completed"].contains(&status.as_str()) {
            return Err(Failure::unprocessable(
                "Invalid request.\n\nstatus is not a member of the enumeration.",
            ));
        }
        run.status = status;
    }
    run.started_at = moment(&body["started_at"]).or(run.started_at).or(Some(now));
    if let Some(conclusion) = text(&body["conclusion"]) {
        let known = ["success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required"];
        if !known.contains(&conclusion.as_str()) {
            return Err(Failure::unprocessable(
                "Invalid request.\n\nconclusion is not a member of the enumeration.",
            ));
        }
        run.conclusion = Some(conclusion);
        "completed".clone_into(&mut run.status);
        run.completed_at = moment(&body["completed_at"]).or(Some(now));
    }
    if run.status == "completed" && run.conclusion.is_none() {
        return Err(Failure::unprocessable("Invalid request.\n\n\"conclusion\" wasn't supplied."));
    }
    if run.status != "completed" {
        run.conclusion = None;
        run.completed_at = None;
    }
    Ok(())
}

/// Makes a check run in an App's name.
pub(crate) fn create_run(tx: &mut Tx<'_>, repo_id: u64, app: u64, body: &Value) -> Result<CheckRun, Failure> {
    let repo = tx.repo(repo_id)?;
    if repo.settings.archived {
        return Err(Failure::archived());
    }
    let (Some(name), Some(sha)) = (body["name"].as_str(), body["head_sha"].as_str()) else {
        return Err(Failure::unprocessable("Invalid request.\n\n\"head_sha\", \"name\" weren't supplied."));
    };
    if tx.bare(repo_id)?.commit(sha)?.is_none() {
        return Err(Failure::unprocessable(format!("No commit found for SHA: {sha}")));
    }
    // One suite for each App and commit.
    let suite =
        repo.check_runs.values().find(|run| run.app == app && run.head_sha == sha).map(|run| run.suite);
    let mut run = CheckRun {
        id: tx.world.fresh_id(),
        app,
        suite: suite.unwrap_or_else(|| tx.world.fresh_id()),
        head_sha: sha.to_owned(),
        name: name.to_owned(),
        status: "queued".to_owned(),
        conclusion: None,
        details_url: None,
        external_id: None,
        title: None,
        summary: None,
        text: None,
        started_at: None,
        completed_at: None,
    };
    apply(&mut run, body, tx.now)?;
    tx.repo_mut(repo_id)?.check_runs.insert(run.id, run.clone());
    tell_run(tx, repo_id, &run, "created")?;
    Ok(run)
}

/// Changes a check run; only its own App may.
pub(crate) fn update_run(
    tx: &mut Tx<'_>,
    repo_id: u64,
    app: u64,
    id: u64,
    body: &Value,
) -> Result<CheckRun, Failure> {
    let repo = tx.repo(repo_id)?;
    if repo.settings.archived {
        return Err(Failure::archived());
    }
    let mut run = repo.check_runs.get(&id).ok_or_else(Failure::not_found)?.clone();
    if run.app != app {
        return Err(Failure::forbidden(
            "Invalid app_id - check run can only be modified by the GitHub App that created it.",
        ));
    }
    apply(&mut run, body, tx.now)?;
    tx.repo_mut(repo_id)?.check_runs.insert(id, run.clone());
    let word = if run.status == "completed" { "completed" } else { "created" };
    tell_run(tx, repo_id, &run, word)?;
    super::queue::judge(tx, repo_id, &run.head_sha)?;
    super::auto_merge::go_at(tx, repo_id, &run.head_sha)?;
    Ok(run)
}

/// Whether all that a repository's scripts check of a commit has passed.
pub(crate) fn passed(repo: &Repo, sha: &str) -> bool {
    conclusions(repo, sha)
        .is_some_and(|all| all.iter().all(|it| ["success", "neutral", "skipped"].contains(it)))
}

/// How each of a repository's scripts ended of a commit, the last time; `None` while one of them hasn't.
pub(crate) fn conclusions<'r>(repo: &'r Repo, sha: &str) -> Option<Vec<&'r str>> {
    let ended = |script: &crate::twin::world::CiScript| {
        let of_it = |run: &&CheckRun| run.head_sha == sha && run.name == script.name;
        repo.check_runs.values().rfind(of_it)?.conclusion.as_deref()
    };
    repo.ci.iter().map(ended).collect()
}

/// A pull request got a head: its repository's scripts make their check runs, and are to run.
pub(crate) fn begin(tx: &mut Tx<'_>, repo_id: u64, number: u64) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let (_, pull) = super::pulls::parts(&repo, number)?;
    begin_at(tx, repo_id, &pull.head_sha, &format!("refs/pull/{number}/head"))
}

/// The scripts of a repository make their check runs of a commit, and are to run; the commit is what this ref is at.
pub(crate) fn begin_at(tx: &mut Tx<'_>, repo_id: u64, sha: &str, reference: &str) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let actor = tx.actor.clone();
    for script in &repo.ci {
        tx.actor = format!("{}[bot]", tx.world.app_or_new(script.app, &repo.owner).slug);
        let body = json!({"name": script.name, "head_sha": sha});
        let run = create_run(tx, repo_id, script.app, &body)?;
        tx.jobs.push(Job {
            repo: repo_id,
            run: run.id,
            actor: tx.actor.clone(),
            sha: sha.to_owned(),
            reference: reference.to_owned(),
            script: script.clone(),
        });
    }
    tx.actor = actor;
    Ok(())
}

fn tell_run(tx: &mut Tx<'_>, repo_id: u64, run: &CheckRun, word: &str) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let mut payload = Tx::action(word);
    payload["check_run"] = shape::check_run(tx.world, &repo, run, tx.urls);
    tx.tell("check_run", &repo, payload);
    Ok(())
}
