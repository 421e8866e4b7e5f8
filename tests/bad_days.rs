//! Days on which the world moves under an apply: nothing is doubled, lost or made anew, the exit code says what
//! happened, and the next plan says what a person has to do.

use std::time::Duration;

use factoryctl::twin::world::Token;
use factoryctl::twin::{FaultAction, FaultRule, World as GitHub};
use serde_json::json;

use crate::world::{Ran, World, world_of};

/// Four changes in one repository, which are made one after the other.
const CONFIG: &str = r#"factory "acme"
repo "acme/anvil" {
    description "Hits things"
    labels {
        label "bug" color="b60205"
        label "one" color="0e8a16"
        label "two" color="0e8a16"
    }
}
repo "acme/bellows" { has-wiki #false; }
"#;

/// Applies, lets somebody act while the first write to the repository is under way, and answers how it ended.
fn interfered(test: impl FnOnce(&World, &Ran), act: impl FnOnce(&World)) {
    let mut github = GitHub::new("acme");
    github.add_repo("acme", "anvil");
    github.add_repo("acme", "bellows");
    world_of(github, |w| {
        w.config(CONFIG);
        w.faults(vec![
            FaultRule::every(FaultAction::Delay { ms: 400 }).on("POST", "/repos/acme/anvil/labels").times(1),
        ]);
        let apply = w.start(&["apply", "--yes"]);
        w.until("the first label is being made", || {
            w.twin().log().iter().any(|r| r.method == "POST" && r.path == "/repos/acme/anvil/labels")
        });
        act(w);
        let ended = apply.finish(Duration::from_mins(1));
        w.faults(Vec::new());
        w.run(&["ledger", "verify"]).exits(0);
        let wiki =
            w.github().with(|github| github.repo("acme", "bellows").expect("it is there").settings.has_wiki);
        assert!(!wiki, "the other repository is none of its business\n{}", ended.all());
        test(w, &ended);
    });
}

fn labels(w: &World, repo: &str) -> usize {
    w.github().with(|github| github.repo("acme", repo).expect("it is there").labels.len())
}

fn repositories(w: &World) -> usize {
    w.github().with(|github| github.repos.len())
}

#[test]
fn a_repository_is_renamed_in_mid_apply() {
    let before = std::cell::Cell::new(0);
    interfered(
        |w, ended| {
            assert!(matches!(ended.code, 7 | 9), "{}", ended.all());
            assert_eq!(repositories(w), 2, "none is made under the former name");
            assert!(labels(w, "mallet") <= before.get() + 1, "nothing more is written\n{}", ended.all());
            let plan = w.plan(&[]).exits(1);
            assert!(plan.out.contains("acme/mallet"), "the plan asks for the new name: {}", plan.all());
        },
        |w| {
            before.set(labels(w, "anvil"));
            w.github().rename("acme/anvil", "mallet").expect("it is there");
        },
    );
}

#[test]
fn a_repository_is_archived_in_mid_apply() {
    interfered(
        |w, ended| {
            assert!(matches!(ended.code, 7 | 9), "{}", ended.all());
            let archived =
                w.github().with(|github| github.repo("acme", "anvil").expect("there").settings.archived);
            assert!(archived, "nobody asked for it to be unarchived");
            let plan = w.plan(&[]);
            assert!(plan.out.contains("acme/anvil: it is archived on GitHub"), "{}", plan.all());
        },
        |w| w.github().set("acme/anvil", &json!({ "archived": true })).expect("it is there"),
    );
}

#[test]
fn a_repository_is_deleted_in_mid_apply() {
    interfered(
        |w, ended| {
            assert!(matches!(ended.code, 7 | 9), "{}", ended.all());
            assert_eq!(repositories(w), 1, "it is not made anew");
            let plan = w.plan(&[]).exits(1);
            assert!(plan.out.contains("acme/anvil"), "{}", plan.all());
            w.apply(&[]).exits(1);
            assert_eq!(repositories(w), 1);
        },
        |w| w.github().delete("acme/anvil").expect("it is there"),
    );
}

#[test]
fn a_second_daemon_names_the_first() {
    let mut github = GitHub::new("acme");
    github.add_repo("acme", "anvil");
    world_of(github, |w| {
        w.config("factory \"acme\"\nrepo \"acme/anvil\"\n");
        let first = w.start(&["run"]);
        w.until("it answers", || w.run(&["status"]).code == 0);
        for command in [&["run"][..], &["apply", "--yes"][..]] {
            let second = w.run(command).exits(8);
            assert!(second.err.contains("factoryctl run"), "{}", second.all());
        }
        first.signal(rustix::process::Signal::TERM);
        first.finish(Duration::from_secs(30)).exits(0);
        w.apply(&[]).exits(0);
    });
}

/// A credential that is limited to some repositories doesn't see the others: what it takes for absent may be there, and
/// what it makes it may not see. Neither is made twice.
#[test]
fn a_limited_credential_makes_nothing_twice() {
    let mut github = GitHub::new("acme");
    github.add_repo("acme", "anvil");
    github.add_repo("acme", "secret");
    let mut limited = Token::classic("operator");
    limited.repos = Some(vec!["acme/anvil".to_owned()]);
    github.add_token("limited", limited);
    world_of(github, |w| {
        w.github().set("acme/secret", &json!({ "visibility": "private" })).expect("it is there");
        w.config(
            "factory \"acme\"\nrepo \"acme/secret\" create=#true { labels { label \"bug\"; }; }\n\
             repo \"acme/forge\" create=#true { labels { label \"ready\"; }; }\n",
        );
        w.set("FACTORY_GITHUB_TOKEN", "limited");
        let applied = w.apply(&[]).exits(9);
        let tries =
            w.requests().iter().filter(|r| r.method == "POST" && r.path == "/orgs/acme/repos").count();
        assert_eq!((tries, applied.out.as_str()), (2, "Apply: 1 done, 1 failed\n"), "{}", applied.all());
        for says in [
            "repo/acme/secret: a repository of that name exists, and this credential can't see it; let it see",
            "acme/forge was made, and this credential can't see it; let it see",
            "the scope `repo`",
        ] {
            assert!(applied.err.contains(says), "{says}: {}", applied.all());
        }
    });
}
