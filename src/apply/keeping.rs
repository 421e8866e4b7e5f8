//! The issues of keepers: one a subject, opened once, written anew in place, closed when their reason is gone.

use http::Method;
use serde_json::{Value, json};

use crate::adapters::github::{Client, Effect as Once, Error, Kind};
use crate::model::keeping::{KEPT_LABEL, KeepIssue, OVER};
use crate::observed::marked;

use super::look::LookError;
use super::shown::Shown;

/// The open issue as it is; where it is to be opened, one that is there already by its number.
pub(super) async fn look(client: &Client, it: &KeepIssue) -> Result<Value, LookError> {
    let Some(number) = it.number else {
        let there = marked(client, &it.repo, &it.line).await?;
        return Ok(there.map_or(Value::Null, |number| json!({ "issue": number })));
    };
    let reply = match client.read(it.repo.owner(), &format!("/repos/{}/issues/{number}", it.repo)).await {
        Ok(reply) => reply.body,
        Err(error) if matches!(error.kind(), Kind::Absent) => return Ok(Value::Null),
        Err(error) => return Err(error.into()),
    };
    let is_its = reply["body"].as_str().and_then(|body| body.lines().next()) == Some(it.line.as_str());
    let is_open = reply["state"] == "open" && is_its;
    Ok(if is_open { json!({ "title": reply["title"], "body": reply["body"] }) } else { Value::Null })
}

/// Opens it, writes it anew, or closes it.
pub(super) async fn keep(client: &Client, it: &KeepIssue, before: &Value) -> Result<Shown, Error> {
    let repo = &it.repo;
    let (method, path, body, once) = match (it.number, &it.says) {
        (None, Some((title, text))) => {
            let body = json!({ "title": title, "body": text, "labels": [KEPT_LABEL] });
            (Method::POST, format!("/repos/{repo}/issues"), body, Once::Create)
        }
        (Some(number), Some((title, text))) => {
            let body = json!({ "title": title, "body": text });
            (Method::PATCH, format!("/repos/{repo}/issues/{number}"), body, Once::Idempotent)
        }
        (Some(number), None) => {
            let text = format!("{}\n\n{OVER}\n", before["body"].as_str().unwrap_or_default().trim_end());
            let body = json!({ "state": "closed", "state_reason": "completed", "body": text });
            (Method::PATCH, format!("/repos/{repo}/issues/{number}"), body, Once::Idempotent)
        }
        (None, None) => return Ok(Shown::Yes),
    };
    let reply = client.write(repo.owner(), method, &path, &body, once).await?;
    let told = ["title", "body", "state"].into_iter().filter(|field| !body[*field].is_null());
    Ok(Shown::fields(&reply, told.map(|field| (field, &body[field]))))
}
