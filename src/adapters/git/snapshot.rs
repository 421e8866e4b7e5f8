//! A folder's files as a commit: written file by file, without an index, a working tree or a filter.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::bstr::BString;
use gix::objs::tree::EntryKind as Raw;
use gix::validate::path::component as validate;
use gix::validate::path::component::{Mode, Options};
use jiff::Timestamp;

use super::child::{classify, git};
use super::foreign::MEMORY;
use super::repo::{commit_id, object_id};
use super::write::{raw, raw_time};
use super::{Access, Error, Mirror, Repo, Signature};
use crate::model::CommitId;

/// The content of a file, by what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Content(pub(super) ObjectId);

impl Content {
    /// The content that these bytes are.
    ///
    /// # Errors
    /// When it can't be named.
    pub fn of(bytes: &[u8]) -> Result<Self, Error> {
        let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, bytes);
        id.map(Self).map_err(|source| Error::Repository {
            action: "name a content",
            path: PathBuf::new(),
            source,
        })
    }
}

/// What a path in a commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A file that is run.
    Executable,
    /// A symbolic link; its content is where it leads to.
    Link,
    /// Another repository's commit.
    Repository,
}

/// A path in a commit, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From the root.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// Its content.
    pub content: Content,
}

/// A commit to be written that has these files and no other.
#[derive(Clone, Debug)]
pub struct Snapshot<'a> {
    /// Its files.
    pub entries: &'a [Entry],
    /// What it is based on.
    pub parents: &'a [CommitId],
    /// Who it is by.
    pub by: &'a Signature,
    /// When it is made.
    pub at: Timestamp,
    /// Its message.
    pub message: &'a str,
}

/// Whether a commit can have a file of this name: `.git` in any spelling, and a link called `.gitmodules`, it can't.
pub fn can_be_named(name: &OsStr, kind: Kind) -> bool {
    let mode = matches!(kind, Kind::Link).then_some(Mode::Symlink);
    let options = Options { protect_windows: false, protect_hfs: true, protect_ntfs: true };
    validate(name.as_bytes().into(), mode, options).is_ok()
}

impl Repo {
    /// The content of these bytes, and whether the repository holds it. Nothing is written.
    ///
    /// # Errors
    /// When it can't be told.
    pub fn content(&self, bytes: &[u8]) -> Result<(Content, bool), Error> {
        let repo = self.local();
        let id = gix::objs::compute_hash(repo.object_hash(), gix::objs::Kind::Blob, bytes);
        let id = id.map_err(|e| self.failed("name a content")(e))?;
        Ok((Content(id), repo.has_object(id)))
    }

    /// Whether the repository holds a content, and it is one: an object of another kind isn't.
    ///
    /// # Errors
    /// When it can't be told.
    pub fn has_content(&self, content: Content) -> Result<bool, Error> {
        let repo = self.local();
        let found = repo.try_find_header(content.0).map_err(self.failed("look up a content"))?;
        Ok(found.is_some_and(|header| header.kind() == gix::objs::Kind::Blob))
    }

    /// Writes a content.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write_content(&self, bytes: &[u8]) -> Result<Content, Error> {
        let repo = self.local();
        let written = repo.write_blob(bytes).map_err(self.failed("write a content"))?;
        Ok(Content(written.detach()))
    }

    /// How many bytes a content has. It isn't unpacked for that.
    ///
    /// # Errors
    /// When it isn't there, or is damaged.
    pub fn content_size(&self, content: Content) -> Result<u64, Error> {
        let repo = self.local();
        let header = repo.find_header(content.0).map_err(self.failed("read a content"))?;
        Ok(header.size())
    }

    /// The bytes of a content.
    ///
    /// # Errors
    /// When it isn't there, or is damaged.
    pub fn read_content(&self, content: Content) -> Result<Vec<u8>, Error> {
        let repo = self.local();
        let mut object = repo.find_object(content.0).map_err(self.failed("read a content"))?;
        Ok(std::mem::take(&mut object.data))
    }

    /// Writes a commit of exactly these files; no reference moves.
    ///
    /// # Errors
    /// When a name can't be in a commit, or objects can't be written.
    pub fn write_snapshot(&self, new: &Snapshot<'_>) -> Result<CommitId, Error> {
        let repo = self.local();
        let failed = || self.failed("write a commit");
        let mut editor = repo.empty_tree().edit().map_err(failed())?;
        for entry in new.entries {
            let kind = match entry.kind {
                Kind::File => Raw::Blob,
                Kind::Executable => Raw::BlobExecutable,
                Kind::Link => Raw::Link,
                Kind::Repository => Raw::Commit,
            };
            let path = BString::from(entry.path.as_os_str().as_bytes());
            editor.upsert(&path, kind, entry.content.0).map_err(failed())?;
        }
        let tree = editor.write().map_err(failed())?;
        let time = raw_time(new.at);
        let who = raw(new.by, &time);
        let parents = new.parents.iter().map(object_id);
        let commit = repo.new_commit_as(who, who, new.message, tree, parents).map_err(failed())?;
        Ok(commit_id(commit.id))
    }
}

impl Mirror {
    /// Which of these paths of a working tree its `.gitignore` files leave out, whatever is committed. Only those files
    /// are read; no configuration of the tree's own repository is.
    ///
    /// # Errors
    /// When git can't tell.
    pub async fn ignored(
        &self,
        access: &Access,
        tree: &Path,
        paths: &[PathBuf],
    ) -> Result<Vec<PathBuf>, Error> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let mut work_tree = OsString::from("--work-tree=");
        work_tree.push(tree);
        let mut lines = Vec::new();
        for path in paths {
            // A name that begins with a colon would be taken for a pattern.
            lines.extend_from_slice(b"./");
            lines.extend_from_slice(path.as_os_str().as_bytes());
            lines.push(0);
        }
        let command = git(self.repo().place(), "", access)
            .arg(work_tree)
            .args(["check-ignore", "--no-index", "--stdin", "-z"])
            .folder(tree)
            .output_limit(lines.len() + 1)
            .memory_limit(MEMORY)
            .stdin(lines);
        let output = command.run().await.map_err(Error::Process)?;
        // 1 says that none is ignored.
        if !matches!(output.status.code(), Some(0 | 1)) {
            return Err(classify("read what is ignored in", &tree.display().to_string(), &output));
        }
        let names = output.stdout.split(|b| *b == 0).filter_map(|name| name.strip_prefix(b"./"));
        Ok(names.map(|name| PathBuf::from(OsStr::from_bytes(name))).collect())
    }

    /// Those of some commits that no branch, pull request or run leads to, none of `kept`, and none of the others.
    ///
    /// # Errors
    /// When git can't tell.
    pub async fn unkept(
        &self,
        access: &Access,
        commits: &[CommitId],
        kept: &[CommitId],
    ) -> Result<Vec<CommitId>, Error> {
        if commits.is_empty() {
            return Ok(Vec::new());
        }
        let all: Vec<&str> = ["rev-list"]
            .into_iter()
            .chain(commits.iter().map(CommitId::as_str))
            .chain(["--not", "--glob=refs/heads/*", "--glob=refs/pull/*", "--glob=refs/runs/*"])
            .chain(kept.iter().map(CommitId::as_str))
            .collect();
        let lost = self.commits(access, &all).await?;
        let lost: BTreeSet<CommitId> = lost.into_iter().collect();
        let tips: Vec<&str> = commits.iter().filter(|id| lost.contains(id)).map(CommitId::as_str).collect();
        if tips.len() < 2 {
            return Ok(tips.into_iter().filter_map(CommitId::parse).collect());
        }
        let args = [vec!["merge-base", "--independent"], tips].concat();
        self.commits(access, &args).await
    }

    async fn commits(&self, access: &Access, args: &[&str]) -> Result<Vec<CommitId>, Error> {
        let command = git(self.repo().place(), "", access).args(args);
        let output = command.run().await.map_err(Error::Process)?;
        if !output.status.success() {
            return Err(classify("read the history in", &self.repo().place().display().to_string(), &output));
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(CommitId::parse).collect())
    }
}
