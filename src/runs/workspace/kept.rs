//! What the mirror has of a run once its workspace is gone or another's, and how a person gets at it.

use std::collections::BTreeSet;
use std::path::Path;

use super::salvage;
use crate::adapters::fs;
use crate::adapters::git::{self, Repo};
use crate::model::{CommitId, RunId};

/// What was taken of a run beyond the commit that it began with, whatever was found of it afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The reference of the mirror.
    pub reference: String,
    /// The head of what it made.
    pub commit: CommitId,
}

/// The reference of a mirror that has what was taken of a run.
pub(super) fn reference(run: &RunId) -> String {
    format!("refs/runs/{run}")
}

impl Kept {
    /// What a mirror has of a run that began with `base`; `None` where nothing was taken, or nothing was made.
    ///
    /// # Errors
    /// When the mirror can't be read.
    pub fn of(mirror: &Path, run: &RunId, base: &CommitId) -> Result<Option<Self>, git::Error> {
        if !fs::exists(mirror) {
            return Ok(None);
        }
        let reference = reference(run);
        let commit = Repo::open(mirror)?.reference(&reference)?;
        Ok(commit.filter(|commit| commit != base).map(|commit| Self { reference, commit }))
    }

    /// The command line that shows its commits without checking any of them out.
    pub fn look_command(&self, mirror: &Path, base: &CommitId) -> String {
        format!("git --git-dir={} log --patch {base}..{}", quoted(mirror), self.reference)
    }

    /// The command line with which a person gets it, in a clone of the repository.
    pub fn restore_command(&self, mirror: &Path, run: &RunId) -> String {
        fetch_command(mirror, &self.reference, &format!("run-{run}"))
    }
}

/// The runs of which a mirror has something saved, at their end or since: what became of their workspaces meanwhile shows
/// there alone.
///
/// # Errors
/// When the mirror can't be read.
pub fn saved(mirror: &Path) -> Result<BTreeSet<RunId>, git::Error> {
    if !fs::exists(mirror) {
        return Ok(BTreeSet::new());
    }
    let names = Repo::open(mirror)?.references_below(salvage::BELOW)?;
    Ok(names.iter().filter_map(|name| RunId::parse(name.strip_prefix(salvage::BELOW)?)).collect())
}

/// The reference of a mirror that has what was saved of a run.
pub fn saved_as(run: &RunId) -> String {
    format!("{}{run}", salvage::BELOW)
}

/// What a run left that is not in what was saved of it last, each with the reason.
///
/// # Errors
/// When the mirror can't be read.
pub fn left_out(mirror: &Path, run: &RunId) -> Result<Vec<String>, git::Error> {
    let repo = Repo::open(mirror)?;
    let Some(commit) = repo.reference(&saved_as(run))? else { return Ok(Vec::new()) };
    let message = repo.message(&commit)?;
    let lines = message.lines().skip_while(|line| *line != salvage::NOT_IN_IT);
    Ok(lines.filter_map(|line| line.strip_prefix("* ")).map(str::to_owned).collect())
}

/// The command line with which a person gets back what was saved of a run, in a clone of the repository.
pub fn restore_command(mirror: &Path, run: &RunId) -> String {
    fetch_command(mirror, &saved_as(run), &format!("salvage-{run}"))
}

fn fetch_command(mirror: &Path, reference: &str, branch: &str) -> String {
    format!("git fetch {} {reference} && git switch --create {branch} FETCH_HEAD", quoted(mirror))
}

/// A path as one word of a shell.
pub(super) fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
