//! A folder that others write in: what lies below it is reached name by name, and no link leads out of it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, readlinkat, statat, unlinkat};
use rustix::time::{ClockId, clock_gettime};

use super::{Error, Stamp};

/// For so many seconds a file may be written again without another stamp, wherever stamps are as coarse as anywhere.
const SETTLED: i64 = 2;

/// A folder, open.
#[derive(Debug)]
pub struct Beneath {
    root: OwnedFd,
    path: PathBuf,
}

/// What a name in a folder is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A folder.
    Folder,
    /// A regular file.
    File {
        /// Its length when it was looked at.
        bytes: u64,
        /// Whether its owner may run it.
        executable: bool,
    },
    /// A symbolic link, and where it leads to.
    Link(Vec<u8>),
    /// A pipe, a socket, a device.
    Special,
}

/// What a name in a folder is, as far as it matters whether that is still as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lies {
    /// A folder.
    Folder,
    /// Anything else, and how it was left.
    Other(Stamp),
}

impl Beneath {
    /// Opens a folder; a link in its own place is refused.
    ///
    /// # Errors
    /// When it isn't there, or isn't a folder.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let root = folder(CWD, path.as_os_str()).map_err(|e| Error::of("open", path, e.into()))?;
        Ok(Self { root, path: path.to_owned() })
    }

    /// What lies in a folder below it (`""` for itself), sorted by name; one more than `most` where there is more than
    /// that. Names that vanish meanwhile are left out.
    ///
    /// # Errors
    /// When it isn't there, a link leads to it, or it can't be read.
    pub fn list(&self, below: &Path, most: usize) -> Result<Vec<(OsString, Found)>, Error> {
        self.each(below, most, look)
    }

    /// As [`Beneath::list`], with how each was left.
    ///
    /// # Errors
    /// As [`Beneath::list`].
    pub fn stamps(&self, below: &Path, most: usize) -> Result<Vec<(OsString, Lies)>, Error> {
        self.each(below, most, |folder, name| {
            let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
            let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            Ok(if is_folder { Lies::Folder } else { Lies::Other(Stamp::of(&stat)) })
        })
    }

    /// How the regular files of a folder below it were left that nothing was done to in the last seconds, as the clock of this
    /// machine has it: whatever is done to one from now on, it has another stamp then.
    ///
    /// # Errors
    /// As [`Beneath::list`].
    pub fn settled(&self, below: &Path, most: usize) -> Result<Vec<(OsString, Stamp)>, Error> {
        let now = clock_gettime(ClockId::RealtimeCoarse).tv_sec;
        let all = self.each(below, most, |folder, name| {
            let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
            let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
            let last = stat.st_ctime.max(stat.st_mtime);
            Ok((is_file && last.saturating_add(SETTLED) < now).then(|| Stamp::of(&stat)))
        })?;
        Ok(all.into_iter().filter_map(|(name, stamp)| Some((name, stamp?))).collect())
    }

    /// How what lies at a path below it was left; `None` where nothing does.
    ///
    /// # Errors
    /// When that can't be told.
    pub fn stamp(&self, below: &Path) -> Result<Option<Stamp>, Error> {
        let path = self.path.join(below);
        let name = below.file_name().ok_or_else(|| Error::NotRegular(path.clone()))?;
        let above = self.descend(below.parent().unwrap_or(Path::new("")));
        match above.and_then(|above| statat(&above, name, AtFlags::SYMLINK_NOFOLLOW)) {
            Ok(stat) => Ok(Some(Stamp::of(&stat))),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => Ok(None),
            Err(e) => Err(Error::of("inspect", &path, e.into())),
        }
    }

    fn each<T>(
        &self,
        below: &Path,
        most: usize,
        look: impl Fn(&OwnedFd, &OsStr) -> rustix::io::Result<T>,
    ) -> Result<Vec<(OsString, T)>, Error> {
        let failed = |e: rustix::io::Errno| Error::of("list", &self.path.join(below), e.into());
        let opened = self.descend(below).map_err(failed)?;
        let mut all = Vec::new();
        for entry in Dir::read_from(&opened).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            if all.len() > most {
                break;
            }
            match look(&opened, name) {
                Ok(found) => all.push((name.to_owned(), found)),
                Err(rustix::io::Errno::NOENT) => {}
                Err(e) => return Err(failed(e)),
            }
        }
        all.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(all)
    }

    /// The first names in a folder below it, sorted, and whether there are more than `most`.
    ///
    /// # Errors
    /// When it isn't there, a link leads to it, or it can't be read.
    pub fn names(&self, below: &Path, most: usize) -> Result<(Vec<OsString>, bool), Error> {
        let failed = |e: rustix::io::Errno| Error::of("list", &self.path.join(below), e.into());
        let opened = self.descend(below).map_err(failed)?;
        let mut names = Vec::new();
        for entry in Dir::read_from(&opened).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            if names.len() == most {
                names.sort();
                return Ok((names, true));
            }
            names.push(name.to_owned());
        }
        names.sort();
        Ok((names, false))
    }

    /// The bytes of a regular file below it; one of more than `limit` is too large.
    ///
    /// # Errors
    /// When it isn't there, isn't a regular file, a link leads to it, or it is too large.
    pub fn read(&self, below: &Path, limit: u64) -> Result<Vec<u8>, Error> {
        let path = self.path.join(below);
        let mut bytes = Vec::new();
        let read = self.file(below)?.take(limit + 1).read_to_end(&mut bytes);
        read.map_err(|e| Error::of("read", &path, e))?;
        if bytes.len() as u64 > limit { Err(Error::TooLarge { path, limit }) } else { Ok(bytes) }
    }

    /// Opens a regular file below it for reading.
    ///
    /// # Errors
    /// When it isn't there, isn't a regular file, or a link leads to it.
    pub fn file(&self, below: &Path) -> Result<File, Error> {
        let path = self.path.join(below);
        let failed = |e: rustix::io::Errno| Error::of("open", &path, e.into());
        let name = below.file_name().ok_or_else(|| Error::NotRegular(path.clone()))?;
        let above = self.descend(below.parent().unwrap_or(Path::new(""))).map_err(failed)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(&above, name, flags, Mode::empty()).map_err(failed)?);
        let meta = file.metadata().map_err(|e| Error::of("inspect", &path, e))?;
        if meta.is_file() { Ok(file) } else { Err(Error::NotRegular(path)) }
    }

    /// Removes a file or a link below it; whether one was there.
    ///
    /// # Errors
    /// When it is a folder, a link leads to it, or it can't be removed.
    pub fn remove(&self, below: &Path) -> Result<bool, Error> {
        let path = self.path.join(below);
        let name = below.file_name().ok_or_else(|| Error::NotRegular(path.clone()))?;
        let above = self.descend(below.parent().unwrap_or(Path::new("")));
        match above.and_then(|above| unlinkat(&above, name, AtFlags::empty())) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::NOENT) => Ok(false),
            Err(e) => Err(Error::of("remove", &path, e.into())),
        }
    }

    fn descend(&self, below: &Path) -> rustix::io::Result<OwnedFd> {
        let mut at = folder(&self.root, OsStr::new("."))?;
        for part in below.components() {
            let Component::Normal(name) = part else { return Err(rustix::io::Errno::INVAL) };
            at = folder(&at, name)?;
        }
        Ok(at)
    }
}

/// Opens one folder by its name alone.
fn folder(at: impl rustix::fd::AsFd, name: &OsStr) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::empty())
}

fn look(folder: &OwnedFd, name: &OsStr) -> rustix::io::Result<Found> {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => Found::Folder,
        FileType::RegularFile => Found::File {
            bytes: stat.st_size.unsigned_abs(),
            executable: Mode::from_raw_mode(stat.st_mode).contains(Mode::XUSR),
        },
        FileType::Symlink => Found::Link(readlinkat(folder, name, Vec::new())?.into_bytes()),
        FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => Found::Special,
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write what is then read")]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_was_written_right_now_is_not_settled() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("fresh"), "").unwrap();
        assert_eq!(Beneath::open(dir.path()).unwrap().settled(Path::new(""), 9).unwrap(), []);
        let here = Beneath::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let settled = here.settled(Path::new(""), 99).unwrap();
        let stamp = here.stamp(Path::new("Cargo.toml")).unwrap().unwrap();
        assert!(settled.contains(&("Cargo.toml".into(), stamp)), "{settled:?}");
        assert!(settled.iter().all(|(name, _)| name != "src"), "folders are none");
    }

    #[test]
    fn no_link_leads_out() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        std::fs::create_dir_all(root.join("d")).unwrap();
        std::fs::create_dir(dir.path().join("out")).unwrap();
        std::fs::write(dir.path().join("out/secret"), "s").unwrap();
        std::fs::write(root.join("d/f"), "f").unwrap();
        std::os::unix::fs::symlink("../out", root.join("link")).unwrap();
        std::os::unix::fs::symlink("f", root.join("d/inner")).unwrap();
        let it = Beneath::open(&root).unwrap();
        let names: Vec<_> = it.list(Path::new(""), 9).unwrap();
        assert_eq!(names, [("d".into(), Found::Folder), ("link".into(), Found::Link(b"../out".to_vec()))]);
        assert_eq!(it.list(Path::new("d"), 0).unwrap().len(), 1, "there is more");
        let mut text = String::new();
        it.file(Path::new("d/f")).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "f");
        assert!(it.file(Path::new("link/secret")).is_err());
        assert!(it.file(Path::new("d/inner")).is_err());
        assert!(it.file(Path::new("../out/secret")).is_err());
        assert!(it.list(Path::new("link"), 9).is_err());
        assert!(it.remove(Path::new("link/secret")).is_err() && it.remove(Path::new("d")).is_err());
        let removed = ["d/inner", "d/inner", "none/at/all"].map(|name| it.remove(Path::new(name)).unwrap());
        assert_eq!((removed, it.list(Path::new("d"), 9).unwrap().len()), ([true, false, false], 1));
        assert!(Beneath::open(&root.join("link")).is_err());
    }
}
