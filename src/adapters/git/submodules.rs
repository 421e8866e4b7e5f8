//! What a commit says of the repositories that it holds as links.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use gix::config::File;
use gix::config::file::{Metadata, init::Options};

use super::{Error, Repo};
use crate::adapters::fs;
use crate::model::CommitId;

/// Where they are named.
const NAMES: &str = ".gitmodules";
/// The most bytes of it that are read.
const MOST_BYTES: u64 = 1 << 20;

impl Repo {
    /// The paths that the `.gitmodules` of a commit says where to get from. One that git couldn't read either, or that is
    /// larger than a MiB, says nothing.
    ///
    /// # Errors
    /// When the commit isn't there or is damaged.
    pub fn submodules(&self, commit: &CommitId) -> Result<BTreeSet<PathBuf>, Error> {
        let text = match self.file_at(commit, NAMES, MOST_BYTES) {
            Ok(text) => text.unwrap_or_default(),
            Err(Error::Files(fs::Error::TooLarge { .. })) => return Ok(BTreeSet::new()),
            Err(error) => return Err(error),
        };
        let Ok(file) = File::from_bytes_no_includes(&text, Metadata::api(), Options::default()) else {
            return Ok(BTreeSet::new());
        };
        let all = file.sections_by_name("submodule").into_iter().flatten();
        let named = all.filter(|one| one.value("url").is_some_and(|url| !url.is_empty()));
        let paths = named.filter_map(|one| one.value("path"));
        Ok(paths.map(|path| PathBuf::from(OsStr::from_bytes(&path))).collect())
    }
}
