//! Taking an agent's commits: fetched from the mirror's side, every object checked.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::{Error, Site, Workspace};
use crate::adapters::fs::{self, Beneath, Found};
use crate::adapters::git::{self, Bound, Foreign, Step};
use crate::model::{CommitId, RunId};
use crate::runs::sandbox::{Network, Sandbox};

/// What was taken of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The head of its branch; the mirror has it as `refs/runs/<run>`.
    pub commit: CommitId,
    /// How it got there from the base.
    pub since_base: Step,
}

/// How the agent's repository is read.
pub(super) struct Reader {
    git_dir: PathBuf,
    upload_pack: Vec<OsString>,
}

impl Reader {
    pub(super) fn foreign(&self) -> Foreign<'_> {
        Foreign { git_dir: &self.git_dir, upload_pack: &self.upload_pack }
    }
}

impl Workspace {
    /// Fetches the head of the branch into `refs/runs/<run>` of the mirror; `None` when there is no such branch, or no
    /// repository. No other reference moves. The run's processes have ended.
    ///
    /// # Errors
    /// [`Error::Tampered`] without a sandbox; when an object is missing or malformed.
    pub async fn take(&self, site: &Site<'_>, run: &RunId) -> Result<Option<Taken>, Error> {
        let Some(reader) = self.reader(site)? else { return Ok(None) };
        let tips = match site.mirror.tips(site.access, &reader.foreign()).await {
            Ok(tips) => tips,
            Err(git::Error::RemoteGone { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let branch = format!("refs/heads/{}", self.branch());
        let Some(tip) = tips.into_iter().find(|tip| tip.name == branch) else { return Ok(None) };
        let wanted = [(tip.id.clone(), format!("refs/runs/{run}"))];
        site.mirror.take_in(site.access, &reader.foreign(), &wanted).await?;
        let repo = site.mirror.repo();
        let commit = repo.commit(&tip.id)?.id;
        let since_base = repo.step(self.base(), &commit)?;
        Ok(Some(Taken { commit, since_base }))
    }

    /// How its repository is read; `None` when none is there. In a sandbox it can't lead to anything but itself and its
    /// mirror. Without one it is looked at beforehand, which finds what is there and not what is put there meanwhile.
    pub(super) fn reader(&self, site: &Site<'_>) -> Result<Option<Reader>, Error> {
        let git_dir = self.git_dir();
        if !fs::exists(&git_dir) {
            return Ok(None);
        }
        if *site.sandbox == Sandbox::None {
            audit(&git_dir, self.record.objects.alternates(site.mirror).as_deref(), site.stop)?;
        }
        let tree = self.tree();
        let readable = [self.readable(), vec![tree.as_path()]].concat();
        let argv = ["git", "upload-pack", "--strict"].map(OsString::from);
        let upload_pack = site.sandbox.wrap(&argv, &[], &readable, &[], Network::Closed);
        Ok(Some(Reader { git_dir, upload_pack }))
    }
}

/// Refuses a repository that could bring in what isn't its own: by a link, by another repository's references, by
/// objects from elsewhere.
fn audit(git_dir: &Path, alternates: Option<&str>, stop: &CancellationToken) -> Result<(), Error> {
    let tampered = |path: &Path, what: &str| Err(Error::Tampered(format!("`{}` {what}", path.display())));
    let Ok(it) = Beneath::open(git_dir) else { return tampered(Path::new(".git"), "is no folder") };
    let mut folders = vec![PathBuf::new()];
    let mut bound = Bound::new(MAX_NAMES, MAX_BYTES, stop);
    while let Some(folder) = folders.pop() {
        let at_root = folder.as_os_str().is_empty();
        let Ok(names) = it.list(&folder, bound.paths()) else { return tampered(&folder, "can't be read") };
        for (name, found) in names {
            let path = folder.join(&name);
            match bound.spend(&path) {
                Err(git::Error::TooMuch) => return tampered(&folder, "has more in it than is looked at"),
                other => other?,
            }
            if at_root && name == "commondir" {
                return tampered(&path, "leads to another repository");
            }
            let is_read = !at_root || READ.iter().any(|read| name == *read);
            match found {
                Found::Link(_) if is_read => return tampered(&path, "is a link"),
                Found::Folder if is_read => folders.push(path),
                Found::Link(_) | Found::Folder | Found::File { .. } | Found::Special => {}
            }
        }
    }
    let path = Path::new("objects/info/alternates");
    let expected = alternates.unwrap_or_default();
    let mut there = String::new();
    let read = it.file(path).map(|file| file.take(expected.len() as u64 + 1).read_to_string(&mut there));
    let same = match read {
        Ok(read) => read.is_ok() && there == expected,
        Err(error) => error.is_not_found(),
    };
    if same { Ok(()) } else { tampered(path, "is not as it was made") }
}

/// The most names of a repository that are looked at.
const MAX_NAMES: usize = 1_000_000;
/// The most bytes that their paths may have together.
const MAX_BYTES: usize = 64 << 20;

/// What `upload-pack` reads of a repository.
const READ: [&str; 7] = ["HEAD", "config", "info", "objects", "packed-refs", "refs", "shallow"];
