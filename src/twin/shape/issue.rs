//! Labels, issues, pull requests and comments.

use serde_json::{Value, json};

use super::{Urls, account::merge, full_repository, node_id, segment, time, time_or_null, user};
use crate::twin::world::{Comment, Issue, Label, Permission, Pull, Repo, World};

/// A `label`.
pub(crate) fn label(repo: &Repo, label: &Label, urls: &Urls) -> Value {
    json!({
        "id": label.id,
        "node_id": node_id("LA", &[repo.id, label.id]),
        "url": format!("{}/labels/{}", urls.repo(&repo.full_name()), segment(&label.name)),
        "name": label.name,
        "color": label.color,
        "default": label.default,
        "description": label.description,
    })
}

fn labels(repo: &Repo, issue: &Issue, urls: &Urls) -> Value {
    let found = issue.labels.iter().filter_map(|id| repo.labels.iter().find(|label| label.id == *id));
    Value::Array(found.map(|found| label(repo, found, urls)).collect())
}

/// Labels in a `pull-request-simple` have a description that is never null.
fn labels_described(repo: &Repo, issue: &Issue, urls: &Urls) -> Value {
    let mut list = labels(repo, issue, urls);
    for one in list.as_array_mut().into_iter().flatten() {
        if one["description"].is_null() {
            one["description"] = json!("");
        }
    }
    list
}

/// What an issue and a pull request have in common.
fn common(world: &World, repo: &Repo, issue: &Issue, urls: &Urls) -> Value {
    let assignees: Vec<Value> = issue.assignees.iter().map(|login| user(world, login, urls)).collect();
    json!({
        "number": issue.number,
        "title": issue.title,
        "user": user(world, &issue.author, urls),
        "state": issue.state.as_str(),
        "locked": false,
        "active_lock_reason": null,
        "assignee": assignees.first(),
        "assignees": assignees,
        "milestone": null,
        "created_at": time(issue.created_at),
        "updated_at": time(issue.updated_at),
        "closed_at": time_or_null(issue.closed_at),
        "author_association": association(world, repo, &issue.author),
        "body": issue.body,
    })
}

pub(super) fn association(world: &World, repo: &Repo, login: &str) -> &'static str {
    let member =
        world.account(&repo.owner).is_some_and(|owner| owner.members.contains_key(&login.to_lowercase()));
    if repo.owner.eq_ignore_ascii_case(login) {
        "OWNER"
    } else if member {
        "MEMBER"
    } else if repo.collaborators.contains_key(&login.to_lowercase()) {
        "COLLABORATOR"
    } else {
        "NONE"
    }
}

fn comment_count(repo: &Repo, number: u64) -> usize {
    repo.comments.values().filter(|comment| comment.issue == number).count()
}

/// An `issue`; pull requests are issues too.
pub(crate) fn issue(world: &World, repo: &Repo, issue: &Issue, urls: &Urls) -> Value {
    let base = urls.repo(&repo.full_name());
    let api = format!("{base}/issues/{}", issue.number);
    let page = if issue.pull.is_some() { "pull" } else { "issues" };
    let html = format!("{}/{}/{page}/{}", urls.html, repo.full_name(), issue.number);
    let mut value = json!({
        "url": api,
        "repository_url": base,
        "labels_url": format!("{api}/labels{{/name}}"),
        "comments_url": format!("{api}/comments"),
        "events_url": format!("{api}/events"),
        "html_url": html,
        "id": issue.id,
        "node_id": node_id("I", &[repo.id, issue.number]),
        "labels": labels(repo, issue, urls),
        "comments": comment_count(repo, issue.number),
        "state_reason": issue.state_reason,
        "closed_by": issue.closed_by.as_deref().map(|login| user(world, login, urls)),
    });
    merge(&mut value, common(world, repo, issue, urls));
    if let Some(pull) = &issue.pull {
        value["node_id"] = json!(node_id("PR", &[repo.id, issue.number]));
        value["draft"] = json!(pull.draft);
        value["pull_request"] = json!({
            "url": format!("{base}/pulls/{}", issue.number),
            "html_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "merged_at": time_or_null(pull.merged_at),
        });
    }
    value
}

/// An `issue-comment`.
pub(crate) fn comment(world: &World, repo: &Repo, comment: &Comment, urls: &Urls) -> Value {
    let base = urls.repo(&repo.full_name());
    let is_pull = repo.issues.get(&comment.issue).is_some_and(|issue| issue.pull.is_some());
    let page = if is_pull { "pull" } else { "issues" };
    json!({
        "url": format!("{base}/issues/comments/{}", comment.id),
        "html_url": format!("{}/{}/{page}/{}#issuecomment-{}", urls.html, repo.full_name(), comment.issue, comment.id),
        "issue_url": format!("{base}/issues/{}", comment.issue),
        "id": comment.id,
        "node_id": node_id("IC", &[repo.id, comment.id]),
        "user": user(world, &comment.author, urls),
        "created_at": time(comment.created_at),
        "updated_at": time(comment.updated_at),
        "body": comment.body,
        "author_association": association(world, repo, &comment.author),
        "performed_via_github_app": null,
    })
}

/// A `pull-request-simple`: in lists.
pub(crate) fn pull_simple(world: &World, repo: &Repo, issue: &Issue, pull: &Pull, urls: &Urls) -> Value {
    let base = urls.repo(&repo.full_name());
    let api = format!("{base}/pulls/{}", issue.number);
    let issue_api = format!("{base}/issues/{}", issue.number);
    let html = format!("{}/{}/pull/{}", urls.html, repo.full_name(), issue.number);
    let statuses = format!("{base}/statuses/{}", pull.head_sha);
    let head_repo = world.repos.get(&pull.head_repo);
    let side = |repo: Option<&Repo>, name: &str, sha: &str| {
        json!({
            "label": repo.map_or_else(|| format!("unknown:{name}"), |repo| format!("{}:{name}", repo.owner)),
            "ref": name,
            "sha": sha,
            "user": repo.map(|repo| user(world, &repo.owner, urls)),
            "repo": repo.map(|repo| full_repository(world, repo, urls, Permission::Read)),
        })
    };
    let mut value = json!({
        "url": api,
        "id": pull.id,
        "node_id": node_id("PR", &[repo.id, issue.number]),
        "html_url": html,
        "diff_url": format!("{html}.diff"),
        "patch_url": format!("{html}.patch"),
        "issue_url": issue_api,
        "commits_url": format!("{api}/commits"),
        "review_comments_url": format!("{api}/comments"),
        "review_comment_url": format!("{base}/pulls/comments{{/number}}"),
        "comments_url": format!("{issue_api}/comments"),
        "statuses_url": statuses,
        "labels": labels_described(repo, issue, urls),
        "draft": pull.draft,
        "merged_at": time_or_null(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
        "requested_reviewers": [],
        "requested_teams": [],
        "head": side(head_repo.map(AsRef::as_ref), &pull.head_ref, &pull.head_sha),
        "base": side(Some(repo), &pull.base_ref, &pull.base_sha),
        "_links": {
            "self": {"href": api},
            "html": {"href": html},
            "issue": {"href": issue_api},
            "comments": {"href": format!("{issue_api}/comments")},
            "review_comments": {"href": format!("{api}/comments")},
            "review_comment": {"href": format!("{base}/pulls/comments{{/number}}")},
            "commits": {"href": format!("{api}/commits")},
            "statuses": {"href": statuses},
        },
        "auto_merge": pull.auto_merge.as_ref().map(|on| json!({
            "enabled_by": user(world, &on.by, urls),
            "merge_method": on.method,
            "commit_title": on.title.clone().unwrap_or_default(),
            "commit_message": on.message.clone().unwrap_or_default(),
        })),
    });
    merge(&mut value, common(world, repo, issue, urls));
    value
}

/// What only Git can tell about a pull request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extent {
    pub(crate) commits: usize,
    pub(crate) additions: usize,
    pub(crate) deletions: usize,
    pub(crate) changed_files: usize,
    pub(crate) mergeable: Option<bool>,
}

/// A `pull-request`: asked for by number.
pub(crate) fn pull(
    world: &World,
    repo: &Repo,
    issue: &Issue,
    pull: &Pull,
    extent: Extent,
    urls: &Urls,
) -> Value {
    let mut value = pull_simple(world, repo, issue, pull, urls);
    value["labels"] = labels(repo, issue, urls);
    let state = match extent.mergeable {
        Some(true) => "clean",
        Some(false) => "dirty",
        None => "unknown",
    };
    let threads = repo.threads.values().filter(|thread| thread.pull == issue.number);
    let review_comments: usize = threads.map(|thread| thread.comments.len()).sum();
    let more = json!({
        "merged": pull.merged_at.is_some(),
        "mergeable": extent.mergeable,
        "rebaseable": extent.mergeable,
        "mergeable_state": state,
        "merged_by": pull.merged_by.as_deref().map(|login| user(world, login, urls)),
        "comments": comment_count(repo, issue.number),
        "review_comments": review_comments,
        "maintainer_can_modify": false,
        "commits": extent.commits,
        "additions": extent.additions,
        "deletions": extent.deletions,
        "changed_files": extent.changed_files,
    });
    merge(&mut value, more);
    value
}
