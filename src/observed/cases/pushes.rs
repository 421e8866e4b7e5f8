//! How the branches of pull requests have moved, and who moved them.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapters::github::{Client, Error, Kind};
use crate::model::{Observed, Pipeline, Push, RepoName};

use super::each::each;

/// Reads how the branches of these issues have moved, newest first: one request each, by a hundred moves. One that can't be read
/// is a gap, and is not in the answer; of one that GitHub keeps nothing of there is nothing.
pub async fn pushes(
    client: &Client,
    asked: BTreeSet<(RepoName, u64)>,
    observed: &mut Observed,
) -> BTreeMap<(RepoName, u64), Vec<Push>> {
    let read = asked.into_iter().map(async |(repo, number)| {
        let found = of_branch(client, &repo, number).await;
        ((repo, number), found)
    });
    each(client, read, |number| format!("who pushed to the branch of issue {number}"), observed).await
}

async fn of_branch(client: &Client, repo: &RepoName, number: u64) -> Result<Vec<Push>, Error> {
    let path = format!("/repos/{repo}/activity?ref=refs/heads/{}", Pipeline::branch(number));
    match client.pages(repo.owner(), &path).await {
        Ok(entries) => {
            let pushes: Result<Vec<Push>, String> = entries.iter().map(super::decode::push).collect();
            pushes.map_err(|why| Error::untold(&format!("{path}: {why}"), "not all of who pushed"))
        }
        // A server that keeps no such record.
        Err(error) if *error.kind() == Kind::Absent => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
