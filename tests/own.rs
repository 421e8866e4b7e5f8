//! The factory's own config repository is changed by nobody but people, whatever it is called and however config is
//! found.

use factoryctl::twin::World as GitHub;
use factoryctl::twin::world::Settings;

use crate::world::{World, world_of};

/// A world in which `acme/cfg` holds a config of these lines, and is called `acme/cfg-new` by now.
fn renamed(factory: &str, repos: &str, test: impl FnOnce(&World)) {
    let mut github = GitHub::new("acme");
    github.add_repo("acme", "anvil");
    github.add_repo("acme", "cfg");
    world_of(github, |w| {
        w.config(&format!("{factory}\n{repos}\n"));
        push(w, "acme/cfg");
        w.github().rename("acme/cfg", "cfg-new").expect("it is there");
        test(w);
    });
}

/// Pushes the config to a repository on GitHub.
fn push(w: &World, repo: &str) {
    let (base, token) = (w.twin().url(), w.twin().token());
    let url = base.replacen("http://", &format!("http://x-access-token:{token}@"), 1);
    w.git(&["push", "-q", "--force", &format!("{url}/{repo}.git"), "main"]);
}

fn settings(w: &World, repo: &str) -> Settings {
    w.github().with(|github| github.repo("acme", repo).expect("it is there").settings.clone())
}

/// How many queries for repositories a plan makes.
fn queries(w: &World) -> usize {
    w.requests();
    w.plan(&[]);
    w.requests().iter().filter(|r| r.operation.as_deref() == Some("Repositories")).count()
}

const NAMED: &str = "factory \"acme\" { config \"acme/cfg\"; }";
const OWN: &str = "repo \"acme/cfg-new\" { archived #true; has-wiki #false; }";

#[test]
fn the_config_repository_is_known_under_another_name() {
    renamed(NAMED, &format!("{OWN}\nrepo \"acme/anvil\" {{ has-wiki #false; }}"), |w| {
        for how in [&[][..], &["--offline"], &["repo/acme/cfg-new/**"]] {
            let plan = w.plan(how).exits(4);
            assert!(
                plan.out.contains("`acme/cfg-new` is the factory's own config repository"),
                "{}",
                plan.all()
            );
        }
        w.apply(&[]).exits(4);
        let settings = |repo: &str| settings(w, repo);
        assert!(!settings("cfg-new").archived && settings("cfg-new").has_wiki && !settings("anvil").has_wiki);
    });
}

/// Nobody has to name it: it is where config is read from, by its URL or as what a clone is a clone of.
#[test]
fn the_repository_that_config_is_read_from_is_the_factorys_own() {
    renamed("factory \"acme\"", OWN, |w| {
        w.plan(&[]).exits(2);
        let url = format!("{}/acme/cfg.git", w.twin().url());
        let held = |args: &[&str]| {
            let ran = w.run(args).exits(4);
            assert!(ran.all().contains("is the factory's own config repository"), "{}", ran.all());
        };
        held(&["plan", "--config", &url]);
        held(&["apply", "--yes", "--config", &url]);
        w.git(&["remote", "add", "origin", &url]);
        for args in [&["plan"][..], &["plan", "--at", "HEAD"], &["apply", "--yes"]] {
            held(args);
        }
        assert!(!settings(w, "cfg-new").archived);
        w.git(&["remote", "set-url", "origin", "https://github.com/acme/cfg.git"]);
        w.plan(&[]).exits(2);
    });
}

/// Where this credential sees no such repository, its name is all there is to go by.
#[test]
fn a_config_repository_that_is_not_seen_holds_nothing_else_back() {
    let elsewhere = "factory \"acme\" { config \"ghosts/cfg\"; }";
    for factory in [elsewhere, "factory \"acme\" { config \"acme/ghost\"; }"] {
        renamed(factory, OWN, |w| {
            let plan = w.plan(&[]).exits(2);
            assert!(!plan.out.contains("incomplete"), "{}", plan.all());
        });
    }
}

/// It is asked for beside others, and where they fill a query too.
#[test]
fn the_config_repository_takes_no_query_of_its_own() {
    let mut github = GitHub::new("acme");
    github.add_repo("acme", "cfg");
    for n in 0..50 {
        github.add_repo("acme", &format!("r{n}"));
    }
    world_of(github, |w| {
        let repos = |count: usize, more: &str| {
            (0..count).map(|n| format!("repo \"acme/r{n}\" {{ {more}; }}\n")).collect::<String>()
        };
        for repos in [repos(50, "has-wiki #false"), repos(2, "archived #true"), String::new()] {
            let counts = ["factory \"acme\"", NAMED].map(|factory| {
                w.config(&format!("{factory}\n{repos}"));
                queries(w)
            });
            assert_eq!(counts[0], counts[1], "{repos}");
        }
    });
}
