//! One question asked about many things.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt};

use crate::adapters::github::{Client, Error};
use crate::model::{Facet, Gap, Observed, RepoName};

/// How many are asked about at the same time.
const AT_ONCE: usize = 6;

/// What was read of each thing of a repository. One that can't be read is a gap, and is not in the answer; `what` says what is not
/// known of it then.
pub(super) async fn each<W: Ord, T>(
    client: &Client,
    read: impl Iterator<Item = impl Future<Output = ((RepoName, W), Result<T, Error>)>>,
    what: impl Fn(&W) -> String,
    observed: &mut Observed,
) -> BTreeMap<(RepoName, W), T> {
    let before = client.stats();
    let mut read = stream::iter(read).buffer_unordered(AT_ONCE);
    let mut out = BTreeMap::new();
    while let Some(((repo, of), found)) = read.next().await {
        match found {
            Ok(told) => {
                out.insert((repo, of), told);
            }
            Err(error) => {
                let (why, cause) = (format!("{}: {error}", what(&of)), super::super::cause(&error));
                observed.gaps.push(Gap { facet: Facet::Cases, repo: Some(repo), why, cause });
            }
        }
    }
    super::charge(client, before, observed);
    out
}
