//! GitHub Apps, their installations, and webhooks.

use serde_json::{Map, Value, json};

use super::{Urls, node_id, time, user};
use crate::twin::world::{App, Hook, HookScope, Installation, World, epoch};

/// An `integration`.
pub(crate) fn app(world: &World, app: &App, urls: &Urls) -> Value {
    let permissions = app.installations.first().map(|first| &first.permissions);
    json!({
        "id": app.id,
        "slug": app.slug,
        "node_id": node_id("A", &[app.id]),
        "client_id": format!("Iv1.{:016x}", app.id),
        "owner": user(world, &app.owner, urls),
        "name": app.name,
        "description": null,
        "external_url": urls.html,
        "html_url": format!("{}/apps/{}", urls.html, app.slug),
        "created_at": time(epoch()),
        "updated_at": time(epoch()),
        "permissions": permissions.map_or_else(|| json!({}), |permissions| json!(permissions)),
        "events": ["push", "pull_request", "issues"],
        "installations_count": app.installations.len(),
    })
}

/// An `installation`.
pub(crate) fn installation(world: &World, app: &App, installation: &Installation, urls: &Urls) -> Value {
    let account = world.account(&installation.account);
    let kind = account.map_or("Organization", |account| match account.kind {
        crate::twin::world::AccountKind::User => "User",
        crate::twin::world::AccountKind::Organization => "Organization",
    });
    json!({
        "id": installation.id,
        "account": user(world, &installation.account, urls),
        "access_tokens_url": format!("{}/app/installations/{}/access_tokens", urls.api, installation.id),
        "repositories_url": format!("{}/installation/repositories", urls.api),
        "html_url": format!("{}/organizations/{}/settings/installations/{}", urls.html, installation.account, installation.id),
        "app_id": app.id,
        "app_slug": app.slug,
        "target_id": account.map_or(0, |account| account.id),
        "target_type": kind,
        "permissions": installation.permissions,
        "events": ["push", "pull_request", "issues"],
        "single_file_name": null,
        "has_multiple_single_files": false,
        "single_file_paths": [],
        "repository_selection": if installation.repositories.is_some() { "selected" } else { "all" },
        "created_at": time(epoch()),
        "updated_at": time(epoch()),
        "suspended_by": null,
        "suspended_at": if installation.suspended { time(epoch()) } else { Value::Null },
    })
}

/// A `hook` or an `org-hook`; secrets are never shown.
pub(crate) fn hook(world: &World, hook: &Hook, urls: &Urls) -> Value {
    let base = match &hook.scope {
        HookScope::Repo(id) => {
            world.repos.get(id).map_or_else(String::new, |repo| urls.repo(&repo.full_name()))
        }
        HookScope::Org(login) => format!("{}/orgs/{login}", urls.api),
    };
    let api = format!("{base}/hooks/{}", hook.id);
    let mut config = Map::new();
    config.insert("content_type".to_owned(), json!("json"));
    config.insert("insecure_ssl".to_owned(), json!("0"));
    config.insert("url".to_owned(), json!(hook.url));
    if hook.secret.is_some() {
        config.insert("secret".to_owned(), json!("********"));
    }
    let mut value = json!({
        "type": match hook.scope { HookScope::Repo(_) => "Repository", HookScope::Org(_) => "Organization" },
        "id": hook.id,
        "name": "web",
        "active": hook.active,
        "events": hook.events,
        "config": config,
        "updated_at": time(hook.updated_at),
        "created_at": time(hook.created_at),
        "url": api,
        "ping_url": format!("{api}/pings"),
        "deliveries_url": format!("{api}/deliveries"),
    });
    if matches!(hook.scope, HookScope::Repo(_)) {
        value["test_url"] = json!(format!("{api}/test"));
        value["last_response"] = json!({"code": null, "status": "unused", "message": null});
    }
    value
}
