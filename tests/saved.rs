//! What was agreed on: a plan that was saved or shown is carried out as it was seen, or said to be stale.

use std::time::Duration;

use factoryctl::twin::{FaultAction, FaultRule};
use serde_json::json;

use crate::cli::{committed, description};

/// A saved plan does exactly what it says, and refuses what has changed since, object by object.
#[test]
fn a_saved_plan_is_applied_as_it_was_seen() {
    committed(|w| {
        w.plan(&["-o", "saved.json"]).exits(2);
        w.github().set("acme/anvil", &json!({ "description": "By hand" })).expect("it is there");
        let applied = w.run(&["apply", "--yes", "saved.json"]).exits(7);
        let says = "stale: repo/acme/anvil has changed on GitHub since the plan was saved\n";
        assert!(applied.err.contains(says), "{}", applied.all());
        assert_eq!(description(w), Some("By hand".to_owned()), "{}", applied.all());
        assert!(
            w.github().with(|world| world.repo("acme", "anvil").expect("there").label("ready").is_some())
        );
        w.plan(&[]).exits(2);
    });
}

/// More issues than a plan showed make a deletion another decision; fewer don't.
#[test]
fn a_label_that_gained_issues_is_not_deleted() {
    let due =
        "factory \"acme\"\nrepo \"acme/anvil\" { labels { label \"bug\" delete-after=\"2026-01-01\"; }; }\n";
    committed(|w| {
        let there =
            || w.github().with(|world| world.repo("acme", "anvil").expect("there").label("bug").is_some());
        let gains = || w.github().open_issue("acme/anvil", "It squeaks", &["bug"]).expect("it is there");
        w.config(due);
        gains();
        w.plan(&["-o", "saved.json"]).exits(2);
        gains();
        let stale = w.run(&["apply", "--yes", "saved.json"]).exits(7);
        assert!(there(), "{}", stale.all());
        let says = "stale: repo/acme/anvil/label/bug: 2 issues carry it now, and 1 were shown in the plan";
        assert!(stale.err.contains(says), "{}", stale.all());
        // The write itself looks once more: between the plan that is shown and the answer to it lies time.
        w.requests();
        w.faults(vec![FaultRule::every(FaultAction::Delay { ms: 400 }).operation("Label")]);
        let apply = w.start(&["apply", "--yes"]);
        w.until("it looks at the label", || {
            w.twin().log().iter().any(|r| r.operation.as_deref() == Some("Label"))
        });
        gains();
        let refused = apply.finish(Duration::from_mins(1)).exits(7);
        assert!(there() && refused.err.contains("3 issues carry it now, and 2 were"), "{}", refused.all());
        let asked = w.requests();
        let looks = asked.iter().filter(|r| r.operation.as_deref() == Some("Label")).count();
        assert_eq!((looks, asked.iter().filter(|r| r.method == "DELETE").count()), (1, 0));
        w.faults(Vec::new());

        w.plan(&["-o", "saved.json"]).exits(2);
        w.github().mutate(|world| {
            let issues = &mut world.repo_mut("acme/anvil").expect("it is there").issues;
            issues.get_mut(&1).expect("there is one").labels.clear();
        });
        w.run(&["apply", "--yes", "saved.json"]).exits(0);
        assert!(!there());
    });
}

/// What a guard held back when a plan was saved is held back when it is applied, and shown; an override lets it
/// through, and where nothing holds it back any more it is left, since nobody agreed to it.
#[test]
fn what_a_saved_plan_held_back_takes_an_override() {
    committed(|w| {
        w.config("factory \"acme\"\nrepo \"acme/anvil\" { visibility \"private\"; has-wiki #false; }\n");
        w.apply(&[]).exits(0);
        w.config("factory \"acme\"\nrepo \"acme/anvil\" { visibility \"public\"; has-wiki #false; }\n");
        w.plan(&["-o", "saved.json"]).exits(4);
        let held = w.run(&["apply", "--yes", "saved.json"]).exits(4);
        assert!(held.err.contains("--allow 'visibility=1@repo/acme/anvil/visibility'"), "{}", held.all());
        w.run(&["suspend", "repo/acme/anvil/**", "--reason", "audit"]).exits(0);
        w.plan(&["-o", "suspended.json"]).exits(4);
        w.run(&["resume", "repo/acme/anvil/**"]).exits(0);
        let allow = "visibility=1@repo/acme/anvil/visibility";
        w.run(&["apply", "--yes", "saved.json", "--allow", allow]).exits(0);
        w.plan(&[]).exits(0);
        for told in
            [&["history"][..], &["ledger", "show"], &["why", "--offline", "repo/acme/anvil/visibility"]]
        {
            let told = w.run(told).exits(0);
            let says = "let through: visibility@repo/acme/anvil/visibility by ";
            assert!(told.out.contains(says), "{}", told.all());
        }

        w.github().set("acme/anvil", &json!({ "has_wiki": true })).expect("it is there");
        w.run(&["suspend", "repo/acme/anvil", "--reason", "audit"]).exits(0);
        w.plan(&["-o", "suspended.json"]).exits(4);
        w.run(&["resume", "repo/acme/anvil"]).exits(0);
        let left = w.run(&["apply", "--yes", "suspended.json"]).exits(0);
        assert!(left.err.contains("was held back when the plan was saved"), "{}", left.all());
        w.plan(&[]).exits(2);
    });
}

/// What a loop that is off since then would do is neither changed nor asked for otherwise.
#[test]
fn a_saved_plan_says_which_loop_is_off() {
    committed(|w| {
        w.plan(&["-o", "saved.json"]).exits(2);
        w.run(&["loop", "disable", "labels", "--reason", "audit"]).exits(0);
        let stale = w.run(&["apply", "--yes", "saved.json"]).exits(7);
        let says = "stale: repo/acme/anvil/label/bug: the loop `labels` is switched off\n";
        assert!(stale.err.contains(says), "{}", stale.all());
    });
}

/// What the config branch has left behind is not applied as if it were in force.
#[test]
fn a_superseded_commit_undoes_nothing() {
    committed(|w| {
        let old = "repo \"acme/anvil\" { description \"old\"; }\n";
        w.config(&format!("factory \"acme\"\n{old}"));
        w.plan(&["-o", "saved.json"]).exits(2);
        w.config(&format!("factory \"acme\" {{ protect \"repo/acme/anvil\" reason=\"frozen\"; }}\n{old}"));
        let held = w.run(&["apply", "--yes", "saved.json"]).exits(4);
        assert!(held.err.contains("frozen"), "{}", held.all());
        w.config("factory \"acme\"\nrepo \"acme/anvil\" { description \"new\"; }\n");
        let stale = w.run(&["apply", "--yes", "saved.json"]).exits(7);
        let says = "stale: repo/acme/anvil: the config no longer asks for it\n";
        assert!(stale.err.contains(says), "{}", stale.all());
        w.github().set("acme/anvil", &json!({ "description": "By hand" })).expect("it is there");
        let stale = w.run(&["apply", "--yes", "saved.json"]).exits(7);
        let says = "stale: repo/acme/anvil has changed on GitHub since the plan was saved\n";
        assert!(stale.err.contains(says), "{}", stale.all());
        w.apply(&[]).exits(0);
        let held = w.run(&["apply", "--yes", "--at", "HEAD~2"]).exits(4);
        assert!(held.err.contains("was superseded: the config branch `main` is at"), "{}", held.all());
        assert_eq!(description(w), Some("new".to_owned()));
        w.plan(&[]).exits(0);
    });
}

/// A plan takes the place of a plan, and of nothing else.
#[test]
fn a_plan_is_not_saved_over_config() {
    committed(|w| {
        let config = std::fs::read_to_string(w.path("config/factory.kdl")).expect("it is there");
        let refused = w.plan(&["-o", "factory.kdl"]).exits(64);
        assert!(refused.err.contains("is no saved plan"), "{}", refused.all());
        assert_eq!(std::fs::read_to_string(w.path("config/factory.kdl")).expect("it is there"), config);
        for _ in 0..2 {
            w.plan(&["-o", "saved.json"]).exits(2);
        }
    });
}
