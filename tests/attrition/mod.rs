//! Agents, supervisors and daemons are killed at random moments, also all at once, and now and then somebody cleans up:
//! nothing that an agent wrote is lost, nothing stays behind, and what was well goes on.
//!
//! Kills are kills and no power cut: what a process has written, the kernel has.

mod blows;
mod end;
mod work;
pub(crate) mod yard;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use factoryctl::adapters::procs::{self, Identity};
use factoryctl::model::{Outcome, RunId};
use factoryctl::runs::RunDir;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng, SeedableRng};
use rustix::process::Signal;

use crate::sizes;
use crate::tasks::{pulls_in, small};
use crate::world::{Running, World};
use blows::{Blow, Kind, Tally, blows};
use work::Task;
use yard::{At, Seen, Yard, names};

/// Tasks that wait for a run or have one, at least.
const BUSY: usize = 10;
/// Tasks that are given at once.
const GIVEN: usize = 6;
/// How long nothing may come to its end. A run whose supervisor isn't known is given up after a minute.
const PATIENCE: Duration = Duration::from_mins(4);
/// How long a blow waits for the state that it is to hit.
const AIMING: Duration = Duration::from_secs(5);
/// How often the tasks are looked after. A supervisor that was killed rings no bell.
const TENDING: Duration = Duration::from_millis(500);

/// What happened besides kills.
#[derive(Debug, Default)]
struct Counts {
    reaps: u64,
    ended_by_reaps: u64,
    bad_reaps: u64,
    tasks: usize,
    runs: usize,
    killed: usize,
    never_began: usize,
    went_on: usize,
    adopted: usize,
    contents: usize,
    lost: usize,
}

struct Trial<'a> {
    w: &'a World,
    rng: StdRng,
    daemon: Option<Running>,
    yard: Yard,
    /// Tasks that config has.
    open: Vec<Task>,
    /// Runs of which an agent or a supervisor was killed.
    victims: BTreeSet<RunId>,
    /// How often the gates of a run may have been begun in vain.
    unchecked: BTreeMap<RunId, u32>,
    /// Runs that went on when their daemon was killed, and who attended them.
    left_alone: BTreeMap<RunId, Identity>,
    tally: Tally,
    counts: Counts,
    tended: Instant,
    began: Instant,
    /// How many runs were closed, and since when.
    closed: (usize, Instant),
}

#[test]
fn whatever_is_killed_nothing_is_lost_and_nothing_stays() {
    small(|w| {
        work::agents(w);
        // What is done in minutes here is spread over days on GitHub, whose limits are for an hour.
        w.github().mutate(|world| (world.limits.core, world.limits.graphql) = (u64::MAX, u64::MAX));
        let mut trial = Trial {
            w,
            rng: StdRng::seed_from_u64(sizes::seed()),
            daemon: None,
            yard: Yard::default(),
            open: Vec::new(),
            victims: BTreeSet::new(),
            unchecked: BTreeMap::new(),
            left_alone: BTreeMap::new(),
            tally: Tally::default(),
            counts: Counts::default(),
            tended: Instant::now(),
            began: Instant::now(),
            closed: (0, Instant::now()),
        };
        let kills = usize::try_from(sizes::run_kills()).expect("a number of kills");
        trial.give();
        trial.daemon = Some(trial.start());
        for (n, blow) in blows(kills, &mut trial.rng).into_iter().enumerate() {
            trial.strike(blow);
            trial.tell(n + 1);
        }
        // Nobody is killed any more: whatever is done now shows that no slot and no name is taken.
        trial.give();
        trial.until("each task has come to its end", |trial| trial.over().len() == trial.open.len());
        trial.open.clear();
        w.config(&work::config(w, trial.open.iter()));
        trial.until("each workspace has ended with its task", |_| {
            names(&Yard::of(w).expect("there were runs").join("workspaces")).is_empty()
        });
        trial.conclude(kills);
    });
}

impl Trial<'_> {
    /// Tells now and then how far it is.
    #[expect(clippy::print_stdout, reason = "a soak takes long")]
    fn tell(&self, kills: usize) {
        if kills.is_multiple_of(100) {
            println!("{kills} kills in {} s, {} tasks", self.began.elapsed().as_secs(), self.counts.tasks);
        }
    }

    fn start(&self) -> Running {
        self.w.start(&["run", "--fetch-every", "1"])
    }

    /// Lets time pass until somebody could be killed, and kills.
    fn strike(&mut self, blow: Blow) {
        let pause = Duration::from_millis(self.rng.random_range(0..80));
        std::thread::park_timeout(pause);
        let since = Instant::now();
        loop {
            self.tend(true);
            let runs = self.yard.runs(self.w);
            if (self.is_at(blow.at, &runs) || since.elapsed() > AIMING) && self.kill(blow, &runs) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    fn is_at(&self, at: At, runs: &[Rc<Seen>]) -> bool {
        match at {
            At::Making => self.is_making(),
            at => runs.iter().any(|run| run.at == Some(at)),
        }
    }

    fn is_making(&self) -> bool {
        let workspaces = Yard::of(self.w).map(|yard| yard.join("workspaces"));
        let is_there = |dir: &std::path::PathBuf| dir.is_dir();
        workspaces
            .filter(is_there)
            .is_some_and(|dir| names(&dir).iter().any(|name| name.starts_with(".new-")))
    }

    /// Waits for a state in which nobody is killed.
    fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let since = Instant::now();
        while !holds(self) {
            assert!(since.elapsed() < PATIENCE, "in vain: {what}\n{}", self.story());
            self.tend(false);
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }

    /// Looks after the tasks now and then: those that are over make room for others, and now and then somebody cleans up.
    fn tend(&mut self, gives: bool) {
        if self.tended.elapsed() < TENDING {
            return;
        }
        let daemon = self.daemon.as_ref().expect("it was started");
        if Identity::of(daemon.id()).expect("processes can be seen").is_none() {
            let said = daemon.said().concat();
            // Who cleans up while a daemon starts may be the faster one; whoever looks after daemons starts it again.
            let was_late = said.contains("another process holds the lock: `factoryctl reap`");
            assert!(was_late, "the daemon has ended by itself:\n{said}");
            self.end_daemon();
            self.daemon = Some(self.start());
            return;
        }
        let runs = self.yard.runs(self.w);
        let closed = runs.iter().filter(|run| run.closed.is_some()).count();
        if closed > self.closed.0 {
            self.closed = (closed, Instant::now());
        }
        assert!(self.closed.1.elapsed() < PATIENCE, "nothing comes to its end:\n{}", self.story());
        let idle = |task: &&Task| {
            let last = runs.iter().rfind(|run| run.task == task.name);
            last.is_some_and(|run| run.closed.is_some())
        };
        if gives && self.open.iter().filter(|task| !idle(task)).count() < BUSY {
            self.give();
        }
        if self.rng.random_bool(0.1) {
            self.reap();
        }
        if self.rng.random_bool(0.3) {
            drop(self.w.run(&["loop", "tick", "tasks"]));
        }
        self.tended = Instant::now();
    }

    /// Takes what is over out of config, and puts other tasks in.
    fn give(&mut self) {
        let over = self.over();
        self.open.retain(|task| !over.contains(&task.name));
        for _ in 0..GIVEN {
            self.open.push(Task::number(self.counts.tasks));
            self.counts.tasks += 1;
        }
        self.w.config(&work::config(self.w, self.open.iter()));
    }

    /// The tasks that have come to their end: a pull request, or a person's turn.
    fn over(&self) -> BTreeSet<String> {
        let (runs, pulls) = (self.yard.runs(self.w), pulls_of(self.w));
        let is_over = |task: &&Task| {
            let of_task: Vec<_> = runs.iter().filter(|run| run.task == task.name).collect();
            let closed: Option<Vec<_>> = of_task.iter().map(|run| run.closed.as_ref()).collect();
            let Some(closed) = closed else { return false };
            let in_vain = closed.iter().rev().take_while(|closed| closed.outcome == Outcome::Killed).count();
            let burnt = closed.iter().filter(|closed| closed.outcome.burns_attempt()).count();
            match closed.last().map(|closed| (closed, &closed.outcome)) {
                Some((_, Outcome::Killed)) => in_vain >= 3,
                Some((_, Outcome::Done)) => {
                    pulls.iter().any(|branch| branch.starts_with(&format!("factory/task/{}-", task.name)))
                }
                // It is to go on, and is told what is missing, three times at most.
                Some((closed, _)) if task.has_session() && closed.lacks.is_some() => burnt > 3,
                Some(_) => true,
                None => false,
            }
        };
        self.open.iter().filter(is_over).map(|task| task.name.clone()).collect()
    }

    /// Kills somebody, if there is anybody and a run is at work; whether it did.
    fn kill(&mut self, blow: Blow, runs: &[Rc<Seen>]) -> bool {
        let attended: Vec<_> =
            runs.iter().filter(|run| run.supervisor.is_some() || run.checker.is_some()).collect();
        let aimed = |run: &&Rc<Seen>| run.at == Some(blow.at);
        let drawn = |all: Vec<Rc<Seen>>, rng: &mut StdRng| {
            let best: Vec<_> = all.iter().filter(aimed).cloned().collect();
            if best.is_empty() { all.choose(rng).cloned() } else { best.choose(rng).cloned() }
        };
        match blow.kind {
            Kind::Agent => {
                let all =
                    attended.iter().filter(|run| run.agent.is_some()).map(|run| Rc::clone(run)).collect();
                let Some(run) = drawn(all, &mut self.rng) else { return false };
                self.victims.insert(run.id.clone());
                self.hits(run.agent.as_ref(), blow.kind, &run)
            }
            Kind::Supervisor => {
                let all = attended.iter().map(|run| Rc::clone(run)).collect();
                let Some(run) = drawn(all, &mut self.rng) else { return false };
                match &run.checker {
                    Some(checker) => {
                        *self.unchecked.entry(run.id.clone()).or_default() += 1;
                        self.hits(Some(checker), blow.kind, &run)
                    }
                    None => {
                        self.victims.insert(run.id.clone());
                        self.hits(run.supervisor.as_ref(), blow.kind, &run)
                    }
                }
            }
            Kind::Daemon | Kind::AllAtOnce if attended.is_empty() => false,
            Kind::Daemon => {
                self.tally.add(blow.kind, self.going_on(runs));
                self.end_daemon();
                let still = self.yard.runs(self.w);
                self.begin_checks_in_vain(&still);
                let supervised =
                    still.iter().filter_map(|run| Some((run.id.clone(), run.supervisor.clone()?)));
                self.left_alone.extend(supervised);
                self.begin_again();
                true
            }
            Kind::AllAtOnce => {
                self.tally.add(blow.kind, self.going_on(runs));
                self.kill_all(runs);
                self.begin_again();
                true
            }
        }
    }

    fn hits(&mut self, process: Option<&Identity>, kind: Kind, run: &Seen) -> bool {
        let killed = process.is_some_and(|process| process.signal(Signal::KILL).expect("it can be killed"));
        if killed {
            self.tally.add(kind, run.at);
        }
        killed
    }

    /// All that is going on.
    fn going_on(&self, runs: &[Rc<Seen>]) -> BTreeSet<At> {
        let making = self.is_making().then_some(At::Making);
        runs.iter().filter_map(|run| run.at).chain(making).collect()
    }

    /// Gates whose process was being started when who started it was killed.
    fn begin_checks_in_vain(&mut self, runs: &[Rc<Seen>]) {
        for run in runs.iter().filter(|run| run.at == Some(At::Checking)) {
            *self.unchecked.entry(run.id.clone()).or_default() += 1;
        }
    }

    fn kill_all(&mut self, runs: &[Rc<Seen>]) {
        let daemon = self.daemon.as_ref().expect("it runs").id();
        let helpers = procs::descendants(daemon).expect("processes can be listed");
        let of_run = |run: &Rc<Seen>| [run.supervisor.clone(), run.agent.clone(), run.checker.clone()];
        let noted = runs.iter().flat_map(of_run).flatten();
        // By their numbers and at once: nobody of them is waited for meanwhile.
        let all: Vec<Identity> = helpers
            .into_iter()
            .filter_map(|pid| Identity::of(pid).expect("processes can be seen"))
            .chain(noted)
            .collect();
        self.end_daemon();
        for process in &all {
            process.signal(Signal::KILL).expect("it can be killed");
        }
        self.victims.extend(runs.iter().filter(|run| run.supervisor.is_some()).map(|run| run.id.clone()));
        // Those that were only beginning are known by now, if they ever are.
        self.begin_checks_in_vain(&self.yard.runs(self.w));
        let dirs = Yard::of(self.w).map(|yard| RunDir::all(&yard.join("runs")).expect("they can be read"));
        for (run, dir) in dirs.into_iter().flatten() {
            let noted = dir.processes().expect("it can be read");
            if noted.is_some_and(|noted| all.contains(&noted.supervisor)) {
                self.victims.insert(run);
            }
        }
    }

    fn end_daemon(&mut self) {
        let daemon = self.daemon.take().expect("it runs");
        daemon.signal(Signal::KILL);
        drop(daemon.finish(PATIENCE));
    }

    /// Starts another daemon, sometimes after somebody has cleaned up.
    fn begin_again(&mut self) {
        if self.rng.random_bool(0.3) {
            self.reap();
        }
        self.daemon = Some(self.start());
    }

    /// Cleans up, whether or not a daemon runs. Whose supervisor nobody killed may not be ended by that.
    fn reap(&mut self) {
        self.counts.reaps += 1;
        let reaped = self.w.run(&["reap", "--json"]);
        // A daemon that has the lock and no heartbeat yet.
        if reaped.code == 8 {
            return;
        }
        assert_eq!(reaped.code, 0, "{}", reaped.all());
        let document = reaped.json();
        let runs = Yard::of(self.w).map(|yard| yard.join("runs"));
        for ended in document["ended"].as_array().expect("a list") {
            let run = ended["run"].as_str().and_then(RunId::parse).expect("a run");
            let dir = RunDir::of(runs.as_ref().expect("there are runs"), &run);
            // A daemon that was killed right before it started the supervisor has left nobody who could attend it.
            let strays = dir.ended().expect("it can be read").expect("it was ended").strays;
            let noted = dir.processes().expect("it can be read");
            let was_attended = noted.is_some_and(|by| by.supervisor != Identity::nobody()) || strays > 0;
            self.counts.ended_by_reaps += 1;
            self.counts.bad_reaps += u64::from(was_attended && !self.victims.contains(&run));
        }
    }

    /// For messages: what is known of each run of what is open.
    fn story(&self) -> String {
        let runs = self.yard.runs(self.w);
        let is_open = |run: &&Rc<Seen>| self.open.iter().any(|task| task.name == run.task);
        let tell = |run: &Rc<Seen>| {
            let closed = run.closed.as_ref().map(|closed| format!("{}: {}", closed.outcome, closed.says));
            format!("{} {} {:?} {closed:?}\n", run.task, run.id, run.at)
        };
        let told: String = runs.iter().filter(is_open).map(tell).collect();
        let daemon = self.daemon.as_ref().map_or_else(String::new, |daemon| daemon.said().concat());
        format!("{}{told}{}\n{daemon}", self.tally, self.w.run(&["status"]).all())
    }
}

fn pulls_of(w: &World) -> Vec<String> {
    let of = |repo| pulls_in(w, repo).into_iter().map(|(_, branch)| branch);
    of("anvil").chain(of("bellows")).collect()
}
