//! Bot pull requests: one fixed branch a purpose, committed with compare-and-set, updated in place.

use base64::Engine as _;
use http::Method;
use serde_json::{Value, json};

use crate::adapters::github::{Client, Effect as Once, Error, Kind, Operation, segment};
use crate::model::{Action, CommitId, Effect, ProposedFile, RepoName};
use crate::observed::own_pulls;

use super::look::LookError;
use super::shown::Shown;

/// A pull request to open or update.
pub(super) struct Proposal<'a> {
    /// Where.
    pub(super) repo: &'a RepoName,
    /// The fixed branch.
    pub(super) branch: &'a str,
    /// The branch it aims at, and the head that the files were edited on.
    pub(super) base: &'a (String, CommitId),
    /// The files.
    pub(super) files: &'a [ProposedFile],
    /// Title.
    pub(super) title: &'a str,
    /// Markdown.
    pub(super) body: &'a str,
}

/// The open pull request of the branch, if there is one; of a branch that was left over, whether it is there.
pub(super) async fn look(client: &Client, action: &Action) -> Result<Value, LookError> {
    if let Effect::Withdraw { repo, number: None, branch, .. } = &action.effect {
        return match client.read(repo.owner(), &format!("/repos/{repo}/git/ref/heads/{branch}")).await {
            Ok(_) => Ok(json!({ "branch": branch })),
            Err(error) if matches!(error.kind(), Kind::Absent) => Ok(Value::Null),
            Err(error) => Err(error.into()),
        };
    }
    let (Effect::Propose { repo, branch, .. } | Effect::Withdraw { repo, branch, .. }) = &action.effect
    else {
        return Err(LookError::Partial("this is not a proposal".to_owned()));
    };
    if let Some(number) = open_pull(client, repo, branch).await? {
        return Ok(json!({ "pull": number }));
    }
    let Effect::Propose { alone: Some(prefix), .. } = &action.effect else { return Ok(Value::Null) };
    let of_family = own_pulls(client, repo, prefix).await?;
    Ok(of_family.first().map_or(Value::Null, |other| json!({ "alone": false, "pull": other.number })))
}

async fn open_pull(client: &Client, repo: &RepoName, branch: &str) -> Result<Option<u64>, Error> {
    let head = segment(&format!("{}:{branch}", repo.owner()));
    let pulls = client.pages(repo.owner(), &format!("/repos/{repo}/pulls?state=open&head={head}")).await?;
    Ok(pulls.iter().filter(|p| p["head"]["ref"].as_str() == Some(branch)).find_map(|p| p["number"].as_u64()))
}

const COMMIT: &str = "mutation Commit($input: CreateCommitOnBranchInput!) { \
    createCommitOnBranch(input: $input) { commit { oid } } }";

/// Commits the files onto the branch and opens the pull request, unless it is open. Commits of people on the
/// branch stay: the new commit goes on top of whatever is there.
pub(super) async fn propose(client: &Client, proposal: &Proposal<'_>) -> Result<Shown, Error> {
    let Proposal { repo, branch, base, .. } = proposal;
    let path = format!("/repos/{repo}/git/ref/heads/{branch}");
    let head = match client.read(repo.owner(), &path).await {
        Ok(reply) => reply.body["object"]["sha"].as_str().unwrap_or_default().to_owned(),
        Err(error) if matches!(error.kind(), Kind::Absent) => {
            let body = json!({ "ref": format!("refs/heads/{branch}"), "sha": base.1 });
            let path = format!("/repos/{repo}/git/refs");
            client.write(repo.owner(), Method::POST, &path, &body, Once::Create).await?;
            base.1.to_string()
        }
        Err(error) => return Err(error),
    };
    let committed = commit(client, proposal, &head).await?;
    if open_pull(client, repo, branch).await?.is_some() {
        return Ok(committed);
    }
    let path = format!("/repos/{repo}/pulls");
    let body = json!({ "title": proposal.title, "body": proposal.body, "head": branch, "base": base.0 });
    let reply = client.write(repo.owner(), Method::POST, &path, &body, Once::Create).await?;
    Ok(committed.and(Shown::when(reply.body["head"]["ref"].as_str() == Some(branch))))
}

async fn commit(client: &Client, proposal: &Proposal<'_>, head: &str) -> Result<Shown, Error> {
    let encode = |file: &ProposedFile| json!({ "path": file.path, "contents": base64::engine::general_purpose::STANDARD.encode(&file.text) });
    let input = json!({
        "branch": { "repositoryNameWithOwner": proposal.repo.as_str(), "branchName": proposal.branch },
        "message": { "headline": proposal.title },
        "expectedHeadOid": head,
        "fileChanges": { "additions": proposal.files.iter().map(encode).collect::<Vec<_>>() },
    });
    let operation =
        Operation { name: "Commit".into(), text: COMMIT.to_owned(), variables: json!({ "input": input }) };
    let data = client.graphql(proposal.repo.owner(), &operation).await?.complete()?;
    Ok(Shown::when(data["createCommitOnBranch"]["commit"]["oid"].is_string()))
}

/// Closes the pull request, if it is open, and deletes its branch.
pub(super) async fn withdraw(
    client: &Client,
    repo: &RepoName,
    number: Option<u64>,
    (branch, says): (&str, Option<&str>),
) -> Result<Shown, Error> {
    let mut closed = Shown::Yes;
    if let Some(number) = number {
        let path = format!("/repos/{repo}/pulls/{number}");
        let mut body = json!({ "state": "closed" });
        if let Some(says) = says {
            body["body"] = says.into();
        }
        let reply = client.write(repo.owner(), Method::PATCH, &path, &body, Once::Idempotent).await?;
        closed = Shown::fields(&reply, [("state", &body["state"])]);
    }
    let path = format!("/repos/{repo}/git/refs/heads/{branch}");
    match client.write(repo.owner(), Method::DELETE, &path, &Value::Null, Once::Create).await {
        Ok(reply) => Ok(closed.and(Shown::gone(&reply))),
        Err(error) if matches!(error.kind(), Kind::Absent) => Ok(closed),
        Err(error) => Err(error),
    }
}
