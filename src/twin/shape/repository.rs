//! Repositories, in the three sizes GitHub answers with.

use serde_json::{Map, Value, json};

use super::account::merge;
use super::{Urls, node_id, segment, time, user};
use crate::twin::world::{Permission, Repo, Visibility, World};

/// Address fields: name without `_url`, and what follows the repository's own address.
const LINKS: [(&str, &str); 36] = [
    ("archive", "/{archive_format}{/ref}"),
    ("assignees", "/assignees{/user}"),
    ("blobs", "/git/blobs{/sha}"),
    ("branches", "/branches{/branch}"),
    ("collaborators", "/collaborators{/collaborator}"),
    ("comments", "/comments{/number}"),
    ("commits", "/commits{/sha}"),
    ("compare", "/compare/{base}...{head}"),
    ("contents", "/contents/{+path}"),
    ("contributors", "/contributors"),
    ("deployments", "/deployments"),
    ("downloads", "/downloads"),
    ("events", "/events"),
    ("forks", "/forks"),
    ("git_commits", "/git/commits{/sha}"),
    ("git_refs", "/git/refs{/sha}"),
    ("git_tags", "/git/tags{/sha}"),
    ("hooks", "/hooks"),
    ("issue_comment", "/issues/comments{/number}"),
    ("issue_events", "/issues/events{/number}"),
    ("issues", "/issues{/number}"),
    ("keys", "/keys{/key_id}"),
    ("labels", "/labels{/name}"),
    ("languages", "/languages"),
    ("merges", "/merges"),
    ("milestones", "/milestones{/number}"),
    ("notifications", "/notifications{?since,all,participating}"),
    ("pulls", "/pulls{/number}"),
    ("releases", "/releases{/id}"),
    ("stargazers", "/stargazers"),
    ("statuses", "/statuses/{sha}"),
    ("subscribers", "/subscribers"),
    ("subscription", "/subscription"),
    ("tags", "/tags"),
    ("teams", "/teams"),
    ("trees", "/git/trees{/sha}"),
];

/// A `minimal-repository`: in lists of an owner.
pub(crate) fn minimal_repository(world: &World, repo: &Repo, urls: &Urls, may: Permission) -> Value {
    let full_name = repo.full_name();
    let api = urls.repo(&full_name);
    let html = format!("{}/{full_name}", urls.html);
    let settings = &repo.settings;
    let open = repo.issues.values().filter(|issue| issue.closed_at.is_none()).count();
    let forks = world.repos.values().filter(|other| other.fork_of == Some(repo.id)).count();
    let mut value = json!({
        "id": repo.id,
        "node_id": node_id("R", &[repo.id]),
        "name": repo.name,
        "full_name": full_name,
        "private": settings.visibility != Visibility::Public,
        "owner": user(world, &repo.owner, urls),
        "html_url": html,
        "description": settings.description,
        "fork": repo.fork_of.is_some(),
        "url": api,
    });
    let links: Map<String, Value> =
        LINKS.iter().map(|(name, tail)| (format!("{name}_url"), json!(format!("{api}{tail}")))).collect();
    merge(&mut value, Value::Object(links));
    let ssh_host = urls.html.split("://").nth(1).unwrap_or("localhost");
    let more = json!({
        "git_url": format!("git://{ssh_host}/{full_name}.git"),
        "ssh_url": format!("git@{ssh_host}:{full_name}.git"),
        "clone_url": format!("{html}.git"),
        "svn_url": html,
        "mirror_url": null,
        "homepage": settings.homepage,
        "language": null,
        "forks_count": forks,
        "forks": forks,
        "stargazers_count": 0,
        "watchers_count": 0,
        "watchers": 0,
        "size": repo.size,
        "default_branch": settings.default_branch,
        "open_issues_count": open,
        "open_issues": open,
        "is_template": settings.is_template,
        "topics": settings.topics,
        "has_issues": settings.has_issues,
        "has_projects": settings.has_projects,
        "has_wiki": settings.has_wiki,
        "has_pages": false,
        "has_downloads": true,
        "has_discussions": settings.has_discussions,
        "archived": settings.archived,
        "disabled": false,
        "visibility": settings.visibility.as_str(),
        "pushed_at": time(repo.pushed_at),
        "created_at": time(repo.created_at),
        "updated_at": time(repo.updated_at),
        "permissions": {
            "admin": may >= Permission::Admin,
            "maintain": may >= Permission::Admin,
            "push": may >= Permission::Write,
            "triage": may >= Permission::Write,
            "pull": true,
        },
        "allow_forking": settings.allow_forking,
        "web_commit_signoff_required": settings.web_commit_signoff_required,
        "license": null,
    });
    merge(&mut value, more);
    value
}

/// A `repository`: minimal, with the merge settings for those who may push.
pub(crate) fn repository(world: &World, repo: &Repo, urls: &Urls, may: Permission) -> Value {
    let mut value = minimal_repository(world, repo, urls, may);
    if may >= Permission::Write {
        let settings = &repo.settings;
        let more = json!({
            "allow_squash_merge": settings.allow_squash_merge,
            "allow_merge_commit": settings.allow_merge_commit,
            "allow_rebase_merge": settings.allow_rebase_merge,
            "allow_auto_merge": settings.allow_auto_merge,
            "delete_branch_on_merge": settings.delete_branch_on_merge,
            "allow_update_branch": settings.allow_update_branch,
            "use_squash_pr_title_as_default": settings.squash_merge_commit_title == "PR_TITLE",
            "squash_merge_commit_message": settings.squash_merge_commit_message,
            "squash_merge_commit_title": settings.squash_merge_commit_title,
            "merge_commit_message": settings.merge_commit_message,
            "merge_commit_title": settings.merge_commit_title,
        });
        merge(&mut value, more);
    }
    value
}

/// A `full-repository`: asked for by name.
pub(crate) fn full_repository(world: &World, repo: &Repo, urls: &Urls, may: Permission) -> Value {
    let mut value = repository(world, repo, urls, may);
    let network = world.repos.values().filter(|other| other.fork_of == Some(repo.id)).count();
    let mut more = json!({
        "temp_clone_token": "",
        "custom_properties": {},
        "network_count": network,
        "subscribers_count": 0,
    });
    if world
        .account(&repo.owner)
        .is_some_and(|owner| owner.kind == crate::twin::world::AccountKind::Organization)
    {
        more["organization"] = user(world, &repo.owner, urls);
    }
    if let Some(parent) = repo.fork_of.and_then(|id| world.repos.get(&id)) {
        more["parent"] = repository(world, parent, urls, Permission::Read);
        more["source"] = more["parent"].clone();
    }
    if may >= Permission::Admin {
        more["security_and_analysis"] = json!({
            "secret_scanning": {"status": "disabled"},
            "secret_scanning_push_protection": {"status": "disabled"},
            "dependabot_security_updates": {"status": "disabled"},
        });
    }
    merge(&mut value, more);
    value
}

/// The web address of a branch.
pub(crate) fn tree_url(repo: &Repo, branch: &str, urls: &Urls) -> String {
    format!("{}/{}/tree/{}", urls.html, repo.full_name(), segment(branch))
}
