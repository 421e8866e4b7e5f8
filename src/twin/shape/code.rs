//! Branches, refs, commits and files.

use base64::Engine as _;
use serde_json::{Value, json};

use super::repository::tree_url;
use super::{Urls, segment, time, user};
use crate::twin::git::{Blob, CommitInfo};
use crate::twin::world::{Activity, Repo, World};

/// The API address of a commit.
pub(crate) fn commit_url(repo: &Repo, sha: &str, urls: &Urls) -> String {
    format!("{}/commits/{sha}", urls.repo(&repo.full_name()))
}

/// A `commit`.
pub(crate) fn commit(world: &World, repo: &Repo, commit: &CommitInfo, urls: &Urls) -> Value {
    let base = urls.repo(&repo.full_name());
    let html = format!("{}/{}", urls.html, repo.full_name());
    let api = commit_url(repo, &commit.sha, urls);
    let known = |name: &str| world.account(name).map(|account| user(world, &account.login, urls));
    let parents: Vec<Value> = commit
        .parents
        .iter()
        .map(|sha| json!({"sha": sha, "url": commit_url(repo, sha, urls), "html_url": format!("{html}/commit/{sha}")}))
        .collect();
    json!({
        "sha": commit.sha,
        "node_id": format!("C_{:x}_{}", repo.id, commit.sha),
        "commit": {
            "author": {"name": commit.author, "email": commit.email, "date": time(commit.at)},
            "committer": {"name": commit.author, "email": commit.email, "date": time(commit.at)},
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": format!("{base}/git/trees/{}", commit.tree)},
            "url": format!("{base}/git/commits/{}", commit.sha),
            "comment_count": 0,
            "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null},
        },
        "url": api,
        "html_url": format!("{html}/commit/{}", commit.sha),
        "comments_url": format!("{api}/comments"),
        "author": known(&commit.author),
        "committer": known(&commit.author),
        "parents": parents,
    })
}

/// An `activity`: how a branch has moved.
pub(crate) fn activity(world: &World, repo: &Repo, (id, activity): (usize, &Activity), urls: &Urls) -> Value {
    json!({
        "id": id,
        "node_id": format!("PSH_{:x}_{id:x}", repo.id),
        "before": activity.before,
        "after": activity.after,
        "ref": activity.branch,
        "timestamp": time(activity.at),
        "activity_type": activity.kind,
        "actor": user(world, &activity.actor, urls),
    })
}

/// A `git-ref`.
pub(crate) fn git_ref(repo: &Repo, name: &str, sha: &str, urls: &Urls) -> Value {
    let base = urls.repo(&repo.full_name());
    let short = name.strip_prefix("refs/").unwrap_or(name);
    json!({
        "ref": name,
        "node_id": format!("REF_{:x}_{}", repo.id, segment(name)),
        "url": format!("{base}/git/refs/{short}"),
        "object": {"sha": sha, "type": "commit", "url": format!("{base}/git/commits/{sha}")},
    })
}

/// A `short-branch`: in lists.
pub(crate) fn short_branch(repo: &Repo, name: &str, sha: &str, urls: &Urls) -> Value {
    json!({
        "name": name,
        "commit": {"sha": sha, "url": commit_url(repo, sha, urls)},
        "protected": false,
    })
}

/// A `branch-with-protection`: asked for by name.
pub(crate) fn branch(world: &World, repo: &Repo, name: &str, tip: &CommitInfo, urls: &Urls) -> Value {
    let api = format!("{}/branches/{}", urls.repo(&repo.full_name()), segment(name));
    json!({
        "name": name,
        "commit": commit(world, repo, tip, urls),
        "_links": {"self": api, "html": tree_url(repo, name, urls)},
        "protected": false,
        "protection": {
            "enabled": false,
            "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
        },
        "protection_url": format!("{api}/protection"),
    })
}

/// A `content-file`, or an entry of a directory listing without its content.
pub(crate) fn content_file(repo: &Repo, at: &str, blob: &Blob, content: Option<&[u8]>, urls: &Urls) -> Value {
    let base = urls.repo(&repo.full_name());
    let name = blob.path.rsplit('/').next().unwrap_or(&blob.path);
    let path: Vec<String> = blob.path.split('/').map(segment).collect();
    let path = path.join("/");
    let (kind, objects) = if blob.is_tree { ("dir", "trees") } else { ("file", "blobs") };
    let api = format!("{base}/contents/{path}?ref={}", segment(at));
    let git = format!("{base}/git/{objects}/{}", blob.sha);
    let html = format!("{}/{}/blob/{}/{path}", urls.html, repo.full_name(), segment(at));
    let mut value = json!({
        "name": name,
        "path": blob.path,
        "sha": blob.sha,
        "size": blob.size,
        "url": api,
        "html_url": html,
        "git_url": git,
        "download_url": (!blob.is_tree).then(|| format!("{}/{}/raw/{}/{path}", urls.html, repo.full_name(), segment(at))),
        "type": kind,
    });
    if let Some(content) = content {
        let text = base64::engine::general_purpose::STANDARD.encode(content);
        let lines: Vec<&str> =
            text.as_bytes().chunks(60).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        value["content"] = json!(if lines.is_empty() { String::new() } else { lines.join("\n") + "\n" });
        value["encoding"] = json!("base64");
    }
    value["_links"] = json!({"self": api, "git": git, "html": html});
    value
}
