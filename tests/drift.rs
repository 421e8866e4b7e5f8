//! What differs though no config change explains it, told apart from what waits to be applied.

use factoryctl::twin::{FaultAction, FaultRule};
use serde_json::json;

use crate::cli::committed;

/// What a guard held back, and what waited, was never so: that it still differs is nobody's doing.
#[test]
fn what_was_never_applied_is_no_drift() {
    committed(|w| {
        w.github().set("acme/anvil", &json!({ "visibility": "private" })).expect("it is there");
        w.config("factory \"acme\"\nrepo \"acme/anvil\" { visibility \"public\"; has-wiki #false; has-projects #false; }\n");
        w.apply(&[]).exits(4);
        let none = w.run(&["drift", "--json"]).exits(0).json();
        assert_eq!(none["drift"], json!([]), "{none}");
        w.github().set("acme/anvil", &json!({ "has_wiki": true })).expect("it is there");
        let drift = w.run(&["drift", "--json"]).json();
        assert_eq!(drift["drift"].as_array().map(Vec::len), Some(1), "{drift}");
        assert_eq!(drift["drift"][0]["after"], json!({ "has-wiki": false }), "{drift}");
    });
}

/// What is left of an action that was held back as a whole is still what was left of it.
#[test]
fn a_part_of_what_was_held_back_is_no_drift() {
    committed(|w| {
        w.config(
            "factory \"acme\" { protect \"repo/acme/anvil\" reason=\"r\"; }\n\
             repo \"acme/anvil\" { has-wiki #false; has-projects #false; }\n",
        );
        w.apply(&[]).exits(4);
        assert_eq!(w.run(&["drift", "--json"]).exits(0).json()["drift"], json!([]));
        w.github().set("acme/anvil", &json!({ "has_wiki": false })).expect("it is there");
        assert_eq!(w.run(&["drift", "--json"]).exits(0).json()["drift"], json!([]));
    });
}

/// What an apply tried in vain, or held back, is drift as it was before it.
#[test]
fn what_an_apply_left_is_told_by_the_one_before() {
    committed(|w| {
        w.config("factory \"acme\"\nrepo \"acme/anvil\" { has-wiki #true; labels { label \"bug\" color=\"111111\"; }; }\n");
        w.apply(&[]).exits(0);
        w.github().edit_label("acme/anvil", "bug", &json!({ "color": "ff0000" })).expect("it is there");
        w.github().set("acme/anvil", &json!({ "has_wiki": false })).expect("it is there");
        let drifted = |says: &str| {
            let drift = w.run(&["drift"]).exits(2);
            assert!(drift.out.contains("has-wiki: false → true"), "{says}\n{}", drift.all());
            assert!(drift.out.contains("\"ff0000\" → \"111111\""), "{says}\n{}", drift.all());
        };
        drifted("nothing was tried");
        w.faults(vec![FaultRule::every(refuse()).on("PATCH", "/repos/**")]);
        w.apply(&[]).exits(5);
        w.faults(Vec::new());
        drifted("it was refused");
        w.run(&["suspend", "repo/acme/anvil/**", "--reason", "audit"]).exits(0);
        w.apply(&[]).exits(4);
        w.run(&["resume", "repo/acme/anvil/**"]).exits(0);
        drifted("it was suspended");
        w.apply(&[]).exits(0);
        w.run(&["drift"]).exits(0);
    });
}

fn refuse() -> FaultAction {
    FaultAction::Status { status: 403, body: None, headers: std::collections::BTreeMap::new() }
}

/// Settings of a repository are one action, and still each field is told by itself whose doing it is.
#[test]
fn drift_and_the_effect_of_a_change_are_told_apart_field_by_field() {
    committed(|w| {
        let config = |says: &str, label: &str| {
            let labels = format!("labels {{ label \"bug\" color=\"111111\" description=\"{label}\"; }}");
            w.config(&format!(
                "factory \"acme\"\nrepo \"acme/anvil\" {{ has-wiki #true; description \"{says}\"; {labels}; }}\n"
            ))
        };
        config("one", "a");
        w.apply(&[]).exits(0);
        w.github().set("acme/anvil", &json!({ "has_wiki": false })).expect("it is there");
        w.github().edit_label("acme/anvil", "bug", &json!({ "color": "ff0000" })).expect("it is there");
        config("two", "b");
        let drift = w.run(&["drift"]).exits(2);
        assert!(
            drift.out.contains("has-wiki: false → true") && drift.out.contains("\"ff0000\" → \"111111\"")
        );
        assert!(!drift.out.contains("two") && !drift.out.contains("\"b\""), "{}", drift.all());
        let change = w.plan(&["--against", "HEAD~1"]).exits(2);
        assert!(change.out.contains("\"one\" → \"two\"") && change.out.contains("\"a\" → \"b\""));
        assert!(!change.out.contains("has-wiki") && !change.out.contains("ff0000"), "{}", change.all());
    });
}

/// What somebody did by hand is drift, though config asks for a third thing by now.
#[test]
fn a_pending_change_hides_nothing_that_was_done_by_hand() {
    committed(|w| {
        let config = |says: &str| {
            w.config(&format!("factory \"acme\"\nrepo \"acme/anvil\" {{ description \"{says}\"; }}\n"))
        };
        config("one");
        w.apply(&[]).exits(0);
        config("two");
        assert_eq!(w.run(&["drift", "--json"]).exits(0).json()["drift"], json!([]));
        w.github().set("acme/anvil", &json!({ "description": "by hand" })).expect("it is there");
        let drift = w.run(&["drift", "--json"]).exits(2).json();
        assert_eq!(drift["drift"][0]["before"], json!({ "description": "by hand" }), "{drift}");
    });
}

/// A config of the past is taken as it was; one that can't be read any more explains nothing, and that is said.
#[test]
fn a_config_of_the_past_is_read_as_it_was_or_missed_aloud() {
    committed(|w| {
        let plain = "factory \"acme\"\nrepo \"acme/anvil\" { description \"one\"; }\n";
        let allow = "allow \"deletes\" address=\"repo/**\" n=1 until=\"2001-01-01\" reason=\"it was so\"\n";
        w.config(&format!("{plain}{allow}"));
        w.config(&plain.replace("one", "two"));
        let change = w.plan(&["--against", "HEAD~1"]).exits(2);
        assert!(change.out.contains("\"\" → \"two\""), "{}", change.all());
        w.apply(&[]).exits(0);
        w.git(&["checkout", "-q", "--orphan", "anew"]);
        w.config(&plain.replace("one", "three"));
        w.git(&["branch", "-q", "-M", "anew", "main"]);
        w.git(&["reflog", "expire", "--expire=now", "--all"]);
        w.git(&["gc", "-q", "--prune=now"]);
        let drift = w.run(&["drift"]).exits(2);
        assert!(drift.err.contains("can't be read any more"), "{}", drift.all());
        assert!(drift.out.contains("which was applied last, can't be read any more"), "{}", drift.all());
    });
}

/// What an apply of a part left out was never applied: that it differs is no drift, and what had been applied before is.
#[test]
fn what_an_apply_of_a_part_left_out_is_no_drift() {
    committed(|w| {
        let drift = |code: i32| w.run(&["drift", "--json"]).exits(code).json()["drift"].clone();
        let after = |drift: &serde_json::Value| -> Vec<serde_json::Value> {
            drift.as_array().expect("it is a list").iter().map(|action| action["after"].clone()).collect()
        };
        w.apply(&[]).exits(0);
        w.config(
            "factory \"acme\"\nrepo \"acme/anvil\" { description \"New\"; has-projects #false; labels { \
             label \"bug\" color=\"b60205\"; label \"ready\" color=\"111111\"; label \"new\"; }; }\n\
             repo \"acme/bellows\" { has-wiki #false; has-issues #false; }\n",
        );
        w.apply(&["repo/acme/anvil/label/new"]).exits(0);
        assert_eq!(drift(0), json!([]), "nothing but the label was applied");

        w.github().set("acme/anvil", &json!({ "description": "By hand" })).expect("it is there");
        w.github().set("acme/bellows", &json!({ "has_wiki": true })).expect("it is there");
        w.github().delete_label("acme/anvil", "new").expect("it is there");
        w.github().edit_label("acme/anvil", "ready", &json!({ "color": "222222" })).expect("it is there");
        let told = drift(2);
        // Of the description and the label's colour the config before says that they were not so, whatever is new of them.
        assert_eq!(
            after(&told),
            [
                json!({ "description": "New" }),
                json!({ "name": "new", "color": "ededed", "description": "" }),
                json!({ "name": "ready", "color": "111111", "description": "" }),
                json!({ "has-wiki": false })
            ],
            "{told}"
        );

        // A saved plan is for what is in it; one setting is applied with the others of its repository.
        w.plan(&["repo/acme/anvil/description", "-o", "saved.json"]).exits(2);
        w.run(&["apply", "--yes", "saved.json"]).exits(0);
        assert_eq!(after(&drift(2)).len(), 3);
        w.github().set("acme/anvil", &json!({ "has_projects": true })).expect("it is there");
        w.github().edit_label("acme/anvil", "ready", &json!({ "color": "333333" })).expect("it is there");
        let told = drift(2);
        assert_eq!(after(&told)[0], json!({ "has-projects": false }), "{told}");
        assert_eq!(after(&told).len(), 4, "{told}");

        w.apply(&[]).exits(0);
        w.github().edit_label("acme/anvil", "ready", &json!({ "color": "222222" })).expect("it is there");
        assert_eq!(after(&drift(2)).len(), 1);
    });
}

/// A loop that was switched off has applied nothing.
#[test]
fn what_a_loop_that_was_off_left_is_no_drift() {
    committed(|w| {
        w.apply(&[]).exits(0);
        w.config(
            "factory \"acme\"\nrepo \"acme/anvil\" { has-wiki #false; labels { label \"new\"; label \"bug\" color=\"b60205\"; }; }\n",
        );
        w.run(&["loop", "disable", "labels", "--reason", "audit"]).exits(0);
        w.apply(&[]).exits(0);
        w.run(&["loop", "enable", "labels"]).exits(0);
        w.github().delete_label("acme/anvil", "bug").expect("it is there");
        let drift = w.run(&["drift", "--json"]).exits(2).json();
        assert_eq!(drift["drift"].as_array().map(Vec::len), Some(1), "{drift}");
        assert_eq!(drift["drift"][0]["address"], "repo/acme/anvil/label/bug", "{drift}");
        w.github().set("acme/anvil", &json!({ "has_wiki": true })).expect("it is there");
        let text = w.run(&["drift"]).exits(2);
        assert!(text.out.contains("where less was applied since"), "{}", text.all());
        assert!(text.out.contains("has-wiki: true → false") && !text.out.contains("new"), "{}", text.all());
    });
}

/// Config that says what is there already was applied by an apply that had nothing to write: what differs later is drift.
#[test]
fn an_apply_that_finds_nothing_to_do_is_what_drift_is_told_by() {
    committed(|w| {
        let says = |text: &str| {
            w.config(&format!("factory \"acme\"\nrepo \"acme/anvil\" {{ description \"{text}\"; }}\n"))
        };
        says("one");
        w.apply(&[]).exits(0);
        let by_hand =
            |text: &str| w.github().set("acme/anvil", &json!({ "description": text })).expect("it is there");
        by_hand("two");
        says("two");
        w.apply(&[]).exits(0);
        let records = || w.run(&["ledger", "show"]).exits(0).out.lines().count();
        let before = records();
        w.apply(&[]).exits(0);
        assert_eq!(records(), before, "it is recorded once");
        w.run(&["drift"]).exits(0);
        by_hand("one");
        let drift = w.run(&["drift"]).exits(2);
        assert!(drift.out.contains("description"), "{}", drift.all());
    });
}

/// What an apply couldn't read it didn't compare: what changed there since the one before is drift.
#[test]
fn what_an_apply_could_not_read_is_told_by_the_one_before() {
    committed(|w| {
        let text = |description: &str| {
            format!(
                "factory \"acme\"\nrepo \"acme/anvil\" {{ description \"{description}\"; }}\n\
                 repo \"acme/bellows\" {{ has-wiki #true; }}\n"
            )
        };
        w.config(&text("one"));
        w.github().set("acme/bellows", &json!({ "has_wiki": false })).expect("it is there");
        w.apply(&[]).exits(0);
        w.config(&text("two"));
        w.github().set("acme/bellows", &json!({ "visibility": "private" })).expect("it is there");
        let public = factoryctl::twin::world::Token {
            scopes: vec!["public_repo".into()],
            ..factoryctl::twin::world::Token::classic("operator")
        };
        w.github().mutate(|github| github.add_token("ghp_public", public));
        let full = w.twin().token().to_owned();
        w.set("FACTORY_GITHUB_TOKEN", "ghp_public");
        w.apply(&[]).exits(5);
        w.set("FACTORY_GITHUB_TOKEN", &full);
        w.run(&["drift"]).exits(0);
        w.github().set("acme/bellows", &json!({ "has_wiki": false })).expect("it is there");
        let drift = w.run(&["drift"]).exits(2);
        assert!(drift.out.contains("has-wiki"), "{}", drift.all());
    });
}
