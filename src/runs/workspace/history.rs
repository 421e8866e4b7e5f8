//! The history that an agent's repository has: of its references, of its linked working trees, and what its logs remember.

use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

use super::salvage::{History, is_theirs};
use super::take::Reader;
use super::{Error, Site, Workspace};
use crate::adapters::fs::{self, Beneath, Found};
use crate::adapters::git::{self, Bound, Tip};
use crate::model::CommitId;

/// The most references and remembered commits of a repository that are looked at.
pub(super) const MAX_TIPS: usize = 1000;
/// The most working trees that are linked to a repository.
const MAX_LINKED: usize = 100;
/// The most files of one kind that say where something is, and the most bytes of their paths.
const MAX_FILES: (usize, usize) = (10_000, 4 << 20);
/// The most bytes of a file that says where something is.
const MAX_POINTER: u64 = 64 << 10;
/// The most bytes of a log of references that are looked at: its end.
const MAX_LOG: u64 = 1 << 20;
/// The most bytes of all of them.
const MAX_LOGS: u64 = 8 << 20;
/// How long its history is read, in all.
const READING: Duration = Duration::from_mins(5);
/// What else git notes of where a working tree was, or what it was about to bring together.
const NOTED: [&str; 5] = ["ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD"];

/// The history of a workspace, as far as it was read.
pub(super) struct Recalled {
    /// How its repository is read, where it can be.
    pub(super) reader: Option<Reader>,
    /// Where HEAD is.
    pub(super) head: Option<CommitId>,
    /// Its references.
    pub(super) tips: Vec<Tip>,
    /// All that any of them leads or led to.
    pub(super) commits: Vec<CommitId>,
    /// Its working trees.
    pub(super) desks: Vec<Desk>,
    /// What became of them.
    pub(super) history: History,
}

/// A working tree of a repository: its own, or one that is linked to it.
pub(super) struct Desk {
    /// Where the repository has what is known of it, from its root: `""` of its own.
    pub(super) folder: PathBuf,
    /// Where its HEAD is.
    pub(super) head: Option<CommitId>,
}

impl Workspace {
    /// Fetches all history that its repository has.
    pub(super) async fn history(&self, site: &Site<'_>, saving: &str) -> Result<Recalled, Error> {
        let none = |history| {
            let (tips, commits, desks) = (Vec::new(), Vec::new(), Vec::new());
            Recalled { reader: None, head: None, tips, commits, desks, history }
        };
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
        let (git_dir, stop) = (self.git_dir(), site.stop.clone());
        let noted = spawn_blocking(move || Noted::read(&git_dir, &stop)).await??;
        tips.extend(noted.tips);
        let mut history = noted.unread.map_or(History::Saved, History::Unread);
        if tips.len() > MAX_TIPS {
            history = History::Unread(format!("it has more than {MAX_TIPS} references"));
            tips.truncate(MAX_TIPS);
        }
        let mut named: Vec<CommitId> = tips.iter().map(|tip| tip.id.clone()).collect();
        named.dedup();
        let mut patience = Patience::reading();
        let from = (site, &reader);
        let wanted = lacking(site, &named, &format!("{saving}tip"))?;
        if let Some(why) = fetch(from, &wanted, Missing::Tell, &mut patience).await? {
            history = History::Unread(why);
        }
        let mut found: BTreeSet<CommitId> = named.into_iter().collect();
        let mut remembered = noted.remembered;
        remembered.retain(|id| !found.contains(id));
        let forgotten = lacking(site, &remembered, &format!("{saving}log"))?;
        fetch(from, &forgotten, Missing::Forgotten, &mut patience).await?;
        found.extend(remembered);
        let repo = site.mirror.repo();
        let is_commit = |id: &CommitId| repo.commit(id).is_ok();
        let at = |name: &str| tips.iter().find(|tip| tip.name == name).map(|tip| tip.id.clone());
        let at = |name: &str| at(name).filter(is_commit);
        let head = at("HEAD");
        let own = Desk { folder: PathBuf::new(), head: head.clone() };
        let linked = noted.linked.into_iter().map(|(folder, head)| Desk { folder, head: at(&head) });
        let desks = [own].into_iter().chain(linked).collect();
        let commits = found.into_iter().filter(is_commit).collect();
        Ok(Recalled { reader: Some(reader), head, tips, commits, desks, history })
    }
}

/// What a repository notes where no reference is told by who reads it.
#[derive(Default)]
struct Noted {
    /// The references that are those of one linked working tree alone, its HEAD among them.
    tips: Vec<Tip>,
    /// The linked working trees: their folders, and the name of what their HEAD is at.
    linked: Vec<(PathBuf, String)>,
    /// What HEAD, the stash and other references were at, newest first in each.
    remembered: Vec<CommitId>,
    /// What can't be read.
    unread: Option<String>,
}

impl Noted {
    fn read(git_dir: &Path, stop: &CancellationToken) -> Result<Self, git::Error> {
        let mut out = Self::default();
        let root = match Beneath::open(git_dir) {
            Ok(root) => root,
            Err(error) => return Ok(Self { unread: Some(error.to_string()), ..out }),
        };
        let mut folders = vec![PathBuf::new()];
        match root.names(Path::new("worktrees"), MAX_LINKED) {
            Ok((names, are_more)) => {
                folders.extend(names.into_iter().map(|name| Path::new("worktrees").join(name)));
                if are_more {
                    out.unread = Some(format!("it has more than {MAX_LINKED} linked working trees"));
                }
            }
            Err(error) => out.miss(&error),
        }
        let mut logs = vec![PathBuf::from("logs/refs/stash"), PathBuf::from("logs/HEAD")];
        let mut left = MAX_LOGS;
        for folder in folders {
            for name in NOTED {
                let (_, ids) = out.pointer(&root, &folder.join(name));
                out.remembered.extend(ids);
            }
            if !folder.as_os_str().is_empty() {
                out.linked(&root, folder.clone(), stop)?;
            }
            for log in out.files(&root, &folder.join("logs"), stop)? {
                if !logs.contains(&log) {
                    logs.push(log);
                }
            }
        }
        for log in logs {
            out.remembered.extend(moves(&root, &log, &mut left));
        }
        let mut seen = BTreeSet::new();
        out.remembered.retain(|id| seen.insert(id.clone()));
        out.remembered.truncate(MAX_TIPS);
        Ok(out)
    }

    /// What is of one linked working tree alone.
    fn linked(
        &mut self,
        root: &Beneath,
        folder: PathBuf,
        stop: &CancellationToken,
    ) -> Result<(), git::Error> {
        let name = |path: &Path| path.to_string_lossy().into_owned();
        let mut files = self.files(root, &folder.join("refs"), stop)?;
        files.push(folder.join("HEAD"));
        let mut head = String::new();
        for file in files {
            let (at, ids) = self.pointer(root, &file);
            head = at.unwrap_or_else(|| name(&file));
            self.tips.extend(ids.into_iter().map(|id| Tip { name: name(&file), id }));
        }
        self.linked.push((folder, head));
        Ok(())
    }

    /// What a file says of where something is: the name of a reference, or commits. Nothing where it isn't there.
    fn pointer(&mut self, root: &Beneath, path: &Path) -> (Option<String>, Vec<CommitId>) {
        match root.read(path, MAX_POINTER) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let name = text.strip_prefix("ref:").map(|name| name.trim().to_owned());
                (name, text.lines().filter_map(|line| CommitId::parse(line.get(..40)?)).collect())
            }
            Err(error) => {
                self.miss(&error);
                (None, Vec::new())
            }
        }
    }

    /// The files in a folder and in those within it, as far as they are looked at.
    fn files(
        &mut self,
        root: &Beneath,
        folder: &Path,
        stop: &CancellationToken,
    ) -> Result<Vec<PathBuf>, git::Error> {
        let mut bound = Bound::new(MAX_FILES.0, MAX_FILES.1, stop);
        let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
        while let Some(folder) = folders.pop() {
            let names = match root.list(&folder, bound.paths()) {
                Ok(names) => names,
                Err(error) => {
                    self.miss(&error);
                    continue;
                }
            };
            for (name, found) in names {
                let path = folder.join(name);
                match bound.spend(&path) {
                    Err(git::Error::TooMuch) => {
                        let says = || format!("`{}` has more in it than is looked at", folder.display());
                        self.unread.get_or_insert_with(says);
                        return Ok(files);
                    }
                    other => other?,
                }
                match found {
                    Found::Folder => folders.push(path),
                    Found::File { .. } | Found::Link(_) | Found::Special => files.push(path),
                }
            }
        }
        Ok(files)
    }

    /// Takes note that something can't be read, unless it simply isn't there.
    fn miss(&mut self, error: &fs::Error) {
        if !error.is_not_found() {
            self.unread.get_or_insert_with(|| error.to_string());
        }
    }
}

/// What the log of a reference tells of where that was, newest first. One that isn't there, or is no log, tells nothing.
fn moves(root: &Beneath, log: &Path, left: &mut u64) -> Vec<CommitId> {
    let Ok(mut file) = root.file(log) else { return Vec::new() };
    let len = file.metadata().map_or(0, |meta| meta.len());
    let most = len.min(MAX_LOG).min(*left);
    let mut text = Vec::new();
    if file.seek(SeekFrom::Start(len - most)).and_then(|_| file.take(most).read_to_end(&mut text)).is_err() {
        return Vec::new();
    }
    *left -= most;
    let text = String::from_utf8_lossy(&text);
    let moved = text.lines().rev().filter_map(|line| line.split(' ').nth(1).and_then(CommitId::parse));
    moved.filter(|id| id.as_str().bytes().any(|digit| digit != b'0')).collect()
}

/// Whether a tip is where a working tree is, rather than a reference with a name of its own.
pub(super) fn is_head(tip: &Tip) -> bool {
    tip.name == "HEAD" || tip.name.starts_with("worktrees/") && tip.name.ends_with("/HEAD")
}

/// Time that several steps share.
pub(super) struct Patience(Pin<Box<Sleep>>);

impl Patience {
    /// What there is for reading what a repository has.
    pub(super) fn reading() -> Self {
        Self(Box::pin(tokio::time::sleep(READING)))
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

/// What an object that isn't there says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// The repository is damaged.
    Tell,
    /// Git has forgotten it.
    Forgotten,
}

/// Those of some commits that the mirror doesn't have, each with a reference for it.
fn lacking(site: &Site<'_>, ids: &[CommitId], below: &str) -> Result<Vec<(String, String)>, Error> {
    let mut out = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        if !site.mirror.repo().has(id)? {
            out.push((id.to_string(), format!("{below}/{n}")));
        }
    }
    Ok(out)
}

/// Fetches objects, each into its reference; all at once, and one by one where that fails. Why one couldn't be read.
pub(super) async fn fetch(
    (site, reader): (&Site<'_>, &Reader),
    wanted: &[(String, String)],
    missing: Missing,
    patience: &mut Patience,
) -> Result<Option<String>, Error> {
    let from = reader.foreign();
    let mut why = None;
    let mut steps = vec![wanted];
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
