//! What of a workspace can't be saved, so that it stays: noted beside it, for whoever asks what a person has to do.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::kept::quoted;
use super::{Error, LEFT, MAKING, MAX_RECORD, REMOVING, Record, Workspace, displaced, key};
use crate::adapters::fs;
use crate::adapters::said;
use crate::model::RunId;

/// What can't be saved. A workspace with such history doesn't end before a person has settled that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {}", self.says(), self.next())]
pub struct Unsaved {
    /// The name of the workspace.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Why; `None` where that was told when it was set aside.
    pub why: Option<String>,
    /// What it is.
    #[serde(default)]
    pub what: What,
}

/// What can't be saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A repository that can't be read. The files beside it are saved.
    #[default]
    History,
    /// A workspace that isn't as it was made, with all that is in it.
    Workspace,
}

impl Unsaved {
    /// The run whose history was set aside; `None` where it lies where it was.
    pub fn run(&self) -> Option<RunId> {
        let (named, prefix) = match self.what {
            What::History => (self.path.as_path(), ASIDE),
            What::Workspace => (self.path.parent()?, LEFT),
        };
        let name = named.file_name()?.to_str()?.strip_prefix(prefix)?;
        RunId::parse(name.split_once('.').map_or(name, |(run, _)| run))
    }

    /// What is the matter.
    pub fn says(&self) -> String {
        let why = self.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
        let what = match self.what {
            What::History => format!("the history in `{}` can't be saved", self.path.display()),
            What::Workspace => format!("the workspace in `{}` is not as it was made", self.path.display()),
        };
        format!("{what}{why}, and is left for a person")
    }

    /// What a person does about it.
    pub fn next(&self) -> String {
        let then = match self.what {
            What::History => "The files beside it are saved, and the workspace can end then",
            What::Workspace => "Nothing else of it is saved, and its task doesn't wait for it",
        };
        format!(
            "copy what you want to keep out of `{}`, with care, since git runs there what its agent set; then remove it \
             (`rm -rf {}`). {then}",
            self.path.display(),
            quoted(&self.path)
        )
    }
}

impl Unsaved {
    pub(super) fn write(&self, place: &Path) -> Result<(), fs::Error> {
        let text = serde_json::to_vec(self).expect("a note has nothing that JSON hasn't");
        fs::replace_lightly(&note(place), &text)
    }
}

impl Workspace {
    /// Takes note that something can't be saved.
    pub(super) fn leave(&self, path: PathBuf, why: Option<String>) -> Result<Error, Error> {
        let unsaved = Unsaved { name: self.record.name.clone(), path, why, what: What::History };
        unsaved.write(&self.place)?;
        Ok(unsaved.into())
    }

    /// Takes note that it is worked with again.
    pub(super) fn take_up(&self) -> Result<(), Error> {
        Ok(fs::remove_tree(&note(&self.place))?)
    }
}

pub(super) fn note(place: &Path) -> PathBuf {
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
        let place = root.join(&name);
        if name.starts_with(LEFT) {
            out.extend(displaced::left_in(&place)?);
            continue;
        }
        if let Some(why) = strange(&place, &name)? {
            out.push(Unsaved { name, path: place, why: Some(why), what: What::Workspace });
            continue;
        }
        let noted = noted(&place)?;
        for path in set_aside(&place)? {
            if noted.as_ref().is_none_or(|noted| noted.path != path) {
                out.push(Unsaved { name: Record::read(&place)?.name, path, why: None, what: What::History });
            }
        }
        out.extend(noted);
    }
    Ok(out)
}

/// Why what lies in the folder of workspaces under this name is none of them; `None` where it is one, or has just gone.
fn strange(place: &Path, name: &str) -> Result<Option<String>, Error> {
    let record = displaced::folder(place).and_then(|()| displaced::record(place));
    match record {
        _ if !fs::exists(place) => Ok(None),
        Ok(record) if key(&record.name) == name => Ok(None),
        Ok(record) => Ok(Some(format!("it was made as `{}` beside it, and moved", key(&record.name)))),
        Err(Error::Newer { .. }) => Ok(None),
        Err(error) if error.is_theirs() => Ok(Some(said(&error))),
        Err(error) => Err(error),
    }
}

/// The note that lies in a workspace. What isn't there any more was settled.
pub(super) fn noted(place: &Path) -> Result<Option<Unsaved>, Error> {
    let path = note(place);
    let bytes = match fs::read_no_follow(&path, MAX_RECORD) {
        Err(error) if error.is_not_found() => return Ok(None),
        other => other?,
    };
    let unsaved: Unsaved = serde_json::from_slice(&bytes).map_err(|source| Error::Record { path, source })?;
    Ok(Some(unsaved).filter(|unsaved| unsaved.path.symlink_metadata().is_ok()))
}
