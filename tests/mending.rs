//! A ledger that is damaged: here, on its branch, or in the note of what was published. What is said fits which of them
//! it is, `doctor` sees what would keep the next `apply` from its work, and following the advice mends it.

use std::path::PathBuf;

use factoryctl::twin::{FaultAction, FaultRule};

use crate::daemon::{Daemon, HOME, github_with_factory};
use crate::world::{World, sample, world_of};

const REPO: &str = "repo \"acme/anvil\" { has-wiki #false; }\n";

/// A factory on this machine alone, which has applied its config.
fn applied<T>(test: impl FnOnce(&World) -> T) -> T {
    world_of(sample::github(), |w| {
        w.config(&format!("factory \"acme\"\n{REPO}"));
        w.apply(&[]).exits(0);
        test(w)
    })
}

/// The state directory that is in use.
fn state(w: &World) -> PathBuf {
    let all = w.path("home/state/factoryctl").read_dir().expect("it is there").flatten();
    let mut used = all.map(|entry| entry.path()).filter(|dir| dir.join("published.json").exists());
    used.next().expect("something was published")
}

fn day(w: &World) -> PathBuf {
    let days = state(w).join("ledger").read_dir().expect("it is there").flatten();
    days.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|e| e == "jsonl")).expect("one")
}

/// The head of the ledger's branch.
fn head(w: &World) -> String {
    w.git(&["rev-parse", "factory/ledger"]).trim().to_owned()
}

/// A damage by its name.
type Damage = (&'static str, fn(&World));

#[test]
fn a_branch_that_was_changed_is_put_back_and_the_ledger_here_stays() {
    let damages: [Damage; 3] = [
        ("edited", |w| {
            let copy = w.path("copy").display().to_string();
            w.git(&["worktree", "add", "-q", &copy, "factory/ledger"]);
            let below = w.path("copy/ledger").read_dir().expect("it is there").flatten().next();
            let file = below.expect("a day").path();
            let text = std::fs::read_to_string(&file).expect("text");
            std::fs::write(&file, text.replacen("tester@", "nobody@", 1)).expect("it can be written");
            w.git(&["-C", &copy, "commit", "-q", "-a", "-m", "Edit"]);
            w.git(&["worktree", "remove", "--force", &copy]);
        }),
        ("shortened", |w| drop(w.git(&["update-ref", "refs/heads/factory/ledger", "factory/ledger~1"]))),
        ("gone", |w| drop(w.git(&["branch", "-q", "-D", "factory/ledger"]))),
    ];
    for (name, damage) in damages {
        applied(|w| {
            let published = head(w);
            damage(w);
            let put_back = format!("git update-ref refs/heads/factory/ledger {published}");
            let ran = w.apply(&[]).exits(1);
            for says in ["push the earlier head of `factory/ledger` again", &put_back, "so nothing was done"]
            {
                assert!(ran.err.contains(says), "{name}: {says}: {}", ran.all());
            }
            assert!(!ran.err.contains("published.json"), "{name}: {}", ran.all());
            let doctor = w.run(&["doctor"]).exits(1);
            assert!(
                doctor.out.contains("BAD ledger: ") && doctor.out.contains(&put_back),
                "{}",
                doctor.all()
            );
            w.git(&put_back.split(' ').skip(1).collect::<Vec<_>>());
            w.apply(&[]).exits(0);
            w.run(&["ledger", "verify"]).exits(0);
            let doctor = w.run(&["doctor"]).exits(0);
            let says = "in agreement with the branch `factory/ledger`";
            assert!(doctor.out.contains(says), "{}", doctor.all());
        });
    }
}

#[test]
fn what_was_lost_here_is_seen_by_doctor_and_taken_over_again() {
    let damages: [Damage; 3] = [
        ("the folder is gone", |w| std::fs::remove_dir_all(state(w).join("ledger")).expect("it is there")),
        ("the last line is cut", |w| {
            let text = std::fs::read_to_string(day(w)).expect("text");
            std::fs::write(day(w), &text[..text.len() - 20]).expect("it can be written");
        }),
        ("a line is edited", |w| {
            let text = std::fs::read_to_string(day(w)).expect("text");
            std::fs::write(day(w), text.replacen("tester@", "nobody@", 1)).expect("it can be written");
        }),
    ];
    for (name, damage) in damages {
        applied(|w| {
            damage(w);
            let doctor = w.run(&["doctor"]).exits(1);
            assert!(doctor.out.contains("BAD ledger: "), "{name}: {}", doctor.all());
            let advice = "with no daemon running, move `ledger` and `published.json` out of the state directory: the next apply takes";
            assert!(doctor.out.contains(advice), "{name}: {}", doctor.all());
            let ran = w.apply(&[]).exits(1);
            assert!(ran.err.contains(advice), "{name}: {}", ran.all());
            for part in ["ledger", "published.json"] {
                let (from, to) = (state_of(w).join(part), w.path(part));
                if from.exists() {
                    std::fs::rename(from, to).expect("it can be moved");
                }
            }
            w.apply(&[]).exits(0);
            w.run(&["ledger", "verify"]).exits(0);
            w.run(&["doctor"]).exits(0);
        });
    }
}

/// The state directory, whatever is left in it.
fn state_of(w: &World) -> PathBuf {
    let all = w.path("home/state/factoryctl").read_dir().expect("it is there").flatten();
    all.map(|entry| entry.path()).find(|dir| dir.join("machine").exists()).expect("one is in use")
}

#[test]
fn a_damaged_note_is_named_with_what_to_do_and_hides_nothing() {
    applied(|w| {
        let note = state(w).join("published.json");
        std::fs::write(&note, "{").expect("it can be written");
        let remove = format!("remove `{}`", note.display());
        let ran = w.apply(&[]).exits(1);
        assert!(ran.err.contains(&remove), "{}", ran.all());
        let verify = w.run(&["ledger", "verify"]).exits(1);
        for says in
            ["wrong: ", "the note of what was published last, is damaged", &remove, "NOT what was written: "]
        {
            assert!(verify.out.contains(says), "{says}: {}", verify.all());
        }
        let doctor = w.run(&["doctor"]).exits(1);
        assert!(doctor.out.contains("BAD ledger: ") && doctor.out.contains(&remove), "{}", doctor.all());
        std::fs::remove_file(&note).expect("it is there");
        w.apply(&[]).exits(0);
        w.run(&["ledger", "verify"]).exits(0);
    });
}

fn failing() -> FaultAction {
    FaultAction::Status { status: 500, body: None, headers: [].into() }
}

/// A factory whose config repository is on GitHub, in a clone.
fn on_github<T>(test: impl FnOnce(&World) -> T) -> T {
    world_of(github_with_factory(), |w| {
        w.config(&format!("{HOME}{REPO}"));
        let with_token = format!("http://x-access-token:{}@", w.twin().token());
        let address = w.twin().git_url().replace("http://", &with_token);
        w.git(&["push", "-q", "--force", &format!("{address}/acme/factory.git"), "main"]);
        test(w)
    })
}

#[test]
fn who_only_reads_does_not_speak_of_what_was_not_done() {
    on_github(|w| {
        w.faults(["GET", "POST"].map(|m| FaultRule::every(failing()).on(m, "/acme/factory.git/**")).into());
        for command in [&["history"][..], &["drift"], &["ledger", "show"], &["ledger", "verify"]] {
            let ran = w.run(command).exits(1);
            assert!(ran.err.contains("the ledger can't be taken over from its branch"), "{}", ran.all());
            for wrong in ["nothing was done", "verified: "] {
                assert!(!ran.all().contains(wrong), "{wrong}: {}", ran.all());
            }
        }
        let ran = w.apply(&[]).exits(1);
        assert!(ran.err.contains("nothing was done") || ran.err.contains("could not fetch"), "{}", ran.all());
    });
}

#[test]
fn outcomes_that_can_not_be_published_are_done_all_the_same() {
    on_github(|w| {
        let push = "/acme/factory.git/git-receive-pack";
        w.faults(vec![FaultRule::every(failing()).on("POST", push).nth(2).times(9)]);
        let ran = w.apply(&[]).exits(0);
        for says in ["the changes are done", "published with the next batch", "500"] {
            assert!(ran.err.contains(says), "{says}: {}", ran.all());
        }
        assert!(!ran.err.contains("nothing was done"), "{}", ran.all());
        w.faults(Vec::new());
        w.apply(&[]).exits(0);
        w.run(&["ledger", "verify"]).exits(0);
    });
}

/// What somebody does to the files of a ledger under a running daemon stops it before it writes anything, and the good
/// copy on the branch stays.
#[test]
fn a_ledger_that_is_changed_under_the_daemon_stops_it() {
    let damages: [(Damage, bool); 3] = [
        (
            ("edited", |w| {
                let text = std::fs::read_to_string(day(w)).expect("text").replacen("tester@", "nobody@", 1);
                let copy = w.path("copy");
                std::fs::write(&copy, text).expect("it can be written");
                std::fs::rename(&copy, day(w)).expect("it can be moved");
            }),
            true,
        ),
        (
            ("moved away", |w| {
                std::fs::rename(state(w).join("ledger"), w.path("evidence")).expect("it can be moved");
            }),
            true,
        ),
        (
            ("edited in its place", |w| {
                let text = std::fs::read_to_string(day(w)).expect("text").replacen("tester@", "nobody@", 1);
                std::fs::write(day(w), text).expect("it can be written");
            }),
            false,
        ),
    ];
    for ((name, damage), ends) in damages {
        applied(|w| {
            let daemon = Daemon::start(w, &[]);
            let published = head(w);
            damage(w);
            w.config("factory \"acme\"\nrepo \"acme/anvil\" { has-wiki #true; }\n");
            if ends {
                let ended = daemon.ends().exits(1);
                assert!(
                    ended.err.contains("was changed or replaced by somebody else"),
                    "{name}: {}",
                    ended.all()
                );
            } else {
                let says = |s: &serde_json::Value| {
                    s["trouble"]
                        .as_str()
                        .is_some_and(|t| t.contains("was changed or replaced by somebody else"))
                };
                daemon.wait("it says so", says);
                daemon.stop();
            }
            let wiki = w.github().with(|g| g.repo("acme", "anvil").expect("there").settings.has_wiki);
            assert_eq!((wiki, head(w)), (false, published), "{name}");
        });
    }
}
