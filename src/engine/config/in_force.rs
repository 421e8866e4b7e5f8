//! The config that is in force: the last good commit of the config branch.
//!
//! A head that can't be read, or that doesn't load, changes nothing but is said loudly; it is never "desire
//! nothing".

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::adapters::clock::Clock;
use crate::adapters::git::{self, Step};
use crate::adapters::said;
use crate::model::{Broken, CommitId, Desired};

use super::memory::Followed;
use super::source::{At, Invalid, Source, SourceError};

/// How many commits are looked through for one that loads, when the head doesn't.
const BACK: usize = 100;

/// A commit that is in force.
#[derive(Clone, Debug)]
pub struct InForce {
    /// The commit.
    pub commit: CommitId,
    /// What it says.
    pub desired: Arc<Desired>,
    /// Since when.
    pub since: Timestamp,
}

/// A commit that did not come into force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The commit.
    pub commit: CommitId,
    /// When it was rejected.
    pub at: Timestamp,
    /// Why, in a line.
    pub why: String,
    /// Every problem, rendered; the same line where there is no more to say.
    pub details: String,
}

/// The config branch and what of it is in force.
#[derive(Debug)]
pub struct Keeper {
    source: Arc<Source>,
    branch: String,
    reference: String,
    clock: Clock,
    current: InForce,
    rejected: Option<Rejected>,
    trouble: Option<String>,
}

/// Why a daemon can't begin.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The config repository can't be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A daemon reads commits only.
    #[error("the config is not under version control, and a daemon reads commits only")]
    NoHistory,
    /// There is no such branch.
    #[error("the config repository has no branch `{0}`")]
    NoBranch(String),
    /// Neither the head nor what came before it loads.
    #[error("the config does not load, and no earlier commit does")]
    Invalid(Box<Invalid>),
}

/// What a look at the branch brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing.
    None,
    /// Another commit is in force.
    InForce {
        /// The one that was in force before.
        before: CommitId,
        /// Whether the branch was rewritten, so that the earlier one is no longer in its history.
        rewritten: bool,
        /// What is odd about it.
        warnings: usize,
    },
    /// The head was rejected.
    Rejected,
    /// The branch can't be read.
    Trouble,
    /// What was wrong is mended, and the commit in force is the head again.
    Mended,
}

impl Keeper {
    /// Finds the branch and the last commit of it that loads.
    ///
    /// # Errors
    /// When there is none.
    pub async fn boot(source: Arc<Source>, clock: Clock) -> Result<Self, BootError> {
        blocking(move || boot(source, clock)).await
    }

    /// The source.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The branch.
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// The reference whose commits are in force: the branch's, or in a clone the one that follows the remote's.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// What is in force.
    pub fn current(&self) -> &InForce {
        &self.current
    }

    /// The head, when it is not in force.
    pub fn rejected(&self) -> Option<&Rejected> {
        self.rejected.as_ref()
    }

    /// Why the branch can't be read, if it can't.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Puts an earlier commit in force, the one that was so when this factory ran last, where the head is rejected or
    /// has an override that has ended. Whether that changed anything.
    ///
    /// # Errors
    /// When that commit can't be loaded. One from before it is no choice: it would undo what has been done since.
    pub async fn prefer(&mut self, commit: &CommitId) -> Result<bool, BootError> {
        // The head may load only because no date is asked at a start: then it may have been rejected before.
        let dated = self.current.desired.ended(day(self.clock.now())).next().is_some();
        if (self.rejected.is_none() && !dated) || *commit == self.current.commit {
            return Ok(false);
        }
        let (source, wanted, at) = (Arc::clone(&self.source), commit.clone(), self.clock.now());
        let loaded = blocking(move || load_commit(&source, &wanted, AS_IT_WAS)).await;
        match loaded? {
            Ok((desired, _)) => {
                self.current = InForce { commit: commit.clone(), desired: Arc::new(desired), since: at };
                Ok(true)
            }
            Err(invalid) => Err(BootError::Invalid(invalid)),
        }
    }

    /// Remembers what is in force, for commands and for a start at which it can't be seen. Who carries it out does so; a
    /// command that only looks has put nothing in force.
    ///
    /// # Errors
    /// When it can't be kept.
    pub fn remember(&self) -> Result<(), SourceError> {
        let followed = Followed {
            branch: self.branch.clone(),
            reference: self.reference.clone(),
            commit: self.current.commit.clone(),
        };
        self.source.remember(&self.current.desired, followed, self.clock.now())
    }

    /// The config that the daemon on this machine has in force: what the branch has by now may have been rejected.
    ///
    /// # Errors
    /// When what it noted can't be read.
    pub async fn of_daemon(&self) -> Result<Arc<Desired>, SourceError> {
        let Some(followed) = self.source.remembered()?.and_then(|was| was.in_force) else {
            return Ok(Arc::clone(&self.current.desired));
        };
        let source = Arc::clone(&self.source);
        match blocking(move || load_commit(&source, &followed.commit, AS_IT_WAS)).await? {
            Ok((desired, _)) => Ok(Arc::new(desired)),
            Err(_) => Ok(Arc::clone(&self.current.desired)),
        }
    }

    /// Compares the branch, and takes its head if it loads and `accept` takes it.
    pub async fn refresh(&mut self, accept: impl FnOnce(&Desired) -> Result<(), String>) -> News {
        let at = self.clock.now();
        let (source, reference) = (Arc::clone(&self.source), self.reference.clone());
        let head = blocking(move || source.head(&reference)).await;
        let head = match head {
            Ok(Some(head)) => head,
            Ok(None) => {
                return self.in_trouble(gone(&self.source, &self.branch));
            }
            Err(SourceError::Git(git::Error::Gone(place))) => {
                return self.in_trouble(format!("the repository at {} is gone", place.display()));
            }
            Err(error) => return self.in_trouble(said(&error)),
        };
        let had_trouble = self.trouble.take().is_some();
        if head == self.current.commit {
            let mended = self.rejected.take().is_some() || had_trouble;
            return if mended { News::Mended } else { News::None };
        }
        if self.rejected.as_ref().is_some_and(|r| r.commit == head) {
            return News::None;
        }
        let (source, wanted) = (Arc::clone(&self.source), head.clone());
        let loaded = blocking(move || load_commit(&source, &wanted, day(at))).await;
        let (desired, warnings) = match loaded {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(invalid)) => return self.reject(rejection(head, at, &invalid)),
            Err(error) => {
                let why = said(&error);
                return self.reject(Rejected { commit: head, at, details: why.clone(), why });
            }
        };
        if let Err(why) = accept(&desired) {
            return self.reject(Rejected { commit: head, at, details: why.clone(), why });
        }
        let before = self.current.commit.clone();
        let rewritten = self.rewritten(&head);
        self.rejected = None;
        self.current = InForce { commit: head, desired: Arc::new(desired), since: at };
        if let Err(error) = self.remember() {
            tracing::error!(error = said(&error), "the commit in force can't be remembered for a restart");
        }
        News::InForce { before, rewritten, warnings }
    }

    fn in_trouble(&mut self, why: String) -> News {
        let news = self.trouble.as_ref() != Some(&why);
        self.trouble = Some(why);
        if news { News::Trouble } else { News::None }
    }

    /// Whether the branch came to this head otherwise than by going on from what is in force.
    fn rewritten(&self, head: &CommitId) -> bool {
        let repo = self.source.repo();
        repo.is_some_and(|repo| matches!(repo.step(&self.current.commit, head), Ok(Step::Rewritten)))
    }

    fn reject(&mut self, mut rejected: Rejected) -> News {
        if self.rewritten(&rejected.commit) {
            rejected.why.insert_str(0, "the branch was rewritten; ");
        }
        self.rejected = Some(rejected);
        News::Rejected
    }
}

/// Runs what reads files, off the threads that serve others.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(out) => out,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => unreachable!("nobody cancels it, and the runtime outlives its tasks"),
        },
    }
}

type Loaded = Result<(Desired, usize), Box<Invalid>>;

/// The day by which no date in a config has passed. What was in force isn't taken out of force by a date, neither in a
/// daemon that runs nor by its restart: an override that has ended opens nothing, and only keeps *new* commits out.
pub const AS_IT_WAS: Date = Date::ZERO;

/// The day of a moment, UTC.
pub(in crate::engine) fn day(at: Timestamp) -> Date {
    at.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn load_commit(source: &Source, commit: &CommitId, today: Date) -> Result<Loaded, SourceError> {
    let files = source.read(At::Revision(commit.as_str()))?;
    Ok(source.load(files, today).map(|loaded| (loaded.desired, loaded.warnings.len())))
}

fn rejection(commit: CommitId, at: Timestamp, invalid: &Invalid) -> Rejected {
    let Broken { why, details } = invalid.broken();
    Rejected { commit, at, why, details }
}

fn gone(source: &Source, branch: &str) -> String {
    let way_out = match (source, source.note()) {
        (Source::Remote { .. }, _) => {
            "push it again, or name the one that takes its place: --config URL#BRANCH".to_owned()
        }
        (Source::Local { .. }, Some(note)) => {
            format!("bring it back, or if another takes its place, remove {}", note.display())
        }
        (Source::Local { .. } | Source::Folder(_), _) => "bring it back".to_owned(),
    };
    format!("the branch `{branch}` of the config repository is gone; {way_out}")
}

fn boot(source: Arc<Source>, clock: Clock) -> Result<Keeper, BootError> {
    let Some(repo) = source.repo().cloned() else {
        return Err(source.not_at_root().map_or(BootError::NoHistory, BootError::Source));
    };
    let remembered = source.remembered()?.and_then(|was| was.in_force);
    let mut failed = None;
    for branch in source.first_branches()? {
        let reference = match &remembered {
            Some(followed) => followed.reference.clone(),
            None => source.followed(&branch, None)?,
        };
        let booted = boot_branch(Arc::clone(&source), clock.clone(), branch, reference, remembered.as_ref());
        let keeper = match booted {
            Ok(keeper) => keeper,
            Err(error @ (BootError::NoBranch(_) | BootError::Invalid(_))) => {
                if !matches!(failed, Some(BootError::Invalid(_))) {
                    failed = Some(error);
                }
                continue;
            }
            Err(error) => return Err(error),
        };
        let desired = &keeper.current.desired;
        let named = desired.factory.branch.clone();
        let reference = source.followed(&named, Some(desired))?;
        if reference == keeper.reference || repo.reference(&reference).map_err(SourceError::from)?.is_none() {
            return Ok(keeper);
        }
        return boot_branch(source, clock, named, reference, remembered.as_ref());
    }
    Err(failed.unwrap_or(BootError::NoHistory))
}

/// The last commit of a branch that loads, back to what was in force last: what came before that would undo what has been
/// done since. One that has an override that has ended gives way, unless it was in force.
fn boot_branch(
    source: Arc<Source>,
    clock: Clock,
    branch: String,
    reference: String,
    remembered: Option<&Followed>,
) -> Result<Keeper, BootError> {
    let Some(repo) = source.repo() else { return Err(BootError::NoHistory) };
    let at = clock.now();
    let remembered = remembered.filter(|followed| followed.branch == branch).map(|f| &f.commit);
    let (mut commits, trouble) = match source.head(&reference)? {
        Some(head) => (repo.first_parents(&head, BACK).map_err(SourceError::from)?, None),
        None => (Vec::new(), Some(gone(&source, &branch))),
    };
    if let Some(last) = remembered {
        // Of the head's history what goes on from there, where the branch wasn't rewritten.
        let on = commits.iter().position(|commit| commit == last);
        commits.truncate(on.unwrap_or(1));
        commits.push(last.clone());
    }
    let mut rejected: Option<(Rejected, Box<Invalid>)> = None;
    for commit in commits {
        let loaded = match load_commit(&source, &commit, AS_IT_WAS) {
            // What was in force is not in this repository any more; the head's own fault is what can be mended.
            Err(_)
                if rejected.is_some()
                    && remembered == Some(&commit)
                    && !repo.has(&commit).unwrap_or(true) =>
            {
                break;
            }
            loaded => loaded?,
        };
        match loaded {
            Ok((desired, _)) => {
                let gives_way =
                    desired.ended(day(at)).next().is_some() && remembered.is_some_and(|last| *last != commit);
                if gives_way {
                    continue;
                }
                let current = InForce { commit, desired: Arc::new(desired), since: at };
                let rejected = rejected.map(|(rejected, _)| rejected);
                return Ok(Keeper { source, branch, reference, clock, current, rejected, trouble });
            }
            Err(invalid) => {
                rejected.get_or_insert_with(|| (rejection(commit, at, &invalid), invalid));
            }
        }
    }
    match rejected {
        Some((_, invalid)) => Err(BootError::Invalid(invalid)),
        None => Err(BootError::NoBranch(branch)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::git::fixture::Fixture;

    const GOOD: &str = "factory \"acme\"\n";

    fn source(fixture: &Fixture) -> Source {
        let home = fixture.dir.with_extension("state");
        Source::open(&fixture.dir, Ok(home), Some(".")).unwrap()
    }

    async fn keeper(fixture: &Fixture) -> Result<Keeper, BootError> {
        Keeper::boot(Arc::new(source(fixture)), Clock::manual(Timestamp::UNIX_EPOCH)).await
    }

    #[expect(clippy::unnecessary_wraps, reason = "it stands in for a function that can fail")]
    fn take(_: &Desired) -> Result<(), String> {
        Ok(())
    }

    #[tokio::test]
    async fn the_last_good_commit_stays_in_force_whatever_is_pushed() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        let good = fixture.put("factory.kdl", GOOD).commit("good");
        let mut keeper = keeper(&fixture).await.unwrap();
        assert_eq!(keeper.refresh(take).await, News::None);
        for (what, text) in [
            ("empty", ""),
            ("half-written", "factory \"ac"),
            ("unknown key", "factory \"acme\"\nrepoo \"a/b\"\n"),
        ] {
            let bad = fixture.put("factory.kdl", text).commit(what);
            assert_eq!(keeper.refresh(take).await, News::Rejected, "{what}");
            assert_eq!(keeper.refresh(take).await, News::None, "{what}: said once");
            assert_eq!(
                (&keeper.current().commit, &keeper.rejected().unwrap().commit),
                (&good, &bad),
                "{what}"
            );
        }
        fixture.git(&["rm", "--quiet", "factory.kdl"]);
        fixture.commit("gone");
        assert_eq!(keeper.refresh(take).await, News::Rejected);
        fixture.git(&["update-ref", "refs/heads/main", good.as_str()]);
        assert_eq!(keeper.refresh(take).await, News::Mended);
        assert_eq!(keeper.rejected(), None);
        let next = fixture.put("factory.kdl", "factory \"acme2\"\n").commit("next");
        let refused = keeper.refresh(|_| Err("needs a restart".to_owned())).await;
        assert_eq!((refused, keeper.rejected().unwrap().why.as_str()), (News::Rejected, "needs a restart"));
        fixture.git(&["update-ref", "-d", "refs/heads/main"]);
        assert_eq!(keeper.refresh(take).await, News::Trouble);
        fixture.git(&["update-ref", "refs/heads/main", next.as_str()]);
        keeper.rejected = None;
        let news = keeper.refresh(take).await;
        assert!(matches!(news, News::InForce { rewritten: false, .. }), "{news:?}");
        assert_eq!(keeper.current().desired.factory.name, "acme2");
    }

    #[tokio::test]
    async fn in_a_clone_what_was_not_pushed_is_not_in_force() {
        const NAMED: &str = "factory \"acme\" { config \"acme/factory\"; }\n";
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        let pushed = fixture.put("factory.kdl", NAMED).commit("pushed");
        let push = |commit: &CommitId| {
            fixture.git(&["update-ref", "refs/remotes/origin/main", commit.as_str()]);
        };
        push(&pushed);
        let mine = fixture.put("factory.kdl", NAMED.replace("acme\" {", "mine\" {")).commit("mine");
        let mut keeper = keeper(&fixture).await.unwrap();
        assert_eq!((keeper.reference(), keeper.branch()), ("refs/remotes/origin/main", "main"));
        assert_eq!(keeper.current().commit, pushed);
        assert_eq!(keeper.refresh(take).await, News::None);
        push(&mine);
        assert!(matches!(keeper.refresh(take).await, News::InForce { rewritten: false, .. }));
        assert_eq!(keeper.current().commit, mine);
    }

    #[tokio::test]
    async fn a_rewritten_branch_is_said_and_its_head_taken() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        let one = fixture.put("factory.kdl", GOOD).commit("one");
        fixture.put("factory.kdl", "factory \"b\"\n").commit("two");
        let mut keeper = keeper(&fixture).await.unwrap();
        fixture.git(&["reset", "--hard", "--quiet", one.as_str()]);
        fixture.put("factory.kdl", "factory \"c\"\n").commit("other");
        let news = keeper.refresh(take).await;
        assert!(matches!(news, News::InForce { rewritten: true, .. }), "{news:?}");
        fixture.git(&["reset", "--hard", "--quiet", one.as_str()]);
        fixture.put("factory.kdl", "").commit("empty");
        assert!(matches!(keeper.refresh(take).await, News::Rejected));
        let why = &keeper.rejected().unwrap().why;
        assert!(why.starts_with("the branch was rewritten; "), "{why}");
    }

    /// A start on an earlier commit would undo what has been done since.
    #[tokio::test]
    async fn a_date_that_has_passed_takes_nothing_out_of_force() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        let plain = fixture.put("factory.kdl", GOOD).commit("before");
        let allow = "allow \"deletes\" address=\"repo/**\" n=1 until=\"1969-12-31\" reason=\"r\"\n";
        let dated = fixture.put("factory.kdl", format!("{GOOD}{allow}")).commit("an override that has ended");
        let mut it = keeper(&fixture).await.unwrap();
        assert_eq!(it.current().commit, dated);
        assert_eq!(it.current().desired.ended(day(Timestamp::UNIX_EPOCH)).count(), 1);
        let still = fixture.put("factory.kdl", format!("{GOOD}{allow}// more\n")).commit("with it still");
        assert_eq!(it.refresh(take).await, News::Rejected);
        assert_eq!((&it.current().commit, &it.rejected().unwrap().commit), (&dated, &still));
        let bad = fixture.put("factory.kdl", "nonsense").commit("bad");
        fixture.git(&["reset", "--hard", "--quiet", still.as_str()]);
        let mut it = keeper(&fixture).await.unwrap();
        assert!(it.prefer(&dated).await.unwrap(), "what was rejected is so after a restart");
        assert_eq!(it.refresh(take).await, News::Rejected);
        fixture.git(&["reset", "--hard", "--quiet", bad.as_str()]);
        let mut it = keeper(&fixture).await.unwrap();
        assert_eq!(it.rejected().unwrap().commit, bad);
        assert!(it.prefer(&dated).await.unwrap());
        assert!(matches!(it.prefer(&bad).await, Err(BootError::Invalid(_))));
        assert!(it.prefer(&plain).await.unwrap());
    }

    #[tokio::test]
    async fn a_start_on_a_bad_head_takes_the_last_good_commit() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        fixture.put("factory.kdl", "").commit("never good");
        assert!(matches!(keeper(&fixture).await, Err(BootError::Invalid(_))));
        let good = fixture.put("factory.kdl", GOOD).commit("good");
        let older = fixture.put("factory.kdl", "factory \"old\"\n").commit("also good");
        let bad = fixture.put("factory.kdl", "nonsense").commit("bad");
        let mut keeper = keeper(&fixture).await.unwrap();
        assert_eq!((&keeper.current().commit, &keeper.rejected().unwrap().commit), (&older, &bad));
        assert!(keeper.prefer(&good).await.unwrap());
        assert_eq!(keeper.current().desired.factory.name, "acme");
    }
}
