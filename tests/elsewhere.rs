//! Runs that this machine has no records of: another machine had them, or its own state is lost. A machine is a state
//! directory; they share the ledger's branch.

use std::collections::BTreeSet;

use factoryctl::twin::world::{CiScript, IssueState};
use serde_json::Value;

use crate::daemon::Daemon;
use crate::in_force::has_ref;
use crate::pipeline::{labels, pulls};
use crate::tasks::{ended, one_run, runs, small, unbounded};
use crate::world::World;

/// What comes next is done by this machine.
fn at_machine(w: &World, name: &str) {
    let state = w.path("machines").join(name);
    std::fs::create_dir_all(&state).expect("a folder can be made");
    for variable in ["FACTORY_STATE_DIR", "XDG_RUNTIME_DIR"] {
        w.set(variable, state.to_str().expect("it is text"));
    }
}

/// What the only task waits for, or what is to be done for it; on this machine.
fn why(w: &World) -> String {
    w.run(&["why", "task/hone"]).exits(0).out
}

/// An agent that changes nothing, once it is told to end.
fn waits_and_changes_nothing(w: &World) -> String {
    unbounded(&format!("until [ -e {} ]; do sleep 0.05; done", w.path("go").display()), "continuations 0")
}

fn let_go(w: &World) {
    std::fs::write(w.path("go"), "").expect("it can be written");
}

#[test]
fn a_task_is_done_by_one_machine() {
    small(|w| {
        let config = waits_and_changes_nothing(w);
        w.config(&config);
        at_machine(w, "one");
        w.apply(&[]).exits(0);
        assert_eq!(runs(w).len(), 1);

        at_machine(w, "two");
        let plan = w.plan(&[]).exits(0);
        let waits = "a run to end that tester@";
        assert!(plan.out.contains(waits) && !plan.out.contains("start run"), "{}", plan.all());
        let applied = w.apply(&[]).exits(0);
        assert!(applied.all().contains(waits), "{}", applied.all());
        assert_eq!(runs(w), Vec::<Value>::new());

        let_go(w);
        at_machine(w, "one");
        ended(w);
        w.apply(&[]).exits(0);
        assert_eq!(runs(w)[0]["outcome"], "no change");

        at_machine(w, "two");
        let applied = w.apply(&[]).exits(0);
        assert!(!applied.all().contains(waits), "{}", applied.all());
        assert_eq!(runs(w), Vec::<Value>::new(), "what changed nothing is not done again");
        let why = why(w);
        for says in ["attempts: 1 of ", "no change: it ran on another machine", "nothing comes next"] {
            assert!(why.contains(says), "{says}\n{why}");
        }
        // Another prompt is another piece of work, whoever does it.
        w.config(&config.replace("Hone the anvil.", "Polish the anvil."));
        one_run(w).exits(0);
        assert_eq!(runs(w).len(), 1);
        at_machine(w, "one");
        w.apply(&[]).exits(0);
        assert_eq!(runs(w).len(), 1);
    });
}

/// Nothing else brings the news to a daemon that has nothing to do itself.
#[test]
fn a_daemon_that_waits_for_another_machine_learns_of_its_end() {
    small(|w| {
        w.config(&waits_and_changes_nothing(w));
        at_machine(w, "one");
        w.apply(&[]).exits(0);

        at_machine(w, "two");
        let daemon = Daemon::start(w, &[]);
        daemon.ask(&["loop", "tick", "tasks"]).exits(0);
        w.until("it waits", || why(w).contains("waits for a run to end"));
        let_go(w);
        at_machine(w, "one");
        ended(w);
        w.apply(&[]).exits(0);

        at_machine(w, "two");
        daemon.ask(&["loop", "tick", "tasks"]).exits(0);
        w.until("it knows", || why(w).contains("nothing comes next"));
        assert_eq!(runs(w), Vec::<Value>::new());
        daemon.stop().exits(0);
    });
}

/// What was paid for once is not paid for again because a folder is gone.
#[test]
fn attempts_are_used_up_whatever_is_lost() {
    small(|w| {
        w.config(&unbounded("exit 3", "attempts 1"));
        at_machine(w, "one");
        one_run(w).exits(1);
        assert_eq!(runs(w).len(), 1);
        std::fs::remove_dir_all(w.path("machines")).expect("it is there");

        at_machine(w, "one");
        for ran in [w.plan(&[]).exits(1), w.apply(&[]).exits(1)] {
            assert!(ran.all().contains("1 of 1 attempts are used up; run "), "{}", ran.all());
        }
        assert_eq!(runs(w), Vec::<Value>::new());
    });
}

/// Nor because the records of a run are: who has begun it knows so, and waits.
#[test]
fn a_run_whose_records_are_gone_is_not_begun_again() {
    small(|w| {
        w.config(&waits_and_changes_nothing(w));
        at_machine(w, "one");
        w.apply(&[]).exits(0);
        let id = runs(w)[0]["run"].as_str().expect("its name").to_owned();
        let state = std::fs::read_dir(w.path("machines/one")).expect("it is there");
        let yard =
            state.map(|it| it.expect("it is there").path()).find(|it| it.join("runs").join(&id).exists());
        let records = yard.expect("it has records").join("runs").join(&id);
        std::fs::rename(&records, w.path("aside")).expect("it can be moved");
        let waits = "that has no records on this machine; nothing says that it has ended";
        for ran in [w.plan(&[]).exits(0), w.apply(&[]).exits(0)] {
            assert!(ran.all().contains(waits) && !ran.all().contains("start run"), "{}", ran.all());
        }
        std::fs::rename(w.path("aside"), &records).expect("it can be moved back");
        let_go(w);
        ended(w);
        w.apply(&[]).exits(0);
        assert_eq!((runs(w).len(), &runs(w)[0]["outcome"]), (1, &"no change".into()));
    });
}

/// What a judge said is known to every machine: nobody asks twice.
#[test]
fn an_issue_goes_on_where_it_was_when_its_machine_is_lost() {
    let program = env!("CARGO_BIN_EXE_factoryctl");
    let config = format!(
        r#"factory "acme"
agent "wright" kind="command" {{
    program {program:?} "twin" "agent" "--writes" "done-{{issue}}={{title}}"
    readable {program:?}
}}
pipeline "long" {{ intake "factory"; phases "triage" "plan" "review"; agents "wright"; merge-policy "green"; }}
merge-policy "green" {{ mode "on-green"; require-checks "ci"; }}
repo "acme/anvil" {{ pipeline "long"; }}
"#
    );
    small(|w| {
        w.config(&config);
        w.apply(&[]).exits(0);
        let github = w.github();
        github.set_ci("acme/anvil", vec![CiScript::new("ci", 77, "ls done-*")]).unwrap();
        let number = github.open_issue("acme/anvil", "Make its file", &[]).unwrap();
        let body = "There should be a file for it, so that everybody sees that it was done.";
        github.edit_issue_body("acme/anvil", number, "acme", body).unwrap();
        github.label_issue("acme/anvil", number, "factory", "acme").unwrap();

        let mut spent: Vec<Value> = Vec::new();
        let is_open = || {
            github.with(|world| world.repo("acme", "anvil").unwrap().issues[&number].state)
                == IssueState::Open
        };
        // Whoever made something publishes it; after that each step is taken by a machine that knows nothing but the ledger.
        for n in 0..40 {
            if !is_open() {
                break;
            }
            at_machine(w, &format!("m{n}"));
            for _ in 0..8 {
                w.apply(&[]);
                ended(w);
                // It is written down, and nothing else is done.
                w.apply(&["repo/acme/anvil/label/**"]).exits(0);
                let makes = runs(w).first().is_some_and(|run| !run["commit"].is_null());
                if !runs(w).is_empty() && (!makes || !pulls(w).is_empty()) {
                    break;
                }
            }
            spent.extend(runs(w));
        }
        assert!(!is_open(), "{}", w.plan(&[]).all());
        let tasks: Vec<(&str, &str)> = spent
            .iter()
            .map(|run| (run["task"].as_str().unwrap(), run["prompt"].as_str().unwrap()))
            .collect();
        let prompts: BTreeSet<&str> = tasks.iter().map(|(_, prompt)| *prompt).collect();
        assert_eq!(prompts.len(), tasks.len(), "{tasks:#?}");
        assert_eq!(tasks.len(), 6, "each is done once: {tasks:#?}");
        // It landed, and whoever looks next brings it to its end.
        at_machine(w, "last");
        w.apply(&[]).exits(0);
        assert_eq!(labels(w, number), ["factory", "factory:done"]);
        assert!(!has_ref(w, "acme/anvil", &format!("refs/heads/factory/issue/{number}")));
        w.plan(&[]).exits(0);
        w.run(&["ledger", "verify"]).exits(0);
    });
}
