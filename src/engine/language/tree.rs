//! The files of one state of a repository: of a commit without a checkout, or as they lie in a working tree.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use crate::adapters::fs::{self, Beneath, Found, Stamp};
use crate::adapters::git::{self, Access, Bound, Content, Kind, Repo};
use crate::engine::{At, Source};
use crate::model::CommitId;

/// The most files of a repository that are looked at.
const MOST_FILES: usize = 400_000;
/// The most bytes of their names.
const MOST_NAMES: usize = 64 << 20;
/// How deep folders may lie in one another.
const DEEPEST: usize = 64;

/// Why files can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The repository can't be read.
    #[error("the files of the repository can't be read")]
    Git(#[from] git::Error),
    /// The folder can't be read.
    #[error("the files of the folder can't be read")]
    Folder(#[from] fs::Error),
    /// There are too many.
    #[error("{} has more than {MOST_FILES} files, or folders more than {DEEPEST} deep", .0.display())]
    TooMany(PathBuf),
}

impl Error {
    /// Whether it is one file alone, which is larger than the limit.
    pub(crate) fn is_too_large(&self) -> bool {
        match self {
            Self::Folder(error) | Self::Git(git::Error::Files(error)) => {
                matches!(error, fs::Error::TooLarge { .. })
            }
            Self::Git(_) | Self::TooMany(_) => false,
        }
    }
}

/// The files of one state of a repository, by their paths from its root. Links and what isn't named in UTF-8 are none.
#[derive(Debug)]
pub(crate) struct Tree {
    files: BTreeMap<String, Option<Content>>,
    from: From,
}

#[derive(Debug)]
enum From {
    Commit(Repo),
    Folder(Beneath),
}

impl Tree {
    /// The files of the state of a config repository that is asked for: as they lie in its working tree, or of the commit
    /// that its config was read from.
    pub(crate) async fn of(
        source: &Source,
        at: At<'_>,
        commit: Option<&CommitId>,
        access: &Access,
    ) -> Result<Self, Error> {
        match (source, at) {
            (Source::Local { repo, .. }, At::WorkingTree) if repo.work_tree().is_some() => {
                Self::work(repo, access).await
            }
            (Source::Folder(folder), _) => Self::folder(folder),
            (Source::Local { .. } | Source::Remote { .. }, _) => {
                let repo = source.repo().expect("it is a repository");
                let commit =
                    commit.expect("what was read from a repository without a working tree has a commit");
                Self::commit(repo, commit)
            }
        }
    }

    /// The files of a commit.
    pub(crate) fn commit(repo: &Repo, commit: &CommitId) -> Result<Self, Error> {
        let mut bound = Bound::new(MOST_FILES, MOST_NAMES, &CancellationToken::new());
        let entries = match repo.entries(commit, &mut bound) {
            Err(git::Error::TooMuch) => return Err(Error::TooMany(repo.place().to_owned())),
            entries => entries?,
        };
        let file = |entry: git::Entry| {
            let is_file = matches!(entry.kind, Kind::File | Kind::Executable);
            let path = is_file.then(|| entry.path.into_os_string().into_string().ok()).flatten()?;
            Some((path, Some(entry.content)))
        };
        Ok(Self { files: entries.into_iter().filter_map(file).collect(), from: From::Commit(repo.clone()) })
    }

    /// The files of a working tree: what is tracked, and what nothing has Git ignore.
    async fn work(repo: &Repo, access: &Access) -> Result<Self, Error> {
        let root = repo.work_tree().ok_or_else(|| git::Error::Bare(repo.place().to_owned()))?;
        let listed = repo.listed(access).await?;
        if listed.len() > MOST_FILES {
            return Err(Error::TooMany(root));
        }
        let there = |path: &PathBuf| fs::is_plain_file(&root.join(path));
        let named =
            listed.into_iter().filter(there).filter_map(|path| path.into_os_string().into_string().ok());
        let files = named.map(|path| (path, None)).collect();
        Ok(Self { files, from: From::Folder(Beneath::open(&root)?) })
    }

    /// The files of a folder that is under no version control; what begins with a dot is left out.
    fn folder(root: &Path) -> Result<Self, Error> {
        let beneath = Beneath::open(&root.canonicalize().map_err(|e| fs::Error::of("open", root, e))?)?;
        let mut files = BTreeMap::new();
        let mut next = vec![(PathBuf::new(), 0)];
        while let Some((below, depth)) = next.pop() {
            for (name, found) in beneath.list(&below, MOST_FILES)? {
                let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
                let path = below.join(name);
                if files.len() == MOST_FILES || depth == DEEPEST {
                    return Err(Error::TooMany(root.to_owned()));
                }
                match found {
                    Found::Folder => next.push((path, depth + 1)),
                    Found::File { .. } => {
                        let path = path.into_os_string().into_string().expect("each part is UTF-8");
                        files.insert(path, None);
                    }
                    Found::Link(_) | Found::Special => {}
                }
            }
        }
        Ok(Self { files, from: From::Folder(beneath) })
    }

    /// The paths of all files, sorted.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The paths below a folder, sorted; `.` is the root.
    pub(crate) fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        let within = move |path: &&str| {
            folder == "." || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        self.paths().filter(within)
    }

    /// Whether there is such a file.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The content of a file of a commit, by its id; `None` for one of a working tree, which has to be read first.
    pub(crate) fn content(&self, path: &str) -> Option<Content> {
        self.files.get(path).copied().flatten()
    }

    /// How the files of a working tree are left that nothing was done to in the last seconds, in the folders of these: whatever is
    /// done to one from now on, it is left in another way then.
    pub(crate) fn settled(&self, paths: &[&str]) -> HashMap<String, Stamp> {
        let From::Folder(beneath) = &self.from else { return HashMap::new() };
        let folders: BTreeSet<&str> =
            paths.iter().map(|path| path.rsplit_once('/').map_or("", |(folder, _)| folder)).collect();
        let mut settled = HashMap::new();
        for folder in folders {
            // What can't be told is read.
            let Ok(files) = beneath.settled(Path::new(folder), MOST_FILES) else { continue };
            let named = files.into_iter().filter_map(|(name, stamp)| Some((name.into_string().ok()?, stamp)));
            let place = |name: String| if folder.is_empty() { name } else { format!("{folder}/{name}") };
            settled.extend(named.map(|(name, stamp)| (place(name), stamp)));
        }
        settled
    }

    /// The bytes of a file; of one that is larger than the limit, nothing: it is an error.
    pub(crate) fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, Error> {
        match (&self.from, self.content(path)) {
            (From::Commit(repo), Some(content)) => {
                if repo.content_size(content)? > limit {
                    return Err(fs::Error::TooLarge { path: path.into(), limit }.into());
                }
                Ok(repo.read_content(content)?)
            }
            (From::Folder(beneath), _) => Ok(beneath.read(Path::new(path), limit)?),
            (From::Commit(_), None) => {
                Err(fs::Error::of("read", Path::new(path), std::io::ErrorKind::NotFound.into()).into())
            }
        }
    }
}
