//! What a run made, looked at from outside: what it claims proves nothing, and only the mirror's own objects count.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::slice;

use tokio_util::sync::CancellationToken;

use crate::adapters::git::{Bound, Change, Content, Error, Kind, Repo, Step};
use crate::model::{CommitId, RepoName, match_path};

use super::Redactor;
use super::closing::closes_another;
use super::workspace::Taken;

/// The most bytes that a run may add.
const MOST_BYTES: u64 = 100 << 20;
/// The most commits that a run may make.
const MOST_COMMITS: usize = 1_000;
/// The most paths that all its commits together may change, folders among them.
const MOST_PATHS: usize = 250_000;
/// The most bytes that their names may have.
const MOST_NAMES: usize = 32 << 20;
/// The most names of what was there before that are looked at.
const MOST_HELD: usize = 10_000_000;
/// How many paths are named.
const NAMED: usize = 5;

/// What is known of what a run made.
pub struct Evidence<'a> {
    /// The mirror.
    pub repo: &'a Repo,
    /// The commit that it began with.
    pub base: &'a CommitId,
    /// What was taken of its branch.
    pub taken: Option<&'a Taken>,
    /// The paths that it may change; all of them when there are none.
    pub paths: &'a [String],
    /// The issue that it is for, if it is for one.
    pub issue: Option<(&'a RepoName, u64)>,
    /// Where the branch is that it is for: what is there is nothing that the run made.
    pub branch: Option<&'a CommitId>,
    /// Knows what nobody may publish.
    pub redactor: &'a Redactor,
    /// Ends the look once it is cancelled.
    pub stop: &'a CancellationToken,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Commits that may be published.
    Work(CommitId),
    /// It committed nothing.
    Nothing,
    /// It committed repositories within the repository, whose commits nobody else has: their paths, in words.
    Links(String),
    /// It did what it may not, and what that is.
    Forbidden(String),
}

/// Looks at what a run made: at each commit, since all of them are published, and at what they come to.
///
/// # Errors
/// When the mirror can't be read; [`Error::Stopped`].
pub fn verify(evidence: &Evidence<'_>) -> Result<Found, Error> {
    let Some(taken) = evidence.taken else {
        return Ok(Found::Forbidden("its branch is gone".to_owned()));
    };
    match taken.since_base {
        Step::Same => return Ok(Found::Nothing),
        Step::Rewritten => {
            return Ok(Found::Forbidden("it rewrote the history that it began with".to_owned()));
        }
        Step::Forward => {}
    }
    let mut bound = Bound::new(MOST_PATHS, MOST_NAMES, evidence.stop);
    match look(evidence, &taken.commit, &mut bound) {
        Err(Error::TooMuch) => Ok(Found::Forbidden(format!(
            "it changed more than can be looked at: {MOST_PATHS} paths, or {} MiB of their names",
            MOST_NAMES >> 20
        ))),
        other => other,
    }
}

fn look(evidence: &Evidence<'_>, head: &CommitId, bound: &mut Bound) -> Result<Found, Error> {
    let Evidence { repo, base, redactor, .. } = *evidence;
    let whole = repo.changes(slice::from_ref(base), head, bound)?;
    let commits = repo.commits_since(base, head, MOST_COMMITS + 1)?;
    // Who resolves a conflict may keep all of one side; that the other was taken in is the work.
    if whole.is_empty() && !has_merge(repo, &commits)? {
        return Ok(Found::Nothing);
    }
    if commits.len() > MOST_COMMITS {
        return Ok(Found::Forbidden(format!("it made more than {MOST_COMMITS} commits")));
    }
    let linked = links(repo, head, &whole)?;
    let mut outside: BTreeSet<PathBuf> = BTreeSet::new();
    let not_allowed = |path: &Path| !allowed(path, evidence.paths);
    outside.extend(whole.into_iter().map(|change| change.path).filter(|path| not_allowed(path)));
    let mut added = Added { repo, redactor, seen: held(evidence)?, bytes: 0, hits: BTreeSet::new() };
    for (commit, stored) in &commits {
        if redactor.finds_in(stored) {
            return Ok(Found::Forbidden(format!(
                "there is a secret in the message or a header of commit {}",
                commit.short()
            )));
        }
        if let Some(words) = closes(evidence, commit)? {
            return Ok(Found::Forbidden(format!(
                "commit {} says `{words}`, which closes another issue once it lands; name issues in messages without such a word",
                commit.short()
            )));
        }
        let parents = repo.commit(commit)?.parents;
        if parents.is_empty() {
            return Ok(Found::Forbidden(format!(
                "it brought in a history that isn't this repository's: commit {} has no parent",
                commit.short()
            )));
        }
        for change in repo.changes(&parents, commit, bound)? {
            if !added.take(&change)? {
                let most = MOST_BYTES >> 20;
                return Ok(Found::Forbidden(format!("it added more than {most} MiB, which is what it may")));
            }
            if not_allowed(&change.path) {
                outside.insert(change.path);
            }
        }
    }
    Ok(if !outside.is_empty() {
        Found::Forbidden(format!("it changed what is not its own: {}", named(&outside)))
    } else if !added.hits.is_empty() {
        Found::Forbidden(format!("there are secrets in what it committed: {}", named(&added.hits)))
    } else if !linked.is_empty() {
        Found::Links(named(&linked))
    } else {
        Found::Work(head.clone())
    })
}

/// The words of a commit that close another issue than its own; those of what was taken in from the branch aside.
fn closes(evidence: &Evidence<'_>, commit: &CommitId) -> Result<Option<String>, Error> {
    let Some((of, number)) = evidence.issue else { return Ok(None) };
    let Some(words) = closes_another(&evidence.repo.message(commit)?, of, number) else { return Ok(None) };
    let is_there = match evidence.branch {
        Some(branch) => evidence.repo.merge_base(commit, branch)?.as_ref() == Some(commit),
        None => false,
    };
    Ok((!is_there).then_some(words))
}

/// Whether one of them takes in another history.
fn has_merge(repo: &Repo, commits: &[(CommitId, Vec<u8>)]) -> Result<bool, Error> {
    for (commit, _) in commits {
        if repo.commit(commit)?.parents.len() > 1 {
            return Ok(true);
        }
    }
    Ok(false)
}

fn allowed(path: &Path, globs: &[String]) -> bool {
    globs.is_empty() || path.to_str().is_some_and(|path| globs.iter().any(|glob| match_path(glob, path)))
}

/// Where there is a repository now that was none before, and that the commit doesn't say where to get from.
fn links(repo: &Repo, head: &CommitId, changes: &[Change]) -> Result<BTreeSet<PathBuf>, Error> {
    let is_link = |kind: Option<Kind>| kind == Some(Kind::Repository);
    let new = changes.iter().filter(|one| is_link(one.now.map(|(kind, _)| kind)) && !is_link(one.was));
    let mut paths: BTreeSet<PathBuf> = new.map(|change| change.path.clone()).collect();
    if !paths.is_empty() {
        let said = repo.submodules(head)?;
        paths.retain(|path| !said.contains(path));
    }
    Ok(paths)
}

/// What was there before it came, and isn't its own wherever it puts it. Where that is more than is looked at, all that it
/// has is looked at.
fn held(evidence: &Evidence<'_>) -> Result<BTreeSet<Content>, Error> {
    let mut bound = Bound::new(MOST_HELD, usize::MAX, evidence.stop);
    match evidence.repo.contents(evidence.base, &mut bound) {
        Err(Error::TooMuch) => Ok(BTreeSet::new()),
        other => other,
    }
}

/// What commits bring in that wasn't there.
struct Added<'a> {
    repo: &'a Repo,
    redactor: &'a Redactor,
    seen: BTreeSet<Content>,
    bytes: u64,
    /// The paths with a secret in them.
    hits: BTreeSet<PathBuf>,
}

impl Added<'_> {
    /// Looks at what lies at a path now; whether there is room for it. What has none isn't unpacked.
    fn take(&mut self, change: &Change) -> Result<bool, Error> {
        if change.was.is_none() && self.redactor.finds_in(change.path.as_os_str().as_encoded_bytes()) {
            self.hits.insert(change.path.clone());
        }
        let Some((kind, content)) = change.now else { return Ok(true) };
        if kind == Kind::Repository || !self.seen.insert(content) {
            return Ok(true);
        }
        self.bytes = self.bytes.saturating_add(self.repo.content_size(content)?);
        if self.bytes > MOST_BYTES {
            return Ok(false);
        }
        if self.redactor.finds_in(&self.repo.read_content(content)?) {
            self.hits.insert(change.path.clone());
        }
        Ok(true)
    }
}

fn named(paths: &BTreeSet<PathBuf>) -> String {
    let shown: Vec<String> = paths.iter().take(NAMED).map(|path| format!("`{}`", path.display())).collect();
    let more = paths.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &more
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::git::fixture::Fixture;

    /// What a run does.
    type Does<'a> = &'a dyn Fn(&Fixture);

    /// Stages a link to a commit that is nowhere.
    fn link(git: &Fixture, at: &str, to: &str) {
        git.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},{at}", to.repeat(20))]);
    }

    fn commit(git: &Fixture) -> CommitId {
        git.git(&["commit", "--quiet", "-m", "it"]);
        git.repo().head().unwrap()
    }

    /// Who resolves a conflict by keeping one side has done what was asked for.
    #[test]
    fn taking_in_another_history_is_work_whatever_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        let git = Fixture::init(&dir.path().join("r"), &[]);
        git.put("file", "1").git(&["add", "file"]);
        let first = commit(&git);
        git.put("file", "2").git(&["add", "file"]);
        let other = commit(&git);
        git.git(&["reset", "-q", "--hard", first.as_str()]);
        git.put("file", "3").git(&["add", "file"]);
        let base = commit(&git);
        let found = |head: &CommitId| {
            verify(&Evidence {
                repo: &git.repo(),
                base: &base,
                taken: Some(&Taken { commit: head.clone(), since_base: Step::Forward }),
                paths: &[],
                issue: None,
                branch: None,
                redactor: &Redactor::default(),
                stop: &CancellationToken::new(),
            })
            .unwrap()
        };
        git.git(&["commit", "-q", "--allow-empty", "-m", "nothing"]);
        assert_eq!(found(&git.repo().head().unwrap()), Found::Nothing);
        git.git(&["merge", "-q", "-X", "ours", "-m", "both", other.as_str()]);
        let head = git.repo().head().unwrap();
        assert_eq!(found(&head), Found::Work(head.clone()));
    }

    /// What an issue says is no reason to close another one.
    #[test]
    fn a_commit_that_closes_another_issue_is_not_published() {
        let dir = tempfile::tempdir().unwrap();
        let git = Fixture::init(&dir.path().join("r"), &[]);
        let made = |text: &str, message: &str| {
            git.put("file", text).git(&["add", "file"]);
            git.git(&["commit", "-q", "-m", message]);
            git.repo().head().unwrap()
        };
        let base = made("1", "Fixes #1");
        let branch = made("2", "Fixes #2");
        let (own, other) = (made("3", "Fixes #7"), made("4", "Closes #8"));
        let anvil = RepoName::parse("acme/anvil").unwrap();
        let found = |issue: Option<u64>, branch: Option<&CommitId>, head: &CommitId| {
            let evidence = Evidence {
                repo: &git.repo(),
                base: &base,
                taken: Some(&Taken { commit: head.clone(), since_base: Step::Forward }),
                paths: &[],
                issue: issue.map(|number| (&anvil, number)),
                branch,
                redactor: &Redactor::default(),
                stop: &CancellationToken::new(),
            };
            verify(&evidence).unwrap()
        };
        let forbidden = |commit: &CommitId, words: &str| {
            Found::Forbidden(format!(
                "commit {} says `{words}`, which closes another issue once it lands; name issues in messages without such a word",
                commit.short()
            ))
        };
        assert_eq!(found(Some(7), Some(&branch), &own), Found::Work(own.clone()));
        assert_eq!(found(Some(7), None, &own), forbidden(&branch, "Fixes #2"));
        assert_eq!(found(Some(7), Some(&branch), &other), forbidden(&other, "Closes #8"));
        assert_eq!(found(None, None, &other), Found::Work(other.clone()));
    }

    #[test]
    fn a_repository_that_nobody_can_get_is_no_work() {
        let named =
            |path: &str| format!("[submodule \"x\"]\n\tpath = {path}\n\turl = https://example.com/x\n");
        let stage = |git: &Fixture, path: &str, text: &str| drop(git.put(path, text).git(&["add", path]));
        let table: [(&str, Does<'_>, Option<&str>); 10] = [
            ("one that is new", &|git| link(git, "sub", "ab"), Some("`sub`")),
            (
                "two, one within a folder",
                &|git| (link(git, "d/sub", "ab"), link(git, "a", "ab")).1,
                Some("`a`, `d/sub`"),
            ),
            ("in the place of a file", &|git| link(git, "file", "ab"), Some("`file`")),
            (
                "in the place of a folder",
                &|git| {
                    git.git(&["rm", "-q", "--cached", "folder/file"]);
                    link(git, "folder", "ab");
                },
                Some("`folder`"),
            ),
            ("one that was there, moved on", &|git| link(git, "old", "cd"), None),
            (
                "one that was there, elsewhere",
                &|git| {
                    git.git(&["rm", "-q", "--cached", "old"]);
                    link(git, "new", "ab");
                },
                Some("`new`"),
            ),
            (
                "one that is named",
                &|git| {
                    link(git, "sub", "ab");
                    stage(git, ".gitmodules", &named("sub"));
                },
                None,
            ),
            (
                "another is named",
                &|git| {
                    link(git, "sub", "ab");
                    stage(git, ".gitmodules", &named("sup"));
                },
                Some("`sub`"),
            ),
            (
                "names that nobody can read",
                &|git| {
                    link(git, "sub", "ab");
                    stage(git, ".gitmodules", &named("sub").replace(']', ""));
                },
                Some("`sub`"),
            ),
            (
                "one that is gone again",
                &|git| {
                    link(git, "sub", "ab");
                    commit(git);
                    git.git(&["rm", "-q", "--cached", "sub"]);
                    stage(git, "work", "w");
                },
                None,
            ),
        ];
        for (what, does, expect) in table {
            let dir = tempfile::tempdir().unwrap();
            let git = Fixture::init(&dir.path().join("r"), &[]);
            for path in ["file", "folder/file"] {
                stage(&git, path, "1");
            }
            link(&git, "old", "ab");
            let base = commit(&git);
            does(&git);
            let head = commit(&git);
            let evidence = Evidence {
                repo: &git.repo(),
                base: &base,
                taken: Some(&Taken { commit: head.clone(), since_base: Step::Forward }),
                paths: &[],
                issue: None,
                branch: None,
                redactor: &Redactor::default(),
                stop: &CancellationToken::new(),
            };
            let expect = expect.map_or(Found::Work(head), |at| Found::Links(at.to_owned()));
            assert_eq!(verify(&evidence).unwrap(), expect, "{what}");
        }
    }
}
