//! Writing: a commit that changes a few paths, and a reference that moves only from where it was expected to be.

use gix::refs::Target;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use jiff::Timestamp;

use super::repo::{commit_id, object_id};
use super::{Error, Repo};
use crate::model::CommitId;

/// Who a commit is by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

impl Signature {
    /// The factory of this name.
    pub fn of_factory(name: &str) -> Self {
        Self { name: format!("factoryctl ({name})"), ..Self::default() }
    }
}

impl Default for Signature {
    /// This program, for no factory in particular.
    fn default() -> Self {
        Self { name: "factoryctl".to_owned(), email: "factoryctl@users.noreply.github.com".to_owned() }
    }
}

/// A commit to be written.
#[derive(Clone, Debug)]
pub struct NewCommit<'a> {
    /// The commit it is based on; `None` starts a history.
    pub parent: Option<&'a CommitId>,
    /// The files it writes, by path from the root; all others stay as they are in the parent.
    pub files: &'a [(String, Vec<u8>)],
    /// Who it is by.
    pub by: &'a Signature,
    /// When it is made.
    pub at: Timestamp,
    /// Its message.
    pub message: &'a str,
}

/// What became of moving a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefUpdate {
    /// It was where it was expected, and moved.
    Moved,
    /// It was somewhere else, and stayed there.
    Elsewhere {
        /// Where it is; `None` when it isn't there at all.
        actual: Option<CommitId>,
    },
}

impl Repo {
    /// Writes a commit and its objects; no reference moves.
    ///
    /// # Errors
    /// When the parent isn't there or objects can't be written.
    pub fn write_commit(&self, new: &NewCommit<'_>) -> Result<CommitId, Error> {
        let repo = self.to_write()?;
        let failed = || self.failed("write a commit");
        let base = match new.parent {
            Some(parent) => self.find_commit(&repo, parent)?.tree().map_err(failed())?,
            None => repo.empty_tree(),
        };
        let mut editor = base.edit().map_err(failed())?;
        for (path, bytes) in new.files {
            let blob = repo.write_blob(bytes).map_err(failed())?;
            editor.upsert(path.as_str(), gix::objs::tree::EntryKind::Blob, blob).map_err(failed())?;
        }
        let tree = editor.write().map_err(failed())?;
        let time = raw_time(new.at);
        let who = raw(new.by, &time);
        let parents = new.parent.map(object_id);
        let commit = repo.new_commit_as(who, who, new.message, tree, parents).map_err(failed())?;
        Ok(commit_id(commit.id))
    }

    /// Moves a reference to `to`, if it is at `expected` (`None`: if it isn't there).
    ///
    /// # Errors
    /// [`Error::RefLocked`] when another process is writing it; when it can't be written.
    pub fn move_reference(
        &self,
        name: &str,
        expected: Option<&CommitId>,
        to: &CommitId,
        by: &Signature,
        at: Timestamp,
        why: &str,
    ) -> Result<RefUpdate, Error> {
        let full = gix::refs::FullName::try_from(name)
            .map_err(|_| Error::UnknownRevision { rev: name.to_owned(), similar: None })?;
        let expected = match expected {
            Some(id) => PreviousValue::MustExistAndMatch(Target::Object(object_id(id))),
            None => PreviousValue::MustNotExist,
        };
        let log = LogChange { mode: RefLog::AndReference, force_create_reflog: false, message: why.into() };
        let change = Change::Update { log, expected, new: Target::Object(object_id(to)) };
        let time = raw_time(at);
        let who = raw(by, &time);
        match self.edit(&[RefEdit { change, name: full, deref: false }], Some(who))? {
            Ok(()) => Ok(RefUpdate::Moved),
            Err(source) if source.is_retryable() => Err(Error::RefLocked { name: name.to_owned(), source }),
            Err(source) => {
                let actual = self.reference(name)?;
                if source.is_conflict() || source.is_not_found() {
                    Ok(RefUpdate::Elsewhere { actual })
                } else {
                    Err(self.failed("move a reference")(source))
                }
            }
        }
    }
}

impl Repo {
    /// Sets a reference of the product's own, wherever it is.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn set_reference(
        &self,
        name: &str,
        to: &CommitId,
        by: &Signature,
        at: Timestamp,
    ) -> Result<(), Error> {
        let full = gix::refs::FullName::try_from(name)
            .map_err(|_| Error::UnknownRevision { rev: name.to_owned(), similar: None })?;
        let log =
            LogChange { mode: RefLog::AndReference, force_create_reflog: false, message: "in force".into() };
        let change = Change::Update { log, expected: PreviousValue::Any, new: Target::Object(object_id(to)) };
        let time = raw_time(at);
        let edit = RefEdit { change, name: full, deref: false };
        self.edit(&[edit], Some(raw(by, &time)))?.map_err(self.failed("set a reference"))
    }

    /// Removes references of the product's own; one that isn't there is no error.
    ///
    /// # Errors
    /// When one stays.
    pub fn remove_references(&self, names: &[String]) -> Result<(), Error> {
        let remove = |name: &String| {
            let name = gix::refs::FullName::try_from(name.as_str())
                .map_err(|_| Error::UnknownRevision { rev: name.clone(), similar: None })?;
            let change = Change::Delete { expected: PreviousValue::Any, log: RefLog::AndReference };
            Ok(RefEdit { change, name, deref: false })
        };
        let edits = names.iter().map(remove).collect::<Result<Vec<_>, Error>>()?;
        self.edit(&edits, None)?.map_err(self.failed("remove references"))
    }
}

pub(super) fn raw_time(at: Timestamp) -> String {
    format!("{} +0000", at.as_second())
}

pub(super) fn raw<'a>(by: &'a Signature, time: &'a str) -> gix::actor::SignatureRef<'a> {
    gix::actor::SignatureRef { name: by.name.as_str().into(), email: by.email.as_str().into(), time }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    #[test]
    fn a_commit_changes_its_paths_only_and_a_reference_moves_only_from_where_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        let one = fixture.put("keep", "k").put("d/change", "1").commit("one");
        let repo = fixture.repo();
        let by = Signature { name: "Factory".into(), email: "f@example.com".into() };
        let at: Timestamp = "2026-02-03T04:05:06Z".parse().unwrap();
        let write = |parent: Option<&CommitId>, path: &str| {
            let files = [(path.to_owned(), b"2".to_vec())];
            repo.write_commit(&NewCommit { parent, files: &files, by: &by, at, message: "two\n" }).unwrap()
        };
        let two = write(Some(&one), "d/change");
        let orphan = write(None, "ledger/x");
        assert_eq!(
            fixture.git(&["diff", "--stat=80", "--format=", one.as_str(), two.as_str()]).lines().count(),
            2
        );
        assert_eq!(fixture.git(&["ls-tree", "-r", "--name-only", orphan.as_str()]), "ledger/x");
        assert_eq!(
            fixture.git(&["log", "-1", "--format=%an %ae %aI %s", two.as_str()]),
            "Factory f@example.com 2026-02-03T04:05:06Z two"
        );
        let name = "refs/heads/factory/ledger";
        let go = |expected: Option<&CommitId>, to: &CommitId| {
            repo.move_reference(name, expected, to, &by, at, "test").unwrap()
        };
        let elsewhere = |actual: Option<&CommitId>| RefUpdate::Elsewhere { actual: actual.cloned() };
        assert_eq!(go(Some(&one), &two), elsewhere(None));
        assert_eq!(go(None, &one), RefUpdate::Moved);
        assert_eq!(go(None, &two), elsewhere(Some(&one)));
        assert_eq!(go(Some(&two), &orphan), elsewhere(Some(&one)));
        assert_eq!(go(Some(&one), &two), RefUpdate::Moved);
        assert_eq!(repo.branch_head("factory/ledger").unwrap(), Some(two));
        fixture.git(&["fsck", "--strict"]);
    }

    #[test]
    fn nothing_is_made_in_the_place_of_a_repository_that_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        let one = fixture.commit("one");
        let (repo, by) = (fixture.repo(), Signature::default());
        let at: Timestamp = "2026-02-03T04:05:06Z".parse().unwrap();
        std::fs::rename(dir.path().join("r"), dir.path().join("aside")).unwrap();
        let files = [("x".to_owned(), b"1".to_vec())];
        let new = NewCommit { parent: None, files: &files, by: &by, at, message: "two\n" };
        assert!(matches!(repo.write_commit(&new).unwrap_err(), Error::Gone(_)));
        let name = "refs/heads/factory/ledger";
        assert!(matches!(repo.move_reference(name, None, &one, &by, at, "x").unwrap_err(), Error::Gone(_)));
        assert!(!dir.path().join("r").exists());
    }
}
