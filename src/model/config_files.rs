//! The files of one state of the config repository, as an adapter read them.

use std::path::PathBuf;

use super::{CommitId, Hosted};

/// The sections of config: what stands at the top of a file, and tells one of ours from another program's.
pub const SECTIONS: [&str; 17] = [
    "factory",
    "github",
    "defaults",
    "group",
    "repo",
    "repositories",
    "label-set",
    "caps",
    "prices",
    "agent",
    "task",
    "pipeline",
    "playbook",
    "merge-policy",
    "language",
    "loop",
    "allow",
];

/// Where config was read from.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Origin {
    /// The folder or URL, for people.
    pub place: String,
    /// The repository's root folder, when it is on this machine.
    pub root: Option<PathBuf>,
    /// The repository on a server that it is, or is a clone of.
    pub hosted: Option<Box<Hosted>>,
    /// The commit; `None` for a working tree or a plain folder.
    pub commit: Option<CommitId>,
    /// For a working tree: how many files differ from the commit that is checked out.
    pub changed: Option<usize>,
}

impl Origin {
    /// Whether no commit stands for what was read.
    pub fn dirty(&self) -> bool {
        self.commit.is_none()
    }
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// Path from the root, with `/`.
    pub path: String,
    /// What it holds; not yet known to be UTF-8.
    pub bytes: Vec<u8>,
}

/// A file that stands there but was not read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Path from the root, with `/`.
    pub path: String,
    /// What is wrong, as a fragment: `is larger than 4 MiB`.
    pub why: String,
    /// What to do about it.
    pub help: String,
}

/// All config files of one state: `factory.kdl` and `policies/**/*.{kdl,toml}`, sorted by path.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ConfigFiles {
    /// Where they were read from.
    pub origin: Origin,
    /// The files.
    pub files: Vec<ConfigFile>,
    /// Files that were refused.
    pub unread: Vec<Unread>,
    /// Files that look like config and are none, so that what they say has no effect.
    pub passed_over: Vec<Unread>,
}
