//! The litter of a recipe: what its setup leaves in a workspace, which is nothing that the agent did. It is told by how
//! each file was left, and no file is read.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::record::{RecordError, RunDir};
use crate::adapters::fs::{self, Beneath, Lies, Stamp};
use crate::adapters::said;

/// The most names that are looked at.
const MAX_NAMES: usize = 500_000;
/// The most bytes that their paths may have together.
const MAX_BYTES: usize = 64 << 20;
/// The most folders that lie within each other.
const MAX_DEPTH: usize = 100;
/// The most bytes of the path of a folder that is looked into, so that the system can name what is in it.
const MAX_PATH: usize = 2_000;

/// The file that says what is litter.
pub const LITTER: &str = "litter.json";

/// How setups left what they made, changed or removed. It knows its paths when it sees them, and names none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Litter(BTreeMap<Place, Option<Stamp>>);

/// A path, as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
struct Place(u64);

impl Place {
    fn of(path: &Path) -> Self {
        let hash = blake3::hash(path.as_os_str().as_bytes());
        Self(u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("a hash is longer")))
    }
}

/// What lies in a tree at one moment.
#[derive(Debug, Default)]
pub(super) struct Look {
    files: BTreeMap<PathBuf, Stamp>,
    /// Folders of which nothing is known: they can't be read, or lie too deep.
    closed: BTreeSet<PathBuf>,
}

impl Look {
    /// Looks at all that lies in a tree but repositories, and follows no link; `None` where that can't be told, or is more
    /// than is looked at.
    pub(super) fn at(tree: &Path) -> Option<Self> {
        let root = Beneath::open(tree)
            .inspect_err(|error| {
                tracing::warn!(error = said(error), "what a setup leaves can't be told");
            })
            .ok()?;
        let found = Self::within(&root, MAX_NAMES, MAX_BYTES);
        if found.is_none() {
            tracing::warn!(tree = %tree.display(), most = MAX_NAMES, "there is too much to tell what a setup leaves");
        }
        found
    }

    fn within(root: &Beneath, mut names: usize, mut bytes: usize) -> Option<Self> {
        let (mut found, mut folders) = (Self::default(), vec![PathBuf::new()]);
        while let Some(folder) = folders.pop() {
            let too_deep = folder.components().count() >= MAX_DEPTH || folder.as_os_str().len() > MAX_PATH;
            let listed = (!too_deep).then(|| root.stamps(&folder, names));
            let Some(Ok(listed)) = listed else {
                found.closed.insert(folder);
                continue;
            };
            for (name, lies) in listed {
                let path = folder.join(&name);
                names = names.checked_sub(1)?;
                bytes = bytes.checked_sub(path.as_os_str().len())?;
                match lies {
                    _ if name == ".git" => {}
                    Lies::Folder => folders.push(path),
                    Lies::Other(stamp) => drop(found.files.insert(path, stamp)),
                }
            }
        }
        Some(found)
    }

    fn knows(&self, path: &Path) -> bool {
        self.closed.is_empty() || !path.ancestors().any(|folder| self.closed.contains(folder))
    }
}

impl Litter {
    /// What is litter after a setup. Where a workspace is gone on with, `earlier` is what was litter in it before: that
    /// stays so as long as nobody else touches it, and what else was there is an agent's, whatever a setup does to it.
    pub(super) fn of(before: &Look, after: &Look, earlier: Option<&Self>) -> Self {
        let was_litter = |path: &Path, was| earlier.is_some_and(|earlier| earlier.has(path, was));
        let is_litter = |path: &Path, was: Option<Stamp>, is: Option<Stamp>| {
            let may_be = was.is_none() || earlier.is_none() || was_litter(path, was);
            if was == is { was_litter(path, was) } else { may_be && before.knows(path) && after.knows(path) }
        };
        let there: BTreeSet<Place> = after.files.keys().map(|path| Place::of(path)).collect();
        let removed = earlier.into_iter().flat_map(|earlier| &earlier.0);
        let removed = removed.filter(|(place, left)| left.is_none() && !there.contains(place));
        let paths: BTreeSet<&PathBuf> = before.files.keys().chain(after.files.keys()).collect();
        let left = paths.into_iter().filter_map(|path| {
            let [was, is] = [before, after].map(|look| look.files.get(path).copied());
            is_litter(path, was, is).then(|| (Place::of(path), is))
        });
        Self(left.chain(removed.map(|(place, left)| (*place, *left))).collect())
    }

    /// Whether what differs in a tree at these paths is litter, all of it, as its setup left it. What can't be looked at is
    /// none.
    pub fn is_all(&self, tree: &Path, paths: &[PathBuf]) -> bool {
        let is = |root: &Beneath, path: &Path| root.stamp(path).is_ok_and(|now| self.has(path, now));
        paths.is_empty()
            || !self.is_empty()
                && Beneath::open(tree).is_ok_and(|root| paths.iter().all(|path| is(&root, path)))
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn has(&self, path: &Path, left: Option<Stamp>) -> bool {
        self.0.get(&Place::of(path)) == Some(&left)
    }
}

impl RunDir {
    /// Notes what is litter in its workspace, and waits until whatever is done to that from now on shows.
    ///
    /// # Errors
    /// When it can't be written.
    pub(super) fn note_litter(&self, litter: &Litter) -> Result<(), RecordError> {
        self.put(LITTER, litter)?;
        fs::tick();
        Ok(())
    }

    /// What is litter in its workspace, as far as that is known.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn litter(&self) -> Result<Litter, RecordError> {
        Ok(self.get(LITTER)?.unwrap_or_default())
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write what is then read")]
mod tests {
    use super::*;
    use crate::model::RunId;

    /// A workspace, and what becomes of it.
    struct Ground(tempfile::TempDir);

    impl Ground {
        fn new() -> Self {
            let ground = Self(tempfile::tempdir().unwrap());
            std::fs::create_dir(ground.tree()).unwrap();
            ground.does("mkdir d .git; for n in a b d/c .git/x; do echo $n > $n; done; ln -s a link")
        }

        fn tree(&self) -> PathBuf {
            self.0.path().join("tree")
        }

        /// What somebody does there. It shows, as it does between a setup and an agent.
        fn does(self, script: &str) -> Self {
            fs::tick();
            let shell =
                std::process::Command::new("/bin/sh").current_dir(self.tree()).args(["-ec", script]).status();
            assert!(shell.unwrap().success(), "{script}");
            self
        }

        fn look(&self) -> Look {
            Look::at(&self.tree()).expect("it can be looked at")
        }

        /// What is litter after a setup that does this.
        fn after(self, setup: &str, earlier: Option<&Litter>) -> (Self, Litter) {
            let before = self.look();
            let ground = self.does(setup);
            let litter = Litter::of(&before, &ground.look(), earlier);
            (ground, litter)
        }

        fn is(&self, litter: &Litter, path: &str) -> bool {
            litter.is_all(&self.tree(), &[PathBuf::from(path)])
        }
    }

    #[test]
    fn what_a_setup_left_is_litter_until_somebody_touches_it() {
        let all = ["a", "b", "new", "new/n", "sub/n", "link", "d"];
        let setup =
            "echo A > a; rm b; echo n > new; mkdir sub; echo n > sub/n; ln -sf b link; rm -r d; echo > d";
        for (agent, not_litter) in [
            ("cat a new sub/n; chmod 700 sub", &["new/n"][..]),
            ("echo B > a", &["a"]),
            ("touch -d 2001-01-01 new", &["new"]),
            ("cp -p new n; mv n new", &["new"]),
            ("echo b > b", &["b"]),
            ("rm new; mkdir new; echo n > new/n", &["new", "new/n"]),
            ("mv sub other; mkdir sub; cp -p other/n sub", &["sub/n"]),
            ("ln -sf a link", &["link"]),
        ] {
            let (ground, litter) = Ground::new().after(setup, None);
            let ground = ground.does(agent);
            let not: Vec<&str> = all.into_iter().filter(|path| !ground.is(&litter, path)).collect();
            let expect: Vec<&str> =
                all.into_iter().filter(|path| not_litter.contains(path) || *path == "new/n").collect();
            assert_eq!(not, expect, "{agent}");
        }
        let (ground, litter) = Ground::new().after(setup, None);
        let ground = ground.does("echo own > own");
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        for (names, is_all) in
            [(&[][..], true), (&["a", "b", "d/c"], true), (&["a", "own"], false), (&[".git/x"], false)]
        {
            assert_eq!(litter.is_all(&ground.tree(), &paths(names)), is_all, "{names:?}");
        }
        assert!(!litter.is_all(&ground.0.path().join("gone"), &paths(&["a"])));
        assert!(Litter::default().is_all(&ground.tree(), &[]));
    }

    /// Who goes on finds what a setup left before, and what an agent left before stays that.
    #[test]
    fn what_was_litter_stays_so_and_nothing_of_an_agent_becomes_it() {
        let first = "echo A > a; rm b; echo n > new; echo m > more";
        for (agent, second, litter, not) in [
            ("", "", &["a", "b", "new", "more"][..], &["d/c"][..]),
            ("", "echo N > new; rm more; echo x > fresh", &["a", "b", "new", "more", "fresh"], &["d/c"]),
            ("echo b > b; echo own > own", "", &["a", "new"], &["b", "own"]),
            (
                "echo N > new; echo own > own",
                "chmod u+w *; echo o > own; rm b || :",
                &["a", "b"],
                &["new", "own"],
            ),
        ] {
            let (ground, earlier) = Ground::new().after(first, None);
            let (ground, now) = ground.does(agent).after(second, Some(&earlier));
            let is: Vec<bool> = litter.iter().chain(not).map(|path| ground.is(&now, path)).collect();
            let expect: Vec<bool> = litter.iter().map(|_| true).chain(not.iter().map(|_| false)).collect();
            assert_eq!(is, expect, "{agent}, {second}: {litter:?}, {not:?}");
            let (ground, again) = ground.after("true", Some(&now));
            assert_eq!(again, now, "nothing has changed, {agent}, {second}");
            drop(ground);
        }
    }

    #[test]
    fn what_is_not_known_is_not_litter() {
        let ground = Ground::new();
        let root = Beneath::open(&ground.tree()).unwrap();
        assert!(Look::within(&root, 6, 14).is_some() && Look::within(&root, 5, 14).is_none());
        assert!(Look::within(&root, 6, 13).is_none());
        assert!(Look::at(&ground.0.path().join("gone")).is_none());
        let deep = format!("{}in", "d/".repeat(MAX_DEPTH));
        let (ground, litter) =
            ground.after(&format!("mkdir -p $(dirname {deep}); echo x > {deep}; echo x > d/x"), None);
        assert!(ground.is(&litter, "d/x") && !ground.is(&litter, &deep));
        let (before, mut after) = (ground.look(), Look::default());
        after.closed.insert(PathBuf::from("d"));
        let litter = Litter::of(&before, &after, None);
        let removed = ["a", "d/c"].map(|path| litter.has(Path::new(path), None));
        assert_eq!(removed, [true, false], "nobody knows what became of what lies in a closed folder");
    }

    #[test]
    fn it_is_kept_as_it_is_and_names_nothing() {
        let (ground, litter) = Ground::new().after("rm a; echo n > new", None);
        let dir = RunDir::of(ground.0.path(), &RunId::new(jiff::Timestamp::UNIX_EPOCH, b"run"));
        assert_eq!(dir.litter().unwrap(), Litter::default());
        std::fs::create_dir(dir.dir()).unwrap();
        dir.note_litter(&litter).unwrap();
        assert_eq!((dir.litter().unwrap(), litter.0.len()), (litter, 2));
        let text = std::fs::read_to_string(dir.dir().join(LITTER)).unwrap();
        assert!(!text.contains("new") && text.contains("null"), "{text}");
        std::fs::write(dir.dir().join(LITTER), "{").unwrap();
        assert!(matches!(dir.litter(), Err(RecordError::Damaged { .. })));
    }
}
