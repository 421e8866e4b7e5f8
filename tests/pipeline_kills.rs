//! The daemon is killed with SIGKILL while issues are on their way: none is lost, nothing is said or opened twice, and all of
//! them land.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use factoryctl::twin::world::{CiScript, IssueState};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::daemon::Daemon;
use crate::sizes;
use crate::tasks::{runs, small};
use crate::world::World;

/// Issues at the same time.
const ISSUES: usize = 6;
/// The number of the App that reports checks.
const CI: u64 = 77;
/// How long may pass at the end until all of them have landed, and for each of them besides: they land one after the other.
const PATIENCE: Duration = Duration::from_mins(3);
const EACH: Duration = Duration::from_secs(30);
/// An agent that makes one file for its issue.
const WORKS: &str = "n=$(sed -n 's/.*Issue #\\([0-9]*\\) of.*/\\1/p' | head -1); sleep 0.1; echo did > done-$n; \
                     git add . && git commit -q -m \"Do $n\" && echo did";

fn config() -> String {
    format!(
        r#"factory "acme"
caps {{ runs 4; runs-per-repo 4; }}
agent "smith" kind="command" {{ program "/bin/sh" "-c" {WORKS:?}; }}
pipeline "short" {{ intake "factory"; phases; agents "smith"; merge-policy "green"; }}
merge-policy "green" {{ mode "on-green"; require-checks "ci"; }}
repo "acme/anvil" {{ pipeline "short"; }}
"#
    )
}

/// What became of each issue: whether it is open, the states of its pull requests, how often the factory commented.
fn outcome(w: &World, issues: &[u64]) -> BTreeMap<u64, (bool, Vec<&'static str>, usize)> {
    w.github().with(|world| {
        let repo = world.repo("acme", "anvil").expect("there");
        let of = |number: &u64| {
            let branch = format!("factory/issue/{number}");
            let pulls = repo.issues.values().filter_map(|issue| Some((issue, issue.pull.as_ref()?)));
            let its = pulls.filter(|(_, pull)| pull.head_ref == branch);
            let states = its.map(|(issue, pull)| match (pull.merged_at, issue.state) {
                (Some(_), _) => "merged",
                (None, IssueState::Open) => "open",
                (None, IssueState::Closed) => "closed",
            });
            let marked = |body: &str| body.starts_with("<!-- factoryctl:issue -->");
            let said = repo.comments.values().filter(|it| it.issue == *number && marked(&it.body)).count();
            (*number, (repo.issues[number].state == IssueState::Open, states.collect(), said))
        };
        issues.iter().map(of).collect()
    })
}

#[test]
fn a_killed_daemon_loses_no_issue_and_does_nothing_twice() {
    small(|w| {
        w.config(&config());
        w.apply(&[]).exits(0);
        let github = w.github();
        github.set_ci("acme/anvil", vec![CiScript::new("ci", CI, "ls done-*")]).unwrap();
        let (mut rng, kills) = (StdRng::seed_from_u64(sizes::seed()), sizes::pipeline_kills());
        println!("seed {}, {kills} kills", sizes::seed());
        let mut issues: Vec<u64> = Vec::new();
        for n in 0..kills {
            while issues.len() < ISSUES.max(usize::try_from(n).unwrap_or(usize::MAX) / 4) {
                let title = format!("Make the file of issue {}", issues.len());
                let number = github.open_issue("acme/anvil", &title, &["factory"]).unwrap();
                let body = "There should be a file for it, so that everybody sees that it was done.";
                github.edit_issue_body("acme/anvil", number, "acme", body).unwrap();
                github.unlabel_issue("acme/anvil", number, "factory", "acme").unwrap();
                github.label_issue("acme/anvil", number, "factory", "acme").unwrap();
                issues.push(number);
            }
            let running = w.start(&["run", "--fetch-every", "1"]);
            drop(running.kill_after(Duration::from_millis(rng.random_range(100..1_500))));
            w.run(&["ledger", "verify"]).exits(0);
        }
        // Its first tick has to do what all those before it were killed in.
        let daemon = Daemon::begin(w, &[]);
        let end = Instant::now() + PATIENCE + EACH * u32::try_from(issues.len()).expect("a few");
        let landed = |all: &BTreeMap<u64, (bool, Vec<&str>, usize)>| {
            all.values().all(|(open, pulls, said)| !open && *pulls == ["merged"] && *said == 1)
        };
        loop {
            let all = outcome(w, &issues);
            for (number, (_, pulls, said)) in &all {
                assert!(pulls.len() <= 1 && *said <= 1, "#{number}: {pulls:?}, {said} comments");
            }
            if landed(&all) {
                break;
            }
            assert!(Instant::now() < end, "{all:?}\n{}\n{}", w.plan(&[]).all(), daemon.said());
            daemon.ask(&["loop", "tick", "pipeline"]);
            std::thread::park_timeout(Duration::from_millis(300));
        }
        // Everything may have landed before it was there.
        daemon.wait("its first tick", |status| status["last"]["number"].as_u64() >= Some(1));
        assert_eq!(daemon.stop().code, 0);
        let open = runs(w).into_iter().filter(|run| run["state"] != "closed").count();
        assert_eq!(open, 0, "{:?}", runs(w));
        w.run(&["ledger", "verify"]).exits(0);
        w.apply(&[]).exits(0);
        w.plan(&[]).exits(0);
        println!("{} issues landed, {} runs", issues.len(), runs(w).len());
    });
}
