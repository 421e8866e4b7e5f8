//! Webhooks of repositories and organisations.

use super::pages::page;
use super::{Cx, Outcome, Reply, Route, route};
use crate::twin::acts::hooks;
use crate::twin::door::auth::Need;
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::world::{Hook, HookScope};

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/hooks", list),
    route("POST", "/repos/{owner}/{repo}/hooks", create),
    route("GET", "/repos/{owner}/{repo}/hooks/{id}", get),
    route("PATCH", "/repos/{owner}/{repo}/hooks/{id}", update),
    route("DELETE", "/repos/{owner}/{repo}/hooks/{id}", delete),
    route("POST", "/repos/{owner}/{repo}/hooks/{id}/pings", ping),
    route("GET", "/orgs/{org}/hooks", list),
    route("POST", "/orgs/{org}/hooks", create),
    route("GET", "/orgs/{org}/hooks/{id}", get),
    route("PATCH", "/orgs/{org}/hooks/{id}", update),
    route("DELETE", "/orgs/{org}/hooks/{id}", delete),
    route("POST", "/orgs/{org}/hooks/{id}/pings", ping),
];

/// Whose hooks the path speaks of, if the caller administers it.
fn scope(cx: &Cx<'_>) -> Result<HookScope, Failure> {
    if cx.param("org").is_empty() {
        return Ok(HookScope::Repo(cx.repo(Need::HOOKS)?.id));
    }
    let account = cx.organisation()?;
    cx.session.caller.may_in_org(&cx.world(), &account.login, "organization_hooks")?;
    Ok(HookScope::Org(account.login))
}

fn address(cx: &Cx<'_>, scope: &HookScope) -> String {
    match scope {
        HookScope::Repo(id) => format!("{}/repositories/{id}/hooks", cx.urls().api),
        HookScope::Org(login) => format!("{}/orgs/{login}/hooks", cx.urls().api),
    }
}

fn find(cx: &Cx<'_>) -> Result<Hook, Failure> {
    let (scope, id, world) = (scope(cx)?, cx.number("id")?, cx.world());
    world
        .hooks
        .iter()
        .find(|hook| hook.scope == scope && hook.id == id)
        .cloned()
        .ok_or_else(Failure::not_found)
}

fn list(cx: &Cx<'_>) -> Outcome {
    let (scope, world) = (scope(cx)?, cx.world());
    let hooks: Vec<&Hook> = world.hooks.iter().filter(|hook| hook.scope == scope).collect();
    page(cx, &address(cx, &scope), &hooks, |hook| shape::hook(&world, hook, cx.urls()))
}

fn get(cx: &Cx<'_>) -> Outcome {
    Ok(Reply::ok(shape::hook(&cx.world(), &find(cx)?, cx.urls())))
}

fn create(cx: &Cx<'_>) -> Outcome {
    let scope = scope(cx)?;
    let hook = cx.change(|tx| hooks::create(tx, scope, &cx.body))?;
    Ok(Reply::created(shape::hook(&cx.world(), &hook, cx.urls())))
}

fn update(cx: &Cx<'_>) -> Outcome {
    let hook = find(cx)?;
    let hook = cx.change(|tx| hooks::update(tx, hook.id, &cx.body))?;
    Ok(Reply::ok(shape::hook(&cx.world(), &hook, cx.urls())))
}

fn delete(cx: &Cx<'_>) -> Outcome {
    let hook = find(cx)?;
    cx.change(|tx| {
        hooks::delete(tx, hook.id);
        Ok(())
    })?;
    Ok(Reply::no_content())
}

fn ping(cx: &Cx<'_>) -> Outcome {
    let hook = find(cx)?;
    cx.change(|tx| hooks::ping(tx, &hook))?;
    Ok(Reply::no_content())
}
