//! Watches the config branch: references on this machine by the kernel's notes, a remote by asking.
//!
//! A note of the kernel says only "compare". References are compared at once and again shortly after, since a
//! reference is replaced in several steps; nothing waits for quiet, so a busy repository delays nobody. The kernel
//! watches a folder, not a path: where the repository is moved away or replaced, the watch is set up anew.

use std::path::Path;
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::adapters::fs::FileId;
use crate::adapters::git::Repo;
use crate::model::CommitId;

use crate::engine::wakes::Wakes;

/// The second comparison follows the first by this.
const AGAIN: Duration = Duration::from_millis(50);
/// How often references are compared without a note: the kernel's notes don't cover every file system.
const POLL: Duration = Duration::from_secs(30);
/// The same where the kernel gives no notes at all.
const POLL_BLIND: Duration = Duration::from_secs(2);

/// How often it is looked whether the repository is still the one that is watched.
const PRESENCE: Duration = Duration::from_millis(500);

/// Watches a reference of a repository on this machine, by its full name, until `stop`. It wakes once when it has begun:
/// what came after the config was read and before that is noticed by nobody else.
pub(crate) async fn watch(repo: Repo, reference: String, wakes: Wakes, stop: CancellationToken) {
    let noted = Arc::new(Notify::new());
    let mut watched = Watched::begin(&repo, &noted);
    let mut last = head(&repo, &reference).await;
    wakes.add(|pending| pending.config = true);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = noted.notified() => {
                compare(&repo, &reference, &mut last, &wakes).await;
                tokio::time::sleep(AGAIN).await;
            }
            () = watched.replaced(&repo) => {}
            () = tokio::time::sleep(watched.poll()) => {}
        }
        if watched.found != repo.found() {
            watched = Watched::begin(&repo, &noted);
        }
        compare(&repo, &reference, &mut last, &wakes).await;
    }
}

/// The repository that the kernel watches.
struct Watched {
    found: Option<FileId>,
    /// Ends its watch when it is dropped; `None` where the kernel gives no notes.
    watcher: Option<RecommendedWatcher>,
}

impl Watched {
    /// Watches what lies there now; nothing where it is gone.
    fn begin(repo: &Repo, noted: &Arc<Notify>) -> Self {
        let found = repo.found();
        let watcher = found.and_then(|_| match notes(repo.common_dir(), Arc::clone(noted)) {
            Ok(watcher) => Some(watcher),
            Err(error) => {
                tracing::warn!(%error, "the config repository can't be watched; it is asked every two seconds");
                None
            }
        });
        Self { found, watcher }
    }

    /// Waits until something else lies there, or nothing.
    async fn replaced(&self, repo: &Repo) {
        while self.found == repo.found() {
            tokio::time::sleep(PRESENCE).await;
        }
    }

    fn poll(&self) -> Duration {
        if self.watcher.is_some() { POLL } else { POLL_BLIND }
    }
}

/// Where a reference is, or what is wrong with the repository: another trouble is news as well.
type Head = Result<Option<CommitId>, String>;

async fn head(repo: &Repo, reference: &str) -> Head {
    let (repo, reference) = (repo.clone(), reference.to_owned());
    let read =
        tokio::task::spawn_blocking(move || repo.reference(&reference).map_err(|e| e.to_string())).await;
    read.unwrap_or_else(|error| Err(error.to_string()))
}

async fn compare(repo: &Repo, reference: &str, last: &mut Head, wakes: &Wakes) {
    let now = head(repo, reference).await;
    if now != *last {
        *last = now;
        wakes.add(|pending| pending.config = true);
    }
}

/// Asks the kernel for notes of changed references: loose ones in `refs/`, packed ones beside it.
fn notes(git_dir: &Path, noted: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Reading the repository is an access: who looked at each of those would keep itself awake for ever.
        if event.is_ok_and(|event| event.kind.is_access() && !event.need_rescan()) {
            return;
        }
        noted.notify_one();
    })?;
    watcher.watch(git_dir, RecursiveMode::NonRecursive)?;
    watcher.watch(&git_dir.join("refs"), RecursiveMode::Recursive)?;
    Ok(watcher)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::git::fixture::Fixture;

    const MAIN: &str = "refs/heads/main";

    /// Far beyond what any step takes; waiting for it means that the step never came.
    const NEVER: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn every_way_in_which_a_branch_moves_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        let one = fixture.put("a", "1").commit("one");
        let wakes = Wakes::default();
        let stop = CancellationToken::new();
        let task = watch(fixture.repo(), MAIN.into(), wakes.clone(), stop.clone());
        let moves = async {
            let noticed = async |what: &str| {
                let pending = tokio::time::timeout(NEVER, wakes.take()).await;
                assert!(pending.is_ok_and(|p| p.config), "{what}");
            };
            noticed("the watch has begun").await;
            fixture.commit("another");
            noticed("another commit").await;
            for (what, args) in [
                ("a loose reference", vec!["update-ref", "refs/heads/main", one.as_str()]),
                ("a commit", vec!["commit", "--quiet", "--allow-empty", "-m", "two"]),
                ("a deletion", vec!["update-ref", "-d", "refs/heads/main"]),
                ("a return", vec!["update-ref", "refs/heads/main", one.as_str()]),
            ] {
                fixture.git(&["pack-refs", "--all"]);
                fixture.git(&args);
                noticed(what).await;
            }
            let aside = dir.path().join("aside");
            std::fs::rename(&fixture.dir, &aside).unwrap();
            noticed("it was moved away").await;
            std::fs::rename(&aside, &fixture.dir).unwrap();
            noticed("it was moved back").await;
            fixture.commit("after the return");
            noticed("a commit after the return").await;
            fixture.git(&["clone", "--quiet", ".", "../aside"]);
            std::fs::remove_dir_all(&fixture.dir).unwrap();
            noticed("the repository is gone").await;
            std::fs::rename(&aside, &fixture.dir).unwrap();
            noticed("another one is in its place").await;
            fixture.commit("in the other one");
            noticed("a commit in the other one").await;
            stop.cancel();
        };
        tokio::join!(task, moves);
    }

    #[tokio::test]
    async fn other_branches_wake_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        fixture.commit("one");
        let (repo, wakes) = (fixture.repo(), Wakes::default());
        let mut last = head(&repo, MAIN).await;
        fixture.git(&["branch", "topic"]);
        compare(&repo, MAIN, &mut last, &wakes).await;
        assert!(tokio::time::timeout(Duration::ZERO, wakes.take()).await.is_err());
        fixture.commit("two");
        compare(&repo, MAIN, &mut last, &wakes).await;
        assert!(tokio::time::timeout(Duration::ZERO, wakes.take()).await.is_ok());
    }
}
