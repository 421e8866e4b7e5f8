//! What was read of issues before. What GitHub says has not changed since is not read again, but for open pull requests, whose
//! checks change without a word of it: those that a webhook told of, those whose turn to land it is, and the others in turns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::model::{Case, CommitId, PullCase, RepoName};

use super::listing::Filter;
use super::search::Found;

/// After this long everything is read again: a pull request that somebody else opened from a branch of ours, a label that was
/// deleted, change no issue.
const WHOLE: SignedDuration = SignedDuration::from_mins(10);

/// After this long an issue is read again that a run is at work on.
const AT_WORK: SignedDuration = SignedDuration::from_mins(1);

/// How many open pull requests of issues that have not changed are read again at a time: as many as one query holds.
const AGAIN: usize = 25;
/// How many of those are the next ones to land at least; the others are those that were read longest ago.
const NEXT: usize = 10;

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
    /// Each issue that is asked for.
    cases: BTreeMap<u64, Kept>,
}

/// An issue that was read before.
#[derive(Debug)]
struct Kept {
    /// When it changed last.
    updated: Timestamp,
    case: Case,
    /// When its pull request was read last.
    read: Timestamp,
    /// Whether GitHub has told of its pull request since.
    told: Doubt,
    /// Whether something of it was taken away since, or was to be changed, by which it doesn't count as changed.
    is_less: Doubt,
}

/// Whether what was read may be otherwise by now. That it is to be read again is kept until it was: a reading may be given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Doubt {
    #[default]
    None,
    /// Something was told since a reading began.
    Told,
    /// It is being read again.
    Asked,
}

impl Doubt {
    fn tell(&mut self, is_told: bool) {
        if is_told {
            *self = Self::Told;
        }
    }

    /// Whether it is to be read again, by the reading that begins now.
    fn ask(&mut self) -> bool {
        let is_there = *self != Self::None;
        if is_there {
            *self = Self::Asked;
        }
        is_there
    }

    /// What is left of it once that was read.
    fn read(self) -> Self {
        if self == Self::Told { Self::Told } else { Self::None }
    }
}

impl Kept {
    /// Whether its branch is where no pull request is: that it goes changes nothing of the issue.
    fn has_a_bare_branch(&self) -> bool {
        let shown = |head: &CommitId| self.case.pulls.iter().any(|pull| pull.head == *head);
        self.case.branch.as_ref().is_some_and(|head| !shown(head))
    }

    /// Its pull request, if that is open.
    fn pull(&self) -> Option<&PullCase> {
        self.case.pulls.iter().find(|pull| pull.open)
    }
}

/// What a webhook tells of a pull request by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Its number.
    Pull(u64),
    /// The commit at its head.
    Head(String),
    /// The number of an issue or a pull request, of which something was taken away or written anew, or was to be: nothing says when.
    Less(u64),
}

impl Remembered {
    /// Since when changes are to be listed; `None` where everything is.
    pub(super) fn since(&self, repo: &RepoName, filters: &[Filter], now: Timestamp) -> Option<Timestamp> {
        let all = self.lock();
        let it = all.get(repo)?;
        let holds = it.filters == filters && now.duration_since(it.listed) < WHOLE;
        holds.then_some(it.newest)
    }

    /// The issues that have not changed, of those that are remembered of a repository, and whether the pull request of each is
    /// read again.
    pub(super) fn unchanged(
        &self,
        repo: &RepoName,
        (listed, also, less): (&BTreeMap<u64, Timestamp>, &BTreeSet<u64>, &BTreeSet<u64>),
        now: Timestamp,
    ) -> Vec<(Case, bool)> {
        let mut all = self.lock();
        let Some(it) = all.get_mut(repo) else { return Vec::new() };
        let newest = it.newest;
        // What changed in the last second that was told of may have changed once more in it.
        let same = |number: &u64, updated: &Timestamp| {
            listed.get(number).is_none_or(|now| now == updated && *now < newest)
        };
        let kept: Vec<&mut Kept> = it
            .cases
            .iter_mut()
            .filter(|(number, kept)| !less.contains(number) && same(number, &kept.updated))
            .map(|(_, kept)| kept)
            .collect();
        // Together with what is read anyway it fits into one query.
        let here: BTreeSet<u64> = kept.iter().map(|it| it.case.number).collect();
        let anyway: BTreeSet<&u64> =
            listed.keys().chain(also).chain(less).filter(|it| !here.contains(it)).collect();
        let asked = anyway.len() + kept.iter().filter(|it| it.told != Doubt::None).count();
        let again = again(&kept, AGAIN.saturating_sub(asked).max(NEXT), now);
        // What is told of from now on is read the next time.
        let told = |it: &mut Kept| it.told.ask() || again.contains(&it.case.number);
        kept.into_iter().map(|it| (it.case.clone(), told(it))).collect()
    }

    /// Has the pull request that a webhook tells of read again.
    pub fn tell(&self, repo: &RepoName, told: &Told) {
        let mut all = self.lock();
        let Some(it) = all.get_mut(repo) else { return };
        for kept in it.cases.values_mut() {
            let (of_issue, of_pull) = (kept.case.number, kept.pull().map(|pull| (pull.number, &pull.head)));
            match told {
                Told::Pull(number) => {
                    kept.told.tell(of_pull.is_some_and(|(pull, _)| pull == *number));
                    // One that is closed is read with its issue.
                    let is_closed = kept.case.pulls.iter().any(|pull| pull.number == *number && !pull.open);
                    kept.is_less.tell(is_closed);
                }
                Told::Head(sha) => kept.told.tell(of_pull.is_some_and(|(_, head)| head.as_str() == sha)),
                Told::Less(number) => {
                    kept.told.tell(of_pull.is_some_and(|(pull, _)| pull == *number));
                    kept.is_less.tell(of_issue == *number);
                }
            }
        }
    }

    /// Takes note of a reading: what changed, when, and what it is now. One that was of everything replaces what was known.
    pub(super) fn learn(
        &self,
        repo: &RepoName,
        (filters, whole, now): (Vec<Filter>, bool, Timestamp),
        listed: &BTreeMap<u64, Timestamp>,
        cases: impl Iterator<Item = (Case, bool)>,
    ) {
        let mut all = self.lock();
        let newest = listed.values().max().copied();
        if whole {
            let Some(newest) = newest else { return drop(all.remove(repo)) };
            all.insert(repo.clone(), OfRepo { filters, listed: now, newest, cases: BTreeMap::new() });
        }
        let Some(it) = all.get_mut(repo) else { return };
        it.newest = newest.map_or(it.newest, |newest| newest.max(it.newest));
        for (case, was_read) in cases {
            let before = it.cases.remove(&case.number);
            // What wasn't listed is read every time.
            let updated = listed.get(&case.number).copied().or_else(|| Some(before.as_ref()?.updated));
            let Some(updated) = updated.filter(|_| case.open) else { continue };
            let read = before.as_ref().filter(|_| !was_read).map_or(now, |before| before.read);
            let doubts = |before: Kept| {
                if was_read {
                    (before.told.read(), before.is_less.read())
                } else {
                    (before.told, before.is_less)
                }
            };
            let (told, is_less) = before.map(doubts).unwrap_or_default();
            it.cases.insert(case.number, Kept { updated, case, read, told, is_less });
        }
    }

    /// What is no issue of the pipeline's any more.
    pub(super) fn forget(&self, repo: &RepoName, number: u64) {
        if let Some(it) = self.lock().get_mut(repo) {
            it.cases.remove(&number);
        }
    }

    /// The issues of which something was taken away since they were read, or may have been without a word; what is told of from
    /// now on is read the next time.
    pub(super) fn less(&self, repo: &RepoName, at_work: &BTreeSet<u64>, now: Timestamp) -> BTreeSet<u64> {
        let mut all = self.lock();
        let cases = all.get_mut(repo).into_iter().flat_map(|it| it.cases.iter_mut());
        let is_less = |kept: &mut Kept| kept.is_less.ask() || kept.has_a_bare_branch();
        let is_old =
            |number: &u64, kept: &Kept| at_work.contains(number) && now.duration_since(kept.read) >= AT_WORK;
        cases
            .filter_map(|(number, kept)| (is_less(kept) || is_old(number, kept)).then_some(*number))
            .collect()
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

/// The issues whose open pull request is read again, though nothing told of it.
fn again(kept: &[&mut Kept], most: usize, now: Timestamp) -> BTreeSet<u64> {
    let mut open: Vec<&Kept> = kept.iter().map(|it| &**it).filter(|it| it.pull().is_some()).collect();
    open.sort_by_key(|it| it.case.turn(now));
    let rest = open.split_off(open.len().min(NEXT));
    let mut rest: Vec<&Kept> = rest;
    rest.sort_by_key(|it| (it.read, it.case.number));
    open.into_iter().chain(rest).take(most).map(|it| it.case.number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mergeable, Seen};

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    /// An issue with an open pull request, whose number is a thousand more.
    fn case(number: u64) -> Case {
        let head = CommitId::parse(&format!("{number:040x}")).unwrap();
        let pull = PullCase {
            number: 1000 + number,
            title: String::new(),
            open: true,
            own: true,
            author: String::new(),
            closed: None,
            landed: None,
            draft: false,
            head,
            tree: None,
            pushes: Seen::Unknown,
            branch: None,
            base: "main".into(),
            base_head: None,
            behind: None,
            ahead: None,
            forced: Vec::new(),
            carries: Seen::Unknown,
            mergeable: Mergeable::Unknown,
            queue: None,
            labels: BTreeSet::new(),
            checks: Seen::Unknown,
            reviews: Seen::Unknown,
            threads: Seen::Unknown,
            files: Seen::Unknown,
            opened: at(0),
            head_at: None,
        };
        Case {
            repo: RepoName::parse("acme/widgets").unwrap(),
            number,
            title: String::new(),
            body: String::new(),
            author: String::new(),
            open: true,
            opened: at(0),
            edited: None,
            labels: BTreeMap::new(),
            assignees: BTreeMap::new(),
            parent: None,
            children: BTreeMap::new(),
            rejected_children: BTreeSet::new(),
            found: None,
            reopened: false,
            rejected: false,
            renamed: None,
            comments: Vec::new(),
            blocked_by: BTreeSet::new(),
            dependencies: BTreeMap::new(),
            branch: None,
            pulls: vec![pull],
        }
    }

    #[test]
    fn of_many_open_pull_requests_those_told_of_are_read_and_the_others_in_turns() {
        let (memory, repo) = (Remembered::default(), case(1).repo);
        let all: BTreeMap<u64, Timestamp> = (1..=60).map(|n| (n, at(0))).collect();
        memory.learn(&repo, (Vec::new(), true, at(1)), &all, (1..=60).map(|n| (case(n), true)));
        let none = BTreeMap::new();
        let look = |minute| {
            let kept = memory.unchanged(&repo, (&none, &BTreeSet::new(), &BTreeSet::new()), at(minute));
            let read: Vec<u64> = kept.iter().filter(|(_, again)| *again).map(|(it, _)| it.number).collect();
            memory.learn(&repo, (Vec::new(), false, at(minute)), &none, kept.into_iter());
            read
        };
        let next: Vec<u64> = (1..=10).collect();
        assert_eq!(look(2), [next.clone(), (11..=25).collect()].concat());
        assert_eq!(look(3), [next.clone(), (26..=40).collect()].concat(), "those that were read longest ago");
        memory.tell(&repo, &Told::Pull(1050));
        memory.tell(&repo, &Told::Head(format!("{:040x}", 55)));
        memory.tell(&repo, &Told::Pull(9999));
        assert_eq!(look(4), [next.clone(), (41..=53).collect(), vec![55]].concat());
        assert_eq!(look(5), [next, (11..=19).collect(), vec![54], (56..=60).collect()].concat());
    }

    /// Nothing says when what was taken away was there last.
    #[test]
    fn what_something_was_taken_away_from_is_read_again() {
        let (memory, repo) = (Remembered::default(), case(1).repo);
        let all: BTreeMap<u64, Timestamp> = (1..=3).map(|n| (n, at(0))).collect();
        memory.learn(&repo, (Vec::new(), true, at(1)), &all, (1..=3).map(|n| (case(n), true)));
        memory.tell(&repo, &Told::Less(2));
        let less = || memory.less(&repo, &BTreeSet::new(), at(0));
        let two = BTreeSet::from([2]);
        assert_eq!((less(), less()), (two.clone(), two.clone()), "a reading may be given up");
        let kept = memory.unchanged(&repo, (&BTreeMap::new(), &BTreeSet::new(), &two), at(2));
        assert_eq!(kept.iter().map(|(case, _)| case.number).collect::<Vec<_>>(), [1, 3]);
        let read = || {
            memory.learn(&repo, (Vec::new(), false, at(2)), &BTreeMap::new(), [(case(2), true)].into_iter());
        };
        memory.tell(&repo, &Told::Less(2));
        read();
        assert_eq!(less(), two, "what is told meanwhile is read once more");
        read();
        assert_eq!(less(), BTreeSet::new());
    }

    /// That an issue is moved elsewhere is in no listing: one that is worked on is looked at again and again.
    #[test]
    fn what_is_worked_on_is_read_again_after_a_minute() {
        let (memory, repo) = (Remembered::default(), case(1).repo);
        let all: BTreeMap<u64, Timestamp> = (1..=3).map(|n| (n, at(0))).collect();
        memory.learn(&repo, (Vec::new(), true, at(1)), &all, (1..=3).map(|n| (case(n), true)));
        let busy = BTreeSet::from([2]);
        assert!(memory.less(&repo, &busy, at(1)).is_empty());
        assert_eq!(memory.less(&repo, &busy, at(2)), busy);
    }

    /// A pull request that was closed may be opened again.
    #[test]
    fn what_is_told_of_a_closed_pull_request_has_its_issue_read() {
        let (memory, repo) = (Remembered::default(), case(1).repo);
        let all: BTreeMap<u64, Timestamp> = (1..=3).map(|n| (n, at(0))).collect();
        let cases = (1..=3).map(|n| {
            let mut case = case(n);
            case.pulls[0].open = n != 2;
            (case, true)
        });
        memory.learn(&repo, (Vec::new(), true, at(1)), &all, cases);
        memory.tell(&repo, &Told::Pull(1001));
        memory.tell(&repo, &Told::Pull(1002));
        assert_eq!(memory.less(&repo, &BTreeSet::new(), at(1)), BTreeSet::from([2]));
    }

    /// What is told of while something is being read may have come after it was read.
    #[test]
    fn what_is_told_of_during_a_reading_is_read_by_the_next() {
        let (memory, repo) = (Remembered::default(), case(1).repo);
        let all: BTreeMap<u64, Timestamp> = (1..=60).map(|n| (n, at(0))).collect();
        memory.learn(&repo, (Vec::new(), true, at(1)), &all, (1..=60).map(|n| (case(n), true)));
        let none = BTreeMap::new();
        let kept = memory.unchanged(&repo, (&none, &BTreeSet::new(), &BTreeSet::new()), at(2));
        memory.tell(&repo, &Told::Pull(1060));
        memory.learn(&repo, (Vec::new(), false, at(2)), &none, kept.into_iter());
        let again = memory.unchanged(&repo, (&none, &BTreeSet::new(), &BTreeSet::new()), at(3));
        assert!(again.iter().any(|(it, again)| it.number == 60 && *again));
    }
}
