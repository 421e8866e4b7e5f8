//! Creating, changing and deleting labels.

use serde_json::{Value, json};

use super::Tx;
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::world::{Issue, Label, Repo};

fn check_name(repo: &Repo, name: &str, own: Option<u64>) -> Result<String, Failure> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Failure::field("Label", "name", "missing_field"));
    }
    if name.chars().count() > 50 {
        return Err(Failure::custom("Label", "name", "name is too long (maximum is 50 characters)"));
    }
    if repo.label(name).is_some_and(|other| Some(other.id) != own) {
        return Err(Failure::field("Label", "name", "already_exists"));
    }
    Ok(name.to_owned())
}

fn check_color(color: &str) -> Result<String, Failure> {
    if color.len() == 6 && color.chars().all(|c| c.is_ascii_hexdigit()) {
        Ok(color.to_lowercase())
    } else {
        Err(Failure::field("Label", "color", "invalid"))
    }
}

fn check_description(value: &Value) -> Result<Option<String>, Failure> {
    let Some(text) = value.as_str() else { return Ok(None) };
    if text.chars().count() > 100 {
        return Err(Failure::custom(
            "Label",
            "description",
            "description is too long (maximum is 100 characters)",
        ));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Creates a label; without a colour it is grey, as on GitHub.
pub(crate) fn create(tx: &mut Tx<'_>, repo_id: u64, body: &Value) -> Result<Label, Failure> {
    let repo = tx.repo(repo_id)?;
    if repo.settings.archived {
        return Err(Failure::archived());
    }
    let name = body["name"].as_str().ok_or_else(|| Failure::field("Label", "name", "missing_field"))?;
    let label = Label {
        id: tx.world.fresh_id(),
        name: check_name(&repo, name, None)?,
        color: check_color(body["color"].as_str().unwrap_or("ededed"))?,
        description: check_description(&body["description"])?,
        default: false,
        created_at: tx.now,
    };
    tx.repo_mut(repo_id)?.labels.push(label.clone());
    tell(tx, repo_id, &label, "created", None)?;
    Ok(label)
}

/// Changes a label; `new_name` renames it and issues keep it.
pub(crate) fn update(tx: &mut Tx<'_>, repo_id: u64, name: &str, body: &Value) -> Result<Label, Failure> {
    let repo = tx.repo(repo_id)?;
    let before = repo.label(name).ok_or_else(Failure::not_found)?;
    if repo.settings.archived {
        return Err(Failure::archived());
    }
    let mut label = before.clone();
    if let Some(new) = body["new_name"].as_str().or_else(|| body["name"].as_str()) {
        label.name = check_name(&repo, new, Some(label.id))?;
    }
    if let Some(color) = body["color"].as_str() {
        label.color = check_color(color)?;
    }
    if let Some(description) = body.get("description") {
        label.description = check_description(description)?;
    }
    if label == *before {
        return Ok(label);
    }
    let slot = tx.repo_mut(repo_id)?.labels.iter_mut().find(|other| other.id == label.id);
    *slot.ok_or_else(Failure::not_found)? = label.clone();
    let mut changes = json!({});
    if before.name != label.name {
        changes["name"] = json!({"from": before.name});
    }
    if before.color != label.color {
        changes["color"] = json!({"from": before.color});
    }
    if before.description != label.description {
        changes["description"] = json!({"from": before.description});
    }
    tell(tx, repo_id, &label, "edited", Some(changes))?;
    Ok(label)
}

/// Deletes a label, also from the issues that have it.
pub(crate) fn delete(tx: &mut Tx<'_>, repo_id: u64, name: &str) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let label = repo.label(name).cloned().ok_or_else(Failure::not_found)?;
    if repo.settings.archived {
        return Err(Failure::archived());
    }
    let repo = tx.repo_mut(repo_id)?;
    repo.labels.retain(|other| other.id != label.id);
    let has = |issue: &&Issue| issue.labels.contains(&label.id);
    let carriers: Vec<u64> = repo.issues.values().filter(has).map(|issue| issue.number).collect();
    for number in carriers {
        let issue = repo.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
        issue.labels.retain(|id| *id != label.id);
    }
    tell(tx, repo_id, &label, "deleted", None)
}

fn tell(
    tx: &mut Tx<'_>,
    repo_id: u64,
    label: &Label,
    word: &str,
    changes: Option<Value>,
) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let mut payload = Tx::action(word);
    payload["label"] = shape::label(&repo, label, tx.urls);
    if let Some(changes) = changes {
        payload["changes"] = changes;
    }
    tx.tell("label", &repo, payload);
    Ok(())
}
