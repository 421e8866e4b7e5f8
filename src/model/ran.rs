//! What the ledger knows of the runs of tasks, whichever machine they were on. Kept in memory, and no more of it for more
//! runs of one task.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{
    Address, Billed, Closed, Outcome, RepoName, RunId, RunOf, RunPhase, RunSeen, Spent, Task, Usage,
};

/// How many runs of one task are remembered.
const MOST: usize = 32;
/// For how long a run of another machine is taken to be at work while nothing says that it has ended.
pub const AT_WORK: SignedDuration = SignedDuration::from_hours(24);

/// The runs of all tasks, as far as the ledger tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran(BTreeMap<Address, OfTask>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct OfTask {
    /// Those that are over, oldest first.
    past: Vec<Past>,
    /// Those of which only the beginning is known, oldest first.
    begun: Vec<Begun>,
}

/// A run that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Its name.
    pub run: RunId,
    /// [`Task::version`].
    pub work: String,
    /// Which attempt.
    pub attempt: u32,
    /// Its agent.
    pub agent: String,
    /// Who paid for it.
    pub account: String,
    /// How it ended.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
    /// What it used.
    pub used: Usage,
    /// What that cost, where anybody can tell.
    pub cost: Option<Spent>,
}

/// A run of which only the beginning is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// [`Task::version`].
    pub work: String,
    /// Which attempt.
    pub attempt: u32,
    /// Who began it.
    pub by: String,
    /// The state directory that it lies in.
    pub machine: String,
    /// When.
    pub at: Timestamp,
}

/// What the ledger knows of runs that this machine has no records of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// The runs that are over, of the tasks as they are now; those of one task oldest first. What only tells of the machine
    /// that they were on is not among them.
    pub runs: Vec<RunSeen>,
    /// By task, the last run that was begun, that this machine has no records of, and that nothing says the end of.
    pub begun: BTreeMap<Address, Begun>,
}

impl Ran {
    /// Takes note that a run of a task was begun.
    pub fn begin(&mut self, task: &Address, begun: Begun) {
        let begun_here = &mut self.0.entry(task.clone()).or_default().begun;
        begun_here.retain(|before| begun.at.duration_since(before.at) < AT_WORK);
        if begun_here.len() >= MOST {
            begun_here.remove(0);
        }
        begun_here.push(begun);
    }

    /// Takes note that a run of a task is over; answers whether its beginning was known. A record of an earlier version
    /// doesn't tell of which work it was: the beginning does.
    pub fn end(
        &mut self,
        task: &Address,
        work: Option<&str>,
        past: impl FnOnce(String) -> Past,
        attempt: u32,
    ) -> bool {
        let of_task = self.0.entry(task.clone()).or_default();
        let fits = |begun: &Begun| begun.is_of(attempt, work);
        let begun = of_task.begun.iter().position(fits).map(|at| of_task.begun.remove(at));
        let was_known = begun.is_some();
        if let Some(work) = work.map(str::to_owned).or(begun.map(|begun| begun.work)) {
            of_task.past.push(past(work));
            of_task.trim();
        }
        was_known
    }

    /// What of these tasks this machine has no records of, given the names of the runs of a task that it has. A run that it
    /// has begun itself has records here, unless somebody removed them: then nobody knows what became of it either.
    pub fn elsewhere<'a>(
        &self,
        tasks: impl Iterator<Item = &'a Task>,
        here: impl Fn(&Task) -> BTreeSet<RunId>,
        machine: &str,
        now: Timestamp,
    ) -> Elsewhere {
        let mut out = Elsewhere::default();
        for task in tasks {
            let address = task.address();
            let Some(of_task) = self.0.get(&address) else { continue };
            let (version, here) = (task.version(), here(task));
            let unseen =
                |past: &&Past| past.work == version && past.tells_of_work() && !here.contains(&past.run);
            out.runs.extend(of_task.past.iter().filter(unseen).map(|past| past.seen(task)));
            let is_here = |begun: &Begun| {
                let since = |run: &RunId| {
                    run.moment().is_some_and(|at| at.as_millisecond() >= begun.at.as_millisecond())
                };
                begun.machine == machine && here.iter().any(since)
            };
            let at_work = |begun: &&Begun| !is_here(begun) && now.duration_since(begun.at) < AT_WORK;
            if let Some(begun) = of_task.begun.iter().rev().find(at_work) {
                out.begun.insert(address, begun.clone());
            }
        }
        out.runs.sort_by(|a, b| a.id.cmp(&b.id));
        out.runs.dedup_by(|a, b| a.id == b.id);
        out
    }

    /// The runs that other machines have begun for issues of these repositories, and that nothing says the end of.
    pub fn issues_elsewhere<'a>(
        &self,
        repos: impl Iterator<Item = &'a RepoName>,
        machine: &str,
        now: Timestamp,
    ) -> BTreeMap<Address, Begun> {
        let mut out = BTreeMap::new();
        for repo in repos {
            let all = Address::repo(repo).field("issue");
            for (address, of_task) in &self.0 {
                let at_work =
                    |begun: &&Begun| begun.machine != machine && now.duration_since(begun.at) < AT_WORK;
                if address.below(&all).is_some()
                    && let Some(begun) = of_task.begun.iter().rev().find(at_work)
                {
                    out.insert(address.clone(), begun.clone());
                }
            }
        }
        out
    }

    /// Whether another machine has begun a run that nothing says the end of.
    pub fn waits_for_others(&self, machine: &str, now: Timestamp) -> bool {
        let mut begun = self.0.values().flat_map(|of_task| &of_task.begun);
        begun.any(|begun| begun.machine != machine && now.duration_since(begun.at) < AT_WORK)
    }
}

impl Begun {
    /// Whether it is of this attempt, and of this work where that is known.
    pub fn is_of(&self, attempt: u32, work: Option<&str>) -> bool {
        self.attempt == attempt && work.is_none_or(|work| self.work == work)
    }
}

impl OfTask {
    /// Forgets what decides least: an earlier piece of work, then what burnt no attempt, then the oldest.
    fn trim(&mut self) {
        if self.past.len() <= MOST {
            return;
        }
        let Some(work) = self.past.last().map(|last| last.work.clone()) else { return };
        let before_last = &self.past[..self.past.len() - 1];
        let other = before_last.iter().position(|past| past.work != work);
        let in_vain = || before_last.iter().position(|past| !past.outcome.burns_attempt());
        let least = other.or_else(in_vain).unwrap_or(0);
        self.past.remove(least);
    }
}

impl Past {
    /// Whether it tells something of the work, and not of its machine alone: what can't be started or isn't let in there may
    /// well be here.
    fn tells_of_work(&self) -> bool {
        !matches!(self.outcome, Outcome::Auth | Outcome::CouldNotStart)
    }

    /// It, as a run is seen. What it left lies elsewhere.
    fn seen(&self, task: &Task) -> RunSeen {
        let of = RunOf { version: self.work.clone(), ..RunOf::new(task, self.attempt) };
        let says = "it ran on another machine, or its records are gone from this one";
        let closed = Closed::bare(self.outcome.clone(), says, self.at);
        let billed = Billed {
            account: self.account.clone(),
            used: self.used,
            cost: self.cost,
            quotas: Vec::new(),
            ended: Some(self.at),
        };
        let phase = RunPhase::Closed(Box::new(closed));
        RunSeen { id: self.run.clone(), of, agent: self.agent.clone(), prompt: String::new(), billed, phase }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{now, task};

    fn at(minutes: i64) -> Timestamp {
        now() + SignedDuration::from_mins(minutes)
    }

    fn past(minutes: i64, attempt: u32, outcome: Outcome) -> impl FnOnce(String) -> Past {
        move |work| Past {
            run: RunId::new(at(minutes), &attempt.to_le_bytes()),
            work,
            attempt,
            agent: "one".into(),
            account: "one".into(),
            outcome,
            at: at(minutes),
            used: Usage::default(),
            cost: None,
        }
    }

    fn begun(minutes: i64, attempt: u32, machine: &str) -> Begun {
        let work = task("a").version();
        Begun { work, attempt, by: "ann@host".into(), machine: machine.into(), at: at(minutes) }
    }

    fn elsewhere(ran: &Ran, here: &[RunSeen], minutes: i64) -> Elsewhere {
        let here = |_: &Task| here.iter().map(|run| run.id.clone()).collect();
        ran.elsewhere([&task("a")].into_iter(), here, "m2", at(minutes))
    }

    #[test]
    fn a_run_is_at_work_from_its_beginning_to_its_end_or_for_a_day() {
        let (mut ran, address, version) = (Ran::default(), task("a").address(), task("a").version());
        ran.begin(&address, begun(0, 1, "m1"));
        assert_eq!(elsewhere(&ran, &[], 1).begun[&address], begun(0, 1, "m1"));
        assert!(ran.waits_for_others("m2", at(1)) && !ran.waits_for_others("m1", at(1)));
        let own = |minutes: Option<i64>| {
            let here = |_: &Task| minutes.map(|minutes| RunId::new(at(minutes), b"x")).into_iter().collect();
            ran.elsewhere([&task("a")].into_iter(), here, "m1", at(1)).begun.len()
        };
        assert_eq!((own(Some(0)), own(Some(-1)), own(None)), (0, 1, 1), "its records may be gone");
        assert!(elsewhere(&ran, &[], 24 * 60).begun.is_empty(), "nobody waits for ever");
        ran.end(&address, Some("00000000"), past(1, 1, Outcome::Done), 1);
        assert_eq!(elsewhere(&ran, &[], 2).begun.len(), 1, "the end of another piece of work");
        ran.end(&address, Some(&version), past(2, 1, Outcome::NoChange), 1);
        let after = elsewhere(&ran, &[], 3);
        assert!(after.begun.is_empty());
        assert_eq!(after.runs.len(), 1);
        assert_eq!(after.runs[0].phase.closed().unwrap().outcome, Outcome::NoChange);
        assert_eq!(
            elsewhere(&ran, &after.runs, 3),
            Elsewhere::default(),
            "what is known here is not elsewhere"
        );
    }

    /// Records of earlier versions don't say of which work a run was.
    #[test]
    fn the_beginning_tells_of_which_work_a_run_was() {
        let (mut ran, address) = (Ran::default(), task("a").address());
        ran.end(&address, None, past(0, 1, Outcome::Done), 1);
        assert_eq!(elsewhere(&ran, &[], 1), Elsewhere::default());
        ran.begin(&address, begun(2, 1, "m1"));
        ran.end(&address, None, past(3, 1, Outcome::Crashed), 1);
        assert_eq!(elsewhere(&ran, &[], 4).runs.len(), 1);
    }

    #[test]
    fn what_only_tells_of_a_machine_is_left_there() {
        let (mut ran, task) = (Ran::default(), task("a"));
        for (n, outcome) in
            [Outcome::Auth, Outcome::CouldNotStart, Outcome::Overloaded].into_iter().enumerate()
        {
            let n = i64::try_from(n).unwrap();
            ran.end(&task.address(), Some(&task.version()), past(n, 1, outcome), 1);
        }
        assert_eq!(elsewhere(&ran, &[], 9).runs.len(), 1);
    }

    #[test]
    fn more_runs_of_a_task_take_no_more_memory_and_attempts_are_remembered_longest() {
        let (mut ran, address, version) = (Ran::default(), task("a").address(), task("a").version());
        for n in 0..1_000 {
            ran.begin(&address, begun(n, 7, "m1"));
            ran.end(&address, Some("00000000"), past(n, 7, Outcome::Crashed), 7);
        }
        ran.end(&address, Some(&version), past(1_000, 1, Outcome::Crashed), 1);
        for n in 1_001..2_000 {
            ran.end(&address, Some(&version), past(n, 2, Outcome::Overloaded), 2);
        }
        let of_task = &ran.0[&address];
        assert!(of_task.past.len() <= MOST && of_task.begun.len() <= MOST);
        assert_eq!(task("a").burnt(&elsewhere(&ran, &[], 2_000).runs), 1);
    }
}
