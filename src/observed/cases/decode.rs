//! Replies of GitHub's GraphQL, turned into cases. What is missing or is said in a word that nobody knows is an error, not a
//! default; a list that goes on beyond what was asked for is unknown.

mod field;
mod pull;
mod push;
mod queue;
mod renamed;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::model::{Case, CommentSeen, CommitId, LabelName, LabelOn, PullCase, RepoName, blockers};

use super::query::KEPT;
use field::{at, count, flag, goes_on, id, login, nodes, text, time, time_or_none};

pub(super) use pull::pull;
pub(super) use push::push;
pub(super) use renamed::renamed;

/// Pull requests of one answer, and the cursor after which they go on.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) pulls: Vec<PullCase>,
    pub(super) after: Option<String>,
}

/// An issue without its pull requests; `None` where it is in another repository than the one with this id by now.
pub(super) fn issue(
    json: &Value,
    here: &Value,
    repo: &RepoName,
    number: u64,
) -> Result<Option<Case>, String> {
    if id_of(json, "repository")?.ok_or("`repository` is missing")? != known(here)? {
        return Ok(None);
    }
    if count(json, "number")? != number {
        return Err(format!("`number` is another one than {number}"));
    }
    let edited = time_or_none(json, "lastEditedAt")?;
    let editor = login(json, "editor")?;
    let mut given = given(json)?;
    Ok(Some(Case {
        repo: repo.clone(),
        number,
        title: text(json, "title")?.to_owned(),
        body: text(json, "body")?.to_owned(),
        author: login(json, "author")?,
        open: state(json)?,
        opened: time(json, "createdAt")?,
        edited: edited.map(|at| (at, editor)),
        renamed: given.renamed.take(),
        reopened: at(json, "stateReason")?.as_str() == Some("REOPENED"),
        rejected: is_rejected(json),
        labels: labels(json, &mut given)?,
        assignees: (nodes(at(json, "assignees")?)?.iter())
            .map(|one| {
                Ok((text(one, "login")?.to_owned(), given.people.remove(&key_of(text(one, "login")?))))
            })
            .collect::<Result<_, String>>()?,
        comments: nodes(at(json, "comments")?)?.iter().map(comment).collect::<Result<_, _>>()?,
        blocked_by: blockers(text(json, "body")?),
        dependencies: others(at(json, "blockedBy")?, "more than fifty issues block it")?,
        parent: Some(at(json, "parent")?).filter(|it| !it.is_null()).map(member).transpose()?,
        children: others(at(json, "subIssues")?, "there are more than a hundred sub-issues")?,
        rejected_children: rejected(at(json, "subIssues")?)?,
        found: None,
        branch: None,
        pulls: Vec::new(),
    }))
}

/// Where a branch is; `None` where there is none.
pub(super) fn branch(json: &Value, field: &str) -> Result<Option<CommitId>, String> {
    let branch = at(json, field)?;
    if branch.is_null() {
        return Ok(None);
    }
    let oid = text(at(branch, "target")?, "oid")?;
    CommitId::parse(oid).map(Some).ok_or_else(|| format!("`oid` is `{oid}`"))
}

/// The repository and the number of an issue that another one is related to.
fn member(json: &Value) -> Result<(RepoName, u64), String> {
    let repo = text(at(json, "repository")?, "nameWithOwner")?;
    let repo = RepoName::parse(repo).map_err(|error| format!("`nameWithOwner`: {error}"))?;
    Ok((repo, count(json, "number")?))
}

/// Issues that another one is related to, and whether each is open. GitHub lets it have a hundred parts, and be blocked by fifty.
fn others(connection: &Value, too_many: &str) -> Result<BTreeMap<(RepoName, u64), bool>, String> {
    if goes_on(connection)? {
        return Err(too_many.to_owned());
    }
    // One that may not be read is told as nothing.
    let told = nodes(connection)?.iter().filter(|one| !one.is_null());
    told.map(|one| Ok((member(one)?, state(one)?))).collect()
}

/// The parts that were closed because nobody is to do them.
fn rejected(connection: &Value) -> Result<BTreeSet<(RepoName, u64)>, String> {
    let told = nodes(connection)?.iter().filter(|one| !one.is_null() && is_rejected(one));
    told.map(member).collect()
}

/// Whether an issue was closed because nobody is to do it.
fn is_rejected(json: &Value) -> bool {
    let why = json["stateReason"].as_str();
    json["state"].as_str() == Some("CLOSED") && matches!(why, Some("NOT_PLANNED" | "DUPLICATE"))
}

/// Whether an issue is open.
fn state(json: &Value) -> Result<bool, String> {
    match text(json, "state")? {
        "OPEN" => Ok(true),
        "CLOSED" => Ok(false),
        other => Err(format!("`state` is `{other}`")),
    }
}

/// Who gave it what, and when: the last time of each.
#[derive(Default)]
struct Given {
    /// By [`LabelName::key`].
    labels: BTreeMap<String, (String, Timestamp)>,
    /// By login, in lower case.
    people: BTreeMap<String, (String, Timestamp)>,
    /// When the title was changed last, and by whom.
    renamed: Option<(Timestamp, String)>,
}

fn key_of(login: &str) -> String {
    login.to_lowercase()
}

fn given(json: &Value) -> Result<Given, String> {
    let mut given = Given::default();
    for event in nodes(at(json, "timelineItems")?)? {
        let kind = text(event, "__typename")?;
        let by = (login(event, "actor")?, time(event, "createdAt")?);
        match kind {
            "LabeledEvent" => {
                let label = LabelName::observed(text(at(event, "label")?, "name")?);
                given.labels.insert(label.key(), by);
            }
            "RenamedTitleEvent" => given.renamed = Some((by.1, by.0)),
            "AssignedEvent" => drop(given.people.insert(key_of(&login(event, "assignee")?), by)),
            other => return Err(format!("`timelineItems` has a `{other}`")),
        }
    }
    Ok(given)
}

/// The labels, each with who put it there last.
fn labels(json: &Value, given: &mut Given) -> Result<BTreeMap<String, LabelOn>, String> {
    let named = names(at(json, "labels")?)?.into_iter();
    Ok(named.map(|name| (name.key(), LabelOn { by: given.labels.remove(&name.key()), name })).collect())
}

/// Names of labels, all of them.
fn names(connection: &Value) -> Result<Vec<LabelName>, String> {
    if goes_on(connection)? {
        return Err("there are more than a hundred labels".to_owned());
    }
    nodes(connection)?.iter().map(|one| text(one, "name").map(LabelName::observed)).collect()
}

fn comment(json: &Value) -> Result<CommentSeen, String> {
    Ok(CommentSeen {
        id: id(json)?,
        author: login(json, "author")?,
        own: flag(json, "viewerDidAuthor")?,
        body: text(json, "body")?.to_owned(),
        at: time(json, "createdAt")?,
        edited: match time_or_none(json, "lastEditedAt")? {
            Some(at) => Some((at, login(json, "editor")?)),
            None => None,
        },
    })
}

/// The numbers of the pull requests that don't come from elsewhere, the latest ones; `None` where others leave no room.
pub(super) fn numbers(connection: &Value, here: &Value) -> Result<Option<Vec<u64>>, String> {
    let mut own = Vec::new();
    for one in nodes(connection)? {
        let number = count(one, "number")?;
        if id_of(one, "headRepository")? == Some(known(here)?) {
            own.push(number);
        }
    }
    let more = goes_on(connection)?;
    own.truncate(KEPT);
    Ok((own.len() == KEPT || !more).then_some(own))
}

/// Whole pull requests that don't come from elsewhere.
pub(super) fn page(connection: &Value, here: &Value) -> Result<Page, String> {
    let pulls = nodes(connection)?.iter().filter_map(|one| pull(one, here).transpose());
    let pulls = pulls.collect::<Result<Vec<_>, _>>()?;
    let after = match (goes_on(connection)?, &connection["pageInfo"]["endCursor"]) {
        (false, _) => None,
        (true, Value::String(cursor)) => Some(cursor.clone()),
        (true, _) => return Err("there are more pull requests, and no cursor to them".to_owned()),
    };
    Ok(Page { pulls, after })
}

/// The id of a repository that a field names; `None` where there is none any more.
fn id_of<'a>(json: &'a Value, field: &str) -> Result<Option<&'a str>, String> {
    let repo = at(json, field)?;
    if repo.is_null() { Ok(None) } else { text(repo, "id").map(Some) }
}

fn known(here: &Value) -> Result<&str, String> {
    here.as_str().ok_or_else(|| "the reply doesn't say of which repository it is".to_owned())
}
