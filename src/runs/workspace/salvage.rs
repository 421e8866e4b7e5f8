//! Salvage: what a run left and nobody took, saved in the mirror before anything is destroyed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::spawn_blocking;
use tokio::time::Sleep;

use super::take::Reader;
use super::{Error, Site, Workspace, files};
use crate::adapters::fs::Beneath;
use crate::adapters::git::{self, Bound, Entry, Repo, Signature, Snapshot, Tip};
use crate::model::{CommitId, RunId};

/// The most bytes of files that are saved of a run. Commits are saved whole.
const CAP: u64 = 100 << 20;
/// How long they are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Where they lie.
pub(super) const BELOW: &str = "refs/factory/salvage/";
/// The most references and remembered commits of a repository that are looked at.
const MAX_TIPS: usize = 1000;
/// The most bytes of a log of references that are looked at: its end.
const MAX_LOG: u64 = 1 << 20;
/// The most paths of a commit that are compared with what is in the tree.
const MAX_TRACKED: usize = 500_000;
/// The most bytes that those may have.
const MAX_TRACKED_BYTES: usize = 64 << 20;
/// How long its history is read, in all.
const READING: Duration = Duration::from_mins(5);
/// How many of what was left out a commit's message names.
const NAMED: usize = 50;

/// What was saved of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salvaged {
    /// The commit that `refs/factory/salvage/<run>` leads to: the files as they were left, with the commits that nobody
    /// took as its parents. `None` when there was nothing to save.
    pub commit: Option<CommitId>,
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

/// The history of a workspace, as far as it was read.
struct Recalled {
    /// Where HEAD is.
    head: Option<CommitId>,
    /// Its references.
    tips: Vec<Tip>,
    /// All that any of them leads or led to.
    commits: Vec<CommitId>,
    /// What became of them.
    history: History,
}

/// What became of the commits in a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum History {
    /// There is no repository.
    Absent,
    /// They are in the mirror: of every reference, of HEAD, of the stash, and those that HEAD once was.
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
    /// Saves what is in it and nowhere else: changed, new, stashed and unpushed work, by `refs/factory/salvage/<run>` in
    /// the mirror. A second call for the same run loses nothing of the first. The run's processes have ended.
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
        let name = format!("{BELOW}{run}");
        let saving = format!("refs/factory/saving/{run}/");
        repo.remove_references(&repo.references_below(&saving)?)?;
        let before = repo.reference(&name)?;
        let Recalled { head, tips, commits, history } = self.history(site, &saving).await?;
        let first = head.unwrap_or_else(|| self.base().clone());
        let untaken = unkept(site, &commits, &[self.base().clone()]).await?;
        let unkept = match &before {
            Some(before) => unkept(site, &untaken, &[self.base().clone(), before.clone()]).await?,
            None => untaken.clone(),
        };

        let tracked = entries(site, &[&first, self.base()]).await?;
        let last = match &before {
            Some(before) => entries(site, &[before]).await?,
            None => tracked.clone(),
        };
        let scan = files::scan(site, &self.tree(), &tracked).await?;
        let (writer, tree, stop) = (repo.clone(), self.tree(), site.stop.clone());
        let write = move || files::write(&writer, &tree, scan, &tracked, cap, &stop);
        let files = spawn_blocking(write).await??;

        let is_saved = unkept.is_empty() && files.entries == last;
        let commit = if is_saved {
            before
        } else {
            let parents = parents(first, unkept, before);
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
        Ok(Salvaged { commit, files: files.written, bytes, left_out, history, elsewhere })
    }

    /// Fetches all history that its repository has.
    async fn history(&self, site: &Site<'_>, saving: &str) -> Result<Recalled, Error> {
        let none = |history| Recalled { head: None, tips: Vec::new(), commits: Vec::new(), history };
        let reader = match self.reader(site) {
            Ok(Some(reader)) => reader,
            Ok(None) => return Ok(none(History::Absent)),
            Err(Error::Tampered(why)) => return Ok(none(History::Unread(why))),
            Err(error) => return Err(error),
        };
        let mut tips = match site.mirror.tips(site.access, &reader.foreign()).await {
            Ok(tips) => tips,
            Err(error) if is_theirs(&error) => return Ok(none(History::Unread(error.to_string()))),
            Err(error) => return Err(error.into()),
        };
        let mut history = History::Saved;
        if tips.len() > MAX_TIPS {
            history = History::Unread(format!("it has more than {MAX_TIPS} references"));
            tips.truncate(MAX_TIPS);
        }
        let mut named: Vec<CommitId> = tips.iter().map(|tip| tip.id.clone()).collect();
        named.dedup();
        let mut patience = Patience::new(READING);
        let from = (site, &reader);
        if let Some(why) = fetch(from, &named, &format!("{saving}tip"), Missing::Tell, &mut patience).await? {
            history = History::Unread(why);
        }
        let mut found: BTreeSet<CommitId> = named.into_iter().collect();
        let mut remembered = remembered(&self.git_dir());
        remembered.retain(|id| !found.contains(id));
        fetch(from, &remembered, &format!("{saving}log"), Missing::Forgotten, &mut patience).await?;
        found.extend(remembered);
        let repo = site.mirror.repo();
        let is_commit = |id: &CommitId| repo.commit(id).is_ok();
        let head = tips.iter().find(|tip| tip.name == "HEAD").map(|tip| tip.id.clone());
        let commits = found.into_iter().filter(is_commit).collect();
        Ok(Recalled { head: head.filter(is_commit), tips, commits, history })
    }
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
    let (heads, others): (Vec<&Tip>, _) = tips.iter().filter(named).partition(|tip| tip.name == "HEAD");
    let alone = heads.into_iter().filter(|head| others.iter().all(|tip: &&Tip| tip.id != head.id));
    let short = |tip: &Tip| tip.name.strip_prefix("refs/heads/").unwrap_or(&tip.name).to_owned();
    others.iter().copied().chain(alone).map(short).collect()
}

/// Time that several steps share.
struct Patience(Pin<Box<Sleep>>);

impl Patience {
    fn new(all: Duration) -> Self {
        Self(Box::pin(tokio::time::sleep(all)))
    }

    /// What a step comes to; `None` when time is over.
    async fn give<T>(&mut self, step: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.0.as_mut() => None,
            done = step => Some(done),
        }
    }
}

/// What a commit that isn't there says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// The repository is damaged.
    Tell,
    /// Git has forgotten it.
    Forgotten,
}

/// The paths of the first of some commits that has no more of them than are looked at; none, where each has.
async fn entries(site: &Site<'_>, commits: &[&CommitId]) -> Result<Vec<Entry>, Error> {
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

/// Fetches what the mirror doesn't have; all at once, and one by one where that fails. Why one couldn't be read.
async fn fetch(
    (site, reader): (&Site<'_>, &Reader),
    ids: &[CommitId],
    below: &str,
    missing: Missing,
    patience: &mut Patience,
) -> Result<Option<String>, Error> {
    let mut wanted = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        if !site.mirror.repo().has(id)? {
            wanted.push((id.clone(), format!("{below}/{n}")));
        }
    }
    let from = reader.foreign();
    let mut why = None;
    let mut steps = vec![&wanted[..]];
    steps.extend(wanted.chunks(1).filter(|_| wanted.len() > 1));
    for (n, step) in steps.into_iter().enumerate() {
        let Some(taken) = patience.give(site.mirror.take_in(site.access, &from, step)).await else {
            return Ok(Some(format!("reading it took longer than {} s", READING.as_secs())));
        };
        match taken {
            Ok(()) if n == 0 => return Ok(None),
            Ok(()) => {}
            Err(error) if is_theirs(&error) => {
                if missing == Missing::Tell && (n > 0 || wanted.len() == 1) {
                    why.get_or_insert(error.to_string());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(why)
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

/// The commits that HEAD and the stash were at, newest first.
fn remembered(git_dir: &Path) -> Vec<CommitId> {
    let Ok(root) = Beneath::open(git_dir) else { return Vec::new() };
    let mut ids: Vec<CommitId> = Vec::new();
    for log in ["logs/refs/stash", "logs/HEAD"] {
        let mut text = Vec::new();
        // A log that isn't there, or isn't one, remembers nothing.
        let Ok(mut file) = root.file(Path::new(log)) else { continue };
        let len = file.metadata().map_or(0, |meta| meta.len());
        let start = SeekFrom::Start(len.saturating_sub(MAX_LOG));
        if file.seek(start).and_then(|_| file.take(MAX_LOG).read_to_end(&mut text)).is_err() {
            continue;
        }
        let text = String::from_utf8_lossy(&text);
        let moved = text.lines().rev().filter_map(|line| line.split(' ').nth(1).and_then(CommitId::parse));
        ids.extend(moved.filter(|id| id.as_str().bytes().any(|digit| digit != b'0')));
    }
    let mut seen = BTreeSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    ids.truncate(MAX_TIPS);
    ids
}

fn parents(first: CommitId, unkept: Vec<CommitId>, before: Option<CommitId>) -> Vec<CommitId> {
    let mut parents = vec![first];
    for id in unkept.into_iter().chain(before) {
        if !parents.contains(&id) {
            parents.push(id);
        }
    }
    parents
}

fn message(run: &RunId, left_out: &[LeftOut]) -> String {
    let mut message = format!("What the run {run} left\n");
    for (n, left) in left_out.iter().enumerate() {
        if n == 0 {
            message.push_str("\nNot in it:\n");
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
