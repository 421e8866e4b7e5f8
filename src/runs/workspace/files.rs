//! The files of a working tree as an agent left it, one by one: no git reads them, and no link is followed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

use super::salvage::{LeftOut, Why, is_theirs};
use super::{Error, Site};
use crate::adapters::fs::{Beneath, Found};
use crate::adapters::git::{self, Bound, Content, Entry, Kind, Repo, can_be_named};

/// The most names that are looked at.
const MAX_NAMES: usize = 1_000_000;
/// The most bytes that their paths may have together.
const MAX_BYTES: usize = 128 << 20;
/// The most folders that lie within each other; git is asked once for each level.
const MAX_DEPTH: usize = 100;
/// The most bytes of the path of a folder that is looked into, so that the system can name what is in it.
const MAX_PATH: usize = 2_000;
/// How long git is asked, in all, what is ignored.
const ASKING: Duration = Duration::from_secs(30);
/// The most files that are written which the repository doesn't have.
const MAX_WRITTEN: usize = 100_000;
/// The most bytes of files that are read, those included which the repository has.
const MAX_READ: u64 = 8 << 30;

/// What is in a tree, before it is read.
#[derive(Debug, Default)]
pub(super) struct Scan {
    files: Vec<(PathBuf, Found)>,
    left_out: Vec<LeftOut>,
}

/// What was saved of a tree.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// All its files.
    pub(super) entries: Vec<Entry>,
    /// How many the repository did not have before.
    pub(super) written: usize,
    /// How many bytes those have.
    pub(super) bytes: u64,
    /// What is not in it.
    pub(super) left_out: Vec<LeftOut>,
}

/// Looks at what is in a tree. What its `.gitignore` files leave out is passed over, unless it is `tracked`.
pub(super) async fn scan(site: &Site<'_>, tree: &Path, tracked: &[Entry]) -> Result<Scan, Error> {
    let known: BTreeSet<&Path> = tracked.iter().flat_map(|entry| entry.path.ancestors()).collect();
    let bound = Bound::new(MAX_NAMES, MAX_BYTES, site.stop);
    let mut walk =
        Walk { root: Beneath::open(tree)?, bound, folders: vec![PathBuf::new()], scan: Scan::default() };
    let mut asking = Some(Box::pin(tokio::time::sleep(ASKING)));
    // One level at a time, so that git is asked once a level and what is ignored is never entered.
    while !walk.folders.is_empty() {
        let (walked, level) = spawn_blocking(move || {
            let level = walk.level();
            (walk, level)
        })
        .await?;
        walk = walked;
        let level = level?;
        // Git would wait for whoever writes into a pipe.
        if level.iter().any(|(path, found)| path.ends_with(".gitignore") && *found == Found::Special) {
            asking = None;
        }
        let paths: Vec<PathBuf> = level.iter().map(|(path, _)| path.clone()).collect();
        let ignored = ignored(site, tree, &paths, &mut asking).await?;
        for (path, found) in level {
            if path == Path::new(".git") || ignored.contains(&path) && !known.contains(path.as_path()) {
                continue;
            }
            let folder = walk.scan.admit(path, found);
            if !walk.is_full() {
                walk.folders.extend(folder);
            }
        }
    }
    Ok(walk.scan)
}

/// Those of some paths that are ignored. Where the tree makes git fail, or keeps it busy, it isn't asked again: too much is
/// saved rather than too little.
async fn ignored(
    site: &Site<'_>,
    tree: &Path,
    paths: &[PathBuf],
    asking: &mut Option<Pin<Box<Sleep>>>,
) -> Result<BTreeSet<PathBuf>, Error> {
    let Some(patience) = asking else { return Ok(BTreeSet::new()) };
    let answer = tokio::select! {
        answer = site.mirror.ignored(site.access, tree, paths) => Some(answer),
        () = patience.as_mut() => None,
    };
    match answer {
        Some(Ok(ignored)) => return Ok(ignored.into_iter().collect()),
        Some(Err(error)) if !is_theirs(&error) => return Err(error.into()),
        Some(Err(_)) | None => *asking = None,
    }
    Ok(BTreeSet::new())
}

/// A look at a tree that is under way.
struct Walk {
    root: Beneath,
    bound: Bound,
    /// Those that are still to be looked into.
    folders: Vec<PathBuf>,
    scan: Scan,
}

impl Walk {
    /// What lies in the folders that are still to be looked into, as far as the bound allows.
    fn level(&mut self) -> Result<Vec<(PathBuf, Found)>, git::Error> {
        let mut level = Vec::new();
        for folder in std::mem::take(&mut self.folders) {
            let Ok(names) = self.root.list(&folder, self.bound.paths()) else {
                self.scan.leave_out(folder, Why::Unreadable, 0);
                continue;
            };
            for (name, found) in names {
                let path = folder.join(name);
                match self.bound.spend(&path) {
                    Ok(()) => level.push((path, found)),
                    Err(git::Error::TooMuch) => {
                        self.scan.leave_out(PathBuf::new(), Why::TooMany, 0);
                        return Ok(level);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(level)
    }

    /// Whether more is there than is looked at.
    fn is_full(&self) -> bool {
        self.scan.left_out.iter().any(|left| left.path.as_os_str().is_empty() && left.why == Why::TooMany)
    }
}

impl Scan {
    fn leave_out(&mut self, path: PathBuf, why: Why, bytes: u64) {
        self.left_out.push(LeftOut { path, why, bytes });
    }

    /// Takes note of what lies at a path; gives it back when it is a folder to look into.
    fn admit(&mut self, path: PathBuf, found: Found) -> Option<PathBuf> {
        let bytes = match &found {
            Found::File { bytes, .. } => *bytes,
            Found::Folder | Found::Link(_) | Found::Special => 0,
        };
        let kind = if matches!(found, Found::Link(_)) { Kind::Link } else { Kind::File };
        let why = if !can_be_named(path.file_name().unwrap_or(OsStr::new("")), kind) {
            Some(Why::Name)
        } else if found == Found::Special {
            Some(Why::Special)
        } else if found == Found::Folder
            && (path.components().count() >= MAX_DEPTH || path.as_os_str().len() > MAX_PATH)
        {
            Some(Why::TooDeep)
        } else {
            None
        };
        match (why, found) {
            (Some(why), _) => self.leave_out(path, why, bytes),
            (None, Found::Folder) => return Some(path),
            (None, found) => self.files.push((path, found)),
        }
        None
    }
}

/// Writes the content of what was found, up to `cap` bytes that the repository doesn't have yet: the smallest files
/// first. Where a file is left out, or another repository was, the commit has what is `tracked`.
pub(super) fn write(
    repo: &Repo,
    tree: &Path,
    scan: Scan,
    tracked: &[Entry],
    cap: u64,
    stop: &CancellationToken,
) -> Result<Files, Error> {
    let root = Beneath::open(tree)?;
    let mut files = Files { left_out: scan.left_out, ..Files::default() };
    let mut wanted: Vec<(u64, PathBuf, Kind)> = Vec::new();
    for (path, found) in scan.files {
        match found {
            Found::Link(to) => {
                let content = repo.write_content(&to)?;
                files.entries.push(Entry { path, kind: Kind::Link, content });
            }
            Found::File { bytes, executable } => {
                wanted.push((bytes, path, if executable { Kind::Executable } else { Kind::File }));
            }
            Found::Folder | Found::Special => {}
        }
    }
    wanted.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let mut read = 0_u64;
    for (bytes, path, kind) in wanted {
        if stop.is_cancelled() {
            return Err(git::Error::Stopped.into());
        }
        let room = if files.written < MAX_WRITTEN { cap.saturating_sub(files.bytes) } else { 0 };
        let is_too_much = bytes > cap || read.saturating_add(bytes) > MAX_READ;
        let kept = if is_too_much { Err(Why::TooMuch) } else { keep(repo, &root, &path, cap, room)? };
        read = read.saturating_add(bytes);
        match kept {
            Ok((content, written)) => {
                files.written += usize::from(written.is_some());
                files.bytes += written.unwrap_or(0);
                files.entries.push(Entry { path, kind, content });
            }
            Err(why) => files.left_out.push(LeftOut { path, why, bytes }),
        }
    }
    files.complete(tracked);
    Ok(files)
}

/// A file's content, and how many bytes were written for it if the repository didn't have it; or why it is left out.
fn keep(
    repo: &Repo,
    root: &Beneath,
    path: &Path,
    cap: u64,
    room: u64,
) -> Result<Result<(Content, Option<u64>), Why>, Error> {
    let Ok(file) = root.file(path) else { return Ok(Err(Why::Unreadable)) };
    let mut bytes = Vec::new();
    if file.take(cap + 1).read_to_end(&mut bytes).is_err() {
        return Ok(Err(Why::Unreadable));
    }
    let len = bytes.len() as u64;
    if len > cap {
        return Ok(Err(Why::TooMuch));
    }
    let (content, held) = repo.content(&bytes)?;
    if held {
        return Ok(Ok((content, None)));
    }
    if len > room {
        return Ok(Err(Why::TooMuch));
    }
    Ok(Ok((repo.write_content(&bytes)?, Some(len))))
}

impl Files {
    /// Adds what is tracked where nothing could be read, so that it doesn't look removed.
    fn complete(&mut self, tracked: &[Entry]) {
        let mut all: BTreeMap<PathBuf, Entry> =
            self.entries.drain(..).map(|entry| (entry.path.clone(), entry)).collect();
        let occupied: BTreeSet<PathBuf> =
            all.keys().flat_map(|path| path.ancestors()).map(Path::to_owned).collect();
        let left_out: BTreeSet<&Path> = self.left_out.iter().map(|left| left.path.as_path()).collect();
        for entry in tracked {
            let unread = entry.path.ancestors().any(|path| left_out.contains(path));
            let blocked = entry.path.ancestors().skip(1).any(|path| all.contains_key(path));
            if (unread || entry.kind == Kind::Repository) && !occupied.contains(&entry.path) && !blocked {
                all.insert(entry.path.clone(), entry.clone());
            }
        }
        self.entries = all.into_values().collect();
    }
}
