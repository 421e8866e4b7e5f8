//! What is to hold in the end.

use std::collections::BTreeSet;
use std::path::Path;

use factoryctl::adapters::procs;
use factoryctl::model::{Outcome, RunId};
use factoryctl::runs::{MARK, RunDir};
use gix::hash::Kind as Hash;
use gix::objs::Kind as Object;
use rustix::process::Signal;

use super::yard::{Seen, Yard, names};
use super::{PATIENCE, Trial};
use crate::sizes;

impl Trial<'_> {
    #[expect(clippy::print_stdout, reason = "what was counted is what a soak is for")]
    pub(super) fn conclude(mut self, kills: usize) {
        let daemon = self.daemon.take().expect("it runs");
        daemon.signal(Signal::TERM);
        daemon.finish(PATIENCE).exits(0);
        let reaped = self.w.run(&["reap", "--json"]).exits(0).json();
        assert_eq!(reaped["healthy"], serde_json::json!([]), "{reaped:#}");
        assert_eq!(reaped["left"], serde_json::json!([]), "{reaped:#}");
        self.w.run(&["ledger", "verify"]).exits(0);
        let (runs, yard) = (self.yard.runs(self.w), Yard::of(self.w).expect("there were runs"));
        for run in &runs {
            self.is_right(run);
        }
        for (run, supervisor) in self.left_alone.iter().filter(|(run, _)| !self.victims.contains(run)) {
            let noted = RunDir::of(&yard.join("runs"), run).processes().expect("it can be read");
            assert_eq!(noted.map(|noted| noted.supervisor).as_ref(), Some(supervisor), "run {run}");
            self.counts.adopted += 1;
        }
        self.counts.runs = runs.len();
        let there: BTreeSet<RunId> = runs.iter().map(|run| run.id.clone()).collect();
        assert_eq!(there, self.yard.known(), "records of runs have disappeared");
        let is_known = |name: &String| RunId::parse(name).is_some_and(|run| there.contains(&run));
        for home in names(&yard.join("homes")) {
            assert!(is_known(&home), "the home {home} is nobody's");
        }
        for checkout in names(&yard.join("checks")) {
            assert_eq!(checkout, "base", "a checkout has stayed");
        }
        let lost = self.lost(&yard);
        println!("seed {}: {:?}\n{}", sizes::seed(), self.counts, self.tally);
        assert_eq!((self.counts.bad_reaps, lost), (0, Vec::<String>::new()), "seed {}", sizes::seed());
        if kills >= 100 {
            self.tally.assert_even(kills);
            assert!(self.counts.adopted >= kills / 20 && self.counts.went_on > 0, "{:?}", self.counts);
        }
    }

    /// Nobody suffered whom nobody hurt, and nothing of it is left.
    fn is_right(&mut self, run: &Seen) {
        let (id, task) = (&run.id, &run.task);
        let closed = run.closed.as_ref();
        let closed = closed.unwrap_or_else(|| panic!("run {id} of {task} is not closed\n{}", self.story()));
        let says = format!("run {id} of {task} ended in `{}`: {}", closed.outcome, closed.says);
        assert!(closed.outcome != Outcome::Killed || self.victims.contains(id), "nobody killed: {says}");
        assert!(closed.checks.iter().all(|check| !check.is_amiss()), "its gate holds: {says}");
        let in_vain = self.unchecked.get(id).copied().unwrap_or_default();
        assert!(!closed.says.contains("gates could not be run") || in_vain >= 3, "{in_vain} times: {says}");
        assert_eq!(procs::marked(MARK, id.as_str()).expect("processes can be seen"), [], "{id}");
        self.counts.killed += usize::from(closed.outcome == Outcome::Killed);
        self.counts.never_began += usize::from(closed.outcome == Outcome::CouldNotStart);
        self.counts.went_on += usize::from(run.goes_on);
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
        for run in names(&self.w.path("told")) {
            let told = std::fs::read_to_string(self.w.path("told").join(&run)).expect("it can be read");
            for line in told.lines() {
                let id = gix::objs::compute_hash(Hash::Sha1, Object::Blob, line.as_bytes());
                self.counts.contents += 1;
                if !kept.contains(&id.expect("it is hashed").to_string()) {
                    lost.push(line.to_owned());
                }
            }
        }
        self.counts.lost = lost.len();
        lost
    }
}
