//! Branches, commits, refs, files and forks.

use std::sync::Arc;

use serde_json::{Value, json};

use super::pages::page;
use super::{Content, Cx, Outcome, Reply, Route, route};
use crate::twin::acts::{self, refs};
use crate::twin::door::auth::{Caller, Need};
use crate::twin::door::failure::Failure;
use crate::twin::git::{Bare, Blob, CommitInfo, Found};
use crate::twin::shape;
use crate::twin::world::{Permission, Repo};

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/branches", branches),
    route("GET", "/repos/{owner}/{repo}/branches/{branch...}", branch),
    route("GET", "/repos/{owner}/{repo}/commits", commits),
    route("GET", "/repos/{owner}/{repo}/git/ref/{ref...}", get_ref),
    route("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref...}", matching_refs),
    route("POST", "/repos/{owner}/{repo}/git/refs", create_ref),
    route("PATCH", "/repos/{owner}/{repo}/git/refs/{ref...}", update_ref),
    route("DELETE", "/repos/{owner}/{repo}/git/refs/{ref...}", delete_ref),
    route("GET", "/repos/{owner}/{repo}/git/trees/{ref...}", tree),
    route("GET", "/repos/{owner}/{repo}/contents/{path...}", contents),
    route("POST", "/repos/{owner}/{repo}/forks", fork),
    route("GET", "/repos/{owner}/{repo}/compare/{basehead...}", compare),
    // Last: a ref may have slashes.
    route("GET", "/repos/{owner}/{repo}/commits/{ref...}", commit),
];

/// A repository and its Git side.
fn opened(cx: &Cx<'_>) -> Result<(Arc<Repo>, Bare), Failure> {
    let repo = cx.repo(Need::READ)?;
    let bare = cx.session.shared.git.open(&cx.world(), &repo)?;
    Ok((repo, bare))
}

fn empty() -> Failure {
    Failure::conflict("Git Repository is empty.")
}

/// The commit that a branch, tag, ref or id means.
pub(super) fn resolve(bare: &Bare, repo: &Repo, revision: &str) -> Result<CommitInfo, Failure> {
    let revision =
        if revision.is_empty() || revision == "HEAD" { &repo.settings.default_branch } else { revision };
    let sha = bare.resolve(revision)?;
    if sha.is_none() && bare.refs("refs/heads/")?.is_empty() {
        return Err(empty());
    }
    let missing = || Failure::new(422, "UNPROCESSABLE", format!("No commit found for SHA: {revision}"));
    bare.commit(&sha.ok_or_else(missing)?)?.ok_or_else(missing)
}

fn branches(cx: &Cx<'_>) -> Outcome {
    let (repo, bare) = opened(cx)?;
    let refs = bare.refs("refs/heads/")?;
    let address = format!("{}/repositories/{}/branches", cx.urls().api, repo.id);
    page(cx, &address, &refs, |(name, sha)| {
        shape::short_branch(&repo, name.trim_start_matches("refs/heads/"), sha, cx.urls())
    })
}

fn branch(cx: &Cx<'_>) -> Outcome {
    let (repo, bare) = opened(cx)?;
    let name = cx.param("branch");
    let missing = || Failure::new(404, "NOT_FOUND", "Branch not found");
    let sha = bare.tip(&format!("refs/heads/{name}"))?.ok_or_else(missing)?;
    let tip = bare.commit(&sha)?.ok_or_else(missing)?;
    Ok(Reply::ok(shape::branch(&cx.world(), &repo, name, &tip, cx.urls())))
}

fn commits(cx: &Cx<'_>) -> Outcome {
    let (repo, bare) = opened(cx)?;
    let start = resolve(&bare, &repo, cx.query("sha").unwrap_or_default())?;
    let mut commits = bare.history(&start.sha, None)?;
    if let Some(path) = cx.query("path") {
        let mut kept = Vec::new();
        for commit in commits {
            let blob = |sha: &str| -> Result<Vec<_>, Failure> {
                let folder = format!("{path}/");
                let files = bare.files(sha)?;
                Ok(files.into_iter().filter(|(name, _)| name == path || name.starts_with(&folder)).collect())
            };
            let before = commit.parents.first().map_or(Ok(Vec::new()), |parent| blob(parent))?;
            if blob(&commit.sha)? != before {
                kept.push(commit);
            }
        }
        commits = kept;
    }
    let (world, address) = (cx.world(), format!("{}/repositories/{}/commits", cx.urls().api, repo.id));
    page(cx, &address, &commits, |commit| shape::commit(&world, &repo, commit, cx.urls()))
}

fn commit(cx: &Cx<'_>) -> Outcome {
    let (repo, bare) = opened(cx)?;
    let commit = resolve(&bare, &repo, cx.param("ref"))?;
    if cx.accepts("application/vnd.github.sha") {
        return Ok(Reply { status: 200, body: Content::Bytes(commit.sha.into_bytes()), headers: Vec::new() });
    }
    Ok(Reply::ok(shape::commit(&cx.world(), &repo, &commit, cx.urls())))
}

/// What one commit has that another one lacks. Of what GitHub tells of that, what changed is left out.
fn compare(cx: &Cx<'_>) -> Outcome {
    let (repo, bare) = opened(cx)?;
    let Some((base, head)) = cx.param("basehead").split_once("...") else { return Err(Failure::not_found()) };
    let found = |revision: &str| -> Result<CommitInfo, Failure> {
        let sha = bare.resolve(revision)?.ok_or_else(Failure::not_found)?;
        bare.commit(&sha)?.ok_or_else(Failure::not_found)
    };
    let (base, head) = (found(base)?, found(head)?);
    let fork = bare.merge_base(&base.sha, &head.sha)?;
    let no_fork = || {
        Failure::new(404, "NOT_FOUND", format!("No common ancestor between {} and {}.", base.sha, head.sha))
    };
    let fork = bare.commit(&fork.ok_or_else(no_fork)?)?.ok_or_else(Failure::not_found)?;
    let mut ahead = bare.history(&head.sha, Some(&base.sha))?;
    ahead.reverse();
    let behind = bare.history(&base.sha, Some(&head.sha))?.len();
    let status = match (ahead.len(), behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let (world, urls) = (cx.world(), cx.urls());
    let draw = |commit: &CommitInfo| shape::commit(&world, &repo, commit, urls);
    Ok(Reply::ok(json!({
        "url": format!("{}/repos/{}/compare/{}...{}", urls.api, repo.full_name(), base.sha, head.sha),
        "status": status,
        "ahead_by": ahead.len(),
        "behind_by": behind,
        "total_commits": ahead.len(),
        "base_commit": draw(&base),
        "merge_base_commit": draw(&fork),
        "commits": ahead.iter().take(250).map(draw).collect::<Vec<Value>>(),
    })))
}

/// The ref in the path, with its prefix.
fn ref_name(cx: &Cx<'_>) -> String {
    format!("refs/{}", cx.param("ref").trim_start_matches("refs/"))
}

fn get_ref(cx: &Cx<'_>) -> Outcome {
    let (repo, bare) = opened(cx)?;
    let name = ref_name(cx);
    let Some(sha) = bare.tip(&name)? else {
        return Err(if bare.refs("refs/heads/")?.is_empty() { empty() } else { Failure::not_found() });
    };
    Ok(Reply::ok(shape::git_ref(&repo, &name, &sha, cx.urls())))
}

fn matching_refs(cx: &Cx<'_>) -> Outcome {
    let (repo, bare) = opened(cx)?;
    let refs = bare.refs(&ref_name(cx))?;
    let address = format!("{}/repositories/{}/git/matching-refs/{}", cx.urls().api, repo.id, cx.param("ref"));
    page(cx, &address, &refs, |(name, sha)| shape::git_ref(&repo, name, sha, cx.urls()))
}

fn field<'b>(cx: &'b Cx<'_>, name: &str) -> Result<&'b str, Failure> {
    cx.body[name]
        .as_str()
        .ok_or_else(|| Failure::unprocessable(format!("Invalid request.\n\n\"{name}\" wasn't supplied.")))
}

fn show_ref(cx: &Cx<'_>, id: u64, name: &str) -> Result<Value, Failure> {
    cx.session.look(|tx| refs::draw(tx, id, name))
}

fn create_ref(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::CONTENTS)?;
    let (name, sha) = (field(cx, "ref")?, field(cx, "sha")?);
    cx.change(|tx| refs::create(tx, repo.id, name, sha))?;
    Ok(Reply::created(show_ref(cx, repo.id, name)?))
}

fn update_ref(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::CONTENTS)?;
    let (name, sha) = (ref_name(cx), field(cx, "sha")?);
    let force = cx.body["force"].as_bool().unwrap_or(false);
    cx.change(|tx| refs::update(tx, repo.id, &name, sha, force))?;
    Ok(Reply::ok(show_ref(cx, repo.id, &name)?))
}

fn delete_ref(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::CONTENTS)?;
    cx.change(|tx| refs::delete(tx, repo.id, &ref_name(cx)))?;
    Ok(Reply::no_content())
}

fn contents(cx: &Cx<'_>) -> Outcome {
    let (repo, bare) = opened(cx)?;
    let at = cx.query("ref").unwrap_or(&repo.settings.default_branch);
    let commit = match resolve(&bare, &repo, at) {
        Err(failure) if failure.status == 409 => {
            return Err(Failure::new(404, "NOT_FOUND", "This repository is empty."));
        }
        Err(_) => return Err(Failure::new(404, "NOT_FOUND", format!("No commit found for the ref {at}"))),
        Ok(commit) => commit,
    };
    match bare.at_path(&commit.sha, cx.param("path").trim_matches('/'))? {
        Found::File(_, bytes) if cx.accepts("raw") => {
            Ok(Reply { status: 200, body: Content::Bytes(bytes), headers: Vec::new() })
        }
        Found::File(blob, bytes) => {
            Ok(Reply::ok(shape::content_file(&repo, at, &blob, Some(&bytes), cx.urls())))
        }
        Found::Folder(list) => {
            let entries = list.iter().map(|blob| shape::content_file(&repo, at, blob, None, cx.urls()));
            Ok(Reply::ok(Value::Array(entries.collect())))
        }
        Found::Nothing => Err(Failure::not_found()),
    }
}

/// The tree of a commit, with all that is in it where that is asked for.
fn tree(cx: &Cx<'_>) -> Outcome {
    let (repo, bare) = opened(cx)?;
    let revision = cx.param("ref");
    let commit = match resolve(&bare, &repo, revision) {
        Err(failure) if failure.status == 422 => return Err(Failure::not_found()),
        other => other?,
    };
    let (git, deep) = (format!("{}/repos/{}/git", cx.urls().api, repo.full_name()), cx.query("recursive"));
    let mut folders = vec![String::new()];
    let mut all = Vec::new();
    while let Some(folder) = folders.pop() {
        let Found::Folder(list) = bare.at_path(&commit.sha, &folder)? else { continue };
        for Blob { path, sha, size, is_tree } in list {
            let (mode, kind) = if is_tree { ("040000", "tree") } else { ("100644", "blob") };
            let mut entry = json!({
                "path": path, "mode": mode, "type": kind, "sha": sha, "url": format!("{git}/{kind}s/{sha}"),
            });
            if is_tree && deep.is_some() {
                folders.push(path);
            } else if !is_tree {
                entry["size"] = size.into();
            }
            all.push(entry);
        }
    }
    all.sort_by(|a, b| a["path"].as_str().cmp(&b["path"].as_str()));
    Ok(Reply::ok(json!({
        "sha": commit.tree, "url": format!("{git}/trees/{}", commit.tree), "tree": all, "truncated": false,
    })))
}

fn fork(cx: &Cx<'_>) -> Outcome {
    let repo = cx.repo(Need::READ)?;
    let world = cx.world();
    let owner = match (cx.body["organization"].as_str(), &cx.session.caller) {
        (Some(org), caller) => {
            caller.may_in_org(&world, org, "administration")?;
            org.to_owned()
        }
        (None, Caller::User { token, .. }) => token.login.clone(),
        (None, Caller::Anonymous | Caller::App { .. } | Caller::Installation { .. }) => {
            return Err(Failure::forbidden("Resource not accessible by integration"));
        }
    };
    let name = cx.body["name"].as_str().unwrap_or(&repo.name);
    let fork = cx.change(|tx| acts::repositories::fork(tx, repo.id, &owner, name))?;
    let body = shape::full_repository(&cx.world(), &fork, cx.urls(), Permission::Admin);
    Ok(Reply { status: 202, body: Content::Json(body), headers: Vec::new() })
}
