//! What people may do with a repository, and who is assigned to its issues.

use serde_json::json;

use super::{Cx, Outcome, Reply, Route, route};
use crate::twin::acts;
use crate::twin::door::auth::{Need, user_permission};
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::world::{Permission, Visibility};

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/collaborators/{login}/permission", permission),
    route("POST", "/repos/{owner}/{repo}/issues/{number}/assignees", assign),
    route("DELETE", "/repos/{owner}/{repo}/issues/{number}/assignees", unassign),
];

fn permission(cx: &Cx<'_>) -> Outcome {
    let (repo, world) = (cx.repo(Need::READ)?, cx.world());
    let account = world.account(cx.param("login")).ok_or_else(Failure::not_found)?;
    let own = user_permission(&world, &account.login, &repo);
    let level = own.or((repo.settings.visibility == Visibility::Public).then_some(Permission::Read));
    let word = match level {
        Some(Permission::Admin) => "admin",
        Some(Permission::Write) => "write",
        Some(Permission::Read) => "read",
        None => "none",
    };
    let mut user = shape::user(&world, &account.login, cx.urls());
    let at_least = |least: Permission| level.is_some_and(|level| level >= least);
    user["role_name"] = json!(word);
    user["permissions"] = json!({
        "pull": at_least(Permission::Read),
        "triage": at_least(Permission::Write),
        "push": at_least(Permission::Write),
        "maintain": at_least(Permission::Admin),
        "admin": at_least(Permission::Admin),
    });
    Ok(Reply::ok(json!({"permission": word, "role_name": word, "user": user})))
}

/// The issue after its assignees are what `change` makes of them; people GitHub doesn't know are left out.
fn reassign(
    cx: &Cx<'_>,
    change: impl Fn(&mut Vec<String>, Vec<String>),
) -> Result<serde_json::Value, Failure> {
    let (repo, number, names) = (cx.repo(Need::TRIAGE)?, cx.number("number")?, cx.names("assignees")?);
    let issue = repo.issues.get(&number).ok_or_else(Failure::not_found)?;
    let world = cx.world();
    let known = names.iter().filter_map(|name| world.account(name).map(|account| account.login.clone()));
    let mut logins = issue.assignees.clone();
    change(&mut logins, known.collect());
    cx.change(|tx| acts::issues::set_assignees(tx, repo.id, number, logins))?;
    let world = cx.world();
    let repo = world.repos.get(&repo.id).ok_or_else(Failure::not_found)?;
    let issue = repo.issues.get(&number).ok_or_else(Failure::not_found)?;
    Ok(shape::issue(&world, repo, issue, cx.urls()))
}

fn assign(cx: &Cx<'_>) -> Outcome {
    let issue = reassign(cx, |logins, named| {
        for login in named {
            if !logins.contains(&login) {
                logins.push(login);
            }
        }
    })?;
    Ok(Reply::created(issue))
}

fn unassign(cx: &Cx<'_>) -> Outcome {
    let issue = reassign(cx, |logins, named| logins.retain(|login| !named.contains(login)))?;
    Ok(Reply::ok(issue))
}
