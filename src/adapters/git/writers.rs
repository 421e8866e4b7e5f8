//! Who writes in a repository of our own. Whoever does holds a share of one lock of the kernel's meanwhile, which falls
//! with its process. Git's own locks are files, and stay when a process is killed: one that is there while nobody writes is
//! a dead one's, and goes.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gix::refs::transaction::RefEdit;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::{Error, Mirror, Repo};
use crate::adapters::fs;
use crate::adapters::process::{Command, Output};
use crate::adapters::procs;

/// The file that is locked.
const FILE: &str = "writers";
/// The variable by which every git that writes in a repository is known, and whatever that starts.
const MARK: &str = "FACTORY_WRITES_IN";
/// How long a git is hunted whose owner is dead.
const SWEEP: Duration = Duration::from_secs(10);
/// How long others may go on writing before their lock is taken for the reason why a git failed.
const OTHERS: Duration = Duration::from_secs(5);

/// The writers of the repository in this folder.
#[derive(Clone, Debug)]
struct Writers(PathBuf);

/// That somebody writes; nobody does any more once it is dropped.
struct Share(#[expect(dead_code, reason = "closing it gives the lock back")] File);

/// What became of git's locks.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Locks {
    /// There were none.
    None,
    /// They were of dead processes, and are gone.
    Removed,
    /// Others write, and this may be theirs.
    Held(PathBuf),
}

impl Writers {
    fn of(repo: &Repo) -> Self {
        Self(repo.common_dir().to_owned())
    }

    /// Says that this process writes. Waits for whoever removes locks, which takes no longer than a sweep.
    fn share(&self) -> Result<Share, Error> {
        let path = self.0.join(FILE);
        let file = fs::append(&path).map_err(Error::Files)?;
        file.lock_shared().map_err(|e| Error::Files(fs::Error::of("lock", &path, e)))?;
        Ok(Share(file))
    }

    /// Removes git's locks, if nobody writes: neither a process of ours, nor a git that one left which was killed.
    fn remove_dead(&self) -> Result<Locks, Error> {
        let Some(first) = self.locks()?.pop() else { return Ok(Locks::None) };
        let path = self.0.join(FILE);
        let file = fs::append(&path).map_err(Error::Files)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Locks::Held(first)),
            Err(TryLockError::Error(e)) => return Err(Error::Files(fs::Error::of("lock", &path, e))),
        }
        let mark = self.0.to_string_lossy();
        let swept = procs::sweep(SWEEP, || procs::marked(MARK, &mark)).map_err(Error::Files)?;
        if !swept.left.is_empty() {
            return Ok(Locks::Held(first));
        }
        for lock in self.locks()? {
            tracing::warn!(lock = %lock.display(), "a lock that a dead process left is removed");
            fs::remove(&lock).map_err(Error::Files)?;
        }
        Ok(Locks::Removed)
    }

    /// The files with which git locks what it writes; none of them lies beside loose objects.
    fn locks(&self) -> Result<Vec<PathBuf>, Error> {
        let objects = self.0.join("objects");
        let mut out = Vec::new();
        for dir in [&self.0, &objects, &objects.join("pack")] {
            out.extend(entries(dir)?.into_iter().filter(|path| is_lock(path)));
        }
        for dir in [self.0.join("refs"), self.0.join("logs"), objects.join("info")] {
            locks_below(&dir, &mut out)?;
        }
        Ok(out)
    }
}

fn is_lock(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "lock")
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let names = fs::names_if_there(dir).map_err(Error::Files)?;
    Ok(names.into_iter().map(|name| dir.join(name)).collect())
}

fn locks_below(dir: &Path, out: &mut Vec<PathBuf>) -> Result<(), Error> {
    for path in entries(dir)? {
        if is_lock(&path) {
            out.push(path);
        } else if path.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            locks_below(&path, out)?;
        }
    }
    Ok(())
}

impl Mirror {
    /// Runs a git that writes in the mirror, once more if it failed while a dead process' lock was there.
    ///
    /// # Errors
    /// [`Error::Locked`] when it failed and others write; when it can't be run.
    pub(super) async fn write(&self, command: Command) -> Result<Output, Error> {
        let writers = Writers::of(self.repo());
        let command = command.var(MARK, self.repo().common_dir());
        let output = write(&writers, command.clone()).await?;
        if output.status.success() {
            return Ok(output);
        }
        let until = Instant::now() + OTHERS;
        loop {
            let all = writers.clone();
            match aside(move || all.remove_dead()).await? {
                Locks::None => return Ok(output),
                Locks::Removed => return write(&writers, command).await,
                Locks::Held(path) if until <= Instant::now() => return Err(Error::Locked(path)),
                Locks::Held(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

async fn write(writers: &Writers, command: Command) -> Result<Output, Error> {
    let writers = writers.clone();
    let _share = aside(move || writers.share()).await?;
    command.run().await.map_err(Error::Process)
}

/// Does what may wait for others where that holds nobody up.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match spawn_blocking(work).await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => Err(Error::Stopped),
    }
}

impl Repo {
    /// Changes references. Where the repository is our own, a dead process' lock is no obstacle; the inner error is what git
    /// has against it.
    pub(super) fn edit(
        &self,
        edits: &[RefEdit],
        by: Option<gix::actor::SignatureRef<'_>>,
    ) -> Result<Result<(), gix::Error>, Error> {
        let repo = self.to_write()?;
        let edit = || repo.edit_references_as(edits.to_vec(), by).map(drop);
        if !self.is_ours() {
            return Ok(edit());
        }
        let writers = Writers::of(self);
        let share = writers.share()?;
        let first = edit();
        drop(share);
        match first {
            Err(error) if error.is_retryable() => match writers.remove_dead()? {
                Locks::Removed => {
                    let _share = writers.share()?;
                    Ok(edit())
                }
                Locks::None | Locks::Held(_) => Ok(Err(error)),
            },
            done => Ok(done),
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests leave what a killed git leaves")]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::super::fixture::Fixture;
    use super::super::{Access, Refs, Signature};
    use super::*;
    use crate::adapters::env::Env;

    const LEFT: [&str; 6] = [
        "config.lock",
        "packed-refs.lock",
        "refs/heads/main.lock",
        "refs/factory/salvage/x.lock",
        "objects/info/commit-graphs/commit-graph-chain.lock",
        "objects/pack/multi-pack-index.lock",
    ];

    /// Leaves what a killed git leaves.
    fn leave(mirror: &Mirror) {
        for lock in LEFT {
            let path = mirror.repo().common_dir().join(lock);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
    }

    fn left(mirror: &Mirror) -> usize {
        LEFT.iter().filter(|lock| mirror.repo().common_dir().join(lock).exists()).count()
    }

    #[tokio::test]
    async fn a_lock_that_a_killed_process_left_holds_nobody_up() {
        let dir = tempfile::tempdir().unwrap();
        let access = Access::new(&Env::read(), None);
        let remote = Fixture::init(&dir.path().join("r"), &[]);
        let mirror = Mirror::ensure(&dir.path().join("m.git"), &remote.dir.display().to_string()).unwrap();
        let commit = remote.commit("one");
        // Every reference is written, and those that are gone are taken out of what is packed.
        remote.git(&["branch", "gone"]);
        mirror.fetch(&access, &[Refs::Branches]).await.unwrap();
        remote.git(&["branch", "-D", "gone"]);
        let next = remote.commit("two");
        leave(&mirror);
        mirror.fetch(&access, &[Refs::Branches]).await.unwrap();
        assert_eq!((mirror.repo().branch_head("main").unwrap(), left(&mirror)), (Some(next), 0));
        leave(&mirror);
        mirror.keep_all(&access).await.unwrap();
        assert_eq!(left(&mirror), 0);
        leave(&mirror);
        let (name, at) = ("refs/factory/salvage/x", "2026-02-03T04:05:06Z".parse().unwrap());
        mirror.repo().set_reference(name, &commit, &Signature::default(), at).unwrap();
        assert_eq!((mirror.repo().reference(name).unwrap(), left(&mirror)), (Some(commit), 0));
        leave(&mirror);
        mirror.repo().remove_references(&[name.to_owned()]).unwrap();
        assert_eq!((mirror.repo().reference(name).unwrap(), left(&mirror)), (None, 0));
    }

    #[tokio::test]
    async fn a_lock_of_the_living_stays_and_a_git_without_an_owner_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let remote = Fixture::init(&dir.path().join("r"), &[]);
        remote.commit("one");
        let mirror = Mirror::ensure(&dir.path().join("m.git"), &remote.dir.display().to_string()).unwrap();
        let writers = Writers::of(mirror.repo());
        assert_eq!(writers.remove_dead().unwrap(), Locks::None);
        leave(&mirror);
        let share = writers.share().unwrap();
        assert!(matches!(writers.remove_dead().unwrap(), Locks::Held(_)));
        assert_eq!(left(&mirror), LEFT.len());
        drop(share);
        let mut child = std::process::Command::new("sleep");
        let mut child = child.arg("600").env(MARK, mirror.repo().common_dir()).spawn().unwrap();
        assert_eq!((writers.remove_dead().unwrap(), left(&mirror)), (Locks::Removed, 0));
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }

    #[test]
    fn nothing_is_removed_in_a_repository_of_others() {
        let dir = tempfile::tempdir().unwrap();
        let theirs = Fixture::init(&dir.path().join("r"), &[]);
        let commit = theirs.commit("one");
        theirs.put(".git/refs/heads/x.lock", "");
        let at = "2026-02-03T04:05:06Z".parse().unwrap();
        theirs.repo().set_reference("refs/heads/x", &commit, &Signature::default(), at).unwrap_err();
        assert!(theirs.dir.join(".git/refs/heads/x.lock").exists());
    }
}
