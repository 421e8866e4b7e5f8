//! Issues that pipelines have to do with.

use crate::adapters::github::{Client, Error};
use crate::model::{Case, RepoName};

/// One issue, with the pull requests from its branch; `None` where it is gone, or was moved elsewhere.
///
/// # Errors
/// When GitHub doesn't tell all of it.
pub async fn one_case(_client: &Client, repo: &RepoName, number: u64) -> Result<Option<Case>, Error> {
    Err(Error::untold(&format!("{repo}#{number}"), "nothing reads it yet"))
}
