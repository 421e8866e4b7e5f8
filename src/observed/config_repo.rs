//! Open pull requests on the config repository: their heads, the factory's own comments and check on them.

use serde_json::Value;

use crate::adapters::github::{Client, Error, Identity};
use crate::model::{CheckState, CommitId, RepoName};

use super::own_comments::{Pull, own_comments};

/// The marker that starts every comment of the factory's review.
const MARKER: &str = crate::model::REVIEW_MARKER;
/// The name of the factory's check run or commit status.
const CHECK: &str = crate::model::PLAN_CHECK;

/// An open pull request on the config repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullSeen {
    /// Its number.
    pub number: u64,
    /// The commit it proposes.
    pub head: CommitId,
    /// The branch it comes from, when that lies in the config repository itself.
    pub branch: Option<String>,
    /// The factory's own review comments, oldest first: id and body.
    pub comments: Vec<(u64, String)>,
    /// The factory's own check on the head.
    pub check: Option<CheckState>,
    /// Whether the factory is an App there and may write check runs.
    pub checks: bool,
}

/// Every open pull request onto `branch`, with what the factory said there.
///
/// # Errors
/// When any part can't be read: half of the comments would make a second set of them.
pub async fn config_pulls(client: &Client, repo: &RepoName, branch: &str) -> Result<Vec<PullSeen>, Error> {
    let identity = client.identity(repo.owner()).await?;
    let mut out = Vec::new();
    let base = crate::adapters::github::segment(branch);
    let open = open_pulls(client, repo, &format!("&base={base}")).await?;
    let all: Vec<Pull> = open.iter().filter_map(|it| Some((repo.clone(), it["number"].as_u64()?))).collect();
    let mut said = own_comments(client, &all, MARKER).await;
    for pull in open {
        let (Some(number), Some(head)) = (pull["number"].as_u64(), head_of(&pull)) else { continue };
        let Some(said) = said.remove(&(repo.clone(), number)) else { continue };
        let comments = said?.comments;
        let check = own_check(client, repo, &head, &identity).await?;
        let checks = matches!(identity, Identity::App { .. });
        out.push(PullSeen { number, branch: branch_of(&pull, repo), head, comments, check, checks });
    }
    Ok(out)
}

/// A pull request of the factory itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPull {
    /// Its number.
    pub number: u64,
    /// The branch it comes from.
    pub branch: String,
    /// The commit it proposes.
    pub head: CommitId,
    /// The branch it aims at.
    pub base: String,
}

/// The open pull requests whose branch starts with `prefix`, whatever they aim at.
///
/// # Errors
/// When the list can't be read completely.
pub async fn own_pulls(client: &Client, repo: &RepoName, prefix: &str) -> Result<Vec<OwnPull>, Error> {
    let own = |pull: &Value| {
        Some(OwnPull {
            number: pull["number"].as_u64()?,
            branch: branch_of(pull, repo).filter(|branch| branch.starts_with(prefix))?,
            head: head_of(pull)?,
            base: pull["base"]["ref"].as_str()?.to_owned(),
        })
    };
    Ok(open_pulls(client, repo, "").await?.iter().filter_map(own).collect())
}

/// The files that open pull requests add or rename something to, by their numbers.
///
/// # Errors
/// When any of them can't be read completely.
pub async fn added_by_pulls(client: &Client, repo: &RepoName) -> Result<Vec<(u64, Vec<String>)>, Error> {
    let mut out = Vec::new();
    for pull in open_pulls(client, repo, "").await? {
        let Some(number) = pull["number"].as_u64() else { continue };
        let files =
            client.pages(repo.owner(), &format!("/repos/{repo}/pulls/{number}/files?per_page=100")).await?;
        let added = files
            .iter()
            .filter(|file| matches!(file["status"].as_str(), Some("added" | "renamed" | "copied")));
        out.push((number, added.filter_map(|file| Some(file["filename"].as_str()?.to_owned())).collect()));
    }
    Ok(out)
}

async fn open_pulls(client: &Client, repo: &RepoName, filter: &str) -> Result<Vec<Value>, Error> {
    client.pages(repo.owner(), &format!("/repos/{repo}/pulls?state=open{filter}&per_page=100")).await
}

fn head_of(pull: &Value) -> Option<CommitId> {
    CommitId::parse(pull["head"]["sha"].as_str()?)
}

fn branch_of(pull: &Value, repo: &RepoName) -> Option<String> {
    let from = RepoName::parse(pull["head"]["repo"]["full_name"].as_str()?).ok()?;
    (from == *repo).then(|| pull["head"]["ref"].as_str().map(str::to_owned)).flatten()
}

/// The factory's own check run or commit status on a commit.
///
/// # Errors
/// When it can't be read.
pub async fn own_check(
    client: &Client,
    repo: &RepoName,
    head: &CommitId,
    identity: &Identity,
) -> Result<Option<CheckState>, Error> {
    if matches!(identity, Identity::App { .. }) {
        let name = crate::adapters::github::segment(CHECK);
        let path = format!("/repos/{repo}/commits/{head}/check-runs?check_name={name}&filter=latest");
        let reply = client.read(repo.owner(), &path).await?;
        let run = reply.body["check_runs"].as_array().and_then(|runs| runs.first()).cloned();
        return Ok(run.map(|run| CheckState {
            passes: run["conclusion"].as_str() == Some("success"),
            summary: run["output"]["title"].as_str().unwrap_or_default().to_owned(),
        }));
    }
    let statuses =
        client.pages(repo.owner(), &format!("/repos/{repo}/commits/{head}/statuses?per_page=100")).await?;
    let latest = statuses.iter().find(|s| s["context"].as_str() == Some(CHECK));
    Ok(latest.map(|status| CheckState {
        passes: status["state"].as_str() == Some("success"),
        summary: status["description"].as_str().unwrap_or_default().to_owned(),
    }))
}

/// How a pull request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// It was closed, which is a no.
    Closed,
    /// It was merged, as this commit.
    Merged(CommitId),
}

/// How a pull request from a branch ended, the newest one where no number is known; `None` when it didn't. No clock is
/// asked: GitHub's and ours may differ.
///
/// # Errors
/// When the list can't be read.
pub async fn ending(
    client: &Client,
    repo: &RepoName,
    branch: &str,
    number: Option<u64>,
) -> Result<Option<Closing>, Error> {
    let head = crate::adapters::github::segment(&format!("{}:{branch}", repo.owner()));
    let path = format!("/repos/{repo}/pulls?state=all&head={head}&per_page=100");
    let pulls = client.pages(repo.owner(), &path).await?;
    let own = pulls.iter().filter(|pull| branch_of(pull, repo).as_deref() == Some(branch));
    let wanted = own.filter(|pull| number.is_none_or(|number| pull["number"].as_u64() == Some(number)));
    let Some(pull) = wanted.max_by_key(|pull| pull["number"].as_u64()) else { return Ok(None) };
    if pull["state"] != "closed" {
        return Ok(None);
    }
    let merged = pull["merged_at"].is_string();
    let commit = pull["merge_commit_sha"].as_str().and_then(CommitId::parse);
    Ok(Some(commit.filter(|_| merged).map_or(Closing::Closed, Closing::Merged)))
}
