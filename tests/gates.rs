//! Recipes and gates, from the config to the pull request: real repositories, real lines of shell, and agents that get
//! them to pass by whatever means.

use std::path::PathBuf;

use factoryctl::adapters::procs;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::daemon::{Daemon, wait};
use crate::tasks::{ended, pulls, runs, small, url};
use crate::world::World;

/// A config with one task for an agent that is this shell script.
fn config(repo: &str, script: &str, more: &str) -> String {
    format!(
        "factory \"acme\"\nrepo \"acme/anvil\" {{\n{repo}\n}}\n\
         agent \"smith\" kind=\"command\" {{ program \"/bin/sh\" \"-c\" {script:?}; }}\n\
         task \"hone\" repo=\"acme/anvil\" {{ prompt \"Hone the anvil.\"; agents \"smith\"; attempts 1; {more} }}\n"
    )
}

/// The same for an agent without a sandbox, and so for its gates.
fn unbounded(repo: &str, script: &str) -> String {
    config(repo, script, "").replace("kind=\"command\"", "kind=\"command\" sandbox=#false")
}

/// Puts files into the repository on GitHub.
pub(crate) fn puts(w: &World, files: &[(&str, &str)]) {
    let clone = w.path("clone");
    let at = clone.display().to_string();
    if !clone.exists() {
        w.git(&["clone", "-q", &url(w), &at]);
    }
    for (path, text) in files {
        let path = clone.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        std::fs::write(path, text).expect("it can be written");
    }
    w.git(&["-C", &at, "add", "-A"]);
    w.git(&["-C", &at, "commit", "-q", "-m", "Put files"]);
    w.git(&["-C", &at, "push", "-q", "origin", "HEAD:main"]);
}

/// Starts what is planned, and looks until every run is over.
#[track_caller]
fn over(w: &World) -> Vec<Value> {
    w.apply(&[]);
    wait("every run is over", || {
        ended(w);
        w.apply(&[]);
        Some(runs(w)).filter(|all| all.iter().all(|run| run["state"] == "closed"))
    })
}

/// The records of a run.
fn records(run: &Value) -> PathBuf {
    let folder = std::path::Path::new(run["folder"].as_str().expect("a folder"));
    let yard = folder.ancestors().nth(3).expect("where runs lie");
    yard.join("runs").join(run["run"].as_str().expect("its name"))
}

fn said(run: &Value) -> String {
    format!("{}: {}", run["outcome"].as_str().unwrap_or_default(), run["says"].as_str().unwrap_or_default())
}

fn has_sandbox(w: &World) -> bool {
    w.run(&["doctor"]).exits(0).out.contains("ok  isolation: bubblewrap")
}

/// What each agent does to pass, and what comes of it.
struct Row {
    gate: &'static str,
    script: &'static str,
    task: &'static str,
    says: &'static str,
}

/// The test of the repository and what it looks at, a list of tests, and what a gate consists of.
const BASE: [(&str, &str); 4] = [
    ("blade", "sharp\n"),
    ("tests/t.sh", "[ \"$(cat blade)\" = sharp ]\n"),
    ("list", "ok 1 - a\nok 2 - b\n"),
    ("ci/gate.sh", "exit 0\n"),
];

/// A script's last words: all of it committed.
const COMMITS: &str = "git add -A && git commit -qm honed";

#[test]
fn gates_decide_on_a_clean_checkout() {
    let tests = "gate \"test\" command=\"sh tests/t.sh\" { tests \"tests/**\"; }";
    let counts = "gate \"list\" command=\"cat list\"";
    let files = "gate \"ci\" command=\"sh ci/gate.sh\" { files \"ci/**\"; }";
    let blunt = "echo blunt > blade; echo '[ \"$(cat blade)\" = blunt ]' > tests/t.sh;";
    for Row { gate, script, task, says } in [
        Row {
            gate: tests,
            script: "echo x > more;",
            task: "",
            says: "done: what it made may be published, its gate passed",
        },
        Row {
            gate: tests,
            script: "echo blunt > blade;",
            task: "",
            says: "no verdict: the gate `test` fails on a clean checkout of what it made: it ended with code 1",
        },
        // It passes where the agent works, by what it didn't commit.
        Row {
            gate: "gate \"made\" command=\"test -e made\"",
            script: "echo made > .gitignore; touch made;",
            task: "",
            says: "no verdict: the gate `made` fails",
        },
        Row {
            gate: tests,
            script: blunt,
            task: "",
            says: "weakened: the gate `test` became weaker: the tests of the base commit fail on it",
        },
        Row {
            gate: tests,
            script: blunt,
            task: "may-weaken #true",
            says: "done: what it made may be published, its gate passed on a clean checkout; as was announced",
        },
        Row {
            gate: counts,
            script: "echo 'ok 1 - a' > list;",
            task: "",
            says: "weakened: the gate `list` became weaker: 1 tests ran, and 2 on the base commit",
        },
        Row {
            gate: counts,
            script: "echo 'ok 3 - c # SKIP it fails' >> list;",
            task: "",
            says: "weakened: the gate `list` became weaker: 1 tests are skipped, and 0 on the base commit",
        },
        Row {
            gate: files,
            script: "echo 'true' > ci/gate.sh;",
            task: "",
            says: "weakened: the gate `ci` became weaker: what it consists of was changed: `ci/gate.sh`",
        },
        Row {
            gate: "gate \"hangs\" command=\"echo on; sleep 600\" time=\"1s\"",
            script: "echo x > more;",
            task: "",
            says: "no verdict: the gate `hangs` fails on a clean checkout of what it made: it took longer than 1 s and was \
                   ended: on",
        },
        Row {
            gate: "recipe setup=\"test ! -e more || { echo no more; exit 4; }\"\n gate \"any\" command=\"true\"",
            script: "echo x > more;",
            task: "",
            says: "no verdict: the gate `any` fails on a clean checkout of what it made: the setup of the recipe failed: it \
                   ended with code 4: no more",
        },
    ] {
        small(|w| {
            puts(w, &BASE);
            w.config(&config(gate, &format!("{script} {COMMITS}"), task));
            let all = over(w);
            let run = &all[0];
            assert!(said(run).starts_with(says), "{script}\n{run:#}");
            let is_done = run["outcome"] == "done";
            assert_eq!((all.len(), pulls(w).len()), (1, usize::from(is_done)), "{script}\n{run:#}");
            let shown = w.run(&["runs", "show", run["run"].as_str().expect("its name")]).exits(0);
            let name = run["checks"][0]["gate"].as_str().expect("a gate");
            assert!(shown.out.contains(&format!("gate: `{name}` ")), "{}", shown.all());
        });
    }
}

#[test]
fn a_pull_request_says_what_the_gates_showed() {
    small(|w| {
        puts(w, &BASE);
        let gates = "gate \"list\" command=\"cat list\"\n gate \"lint\" command=\"true\"";
        w.config(&config(gates, &format!("echo x > more; {COMMITS}"), ""));
        let run = over(w).remove(0);
        let commit = run["commit"].as_str().expect("it was made");
        let body = w.github().with(|world| {
            let issues = &world.repo("acme", "anvil").expect("there").issues;
            issues.values().find(|issue| issue.pull.is_some()).and_then(|issue| issue.body.clone())
        });
        let body = body.expect("a pull request");
        assert!(body.contains(&format!("on a clean checkout of {commit}:\n")), "{body}");
        assert!(body.contains("\n    `list` passed in 0."), "{body}");
        assert!(body.contains(" s, 2 tests run, 0 skipped\n"), "{body}");
        assert!(body.contains("; what it prints tells of no tests, so that none were counted\n"), "{body}");
        let checks = run["checks"].as_array().expect("a list");
        assert!(checks.iter().all(|check| check["commit"] == commit && check["passed"] == true), "{run:#}");
    });
}

/// What a red gate printed is what the next attempt is told.
#[test]
fn a_red_gate_is_told_to_the_next_attempt() {
    small(|w| {
        let gate = "gate \"blade\" command=\"echo the blade is missing; test -e blade\"";
        let script = "cat > prompt; grep -q 'is missing' prompt && touch blade; git add -A; git commit -qm x";
        w.config(&config(gate, script, "").replace("attempts 1", "attempts 2"));
        w.apply(&[]);
        w.until("it is done", || {
            ended(w);
            w.apply(&[]);
            pulls(w).len() == 1
        });
        let all = runs(w);
        assert_eq!((&all[0]["outcome"], &all[1]["outcome"]), (&json!("done"), &json!("no verdict")));
    });
}

/// What a gate starts ends with it, and what it writes stays where it may.
#[test]
fn a_gate_leaves_nothing_behind() {
    small(|w| {
        let outside = w.path("home/outside");
        std::fs::write(&outside, "key").expect("it can be written");
        let line =
            format!("(setsid sleep 600 &) ; sleep 600 & cat {0}; echo x > {0}; true", outside.display());
        let gate = format!("gate \"leaves\" command={line:?}");
        w.config(&config(&gate, &format!("echo x > more; {COMMITS}"), ""));
        let run = over(w).remove(0);
        assert_eq!(run["outcome"], "done", "{run:#}");
        let id = run["run"].as_str().expect("its name");
        assert_eq!(procs::marked("FACTORY_CHECK", id).expect("they can be listed"), []);
        let log = std::fs::read_to_string(records(&run).join("check-leaves-head-gate.log")).expect("there");
        let now = std::fs::read_to_string(&outside).expect("it is there");
        let seen = (log.contains("key"), now.as_str());
        assert_eq!(seen, if has_sandbox(w) { (false, "key") } else { (true, "x\n") }, "{log}");
        let yard = records(&run).ancestors().nth(2).expect("where runs lie").join("checks");
        assert!(!yard.join(id).exists(), "the checkout is gone");
    });
}

/// A gate and a setup have no variable of the agent's, and so no secret.
#[test]
fn recipes_and_gates_have_no_credential() {
    small(|w| {
        w.set("KEY", "one-key-that-nobody-guesses");
        let gate =
            "recipe setup=\"env; test -z \\\"$K\\\"\"\ngate \"env\" command=\"env; test -z \\\"$K\\\"\"";
        let script = format!("test -n \"$K\" && echo x > more; {COMMITS}");
        let config = config(gate, &script, "").replace("program", "var \"K\" secret=\"env:KEY\"; program");
        w.config(&config);
        let run = over(w).remove(0);
        assert_eq!(run["outcome"], "done", "{run:#}");
        for log in ["setup.log", "check-env-head-setup.log", "check-env-head-gate.log"] {
            let text = std::fs::read_to_string(records(&run).join(log)).expect("there");
            assert!(
                text.contains("PATH=") && !text.contains("TOKEN") && !text.contains(w.twin().token()),
                "{text}"
            );
        }
    });
}

/// The checks outlive the daemon; the next one finds them at work, and finishes what they began.
#[test]
fn checks_outlive_the_daemon() {
    small(|w| {
        let (go, began) = (w.path("go"), w.path("began"));
        let line =
            format!("echo x >> {}; while [ ! -e {} ]; do sleep 0.02; done", began.display(), go.display());
        w.config(&unbounded(
            &format!("gate \"slow\" command={line:?}"),
            &format!("echo x > more; {COMMITS}"),
        ));
        let daemon = Daemon::start(w, &[]);
        w.until("it is checked", || began.exists());
        assert_eq!(runs(w)[0]["state"], "checking");
        let plan = w.plan(&[]).exits(0);
        assert!(plan.out.contains("to pass its gates or not"), "{}", plan.all());
        daemon.kill();
        assert_eq!(runs(w)[0]["state"], "checking");
        let daemon = Daemon::start(w, &[]);
        std::fs::write(&go, "").expect("it can be written");
        w.until("it is done", || pulls(w).len() == 1);
        daemon.stop().exits(0);
        let times = std::fs::read_to_string(&began).expect("there").lines().count();
        assert_eq!((runs(w).len(), times), (1, 2), "once on the head, once on the base");
    });
}

/// Gates that are tried can be stopped, and what was made is kept.
#[test]
fn checks_can_be_stopped() {
    small(|w| {
        let script = format!("echo x > more; {COMMITS}");
        w.config(&config("gate \"slow\" command=\"sleep 600\"", &script, ""));
        w.apply(&[]);
        ended(w);
        w.apply(&[]);
        let run = runs(w).remove(0);
        assert_eq!((&run["state"], &run["outcome"]), (&json!("checking"), &Value::Null));
        let id = run["run"].as_str().expect("its name");
        let stopped = w.run(&["runs", "stop", id, "--reason", "not now"]).exits(0);
        assert!(stopped.out.contains("no more gates are tried on what run"), "{}", stopped.all());
        let run = over(w).remove(0);
        assert!(said(&run).starts_with("cancelled: ") && said(&run).contains("not now"), "{run:#}");
        assert_eq!((pulls(w).len(), runs(w).len()), (0, 1));
    });
}

/// Checks whose process is killed are begun again, and not for ever.
#[test]
fn killed_checks_are_begun_again() {
    small(|w| {
        let began = w.path("began");
        let line = format!("echo x >> {0}; test $(wc -l < {0}) -gt $DIES || sleep 600", began.display());
        let gate = |dies: &str| format!("gate \"slow\" command={:?}", line.replace("$DIES", dies));
        let kill = |n: usize| {
            let times = || std::fs::read_to_string(&began).map_or(0, |text| text.lines().count());
            w.until("it is at work", || times() == n);
            let run = &runs(w)[0];
            let text = std::fs::read(records(run).join("checker.json")).expect("there");
            let who: procs::Identity = serde_json::from_slice(&text).expect("JSON");
            assert!(who.signal(Signal::KILL).expect("it can be killed"));
            wait("it is gone", || (!who.runs().expect("seen")).then_some(()));
            w.apply(&[]);
        };
        let script = format!("echo x > more; {COMMITS}");
        w.config(&unbounded(&gate("1"), &script));
        w.apply(&[]);
        ended(w);
        w.apply(&[]);
        kill(1);
        let run = over(w).remove(0);
        assert_eq!(run["outcome"], "done", "{run:#}");

        std::fs::remove_file(&began).expect("it was there");
        w.config(&unbounded(&gate("9"), &script).replace("Hone the anvil.", "Hone it well."));
        w.apply(&[]);
        ended(w);
        w.apply(&[]);
        (1..=3).for_each(kill);
        let run = over(w).remove(0);
        assert_eq!(run["outcome"], "no verdict", "{run:#}");
        assert!(said(&run).contains("its gates could not be run, 3 times: see "), "{run:#}");
        assert_eq!(procs::marked("FACTORY_CHECK", run["run"].as_str().expect("its name")).expect("seen"), []);
    });
}

/// Three setups that fail in a row stop the repository, until its recipe is another one; no attempt is burnt.
#[test]
fn a_setup_that_fails_stops_the_repository() {
    small(|w| {
        let setup = "recipe setup=\"seq 60; echo it is broken >&2; exit 3\" teardown=\"exit 5\"";
        let one = config(setup, "echo x > more; git add -A; git commit -qm x", "");
        let task = |name: &str| {
            format!(
                "task {name:?} repo=\"acme/anvil\" {{ prompt \"Do {name}.\"; agents \"smith\"; attempts 1; }}\n"
            )
        };
        let caps = "caps runs=9 runs-per-repo=9\n";
        w.config(&(one.clone() + caps + &task("two") + &task("three")));
        w.apply(&[]);
        ended(w);
        let applied = w.apply(&[]);
        let all = runs(w);
        assert_eq!(all.len(), 3, "{}", applied.all());
        for run in &all {
            let words = "could not start: the setup of the recipe failed: it ended with code 3: it is broken";
            assert_eq!(said(run), words, "{run:#}");
            let printed = run["setup_failed"].as_array().expect("its last lines");
            assert_eq!((printed.len(), &printed[49]), (50, &json!("it is broken")), "{run:#}");
        }
        let shown = w.run(&["runs", "show", all[0]["run"].as_str().expect("its name")]).exits(0);
        assert!(shown.out.contains("setup: 60\nsetup: it is broken\n"), "{}", shown.all());
        assert!(shown.out.contains("teardown: it ended with code 5"), "{}", shown.all());

        // A fourth task isn't started, and the way out is named.
        w.config(&(one.clone() + caps + &task("four")));
        let plan = w.plan(&[]).exits(1);
        for says in [
            "repo/acme/anvil 3 times in a row the setup of the recipe failed",
            "then change `recipe` (factory.kdl:2)",
            "task/four: the recipe of acme/anvil to be another one",
        ] {
            assert!(plan.out.contains(says), "{says}\n{}", plan.all());
        }
        w.apply(&[]);
        assert_eq!(runs(w).len(), 3);
        w.config(&(one.replace("exit 3", "exit 0") + caps + &task("four")));
        w.apply(&[]);
        assert_eq!(runs(w).len(), 4);
        assert_eq!(over(w)[0]["outcome"], "done", "{:?}", runs(w));
        assert_eq!(runs(w)[0]["teardown_failed"], "it ended with code 5");
    });
}

/// What is kept is kept for runs that begin with the same lock file, and no gate sees it.
#[test]
fn a_cache_goes_by_its_lock_file() {
    for kind in ["kind=\"command\"", "kind=\"command\" sandbox=#false"] {
        small(|w| {
            puts(w, &[("lock", "1"), (".gitignore", "deps/\n")]);
            let repo = "recipe setup=\"mkdir -p deps; echo $FACTORY_RUN >> deps/x\" { cache \"deps\" key=\"lock\"; }\n\
                        gate \"fresh\" command=\"test $(wc -l < deps/x) = 1\"";
            let script = format!("cp deps/x seen; {COMMITS}");
            let asks = |w: &World, prompt: &str| {
                let text = config(repo, &script, "").replace("Hone the anvil.", prompt);
                w.config(&text.replace("kind=\"command\"", kind));
                let run = over(w).remove(0);
                assert_eq!(run["outcome"], "done", "{run:#}");
                let commit = run["commit"].as_str().expect("it was made").to_owned();
                let mirror = records(&run).ancestors().nth(2).expect("a yard").join("mirrors/acme/anvil.git");
                let at = mirror.display().to_string();
                let seen = w.git(&["--git-dir", &at, "show", &format!("{commit}:seen")]);
                let named = w.git(&["--git-dir", &at, "ls-tree", "--name-only", &commit]);
                assert!(!named.contains("deps"), "{named}");
                assert_eq!(run["salvage"], Value::Null, "{run:#}");
                seen.lines().count()
            };
            assert_eq!(asks(w, "One."), 1);
            assert_eq!(asks(w, "Two."), 2, "the same lock file");
            puts(w, &[("lock", "2")]);
            assert_eq!(asks(w, "Three."), 1, "another lock file");
        });
    }
}

/// Free ports are named, and the teardown comes last.
#[test]
fn ports_are_named_and_the_teardown_comes_last() {
    small(|w| {
        let repo =
            "recipe setup=\"echo setup $FACTORY_PORT_1 $FACTORY_PORT_2\" teardown=\"cat said\" ports=2";
        let script = "echo \"agent $FACTORY_PORT_1 $FACTORY_PORT_2\" > said; git add -A; git commit -qm x";
        w.config(&config(repo, script, ""));
        let run = over(w).remove(0);
        let read = |log: &str| std::fs::read_to_string(records(&run).join(log)).expect("there");
        let (setup, last) = (read("setup.log"), read("teardown.log"));
        let ports: Vec<&str> = setup.split_whitespace().skip(1).collect();
        assert_eq!(setup.replace("setup", "agent"), last);
        assert!(ports.len() == 2 && ports[0] != ports[1], "{setup}");
        assert_eq!(run["teardown_failed"], Value::Null);
    });
}
