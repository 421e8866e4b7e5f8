//! A daemon and its places: another state directory than that of whoever speaks to it, a config repository that is
//! moved away or replaced under it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::world::{World, sample, world_of};

const WIKI_OFF: &str = "factory \"acme\"\nrepo \"acme/anvil\" { has-wiki #false; }\n";

fn has_wiki(world: &World) -> bool {
    world.github().with(|github| github.repo("acme", "anvil").expect("it is there").settings.has_wiki)
}

/// The socket is named by the config alone, the lock, the switches and the ledger lie in the state directory.
#[test]
fn nobody_works_beside_a_daemon_with_another_state_directory() {
    world_of(sample::github(), |world| {
        world.config(WIKI_OFF);
        let theirs = world.path("home/theirs").display().to_string();
        let daemon = Daemon::start(world, &["--state-dir", &theirs]);
        world.github().set("acme/anvil", &json!({ "has_wiki": true })).expect("it is there");
        world.requests();
        for command in [
            &["suspend", "repo/acme/anvil", "--reason", "smoke"][..],
            &["resume", "repo/acme/anvil"],
            &["loop", "disable", "labels", "--reason", "smoke"],
            &["loop", "tick", "labels"],
            &["apply", "--yes"],
            &["run"],
            &["runs", "list"],
            &["runs", "stop", "2026", "--reason", "smoke"],
            &["reap"],
        ] {
            let ran = world.run(command).exits(8);
            assert!(ran.err.contains(&format!("keeps its state in {theirs}, and not in ")), "{}", ran.all());
            assert!(ran.err.contains(&format!("--state-dir {theirs}, or export")), "{}", ran.all());
        }
        assert!(
            world.requests().iter().all(|r| r.method != "PATCH") && has_wiki(world),
            "nothing was written"
        );
        // What only shows something goes on, and says that it isn't what the daemon goes by.
        for command in [
            &["status"][..],
            &["loop", "list"],
            &["plan"],
            &["drift"],
            &["why", "repo/acme/anvil"],
            &["history"],
            &["ledger", "show"],
            &["ledger", "verify"],
        ] {
            let ran = world.run(command);
            assert!(ran.code != 8 && ran.err.contains("warning: the daemon of this config"), "{}", ran.all());
            assert_eq!(ran.err.matches(&format!("--state-dir {theirs}")).count(), 1, "{}", ran.all());
        }
        let doctor = world.run(&["doctor"]).exits(8);
        assert!(doctor.out.contains("BAD lock: the daemon of this config, process "), "{}", doctor.all());

        let suspended = daemon.ask(&["suspend", "repo/acme/anvil", "--reason", "smoke"]).exits(0);
        assert_eq!(suspended.err, "", "{}", suspended.all());
        let status = daemon.wait("it is off", |status| status["flips"][0]["on"] == json!(false));
        assert_eq!(status["state_dir"], json!(theirs));
        // By another way to the same folder it is the same one.
        let link = world.path("home/link");
        std::os::unix::fs::symlink(&theirs, &link).unwrap();
        let ran = world.run(&["--state-dir", &link.display().to_string(), "status"]).exits(0);
        assert_eq!(ran.err, "", "{}", ran.all());
        daemon.stop().exits(0);
        world.apply(&[]).exits(0);
    });
}

/// Asks the daemon through its socket, which commands can't find while there is no config.
fn ask(world: &World, request: &Value) -> Value {
    let mut sockets = std::fs::read_dir(world.path("run/factoryctl")).expect("a daemon made it");
    let socket = sockets.next().expect("one daemon runs").expect("it can be listed").path();
    let mut stream = UnixStream::connect(socket).expect("it listens");
    writeln!(stream, "{}", json!({ "v": 1, "request": request })).expect("it reads");
    let mut reply = String::new();
    BufReader::new(stream).read_line(&mut reply).expect("it answers");
    serde_json::from_str(&reply).expect("it answers in JSON")
}

fn status(world: &World) -> Value {
    ask(world, &json!({ "status": {} }))["status"].take()
}

#[test]
fn a_config_repository_that_is_replaced_is_followed_again() {
    world_of(sample::github(), |world| {
        world.config("factory \"acme\"\n");
        let daemon = Daemon::start(world, &[]);
        // It writes its ledger there.
        let is_written = |s: &Value| {
            let idle = s["loops"].as_array().expect("a list").iter().all(|it| it["state"] != "running");
            idle && s["last"]["number"].as_u64() >= Some(1) && s["ledger"]["published"] == s["ledger"]["head"]
        };
        daemon.wait("its ledger is written", is_written);
        let (place, aside, copy) = (world.path("config"), world.path("aside"), world.path("copy"));
        let copied = world.plain("cp", &["-a", ".", &copy.display().to_string()]);
        assert!(copied.status.success());
        std::fs::rename(&place, world.path("former")).unwrap();
        std::fs::rename(&copy, &place).unwrap();
        let commit = world.config(WIKI_OFF);
        daemon.wait("the commit is in force", |s| s["config"]["commit"] == json!(commit));
        world.until("it is carried out", || !has_wiki(world));
        daemon.wait("the ledger is written", is_written);

        std::fs::rename(&place, &aside).unwrap();
        let gone = format!("the repository at {} is gone", place.display());
        world.until("it is said to be gone", || status(world)["config"]["trouble"] == json!(gone));
        ask(world, &json!({ "loop-tick": { "name": "labels" } }));
        world.until("the loop says the same", || status(world)["trouble"].as_str().is_some());
        let trouble = status(world)["trouble"].to_string();
        assert!(trouble.contains("is gone") && !trouble.contains("rewritten"), "{trouble}");
        std::fs::rename(&aside, &place).unwrap();
        let status = daemon.wait("it is there again", |s| s["config"]["trouble"].is_null());
        assert_eq!(status["config"]["commit"], json!(commit));
        daemon.stop().exits(0);
        world.run(&["ledger", "verify"]).exits(0);
    });
}
