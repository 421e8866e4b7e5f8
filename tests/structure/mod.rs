//! What the source tree must look like: who may use whom, every file compiled, nothing hidden.

mod files;
mod rooms;
mod rust;
mod text;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the package.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every `.rs` file under a folder of the package, as paths from its root, sorted.
pub(crate) fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in
            folder.read_dir().expect("the folder is there").map(|entry| entry.expect("it can be read"))
        {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(root()).expect("it lies under the root").to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The text of a file of the package.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What Git tracks, as paths from the root.
pub(crate) fn tracked() -> Vec<PathBuf> {
    let out = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().expect("git runs");
    assert!(out.status.success(), "the tests of the tree's structure need its Git checkout");
    let names = String::from_utf8(out.stdout).expect("tracked names are UTF-8");
    names
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .filter(|p| root().join(p).exists())
        .collect()
}
