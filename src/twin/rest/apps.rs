//! GitHub Apps: who they are, where they are installed, and their tokens.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::pages::{counted, page};
use super::{Cx, Outcome, Reply, Route, route};
use crate::twin::door::auth::{Caller, Need};
use crate::twin::door::failure::Failure;
use crate::twin::shape::{self, time};
use crate::twin::state::unique;
use crate::twin::world::{App, Installation, InstallationToken, Permission, World};

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/app", own),
    route("GET", "/app/installations", installations),
    route("GET", "/app/installations/{id}", installation),
    route("POST", "/app/installations/{id}/access_tokens", create_token),
    route("GET", "/installation/repositories", repositories),
    route("GET", "/orgs/{org}/installation", of_account),
    route("GET", "/users/{org}/installation", of_account),
    route("GET", "/repos/{owner}/{repo}/installation", of_repo),
];

/// How long an installation token is good for.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The App behind a JWT.
fn app<'w>(cx: &Cx<'_>, world: &'w World) -> Result<&'w App, Failure> {
    match &cx.session.caller {
        Caller::App { id } => world.apps.get(id).ok_or_else(Failure::not_found),
        Caller::Anonymous | Caller::User { .. } | Caller::Installation { .. } => {
            Err(Failure::new(401, "UNAUTHENTICATED", "A JSON web token could not be decoded"))
        }
    }
}

fn own(cx: &Cx<'_>) -> Outcome {
    let world = cx.world();
    Ok(Reply::ok(shape::app(&world, app(cx, &world)?, cx.urls())))
}

fn installations(cx: &Cx<'_>) -> Outcome {
    let world = cx.world();
    let app = app(cx, &world)?;
    let address = format!("{}/app/installations", cx.urls().api);
    page(cx, &address, &app.installations, |one| shape::installation(&world, app, one, cx.urls()))
}

fn find(cx: &Cx<'_>, keep: impl Fn(&Installation) -> bool) -> Outcome {
    let world = cx.world();
    let app = app(cx, &world)?;
    let found = app.installations.iter().find(|one| keep(one)).ok_or_else(Failure::not_found)?;
    Ok(Reply::ok(shape::installation(&world, app, found, cx.urls())))
}

fn installation(cx: &Cx<'_>) -> Outcome {
    let id = cx.number("id")?;
    find(cx, |one| one.id == id)
}

fn of_account(cx: &Cx<'_>) -> Outcome {
    find(cx, |one| one.account.eq_ignore_ascii_case(cx.param("org")))
}

fn of_repo(cx: &Cx<'_>) -> Outcome {
    let (owner, name) = (cx.param("owner"), cx.param("repo"));
    let world = cx.world();
    world.repo(owner, name).ok_or_else(Failure::not_found)?;
    find(cx, |one| {
        let selected = one.repositories.as_ref();
        one.account.eq_ignore_ascii_case(owner)
            && selected.is_none_or(|names| names.iter().any(|other| other.eq_ignore_ascii_case(name)))
    })
}

fn create_token(cx: &Cx<'_>) -> Outcome {
    let world = cx.world();
    let app = app(cx, &world)?;
    let id = cx.number("id")?;
    let found = app.installations.iter().find(|one| one.id == id).ok_or_else(Failure::not_found)?;
    if found.suspended {
        return Err(Failure::forbidden("This installation has been suspended"));
    }
    let repositories = match &cx.body["repositories"] {
        Value::Null => None,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Some(cx.names("repositories")?)
        }
    };
    for name in repositories.iter().flatten() {
        let installed = found.repositories.as_ref().is_none_or(|names| names.contains(name));
        if !installed || world.repo(&found.account, name).is_none() {
            return Err(Failure::unprocessable(
                "There is at least one repository that does not exist or is not accessible to the parent installation.",
            ));
        }
    }
    let text = format!("ghs_{}", &unique()[..36]);
    let token = InstallationToken {
        app: app.id,
        installation: id,
        expires_at: cx.session.now.saturating_add(HOUR).unwrap_or(cx.session.now),
        repositories: repositories.or_else(|| found.repositories.clone()),
    };
    let selection = if token.repositories.is_some() { "selected" } else { "all" };
    let body = json!({
        "token": text,
        "expires_at": time(token.expires_at),
        "permissions": found.permissions,
        "repository_selection": selection,
    });
    cx.change(|tx| {
        tx.world.installation_tokens.insert(text.clone(), token);
        Ok(())
    })?;
    Ok(Reply::created(body))
}

fn repositories(cx: &Cx<'_>) -> Outcome {
    let Caller::Installation { installation, .. } = &cx.session.caller else {
        return Err(Failure::forbidden(
            "You must authenticate with an installation access token in order to list repositories for an installation.",
        ));
    };
    let world = cx.world();
    let list: Vec<_> = world
        .repos_of(&installation.account)
        .filter(|repo| {
            cx.session.caller.may(&world, repo, Need::READ).is_ok_and(|may| may == Permission::Admin)
        })
        .collect();
    let address = format!("{}/installation/repositories", cx.urls().api);
    counted(cx, &address, "repositories", &list, |repo| {
        shape::repository(&world, repo, cx.urls(), Permission::Admin)
    })
}
