//! What runs find and don't do becomes issues where a task says so: each once, whatever breaks off, and only as words.

use std::collections::BTreeMap;
use std::time::Duration;

use factoryctl::twin::world::IssueState;
use factoryctl::twin::{FaultAction, FaultRule};
use serde_json::Value;

use crate::daemon::Daemon;
use crate::tasks::{HONES, one_run, pulls, small, unbounded};
use crate::world::{Ran, World};

const DOOR: &str = "printf 'Mend the door\\n\\nIt creaks.\\n' > $FACTORY_OUTBOX/follow-up-door.md; ";

/// An agent that does its task and finds more.
fn finds(files: &str) -> String {
    unbounded(&format!("{files}{HONES}"), "follow-ups \"issue\"")
}

/// A title with its body, and whether it is open, of each issue that the factory opened.
fn issues(w: &World) -> Vec<(String, String, bool)> {
    w.github().with(|world| {
        let issues = &world.repo("acme", "anvil").expect("there").issues;
        let own = issues.values().filter(|issue| issue.pull.is_none() && issue.author != "octocat");
        let own =
            own.filter(|issue| issue.body.as_ref().is_some_and(|body| body.contains("factoryctl:follow-up")));
        own.map(|it| (it.title.clone(), it.body.clone().unwrap_or_default(), it.state == IssueState::Open))
            .collect()
    })
}

fn titles(w: &World) -> Vec<String> {
    issues(w).into_iter().map(|(title, ..)| title).collect()
}

/// A person has closed every issue, so many hours ago.
fn close_all(w: &World, hours: i64) {
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours);
    w.github().mutate(|world| {
        let issues = &mut world.repo_mut("acme/anvil").expect("there").issues;
        let numbers: Vec<u64> = issues.values().filter(|it| it.pull.is_none()).map(|it| it.number).collect();
        for number in numbers {
            let issue = issues.get_mut(&number).expect("there");
            (issue.state, issue.closed_at, issue.updated_at) = (IssueState::Closed, Some(then), then);
        }
    });
}

/// Has the task done as far as its pull request.
#[track_caller]
fn done(w: &World, config: &str) {
    w.config(config);
    one_run(w).exits(0);
}

/// The same with another prompt: a new piece of work.
fn again(config: &str) -> String {
    config.replace("Hone the anvil.", "Hone it again.")
}

#[track_caller]
fn opens_nothing(w: &World) -> Ran {
    let before = titles(w);
    let plan = w.plan(&[]);
    assert!(!plan.out.contains("open issue"), "{}", plan.all());
    let applied = w.apply(&[]);
    assert_eq!(titles(w), before, "{}", applied.all());
    applied
}

#[test]
fn what_was_found_becomes_an_issue_once() {
    small(|w| {
        let files = format!(
            "{DOOR}printf '# Ask @alice: fixes #1\\n\\nIt leaks, @bob.\\n<!-- factoryctl:follow-up 0 -->\\ncloses #1\\n' \
             > $FACTORY_OUTBOX/follow-up-roof.md; "
        );
        let config = finds(&files);
        done(w, &config);
        assert_eq!((issues(w), pulls(w).len()), (Vec::new(), 1), "not before the pull request is there");
        let plan = w.plan(&[]).exits(2);
        for says in
            ["+ open issue task/hone/follow-up/", "title: \"Mend the door\"", "It creaks.", "2 to add"]
        {
            assert!(plan.out.contains(says), "{says}\n{}", plan.all());
        }
        let all = "repo/acme/anvil/task/hone/follow-up";
        w.run(&["suspend", all, "--reason", "not yet"]).exits(0);
        w.apply(&[]).exits(4);
        assert_eq!(issues(w), []);
        w.run(&["resume", all]).exits(0);
        w.apply(&[]).exits(0);
        let opened = issues(w);
        let words =
            opened.iter().find(|(title, ..)| title == "Ask @ alice: fixes # 1").expect("it is opened");
        assert!(titles(w).contains(&"Mend the door".to_owned()) && opened.len() == 2, "{opened:?}");
        let (pull, run) = w.github().with(|world| {
            let issues = &world.repo("acme", "anvil").expect("there").issues;
            let pull = issues.values().find(|issue| issue.pull.is_some()).expect("it is there");
            let body = pull.body.clone().unwrap_or_default();
            let run = body.split("factoryctl:run ").nth(1).and_then(|rest| rest.split(' ').next());
            (pull.number, run.expect("it names its run").to_owned())
        });
        let body = words.1.split("<!-- factoryctl:follow-up ").collect::<Vec<_>>();
        assert_eq!(
            body[..2].join("~"),
            format!(
                "Found by `smith` while it worked on the task `hone` of the factory (#{pull}), in run `{run}`. Nobody has \
                 checked it.\n\nIn its words:\n\n    It leaks, @ bob.\n    ~0 -->\n    closes # 1\n\n"
            )
        );
        opens_nothing(w).exits(0);
        let history = w.run(&["history", all]).exits(0);
        assert!(
            history.out.contains("open-issue") && !history.out.contains("open-pull"),
            "{}",
            history.all()
        );
        // Who closes one has decided, also for the next run that finds the same, when nobody looks at so old an issue.
        close_all(w, 3);
        opens_nothing(w).exits(0);
        done(w, &again(&config));
        opens_nothing(w).exits(0);
        assert_eq!((issues(w).iter().filter(|(.., open)| *open).count(), pulls(w).len()), (0, 2));
        w.run(&["ledger", "verify"]).exits(0);
    });
}

/// The factory is killed when GitHub has opened the issue, and before its answer is read.
#[test]
fn a_crash_between_the_call_and_the_ledger_opens_nothing_twice() {
    small(|w| {
        let config = finds(DOOR);
        done(w, &config);
        w.faults(vec![
            FaultRule::every(FaultAction::SlowBody { ms: 30_000 }).on("POST", "/repos/acme/anvil/issues"),
        ]);
        let applies = w.start(&["apply", "--yes"]);
        w.until("it is opened", || titles(w).len() == 1);
        assert_eq!(applies.kill_after(Duration::ZERO).code, 128 + 9);
        w.faults(Vec::new());
        // A person is faster than the next start.
        close_all(w, 0);
        let applied = opens_nothing(w).exits(0);
        assert!(applied.err.contains("settled 1 change"), "{}", applied.all());
        // The ledger knows it from now on.
        close_all(w, 3);
        done(w, &again(&config));
        opens_nothing(w).exits(0);
        w.run(&["ledger", "verify"]).exits(0);
    });
}

#[test]
fn an_answer_that_is_lost_is_looked_for() {
    small(|w| {
        done(w, &finds(DOOR));
        w.faults(vec![FaultRule::every(FaultAction::ResetAfter).on("POST", "/repos/acme/anvil/issues")]);
        w.apply(&[]).exits(0);
        w.faults(Vec::new());
        assert_eq!(titles(w), ["Mend the door"]);
        opens_nothing(w).exits(0);
    });
}

/// An issue that says it already may be on the last page; once it is closed, what it said is decided.
#[test]
fn what_an_open_issue_says_is_not_opened() {
    small(|w| {
        for n in 0..130 {
            w.github().open_issue("acme/anvil", &format!("Issue {n}"), &[]).expect("it can be opened");
        }
        w.github().open_issue("acme/anvil", "mend  the Door.", &[]).expect("it can be opened");
        let config = finds(DOOR);
        done(w, &config);
        opens_nothing(w).exits(0);
        close_all(w, 0);
        opens_nothing(w).exits(0);
        assert_eq!(titles(w), [""; 0]);
        // What was closed before a run is about an earlier state of things.
        close_all(w, 1);
        done(w, &again(&config));
        w.apply(&[]).exits(0);
        assert_eq!(titles(w), ["Mend the door"]);
    });
}

/// Issues that can't be read may say it already; and nothing but that waits for them.
#[test]
fn issues_that_can_not_be_read_are_not_absent() {
    small(|w| {
        let config = finds(DOOR);
        done(w, &config);
        let fails = FaultAction::Status { status: 403, body: None, headers: BTreeMap::new() };
        w.faults(vec![FaultRule::every(fails).on("GET", "/repos/acme/anvil/issues")]);
        let more =
            config.clone() + "task \"file\" repo=\"acme/anvil\" { prompt \"File it.\"; agents \"smith\"; }\n";
        w.config(&more);
        let plan = w.plan(&[]);
        assert!(plan.out.contains("incomplete: issues of acme/anvil: "), "{}", plan.all());
        assert!(
            !plan.out.contains("open issue") && plan.out.contains("+ start run task/file"),
            "{}",
            plan.all()
        );
        assert!(!plan.out.contains("blocked by"), "{}", plan.all());
        w.faults(Vec::new());
        w.config(&config);
        w.apply(&[]).exits(0);
        assert_eq!(titles(w), ["Mend the door"]);
    });
}

/// A value that nobody knew for a secret when the run was closed, and that is one by now, isn't written anywhere.
#[test]
fn a_secret_in_it_opens_nothing() {
    small(|w| {
        let key = "swordfish-that-nobody-guesses";
        let files =
            format!("{DOOR}printf 'Use the key\\n\\nIt is {key}.\\n' > $FACTORY_OUTBOX/follow-up-key.md; ");
        let config = finds(&files);
        done(w, &config);
        w.set("KEY", key);
        w.config(&config.replace(" { program", " { var \"K\" secret=\"env:KEY\"; program"));
        let applied = w.apply(&[]).exits(1);
        assert_eq!(titles(w), ["Mend the door"], "{}", applied.all());
        let plan = w.plan(&[]).exits(1);
        assert!(plan.out.contains("there is a secret in what run "), "{}", plan.all());
        let documents = [applied.all(), plan.all(), w.run(&["history", "--json"]).exits(0).out];
        assert!(
            documents.iter().all(|text| !text.contains(key.trim_start_matches("swordfish-that-"))),
            "{documents:?}"
        );
    });
}

#[test]
fn without_a_word_in_config_it_stays_where_it_is() {
    small(|w| {
        done(w, &unbounded(&format!("{DOOR}{HONES}"), ""));
        opens_nothing(w).exits(0);
        assert_eq!(titles(w), [""; 0]);
        let asked = w.requests().iter().filter(|request| request.path.contains("/anvil/issues")).count();
        assert_eq!(asked, 0, "nobody looks at issues for nothing");
    });
}

/// The daemon opens it by itself, and looks no further once the ledger has it.
#[test]
fn the_daemon_opens_it_and_then_looks_no_more() {
    small(|w| {
        w.config("factory \"acme\"\n");
        let daemon = Daemon::start(w, &[]);
        w.config(&finds(DOOR));
        w.until("the pull request is there", || pulls(w).len() == 1);
        let looks = || {
            let ticks = |status: &Value| status["last"]["number"].as_u64().unwrap_or_default();
            let before = ticks(&daemon.ask(&["status", "--json"]).exits(0).json());
            daemon.ask(&["loop", "tick", "tasks"]).exits(0);
            daemon.wait("it has looked", |status| ticks(status) > before);
        };
        looks();
        w.until("it is opened", || titles(w).len() == 1);
        looks();
        w.requests();
        looks();
        let asked = w.requests();
        assert!(
            asked.iter().any(|request| request.path.contains("/anvil/pulls?")),
            "it has looked: {asked:?}"
        );
        assert!(!asked.iter().any(|request| request.path.contains("/anvil/issues?")), "{asked:?}");
        daemon.stop().exits(0);
        assert_eq!(titles(w), ["Mend the door"]);
    });
}

/// Nobody can tell what was opened before: that is said, no issue is planned, and the rest of the plan stands.
#[test]
fn a_ledger_that_cannot_be_read_is_a_gap_of_the_plan() {
    small(|w| {
        let config = finds(DOOR);
        done(w, &config);
        assert!(w.plan(&[]).exits(2).out.contains("+ open issue"));
        let state = w.path("home/state/factoryctl");
        let own = std::fs::read_dir(&state).expect("it is there").map(|it| it.expect("it is there").path());
        let days = own.filter_map(|own| std::fs::read_dir(own.join("ledger")).ok()).flatten();
        let day = days
            .map(|it| it.expect("it is there").path())
            .find(|day| day.extension() == Some("jsonl".as_ref()));
        std::fs::write(day.expect("a day"), "what is this\n{}\n").expect("it can be written");
        w.config(
            &config.replace("repo \"acme/anvil\"\n", "repo \"acme/anvil\" { description \"Harder\"; }\n"),
        );
        let plan = w.plan(&[]).exits(1);
        assert!(plan.out.contains("Harder") && !plan.out.contains("open issue"), "{}", plan.all());
        for says in [
            "which of them were opened before can't be told: ",
            ".jsonl:1: ",
            "; next: `factoryctl ledger verify`",
        ] {
            assert!(plan.all().contains(says), "{says}\n{}", plan.all());
        }
    });
}
