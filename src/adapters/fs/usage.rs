//! How much of a disk a folder takes.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::io::Errno;

use super::Error;

/// The bytes that a folder and all below it take on their disk, no link followed. What vanishes meanwhile counts nothing,
/// and what is closed to this process or lies too deep counts as far as it can be seen.
///
/// # Errors
/// When the disk can't be read.
pub fn disk_usage(dir: &Path) -> Result<u64, Error> {
    let mut bytes = 0;
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let Some(entries) = seen(std::fs::read_dir(&folder), "list", &folder)? else { continue };
        for entry in entries {
            let Some(entry) = seen(entry, "list", &folder)? else { continue };
            let path = entry.path();
            let Some(meta) = seen(entry.metadata(), "inspect", &path)? else { continue };
            bytes += meta.blocks() * 512;
            if meta.is_dir() {
                folders.push(path);
            }
        }
    }
    Ok(bytes)
}

fn seen<T>(result: io::Result<T>, action: &'static str, path: &Path) -> Result<Option<T>, Error> {
    match result {
        Ok(it) => Ok(Some(it)),
        Err(error) => match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::NAMETOOLONG) => Ok(None),
            Some(_) | None => Err(Error::of(action, path, error)),
        },
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write what is then read")]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_counts_and_what_a_link_leads_to_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let big = vec![1; 1 << 20];
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("a/b/c")).unwrap();
        std::fs::create_dir(at("other")).unwrap();
        std::fs::write(at("other/big"), &big).unwrap();
        std::os::unix::fs::symlink(at("other"), at("a/b/link")).unwrap();
        let before = disk_usage(&at("a")).unwrap();
        assert!(before < 1 << 19, "{before}");
        std::fs::write(at("a/b/c/big"), &big).unwrap();
        let after = disk_usage(&at("a")).unwrap();
        assert!((1 << 20..(1 << 20) + (1 << 16)).contains(&(after - before)), "{before} {after}");
        assert_eq!(disk_usage(&at("nothing")).unwrap(), 0);
    }
}
