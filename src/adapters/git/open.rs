//! Finding and opening a repository: isolated, and only in formats that can be read.

use std::path::{Path, PathBuf};

use gix::odb::store::init::Slots;

use super::{Error, Repo};
use crate::adapters::fs;

impl Repo {
    /// Opens the repository that `path` lies in, looking upwards.
    ///
    /// # Errors
    /// When there is none, or its format isn't supported.
    pub fn discover(path: &Path) -> Result<Self, Error> {
        let path = real(path)?;
        let Ok((found, _trust)) = gix::discover::upwards(&path) else {
            return Err(Error::NotARepository(path));
        };
        let (git_dir, work_tree) = found.into_repository_and_work_tree_directories();
        let place = work_tree.as_deref().unwrap_or(&git_dir);
        check_format(place, &git_dir)?;
        open(place)
    }

    /// Opens the repository at exactly `path`: its working tree, or a bare repository.
    ///
    /// # Errors
    /// When there is none, or its format isn't supported.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let path = real(path)?;
        let dot_git = path.join(".git");
        let git_dir = if dot_git.exists() { dot_git } else { path.clone() };
        if gix::discover::is_git(&git_dir).is_err() {
            return Err(Error::NotARepository(path));
        }
        check_format(&path, &git_dir)?;
        open(&path)
    }
}

/// The absolute path without links, so that one repository has one name.
fn real(path: &Path) -> Result<PathBuf, Error> {
    path.canonicalize().map_err(|e| {
        let gone = e.kind() == std::io::ErrorKind::NotFound;
        if gone { Error::Gone(path.to_owned()) } else { Error::Files(fs::Error::of("open", path, e)) }
    })
}

fn open(path: &Path) -> Result<Repo, Error> {
    open_at(path).map(Repo::new)
}

/// There is room for so many packs at least, so that one that is held open reads those that come. What is fetched into a mirror
/// is put together long before; whoever fetches into a repository of their own cleans up at fifty.
const PACKS: usize = 256;

/// Opens what is at a place that was found to hold a repository.
pub(super) fn open_at(path: &Path) -> Result<gix::Repository, Error> {
    let slots = Slots::AsNeededByDiskState { multiplier: 2.0, minimum: PACKS };
    let options = gix::open::Options::isolated().config_overrides(["core.useReplaceRefs=false"]);
    let options = options.object_store_slots(slots);
    gix::open_opts(path, options).map_err(|source| Error::Repository {
        action: "open what is",
        path: path.to_owned(),
        source,
    })
}

/// Refuses, by name, the formats that would otherwise fail later and obscurely.
fn check_format(place: &Path, git_dir: &Path) -> Result<(), Error> {
    // A linked working tree, or a `.git` file, leads to the folder that has the configuration.
    let own = gix::discover::path::from_plain_file(git_dir)
        .and_then(Result::ok)
        .map_or(git_dir.to_owned(), |to| git_dir.parent().unwrap_or(git_dir).join(to));
    let common = gix::discover::path::from_plain_file(&own.join("commondir"))
        .and_then(Result::ok)
        .map_or(own.clone(), |to| own.join(to));
    let file = common.join("config");
    let Ok(config) = gix::config::File::from_path_no_includes(file, gix::config::Source::Local) else {
        // Whatever is wrong with it, opening the repository will say.
        return Ok(());
    };
    let value = |key: &str| config.string(key).map(|v| v.to_string().to_lowercase());
    match value("extensions.refStorage") {
        Some(format) if format != "files" => {
            return Err(Error::RefStorage { path: place.to_owned(), format });
        }
        Some(_) | None => {}
    }
    match value("extensions.objectFormat") {
        Some(format) if format != "sha1" => Err(Error::ObjectFormat { path: place.to_owned(), format }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    fn says(result: Result<Repo, Error>, root: &Path) -> String {
        match result {
            Ok(repo) => format!("ok {}", repo.place().display()),
            Err(error) => error.to_string(),
        }
        .replace(&root.display().to_string(), "ROOT")
    }

    #[test]
    fn one_that_is_held_open_reads_the_packs_that_come() {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Fixture::init(dir.path(), &[]);
        fixture.put("a", "0").commit("first");
        let repo = Repo::open(dir.path()).unwrap();
        repo.head().unwrap();
        for n in 0..80 {
            let commit = fixture.put("a", format!("{n} more")).commit("another");
            fixture.git(&["repack", "-d", "-q"]);
            assert_eq!(repo.commit(&commit).unwrap().summary, "another", "after {n} packs");
        }
    }

    #[test]
    fn a_repository_is_opened_or_what_is_wrong_with_it_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("plain")).unwrap();
        Fixture::init(&root.join("good"), &[]);
        Fixture::init(&root.join("ref"), &["--ref-format=reftable"]);
        Fixture::init(&root.join("sha"), &["--object-format=sha256"]);
        let bare = Fixture::init(&root.join("bare.git"), &["--bare"]);
        drop(bare);
        std::fs::create_dir(root.join("good/policies")).unwrap();
        let lines: Vec<String> = [
            ("discover", "good"),
            ("discover", "good/policies"),
            ("open", "good"),
            ("open", "good/policies"),
            ("open", "bare.git"),
            ("discover", "plain"),
            ("discover", "none"),
            ("open", "ref"),
            ("discover", "ref"),
            ("open", "sha"),
            ("discover", "sha"),
        ]
        .iter()
        .map(|(how, path)| {
            let path_of = root.join(path);
            let got = if *how == "open" { Repo::open(&path_of) } else { Repo::discover(&path_of) };
            format!("{how} {path}: {}", says(got, &root))
        })
        .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        discover good: ok ROOT/good
        discover good/policies: ok ROOT/good
        open good: ok ROOT/good
        open good/policies: `ROOT/good/policies` is not in a Git repository
        open bare.git: ok ROOT/bare.git
        discover plain: `ROOT/plain` is not in a Git repository
        discover none: `ROOT/none` is gone
        open ref: the repository `ROOT/ref` keeps its references as `reftable`, which is not supported; `git refs migrate --ref-format=files` changes that
        discover ref: the repository `ROOT/ref` keeps its references as `reftable`, which is not supported; `git refs migrate --ref-format=files` changes that
        open sha: the repository `ROOT/sha` uses sha256 object ids, which are not supported; use a SHA-1 repository
        discover sha: the repository `ROOT/sha` uses sha256 object ids, which are not supported; use a SHA-1 repository
        ");
    }
}
