//! Opening and editing issues, their labels, and comments.

use serde_json::{Value, json};

use super::Tx;
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::world::{Comment, Issue, IssueState, Repo};

/// The longest text GitHub takes.
const MAX_BODY: usize = 65_536;

fn writable(repo: &Repo) -> Result<(), Failure> {
    if repo.settings.archived { Err(Failure::archived()) } else { Ok(()) }
}

fn check_body(resource: &str, text: Option<&str>) -> Result<Option<String>, Failure> {
    match text {
        Some(text) if text.chars().count() > MAX_BODY => {
            Err(Failure::custom(resource, "body", "body is too long (maximum is 65536 characters)"))
        }
        Some(text) => Ok(Some(text.to_owned())),
        None => Ok(None),
    }
}

/// Opens an issue.
pub(crate) fn open(
    tx: &mut Tx<'_>,
    repo_id: u64,
    title: &str,
    body: Option<&str>,
    labels: &[String],
    assignees: Vec<String>,
) -> Result<Issue, Failure> {
    let repo = tx.repo(repo_id)?;
    writable(&repo)?;
    if !repo.settings.has_issues {
        return Err(Failure::new(410, "GONE", "Issues has been disabled in this repository."));
    }
    if title.trim().is_empty() {
        return Err(Failure::field("Issue", "title", "missing_field"));
    }
    let labels = label_ids(tx, repo_id, labels)?;
    let issue = Issue {
        id: tx.world.fresh_id(),
        number: repo.next_number(),
        author: tx.actor.clone(),
        title: title.to_owned(),
        body: check_body("Issue", body)?,
        state: IssueState::Open,
        state_reason: None,
        labels,
        assignees,
        created_at: tx.now,
        updated_at: tx.now,
        closed_at: None,
        closed_by: None,
        pull: None,
    };
    tx.repo_mut(repo_id)?.issues.insert(issue.number, issue.clone());
    tell(tx, repo_id, issue.number, Tx::action("opened"))?;
    Ok(issue)
}

/// The ids of labels by name; a name that no label has makes one, as on GitHub.
fn label_ids(tx: &mut Tx<'_>, repo_id: u64, names: &[String]) -> Result<Vec<u64>, Failure> {
    let mut ids = Vec::new();
    for name in names {
        let known = tx.repo(repo_id)?.label(name).map(|label| label.id);
        let id = match known {
            Some(id) => id,
            None => super::labels::create(tx, repo_id, &json!({"name": name}))?.id,
        };
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Changes title, body, state, labels or assignees.
pub(crate) fn edit(tx: &mut Tx<'_>, repo_id: u64, number: u64, body: &Value) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let before = repo.issues.get(&number).ok_or_else(Failure::not_found)?;
    writable(&repo)?;
    let text = check_body("Issue", body["body"].as_str())?;
    let (now, actor) = (tx.now, tx.actor.clone());
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    if let Some(title) = body["title"].as_str() {
        title.clone_into(&mut issue.title);
    }
    if body.get("body").is_some() {
        issue.body = text;
    }
    if let Some(assignees) = body["assignees"].as_array() {
        issue.assignees = assignees.iter().filter_map(|login| login.as_str().map(str::to_owned)).collect();
    }
    let state = match body["state"].as_str() {
        Some("open") => IssueState::Open,
        Some("closed") => IssueState::Closed,
        Some(_) => return Err(Failure::field("Issue", "state", "invalid")),
        None => before.state,
    };
    issue.state = state;
    if state != before.state {
        let closed = state == IssueState::Closed;
        issue.closed_at = closed.then_some(now);
        issue.closed_by = closed.then(|| actor.clone());
        let reason = if closed { "completed" } else { "reopened" };
        issue.state_reason = Some(body["state_reason"].as_str().unwrap_or(reason).to_owned());
    }
    let edited = issue.title != before.title || issue.body != before.body;
    let assigned = issue.assignees != before.assignees;
    if edited || assigned || state != before.state {
        issue.updated_at = now;
    }
    if edited {
        let mut payload = Tx::action("edited");
        payload["changes"] = json!({});
        if before.title != body["title"].as_str().unwrap_or(&before.title) {
            payload["changes"]["title"] = json!({"from": before.title});
        }
        tell(tx, repo_id, number, payload)?;
    }
    if assigned {
        tell(tx, repo_id, number, Tx::action("assigned"))?;
    }
    if state != before.state {
        let word = if state == IssueState::Closed { "closed" } else { "reopened" };
        tell(tx, repo_id, number, Tx::action(word))?;
    }
    if let Some(labels) = body["labels"].as_array() {
        let names: Vec<String> = labels
            .iter()
            .filter_map(|label| label.as_str().or_else(|| label["name"].as_str()).map(str::to_owned))
            .collect();
        set_labels(tx, repo_id, number, &names)?;
    }
    Ok(())
}

/// Replaces the labels of an issue.
pub(crate) fn set_labels(
    tx: &mut Tx<'_>,
    repo_id: u64,
    number: u64,
    names: &[String],
) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let before = repo.issues.get(&number).ok_or_else(Failure::not_found)?.labels.clone();
    writable(&repo)?;
    let after = label_ids(tx, repo_id, names)?;
    let now = tx.now;
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    if after == before {
        return Ok(());
    }
    issue.labels.clone_from(&after);
    issue.updated_at = now;
    for (from, to, word) in [(&before, &after, "unlabeled"), (&after, &before, "labeled")] {
        for id in from.iter().filter(|id| !to.contains(id)) {
            let repo = tx.repo(repo_id)?;
            let mut payload = Tx::action(word);
            let label = repo.labels.iter().find(|label| label.id == *id);
            payload["label"] = label.map_or(Value::Null, |label| shape::label(&repo, label, tx.urls));
            tell(tx, repo_id, number, payload)?;
        }
    }
    Ok(())
}

/// Adds labels to an issue.
pub(crate) fn add_labels(
    tx: &mut Tx<'_>,
    repo_id: u64,
    number: u64,
    names: &[String],
) -> Result<(), Failure> {
    let mut all = label_names(&*tx.repo(repo_id)?, number)?;
    all.extend_from_slice(names);
    set_labels(tx, repo_id, number, &all)
}

/// Takes one label from an issue.
pub(crate) fn remove_label(tx: &mut Tx<'_>, repo_id: u64, number: u64, name: &str) -> Result<(), Failure> {
    let all = label_names(&*tx.repo(repo_id)?, number)?;
    let rest: Vec<String> = all.iter().filter(|other| !other.eq_ignore_ascii_case(name)).cloned().collect();
    if rest.len() == all.len() {
        return Err(Failure::new(404, "NOT_FOUND", "Label does not exist"));
    }
    set_labels(tx, repo_id, number, &rest)
}

fn label_names(repo: &Repo, number: u64) -> Result<Vec<String>, Failure> {
    let issue = repo.issues.get(&number).ok_or_else(Failure::not_found)?;
    let named = issue.labels.iter().filter_map(|id| repo.labels.iter().find(|label| label.id == *id));
    Ok(named.map(|label| label.name.clone()).collect())
}

/// Comments on an issue or a pull request.
pub(crate) fn comment(tx: &mut Tx<'_>, repo_id: u64, number: u64, body: &str) -> Result<Comment, Failure> {
    let repo = tx.repo(repo_id)?;
    repo.issues.get(&number).ok_or_else(Failure::not_found)?;
    writable(&repo)?;
    if body.trim().is_empty() {
        return Err(Failure::field("IssueComment", "body", "missing_field"));
    }
    let comment = Comment {
        id: tx.world.fresh_id(),
        issue: number,
        author: tx.actor.clone(),
        body: check_body("IssueComment", Some(body))?.unwrap_or_default(),
        created_at: tx.now,
        updated_at: tx.now,
    };
    let now = tx.now;
    let repo = tx.repo_mut(repo_id)?;
    repo.comments.insert(comment.id, comment.clone());
    if let Some(issue) = repo.issues.get_mut(&number) {
        issue.updated_at = now;
    }
    tell_comment(tx, repo_id, &comment, "created")?;
    Ok(comment)
}

/// Rewrites a comment.
pub(crate) fn edit_comment(tx: &mut Tx<'_>, repo_id: u64, id: u64, body: &str) -> Result<Comment, Failure> {
    let repo = tx.repo(repo_id)?;
    let mut comment = repo.comments.get(&id).ok_or_else(Failure::not_found)?.clone();
    writable(&repo)?;
    if body.trim().is_empty() {
        return Err(Failure::field("IssueComment", "body", "missing_field"));
    }
    comment.body = check_body("IssueComment", Some(body))?.unwrap_or_default();
    comment.updated_at = tx.now;
    tx.repo_mut(repo_id)?.comments.insert(id, comment.clone());
    tell_comment(tx, repo_id, &comment, "edited")?;
    Ok(comment)
}

/// Deletes a comment.
pub(crate) fn delete_comment(tx: &mut Tx<'_>, repo_id: u64, id: u64) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let comment = repo.comments.get(&id).ok_or_else(Failure::not_found)?.clone();
    writable(&repo)?;
    tx.repo_mut(repo_id)?.comments.remove(&id);
    tell_comment(tx, repo_id, &comment, "deleted")
}

fn tell(tx: &mut Tx<'_>, repo_id: u64, number: u64, mut payload: Value) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let issue = repo.issues.get(&number).ok_or_else(Failure::not_found)?;
    if let Some(pull) = &issue.pull {
        payload["number"] = json!(number);
        payload["pull_request"] =
            shape::pull(tx.world, &repo, issue, pull, shape::Extent::default(), tx.urls);
        tx.tell("pull_request", &repo, payload);
    } else {
        payload["issue"] = shape::issue(tx.world, &repo, issue, tx.urls);
        tx.tell("issues", &repo, payload);
    }
    Ok(())
}

fn tell_comment(tx: &mut Tx<'_>, repo_id: u64, comment: &Comment, word: &str) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    let mut payload = Tx::action(word);
    let issue = repo.issues.get(&comment.issue).ok_or_else(Failure::not_found)?;
    payload["issue"] = shape::issue(tx.world, &repo, issue, tx.urls);
    payload["comment"] = shape::comment(tx.world, &repo, comment, tx.urls);
    tx.tell("issue_comment", &repo, payload);
    Ok(())
}
