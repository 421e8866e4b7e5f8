//! How a file was left, in one number: who changes it, or puts another one in its place, changes that.

use rustix::fs::Stat;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// All that is told of a file, or of a link itself, without reading it: its inode, its length, when it was written, and
/// when anything about it was changed, which nobody can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamp(u64);

impl Stamp {
    pub(super) fn of(stat: &Stat) -> Self {
        let text = format!(
            "{} {} {}.{} {}.{}",
            stat.st_ino, stat.st_size, stat.st_mtime, stat.st_mtime_nsec, stat.st_ctime, stat.st_ctime_nsec
        );
        let hash = blake3::hash(text.as_bytes());
        Self(u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("a hash is longer")))
    }
}

/// Waits until the clock goes on by which files are stamped, some milliseconds: what is written from then on has a stamp that
/// nothing had before, also where it is of the same length.
pub fn tick() {
    let now = || {
        let time = clock_gettime(ClockId::RealtimeCoarse);
        (time.tv_sec, time.tv_nsec)
    };
    let began = now();
    while now() == began {
        std::thread::yield_now();
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write what is then read")]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::*;
    use crate::adapters::fs::{Beneath, Lies};

    #[test]
    fn whatever_is_done_to_a_file_changes_its_stamp() {
        type Does = (&'static str, fn(&Path));
        let ways: [Does; 6] = [
            ("written again", |at| std::fs::write(at, "one").unwrap()),
            ("made longer", |at| std::fs::write(at, "longer").unwrap()),
            ("replaced", |at| {
                std::fs::write(at.with_extension("new"), "one").unwrap();
                std::fs::rename(at.with_extension("new"), at).unwrap();
            }),
            ("may be run", |at| {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
                std::fs::set_permissions(at, mode).unwrap();
            }),
            ("set back", |at| {
                let file = std::fs::File::options().write(true).open(at).unwrap();
                let written = file.metadata().unwrap().modified().unwrap();
                std::fs::write(at, "two").unwrap();
                file.set_modified(written).unwrap();
            }),
            ("a link", |at| {
                std::fs::remove_file(at).unwrap();
                std::os::unix::fs::symlink("one", at).unwrap();
            }),
        ];
        for (name, way) in ways {
            let dir = tempfile::tempdir().unwrap();
            let at = dir.path().join("d/file");
            std::fs::create_dir(dir.path().join("d")).unwrap();
            std::fs::write(&at, "one").unwrap();
            let root = Beneath::open(dir.path()).unwrap();
            let stamp = || root.stamp(Path::new("d/file")).unwrap().expect("it is there");
            let before = stamp();
            tick();
            std::fs::read(&at).unwrap();
            assert_eq!(stamp(), before, "{name}: it was only read");
            way(&at);
            let after = stamp();
            assert_ne!(after, before, "{name}");
            let listed = root.stamps(Path::new("d"), 9).unwrap();
            assert_eq!(listed, [(OsString::from("file"), Lies::Other(after))], "{name}");
            std::fs::remove_dir_all(dir.path().join("d")).unwrap();
            assert_eq!(root.stamp(Path::new("d/file")).unwrap(), None, "{name}: it is gone");
        }
    }
}
