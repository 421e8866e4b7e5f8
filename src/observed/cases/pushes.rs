//! How the branches of pull requests have moved, and who moved them.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};

use crate::adapters::github::{Client, Error, Kind};
use crate::model::{Facet, Gap, Observed, Pipeline, Push, RepoName};

/// How many branches are asked about at the same time.
const AT_ONCE: usize = 6;

/// Reads how the branches of these issues have moved, newest first: one request each, by a hundred moves. One that can't be read
/// is a gap, and is not in the answer; of one that GitHub keeps nothing of there is nothing.
pub async fn pushes(
    client: &Client,
    asked: BTreeSet<(RepoName, u64)>,
    observed: &mut Observed,
) -> BTreeMap<(RepoName, u64), Vec<Push>> {
    let before = client.stats();
    let read = asked.into_iter().map(async |(repo, number)| {
        let found = of_branch(client, &repo, number).await;
        (repo, number, found)
    });
    let mut read = stream::iter(read).buffer_unordered(AT_ONCE);
    let mut out = BTreeMap::new();
    while let Some((repo, number, found)) = read.next().await {
        match found {
            Ok(pushes) => {
                out.insert((repo, number), pushes);
            }
            Err(error) => {
                let why = format!("who pushed to the branch of issue {number}: {error}");
                let cause = super::cause(&error);
                observed.gaps.push(Gap { facet: Facet::Cases, repo: Some(repo), why, cause });
            }
        }
    }
    super::charge(client, before, observed);
    out
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
