//! What lies at a path: one thing with many paths is one, another thing at the same path is another.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

/// Which file or folder lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
    /// Inodes are given away again; not every file system knows this.
    made: Option<SystemTime>,
}

/// What lies at a path, through links; `None` where nothing can be seen there.
pub fn id(path: &Path) -> Option<FileId> {
    let found = std::fs::metadata(path).ok()?;
    Some(FileId { device: found.dev(), inode: found.ino(), made: found.created().ok() })
}

/// Whether two paths lead to one file or folder, or are the same where nothing lies there.
pub fn is_same(one: &Path, other: &Path) -> bool {
    one == other || id(one).is_some_and(|found| id(other) == Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_through_a_link_leads_to_the_same_and_a_copy_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("one")).unwrap();
        std::fs::create_dir(at("two")).unwrap();
        std::os::unix::fs::symlink(at("one"), at("link")).unwrap();
        for (one, other, same) in [
            ("one", "one", true),
            ("one", "link", true),
            ("one", "link/../one", true),
            ("one", "two", false),
            ("none", "none", true),
            ("none", "one", false),
            ("one", "none", false),
        ] {
            assert_eq!(is_same(&at(one), &at(other)), same, "{one} {other}");
        }
        let before = id(&at("one"));
        std::fs::rename(at("one"), at("gone")).unwrap();
        assert_eq!(id(&at("one")), None);
        std::fs::rename(at("two"), at("one")).unwrap();
        assert!(before.is_some() && id(&at("one")) != before);
    }
}
