//! Where config is read from: a plain folder, a local repository, or a remote one through a mirror.

use std::path::{Path, PathBuf};

use crate::adapters::env::Env;
use crate::adapters::git::{self, Access, Mirror, Refs, Repo, Signature};
use crate::adapters::{fs, state};
use crate::desired::{self, Diagnostic};
use crate::loops;
use crate::model::{Broken, CommitId, ConfigFiles, Desired};

/// A place that config is read from.
#[derive(Debug)]
pub enum Source {
    /// A folder that is not under version control.
    Folder(PathBuf),
    /// A repository on this machine.
    Local(Box<Repo>),
    /// A repository elsewhere, and the branch that is in force there.
    Remote {
        /// Its URL.
        url: String,
        /// The branch; `None` for the one that config names, else `main`.
        branch: Option<String>,
        /// The bare copy that it is fetched into.
        mirror: Box<Mirror>,
    },
}

/// Why config can't be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No `factory.kdl` up from the working folder.
    #[error("there is no factory.kdl in {} or above it", .0.display())]
    Nowhere(PathBuf),
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
    Env(#[from] crate::adapters::env::Error),
    /// A commit was asked of a plain folder.
    #[error("{} is not under version control, so there is no revision `{rev}`", .folder.display())]
    NoHistory {
        /// The folder.
        folder: PathBuf,
        /// The revision.
        rev: String,
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
    /// What is wrong, for those who weren't there when it was loaded.
    pub(crate) fn broken(&self) -> Broken {
        let first = self.problems.first().map_or_else(String::new, |p| p.message.clone());
        let why = match self.problems.len().saturating_sub(1) {
            0 => first,
            more => format!("{first} (and {more} more)"),
        };
        Broken { why, details: desired::render(&self.problems, &self.files, false) }
    }
}

impl Source {
    /// Finds the source that `--config` names: a path or a URL, with `#BRANCH` for a remote one. Without it, the
    /// nearest folder upwards that has a `factory.kdl`.
    ///
    /// # Errors
    /// When there is none, or it can't be opened.
    pub fn open(env: &Env, config: Option<&str>) -> Result<Self, SourceError> {
        match config {
            Some(text) if is_url(text) => {
                let (url, branch) = match text.split_once('#') {
                    Some((url, branch)) => (url, Some(branch.to_owned())),
                    None => (text, None),
                };
                let home = env.state_home()?;
                let runtime = env.runtime_dir()?;
                let place = state::StateDir::prepare(&home, runtime.as_deref(), url, "mirror")?;
                let mirror = Box::new(Mirror::ensure(&place.mirror(), url)?);
                Ok(Self::Remote { url: url.to_owned(), branch, mirror })
            }
            Some(path) => Self::at_path(&env.cwd().join(path)),
            None => {
                let cwd = env.cwd();
                let root = cwd.ancestors().find(|dir| fs::is_file(&dir.join("factory.kdl")));
                Self::at_path(root.ok_or_else(|| SourceError::Nowhere(cwd.to_owned()))?)
            }
        }
    }

    fn at_path(path: &Path) -> Result<Self, SourceError> {
        match Repo::open(path) {
            Ok(repo) => Ok(Self::Local(Box::new(repo))),
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
            Self::Folder(_) | Self::Local(_) => Ok(()),
            Self::Remote { mirror, .. } => Ok(mirror.fetch(access, &[Refs::Branches]).await?),
        }
    }

    /// The repository behind it, if there is one.
    pub fn repo(&self) -> Option<&Repo> {
        match self {
            Self::Folder(_) => None,
            Self::Local(repo) => Some(repo),
            Self::Remote { mirror, .. } => Some(mirror.repo()),
        }
    }

    /// Reads the files.
    ///
    /// # Errors
    /// When they can't be read at all; a single file that is refused is noted in the result.
    pub fn read(&self, at: At<'_>) -> Result<ConfigFiles, SourceError> {
        match (self, at) {
            (Self::Folder(folder), At::WorkingTree) => Ok(fs::read_config_folder(folder)?),
            (Self::Folder(folder), At::Revision(rev)) => {
                Err(SourceError::NoHistory { folder: folder.clone(), rev: rev.to_owned() })
            }
            (Self::Local(repo), At::WorkingTree) if repo.work_tree().is_some() => Ok(repo.working_tree()?),
            (Self::Local(repo), At::WorkingTree) => Ok(repo.config_files("HEAD")?.1),
            (Self::Local(repo), At::Revision(rev)) => Ok(repo.config_files(rev)?.1),
            (Self::Remote { mirror, branch, .. }, At::WorkingTree) => {
                let branch = branch.as_deref().unwrap_or("main");
                Ok(mirror.repo().config_files(&format!("refs/heads/{branch}"))?.1)
            }
            (Self::Remote { mirror, .. }, At::Revision(rev)) => Ok(mirror.repo().config_files(rev)?.1),
        }
    }

    /// The identity that names the state directory: the config repository on GitHub where config names one, else
    /// the URL or the folder.
    pub fn identity(&self, desired: &Desired) -> String {
        match (&desired.factory.config, self) {
            (Some(config), _) => {
                format!(
                    "{}/{}",
                    desired.github.api.value.trim_end_matches('/'),
                    config.value.as_str().to_lowercase()
                )
            }
            (None, Self::Folder(folder)) => folder.display().to_string(),
            (None, Self::Local(repo)) => repo.common_dir().display().to_string(),
            (None, Self::Remote { url, .. }) => url.clone(),
        }
    }
}

impl Source {
    /// The reference that says what of a branch is in force. In a clone of a config repository that is on GitHub it
    /// is the remote's branch as the clone knows it: what was committed here and never pushed is not merged.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn followed(&self, branch: &str, desired: Option<&Desired>) -> Result<String, SourceError> {
        if let (Self::Local(repo), Some(desired)) = (self, desired)
            && desired.factory.config.is_some()
        {
            let tracking = format!("refs/remotes/origin/{branch}");
            if repo.reference(&tracking)?.is_some() {
                return Ok(tracking);
            }
        }
        Ok(format!("refs/heads/{branch}"))
    }

    /// The commit that was in force last, as the mirror of a remote repository remembers it: it outlives the branch,
    /// and is there while the remote isn't.
    ///
    /// # Errors
    /// When the mirror can't be read.
    pub fn remembered(&self, branch: &str) -> Result<Option<CommitId>, SourceError> {
        match self {
            Self::Remote { mirror, .. } => Ok(mirror.repo().reference(&in_force(branch))?),
            Self::Local(_) | Self::Folder(_) => Ok(None),
        }
    }

    /// Remembers the commit that is in force. That it can't be kept costs nothing until the branch is gone.
    pub fn remember(&self, branch: &str, commit: &CommitId, at: jiff::Timestamp) {
        let Self::Remote { mirror, .. } = self else { return };
        let by = Signature {
            name: "factoryctl".to_owned(),
            email: "factoryctl@users.noreply.github.com".to_owned(),
        };
        if let Err(error) = mirror.repo().set_reference(&in_force(branch), commit, &by, at) {
            tracing::warn!(%error, "the commit in force can't be remembered");
        }
    }

    /// The branch that is looked at first: the one that was named, else `main`.
    pub fn first_branch(&self) -> Result<String, SourceError> {
        Ok(match self {
            Self::Remote { branch: Some(branch), .. } => branch.clone(),
            Self::Local(repo) => repo.head_branch()?.unwrap_or_else(|| "main".to_owned()),
            Self::Remote { branch: None, .. } | Self::Folder(_) => "main".to_owned(),
        })
    }

    /// The branch that config names, where that is another than the one that was looked at and nobody named one.
    pub fn branch_elsewhere(&self, desired: &Desired) -> Option<String> {
        let named = &desired.factory.branch;
        let looked_at = matches!(self, Self::Remote { branch: None, .. }).then_some("main")?;
        (named != looked_at).then(|| named.clone())
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

/// Where a mirror remembers what of a branch was in force last.
fn in_force(branch: &str) -> String {
    format!("refs/factory/in-force/{branch}")
}

fn is_url(text: &str) -> bool {
    text.contains("://") || (text.contains('@') && text.contains(':') && !text.starts_with(['/', '.']))
}
