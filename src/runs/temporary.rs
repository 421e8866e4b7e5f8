//! Where what a run starts keeps its temporary files. A sandbox has a place of its own for them; without one they lie with the
//! run, count for what it may use of the disk, and go with its end: some agents leave megabytes at each start.

use std::path::PathBuf;

use crate::adapters::fs;

use super::record::Spec;

/// The variable by which programs know the place.
const NAME: &str = "TMPDIR";

fn folder(spec: &Spec) -> PathBuf {
    spec.home.join("tmp")
}

/// Makes the place, empty, where the run needs one; the variable that says where it is.
///
/// # Errors
/// When it can't be made.
pub(super) fn make(spec: &Spec) -> Result<Option<(String, String)>, fs::Error> {
    if spec.bounds.is_some() {
        return Ok(None);
    }
    remove(spec)?;
    fs::private_dir(&folder(spec))?;
    Ok(Some((NAME.to_owned(), folder(spec).display().to_string())))
}

/// Removes it, once nothing of the run is alive.
///
/// # Errors
/// When it can't be removed.
pub fn remove(spec: &Spec) -> Result<(), fs::Error> {
    fs::remove_tree(&folder(spec))
}
