//! The files of a working tree as an agent left it, one by one: no git reads them, and no link is followed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::salvage::{LeftOut, Why, is_theirs};
use super::{Error, Site};
use crate::adapters::fs::{Beneath, Found};
use crate::adapters::git::{Content, Entry, Kind, Repo, can_be_named};

/// The most files that are looked at.
const MAX_FILES: usize = 1_000_000;

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
    let root = Beneath::open(tree)?;
    let mut scan = Scan::default();
    let mut folders = vec![PathBuf::new()];
    // One level at a time, so that git is asked once a level and what is ignored is never entered.
    while !folders.is_empty() {
        let mut level = Vec::new();
        for folder in folders.drain(..) {
            match root.list(&folder) {
                Ok(names) => level.extend(names.into_iter().map(|(name, found)| (folder.join(name), found))),
                Err(_) => scan.leave_out(folder, Why::Unreadable, 0),
            }
        }
        let paths: Vec<PathBuf> = level.iter().map(|(path, _)| path.clone()).collect();
        let ignored: BTreeSet<PathBuf> = match site.mirror.ignored(site.access, tree, &paths).await {
            Ok(ignored) => ignored.into_iter().collect(),
            // Where the tree makes git fail, too much is saved rather than too little.
            Err(error) if is_theirs(&error) => BTreeSet::new(),
            Err(error) => return Err(error.into()),
        };
        for (path, found) in level {
            if path == Path::new(".git") || ignored.contains(&path) && !known.contains(path.as_path()) {
                continue;
            }
            folders.extend(scan.admit(path, found));
        }
    }
    Ok(scan)
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
        } else if self.files.len() >= MAX_FILES {
            Some(Why::TooMuch)
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
    for (bytes, path, kind) in wanted {
        let room = cap.saturating_sub(files.bytes);
        let kept = if bytes > cap { Err(Why::TooMuch) } else { keep(repo, &root, &path, cap, room)? };
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
