//! What differs though no config change explains it, told apart from what waits to be applied.

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
