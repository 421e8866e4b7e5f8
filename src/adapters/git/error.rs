//! What can be wrong with a repository, by name.

use std::path::PathBuf;

use crate::adapters::{fs, process};
use crate::model::CommitId;

/// Why something could not be read from, or written to, a Git repository.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No repository there, nor in any folder above.
    #[error("`{path}` is not in a Git repository", path = .0.display())]
    NotARepository(PathBuf),
    /// The folder isn't there (any more).
    #[error("`{path}` is gone", path = .0.display())]
    Gone(PathBuf),
    /// It has no commit yet.
    #[error("the repository `{path}` has no commit yet", path = .0.display())]
    Empty(PathBuf),
    /// Its history is cut off, and what was asked for lies behind the cut.
    #[error(
        "the repository `{path}` is a shallow clone without the history that this needs; \
         `git fetch --unshallow` completes it",
        path = .0.display()
    )]
    Shallow(PathBuf),
    /// It stores its references in a way that isn't supported.
    #[error(
        "the repository `{path}` keeps its references as `{format}`, which is not supported; \
         `git refs migrate --ref-format=files` changes that",
        path = .path.display()
    )]
    RefStorage {
        /// The repository.
        path: PathBuf,
        /// Its storage, e.g. `reftable`.
        format: String,
    },
    /// Its object ids are not SHA-1.
    #[error(
        "the repository `{path}` uses {format} object ids, which are not supported; use a SHA-1 repository",
        path = .path.display()
    )]
    ObjectFormat {
        /// The repository.
        path: PathBuf,
        /// Its format, e.g. `sha256`.
        format: String,
    },
    /// A revision that leads nowhere.
    #[error("there is no revision `{rev}`{}", similar.as_ref().map_or(String::new(), |s| format!("; did you mean `{s}`?")))]
    UnknownRevision {
        /// As it was asked for.
        rev: String,
        /// A branch with a name like it.
        similar: Option<String>,
    },
    /// A revision that names something other than a commit.
    #[error("`{0}` is not a commit")]
    NotACommit(String),
    /// A bare repository has no files to read.
    #[error("the repository `{path}` is bare: it has no working tree; name a commit", path = .0.display())]
    Bare(PathBuf),
    /// A file that isn't in that commit.
    #[error("there is no file `{path}` in commit {commit}", commit = .commit.short())]
    NoSuchFile {
        /// The file.
        path: String,
        /// The commit.
        commit: CommitId,
    },
    /// A line beyond the end of the file.
    #[error("`{path}` has no line {line} in commit {commit}", commit = .commit.short())]
    NoSuchLine {
        /// The file.
        path: String,
        /// One-based.
        line: u32,
        /// The commit.
        commit: CommitId,
    },
    /// A reference is being written by another process.
    #[error("the reference `{name}` is locked by another process, or by one that died: remove `{name}.lock`")]
    RefLocked {
        /// The reference.
        name: String,
        /// Git's words.
        #[source]
        source: gix::Error,
    },
    /// A git failed in a repository of our own while others wrote in it, whose lock this may be.
    #[error("`{path}` is held by a process that is at work", path = .0.display())]
    Locked(PathBuf),
    /// More paths than are looked at, or longer ones.
    #[error("there is more in it than is looked at")]
    TooMuch,
    /// Somebody said stop.
    #[error("it was stopped")]
    Stopped,
    /// Anything else about objects and references.
    #[error("could not {action} in the repository `{path}`", path = .path.display())]
    Repository {
        /// What was tried.
        action: &'static str,
        /// The repository.
        path: PathBuf,
        /// Git's words.
        #[source]
        source: gix::Error,
    },
    /// Objects of a partial clone that it doesn't have.
    #[error(
        "could not {action} in the repository `{path}`, a partial clone, which may not have all of it here",
        path = .path.display()
    )]
    Partial {
        /// What was tried.
        action: &'static str,
        /// The repository.
        path: PathBuf,
        /// Git's words.
        #[source]
        source: gix::Error,
    },
    /// The files of a working tree could not be listed.
    #[error("could not list the files of the working tree `{path}`: {says}", path = .path.display())]
    Listing {
        /// The root of the working tree.
        path: PathBuf,
        /// The words of git.
        says: String,
    },
    /// A URL that is no remote, or carries a password.
    #[error("`{url}` can't be a remote: {why}")]
    Url {
        /// The URL, without a password.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The remote doesn't accept who we are.
    #[error("`{url}` refused the credentials: {says}")]
    Auth {
        /// The remote.
        url: String,
        /// Its words.
        says: String,
    },
    /// The remote repository isn't there, or isn't shown to us.
    #[error("there is no repository at `{url}`, or it is hidden from these credentials")]
    RemoteGone {
        /// The remote.
        url: String,
    },
    /// The remote could not be reached, or failed.
    #[error("could not {action} `{url}`: {says}")]
    Remote {
        /// What was tried.
        action: &'static str,
        /// The remote.
        url: String,
        /// The words of git.
        says: String,
    },
    /// The disk of this machine is full.
    #[error("could not {action} `{url}`: there is no room left on this machine's disk ({says})")]
    NoSpace {
        /// What was tried.
        action: &'static str,
        /// The remote.
        url: String,
        /// The words of git.
        says: String,
    },
    /// `git` could not be run.
    #[error("could not run git")]
    Process(#[source] process::Error),
    /// The mirror can't be put in its place.
    #[error("could not put a mirror at `{path}`", path = .path.display())]
    Place {
        /// Its place.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// Files could not be read or written.
    #[error("could not use the files of the repository")]
    Files(#[source] fs::Error),
}
