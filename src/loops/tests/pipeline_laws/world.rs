//! A world without requests and processes: issues, pull requests and runs as plain values, how they are read, and what a fresh
//! look at one of them shows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::loops::vocabulary;
use crate::model::samples::{name, now};
use crate::model::{
    Action, AllPassedOver, Begun, BranchSeen, Case, Closed, CommitId, ConfigFile, ConfigFiles, Desired,
    Effect, Elsewhere, FileChange, LabelName, LabelOn, MergeQueue, Mergeable, Observed, Paid, Past, PastPlay,
    Permission, Pipeline, Produced, PullCase, Push, Ran, RepoName, RunId, RunOf, RunSeen, Seen, StartRun,
    StopRun, Subject,
};
use crate::pipeline::{Station, View, station};
use crate::work;

/// The factory's own login.
pub(super) const BOT: &str = "factory-bot";
/// The machine that the factory is on.
const HERE: &str = "here";
/// The login of the factory's reviewer.
pub(super) const CRITIC: &str = "factory-critic[bot]";
/// Who may steer, and who may not.
pub(super) const PEOPLE: [&str; 2] = ["alice", "mallory"];

const CONFIG: &str = r#"factory "acme"
github { identity "reviewer" kind="app" id=5 key="env:KEY"; }
agent "smith" kind="codex"
agent "helper" kind="command" { program "/bin/true"; }
caps { runs 3; runs-per-repo 2; }
merge-policy "green" { mode "on-green"; require-checks "ci"; }
merge-policy "seen" { mode "on-green-with-review"; require-checks "ci"; }
pipeline "long" {
    intake "factory"
    agents "smith" "helper"
    merge-policy "green"
    judges "ci/**"
    waiting-pulls 1
    advisor "pre-flight" { reworked #true; paths "lib/**"; }
    advisor "mid-flight" consults=2
    advisor "post-verify"
}
pipeline "short" { intake "factory"; agents "helper" "smith"; merge-policy "seen"; phases; route-backs 2; }
pipeline "judged" {
    intake "factory"
    agents "smith" "helper"
    merge-policy "seen"
    phases "review"
    advisor "pre-flight"
    advisor "mid-flight" consults=1
    advisor "post-verify" authority="advice"
}
repo "acme/anvil" { pipeline "long"; }
repo "acme/bolt" { pipeline "short"; }
repo "acme/clamp" { pipeline "judged"; }
"#;

/// An issue.
pub(in crate::loops::tests) type Key = (RepoName, u64);

/// All that there is.
pub(in crate::loops::tests) struct World {
    pub(in crate::loops::tests) desired: Desired,
    pub(in crate::loops::tests) now: Timestamp,
    pub(in crate::loops::tests) cases: BTreeMap<Key, Case>,
    pub(super) runs: Vec<RunSeen>,
    /// The runs of machines that are lost.
    pub(super) gone: Vec<RunSeen>,
    /// What the ledger has of those.
    pub(super) ran: Ran,
    /// What each run was started with.
    pub(super) started: BTreeMap<RunId, StartRun>,
    /// The runs that were asked to end.
    pub(super) stopped: BTreeSet<RunId>,
    /// Issues of which people changed their commands, their text or their pull request since the last look.
    pub(super) steered: BTreeSet<Key>,
    /// What happened, in words.
    pub(super) log: Vec<String>,
    /// The advisors that were passed over.
    pub(super) passed: AllPassedOver,
    pub(super) rng: StdRng,
    /// Whether actions are carried out whatever the look before them shows.
    pub(super) careless: bool,
    /// How many of a hundred pull requests are for a branch with a merge queue.
    pub(super) queues: u32,
    next: u64,
}

/// A run, as the ledger has it.
fn past(run: &RunSeen, closed: &Closed, work: String) -> Past {
    let produced = Produced {
        says: closed.says.clone(),
        answer: closed.answer.clone(),
        typed: closed.typed.clone(),
        base: closed.base.clone(),
        commit: closed.commit.clone(),
    };
    let play = run.of.play.clone().expect("it goes by a playbook");
    let (prompt, continues) = (run.prompt.clone(), run.of.continues.clone());
    Past {
        run: run.id.clone(),
        work,
        attempt: run.of.attempt,
        agent: run.agent.clone(),
        account: run.billed.account.clone(),
        outcome: closed.outcome.clone(),
        at: closed.at,
        used: run.billed.used,
        cost: run.billed.cost,
        answer: None,
        play: Some(Box::new(PastPlay { play, prompt, continues, produced })),
    }
}

/// The config of these worlds.
pub(in crate::loops::tests) fn desired() -> Desired {
    let mut files = ConfigFiles::default();
    files.files.push(ConfigFile { path: "factory.kdl".into(), bytes: CONFIG.into() });
    let vocabulary = vocabulary("2026-06-01".parse().unwrap());
    crate::desired::load(&files, &vocabulary).unwrap_or_else(|all| panic!("{all:?}")).0
}

impl World {
    pub(in crate::loops::tests) fn new(desired: &Desired, seed: u64) -> Self {
        let mut world = Self {
            desired: desired.clone(),
            now: now(),
            cases: BTreeMap::new(),
            runs: Vec::new(),
            gone: Vec::new(),
            ran: Ran::of(HERE),
            started: BTreeMap::new(),
            stopped: BTreeSet::new(),
            steered: BTreeSet::new(),
            log: Vec::new(),
            passed: AllPassedOver::default(),
            rng: StdRng::seed_from_u64(seed),
            careless: false,
            queues: 0,
            next: 100,
        };
        for (repo, number) in [("acme/anvil", 7), ("acme/anvil", 8), ("acme/bolt", 7), ("acme/clamp", 7)] {
            world.open(repo, number);
        }
        if world.chance(20) {
            world.case(&(name("acme/anvil"), 8)).blocked_by.insert(7);
        }
        world
    }

    fn open(&mut self, repo: &str, number: u64) {
        let case = Case {
            repo: name(repo),
            number,
            title: format!("Hone the thing {number}"),
            body: "It should be sharp, so that one can cut with it. Done when a test shows that it cuts."
                .into(),
            author: "carol".into(),
            open: true,
            opened: self.now,
            edited: None,
            labels: BTreeMap::new(),
            assignees: BTreeMap::new(),
            comments: Vec::new(),
            blocked_by: BTreeSet::new(),
            dependencies: BTreeMap::new(),
            branch: None,
            parent: None,
            children: BTreeMap::new(),
            rejected_children: BTreeSet::new(),
            found: None,
            reopened: false,
            rejected: false,
            renamed: None,
            pulls: Vec::new(),
        };
        let key = (case.repo.clone(), number);
        self.cases.insert(key.clone(), case);
        self.label(&key, "factory", PEOPLE[0]);
    }

    /// Whether something that happens so often in a hundred times happens now.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    /// One of these.
    pub(super) fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.rng.random_range(0..all.len())].clone()
    }

    /// A number that nothing has yet.
    pub(super) fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// A commit that nobody has made yet.
    pub(super) fn commit(&mut self) -> CommitId {
        CommitId::parse(&format!("{:040x}", self.fresh())).unwrap()
    }

    pub(super) fn passes(&mut self, time: SignedDuration) {
        self.now += time;
    }

    pub(super) fn case(&mut self, key: &Key) -> &mut Case {
        self.cases.get_mut(key).expect("no issue is ever gone")
    }

    /// The open pull request of an issue.
    pub(super) fn pull(&mut self, key: &Key) -> Option<&mut PullCase> {
        self.case(key).pulls.first_mut().filter(|pull| pull.open)
    }

    pub(super) fn label(&mut self, key: &Key, label: &str, by: &str) {
        let (name, at) = (LabelName::observed(label), self.now);
        let on = LabelOn { name: name.clone(), by: Some((by.to_owned(), at)) };
        self.case(key).labels.entry(name.key()).or_insert(on);
    }

    /// A pull request of this head that was just opened.
    pub(super) fn opened(&mut self, head: CommitId, title: &str, base: &str) -> PullCase {
        let base_head = self.commit();
        let path = if self.chance(20) { "ci/test.sh" } else { "lib/edge.rs" };
        let queue = self.chance(self.queues).then(MergeQueue::default);
        let files = vec![FileChange { path: path.to_owned(), was: Seen::Absent, additions: 9, deletions: 1 }];
        let pushed = Push { before: None, after: Some(head.clone()), by: BOT.to_owned() };
        PullCase {
            number: self.fresh(),
            title: title.to_owned(),
            open: true,
            own: true,
            author: BOT.into(),
            closed: None,
            landed: None,
            draft: false,
            tree: Some(format!("tree of {head}")),
            branch: Some(BranchSeen { repository: "R_1".into(), head: head.clone() }),
            head,
            pushes: Seen::Known(vec![pushed]),
            base: base.to_owned(),
            base_head: Some(base_head),
            behind: Some(0),
            ahead: Some(1),
            forced: Vec::new(),
            carries: Seen::Absent,
            mergeable: Mergeable::Yes,
            queue,
            labels: BTreeSet::new(),
            checks: Seen::Known(Vec::new()),
            reviews: Seen::Known(Vec::new()),
            threads: Seen::Known(Vec::new()),
            files: Seen::Known(files),
            opened: self.now,
            head_at: Some(self.now),
        }
    }

    /// The pull request of an issue has another head.
    pub(super) fn push(&mut self, key: &Key, head: CommitId, by: &str) {
        let now = self.now;
        if let Some(pull) = self.pull(key) {
            pull.tree = Some(format!("tree of {head}"));
            super::queue::pushed(pull, by, now);
            pull.branch = Some(BranchSeen { repository: "R_1".into(), head: head.clone() });
            let before = std::mem::replace(&mut pull.head, head.clone());
            let pushed = Push { before: Some(before), after: Some(head), by: by.to_owned() };
            if let Seen::Known(pushes) = &mut pull.pushes {
                pushes.insert(0, pushed);
            }
            pull.head_at = Some(now);
            (pull.behind, pull.mergeable, pull.checks) = (Some(0), Mergeable::Yes, Seen::Known(Vec::new()));
        }
    }

    /// Every run that there ever was, oldest first.
    pub(super) fn every_run(&self) -> Vec<&RunSeen> {
        let mut all: Vec<&RunSeen> = self.gone.iter().chain(&self.runs).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// All records of runs are lost with their machine; another one goes on by what the ledger has.
    pub(super) fn loses_its_records(&mut self) {
        for run in std::mem::take(&mut self.runs) {
            let address = run.of.subject.address(&run.of.repo);
            let at = run.id.moment().expect("it has one");
            let (work, attempt) = (run.of.version.clone(), run.of.attempt);
            let machine = "lost".to_owned();
            self.ran.begin(&address, Begun { work: work.clone(), attempt, by: "ann".into(), machine, at });
            if let Some(closed) = run.phase.closed() {
                let past = |work| past(&run, closed, work);
                self.ran.end(&address, Some(&work), past, attempt);
            }
            self.gone.push(run);
        }
        self.log.push("the machine is lost, with all its records".to_owned());
    }

    /// A complete reading.
    pub(in crate::loops::tests) fn observed(&self) -> Observed {
        let mut observed = Observed {
            at: Some(self.now),
            runs: self.runs.clone(),
            knows_runs: true,
            paid: Paid::of(&self.runs),
            ..Observed::default()
        };
        observed.cases.all =
            self.cases.iter().map(|(key, case)| (key.clone(), Seen::Known(case.clone()))).collect();
        let repos = || self.desired.pipelines.of_repo.keys();
        let none = |_: &RepoName, _: &Subject| BTreeSet::new();
        observed.elsewhere = Elsewhere {
            runs: self.ran.left_elsewhere(repos(), none, HERE, self.now),
            begun: self.ran.issues_elsewhere(repos(), HERE, self.now),
        };
        observed.cases.passed = self.passed.clone();
        observed.cases.own.insert("acme".into(), BOT.into());
        observed.cases.reviewer = Some(CRITIC.into());
        for repo in self.desired.pipelines.of_repo.keys() {
            for (login, may) in PEOPLE.into_iter().zip([Permission::Write, Permission::Read]) {
                observed.cases.permissions.insert((repo.clone(), login.to_owned()), Seen::Known(may));
            }
        }
        observed
    }

    /// Where an issue stands by a reading.
    pub(in crate::loops::tests) fn stands<T>(
        &self,
        key: &Key,
        observed: &Observed,
        of: impl FnOnce(&View<'_>, Station) -> T,
    ) -> T {
        let cx = work::Cx { desired: &self.desired, observed, now: self.now };
        let pipeline = self.desired.pipelines.of(&key.0).expect("each repository has one");
        let view = View::of(cx, pipeline, &self.cases[key]);
        let at = station(&view);
        of(&view, at)
    }

    /// What a look right before an action shows, as [`crate::apply::Writer::look`] reads it.
    pub(super) fn look(&self, action: &Action) -> Value {
        let case = |number: u64| &self.cases[&(action.effect.repo().clone(), number)];
        #[expect(clippy::wildcard_enum_match_arm, reason = "the loop does nothing else")]
        match &action.effect {
            Effect::StartRun(start) => {
                let watched = start.watched.as_ref().expect("the issue of a run is looked at first");
                watched.beside(self.last_run(&start.of), case(watched.number).stamp(watched))
            }
            Effect::OpenPull(pull) => {
                let watched = pull.watched.as_ref().expect("the issue of a pull request is looked at first");
                let case = case(watched.number);
                let value = |it: &PullCase| {
                    let branch = Pipeline::branch(case.number);
                    json!({ "branch": branch, "commit": it.head.as_str(), "base": it.base })
                };
                watched.beside(case.pull().map_or(Value::Null, value), case.stamp(watched))
            }
            Effect::Tell(tell) => tell.value(case(tell.watched.number)),
            Effect::PassOver(it) => {
                let case = case(it.watched.number);
                let is_there = self.passed.of(&it.repo, case.number).contains(&it.passed);
                if is_there { it.done(case) } else { it.value(case) }
            }
            Effect::Merge(it) => it.value(case(it.watched.number), &[]),
            Effect::Enqueue(it) => it.value(case(it.watched.number), &[]),
            Effect::Dequeue(it) => it.value(case(it.watched.number)),
            Effect::Reply(it) => it.value(case(it.watched.number)),
            Effect::Review(it) => it.value(case(it.watched.number)),
            Effect::UpdateBranch { head, watched, .. } => case(watched.number).update(head, watched),
            Effect::StopRun(stop) => {
                let at_work = |run: &&RunSeen| run.id == stop.run && run.phase.takes_a_slot();
                let asked = self.stopped.contains(&stop.run);
                StopRun::value(&stop.run, !asked && self.runs.iter().any(|run| at_work(&run)))
            }
            Effect::Withdraw { number, .. } => {
                let open = self.cases.values().flat_map(|case| &case.pulls);
                let open = open.filter(|pull| pull.open && Some(pull.number) == *number).count() > 0;
                if open { json!({ "pull": number }) } else { Value::Null }
            }
            other => panic!("the loop has nothing to do with {other:?}"),
        }
    }

    /// The last run of the same work, as the records of runs tell it.
    fn last_run(&self, of: &RunOf) -> Value {
        let mut last = Value::Null;
        for run in self.runs.iter().filter(|run| run.of.is_of_same_work(of)) {
            let same = (run.of.attempt, &run.of.continues, &run.of.after);
            if same == (of.attempt, &of.continues, &of.after) {
                return run.of.value(&run.agent, &run.prompt);
            }
            last = json!({ "run": run.id.as_str() });
        }
        last
    }
}
