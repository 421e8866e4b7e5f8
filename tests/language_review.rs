//! What open pull requests mean for a language, from outside: each gets one comment before a person reads it, which is kept current,
//! through to the next plan, which wants nothing.

use std::time::Duration;

use factoryctl::twin::{FaultAction, FaultRule};
use serde_json::Value;

use crate::daemon::{Daemon, wait};
use crate::language_loops::{CONFIG, proposed, push, service, yard};
use crate::tasks::file;
use crate::world::{Ran, World};

const LOOP: [&str; 2] = ["--loop", "language-review"];
/// What is said of it, and nothing else.
const SAID: [&str; 1] = ["repo/acme/anvil/pull/*/language/language-review"];

/// Puts a file onto a branch.
fn on(w: &World, branch: &str, path: &str, text: &str) {
    w.github().push_file("acme/anvil", branch, path, text).expect("it is pushed");
}

/// Opens a pull request from a branch.
fn opened(w: &World, branch: &str) -> u64 {
    w.github().open_pull("acme/anvil", branch, "main", "A change").expect("it is opened")
}

/// The comments on a pull request: id, author and text.
fn comments(w: &World, number: u64) -> Vec<(u64, String, String)> {
    w.github().with(|world| {
        let all = world.repo("acme", "anvil").expect("there").comments.values();
        all.filter(|it| it.issue == number).map(|it| (it.id, it.author.clone(), it.body.clone())).collect()
    })
}

/// The only comment on a pull request.
#[track_caller]
fn said(w: &World, number: u64) -> (u64, String) {
    let mut all = comments(w, number);
    assert_eq!(all.len(), 1, "{all:?}\n{}", w.plan(&LOOP).all());
    let (id, _, body) = all.remove(0);
    (id, body)
}

/// Has it said what is to be said, and sees that nothing is left to say.
#[track_caller]
fn review(w: &World) -> Ran {
    let applied = w.apply(&SAID).exits(0);
    w.plan(&LOOP).exits(0);
    applied
}

const DOCK: &str = "wiki/terms/dock-service.md";

fn dock(w: &World) -> String {
    file(w, "main", DOCK).expect("it is there")
}

#[test]
fn a_pull_request_that_changes_terms_says_what_it_means() {
    yard(|w| {
        push(w, "wiki/tides.md", "# Tides\n\nEvery berth is dry at noon.\n");
        let text = dock(w);
        let renamed = text.replace("name: \"DockService\"", "name: \"QuayService\"");
        on(w, "words", DOCK, &renamed.replace("aliases: []", "aliases: [\"berth\"]"));
        let number = opened(w, "words");
        let plan = w.plan(&LOOP).exits(2);
        assert!(
            plan.out.contains("+ comment") && plan.out.contains("nobody has said what it means"),
            "{}",
            plan.all()
        );
        review(w);
        let (id, body) = said(w, number);
        for says in [
            "<!-- factoryctl:language-review -->\n## What this pull request means for the language\n",
            "- `QuayService` was called `DockService`\n",
            "- `QuayService` has the new alias `berth`, which 1 page uses: `wiki/tides.md`\n",
        ] {
            assert!(body.contains(says), "{body}");
        }
        // Another push is told of in the same place.
        on(w, "words", DOCK, &renamed.replace("src/core/dock.rs:DockService", "src/core/dock.rs:Gone"));
        review(w);
        let (again, body) = said(w, number);
        assert_eq!(again, id);
        assert!(body.contains("`QuayService` has an anchor that breaks, `src/core/dock.rs:Gone`"), "{body}");
        assert!(!body.contains("berth"), "{body}");
        // What another term is called.
        on(w, "words", DOCK, &text.replace("aliases: []", "aliases: [\"craneservice\"]"));
        review(w);
        let body = said(w, number).1;
        let says =
            "- `DockService` has the new alias `craneservice`, **which is a name of `CraneService`**\n";
        assert!(body.contains(says), "{body}");
        // What people say stays theirs, and what they do to the factory's words is undone.
        w.github()
            .comment_issue("acme/anvil", number, "octocat", "<!-- factoryctl:language-review -->\nMine.")
            .expect("it is said");
        w.github().edit_comment("acme/anvil", id, "octocat", "Nothing to see.").expect("it is edited");
        w.apply(&SAID).exits(0);
        let mine = comments(w, number).into_iter().filter(|(_, author, _)| author == "octocat");
        assert_eq!(
            mine.map(|(.., body)| body).collect::<Vec<_>>(),
            ["<!-- factoryctl:language-review -->\nMine."]
        );
        // In the end it changes nothing.
        on(w, "words", DOCK, &text);
        review(w);
        let all = comments(w, number);
        assert!(
            all.iter().any(|(_, _, body)| body.contains("Nothing any more: it changes no term")),
            "{all:?}"
        );
        // A second file of a term.
        on(w, "words", "wiki/terms/dock-copy.md", &text);
        review(w);
        let says = "- `DockService`, `wiki/terms/dock-copy.md`, **has the id of `wiki/terms/dock-service.md`**, and doesn't count\n";
        assert!(
            comments(w, number).iter().any(|(_, _, body)| body.contains(says)),
            "{:?}",
            comments(w, number)
        );
    });
}

#[test]
fn a_pull_request_that_changes_code_names_its_terms_and_decisions() {
    yard(|w| {
        push(
            w,
            "adr/0001-light-the-dock.md",
            "# ADR-0001: Light the dock\n\n**Status:** Accepted\n**Enforcement:** decision-of-record\n\n## Context\n\nShips come at night.\n\n\
             ## Decision\n\n`src/core/dock.rs:DockService` is lit.\n\n## Consequences\n\nIt costs oil.\n",
        );
        on(w, "tidy", "src/core/dock.rs", &service("DockService", &["ships", "gates", "lamps"]));
        let tidy = opened(w, "tidy");
        on(w, "away", "src/core/dock.rs", "// Moved.\n");
        on(w, "away", "src/core/quay.rs", &service("DockService", &["ships", "gates"]));
        let away = opened(w, "away");
        on(w, "other", "src/core/tug.rs", &service("Tug", &["ropes"]));
        let other = opened(w, "other");
        let applied = review(w);
        let (_, body) = said(w, tidy);
        assert!(
            body.contains("**Code of terms**\n\n- `DockService`, `src/core/dock.rs:DockService`\n"),
            "{body}"
        );
        assert!(body.contains("- `adr/0001-light-the-dock.md`: `src/core/dock.rs:DockService`\n"), "{body}");
        let (_, body) = said(w, away);
        let says = "- `DockService`, `src/core/dock.rs:DockService`: **its anchor breaks**, and is `src/core/quay.rs:DockService` now\n";
        assert!(body.contains(says), "{body}");
        assert_eq!(comments(w, other), [], "{}", applied.all());
        // A push that means the same is no reason to write anything.
        on(w, "tidy", "README.md", "# Anvil\n");
        w.plan(&LOOP).exits(0);
        // The branch that they are for moves on.
        push(w, "NEWS.md", "# News\n");
        w.plan(&LOOP).exits(0);
    });
}

/// Two files of one number merge without a conflict.
#[test]
fn a_number_that_two_decisions_have_is_told_on_both_pull_requests() {
    yard(|w| {
        let decision =
            |number: u8, title: &str| format!("# ADR-000{number}: {title}\n\n**Status:** Proposed\n");
        on(w, "one", "adr/0001-light-the-dock.md", &decision(1, "Light the dock"));
        let one = opened(w, "one");
        w.plan(&LOOP).exits(0);
        on(w, "two", "adr/0001-dredge-it.md", &decision(1, "Dredge it"));
        on(w, "two", "adr/0002-paint-it.md", &decision(2, "Paint it"));
        let two = opened(w, "two");
        review(w);
        let (of_one, of_two) = (said(w, one), said(w, two));
        let says = |with: u64, added: &str, other: &str| {
            format!(
                "**Numbers of decisions**\n\n- ADR-0001, `{added}`: #{with} adds `{other}`; whichever is merged second needs \
                 another number\n"
            )
        };
        let (first, second) = ("adr/0001-light-the-dock.md", "adr/0001-dredge-it.md");
        assert!(of_one.1.contains(&says(two, first, second)), "{}", of_one.1);
        assert!(
            of_two.1.contains(&says(one, second, first)) && !of_two.1.contains("ADR-0002"),
            "{}",
            of_two.1
        );
        // One of them is merged: the other one has to do something.
        w.github().merge_pull("acme/anvil", one).expect("it is merged");
        review(w);
        let of_two = said(w, two).1;
        let taken = format!("- ADR-0001, `{second}`: **the number is taken** by `{first}` on the branch");
        assert!(of_two.contains(&taken) && !of_two.contains(&format!("#{one} adds")), "{of_two}");
        // Who had the number of its other one gives it up.
        on(w, "three", "adr/0002-sell-it.md", &decision(2, "Sell it"));
        let three = opened(w, "three");
        review(w);
        assert!(
            said(w, two).1.contains(&format!("#{three} adds `adr/0002-sell-it.md`")),
            "{}",
            said(w, two).1
        );
        w.github().close_pull("acme/anvil", three).expect("it is closed");
        review(w);
        let of_two = said(w, two).1;
        assert!(of_two.contains(&taken) && !of_two.contains("ADR-0002"), "{of_two}");
    });
}

/// Those that nobody is asked to read yet, and those of keepers, which say what they do themselves.
#[test]
fn drafts_and_what_keepers_propose_are_left_alone() {
    yard(|w| {
        on(w, "draft", "src/core/dock.rs", &service("DockService", &["lamps"]));
        let draft = opened(w, "draft");
        let is_draft = |is: bool| {
            w.github().mutate(|world| {
                let repo = world.repo_mut("acme/anvil").expect("there");
                let issue = repo.issues.get_mut(&draft).expect("there");
                issue.pull.as_mut().expect("it is one").draft = is;
            });
        };
        is_draft(true);
        push(w, "src/core/crane.rs", "// Gone.\n");
        let (kept, ..) = proposed(w, "term-pruner");
        w.plan(&LOOP).exits(0);
        assert_eq!((comments(w, draft), comments(w, kept)), (Vec::new(), Vec::new()));
        is_draft(false);
        review(w);
        said(w, draft);
    });
}

/// What a fork proposes is data: nobody is called, nothing is taken for gone that can't be read, and nothing ends the others' turn.
#[test]
fn a_hostile_fork_is_told_of_and_harms_nobody() {
    yard(|w| {
        w.github().mutate(|world| {
            world.add_user("mallory");
        });
        let fork = w.github().fork("acme/anvil", "mallory").expect("it is forked");
        let text = dock(w);
        let from = |branch: &str, files: &[(&str, String)]| {
            for (path, text) in files {
                w.github().push_file(&fork, branch, path, text).expect("it is pushed");
            }
            w.github().open_pull_from("acme/anvil", &fork, branch, "main", "A gift").expect("it is opened")
        };
        let name = "@octocat`` fixes #1 <img src=x> \\u202egnp";
        let names = from(
            "names",
            &[
                (DOCK, text.replace("name: \"DockService\"", &format!("name: \"{name}\""))),
                ("src/core/@octocat `x` #1.rs", "pub struct X;\n".to_owned()),
            ],
        );
        let huge = from("huge", &[(DOCK, format!("{text}{}", "long ".repeat(2_000_000)))]);
        let broken = from("broken", &[(DOCK, text.replace("id: ", "id "))]);
        review(w);
        let (_, body) = said(w, names);
        assert!(!body.contains('\u{202e}'), "{body}");
        // Whatever is theirs stands between backticks.
        for line in body.lines().filter(|line| line.contains("octocat")) {
            assert!(
                line.starts_with("- ``` @octocat`` fixes #1 <img src=x> gnp ``` was called `DockService`"),
                "{line}"
            );
        }
        for (number, why) in [(huge, "bytes"), (broken, "")] {
            let (_, body) = said(w, number);
            assert!(body.contains("**Files of terms that can't be read**") && body.contains(DOCK), "{body}");
            assert!(body.contains(why) && !body.contains("is removed"), "{body}");
        }
    });
}

/// One whose head can't be had waits, and the others don't wait for it.
#[test]
fn a_head_that_is_missing_keeps_no_other_waiting() {
    yard(|w| {
        on(w, "one", "src/core/dock.rs", &service("DockService", &["lamps"]));
        on(w, "two", "src/core/dock.rs", &service("DockService", &["ropes"]));
        let (one, two) = (opened(w, "one"), opened(w, "two"));
        let id = w.github().with(|world| world.repo("acme", "anvil").expect("there").id);
        let bare = w.path(&format!("github/{id}.git")).display().to_string();
        let tip = w.git(&["--git-dir", &bare, "rev-parse", &format!("refs/pull/{one}/head")]);
        for gone in [format!("refs/pull/{one}/head"), "refs/heads/one".to_owned()] {
            w.git(&["--git-dir", &bare, "update-ref", "-d", &gone]);
        }
        w.apply(&SAID).exits(0);
        said(w, two);
        assert_eq!(comments(w, one), []);
        let plan = w.plan(&LOOP).exits(0);
        assert!(plan.out.contains("its head to be fetched"), "{}", plan.all());
        w.git(&["--git-dir", &bare, "update-ref", &format!("refs/pull/{one}/head"), tip.trim()]);
        review(w);
        said(w, one);
    });
}

/// Between the plan and the write it is closed, or pushed to: nothing is said of what isn't asked any more.
#[test]
fn nothing_is_said_of_what_has_changed_since() {
    yard(|w| {
        let posts = |w: &World| {
            w.requests().iter().filter(|it| it.method != "GET" && it.path.contains("comments")).count()
        };
        let meanwhile = |act: &dyn Fn()| {
            w.faults(vec![FaultRule::every(FaultAction::Delay { ms: 600 }).operation("OwnComments")]);
            w.requests();
            let apply = w.start(&["apply", "--yes", SAID[0]]);
            let looks =
                || w.twin().log().iter().filter(|it| it.operation.as_deref() == Some("OwnComments")).count();
            w.until("it looks right before it writes", || looks() == 2);
            act();
            let ended = apply.finish(Duration::from_mins(1));
            w.faults(Vec::new());
            assert_ne!(ended.code, 0, "{}", ended.all());
            assert!(ended.err.contains("it has changed since the plan"), "{}", ended.all());
            assert_eq!(posts(w), 0, "{}", ended.all());
        };
        on(w, "one", "src/core/dock.rs", &service("DockService", &["lamps"]));
        let one = opened(w, "one");
        meanwhile(&|| on(w, "one", "src/core/dock.rs", &service("DockService", &["ropes"])));
        meanwhile(&|| w.github().close_pull("acme/anvil", one).expect("it is closed"));
        w.plan(&LOOP).exits(0);
        assert_eq!(comments(w, one), []);
    });
}

#[test]
fn whoever_is_killed_in_between_says_nothing_twice() {
    yard(|w| {
        on(w, "one", "src/core/dock.rs", &service("DockService", &["lamps"]));
        let one = opened(w, "one");
        let path = format!("/repos/acme/anvil/issues/{one}/comments");
        for action in [FaultAction::Delay { ms: 5_000 }, FaultAction::ResetAfter] {
            w.faults(vec![FaultRule::every(action).on("POST", &path)]);
            w.requests();
            let apply = w.start(&["apply", "--yes", SAID[0]]);
            w.until("it writes", || w.twin().log().iter().any(|it| it.method == "POST" && it.path == path));
            apply.kill_after(Duration::from_millis(100));
            w.faults(Vec::new());
            w.run(&["ledger", "verify"]).exits(0);
            review(w);
            said(w, one);
            w.github().mutate(|world| {
                world.repo_mut("acme/anvil").expect("there").comments.clear();
            });
        }
    });
}

/// What can't be read is not absent: neither is a second comment made, nor an old one taken for right.
#[test]
fn what_is_not_known_to_be_said_is_not_said_again() {
    yard(|w| {
        on(w, "one", "src/core/dock.rs", &service("DockService", &["lamps"]));
        let one = opened(w, "one");
        review(w);
        on(w, "one", "src/core/dock.rs", "// Gone.\n");
        let status =
            FaultAction::Status { status: 502, body: None, headers: std::collections::BTreeMap::new() };
        w.faults(vec![FaultRule::every(status).operation("OwnComments")]);
        let plan = w.plan(&LOOP);
        assert!(plan.code != 0 && plan.all().contains(&format!("what is said on #{one}")), "{}", plan.all());
        assert!(!plan.out.contains("comment repo"), "{}", plan.all());
        w.faults(Vec::new());
        review(w);
        assert!(said(w, one).1.contains("its anchor breaks"));
        // Without a language nothing is looked at.
        w.config("factory \"acme\"\nrepo \"acme/anvil\"\n");
        w.requests();
        w.plan(&LOOP).exits(0);
        assert_eq!(w.requests().len(), 0);
        w.config(CONFIG);
    });
}

/// Of what was looked at once, a process that goes on asks only where everything stands.
#[test]
fn a_daemon_reads_nothing_twice() {
    yard(|w| {
        on(w, "one", "src/core/dock.rs", &service("DockService", &["lamps"]));
        let one = opened(w, "one");
        let daemon = Daemon::start(w, &[]);
        wait("it says what it means", || Some(comments(w, one)).filter(|all| !all.is_empty()));
        let ticked = || {
            let number = |s: &Value| s["last"]["number"].as_u64();
            let before = number(&daemon.status().expect("it answers"));
            w.requests();
            daemon.ask(&["loop", "tick", "language-review"]).exits(0);
            daemon.wait("the next tick", |s| {
                number(s) > before
                    && s["loops"].as_array().is_some_and(|all| {
                        all.iter().all(|it| it["state"] == "idle" || it["state"] == "disabled")
                    })
            });
            w.requests().into_iter().map(|it| it.operation.unwrap_or(it.path)).collect::<Vec<String>>()
        };
        ticked();
        assert_eq!(ticked(), ["Heads"]);
        // A comment of people is a reason to look at what is said. GitHub tells the moment of a change in whole seconds.
        let before = jiff::Timestamp::now().as_second();
        wait("another second", || (jiff::Timestamp::now().as_second() > before).then_some(()));
        w.github().comment_issue("acme/anvil", one, "octocat", "Fine.").expect("it is said");
        assert_eq!(ticked(), ["Heads", "OwnComments"]);
        assert_eq!(ticked(), ["Heads"]);
        assert_eq!(comments(w, one).len(), 2);
        daemon.stop().exits(0);
    });
}

#[test]
fn of_more_than_a_page_of_pull_requests_none_is_missed() {
    yard(|w| {
        for n in 0..101 {
            let branch = format!("other-{n}");
            on(w, &branch, &format!("docs/{n}.md"), "A page of its own.\n");
            opened(w, &branch);
        }
        on(w, "words", DOCK, &dock(w).replace("name: \"DockService\"", "name: \"QuayService\""));
        let number = opened(w, "words");
        review(w);
        assert!(said(w, number).1.contains("was called `DockService`"));
        // One of a keeper that lies on the second page is known again.
        push(w, "src/core/crane.rs", "// Moved.\n");
        push(w, "src/core/hoist.rs", &service("CraneService", &["lifts", "loads", "chains"]));
        let (keeper, ..) = proposed(w, "term-pruner");
        let plan = w.plan(&["--loop", "term-pruner"]).exits(0);
        assert!(plan.out.contains(&format!("a person to merge or close #{keeper}")), "{}", plan.all());
    });
}
