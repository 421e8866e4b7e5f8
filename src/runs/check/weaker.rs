//! Whether a gate passes only because it became weaker: what it consists of was changed, the tests that were there fail,
//! fewer run, more are skipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use crate::adapters::git::{Bound, Entry, Error, Repo, Signature, Snapshot};
use crate::model::{CommitId, match_path};

use super::bench::Tried;

/// The most paths of a commit that are looked at.
const MOST_PATHS: usize = 1_000_000;
/// The most bytes that their names may have.
const MOST_NAMES: usize = 128 << 20;
/// How many paths are named.
const NAMED: usize = 5;

fn covered(globs: &[String], path: &Path) -> bool {
    path.to_str().is_some_and(|path| globs.iter().any(|glob| match_path(glob, path)))
}

fn entries(repo: &Repo, commit: &CommitId) -> Result<BTreeMap<PathBuf, Entry>, Error> {
    let mut bound = Bound::new(MOST_PATHS, MOST_NAMES, &CancellationToken::new());
    Ok(repo.entries(commit, &mut bound)?.into_iter().map(|entry| (entry.path.clone(), entry)).collect())
}

/// The files that these globs cover and that a commit has otherwise than its base.
fn differing(
    base: &BTreeMap<PathBuf, Entry>,
    head: &BTreeMap<PathBuf, Entry>,
    globs: &[String],
) -> Vec<PathBuf> {
    let all: std::collections::BTreeSet<&PathBuf> = base.keys().chain(head.keys()).collect();
    let differs = |path: &&PathBuf| covered(globs, path) && base.get(*path) != head.get(*path);
    all.into_iter().filter(differs).cloned().collect()
}

/// What of a gate was changed.
pub(super) fn changed(
    repo: &Repo,
    base: &CommitId,
    head: &CommitId,
    globs: &[String],
) -> Result<Option<String>, Error> {
    if globs.is_empty() {
        return Ok(None);
    }
    let paths = differing(&entries(repo, base)?, &entries(repo, head)?, globs);
    Ok((!paths.is_empty()).then(|| format!("what it consists of was changed: {}", named(&paths))))
}

fn named(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths.iter().take(NAMED).map(|path| format!("`{}`", path.display())).collect();
    let more = paths.len().saturating_sub(NAMED);
    shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

/// A commit that is as the head but has the tests of the base, those and no others; `None` when they are the same.
pub(super) fn with_tests_of(
    repo: &Repo,
    base: &CommitId,
    head: &CommitId,
    tests: &[String],
    by: &Signature,
) -> Result<Option<CommitId>, Error> {
    if tests.is_empty() {
        return Ok(None);
    }
    let (old, new) = (entries(repo, base)?, entries(repo, head)?);
    if differing(&old, &new, tests).is_empty() {
        return Ok(None);
    }
    let kept = new.into_values().filter(|entry| !covered(tests, &entry.path));
    let mut all: Vec<Entry> = kept.collect();
    all.extend(old.into_values().filter(|entry| covered(tests, &entry.path)));
    let at = repo.commit(head)?.time;
    let message = format!("{head} with the tests of {base}\n");
    let new = Snapshot { entries: &all, parents: std::slice::from_ref(head), by, at, message: &message };
    repo.write_snapshot(&new).map(Some)
}

/// What it means how the tests of the base commit ended on what was made, and on the base commit itself.
pub(super) fn old_tests(
    with_old: &Tried,
    before: &Tried,
    weaker: &mut Vec<String>,
    unknown: &mut Vec<String>,
) {
    if with_old.passed {
        return;
    }
    if before.passed {
        weaker.push(format!("the tests of the base commit fail on it: {}", with_old.ended));
    } else {
        unknown.push(format!(
            "the tests of the base commit tell nothing of it, since they fail on the base commit itself: {}",
            before.ended
        ));
    }
}

/// What it means how many tests ran on what was made, and on the base commit.
pub(super) fn counts(tried: &Tried, before: &Tried, weaker: &mut Vec<String>, unknown: &mut Vec<String>) {
    match (before.tests, tried.tests) {
        (Some(old), Some(new)) => {
            if new.run < old.run {
                weaker.push(format!("{} tests ran, and {} on the base commit", new.run, old.run));
            }
            if new.skipped > old.skipped {
                weaker.push(format!(
                    "{} tests are skipped, and {} on the base commit",
                    new.skipped, old.skipped
                ));
            }
        }
        (Some(old), None) => {
            weaker.push(format!("it tells of no tests any more, and {} ran on the base commit", old.run));
        }
        (None, Some(_)) => unknown.push("the base commit told of no tests to compare with".to_owned()),
        (None, None) => {
            unknown.push("what it prints tells of no tests, so that none were counted".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::adapters::git::fixture::Fixture;
    use crate::model::Counted;

    fn tried(passed: bool, tests: Option<(u64, u64)>) -> Tried {
        Tried {
            passed,
            settled: true,
            ended: "so it ended".into(),
            says: "so it ended: sad".into(),
            took: Duration::ZERO,
            tail: Vec::new(),
            tests: tests.map(|(run, skipped)| Counted { run, skipped }),
        }
    }

    #[test]
    fn fewer_tests_more_skips_and_silence_are_weaker() {
        for (before, after, expected) in [
            (Some((3, 1)), Some((3, 1)), ""),
            (Some((3, 1)), Some((5, 0)), ""),
            (Some((3, 1)), Some((2, 1)), "2 tests ran, and 3 on the base commit"),
            (Some((3, 0)), Some((3, 1)), "1 tests are skipped, and 0 on the base commit"),
            (Some((3, 0)), None, "it tells of no tests any more, and 3 ran on the base commit"),
            (None, Some((3, 0)), "?the base commit told of no tests to compare with"),
            (None, None, "?what it prints tells of no tests, so that none were counted"),
        ] {
            let (mut weaker, mut unknown) = (Vec::new(), Vec::new());
            counts(&tried(true, after), &tried(true, before), &mut weaker, &mut unknown);
            let unknown = unknown.iter().map(|text| format!("?{text}"));
            let said: Vec<String> = weaker.into_iter().chain(unknown).collect();
            assert_eq!(said.join("; "), expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn old_tests_that_fail_tell_of_a_base_that_passed_alone() {
        for (with_old, before, expected) in
            [(true, true, (0, 0)), (true, false, (0, 0)), (false, true, (1, 0)), (false, false, (0, 1))]
        {
            let (mut weaker, mut unknown) = (Vec::new(), Vec::new());
            old_tests(&tried(with_old, None), &tried(before, None), &mut weaker, &mut unknown);
            assert_eq!((weaker.len(), unknown.len()), expected, "{with_old} {before}");
        }
    }

    #[test]
    fn old_tests_replace_new_ones_whole() {
        let dir = tempfile::tempdir().unwrap();
        let work = Fixture::init(&dir.path().join("r"), &[]);
        let base = work.put("tests/a", "old").put("tests/gone", "1").put("src", "1").commit("one");
        work.git(&["rm", "-q", "tests/gone"]);
        let head = work.put("tests/a", "new").put("tests/b", "new").put("src", "2").commit("two");
        let same = work.put("src", "3").commit("three");
        let repo = Repo::open(&work.dir).unwrap();
        let globs = ["tests/**".to_owned()];
        let by = Signature::default();
        let overlay = with_tests_of(&repo, &base, &head, &globs, &by).unwrap().unwrap();
        let read = |path: &str| {
            let found = repo.file_at(&overlay, path, 100).unwrap();
            found.map(|bytes| String::from_utf8(bytes).unwrap())
        };
        assert_eq!(read("tests/a").as_deref(), Some("old"));
        assert_eq!(read("tests/gone").as_deref(), Some("1"));
        assert_eq!(read("tests/b"), None);
        assert_eq!(read("src").as_deref(), Some("2"));
        assert_eq!(with_tests_of(&repo, &head, &same, &globs, &by).unwrap(), None);
        let says = changed(&repo, &base, &head, &["tests/*".to_owned()]).unwrap();
        assert_eq!(
            says.as_deref(),
            Some("what it consists of was changed: `tests/a`, `tests/b`, `tests/gone`")
        );
        assert_eq!(changed(&repo, &base, &head, &["ci/**".to_owned()]).unwrap(), None);
    }
}
