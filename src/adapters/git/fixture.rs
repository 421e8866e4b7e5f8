//! Real repositories for tests, made by the real `git`.
#![expect(clippy::disallowed_methods, reason = "tests run git to make what is then read")]

use std::path::{Path, PathBuf};

use super::Repo;
use crate::model::CommitId;

/// A repository in a test's temporary folder.
pub(crate) struct Fixture {
    pub(crate) dir: PathBuf,
}

impl Fixture {
    /// `git init` with these arguments.
    pub(crate) fn init(dir: &Path, args: &[&str]) -> Self {
        std::fs::create_dir_all(dir).unwrap();
        let it = Self { dir: dir.to_owned() };
        it.git(&[&["init", "--quiet", "--initial-branch=main"], args].concat());
        it
    }

    /// Runs `git` here and returns its trimmed output; panics when it fails.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.git_as("Ann", args)
    }

    /// The same, as another author.
    pub(crate) fn git_as(&self, who: &str, args: &[&str]) -> String {
        let out = std::process::Command::new("git")
            .args(args)
            .current_dir(&self.dir)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_NAME", who)
            .env("GIT_AUTHOR_EMAIL", format!("{}@example.com", who.to_lowercase()))
            .env("GIT_COMMITTER_NAME", who)
            .env("GIT_COMMITTER_EMAIL", "c@example.com")
            .env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z")
            .env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z")
            .output()
            .unwrap();
        assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    /// Writes a file.
    pub(crate) fn put(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Commits all there is.
    pub(crate) fn commit(&self, message: &str) -> CommitId {
        self.git(&["add", "-A"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        CommitId::parse(&self.git(&["rev-parse", "HEAD"])).unwrap()
    }

    /// Opens it.
    pub(crate) fn repo(&self) -> Repo {
        Repo::open(&self.dir).unwrap()
    }
}
