//! Users and organisations.

use serde_json::{Value, json};

use super::{Urls, node_id, segment, time};
use crate::twin::world::{Account, AccountKind, World};

/// A `simple-user`: by login, known or not (a bot, a deleted user).
pub(crate) fn user(world: &World, login: &str, urls: &Urls) -> Value {
    let account = world.account(login);
    let login = account.map_or(login, |account| &account.login);
    let kind = match account.map(|account| account.kind) {
        Some(AccountKind::Organization) => "Organization",
        None if login.ends_with("[bot]") => "Bot",
        Some(AccountKind::User) | None => "User",
    };
    let id = account.map_or(0, |account| account.id);
    let api = format!("{}/users/{}", urls.api, segment(login));
    json!({
        "login": login,
        "id": id,
        "node_id": account.map_or_else(|| node_id("U", &[0]), account_node_id),
        "avatar_url": format!("{}/avatars/u/{id}", urls.html),
        "gravatar_id": "",
        "url": api,
        "html_url": format!("{}/{}", urls.html, segment(login)),
        "followers_url": format!("{api}/followers"),
        "following_url": format!("{api}/following{{/other_user}}"),
        "gists_url": format!("{api}/gists{{/gist_id}}"),
        "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{api}/subscriptions"),
        "organizations_url": format!("{api}/orgs"),
        "repos_url": format!("{api}/repos"),
        "events_url": format!("{api}/events{{/privacy}}"),
        "received_events_url": format!("{api}/received_events"),
        "type": kind,
        "user_view_type": "public",
        "site_admin": false,
    })
}

/// The global id of an account.
pub(crate) fn account_node_id(account: &Account) -> String {
    let prefix = match account.kind {
        AccountKind::User => "U",
        AccountKind::Organization => "O",
    };
    node_id(prefix, &[account.id])
}

/// A `public-user`.
pub(crate) fn public_user(world: &World, account: &Account, urls: &Urls) -> Value {
    let mut value = user(world, &account.login, urls);
    let public = world.repos_of(&account.login).filter(|repo| repo.settings.visibility.as_str() == "public");
    let more = json!({
        "name": account.name,
        "company": null,
        "blog": "",
        "location": null,
        "email": null,
        "hireable": null,
        "bio": null,
        "twitter_username": null,
        "public_repos": public.count(),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": time(account.created_at),
        "updated_at": time(account.created_at),
    });
    merge(&mut value, more);
    value
}

/// A `private-user`: what somebody reads about themselves.
pub(crate) fn private_user(world: &World, account: &Account, urls: &Urls) -> Value {
    let mut value = public_user(world, account, urls);
    let private =
        world.repos_of(&account.login).filter(|repo| repo.settings.visibility.as_str() != "public").count();
    let more = json!({
        "private_gists": 0,
        "total_private_repos": private,
        "owned_private_repos": private,
        "disk_usage": 0,
        "collaborators": 0,
        "two_factor_authentication": true,
    });
    merge(&mut value, more);
    value
}

/// An `organization-simple`.
pub(crate) fn organisation_simple(account: &Account, urls: &Urls) -> Value {
    let api = format!("{}/orgs/{}", urls.api, account.login);
    json!({
        "login": account.login,
        "id": account.id,
        "node_id": account_node_id(account),
        "url": api,
        "repos_url": format!("{api}/repos"),
        "events_url": format!("{api}/events"),
        "hooks_url": format!("{api}/hooks"),
        "issues_url": format!("{api}/issues"),
        "members_url": format!("{api}/members{{/member}}"),
        "public_members_url": format!("{api}/public_members{{/member}}"),
        "avatar_url": format!("{}/avatars/u/{}", urls.html, account.id),
        "description": account.description,
    })
}

/// An `organization-full`.
pub(crate) fn organisation(world: &World, account: &Account, urls: &Urls) -> Value {
    let mut value = organisation_simple(account, urls);
    let public =
        world.repos_of(&account.login).filter(|repo| repo.settings.visibility.as_str() == "public").count();
    let more = json!({
        "name": account.name.as_deref().unwrap_or(&account.login),
        "is_verified": false,
        "has_organization_projects": true,
        "has_repository_projects": true,
        "public_repos": public,
        "total_private_repos": world.repos_of(&account.login).count() - public,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "html_url": format!("{}/{}", urls.html, account.login),
        "type": "Organization",
        "created_at": time(account.created_at),
        "updated_at": time(account.created_at),
        "archived_at": null,
        "plan": {"name": "team", "space": 976_562_499, "private_repos": 999_999, "filled_seats": account.members.len(), "seats": 10},
    });
    merge(&mut value, more);
    value
}

/// Adds the fields of one object to another.
pub(crate) fn merge(into: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}
