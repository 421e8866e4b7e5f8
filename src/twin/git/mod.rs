//! The Git side: one bare repository for each repository of the world, made when it is first needed.
//!
//! Objects and refs are read and written in process; `git http-backend` serves clones and pushes.
//! Repositories of one fork network share one object store, as they do on GitHub.

mod http;
mod merge;
mod read;
mod serve;
mod write;

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::twin::door::failure::Failure;
use crate::twin::world::{Repo, World};

pub(crate) use http::{Backend, Call, GitPath, Group};
pub(crate) use merge::{Merged, merge_trees};
pub(crate) use read::{Blob, CommitInfo, Found};
pub(crate) use serve::{serve, unauthorised};
pub(crate) use write::{Draft, Expected};

/// Where git lies. A name would be looked up by a copy of this process, which holds the whole world.
pub(crate) static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut all = std::env::split_paths(&path).map(|folder| folder.join("git"));
    all.find(|git| git.is_absolute() && git.is_file()).unwrap_or_else(|| "git".into())
});

/// What went wrong with a bare repository; to a client it is an internal error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file or folder of the store.
    #[error("{doing} {path}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// An object or a ref.
    #[error("{doing}")]
    Object {
        /// What was tried.
        doing: &'static str,
        /// What the object store said.
        #[source]
        source: gix::Error,
    },
    /// A ref was not where it was expected.
    #[error("the ref is not where it was expected")]
    Stale,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            message = format!("{message}: {inner}");
            cause = inner.source();
        }
        Failure::new(500, "INTERNAL", message)
    }
}

/// Names what was tried when Git fails.
fn object(doing: &'static str) -> impl Fn(gix::Error) -> Error {
    move |source| Error::Object { doing, source }
}

/// The folder of bare repositories.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    dir: PathBuf,
    pool: Pool,
}

impl Store {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_path_buf(), pool: Pool::default() }
    }

    /// The name of a repository's folder.
    pub(crate) fn folder(id: u64) -> String {
        format!("{id}.git")
    }

    /// Where a repository's folder is.
    pub(crate) fn path(&self, id: u64) -> PathBuf {
        self.dir.join(Self::folder(id))
    }

    /// Opens the bare repository, after making it if needed.
    pub(crate) fn open(&self, world: &World, repo: &Repo) -> Result<Bare, Error> {
        let path = self.dir.join(Self::folder(repo.id));
        let fresh = !path.join("HEAD").exists();
        if fresh {
            self.create(world, repo, &path)?;
        }
        let bare = Bare { git: self.pool.open(&path)? };
        if fresh
            && repo.fork_of.is_none()
            && let Some(files) = &repo.files
        {
            let draft = Draft {
                parents: Vec::new(),
                additions: files
                    .iter()
                    .map(|(path, text)| (path.clone(), text.clone().into_bytes()))
                    .collect(),
                deletions: Vec::new(),
                message: "Initial commit".to_owned(),
                author: repo.owner.clone(),
                at: repo.created_at,
            };
            let sha = bare.write_commit(&draft)?;
            let branch = format!("refs/heads/{}", repo.settings.default_branch);
            bare.set_ref(&branch, Some(&sha), &Expected::Absent).or_else(|error| match error {
                Error::Stale => Ok(()), // somebody else was first, with the same commit
                other @ (Error::Io { .. } | Error::Object { .. }) => Err(other),
            })?;
        }
        Ok(bare)
    }

    fn create(&self, world: &World, repo: &Repo, path: &Path) -> Result<(), Error> {
        let io = |doing, path: &Path| {
            let path = path.to_path_buf();
            move |source| Error::Io { doing, path, source }
        };
        fs::create_dir_all(path.join("refs/heads")).map_err(io("create the folder", path))?;
        let parent = repo.fork_of.and_then(|id| world.repos.get(&id));
        if let Some(parent) = parent {
            let from = self.open(world, parent)?;
            let target =
                fs::canonicalize(from.git.path().join("objects")).map_err(io("find the objects of", path))?;
            match std::os::unix::fs::symlink(target, path.join("objects")) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(io("share the objects of", path)(error));
                }
                Ok(()) | Err(_) => {}
            }
            for (name, sha) in from.refs("refs/heads/")? {
                let file = path.join(&name);
                if let Some(folder) = file.parent() {
                    fs::create_dir_all(folder).map_err(io("create the folder", folder))?;
                }
                fs::write(&file, format!("{sha}\n")).map_err(io("write the ref", &file))?;
            }
        } else {
            fs::create_dir_all(path.join("objects/pack")).map_err(io("create the folder", path))?;
        }
        let config = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\
            [http]\n\tuploadpack = true\n\treceivepack = true\n\
            [uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n\
            [receive]\n\tautogc = false\n\tcertNonceSeed = twin\n\
            [gc]\n\tauto = 0\n";
        fs::write(path.join("config"), config).map_err(io("write the config of", path))?;
        let head = format!("ref: refs/heads/{}\n", repo.settings.default_branch);
        fs::write(path.join("HEAD"), head).map_err(io("write the head of", path))
    }

    /// Lets `HEAD` follow the default branch.
    pub(crate) fn set_head(&self, repo: &Repo) -> Result<(), Error> {
        let path = self.dir.join(Self::folder(repo.id)).join("HEAD");
        if !path.exists() {
            return Ok(());
        }
        let head = format!("ref: refs/heads/{}\n", repo.settings.default_branch);
        fs::write(&path, head).map_err(|source| Error::Io { doing: "write", path, source })
    }

    /// Forgets a deleted repository.
    pub(crate) fn remove(&self, id: u64) -> Result<(), Error> {
        let path = self.dir.join(Self::folder(id));
        // Ids are never given out twice: a handle that somebody has at this moment is asked for no more.
        self.pool.lock().retain(|(known, _)| *known != path);
        match fs::remove_dir_all(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::Io { doing: "remove", path, source })
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// An open bare repository.
pub(crate) struct Bare {
    git: Handle,
}

/// How many handles are kept, and the bytes of objects that each keeps.
const HANDLES: usize = 8;
const OBJECTS: usize = 16 << 20;

/// Handles of repositories that nobody uses at this moment, with the objects that were read through them: those never change.
#[derive(Debug, Clone, Default)]
struct Pool(Arc<Mutex<VecDeque<(PathBuf, gix::Repository)>>>);

impl Pool {
    fn lock(&self) -> MutexGuard<'_, VecDeque<(PathBuf, gix::Repository)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, path: &Path) -> Result<Handle, Error> {
        let mut idle = self.lock();
        let found = idle.iter().rposition(|(known, _)| known == path).and_then(|at| idle.remove(at));
        drop(idle);
        let git = match found {
            Some((_, git)) => git,
            None => {
                // Nobody cleans up here, and a handle that is kept reads the packs that come.
                let room = gix::odb::store::init::Slots::Given(4096);
                let options = gix::open::Options::isolated().object_store_slots(room);
                let mut git = gix::open_opts(path, options).map_err(object("open the bare repository"))?;
                git.object_cache_size(Some(OBJECTS));
                git
            }
        };
        Ok(Handle { path: path.to_owned(), git: Some(git), pool: self.clone() })
    }
}

/// A repository that goes back to the pool.
struct Handle {
    path: PathBuf,
    git: Option<gix::Repository>,
    pool: Pool,
}

impl std::ops::Deref for Handle {
    type Target = gix::Repository;

    fn deref(&self) -> &Self::Target {
        self.git.as_ref().expect("it goes back only when it is dropped")
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let Some(git) = self.git.take() else { return };
        let mut idle = self.pool.lock();
        if idle.len() == HANDLES {
            idle.pop_front();
        }
        idle.push_back((std::mem::take(&mut self.path), git));
    }
}

/// The time of a commit, as the world writes times.
fn at(time: gix::date::Time) -> Timestamp {
    Timestamp::from_second(time.seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
