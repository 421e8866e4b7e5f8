//! How much of a disk folders take.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;

use super::Error;

/// How long the path of a folder may be: what lies deeper isn't counted.
const LONGEST: usize = 3_000;
/// The most files with several names that are told from each other.
const LINKED: usize = 100_000;

/// The bytes that folders and all below them take on their disk, no link followed; a file with several names counts once.
/// What vanishes meanwhile counts nothing, and what is closed to this process or lies too deep counts as far as it can be
/// seen. Beyond `most` names it is more than anybody may have: [`u64::MAX`].
///
/// # Errors
/// When the disk can't be read.
pub fn disk_usage(folders: &[PathBuf], most: usize) -> Result<u64, Error> {
    let mut waiting = folders.to_vec();
    let (mut used, mut names, mut linked) = (0_u64, 0_usize, BTreeSet::new());
    while let Some(folder) = waiting.pop() {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = seen(openat(CWD, &folder, flags, Mode::empty()), "open", &folder)?;
        let Some(opened) = opened else { continue };
        let Some(listed) = seen(Dir::read_from(&opened), "list", &folder)? else { continue };
        for entry in listed {
            let Some(entry) = seen(entry, "list", &folder)? else { continue };
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            names += 1;
            if names > most {
                return Ok(u64::MAX);
            }
            let stat = seen(statat(&opened, name, AtFlags::SYMLINK_NOFOLLOW), "inspect", &folder)?;
            let Some(stat) = stat else { continue };
            let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            let is_counted = !is_folder
                && stat.st_nlink > 1
                && linked.len() < LINKED
                && !linked.insert((stat.st_dev, stat.st_ino));
            if !is_counted {
                used = used.saturating_add(u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512));
            }
            if is_folder && folder.as_os_str().len() + name.len() < LONGEST {
                waiting.push(folder.join(name));
            }
        }
    }
    Ok(used)
}

fn seen<T>(result: Result<T, Errno>, action: &'static str, path: &Path) -> Result<Option<T>, Error> {
    match result {
        Ok(it) => Ok(Some(it)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ACCESS | Errno::NAMETOOLONG) => Ok(None),
        Err(error) => Err(Error::of(action, path, io::Error::from(error))),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write what is then read")]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_the_disk_counts_once() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let folders = [at("a"), at("b"), at("gone")];
        for folder in &folders[..2] {
            std::fs::create_dir(folder).unwrap();
        }
        assert_eq!(disk_usage(&folders, usize::MAX).unwrap(), 0);
        std::fs::create_dir(at("a/deeper")).unwrap();
        std::fs::write(at("a/deeper/f"), vec![1; 1 << 20]).unwrap();
        std::fs::hard_link(at("a/deeper/f"), at("b/same")).unwrap();
        std::fs::write(at("out"), vec![1; 1 << 20]).unwrap();
        std::os::unix::fs::symlink(at("out"), at("a/link")).unwrap();
        std::os::unix::fs::symlink(dir.path(), at("b/up")).unwrap();
        std::fs::File::create(at("b/hole")).unwrap().set_len(1 << 30).unwrap();
        let used = disk_usage(&folders, usize::MAX).unwrap();
        assert!((1 << 20..(1 << 20) + (64 << 10)).contains(&used), "{used}");
        assert_eq!(disk_usage(&folders, 3).unwrap(), u64::MAX, "more names than anybody may have");
    }
}
