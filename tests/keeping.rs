//! How long what agents leave on this machine is kept: workspaces end with their tasks, a full disk stops new starts, and
//! nothing goes that isn't saved.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::daemon::{Daemon, wait};
use crate::tasks::{HONES, ended, one_run, pulls_in, runs, small, unbounded};
use crate::world::World;

fn folder(run: &Value) -> PathBuf {
    PathBuf::from(run["folder"].as_str().expect("a folder"))
}

/// Where runs, workspaces and mirrors lie.
fn yard(run: &Value) -> PathBuf {
    folder(run).ancestors().nth(3).expect("where runs lie").to_owned()
}

fn workspaces(run: &Value) -> usize {
    yard(run).join("workspaces").read_dir().expect("it is there").count()
}

#[test]
fn a_workspace_ends_with_its_pull_request() {
    small(|w| {
        let merge: fn(&World, u64) = |w, n| drop(w.github().merge_pull("acme/anvil", n).expect("it is open"));
        let close: fn(&World, u64) = |w, n| w.github().close_pull("acme/anvil", n).expect("it is open");
        for (prompt, end) in [("Hone it.", merge), ("Hone it well.", close)] {
            w.config(&unbounded(HONES, "").replace("Hone the anvil.", prompt));
            one_run(w).exits(0);
            let run = runs(w).remove(0);
            w.apply(&[]).exits(0);
            assert!(folder(&run).exists(), "its pull request is open");
            let number = w.github().with(|world| {
                let issues = &world.repo("acme", "anvil").expect("there").issues;
                issues.values().filter(|issue| issue.pull.is_some()).map(|issue| issue.number).max()
            });
            end(w, number.expect("there is one"));
            w.plan(&[]).exits(0);
            assert!(folder(&run).exists(), "a plan changes nothing");
            let applied = w.apply(&[]).exits(0);
            assert!(
                applied.err.contains("the workspace of acme/anvil/task/hone has ended"),
                "{}",
                applied.all()
            );
            assert_eq!((folder(&run).exists(), workspaces(&run)), (false, 0));
        }
        assert_eq!(pulls_in(w, "anvil").len(), 2);
    });
}

/// Some agents leave megabytes at each start. What lies beside what is kept goes with the run.
#[test]
fn temporary_files_go_with_their_run() {
    small(|w| {
        w.config(&unbounded(
            "echo big > \"${TMPDIR:?}/left\"; echo \"$TMPDIR\" > where; echo x",
            "attempts 1",
        ));
        one_run(w);
        let run = runs(w).remove(0);
        let home = yard(&run).join("homes").join(run["run"].as_str().expect("its name"));
        let place = std::fs::read_to_string(folder(&run).join("where")).expect("it was there");
        assert_eq!(place.trim(), home.join("tmp").display().to_string());
        assert_eq!((home.is_dir(), home.join("tmp").exists()), (true, false));
    });
}

/// What is in a workspace is saved once more before it goes, also what came there since.
#[test]
fn a_workspace_ends_with_a_task_that_is_gone() {
    small(|w| {
        w.config(&unbounded("echo x > left", "attempts 1"));
        one_run(w).exits(1);
        let run = runs(w).remove(0);
        std::fs::write(folder(&run).join("later"), "y\n").expect("it is there");
        w.config("factory \"acme\"\nrepo \"acme/anvil\"\n");
        w.apply(&[]).exits(0);
        assert_eq!((folder(&run).exists(), workspaces(&run)), (false, 0));
        let mirror = yard(&run).join("mirrors/acme/anvil.git").display().to_string();
        let saved = run["salvage"].as_str().expect("it was saved");
        for (file, text) in [("left", "x\n"), ("later", "y\n")] {
            assert_eq!(w.git(&["--git-dir", &mirror, "show", &format!("{saved}:{file}")]), text);
        }
        // The mirror lends to nobody, so that git may clean up in it.
        let kept = w.plain("git", &["--git-dir", &mirror, "config", "extensions.preciousObjects"]);
        assert_eq!(kept.status.code(), Some(1), "{kept:?}");
    });
}

/// What came into a workspace after its run is saved when it ends, and shown as what was left at the end of the run is.
#[test]
fn what_is_saved_when_a_workspace_ends_is_shown() {
    small(|w| {
        w.config(&unbounded(HONES, ""));
        one_run(w).exits(0);
        let run = runs(w).remove(0);
        let id = run["run"].as_str().expect("its name");
        let shown = w.run(&["runs", "show", id]).exits(0).out;
        assert!(run["salvage"].is_null() && !shown.contains("saved besides"), "{shown}");
        std::fs::write(folder(&run).join("later"), "y\n").expect("it is there");
        let within = folder(&run).join("lib").display().to_string();
        let within = w.plain("git", &["clone", "-q", ".", &within]);
        assert!(within.status.success(), "{within:?}");
        w.config("factory \"acme\"\nrepo \"acme/anvil\"\n");
        w.apply(&[]).exits(0);
        assert!(!folder(&run).exists());
        let shown = w.run(&["runs", "show", id]).exits(0).out;
        let saved = format!("refs/factory/salvage/{id}");
        assert!(shown.contains(&format!("saved besides: {saved}\n")), "{shown}");
        assert!(shown.contains("not saved: lib/.git (a name that no commit can have"), "{shown}");
        assert_eq!(w.run(&["runs", "show", id, "--json"]).exits(0).json()["run"]["salvage"], *saved);
        assert_eq!(runs(w)[0]["salvage"], *saved);
        let restore = shown.lines().find_map(|line| line.strip_prefix("to get it back, in a clone: "));
        let script =
            format!("cd ..; git init -q clone; cd clone; {} && cat later", restore.expect("it is told"));
        let ran = w.plain("sh", &["-c", &script]);
        assert!(ran.stdout.ends_with(b"y\n"), "{ran:?}");
        // A mirror that can't be read is not one without anything.
        std::fs::remove_file(yard(&run).join("mirrors/acme/anvil.git/HEAD")).expect("it is there");
        let shown = w.run(&["runs", "show", id]).exits(0).out;
        assert!(shown.contains("saved besides: can't be told: "), "{shown}");
    });
}

/// What came into a workspace between two attempts is the first one's: the second one had no part in it.
#[test]
fn what_comes_after_a_run_is_saved_as_its_own_when_the_next_one_begins() {
    small(|w| {
        w.config(&unbounded("exit 3", "attempts 1"));
        one_run(w).exits(1);
        let first = runs(w).remove(0);
        assert!(first["salvage"].is_null(), "{first:#}");
        std::fs::write(folder(&first).join("later"), "y\n").expect("it is there");
        w.config(&unbounded("exit 3", "attempts 2"));
        one_run(w).exits(1);
        let all = runs(w);
        let [second, first] = &all[..] else { panic!("{all:#?}") };
        let saved = format!("refs/factory/salvage/{}", first["run"].as_str().expect("its name"));
        assert_eq!(
            (&first["salvage"], &second["salvage"]),
            (&saved.as_str().into(), &Value::Null),
            "{all:#?}"
        );
        let mirror = yard(first).join("mirrors/acme/anvil.git").display().to_string();
        assert_eq!(w.git(&["--git-dir", &mirror, "show", &format!("{saved}:later")]), "y\n");
    });
}

/// What can't be saved stays, and a person is told once what to do about it, and by the doctor whenever they ask.
#[test]
fn what_is_left_for_a_person_says_what_to_do() {
    small(|w| {
        let leads = "echo x > left; echo /nowhere >> .git/objects/info/alternates";
        w.config(&unbounded(leads, "attempts 1"));
        one_run(w).exits(1);
        let run = runs(w).remove(0);
        assert!(!w.run(&["doctor"]).exits(0).out.contains("left for a person"));
        w.config("factory \"acme\"\nrepo \"acme/anvil\"\n");
        let daemon = Daemon::start(w, &[]);
        wait("it is told", || daemon.said().contains("can't be ended yet").then_some(()));
        let git_dir = folder(&run).join(".git").display().to_string();
        for _ in 0..2 {
            let ticks = daemon.wait("its status", |_| true)["last"]["number"].as_u64();
            daemon.ask(&["loop", "tick", "tasks"]).exits(0);
            daemon.wait("it has looked", |status| status["last"]["number"].as_u64() > ticks);
        }
        let said = daemon.said();
        let says = format!("remove it (`rm -rf '{git_dir}'`)");
        assert_eq!(
            (said.matches("can't be ended yet").count(), said.matches(&says).count()),
            (1, 1),
            "{said}"
        );
        let doctor = w.run(&["doctor"]).exits(0);
        for says in ["acme/anvil/task/hone: the history in `", "is not as it was made", &says] {
            assert!(doctor.out.contains(says), "{}", doctor.all());
        }
        std::fs::remove_dir_all(&git_dir).expect("it is there");
        daemon.ask(&["loop", "tick", "tasks"]).exits(0);
        wait("it ends", || (!folder(&run).exists()).then_some(()));
        assert!(!w.run(&["doctor"]).exits(0).out.contains("left for a person"));
        daemon.stop().exits(0);
    });
}

/// Who works without a sandbox can move its workspace away and put something else in its place. Its run is closed all the
/// same, nothing outside is touched, and what it made is there for a person.
#[test]
fn a_workspace_that_is_not_as_it_was_made_is_left_for_a_person_and_its_run_closed() {
    small(|w| {
        let out = w.path("out");
        std::fs::create_dir(&out).expect("it is new");
        std::fs::write(out.join("theirs"), "t").expect("it can be written");
        let moves = format!("{HONES}; cd ..; mv tree tree2; ln -s '{}' tree", out.display());
        w.config(&unbounded(&moves, ""));
        one_run(w).exits(1);
        let run = runs(w).remove(0);
        assert_eq!(run["outcome"], "policy violation", "{run:#}");
        assert!(run["says"].as_str().is_some_and(|says| says.contains("tree` is a link")), "{run:#}");
        let doctor = w.run(&["doctor"]).exits(0).out;
        let place = doctor.split("(`rm -rf '").nth(1).and_then(|rest| rest.split('\'').next());
        let place = PathBuf::from(place.unwrap_or_else(|| panic!("{doctor}")));
        assert!(place.join("tree2/prompt").exists(), "{}", place.display());
        let shown = w.run(&["runs", "show", run["run"].as_str().expect("its name")]).exits(0).out;
        assert!(shown.contains("not saved: the workspace in `"), "{shown}");
        w.config(&unbounded(HONES, "").replace("Hone the anvil.", "Hone it well."));
        one_run(w).exits(0);
        assert_eq!(pulls_in(w, "anvil").len(), 1, "{:#?}", runs(w));
        std::fs::remove_dir_all(&place).expect("it is there");
        w.apply(&[]).exits(0);
        assert!(!w.run(&["doctor"]).exits(0).out.contains("left for a person"));
        assert!(!place.parent().expect("it has one").exists(), "what held it is gone as well");
        let theirs: Vec<_> = out.read_dir().expect("it is there").collect();
        assert_eq!(theirs.len(), 1, "{theirs:?}");
    });
}

/// What agents made is saved also where no agent may be started any more.
#[test]
fn runs_are_closed_while_their_loop_is_switched_off() {
    small(|w| {
        let go = w.path("go");
        w.config(&unbounded(&format!("while [ ! -e '{}' ]; do sleep 0.05; done; {HONES}", go.display()), ""));
        let daemon = Daemon::start(w, &[]);
        wait("it runs", || runs(w).iter().any(|run| run["state"] == "running").then_some(()));
        daemon.ask(&["loop", "disable", "tasks", "--reason", "enough"]).exits(0);
        std::fs::write(&go, "").expect("it can be written");
        ended(w);
        daemon.ask(&["loop", "tick", "repository-settings"]).exits(0);
        wait("it is closed", || (runs(w)[0]["state"] == "closed").then_some(()));
        let all = runs(w);
        assert_eq!((all.len(), &all[0]["outcome"]), (1, &"done".into()), "{all:#?}");
        assert_eq!(pulls_in(w, "anvil"), []);
        daemon.stop().exits(0);
    });
}

/// What nobody works with makes room, and nothing is started while there is none.
#[test]
fn a_full_disk_stops_new_runs() {
    small(|w| {
        let leaves = unbounded("echo x > left", "attempts 1");
        w.config(&leaves);
        one_run(w).exits(1);
        let run = runs(w).remove(0);
        let home = yard(&run).join("homes").join(run["run"].as_str().expect("its name"));
        assert!(folder(&run).exists() && home.exists());
        let full = leaves.replace("task \"hone\"", "caps disk=0\ntask \"file\" repo=\"acme/anvil\" { prompt \"File it.\"; agents \"smith\"; }\ntask \"hone\"");
        w.config(&full);
        let plan = w.plan(&[]);
        assert!(plan.out.contains("task/file: room on the disk: runs use "), "{}", plan.all());
        assert!(folder(&run).exists() && home.exists(), "a plan changes nothing");
        let applied = w.apply(&[]);
        assert!(applied.err.contains("the workspace of acme/anvil/task/hone made room"), "{}", applied.all());
        assert!(!folder(&run).exists() && !home.exists());
        assert_eq!(runs(w).len(), 1);
        let mirror = yard(&run).join("mirrors/acme/anvil.git").display().to_string();
        let saved = run["salvage"].as_str().expect("it was saved");
        assert_eq!(w.git(&["--git-dir", &mirror, "show", &format!("{saved}:left")]), "x\n");
        w.config(&full.replace("disk=0", "disk=50"));
        w.apply(&[]);
        assert_eq!(ended(w).len(), 2);
    });
}

/// A workspace that somebody works in stays, whatever becomes of its task.
#[test]
fn a_workspace_stays_while_its_run_goes_on() {
    small(|w| {
        w.config(&unbounded("echo on; sleep 600", ""));
        w.apply(&[]).exits(0);
        let run = runs(w).remove(0);
        w.config("factory \"acme\"\nrepo \"acme/anvil\"\n");
        w.apply(&[]).exits(0);
        assert!(Path::new(&folder(&run)).exists());
        w.run(&["runs", "stop", run["run"].as_str().expect("its name"), "--reason", "enough"]).exits(0);
        w.apply(&[]).exits(0);
        assert!(!folder(&run).exists());
    });
}
