//! Which runs are over, and whose they were. What is over never changes, so that its records are read once, and again only
//! where somebody needs that very run: a look costs what is at work and what config asks for, not what ever ran.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::model::{
    AgentConfig, CommitId, Paid, Permission, Phase, Push, RepoName, RunId, RunOf, RunSeen, Subject, Task,
    day_of,
};
use crate::observed::Remembered;
use crate::runs::{RecordError, RunDir};

use crate::engine::language::Glances;

use super::start::{Machine, Origin};

/// The runs that this process knows to be over.
#[derive(Clone, Debug, Default)]
pub struct Known(Arc<Mutex<Inner>>, Arc<Remembered>, Glances);

#[derive(Debug, Default)]
struct Inner {
    over: BTreeMap<RunId, Over>,
    /// What all that were learned of have paid, also those whose records are gone since.
    paid: Paid,
    /// The agents that couldn't be started here, by name.
    unfit: BTreeMap<String, Unfit>,
    /// What was said last of what can't be done, by what it is about.
    said: BTreeMap<String, String>,
    /// The issues that there were runs of, by their places.
    issues: BTreeMap<Mark, (RepoName, u64)>,
    /// Those of them that nothing more is to be done about.
    settled: BTreeSet<Mark>,
    /// The logins of the factory itself.
    own: BTreeSet<String>,
    /// What somebody may do in a repository, and when that was read.
    permissions: BTreeMap<(RepoName, String), (Permission, Timestamp)>,
    /// How the branches of issues moved that led to their heads, and when that was read.
    pushes: ByHead<Vec<Push>>,
    /// Where files were that pull requests rename, by their heads, and when that was read.
    renames: ByHead<Renames>,
    /// What pull requests have of where their bases were that those have no more.
    carried: ByHead<Carried>,
    /// What was found on this machine, and since when that counts.
    machine: Option<(Arc<Machine>, Timestamp)>,
    /// When the records of runs were read last.
    looked: Option<Instant>,
    /// What the last starts took from the look before them.
    dispatches: VecDeque<Duration>,
    /// When a branch was last fetched whole.
    fetched: BTreeMap<(RepoName, String), Timestamp>,
    /// Where repositories are cloned from, as GitHub told a short while ago.
    origins: BTreeMap<RepoName, (Origin, Timestamp)>,
}

/// Where renamed files are, and where they were.
type Renames = BTreeMap<String, String>;

/// Where the base of a pull request was, until when it was that where that is known, and which commit of that it has alone.
pub(super) type Carried = BTreeMap<(Option<Timestamp>, CommitId), Option<CommitId>>;

/// What was read of issues or pull requests at their heads, and when.
#[derive(Debug, Default)]
struct ByHead<T>(BTreeMap<(RepoName, u64), (CommitId, T, Timestamp)>);

impl<T: Clone> ByHead<T> {
    /// What was read at this head, if that was the last one.
    fn get(&self, key: &(RepoName, u64), head: &CommitId) -> Option<T> {
        self.0.get(key).filter(|(of, ..)| of == head).map(|(_, told, _)| told.clone())
    }

    /// Takes note of it, and forgets what is old.
    fn note(&mut self, key: &(RepoName, u64), head: &CommitId, told: T, now: Timestamp) {
        self.0.retain(|_, (.., at)| now.duration_since(*at) < HEADS_FOR);
        self.0.insert(key.clone(), (head.clone(), told, now));
    }
}

/// How long it is remembered what was read at a head.
const HEADS_FOR: SignedDuration = SignedDuration::from_hours(1);

/// How long it counts what was found on this machine: who installs something waits no longer for it to be seen.
const MACHINE_FOR: SignedDuration = SignedDuration::from_mins(1);

/// How many starts tell how long one takes.
const DISPATCHES: usize = 200;

/// Why an agent can't be started, and when that was found.
#[derive(Debug)]
struct Unfit {
    config: AgentConfig,
    says: String,
    at: Timestamp,
}

/// How long it is taken for granted that an agent still can't be started.
const UNFIT_FOR: SignedDuration = SignedDuration::from_mins(10);

/// What is remembered of one: little, since there are more every day.
#[derive(Clone, Copy, Debug)]
struct Over {
    repo: Mark,
    place: Mark,
    work: Mark,
    agent: Mark,
    at: Timestamp,
    /// Whether its setup failed; `None` where that tells nothing of the recipe.
    setup_failed: Option<bool>,
    /// Whether nothing is left of it that is kept for a while only.
    tidied: bool,
}

/// Stands for a name.
type Mark = u64;

fn mark(parts: &[&str]) -> Mark {
    let mut hash = blake3::Hasher::new();
    for part in parts {
        hash.update(part.as_bytes()).update(b"\0");
    }
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash.finalize().as_bytes()[..8]);
    Mark::from_le_bytes(bytes)
}

fn place_of(repo: &RepoName, subject: &Subject) -> Mark {
    mark(&[repo.as_str(), &subject.place()])
}

fn issue_of(repo: &RepoName, number: u64) -> Mark {
    place_of(repo, &Subject::Issue { number, phase: Phase::Triage })
}

fn work_of(of: &RunOf) -> Mark {
    mark(&[of.repo.as_str(), &of.subject.to_string(), &of.version])
}

impl Known {
    /// What was made of languages that were looked at.
    pub(in crate::engine) fn glances(&self) -> &Glances {
        &self.2
    }

    /// The runs that lie there and aren't known to be over, oldest first.
    ///
    /// # Errors
    /// When the folder can't be listed.
    pub(super) fn open(&self, runs: &Path) -> Result<Vec<(RunId, RunDir)>, RecordError> {
        let mut ids = RunDir::ids(runs)?;
        let mut known = self.lock();
        known.over.retain(|id, _| ids.binary_search(id).is_ok());
        ids.retain(|id| !known.over.contains_key(id));
        Ok(ids.into_iter().map(|id| (id.clone(), RunDir::of(runs, &id))).collect())
    }

    /// Takes note of one if it is over. Answers whether it is.
    pub(super) fn learn(&self, run: &RunSeen) -> bool {
        let RunSeen { id, of, agent, phase, .. } = run;
        let Some(closed) = phase.closed() else { return false };
        let over = Over {
            repo: mark(&[of.repo.as_str()]),
            place: place_of(&of.repo, &of.subject),
            work: work_of(of),
            agent: mark(&[agent]),
            at: closed.at,
            setup_failed: run.tells_of_setup().then_some(closed.setup_failed.is_some()),
            tidied: false,
        };
        let mut known = self.lock();
        if let Some((number, _)) = of.subject.issue() {
            known.issues.insert(over.place, (of.repo.clone(), number));
        }
        if known.over.insert(id.clone(), over).is_none() {
            known.settled.remove(&over.place);
            known.paid.add(run);
        }
        true
    }

    /// Takes note that the records of all runs were read.
    pub(super) fn has_looked(&self) {
        self.lock().looked = Some(Instant::now());
    }

    /// Takes note that the supervisor of a run was started.
    pub(super) fn has_started(&self) {
        let mut known = self.lock();
        let Some(looked) = known.looked else { return };
        if known.dispatches.len() == DISPATCHES {
            known.dispatches.pop_front();
        }
        known.dispatches.push_back(looked.elapsed());
    }

    /// The median of what the last starts took from the look before them; `None` before the first.
    pub(in crate::engine) fn dispatch(&self) -> Option<Duration> {
        let mut took: Vec<Duration> = self.lock().dispatches.iter().copied().collect();
        took.sort();
        took.get(took.len() / 2).copied()
    }

    /// Whether it is news that this can't be done, for this reason.
    pub(super) fn is_news(&self, what: &str, why: &str) -> bool {
        self.lock().said.insert(what.to_owned(), why.to_owned()).is_none_or(|said| said != why)
    }

    /// Takes note that it is done.
    pub(super) fn is_done(&self, what: &str) {
        self.lock().said.remove(what);
    }

    /// What those that are over have paid.
    pub(super) fn paid(&self) -> Paid {
        self.lock().paid.clone()
    }

    /// The oldest run that may count for the day (UTC) of a moment; `None` when none does.
    ///
    /// # Errors
    /// When the folder can't be listed.
    pub(super) fn oldest_of_day(&self, runs: &Path, now: Timestamp) -> Result<Option<RunId>, RecordError> {
        let (all, today, known) = (RunDir::ids(runs)?, day_of(now), self.lock());
        let is_past = |id: &RunId| known.over.get(id).is_some_and(|over| day_of(over.at) < today);
        Ok(all.into_iter().find(|id| !is_past(id)))
    }

    /// Takes note of whether an agent can be started here: why not, if it can't.
    pub(super) fn judge(&self, config: &AgentConfig, why_not: Option<&str>, at: Timestamp) {
        let mut known = self.lock();
        match why_not {
            None => drop(known.unfit.remove(&config.name)),
            Some(says) => {
                let unfit = Unfit { config: config.clone(), says: says.to_owned(), at };
                known.unfit.insert(config.name.clone(), unfit);
            }
        }
    }

    /// Why an agent couldn't be started a short while ago, if config has it as it was then.
    pub(super) fn unfit(&self, config: &AgentConfig, now: Timestamp) -> Option<String> {
        let known = self.lock();
        let unfit = known.unfit.get(&config.name)?;
        let holds = unfit.config.is_like(config) && now.duration_since(unfit.at) < UNFIT_FOR;
        holds.then(|| unfit.says.clone())
    }

    /// Those that are over of a task, or of an issue in any of its phases.
    pub(in crate::engine) fn of_subject(&self, repo: &RepoName, subject: &Subject) -> Vec<RunId> {
        let place = place_of(repo, subject);
        self.those(|over| over.place == place)
    }

    /// Those of a piece of work that are over.
    pub(super) fn of_work(&self, of: &RunOf) -> Vec<RunId> {
        let work = work_of(of);
        self.those(|over| over.work == work)
    }

    /// Those that ended before a moment and have something left that is not kept for longer.
    pub(super) fn untidied(&self, before: Timestamp) -> Vec<RunId> {
        self.those(|over| !over.tidied && over.at <= before)
    }

    /// Takes note that nothing is left of one.
    pub(super) fn tidied(&self, id: &RunId) {
        if let Some(over) = self.lock().over.get_mut(id) {
            over.tidied = true;
        }
    }

    /// Those that decide what is done next: the ones of these tasks as they are now, all of an issue that something may be
    /// done about, the last one of each task and of each agent, and in each repository those whose setup failed since one whose didn't, that one included.
    pub(super) fn that_matter<'a>(&self, tasks: impl Iterator<Item = &'a Task>) -> BTreeSet<RunId> {
        let works: BTreeSet<Mark> =
            tasks.map(|task| mark(&[task.repo.as_str(), &task.name(), &task.version()])).collect();
        let known = self.lock();
        let (mut by_task, mut by_agent, mut by_repo) =
            (BTreeMap::new(), BTreeMap::<Mark, (Timestamp, &RunId)>::new(), BTreeMap::<_, Vec<_>>::new());
        let mut out = BTreeSet::new();
        for (id, over) in &known.over {
            // Of an issue either all decide or none.
            let is_of_issue = known.issues.contains_key(&over.place);
            if works.contains(&over.work) || (is_of_issue && !known.settled.contains(&over.place)) {
                out.insert(id.clone());
            }
            if !is_of_issue {
                by_task.insert(over.place, id);
            }
            let last = by_agent.entry(over.agent).or_insert((over.at, id));
            if last.0 <= over.at {
                *last = (over.at, id);
            }
            if let Some(failed) = over.setup_failed {
                by_repo.entry(over.repo).or_default().push((over.at, id, failed));
            }
        }
        out.extend(by_task.into_values().cloned());
        out.extend(by_agent.into_values().map(|(_, id)| id.clone()));
        for mut past in by_repo.into_values() {
            past.sort_by_key(|(at, ..)| *at);
            let failed = past.iter().rev().take_while(|(.., failed)| *failed).count();
            out.extend(past.iter().rev().take(failed + 1).map(|(_, id, _)| (*id).clone()));
        }
        out
    }

    /// Takes note of who the factory is.
    pub(super) fn note_own<'a>(&self, logins: impl Iterator<Item = &'a String>) {
        self.lock().own.extend(logins.cloned());
    }

    /// Whether the factory acts under a login.
    pub(in crate::engine) fn is_own(&self, login: &str) -> bool {
        self.lock().own.contains(login)
    }

    /// What was read of issues before.
    pub(in crate::engine) fn remembered(&self) -> &Remembered {
        &self.1
    }

    /// The issues that there were runs of, and that something may still be done about.
    pub(super) fn unsettled(&self) -> Vec<(RepoName, u64)> {
        let known = self.lock();
        known
            .issues
            .iter()
            .filter(|(place, _)| !known.settled.contains(*place))
            .map(|(_, it)| it.clone())
            .collect()
    }

    /// Takes note that nothing more is to be done about an issue.
    pub(super) fn settle(&self, repo: &RepoName, number: u64) {
        let place = issue_of(repo, number);
        let mut known = self.lock();
        if known.issues.contains_key(&place) {
            known.settled.insert(place);
        }
    }

    /// Takes note that something may be done about an issue again. Answers whether nothing was.
    pub(super) fn reopen(&self, (repo, number): &(RepoName, u64)) -> bool {
        self.lock().settled.remove(&issue_of(repo, *number))
    }

    /// What somebody may do, if that was read a short while ago.
    pub(super) fn permission(
        &self,
        key: &(RepoName, String),
        now: Timestamp,
        within: SignedDuration,
    ) -> Option<Permission> {
        let known = self.lock();
        let (permission, at) = known.permissions.get(key)?;
        (now.duration_since(*at) < within).then_some(*permission)
    }

    /// Takes note of what somebody may do.
    pub(super) fn note_permission(&self, key: (RepoName, String), permission: Permission, now: Timestamp) {
        self.lock().permissions.insert(key, (permission, now));
    }

    /// What people may do in a repository is read anew: something that relied on it was refused.
    pub(in crate::engine) fn doubt_permissions(&self, repo: &RepoName) {
        self.lock().permissions.retain(|(of, _), _| of != repo);
    }

    /// How the branch of an issue moved to this head, if that was read.
    pub(super) fn pushes(&self, key: &(RepoName, u64), head: &CommitId) -> Option<Vec<Push>> {
        self.lock().pushes.get(key, head)
    }

    /// Takes note of how the branch of an issue moved; of a record that doesn't tell of its head yet nothing is kept.
    pub(super) fn note_pushes(
        &self,
        key: &(RepoName, u64),
        head: &CommitId,
        pushes: &[Push],
        now: Timestamp,
    ) {
        if pushes.iter().any(|push| push.after.as_ref() == Some(head)) {
            self.lock().pushes.note(key, head, pushes.to_vec(), now);
        }
    }

    /// Where files were that a pull request renames at this head, if that was read.
    pub(super) fn renames(&self, pull: &(RepoName, u64), head: &CommitId) -> Option<Renames> {
        self.lock().renames.get(pull, head)
    }

    /// Takes note of where they were.
    pub(super) fn note_renames(
        &self,
        pull: &(RepoName, u64),
        head: &CommitId,
        renames: Renames,
        now: Timestamp,
    ) {
        self.lock().renames.note(pull, head, renames, now);
    }

    /// What a pull request has of where its base was that that has no more, at this head, as far as it was read.
    pub(super) fn carried(&self, pull: &(RepoName, u64), head: &CommitId) -> Carried {
        self.lock().carried.get(pull, head).unwrap_or_default()
    }

    /// Takes note of it.
    pub(super) fn note_carried(
        &self,
        pull: &(RepoName, u64),
        head: &CommitId,
        carried: Carried,
        now: Timestamp,
    ) {
        self.lock().carried.note(pull, head, carried, now);
    }

    /// What was found on this machine within the last minute, and is found by those who look.
    pub(super) fn machine(&self, now: Timestamp) -> Arc<Machine> {
        let mut known = self.lock();
        let there = known.machine.as_ref().filter(|(_, at)| now.duration_since(*at) < MACHINE_FOR);
        match there {
            Some((machine, _)) => Arc::clone(machine),
            None => {
                let machine = Arc::<Machine>::default();
                known.machine = Some((Arc::clone(&machine), now));
                machine
            }
        }
    }

    /// Where a repository is cloned from, if that was read within the minute.
    pub(super) fn origin(&self, repo: &RepoName, now: Timestamp) -> Option<Origin> {
        let known = self.lock();
        let (origin, at) = known.origins.get(repo)?;
        (now.duration_since(*at) < SignedDuration::from_mins(1)).then(|| origin.clone())
    }

    /// Whether a branch was fetched a moment ago: runs that are started together begin with the same commit.
    pub(super) fn has_fetched(&self, repo: &RepoName, branch: &str, now: Timestamp) -> bool {
        let at = self.lock().fetched.get(&(repo.clone(), branch.to_owned())).copied();
        at.is_some_and(|at| now.duration_since(at) < SignedDuration::from_secs(2))
    }

    /// Takes note that a branch was fetched.
    pub(super) fn note_fetched(&self, repo: &RepoName, branch: &str, at: Timestamp) {
        self.lock().fetched.insert((repo.clone(), branch.to_owned()), at);
    }

    /// Takes note of where a repository is cloned from.
    pub(super) fn note_origin(&self, repo: &RepoName, origin: Origin, now: Timestamp) {
        self.lock().origins.insert(repo.clone(), (origin, now));
    }

    fn those(&self, fits: impl Fn(&Over) -> bool) -> Vec<RunId> {
        self.lock().over.iter().filter(|(_, over)| fits(over)).map(|(id, _)| id.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests damage records")]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::seen;
    use super::*;
    use crate::loops::{self, Inputs, Selection};
    use crate::model::samples::{self, agent, closed, desired, name, now, observed, repo, source};
    use crate::model::{
        Billed, Closed, Desired, FollowUp, FollowUps, Lack, Observed, Outcome, RunPhase, Said, Seen, Session,
        Tracker,
    };
    use crate::plan::{Plan, Switches};

    const TASKS: [&str; 3] = ["a", "b", "c"];
    const AGENTS: [&str; 2] = ["one", "two"];

    fn task(task: &str, version: u8) -> Task {
        Task {
            prompt: format!("Do {task} {version}."),
            agents: AGENTS.map(str::to_owned).into(),
            attempts: 3,
            follow_ups: FollowUps::Issue,
            ..samples::task(task)
        }
    }

    fn wants() -> Desired {
        let agents = AGENTS.map(|name| (name.to_owned(), agent(name)));
        let tasks = ["a", "b"].map(|name| (name.to_owned(), task(name, 0)));
        Desired { agents: agents.into(), tasks: tasks.into(), ..desired([repo("acme/widgets")]) }
    }

    /// The n-th run: of which task and version, by which agent, how it ended, how many minutes ago.
    fn run(n: usize, (of, version, by, end, ago): (usize, u8, usize, u8, i64)) -> RunSeen {
        let task = task(TASKS[of], version);
        let at = now() - SignedDuration::from_mins(ago);
        let outcome = match end {
            0 => Outcome::Done,
            1 => Outcome::Crashed,
            2 => Outcome::Auth,
            3 => Outcome::Credit(Some(now() + SignedDuration::from_mins(7))),
            4 => Outcome::Overloaded,
            5 => Outcome::NoChange,
            _ => Outcome::CouldNotStart,
        };
        let recipe = repo("acme/widgets").recipe.digest();
        let closed = Closed {
            says: format!("so it was {n}"),
            at,
            said: Said {
                follow_ups: vec![FollowUp::new(&format!("Mend {of}"), &by.to_string())],
                ..Said::default()
            },
            setup_failed: (outcome == Outcome::CouldNotStart).then_some(recipe),
            lacks: (outcome == Outcome::NoChange).then_some(Lack::Commits),
            session: Some(Session { kind: agent("one").kind, id: "s".into() }),
            ..closed(outcome)
        };
        let of = RunOf {
            continues: (closed.setup_failed.is_some() && n % 2 == 1).then(|| RunId::new(at, b"before")),
            ..RunOf::new(&task, u32::try_from(n).unwrap() + 1)
        };
        let began =
            now() - SignedDuration::from_hours(2) + SignedDuration::from_secs(i64::try_from(n).unwrap());
        let id = RunId::new(began, &n.to_le_bytes());
        let billed = Billed { account: AGENTS[by].into(), ..Billed::default() };
        let phase = RunPhase::Closed(Box::new(closed));
        RunSeen { id, of, agent: AGENTS[by].into(), prompt: String::new(), billed, phase }
    }

    fn knows(runs: &[RunSeen]) -> Known {
        let known = Known::default();
        for run in runs {
            assert!(known.learn(run));
        }
        known
    }

    fn planned(desired: &Desired, runs: Vec<RunSeen>, paid: Paid) -> Vec<Plan> {
        let pulls = desired.tasks.values().map(|task| ((task.repo.clone(), task.branch()), Seen::Absent));
        let issues = BTreeMap::from([(name("acme/widgets"), Seen::Known(Vec::new()))]);
        let tracker = Tracker { issues, ..Tracker::default() };
        let observed = Observed { runs, paid, pulls: pulls.collect(), tracker, ..observed([]) };
        let selection = Selection { only: vec!["tasks".into()] };
        let inputs = Inputs { desired, observed: &observed, now: now() };
        loops::plan_all(inputs, &selection, &Switches::default()).0
    }

    proptest! {
        #[test]
        fn what_does_not_matter_changes_no_plan(
            past in vec((0..3_usize, 0..3_u8, 0..2_usize, 0..7_u8, 0..90_i64), 0..40),
        ) {
            let runs: Vec<RunSeen> = past.into_iter().enumerate().map(|(n, it)| run(n, it)).collect();
            let desired = wants();
            let known = knows(&runs);
            let matter = known.that_matter(desired.tasks.values());
            let few: Vec<RunSeen> = runs.iter().filter(|run| matter.contains(&run.id)).cloned().collect();
            let all = Paid::of(&runs);
            prop_assert_eq!(planned(&desired, few, known.paid()), planned(&desired, runs, all));
        }
    }

    #[test]
    fn who_could_not_start_is_not_tried_at_once_again() {
        let known = Known::default();
        let one = agent("one");
        let moved = AgentConfig { source: source(99), ..one.clone() };
        let mended = AgentConfig { program: vec!["/bin/true".into()], ..one.clone() };
        let later = |minutes| now() + SignedDuration::from_mins(minutes);
        known.judge(&one, Some("no"), now());
        assert_eq!(known.unfit(&moved, later(9)).as_deref(), Some("no"));
        assert_eq!((known.unfit(&mended, now()), known.unfit(&one, later(10))), (None, None));
        known.judge(&one, None, later(1));
        assert_eq!(known.unfit(&one, later(2)), None);
    }

    #[test]
    fn what_matters_is_not_more_with_every_run() {
        let runs: Vec<RunSeen> = (0..500).map(|n| run(n, (n % 3, 1, n % 2, 0, 0))).collect();
        let few = knows(&runs).that_matter(wants().tasks.values());
        assert!(few.len() <= TASKS.len() + AGENTS.len() + 1, "{few:?}");
    }

    /// However many issues there were: what is over for good is neither read again nor looked at.
    #[test]
    fn runs_of_an_issue_matter_until_it_is_settled() {
        let of_issue = |n: usize| {
            let run = run(n, (0, 1, n % 2, 0, 0));
            let subject = Subject::Issue { number: n as u64, phase: Phase::Implement };
            RunSeen { of: RunOf { subject, ..run.of }, ..run }
        };
        let runs: Vec<RunSeen> = (0..100).map(of_issue).collect();
        let (known, repo) = (knows(&runs), name("acme/widgets"));
        let matter = || known.that_matter(wants().tasks.values()).len();
        assert_eq!(matter(), runs.len());
        (0..100).for_each(|number| known.settle(&repo, number));
        assert!(matter() <= AGENTS.len() + 1, "{}", matter());
        assert!(known.unsettled().is_empty());
        assert!(known.reopen(&(repo, 7)));
        assert!(matter() <= AGENTS.len() + 2, "{}", matter());
    }

    /// Puts the records of a run that is over.
    fn put(runs: &Path, run: &RunSeen) -> RunDir {
        let spec = serde_json::json!({
            "id": run.id, "config": "c", "config_commit": null, "purpose": "p",
            "on": { "of": run.of, "url": "u", "base_branch": "main", "base": "ab".repeat(20), "paths": [] },
            "agent": run.agent, "kind": "command", "version": null,
            "work": { "program": [], "prompt": "", "model": null, "begin": { "new": [] }, "schema": null },
            "waits": [], "baseline": crate::model::Usage::default(), "digest": "", "folder": "/f",
            "secrets": [], "home": "/h", "bounds": null,
            "limits": crate::model::Limits::default(), "clocks": crate::model::Clocks::default(),
        });
        let dir = RunDir::of(runs, &run.id);
        dir.create(&serde_json::from_value(spec).unwrap()).unwrap();
        dir.close(run.phase.closed().unwrap()).unwrap();
        dir
    }

    #[test]
    fn what_is_over_is_read_once_and_then_only_where_it_matters() {
        let folder = tempfile::tempdir().unwrap();
        let (runs, known, desired) = (folder.path(), Known::default(), wants());
        let all: Vec<RunSeen> = [(1, 5), (0, 4), (1, 3), (1, 2)]
            .into_iter()
            .enumerate()
            .map(|(n, (version, ago))| run(n, (0, version, 0, 0, ago)))
            .collect();
        let dirs: Vec<RunDir> = all.iter().map(|run| put(runs, run)).collect();
        let read = || seen::read(runs, &known, desired.tasks.values()).map(|(runs, _)| runs);
        let matter = [all[1].clone(), all[3].clone()];
        assert_eq!(read().unwrap(), matter);
        assert_eq!(known.open(runs).unwrap(), []);
        let damage = |n: usize| std::fs::write(dirs[n].dir().join("run.json"), "{").unwrap();
        damage(0);
        assert_eq!(read().unwrap(), matter, "nobody needs that one");
        damage(1);
        assert!(read().is_err(), "what isn't known to have run may be running");
        // A supervisor that counts what the day costs needs none that is known to be of another one.
        let oldest = |hours| known.oldest_of_day(runs, now() + SignedDuration::from_hours(hours)).unwrap();
        assert_eq!((oldest(1), oldest(13)), (Some(all[0].id.clone()), None));
        let fresh = run(9, (1, 0, 0, 0, 0));
        put(runs, &fresh);
        assert_eq!(oldest(13), Some(fresh.id), "nobody knows when it ended");
        // What is gone is forgotten.
        std::fs::remove_dir_all(dirs[3].dir()).unwrap();
        known.open(runs).unwrap();
        assert_eq!(known.of_work(&all[3].of).len(), 2);
    }
}
