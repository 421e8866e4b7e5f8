//! Whether pull requests carry what was taken out of their bases.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::adapters::github::{Client, Error, Kind};
use crate::model::{CommitId, Observed, RepoName};

use super::each::each;

/// A pull request at its head, for a branch that was somewhere else before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moved {
    /// Its number.
    pub pull: u64,
    /// Its head.
    pub head: CommitId,
    /// Where its base is.
    pub base: CommitId,
    /// Where its base was.
    pub was: CommitId,
}

/// Reads which commit these pull requests have of where their bases were that those have no more: two requests each. One that can't
/// be read is a gap, and is not in the answer.
pub async fn carried(
    client: &Client,
    asked: BTreeSet<(RepoName, Moved)>,
    observed: &mut Observed,
) -> BTreeMap<(RepoName, Moved), Option<CommitId>> {
    let read = asked.into_iter().map(async |(repo, moved)| {
        let found = of_pull(client, &repo, &moved).await;
        ((repo, moved), found)
    });
    let what = |it: &Moved| format!("what pull request {} has that was taken out of its base", it.pull);
    each(client, read, what, observed).await
}

async fn of_pull(client: &Client, repo: &RepoName, moved: &Moved) -> Result<Option<CommitId>, Error> {
    let Moved { head, base, was, .. } = moved;
    let fork = match compared(client, repo, (was, head)).await {
        Ok((path, reply)) => {
            let told = reply["merge_base_commit"]["sha"].as_str().and_then(CommitId::parse);
            told.ok_or_else(|| Error::untold(&path, "where two commits part"))?
        }
        // Nothing leads there any more, so that nobody can tell what came of it.
        Err(error) if *error.kind() == Kind::Absent => return Ok(Some(was.clone())),
        Err(error) => return Err(error),
    };
    let (path, reply) = compared(client, repo, (base, &fork)).await?;
    let ahead =
        reply["ahead_by"].as_u64().ok_or_else(|| Error::untold(&path, "how far one commit is ahead"))?;
    Ok((ahead > 0).then_some(fork))
}

async fn compared(
    client: &Client,
    repo: &RepoName,
    (one, other): (&CommitId, &CommitId),
) -> Result<(String, Value), Error> {
    let path = format!("/repos/{repo}/compare/{one}...{other}?per_page=1");
    let reply = client.read(repo.owner(), &path).await?;
    Ok((path, reply.body.clone()))
}
