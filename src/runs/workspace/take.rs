//! Taking an agent's commits: fetched from the mirror's side, every object checked.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::{Error, Site, Workspace, kept};
use crate::adapters::fs::{self, Beneath, Found};
use crate::adapters::git::{self, Bound, FRUGAL, Foreign, Step};
use crate::model::{CommitId, RunId};
use crate::runs::sandbox::Network;

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
    /// [`Error::Tampered`]; when an object is missing, malformed, or too big to be loaded. [`Error::Mirror`] where the workspace
    /// has no part in it.
    pub async fn take(&self, site: &Site<'_>, run: &RunId) -> Result<Option<Taken>, Error> {
        let Some(reader) = self.reader(site)? else { return Ok(None) };
        let taken = self.take_by(&reader, site, run).await;
        if taken.as_ref().is_err_and(Error::is_theirs) {
            let (mirror, probe) = (site.mirror, format!("{}.probe", kept::reference(run)));
            let proved = mirror.prove(site.access, self.base(), &probe).await;
            proved.map_err(|source| Error::Mirror { path: mirror.repo().place().to_owned(), source })?;
        }
        taken
    }

    /// As [`Workspace::take`], whatever can be seen in its repository.
    #[cfg(test)]
    pub(super) async fn take_unseen(&self, site: &Site<'_>, run: &RunId) -> Result<Option<Taken>, Error> {
        self.take_by(&self.unseen(site), site, run).await
    }

    async fn take_by(&self, reader: &Reader, site: &Site<'_>, run: &RunId) -> Result<Option<Taken>, Error> {
        let tips = match site.mirror.tips(site.access, &reader.foreign()).await {
            Ok(tips) => tips,
            Err(git::Error::RemoteGone { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let branch = format!("refs/heads/{}", self.branch());
        let Some(tip) = tips.into_iter().find(|tip| tip.name == branch) else { return Ok(None) };
        let wanted = [(tip.id.clone(), kept::reference(run))];
        site.mirror.take_in(site.access, &reader.foreign(), &wanted).await?;
        let repo = site.mirror.repo();
        let commit = repo.commit(&tip.id)?.id;
        let since_base = repo.step(self.base(), &commit)?;
        Ok(Some(Taken { commit, since_base }))
    }

    /// How its repository is read; `None` when none is there. It is looked at beforehand, which finds what leads elsewhere or
    /// would hold git up, and not what is put there meanwhile; in a sandbox nothing leads elsewhere.
    pub(super) fn reader(&self, site: &Site<'_>) -> Result<Option<Reader>, Error> {
        let git_dir = self.git_dir();
        if !fs::exists(&git_dir) {
            return Ok(None);
        }
        audit(&git_dir, self.record.objects.alternates(site.mirror).as_deref(), site.stop)?;
        Ok(Some(self.unseen(site)))
    }

    fn unseen(&self, site: &Site<'_>) -> Reader {
        let tree = self.tree();
        let readable = [self.readable(), vec![tree.as_path()]].concat();
        let attributes = ["-c", "core.attributesFile=/dev/null"];
        let argv = [&["git"][..], &FRUGAL, &attributes, &["upload-pack", "--strict"]].concat();
        let argv: Vec<OsString> = argv.into_iter().map(OsString::from).collect();
        let upload_pack = site.sandbox.wrap(&argv, &[], &readable, &[], Network::Closed);
        Reader { git_dir: self.git_dir(), upload_pack }
    }
}

/// Refuses a repository that could bring in what isn't its own, by a link, by another repository's references, by objects
/// from elsewhere; and one with a pipe or a device in it, at which git would wait for ever.
fn audit(git_dir: &Path, alternates: Option<&str>, stop: &CancellationToken) -> Result<(), Error> {
    let tampered = |path: &Path, what: &str| Err(Error::Tampered(format!("`{}` {what}", path.display())));
    let Ok(it) = Beneath::open(git_dir) else {
        return tampered(Path::new(".git"), &format!("is no folder{}", leads(git_dir)));
    };
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
            let is_read = READ.iter().any(|read| path.starts_with(read));
            match found {
                Found::Link(_) if is_read => return tampered(&path, "is a link"),
                Found::Special if is_read || name == ATTRIBUTES => return tampered(&path, "is no file"),
                Found::Folder => folders.push(path),
                Found::Link(_) | Found::File { .. } | Found::Special => {}
            }
        }
    }
    let config = Path::new("config");
    match it.read(config, MAX_CONFIG) {
        Ok(text) if text.to_ascii_lowercase().windows(INCLUDE.len()).any(|part| part == INCLUDE) => {
            return tampered(config, "includes other files");
        }
        Ok(_) => {}
        Err(error) if error.is_not_found() => {}
        Err(_) => return tampered(config, "can't be read"),
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

/// Where something leads that stands in the place of a repository, for a person who looks for what was moved.
fn leads(git_dir: &Path) -> String {
    let file = || {
        let bytes = fs::read_no_follow(git_dir, MAX_LEAD).ok()?;
        Some(PathBuf::from(str::from_utf8(&bytes).ok()?.strip_prefix("gitdir:")?.trim()))
    };
    let to = std::fs::read_link(git_dir).ok().or_else(file).map(|to| git_dir.with_file_name(to));
    // What isn't there is of no use, and may be anything.
    to.filter(|to| fs::exists(to)).map_or_else(String::new, |to| format!(", and leads to `{}`", to.display()))
}

/// The most bytes of a file that leads to a repository.
const MAX_LEAD: u64 = 4 << 10;

/// The most names of a repository that are looked at.
const MAX_NAMES: usize = 1_000_000;
/// The most bytes that their paths may have together.
const MAX_BYTES: usize = 64 << 20;

/// The most bytes of its configuration that are looked at.
const MAX_CONFIG: u64 = 1 << 20;
/// How a section begins that brings other files into the configuration, however it goes on.
const INCLUDE: &[u8] = b"[include";

/// What is read in any folder that has the name of one in the working tree.
const ATTRIBUTES: &str = ".gitattributes";
/// What `upload-pack` reads of a repository besides.
const READ: [&str; 7] = ["HEAD", "config", "info", "objects", "packed-refs", "refs", "shallow"];
