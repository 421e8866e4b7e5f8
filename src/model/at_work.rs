//! How many agents are at work, and where: what the caps on runs are held against.

use std::collections::BTreeMap;

use super::{RepoName, RunCaps, RunSeen};

/// The agents that are at work.
#[derive(Clone, Debug, Default)]
pub struct AtWork {
    all: u32,
    by_repo: BTreeMap<RepoName, u32>,
}

/// A cap that lets no more of them begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// The cap, as config names it.
    pub cap: &'static str,
    /// Whether it is the one on a single repository.
    pub of_repo: bool,
    /// How many are at work that it counts.
    pub busy: u32,
    /// How many may be.
    pub most: u32,
}

impl AtWork {
    /// Those of these runs.
    pub fn of(runs: &[RunSeen]) -> Self {
        let mut out = Self::default();
        for run in runs.iter().filter(|run| run.phase.takes_a_slot()) {
            out.begins(&run.of.repo);
        }
        out
    }

    /// One more is at work there.
    pub fn begins(&mut self, repo: &RepoName) {
        self.all += 1;
        *self.by_repo.entry(repo.clone()).or_default() += 1;
    }

    /// How many there are in all.
    pub fn all(&self) -> u32 {
        self.all
    }

    /// How many there are in one repository.
    pub fn here(&self, repo: &RepoName) -> u32 {
        self.by_repo.get(repo).copied().unwrap_or_default()
    }

    /// How many there are in each repository that has some.
    pub fn by_repo(&self) -> impl Iterator<Item = (&RepoName, u32)> {
        self.by_repo.iter().map(|(repo, n)| (repo, *n))
    }

    /// The cap that lets none begin there now, the one on all of them first.
    pub fn full(&self, repo: &RepoName, caps: RunCaps) -> Option<Full> {
        let all = Full { cap: "caps.runs", of_repo: false, busy: self.all, most: caps.runs };
        let (busy, most) = (self.here(repo), caps.per_repo);
        let here = Full { cap: "caps.runs-per-repo", of_repo: true, busy, most };
        [all, here].into_iter().find(|cap| cap.busy >= cap.most)
    }
}
