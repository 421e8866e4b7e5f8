//! Whether what a pipeline keeps from agents is there: a path that is misspelt guards nothing.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};
use serde_json::Value;

use crate::adapters::github::{Client, Error};
use crate::model::{Desired, JUDGES, RepoName, match_path};
use crate::plan::render::counted;

use super::finding::Report;
use super::github::refused;

/// How many repositories are listed at the same time.
const AT_ONCE: usize = 8;

/// The globs that config names itself for a repository: what judges, and what only people change.
fn globs<'d>(desired: &'d Desired, repo: &RepoName) -> BTreeSet<&'d str> {
    let judges = desired.pipelines.of(repo).map(|pipeline| &pipeline.judges);
    let judges = judges.filter(|globs| !matches!(globs.as_slice(), [only] if only == JUDGES));
    let people = desired.pipelines.policy(repo).map(|policy| &policy.people_paths);
    judges.into_iter().chain(people).flatten().map(String::as_str).collect()
}

/// Lists the files of each repository that such globs are for, and names those that match none of them.
pub(super) async fn look(client: &Client, desired: &Desired, report: &mut Report) {
    let repos = desired.repos.iter().filter(|(_, repo)| !repo.archived()).map(|(name, _)| name);
    let wanted = repos.map(|name| (name, globs(desired, name))).filter(|(_, globs)| !globs.is_empty());
    let asked = wanted.map(|(name, globs)| async move { (name, globs, files(client, name).await) });
    let listed: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut good = 0;
    for (name, globs, files) in listed {
        match files {
            Ok(files) => {
                let missing = missing(&globs, &files);
                if missing.is_empty() {
                    good += globs.len();
                    continue;
                }
                report.bad(
                    "paths",
                    format!("{name} has nothing that {} names", missing.join(", ")),
                    "correct `judges` or `people-paths`, or remove it: what matches nothing guards nothing",
                );
            }
            Err(error) => {
                return refused("paths", &format!("the files of {name} can't be listed"), &error, report);
            }
        }
    }
    if good > 0 {
        report.good(
            "paths",
            format!("{} of `judges` and `people-paths` match files", counted(good, "glob", "globs")),
        );
    }
}

/// The globs that match none of these files; none where not all files were listed.
fn missing(globs: &BTreeSet<&str>, files: &Files) -> Vec<String> {
    let is_there = |glob: &str| files.paths.iter().any(|path| match_path(glob, path));
    let missing = globs.iter().filter(|glob| files.is_whole && !is_there(glob));
    missing.map(|glob| format!("`{glob}`")).collect()
}

/// The files of a repository's default branch.
struct Files {
    paths: Vec<String>,
    /// GitHub lists no more than some 100,000.
    is_whole: bool,
}

async fn files(client: &Client, repo: &RepoName) -> Result<Files, Error> {
    let reply = client.read(repo.owner(), &format!("/repos/{repo}/git/trees/HEAD?recursive=1")).await?;
    let all = reply.body["tree"].as_array().into_iter().flatten();
    let files = all.filter(|entry| entry["type"] == "blob").filter_map(|entry| entry["path"].as_str());
    let is_whole = reply.body["truncated"] == Value::Bool(false);
    Ok(Files { paths: files.map(str::to_owned).collect(), is_whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches_nothing_is_named_where_all_files_are_known() {
        let files = |is_whole| Files { paths: vec!["ci/test.sh".into(), "src/a.rs".into()], is_whole };
        let globs = BTreeSet::from(["ci/**", "**/a.rs", "cj/**", "src/*.md"]);
        assert_eq!(missing(&globs, &files(true)), ["`cj/**`", "`src/*.md`"]);
        assert_eq!(missing(&globs, &files(false)), [""; 0]);
    }
}
