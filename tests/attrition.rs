//! Agents, supervisors and daemons are killed at random moments, also all at once, and now and then somebody cleans up:
//! nothing that an agent wrote is lost, nothing stays behind, and what was well goes on.
//!
//! Kills are kills and no power cut: what a process has written, the kernel has.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use factoryctl::adapters::procs::{self, Identity};
use factoryctl::model::{Closed, Outcome, RunId};
use factoryctl::runs::{MARK, Processes, RunDir, State};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng, SeedableRng};
use rustix::process::Signal;

use crate::sizes;
use crate::tasks::{pulls_in, small};
use crate::world::{Running, World};

/// Tasks that are there at the same time.
const TASKS: usize = 10;
/// Kills before other tasks take the place of those.
const KILLS: u64 = 16;
/// Far beyond what a handful of tasks takes, one that waits until its supervisor is known to have never begun included.
const PATIENCE: Duration = Duration::from_mins(4);
/// What the agents do, one after the other. `put` tells of a content after it is in the workspace.
const AGENT: &str = r#"
put() { printf '%s' "$FACTORY_RUN $1 of $$" > "file-$1" && printf '%s\n' "$FACTORY_RUN $1 of $$" >> "$TOLD/$FACTORY_RUN"; }
keep() { git add . && git commit -q -m "$1"; }
rest() { sleep "0.0$(( $$ % 9 + 1 ))"; }
echo on
case "$(head -n 1)" in
*0) put a; rest; keep a; rest; put b; keep b; rest; echo done;;
*1) put a; git add .; rest; put b; rest; echo more >> README.md; rest;;
*2) put a; keep a; rest; put b; git add .; git stash -q; rest; put c; git stash -q -u; rest; put d; rest; keep d;;
*3) setsid sleep 600 & env -i sleep 600 & put a; rest; keep a; rest; put b; rest; keep b;;
*4) git switch -q -c side; put a; rest; keep a; git switch -q -; rest; put b; keep b; rest; git checkout -q --detach; put c; keep c; rest;;
*5) put a; keep a; rest; put b; git add .; git commit -q --amend -m ab; rest; put c; rest; mkdir -p d/e; mv file-c d/e; rest;;
*6) put a; rest; mkdir sub; cd sub; git init -q; put b; rest; cd ..; put c; rest; git rm -q README.md; keep c; rest;;
*8) put a; rest; sleep 0.5; keep a; rest; git reset -q --hard HEAD~1; rest; put b; rest;;
*9) i=0; while [ $i -lt 200 ]; do put $i; i=$((i + 1)); done; keep all; rest; put last; keep last;;
*7) i=0; while [ $i -lt 12 ]; do put $i; rest; i=$((i + 1)); done; keep all;;
esac
"#;

/// What is known of a run.
struct Seen {
    id: RunId,
    task: String,
    state: State,
    closed: Option<Closed>,
}

/// What happened.
#[derive(Debug, Default)]
struct Counts {
    agents: u64,
    supervisors: u64,
    daemons: u64,
    all_at_once: u64,
    reaps: u64,
    ended_by_reaps: u64,
    bad_reaps: u64,
    runs: usize,
    killed: usize,
    adopted: usize,
    contents: usize,
    lost: usize,
}

struct Trial<'a> {
    w: &'a World,
    rng: StdRng,
    daemon: Option<Running>,
    /// Runs of which an agent or a supervisor was killed.
    victims: BTreeSet<RunId>,
    /// Runs that went on when their daemon was killed, and who attended them.
    left_alone: BTreeMap<RunId, Identity>,
    counts: Counts,
    wave: usize,
    /// Every file of records that was seen, so that none disappears.
    known: RefCell<BTreeSet<RunId>>,
}

#[test]
fn whatever_is_killed_nothing_is_lost_and_nothing_stays() {
    small(|w| {
        std::fs::create_dir(w.path("told")).expect("it is new");
        std::fs::write(w.path("agent"), AGENT).expect("it is new");
        let mut trial = Trial {
            w,
            rng: StdRng::seed_from_u64(sizes::seed()),
            daemon: None,
            victims: BTreeSet::new(),
            left_alone: BTreeMap::new(),
            counts: Counts::default(),
            wave: 0,
            known: RefCell::default(),
        };
        let mut left = sizes::run_kills();
        while left > 0 {
            let kills = left.min(KILLS);
            left -= trial.wave(kills);
        }
        // Nobody is killed any more: whatever is done now shows that no slot and no name is taken.
        trial.wave(0);
        trial.conclude();
    });
}

impl Trial<'_> {
    /// Other tasks, and so many kills while they are done; how many there were. All tasks reach an end.
    fn wave(&mut self, kills: u64) -> u64 {
        self.wave += 1;
        let began = Instant::now();
        self.w.config(&self.config());
        self.daemon.get_or_insert_with(|| self.w.start(&["run", "--fetch-every", "1"]));
        let mut n = 0;
        let mut looked = Instant::now();
        while !self.is_over() {
            assert!(began.elapsed() < PATIENCE, "wave {} never ends:\n{}", self.wave, self.story());
            if n < kills {
                let pause = Duration::from_millis(self.rng.random_range(5..150));
                std::thread::park_timeout(pause);
                n += u64::from(self.kill());
            } else {
                std::thread::park_timeout(Duration::from_millis(50));
            }
            if self.rng.random_bool(0.03) {
                self.reap();
            }
            // A supervisor that was killed rings no bell.
            if looked.elapsed() > Duration::from_secs(2) {
                looked = Instant::now();
                drop(self.w.run(&["loop", "tick", "tasks"]));
            }
        }
        n
    }

    fn config(&self) -> String {
        let (wave, told) = (self.wave, self.w.path("told").display().to_string());
        let agent = self.w.path("agent").display().to_string();
        let mut text = format!(
            "factory \"acme\"\ncaps runs=5 runs-per-repo=3\nrepo \"acme/anvil\"\nrepo \"acme/bellows\"\n\
             agent \"smith\" kind=\"command\" sandbox=#false {{ program \"/bin/sh\" {agent:?}; var \"TOLD\" value={told:?}; }}\n"
        );
        for n in 0..TASKS {
            let repo = ["anvil", "bellows"][n % 2];
            text.push_str(&format!(
                "task \"t{wave}-{n}\" repo=\"acme/{repo}\" {{ prompt \"Task {wave}-{n}\"; agents \"smith\"; attempts 1; }}\n"
            ));
        }
        text
    }

    /// Where runs lie, once there are any.
    fn yard(&self) -> Option<PathBuf> {
        let home = self.w.path("home/state/factoryctl");
        let dirs = home.read_dir().ok()?.flatten().map(|entry| entry.path());
        let is_yard =
            |dir: &PathBuf| dir.file_name().is_some_and(|n| n.to_string_lossy().starts_with("runs-"));
        dirs.into_iter().find(is_yard)
    }

    fn runs(&self) -> Vec<Seen> {
        let Some(yard) = self.yard() else { return Vec::new() };
        let mut out = Vec::new();
        for (id, dir) in RunDir::all(&yard.join("runs")).expect("they can be read") {
            // One that has its folder and nothing in it yet.
            let Some(spec) = dir.spec().expect("it can be read") else { continue };
            self.known.borrow_mut().insert(id.clone());
            let (state, closed) = (dir.state().expect("known"), dir.closed().expect("it can be read"));
            out.push(Seen { id, task: spec.on.expect("of a task").of.task, state, closed });
        }
        out
    }

    fn at_work(&self) -> Vec<(RunId, Processes)> {
        let all = self.runs().into_iter();
        all.filter_map(|run| match run.state {
            State::Runs(processes) => Some((run.id, processes)),
            State::Planned | State::Interrupted(_) | State::Ended(_) => None,
        })
        .collect()
    }

    /// Whether each task of this wave has come to its end: a pull request, or a person's turn.
    fn is_over(&self) -> bool {
        let runs = self.runs();
        let pulls = pulls_of(self.w);
        (0..TASKS).all(|n| {
            let task = format!("t{}-{n}", self.wave);
            let of_task: Vec<&Seen> = runs.iter().filter(|run| run.task == task).collect();
            let Some(last) = of_task.last() else { return false };
            let closed: Option<Vec<&Closed>> = of_task.iter().map(|run| run.closed.as_ref()).collect();
            let Some(closed) = closed else { return false };
            let in_vain = closed.iter().rev().take_while(|closed| closed.outcome == Outcome::Killed).count();
            match last.closed.as_ref().map(|closed| &closed.outcome) {
                Some(Outcome::Killed) => in_vain >= 3,
                Some(Outcome::Done) => {
                    pulls.iter().any(|branch| branch.starts_with(&format!("factory/task/{task}-")))
                }
                Some(_) => true,
                None => false,
            }
        })
    }

    /// Kills somebody, if there is anybody; whether it did.
    fn kill(&mut self) -> bool {
        let at_work = self.at_work();
        match self.rng.random_range(0..10) {
            0..4 => {
                let Some((run, Processes { agent: Some(agent), .. })) = at_work.choose(&mut self.rng) else {
                    return false;
                };
                self.victims.insert(run.clone());
                self.counts.agents += 1;
                agent.signal(Signal::KILL).expect("it can be killed")
            }
            4..7 => {
                let Some((run, processes)) = at_work.choose(&mut self.rng) else { return false };
                self.victims.insert(run.clone());
                self.counts.supervisors += 1;
                processes.supervisor.signal(Signal::KILL).expect("it can be killed")
            }
            7..9 => {
                self.counts.daemons += 1;
                self.end_daemon();
                for (run, processes) in self.at_work() {
                    self.left_alone.insert(run, processes.supervisor);
                }
                self.begin_again();
                true
            }
            _ => {
                self.counts.all_at_once += 1;
                let daemon = self.daemon.as_ref().expect("it runs").id();
                let helpers = procs::descendants(daemon).expect("processes can be listed");
                let all = helpers.into_iter().chain(at_work.iter().flat_map(|(_, processes)| {
                    let agent = processes.agent.as_ref().map(|agent| agent.pid);
                    [Some(processes.supervisor.pid), agent].into_iter().flatten()
                }));
                // By their numbers and at once: nobody of them is waited for meanwhile.
                let all: Vec<Identity> =
                    all.filter_map(|pid| Identity::of(pid).expect("processes can be seen")).collect();
                self.end_daemon();
                for process in &all {
                    process.signal(Signal::KILL).expect("it can be killed");
                }
                self.victims.extend(at_work.into_iter().map(|(run, _)| run));
                // Those that were only beginning are known by now, if they ever are.
                let runs = self.yard().map(|yard| RunDir::all(&yard.join("runs")).expect("they can be read"));
                for (run, dir) in runs.into_iter().flatten() {
                    let noted = dir.processes().expect("it can be read");
                    if noted.is_some_and(|noted| all.contains(&noted.supervisor)) {
                        self.victims.insert(run);
                    }
                }
                self.begin_again();
                true
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
        if self.rng.random_bool(0.5) {
            self.reap();
        }
        self.daemon = Some(self.w.start(&["run", "--fetch-every", "1"]));
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
        for ended in document["ended"].as_array().expect("a list") {
            let run = ended["run"].as_str().and_then(RunId::parse).expect("a run");
            self.counts.ended_by_reaps += 1;
            self.counts.bad_reaps += u64::from(!self.victims.contains(&run));
        }
    }

    #[expect(clippy::print_stdout, reason = "what was counted is what a soak is for")]
    fn conclude(mut self) {
        self.daemon
            .take()
            .inspect(|daemon| daemon.signal(Signal::TERM))
            .map(|daemon| daemon.finish(PATIENCE));
        let reaped = self.w.run(&["reap", "--json"]).exits(0).json();
        assert_eq!(reaped["healthy"], serde_json::json!([]), "{reaped:#}");
        self.w.run(&["ledger", "verify"]).exits(0);
        let (runs, yard) = (self.runs(), self.yard().expect("there were runs"));
        for run in &runs {
            let closed = run.closed.as_ref();
            let closed = closed
                .unwrap_or_else(|| panic!("run {} of {} is not closed\n{}", run.id, run.task, self.story()));
            assert!(
                closed.outcome != Outcome::Killed || self.victims.contains(&run.id),
                "nobody killed run {} of {}: {}",
                run.id,
                run.task,
                closed.says
            );
            assert_eq!(
                procs::marked(MARK, run.id.as_str()).expect("processes can be seen"),
                [],
                "{}",
                run.id
            );
            self.counts.killed += usize::from(closed.outcome == Outcome::Killed);
        }
        for (run, supervisor) in self.left_alone.iter().filter(|(run, _)| !self.victims.contains(run)) {
            let noted = RunDir::of(&yard.join("runs"), run).processes().expect("it can be read");
            assert_eq!(noted.map(|noted| noted.supervisor).as_ref(), Some(supervisor), "run {run}");
            self.counts.adopted += 1;
        }
        self.counts.runs = runs.len();
        let there: BTreeSet<RunId> = runs.into_iter().map(|run| run.id).collect();
        assert_eq!(there, *self.known.borrow(), "records of runs have disappeared");
        for home in names(&yard.join("homes")) {
            assert!(
                RunId::parse(&home).is_some_and(|run| there.contains(&run)),
                "the home {home} is nobody's"
            );
        }
        for workspace in names(&yard.join("workspaces")) {
            assert!(!workspace.starts_with('.'), "the workspace {workspace} is half made or half removed");
        }
        let lost = self.lost(&yard);
        println!("seed {}: {:?}", sizes::seed(), self.counts);
        assert_eq!((self.counts.bad_reaps, lost), (0, Vec::<String>::new()), "seed {}", sizes::seed());
    }

    /// Contents that agents told of and that no reference of a run leads to.
    fn lost(&mut self, yard: &Path) -> Vec<String> {
        let mut kept = BTreeSet::new();
        for repo in ["anvil", "bellows"] {
            let mirror = yard.join(format!("mirrors/acme/{repo}.git")).display().to_string();
            let objects = ["rev-list", "--objects", "--glob=refs/runs", "--glob=refs/factory/salvage"];
            let listed = self.w.git(&[&["--git-dir", &mirror], &objects[..]].concat());
            kept.extend(listed.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned));
        }
        let mut lost = Vec::new();
        let content = self.w.path("tmp/content");
        for run in names(&self.w.path("told")) {
            let told = std::fs::read_to_string(self.w.path("told").join(&run)).expect("it can be read");
            for line in told.lines() {
                std::fs::write(&content, line).expect("it can be written");
                let id = self.w.git(&["hash-object", &content.display().to_string()]);
                self.counts.contents += 1;
                if !kept.contains(id.trim()) {
                    lost.push(line.to_owned());
                }
            }
        }
        std::fs::remove_file(&content).expect("something was told");
        self.counts.lost = lost.len();
        lost
    }

    /// For messages: what is known of each run of this wave.
    fn story(&self) -> String {
        let wave = format!("t{}-", self.wave);
        let of_wave = self.runs().into_iter().filter(|run| run.task.starts_with(&wave));
        let tell = |run: Seen| {
            let closed = run.closed.map(|closed| format!("{}: {}", closed.outcome, closed.says));
            format!("{} {} {:?} {closed:?}\n", run.task, run.id, run.state)
        };
        let status = self.w.run(&["status"]);
        format!("{}{}", of_wave.map(tell).collect::<String>(), status.all())
    }
}

fn pulls_of(w: &World) -> Vec<String> {
    let of = |repo| pulls_in(w, repo).into_iter().map(|(_, branch)| branch);
    of("anvil").chain(of("bellows")).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let entries = dir.read_dir().unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
