//! Removing a folder with all that is in it, however deep it is and whoever closed it.

use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, chmodat, fchmod, fstat, openat, renameat, unlinkat,
};
use rustix::io::{Errno, Result};

use super::{Error, folder_of, remove, sync_dir};

/// How many folders are open at once. What lies deeper is moved up first.
const OPEN: usize = 64;
/// How many names are read before they are removed.
const BATCH: usize = 10_000;

/// Removes a folder with all that is in it, following no link; one that isn't there is no error. Folders that their
/// maker closed (caches often are) are opened for it.
///
/// # Errors
/// When something of it stays.
pub fn remove_tree(dir: &Path) -> std::result::Result<(), Error> {
    match std::fs::symlink_metadata(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::of("remove", dir, e)),
        Ok(meta) if !meta.is_dir() => return remove(dir),
        Ok(_) => {}
    }
    empty(dir, None)?;
    unlinkat(CWD, dir, AtFlags::REMOVEDIR).map_err(|e| Error::of("remove", dir, e.into()))?;
    sync_dir(folder_of(dir))
}

/// Removes all that is in a folder but this one name.
///
/// # Errors
/// As [`remove_tree`].
pub fn empty(dir: &Path, kept: Option<&str>) -> std::result::Result<(), Error> {
    let all = || {
        let root = folder(CWD, dir.as_os_str())?;
        Emptying { root: &root, moved: 0 }.empty(&root, kept, OPEN)
    };
    all().map_err(|e| Error::of("remove what is in", dir, e.into()))
}

struct Emptying<'a> {
    root: &'a OwnedFd,
    moved: u64,
}

impl Emptying<'_> {
    /// Empties a folder, going down so many levels. What is deeper lands in the first one, which isn't done before that
    /// is empty too.
    fn empty(&mut self, at: &OwnedFd, kept: Option<&str>, levels: usize) -> Result<()> {
        loop {
            let names = names(at, kept)?;
            if names.is_empty() {
                return Ok(());
            }
            for (name, is_folder) in names {
                let gone = if is_folder { Err(Errno::ISDIR) } else { unlinkat(at, &name, AtFlags::empty()) };
                match gone {
                    Ok(()) | Err(Errno::NOENT) => {}
                    Err(Errno::ISDIR) => {
                        let name = OsStr::from_bytes(name.to_bytes());
                        let inner = folder(at, name)?;
                        match levels.checked_sub(1) {
                            Some(levels) => {
                                self.empty(&inner, None, levels)?;
                                unlinkat(at, name, AtFlags::REMOVEDIR)?;
                            }
                            None => self.move_up(at, name)?,
                        }
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }

    fn move_up(&mut self, at: &OwnedFd, name: &OsStr) -> Result<()> {
        loop {
            self.moved += 1;
            match renameat(at, name, self.root, format!(".deep-{}", self.moved)) {
                Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
                other => return other,
            }
        }
    }
}

/// Some of the names in a folder, and which of them are folders as far as it tells.
fn names(at: &OwnedFd, kept: Option<&str>) -> Result<Vec<(CString, bool)>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(at)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." || kept.is_some_and(|kept| kept.as_bytes() == name) {
            continue;
        }
        names.push((entry.file_name().to_owned(), entry.file_type() == FileType::Directory));
        if names.len() == BATCH {
            break;
        }
    }
    Ok(names)
}

/// Opens a folder, and lets its owner into it.
fn folder(at: impl AsFd, name: &OsStr) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = match openat(&at, name, flags, Mode::empty()) {
        Err(Errno::ACCESS) => {
            chmodat(&at, name, Mode::RWXU, AtFlags::empty())?;
            openat(&at, name, flags, Mode::empty())?
        }
        other => other?,
    };
    if !Mode::from_raw_mode(fstat(&opened)?.st_mode).contains(Mode::RWXU) {
        fchmod(&opened, Mode::RWXU)?;
    }
    Ok(opened)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write what is then removed")]
pub(crate) mod tests {
    use super::*;
    use rustix::fs::mkdirat;

    /// Makes so many folders within each other.
    pub(crate) fn nest(dir: &Path, levels: usize) {
        let mut at = folder(CWD, dir.as_os_str()).unwrap();
        for _ in 0..levels {
            mkdirat(&at, "nested", Mode::RWXU).unwrap();
            at = folder(&at, OsStr::new("nested")).unwrap();
        }
    }

    #[test]
    fn what_is_deep_closed_or_linked_goes_and_nothing_beside_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let (tree, out) = (dir.path().join("tree"), dir.path().join("out"));
        std::fs::create_dir_all(tree.join("a/closed/b")).unwrap();
        std::fs::create_dir(&out).unwrap();
        std::fs::write(out.join("f"), "f").unwrap();
        std::fs::write(tree.join("a/closed/b/.deep-1"), "f").unwrap();
        std::fs::write(tree.join(".deep-1"), "in the way").unwrap();
        std::os::unix::fs::symlink(&out, tree.join("link")).unwrap();
        nest(&tree, 6_000);
        std::fs::create_dir(tree.join("kept")).unwrap();
        for closed in ["a/closed/b", "a/closed"] {
            std::fs::set_permissions(tree.join(closed), std::fs::Permissions::from_mode(0o0)).unwrap();
        }
        let opened = folder(CWD, tree.join("a/closed").as_os_str()).unwrap();
        assert!(Mode::from_raw_mode(fstat(&opened).unwrap().st_mode).contains(Mode::RWXU));
        empty(&tree, Some("kept")).unwrap();
        assert_eq!(crate::adapters::fs::names(&tree).unwrap(), ["kept"]);
        remove_tree(&tree).unwrap();
        remove_tree(&tree).unwrap();
        assert!(!tree.exists() && out.join("f").exists());
    }
}
