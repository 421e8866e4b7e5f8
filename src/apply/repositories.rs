//! Settings, visibility, archiving and creation of repositories.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Map, Value, json};

use crate::adapters::github::{Client, Effect as Once, Error};
use crate::model::{Action, Facet, Facets, RepoName, Seen, Setting, SettingValue};
use crate::observed::{ReadError, read_one};

use super::compare::settled_value;
use super::look::LookError;
use super::shown::Shown;

/// The repository's present settings, those that the action is about.
pub(super) async fn look(client: &Client, action: &Action) -> Result<Value, LookError> {
    let repo = action.effect.repo();
    let seen = match read_one(client, repo, Facets::of(Facet::Settings)).await {
        Ok(seen) => seen,
        Err(ReadError::Request(error)) => return Err(LookError::Request(error)),
        Err(ReadError::Partial(gap)) => return Err(LookError::Partial(gap.why)),
    };
    if let Seen::Known(state) = &seen
        && state.name != *repo
    {
        return Err(LookError::Partial(format!("{repo} is called {} now", state.name)));
    }
    let state = match &seen {
        Seen::Known(state) => Seen::Known(state),
        Seen::Absent => Seen::Absent,
        Seen::Unknown => Seen::Unknown,
    };
    settled_value(action.verb, &action.before, &action.after, state).ok_or_else(|| {
        LookError::Partial(format!("{repo} is gone, or some of its settings can't be seen any more"))
    })
}

/// One PATCH for all settings but the topics, which have an endpoint of their own.
pub(super) async fn update(
    client: &Client,
    repo: &RepoName,
    settings: &BTreeMap<Setting, SettingValue>,
) -> Result<Shown, Error> {
    let patched = patched(client, repo, patch(settings, |_| true)).await?;
    Ok(patched.and(topics(client, repo, settings).await?))
}

async fn patched(client: &Client, repo: &RepoName, body: Map<String, Value>) -> Result<Shown, Error> {
    if body.is_empty() {
        return Ok(Shown::Yes);
    }
    let (path, body) = (format!("/repos/{repo}"), Value::Object(body));
    let reply = client.write(repo.owner(), Method::PATCH, &path, &body, Once::Idempotent).await?;
    Ok(Shown::fields(&reply, body.as_object().into_iter().flatten().map(|(k, v)| (k.as_str(), v))))
}

async fn topics(
    client: &Client,
    repo: &RepoName,
    settings: &BTreeMap<Setting, SettingValue>,
) -> Result<Shown, Error> {
    let Some(SettingValue::Names(names)) = settings.get(&Setting::Topics) else { return Ok(Shown::Yes) };
    let (path, body) = (format!("/repos/{repo}/topics"), json!({ "names": names }));
    let reply = client.write(repo.owner(), Method::PUT, &path, &body, Once::Idempotent).await?;
    let there: Option<BTreeSet<&str>> =
        reply.body["names"].as_array().map(|names| names.iter().filter_map(Value::as_str).collect());
    Ok(Shown::when(there.is_some_and(|there| there == names.iter().map(String::as_str).collect())))
}

/// Makes the repository, empty, and gives it the settings that creation itself doesn't take. The default branch
/// of an empty repository can't be fixed yet; the next plan does it once there is a branch.
pub(super) async fn create(
    client: &Client,
    repo: &RepoName,
    settings: &BTreeMap<Setting, SettingValue>,
) -> Result<Shown, Error> {
    let mut body = Map::new();
    body.insert("name".to_owned(), repo.name().into());
    for setting in [Setting::Description, Setting::Homepage, Setting::Visibility] {
        if let Some(value) = settings.get(&setting) {
            body.insert(setting.rest().to_owned(), value.to_json());
        }
    }
    if let Some(SettingValue::Text(visibility)) = settings.get(&Setting::Visibility) {
        body.insert("private".to_owned(), (visibility != "public").into());
    }
    let owner = repo.owner();
    let path = match owner_kind(client, owner).await? {
        Owner::Organisation => format!("/orgs/{owner}/repos"),
        // A person's account takes no `visibility`.
        Owner::Oneself => {
            body.remove("visibility");
            "/user/repos".to_owned()
        }
    };
    let body = Value::Object(body);
    let reply = client.write(owner, Method::POST, &path, &body, Once::Create).await?;
    let made = Shown::fields(&reply, body.as_object().into_iter().flatten().map(|(k, v)| (k.as_str(), v)));
    let rest = patch(settings, |s| {
        !matches!(s, Setting::Description | Setting::Homepage | Setting::Visibility | Setting::DefaultBranch)
    });
    let patched = patched(client, repo, rest).await?;
    Ok(made.and(patched).and(topics(client, repo, settings).await?))
}

/// Who a repository is made for.
enum Owner {
    /// An organisation.
    Organisation,
    /// The account whose credential this is.
    Oneself,
}

/// Whose account it is. It is asked for by name, never guessed from a refusal: an organisation that a credential
/// may not write to answers 404 as well, and then nothing may be made under somebody else's name.
async fn owner_kind(client: &Client, owner: &str) -> Result<Owner, Error> {
    let account = client.read(owner, &format!("/users/{owner}")).await?;
    let own = client.identity(owner).await?.login();
    let person = account.body["type"].as_str() == Some("User");
    Ok(if person && own.eq_ignore_ascii_case(owner) { Owner::Oneself } else { Owner::Organisation })
}

/// The body of a PATCH: the chosen settings but for the topics.
fn patch(settings: &BTreeMap<Setting, SettingValue>, choose: impl Fn(Setting) -> bool) -> Map<String, Value> {
    settings
        .iter()
        .filter(|(setting, _)| **setting != Setting::Topics && choose(**setting))
        .map(|(setting, value)| (setting.rest().to_owned(), value.to_json()))
        .collect()
}
