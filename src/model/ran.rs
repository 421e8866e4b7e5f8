//! What the ledger knows of the runs of tasks, whichever machine they were on. Kept in memory, and no more of it for more
//! runs of one task.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::keeping::{ATTEMPTS, Answer, Answers};
use super::{
    Address, Billed, Closed, CommitId, Outcome, Phase, Pipeline, Play, RepoName, RunId, RunOf, RunPhase,
    RunSeen, Spent, Subject, Task, Typed, Usage,
};

/// How many runs of one task are remembered.
const MOST: usize = 32;
/// What is said of a run that there are no records of here.
const ELSEWHERE: &str = "it ran on another machine, or its records are gone from this one";
/// For how long a run of another machine is taken to be at work while nothing says that it has ended.
pub const AT_WORK: SignedDuration = SignedDuration::from_hours(24);

/// The runs of all tasks and issues, as far as the ledger tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    of: BTreeMap<Address, OfTask>,
    /// The state directory whose own records tell more than what is kept here would.
    own: Option<String>,
}

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
    /// Of a question: its answer.
    pub answer: Option<Value>,
    /// Of an issue: what it left, for machines that have no records of it.
    pub play: Option<Box<PastPlay>>,
}

/// How a run of an issue was played, and what it left for the phases after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastPlay {
    /// How it was played.
    pub play: Play,
    /// The digest of its prompt.
    pub prompt: String,
    /// The run whose session it went on with.
    pub continues: Option<RunId>,
    /// What it left.
    pub produced: Produced,
}

/// What a run of an issue leaves, as far as the phases after it read that: whoever has it need not have it done again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Produced {
    /// How it ended, in words.
    pub says: String,
    /// The agent's last words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Its answer in the form that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typed: Option<Typed>,
    /// The branch that it was for, and the commit that it began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<(CommitId, String)>,
    /// What it made. It lies on the machine that it was made on until it is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
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
    /// The runs that are over, of the tasks as they are now and of issues; those of one task oldest first. What only tells of
    /// the machine that they were on is not among them.
    pub runs: Vec<RunSeen>,
    /// By task, the last run that was begun, that this machine has no records of, and that nothing says the end of.
    pub begun: BTreeMap<Address, Begun>,
}

impl Elsewhere {
    /// The run that another machine is taken to be at: of a task, or of an issue in any of its phases.
    pub fn at_work(&self, task: &Task) -> Option<&Begun> {
        match &task.subject {
            Subject::Task(_) | Subject::Ask { .. } => self.begun.get(&task.address()),
            Subject::Issue { number, .. } => self.at_issue(&task.repo, *number).map(|(_, begun)| begun),
        }
    }

    /// The last run that another machine is taken to be at for an issue, and the phase that it is in.
    pub fn at_issue(&self, repo: &RepoName, number: u64) -> Option<(Phase, &Begun)> {
        let issue = Address::issue(repo, number);
        let of = |phase: &Phase| Some((*phase, self.begun.get(&issue.field(phase.as_str()))?));
        Phase::ALL.iter().filter_map(of).max_by_key(|(_, begun)| begun.at)
    }
}

impl Ran {
    /// Of nothing so far, for the machine with this state directory.
    pub fn of(machine: &str) -> Self {
        Self { of: BTreeMap::new(), own: Some(machine.to_owned()) }
    }

    /// Takes note that a run of a task was begun.
    pub fn begin(&mut self, task: &Address, begun: Begun) {
        let begun_here = &mut self.of.entry(task.clone()).or_default().begun;
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
        let of_task = self.of.entry(task.clone()).or_default();
        let fits = |begun: &Begun| begun.is_of(attempt, work);
        let begun = of_task.begun.iter().position(fits).map(|at| of_task.begun.remove(at));
        let was_known = begun.is_some();
        let is_own = begun.as_ref().is_some_and(|begun| Some(&begun.machine) == self.own.as_ref());
        if let Some(work) = work.map(str::to_owned).or(begun.map(|begun| begun.work)) {
            let past = past(work);
            of_task.past.push(Past { play: past.play.filter(|_| !is_own), ..past });
            of_task.trim();
        }
        was_known
    }

    /// What became of the questions of keepers, whichever machine they were answered on.
    pub fn answers(&self) -> Answers {
        let mut out = Answers::new();
        for (address, of_task) in &self.of {
            let Some((repo, key)) = asked(address) else { continue };
            let burnt = of_task.past.iter().filter(|past| past.outcome.burns_attempt()).count();
            let given = of_task.past.iter().rev().find_map(|past| past.answer.clone());
            let answer = match given {
                Some(value) => Answer::Given(value),
                None if burnt >= ATTEMPTS as usize => Answer::None,
                None => continue,
            };
            out.entry(repo).or_default().insert(key.to_owned(), answer);
        }
        out
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
            let Some(of_task) = self.of.get(&address) else { continue };
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

    /// Nobody asks any more what the runs of an issue left: what was made for it has landed, and it was told so.
    pub fn settle(&mut self, repo: &RepoName, number: u64) {
        let issue = Address::issue(repo, number);
        for phase in Phase::ALL {
            for past in self.of.get_mut(&issue.field(phase.as_str())).into_iter().flat_map(|it| &mut it.past)
            {
                past.play = None;
            }
        }
    }

    /// The runs of issues of these repositories that are over and that this machine has no records of, given the names of
    /// those of an issue that it has. One that another machine began and that nothing says the end of is over after a day.
    pub fn left_elsewhere<'a>(
        &self,
        repos: impl Iterator<Item = &'a RepoName>,
        here: impl Fn(&RepoName, &Subject) -> BTreeSet<RunId>,
        machine: &str,
        now: Timestamp,
    ) -> Vec<RunSeen> {
        let mut out = Vec::new();
        for repo in repos {
            let all = Address::repo(repo).field("issue");
            for (address, of_task) in &self.of {
                let is_lost =
                    |begun: &&Begun| begun.machine != machine && now.duration_since(begun.at) >= AT_WORK;
                let mut lost = of_task.begun.iter().filter(is_lost).peekable();
                if lost.peek().is_none() && of_task.past.iter().all(|past| past.play.is_none()) {
                    continue;
                }
                let Some(subject) = address.below(&all).as_deref().and_then(issue) else { continue };
                let here = here(repo, &subject);
                let unseen = |past: &&Past| !here.contains(&past.run);
                out.extend(
                    of_task.past.iter().filter(unseen).filter_map(|it| it.of_issue(repo, &subject, now)),
                );
                out.extend(lost.filter_map(|begun| begun.lost(repo, &subject)));
            }
        }
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
            for (address, of_task) in &self.of {
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
        let mut begun = self.of.values().flat_map(|of_task| &of_task.begun);
        begun.any(|begun| begun.machine != machine && now.duration_since(begun.at) < AT_WORK)
    }
}

/// The repository and the key of a question, if the address is of one.
fn asked(address: &Address) -> Option<(RepoName, &str)> {
    let [_, _, _, "language", _, key] = address.as_str().split('/').collect::<Vec<_>>()[..] else {
        return None;
    };
    Some((address.repo_name()?, key))
}

/// An issue in a phase, as an address ends that is of one: `7/plan`.
fn issue(rest: &str) -> Option<Subject> {
    let (number, phase) = rest.split_once('/')?;
    Some(Subject::Issue { number: number.parse().ok()?, phase: Phase::by_word(phase)? })
}

/// What a run of an issue was for.
fn run_of(
    (repo, subject, number): (&RepoName, &Subject, u64),
    (work, attempt): (&str, u32),
    play: Option<Play>,
) -> RunOf {
    RunOf {
        repo: repo.clone(),
        subject: subject.clone(),
        version: work.to_owned(),
        attempt,
        branch: Pipeline::branch(number),
        continues: None,
        after: None,
        play,
    }
}

impl Begun {
    /// It, as a run of an issue is seen that nobody knows the end of.
    fn lost(&self, repo: &RepoName, subject: &Subject) -> Option<RunSeen> {
        let (number, _) = subject.issue()?;
        let says = format!("{} began it on another machine, and nothing says how it ended", self.by);
        let closed = Closed::bare(Outcome::Crashed, says, self.at);
        let of = run_of((repo, subject, number), (&self.work, self.attempt), None);
        let billed = Billed { ended: Some(self.at), ..Billed::default() };
        let (id, phase) = (RunId::new(self.at, self.work.as_bytes()), RunPhase::Closed(Box::new(closed)));
        Some(RunSeen { id, of, agent: String::new(), prompt: String::new(), billed, phase })
    }

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
        let closed = Closed::bare(self.outcome.clone(), ELSEWHERE, self.at);
        self.run(of, String::new(), closed)
    }

    /// It, as a run of an issue is seen, with what it left. What it made and nobody has published for a day is gone: it has to be
    /// made anew.
    fn of_issue(&self, repo: &RepoName, subject: &Subject, now: Timestamp) -> Option<RunSeen> {
        let PastPlay { play, prompt, continues, produced } = &**self.play.as_ref()?;
        let Produced { says, answer, typed, base, commit } = produced.clone();
        let is_gone =
            commit.is_some() && self.outcome == Outcome::Done && now.duration_since(self.at) >= AT_WORK;
        // What tells of its machine alone says nothing here, and it has been all the same: its prompt was read.
        let outcome = if is_gone {
            Outcome::Crashed
        } else if self.tells_of_work() {
            self.outcome.clone()
        } else {
            Outcome::Cancelled
        };
        let says = if is_gone { format!("{ELSEWHERE}, and what it made with them: {says}") } else { says };
        let closed = Closed { base, commit, answer, typed, ..Closed::bare(outcome, says, self.at) };
        let (number, _) = subject.issue()?;
        let of = run_of((repo, subject, number), (&self.work, self.attempt), Some(play.clone()));
        Some(self.run(RunOf { continues: continues.clone(), ..of }, prompt.clone(), closed))
    }

    fn run(&self, of: RunOf, prompt: String, closed: Closed) -> RunSeen {
        let billed = Billed {
            account: self.account.clone(),
            used: self.used,
            cost: self.cost,
            quotas: Vec::new(),
            ended: Some(self.at),
        };
        let phase = RunPhase::Closed(Box::new(closed));
        RunSeen { id: self.run.clone(), of, agent: self.agent.clone(), prompt, billed, phase }
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
            answer: None,
            play: None,
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
        let of_task = &ran.of[&address];
        assert!(of_task.past.len() <= MOST && of_task.begun.len() <= MOST);
        assert_eq!(task("a").burnt(&elsewhere(&ran, &[], 2_000).runs), 1);
    }

    fn of_issue(of: (RepoName, Subject), run: u8, produced: Produced) -> (Address, Past) {
        let play = Play {
            book: "plan".into(),
            round: 2,
            text: "0a".into(),
            enriched: None,
            origin: None,
            about: Vec::new(),
            head: None,
        };
        let past = past(i64::from(run), 1, Outcome::Done)("w".into());
        let (prompt, continues) = ("0b".into(), None);
        let play = Some(Box::new(PastPlay { play, prompt, continues, produced }));
        (of.1.address(&of.0), Past { play, ..past })
    }

    #[test]
    fn what_runs_of_issues_left_is_known_wherever_they_ran() {
        let (repo, machine, work) = (task("a").repo, "own", task("a").version());
        let of = |phase| (repo.clone(), Subject::Issue { number: 7, phase });
        let typed =
            Typed { value: serde_json::json!({ "ready": true }), from: crate::model::AnswerFrom::Agent };
        let commit = CommitId::parse(&"ab".repeat(20)).unwrap();
        let planned = Produced { says: "so".into(), typed: Some(typed.clone()), ..Produced::default() };
        let made = Produced { says: "so".into(), commit: Some(commit.clone()), ..Produced::default() };
        let (plan, plans) = of_issue(of(Phase::Plan), 1, planned.clone());
        let (implement, implements) = of_issue(of(Phase::Implement), 2, made);

        let mut ran = Ran::of(machine);
        ran.begin(&plan, begun(0, 1, "other"));
        ran.end(&plan, Some(&work), |_| plans.clone(), 1);
        ran.end(&implement, Some(&work), |_| implements.clone(), 1);
        let seen = |ran: &Ran, here: &[RunId], hours: i64| {
            let here: BTreeSet<RunId> = here.iter().cloned().collect();
            ran.left_elsewhere([&repo].into_iter(), |_, _| here.clone(), machine, at(hours * 60))
        };
        let all = seen(&ran, &[], 1);
        let closed: Vec<&Closed> = all.iter().map(|run| run.phase.closed().unwrap()).collect();
        let [implemented, planned] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!(planned.of.subject, of(Phase::Plan).1);
        assert_eq!((planned.of.play.as_ref().unwrap().round, planned.prompt.as_str()), (2, "0b"));
        assert_eq!((planned.of.version.as_str(), planned.of.branch.as_str()), ("w", "factory/issue/7"));
        assert_eq!((closed[1].typed.as_ref(), &closed[1].outcome), (Some(&typed), &Outcome::Done));
        assert_eq!((closed[0].commit.as_ref(), &closed[0].outcome), (Some(&commit), &Outcome::Done));
        assert_eq!(seen(&ran, &[planned.id.clone(), implemented.id.clone()], 1), [], "they ran here");

        // What nobody publishes for a day is made anew; an answer is an answer.
        let later = seen(&ran, &[], 25);
        let outcomes = later.iter().map(|run| run.phase.closed().unwrap().outcome.clone());
        assert_eq!(outcomes.collect::<Vec<_>>(), [Outcome::Crashed, Outcome::Done]);
        ran.settle(&repo, 7);
        assert_eq!(seen(&ran, &[], 1), [], "it has landed");
    }

    #[test]
    fn what_ran_here_is_told_by_its_records_and_what_was_lost_is_over_after_a_day() {
        let (repo, machine, work) = (task("a").repo, "own", task("a").version());
        let of = (repo.clone(), Subject::Issue { number: 7, phase: Phase::Plan });
        let (plan, plans) = of_issue(of, 1, Produced::default());
        let mut ran = Ran::of(machine);
        let seen = |ran: &Ran, hours: i64| {
            ran.left_elsewhere([&repo].into_iter(), |_, _| BTreeSet::new(), machine, at(hours * 60))
        };
        ran.begin(&plan, begun(0, 1, machine));
        ran.end(&plan, Some(&work), |_| plans, 1);
        assert_eq!(seen(&ran, 1), []);

        ran.begin(&plan, begun(0, 1, machine));
        ran.begin(&plan, begun(1, 2, "other"));
        assert_eq!(seen(&ran, 1), []);
        let lost = seen(&ran, 25);
        assert_eq!((lost.len(), lost[0].of.attempt), (1, 2));
        assert_eq!(lost[0].phase.closed().unwrap().outcome, Outcome::Crashed);
    }
}
