//! A workspace: the clone that the agent of one issue works in, kept over attempts.
//!
//! `root/key/tree` is the agent's, with its repository in `.git`; what lies beside it is the factory's. Once an agent was
//! there, its repository is never again one that the factory runs git in: commits leave it through its own
//! `upload-pack`, within the sandbox, and files are read one by one.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::adapters::fs::{self, Beneath};
use crate::adapters::git::{self, Access, CheckOut, Mirror, put_back};
use crate::model::CommitId;
use crate::runs::sandbox::Sandbox;

mod afresh;
mod displaced;
mod drafts;
mod files;
mod history;
mod kept;
mod salvage;
mod take;
#[cfg(test)]
mod tests;
mod unsaved;

pub use crate::adapters::git::Objects;
pub use displaced::There;
pub use kept::{Kept, left_out, restore_command, saved, saved_as};
pub use salvage::{History, LeftOut, Salvaged, Why, expire};
pub use take::Taken;
pub use unsaved::{Unsaved, unsaved};

/// Why a workspace could not be made, read or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something about its repository or the mirror.
    #[error("could not use the repository of a workspace")]
    Git(#[from] git::Error),
    /// Something about its files.
    #[error("could not use the files of a workspace")]
    Files(#[from] fs::Error),
    /// It isn't as it was made: something else stands in its place, or in that of the folder that its agent works in.
    #[error("`{path}` {what}", path = .path.display())]
    Displaced {
        /// What isn't as it was.
        path: PathBuf,
        /// What it is now.
        what: String,
    },
    /// What is noted of it can't be read.
    #[error("`{path}` is no note of a workspace", path = .path.display())]
    Record {
        /// The note.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A newer version of this program made it.
    #[error("the workspace `{path}` was made by a newer version (format {version})", path = .path.display())]
    Newer {
        /// The workspace.
        path: PathBuf,
        /// Its format.
        version: u32,
    },
    /// It belongs to another mirror.
    #[error("the workspace `{path}` is of the mirror `{mirror}`", path = .path.display(), mirror = .mirror.display())]
    OtherMirror {
        /// The workspace.
        path: PathBuf,
        /// Its mirror.
        mirror: PathBuf,
    },
    /// The mirror takes in nothing, its own commits neither.
    #[error("the mirror `{path}` is damaged: `git --git-dir={path} fsck` tells more", path = .path.display())]
    Mirror {
        /// The mirror.
        path: PathBuf,
        /// What failed.
        #[source]
        source: git::Error,
    },
    /// Its repository was changed so that it could bring in what isn't its own.
    #[error("the repository of the workspace may lead elsewhere: {0}")]
    Tampered(String),
    /// It has history that could not be saved, so it stays.
    #[error(transparent)]
    Unsaved(#[from] Unsaved),
    /// A task of this program broke down.
    #[error("reading the files of a workspace broke down")]
    Broken(#[from] tokio::task::JoinError),
}

impl Error {
    /// Whether it tells of what the agent made rather than of this machine: another try would find the same.
    pub fn is_theirs(&self) -> bool {
        match self {
            Self::Git(error) => salvage::is_theirs(error),
            Self::Tampered(_) | Self::Displaced { .. } => true,
            Self::Files(_)
            | Self::Record { .. }
            | Self::Newer { .. }
            | Self::OtherMirror { .. }
            | Self::Mirror { .. }
            | Self::Unsaved(_)
            | Self::Broken(_) => false,
        }
    }
}

/// Where workspaces of one repository lie, and what they are used with.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The folder of workspaces.
    pub root: &'a Path,
    /// The repository's mirror.
    pub mirror: &'a Mirror,
    /// What git children need.
    pub access: &'a Access,
    /// What bounds the processes that read an agent's repository.
    pub sandbox: &'a Sandbox,
    /// Ends what takes long once it is cancelled: nothing is lost, and the next call begins again.
    pub stop: &'a CancellationToken,
}

/// A workspace.
#[derive(Clone, Debug)]
pub struct Workspace {
    place: PathBuf,
    record: Record,
}

/// What is noted of a workspace, where no agent writes.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    version: u32,
    name: String,
    mirror: PathBuf,
    objects: Objects,
    branch: String,
    base: CommitId,
}

const VERSION: u32 = 1;
/// How the folder of one begins that is being made, and of one that is being removed.
const MAKING: &str = ".new-";
const REMOVING: &str = ".gone-";
/// How the folder begins in which one lies that isn't as it was made; then follows the run.
const LEFT: &str = ".left-";
/// The most bytes of a note.
const MAX_RECORD: u64 = 64 << 10;
/// The most characters of a name that its folder shows.
const MAX_SHOWN: usize = 80;

impl Workspace {
    /// The workspace of this name, which carries its repository and its issue. It is made when it isn't there; one that
    /// is stays as it is. A crash leaves nothing that the next call doesn't mend.
    ///
    /// # Errors
    /// When it can't be made, or what is there isn't it.
    pub async fn make(
        site: &Site<'_>,
        name: &str,
        objects: Objects,
        start: CheckOut<'_>,
    ) -> Result<Self, Error> {
        if let Some(there) = Self::open(site, name)? {
            return Ok(there);
        }
        let root = real_root(site)?;
        let place = root.join(key(name));
        let fresh = root.join(format!("{MAKING}{}", key(name)));
        fs::remove_tree(&fresh)?;
        let tree = fresh.join("tree");
        fs::private_dir(&tree)?;
        let git_dir = tree.join(".git");
        site.mirror.lend(site.access, &git_dir, objects, start).await?;
        put_back(site.access, &git_dir, &tree).await?;
        let record = Record {
            version: VERSION,
            name: name.to_owned(),
            mirror: site.mirror.repo().place().to_owned(),
            objects,
            branch: start.branch.to_owned(),
            base: start.base.clone(),
        };
        record.write(&fresh)?;
        fs::rename(&fresh, &place)?;
        Ok(Self { place, record })
    }

    /// The workspace of this name; `None` when it isn't there.
    ///
    /// # Errors
    /// When what is there isn't it.
    pub fn open(site: &Site<'_>, name: &str) -> Result<Option<Self>, Error> {
        let place = real_root(site)?.join(key(name));
        if !fs::exists(&place) {
            return Ok(None);
        }
        displaced::folder(&place)?;
        let record = displaced::record(&place)?;
        if record.name != name {
            let what = format!("is of `{}`", record.name);
            return Err(Error::Displaced { path: Record::file(&place), what });
        }
        if record.mirror != site.mirror.repo().place() {
            return Err(Error::OtherMirror { path: place, mirror: record.mirror });
        }
        let it = Self { place, record };
        displaced::folder(&it.tree())?;
        Ok(Some(it))
    }

    /// The folder that the agent works in, absolute.
    pub fn tree(&self) -> PathBuf {
        self.place.join("tree")
    }

    /// The branch that it works on.
    pub fn branch(&self) -> &str {
        &self.record.branch
    }

    /// Where that branch began.
    pub fn base(&self) -> &CommitId {
        &self.record.base
    }

    /// What its agent must see besides it, to be read alone.
    pub fn readable(&self) -> Vec<&Path> {
        match self.record.objects {
            Objects::Borrowed => vec![&self.record.mirror],
            Objects::Copied => Vec::new(),
        }
    }

    /// Makes git pass over these paths, from the root of the tree, whatever is committed. Only right after it was made or
    /// begun anew, before anybody else has written in its repository.
    ///
    /// # Errors
    /// When that can't be written.
    pub fn pass_over<'a>(&self, paths: impl IntoIterator<Item = &'a str>) -> Result<(), Error> {
        let info = self.git_dir().join("info");
        fs::make_dirs(&info)?;
        let lines: Vec<String> = paths.into_iter().map(|path| format!("/{}\n", pattern(path))).collect();
        Ok(fs::replace_shared(&info.join("exclude"), lines.concat().as_bytes())?)
    }

    /// Removes the locks that Git's own programs left there when they were killed, so that it can be gone on with. Whoever
    /// calls this knows that nobody is at work in it. What else its agent made of the repository is found when its work is taken.
    pub fn unlock(&self) {
        let Ok(root) = Beneath::open(&self.git_dir()) else { return };
        let of_branch = format!("refs/heads/{}.lock", self.branch());
        for name in ["index.lock", "HEAD.lock", "config.lock", "packed-refs.lock", &of_branch] {
            match root.remove(Path::new(name)) {
                Ok(false) => {}
                Ok(true) => {
                    tracing::info!(%name, place = %self.place.display(), "the lock of a dead process is removed");
                }
                Err(error) => tracing::warn!(%error, "the lock of a dead process can't be removed"),
            }
        }
    }

    fn git_dir(&self) -> PathBuf {
        self.tree().join(".git")
    }
}

impl Record {
    fn file(place: &Path) -> PathBuf {
        place.join("workspace.json")
    }

    fn write(&self, place: &Path) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(self).expect("a note has nothing that JSON hasn't");
        Ok(fs::replace(&Self::file(place), &text)?)
    }

    fn read(place: &Path) -> Result<Self, Error> {
        let path = Self::file(place);
        let bytes = fs::read_no_follow(&path, MAX_RECORD)?;
        let record: Self = serde_json::from_slice(&bytes).map_err(|source| Error::Record { path, source })?;
        if record.version > VERSION {
            return Err(Error::Newer { path: place.to_owned(), version: record.version });
        }
        Ok(record)
    }
}

/// The folders of workspaces that were never whole, or are saved and half removed. No agent works in one, and nothing that
/// isn't elsewhere is in it, unless somebody makes or ends a workspace at this moment. So are those that are left of what a
/// person has settled.
///
/// # Errors
/// When the folder of workspaces can't be read.
pub fn unused(root: &Path) -> Result<Vec<PathBuf>, fs::Error> {
    let names = fs::names_if_there(root)?.into_iter();
    let is_unused = |name: &String| {
        let is_settled = name.starts_with(LEFT) && !fs::exists(&displaced::kept_in(&root.join(name)));
        is_settled || name.starts_with(MAKING) || name.starts_with(REMOVING)
    };
    Ok(names.filter(is_unused).map(|name| root.join(name)).collect())
}

/// A path as git takes it for itself: nothing in it stands for something else.
fn pattern(path: &str) -> String {
    let special = |c: char| matches!(c, '*' | '?' | '[' | '\\' | ' ');
    path.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

/// Where the workspace of this name lies, if it is there.
pub fn place(root: &Path, name: &str) -> PathBuf {
    root.join(key(name))
}

/// Whether a workspace reads its objects from a mirror.
///
/// # Errors
/// When the workspaces can't be read: one of which nothing is known may do so.
pub fn borrow_from(root: &Path, mirror: &Path) -> Result<bool, Error> {
    for name in fs::names_if_there(root)? {
        if name.starts_with(LEFT) {
            // Nobody knows what it reads by now.
            if fs::exists(&displaced::kept_in(&root.join(name))) {
                return Ok(true);
            }
        } else if !name.starts_with(MAKING) && !name.starts_with(REMOVING) {
            let record = Record::read(&root.join(name))?;
            if record.objects == Objects::Borrowed && record.mirror == mirror {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The folder of workspaces without links, made when it isn't there.
fn real_root(site: &Site<'_>) -> Result<PathBuf, Error> {
    fs::private_dir(site.root)?;
    Ok(site.root.canonicalize().map_err(|e| fs::Error::of("open", site.root, e))?)
}

/// The folder of a name: the name itself where it can be one, else what can be shown of it and a hash of all of it.
fn key(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let shown: String = name.chars().take(MAX_SHOWN).map(|c| if plain(c) { c } else { '_' }).collect();
    let shown = shown.strip_prefix('.').map(|rest| format!("_{rest}")).unwrap_or(shown);
    if shown == name && !name.is_empty() {
        return shown;
    }
    format!("{shown}-{}", &blake3::hash(name.as_bytes()).to_hex()[..16])
}
