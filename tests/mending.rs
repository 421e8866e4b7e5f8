//! A ledger that is damaged: here, on its branch, or in the note of what was published. What is said fits which of them
//! it is, `doctor` sees what would keep the next `apply` from its work, and following the advice mends it.

use factoryctl::twin::{FaultAction, FaultRule};

use crate::daemon::{HOME, github_with_factory};
use crate::world::{World, world_of};

const REPO: &str = "repo \"acme/anvil\" { has-wiki #false; }\n";

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
