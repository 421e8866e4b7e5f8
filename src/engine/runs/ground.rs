//! What a run finds made ready: the recipe and the gates of its repository, and the folders that are kept for it.

use jiff::{SignedDuration, Timestamp};

use crate::adapters::fs;
use crate::adapters::git::{self, Repo};
use crate::model::{Cache, CommitId, RepoName};
use crate::runs::Ground;
use crate::runs::sandbox::Mount;
use crate::runs::workspace::{self, Workspace};

use super::Yard;

/// The most bytes of a file that a kept folder goes by.
const KEY: u64 = 64 << 20;
/// How long a folder is kept that nobody used.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
/// The file beside it that says when it was used last.
const USED: &str = "used";

/// Why the ground can't be laid.
#[derive(Debug, thiserror::Error)]
pub(super) enum GroundError {
    /// The file that a folder goes by.
    #[error("the file `{0}`, which a cache of the recipe goes by, can't be read")]
    Key(String, #[source] git::Error),
    /// The workspace.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// The folders.
    #[error("the caches of the recipe can't be kept")]
    Files(#[from] fs::Error),
}

/// What config says of the repository, with a place for each folder that is kept.
pub(super) fn ground(
    yard: &Yard,
    repo: &RepoName,
    mirror: &Repo,
    base: &CommitId,
    workspace: &Workspace,
) -> Result<Ground, GroundError> {
    let Some(declared) = yard.desired.repos.get(repo) else { return Ok(Ground::default()) };
    let all = yard.state.caches().join(repo.as_str().to_lowercase());
    let now = yard.clock.now();
    expire(&all, now)?;
    let mount = |cache: &Cache| {
        let place = all.join(name(cache, mirror, base)?);
        let from = place.join("files");
        fs::private_dir(&from)?;
        fs::replace_lightly(&place.join(USED), now.to_string().as_bytes())?;
        Ok(Mount { from, at: workspace.tree().join(&cache.path) })
    };
    workspace.pass_over(declared.recipe.caches.iter().map(|cache| cache.path.as_str()))?;
    let mounts = declared.recipe.caches.iter().map(mount).collect::<Result<_, GroundError>>()?;
    Ok(Ground { recipe: declared.recipe.clone(), gates: declared.gates.clone(), mounts })
}

/// The name of a kept folder: by its path and by what the file that it goes by holds at the commit, or that there is none.
fn name(cache: &Cache, mirror: &Repo, base: &CommitId) -> Result<String, GroundError> {
    let mut hash = blake3::Hasher::new();
    hash.update(cache.path.as_bytes());
    if let Some(key) = &cache.key {
        let content = mirror.file_at(base, key, KEY);
        let content = content.map_err(|error| GroundError::Key(key.clone(), error))?;
        hash.update(b"\0").update(key.as_bytes());
        if let Some(content) = content {
            hash.update(b"\0").update(&content);
        }
    }
    Ok(hash.finalize().to_hex()[..32].to_owned())
}

/// Removes the folders that nobody used for long; one that says nothing of it was not made whole.
fn expire(all: &std::path::Path, now: Timestamp) -> Result<(), GroundError> {
    let names = match fs::names(all) {
        Ok(names) => names,
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for name in names {
        let place = all.join(name);
        let used = match fs::read(&place.join(USED), 100) {
            Ok(text) => String::from_utf8_lossy(&text).parse::<Timestamp>().ok(),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error.into()),
        };
        if used.is_none_or(|used| now.duration_since(used) > KEPT) {
            fs::remove_tree(&place)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::git::fixture::Fixture;

    #[test]
    fn a_cache_goes_by_its_path_and_by_what_its_file_holds() {
        let dir = tempfile::tempdir().unwrap();
        let work = Fixture::init(&dir.path().join("r"), &[]);
        let one = work.put("lock", "1").put("other", "1").commit("one");
        let same = work.put("other", "2").commit("two");
        let two = work.put("lock", "2").commit("three");
        let repo = Repo::open(&work.dir).unwrap();
        let named = |path: &str, key: Option<&str>, at: &CommitId| {
            name(&Cache { path: path.into(), key: key.map(str::to_owned) }, &repo, at).unwrap()
        };
        let of = |at| named("deps", Some("lock"), at);
        assert_eq!(of(&one), of(&same));
        assert_ne!(of(&one), of(&two));
        assert_ne!(of(&one), named("more", Some("lock"), &one));
        assert_eq!(named("deps", None, &one), named("deps", None, &two));
        assert_ne!(named("deps", Some("none"), &one), named("deps", None, &one));
    }

    #[test]
    fn what_nobody_used_for_long_goes() {
        let dir = tempfile::tempdir().unwrap();
        let now = crate::model::samples::now();
        for (name, used) in [("young", Some(now)), ("old", now.checked_sub(KEPT + KEPT).ok()), ("half", None)]
        {
            fs::private_dir(&dir.path().join(name).join("files")).unwrap();
            if let Some(used) = used {
                fs::replace_lightly(&dir.path().join(name).join(USED), used.to_string().as_bytes()).unwrap();
            }
        }
        expire(dir.path(), now).unwrap();
        assert_eq!(fs::names(dir.path()).unwrap(), ["young"]);
    }
}
