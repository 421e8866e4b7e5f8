//! Pull requests.

use serde_json::{Value, json};

use super::pages::page;
use super::{Cx, Outcome, Reply, Route, route};
use crate::twin::acts::pulls;
use crate::twin::door::auth::Need;
use crate::twin::door::failure::Failure;
use crate::twin::shape::{self, segment};
use crate::twin::world::{Issue, Pull};

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/pulls", list),
    route("POST", "/repos/{owner}/{repo}/pulls", create),
    route("GET", "/repos/{owner}/{repo}/pulls/{number}", get),
    route("PATCH", "/repos/{owner}/{repo}/pulls/{number}", update),
    route("GET", "/repos/{owner}/{repo}/pulls/{number}/merge", merged),
    route("PUT", "/repos/{owner}/{repo}/pulls/{number}/merge", merge),
    route("PUT", "/repos/{owner}/{repo}/pulls/{number}/update-branch", update_branch),
    route("GET", "/repos/{owner}/{repo}/pulls/{number}/files", files),
    route("GET", "/repos/{owner}/{repo}/pulls/{number}/commits", commits),
];

fn list(cx: &Cx<'_>) -> Outcome {
    let (repo, world) = (cx.repo(Need::READ)?, cx.world());
    let state = cx.query("state").unwrap_or("open");
    let keep = |pull: &Pull| {
        let owner = world.repos.get(&pull.head_repo).map_or("", |head| head.owner.as_str());
        // GitHub ignores a head without an owner.
        let head = cx
            .query("head")
            .and_then(|head| head.split_once(':'))
            .is_none_or(|(login, branch)| owner.eq_ignore_ascii_case(login) && pull.head_ref == branch);
        head && cx.query("base").is_none_or(|base| pull.base_ref == base)
    };
    let mut pulls: Vec<(&Issue, &Pull)> = repo
        .issues
        .values()
        .filter(|issue| state == "all" || issue.state.as_str() == state)
        .filter_map(|issue| issue.pull.as_ref().filter(|pull| keep(pull)).map(|pull| (issue, pull)))
        .collect();
    pulls.sort_by_key(|(issue, _)| match cx.query("sort") {
        Some("updated") => (issue.updated_at, issue.number),
        Some(_) | None => (issue.created_at, issue.number),
    });
    let ascending = cx
        .query("direction")
        .map_or_else(|| cx.query("sort").is_some_and(|sort| sort != "created"), |to| to == "asc");
    if !ascending {
        pulls.reverse();
    }
    let address = format!("{}/repositories/{}/pulls", cx.urls().api, repo.id);
    page(cx, &address, &pulls, |(issue, pull)| shape::pull_simple(&world, &repo, issue, pull, cx.urls()))
}

fn show(cx: &Cx<'_>, id: u64, number: u64) -> Result<Value, Failure> {
    let extent = cx.session.look(|tx| pulls::extent(tx, id, number))?;
    let world = cx.world();
    let repo = world.repos.get(&id).ok_or_else(Failure::not_found)?;
    let (issue, pull) = pulls::parts(repo, number)?;
    Ok(shape::pull(&world, repo, issue, pull, extent, cx.urls()))
}

fn get(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::READ)?;
    Ok(Reply::ok(show(cx, repo.id, cx.number("number")?)?))
}

fn create(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::PROPOSE)?;
    let text = |field: &str| {
        cx.body[field].as_str().ok_or_else(|| Failure::field("PullRequest", field, "missing_field"))
    };
    let (title, head, base) = (text("title")?, text("head")?, text("base")?);
    let world = cx.world();
    let (head_repo, head) = match head.split_once(':') {
        None => (repo.id, head),
        Some((login, branch)) => {
            let network = |other: &u64| {
                let fork = world.repos[other].fork_of == Some(repo.id)
                    || repo.fork_of == Some(*other)
                    || *other == repo.id;
                fork && world.repos[other].owner.eq_ignore_ascii_case(login)
            };
            let found = world.repos.keys().find(|id| network(id)).copied();
            (found.ok_or_else(|| Failure::field("PullRequest", "head", "invalid"))?, branch)
        }
    };
    let issue = cx.change(|tx| {
        let body = cx.body["body"].as_str().map(str::to_owned);
        let draft = cx.body["draft"].as_bool().unwrap_or(false);
        pulls::open(tx, repo.id, pulls::Opening { title, body, head_repo, head, base, draft })
    })?;
    Ok(Reply::created(show(cx, repo.id, issue.number)?))
}

fn update(cx: &Cx<'_>) -> Outcome {
    let (repo, number) = (cx.repo(Need::PROPOSE)?, cx.number("number")?);
    let (issue, _) = pulls::parts(&repo, number)?;
    if issue.author != cx.session.caller.login(&cx.world()) {
        cx.repo(Need::TRIAGE)?;
    }
    cx.change(|tx| pulls::edit(tx, repo.id, number, &cx.body))?;
    Ok(Reply::ok(show(cx, repo.id, number)?))
}

fn merged(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::READ)?;
    let (_, pull) = pulls::parts(&repo, cx.number("number")?)?;
    if pull.merged_at.is_some() { Ok(Reply::no_content()) } else { Err(Failure::not_found()) }
}

fn merge(cx: &Cx<'_>) -> Outcome {
    let (repo, number) = (cx.repo(Need::CONTENTS)?, cx.number("number")?);
    let how = pulls::Merge {
        method: cx.body["merge_method"].as_str().unwrap_or("merge"),
        sha: cx.body["sha"].as_str(),
        title: cx.body["commit_title"].as_str(),
        message: cx.body["commit_message"].as_str(),
    };
    let sha = cx.change(|tx| pulls::merge(tx, repo.id, number, &how))?;
    Ok(Reply::ok(json!({"sha": sha, "merged": true, "message": "Pull Request successfully merged"})))
}

fn update_branch(cx: &Cx<'_>) -> Outcome {
    let (repo, number) = (cx.repo(Need::PROPOSE)?, cx.number("number")?);
    let (_, pull) = pulls::parts(&repo, number)?;
    let world = cx.world();
    let head = world.repos.get(&pull.head_repo).ok_or_else(Failure::not_found)?;
    cx.session.caller.may(&world, head, Need::CONTENTS)?;
    cx.change(|tx| pulls::update_branch(tx, repo.id, number, cx.body["expected_head_sha"].as_str()))?;
    let url = format!("{}/pulls/{number}", cx.urls().repo(&repo.full_name()));
    let mut reply = Reply::ok(json!({"message": "Updating pull request branch.", "url": url}));
    reply.status = 202;
    Ok(reply)
}

fn files(cx: &Cx<'_>) -> Outcome {
    let (repo, number) = (cx.repo(Need::READ)?, cx.number("number")?);
    let (_, pull) = pulls::parts(&repo, number)?;
    let changes = cx.session.look(|tx| {
        let bare = tx.bare(repo.id)?;
        let from = bare.merge_base(&pull.base_sha, &pull.head_sha)?.unwrap_or_else(|| pull.base_sha.clone());
        Ok(bare.changes(&from, &pull.head_sha)?)
    })?;
    let (api, html) = (cx.urls().repo(&repo.full_name()), format!("{}/{}", cx.urls().html, repo.full_name()));
    let address = format!("{}/repositories/{}/pulls/{number}/files", cx.urls().api, repo.id);
    page(cx, &address, &changes, |change| {
        let path: Vec<String> = change.path.split('/').map(segment).collect();
        let path = path.join("/");
        let mut file = json!({
            "sha": change.sha,
            "filename": change.path,
            "status": change.status,
            "additions": change.additions,
            "deletions": change.deletions,
            "changes": change.additions + change.deletions,
            "blob_url": format!("{html}/blob/{}/{path}", pull.head_sha),
            "raw_url": format!("{html}/raw/{}/{path}", pull.head_sha),
            "contents_url": format!("{api}/contents/{path}?ref={}", pull.head_sha),
            "patch": change.patch,
        });
        if let Some(was) = &change.was {
            file["previous_filename"] = json!(was);
        }
        file
    })
}

fn commits(cx: &Cx<'_>) -> Outcome {
    let (repo, number, world) = (cx.repo(Need::READ)?, cx.number("number")?, cx.world());
    let (_, pull) = pulls::parts(&repo, number)?;
    let mut commits =
        cx.session.look(|tx| Ok(tx.bare(repo.id)?.history(&pull.head_sha, Some(&pull.base_sha))?))?;
    commits.reverse();
    let address = format!("{}/repositories/{}/pulls/{number}/commits", cx.urls().api, repo.id);
    page(cx, &address, &commits, |commit| shape::commit(&world, &repo, commit, cx.urls()))
}
