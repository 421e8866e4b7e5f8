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

/// The repositories that issues come up in by turns, one without and one with plans and reviews.
const REPOS: [&str; 2] = ["anvil", "bellows"];

fn config() -> String {
    let program = env!("CARGO_BIN_EXE_factoryctl");
    format!(
        r#"factory "acme"
github {{ creations per-minute=100000 per-hour=100000; }}
caps {{ runs 4; runs-per-repo 3; }}
agent "smith" kind="command" {{ program "/bin/sh" "-c" {WORKS:?}; }}
agent "wright" kind="command" {{
    program {program:?} "twin" "agent" "--writes" "done-{{issue}}={{title}}"
    readable {program:?}
}}
pipeline "short" {{ intake "factory"; phases; agents "smith"; merge-policy "green"; }}
pipeline "long" {{ intake "factory"; phases "plan" "review"; agents "wright"; merge-policy "green"; }}
merge-policy "green" {{ mode "on-green"; require-checks "ci"; updates 100; }}
repo "acme/anvil" {{ pipeline "short"; }}
repo "acme/bellows" {{ pipeline "long"; }}
"#
    )
}

/// An issue, by the name of its repository and its number.
type At = (&'static str, u64);

/// What became of each issue: whether it is open, the states of its pull requests, how often the factory commented, and how
/// often at most it reviewed one and the same head.
type Outcome = (bool, Vec<&'static str>, usize, usize);

fn outcome(w: &World, issues: &[At]) -> BTreeMap<At, Outcome> {
    w.github().with(|world| {
        let of = |(name, number): &At| {
            let repo = world.repo("acme", name).expect("there");
            let branch = format!("factory/issue/{number}");
            let pulls = repo.issues.values().filter_map(|issue| Some((issue, issue.pull.as_ref()?)));
            let its: Vec<_> = pulls.filter(|(_, pull)| pull.head_ref == branch).collect();
            let states = its.iter().map(|(issue, pull)| match (pull.merged_at, issue.state) {
                (Some(_), _) => "merged",
                (None, IssueState::Open) => "open",
                (None, IssueState::Closed) => "closed",
            });
            let marked = |body: &str| body.starts_with("<!-- factoryctl:issue -->");
            let said = repo.comments.values().filter(|it| it.issue == *number && marked(&it.body)).count();
            let mut reviews: BTreeMap<(u64, &str), usize> = BTreeMap::new();
            for review in
                repo.reviews.values().filter(|it| its.iter().any(|(pull, _)| pull.number == it.pull))
            {
                *reviews.entry((review.pull, &review.commit)).or_default() += 1;
            }
            let most = reviews.into_values().max().unwrap_or_default();
            ((*name, *number), (repo.issues[number].state == IssueState::Open, states.collect(), said, most))
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
        // It is tried what a kill does, not what a limit of GitHub's does.
        github.mutate(|world| (world.limits.core, world.limits.graphql) = (1_000_000, 1_000_000));
        for name in REPOS {
            github.set_ci(&format!("acme/{name}"), vec![CiScript::new("ci", CI, "ls done-*")]).unwrap();
        }
        let (mut rng, kills) = (StdRng::seed_from_u64(sizes::seed()), sizes::pipeline_kills());
        println!("seed {}, {kills} kills", sizes::seed());
        let mut issues: Vec<At> = Vec::new();
        for n in 0..kills {
            while issues.len() < ISSUES.max(usize::try_from(n).unwrap_or(usize::MAX) / 4) {
                let (title, name) =
                    (format!("Make the file of issue {}", issues.len()), REPOS[issues.len() % 2]);
                let repo = format!("acme/{name}");
                let number = github.open_issue(&repo, &title, &["factory"]).unwrap();
                let body = "There should be a file for it, so that everybody sees that it was done.";
                github.edit_issue_body(&repo, number, "acme", body).unwrap();
                github.unlabel_issue(&repo, number, "factory", "acme").unwrap();
                github.label_issue(&repo, number, "factory", "acme").unwrap();
                issues.push((name, number));
            }
            let running = w.start(&["run", "--fetch-every", "1"]);
            drop(running.kill_after(Duration::from_millis(rng.random_range(100..1_500))));
            w.run(&["ledger", "verify"]).exits(0);
        }
        // Its first tick has to do what all those before it were killed in.
        let daemon = Daemon::begin(w, &[]);
        let end = Instant::now() + PATIENCE + EACH * u32::try_from(issues.len()).expect("a few");
        let landed = |all: &BTreeMap<At, Outcome>| {
            all.values().all(|(open, pulls, said, _)| !open && *pulls == ["merged"] && *said == 1)
        };
        loop {
            let all = outcome(w, &issues);
            for (at, (_, pulls, said, reviews)) in &all {
                let once = pulls.len() <= 1 && *said <= 1 && *reviews <= 1;
                assert!(once, "{at:?}: {pulls:?}, {said} comments, {reviews} reviews of one head");
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
