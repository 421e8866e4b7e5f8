//! How much of the disk some folders take, measured beside what goes on, on a thread of its own.
#![expect(clippy::disallowed_methods, reason = "the edge at which time passes")]

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};

/// How much longer than a measurement took is waited before the next one: it takes a twentieth of a processor at most.
const REST: u32 = 19;
/// The most names that are counted. Where there are more, it is more than anybody may have.
const MOST: usize = 5_000_000;
/// The most folders that wait to be counted, and how long their paths may be: what lies deeper isn't counted.
const LONGEST: usize = 3_000;
/// The most files with several names that are told from each other.
const LINKED: usize = 100_000;

/// A measurement that is repeated until this is dropped.
#[derive(Debug)]
pub struct Gauge {
    used: Arc<AtomicU64>,
    /// Its end is what the thread waits for.
    _going: Sender<()>,
}

impl Gauge {
    /// Measures these folders, again and again, with so much time between at least.
    ///
    /// # Errors
    /// When there can be no further thread.
    pub fn start(folders: Vec<PathBuf>, every: Duration) -> io::Result<Self> {
        let used = Arc::new(AtomicU64::new(0));
        let (going, gone) = mpsc::channel::<()>();
        let told = Arc::clone(&used);
        std::thread::Builder::new().name("disk".to_owned()).spawn(move || {
            loop {
                let began = Instant::now();
                told.store(measure(&folders), Ordering::Relaxed);
                let rest = every.max(began.elapsed().saturating_mul(REST));
                if gone.recv_timeout(rest) == Err(RecvTimeoutError::Disconnected) {
                    return;
                }
            }
        })?;
        Ok(Self { used, _going: going })
    }

    /// The bytes that the last measurement found; none before the first one.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

/// The bytes of the disk that folders take, those of their names among them. What vanishes meanwhile takes none, no link
/// is followed, and a file with several names counts once.
fn measure(folders: &[PathBuf]) -> u64 {
    let mut waiting: VecDeque<PathBuf> = folders.iter().cloned().collect();
    let (mut used, mut names, mut linked) = (0_u64, 0_usize, BTreeSet::new());
    while let Some(folder) = waiting.pop_back() {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Ok(opened) = openat(CWD, &folder, flags, Mode::empty()) else { continue };
        let Ok(listed) = Dir::read_from(&opened) else { continue };
        for entry in listed.flatten() {
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            names += 1;
            if names > MOST {
                return u64::MAX;
            }
            let Ok(stat) = statat(&opened, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            let is_counted = !is_folder
                && stat.st_nlink > 1
                && linked.len() < LINKED
                && !linked.insert((stat.st_dev, stat.st_ino));
            if !is_counted {
                used = used.saturating_add(u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512));
            }
            if is_folder && folder.as_os_str().len() + name.len() < LONGEST {
                waiting.push_back(folder.join(name));
            }
        }
    }
    used
}

#[cfg(test)]
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
        assert_eq!(measure(&folders), 0);
        std::fs::write(at("a/f"), vec![1; 1 << 20]).unwrap();
        std::fs::hard_link(at("a/f"), at("b/same")).unwrap();
        std::fs::write(at("out"), vec![1; 1 << 20]).unwrap();
        std::os::unix::fs::symlink(at("out"), at("a/link")).unwrap();
        std::os::unix::fs::symlink(dir.path(), at("b/up")).unwrap();
        std::fs::File::create(at("b/hole")).unwrap().set_len(1 << 30).unwrap();
        let used = measure(&folders);
        assert!((1 << 20..(1 << 20) + (64 << 10)).contains(&used), "{used}");
        let gauge = Gauge::start(folders.into(), Duration::from_millis(1)).unwrap();
        while gauge.used() != used {
            std::thread::yield_now();
        }
    }
}
