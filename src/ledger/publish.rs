//! The ledger's branch in the config repository: a commit a batch, moved only from where we left it.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::scan::day_files;
use super::summary::Summary;
use super::{Error, Ledger};
use crate::adapters::fs;
use crate::adapters::git::Error as GitError;
use crate::adapters::git::{Access, Mirror, NewCommit, Pushed, RefUpdate, Refs, Repo, Signature};
use crate::adapters::state::PUBLISHED as NOTE;
use crate::model::CommitId;

/// The branch, also between machines the fence: who can't push there doesn't act.
pub const BRANCH: &str = "factory/ledger";
const REFERENCE: &str = "refs/heads/factory/ledger";
/// The folder of the day files on the branch.
pub(super) const FOLDER: &str = "ledger";
/// The most bytes that a day file may have to be published.
pub(super) const MAX_DAY: u64 = 1 << 30;

/// There while the branch's reference is being moved.
const MOVING: &str = "moving-ledger-branch";

/// What was published last, as noted in the state directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The commit on the branch.
    pub commit: CommitId,
    /// The last record in it.
    pub seq: u64,
    /// That record's hash.
    pub hash: String,
    /// The file that record is in.
    pub day: String,
}

impl Published {
    /// Reads the note in a state directory; `None` when nothing was published yet.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn noted(state: &Path) -> Result<Option<Self>, Error> {
        read_note(state)
    }
}

pub(super) fn read_note(state: &Path) -> Result<Option<Published>, Error> {
    let path = state.join(NOTE);
    match fs::read(&path, 1 << 16) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|source| Error::Note { file: path.display().to_string(), source }),
        Err(e) if e.is_not_found() => Ok(None),
        Err(e) => Err(Error::Files(e)),
    }
}

/// Where the branch lives.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// In a repository on this machine; nothing is pushed.
    Local(&'a Repo),
    /// At a remote, through its mirror.
    Remote(&'a Mirror, &'a Access),
}

/// What became of publishing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Publication {
    /// The branch has all records now.
    Done {
        /// At this commit.
        commit: CommitId,
    },
    /// There was nothing new.
    Nothing,
    /// Somebody else has published meanwhile: reconcile, read the world and plan again.
    Behind {
        /// Where the branch is; `None` when it is gone.
        actual: Option<CommitId>,
    },
    /// The remote doesn't allow it.
    Denied {
        /// Its words.
        says: String,
    },
}

impl Target<'_> {
    pub(super) fn repo(&self) -> &Repo {
        match self {
            Self::Local(repo) => repo,
            Self::Remote(mirror, _) => mirror.repo(),
        }
    }

    /// Where the branch is, with its objects at hand.
    pub(super) async fn fetch(&self) -> Result<Option<CommitId>, Error> {
        match self {
            Self::Local(repo) => repo.branch_head(BRANCH).map_err(Error::Git),
            Self::Remote(mirror, access) => {
                let Some(head) = mirror.remote_head(access, BRANCH).await.map_err(Error::Git)? else {
                    return Ok(None);
                };
                if !mirror.repo().has(&head).map_err(Error::Git)? {
                    mirror.fetch(access, &[Refs::Branch(BRANCH.to_owned())]).await.map_err(Error::Git)?;
                }
                Ok(Some(head))
            }
        }
    }
}

impl Ledger {
    /// Commits the records that are not yet published to the branch, if it is where it was left, and notes that.
    /// The message says what the records say. Cancelling it leaves at most a push that isn't noted, which the
    /// next [`Ledger::reconcile`] recognises as ours.
    ///
    /// # Errors
    /// When Git or the files fail; a branch that has moved is no error but an answer.
    pub async fn publish(
        &mut self,
        target: &Target<'_>,
        by: &Signature,
        at: Timestamp,
    ) -> Result<Publication, Error> {
        let published_seq = self.published.as_ref().map_or(0, |p| p.seq);
        let Some((day, _)) = self.file.as_ref().filter(|_| self.head.seq > published_seq) else {
            return Ok(Publication::Nothing);
        };
        let day = day.clone();
        let parent = self.published.as_ref().map(|p| p.commit.clone());
        if let Some(parent) = &parent
            && !target.repo().has(parent).map_err(Error::Git)?
        {
            // The mirror was made anew.
            let actual = target.fetch().await?;
            if actual.as_ref() != Some(parent) {
                return Ok(Publication::Behind { actual });
            }
        }
        let message = self.unpublished.message();
        let files = self.changed_files()?;
        let new = NewCommit { parent: parent.as_ref(), files: &files, by, at, message: &message };
        let commit = target.repo().write_commit(&new).map_err(Error::Git)?;
        drop(files);
        match target {
            Target::Local(repo) => {
                let subject = message.lines().next().unwrap_or_default();
                let moved = self.moving(repo, || {
                    repo.move_reference(REFERENCE, parent.as_ref(), &commit, by, at, subject)
                })?;
                match moved {
                    RefUpdate::Moved => {}
                    RefUpdate::Elsewhere { actual } => return Ok(Publication::Behind { actual }),
                }
            }
            Target::Remote(mirror, access) => {
                let pushed = mirror.push(access, &commit, REFERENCE, parent.as_ref()).await;
                match pushed.map_err(Error::Git)? {
                    Pushed::Done => {}
                    Pushed::Rejected { actual } => return Ok(Publication::Behind { actual }),
                    Pushed::Denied { says } => return Ok(Publication::Denied { says }),
                }
            }
        }
        let (seq, hash) = (self.head.seq, self.head.hash.clone());
        self.note(Published { commit: commit.clone(), seq, hash, day })?;
        self.unpublished = Summary::default();
        Ok(Publication::Done { commit })
    }

    /// Moves the branch's reference, noting in the state directory that it is being moved. Where the note is
    /// there already, this machine died while it held the reference's lock, and nobody else writes this branch
    /// here under the state directory's lock: the lock that is left is its own, and is removed.
    fn moving(
        &self,
        repo: &Repo,
        update: impl Fn() -> Result<RefUpdate, GitError>,
    ) -> Result<RefUpdate, Error> {
        let note = self.guard.dir().join(MOVING);
        let died = fs::exists(&note);
        fs::replace(&note, b"").map_err(Error::Files)?;
        let moved = match update() {
            Err(GitError::RefLocked { .. }) if died => {
                let lock = repo.common_dir().join(format!("{REFERENCE}.lock"));
                tracing::warn!(lock = %lock.display(), "removing the lock that this machine left when it died");
                fs::remove(&lock).map_err(Error::Files)?;
                update()
            }
            other => other,
        };
        fs::remove(&note).map_err(Error::Files)?;
        moved.map_err(Error::Git)
    }

    /// Notes what the branch has.
    pub(super) fn note(&mut self, published: Published) -> Result<(), Error> {
        let bytes = serde_json::to_vec(&published).map_err(Error::Encode)?;
        fs::replace(&self.guard.dir().join(NOTE), &bytes).map_err(Error::Files)?;
        self.published = Some(published);
        Ok(())
    }

    /// The day files that the branch doesn't have as they are.
    fn changed_files(&self) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let from = self.published.as_ref().map(|p| p.day.as_str());
        let mut files = Vec::new();
        for day in day_files(&self.dir)? {
            if from.is_some_and(|from| day.as_str() < from) {
                continue;
            }
            let path = self.dir.join(&day);
            let bytes = fs::read(&path, MAX_DAY).map_err(Error::Files)?;
            // What somebody wrote there meanwhile must not take the place of the good copy.
            if self.file.as_ref().is_some_and(|(name, file)| *name == day && !file.holds(&bytes)) {
                return Err(Error::Files(fs::Error::Changed(path)));
            }
            if !bytes.is_empty() {
                files.push((format!("{FOLDER}/{day}"), bytes));
            }
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Home, at, flip, intent, two_days};
    use super::*;
    use crate::adapters::env::Env;
    use crate::adapters::git::fixture::Fixture;

    pub(super) fn by() -> Signature {
        Signature { name: "Factory".into(), email: "factory@example.com".into() }
    }

    #[tokio::test]
    async fn a_local_repository_gets_a_commit_a_batch_on_a_branch_of_its_own() {
        let home = two_days();
        let fixture = Fixture::init(&home.state.dir().join("config"), &[]);
        fixture.put("factory.kdl", "").commit("config");
        let repo = fixture.repo();
        let target = Target::Local(&repo);
        let mut ledger = home.open().unwrap();
        let done = ledger.publish(&target, &by(), at(0)).await.unwrap();
        let first = repo.branch_head(BRANCH).unwrap().unwrap();
        assert_eq!(done, Publication::Done { commit: first.clone() });
        assert_eq!(ledger.publish(&target, &by(), at(0)).await.unwrap(), Publication::Nothing);
        ledger.append(intent("c", 0), at(90_000)).unwrap();
        ledger.publish(&target, &by(), at(1)).await.unwrap();
        insta::assert_snapshot!(fixture.git(&["log", "--format=%an: %s", "--stat=90", BRANCH]), @r"
        Factory: intend: 1 label in acme/widgets (config abababa)

         ledger/2026-01-03.jsonl | 1 +
         1 file changed, 1 insertion(+)
        Factory: flip: loop/labels off; apply: 2 labels in acme/widgets, 1 failed (config abababa)

         ledger/2026-01-02.jsonl | 4 ++++
         ledger/2026-01-03.jsonl | 3 +++
         2 files changed, 7 insertions(+)
        ");
        drop(ledger);
        let noted = Published::noted(home.state.dir()).unwrap().unwrap();
        assert_eq!((noted.seq, noted.commit), (8, repo.branch_head(BRANCH).unwrap().unwrap()));
        // A tail that was removed is missed at the next opening.
        let (name, bytes) = home.files().pop().unwrap();
        let end = bytes[..bytes.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
        home.put(&name, &bytes[..end]);
        let error = home.open().unwrap_err();
        assert!(matches!(error, Error::TailMissing { seq: 8, .. }), "{error}");
    }

    #[tokio::test]
    async fn two_machines_on_one_branch_learn_of_each_other() {
        let (one, two) = (two_days(), Home::new());
        let remote = Fixture::init(&one.state.dir().join("r.git"), &["--bare"]);
        let access = Access::new(&Env::read(), None);
        let url = remote.dir.display().to_string();
        let mirrors = [&one, &two].map(|h| Mirror::ensure(&h.state.mirror(), &url).unwrap());
        let mut ledgers = [&one, &two].map(|h| h.open().unwrap());
        let done = ledgers[0].publish(&Target::Remote(&mirrors[0], &access), &by(), at(0)).await.unwrap();
        let Publication::Done { commit } = done else { panic!("{done:?}") };
        ledgers[1].append(flip("loop/labels", true), at(5)).unwrap();
        let second = ledgers[1].publish(&Target::Remote(&mirrors[1], &access), &by(), at(0)).await.unwrap();
        assert_eq!(second, Publication::Behind { actual: Some(commit) });
        assert_eq!(Published::noted(two.state.dir()).unwrap(), None);
        // A mirror that was made anew gets what it lacks.
        std::fs::remove_dir_all(one.state.mirror()).unwrap();
        let anew = Mirror::ensure(&one.state.mirror(), &url).unwrap();
        ledgers[0].append(flip("loop/labels", true), at(90_000)).unwrap();
        let again = ledgers[0].publish(&Target::Remote(&anew, &access), &by(), at(0)).await.unwrap();
        assert!(matches!(again, Publication::Done { .. }), "{again:?}");
        assert_eq!(remote.git(&["rev-list", "--count", BRANCH]), "2");
    }
}
