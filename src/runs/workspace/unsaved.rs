//! What of a workspace can't be saved, so that it stays: noted beside it, for whoever asks what a person has to do.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::kept::quoted;
use super::{Error, MAKING, MAX_RECORD, REMOVING, Record, Workspace};
use crate::adapters::fs;
use crate::model::RunId;

/// History that can't be saved. Its workspace doesn't end before a person has settled that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {}", self.says(), self.next())]
pub struct Unsaved {
    /// The name of the workspace.
    pub name: String,
    /// The repository that can't be read.
    pub path: PathBuf,
    /// Why; `None` where that was told when it was set aside.
    pub why: Option<String>,
}

impl Unsaved {
    /// The run whose history was set aside; `None` where it lies where it was.
    pub fn run(&self) -> Option<RunId> {
        RunId::parse(self.path.file_name()?.to_str()?.strip_prefix(ASIDE)?)
    }

    /// What is the matter.
    pub fn says(&self) -> String {
        let why = self.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
        format!("the history in `{}` can't be saved{why}, and is left for a person", self.path.display())
    }

    /// What a person does about it.
    pub fn next(&self) -> String {
        format!(
            "copy what you want to keep out of `{}`, with care, since git runs there what its agent set; then remove it \
             (`rm -rf {}`). The files beside it are saved, and the workspace can end then",
            self.path.display(),
            quoted(&self.path)
        )
    }
}

impl Workspace {
    /// Takes note that something can't be saved.
    pub(super) fn leave(&self, path: PathBuf, why: Option<String>) -> Result<Error, Error> {
        let unsaved = Unsaved { name: self.record.name.clone(), path, why };
        let text = serde_json::to_vec(&unsaved).expect("a note has nothing that JSON hasn't");
        fs::replace_lightly(&note(&self.place), &text)?;
        Ok(unsaved.into())
    }

    /// Takes note that it is worked with again.
    pub(super) fn take_up(&self) -> Result<(), Error> {
        Ok(fs::remove_tree(&note(&self.place))?)
    }
}

fn note(place: &Path) -> PathBuf {
    place.join("unsaved.json")
}

/// How folders with history that couldn't be saved begin, when their workspace was begun anew; then follows the run.
const ASIDE: &str = "unread-";

/// Where the history of a run is set aside.
pub(super) fn aside(place: &Path, run: &RunId) -> PathBuf {
    place.join(format!("{ASIDE}{run}"))
}

/// The histories that were set aside in a workspace.
pub(super) fn set_aside(place: &Path) -> Result<Vec<PathBuf>, Error> {
    let names = fs::names(place)?.into_iter().filter(|name| name.starts_with(ASIDE));
    Ok(names.map(|name| place.join(name)).collect())
}

/// What is left for a person in the workspaces that lie here, also where they are worked with again.
///
/// # Errors
/// When they can't be read.
pub fn unsaved(root: &Path) -> Result<Vec<Unsaved>, Error> {
    let mut out = Vec::new();
    for name in fs::names_if_there(root)? {
        if name.starts_with(MAKING) || name.starts_with(REMOVING) {
            continue;
        }
        let place = root.join(name);
        let noted = noted(&place)?;
        for path in set_aside(&place)? {
            if noted.as_ref().is_none_or(|noted| noted.path != path) {
                out.push(Unsaved { name: Record::read(&place)?.name, path, why: None });
            }
        }
        out.extend(noted);
    }
    Ok(out)
}

/// The note that lies in a workspace. What isn't there any more was settled.
fn noted(place: &Path) -> Result<Option<Unsaved>, Error> {
    let path = note(place);
    let bytes = match fs::read_no_follow(&path, MAX_RECORD) {
        Err(error) if error.is_not_found() => return Ok(None),
        other => other?,
    };
    let unsaved: Unsaved = serde_json::from_slice(&bytes).map_err(|source| Error::Record { path, source })?;
    Ok(Some(unsaved).filter(|unsaved| unsaved.path.symlink_metadata().is_ok()))
}
