//! What files were called before that pull requests rename.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapters::github::{Client, Error};
use crate::model::{Observed, RepoName};

use super::decode::renamed;
use super::each::each;

/// Where renamed files are now, and where they were.
type Renames = BTreeMap<String, String>;

/// Reads what files were called before that these pull requests rename: one request each, by a hundred files. One that can't be
/// read is a gap, and is not in the answer.
pub async fn renames(
    client: &Client,
    asked: BTreeSet<(RepoName, u64)>,
    observed: &mut Observed,
) -> BTreeMap<(RepoName, u64), Renames> {
    let read = asked.into_iter().map(async |(repo, pull)| {
        let found = of_pull(client, &repo, pull).await;
        ((repo, pull), found)
    });
    each(client, read, |pull| format!("what files pull request {pull} renames"), observed).await
}

async fn of_pull(client: &Client, repo: &RepoName, pull: u64) -> Result<Renames, Error> {
    let path = format!("/repos/{repo}/pulls/{pull}/files");
    let files = client.pages(repo.owner(), &path).await?;
    let renames: Result<Vec<Option<(String, String)>>, String> = files.iter().map(renamed).collect();
    let renames = renames.map_err(|why| Error::untold(&format!("{path}: {why}"), "not all of its files"))?;
    Ok(renames.into_iter().flatten().collect())
}
