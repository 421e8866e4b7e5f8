//! The factory's own words on GitHub: comments, commit statuses, check runs.

use http::Method;
use serde_json::{Value, json};

use crate::adapters::github::{Client, Effect as Once, Error, Kind};
use crate::model::{Action, CheckState, CommitId, Effect, RepoName};
use crate::observed::{OwnComments, own_check, own_comments};

use super::look::LookError;
use super::shown::Shown;

/// What the factory says there now.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the writer sends only these here, and anything else is refused"
)]
pub(super) async fn look(client: &Client, action: &Action) -> Result<Value, LookError> {
    match &action.effect {
        Effect::Comment { repo, number, id, at, body } if id.is_none() || at.is_some() => {
            let marker = body.lines().next().unwrap_or_default();
            let pull = (repo.clone(), *number);
            let mut said = own_comments(client, std::slice::from_ref(&pull), marker).await;
            let untold = || LookError::Partial("GitHub doesn't tell of the pull request".to_owned());
            let OwnComments { open_at, comments } = said.remove(&pull).ok_or_else(untold)??;
            let is_it = |(there, _): &&(u64, String)| id.is_none_or(|id| *there == id);
            let body = comments.iter().find(is_it).map(|(_, body)| body);
            Ok(match (at, body) {
                (Some(_), body) => json!({ "body": body, "head": open_at }),
                (None, Some(body)) => json!({ "body": body }),
                (None, None) => Value::Null,
            })
        }
        Effect::Comment { repo, id: Some(id), .. } | Effect::DeleteComment { repo, id, .. } => {
            match client.read(repo.owner(), &format!("/repos/{repo}/issues/comments/{id}")).await {
                Ok(reply) => Ok(json!({ "body": reply.body["body"] })),
                Err(error) if matches!(error.kind(), Kind::Absent) => Ok(Value::Null),
                Err(error) => Err(error.into()),
            }
        }
        Effect::Report { repo, commit, .. } => {
            let own = client.identity(repo.owner()).await?;
            let check = own_check(client, repo, commit, &own).await?;
            Ok(check.map_or(Value::Null, |c| json!({ "passes": c.passes, "summary": c.summary })))
        }
        _ => Err(LookError::Partial("this is not a thing that is said".to_owned())),
    }
}

/// Writes a comment, or rewrites the one with this id.
pub(super) async fn comment(
    client: &Client,
    repo: &RepoName,
    number: u64,
    id: Option<u64>,
    body: &str,
) -> Result<Shown, Error> {
    let json = json!({ "body": body });
    let reply = match id {
        Some(id) => {
            let path = format!("/repos/{repo}/issues/comments/{id}");
            client.write(repo.owner(), Method::PATCH, &path, &json, Once::Idempotent).await?
        }
        None => {
            let path = format!("/repos/{repo}/issues/{number}/comments");
            client.write(repo.owner(), Method::POST, &path, &json, Once::Create).await?
        }
    };
    Ok(Shown::fields(&reply, [("body", &json["body"])]))
}

/// Deletes a comment of the factory's own.
pub(super) async fn delete_comment(client: &Client, repo: &RepoName, id: u64) -> Result<Shown, Error> {
    let path = format!("/repos/{repo}/issues/comments/{id}");
    client
        .write(repo.owner(), Method::DELETE, &path, &Value::Null, Once::Create)
        .await
        .map(|r| Shown::gone(&r))
}

/// Writes a check run (which only an App may) or a commit status.
pub(super) async fn report(
    client: &Client,
    repo: &RepoName,
    commit: &CommitId,
    name: &str,
    state: &CheckState,
    check_run: bool,
) -> Result<Shown, Error> {
    let verdict = if state.passes { "success" } else { "failure" };
    if check_run {
        let path = format!("/repos/{repo}/check-runs");
        let body = json!({
            "name": name, "head_sha": commit, "status": "completed", "conclusion": verdict,
            "output": { "title": state.summary, "summary": state.summary },
        });
        let reply = client.write(repo.owner(), Method::POST, &path, &body, Once::Create).await?;
        return Ok(Shown::fields(
            &reply,
            ["name", "head_sha", "conclusion"].map(|field| (field, &body[field])),
        ));
    }
    let path = format!("/repos/{repo}/statuses/{commit}");
    let body = json!({ "state": verdict, "context": name, "description": state.summary });
    let reply = client.write(repo.owner(), Method::POST, &path, &body, Once::Create).await?;
    Ok(Shown::fields(&reply, ["state", "context", "description"].map(|field| (field, &body[field]))))
}
