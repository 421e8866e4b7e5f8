//! Pull requests for what runs made: one branch each, made once and never forced.

use http::Method;
use serde_json::{Value, json};

use crate::adapters::github::{Client, Effect as Once, Error};
use crate::model::{Case, OpenPull};
use crate::observed::latest_pull;

use super::look::LookError;
use super::shown::Shown;

/// The latest pull request of the branch.
pub(super) async fn look(client: &Client, pull: &OpenPull) -> Result<Value, LookError> {
    let last = latest_pull(client, &pull.repo, &pull.branch).await?;
    Ok(last.as_ref().map_or(Value::Null, value))
}

/// A pull request in the form of the action's `after`.
fn value(pull: &Value) -> Value {
    json!({ "branch": pull["head"]["ref"], "commit": pull["head"]["sha"], "base": pull["base"]["ref"] })
}

/// The latest pull request of the branch of an issue, as it was read with the issue.
pub(super) fn value_of(case: &Case, pull: &OpenPull) -> Value {
    case.pull().map_or(
        Value::Null,
        |it| json!({ "branch": pull.branch, "commit": it.head.as_str(), "base": it.base }),
    )
}

/// Opens it; the branch is there.
pub(super) async fn open(client: &Client, pull: &OpenPull) -> Result<Shown, Error> {
    let OpenPull { repo, commit, branch, base, title, body, .. } = pull;
    let wanted = json!({ "title": title, "body": body, "head": branch, "base": base });
    let path = format!("/repos/{repo}/pulls");
    let reply = client.write(repo.owner(), Method::POST, &path, &wanted, Once::Create).await?;
    let shown = json!({ "branch": branch, "commit": commit.as_str(), "base": base });
    Ok(Shown::when(value(&reply.body) == shown))
}
