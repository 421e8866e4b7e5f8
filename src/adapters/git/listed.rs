//! The files of a working tree, as Git sees them: what is tracked, and what would be if it were added.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::child::{git, says};
use super::{Access, Error, Repo};

/// The most that the names of a working tree may take: a hundred thousand long ones.
const MOST_BYTES: usize = 32 << 20;

impl Repo {
    /// The paths of the working tree that are tracked or that nothing has Git ignore, sorted, each once. What is tracked
    /// and was removed is among them.
    ///
    /// # Errors
    /// [`Error::Bare`] when there is no working tree; when Git can't tell.
    pub async fn listed(&self, access: &Access) -> Result<Vec<PathBuf>, Error> {
        let Some(root) = self.work_tree() else { return Err(Error::Bare(self.place().to_owned())) };
        let folder = self.local().git_dir().to_owned();
        let mut work_tree = OsString::from("--work-tree=");
        work_tree.push(&root);
        let command = git(&folder, "", access)
            .arg(work_tree)
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .folder(&root)
            .output_limit(MOST_BYTES);
        let output = command.run().await.map_err(Error::Process)?;
        if !output.status.success() {
            return Err(Error::Listing { path: root, says: says(&output) });
        }
        let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        let mut paths: Vec<PathBuf> = names.map(|name| PathBuf::from(OsStr::from_bytes(name))).collect();
        paths.sort();
        // One that is in conflict is listed once for each side.
        paths.dedup();
        Ok(paths)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;
    use crate::adapters::env::Env;

    /// Nothing of it is about a network.
    #[tokio::test]
    async fn a_damaged_index_is_told_as_what_git_says_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let it = Fixture::init(dir.path(), &[]);
        it.put("a.txt", "");
        it.commit("first");
        it.put(".git/index", "DIRC");
        let error = it.repo().listed(&Access::new(&Env::read(), None)).await.unwrap_err();
        assert!(matches!(&error, Error::Listing { says, .. } if says.contains("index file")), "{error:?}");
    }

    #[tokio::test]
    async fn what_is_ignored_is_not_listed_and_what_is_new_is() {
        let dir = tempfile::tempdir().unwrap();
        let it = Fixture::init(dir.path(), &[]);
        it.put(".gitignore", "target/\n").put("src/a.rs", "").put("src/gone.rs", "");
        it.commit("first");
        it.put("target/made.rs", "").put("src/new é.rs", "");
        std::fs::remove_file(dir.path().join("src/gone.rs")).unwrap();
        let listed = it.repo().listed(&Access::new(&Env::read(), None)).await.unwrap();
        let listed: Vec<&str> = listed.iter().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(listed, [".gitignore", "src/a.rs", "src/gone.rs", "src/new é.rs"]);
    }
}
