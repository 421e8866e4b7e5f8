//! The pull requests of branches that runs work for.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};
use serde_json::Value;

use crate::adapters::github::{Client, Error, segment};
use crate::model::{Facet, Gap, Observed, PullSeen, RepoName, Seen};

/// How many are asked for at the same time.
const AT_ONCE: usize = 6;

/// The latest pull request of a branch, whatever became of it, as GitHub has it.
///
/// # Errors
/// When GitHub doesn't tell.
pub async fn latest_pull(client: &Client, repo: &RepoName, branch: &str) -> Result<Option<Value>, Error> {
    let head = segment(&format!("{}:{branch}", repo.owner()));
    let pulls = client.pages(repo.owner(), &format!("/repos/{repo}/pulls?state=all&head={head}")).await?;
    let of_branch = pulls.into_iter().filter(|p| p["head"]["ref"].as_str() == Some(branch));
    Ok(of_branch.max_by_key(|p| p["number"].as_u64()))
}

/// Reads the pull requests of these branches. One that can't be read is a gap.
pub async fn run_pulls(client: &Client, branches: BTreeSet<(RepoName, String)>, observed: &mut Observed) {
    let read = branches.into_iter().map(async |(repo, branch)| {
        let found = latest_pull(client, &repo, &branch).await;
        (repo, branch, found)
    });
    let mut read = stream::iter(read).buffer_unordered(AT_ONCE);
    while let Some((repo, branch, found)) = read.next().await {
        let seen = match found {
            Ok(None) => Seen::Absent,
            Ok(Some(pull)) => pull_seen(&pull).map_or(Seen::Unknown, Seen::Known),
            Err(error) => {
                let why = format!("the pull requests of `{branch}`: {error}");
                let cause = super::cause(&error);
                observed.gaps.push(Gap { facet: Facet::Runs, repo: Some(repo.clone()), why, cause });
                Seen::Unknown
            }
        };
        observed.pulls.insert((repo, branch), seen);
    }
}

fn pull_seen(pull: &Value) -> Option<PullSeen> {
    Some(PullSeen {
        number: pull["number"].as_u64()?,
        open: pull["state"].as_str()? == "open",
        merged: pull["merged_at"].is_string(),
    })
}
