//! Creating, changing, renaming, archiving and deleting repositories.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Tx;
use crate::twin::door::failure::Failure;
use crate::twin::world::{Repo, Settings, Visibility, default_labels};

/// Creates a repository as the API does; `auto_init` gives it a first commit.
pub(crate) fn create(tx: &mut Tx<'_>, owner: &str, body: &Value) -> Result<Arc<Repo>, Failure> {
    let name = body["name"].as_str().ok_or_else(|| Failure::field("Repository", "name", "missing_field"))?;
    let name = check_name(name)?;
    if tx.world.repo(owner, &name).is_some() {
        let mut failure = Failure::custom("Repository", "name", "name already exists on this account");
        "Repository creation failed.".clone_into(&mut failure.message);
        return Err(failure);
    }
    let owner = tx.world.account(owner).map_or_else(|| owner.to_owned(), |account| account.login.clone());
    let id = tx.world.fresh_id();
    let mut repo = Repo::new(id, &owner, &name, tx.now);
    repo.settings.visibility = Visibility::Public;
    repo.settings.allow_forking = true;
    apply(&mut repo.settings, body)?;
    repo.labels = default_labels(|| tx.world.fresh_id());
    for label in &mut repo.labels {
        label.created_at = tx.now;
    }
    if body["auto_init"].as_bool() == Some(true) {
        let about =
            repo.settings.description.as_deref().map_or_else(String::new, |about| format!("\n{about}\n"));
        repo.files = Some(BTreeMap::from([("README.md".to_owned(), format!("# {name}\n{about}"))]));
    }
    tx.world.redirects.remove(&repo.full_name().to_lowercase());
    let repo = Arc::new(repo);
    tx.world.repos.insert(id, Arc::clone(&repo));
    tx.audit("repo.create", Some(&repo), &owner);
    tx.tell("repository", &repo, Tx::action("created"));
    Ok(repo)
}

/// Forks a repository; branches come along, issues don't.
pub(crate) fn fork(tx: &mut Tx<'_>, parent: u64, owner: &str, name: &str) -> Result<Arc<Repo>, Failure> {
    let from = tx.repo(parent)?;
    let name = check_name(name)?;
    if let Some(existing) = tx.world.repos_of(owner).find(|repo| repo.fork_of == Some(parent)) {
        return Ok(Arc::clone(existing)); // as on GitHub: forking twice answers the same fork
    }
    if tx.world.repo(owner, &name).is_some() {
        return Err(Failure::custom("Repository", "name", "name already exists on this account"));
    }
    let owner = tx.world.account(owner).map_or_else(|| owner.to_owned(), |account| account.login.clone());
    let id = tx.world.fresh_id();
    let mut repo = Repo::new(id, &owner, &name, tx.now);
    repo.settings = Settings { has_issues: false, ..from.settings.clone() };
    repo.fork_of = Some(parent);
    repo.labels = default_labels(|| tx.world.fresh_id());
    tx.world.redirects.remove(&repo.full_name().to_lowercase());
    let repo = Arc::new(repo);
    tx.world.repos.insert(id, Arc::clone(&repo));
    tx.bare(id)?;
    tx.tell("repository", &repo, Tx::action("created"));
    Ok(repo)
}

fn check_name(name: &str) -> Result<String, Failure> {
    let fit: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    if fit.is_empty() || fit.len() > 100 || fit == "." || fit == ".." {
        return Err(Failure::custom(
            "Repository",
            "name",
            "name is too long (maximum is 100 characters) or invalid",
        ));
    }
    Ok(fit)
}

/// Takes over the fields of a request body; checks what GitHub checks.
fn apply(settings: &mut Settings, body: &Value) -> Result<(), Failure> {
    let mut flags: [(&str, &mut bool); 14] = [
        ("has_issues", &mut settings.has_issues),
        ("has_projects", &mut settings.has_projects),
        ("has_wiki", &mut settings.has_wiki),
        ("has_discussions", &mut settings.has_discussions),
        ("is_template", &mut settings.is_template),
        ("allow_forking", &mut settings.allow_forking),
        ("allow_merge_commit", &mut settings.allow_merge_commit),
        ("allow_squash_merge", &mut settings.allow_squash_merge),
        ("allow_rebase_merge", &mut settings.allow_rebase_merge),
        ("allow_auto_merge", &mut settings.allow_auto_merge),
        ("allow_update_branch", &mut settings.allow_update_branch),
        ("delete_branch_on_merge", &mut settings.delete_branch_on_merge),
        ("archived", &mut settings.archived),
        ("web_commit_signoff_required", &mut settings.web_commit_signoff_required),
    ];
    for (field, flag) in &mut flags {
        match &body[*field] {
            Value::Null => {}
            Value::Bool(value) => **flag = *value,
            Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                return Err(Failure::field("Repository", field, "invalid"));
            }
        }
    }
    for (field, slot, limit) in
        [("description", &mut settings.description, 350), ("homepage", &mut settings.homepage, 255)]
    {
        let Some(value) = body.get(field) else { continue };
        let text = value.as_str().unwrap_or_default();
        if text.chars().count() > limit {
            return Err(Failure::custom(
                "Repository",
                field,
                &format!("{field} cannot be more than {limit} characters"),
            ));
        }
        if text.chars().any(char::is_control) {
            return Err(Failure::custom(
                "Repository",
                field,
                &format!("{field} control characters are not allowed"),
            ));
        }
        // GitHub keeps an empty homepage as it is and shows an empty description as null.
        *slot = (!value.is_null() && (field == "homepage" || !text.is_empty())).then(|| text.to_owned());
    }
    if let Some(private) = body["private"].as_bool() {
        settings.visibility = if private { Visibility::Private } else { Visibility::Public };
    }
    if let Some(visibility) = body["visibility"].as_str() {
        settings.visibility = match visibility {
            "public" => Visibility::Public,
            "private" => Visibility::Private,
            "internal" => Visibility::Internal,
            _ => return Err(Failure::field("Repository", "visibility", "invalid")),
        };
    }
    apply_merge_texts(settings, body)
}

fn apply_merge_texts(settings: &mut Settings, body: &Value) -> Result<(), Failure> {
    if !(settings.allow_merge_commit || settings.allow_squash_merge || settings.allow_rebase_merge) {
        let text = "Sorry, you need to allow at least one merge strategy. (no_merge_method)";
        return Err(Failure::custom("Repository", "merge_commit_allowed", text));
    }
    for (field, slot) in [
        ("squash_merge_commit_title", &mut settings.squash_merge_commit_title),
        ("squash_merge_commit_message", &mut settings.squash_merge_commit_message),
        ("merge_commit_title", &mut settings.merge_commit_title),
        ("merge_commit_message", &mut settings.merge_commit_message),
    ] {
        if let Some(text) = body[field].as_str() {
            text.clone_into(slot);
        }
    }
    let squash = (settings.squash_merge_commit_title.as_str(), settings.squash_merge_commit_message.as_str());
    let merge = (settings.merge_commit_title.as_str(), settings.merge_commit_message.as_str());
    let squash_fits = matches!(
        squash,
        ("PR_TITLE", "PR_BODY" | "BLANK" | "COMMIT_MESSAGES") | ("COMMIT_OR_PR_TITLE", "COMMIT_MESSAGES")
    );
    let merge_fits = matches!(merge, ("PR_TITLE", "PR_BODY" | "BLANK") | ("MERGE_MESSAGE", "PR_TITLE"));
    for (fits, field) in [(squash_fits, "squash_merge_commit_title"), (merge_fits, "merge_commit_title")] {
        if !fits {
            let text = format!("Sorry, this combination of {field} and its message is not allowed.");
            return Err(Failure::custom("Repository", field, &text));
        }
    }
    Ok(())
}

/// Changes settings, and the name, as `PATCH /repos/{owner}/{repo}` does.
pub(crate) fn update(tx: &mut Tx<'_>, id: u64, body: &Value) -> Result<Arc<Repo>, Failure> {
    let before = tx.repo(id)?;
    let mut settings = before.settings.clone();
    let unarchives = before.settings.archived && body["archived"].as_bool() == Some(false);
    if before.settings.archived && !unarchives {
        return Err(Failure::archived());
    }
    apply(&mut settings, body)?;
    if let Some(branch) = body["default_branch"].as_str()
        && branch != settings.default_branch
    {
        if tx.bare(id)?.tip(&format!("refs/heads/{branch}"))?.is_none() {
            let text = format!(
                "The branch {branch} was not found. Please push that ref first or create it via the Git Data API."
            );
            let mut failure = Failure::custom("Repository", "default_branch", &text);
            failure.errors[0]["code"] = json!("invalid");
            return Err(failure);
        }
        branch.clone_into(&mut settings.default_branch);
    }
    let rename = match body["name"].as_str() {
        Some(name) if name != before.name => Some(check_name(name)?),
        Some(_) | None => None,
    };
    let now = tx.now;
    if settings != before.settings {
        let repo = tx.repo_mut(id)?;
        repo.settings = settings;
        repo.updated_at = now;
    }
    announce(tx, &before, id)?;
    if let Some(name) = rename {
        self::rename(tx, id, &name)?;
    }
    tx.repo(id)
}

/// Tells what became of the settings.
fn announce(tx: &mut Tx<'_>, before: &Repo, id: u64) -> Result<(), Failure> {
    let after = tx.repo(id)?;
    let (old, new) = (&before.settings, &after.settings);
    let owner = after.owner.clone();
    if old == new {
        return Ok(());
    }
    if old.default_branch != new.default_branch {
        tx.git.set_head(&after)?;
        tx.audit("repo.change_default_branch", Some(&after), &owner);
    }
    if old.archived != new.archived {
        let word = if new.archived { "archived" } else { "unarchived" };
        tx.audit(&format!("repo.{word}"), Some(&after), &owner);
        tx.tell("repository", &after, Tx::action(word));
    }
    if old.visibility != new.visibility {
        tx.audit("repo.access", Some(&after), &owner);
        let word = if new.visibility == Visibility::Public { "publicized" } else { "privatized" };
        tx.tell("repository", &after, Tx::action(word));
    }
    let mut calm = new.clone();
    calm.archived = old.archived;
    calm.visibility = old.visibility;
    if calm != *old {
        let mut payload = Tx::action("edited");
        let mut changes = json!({});
        if old.description != new.description {
            changes["description"] = json!({"from": old.description});
        }
        if old.homepage != new.homepage {
            changes["homepage"] = json!({"from": old.homepage});
        }
        if old.default_branch != new.default_branch {
            changes["default_branch"] = json!({"from": old.default_branch});
        }
        payload["changes"] = changes;
        tx.audit("repo.update", Some(&after), &owner);
        tx.tell("repository", &after, payload);
    }
    Ok(())
}

/// Replaces the topics.
pub(crate) fn set_topics(tx: &mut Tx<'_>, id: u64, names: &[String]) -> Result<Arc<Repo>, Failure> {
    let before = tx.repo(id)?;
    if before.settings.archived {
        return Err(Failure::archived());
    }
    let mut topics: Vec<String> = Vec::new();
    for name in names {
        let name = name.to_lowercase();
        let fits = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && name.len() <= 50
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !fits {
            let mut failure = Failure::unprocessable("Validation Failed");
            failure.errors.push(json!(
                "Topics must start with a lowercase letter or number, consist of 50 characters or less, and can include hyphens."
            ));
            return Err(failure);
        }
        if !topics.contains(&name) {
            topics.push(name);
        }
    }
    if topics.len() > 20 {
        let mut failure = Failure::unprocessable("Validation Failed");
        failure.errors.push(json!("A repository cannot have more than 20 topics."));
        return Err(failure);
    }
    if topics != before.settings.topics {
        let now = tx.now;
        let repo = tx.repo_mut(id)?;
        repo.settings.topics = topics;
        repo.updated_at = now;
        let after = tx.repo(id)?;
        let mut payload = Tx::action("edited");
        payload["changes"] = json!({"topics": {"from": before.settings.topics}});
        tx.tell("repository", &after, payload);
    }
    tx.repo(id)
}

/// Renames a repository; the former name redirects.
pub(crate) fn rename(tx: &mut Tx<'_>, id: u64, name: &str) -> Result<Arc<Repo>, Failure> {
    let before = tx.repo(id)?;
    if tx.world.repo(&before.owner, name).is_some_and(|other| other.id != id) {
        return Err(Failure::custom("Repository", "name", "name already exists on this account"));
    }
    let now = tx.now;
    let repo = tx.repo_mut(id)?;
    name.clone_into(&mut repo.name);
    repo.updated_at = now;
    let after = tx.repo(id)?;
    tx.world.redirects.insert(before.full_name().to_lowercase(), id);
    tx.world.redirects.remove(&after.full_name().to_lowercase());
    tx.audit("repo.rename", Some(&after), &after.owner.clone());
    let mut payload = Tx::action("renamed");
    payload["changes"] = json!({"repository": {"name": {"from": before.name}}});
    tx.tell("repository", &after, payload);
    Ok(after)
}

/// Deletes a repository with everything in it.
pub(crate) fn delete(tx: &mut Tx<'_>, id: u64) -> Result<(), Failure> {
    let repo = tx.repo(id)?;
    tx.audit("repo.destroy", Some(&repo), &repo.owner.clone());
    tx.tell("repository", &repo, Tx::action("deleted"));
    tx.world.repos.remove(&id);
    tx.world.redirects.retain(|_, target| *target != id);
    tx.git.remove(id)?;
    Ok(())
}
