//! Where config is read from: a plain folder, a local repository, or a remote one through a mirror.

use std::path::{Path, PathBuf};

use crate::adapters::env;
use crate::adapters::git::{self, Access, Mirror, Refs, Repo, Signature};
use crate::adapters::{fs, state};
use crate::desired::{self, Diagnostic, Severity};
use crate::loops;
use crate::model::{Broken, CommitId, ConfigFiles, Desired, Hosted};

use super::memory::{Followed, Identity, Memory, MemoryError, Remembered};

/// A place that config is read from.
#[derive(Debug)]
pub enum Source {
    /// A folder that is not under version control.
    Folder(PathBuf),
    /// A repository on this machine.
    Local {
        /// The repository.
        repo: Box<Repo>,
        /// What is remembered of it; `None` where there is no place for that.
        memory: Option<Memory>,
    },
    /// A repository elsewhere, and the branch that is in force there.
    Remote {
        /// Its URL.
        url: String,
        /// The branch; `None` for the one that config names, else `main`.
        branch: Option<String>,
        /// The bare copy that it is fetched into.
        mirror: Box<Mirror>,
        /// What is remembered of it.
        memory: Memory,
    },
}

/// Why config can't be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No `factory.kdl` up from the working folder.
    #[error("there is no factory.kdl in {} or above it", .0.display())]
    Nowhere(PathBuf),
    /// No `factory.kdl` up from the working folder, but a file that was meant for it.
    #[error("`{}` is not read: the root file of a config is `factory.kdl`", .0.display())]
    OtherRoot(PathBuf),
    /// The repository can't be read.
    #[error("the config repository can't be read")]
    Git(#[from] git::Error),
    /// The folder can't be read.
    #[error("the config folder can't be read")]
    Folder(#[from] fs::Error),
    /// The state directory can't be prepared.
    #[error("the mirror of the config repository can't be kept")]
    State(#[from] state::Error),
    /// The environment doesn't say where state is kept.
    #[error("the mirror of the config repository has no place")]
    Env(#[from] env::Error),
    /// What is remembered can't be read.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// A commit was asked of a plain folder.
    #[error("{} is not under version control, so there is no revision `{rev}`", .folder.display())]
    NoHistory {
        /// The folder.
        folder: PathBuf,
        /// The revision.
        rev: String,
    },
    /// A commit is needed, and the config lies inside a repository instead of at its root.
    #[error("`factory.kdl` has to lie at the root of the repository, {}, and lies in {}", .root.display(), .folder.display())]
    NotAtRoot {
        /// The config's folder.
        folder: PathBuf,
        /// The root of the repository around it.
        root: PathBuf,
    },
}

/// Which state of the config is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At<'a> {
    /// The files as they lie there; for a remote repository the head of its branch.
    WorkingTree,
    /// A commit.
    Revision(&'a str),
}

/// A loaded config.
#[derive(Debug)]
pub struct Loaded {
    /// The files it was loaded from.
    pub files: ConfigFiles,
    /// What they say.
    pub desired: Desired,
    /// What is odd about them.
    pub warnings: Vec<Diagnostic>,
}

/// Config that does not load, with every problem.
#[derive(Debug)]
pub struct Invalid {
    /// The files.
    pub files: ConfigFiles,
    /// Every problem.
    pub problems: Vec<Diagnostic>,
}

impl Invalid {
    /// How many of its problems keep it from being loaded.
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    /// What is wrong, for those who weren't there when it was loaded.
    pub(crate) fn broken(&self) -> Broken {
        let first = self.problems.first().map_or_else(String::new, |p| p.message.clone());
        let why = match self.errors().saturating_sub(1) {
            0 => first,
            more => format!("{first} (and {more} more)"),
        };
        Broken { why, details: desired::render(&self.problems, &self.files, false) }
    }
}

impl Source {
    /// Finds the source that `config` names: a path, seen from `cwd`, or a URL, with `#BRANCH` for a remote one.
    /// Without it, the nearest folder upwards that has a `factory.kdl`. `home` is where state is kept.
    ///
    /// # Errors
    /// When there is none, or it can't be opened.
    pub fn open(
        cwd: &Path,
        home: Result<PathBuf, env::Error>,
        config: Option<&str>,
    ) -> Result<Self, SourceError> {
        match config {
            Some(text) if is_url(text) => {
                let (url, branch) = match text.split_once('#') {
                    Some((url, branch)) => (url, Some(branch.to_owned())),
                    None => (text, None),
                };
                let home = home?;
                let place = state::StateDir::prepare(&home, None, url, "mirror")?;
                let mirror = Box::new(Mirror::ensure(&place.mirror(), url)?);
                let memory = Memory::of(&home, url, branch.as_deref());
                Ok(Self::Remote { url: url.to_owned(), branch, mirror, memory })
            }
            Some(path) => Self::at_path(&cwd.join(path), home.ok()),
            None => {
                let up =
                    |name: &str| cwd.ancestors().map(|dir| dir.join(name)).find(|file| fs::is_file(file));
                let root = up("factory.kdl").ok_or_else(|| {
                    up("factory.toml")
                        .map_or_else(|| SourceError::Nowhere(cwd.to_owned()), SourceError::OtherRoot)
                })?;
                Self::at_path(root.parent().unwrap_or(cwd), home.ok())
            }
        }
    }

    fn at_path(path: &Path, home: Option<PathBuf>) -> Result<Self, SourceError> {
        match Repo::open(path) {
            Ok(repo) => {
                let name = repo.common_dir().display().to_string();
                let memory = home.map(|home| Memory::of(&home, &name, None));
                Ok(Self::Local { repo: Box::new(repo), memory })
            }
            Err(git::Error::NotARepository { .. }) => Ok(Self::Folder(path.to_owned())),
            Err(error) => Err(error.into()),
        }
    }

    /// Brings a remote repository's mirror up to date; nothing for the others.
    ///
    /// # Errors
    /// When fetching fails.
    pub async fn fetch(&self, access: &Access) -> Result<(), SourceError> {
        match self {
            Self::Folder(_) | Self::Local { .. } => Ok(()),
            Self::Remote { mirror, .. } => Ok(mirror.fetch(access, &[Refs::Branches]).await?),
        }
    }

    /// The repository behind it, if there is one.
    pub fn repo(&self) -> Option<&Repo> {
        match self {
            Self::Folder(_) => None,
            Self::Local { repo, .. } => Some(repo),
            Self::Remote { mirror, .. } => Some(mirror.repo()),
        }
    }

    /// Why a plain folder has no commits although a repository is around it; `None` where none is.
    pub fn not_at_root(&self) -> Option<SourceError> {
        let Self::Folder(folder) = self else { return None };
        let root = Repo::discover(folder).ok()?.work_tree()?;
        Some(SourceError::NotAtRoot { folder: folder.clone(), root })
    }

    /// Reads the files.
    ///
    /// # Errors
    /// When they can't be read at all; a single file that is refused is noted in the result.
    pub fn read(&self, at: At<'_>) -> Result<ConfigFiles, SourceError> {
        let mut files = self.files(at)?;
        // People know the repository, not our copy of it.
        if let Self::Remote { url, .. } = self {
            files.origin.place.clone_from(url);
            files.origin.hosted = Hosted::parse(url).map(Box::new);
        }
        Ok(files)
    }

    fn files(&self, at: At<'_>) -> Result<ConfigFiles, SourceError> {
        match (self, at) {
            (Self::Folder(folder), At::WorkingTree) => Ok(fs::read_config_folder(folder)?),
            (Self::Folder(folder), At::Revision(rev)) => Err(self
                .not_at_root()
                .unwrap_or_else(|| SourceError::NoHistory { folder: folder.clone(), rev: rev.to_owned() })),
            (Self::Local { repo, .. }, At::WorkingTree) if repo.work_tree().is_some() => {
                Ok(repo.working_tree()?)
            }
            (Self::Local { repo, .. }, At::WorkingTree) => {
                let rev = self.read_branch()?.map_or_else(|| "HEAD".to_owned(), |branch| own(&branch));
                Ok(repo.config_files(&rev)?.1)
            }
            (Self::Remote { mirror, .. }, At::WorkingTree) => {
                let branch = self.first_branches()?.remove(0);
                Ok(mirror.repo().config_files(&own(&branch))?.1)
            }
            (Self::Local { repo, .. }, At::Revision(rev)) => Ok(repo.config_files(rev)?.1),
            (Self::Remote { mirror, .. }, At::Revision(rev)) => Ok(mirror.repo().config_files(rev)?.1),
        }
    }

    /// What names the state directory by what a config says: the config repository on GitHub where it names one, else
    /// the URL or the folder; and the branch.
    pub fn identity(&self, desired: &Desired) -> Identity {
        let place = match (&desired.factory.config, self) {
            (Some(config), _) => {
                format!(
                    "{}/{}",
                    desired.github.api.value.trim_end_matches('/'),
                    config.value.as_str().to_lowercase()
                )
            }
            (None, Self::Folder(folder)) => folder.display().to_string(),
            (None, Self::Local { repo, .. }) => repo.common_dir().display().to_string(),
            // By its path or by a URL, a repository on this machine is one.
            (None, Self::Remote { url, .. }) => url
                .strip_prefix("file://")
                .and_then(|path| Repo::open(Path::new(path)).ok())
                .map_or_else(|| url.clone(), |repo| repo.common_dir().display().to_string()),
        };
        Identity { place, branch: desired.factory.branch.clone() }
    }

    /// Loads config. A branch that was named beside the URL takes the place of the one that config names.
    ///
    /// # Errors
    /// Every problem in it.
    pub fn load(&self, files: ConfigFiles, today: jiff::civil::Date) -> Result<Loaded, Box<Invalid>> {
        let mut loaded = load(files, today)?;
        if let Some(branch) = self.named_branch() {
            branch.clone_into(&mut loaded.desired.factory.branch);
        }
        Ok(loaded)
    }
}

impl Source {
    /// What this machine remembers of it; `None` when no factory ran on it here.
    ///
    /// # Errors
    /// When that can't be read: it isn't taken for nothing.
    pub fn remembered(&self) -> Result<Option<Remembered>, SourceError> {
        Ok(match self.memory() {
            Some(memory) => memory.read()?,
            None => None,
        })
    }

    /// The identities under which this config was used before, told by notes on other sources: as a local factory that
    /// has gone to GitHub since, or in a folder that was moved. The commit that was in force there is in the history of
    /// what is followed here.
    ///
    /// # Errors
    /// When a note or the repository can't be read.
    pub fn kin(&self, named: &Identity) -> Result<Vec<Identity>, SourceError> {
        let (Some(memory), Some(repo)) = (self.memory(), self.repo()) else { return Ok(Vec::new()) };
        let mut kin = Vec::new();
        for other in memory.others()? {
            let was = other.identity;
            let Some(followed) = other.in_force.filter(|_| was != *named) else { continue };
            if !repo.has(&followed.commit)? || !gave_way(repo, &was, &followed, named)? {
                continue;
            }
            for branch in self.first_branches()? {
                let Some(head) = self.head(&self.followed(&branch, None)?)? else { continue };
                if repo.merge_base(&head, &followed.commit)?.as_ref() == Some(&followed.commit) {
                    kin.push(was);
                    break;
                }
            }
        }
        Ok(kin)
    }

    /// Whether what is remembered is of another repository, which was at this place before.
    ///
    /// # Errors
    /// When the note or the repository can't be read.
    pub fn is_anothers(&self) -> Result<bool, SourceError> {
        let followed = self.remembered()?.and_then(|was| was.in_force);
        match (followed, self.repo()) {
            (Some(followed), Some(repo)) => Ok(!repo.has(&followed.commit)?),
            (Some(_) | None, _) => Ok(false),
        }
    }

    /// The file with what is remembered of it.
    pub fn note(&self) -> Option<&Path> {
        self.memory().map(Memory::file)
    }

    fn memory(&self) -> Option<&Memory> {
        match self {
            Self::Folder(_) => None,
            Self::Local { memory, .. } => memory.as_ref(),
            Self::Remote { memory, .. } => Some(memory),
        }
    }

    /// Remembers which state directory is in use.
    ///
    /// # Errors
    /// When it can't be kept: the next process would look elsewhere.
    pub fn remember_identity(&self, identity: &Identity) -> Result<(), SourceError> {
        let Some(memory) = self.memory() else { return Ok(()) };
        let in_force = memory.read()?.and_then(|was| was.in_force);
        Ok(memory.write(&Remembered { identity: identity.clone(), in_force })?)
    }

    /// Remembers what is in force: for the commands that go by the daemon, and for a start at which it can't be
    /// seen. In a mirror its objects are kept too.
    ///
    /// # Errors
    /// When it can't be kept.
    pub fn remember(
        &self,
        desired: &Desired,
        followed: Followed,
        at: jiff::Timestamp,
    ) -> Result<(), SourceError> {
        let Some(memory) = self.memory() else { return Ok(()) };
        if let Self::Remote { mirror, .. } = self {
            let by = Signature::default();
            let reference = format!("refs/factory/in-force/{}", followed.branch);
            mirror.repo().set_reference(&reference, &followed.commit, &by, at)?;
        }
        let identity = memory.read()?.map_or_else(|| self.identity(desired), |was| was.identity);
        Ok(memory.write(&Remembered { identity, in_force: Some(followed) })?)
    }

    /// The branch that was named beside the URL.
    fn named_branch(&self) -> Option<&str> {
        match self {
            Self::Remote { branch, .. } => branch.as_deref(),
            Self::Folder(_) | Self::Local { .. } => None,
        }
    }

    /// The branches that may be the config branch as long as no config was read, the likeliest first: the one that was
    /// named, else the one that was in force last, else what the remote of a clone takes for its own, `main`, and what
    /// is checked out.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn first_branches(&self) -> Result<Vec<String>, SourceError> {
        if let Some(branch) = self.named_branch() {
            return Ok(vec![branch.to_owned()]);
        }
        if let Some(followed) = self.remembered()?.and_then(|was| was.in_force) {
            return Ok(vec![followed.branch]);
        }
        let main = "main".to_owned();
        let Self::Local { repo, .. } = self else { return Ok(vec![main]) };
        let mut all: Vec<String> = repo.remote_head_branch()?.into_iter().chain([main]).collect();
        all.extend(repo.head_branch()?);
        let mut seen = std::collections::BTreeSet::new();
        all.retain(|branch| seen.insert(branch.clone()));
        Ok(all)
    }

    /// The branch that is read where there is no working tree, as the daemon does: the first that may be the config
    /// branch and is there.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn read_branch(&self) -> Result<Option<String>, SourceError> {
        let Some(repo) = self.repo().filter(|repo| repo.work_tree().is_none()) else { return Ok(None) };
        for branch in self.first_branches()? {
            if repo.branch_head(&branch)?.is_some() {
                return Ok(Some(branch));
            }
        }
        Ok(None)
    }

    /// The branch that config names, where that is another than the one that was looked at and nobody named one.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn branch_elsewhere(&self, desired: &Desired) -> Result<Option<String>, SourceError> {
        if self.named_branch().is_some() {
            return Ok(None);
        }
        let named = &desired.factory.branch;
        // On this machine a branch that isn't there yet leaves the other one in force.
        if let Self::Local { repo, .. } = self
            && repo.branch_head(named)?.is_none()
        {
            return Ok(None);
        }
        Ok(self.read_branch()?.filter(|read| read != named).map(|_| named.clone()))
    }

    /// The reference that says what of a branch is in force. In a clone of a config repository that is on GitHub it
    /// is the remote's branch as the clone knows it: what was committed here and never pushed is not merged. Where it
    /// was so once, it stays so.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn followed(&self, branch: &str, desired: Option<&Desired>) -> Result<String, SourceError> {
        let own = own(branch);
        let Self::Local { repo, .. } = self else { return Ok(own) };
        let tracking = format!("refs/remotes/origin/{branch}");
        let on_github = desired.is_none_or(|desired| desired.factory.config.is_some());
        let was = self.remembered()?.and_then(|was| was.in_force).map(|was| was.reference);
        if on_github && was.as_ref() == Some(&tracking) {
            return Ok(tracking);
        }
        if repo.reference(&tracking)?.is_none() {
            return Ok(own);
        }
        // Before any config was read, a branch that was never checked out is known by the remote's alone.
        let follows = match desired {
            Some(desired) => desired.factory.config.is_some(),
            None => repo.reference(&own)?.is_none(),
        };
        Ok(if follows { tracking } else { own })
    }

    /// Where a reference is.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn head(&self, reference: &str) -> Result<Option<CommitId>, SourceError> {
        match self.repo() {
            None => Ok(None),
            Some(repo) => Ok(repo.reference(reference)?),
        }
    }
}

/// Loads config.
///
/// # Errors
/// Every problem in it.
pub fn load(files: ConfigFiles, today: jiff::civil::Date) -> Result<Loaded, Box<Invalid>> {
    match desired::load(&files, &loops::vocabulary(today)) {
        Ok((desired, warnings)) => Ok(Loaded { files, desired, warnings }),
        Err(problems) => Err(Box::new(Invalid { files, problems })),
    }
}

/// Whether a config of the same history is no longer used under its former identity: a local factory that has a
/// repository on GitHub now, a folder that doesn't hold that history any more, a branch that is gone.
fn gave_way(repo: &Repo, was: &Identity, followed: &Followed, named: &Identity) -> Result<bool, SourceError> {
    let is_local = |identity: &Identity| Path::new(&identity.place).is_absolute();
    if was.place == named.place {
        let own = repo.branch_head(&followed.branch)?;
        return Ok(own.is_none() && repo.reference(&followed.reference)?.is_none());
    }
    if !is_local(was) {
        return Ok(false);
    }
    let holds = || match Repo::open(Path::new(&was.place)) {
        Ok(there) => there.has(&followed.commit),
        Err(git::Error::NotARepository { .. }) => Ok(false),
        Err(_) if !fs::exists(Path::new(&was.place)) => Ok(false),
        Err(error) => Err(error),
    };
    Ok(!is_local(named) || !holds()?)
}

fn own(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

fn is_url(text: &str) -> bool {
    text.contains("://") || (text.contains('@') && text.contains(':') && !text.starts_with(['/', '.']))
}
