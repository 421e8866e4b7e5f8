//! What is in force of a config repository, and where its state lies, while config says something else by now.

use crate::daemon::{Daemon, HOME, github_with_factory, on_github, wait};
use crate::world::{World, sample, world_of};

const LOCAL: &str = "factory \"acme\"\nrepo \"acme/anvil\" { has-wiki #false; }\n";

/// A factory that began on one machine goes to GitHub: what it did and what was switched goes with it.
#[test]
fn a_local_factory_takes_its_past_along_when_it_goes_to_github() {
    world_of(github_with_factory(), |world| {
        world.config(LOCAL);
        let daemon = Daemon::start(world, &[]);
        wait("it converges", || {
            let on = world.github().with(|g| g.repo("acme", "anvil").map(|r| r.settings.has_wiki));
            (on == Some(false)).then_some(())
        });
        daemon.ask(&["loop", "disable", "labels", "--reason", "before"]).exits(0);
        world.config(&LOCAL.replace("factory \"acme\"", HOME.trim_end()));
        daemon.wait("the rejection", |s| !s["config"]["rejected"].is_null());
        daemon.ask(&["suspend", "repo/acme/anvil", "--reason", "after"]).exits(0);
        let held = daemon.ask(&["apply", "--yes"]).exits(8);
        assert!(held.err.contains("factoryctl run"), "{}", held.all());
        daemon.stop().exits(0);
        let flips = world.run(&["loop", "list"]).exits(0);
        assert!(flips.out.contains("before"), "{}", flips.all());

        let daemon = Daemon::start(world, &[]);
        let status = daemon.wait("it goes on", |s| s["config"]["rejected"].is_null());
        let reasons: Vec<&str> =
            status["flips"].as_array().unwrap().iter().filter_map(|f| f["reason"].as_str()).collect();
        assert_eq!(reasons, ["before", "after"], "{status}");
        let history = daemon.ask(&["history", "repo/acme/anvil"]).exits(0);
        assert!(history.out.contains("has-wiki"), "{}", history.all());
        let ran = daemon.stop().exits(0);
        assert!(ran.err.contains("from now on"), "{}", ran.all());
        world.run(&["ledger", "verify"]).exits(0);
        assert!(has_ref(world, "acme/factory", "refs/heads/factory/ledger"), "the whole ledger is on GitHub");
    });
}

/// Whether a repository has a ref.
pub(crate) fn has_ref(world: &World, repo: &str, name: &str) -> bool {
    let with_token = format!("http://x-access-token:{}@", world.twin().token());
    let url = world.twin().git_url().replace("http://", &with_token);
    !world.git(&["ls-remote", &format!("{url}/{repo}.git"), name]).is_empty()
}

/// The same config by another way: a switch holds, wherever the next command looks from.
#[test]
fn what_was_switched_holds_by_every_way_to_the_config() {
    world_of(github_with_factory(), |world| {
        world.config(LOCAL);
        world.run(&["apply", "--yes"]).exits(0);
        world.run(&["loop", "disable", "labels", "--reason", "by the folder"]).exits(0);
        let holds = |config: &str, reason: &str| {
            let listed = world.run(&["--config", config, "loop", "list"]).exits(0);
            assert!(listed.out.contains(reason), "{config}: {}", listed.all());
        };
        let folder = world.path("config");
        holds(&format!("file://{}", folder.display()), "by the folder");
        // It goes to GitHub, and is used by its URL alone from then on.
        let before = world.git(&["rev-parse", "HEAD"]);
        world.config(&LOCAL.replace("factory \"acme\"", HOME.trim_end()));
        let url = pushed(world);
        world.git(&["reset", "-q", "--hard", before.trim()]);
        holds(&url, "by the folder");
        let held = world.run(&["--config", &url, "apply", "--yes"]).exits(0);
        assert!(held.err.contains("from now on"), "{}", held.all());
        assert!(held.err.contains("by the folder"), "{}", held.all());
        // Whoever still looks from the folder, as it was then, finds the same.
        let switch = ["loop", "disable", "config-review", "--reason", "by the URL"];
        world.run(&[&["--config", url.as_str()], &switch[..]].concat()).exits(0);
        holds(&folder.display().to_string(), "by the URL");
        world.run(&["--config", &url, "ledger", "verify"]).exits(0);
    });
}

/// Pushes what is checked out to the config repository on GitHub; gives its URL.
fn pushed(world: &World) -> String {
    let with_token = format!("http://x-access-token:{}@", world.twin().token());
    let address = world.twin().git_url().replace("http://", &with_token);
    world.git(&["push", "-q", "--force", &format!("{address}/acme/factory.git"), "main"]);
    format!("{}/acme/factory.git", world.twin().url())
}

#[test]
fn a_local_factory_whose_folder_is_moved_keeps_its_switches() {
    world_of(sample::github(), |world| {
        world.config(LOCAL);
        world.run(&["apply", "--yes"]).exits(0);
        world.run(&["loop", "disable", "labels", "--reason", "before"]).exits(0);
        std::fs::rename(world.path("config"), world.path("elsewhere")).unwrap();
        let elsewhere = world.path("elsewhere").display().to_string();
        std::fs::create_dir(world.path("config")).unwrap();
        let listed = world.run(&["--config", &elsewhere, "loop", "list"]).exits(0);
        assert!(listed.out.contains("before"), "{}", listed.all());
    });
}

/// Who comes to a place from which a factory moved away is another one, whether or not that was noticed there yet.
#[test]
fn a_place_that_is_used_again_has_nothing_of_who_moved_away() {
    for moves_first in [true, false] {
        world_of(sample::github(), |world| {
            world.config(LOCAL);
            world.run(&["apply", "--yes"]).exits(0);
            world.run(&["loop", "disable", "labels", "--reason", "before"]).exits(0);
            std::fs::rename(world.path("config"), world.path("elsewhere")).unwrap();
            std::fs::create_dir(world.path("config")).unwrap();
            let elsewhere = world.path("elsewhere").display().to_string();
            let there = ["--config", elsewhere.as_str()];
            let holds = |args: &[&str]| {
                let ran = world.run(&[&there[..], args].concat()).exits(0);
                assert!(ran.all().contains("before"), "{}", ran.all());
            };
            if moves_first {
                holds(&["apply", "--yes"]);
            }
            world.git(&["init", "-q", "-b", "main"]);
            world.config("factory \"sandbox\"\n");
            holds(&["apply", "--yes"]);
            for _ in 0..2 {
                let listed = world.run(&["loop", "list"]).exits(0);
                assert!(!listed.out.contains("before"), "{}", listed.all());
                world.run(&["apply", "--yes"]).exits(0);
            }
            holds(&["apply", "--yes"]);
            holds(&["loop", "list"]);
        });
    }
}

/// A repository has one name, from whichever of its working trees one looks.
#[test]
fn a_linked_working_tree_is_the_same_factory() {
    world_of(sample::github(), |world| {
        world.config(LOCAL);
        let daemon = Daemon::start(world, &[]);
        world.git(&["worktree", "add", "-q", "--detach", "../linked"]);
        let linked = world.path("linked").display().to_string();
        world.run(&["--config", &linked, "status"]).exits(0);
        world.run(&["--config", &linked, "run"]).exits(8);
        daemon.stop().exits(0);
    });
}

/// Where a branch is gone and another one is named in its place, as the message advises, everything goes along.
#[test]
fn a_branch_that_takes_the_place_of_one_that_is_gone_has_its_switches() {
    world_of(github_with_factory(), |world| {
        let plain = "factory \"acme\" { config \"acme/factory\"; }\n";
        world.config(plain);
        let url = pushed(world);
        world.run(&["--config", &url, "apply", "--yes"]).exits(0);
        world.run(&["--config", &url, "loop", "disable", "labels", "--reason", "before"]).exits(0);
        let address = world
            .twin()
            .git_url()
            .replace("http://", &format!("http://x-access-token:{}@", world.twin().token()));
        let remote = format!("{address}/acme/factory.git");
        world.git(&["push", "-q", &remote, "main:trunk"]);
        world.github().set("acme/factory", &serde_json::json!({ "default_branch": "trunk" })).unwrap();
        let beside = world.run(&["--config", &format!("{url}#trunk"), "loop", "list"]).exits(0);
        assert!(!beside.out.contains("before"), "while both are there they are two: {}", beside.all());
        world.git(&["push", "-q", &remote, ":main"]);
        let config = format!("{url}#trunk");
        let apply = world.run(&["--config", &config, "apply", "--yes"]).exits(0);
        assert!(apply.err.contains("from now on") && apply.err.contains("before"), "{}", apply.all());
    });
}

/// In a repository on this machine, too, a branch that is gone is no reason to go by another.
#[test]
fn a_local_branch_that_is_gone_leaves_what_was_in_force() {
    world_of(sample::github(), |world| {
        let good = world.config(LOCAL);
        Daemon::start(world, &[]).stop().exits(0);
        world.git(&["checkout", "-q", "-b", "topic"]);
        world.config("factory \"acme\"\nrepo \"acme/anvil\" { has-wiki #true; }\n");
        world.git(&["branch", "-q", "-D", "main"]);
        let daemon = Daemon::start(world, &[]);
        let status = daemon.wait("it is missed", |s| !s["config"]["trouble"].is_null());
        assert_eq!(status["config"]["commit"], good.trim(), "{status}");
        let ran = daemon.stop().exits(0);
        assert!(ran.err.contains("the branch `main` of the config repository is gone"), "{}", ran.all());
        let held = world.run(&["apply", "--yes"]).exits(4);
        assert!(held.err.contains("is not merged to the config branch `main`"), "{}", held.all());
        assert!(held.err.contains("or if another takes its place, remove "), "{}", held.all());
        world.git(&["branch", "-q", "main"]);
        world.run(&["apply", "--yes"]).exits(0);
    });
}

/// In a clone whose remote branch is gone, what was committed here and never pushed is not in force.
#[test]
fn a_clone_whose_remote_branch_is_gone_takes_nothing_unpushed() {
    world_of(github_with_factory(), |world| {
        let text = LOCAL.replace("factory \"acme\"", HOME.trim_end());
        let pushed = world.config(&text);
        world.git(&["update-ref", "refs/remotes/origin/main", "main"]);
        Daemon::start(world, &[]).stop().exits(0);
        world.config(&text.replace("#false", "#true"));
        world.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
        let daemon = Daemon::start(world, &[]);
        let status = daemon.wait("it is missed", |s| !s["config"]["trouble"].is_null());
        assert_eq!(status["config"]["commit"], pushed.trim(), "{status}");
        daemon.stop().exits(0);
    });
}

/// A commit doesn't say itself whether it is merged.
#[test]
fn a_feature_branch_is_unmerged_whatever_it_names() {
    world_of(github_with_factory(), |world| {
        let text = LOCAL.replace("factory \"acme\"", HOME.trim_end());
        on_github(world, &text);
        world.config(&text);
        let unmerged = |world: &World| {
            let held = world.run(&["apply", "--yes"]).exits(4);
            assert!(held.err.contains("is not merged to the config branch `main`"), "{}", held.all());
        };
        world.git(&["checkout", "-q", "-b", "topic"]);
        world.config(&text.replace("\"main\"", "\"topic\""));
        world.github().push_file("acme/factory", "topic", "factory.kdl", &text).unwrap();
        unmerged(world);
        world.git(&["checkout", "-q", "--detach"]);
        unmerged(world);
    });
    world_of(sample::github(), |world| {
        world.config(LOCAL);
        world.git(&["checkout", "-q", "-b", "topic"]);
        world.config(&LOCAL.replace("has-wiki", "has-issues"));
        let held = world.run(&["apply", "--yes"]).exits(4);
        assert!(held.err.contains("is not merged to the config branch `main`"), "{}", held.all());
        world.git(&["checkout", "-q", "main"]);
        world.run(&["apply", "--yes"]).exits(0);
    });
}

/// The branch that a person names beside the URL is the config branch, for `run` and `apply` alike.
#[test]
fn a_branch_named_beside_the_url_is_the_config_branch() {
    world_of(sample::github(), |world| {
        world.config(LOCAL);
        world.git(&["checkout", "-q", "-b", "dev"]);
        world.config(&LOCAL.replace("has-wiki #false", "has-issues #false"));
        let url = format!("file://{}", world.path("config").display());
        let (main, dev) = (format!("{url}#main"), format!("{url}#dev"));
        let daemon = Daemon::start(world, &["--config", &dev]);
        let other = Daemon::start(world, &["--config", &main]);
        other.stop().exits(0);
        daemon.stop().exits(0);
        world.github().set("acme/anvil", &serde_json::json!({ "has_issues": true })).unwrap();
        let done = world.run(&["--config", &dev, "apply", "--yes"]).exits(0);
        assert!(done.err.contains("has-issues"), "{}", done.all());
    });
}

/// What was applied by hand since a daemon ran is in force as well: its next start falls back to no earlier commit.
#[test]
fn a_start_on_a_bad_head_keeps_what_was_applied_by_hand() {
    world_of(sample::github(), |world| {
        world.config(LOCAL);
        Daemon::start(world, &[]).stop().exits(0);
        let by_hand = world.config(&LOCAL.replace("#false", "#true"));
        world.run(&["apply", "--yes"]).exits(0);
        world.config("nonsense");
        let daemon = Daemon::start(world, &[]);
        let status = daemon.wait("the rejection", |s| !s["config"]["rejected"].is_null());
        assert_eq!(status["config"]["commit"], by_hand.trim(), "{status}");
        daemon.stop().exits(0);
    });
}

/// Without a daemon, too, a switch lies where the next apply looks, though the branch was renamed meanwhile.
#[test]
fn a_switch_by_a_url_goes_by_what_the_branch_has_now() {
    world_of(github_with_factory(), |world| {
        let config = on_github(world, HOME);
        let url = config.trim_end_matches("#main");
        world.run(&["--config", url, "plan"]).exits(0);
        let renamed = HOME.replace("\"main\"", "\"trunk\"");
        for branch in ["trunk", "main"] {
            world.github().push_file("acme/factory", branch, "factory.kdl", &renamed).unwrap();
        }
        world.run(&["--config", url, "loop", "disable", "labels", "--reason", "stop"]).exits(0);
        let apply = world.run(&["--config", url, "apply", "--yes"]).exits(0);
        assert!(apply.err.contains("loop/labels: stop"), "{}", apply.all());
    });
}

/// A proposal onto what was the config branch would never come into force.
#[test]
fn a_switch_is_proposed_anew_when_another_branch_is_the_config_branch() {
    world_of(github_with_factory(), |world| {
        let config = on_github(world, HOME);
        let url = config.trim_end_matches("#main");
        let aims = || {
            world.github().with(|github| {
                let issues = &github.repo("acme", "factory").expect("it is there").issues;
                let open = issues.values().filter(|issue| issue.closed_at.is_none());
                open.filter_map(|issue| Some(issue.pull.as_ref()?.base_ref.clone())).collect::<Vec<String>>()
            })
        };
        let daemon = Daemon::start(world, &["--config", url]);
        daemon.ask(&["loop", "disable", "labels", "--reason", "stop"]).exits(0);
        wait("the pull request", || (aims() == ["main"]).then_some(()));
        daemon.wait("it is known", |s| s["flips"][0]["proposed"] == true);
        daemon.stop().exits(0);
        let renamed = HOME.replace("\"main\"", "\"trunk\"");
        for branch in ["trunk", "main"] {
            world.github().push_file("acme/factory", branch, "factory.kdl", &renamed).unwrap();
        }
        let daemon = Daemon::start(world, &["--config", url]);
        wait("another one, and the first is closed", || (aims() == ["trunk"]).then_some(()));
        let status = daemon.wait("it holds", |s| s["flips"][0]["proposed"] == true);
        assert_eq!(status["flips"][0]["reason"], "stop", "{status}");
        daemon.stop().exits(0);
    });
}

/// With a note of what was in force, a good commit that came after it is still the last good one.
#[test]
fn a_start_on_a_bad_head_goes_on_to_the_last_good_commit() {
    world_of(sample::github(), |world| {
        world.config(LOCAL);
        Daemon::start(world, &[]).stop().exits(0);
        let protect = "factory \"acme\" { protect \"repo/acme/anvil\" reason=\"audit\"; }";
        let good = world.config(&LOCAL.replace("factory \"acme\"", protect));
        world.config("nonsense");
        world.github().set("acme/anvil", &serde_json::json!({ "has_wiki": true })).unwrap();
        let daemon = Daemon::start(world, &[]);
        let status = daemon.wait("the rejection", |s| !s["config"]["rejected"].is_null());
        assert_eq!(status["config"]["commit"], good.trim(), "{status}");
        daemon.stop().exits(0);
        let wiki = world.github().with(|g| g.repo("acme", "anvil").map(|r| r.settings.has_wiki));
        assert_eq!(wiki, Some(true), "what that protects is left alone");
    });
}
