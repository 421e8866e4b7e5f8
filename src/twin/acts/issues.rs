//! Opening and editing issues, their labels, and comments.

use serde_json::{Value, json};

use super::{Tx, timeline};
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::world::{Comment, Deed, Issue, IssueState, Repo};

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
    let body = check_body("Issue", body)?;
    let id = tx.world.fresh_id();
    let new = Issue::new(id, repo.next_number(), &tx.actor, title, tx.now);
    let issue = Issue { body, labels, assignees, ..new };
    tx.repo_mut(repo_id)?.issues.insert(issue.number, issue.clone());
    tell(tx, repo_id, issue.number, Tx::action("opened"))?;
    labels_changed(tx, repo_id, issue.number, &[], &issue.labels)?;
    assignees_changed(tx, repo_id, issue.number, &[], &issue.assignees)?;
    tx.repo(repo_id)?.issues.get(&issue.number).cloned().ok_or_else(Failure::not_found)
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
    let state = match body["state"].as_str() {
        Some("open") => IssueState::Open,
        Some("closed") => IssueState::Closed,
        Some(_) => return Err(Failure::field("Issue", "state", "invalid")),
        None => before.state,
    };
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    if let Some(title) = body["title"].as_str() {
        title.clone_into(&mut issue.title);
    }
    if body.get("body").is_some() && issue.body != text {
        issue.body = text;
        issue.edited_at = Some(now);
        issue.edited_by = Some(actor);
    }
    let renamed = (issue.title != before.title)
        .then(|| Deed::Renamed { from: before.title.clone(), to: issue.title.clone() });
    if issue.title != before.title || issue.body != before.body {
        issue.updated_at = now;
        let mut payload = Tx::action("edited");
        payload["changes"] = json!({});
        if issue.title != before.title {
            payload["changes"]["title"] = json!({"from": before.title});
        }
        if issue.body != before.body {
            payload["changes"]["body"] = json!({"from": before.body.as_deref().unwrap_or_default()});
        }
        tell(tx, repo_id, number, payload)?;
    }
    if let Some(renamed) = renamed {
        timeline::note(tx, repo_id, number, renamed)?;
    }
    if let Some(assignees) = body["assignees"].as_array() {
        let logins = assignees.iter().filter_map(|login| login.as_str().map(str::to_owned)).collect();
        set_assignees(tx, repo_id, number, logins)?;
    }
    if state != before.state {
        set_state(tx, repo_id, number, state, body["state_reason"].as_str(), None)?;
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

/// Closes or reopens an issue; `by` is the pull request whose merge does it.
pub(crate) fn set_state(
    tx: &mut Tx<'_>,
    repo_id: u64,
    number: u64,
    state: IssueState,
    reason: Option<&str>,
    by: Option<(u64, u64)>,
) -> Result<(), Failure> {
    let (now, actor) = (tx.now, tx.actor.clone());
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    let closed = state == IssueState::Closed;
    let (word, usual) = if closed { ("closed", "completed") } else { ("reopened", "reopened") };
    issue.state = state;
    issue.closed_at = closed.then_some(now);
    issue.closed_by = closed.then_some(actor);
    issue.state_reason = Some(reason.unwrap_or(usual).to_owned());
    issue.updated_at = now;
    let reason = issue.state_reason.clone();
    let deed = if closed { Deed::Closed { reason, by } } else { Deed::Reopened };
    timeline::note(tx, repo_id, number, deed)?;
    tell(tx, repo_id, number, Tx::action(word))
}

/// Replaces those who are assigned.
pub(crate) fn set_assignees(
    tx: &mut Tx<'_>,
    repo_id: u64,
    number: u64,
    logins: Vec<String>,
) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    writable(&repo)?;
    let before = &repo.issues.get(&number).ok_or_else(Failure::not_found)?.assignees;
    if logins == *before {
        return Ok(());
    }
    let now = tx.now;
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    issue.assignees.clone_from(&logins);
    issue.updated_at = now;
    assignees_changed(tx, repo_id, number, before, &logins)
}

fn assignees_changed(
    tx: &mut Tx<'_>,
    repo_id: u64,
    number: u64,
    before: &[String],
    after: &[String],
) -> Result<(), Failure> {
    for (from, to, word) in [(before, after, "unassigned"), (after, before, "assigned")] {
        for login in from.iter().filter(|login| !to.contains(login)) {
            let login = login.clone();
            let mut payload = Tx::action(word);
            payload["assignee"] = shape::user(tx.world, &login, tx.urls);
            let deed = if word == "assigned" { Deed::Assigned(login) } else { Deed::Unassigned(login) };
            timeline::note(tx, repo_id, number, deed)?;
            tell(tx, repo_id, number, payload)?;
        }
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
    repo.issues.get(&number).ok_or_else(Failure::not_found)?;
    writable(&repo)?;
    let after = label_ids(tx, repo_id, names)?;
    let before = &repo.issues.get(&number).ok_or_else(Failure::not_found)?.labels;
    if after == *before {
        return Ok(());
    }
    let now = tx.now;
    let issue = tx.repo_mut(repo_id)?.issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    issue.labels.clone_from(&after);
    issue.updated_at = now;
    labels_changed(tx, repo_id, number, before, &after)
}

fn labels_changed(
    tx: &mut Tx<'_>,
    repo_id: u64,
    number: u64,
    before: &[u64],
    after: &[u64],
) -> Result<(), Failure> {
    let repo = tx.repo(repo_id)?;
    for (from, to, word) in [(before, after, "unlabeled"), (after, before, "labeled")] {
        for id in from.iter().filter(|id| !to.contains(id)) {
            let Some(label) = repo.labels.iter().find(|label| label.id == *id) else { continue };
            let mut payload = Tx::action(word);
            payload["label"] = shape::label(&repo, label, tx.urls);
            let label = label.clone();
            let deed = if word == "labeled" { Deed::Labeled(label) } else { Deed::Unlabeled(label) };
            timeline::note(tx, repo_id, number, deed)?;
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
        edited_at: None,
        edited_by: None,
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
    comment.edited_at = Some(tx.now);
    comment.edited_by = Some(tx.actor.clone());
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
