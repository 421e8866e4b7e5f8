//! Making, changing, renaming and deleting labels.

use http::Method;
use serde_json::{Map, Value, json};

use crate::adapters::github::{Client, Effect as Once, Error, Operation, Reply, segment};
use crate::model::{Action, LabelName, LabelSpec, RepoName, Verb};

use super::look::{LookError, Looked};
use super::shown::Shown;

/// The query for a label by its old name and by its new one; of each these fields.
fn query(fields: &str) -> String {
    format!(
        "query Label($owner: String!, $name: String!, $was: String!, $is: String!) {{ \
         rateLimit {{ cost remaining resetAt limit }} repository(owner: $owner, name: $name) {{ nameWithOwner \
         was: label(name: $was) {{ {fields} }} is: label(name: $is) {{ {fields} }} }} }}"
    )
}

const FIELDS: &str = "name color description";
/// What a deletion takes along is counted in the same request.
const COUNTED: &str = "name color description issues { totalCount } pullRequests { totalCount }";

/// The label as it is now, by its old name or else by its new one. The repository itself vouches for absence: a
/// reply without it tells nothing.
pub(super) async fn look(client: &Client, action: &Action) -> Result<Looked, LookError> {
    let deletes = action.verb == Verb::DeleteLabel;
    let repo = action.effect.repo();
    let name_of = |side: &Value| side["name"].as_str().map(str::to_owned);
    let new = name_of(&action.after);
    let was = name_of(&action.before).or_else(|| new.clone()).unwrap_or_default();
    let is = new.unwrap_or_else(|| was.clone());
    let operation = Operation {
        name: "Label".into(),
        text: query(if deletes { COUNTED } else { FIELDS }),
        variables: json!({ "owner": repo.owner(), "name": repo.name(), "was": was, "is": is }),
    };
    let reply = client.graphql(repo.owner(), &operation).await?;
    if let Some(error) = reply.errors.first() {
        return Err(LookError::Partial(error.message.clone()));
    }
    let there = &reply.data["repository"];
    let known_as = there["nameWithOwner"].as_str().and_then(|n| RepoName::parse(n).ok());
    if known_as.as_ref() != Some(repo) {
        return Err(LookError::Partial(format!("{repo} is gone or has another name now")));
    }
    let Some(label) = [&there["was"], &there["is"]].into_iter().find(|l| !l.is_null()) else {
        return Ok(Value::Null.into());
    };
    let value = json!({
        "name": label["name"],
        "color": label["color"].as_str().unwrap_or_default().to_ascii_lowercase(),
        "description": label["description"].as_str().unwrap_or_default(),
    });
    if !deletes {
        return Ok(value.into());
    }
    let count = |of: &str| label[of]["totalCount"].as_u64();
    match (count("issues"), count("pullRequests")) {
        (Some(issues), Some(pulls)) => Ok(Looked { value, carried_by: Some(issues + pulls) }),
        _ => Err(LookError::Partial("the issues that carry it could not be counted".to_owned())),
    }
}

/// Makes a label.
pub(super) async fn create(client: &Client, repo: &RepoName, label: &LabelSpec) -> Result<Shown, Error> {
    let path = format!("/repos/{repo}/labels");
    let body = Value::Object(fields(label, "name"));
    let reply = client.write(repo.owner(), Method::POST, &path, &body, Once::Create).await?;
    Ok(shown(&reply, label))
}

/// Changes a label, its name too. Issues keep it.
pub(super) async fn update(
    client: &Client,
    repo: &RepoName,
    name: &LabelName,
    label: &LabelSpec,
) -> Result<Shown, Error> {
    let path = format!("/repos/{repo}/labels/{}", segment(name.as_str()));
    let body = Value::Object(fields(label, "new_name"));
    // A repeated rename finds no label of the old name, so it is not repeated.
    let once = if name.key() == label.name.key() { Once::Idempotent } else { Once::Create };
    let reply = client.write(repo.owner(), Method::PATCH, &path, &body, once).await?;
    Ok(shown(&reply, label))
}

/// Deletes a label. Issues lose it.
pub(super) async fn delete(client: &Client, repo: &RepoName, name: &LabelName) -> Result<Shown, Error> {
    let path = format!("/repos/{repo}/labels/{}", segment(name.as_str()));
    // A repeated deletion would find nothing and look like a failure, so it is not repeated.
    client
        .write(repo.owner(), Method::DELETE, &path, &Value::Null, Once::Create)
        .await
        .map(|r| Shown::gone(&r))
}

fn shown(reply: &Reply, label: &LabelSpec) -> Shown {
    let fields = fields(label, "name");
    Shown::fields(reply, fields.iter().map(|(name, value)| (name.as_str(), value)))
}

fn fields(label: &LabelSpec, name_field: &str) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert(name_field.to_owned(), label.name.as_str().into());
    if let Some(color) = &label.color {
        body.insert("color".to_owned(), color.as_str().into());
    }
    if let Some(description) = &label.description {
        body.insert("description".to_owned(), description.as_str().into());
    }
    body
}
