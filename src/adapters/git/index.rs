//! The file in which git keeps what is staged, read as data: it says what was staged, and isn't trusted for anything else.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use gix::index::decode::Options;
use gix::index::entry::{Flags, Mode, Stage};

use super::snapshot::can_be_named;
use super::{Content, Entry, Kind};

/// The most memory that reading one may take at once.
const MEMORY: usize = 512 << 20;
/// The newest version whose paths are written out; those of the next unfold to more than the file holds.
const VERSION: u32 = 3;

/// Something that is staged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// Where, and what.
    pub entry: Entry,
    /// How many bytes it has, as the file says.
    pub bytes: u64,
}

/// What is staged, sorted by path: a path that has a conflict has one entry for each of its sides, `~1` to `~3` behind its
/// name. What no commit can have isn't in it.
///
/// # Errors
/// Why it can't be read, in words.
pub fn staged(file: &[u8]) -> Result<Vec<Staged>, String> {
    let version = file.get(4..8).and_then(|bytes| Some(u32::from_be_bytes(bytes.try_into().ok()?)));
    if version.is_some_and(|version| version > VERSION) {
        return Err(format!("it has version {}, and is read up to {VERSION}", version.unwrap_or_default()));
    }
    let hash = gix::hash::Kind::Sha1;
    let options = Options { thread_limit: Some(1), alloc_limit_bytes: Some(MEMORY), ..Options::default() };
    let unused = gix::index::State::new(hash).timestamp();
    let (state, _) = gix::index::State::from_bytes(file, unused, hash, options).map_err(|e| e.to_string())?;
    if state.link().is_some() {
        return Err("it is split over several files".to_owned());
    }
    let mut out = BTreeMap::new();
    for entry in state.entries() {
        let path = entry.path(&state);
        let kind = match entry.mode {
            Mode::DIR => return Err("it is sparse".to_owned()),
            Mode::COMMIT => Kind::Repository,
            Mode::SYMLINK => Kind::Link,
            Mode::FILE_EXECUTABLE => Kind::Executable,
            _ => Kind::File,
        };
        let mut name = path.to_vec();
        match entry.stage() {
            Stage::Unconflicted => {}
            Stage::Base => name.extend_from_slice(b"~1"),
            Stage::Ours => name.extend_from_slice(b"~2"),
            Stage::Theirs => name.extend_from_slice(b"~3"),
        }
        let path = PathBuf::from(OsStr::from_bytes(&name));
        // It was only announced; what it will be lies in the working tree.
        if entry.flags.contains(Flags::INTENT_TO_ADD) || !is_plain(&path, kind) {
            continue;
        }
        let content = Content(entry.id);
        out.insert(
            path.clone(),
            Staged { entry: Entry { path, kind, content }, bytes: entry.stat.size.into() },
        );
    }
    Ok(out.into_values().collect())
}

/// Whether a commit can have this path.
fn is_plain(path: &Path, kind: Kind) -> bool {
    let mut parts = path.components().peekable();
    let mut is_plain = !path.as_os_str().is_empty();
    while let Some(part) = parts.next() {
        let kind = if parts.peek().is_none() { kind } else { Kind::File };
        is_plain &= matches!(part, Component::Normal(name) if can_be_named(name, kind));
    }
    is_plain
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests read what git wrote")]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    fn shown(git: &Fixture) -> Result<String, String> {
        let staged = staged(&std::fs::read(git.dir.join(".git/index")).unwrap())?;
        let line = |one: Staged| {
            format!(
                "{:?} {} {}\n",
                one.entry.kind,
                one.entry.path.display(),
                &one.entry.content.to_string()[..7]
            )
        };
        Ok(staged.into_iter().map(line).collect())
    }

    #[test]
    fn what_git_staged_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let git = Fixture::init(dir.path(), &[]);
        git.put("a", "1\n").put("d/b", "2\n").commit("one");
        git.git(&["checkout", "--quiet", "-b", "side"]);
        git.put("a", "side\n").commit("two");
        git.git(&["checkout", "--quiet", "main"]);
        git.put("a", "main\n").commit("three");
        git.git(&["-c", "alias.x=!git merge --quiet side || true", "x"]);
        git.put("announced", "x").git(&["add", "-N", "announced"]);
        std::os::unix::fs::symlink("a", git.dir.join("link")).unwrap();
        git.git(&["add", "link"]);
        insta::assert_snapshot!(shown(&git).unwrap(), @r"
        File a~1 d00491f
        File a~2 ba2906d
        File a~3 2299c37
        File d/b 0cfbf08
        Link link 2e65efe
        ");
    }

    #[test]
    fn what_can_not_be_read_whole_is_no_index() {
        let dir = tempfile::tempdir().unwrap();
        let git = Fixture::init(dir.path(), &[]);
        git.put("a", "1\n").put("d/b", "2\n").commit("one");
        let whole = std::fs::read(git.dir.join(".git/index")).unwrap();
        for len in 0..whole.len() - 20 {
            let cut = staged(&whole[..len]);
            assert!(cut.is_err() || cut.unwrap().len() == 2, "{len} of {} bytes", whole.len());
        }
        let mut many = whole.clone();
        many[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        staged(&many).unwrap_err();
        for (args, says) in [
            ("update-index --index-version 4", "it has version 4, and is read up to 3"),
            (
                "update-index --index-version 2 && git update-index --split-index",
                "it is split over several files",
            ),
        ] {
            git.git(&["-c", &format!("alias.x=!git {args}"), "x"]);
            assert_eq!(shown(&git).unwrap_err(), says);
        }
    }

    #[test]
    fn no_path_leads_elsewhere() {
        let plain = |path: &str| is_plain(Path::new(path), Kind::File);
        let all = ["a/b", "", "/a", "../a", "a/../b", ".git/config", "a/.GIT", "."].map(plain);
        assert_eq!(all, [true, false, false, false, false, false, false, false]);
    }
}
