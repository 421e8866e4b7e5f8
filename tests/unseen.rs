//! What can't be seen is not taken for absent, and the exit code says that something wasn't seen.

use factoryctl::twin::world::Token;
use factoryctl::twin::{FaultAction, FaultRule};

use super::world::{World, world_of};

fn with_private<T>(test: impl FnOnce(&World) -> T) -> T {
    let mut github = factoryctl::twin::World::new("acme");
    github.add_repo("acme", "anvil");
    github
        .add_token("ghp_public", Token { scopes: vec!["public_repo".into()], ..Token::classic("operator") });
    world_of(github, |w| {
        w.github().set("acme/anvil", &serde_json::json!({ "visibility": "private" })).unwrap();
        test(w)
    })
}

/// Without the scope for private repositories nobody knows whether one is there: it is not made.
#[test]
fn what_a_token_may_not_see_is_not_made() {
    with_private(|w| {
        w.set("FACTORY_GITHUB_TOKEN", "ghp_public");
        w.config("factory \"acme\"\nrepo \"acme/anvil\" create=#true\n");
        let before = w.requests().len();
        let plan = w.plan(&[]).exits(5);
        assert!(plan.out.contains("has no scope `repo`"), "{}", plan.all());
        w.apply(&[]).exits(5);
        assert!(w.requests()[before..].iter().all(|r| r.path == "/graphql"), "nothing was written");
        let import = w.run(&["import", "acme", "-o", "out"]);
        assert!(import.err.contains("no scope `repo`") || import.err.contains("sees"), "{}", import.all());
    });
}

/// A list that failed is said with its exit code, though nothing else depends on it.
#[test]
fn a_list_that_failed_is_incomplete() {
    with_private(|w| {
        w.config("factory \"acme\"\nrepositories \"acme/*\" mode=\"observe\"\nrepo \"acme/anvil\"\n");
        w.plan(&[]).exits(0);
        let list = |status| {
            let action =
                FaultAction::Status { status, body: None, headers: std::collections::BTreeMap::new() };
            w.faults(vec![FaultRule {
                operation: Some("OwnerRepositories".into()),
                ..FaultRule::every(action)
            }]);
            w.plan(&[])
        };
        list(401).exits(5);
        let failed = list(502).exits(1);
        assert!(failed.err.contains("could not be listed"), "{}", failed.all());
        w.faults(Vec::new());
        w.config("factory \"acme\"\nrepositories \"acmee/*\" mode=\"observe\"\nrepo \"acme/anvil\"\n");
        let nobody = w.plan(&[]).exits(1);
        assert!(nobody.err.contains("there is no such account"), "{}", nobody.all());
    });
}

/// An old reading knows nothing of what was declared since.
#[test]
fn offline_nothing_is_known_of_what_no_reading_saw() {
    with_private(|w| {
        w.config("factory \"acme\"\nrepo \"acme/anvil\"\n");
        w.plan(&[]).exits(0);
        w.plan(&["--offline"]).exits(0);
        let rehearsal = w.plan(&["--offline", "--api", "http://127.0.0.1:9"]).exits(1);
        assert!(rehearsal.err.contains("there is no earlier reading"), "{}", rehearsal.all());
        w.config("factory \"acme\"\nrepo \"acme/anvil\"\nrepo \"acme/forge\" create=#true\n");
        let plan = w.plan(&["--offline"]).exits(1);
        assert!(plan.err.contains("acme/forge could not be read"), "{}", plan.all());
        let next = "; next: run `factoryctl plan` once without --offline\n";
        assert!(plan.err.contains(next), "{}", plan.all());
        assert!(!plan.out.contains("create repository"), "{}", plan.all());
    });
}
