//! What was read of issues before. What GitHub says has not changed since is not read again, but for open pull requests, whose
//! checks change without a word of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::model::{Case, RepoName};

use super::listing::Filter;
use super::search::Found;

/// After this long everything is read again: a pull request that somebody else opened from a branch of ours, a label that was
/// deleted, change no issue.
const WHOLE: SignedDuration = SignedDuration::from_mins(10);

/// What was read of issues before, by repository.
#[derive(Debug, Default)]
pub struct Remembered {
    repos: Mutex<BTreeMap<RepoName, OfRepo>>,
    found: Mutex<BTreeMap<RepoName, Found>>,
}

#[derive(Debug)]
struct OfRepo {
    /// What is asked for there.
    filters: Vec<Filter>,
    /// When all of it was listed.
    listed: Timestamp,
    /// The latest change that a listing told of, by GitHub's clock.
    newest: Timestamp,
    /// Each issue that is asked for, and when it changed last.
    cases: BTreeMap<u64, (Timestamp, Case)>,
}

impl Remembered {
    /// Since when changes are to be listed; `None` where everything is.
    pub(super) fn since(&self, repo: &RepoName, filters: &[Filter], now: Timestamp) -> Option<Timestamp> {
        let all = self.lock();
        let it = all.get(repo)?;
        let holds = it.filters == filters && now.duration_since(it.listed) < WHOLE;
        holds.then_some(it.newest)
    }

    /// The issues that have not changed, of those that are remembered of a repository.
    pub(super) fn unchanged(&self, repo: &RepoName, listed: &BTreeMap<u64, Timestamp>) -> Vec<Case> {
        let all = self.lock();
        let Some(it) = all.get(repo) else { return Vec::new() };
        // What changed in the last second that was told of may have changed once more in it.
        let same = |number: &u64, updated: &Timestamp| {
            listed.get(number).is_none_or(|now| now == updated && *now < it.newest)
        };
        let kept = it.cases.iter().filter(|(number, (updated, _))| same(number, updated));
        kept.map(|(_, (_, case))| case.clone()).collect()
    }

    /// Takes note of a reading: what changed, when, and what it is now. One that was of everything replaces what was known.
    pub(super) fn learn(
        &self,
        repo: &RepoName,
        (filters, whole, now): (Vec<Filter>, bool, Timestamp),
        listed: &BTreeMap<u64, Timestamp>,
        cases: impl Iterator<Item = Case>,
    ) {
        let mut all = self.lock();
        let newest = listed.values().max().copied();
        if whole {
            let Some(newest) = newest else { return drop(all.remove(repo)) };
            all.insert(repo.clone(), OfRepo { filters, listed: now, newest, cases: BTreeMap::new() });
        }
        let Some(it) = all.get_mut(repo) else { return };
        it.newest = newest.map_or(it.newest, |newest| newest.max(it.newest));
        for case in cases {
            // What wasn't listed is read every time.
            match listed.get(&case.number).copied().or_else(|| Some(it.cases.get(&case.number)?.0)) {
                Some(updated) if case.open => drop(it.cases.insert(case.number, (updated, case))),
                Some(_) | None => drop(it.cases.remove(&case.number)),
            }
        }
    }

    /// Has an issue read again: something was done about it.
    pub fn forget(&self, repo: &RepoName, number: u64) {
        if let Some(it) = self.lock().get_mut(repo) {
            it.cases.remove(&number);
        }
    }

    /// Whether an issue is remembered.
    pub(super) fn has(&self, repo: &RepoName, number: u64) -> bool {
        self.lock().get(repo).is_some_and(|it| it.cases.contains_key(&number))
    }

    /// What its search found last.
    pub(super) fn found(&self, repo: &RepoName) -> Option<Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).get(repo).cloned()
    }

    /// Takes note of what its search found.
    pub(super) fn note_found(&self, repo: &RepoName, found: &Found) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(repo.clone(), found.clone());
    }

    /// Has everything of a repository read again.
    pub(super) fn drop_all(&self, repo: &RepoName) {
        self.lock().remove(repo);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RepoName, OfRepo>> {
        self.repos.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
