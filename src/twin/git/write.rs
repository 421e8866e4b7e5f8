//! Writing commits and moving refs.

use gix::ObjectId;
use gix::bstr::BString;
use gix::objs::tree::EntryKind;
use gix::refs::Target;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use jiff::Timestamp;

use super::read::Files;
use super::{Bare, Error, object};

/// A commit to be made.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// The parents; the first one's tree is what is changed.
    pub(crate) parents: Vec<String>,
    pub(crate) additions: Vec<(String, Vec<u8>)>,
    pub(crate) deletions: Vec<String>,
    pub(crate) message: String,
    /// A login.
    pub(crate) author: String,
    pub(crate) at: Timestamp,
}

/// Where a ref must be for it to be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Anywhere, or nowhere.
    Any,
    /// It must not exist.
    Absent,
    /// It must be at this commit.
    At(String),
}

fn parse(sha: &str) -> Result<ObjectId, Error> {
    ObjectId::from_hex(sha.as_bytes()).map_err(|_| Error::Stale)
}

impl Bare {
    /// Writes a commit; no ref moves.
    pub(crate) fn write_commit(&self, draft: &Draft) -> Result<String, Error> {
        let write = object("write a tree");
        let base = match draft.parents.first() {
            Some(parent) => self.git.find_commit(parse(parent)?).map_err(&write)?.tree().map_err(&write)?,
            None => self.git.empty_tree(),
        };
        let mut editor = base.edit().map_err(&write)?;
        for path in &draft.deletions {
            editor.remove(path).map_err(&write)?;
        }
        for (path, bytes) in &draft.additions {
            let blob = self.git.write_blob(bytes).map_err(&write)?;
            let there = base.lookup_entry_by_path(path).map_err(&write)?.map(|entry| entry.mode().kind());
            // A file that can be run stays one.
            let kind = there.filter(|kind| *kind == EntryKind::BlobExecutable).unwrap_or(EntryKind::Blob);
            editor.upsert(path, kind, blob).map_err(&write)?;
        }
        let tree = editor.write().map_err(&write)?.detach();
        self.commit_tree(tree, draft)
    }

    /// Writes a commit whose tree holds exactly these files.
    pub(crate) fn write_files(&self, files: &Files, draft: &Draft) -> Result<String, Error> {
        let write = object("write a tree");
        let mut editor = self.git.empty_tree().edit().map_err(&write)?;
        for (path, leaf) in files {
            editor.upsert(path, leaf.kind, leaf.id).map_err(&write)?;
        }
        let tree = editor.write().map_err(&write)?.detach();
        self.commit_tree(tree, draft)
    }

    fn commit_tree(&self, tree: ObjectId, draft: &Draft) -> Result<String, Error> {
        let parents = draft.parents.iter().map(|sha| parse(sha)).collect::<Result<Vec<_>, _>>()?;
        let time = format!("{} +0000", draft.at.as_second());
        let email = format!("{}@users.noreply.github.com", draft.author);
        let who = gix::actor::SignatureRef {
            name: draft.author.as_str().into(),
            email: email.as_str().into(),
            time: &time,
        };
        let commit = self
            .git
            .new_commit_as(who, who, &draft.message, tree, parents)
            .map_err(object("write a commit"))?;
        Ok(commit.id.to_string())
    }

    /// Creates, moves or (with `new` unset) deletes a ref, comparing and swapping.
    pub(crate) fn set_ref(&self, name: &str, new: Option<&str>, expected: &Expected) -> Result<(), Error> {
        let log = LogChange {
            mode: RefLog::AndReference,
            force_create_reflog: false,
            message: BString::from("twin"),
        };
        let expected = match expected {
            Expected::Any if new.is_none() => PreviousValue::MustExist,
            Expected::Any => PreviousValue::Any,
            Expected::Absent => PreviousValue::MustNotExist,
            Expected::At(sha) => PreviousValue::MustExistAndMatch(Target::Object(parse(sha)?)),
        };
        let change = match new {
            Some(sha) => Change::Update { log, expected, new: Target::Object(parse(sha)?) },
            None => Change::Delete { expected, log: RefLog::AndReference },
        };
        let name = name.try_into().map_err(|_| Error::Stale)?;
        let who =
            gix::actor::SignatureRef { name: "twin".into(), email: "twin@localhost".into(), time: "0 +0000" };
        let edit = RefEdit { change, name, deref: false };
        match self.git.edit_references_as([edit], Some(who)) {
            Ok(_) => Ok(()),
            Err(error) if error.is_conflict() => Err(Error::Stale),
            Err(source) => Err(Error::Object { doing: "move a ref", source }),
        }
    }
}
