//! What this machine remembers of a config repository: where its state lies, and what of it was in force.
//!
//! Both depend on config, and config may change while no process looks, or its branch may be gone.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::adapters::fs;
use crate::adapters::state::StateDir;
use crate::model::CommitId;

/// The folder of the notes in the state home.
const FOLDER: &str = "sources";

/// The most bytes of a note.
const MAX_NOTE: u64 = 1 << 16;

/// Where the note on one source lies.
#[derive(Clone, Debug)]
pub struct Memory {
    file: PathBuf,
}

/// Why it can't be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The file can't be read or written.
    #[error("what is in force can't be noted")]
    Files(#[from] fs::Error),
    /// It holds something else.
    #[error("`{file}` doesn't say what was in force", file = .file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

/// What names a state directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The config repository: on GitHub, a URL, or a folder.
    pub place: String,
    /// Its branch.
    pub branch: String,
}

/// What is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// What names the state directory that is in use.
    pub identity: Identity,
    /// What a daemon or an apply had in force last; `None` before the first one.
    pub in_force: Option<Followed>,
}

/// A commit that is in force, and what it follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followed {
    /// The config branch.
    pub branch: String,
    /// The reference that says what of it is in force.
    pub reference: String,
    /// The commit.
    pub commit: CommitId,
}

impl Memory {
    /// The note on the source of this name, a URL or a folder, as it is used with or without a named branch.
    pub fn of(home: &Path, source: &str, branch: Option<&str>) -> Self {
        let id = StateDir::at(home, None, source, branch.unwrap_or_default()).id().to_owned();
        Self { file: home.join(FOLDER).join(format!("{id}.json")) }
    }

    /// Reads it; `None` when there is none.
    ///
    /// # Errors
    /// When it can't be read, or is damaged.
    pub fn read(&self) -> Result<Option<Remembered>, MemoryError> {
        match fs::read(&self.file, MAX_NOTE) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|source| MemoryError::Damaged { file: self.file.clone(), source }),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What is remembered of all other sources.
    ///
    /// # Errors
    /// When any note can't be read, or is damaged.
    pub fn others(&self) -> Result<Vec<Remembered>, MemoryError> {
        let Some(folder) = self.file.parent() else { return Ok(Vec::new()) };
        let names = match fs::names(folder) {
            Ok(names) => names,
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let files = names.iter().map(|name| folder.join(name));
        let notes = files.filter(|file| *file != self.file && file.extension().is_some_and(|e| e == "json"));
        let others = notes.map(|file| Self { file }.read());
        others.filter_map(Result::transpose).collect()
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// When it can't be kept.
    pub fn write(&self, what: &Remembered) -> Result<(), MemoryError> {
        if self.read()?.as_ref() == Some(what) {
            return Ok(());
        }
        if let Some(folder) = self.file.parent() {
            fs::private_dir(folder)?;
        }
        let text = serde_json::to_vec(what)
            .map_err(|source| MemoryError::Damaged { file: self.file.clone(), source })?;
        Ok(fs::replace(&self.file, &text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_kept_for_each_source_and_a_damaged_one_is_no_absence() {
        let home = tempfile::tempdir().unwrap();
        let of = |branch| Memory::of(home.path(), "https://h/o/r.git", branch);
        let (plain, dev) = (of(None), of(Some("dev")));
        assert_eq!(plain.read().unwrap(), None);
        let identity = Identity { place: "p".into(), branch: "main".into() };
        let what = Remembered { identity, in_force: None };
        plain.write(&what).unwrap();
        assert_eq!((plain.read().unwrap(), dev.read().unwrap()), (Some(what.clone()), None));
        assert_eq!((plain.others().unwrap(), dev.others().unwrap()), (vec![], vec![what.clone()]));
        fs::replace(&plain.file, b"half").unwrap();
        assert!(dev.others().is_err());
        assert!(matches!(plain.read(), Err(MemoryError::Damaged { .. })));
        assert!(plain.write(&what).is_err());
    }
}
