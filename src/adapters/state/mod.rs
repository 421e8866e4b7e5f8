//! The state directory of one config repository and branch: where things lie, who holds its lock, its socket.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{chance, fs};

mod carry;

pub use carry::TakenOver;

/// The most bytes that the path of a Unix socket may have on Linux, without its final NUL.
const MAX_SOCKET_PATH: usize = 107;

/// How a daemon names itself to those who find the lock held.
pub const DAEMON: &str = "factoryctl run";

/// The file with the id of a state directory.
const MACHINE: &str = "machine";

/// The note of what was published of the ledger.
pub const PUBLISHED: &str = "published.json";

/// The most bytes that are read of the kernel's list of locks.
const MAX_LOCKS: u64 = 16 << 20;

/// Why the state directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process works in it.
    #[error("another process holds the lock: {0}")]
    Locked(LockedBy),
    /// The lock can't be taken for another reason.
    #[error("could not take the lock `{path}`", path = .path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// A path is too long for a Unix socket.
    #[error(
        "the socket's path `{path}` has {len} bytes, a socket's may have {MAX_SOCKET_PATH}; set XDG_RUNTIME_DIR or \
         FACTORY_STATE_DIR to a shorter one",
        path = .path.display(),
        len = .path.as_os_str().len()
    )]
    SocketPath {
        /// The path.
        path: PathBuf,
    },
    /// A folder can't be made, or what lies in it can't be moved.
    #[error("could not prepare the state directory")]
    Prepare(#[source] fs::Error),
}

/// Who holds the lock, as it noted itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedBy {
    /// Its process id; `None` when it has not yet noted it.
    pub pid: Option<u32>,
    /// Its command line, shortened to what it does: `factoryctl run`.
    pub command: String,
}

impl LockedBy {
    /// Whether it is a daemon.
    pub fn is_daemon(&self) -> bool {
        self.command == DAEMON
    }
}

impl std::fmt::Display for LockedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "`{}`, process {pid}", self.command),
            None => f.write_str("a process that has just started"),
        }
    }
}

/// The state directory of one config repository and branch.
#[derive(Clone, Debug)]
pub struct StateDir {
    id: String,
    dir: PathBuf,
    runtime: Option<PathBuf>,
}

/// The proof that this process holds the lock; it falls when this is dropped.
#[derive(Debug)]
pub struct Guard {
    // Closing the file gives the lock back.
    _file: File,
    dir: PathBuf,
    machine: String,
}

impl Guard {
    /// The state directory that is locked.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// An id that no other state directory has: it tells this machine's work from that of others on one config.
    pub fn machine(&self) -> &str {
        &self.machine
    }
}

/// The id of a state directory, drawn when it is locked for the first time.
fn machine(dir: &Path) -> Result<String, Error> {
    let file = dir.join(MACHINE);
    match fs::read(&file, 64) {
        Ok(bytes) if !bytes.is_empty() => return Ok(String::from_utf8_lossy(&bytes).trim().to_owned()),
        Err(error) if !error.is_not_found() => return Err(Error::Prepare(error)),
        Ok(_) | Err(_) => {}
    }
    let failed = |source| Error::Lock { path: file.clone(), source };
    let id = hex::encode(chance::drawn::<8>().map_err(failed)?);
    fs::replace(&file, id.as_bytes()).map_err(Error::Prepare)?;
    Ok(id)
}

impl StateDir {
    /// Makes (0700) the directory for the config repository at `url`, its absolute path or URL, and `branch`.
    ///
    /// # Errors
    /// When a folder can't be made.
    pub fn prepare(home: &Path, runtime: Option<&Path>, url: &str, branch: &str) -> Result<Self, Error> {
        let state = Self::at(home, runtime, url, branch);
        for dir in [&state.dir, &state.ledger(), &state.run()] {
            fs::private_dir(dir).map_err(Error::Prepare)?;
        }
        Ok(state)
    }

    /// The same, without making anything: for commands that only look.
    pub fn at(home: &Path, runtime: Option<&Path>, url: &str, branch: &str) -> Self {
        let id = id(url, branch);
        Self { dir: home.join(&id), runtime: runtime.map(Path::to_owned), id }
    }

    /// Twelve hex digits: the same for every process that works on this repository and branch.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The directory itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder that it lies in, as `--state-dir` names it.
    pub fn home(&self) -> &Path {
        self.dir.parent().unwrap_or(&self.dir)
    }

    /// The folder of the ledger's day files.
    pub fn ledger(&self) -> PathBuf {
        self.dir.join("ledger")
    }

    /// The cache that processes share.
    pub fn cache(&self) -> PathBuf {
        self.dir.join("cache.sqlite")
    }

    /// The bare mirror of the config repository.
    pub fn mirror(&self) -> PathBuf {
        self.dir.join("mirror.git")
    }

    /// The folder for what lives as long as a daemon: flips, status.
    pub fn run(&self) -> PathBuf {
        self.dir.join("run")
    }

    /// What people switched live.
    pub fn flips(&self) -> PathBuf {
        self.dir.join("flips.json")
    }

    /// The note of what was published of the ledger.
    pub fn published(&self) -> PathBuf {
        self.dir.join(PUBLISHED)
    }

    /// Where the runs of this machine's agents lie. It goes by the id that moves with the state when config names another
    /// state directory, since runs, workspaces and mirrors name each other by their paths.
    pub fn yard(&self) -> PathBuf {
        match self.machine() {
            Some(id) => self.home().join(format!("runs-{id}")),
            // Nobody has held the lock yet, so nothing was started.
            None => self.dir.join("runs"),
        }
    }

    /// [`Guard::machine`], once somebody has held the lock.
    pub fn machine(&self) -> Option<String> {
        let id = fs::read(&self.machine_file(), 64).ok()?;
        Some(String::from_utf8_lossy(&id).trim().to_owned()).filter(|id| !id.is_empty())
    }

    /// The records of agent runs.
    pub fn runs(&self) -> PathBuf {
        self.yard().join("runs")
    }

    /// The workspaces of agents.
    pub fn workspaces(&self) -> PathBuf {
        self.yard().join("workspaces")
    }

    /// The homes of agents.
    pub fn homes(&self) -> PathBuf {
        self.yard().join("homes")
    }

    /// The folders that recipes keep from one run to the next.
    pub fn caches(&self) -> PathBuf {
        self.yard().join("caches")
    }

    /// Where gates are run, and what they showed of base commits.
    pub fn checks(&self) -> PathBuf {
        self.yard().join("checks")
    }

    /// The bare mirror of a repository that agents work on.
    pub fn mirror_of(&self, repo: &crate::model::RepoName) -> PathBuf {
        self.yard().join("mirrors").join(format!("{}.git", repo.as_str().to_lowercase()))
    }

    fn machine_file(&self) -> PathBuf {
        self.dir.join(MACHINE)
    }

    /// The lock file.
    pub fn lock_file(&self) -> PathBuf {
        self.dir.join("lock")
    }

    /// The daemon's socket: `$XDG_RUNTIME_DIR/factoryctl/<id>.sock`, else in the state directory.
    ///
    /// # Errors
    /// When the path is too long for a socket.
    pub fn socket(&self) -> Result<PathBuf, Error> {
        let path = match &self.runtime {
            Some(runtime) => runtime.join("factoryctl").join(format!("{}.sock", self.id)),
            None => self.dir.join("daemon.sock"),
        };
        if path.as_os_str().len() > MAX_SOCKET_PATH { Err(Error::SocketPath { path }) } else { Ok(path) }
    }

    /// Makes the folder that the socket lies in.
    ///
    /// # Errors
    /// When the path is too long, or the folder can't be made.
    pub fn prepare_socket(&self) -> Result<PathBuf, Error> {
        let path = self.socket()?;
        if let Some(dir) = path.parent() {
            fs::private_dir(dir).map_err(Error::Prepare)?;
        }
        Ok(path)
    }

    /// Takes the lock and notes who has it. `command` is shown to those who find it held: `factoryctl apply`.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process (or another guard of this one) holds it.
    pub fn lock(&self, command: &str) -> Result<Guard, Error> {
        let path = self.lock_file();
        let failed = |source| Error::Lock { path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true).mode(0o600);
        let mut file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Locked(holder(&mut file))),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let note = format!("{}\n{command}\n", std::process::id());
        file.set_len(0).and_then(|()| file.write_all(note.as_bytes())).map_err(failed)?;
        Ok(Guard { _file: file, dir: self.dir.clone(), machine: machine(&self.dir)? })
    }

    /// Who holds the lock at this moment; `None` when nobody does. Only looks: the kernel's list of locks is read,
    /// since trying the lock would keep others from it for an instant.
    ///
    /// # Errors
    /// When the lock file or the list can't be read.
    pub fn holder(&self) -> Result<Option<LockedBy>, Error> {
        let path = self.lock_file();
        let failed = |source| Error::Lock { path: path.clone(), source };
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let inode = file.metadata().map_err(failed)?;
        let (major, minor) = (rustix::fs::major(inode.dev()), rustix::fs::minor(inode.dev()));
        let this = format!("{major:02x}:{minor:02x}:{}", inode.ino());
        let locks = fs::read(Path::new("/proc/locks"), MAX_LOCKS).map_err(Error::Prepare)?;
        let held = String::from_utf8_lossy(&locks).lines().any(|line| {
            let mut words = line.split_whitespace();
            words.any(|word| word == "FLOCK") && words.any(|word| word == this)
        });
        Ok(held.then(|| holder(&mut file)))
    }
}

fn id(url: &str, branch: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    // The length keeps the two apart.
    hasher.update(&(url.len() as u64).to_le_bytes());
    hasher.update(url.as_bytes());
    hasher.update(branch.as_bytes());
    hasher.finalize().to_hex()[..12].to_owned()
}

fn holder(file: &mut File) -> LockedBy {
    let mut note = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(4096).read_to_string(&mut note));
    let mut lines = note.lines();
    let pid = read.ok().and_then(|_| lines.next()).and_then(|pid| pid.parse().ok());
    LockedBy { pid, command: lines.next().unwrap_or_default().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_repository_and_branch_have_one_directory() {
        let of = |url, branch| StateDir::at(Path::new("/s"), None, url, branch).id().to_owned();
        assert_eq!(of("u", "main"), of("u", "main"));
        assert_eq!(of("u", "main").len(), 12);
        assert_ne!(of("u", "main"), of("um", "ain"));
    }

    #[test]
    fn the_lock_is_held_once_and_names_its_holder() {
        let home = tempfile::tempdir().unwrap();
        let state = StateDir::prepare(home.path(), None, "u", "main").unwrap();
        assert_eq!(state.holder().unwrap(), None);
        assert!(!state.lock_file().exists(), "looking makes no file");
        let guard = state.lock("factoryctl run").unwrap();
        let Err(Error::Locked(by)) = state.lock("factoryctl apply") else { panic!("locked twice") };
        assert_eq!(by, LockedBy { pid: Some(std::process::id()), command: "factoryctl run".into() });
        assert_eq!(state.holder().unwrap(), Some(by));
        let id = guard.machine().to_owned();
        drop(guard);
        assert_eq!(state.holder().unwrap(), None);
        let again = state.lock("factoryctl apply").unwrap();
        let other = StateDir::prepare(home.path(), None, "other", "main").unwrap().lock("x").unwrap();
        assert_eq!((again.machine(), id.len()), (id.as_str(), 16));
        assert_ne!(other.machine(), id);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(state.dir()), mode(&state.ledger()), mode(&state.lock_file())),
            (0o700, 0o700, 0o600)
        );
    }

    #[test]
    fn the_socket_has_its_place_and_a_length() {
        let long = format!("/{}", "x".repeat(100));
        for (home, runtime, expect) in [
            ("/s", Some("/run/user/1"), Ok("/run/user/1/factoryctl/ID.sock")),
            ("/s", None, Ok("/s/ID/daemon.sock")),
            (long.as_str(), Some("/r"), Ok("/r/factoryctl/ID.sock")),
            (long.as_str(), None, Err("has 126 bytes, a socket's may have 107")),
        ] {
            let state = StateDir::at(Path::new(home), runtime.map(Path::new), "u", "main");
            match (state.socket(), expect) {
                (Ok(path), Ok(expect)) => {
                    assert_eq!(path.to_str().unwrap(), expect.replace("ID", state.id()));
                }
                (Err(error), Err(expect)) => assert!(error.to_string().contains(expect), "{error}"),
                (got, _) => panic!("{home}: {got:?}"),
            }
        }
    }
}
