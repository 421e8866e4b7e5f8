//! Users, organisations, and their repositories.

use std::sync::Arc;

use super::pages::page;
use super::{Cx, Outcome, Reply, Route, route};
use crate::twin::acts;
use crate::twin::door::auth::Caller;
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::world::{AccountKind, Permission, Repo, World};

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/user", own),
    route("GET", "/user/repos", own_repos),
    route("POST", "/user/repos", create_own),
    route("GET", "/users/{user}", user),
    route("GET", "/users/{user}/repos", user_repos),
    route("GET", "/orgs/{org}", organisation),
    route("GET", "/orgs/{org}/repos", organisation_repos),
    route("POST", "/orgs/{org}/repos", create_in_organisation),
];

/// The login behind a personal token; Apps have none.
fn own_login(cx: &Cx<'_>) -> Result<String, Failure> {
    match &cx.session.caller {
        Caller::User { token, .. } => Ok(token.login.clone()),
        Caller::Anonymous => Err(Failure::new(401, "UNAUTHENTICATED", "Requires authentication")),
        Caller::App { .. } | Caller::Installation { .. } => {
            Err(Failure::forbidden("Resource not accessible by integration"))
        }
    }
}

fn own(cx: &Cx<'_>) -> Outcome {
    let world = cx.world();
    let login = own_login(cx)?;
    let account = world.account(&login).ok_or_else(Failure::not_found)?;
    Ok(Reply::ok(shape::private_user(&world, account, cx.urls())))
}

fn user(cx: &Cx<'_>) -> Outcome {
    let world = cx.world();
    let account = world.account(cx.param("user")).ok_or_else(Failure::not_found)?;
    Ok(Reply::ok(shape::public_user(&world, account, cx.urls())))
}

fn organisation(cx: &Cx<'_>) -> Outcome {
    let account = cx.organisation()?;
    Ok(Reply::ok(shape::organisation(&cx.world(), &account, cx.urls())))
}

/// What the caller sees of a list, filtered by `type` and sorted as asked.
fn visible<'w>(
    cx: &Cx<'_>,
    world: &'w World,
    repos: impl Iterator<Item = &'w Arc<Repo>>,
) -> Vec<(&'w Arc<Repo>, Permission)> {
    let kind = cx.query("type").unwrap_or("all");
    let mut list: Vec<(&Arc<Repo>, Permission)> = repos
        .filter_map(|repo| Some((repo, cx.session.caller.permission(world, repo)?)))
        .filter(|(repo, _)| match kind {
            "public" | "private" | "internal" => repo.settings.visibility.as_str() == kind,
            "forks" => repo.fork_of.is_some(),
            "sources" => repo.fork_of.is_none(),
            _ => true,
        })
        .collect();
    let sort = cx.query("sort").unwrap_or("created");
    let ascending = cx.query("direction").map_or(sort == "full_name", |direction| direction == "asc");
    list.sort_by(|(a, _), (b, _)| {
        let order = match sort {
            "full_name" => a.full_name().cmp(&b.full_name()),
            "updated" => a.updated_at.cmp(&b.updated_at),
            "pushed" => a.pushed_at.cmp(&b.pushed_at),
            _ => a.created_at.cmp(&b.created_at),
        };
        let order = order.then(a.id.cmp(&b.id));
        if ascending { order } else { order.reverse() }
    });
    list
}

fn organisation_repos(cx: &Cx<'_>) -> Outcome {
    let (world, account) = (cx.world(), cx.organisation()?);
    let list = visible(cx, &world, world.repos_of(&account.login));
    let address = format!("{}/organizations/{}/repos", cx.urls().api, account.id);
    page(cx, &address, &list, |(repo, may)| shape::minimal_repository(&world, repo, cx.urls(), *may))
}

fn user_repos(cx: &Cx<'_>) -> Outcome {
    let world = cx.world();
    let account = world.account(cx.param("user")).ok_or_else(Failure::not_found)?;
    let list = visible(cx, &world, world.repos_of(&account.login));
    let address = format!("{}/users/{}/repos", cx.urls().api, account.login);
    page(cx, &address, &list, |(repo, may)| shape::minimal_repository(&world, repo, cx.urls(), *may))
}

fn own_repos(cx: &Cx<'_>) -> Outcome {
    let world = cx.world();
    let login = own_login(cx)?.to_lowercase();
    let mine = |repo: &&Arc<Repo>| {
        let owner = world.account(&repo.owner);
        owner.is_some_and(|owner| owner.login.to_lowercase() == login || owner.members.contains_key(&login))
            || repo.collaborators.contains_key(&login)
    };
    let list = visible(cx, &world, world.repos.values().filter(mine));
    let address = format!("{}/user/repos", cx.urls().api);
    page(cx, &address, &list, |(repo, may)| shape::repository(&world, repo, cx.urls(), *may))
}

fn create_own(cx: &Cx<'_>) -> Outcome {
    let login = own_login(cx)?;
    create(cx, &login)
}

fn create_in_organisation(cx: &Cx<'_>) -> Outcome {
    let account = cx.organisation()?;
    create(cx, &account.login)
}

fn create(cx: &Cx<'_>, owner: &str) -> Outcome {
    let world = cx.world();
    if world.account(owner).is_some_and(|account| account.kind == AccountKind::Organization) {
        cx.session.caller.may_in_org(&world, owner, "administration")?;
    }
    let repo = cx.change(|tx| acts::repositories::create(tx, owner, &cx.body))?;
    Ok(Reply::created(shape::full_repository(&cx.world(), &repo, cx.urls(), Permission::Admin)))
}
