//! Looking through the files of commits within a bound: who makes a tree decides how many paths it unfolds to, and a few
//! objects may unfold to more than any machine holds.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::bstr::BStr;
use gix::diff::tree::visit::{Action, Change as Seen};
use gix::diff::tree::{Recorder, State, Visit};
use gix::objs::TreeRefIter;
use gix::objs::tree::{EntryKind as Raw, EntryMode};
use gix::prelude::FindExt as _;
use tokio_util::sync::CancellationToken;

use super::snapshot::{Content, Entry, Kind};
use super::{Error, Repo};
use crate::model::CommitId;

/// How much more is looked at. It is used up by all walks that share it.
#[derive(Clone, Debug)]
pub struct Bound {
    paths: usize,
    bytes: usize,
    stop: CancellationToken,
}

impl Bound {
    /// So many paths, and so many bytes of their names, unless somebody says stop before.
    pub fn new(paths: usize, bytes: usize, stop: &CancellationToken) -> Self {
        Self { paths, bytes, stop: stop.clone() }
    }

    /// How many paths are left.
    pub fn paths(&self) -> usize {
        self.paths
    }

    /// Takes one path off.
    ///
    /// # Errors
    /// [`Error::TooMuch`] when it was one too many, [`Error::Stopped`].
    pub fn spend(&mut self, path: &Path) -> Result<(), Error> {
        self.take(path.as_os_str().len())
    }

    fn take(&mut self, bytes: usize) -> Result<(), Error> {
        if self.stop.is_cancelled() {
            return Err(Error::Stopped);
        }
        let left = (self.paths.checked_sub(1), self.bytes.checked_sub(bytes));
        let (Some(paths), Some(bytes)) = left else { return Err(Error::TooMuch) };
        (self.paths, self.bytes) = (paths, bytes);
        Ok(())
    }
}

/// A path whose content isn't what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// From the root.
    pub path: PathBuf,
    /// What was there before; `None` when nothing was, or a folder.
    pub was: Option<Kind>,
    /// What is there now; `None` when nothing is.
    pub now: Option<(Kind, Content)>,
}

/// What is different at a path.
struct Difference {
    was: Option<Kind>,
    now: Option<(Kind, Content)>,
}

impl Repo {
    /// All paths of a commit, sorted.
    ///
    /// # Errors
    /// When it isn't there or is damaged; when the bound is passed.
    pub fn entries(&self, commit: &CommitId, bound: &mut Bound) -> Result<Vec<Entry>, Error> {
        let entry = |(path, difference): (PathBuf, Difference)| {
            let (kind, content) = difference.now?;
            Some(Entry { path, kind, content })
        };
        Ok(self.between(None, commit, bound)?.into_iter().filter_map(entry).collect())
    }

    /// The paths at which a commit is as none of its parents, sorted; all that it has where there is no parent. A folder
    /// that is the same in both isn't looked into.
    ///
    /// # Errors
    /// As [`Repo::entries`].
    pub fn changes(
        &self,
        parents: &[CommitId],
        commit: &CommitId,
        bound: &mut Bound,
    ) -> Result<Vec<Change>, Error> {
        let mut parents = parents.iter().map(Some).chain(parents.is_empty().then_some(None));
        let mut found = self.between(parents.next().flatten(), commit, bound)?;
        for other in parents {
            let more = self.between(other, commit, bound)?;
            found.retain(|path, difference| {
                let more = more.get(path);
                difference.was = difference.was.or(more.and_then(|more| more.was));
                more.is_some()
            });
        }
        let change = |(path, Difference { was, now })| Change { path, was, now };
        Ok(found.into_iter().map(change).collect())
    }

    fn between(
        &self,
        before: Option<&CommitId>,
        after: &CommitId,
        bound: &mut Bound,
    ) -> Result<BTreeMap<PathBuf, Difference>, Error> {
        let repo = self.local();
        let failed = || self.failed("compare the files of commits");
        let tree = |commit| -> Result<gix::Tree<'_>, Error> {
            self.find_commit(&repo, commit)?.tree().map_err(failed())
        };
        let (old, new) = (before.map(tree).transpose()?, tree(after)?);
        let old = old.as_ref().map_or(&[][..], |tree| &tree.data);
        let hash = repo.object_hash();
        let mut walker = Walker { recorder: Recorder::default(), bound, over: None, found: BTreeMap::new() };
        let (old, new) = (TreeRefIter::from_bytes(old, hash), TreeRefIter::from_bytes(&new.data, hash));
        match gix::diff::tree(old, new, State::default(), &repo.objects, &mut walker) {
            Ok(()) => Ok(walker.found),
            Err(gix::diff::tree::Error::Cancelled) => Err(walker.over.unwrap_or(Error::TooMuch)),
            Err(gix::diff::tree::Error::Failure(error)) => Err(failed()(error)),
        }
    }

    /// The contents of all files of a commit. Each folder is looked at once, wherever it lies.
    ///
    /// # Errors
    /// As [`Repo::entries`].
    pub fn contents(&self, commit: &CommitId, bound: &mut Bound) -> Result<BTreeSet<Content>, Error> {
        let repo = self.local();
        let failed = || self.failed("list the files of a commit");
        let root = self.find_commit(&repo, commit)?.tree_id().map_err(failed())?.detach();
        let (mut folders, mut seen) = (vec![root], BTreeSet::from([root]));
        let (mut found, mut buffer) = (BTreeSet::new(), Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in repo.objects.find_tree_iter(&folder, &mut buffer).map_err(failed())? {
                let entry = entry.map_err(|error| failed()(error))?;
                bound.take(entry.filename.len())?;
                match kind(entry.mode) {
                    None if seen.insert(entry.oid.to_owned()) => folders.push(entry.oid.to_owned()),
                    None | Some(Kind::Repository) => {}
                    Some(_) => drop(found.insert(Content(entry.oid.to_owned()))),
                }
            }
        }
        Ok(found)
    }
}

/// What an entry of a tree is; `None` for a folder.
fn kind(mode: EntryMode) -> Option<Kind> {
    match mode.kind() {
        Raw::Tree => None,
        Raw::Blob => Some(Kind::File),
        Raw::BlobExecutable => Some(Kind::Executable),
        Raw::Link => Some(Kind::Link),
        Raw::Commit => Some(Kind::Repository),
    }
}

/// Notes what differs, until the bound is passed.
struct Walker<'a> {
    /// Knows the path.
    recorder: Recorder,
    bound: &'a mut Bound,
    over: Option<Error>,
    found: BTreeMap<PathBuf, Difference>,
}

impl Walker<'_> {
    fn note(&mut self, was: Option<EntryMode>, now: Option<(EntryMode, ObjectId)>) {
        let was = was.and_then(kind);
        let now = now.and_then(|(mode, id)| Some((kind(mode)?, Content(id))));
        let path = PathBuf::from(OsStr::from_bytes(self.recorder.path()));
        match self.found.get_mut(&path) {
            Some(known) => {
                known.was = known.was.or(was);
                known.now = known.now.or(now);
            }
            None => drop(self.found.insert(path, Difference { was, now })),
        }
    }
}

impl Visit for Walker<'_> {
    fn pop_front_tracked_path_and_set_current(&mut self) {
        self.recorder.pop_front_tracked_path_and_set_current();
    }

    fn push_back_tracked_path_component(&mut self, component: &BStr) {
        self.recorder.push_back_tracked_path_component(component);
    }

    fn push_path_component(&mut self, component: &BStr) {
        self.recorder.push_path_component(component);
    }

    fn pop_path_component(&mut self) {
        self.recorder.pop_path_component();
    }

    fn visit(&mut self, change: Seen) -> Action {
        if let Err(over) = self.bound.take(self.recorder.path().len()) {
            self.over = Some(over);
            return Action::Break(());
        }
        match change {
            Seen::Addition { entry_mode, oid, .. } if !entry_mode.is_tree() => {
                self.note(None, Some((entry_mode, oid)));
            }
            Seen::Deletion { entry_mode, .. } if !entry_mode.is_tree() => self.note(Some(entry_mode), None),
            Seen::Modification { previous_entry_mode, entry_mode, oid, .. } if !entry_mode.is_tree() => {
                self.note(Some(previous_entry_mode), Some((entry_mode, oid)));
            }
            Seen::Addition { .. } | Seen::Deletion { .. } | Seen::Modification { .. } => {}
        }
        Action::Continue(())
    }
}
