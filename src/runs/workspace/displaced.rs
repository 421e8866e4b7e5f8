//! A workspace that isn't as it was made: who works without a sandbox can move it, or put something else in its place.
//! Nothing in it is touched then. It is set aside as it is, for a person, and its name is free.

use std::path::{Path, PathBuf};

use super::unsaved::{What, note, noted, set_aside};
use super::{Error, LEFT, Record, Site, Unsaved, Workspace, key, real_root};
use crate::adapters::fs::{self, Beneath};
use crate::adapters::said;
use crate::model::RunId;

/// What is there of a workspace after a run.
#[derive(Clone, Debug)]
pub enum There {
    /// All of it.
    Workspace(Workspace),
    /// Nothing in its place; what stood there instead of it is left for a person.
    Gone(Option<Unsaved>),
}

impl Workspace {
    /// What is there of the workspace of this name after this run. What isn't as it was made is set aside. A crash leaves
    /// nothing that another call doesn't mend. The run's processes have ended.
    ///
    /// # Errors
    /// When that can't be told, or it can't be set aside.
    pub fn after(site: &Site<'_>, name: &str, run: &RunId) -> Result<There, Error> {
        let found = Self::open(site, name).and_then(|found| match found {
            Some(there) => only_its_own(&there.place).map(|()| Some(there)),
            None => Ok(None),
        });
        let why = match found {
            Ok(Some(there)) => return Ok(There::Workspace(there)),
            Ok(None) => return Ok(There::Gone(any_left(site, run)?)),
            Err(error @ (Error::Displaced { .. } | Error::OtherMirror { .. })) => said(&error),
            Err(error) => return Err(error),
        };
        let root = real_root(site)?;
        let place = root.join(key(name));
        if is_bare(&place)? {
            fs::remove_tree(&place)?;
            return Ok(There::Gone(None));
        }
        let beside = beside(&root, run).find(|beside| !fs::exists(&kept_in(beside)));
        let beside = beside.expect("it is looked for without an end");
        fs::private_dir(&beside)?;
        let path = kept_in(&beside);
        let left = Unsaved { name: name.to_owned(), path, why: Some(why), what: What::Workspace };
        left.write(&beside)?;
        fs::rename(&place, &left.path)?;
        Ok(There::Gone(Some(left)))
    }
}

/// Where what stood in the place of a workspace after a run is set aside, the first time and each time after.
fn beside(root: &Path, run: &RunId) -> impl Iterator<Item = PathBuf> {
    (1u32..).map(move |n| root.join(format!("{LEFT}{run}.{n}")))
}

/// Where it lies in there.
pub(super) fn kept_in(beside: &Path) -> PathBuf {
    beside.join("workspace")
}

/// What was set aside after a run, and is still there.
fn any_left(site: &Site<'_>, run: &RunId) -> Result<Option<Unsaved>, Error> {
    let (root, of_run) = (real_root(site)?, format!("{LEFT}{run}."));
    let mut left = None;
    for name in fs::names(&root)?.into_iter().filter(|name| name.starts_with(&of_run)) {
        left = left_in(&root.join(name))?.or(left);
    }
    Ok(left)
}

/// What lies in such a folder; `None` once a person has removed it.
pub(super) fn left_in(beside: &Path) -> Result<Option<Unsaved>, Error> {
    let path = kept_in(beside);
    if !fs::exists(&path) {
        return Ok(None);
    }
    let name = beside.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let unknown = Unsaved { name, path: path.clone(), why: None, what: What::Workspace };
    Ok(Some(noted(beside)?.map_or(unknown, |noted| Unsaved { path, ..noted })))
}

/// Whether nothing is left in the folder of a workspace but what is noted of it.
fn is_bare(place: &Path) -> Result<bool, Error> {
    if folder(place).is_err() {
        return Ok(false);
    }
    let notes = [Record::file(place), note(place)];
    let (names, are_more) = Beneath::open(place)?.names(Path::new(""), notes.len())?;
    Ok(!are_more && names.iter().all(|name| notes.contains(&place.join(name))))
}

/// Refuses a folder that stands beside its tree and is none of the factory's: that may be its tree, moved away, while
/// another one stands in its place.
fn only_its_own(place: &Path) -> Result<(), Error> {
    let asides = set_aside(place)?;
    let own = |path: &PathBuf| OWN.iter().any(|own| place.join(own) == *path) || asides.contains(path);
    let folder = |path: &PathBuf| path.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    let (names, are_more) = Beneath::open(place)?.names(Path::new(""), MOST)?;
    let mut paths = names.iter().map(|name| place.join(name));
    match paths.find(|path| !own(path) && folder(path)) {
        Some(path) => Err(Error::Displaced { path, what: "was put there".to_owned() }),
        None if are_more => {
            Err(Error::Displaced { path: place.to_owned(), what: "holds too much".to_owned() })
        }
        None => Ok(()),
    }
}

/// The folders in one that are the factory's own.
const OWN: [&str; 3] = ["tree", "new.git", "old.git"];
/// How many names in one are looked at.
const MOST: usize = 1_000;

/// Refuses what is no folder, or is none that can be looked into.
pub(super) fn folder(path: &Path) -> Result<(), Error> {
    let what = match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => return Ok(()),
        Ok(meta) if meta.is_symlink() => "is a link".to_owned(),
        Ok(_) => "is no folder".to_owned(),
        Err(error) => match fs::Error::of("inspect", path, error) {
            error if error.is_not_found() => "is gone".to_owned(),
            error if error.is_of_what_lies_there() => "can't be looked at".to_owned(),
            error => return Err(error.into()),
        },
    };
    Err(Error::Displaced { path: path.to_owned(), what })
}

/// What is noted of a workspace, where no agent in a sandbox writes.
pub(super) fn record(place: &Path) -> Result<Record, Error> {
    let what = match Record::read(place) {
        Err(Error::Files(error)) if error.is_of_what_lies_there() => said(&error),
        Err(Error::Record { source, .. }) => format!("can't be understood: {source}"),
        other => return other,
    };
    Err(Error::Displaced { path: Record::file(place), what })
}
