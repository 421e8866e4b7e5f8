//! The daemon as a person meets it: a push converges, a bad push changes nothing, a switch acts at once and
//! outlives a restart, webhooks wake it once, a signal ends it.
//!
//! Every test waits for what it wants to see, never for a time; [`PATIENCE`] is only the end of hope.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use factoryctl::twin::world::DeliveryOptions;
use factoryctl::twin::{FaultAction, FaultRule};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::world::{Ran, Running, World, sample, world, world_of};

/// Far beyond what any step takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks until `seen` gives something.
#[track_caller]
pub(crate) fn wait<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = seen() {
            return found;
        }
        assert!(Instant::now() < end, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// A daemon that runs; ended by [`Daemon::stop`].
pub(crate) struct Daemon<'a> {
    world: &'a World,
    args: Vec<String>,
    running: Running,
}

impl<'a> Daemon<'a> {
    /// Starts it and waits until its first tick has ended.
    pub(crate) fn start(world: &'a World, args: &[&str]) -> Self {
        let it = Self::begin(world, args);
        it.wait("its first tick", |status| status["last"]["number"].as_u64() >= Some(1));
        it
    }

    /// Starts it.
    pub(crate) fn begin(world: &'a World, args: &[&str]) -> Self {
        let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
        let all: Vec<&str> = args.iter().map(String::as_str).chain(["run", "--fetch-every", "1"]).collect();
        Self { world, running: world.start(&all), args }
    }

    pub(crate) fn ask(&self, args: &[&str]) -> Ran {
        let all: Vec<&str> = self.args.iter().map(String::as_str).chain(args.iter().copied()).collect();
        self.world.run(&all)
    }

    /// What it has told so far.
    pub(crate) fn said(&self) -> String {
        self.running.said().concat()
    }

    pub(crate) fn status(&self) -> Option<Value> {
        let ran = self.ask(&["status", "--json"]);
        (ran.code == 0).then(|| ran.json())
    }

    #[track_caller]
    pub(crate) fn wait(&self, what: &str, seen: impl Fn(&Value) -> bool) -> Value {
        wait(what, || self.status().filter(|status| seen(status)))
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        self.running.signal(signal);
    }

    /// Waits until it ends by itself.
    pub(crate) fn ends(self) -> Ran {
        self.running.finish(PATIENCE)
    }

    /// Kills it: it has no chance to end anything.
    pub(crate) fn kill(self) {
        drop(self.running.kill_after(Duration::ZERO));
    }

    /// Ends it by a signal; says how it ended.
    pub(crate) fn stop(self) -> Ran {
        self.running.signal(Signal::TERM);
        self.running.finish(PATIENCE)
    }
}

fn loop_<'v>(status: &'v Value, name: &str) -> &'v Value {
    let loops = status["loops"].as_array().expect("the loops are a list");
    loops.iter().find(|l| l["name"] == name).expect("the loop is listed")
}

fn has_wiki(world: &World, repo: &str) -> bool {
    world.github().with(|github| github.repo("acme", repo).expect("it is there").settings.has_wiki)
}

/// How many of [`many_labels`] a repository has.
fn labels(world: &World, repo: &str) -> usize {
    world.github().with(|github| {
        let repo = github.repo("acme", repo).expect("it is there");
        repo.labels.iter().filter(|label| label.name.starts_with("many-")).count()
    })
}

const WIKI_OFF: &str = "factory \"acme\"\nrepo \"acme/anvil\" { has-wiki #false; }\n";
const WIKI_ON: &str = "factory \"acme\"\nrepo \"acme/anvil\" { has-wiki #true; }\n";

/// Each loop that has to do with a renamed repository says so by itself: any of them may be asked to look alone.
#[test]
fn a_renamed_repository_is_trouble_for_each_loop_that_has_to_do_with_it() {
    world_of(sample::github(), |world| {
        world.config(
            "factory \"acme\"\nrepo \"acme/anvil\" { has-wiki #false; labels { label \"bug\"; }; }\n",
        );
        let daemon = Daemon::start(world, &[]);
        world.github().rename("acme/anvil", "mallet").expect("it is there");
        for name in ["labels", "repository-settings"] {
            daemon.ask(&["loop", "tick", name]).exits(0);
            let says = format!("{name}: repo/acme/anvil is called acme/mallet now");
            daemon.wait("it is said", |s| s["trouble"].as_str().is_some_and(|t| t.contains(&says)));
            let listed = daemon.ask(&["loop", "list"]).exits(0).out;
            let line = listed.lines().find(|line| line.starts_with(name)).expect("it is listed");
            assert!(line.contains("1 for a person to mend"), "{line}");
            let plan = world.plan(&["--loop", name]).exits(1);
            assert_eq!(plan.out.matches("is called acme/mallet now").count(), 1, "{}", plan.all());
        }
        let plan = world.plan(&[]).exits(1);
        assert_eq!(plan.out.matches("is called acme/mallet now").count(), 1, "{}", plan.all());
        daemon.stop().exits(0);
    });
}

#[test]
fn a_push_converges_and_a_bad_one_changes_nothing() {
    world_of(sample::github(), |world| {
        world.config(WIKI_OFF);
        let daemon = Daemon::start(world, &[]);
        wait("the first config in force", || (!has_wiki(world, "anvil")).then_some(()));

        let good = world.config(WIKI_ON);
        wait("the push converged", || has_wiki(world, "anvil").then_some(()));

        for bad in ["", "factory \"ac", "factory \"acme\"\nrepoo \"acme/anvil\"\n"] {
            let commit = world.config(bad);
            let status = daemon.wait("the rejection", |s| s["config"]["rejected"]["commit"] == json!(commit));
            assert_eq!(status["config"]["commit"], json!(good));
        }
        world.github().set("acme/anvil", &json!({ "has_wiki": false })).unwrap();
        daemon.ask(&["loop", "tick", "repository-settings"]).exits(0);
        wait("the last good config is kept", || has_wiki(world, "anvil").then_some(()));

        world.git(&["reset", "-q", "--hard", &good]);
        daemon.wait("the way back", |s| s["config"]["rejected"].is_null());
        let ran = daemon.stop().exits(0);
        assert!(ran.err.contains("was rejected"), "{}", ran.all());
        assert!(ran.out.contains("has-wiki: false → true"), "{}", ran.all());
        world.run(&["ledger", "verify"]).exits(0);
    });
}

#[test]
fn a_start_on_a_bad_head_keeps_the_last_good_config() {
    world_of(sample::github(), |world| {
        let good = world.config(WIKI_OFF);
        let bad = world.config("nonsense");
        let daemon = Daemon::start(world, &[]);
        let status = daemon.status().unwrap();
        assert_eq!(
            (&status["config"]["commit"], &status["config"]["rejected"]["commit"]),
            (&json!(good), &json!(bad))
        );
        wait("the last good config acts", || (!has_wiki(world, "anvil")).then_some(()));
        daemon.stop().exits(0);
    });
}

#[test]
fn without_any_good_commit_it_does_not_start_and_twice_it_does_not_run() {
    world(|world| {
        world.config("nonsense");
        world.run(&["run"]).exits(3);
        world.config("factory \"acme\"\n");
        let daemon = Daemon::start(world, &[]);
        let second = world.run(&["run"]).exits(8);
        assert!(second.err.contains("factoryctl run"), "{}", second.all());
        world.apply(&[]).exits(8);
        daemon.stop().exits(0);
        world.run(&["status"]).exits(1);
    });
}

/// Config that wants so many labels in one repository that making them takes a while.
fn many_labels(n: usize) -> String {
    let labels: Vec<String> = (0..n).map(|n| format!("label \"many-{n:03}\" color=\"0e8a16\"")).collect();
    format!(
        "factory \"acme\"\nrepo \"acme/anvil\" {{ has-wiki #false; labels {{ {}; }}; }}\n\
         caps {{ change-budget percent=100 floor=500; }}\n",
        labels.join("; ")
    )
}

#[test]
fn a_live_switch_acts_in_the_middle_of_an_apply_and_outlives_a_restart() {
    const N: usize = 60;
    world_of(sample::github(), |world| {
        world.config("factory \"acme\"\n");
        let daemon = Daemon::start(world, &[]);
        world.twin().set_latency(Duration::from_millis(20));
        world.config(&many_labels(N));
        wait("some labels", || (labels(world, "anvil") > 3).then_some(()));
        daemon.ask(&["loop", "disable", "labels", "--reason", "smoke"]).exits(0);
        let status = daemon.wait("the loop is off", |s| loop_(s, "labels")["state"] == "disabled");
        assert_eq!(loop_(&status, "labels")["reason"], "smoke");
        daemon.wait("the batch ended", |s| s["last"]["refused"].as_u64() > Some(0));
        let made = labels(world, "anvil");
        assert!(made < N, "{made} labels were made");
        daemon.stop().exits(0);

        world.twin().set_latency(Duration::ZERO);
        let daemon = Daemon::start(world, &[]);
        let status = daemon.status().unwrap();
        assert_eq!(loop_(&status, "labels")["state"], "disabled");
        assert_eq!(labels(world, "anvil"), made);
        assert!(!has_wiki(world, "anvil"), "the other loop goes on");
        daemon.ask(&["loop", "enable", "labels"]).exits(0);
        wait("it goes on", || (labels(world, "anvil") >= N).then_some(()));
        daemon.stop().exits(0);
    });
}

#[test]
fn switches_work_without_a_daemon_too() {
    world_of(sample::github(), |world| {
        world.config(WIKI_OFF);
        let off = world
            .run(&["loop", "disable", "repository-settings", "--reason", "smoke", "--until", "36h"])
            .exits(0);
        assert!(off.err.contains("no daemon runs"), "{}", off.all());
        let plan = world.plan(&["--json"]).exits(0).json();
        assert_eq!(plan["disabled"][0]["loop"], "repository-settings");
        world.run(&["suspend", "repo/acme/**", "--reason", "audit"]).exits(0);
        world.run(&["loop", "enable", "repository-settings"]).exits(0);
        world.plan(&[]).exits(4);
        world.run(&["resume", "repo/acme/**"]).exits(0);
        world.plan(&[]).exits(2);
        world.run(&["resume", "repo/acme/**"]).exits(1);
        world.run(&["loop", "disable", "label", "--reason", "x"]).exits(64);
        world.run(&["loop", "tick", "labels"]).exits(1);
        let list = world.run(&["loop", "list", "--json"]).exits(0).json();
        assert_eq!(list["loops"][0]["state"], "not running");
        world.run(&["ledger", "verify"]).exits(0);
    });
}

/// A world whose config repository is `acme/factory` on GitHub; gives the `--config` to use.
pub(crate) fn on_github(world: &World, text: &str) -> String {
    let url = format!("{}/acme/factory.git", world.twin().url());
    world.github().push_file("acme/factory", "main", "factory.kdl", text).unwrap();
    format!("{url}#main")
}

pub(crate) fn github_with_factory() -> factoryctl::twin::World {
    let mut github = sample::github();
    github.add_repo("acme", "factory");
    github
}

pub(crate) const HOME: &str = "factory \"acme\" { config \"acme/factory\" branch=\"main\"; }\n";

fn flip_branches(world: &World) -> Vec<String> {
    let with_token = format!("http://x-access-token:{}@", world.twin().token());
    let url = world.twin().git_url().replace("http://", &with_token);
    let names = world.git(&["ls-remote", &format!("{url}/acme/factory.git")]);
    names.lines().filter(|line| line.contains("refs/heads/factory/flip/")).map(str::to_owned).collect()
}

fn open_pulls(world: &World) -> Vec<(u64, String)> {
    world.github().with(|github| {
        let repo = github.repo("acme", "factory").expect("it is there");
        let open = repo.issues.values().filter(|i| i.pull.is_some() && i.closed_at.is_none());
        open.map(|i| (i.number, i.title.clone())).collect()
    })
}

#[test]
fn a_live_switch_becomes_a_pull_request_whose_end_is_its_end() {
    world_of(github_with_factory(), |world| {
        let config = on_github(
            world,
            &format!("{HOME}// a comment stays\nrepo \"acme/anvil\" {{ has-wiki #false; }}\n"),
        );
        let daemon = Daemon::start(world, &["--config", &config]);
        daemon.ask(&["loop", "disable", "labels", "--reason", "smoke"]).exits(0);
        let (number, title) = wait("the pull request", || open_pulls(world).into_iter().next());
        assert_eq!(title, "Switch loop/labels off: smoke");
        daemon.wait("it is known", |s| s["flips"][0]["proposed"] == true);
        world.github().close_pull("acme/factory", number).unwrap();
        daemon.ask(&["loop", "tick", "flips"]).exits(0);
        daemon.wait("the switch ends", |s| s["flips"] == json!([]) && loop_(s, "labels")["state"] == "idle");
        wait("its branch goes as well", || flip_branches(world).is_empty().then_some(()));

        daemon.ask(&["loop", "disable", "labels", "--reason", "again"]).exits(0);
        let (number, _) = wait("another pull request", || open_pulls(world).into_iter().next());
        world.github().merge_pull("acme/factory", number).unwrap();
        let status = daemon.wait("config says so now", |s| {
            s["flips"] == json!([]) && loop_(s, "labels")["state"] == "disabled"
        });
        assert_eq!(loop_(&status, "labels")["reason"], "again");

        daemon.ask(&["suspend", "repo/acme/anvil/**", "--reason", "audit"]).exits(0);
        wait("a third one", || open_pulls(world).into_iter().next());
        daemon.ask(&["resume", "repo/acme/anvil/**"]).exits(0);
        wait("it is withdrawn", || open_pulls(world).is_empty().then_some(()));
        daemon.stop().exits(0);
    });
}

/// Machines learn of each other's switches by commits only: a missing one is none that ended.
#[test]
fn another_machine_leaves_a_live_switch_and_its_pull_request_alone() {
    world_of(github_with_factory(), |world| {
        let config = on_github(world, &format!("{HOME}repo \"acme/anvil\" {{ has-wiki #false; }}\n"));
        let daemon = Daemon::start(world, &["--config", &config]);
        daemon.ask(&["suspend", "repo/acme/anvil", "--reason", "audit"]).exits(0);
        wait("the pull request", || open_pulls(world).into_iter().next());
        daemon.wait("it is known", |s| s["flips"][0]["proposed"] == true);

        let elsewhere = world.path("tmp/elsewhere");
        std::fs::create_dir_all(&elsewhere).unwrap();
        world.set("FACTORY_STATE_DIR", elsewhere.to_str().unwrap());
        world.set("XDG_RUNTIME_DIR", elsewhere.to_str().unwrap());
        let second = Daemon::start(world, &["--config", &config]);
        let ticks = second.status().unwrap()["last"]["number"].as_u64().unwrap();
        second.ask(&["loop", "tick", "flips"]).exits(0);
        second.wait("it has looked", |s| s["last"]["number"].as_u64() > Some(ticks));
        second.stop().exits(0);
        world.set("FACTORY_STATE_DIR", "");
        world.set("XDG_RUNTIME_DIR", world.path("run").to_str().unwrap());
        std::fs::remove_dir_all(elsewhere).unwrap();

        assert_eq!(open_pulls(world).len(), 1, "it is not withdrawn by another machine");
        daemon.ask(&["loop", "tick", "flips"]).exits(0);
        let status = daemon.wait("it is idle", |s| loop_(s, "flips")["state"] == "idle");
        assert_eq!(status["flips"][0]["address"], "repo/acme/anvil", "{status}");
        daemon.stop().exits(0);
    });
}

/// A hold that was merged holds until the merged commit is in force, whatever else is wrong with the branch.
#[test]
fn a_merged_switch_ends_when_the_merge_is_in_force_and_not_before() {
    world_of(github_with_factory(), |world| {
        let text = format!("{HOME}repo \"acme/anvil\" {{ has-wiki #false; }}\n");
        let config = on_github(world, &text);
        let daemon = Daemon::start(world, &["--config", &config]);
        daemon.ask(&["suspend", "repo/acme/anvil", "--reason", "audit", "--until", "2d"]).exits(0);
        let (number, _) = wait("the pull request", || open_pulls(world).into_iter().next());
        daemon.wait("it is known", |s| s["flips"][0]["proposed"] == true);
        world.github().push_file("acme/factory", "main", "policies/x.kdl", "nonsense\n").unwrap();
        daemon.wait("the rejection", |s| !s["config"]["rejected"].is_null());
        world.github().merge_pull("acme/factory", number).unwrap();
        world.github().set("acme/anvil", &json!({ "has_wiki": true })).unwrap();
        for name in ["flips", "repository-settings"] {
            let ticks = daemon.status().unwrap()["last"]["number"].as_u64().unwrap();
            daemon.ask(&["loop", "tick", name]).exits(0);
            daemon.wait("it has looked", |s| s["last"]["number"].as_u64() > Some(ticks));
        }
        assert!(has_wiki(world, "anvil"), "what is held is not touched");
        assert_eq!(daemon.status().unwrap()["flips"].as_array().map(Vec::len), Some(1));

        world.github().push_file("acme/factory", "main", "policies/x.kdl", "// mended\n").unwrap();
        daemon.wait("the merge is in force, and the switch over", |s| s["flips"] == json!([]));
        let ticks = daemon.status().unwrap()["last"]["number"].as_u64().unwrap();
        daemon.ask(&["loop", "tick", "repository-settings"]).exits(0);
        daemon.wait("it has looked", |s| s["last"]["number"].as_u64() > Some(ticks));
        assert!(has_wiki(world, "anvil"), "config holds it now");
        let merged = world.plan(&["--config", &config, "--json"]).json();
        assert_eq!(merged["actions"][0]["blocked"]["guard"], "protected", "{merged}");
        let resumed = daemon.ask(&["resume", "repo/acme/anvil"]).exits(1);
        assert!(resumed.err.contains("factory.kdl:1 protects it"), "{}", resumed.all());
        daemon.stop().exits(0);
    });
}

/// A switch is proposed as its one line, however the config goes on; and anew where that line no longer fits.
#[test]
fn a_switch_stays_one_line_while_config_goes_on() {
    world_of(github_with_factory(), |world| {
        let repo = |says: &str| format!("{HOME}repo \"acme/anvil\" {{\n    description \"{says}\"\n}}\n");
        let text = |says: &str, end: &str| format!("{}// a\n// b\n// c\n// d\n{end}", repo(says));
        let push =
            |text: &str| world.github().push_file("acme/factory", "main", "factory.kdl", text).unwrap();
        let config = on_github(world, &text("one", ""));
        let daemon = Daemon::start(world, &["--config", &config]);
        daemon.ask(&["loop", "disable", "labels", "--reason", "smoke"]).exits(0);
        let (first, _) = wait("the pull request", || open_pulls(world).into_iter().next());
        daemon.wait("it is known", |s| s["flips"][0]["proposed"] == true);
        let look = |head: &str| {
            daemon.wait("it is in force", |s| s["config"]["commit"] == head);
            let ticks = daemon.status().unwrap()["last"]["number"].as_u64().unwrap();
            daemon.ask(&["loop", "tick", "flips"]).exits(0);
            daemon.wait("it has looked", |s| s["last"]["number"].as_u64() > Some(ticks));
        };
        let proposed = || {
            let with_token = format!("http://x-access-token:{}@", world.twin().token());
            let url = format!("{}/acme/factory.git", world.twin().git_url().replace("http://", &with_token));
            let branch = flip_branches(world)[0].split('\t').nth(1).unwrap().to_owned();
            world.git(&["fetch", "-q", &url, &branch]);
            world.git(&["show", "FETCH_HEAD:factory.kdl"])
        };

        look(&push(&text("two", "")));
        assert_eq!(open_pulls(world).into_iter().map(|(n, _)| n).collect::<Vec<_>>(), [first]);
        assert!(proposed().starts_with(&text("one", "")), "nothing but the line: {}", proposed());

        look(&push(&text("two", "repo \"acme/bellows\"\n")));
        let second = wait("it is proposed anew", || {
            let open = open_pulls(world);
            (open.len() == 1 && open[0].0 != first).then(|| open[0].0)
        });
        assert!(proposed().starts_with(&text("two", "repo \"acme/bellows\"\n")), "{}", proposed());
        let status = daemon.wait("it is known", |s| s["flips"][0]["proposed"] == true);
        assert_eq!(loop_(&status, "labels")["state"], "disabled", "it holds all the while");
        world.github().merge_pull("acme/factory", second).unwrap();
        daemon.wait("the merge is in force, and the switch over", |s| s["flips"] == json!([]));
        daemon.stop().exits(0);
    });
}

/// A switch reaches the daemon whatever has been pushed since and was rejected; and a proposal says what it does.
#[test]
fn a_switch_reaches_the_daemon_that_rejected_another_identity() {
    world_of(github_with_factory(), |world| {
        let config = on_github(world, HOME);
        let daemon = Daemon::start(world, &["--config", &config]);
        let elsewhere = HOME.replace("acme/factory", "acme/other");
        world.github().push_file("acme/factory", "main", "factory.kdl", &elsewhere).unwrap();
        daemon.wait("the rejection", |s| !s["config"]["rejected"].is_null());
        daemon.ask(&["loop", "disable", "labels", "--reason", "first"]).exits(0);
        let status = daemon.wait("it is off", |s| loop_(s, "labels")["state"] == "disabled");
        assert_eq!(status["flips"][0]["reason"], "first", "{status}");
        let (first, _) = wait("the pull request", || open_pulls(world).into_iter().next());
        daemon.ask(&["loop", "disable", "labels", "--reason", "second"]).exits(0);
        wait("it is proposed by a pull request of its own", || {
            let open = open_pulls(world);
            (open.len() == 1 && open[0].0 != first && open[0].1.contains("second")).then_some(())
        });
        daemon.stop().exits(0);
    });
}

/// GitHub says for a moment of what was just made that it isn't there. That is no reason to give up on it.
#[test]
fn what_is_missing_for_a_moment_is_tried_again() {
    world_of(github_with_factory(), |world| {
        let config = on_github(world, HOME);
        let daemon = Daemon::start(world, &["--config", &config]);
        world.faults(vec![FaultRule {
            method: Some("POST".into()),
            path: Some("/repos/acme/forge/labels".into()),
            nth: Some(1),
            ..FaultRule::every(FaultAction::Status { status: 404, body: None, headers: BTreeMap::new() })
        }]);
        let text = format!("{HOME}repo \"acme/forge\" create=#true {{ labels {{ label \"one\"; }}; }}\n");
        world.github().push_file("acme/factory", "main", "factory.kdl", &text).unwrap();
        wait("it is there", || {
            world.github().with(|github| github.repo("acme", "forge")?.label("one").map(drop))
        });
        daemon.wait("it is in order", |s| s["trouble"].is_null() && loop_(s, "labels")["state"] == "idle");
        let history = daemon.ask(&["history", "repo/acme/forge/label/one"]).exits(0);
        assert!(history.out.contains("failed: not found"), "it did fail once: {}", history.all());
        daemon.stop().exits(0);
    });
}

/// Another secret at the same address takes the place of the first.
#[test]
fn a_new_webhook_secret_keeps_the_address() {
    world_of(sample::github(), |world| {
        world.set("ONE", "first");
        world.set("TWO", "second");
        // No other test takes a port of this address, so that the one that is free now is free later.
        let listener = std::net::TcpListener::bind("127.0.0.2:0").expect("the whole network is loopback");
        let address = listener.local_addr().expect("it has one");
        drop(listener);
        let config = |secret: &str| {
            let webhook = format!("webhook listen=\"{address}\" secret=\"env:{secret}\"");
            world.config(&format!("factory \"acme\"\ngithub {{ {webhook}; }}\n"))
        };
        config("ONE");
        let daemon = Daemon::start(world, &[]);
        let commit = config("TWO");
        let status = daemon.wait("it is in force", |s| s["config"]["commit"] == commit.trim());
        assert_eq!(status["webhooks"], address.to_string(), "{status}");
        assert_eq!(status["trouble"], Value::Null, "{status}");
        daemon.stop().exits(0);
    });
}

/// What an operator needs most when the branch is gone, or GitHub is, works without either.
#[test]
fn the_last_good_config_outlives_its_branch_and_a_restart() {
    world_of(github_with_factory(), |world| {
        let config = on_github(world, &format!("{HOME}repo \"acme/anvil\" {{ has-wiki #false; }}\n"));
        let daemon = Daemon::start(world, &["--config", &config]);
        let with_token = format!("http://x-access-token:{}@", world.twin().token());
        let url = format!("{}/acme/factory.git", world.twin().git_url().replace("http://", &with_token));
        world.git(&["fetch", "-q", &url, "main"]);
        world.git(&["push", "-q", &url, "FETCH_HEAD:refs/heads/other"]);
        world.github().set("acme/factory", &json!({ "default_branch": "other" })).unwrap();
        world.git(&["push", "-q", &url, ":refs/heads/main"]);
        daemon.wait("the branch is missed", |s| {
            s["config"]["trouble"].as_str().is_some_and(|t| t.contains("gone"))
        });
        daemon.ask(&["suspend", "repo/acme/anvil", "--reason", "stop"]).exits(0);
        daemon.ask(&["history"]).exits(0);
        daemon.ask(&["loop", "list"]).exits(0);
        daemon.stop().exits(0);

        let daemon = Daemon::start(world, &["--config", &config]);
        let status = daemon.status().unwrap();
        assert!(status["config"]["trouble"].as_str().is_some_and(|t| t.contains("gone")), "{status}");
        assert_eq!(status["flips"][0]["address"], "repo/acme/anvil");
        daemon.stop().exits(0);

        let nothing = world.git(&["hash-object", "-w", "-t", "tree", "/dev/null"]);
        let orphan = world.git(&["commit-tree", nothing.trim(), "-m", "an empty one"]);
        world.git(&["push", "-q", &url, &format!("{}:refs/heads/main", orphan.trim())]);
        let daemon = Daemon::start(world, &["--config", &config]);
        let status = daemon.status().unwrap();
        assert_eq!(status["config"]["rejected"]["commit"], orphan.trim(), "{status}");
        daemon.stop().exits(0);

        world.faults(vec![FaultRule::every(FaultAction::ResetBefore)]);
        let running = world.start(&["--config", &config, "run", "--fetch-every", "1"]);
        wait("it runs without GitHub", || {
            let status = world.run(&["--config", &config, "status", "--json"]);
            (status.code == 0 && !status.json()["trouble"].is_null()).then_some(())
        });
        running.signal(Signal::TERM);
        let ran = running.finish(PATIENCE).exits(0);
        assert!(ran.err.contains("is in trouble"), "{}", ran.all());
        world.faults(Vec::new());
    });
}

#[test]
fn what_was_suspended_is_mended_as_soon_as_it_is_resumed() {
    world_of(sample::github(), |world| {
        world.config("factory \"acme\"\nrepo \"acme/anvil\"\n");
        let daemon = Daemon::start(world, &[]);
        daemon.ask(&["suspend", "repo/acme/anvil/**", "--reason", "audit"]).exits(0);
        world.config("factory \"acme\"\nrepo \"acme/anvil\" { has-wiki #false; }\n");
        daemon.wait("it is held back", |s| {
            s["last"]["plan"].as_str().is_some_and(|plan| plan.contains("1 blocked"))
        });
        assert!(has_wiki(world, "anvil"));
        daemon.ask(&["resume", "repo/acme/anvil/**"]).exits(0);
        wait("it is mended without anybody asking", || (!has_wiki(world, "anvil")).then_some(()));
        // A restart in between changes nothing.
        daemon.ask(&["suspend", "repo/acme/anvil/**", "--reason", "audit"]).exits(0);
        world.config("factory \"acme\"\nrepo \"acme/anvil\" { has-wiki #true; }\n");
        daemon.stop().exits(0);
        let daemon = Daemon::start(world, &[]);
        daemon.ask(&["resume", "repo/acme/anvil/**"]).exits(0);
        wait("it is mended after the restart", || has_wiki(world, "anvil").then_some(()));
        daemon.stop().exits(0);
    });
}

#[test]
fn a_bad_push_is_said_on_github_and_a_pull_request_is_reviewed() {
    world_of(github_with_factory(), |world| {
        let config = on_github(world, HOME);
        let daemon = Daemon::start(world, &["--config", &config]);
        let proposed = format!(
            "{HOME}repo \"acme/anvil\" {{ has-wiki #false; }}\nagent \"smith\" kind=\"command\" {{ program \"true\"; }}\n\
             task \"hone\" repo=\"acme/anvil\" {{ prompt \"Hone the anvil.\"; agents \"smith\"; }}\n"
        );
        world.github().push_file("acme/factory", "topic", "factory.kdl", &proposed).unwrap();
        let number = world.github().open_pull("acme/factory", "topic", "main", "Wiki off").unwrap();
        daemon.ask(&["loop", "tick", "config-review"]).exits(0);
        let comment = wait("the review", || {
            world.github().with(|github| {
                let repo = github.repo("acme", "factory")?;
                repo.comments.values().find(|c| c.issue == number).map(|c| c.body.clone())
            })
        });
        assert!(comment.contains("has-wiki"), "{comment}");
        assert!(
            comment.contains("start run") && comment.contains("task `hone` has not been done"),
            "{comment}"
        );
        assert!(has_wiki(world, "anvil"), "a proposal changes nothing");

        let bad = world.github().push_file("acme/factory", "main", "factory.kdl", "nonsense").unwrap();
        wait("the commit status", || {
            world.github().with(|github| {
                let repo = github.repo("acme", "factory")?;
                repo.statuses.iter().find(|s| s.sha == bad).map(|s| s.description.clone())
            })
        });
        let status = daemon.status().unwrap();
        assert_eq!(status["config"]["rejected"]["commit"], json!(bad));
        daemon.stop().exits(0);
    });
}

/// A branch of the config repository shows what is on GitHub of a repository that only it declares; a fork of it doesn't,
/// not even while such a branch had it read.
#[test]
fn a_fork_learns_nothing_of_a_private_repository_by_naming_it() {
    let mut github = github_with_factory();
    github.add_user("mallory");
    github.add_repo("acme", "secret").settings.description = Some("The merger".to_owned());
    world_of(github, |world| {
        let hands = world.github();
        hands.set("acme/secret", &json!({ "visibility": "private" })).unwrap();
        let config = on_github(
            world,
            &format!("{HOME}repo \"acme/anvil\"\nrepositories \"acme/*\" mode=\"observe\"\n"),
        );
        let fork = hands.fork("acme/factory", "mallory").unwrap();
        let proposed = format!(
            "{HOME}repo \"acme/anvil\" {{ has-wiki #false; }}\nrepo \"acme/secret\" {{ description \"x\"; }}\n\
             repo \"acme/nothing\" {{ description \"x\"; }}\n"
        );
        let said = |number: u64| {
            hands.with(|github| {
                let repo = github.repo("acme", "factory").expect("it is there");
                repo.comments
                    .values()
                    .filter(|c| c.issue == number)
                    .map(|c| c.body.clone())
                    .collect::<String>()
            })
        };
        hands.push_file(&fork, "topic", "factory.kdl", &proposed).unwrap();
        let foreign = hands.open_pull_from("acme/factory", &fork, "topic", "main", "Curious").unwrap();
        let daemon = Daemon::start(world, &["--config", &config]);
        let first = wait("the review of the fork", || Some(said(foreign)).filter(|said| !said.is_empty()));
        let asked_for = |name: &str| world.requests().iter().any(|r| r.path.contains(name));
        assert!(!asked_for("acme/secret"));

        hands.push_file("acme/factory", "topic", "factory.kdl", &proposed).unwrap();
        let own = hands.open_pull("acme/factory", "topic", "main", "Known").unwrap();
        daemon.ask(&["loop", "tick", "config-review"]).exits(0);
        let open = wait("the review of the branch", || Some(said(own)).filter(|said| !said.is_empty()));
        assert!(open.contains("The merger") && open.contains("has-wiki"), "{open}");
        for closed in [first, said(foreign)] {
            assert!(closed.contains("has-wiki") && !closed.contains("The merger"), "{closed}");
            assert!(!closed.contains("unmanaged"), "nor are names listed: {closed}");
            // One that is there and one that isn't are the same to it.
            let about = |name: &str| closed.lines().filter(|line| line.contains(name)).count();
            assert_eq!(about("acme/secret"), about("acme/nothing"), "{closed}");
        }
        daemon.stop().exits(0);
    });
}

#[test]
fn repeated_webhooks_wake_it_once_and_its_own_writes_do_not_keep_it_awake() {
    world_of(sample::github(), |world| {
        world.set("HOOK", "s3cret");
        world.config(
            "factory \"acme\"\ngithub { webhook listen=\"127.0.0.1:0\" secret=\"env:HOOK\"; }\n\
             repo \"acme/anvil\" { has-wiki #false; labels { label \"bug\" color=\"b60205\"; }; }\n",
        );
        let daemon = Daemon::start(world, &[]);
        let address = daemon.status().unwrap()["webhooks"].as_str().unwrap().to_owned();
        let events = ["repository", "label"];
        let options = DeliveryOptions { duplicate: true, ..DeliveryOptions::default() };
        world.github().add_hook("acme", &format!("http://{address}/"), "s3cret", &events, options).unwrap();
        let before = daemon.status().unwrap()["last"]["number"].as_u64().unwrap();
        for color in ["000000", "111111", "222222"] {
            world.github().edit_label("acme/anvil", "bug", &json!({ "color": color })).unwrap();
        }
        wait("the drift is mended", || {
            world.github().with(|github| {
                let repo = github.repo("acme", "anvil")?;
                repo.labels.iter().any(|l| l.name == "bug" && l.color == "b60205").then_some(())
            })
        });
        // The write it made comes back as a webhook; the tick for that finds nothing and is the last.
        let status = daemon.wait("the last of it", |s| {
            s["last"]["plan"].as_str().is_some_and(|plan| plan.starts_with("Plan: 0 to add, 0 to change"))
                && loop_(s, "labels")["state"] == "idle"
        });
        let ticks = status["last"]["number"].as_u64().unwrap() - before;
        assert!((1..=4).contains(&ticks), "{ticks} ticks for one burst");
        daemon.stop().exits(0);
    });
}

#[test]
fn a_signal_ends_an_idle_daemon_at_once_and_a_busy_one_when_its_writes_are_done() {
    world_of(sample::github(), |world| {
        world.config("factory \"acme\"\n");
        let daemon = Daemon::start(world, &[]);
        daemon.wait("it is idle", |s| loop_(s, "labels")["state"] == "idle");
        let began = Instant::now();
        daemon.stop().exits(0);
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());

        world.config(&many_labels(60));
        world.twin().set_latency(Duration::from_millis(20));
        let running = world.start(&["run"]);
        wait("some labels", || (labels(world, "anvil") > 3).then_some(()));
        running.signal(Signal::TERM);
        running.finish(PATIENCE).exits(0);
        world.twin().set_latency(Duration::ZERO);
        assert!(labels(world, "anvil") < 60);
        world.run(&["ledger", "verify"]).exits(0);
        world.apply(&[]).exits(0);
        world.plan(&[]).exits(0);
    });
}

#[test]
fn what_may_not_be_created_yet_keeps_nothing_else_waiting() {
    world_of(sample::github(), |world| {
        let limits = "github { creations per-minute=5 per-hour=500; }\n";
        world.config(&format!("{}{limits}", many_labels(20)));
        let daemon = Daemon::start(world, &[]);
        let full = |s: &Value| s["last"]["plan"].as_str().is_some_and(|it| it.contains("15 blocked"));
        let status = daemon.wait("fifteen labels wait", full);
        assert_eq!(labels(world, "anvil"), 5);
        assert!(!has_wiki(world, "anvil"), "what creates nothing is done with the first");
        assert_eq!(loop_(&status, "labels")["result"], "5 done");
        world.github().set("acme/anvil", &json!({ "has_wiki": true })).unwrap();
        daemon.ask(&["loop", "tick", "repository-settings"]).exits(0);
        wait("the drift is mended", || (!has_wiki(world, "anvil")).then_some(()));
        assert_eq!(labels(world, "anvil"), 5, "in the same minute");
        daemon.stop().exits(0);
        let ledger = world.run(&["history", "repo/acme/anvil/label/**"]).exits(0);
        assert_eq!(ledger.out.matches("create-label").count(), 5, "{}", ledger.all());
    });
}
