//! A repository that is read: revisions, branches, commits, and how two commits relate.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use gix::ObjectId;
use jiff::Timestamp;

use super::Error;
use super::open::open_at;
use crate::adapters::fs::{self, FileId};
use crate::model::{CommitId, Hosted};

/// The bytes of objects that a walk through history keeps at hand.
const OBJECT_CACHE: usize = 32 << 20;

/// A repository, open. Cheap to clone and to send; each call sees the references as they are then, and another
/// repository that has taken its place instead of what was there.
#[derive(Clone)]
pub struct Repo {
    opened: Arc<RwLock<Opened>>,
    place: PathBuf,
    common: PathBuf,
    /// Whether nobody but this program writes in it.
    ours: bool,
}

/// What was opened at a place.
struct Opened {
    shared: gix::ThreadSafeRepository,
    /// What lay there then; `None` once it was seen to be gone.
    found: Option<FileId>,
}

impl std::fmt::Debug for Repo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Repo").field(&self.place).finish()
    }
}

/// What a commit says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: CommitId,
    /// The author's name.
    pub author: String,
    /// The author's address.
    pub email: String,
    /// When it was authored.
    pub time: Timestamp,
    /// The first line of its message.
    pub summary: String,
    /// Its parents.
    pub parents: Vec<CommitId>,
}

/// How a branch got from one commit to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It didn't move.
    Same,
    /// The new commit has the old one among its ancestors.
    Forward,
    /// It doesn't: the branch was rewritten.
    Rewritten,
}

impl Repo {
    pub(super) fn new(repo: gix::Repository) -> Self {
        let place = repo.workdir().unwrap_or(repo.git_dir()).to_owned();
        let common = repo.common_dir().to_owned();
        // A linked working tree names it by a way through its own folder.
        let common = common.canonicalize().unwrap_or(common);
        let opened = Opened { shared: repo.into_sync(), found: fs::id(&common) };
        Self { opened: Arc::new(RwLock::new(opened)), place, common, ours: false }
    }

    /// The same as one that nobody but this program writes in.
    pub(super) fn ours(self) -> Self {
        Self { ours: true, ..self }
    }

    pub(super) fn is_ours(&self) -> bool {
        self.ours
    }

    pub(super) fn local(&self) -> gix::Repository {
        let found = self.found();
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        if opened.found == found {
            return opened.shared.to_thread_local();
        }
        drop(opened);
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if found.is_none() {
            opened.found = None;
        } else if let Ok(anew) = open_at(&self.place) {
            *opened = Opened { shared: anew.into_sync(), found };
        }
        opened.shared.to_thread_local()
    }

    /// What lies at its place at this moment; `None` when nothing does. It is another one when the repository was replaced.
    pub fn found(&self) -> Option<FileId> {
        fs::id(&self.common).filter(|_| fs::is_file(&self.common.join("HEAD")))
    }

    /// The repository to write in: where it is gone, nothing is made in its place.
    pub(super) fn to_write(&self) -> Result<gix::Repository, Error> {
        if self.found().is_none() {
            return Err(Error::Gone(self.place.clone()));
        }
        Ok(self.local())
    }

    pub(super) fn failed(&self, action: &'static str) -> impl Fn(gix::Error) -> Error {
        move |source| {
            let path = self.place.clone();
            if self.is_partial() {
                Error::Partial { action, path, source }
            } else {
                Error::Repository { action, path, source }
            }
        }
    }

    /// Whether a remote promises objects that needn't be here.
    fn is_partial(&self) -> bool {
        let repo = self.local();
        let config = repo.config_snapshot();
        let remotes = config.plumbing().sections_by_name("remote").into_iter().flatten();
        remotes
            .filter_map(|it| it.value("promisor"))
            .any(|it| !matches!(&**it, b"false" | b"no" | b"off" | b"0"))
    }

    /// Its working tree's root, or the bare repository itself: absolute and without links, so that one repository
    /// has one name.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// The root of its working tree; `None` when it is bare.
    pub fn work_tree(&self) -> Option<PathBuf> {
        self.local().workdir().map(Path::to_owned)
    }

    /// The folder with its references and objects, shared by linked working trees: what a watcher watches.
    pub fn common_dir(&self) -> &Path {
        &self.common
    }

    /// The repository on a server that this is a clone of, as the remote `origin` names it.
    pub fn clone_of(&self) -> Option<Hosted> {
        let repo = self.local();
        let origin = repo.try_find_remote_without_url_rewrite("origin")?.ok()?;
        Hosted::parse(&origin.url(gix::remote::Direction::Fetch)?.to_bstring().to_string())
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    /// [`Error::Empty`] before the first commit.
    pub fn head(&self) -> Result<CommitId, Error> {
        let repo = self.local();
        let mut head = repo.head().map_err(self.failed("read HEAD"))?;
        match head.try_peel_to_id().map_err(self.failed("read HEAD"))? {
            Some(id) => Ok(commit_id(id.detach())),
            None => Err(Error::Empty(self.place.clone())),
        }
    }

    /// The branch that is checked out; `None` when HEAD is detached.
    ///
    /// # Errors
    /// When HEAD can't be read.
    pub fn head_branch(&self) -> Result<Option<String>, Error> {
        let name = self.local().head_name().map_err(self.failed("read HEAD"))?;
        Ok(name.map(|n| n.shorten().to_string()))
    }

    /// The branch that the remote of a clone takes for its own, as `git clone` noted it.
    ///
    /// # Errors
    /// When the reference can't be read.
    pub fn remote_head_branch(&self) -> Result<Option<String>, Error> {
        const HEAD: &str = "refs/remotes/origin/HEAD";
        let repo = self.local();
        let found = repo.try_find_reference(HEAD).map_err(self.failed("read a reference"))?;
        let leads_to = found.and_then(|head| head.target().try_name().map(|name| name.as_bstr().to_string()));
        Ok(leads_to.and_then(|name| name.strip_prefix("refs/remotes/origin/").map(str::to_owned)))
    }

    /// The head of a branch; `None` when there is no such branch.
    ///
    /// # Errors
    /// When the reference can't be read.
    pub fn branch_head(&self, branch: &str) -> Result<Option<CommitId>, Error> {
        self.reference(&format!("refs/heads/{branch}"))
    }

    /// The commit a full reference name leads to; `None` when there is no such reference.
    ///
    /// # Errors
    /// When it can't be read, or isn't a name; [`Error::Gone`] when the repository isn't there, which is no answer about a
    /// reference.
    pub fn reference(&self, name: &str) -> Result<Option<CommitId>, Error> {
        let repo = self.local();
        let found = repo.try_find_reference(name).map_err(self.failed("read a reference"))?;
        match found {
            Some(mut reference) => {
                let id = reference.peel_to_id().map_err(self.failed("follow a reference"))?;
                Ok(Some(commit_id(id.detach())))
            }
            None if self.found().is_none() => Err(Error::Gone(self.place.clone())),
            None => Ok(None),
        }
    }

    /// The names of all branches, sorted.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn branches(&self) -> Result<Vec<String>, Error> {
        let repo = self.local();
        let failed = || self.failed("list the branches");
        let platform = repo.references().map_err(failed())?;
        let mut names = Vec::new();
        for branch in platform.local_branches().map_err(failed())? {
            names.extend(branch.ok().map(|b| b.name().shorten().to_string()));
        }
        names.sort();
        Ok(names)
    }

    /// The names of all references below a prefix that ends in `/`, sorted.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn references_below(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let repo = self.local();
        let failed = || self.failed("list references");
        let platform = repo.references().map_err(failed())?;
        let found = platform.prefixed(prefix).map_err(failed())?;
        let mut names: Vec<String> =
            found.filter_map(Result::ok).map(|found| found.name().as_bstr().to_string()).collect();
        names.sort();
        Ok(names)
    }

    /// The commit that a revision names: a branch, a tag, (part of) an id, `HEAD~2`.
    ///
    /// # Errors
    /// [`Error::UnknownRevision`] with a branch of a similar name, [`Error::Empty`], [`Error::Shallow`].
    pub fn resolve(&self, rev: &str) -> Result<CommitId, Error> {
        let repo = self.local();
        let Ok(id) = repo.rev_parse_single(rev) else {
            let branches = self.branches()?;
            if branches.is_empty() {
                self.head()?;
            }
            // `HEAD~9` in a shallow clone is unknown because of the cut.
            let walks = rev.contains(['~', '^']);
            if walks && repo.is_shallow().unwrap_or(false) {
                return Err(Error::Shallow(self.place.clone()));
            }
            let similar = branches
                .into_iter()
                .map(|branch| (strsim::jaro_winkler(&branch, rev), branch))
                .filter(|(score, _)| *score > 0.75)
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .map(|(_, branch)| branch);
            return Err(Error::UnknownRevision { rev: rev.to_owned(), similar });
        };
        let object = id.object().map_err(self.failed("read a revision"))?;
        match object.peel_to_commit() {
            Ok(commit) => Ok(commit_id(commit.id)),
            Err(_) => Err(Error::NotACommit(rev.to_owned())),
        }
    }

    /// What a commit says about itself.
    ///
    /// # Errors
    /// When there is no such commit, or it is damaged.
    pub fn commit(&self, id: &CommitId) -> Result<Commit, Error> {
        let repo = self.local();
        let failed = || self.failed("read a commit");
        let commit = self.find_commit(&repo, id)?;
        let author = commit.author().map_err(failed())?;
        let time = author.time().map_err(failed())?;
        let summary = commit.message().map_err(failed())?.summary().to_string();
        Ok(Commit {
            id: id.clone(),
            author: author.name.to_string(),
            email: author.email.to_string(),
            time: Timestamp::from_second(time.seconds).unwrap_or(Timestamp::UNIX_EPOCH),
            summary,
            parents: commit.parent_ids().map(|p| commit_id(p.detach())).collect(),
        })
    }

    /// The whole message of a commit.
    ///
    /// # Errors
    /// When it isn't there, or can't be read.
    pub fn message(&self, id: &CommitId) -> Result<String, Error> {
        let repo = self.local();
        let commit = self.find_commit(&repo, id)?;
        Ok(commit.message_raw().map_err(self.failed("read a commit"))?.to_string())
    }

    /// Whether its history is cut off somewhere, as that of a clone with a depth is.
    pub fn is_shallow(&self) -> bool {
        self.local().is_shallow().unwrap_or(false)
    }

    /// The best common ancestor of two commits; `None` when they have none.
    ///
    /// # Errors
    /// [`Error::Shallow`] when the history that would tell is cut off.
    pub fn merge_base(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>, Error> {
        let repo = self.local();
        let failed = || self.failed("find a common ancestor");
        let both = [object_id(one), object_id(other)];
        let bases = repo.merge_bases_many(both[0], &both[1..]).map_err(failed())?;
        match bases.first() {
            Some(base) => Ok(Some(commit_id(base.detach()))),
            None if repo.is_shallow().unwrap_or(false) => Err(Error::Shallow(self.place.clone())),
            None => Ok(None),
        }
    }

    /// How a branch got from `old` to `new`. An old commit that isn't there any more was rewritten away.
    ///
    /// # Errors
    /// [`Error::Shallow`] when the history that would tell is cut off.
    pub fn step(&self, old: &CommitId, new: &CommitId) -> Result<Step, Error> {
        if old == new {
            return Ok(Step::Same);
        }
        if !self.has(old)? {
            return Ok(Step::Rewritten);
        }
        let base = self.merge_base(old, new)?;
        Ok(if base.as_ref() == Some(old) { Step::Forward } else { Step::Rewritten })
    }

    /// The commits of a branch that came after a commit on it, as they are stored: author, message and every other header;
    /// newest first, at most so many.
    ///
    /// # Errors
    /// When history can't be read.
    pub fn commits_since(
        &self,
        base: &CommitId,
        head: &CommitId,
        most: usize,
    ) -> Result<Vec<(CommitId, Vec<u8>)>, Error> {
        let repo = self.local();
        let failed = || self.failed("walk through history");
        let walk = repo.rev_walk([object_id(head)]).with_hidden([object_id(base)]).all().map_err(failed())?;
        let mut out = Vec::new();
        for info in walk.take(most) {
            let id = commit_id(info.map_err(failed())?.id);
            let commit = self.find_commit(&repo, &id)?;
            out.push((id, commit.data.clone()));
        }
        Ok(out)
    }

    /// Tells the messages of the commits up to a head, newest first, at most so many, for as long as more are wanted.
    ///
    /// # Errors
    /// When history can't be read. Where it is cut off, what comes before the cut is not told.
    pub fn history(
        &self,
        head: &CommitId,
        most: usize,
        mut more: impl FnMut(&CommitId, &str) -> bool,
    ) -> Result<(), Error> {
        let repo = self.local();
        let failed = || self.failed("walk through history");
        let newest = gix::traverse::commit::simple::CommitTimeOrder::NewestFirst;
        let order = gix::revision::walk::Sorting::ByCommitTime(newest);
        let walk = repo.rev_walk([object_id(head)]).sorting(order).all().map_err(failed())?;
        for info in walk.take(most) {
            let id = commit_id(info.map_err(failed())?.id);
            let commit = self.find_commit(&repo, &id)?;
            let message = commit.message_raw().map_err(failed())?;
            if !more(&id, &message.to_string()) {
                break;
            }
        }
        Ok(())
    }

    /// The commits up to a head that changed what lies at a path, newest first: at most so many, found among so many.
    /// A merge that took one side as it was changed nothing.
    ///
    /// # Errors
    /// When history can't be read. Where it is cut off, what comes before the cut is not told.
    pub fn changes_of(
        &self,
        head: &CommitId,
        path: &str,
        among: usize,
        most: usize,
    ) -> Result<Vec<Commit>, Error> {
        let mut repo = self.local();
        // Commits beside each other have most of their trees in common.
        repo.object_cache_size_if_unset(OBJECT_CACHE);
        let failed = || self.failed("walk through history");
        let cut = repo.shallow_commits().map_err(failed())?;
        // What is a parent of one is walked to later.
        let mut known: HashMap<ObjectId, Option<ObjectId>> = HashMap::new();
        let mut at = |id: ObjectId| -> Result<Option<ObjectId>, Error> {
            if let Some(known) = known.get(&id) {
                return Ok(*known);
            }
            let tree = self.find_commit(&repo, &commit_id(id))?.tree().map_err(failed())?;
            let entry = tree.lookup_entry_by_path(path).map_err(failed())?.map(|entry| entry.object_id());
            known.insert(id, entry);
            Ok(entry)
        };
        let newest = gix::traverse::commit::simple::CommitTimeOrder::NewestFirst;
        let order = gix::revision::walk::Sorting::ByCommitTime(newest);
        let walk = repo.rev_walk([object_id(head)]).sorting(order).all().map_err(failed())?;
        let mut out = Vec::new();
        for info in walk.take(among) {
            let info = info.map_err(failed())?;
            let is = at(info.id)?;
            // What comes before a cut isn't there to be compared with.
            if cut.as_ref().is_some_and(|cut| cut.contains(&info.id)) {
                continue;
            }
            let parents: Vec<Option<ObjectId>> =
                info.parent_ids().map(|parent| at(parent.detach())).collect::<Result<_, _>>()?;
            let is_a_change = if parents.is_empty() { is.is_some() } else { !parents.contains(&is) };
            if is_a_change {
                out.push(self.commit(&commit_id(info.id))?);
                if out.len() == most {
                    break;
                }
            }
        }
        Ok(out)
    }

    /// Whether the repository has this commit.
    ///
    /// # Errors
    /// When its objects can't be read.
    pub fn has(&self, id: &CommitId) -> Result<bool, Error> {
        let found = self.local().try_find_header(object_id(id)).map_err(self.failed("look up a commit"))?;
        Ok(found.is_some())
    }

    pub(super) fn find_commit<'r>(
        &self,
        repo: &'r gix::Repository,
        id: &CommitId,
    ) -> Result<gix::Commit<'r>, Error> {
        match repo.try_find_object(object_id(id)).map_err(self.failed("read a commit"))? {
            Some(object) => object.try_into_commit().map_err(|_| Error::NotACommit(id.to_string())),
            None => Err(Error::UnknownRevision { rev: id.to_string(), similar: None }),
        }
    }
}

pub(super) fn object_id(id: &CommitId) -> ObjectId {
    ObjectId::from_hex(id.as_str().as_bytes()).expect("a commit id has 40 hex digits")
}

pub(super) fn commit_id(id: ObjectId) -> CommitId {
    CommitId::parse(&id.to_string()).expect("a SHA-1 object id has 40 hex digits")
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    #[test]
    fn revisions_lead_to_commits_or_to_a_suggestion() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        let repo = fixture.repo();
        assert!(matches!(repo.head(), Err(Error::Empty(_))));
        assert!(matches!(repo.resolve("main"), Err(Error::Empty(_))));
        let one = fixture.put("a", "1").commit("one");
        let two = fixture.put("a", "2").commit("two\n\nbody");
        fixture.git(&["tag", "-a", "v1", "-m", "v1", "HEAD~1"]);
        let blob = fixture.git(&["rev-parse", "HEAD:a"]);
        for (rev, expect) in [
            ("main", &two),
            ("HEAD", &two),
            ("HEAD~1", &one),
            ("v1", &one),
            (two.short(), &two),
            (two.as_str(), &two),
        ] {
            assert_eq!(&repo.resolve(rev).unwrap(), expect, "{rev}");
        }
        let says = |rev: &str| repo.resolve(rev).unwrap_err().to_string();
        assert_eq!(says("mian"), "there is no revision `mian`; did you mean `main`?");
        assert_eq!(says("zzz"), "there is no revision `zzz`");
        assert_eq!(says(&blob), format!("`{blob}` is not a commit"));
        assert_eq!(repo.head_branch().unwrap().as_deref(), Some("main"));
        assert_eq!(repo.branch_head("main").unwrap(), Some(two.clone()));
        assert_eq!(repo.branch_head("other").unwrap(), None);
        let meta = repo.commit(&two).unwrap();
        assert_eq!((meta.author.as_str(), meta.summary.as_str()), ("Ann", "two"));
        assert_eq!(meta.time.to_string(), "2026-01-02T03:04:05Z");
        assert_eq!(meta.parents, [one]);
    }

    #[test]
    fn a_branch_moves_forward_or_is_rewritten() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        let one = fixture.commit("one");
        let two = fixture.commit("two");
        fixture.git(&["reset", "--hard", "--quiet", one.as_str()]);
        let other = fixture.commit("other");
        let repo = fixture.repo();
        assert_eq!(repo.step(&one, &one).unwrap(), Step::Same);
        assert_eq!(repo.step(&one, &two).unwrap(), Step::Forward);
        assert_eq!(repo.step(&two, &one).unwrap(), Step::Rewritten);
        assert_eq!(repo.step(&two, &other).unwrap(), Step::Rewritten);
        assert_eq!(repo.merge_base(&two, &other).unwrap(), Some(one.clone()));
        let gone = CommitId::parse(&"1".repeat(40)).unwrap();
        assert_eq!(repo.step(&gone, &one).unwrap(), Step::Rewritten);
        fixture.git(&["checkout", "--quiet", "--orphan", "apart"]);
        let apart = fixture.commit("apart");
        assert_eq!(repo.merge_base(&apart, &one).unwrap(), None);
    }

    #[test]
    fn a_shallow_clone_says_so_only_when_it_matters() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        let one = fixture.commit("one");
        let two = fixture.commit("two");
        let from = format!("file://{}", fixture.dir.display());
        fixture.git(&["clone", "--quiet", "--depth=1", &from, "../shallow"]);
        let repo = Repo::open(&dir.path().join("shallow")).unwrap();
        assert_eq!(repo.head().unwrap(), two);
        assert!(matches!(repo.resolve("HEAD~1"), Err(Error::Shallow(_))));
        assert_eq!(repo.step(&one, &two).unwrap(), Step::Rewritten);
    }

    #[test]
    fn a_partial_clone_is_named_as_one() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(&dir.path().join("r"), &[]);
        fixture.put("a.txt", "A text.\n");
        let one = fixture.commit("one");
        fixture.git(&["config", "uploadpack.allowFilter", "true"]);
        let from = format!("file://{}", fixture.dir.display());
        fixture.git(&["clone", "--quiet", "--no-checkout", "--filter=blob:none", &from, "../partial"]);
        let read = |folder: &str| Repo::open(&dir.path().join(folder)).unwrap().file_at(&one, "a.txt", 100);
        assert_eq!(read("r").unwrap().as_deref(), Some(&b"A text.\n"[..]));
        assert!(matches!(read("partial"), Err(Error::Partial { .. })), "{:?}", read("partial"));
    }
}
