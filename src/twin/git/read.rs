//! Reading refs, commits, trees and differences.

use std::collections::BTreeMap;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::objs::tree::EntryKind;
use jiff::Timestamp;
use similar::{ChangeTag, TextDiff};

use super::{Bare, Error, at, object};

/// What a commit says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommitInfo {
    pub(crate) sha: String,
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    pub(crate) author: String,
    pub(crate) email: String,
    pub(crate) committer: String,
    pub(crate) committer_email: String,
    pub(crate) at: Timestamp,
    pub(crate) message: String,
}

/// A file or a folder in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blob {
    pub(crate) path: String,
    pub(crate) sha: String,
    pub(crate) size: u64,
    pub(crate) is_tree: bool,
}

/// How one file differs between two commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileChange {
    pub(crate) path: String,
    /// The path before, of a renamed file.
    pub(crate) was: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) additions: usize,
    pub(crate) deletions: usize,
    pub(crate) sha: String,
    pub(crate) patch: String,
}

/// What stands at a path of a tree: a file, one that can be run, a link, or a submodule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) id: ObjectId,
    pub(crate) kind: EntryKind,
}

/// The files of a tree by path.
pub(crate) type Files = BTreeMap<String, Leaf>;

impl Bare {
    /// Refs that begin with this prefix, by name.
    pub(crate) fn refs(&self, prefix: &str) -> Result<Vec<(String, String)>, Error> {
        let platform = self.git.references().map_err(object("list refs"))?;
        let mut found = Vec::new();
        for reference in platform.all().map_err(object("list refs"))? {
            let Ok(mut reference) = reference else { continue }; // deleted while we looked
            let name = reference.name().as_bstr().to_str_lossy().into_owned();
            if name.starts_with(prefix) {
                let id = reference.peel_to_id().map_err(object("follow a ref"))?;
                found.push((name, id.to_string()));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Where a full ref name points.
    pub(crate) fn tip(&self, name: &str) -> Result<Option<String>, Error> {
        // A name that no ref can have is a ref that doesn't exist.
        let Ok(found) = self.git.try_find_reference(name) else { return Ok(None) };
        let Some(mut found) = found else { return Ok(None) };
        if found.name().as_bstr() != name {
            return Ok(None);
        }
        Ok(Some(found.peel_to_id().map_err(object("follow a ref"))?.to_string()))
    }

    /// The commit that a branch, a tag, a ref or an object id means.
    pub(crate) fn resolve(&self, revision: &str) -> Result<Option<String>, Error> {
        for candidate in [
            format!("refs/heads/{revision}"),
            format!("refs/tags/{revision}"),
            format!("refs/{revision}"),
            revision.to_owned(),
        ] {
            if candidate.starts_with("refs/")
                && let Some(sha) = self.tip(&candidate)?
            {
                return Ok(Some(sha));
            }
        }
        let Ok(id) = ObjectId::from_hex(revision.as_bytes()) else { return Ok(None) };
        Ok(self.git.find_commit(id).ok().map(|commit| commit.id.to_string()))
    }

    /// A commit by object id.
    pub(crate) fn commit(&self, sha: &str) -> Result<Option<CommitInfo>, Error> {
        let Ok(id) = ObjectId::from_hex(sha.as_bytes()) else { return Ok(None) };
        let Ok(commit) = self.git.find_commit(id) else { return Ok(None) };
        let decode = object("decode a commit");
        let author = commit.author().map_err(&decode)?;
        let committer = commit.committer().map_err(&decode)?;
        Ok(Some(CommitInfo {
            sha: commit.id.to_string(),
            tree: commit.tree_id().map_err(&decode)?.to_string(),
            parents: commit.parent_ids().map(|id| id.to_string()).collect(),
            author: author.name.to_str_lossy().into_owned(),
            email: author.email.to_str_lossy().into_owned(),
            committer: committer.name.to_str_lossy().into_owned(),
            committer_email: committer.email.to_str_lossy().into_owned(),
            at: at(commit.time().map_err(&decode)?),
            message: commit.message_raw().map_err(&decode)?.to_str_lossy().trim_end().to_owned(),
        }))
    }

    /// A commit and its ancestors, newest first; stops at `without` and its ancestors.
    pub(crate) fn history(&self, sha: &str, without: Option<&str>) -> Result<Vec<CommitInfo>, Error> {
        let walk = object("walk the history");
        let parse = |sha: &str| ObjectId::from_hex(sha.as_bytes()).ok();
        let Some(start) = parse(sha) else { return Ok(Vec::new()) };
        let platform = self.git.rev_walk([start]).with_hidden(without.and_then(parse)).sorting(
            gix::revision::walk::Sorting::ByCommitTime(
                gix::traverse::commit::simple::CommitTimeOrder::NewestFirst,
            ),
        );
        let mut found = Vec::new();
        for info in platform.all().map_err(&walk)? {
            let info = info.map_err(&walk)?;
            found.extend(self.commit(&info.id.to_string())?);
        }
        Ok(found)
    }

    /// The best common ancestor.
    pub(crate) fn merge_base(&self, one: &str, two: &str) -> Result<Option<String>, Error> {
        let (Ok(one), Ok(two)) = (ObjectId::from_hex(one.as_bytes()), ObjectId::from_hex(two.as_bytes()))
        else {
            return Ok(None);
        };
        let base = self.git.merge_base(one, two).map_err(object("find the merge base"))?;
        Ok(base.map(|id| id.to_string()))
    }

    /// All files of a commit.
    pub(crate) fn files(&self, sha: &str) -> Result<Files, Error> {
        let read = object("read a tree");
        let Ok(id) = ObjectId::from_hex(sha.as_bytes()) else { return Ok(Files::new()) };
        let tree = self.git.find_commit(id).map_err(&read)?.tree().map_err(&read)?;
        let entries = tree.traverse().breadthfirst.files().map_err(&read)?;
        Ok(entries
            .into_iter()
            .filter(|entry| !entry.mode.is_tree())
            .map(|entry| {
                let leaf = Leaf { id: entry.oid, kind: entry.mode.kind() };
                (entry.filepath.to_str_lossy().into_owned(), leaf)
            })
            .collect())
    }

    /// The bytes of a blob.
    pub(crate) fn bytes(&self, id: ObjectId) -> Result<Vec<u8>, Error> {
        let mut blob = self.git.find_blob(id).map_err(object("read a blob"))?;
        Ok(blob.take_data())
    }

    /// What a file says, as Git shows it in a diff.
    fn text(&self, leaf: Leaf) -> Result<String, Error> {
        if leaf.kind == EntryKind::Commit {
            return Ok(format!("Subproject commit {}\n", leaf.id));
        }
        Ok(String::from_utf8_lossy(&self.bytes(leaf.id)?).into_owned())
    }

    /// A file with its bytes, or what a folder holds.
    pub(crate) fn at_path(&self, sha: &str, path: &str) -> Result<Found, Error> {
        let read = object("read a tree");
        let Ok(id) = ObjectId::from_hex(sha.as_bytes()) else { return Ok(Found::Nothing) };
        let Ok(commit) = self.git.find_commit(id) else { return Ok(Found::Nothing) };
        let mut tree = commit.tree().map_err(&read)?;
        if !path.is_empty() {
            let Some(entry) = tree.lookup_entry_by_path(path).map_err(&read)? else {
                return Ok(Found::Nothing);
            };
            if entry.mode().is_commit() {
                return Ok(Found::Nothing);
            }
            if !entry.mode().is_tree() {
                let bytes = self.bytes(entry.object_id())?;
                let sha = entry.object_id().to_string();
                let size = bytes.len() as u64;
                return Ok(Found::File(Blob { path: path.to_owned(), sha, size, is_tree: false }, bytes));
            }
            tree = entry.object().map_err(&read)?.into_tree();
        }
        let mut listing = Vec::new();
        for entry in tree.iter() {
            let entry = entry.map_err(&read)?;
            let name = entry.filename().to_str_lossy().into_owned();
            let is_tree = entry.mode().is_tree();
            let size = if is_tree || entry.mode().is_commit() {
                0
            } else {
                self.bytes(entry.object_id())?.len() as u64
            };
            let path = if path.is_empty() { name } else { format!("{path}/{name}") };
            listing.push(Blob { path, sha: entry.object_id().to_string(), size, is_tree });
        }
        Ok(Found::Folder(listing))
    }

    /// What files are called in the second commit that the first one has under another name: of those that went, the one that is
    /// most like each that came, where at least half of it is the same.
    fn renames(&self, old: &Files, new: &Files) -> Result<BTreeMap<String, String>, Error> {
        let mut likeness = Vec::new();
        for (came, now) in new.iter().filter(|(path, _)| !old.contains_key(*path)) {
            for (went, before) in old.iter().filter(|(path, _)| !new.contains_key(*path)) {
                let ratio = if now == before {
                    1.0
                } else {
                    TextDiff::from_lines(&self.text(*before)?, &self.text(*now)?).ratio()
                };
                if ratio >= 0.5 {
                    likeness.push((ratio, came, went));
                }
            }
        }
        likeness.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
        let mut renames = BTreeMap::new();
        for (_, came, went) in likeness {
            if !renames.contains_key(came) && !renames.values().any(|taken| taken == went) {
                renames.insert(came.clone(), went.clone());
            }
        }
        Ok(renames)
    }

    /// The files that differ between two commits, as GitHub tells it: a file that was renamed by its new path.
    pub(crate) fn changes(&self, from: &str, to: &str) -> Result<Vec<FileChange>, Error> {
        let (old, new) = (self.files(from)?, self.files(to)?);
        let renames = self.renames(&old, &new)?;
        let mut paths: Vec<&String> = old.keys().chain(new.keys()).collect();
        paths.sort();
        paths.dedup();
        let mut changes = Vec::new();
        for path in paths {
            if renames.values().any(|went| went == path) {
                continue;
            }
            let was = renames.get(path);
            let (before, after) = (old.get(was.unwrap_or(path)), new.get(path));
            if before == after && was.is_none() {
                continue;
            }
            let text = |leaf: Option<&Leaf>| leaf.map_or_else(|| Ok(String::new()), |leaf| self.text(*leaf));
            let (left, right) = (text(before)?, text(after)?);
            let diff = TextDiff::from_lines(&left, &right);
            let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
            changes.push(FileChange {
                path: path.clone(),
                was: was.cloned(),
                status: match (before, after) {
                    (None, _) => "added",
                    (_, None) => "removed",
                    (Some(_), Some(_)) if was.is_some() => "renamed",
                    (Some(_), Some(_)) => "modified",
                },
                additions: count(ChangeTag::Insert),
                deletions: count(ChangeTag::Delete),
                sha: after.or(before).map_or_else(String::new, |leaf| leaf.id.to_string()),
                patch: diff.unified_diff().context_radius(3).to_string().trim_end().to_owned(),
            });
        }
        Ok(changes)
    }
}

/// What stands at a path.
pub(crate) enum Found {
    /// A file and its bytes.
    File(Blob, Vec<u8>),
    /// A folder and its entries.
    Folder(Vec<Blob>),
    /// Nothing.
    Nothing,
}
