//! What a run made, looked at from outside: what it claims proves nothing, and only the mirror's own objects count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::adapters::git::{Content, Entry, Error, Kind, Repo, Step};
use crate::model::{CommitId, match_path};

use super::Redactor;
use super::workspace::Taken;

/// The most bytes that a run may add.
const MOST_BYTES: u64 = 100 << 20;
/// The most commits that a run may make.
const MOST_COMMITS: usize = 1_000;
/// How many paths are named.
const NAMED: usize = 5;

/// What is known of what a run made.
pub struct Evidence<'a> {
    /// The mirror.
    pub repo: &'a Repo,
    /// The commit that it began with.
    pub base: &'a CommitId,
    /// What was taken of its branch.
    pub taken: Option<&'a Taken>,
    /// The paths that it may change; all of them when there are none.
    pub paths: &'a [String],
    /// Knows what nobody may publish.
    pub redactor: &'a Redactor,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Commits that may be published.
    Work(CommitId),
    /// It committed nothing.
    Nothing,
    /// It did what it may not, and what that is.
    Forbidden(String),
}

/// Looks at what a run made.
///
/// # Errors
/// When the mirror can't be read.
pub fn verify(evidence: &Evidence<'_>) -> Result<Found, Error> {
    let Some(taken) = evidence.taken else {
        return Ok(Found::Forbidden("its branch is gone".to_owned()));
    };
    match taken.since_base {
        Step::Same => return Ok(Found::Nothing),
        Step::Rewritten => {
            return Ok(Found::Forbidden("it rewrote the history that it began with".to_owned()));
        }
        Step::Forward => {}
    }
    let changed = changed(evidence.repo, evidence.base, &taken.commit)?;
    if changed.is_empty() {
        return Ok(Found::Nothing);
    }
    let outside: Vec<&Path> =
        changed.iter().map(PathBuf::as_path).filter(|path| !allowed(path, evidence.paths)).collect();
    if !outside.is_empty() {
        return Ok(Found::Forbidden(format!("it changed what is not its own: {}", named(&outside))));
    }
    secrets_and_size(evidence, &taken.commit)
}

/// The paths that differ.
fn changed(repo: &Repo, base: &CommitId, head: &CommitId) -> Result<Vec<PathBuf>, Error> {
    let of = |commit| -> Result<BTreeMap<PathBuf, Entry>, Error> {
        Ok(repo.entries(commit)?.into_iter().map(|entry| (entry.path.clone(), entry)).collect())
    };
    let (mut before, after) = (of(base)?, of(head)?);
    let mut out = Vec::new();
    for (path, entry) in after {
        if before.remove(&path).as_ref() != Some(&entry) {
            out.push(path);
        }
    }
    out.extend(before.into_keys());
    Ok(out)
}

fn allowed(path: &Path, globs: &[String]) -> bool {
    globs.is_empty() || path.to_str().is_some_and(|path| globs.iter().any(|glob| match_path(glob, path)))
}

/// What every commit brings in is looked at, not the last one alone: all of them are published.
fn secrets_and_size(evidence: &Evidence<'_>, head: &CommitId) -> Result<Found, Error> {
    let Evidence { repo, base, redactor, .. } = *evidence;
    let commits = repo.commits_since(base, head, MOST_COMMITS + 1)?;
    if commits.len() > MOST_COMMITS {
        return Ok(Found::Forbidden(format!("it made more than {MOST_COMMITS} commits")));
    }
    let mut seen: BTreeSet<Content> = repo.entries(base)?.into_iter().map(|entry| entry.content).collect();
    let mut bytes = 0_u64;
    let mut hits: BTreeSet<PathBuf> = BTreeSet::new();
    let mut names: BTreeSet<PathBuf> = repo.entries(base)?.into_iter().map(|entry| entry.path).collect();
    for (commit, stored) in &commits {
        if redactor.finds_in(stored) {
            return Ok(Found::Forbidden(format!(
                "there is a secret in the message or a header of commit {}",
                commit.short()
            )));
        }
        for entry in repo.entries(commit)? {
            let is_new = names.insert(entry.path.clone());
            if is_new && redactor.finds_in(entry.path.as_os_str().as_encoded_bytes()) {
                hits.insert(entry.path.clone());
            }
            if entry.kind == Kind::Repository || !seen.insert(entry.content) {
                continue;
            }
            let text = repo.read_content(entry.content)?;
            bytes = bytes.saturating_add(text.len() as u64);
            if redactor.finds_in(&text) {
                hits.insert(entry.path);
            }
        }
    }
    if bytes > MOST_BYTES {
        let most = MOST_BYTES >> 20;
        return Ok(Found::Forbidden(format!("it added {} MiB, and {most} are allowed", bytes >> 20)));
    }
    if !hits.is_empty() {
        let hits: Vec<&Path> = hits.iter().map(PathBuf::as_path).collect();
        return Ok(Found::Forbidden(format!("there are secrets in what it committed: {}", named(&hits))));
    }
    Ok(Found::Work(head.clone()))
}

fn named(paths: &[&Path]) -> String {
    let shown: Vec<String> = paths.iter().take(NAMED).map(|path| format!("`{}`", path.display())).collect();
    let more = paths.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &more
}
