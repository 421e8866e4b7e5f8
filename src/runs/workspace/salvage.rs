//! Salvage: what a run left and nobody took, saved in the mirror before anything is destroyed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use tokio::task::spawn_blocking;

use super::drafts::{Drafted, Drafts};
use super::history::{Recalled, is_head};
use super::{Error, Site, Workspace, files, saved_as};
use crate::adapters::git::{self, Bound, Entry, Repo, Signature, Snapshot, Tip};
use crate::model::{CommitId, RunId};

/// The most bytes of files that are saved of a run. Commits are saved whole.
const CAP: u64 = 100 << 20;
/// How long they are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Where they lie.
pub(super) const BELOW: &str = "refs/factory/salvage/";
/// The most paths of a commit that are compared with what is in the tree.
pub(super) const MAX_TRACKED: usize = 500_000;
/// The most bytes that those may have.
const MAX_TRACKED_BYTES: usize = 64 << 20;
/// How many of what was left out a commit's message names.
const NAMED: usize = 50;

/// What was saved of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salvaged {
    /// The commit that `refs/factory/salvage/<run>` leads to: the files as they were left, with the commits that nobody
    /// took as its parents. `None` when there was nothing to save.
    pub commit: Option<CommitId>,
    /// The paths at which something else was saved than what is committed, or nothing.
    pub changed: Vec<PathBuf>,
    /// Whether there was anything that no file shows: commits that nobody took, or something staged.
    pub besides: bool,
    /// How many files were not in the mirror before.
    pub files: usize,
    /// How many bytes those have.
    pub bytes: u64,
    /// Files that are not in it.
    pub left_out: Vec<LeftOut>,
    /// Whether the commits are in it.
    pub history: History,
    /// The branches, and other names, of commits that nobody took.
    pub elsewhere: Vec<String>,
}

/// What became of the commits in a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum History {
    /// There is no repository.
    Absent,
    /// They are in the mirror: of every reference, of HEAD and the stash, of each linked working tree, and those that any of
    /// them once was; so is what was staged.
    Saved,
    /// Some could not be read, and why.
    Unread(String),
}

/// A file that was not saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// From the root of the tree.
    pub path: PathBuf,
    /// Why.
    pub why: Why,
    /// Its size.
    pub bytes: u64,
}

/// Why a file was not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// There was more than is saved of one run, and it is one of the biggest.
    TooMuch,
    /// There are more files than are looked at; what is at the root of it stands for all the others.
    TooMany,
    /// It lies too deep to be looked into.
    TooDeep,
    /// It is a pipe, a socket or a device.
    Special,
    /// It can't be read.
    Unreadable,
    /// No commit can have a file of that name: another repository's own folder.
    Name,
}

impl Why {
    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooMuch => "too big",
            Self::TooMany => "more files than are looked at",
            Self::TooDeep => "too deep",
            Self::Special => "not a file",
            Self::Unreadable => "not readable",
            Self::Name => "a name that no commit can have",
        }
    }
}

impl Workspace {
    /// Saves what is in it and nowhere else: changed, new, staged, stashed and unpushed work, by
    /// `refs/factory/salvage/<run>` in the mirror. A second call for the same run loses nothing of the first. The run's
    /// processes have ended.
    ///
    /// # Errors
    /// When the tree can't be read, or the mirror not be written.
    pub async fn salvage(
        &self,
        site: &Site<'_>,
        run: &RunId,
        by: &Signature,
        at: Timestamp,
    ) -> Result<Salvaged, Error> {
        self.salvage_within(site, run, by, at, CAP).await
    }

    pub(super) async fn salvage_within(
        &self,
        site: &Site<'_>,
        run: &RunId,
        by: &Signature,
        at: Timestamp,
        cap: u64,
    ) -> Result<Salvaged, Error> {
        let repo = site.mirror.repo();
        let name = saved_as(run);
        let saving = format!("refs/factory/saving/{run}/");
        repo.remove_references(&repo.references_below(&saving)?)?;
        let before = repo.reference(&name)?;
        let Recalled { reader, head, tips, commits, desks, mut history } =
            Box::pin(self.history(site, &saving)).await?;
        let first = head.unwrap_or_else(|| self.base().clone());
        let untaken = unkept(site, &commits, &[self.base().clone()]).await?;

        let tracked = entries(site, &[&first, self.base()]).await?;
        let last = match &before {
            Some(before) => Some(entries(site, &[before]).await?),
            None => None,
        };
        let scan = files::scan(site, &self.tree(), &tracked).await?;
        let (writer, tree, stop) = (repo.clone(), self.tree(), site.stop.clone());
        let write = move || {
            let files = files::write(&writer, &tree, scan, &tracked, cap, &stop)?;
            let changed = changed(&files.entries, &tracked);
            Ok::<_, Error>((files, changed))
        };
        let (mut files, changed) = spawn_blocking(write).await??;
        let of =
            Drafts { run, by, saving: &saving, files: &files.entries, room: cap.saturating_sub(files.bytes) };
        let drafts = match &reader {
            Some(reader) => Box::pin(self.drafts(site, reader, &desks, &of)).await?,
            None => Drafted::default(),
        };
        files.left_out.extend(drafts.left_out);
        history = drafts.unread.map_or(history, History::Unread);
        let unsaved = match &before {
            None if drafts.commits.is_empty() => untaken.clone(),
            before => {
                let kept: Vec<CommitId> = [self.base()].into_iter().chain(before).cloned().collect();
                unkept(site, &[&untaken[..], &drafts.commits].concat(), &kept).await?
            }
        };

        let is_last = last.map_or(changed.is_empty(), |last| files.entries == last);
        let is_saved = unsaved.is_empty() && is_last;
        let commit = if is_saved {
            before
        } else {
            let parents = parents(first, unsaved, before);
            let message = message(run, &files.left_out);
            let entries = &files.entries;
            let new = Snapshot { entries, parents: &parents, by, at, message: &message };
            let commit = repo.write_snapshot(&new)?;
            repo.set_reference(&name, &commit, by, at)?;
            Some(commit)
        };
        repo.remove_references(&repo.references_below(&saving)?)?;
        let (bytes, left_out) = (files.bytes, files.left_out);
        let elsewhere = elsewhere(&tips, &untaken);
        let besides = drafts.staged || !untaken.is_empty();
        Ok(Salvaged { commit, changed, besides, files: files.written, bytes, left_out, history, elsewhere })
    }
}

/// The paths at which two trees aren't alike.
fn changed(now: &[Entry], committed: &[Entry]) -> Vec<PathBuf> {
    fn by_path(all: &[Entry]) -> BTreeMap<&Path, &Entry> {
        all.iter().map(|entry| (entry.path.as_path(), entry)).collect()
    }
    if now == committed {
        return Vec::new();
    }
    let [now, committed] = [now, committed].map(by_path);
    let paths: BTreeSet<&Path> = now.keys().chain(committed.keys()).copied().collect();
    paths.into_iter().filter(|path| now.get(path) != committed.get(path)).map(Path::to_owned).collect()
}

/// Those of some commits that nothing leads to which is kept. Where there are so many that git can't tell, too much is
/// saved rather than too little.
async fn unkept(site: &Site<'_>, commits: &[CommitId], kept: &[CommitId]) -> Result<Vec<CommitId>, Error> {
    match site.mirror.unkept(site.access, commits, kept).await {
        Err(error) if is_theirs(&error) => Ok(commits.to_vec()),
        other => Ok(other?),
    }
}

/// Where commits are to be found that nobody took. What was stashed was not committed.
fn elsewhere(tips: &[Tip], untaken: &[CommitId]) -> Vec<String> {
    let named = |tip: &&Tip| untaken.contains(&tip.id) && tip.name != "refs/stash";
    let (heads, others): (Vec<&Tip>, _) = tips.iter().filter(named).partition(|tip| is_head(tip));
    let alone = heads.into_iter().filter(|head| others.iter().all(|tip: &&Tip| tip.id != head.id));
    let short = |tip: &Tip| tip.name.strip_prefix("refs/heads/").unwrap_or(&tip.name).to_owned();
    others.iter().copied().chain(alone).map(short).collect()
}

/// The paths of the first of some commits that has no more of them than are looked at; none, where each has.
pub(super) async fn entries(site: &Site<'_>, commits: &[&CommitId]) -> Result<Vec<Entry>, Error> {
    for commit in commits {
        let (repo, commit) = (site.mirror.repo().clone(), (*commit).clone());
        let mut bound = Bound::new(MAX_TRACKED, MAX_TRACKED_BYTES, site.stop);
        match spawn_blocking(move || repo.entries(&commit, &mut bound)).await? {
            Err(git::Error::TooMuch) => {}
            other => return Ok(other?),
        }
    }
    Ok(Vec::new())
}

/// Whether an error tells of what the agent made rather than of this machine.
pub(super) fn is_theirs(error: &git::Error) -> bool {
    use crate::adapters::process::Error::{TimedOut, TooMuchOutput};
    matches!(
        error,
        git::Error::RemoteGone { .. }
            | git::Error::Remote { .. }
            | git::Error::Auth { .. }
            | git::Error::Process(TimedOut { .. } | TooMuchOutput { .. })
    )
}

fn parents(first: CommitId, unsaved: Vec<CommitId>, before: Option<CommitId>) -> Vec<CommitId> {
    let mut parents = vec![first];
    for id in unsaved.into_iter().chain(before) {
        if !parents.contains(&id) {
            parents.push(id);
        }
    }
    parents
}

/// What is not in a commit stands below this line in its message.
pub(super) const NOT_IN_IT: &str = "Not in it:";

fn message(run: &RunId, left_out: &[LeftOut]) -> String {
    let mut message = format!("What the run {run} left\n");
    for (n, left) in left_out.iter().enumerate() {
        if n == 0 {
            let _ = writeln!(message, "\n{NOT_IN_IT}");
        }
        if n == NAMED {
            let _ = writeln!(message, "* and {} more", left_out.len() - NAMED);
            break;
        }
        let path = if left.path.as_os_str().is_empty() { Path::new(".") } else { &left.path };
        let path = path.to_string_lossy();
        let _ = writeln!(message, "* {} ({}, {} bytes)", path.escape_debug(), left.why.as_str(), left.bytes);
    }
    message
}

/// Removes what was saved more than thirty days ago, and says which runs that was of.
///
/// # Errors
/// When references can't be read or removed.
pub fn expire(repo: &Repo, now: Timestamp) -> Result<Vec<(RunId, CommitId)>, Error> {
    let mut old = Vec::new();
    for name in repo.references_below(BELOW)? {
        let Some(run) = RunId::parse(&name[BELOW.len()..]) else { continue };
        let Some(commit) = repo.reference(&name)? else { continue };
        if now.duration_since(repo.commit(&commit)?.time) > KEPT {
            old.push((name, run, commit));
        }
    }
    repo.remove_references(&old.iter().map(|(name, ..)| name.clone()).collect::<Vec<_>>())?;
    Ok(old.into_iter().map(|(_, run, commit)| (run, commit)).collect())
}
