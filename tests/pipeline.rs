//! Issues on their way through a pipeline: agents, checks, reviews and merges are real programs and real requests.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use factoryctl::twin::world::CiScript;
use factoryctl::twin::{FaultAction, FaultRule};
use serde_json::Value;

use crate::daemon::Daemon;
use crate::in_force::has_ref;
use crate::tasks::{ended, runs, small};
use crate::world::{Ran, World};

/// The number of the App that reports checks.
const CI: u64 = 77;
/// How long many issues may take that land one after the other.
const PATIENCE: Duration = Duration::from_mins(3);

/// A config whose issues are worked on by an agent that is this shell script.
pub(crate) fn config(script: &str, more: &str) -> String {
    format!(
        r#"factory "acme"
agent "smith" kind="command" {{ program "/bin/sh" "-c" {script:?}; }}
pipeline "short" {{ intake "factory"; agents "smith"; merge-policy "green"; {more}; }}
merge-policy "green" {{ mode "on-green"; require-checks "ci"; }}
repo "acme/anvil" {{ pipeline "short"; }}
"#
    )
}

/// Nobody triages, plans or reviews.
pub(crate) const SHORT: &str = "phases";

/// A world with an issue that asks for something, and a check that passes where `done` is committed.
pub(crate) fn with_issue(script: &str, more: &str, test: impl FnOnce(&World, u64)) {
    small(|w| {
        w.config(&config(script, more));
        w.apply(&[]).exits(0);
        let github = w.github();
        github.set_ci("acme/anvil", vec![CiScript::new("ci", CI, "test -f done")]).unwrap();
        let number = github.open_issue("acme/anvil", "Hone the anvil", &["factory"]).unwrap();
        let body = "It should be sharp. Done when there is a file called done, so that everybody sees it.";
        github.edit_issue_body("acme/anvil", number, "acme", body).unwrap();
        github.unlabel_issue("acme/anvil", number, "factory", "acme").unwrap();
        github.label_issue("acme/anvil", number, "factory", "acme").unwrap();
        test(w, number);
    });
}

/// The names of the labels of an issue.
pub(crate) fn labels(w: &World, number: u64) -> Vec<String> {
    w.github().with(|world| {
        let repo = world.repo("acme", "anvil").expect("there");
        let on = &repo.issues[&number].labels;
        repo.labels.iter().filter(|label| on.contains(&label.id)).map(|label| label.name.clone()).collect()
    })
}

/// What became of each pull request of the repository.
pub(crate) fn pulls(w: &World) -> Vec<String> {
    w.github().with(|world| {
        let issues = &world.repo("acme", "anvil").expect("there").issues;
        let pulls = issues.values().filter_map(|issue| Some((issue, issue.pull.as_ref()?)));
        let became = |(issue, pull): (&factoryctl::twin::world::Issue, &factoryctl::twin::world::Pull)| {
            let state = if pull.merged_at.is_some() { "merged" } else { issue.state.as_str() };
            format!("{} {state}", pull.head_ref)
        };
        pulls.map(became).collect()
    })
}

/// The number of the only pull request.
pub(crate) fn pull(w: &World) -> u64 {
    w.github().with(|world| {
        let issues = &world.repo("acme", "anvil").expect("there").issues;
        issues.values().find(|issue| issue.pull.is_some()).expect("it was opened").number
    })
}

/// Does what is planned, and waits until nobody is at work.
#[track_caller]
pub(crate) fn step(w: &World) -> Ran {
    let applied = w.apply(&[]);
    ended(w);
    applied
}

#[test]
fn an_issue_is_worked_on_and_lands() {
    let script = "echo sharp > done; git add done; git commit -q -m 'Hone it'; echo honed";
    with_issue(script, SHORT, |w, number| {
        let plan = w.plan(&[]);
        assert!(w.twin().unknown().is_empty(), "{:?}", w.twin().unknown());
        let plan = plan.exits(2);
        for says in [format!("start run issue/{number}/implement"), "tell issue".to_owned()] {
            assert!(plan.out.contains(&says), "{says}: {}", plan.all());
        }
        step(w).exits(0);
        assert_eq!(labels(w, number), ["factory", "factory:implement"]);
        step(w).exits(0);
        for _ in 0..6 {
            step(w);
        }
        assert_eq!(pulls(w), [format!("factory/issue/{number} merged")], "{}", w.plan(&[]).all());
        assert_eq!(labels(w, number), ["factory", "factory:done"]);
        assert_eq!(runs(w).len(), 1);
        let run: &Value = &runs(w)[0];
        assert_eq!(run["outcome"], "done");
        w.plan(&[]).exits(0);
        assert!(!has_ref(w, "acme/anvil", &format!("refs/heads/factory/issue/{number}")));
    });
}

#[test]
fn an_issue_waits_while_nothing_can_be_written_and_goes_on_by_itself() {
    let script = "echo sharp > done; git add done; git commit -q -m 'Hone it'; echo honed";
    with_issue(script, SHORT, |w, number| {
        let archived =
            |is: bool| w.github().set("acme/anvil", &serde_json::json!({ "archived": is })).unwrap();
        archived(true);
        let plan = w.plan(&[]);
        assert!(plan.out.contains("its repository to be unarchived"), "{}", plan.all());
        step(w);
        assert_eq!((labels(w, number), runs(w).len()), (vec!["factory".to_owned()], 0));
        archived(false);
        step(w).exits(0);
        assert_eq!(labels(w, number), ["factory", "factory:implement"], "{}", w.plan(&[]).all());
        // A label that is about to be written is written later.
        archived(true);
        for _ in 0..3 {
            step(w);
        }
        assert_eq!(pulls(w), Vec::<String>::new());
        archived(false);
        for _ in 0..6 {
            step(w);
        }
        assert_eq!(labels(w, number), ["factory", "factory:done"], "{}", w.plan(&[]).all());
    });
}

#[test]
fn nothing_is_begun_while_enough_waits_to_land() {
    let script = "echo sharp > done; git add done; git commit -q -m 'Hone it'; echo honed";
    with_issue(script, "phases; waiting-pulls 1", |w, number| {
        let github = w.github();
        // What is asked for never reports.
        github.set_ci("acme/anvil", Vec::new()).unwrap();
        for _ in 0..3 {
            step(w).exits(0);
        }
        assert_eq!(pulls(w), [format!("factory/issue/{number} open")], "{}", w.plan(&[]).all());
        let other = github.open_issue("acme/anvil", "Oil the anvil", &[]).unwrap();
        let body = "It should shine. Done when there is a file called shine, so that everybody sees it.";
        github.edit_issue_body("acme/anvil", other, "acme", body).unwrap();
        github.label_issue("acme/anvil", other, "factory", "acme").unwrap();
        let plan = w.plan(&[]);
        let says = "room in the line of those that are to land: 1 of 1 (waiting-pulls, factory.kdl:3)";
        assert!(plan.out.contains(says) && !plan.out.contains("start run"), "{}", plan.all());
        w.config(&config(script, "phases; waiting-pulls 2"));
        let plan = w.plan(&[]).exits(2);
        assert!(plan.out.contains(&format!("start run issue/{other}/implement")), "{}", plan.all());
    });
}

#[test]
fn what_came_on_a_branch_after_it_had_landed_stays_there() {
    let script = "echo sharp > done; git add done; git commit -q -m 'Hone it'; echo honed";
    with_issue(script, SHORT, |w, number| {
        let branch = format!("factory/issue/{number}");
        let landed = format!("{branch} merged");
        for _ in 0..8 {
            if pulls(w) != [landed.clone()] {
                step(w);
            }
        }
        assert_eq!(pulls(w), [landed], "{}", w.plan(&[]).all());
        w.github().push_file("acme/anvil", &branch, "late", "x").unwrap();
        step(w).exits(0);
        assert_eq!(labels(w, number), ["factory", "factory:done"]);
        w.plan(&[]).exits(0);
        assert!(has_ref(w, "acme/anvil", &format!("refs/heads/{branch}")));
    });
}

/// What failed is tried again, though no listing of changes tells of an issue that nothing became of.
#[test]
fn an_issue_of_which_nothing_could_be_told_is_told_of_later() {
    with_issue("exit 1", "phases; reserved { words \"sharp\"; }", |w, number| {
        let path = format!("/repos/acme/anvil/issues/{number}/**");
        let fails = FaultAction::Status { status: 500, body: None, headers: BTreeMap::new() };
        w.faults(vec![FaultRule::every(fails).on("POST", &path)]);
        let daemon = Daemon::begin(w, &[]);
        let wait = |what: &str, is_so: &dyn Fn() -> bool| {
            let end = Instant::now() + PATIENCE;
            while !is_so() {
                assert!(Instant::now() < end, "{what}: {:?}\n{}", labels(w, number), daemon.said());
                daemon.ask(&["loop", "tick", "pipeline"]);
                std::thread::park_timeout(Duration::from_millis(200));
            }
        };
        wait("it fails", &|| daemon.said().contains("failed: tell-issue"));
        assert_eq!(labels(w, number), ["factory"]);
        w.faults(Vec::new());
        wait("it is told", &|| labels(w, number).contains(&"factory:human-required".to_owned()));
        assert_eq!(daemon.stop().code, 0);
    });
}

/// Each that lands puts the others behind: who took its base in and is judged anew lands before the next one.
#[test]
fn of_many_that_are_ready_at_once_each_is_judged_at_most_twice() {
    const ISSUES: usize = 8;
    let program = env!("CARGO_BIN_EXE_factoryctl");
    let config = format!(
        r#"factory "acme"
caps {{ runs 4; runs-per-repo 4; }}
agent "wright" kind="command" {{
    program {program:?} "twin" "agent" "--writes" "done-{{issue}}={{title}}"
    readable {program:?}
}}
pipeline "short" {{ intake "factory"; phases "review"; agents "wright"; merge-policy "green"; }}
merge-policy "green" {{ mode "on-green"; require-checks "ci"; }}
repo "acme/anvil" {{ pipeline "short"; }}
"#
    );
    small(|w| {
        w.config(&config);
        w.apply(&[]).exits(0);
        let github = w.github();
        github.set_ci("acme/anvil", vec![CiScript::new("ci", CI, "sleep 0.5; ls done-*")]).unwrap();
        let body = "There should be a file for it, so that everybody sees that it was done.";
        for n in 0..ISSUES {
            let number = github.open_issue("acme/anvil", &format!("Make file {n}"), &[]).unwrap();
            github.edit_issue_body("acme/anvil", number, "acme", body).unwrap();
            github.label_issue("acme/anvil", number, "factory", "acme").unwrap();
        }
        let daemon = Daemon::begin(w, &[]);
        let end = Instant::now() + PATIENCE;
        while pulls(w).iter().filter(|it| it.ends_with("merged")).count() < ISSUES {
            assert!(Instant::now() < end, "{:?}\n{}\n{}", pulls(w), w.plan(&[]).all(), daemon.said());
            daemon.ask(&["loop", "tick", "pipeline"]);
            std::thread::park_timeout(Duration::from_millis(200));
        }
        assert_eq!(daemon.stop().code, 0);
        // Of the two that look at a head, the second one lists what it found.
        let all = runs(w);
        let mut judged: BTreeMap<&str, usize> = BTreeMap::new();
        for run in all.iter().filter(|run| run["answer"]["value"]["findings"].is_array()) {
            *judged.entry(run["task"].as_str().expect("a word")).or_default() += 1;
        }
        println!("{judged:?}");
        assert_eq!(judged.len(), ISSUES, "{judged:?}");
        assert!(judged.values().all(|n| *n <= 2), "{judged:?}");
    });
}
