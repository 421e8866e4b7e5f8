//! The admin API at `/_twin/`: what a test sets up and asks afterwards. Never logged, limited or faulty.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::FaultRule;
use crate::twin::handle::{Refused, WorldHandle};
use crate::twin::state::Shared;
use crate::twin::world::{CiScript, DeliveryOptions, Permission, ReviewState, World};

/// The routes below `/_twin`.
pub(crate) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/world", get(world).put(set_world))
        .route("/log", get(log).delete(clear_log))
        .route("/unknown", get(unknown))
        .route("/faults", put(set_faults))
        .route("/latency", put(set_latency))
        .route("/record", put(set_record))
        .route("/hooks", post(add_hook))
        .route("/patch/{owner}/{repo}", post(patch))
        .fallback(|| async { (StatusCode::NOT_FOUND, "no such admin route\n") })
        .with_state(shared)
}

async fn world(State(shared): State<Arc<Shared>>) -> Response {
    Json(shared.world().as_ref()).into_response()
}

async fn set_world(State(shared): State<Arc<Shared>>, body: String) -> Response {
    match World::from_json(&body) {
        Ok(world) => {
            shared.edit(|old| *old = world);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => bad(&error),
    }
}

fn bad(error: &dyn std::error::Error) -> Response {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        message = format!("{message}: {inner}");
        cause = inner.source();
    }
    (StatusCode::BAD_REQUEST, Json(json!({"message": message}))).into_response()
}

async fn log(State(shared): State<Arc<Shared>>) -> Response {
    let log = shared.lock().log();
    Json(log).into_response()
}

async fn clear_log(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.lock().clear_log();
    StatusCode::NO_CONTENT
}

async fn unknown(State(shared): State<Arc<Shared>>) -> Response {
    let unknown = shared.lock().unknown();
    Json(unknown).into_response()
}

async fn set_faults(State(shared): State<Arc<Shared>>, Json(rules): Json<Vec<FaultRule>>) -> Response {
    let outcome = shared.lock().set_faults(rules);
    match outcome {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => bad(&error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Latency {
    ms: u64,
}

async fn set_latency(State(shared): State<Arc<Shared>>, Json(latency): Json<Latency>) -> StatusCode {
    shared.lock().latency = Duration::from_millis(latency.ms);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    bodies: bool,
}

async fn set_record(State(shared): State<Arc<Shared>>, Json(record): Json<Record>) -> StatusCode {
    shared.record(record.bodies);
    StatusCode::NO_CONTENT
}

/// A webhook with its faults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewHook {
    /// `owner/name`, or an organisation.
    of: String,
    url: String,
    #[serde(default)]
    secret: String,
    events: Vec<String>,
    #[serde(default)]
    options: DeliveryOptions,
}

async fn add_hook(State(shared): State<Arc<Shared>>, Json(hook): Json<NewHook>) -> Response {
    let events: Vec<&str> = hook.events.iter().map(String::as_str).collect();
    let made = WorldHandle { shared }.add_hook(&hook.of, &hook.url, &hook.secret, &events, hook.options);
    told(made.map(|id| json!({"id": id})))
}

/// The answer to something that GitHub may have refused.
fn told(outcome: Result<Value, Refused>) -> Response {
    match outcome {
        Ok(answer) => Json(answer).into_response(),
        Err(refused) => {
            let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
            (status, Json(json!({"message": refused.message}))).into_response()
        }
    }
}

/// One way to make drift; done as by a person on GitHub's pages, with webhooks and audit entries.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Patch {
    Set(Value),
    Topics(Vec<String>),
    Rename(String),
    Delete {},
    AddLabel(Value),
    EditLabel { name: String, fields: Value },
    DeleteLabel(String),
    PushFile { branch: String, path: String, text: String },
    OpenPull { head: String, base: String, title: String },
    OpenIssue { title: String, labels: Vec<String> },
    MergePull(u64),
    ClosePull(u64),
    Ci(Vec<CiScript>),
    Label { number: u64, label: String, actor: String },
    Unlabel { number: u64, label: String, actor: String },
    Comment { number: u64, actor: String, body: String },
    EditBody { number: u64, actor: String, body: String },
    CloseIssue { number: u64, actor: String },
    Review { pull: u64, actor: String, state: ReviewState, body: String },
    ReviewComment { pull: u64, actor: String, path: String, body: String },
    Permission { login: String, level: Permission },
}

async fn patch(
    State(shared): State<Arc<Shared>>,
    Path((owner, repo)): Path<(String, String)>,
    Json(patch): Json<Patch>,
) -> Response {
    let (handle, repo) = (WorldHandle { shared }, format!("{owner}/{repo}"));
    told(apply(&handle, &repo, patch))
}

fn apply(handle: &WorldHandle, repo: &str, patch: Patch) -> Result<Value, Refused> {
    let nothing = |()| json!({});
    match patch {
        Patch::Set(fields) => handle.set(repo, &fields).map(nothing),
        Patch::Topics(topics) => {
            let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
            handle.set_topics(repo, &topics).map(nothing)
        }
        Patch::Rename(name) => handle.rename(repo, &name).map(nothing),
        Patch::Delete {} => handle.delete(repo).map(nothing),
        Patch::AddLabel(fields) => handle.add_label(repo, &fields).map(nothing),
        Patch::EditLabel { name, fields } => handle.edit_label(repo, &name, &fields).map(nothing),
        Patch::DeleteLabel(name) => handle.delete_label(repo, &name).map(nothing),
        Patch::PushFile { branch, path, text } => {
            handle.push_file(repo, &branch, &path, &text).map(|sha| json!({"sha": sha}))
        }
        Patch::OpenPull { head, base, title } => {
            handle.open_pull(repo, &head, &base, &title).map(|number| json!({"number": number}))
        }
        Patch::OpenIssue { title, labels } => {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            handle.open_issue(repo, &title, &labels).map(|number| json!({"number": number}))
        }
        Patch::MergePull(number) => handle.merge_pull(repo, number).map(|sha| json!({"sha": sha})),
        Patch::ClosePull(number) => handle.close_pull(repo, number).map(nothing),
        Patch::Ci(scripts) => handle.set_ci(repo, scripts).map(nothing),
        Patch::Label { number, label, actor } => {
            handle.label_issue(repo, number, &label, &actor).map(nothing)
        }
        Patch::Unlabel { number, label, actor } => {
            handle.unlabel_issue(repo, number, &label, &actor).map(nothing)
        }
        Patch::Comment { number, actor, body } => {
            handle.comment_issue(repo, number, &actor, &body).map(|id| json!({"id": id}))
        }
        Patch::EditBody { number, actor, body } => {
            handle.edit_issue_body(repo, number, &actor, &body).map(nothing)
        }
        Patch::CloseIssue { number, actor } => handle.close_issue(repo, number, &actor).map(nothing),
        Patch::Review { pull, actor, state, body } => {
            handle.review(repo, pull, &actor, state, &body).map(|id| json!({"id": id}))
        }
        Patch::ReviewComment { pull, actor, path, body } => {
            handle.review_comment(repo, pull, &actor, &path, &body).map(|id| json!({"id": id}))
        }
        Patch::Permission { login, level } => handle.permission(repo, &login, level).map(nothing),
    }
}
