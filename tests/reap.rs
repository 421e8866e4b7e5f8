//! `factoryctl reap`: what a daemon that is gone left is put in order by another process, and what is well is left alone.

use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::daemon::{Daemon, wait};
use crate::tasks::{HONES, ended, pulls_in, runs, small, unbounded};
use crate::world::World;

/// The folder that a config's state lies in.
fn state(w: &World) -> PathBuf {
    let home = w.path("home/state/factoryctl");
    let dirs = home.read_dir().expect("there is state").flatten().map(|entry| entry.path());
    dirs.into_iter().find(|dir| dir.join("lock").exists()).expect("somebody has worked in it")
}

/// Changes a JSON file.
fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = read(path);
    change(&mut value);
    let beside = path.with_extension("new");
    std::fs::write(&beside, value.to_string()).expect("it can be written");
    std::fs::rename(beside, path).expect("it can be replaced");
}

fn read(path: &Path) -> Value {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).expect("JSON")
}

/// Where the runs of a config lie: records, homes, workspaces, mirrors.
fn yard(run: &Value) -> PathBuf {
    let folder = Path::new(run["folder"].as_str().expect("a folder"));
    folder.ancestors().nth(3).expect("where runs lie").to_owned()
}

fn id(run: &Value) -> &str {
    run["run"].as_str().expect("its name")
}

fn processes(run: &Value) -> Value {
    read(&yard(run).join("runs").join(id(run)).join("processes.json"))
}

fn kill(process: &Value) {
    let pid = process["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()).expect("a pid");
    kill_process(Pid::from_raw(pid).expect("a pid"), Signal::KILL).expect("it runs");
}

/// Waits until this run is in that state.
fn until(w: &World, run: &str, state: &str) {
    wait("the run gets there", || runs(w).iter().any(|r| id(r) == run && r["state"] == state).then_some(()));
}

/// Two tasks: one agent leaves a file and a daemon of its own and hangs, the other waits for `go`.
fn two(w: &World) -> String {
    let go = w.path("go").display().to_string();
    let hangs = "echo precious > left; setsid sleep 600 & echo on; sleep 600";
    let waits = format!("echo on; while [ ! -e {go} ]; do sleep 0.02; done; {HONES}");
    let both = unbounded(&format!("case $(tee prompt) in Hone*) {waits};; *) {hangs};; esac"), "");
    both.replace(
        "task \"hone\"",
        "task \"file\" repo=\"acme/anvil\" { prompt \"File it.\"; agents \"smith\"; }\ntask \"hone\"",
    )
}

#[test]
fn what_is_well_is_left_alone() {
    small(|w| {
        w.config(&unbounded("echo on; sleep 600", ""));
        let daemon = Daemon::start(w, &[]);
        w.until("it runs", || runs(w).first().is_some_and(|run| run["state"] == "running"));
        let before = processes(&runs(w)[0]);
        let reaped = w.run(&["reap", "--json"]).exits(0).json();
        assert_eq!(
            (&reaped["daemon"]["state"], &reaped["version"]),
            (&json!("alive"), &json!(1)),
            "{reaped:#}"
        );
        for nothing in ["ended", "closed", "freed", "left"] {
            assert_eq!(reaped[nothing], json!([]), "{reaped:#}");
        }
        assert_eq!((processes(&runs(w)[0]), &runs(w)[0]["state"]), (before, &json!("running")));
        let beat = state(w).join("heartbeat.json");
        let beat =
            wait("the start is told", || Some(read(&beat)).filter(|b| b["progress"]["runs_started"] == 1));
        assert!(beat["data"]["looked"].is_string(), "{beat:#}");
        let status = w.run(&["status"]).exits(0).out;
        assert!(status.contains("1 runs started"), "{status}");
        daemon.stop().exits(0);
        w.run(&["runs", "stop", id(&runs(w)[0]), "--reason", "enough"]).exits(0);
    });
}

/// Nobody tells that a supervisor is dead, so a daemon looks for itself, whenever its loops look again.
#[test]
fn a_dead_supervisor_is_noticed_by_the_daemon() {
    small(|w| {
        let config = unbounded("echo precious > left; setsid sleep 600 & echo on; sleep 600", "");
        w.config(&format!("{config}loop \"tasks\" every=\"1h\"\n"));
        let daemon = Daemon::start(w, &[]);
        w.until("it runs", || runs(w).first().is_some_and(|run| run["state"] == "running"));
        let run = runs(w).remove(0);
        kill(&processes(&run)["supervisor"]);
        until(w, id(&run), "closed");
        let closed = runs(w).into_iter().find(|one| id(one) == id(&run)).expect("it is known");
        assert_eq!(
            (&closed["outcome"], closed["salvage"].is_null()),
            (&json!("killed"), false),
            "{closed:#}"
        );
        daemon.stop().exits(0);
        for run in runs(w).iter().filter(|run| run["state"] == "running") {
            w.run(&["runs", "stop", id(run), "--reason", "enough"]).exits(0);
        }
    });
}

/// After a crash of the daemon and of one supervisor: what that run left is saved and its processes are gone, the other
/// run goes on and is adopted, names are free.
#[test]
fn what_a_dead_daemon_left_is_put_in_order() {
    small(|w| {
        w.config(&two(w));
        let daemon = Daemon::start(w, &[]);
        let all = wait("both run", || {
            Some(runs(w)).filter(|all| all.len() == 2 && all.iter().all(|run| run["state"] == "running"))
        });
        let of = |task: &str| all.iter().find(|run| run["task"] == task).expect("it runs").clone();
        let (broken, well) = (of("file"), of("hone"));
        wait("it left something", || {
            Path::new(broken["folder"].as_str()?).join("left").exists().then_some(())
        });
        let before = processes(&well);
        daemon.signal(Signal::KILL);
        drop(daemon.ends());
        kill(&processes(&broken)["supervisor"]);
        until(w, id(&broken), "interrupted");
        let (unmade, homeless) =
            (yard(&well).join("workspaces/.new-x"), yard(&well).join("homes/20260101-000000-01234567"));
        for dir in [&unmade, &homeless] {
            std::fs::create_dir(dir).expect("it can be made");
        }

        let reaped = w.run(&["reap", "--json"]).exits(0).json();
        assert_eq!(reaped["daemon"]["state"], "gone", "{reaped:#}");
        assert_eq!(reaped["healthy"], json!([id(&well)]), "{reaped:#}");
        assert_eq!(reaped["ended"][0]["run"], broken["run"], "{reaped:#}");
        assert!(reaped["ended"][0]["killed"].as_u64() >= Some(2), "{reaped:#}");
        assert_eq!(reaped["closed"][0]["outcome"], "killed", "{reaped:#}");
        let saved = reaped["closed"][0]["salvage"].as_str().expect("it was saved");
        let mirror = yard(&broken).join("mirrors/acme/anvil.git").display().to_string();
        assert_eq!(w.git(&["--git-dir", &mirror, "show", &format!("{saved}:left")]), "precious\n");
        let freed = reaped["freed"].as_array().expect("a list");
        for path in [&unmade, &homeless] {
            assert!(freed.contains(&json!(path)) && !path.exists(), "{reaped:#}");
        }
        assert!(
            freed.iter().any(|path| path.as_str().is_some_and(|path| path.contains(".sock"))),
            "{reaped:#}"
        );
        assert_eq!(processes(&well), before);

        let again = w.run(&["reap"]).exits(0).out;
        assert!(again.ends_with(&format!("run {} is attended and was left alone\n", id(&well))), "{again}");
        std::fs::write(w.path("go"), "").expect("it can be written");
        let daemon = Daemon::start(w, &[]);
        w.until("it is adopted and done", || pulls_in(w, "anvil").len() == 1);
        assert_eq!(processes(&well), before);
        daemon.stop().exits(0);
        for run in runs(w).iter().filter(|run| run["state"] == "running") {
            w.run(&["runs", "stop", id(run), "--reason", "enough"]).exits(0);
        }
        ended(w);
    });
}

/// A daemon that does nothing any more is told of, and ended when that is asked for; one that only slept isn't.
#[test]
fn a_daemon_without_a_heartbeat_is_ended_on_request_only() {
    small(|w| {
        w.config("factory \"acme\"\n");
        let daemon = Daemon::start(w, &[]);
        let beat = state(w).join("heartbeat.json");
        let old = |beat: &mut Value| beat["written"] = json!("2026-01-01T00:00:00Z");
        edit(&beat, old);
        let woke = w.run(&["reap", "--stop-stale"]).exits(0);
        assert!(woke.out.starts_with("daemon: alive"), "{}", woke.all());

        daemon.signal(Signal::STOP);
        edit(&beat, old);
        let told = w.run(&["reap"]).exits(1);
        assert!(told.out.starts_with("daemon: stale (process"), "{}", told.all());
        assert!(told.err.contains("factoryctl reap --stop-stale"), "{}", told.all());
        let moved = beat.with_extension("away");
        std::fs::rename(&beat, &moved).expect("it is there");
        let locked = w.run(&["reap"]).exits(8);
        assert!(locked.err.contains("factoryctl run"), "{}", locked.all());
        std::fs::rename(&moved, &beat).expect("it is there");

        let ended = w.run(&["reap", "--stop-stale", "--json"]).exits(0).json();
        assert_eq!(
            (&ended["daemon"]["state"], &ended["daemon"]["stopped"]),
            (&json!("stale"), &json!("killed")),
            "{ended:#}"
        );
        assert_eq!(daemon.ends().code, 128 + 9);
    });
}

/// A daemon that hangs keeps nobody waiting: what is known without it is told, and that it doesn't answer.
#[test]
fn the_status_of_a_daemon_that_hangs_is_told_without_it() {
    small(|w| {
        w.config(&unbounded("exit 3", "attempts 1"));
        let daemon = Daemon::start(w, &[]);
        w.until("a run is over", || runs(w).first().is_some_and(|run| run["state"] == "closed"));
        let pid = read(&state(w).join("heartbeat.json"))["process"]["pid"].clone();
        daemon.signal(Signal::STOP);
        let status = w.run(&["status", "--timeout", "1"]).exits(1);
        assert!(status.out.starts_with("agents: 0 of 4 at work\n"), "{}", status.all());
        let says = format!("the daemon, process {pid}, doesn't answer: it said nothing for 1 s");
        for told in [says.as_str(), "factoryctl reap --stop-stale"] {
            assert!(status.err.contains(told), "{}", status.all());
        }
        let json = w.run(&["status", "--timeout", "1", "--json"]).exits(1).json();
        assert_eq!(json["daemon"], json!({ "pid": pid, "answers": false }), "{json:#}");
        assert_eq!(json["agents"]["by_outcome"], json!({ "crashed": 1 }), "{json:#}");
        let metrics = w.run(&["status", "--timeout", "1", "--metrics"]).exits(0);
        for line in ["factory_up 0.0", "factory_runs_total{outcome=\"crashed\"} 1"] {
            assert!(metrics.out.lines().any(|told| told == line), "{}", metrics.all());
        }
        assert!(metrics.err.contains(&says), "{}", metrics.all());

        daemon.signal(Signal::CONT);
        w.run(&["status"]).exits(0);
        daemon.stop().exits(0);
    });
}

/// What is of another config isn't touched, whatever state it is in.
#[test]
fn another_config_is_refused() {
    small(|w| {
        w.config(&unbounded("echo x > left", ""));
        w.apply(&[]).exits(0);
        let run = ended(w).remove(0);
        let spec = yard(&run).join("runs").join(id(&run)).join("run.json");
        edit(&spec, |spec| spec["config"] = json!("0123456789ab"));
        let refused = w.run(&["reap"]).exits(8);
        assert!(refused.err.contains("belongs to another config (0123456789ab"), "{}", refused.all());
        assert_eq!(runs(w)[0]["state"], "ended");
        let own = state(w).file_name().expect("a name").to_string_lossy().into_owned();
        edit(&spec, |spec| spec["config"] = json!(own));

        let daemon = Daemon::start(w, &[]);
        daemon.stop().exits(0);
        let beat = state(w).join("heartbeat.json");
        edit(&beat, |beat| beat["config"] = json!("0123456789ab"));
        let refused = w.run(&["reap"]).exits(8);
        assert!(refused.err.contains("is of another config (0123456789ab"), "{}", refused.all());
        std::fs::write(&beat, "{").expect("it can be written");
        let refused = w.run(&["reap"]).exits(1);
        assert!(refused.err.contains("whether the daemon lives can't be told"), "{}", refused.all());
    });
}
