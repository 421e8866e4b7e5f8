//! Tasks that config gives to agents, from the prompt to the pull request: each agent is a real program.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::daemon::{Daemon, wait};
use crate::world::{Ran, World, sample, world_of};

/// A config with one task for an agent that is this shell script.
fn config(script: &str, more: &str) -> String {
    format!(
        "factory \"acme\"\nrepo \"acme/anvil\"\nagent \"smith\" kind=\"command\" {{ program \"/bin/sh\" \"-c\" {script:?}; }}\n\
         task \"hone\" repo=\"acme/anvil\" {{ prompt \"Hone the anvil.\"; agents \"smith\"; {more} }}\n"
    )
}

/// The same for an agent without a sandbox.
pub(crate) fn unbounded(script: &str, more: &str) -> String {
    config(script, more).replace("kind=\"command\"", "kind=\"command\" sandbox=#false")
}

/// What an agent does that does what it is told.
pub(crate) const HONES: &str =
    "cat > prompt; git add prompt; git commit -q -m 'Hone it'; printf 'honed\\t\\033[1mwell\\n'";

pub(crate) fn small(test: impl FnOnce(&World)) {
    world_of(sample::github(), test);
}

/// The runs that are known, the newest first.
pub(crate) fn runs(w: &World) -> Vec<Value> {
    let listed = w.run(&["runs", "list", "--json"]).exits(0).json();
    listed["runs"].as_array().expect("a list").clone()
}

/// Waits until no run is under way.
#[track_caller]
pub(crate) fn ended(w: &World) -> Vec<Value> {
    let at_work = |run: &Value| run["state"] == "running" || run["state"] == "starting";
    wait("every run ends", || Some(runs(w)).filter(|all| !all.iter().any(at_work)))
}

/// Starts what is planned, waits until it has ended, and looks at what it left.
#[track_caller]
pub(crate) fn one_run(w: &World) -> Ran {
    w.apply(&[]).exits(0);
    ended(w);
    w.apply(&[])
}

/// Title and head branch of each pull request.
pub(crate) fn pulls(w: &World) -> Vec<(String, String)> {
    pulls_in(w, "anvil")
}

/// The same of another repository.
pub(crate) fn pulls_in(w: &World, repo: &str) -> Vec<(String, String)> {
    w.github().with(|world| {
        let issues = &world.repo("acme", repo).expect("there").issues;
        let pulls = issues.values().filter_map(|issue| Some((issue, issue.pull.as_ref()?)));
        pulls.map(|(issue, pull)| (issue.title.clone(), pull.head_ref.clone())).collect()
    })
}

/// Where the repository is, for whoever may do all.
pub(crate) fn url(w: &World) -> String {
    let host = w.twin().url().replace("http://", "");
    format!("http://x:{}@{host}/acme/anvil.git", w.twin().token())
}

/// What a file holds on a branch of the repository on GitHub; `None` when the branch or the file isn't there.
pub(crate) fn file(w: &World, branch: &str, path: &str) -> Option<String> {
    let url = url(w);
    let fetched = w.plain("git", &["fetch", "-q", &url, branch]);
    let shown = w.plain("git", &["show", &format!("FETCH_HEAD:{path}")]);
    (fetched.status.success() && shown.status.success())
        .then(|| String::from_utf8_lossy(&shown.stdout).into_owned())
}

#[test]
fn a_task_becomes_a_pull_request() {
    small(|w| {
        w.config(&config(HONES, ""));
        let plan = w.plan(&[]).exits(2);
        assert!(plan.out.contains("  + start run task/hone\n"), "{}", plan.all());
        assert!(plan.out.contains("1 run to start"), "{}", plan.all());
        one_run(w).exits(0);
        let (title, branch) = pulls(w).pop().expect("a pull request");
        assert_eq!(title, "Hone the anvil");
        let prompt = file(w, &branch, "prompt").expect("it was pushed");
        assert!(prompt.starts_with("Hone the anvil.\n\n---\nYou work in a clone"), "{prompt}");

        let plan = w.plan(&[]).exits(0);
        assert!(plan.out.contains("task/hone: a person to merge or close #"), "{}", plan.all());
        w.apply(&[]).exits(0);
        assert_eq!((pulls(w).len(), runs(w).len()), (1, 1));

        let run = &runs(w)[0];
        assert_eq!(
            (&run["outcome"], &run["state"], &run["attempt"]),
            (&json!("done"), &json!("closed"), &json!(1))
        );
        let id = run["run"].as_str().expect("its name");
        let log = w.run(&["runs", "log", id]).exits(0);
        assert_eq!(log.out, "honed\t\\u{1b}[1mwell\n");
        let shown = w.run(&["runs", "show", &id[..id.len() - 1]]).exits(0);
        for says in ["task: hone, attempt 1\n", "agent: smith (command)\n", "outcome: done: "] {
            assert!(shown.out.contains(says), "{}", shown.all());
        }
        let history = w.run(&["history", "repo/acme/anvil/task/hone"]).exits(0);
        for says in ["start-run", "open-pull"] {
            assert!(history.out.contains(says), "{}", history.all());
        }
        w.run(&["ledger", "verify"]).exits(0);
    });
}

/// The daemon needs nobody: a pushed task becomes a pull request, and another prompt another one.
#[test]
fn the_daemon_does_tasks_by_itself() {
    small(|w| {
        w.config("factory \"acme\"\n");
        let daemon = Daemon::start(w, &[]);
        w.config(&config(HONES, ""));
        w.until("it is done", || pulls(w).len() == 1);
        w.config(&config(HONES, "").replace("Hone the anvil.", "Polish the anvil."));
        w.until("it is done again", || pulls(w).len() == 2);
        daemon.stop().exits(0);
        assert_eq!(runs(w).len(), 2);
    });
}

/// Which agents can't be started is told at the start and with each config, not with the first task.
#[test]
fn the_daemon_tells_which_agents_can_not_start() {
    small(|w| {
        let agent = |name: &str| format!("agent \"{name}\" kind=\"command\" {{ program \"no-{name}\"; }}\n");
        w.config(&format!("factory \"acme\"\n{}", agent("one")));
        let daemon = Daemon::start(w, &[]);
        w.until("it is told", || daemon.said().contains("no run of the agent `one` can start"));
        w.config(&format!("factory \"acme\"\n{}{}", agent("one"), agent("two")));
        w.until("the new one is told", || daemon.said().contains("no run of the agent `two` can start"));
        assert_eq!(daemon.said().matches("no run of the agent `one`").count(), 1, "once");
        daemon.stop().exits(0);
    });
}

/// An agent that isn't there keeps nobody else from work, and its tasks wait for a person.
#[test]
fn an_agent_that_is_not_there_holds_nobody_up() {
    small(|w| {
        let agent = |name: &str, program: &str| {
            format!("agent \"{name}\" kind=\"command\" {{ program {program}; }}\n")
        };
        let task = |name: &str, agents: &str| {
            format!("task \"{name}\" repo=\"acme/anvil\" {{ prompt \"Do it.\"; agents {agents}; }}\n")
        };
        let config = [
            "factory \"acme\"\nrepo \"acme/anvil\"\n".to_owned(),
            agent("gone", "\"/no/such/thing\""),
            agent("smith", &format!("\"/bin/sh\" \"-c\" {HONES:?}")),
            task("a", "\"gone\""),
            task("b", "\"gone\""),
            task("c", "\"gone\" \"smith\""),
            task("d", "\"smith\""),
        ];
        w.config(&config.concat());
        let plan = w.plan(&[]).exits(1);
        let says =
            "none of its agents can be started: the program `/no/such/thing` of the agent `gone` isn't there";
        assert_eq!(plan.all().matches(says).count(), 2, "{}", plan.all());
        w.apply(&[]).exits(1);
        let all = ended(w);
        assert_eq!(all.iter().filter(|run| run["agent"] == "smith").count(), 2, "{all:#?}");
    });
}

/// What a run claims proves nothing: each of these ends well by its own word, and none is published.
#[test]
fn what_may_not_be_published_is_not() {
    // The shell puts it together: config that has one written out is refused.
    let key = format!("gh''p_{}", "a1B2".repeat(9));
    let leaks = format!(
        "echo key={key} > k; git add k; git commit -qm k; git rm -q k; echo x > l; git add l; git commit -qm gone"
    );
    let says = |script: &str, more: &str, outcome: &str, words: &str| {
        small(|w| {
            w.config(&config(script, more));
            let applied = one_run(w);
            assert_eq!(pulls(w), [], "{script}\n{}", applied.all());
            let run = &runs(w)[0];
            assert_eq!(run["outcome"], outcome, "{script}\n{run:#}");
            assert!(run["says"].as_str().is_some_and(|says| says.contains(words)), "{run:#}");
            if outcome == "policy violation" {
                let plan = w.plan(&[]).exits(1);
                assert!(plan.out.contains("ended in `policy violation`"), "{}", plan.all());
            }
        });
    };
    says("true", "", "no change", "it changed nothing");
    says(&leaks, "", "policy violation", "there are secrets in what it committed: `k`");
    says("echo x > other; git add .; git commit -qm x", "paths \"docs/**\"", "policy violation", "`other`");
    says(
        "git commit -q --amend -m mine",
        "",
        "policy violation",
        "it rewrote the history that it began with",
    );
    let named = format!("mkdir d; cp README.md d/{key}; git add .; git commit -qm x");
    says(&named, "", "policy violation", "there are secrets in what it committed");
    let signed = format!("echo x > f; git add f; git commit -qm x --author '{key} <a@example.com>'");
    says(&signed, "", "policy violation", "a header of commit");
    says("rm -rf .git", "", "policy violation", "its branch is gone");
    let passing = "echo x > other; git add .; git commit -qm one; git rm -q other; mkdir docs; echo x > docs/y; \
                   git add .; git commit -qm two";
    says(passing, "paths \"docs/**\"", "policy violation", "it changed what is not its own: `other`");
    let foreign = "b=$(git branch --show-current); git checkout -q --orphan o; git commit -qm root; git checkout -q $b; \
                   git merge -q --allow-unrelated-histories -m m o; echo x > f; git add f; git commit -qm x";
    says(foreign, "", "policy violation", "it brought in a history that isn't this repository's: commit ");
    let side = "git checkout -q -b side; echo x > f; git add f; git commit -qm x";
    says(
        side,
        "attempts 1",
        "no verdict",
        "it committed on `side`, and nothing on its branch `factory/task/hone-",
    );
    let renamed = "echo x > f; git add f; git commit -qm x; git branch -m side";
    says(renamed, "attempts 1", "no verdict", "it committed on `side`, and nothing on its branch");
    let staged = "echo staged-only > st; git add st; rm st";
    says(staged, "attempts 1", "no verdict", "it left changes and committed none of them");
    let linked = "git worktree add -q --detach \"$HOME/wt\"; cd \"$HOME/wt\"; echo x > f; git add f; git commit -qm one; \
                  rm f; git commit -qam two";
    says(
        linked,
        "attempts 1",
        "no verdict",
        "it committed on `worktrees/wt/HEAD`, and nothing on its branch",
    );
}

/// What was taken of a run and isn't published stays in the mirror, and a person is told how to get at it.
#[test]
fn what_was_taken_and_not_published_is_shown() {
    small(|w| {
        w.config(&config("echo x > other; git add .; git commit -qm x", "paths \"docs/**\""));
        one_run(w);
        let run = &runs(w)[0];
        let id = run["run"].as_str().expect("its name");
        assert_eq!((&run["outcome"], &run["commit"]), (&json!("policy violation"), &Value::Null), "{run:#}");
        let json = w.run(&["runs", "show", id, "--json"]).exits(0).json();
        let taken = &json["run"]["taken"];
        let mirror = taken["mirror"].as_str().expect("the mirror");
        let commit = w.git(&["--git-dir", mirror, "rev-parse", &format!("refs/runs/{id}")]);
        assert_eq!(taken["commit"], commit.trim(), "{json:#}");

        let shown = w.run(&["runs", "show", id]).exits(0).out;
        let says = format!("taken: refs/runs/{id} at {}, in {mirror}\n", commit.trim());
        assert!(shown.contains(&says), "{shown}");
        let told = |label: &str| {
            let line =
                shown.lines().find_map(|line| line.strip_prefix(label)).unwrap_or_else(|| panic!("{shown}"));
            let script = format!(
                "cd ..; rm -rf clone; git init -q clone; cd clone; {line} && git branch --show-current"
            );
            let ran = w.plain("sh", &["-c", &script]);
            assert!(ran.status.success(), "{line}: {ran:?}");
            String::from_utf8_lossy(&ran.stdout).into_owned()
        };
        assert!(told("to look at it: ").contains("+++ b/other"));
        assert_eq!(told("to get it, in a clone: "), format!("run-{id}\n"));
        assert!(w.path("clone/other").exists());

        // A mirror that can't be read is no reason to show nothing of the run, and is not one without commits.
        let head = std::path::Path::new(mirror).join("HEAD");
        std::fs::remove_file(&head).expect("it is there");
        let shown = w.run(&["runs", "show", id]).exits(0).out;
        assert!(shown.contains("taken: can't be told: "), "{shown}");
        assert!(shown.contains("outcome: policy violation: "), "{shown}");
    });
}

/// A run that committed nothing has nothing in the mirror.
#[test]
fn what_was_not_made_is_not_shown_as_taken() {
    small(|w| {
        w.config(&config("echo x > left", "attempts 1"));
        one_run(w);
        let id = runs(w)[0]["run"].as_str().expect("its name").to_owned();
        let shown = w.run(&["runs", "show", &id]).exits(0).out;
        assert!(!shown.contains("taken: ") && shown.contains("saved besides: "), "{shown}");
        assert_eq!(w.run(&["runs", "show", &id, "--json"]).exits(0).json()["run"]["taken"], Value::Null);
    });
}

/// A secret that can't be looked for any more may be in anything that the run made.
#[test]
fn a_secret_that_was_forgotten_publishes_nothing() {
    small(|w| {
        w.set("KEY", "one-key-that-nobody-guesses");
        let gives = config("echo \"$K\" > k; git add k; git commit -qm k", "");
        w.config(&gives.replace("program", "var \"K\" secret=\"env:KEY\"; program"));
        w.apply(&[]).exits(0);
        ended(w);
        w.set("KEY", "another-key-by-now");
        let applied = w.apply(&[]);
        assert_eq!(
            (pulls(w), &runs(w)[0]["outcome"]),
            (Vec::new(), &json!("policy violation")),
            "{}",
            applied.all()
        );
        assert!(runs(w)[0]["says"].as_str().is_some_and(|says| says.contains("`env:KEY`")), "{:?}", runs(w));
    });
}

/// Whoever closes a run needs the secrets that it was given. Who hasn't got them leaves it to somebody who has.
#[test]
fn a_secret_that_is_not_at_hand_leaves_the_run_to_another_one() {
    small(|w| {
        w.set("KEY", "one-key-that-nobody-guesses");
        w.config(
            &config("echo done > k; git add k; git commit -qm k", "")
                .replace("program", "var \"K\" secret=\"env:KEY\"; program"),
        );
        w.apply(&[]).exits(0);
        ended(w);
        w.set("KEY", "");
        let applied = w.apply(&[]).exits(9);
        assert!(applied.all().contains("can't be closed yet"), "{}", applied.all());
        assert_eq!((runs(w)[0]["state"].as_str(), pulls(w)), (Some("ended"), Vec::new()));
        let why = "can't be closed: whether it is free of the secrets";
        let id = runs(w)[0]["run"].as_str().expect("its name").to_owned();
        for (args, exit) in [
            (&["runs", "show", &id][..], 0),
            (&["why", "--offline", "task/hone"], 0),
            (&["why", "task/hone"], 0),
            (&["status"], 1),
            (&["doctor"], 1),
        ] {
            let told = w.run(args).exits(exit);
            assert!(told.out.contains(why), "{args:?}: {}", told.all());
        }
        let daemon = Daemon::start(w, &[]);
        for _ in 0..2 {
            let ticks = daemon.wait("its status", |_| true)["last"]["number"].as_u64();
            daemon.ask(&["loop", "tick", "tasks"]).exits(0);
            daemon.wait("it has looked", |status| status["last"]["number"].as_u64() > ticks);
        }
        let said = daemon.said();
        assert_eq!(
            (said.matches("can't be closed yet").count(), said.contains("the next look")),
            (1, true),
            "{said}"
        );
        assert!(daemon.ask(&["status"]).exits(0).out.contains(&format!("! run {id} of ")));
        daemon.stop().exits(0);
        w.set("KEY", "one-key-that-nobody-guesses");
        w.apply(&[]).exits(0);
        assert_eq!(pulls(w).len(), 1, "{:?}", runs(w));
    });
}

/// Each attempt learns how the one before it ended, and there are as many as config says.
#[test]
fn attempts_are_counted_and_learn() {
    small(|w| {
        w.config(&config("cat > left; exit 3", "attempts 2"));
        one_run(w);
        ended(w);
        w.apply(&[]).exits(1);
        assert_eq!(runs(w).len(), 2);
        let plan = w.plan(&[]).exits(1);
        assert!(plan.out.contains("2 of 2 attempts are used up"), "{}", plan.all());
        // What was left and not committed is saved, and the second prompt says what became of the first.
        let run = &runs(w)[0];
        let saved = run["salvage"].as_str().expect("it was saved");
        let folder = std::path::Path::new(run["folder"].as_str().expect("a folder"));
        let yard = folder.ancestors().nth(3).expect("where runs lie");
        let mirror = yard.join("mirrors/acme/anvil.git").display().to_string();
        let left = w.git(&["--git-dir", &mirror, "show", &format!("{saved}:left")]);
        let shown = w.run(&["runs", "show", run["run"].as_str().expect("its name")]).exits(0);
        let command = format!("to get it back, in a clone: git fetch '{mirror}' {saved} && git switch");
        assert!(shown.out.contains(&command), "{}", shown.all());
        assert!(left.contains("This is attempt 2, run 2; the run before it ended in `crashed`"), "{left}");
        // Another prompt is another task.
        w.config(&config(HONES, "attempts 2").replace("Hone the anvil.", "Hone it well."));
        one_run(w).exits(0);
        assert_eq!(pulls(w).len(), 1);
    });
}

/// Work that is left uncommitted is not done, and not lost.
#[test]
fn what_is_not_committed_is_no_work() {
    small(|w| {
        w.config(&config("echo x > left", "attempts 1"));
        one_run(w).exits(1);
        let run = &runs(w)[0];
        assert_eq!((&run["outcome"], run["salvage"].is_string()), (&json!("no verdict"), true), "{run:#}");
        assert_eq!(pulls(w), []);
    });
}

/// Within a sandbox an agent sees what it needs and nothing else, and the doctor says whether there is one.
#[test]
fn an_agent_is_kept_within_its_bounds() {
    small(|w| {
        let secret = w.path("home/secret");
        std::fs::write(&secret, "key").expect("it can be written");
        let looks = format!(
            "echo began; cat {0} > seen 2>/dev/null; echo x > {0}; env > vars; touch \"$HOME/own\" && cp seen vars .git/..; git add seen vars; git commit -qm looked",
            secret.display()
        );
        w.config(&config(&looks, ""));
        let doctor = w.run(&["doctor"]).exits(0);
        assert!(doctor.out.contains("ok  agent: smith: command at /bin/sh"), "{}", doctor.all());
        let sandboxed = doctor.out.contains("ok  isolation: bubblewrap");
        assert!(sandboxed || doctor.out.contains("odd isolation: none"), "{}", doctor.all());
        one_run(w).exits(0);
        let branch = pulls(w).pop().expect("it is published").1;
        let vars = file(w, &branch, "vars").expect("it was committed");
        for never in ["TOKEN", "FACTORY_GITHUB", w.twin().token()] {
            assert!(!vars.contains(never), "{vars}");
        }
        let seen = file(w, &branch, "seen").unwrap_or_default();
        let now = std::fs::read_to_string(&secret).expect("it is there");
        assert_eq!((seen.as_str(), now.as_str()), if sandboxed { ("", "key") } else { ("key", "x\n") });
    });
}

/// A saved plan says what has gone on since, which for a task is seldom GitHub.
#[test]
fn a_saved_plan_says_that_runs_have_gone_on() {
    small(|w| {
        w.config(&config("cat > left; exit 3", "attempts 2"));
        let stale = |name: &str, says: &str| {
            let refused = w.run(&["apply", "--yes", name]).exits(7);
            let line = format!(
                "stale: repo/acme/anvil/task/hone: its runs or its pull request have gone on since the plan was saved; {says}"
            );
            assert!(refused.err.contains(&line), "{line}\n{}", refused.all());
            assert!(!refused.err.contains("changed on GitHub"), "{}", refused.all());
        };
        w.plan(&["-o", "first.json"]).exits(2);
        w.apply(&[]).exits(0);
        ended(w);
        let run = runs(w)[0]["run"].as_str().expect("its name").to_owned();
        stale("first.json", &format!("by now: run {run} ended in `crashed`"));
        w.plan(&["-o", "second.json"]).exits(2);
        w.apply(&[]).exits(0);
        ended(w);
        stale("second.json", "2 of 2 attempts are used up");
    });
}

/// Where a task is declared, what became of its runs, its branch and pull request, and what it waits for, in one place.
#[test]
fn why_tells_how_a_task_stands() {
    small(|w| {
        w.config(&config("cat > left; exit 3", "attempts 2"));
        let why = |address: &str| w.run(&["why", address]).exits(0).out;
        let told = why("repo/acme/anvil/task/hone");
        assert!(told.starts_with("repo/acme/anvil/task/hone declared at factory.kdl:4 \u{2190} "), "{told}");
        assert!(told.contains("attempts: 0 of 2 used up\nbranch factory/task/hone-"), "{told}");
        let next = "  live no pull request\nnext: start run: task `hone` has not been done\n";
        assert!(told.ends_with(next), "{told}");
        for name in ["task/hone", "task.hone", "repo/Acme/anvil/task/Hone"] {
            assert_eq!(why(name), told, "{name}");
        }

        one_run(w);
        ended(w);
        w.apply(&[]).exits(1);
        let told = why("task/hone");
        let run = runs(w)[0]["run"].as_str().expect("its name").to_owned();
        assert!(told.contains("attempts: 2 of 2 used up\n"), "{told}");
        assert!(told.contains(&format!("  run {run}, attempt 2 by smith: crashed: ")), "{told}");
        assert!(told.contains("needs a person: 2 of 2 attempts are used up; run "), "{told}");
        assert!(told.contains("\nlast change: "), "{told}");
        let offline = w.run(&["why", "--offline", "task/hone"]).exits(0).out;
        assert!(offline.contains("attempts: 2 of 2") && !offline.contains("live "), "{offline}");

        w.config(&config(HONES, "").replace("Hone the anvil.", "Hone it well."));
        one_run(w).exits(0);
        let told = why("task/hone");
        assert!(told.contains("by smith, with another prompt: crashed: "), "{told}");
        assert!(
            told.contains("\n  live pull request #") && told.contains(", open\nwaits for a person to"),
            "{told}"
        );
        w.github().mutate(|world| {
            let issues = &mut world.repo_mut("acme/anvil").expect("there").issues;
            let pulls: Vec<u64> =
                issues.values().filter(|it| it.pull.is_some()).map(|it| it.number).collect();
            for number in pulls {
                issues.get_mut(&number).expect("there").state = factoryctl::twin::world::IssueState::Closed;
            }
        });
        let told = why("task/hone");
        assert!(told.contains(", closed\nnothing comes next; another prompt would be "), "{told}");
        w.run(&["suspend", "repo/acme/anvil/task/hone", "--reason", "audit"]).exits(0);
        let told = why("task/hone");
        assert!(told.contains("`repo/acme/anvil/task/hone` is suspended by tester@"), "{told}");
        w.config(&config(HONES, "").replace("Hone the anvil.", "Hone it once more."));
        assert!(why("task/hone").contains("; held back by `suspended`: "), "{}", why("task/hone"));
        w.run(&["loop", "disable", "tasks", "--reason", "audit"]).exits(0);
        assert!(why("task/hone").contains("the loop `tasks` is switched off by "), "{}", why("task/hone"));

        let near = "did you mean `repo/acme/anvil/task/hone`?";
        for (unknown, help) in [("task/hnoe", "the tasks are hone"), ("repo/acme/anvil/task/hnoe", near)] {
            let refused = w.run(&["why", unknown]).exits(1);
            for says in [&format!("config has no task `{unknown}`"), help] {
                assert!(refused.err.contains(says), "{}", refused.all());
            }
        }
    });
}

/// A run is ended by a person, and by nobody twice.
#[test]
fn a_run_can_be_stopped() {
    small(|w| {
        w.config(&config("echo on; sleep 600", ""));
        w.apply(&[]).exits(0);
        let id = runs(w)[0]["run"].as_str().expect("its name").to_owned();
        let plan = w.plan(&[]).exits(0);
        assert!(plan.out.contains(&format!("task/hone: run {id} to end")), "{}", plan.all());
        let stopped = w.run(&["runs", "stop", &id, "--reason", "not now"]).exits(0);
        assert_eq!(stopped.out, format!("run {id} has ended: cancelled\n"));
        let again = w.run(&["runs", "stop", &id, "--reason", "not now"]).exits(0);
        assert!(again.out.contains("has ended already, in `cancelled`"), "{}", again.all());
        let plan = w.plan(&[]).exits(0);
        let on = format!("a look at what run {id} made, which has ended (apply, or a daemon)");
        assert!(plan.out.contains(&on), "{}", plan.all());
        w.apply(&[]).exits(0);
        let plan = w.plan(&[]).exits(0);
        assert!(plan.out.contains("was cancelled"), "{}", plan.all());
        assert_eq!(runs(w).len(), 1);
    });
}

/// Kills who attends the one run that is at work.
fn kill_supervisor(w: &World) {
    let run = runs(w).remove(0);
    let folder = std::path::Path::new(run["folder"].as_str().expect("a folder"));
    let yard = folder.ancestors().nth(3).expect("where runs lie");
    let id = run["run"].as_str().expect("its name");
    let records = yard.join("runs").join(id).join("processes.json");
    let processes: Value = serde_json::from_slice(&std::fs::read(records).expect("there")).expect("JSON");
    let pid = processes["supervisor"]["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
    let pid = pid.and_then(rustix::process::Pid::from_raw).expect("a pid");
    rustix::process::kill_process(pid, Signal::KILL).expect("it runs");
    wait("it is gone", || (runs(w)[0]["state"] == "interrupted").then_some(()));
}

/// A run is found and stopped whatever becomes of the config and of who attended it: nothing of it stays, nothing of it is
/// done again.
#[test]
fn a_run_can_be_stopped_on_a_bad_day() {
    small(|w| {
        w.config(&config("echo on; sleep 600 & sleep 600", ""));
        w.apply(&[]).exits(0);
        let id = runs(w)[0]["run"].as_str().expect("its name").to_owned();
        w.git(&["tag", "good"]);
        w.config("factory \"acme\"\nrepo 7\n");
        w.run(&["validate"]).exits(3);
        kill_supervisor(w);
        let stopped = w.run(&["runs", "stop", &id, "--reason", "not now"]).exits(0);
        assert_eq!(stopped.out, format!("run {id} has ended: cancelled\n"));
        let shown = w.run(&["runs", "show", &id]).exits(0);
        assert!(shown.out.contains("not now; "), "{}", shown.all());
        let marked =
            w.plain("grep", &["-lsz", &format!("^FACTORY_RUN={id}$"), "-r", "--include=environ", "/proc"]);
        assert_eq!(String::from_utf8_lossy(&marked.stdout), "", "a process of it goes on");
        w.git(&["reset", "-q", "--hard", "good"]);
        w.apply(&[]).exits(0);
        assert_eq!(runs(w).len(), 1);
    });
}

/// A run outlives the daemon; the next one finds it at work, and finishes what it began.
#[test]
fn a_run_outlives_the_daemon() {
    small(|w| {
        let go = w.path("go");
        let waits = format!("echo on; while [ ! -e {} ]; do sleep 0.02; done; {HONES}", go.display());
        w.config(&unbounded(&waits, ""));
        let daemon = Daemon::start(w, &[]);
        w.until("it runs", || runs(w).first().is_some_and(|run| run["state"] == "running"));
        daemon.stop().exits(0);
        assert_eq!(runs(w)[0]["state"], "running", "{:#}", runs(w)[0]);
        let daemon = Daemon::start(w, &[]);
        assert_eq!(runs(w).len(), 1);
        std::fs::write(&go, "").expect("it can be written");
        w.until("it is done", || pulls(w).len() == 1);
        daemon.stop().exits(0);
        assert_eq!(runs(w).len(), 1);
    });
}

/// A run whose supervisor is killed is found, ended and done again; it burns no attempt.
#[test]
fn a_killed_run_is_done_again() {
    small(|w| {
        let second = w.path("second");
        let script =
            format!("echo on; if [ ! -e {0} ]; then touch {0}; sleep 600; fi; {HONES}", second.display());
        w.config(&unbounded(&script, "attempts 1"));
        w.apply(&[]).exits(0);
        wait("it is at work", || second.exists().then_some(()));
        kill_supervisor(w);
        w.apply(&[]).exits(0);
        assert_eq!(runs(w)[1]["outcome"], "killed");
        ended(w);
        w.apply(&[]).exits(0);
        assert_eq!((pulls(w).len(), runs(w).len()), (1, 2));
        // It burnt none, and so the next one is no other.
        assert!(runs(w).iter().all(|run| run["attempt"] == 1), "{:#?}", runs(w));
        let listed = w.run(&["runs", "list"]).exits(0).out;
        assert_eq!(listed.matches("acme/anvil hone, attempt 1  ").count(), 2, "{listed}");
    });
}

/// What is held back isn't started, and no more are started than config lets be at work.
#[test]
fn nothing_starts_that_is_held_back() {
    small(|w| {
        let both = config("echo on; sleep 600", "").replace(
            "task \"hone\"",
            "caps runs=1\ntask \"file\" repo=\"acme/anvil\" { prompt \"File it.\"; agents \"smith\"; }\ntask \"hone\"",
        );
        w.config(&both);
        for (address, meant) in [("repo/acme/anvil/task/hnoe", "hone"), ("task/file", "file")] {
            let refused = w.run(&["suspend", address, "--reason", "audit"]).exits(64);
            let says = format!("did you mean `repo/acme/anvil/task/{meant}`?");
            assert!(refused.err.contains(&says), "{}", refused.all());
            let refused = w.plan(&[address]).exits(64);
            assert!(refused.err.contains(&says), "{}", refused.all());
        }
        w.run(&["suspend", "repo/acme/anvil/**", "--reason", "audit"]).exits(0);
        let held = w.apply(&[]).exits(4);
        assert!(held.err.contains("suspended"), "{}", held.all());
        w.run(&["resume", "repo/acme/anvil/**"]).exits(0);
        w.run(&["loop", "disable", "tasks", "--reason", "audit"]).exits(0);
        w.apply(&[]).exits(0);
        assert_eq!(runs(w), [] as [Value; 0]);
        w.run(&["loop", "enable", "tasks"]).exits(0);
        let applied = w.apply(&[]).exits(0);
        assert_eq!(runs(w).len(), 1, "{}", applied.all());
        let plan = w.plan(&[]).exits(0);
        assert!(plan.out.contains("1 of 1 are at work (caps.runs)"), "{}", plan.all());
        let id = runs(w)[0]["run"].as_str().expect("its name").to_owned();
        w.run(&["runs", "stop", &id, "--reason", "enough"]).exits(0);
    });
}

/// A branch that somebody else made under the name of ours is not overwritten.
#[test]
fn a_branch_of_others_is_not_overwritten() {
    small(|w| {
        w.config(&config(HONES, ""));
        w.apply(&[]).exits(0);
        ended(w);
        let url = url(w);
        let fetched = w.plain("git", &["fetch", "-q", &url, "main"]);
        assert!(fetched.status.success());
        let branch = format!("factory/task/hone-{}", &blake3::hash(b"Hone the anvil.").to_hex()[..8]);
        let pushed = w.plain("git", &["push", "-q", &url, &format!("FETCH_HEAD:refs/heads/{branch}")]);
        assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
        let refused = w.apply(&[]).exits(9);
        assert!(refused.err.contains("somebody else put it there"), "{}", refused.all());
        assert_eq!(file(w, &branch, "prompt"), None);
    });
}
