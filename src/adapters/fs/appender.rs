//! A file that only grows, that nobody else writes, and whose end is known to be on the disk.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{Error, folder_of, sync_dir};

/// A file that only grows. What [`Appender::append`] returned for is on the disk.
#[derive(Debug)]
pub struct Appender {
    file: File,
    path: PathBuf,
    len: u64,
    /// Of all that it holds.
    hash: blake3::Hasher,
    /// Set when the end of the file is not known to be what it should be.
    broken: bool,
}

impl Appender {
    /// Opens a file for appending, making it (0600) and its name durable when it isn't there.
    ///
    /// # Errors
    /// When it can't be opened or made.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut options = OpenOptions::new();
        options.create(true).read(true).append(true).mode(0o600);
        let mut file = options.open(path).map_err(|e| Error::of("open", path, e))?;
        let (hash, len) = hashed(&mut file, u64::MAX).map_err(|e| Error::of("inspect", path, e))?;
        if len == 0 {
            sync_dir(folder_of(path))?;
        }
        Ok(Self { file, path: path.to_owned(), len, hash, broken: false })
    }

    /// Whether these bytes are what was read and written.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        blake3::hash(bytes) == self.hash.finalize()
    }

    /// Refuses a file that is not the one that lies at its path any more, or that somebody else has written to.
    fn check(&self) -> Result<(), Error> {
        let inspect = |e| Error::of("inspect", &self.path, e);
        let own = self.file.metadata().map_err(inspect)?;
        let there = std::fs::symlink_metadata(&self.path).ok();
        let same = there.is_some_and(|there| (there.dev(), there.ino()) == (own.dev(), own.ino()));
        if same && own.len() == self.len { Ok(()) } else { Err(Error::Changed(self.path.clone())) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes it has.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends bytes and syncs them. After an error the file has its old length again; where that can't be
    /// had, every further append is refused.
    ///
    /// # Errors
    /// When the bytes are not all on the disk; [`Error::Changed`] when somebody else has been at the file.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.broken {
            let source = std::io::Error::other("an earlier write failed and could not be taken back");
            return Err(Error::of("append to", &self.path, source));
        }
        self.check()?;
        if let Err(e) = self.file.write_all(bytes) {
            self.broken = self.file.set_len(self.len).and_then(|()| self.file.sync_all()).is_err();
            return Err(Error::of("append to", &self.path, e));
        }
        if let Err(e) = self.file.sync_all() {
            // What the disk holds after a failed sync is not known, and a second sync may falsely succeed.
            self.broken = true;
            return Err(Error::of("sync", &self.path, e));
        }
        self.len += bytes.len() as u64;
        self.hash.update(bytes);
        Ok(())
    }

    /// Cuts the file to `len` bytes and syncs it.
    ///
    /// # Errors
    /// When it keeps its length.
    pub fn cut(&mut self, len: u64) -> Result<(), Error> {
        let cut = self.file.set_len(len).and_then(|()| self.file.sync_all());
        let kept = cut.and_then(|()| hashed(&mut self.file, len));
        (self.hash, self.len) = kept.map_err(|e| Error::of("cut", &self.path, e))?;
        Ok(())
    }
}

/// The hash of a file's first bytes, and how many those are.
fn hashed(file: &mut File, most: u64) -> std::io::Result<(blake3::Hasher, u64)> {
    let mut hash = blake3::Hasher::new();
    file.seek(SeekFrom::Start(0))?;
    let len = std::io::copy(&mut file.take(most), &mut hash)?;
    Ok((hash, len))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write what is then read")]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named() {
        // `/dev/full` fails each write as a full disk does.
        let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let hash = blake3::Hasher::new();
        let mut appender = Appender { file, path: "/dev/full".into(), len: 0, hash, broken: false };
        let error = appender.append(b"x").unwrap_err();
        assert!(matches!(error, Error::DiskFull { .. }), "{error:?}");
        assert_eq!(error.to_string(), "the disk is full: could not append to `/dev/full`");
        // A device can't be cut back, so the end is unknown from here on.
        assert!(matches!(appender.append(b"x"), Err(Error::Io { .. })));
    }

    #[test]
    fn a_file_that_others_changed_is_not_written_to() {
        type Change = (&'static str, fn(&Path));
        let changes: [Change; 4] = [
            ("replaced", |path| {
                std::fs::write(path.with_extension("new"), "one\n").unwrap();
                std::fs::rename(path.with_extension("new"), path).unwrap();
            }),
            ("gone", |path| std::fs::remove_file(path).unwrap()),
            ("longer", |path| std::fs::write(path, "one\ntwo\n").unwrap()),
            ("shorter", |path| std::fs::write(path, "on").unwrap()),
        ];
        for (name, change) in changes {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("log");
            let mut appender = Appender::open(&path).unwrap();
            appender.append(b"one\n").unwrap();
            change(&path);
            let before = std::fs::read(&path).ok();
            assert!(matches!(appender.append(b"two\n"), Err(Error::Changed(_))), "{name}");
            assert_eq!(std::fs::read(&path).ok(), before, "{name}");
        }
    }

    #[test]
    fn what_it_holds_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let mut appender = Appender::open(&dir.path().join("log")).unwrap();
        appender.append(b"one\n").unwrap();
        appender.append(b"two\n").unwrap();
        assert!(appender.holds(b"one\ntwo\n") && !appender.holds(b"one\ntwO\n"));
        appender.cut(4).unwrap();
        assert!(appender.holds(b"one\n"));
    }

    #[test]
    fn appends_add_up_and_a_cut_takes_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut appender = Appender::open(&path).unwrap();
        appender.append(b"one\n").unwrap();
        drop(appender);
        let mut appender = Appender::open(&path).unwrap();
        assert_eq!(appender.len(), 4);
        appender.append(b"two\n").unwrap();
        appender.cut(4).unwrap();
        appender.append(b"three\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one\nthree\n");
    }
}
