//! What files were called before that pull requests rename.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};

use crate::adapters::github::{Client, Error};
use crate::model::{Facet, Gap, Observed, RepoName};

use super::decode::renamed;

/// How many pull requests are asked about at the same time.
const AT_ONCE: usize = 6;

/// Where renamed files are now, and where they were.
type Renames = BTreeMap<String, String>;

/// Reads what files were called before that these pull requests rename: one request each, by a hundred files. One that can't be
/// read is a gap, and is not in the answer.
pub async fn renames(
    client: &Client,
    asked: BTreeSet<(RepoName, u64)>,
    observed: &mut Observed,
) -> BTreeMap<(RepoName, u64), Renames> {
    let before = client.stats();
    let read = asked.into_iter().map(async |(repo, pull)| {
        let found = of_pull(client, &repo, pull).await;
        (repo, pull, found)
    });
    let mut read = stream::iter(read).buffer_unordered(AT_ONCE);
    let mut out = BTreeMap::new();
    while let Some((repo, pull, found)) = read.next().await {
        match found {
            Ok(renames) => {
                out.insert((repo, pull), renames);
            }
            Err(error) => {
                let why = format!("what files pull request {pull} renames: {error}");
                let cause = super::super::cause(&error);
                observed.gaps.push(Gap { facet: Facet::Cases, repo: Some(repo), why, cause });
            }
        }
    }
    super::charge(client, before, observed);
    out
}

async fn of_pull(client: &Client, repo: &RepoName, pull: u64) -> Result<Renames, Error> {
    let path = format!("/repos/{repo}/pulls/{pull}/files");
    let files = client.pages(repo.owner(), &path).await?;
    let renames: Result<Vec<Option<(String, String)>>, String> = files.iter().map(renamed).collect();
    let renames = renames.map_err(|why| Error::untold(&format!("{path}: {why}"), "not all of its files"))?;
    Ok(renames.into_iter().flatten().collect())
}
