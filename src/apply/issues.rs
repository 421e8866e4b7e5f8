//! Issues for what runs found, each opened once.

use http::Method;
use serde_json::{Value, json};

use crate::adapters::github::{Client, Effect as Once, Error};
use crate::model::OpenIssue;
use crate::observed::issues;

use super::look::LookError;
use super::shown::Shown;

/// The issue that was opened for it, as it was: what people write there since is theirs. Else one that says the same, by its
/// number.
pub(super) async fn look(client: &Client, issue: &OpenIssue) -> Result<Value, LookError> {
    let seen = issues(client, &issue.repo, issue.ended).await?;
    if seen.iter().any(|it| it.marks.contains(&issue.found.digest)) {
        return Ok(issue.value());
    }
    let telling = seen.iter().find(|it| it.tells(&issue.found, issue.ended));
    Ok(telling.map_or(Value::Null, |it| json!({ "issue": it.number })))
}

/// Opens it.
pub(super) async fn open(client: &Client, issue: &OpenIssue) -> Result<Shown, Error> {
    let (repo, wanted) = (&issue.repo, issue.value());
    let path = format!("/repos/{repo}/issues");
    let reply = client.write(repo.owner(), Method::POST, &path, &wanted, Once::Create).await?;
    Ok(Shown::fields(&reply, ["title", "body"].map(|field| (field, &wanted[field]))))
}
