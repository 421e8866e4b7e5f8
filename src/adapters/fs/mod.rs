//! Files: bounded reads, atomic replacement, synced appends. Every error names the path, and a full disk by name.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

mod appender;
mod beneath;
mod config_folder;
mod misplaced;
mod place;
mod remove;
mod stamp;
mod usage;

pub use appender::Appender;
pub use beneath::{Beneath, Found, Lies};
pub(crate) use config_folder::{Collector, MAX_PEEKED, is_config_path};
pub use config_folder::{MAX_CONFIG_BYTES, MAX_CONFIG_FILES, MAX_FILE_BYTES, changed, read_config_folder};
pub(crate) use misplaced::{may_be_ours, may_be_policies};
pub use place::{FileId, id, is_same};
#[cfg(test)]
pub(crate) use remove::tests::nest;
pub use remove::{empty, remove_tree};
pub use stamp::{Stamp, tick};
pub use usage::disk_usage;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there.
    #[error("`{path}` is not there", path = .0.display())]
    NotFound(PathBuf),
    /// It is not there any more, or something else stands in its place.
    #[error("`{path}` is not a regular file", path = .0.display())]
    NotRegular(PathBuf),
    /// It is a symbolic link where none is followed.
    #[error("`{path}` is a symbolic link", path = .0.display())]
    Symlink(PathBuf),
    /// It is not what this process has read and written.
    #[error("`{path}` was changed or replaced by somebody else", path = .0.display())]
    Changed(PathBuf),
    /// It is larger than allowed.
    #[error("`{path}` is larger than {limit}", path = .path.display(), limit = Size(*.limit))]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// No space is left on the device, or in the quota.
    #[error("the disk is full: could not {action} `{path}`", path = .path.display())]
    DiskFull {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// Anything else.
    #[error("could not {action} `{path}`", path = .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// The error of an `action` on `path`.
    pub(crate) fn of(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::NotFound {
            Self::NotFound(path)
        } else if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            Self::DiskFull { action, path, source }
        } else {
            Self::Io { action, path, source }
        }
    }

    /// Whether the file simply isn't there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }

    /// Whether it tells of what lies there, as whoever made it left it, rather than of this machine.
    pub fn is_of_what_lies_there(&self) -> bool {
        use rustix::io::Errno;
        let theirs = [Errno::LOOP, Errno::NOTDIR, Errno::ISDIR, Errno::ACCESS, Errno::PERM, Errno::NXIO];
        match self {
            Self::NotFound(_) | Self::NotRegular(_) | Self::Symlink(_) | Self::TooLarge { .. } => true,
            Self::Changed(_) | Self::DiskFull { .. } => false,
            Self::Io { source, .. } => {
                theirs.iter().any(|errno| source.raw_os_error() == Some(errno.raw_os_error()))
            }
        }
    }

    /// Whether the process that a file of `/proc` is of has ended while it was read.
    pub fn is_gone(&self) -> bool {
        let gone = rustix::io::Errno::SRCH.raw_os_error();
        matches!(self, Self::Io { source, .. } if source.raw_os_error() == Some(gone))
    }
}

/// A number of bytes for people: `4 MiB`.
pub(crate) struct Size(pub(crate) u64);

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            n if n >= 1 << 20 && n % (1 << 20) == 0 => write!(f, "{} MiB", n >> 20),
            n if n >= 1 << 10 && n % (1 << 10) == 0 => write!(f, "{} KiB", n >> 10),
            n => write!(f, "{n} bytes"),
        }
    }
}

/// Reads a regular file of at most `limit` bytes. A link is followed; a pipe or device is refused, not waited for.
///
/// # Errors
/// Names the path and what is wrong with it.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    read_with(path, limit, OFlags::NONBLOCK)
}

/// As [`read`], but a symbolic link is an error.
///
/// # Errors
/// Names the path and what is wrong with it.
pub fn read_no_follow(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    read_with(path, limit, OFlags::NONBLOCK | OFlags::NOFOLLOW)
}

fn read_with(path: &Path, limit: u64, flags: OFlags) -> Result<Vec<u8>, Error> {
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = opened.map_err(|e| match e.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::LOOP) if flags.contains(OFlags::NOFOLLOW) => Error::Symlink(path.to_owned()),
        Some(_) | None => Error::of("open", path, e),
    })?;
    let meta = file.metadata().map_err(|e| Error::of("inspect", path, e))?;
    if !meta.is_file() {
        return Err(Error::NotRegular(path.to_owned()));
    }
    let too_large = || Error::TooLarge { path: path.to_owned(), limit };
    if meta.len() > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or_default());
    // One byte more than allowed, so that a file that grows meanwhile is noticed.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| Error::of("read", path, e))?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// Replaces a file's content: a reader sees the old or the new one, also after a crash. The file is private (0600).
///
/// # Errors
/// When any step fails; the old content then stands, and nothing is left beside it.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    replace_with(path, bytes, 0o600)
}

/// As [`replace`], for what may be lost with the power: it isn't waited for until the disk has it.
///
/// # Errors
/// As [`replace`].
pub fn replace_lightly(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut temp = temporary(path, 0o600)?;
    temp.write_all(bytes).map_err(|e| Error::of("write", path, e))?;
    temp.persist(path).map_err(|e| Error::of("replace", path, e.error))?;
    Ok(())
}

/// Puts a file where none is, whole and durably; whether none was. Of several that try, one succeeds.
///
/// # Errors
/// As [`replace`].
pub fn put_first(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    let mut temp = temporary(path, 0o600)?;
    temp.write_all(bytes).map_err(|e| Error::of("write", path, e))?;
    temp.as_file().sync_all().map_err(|e| Error::of("sync", path, e))?;
    match temp.persist_noclobber(path) {
        Ok(_) => sync_dir(folder_of(path)).map(|()| true),
        Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(Error::of("put", path, e.error)),
    }
}

/// As [`replace`], for a file that is a person's: it keeps its access, and a new one gets the usual one.
///
/// # Errors
/// As [`replace`].
pub fn replace_shared(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    match std::fs::metadata(path) {
        Ok(meta) => replace_with(path, bytes, meta.permissions().mode() & 0o777),
        Err(e) if e.kind() == io::ErrorKind::NotFound => replace_with(path, bytes, 0o666),
        Err(e) => Err(Error::of("inspect", path, e)),
    }
}

/// `mode` is narrowed by the process' umask, as for any new file.
fn replace_with(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let mut temp = temporary(path, mode)?;
    temp.write_all(bytes).map_err(|e| Error::of("write", path, e))?;
    temp.as_file().sync_all().map_err(|e| Error::of("sync", path, e))?;
    temp.persist(path).map_err(|e| Error::of("replace", path, e.error))?;
    sync_dir(folder_of(path))
}

fn temporary(path: &Path, mode: u32) -> Result<tempfile::NamedTempFile, Error> {
    tempfile::Builder::new()
        .prefix(".tmp-")
        .permissions(std::fs::Permissions::from_mode(mode))
        .tempfile_in(folder_of(path))
        .map_err(|e| Error::of("make a temporary file for", path, e))
}

/// Opens a private file to write after what is in it.
///
/// # Errors
/// When it can't be made or opened.
pub fn append(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o600).open(path).map_err(|e| Error::of("open", path, e))
}

/// The folder that a path lies in; `.` for a bare name.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes a file; one that isn't there is no error.
///
/// # Errors
/// When it is there and stays.
pub fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Ok(()) => sync_dir(folder_of(path)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(Error::of("remove", path, e)),
    }
}

/// Makes names that were added to or taken from a folder survive a crash.
///
/// # Errors
/// When the folder can't be synced.
pub fn sync_dir(dir: &Path) -> Result<(), Error> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(|e| Error::of("sync the folder", dir, e))
}

/// Makes a folder and its parents, with access for the owner alone (0700).
///
/// # Errors
/// When it can't be made, or its access can't be narrowed.
pub fn private_dir(dir: &Path) -> Result<(), Error> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|e| Error::of("make the folder", dir, e))?;
    let meta = std::fs::metadata(dir).map_err(|e| Error::of("inspect", dir, e))?;
    if meta.permissions().mode() & 0o077 != 0 {
        let narrow = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(dir, narrow).map_err(|e| Error::of("narrow the access of", dir, e))?;
    }
    Ok(())
}

/// Moves a file or folder to a name in the same file system, durably.
///
/// # Errors
/// When it stays where it was.
pub fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::rename(from, to).map_err(|e| Error::of("move", from, e))?;
    sync_dir(folder_of(to))
}

/// The names in a folder, sorted; those that aren't UTF-8 are left out.
///
/// # Errors
/// When the folder can't be read.
pub fn names(dir: &Path) -> Result<Vec<String>, Error> {
    read_names(dir, |name| Some(name.to_owned()))
}

/// What the names in a folder are read as, sorted; those that are nothing of it are left out.
///
/// # Errors
/// As [`names`].
pub fn read_names<T: Ord>(dir: &Path, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Error> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|e| Error::of("list", dir, e))? {
        let entry = entry.map_err(|e| Error::of("list", dir, e))?;
        all.extend(entry.file_name().to_str().and_then(&read));
    }
    all.sort();
    Ok(all)
}

/// As [`names`]; none in a folder that isn't there.
///
/// # Errors
/// As [`names`].
pub fn names_if_there(dir: &Path) -> Result<Vec<String>, Error> {
    match names(dir) {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        other => other,
    }
}

/// Opens a file for reading from its start; `None` when it isn't there.
///
/// # Errors
/// When it is there and can't be opened.
pub fn open(path: &Path) -> Result<Option<File>, Error> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::of("open", path, e)),
    }
}

/// Whether a regular file lies there, or a link to one.
pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// A folder in which one process at a time reads and then writes, as long as this lives; the others wait.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "the lock is held as long as it is open")] File);

/// Holds a folder, once nobody else does.
///
/// # Errors
/// When it can't be opened, or its file system knows no locks.
pub fn hold(folder: &Path) -> Result<Held, Error> {
    let file = File::open(folder).map_err(|e| Error::of("open", folder, e))?;
    file.lock().map_err(|e| Error::of("lock", folder, e))?;
    Ok(Held(file))
}

/// Whether a regular file lies there itself.
pub fn is_plain_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_file())
}

/// Whether anything lies there.
pub fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether there is a folder at `below` in `root`, which no link leads to.
pub fn is_plain_dir(root: &Path, below: &Path) -> bool {
    let mut at = root.to_owned();
    below.components().all(|part| {
        at.push(part);
        at.symlink_metadata().is_ok_and(|meta| meta.is_dir())
    })
}

/// Makes a folder at `below` in `root`, and those on the way to it; `false` when something else is in its way, or a link
/// leads there.
///
/// # Errors
/// When it can't be made.
pub fn make_plain_dir(root: &Path, below: &Path) -> Result<bool, Error> {
    let mut at = root.to_owned();
    for part in below.components() {
        at.push(part);
        match std::fs::create_dir(&at) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(Error::of("make the folder", &at, e)),
        }
        if !at.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Puts a file at `below` in `root`, whole or not at all, no link followed: what is in its way within `root` is removed.
/// Nothing that may change `root` runs meanwhile.
///
/// # Errors
/// When it can't be written.
pub fn replace_within(root: &Path, below: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut at = root.to_owned();
    for part in below.parent().into_iter().flat_map(Path::components) {
        at.push(part);
        if at.symlink_metadata().is_ok_and(|meta| !meta.is_dir()) {
            remove(&at)?;
        }
    }
    make_plain_dir(root, below.parent().unwrap_or(Path::new("")))?;
    let path = root.join(below);
    if path.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
        remove_tree(&path)?;
    }
    replace(&path, bytes)
}

/// Makes a link at `at` that leads to `from`, unless something is there.
///
/// # Errors
/// When it can't be made.
pub fn link(from: &Path, at: &Path) -> Result<(), Error> {
    match std::os::unix::fs::symlink(from, at) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(Error::of("make the link", at, e)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes the link at `at` that leads to `from`; anything else stays.
///
/// # Errors
/// When it stays.
pub fn unlink(from: &Path, at: &Path) -> Result<(), Error> {
    if std::fs::read_link(at).is_ok_and(|to| to == from) { remove(at) } else { Ok(()) }
}

/// Makes a folder and its parents, with the usual access.
///
/// # Errors
/// When it can't be made.
pub fn make_dirs(dir: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(dir).map_err(|e| Error::of("make the folder", dir, e))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write what is then read")]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_way_of_a_file_is_removed_and_leads_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for folder in ["root/full.json", "other"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        std::os::unix::fs::symlink(at("other"), at("root/a")).unwrap();
        std::os::unix::fs::symlink(at("other/f"), at("root/link")).unwrap();
        for below in ["a/b/f", "a/b/f", "link", "full.json"] {
            replace_within(&at("root"), Path::new(below), below.as_bytes()).unwrap();
            assert_eq!(std::fs::read(at("root").join(below)).unwrap(), below.as_bytes());
        }
        assert_eq!(std::fs::read_dir(at("other")).unwrap().count(), 0);
    }

    #[test]
    fn a_read_is_bounded_and_takes_regular_files_only() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("four"), b"1234").unwrap();
        std::os::unix::fs::symlink("four", at("link")).unwrap();
        let fifo = at("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert_eq!(read(&at("four"), 4).unwrap(), b"1234");
        assert_eq!(read(&at("link"), 4).unwrap(), b"1234");
        assert!(matches!(read(&at("four"), 3), Err(Error::TooLarge { .. })));
        assert!(matches!(read_no_follow(&at("link"), 4), Err(Error::Symlink(_))));
        assert!(matches!(read(&fifo, 4), Err(Error::NotRegular(_))));
        assert!(matches!(read(dir.path(), 4), Err(Error::NotRegular(_))));
        assert!(read(&at("none"), 4).unwrap_err().is_not_found());
    }

    #[test]
    fn a_replacement_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(names(dir.path()).unwrap(), ["f"]);
        assert!(replace(&dir.path().join("no/f"), b"x").is_err());
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        replace_shared(&path, b"three").unwrap();
        assert_eq!(mode(), 0o640);
    }

    #[test]
    fn a_private_folder_is_narrowed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        std::fs::create_dir_all(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        private_dir(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
