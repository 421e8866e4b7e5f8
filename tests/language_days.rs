//! Bad days of the loops that keep a language: people who are at the same, models that answer nothing, and much that breaks at once.

use serde_json::json;

use crate::language_loops::{CONFIG, changed, merged, open, proposed, push, service, settle, yard};
use crate::tasks::{ended, file, runs, url};
use crate::world::World;

/// An agent that is this shell script, which judges for a loop.
fn judge(name: &str, script: &str) -> String {
    format!(
        "{CONFIG}agent \"judge\" kind=\"command\" sandbox=#false {{ program \"/bin/sh\" \"-c\" {script:?}; }}\n\
         loop {name:?} {{ agents \"judge\"; }}\n"
    )
}

/// The same without pages that are rendered: who edits a term by hand has nothing to render.
fn plain() -> String {
    CONFIG.replace("        glossary \"wiki/glossary.md\"\n        map \"wiki/map.md\"\n", "")
}

/// A term whose code is gone.
fn gone(w: &World) -> (u64, String) {
    push(w, "src/core/dock.rs", "// Gone.\n");
    let (number, _, branch) = proposed(w, "term-pruner");
    (number, branch)
}

const DOCK: &str = "wiki/terms/dock-service.md";

#[test]
fn who_edits_the_same_term_meanwhile_keeps_what_they_wrote() {
    yard(|w| {
        w.config(&plain());
        let (first, _) = gone(w);
        let text = file(w, "main", DOCK).expect("it is there");
        push(w, DOCK, &text.replace("in the trade", "in the harbour"));
        w.apply(&[]).exits(0);
        assert!(
            !open(w).iter().any(|(number, ..)| *number == first),
            "it is another change by now: {:?}",
            open(w)
        );
        let (second, _, branch) = proposed(w, "term-pruner");
        assert!(second > first && changed(w, &branch).contains(&DOCK.to_owned()));
        merged(w);
        settle(w);
        let text = file(w, "main", DOCK).expect("it is there");
        assert!(text.contains("in the harbour") && text.contains("deprecated"), "{text}");
    });
}

#[test]
fn a_pull_request_to_which_somebody_added_is_theirs() {
    yard(|w| {
        w.config(&plain());
        let (number, branch) = gone(w);
        w.github().push_file("acme/anvil", &branch, "notes.md", "Wait.\n").expect("it is pushed");
        let text = file(w, "main", DOCK).expect("it is there");
        push(w, DOCK, &text.replace("in the trade", "in the harbour"));
        for _ in 0..2 {
            w.apply(&[]).exits(0);
            assert!(open(w).iter().any(|(there, ..)| *there == number), "it is left: {:?}", open(w));
        }
        let plan = w.plan(&["--loop", "term-pruner"]).exits(0);
        assert!(plan.out.contains(&format!("#{number}: somebody has added to it")), "{}", plan.all());
        assert!(file(w, &branch, "notes.md").is_some());
    });
}

/// Prose is no answer, and silence none; after two runs nobody is asked again, and nothing is proposed.
#[test]
fn a_model_that_answers_nothing_that_fits_is_asked_twice() {
    for script in ["cat > /dev/null; echo 'I think that it is a fine word.'", "cat > /dev/null"] {
        yard(|w| {
            w.config(&judge("term-proposer", script));
            push(w, "src/core/tug.rs", &service("TugRunner", &["ropes", "bollards", "horns"]));
            for _ in 0..4 {
                w.apply(&[]).exits(0);
                ended(w);
            }
            merged(w);
            assert_eq!(runs(w).len(), 2, "{}", w.run(&["runs", "list"]).all());
            settle(w);
            let outcomes: Vec<_> = runs(w).iter().map(|run| run["outcome"].clone()).collect();
            assert_eq!(outcomes, [json!("no verdict"), json!("no verdict")], "{}", w.plan(&[]).all());
            assert_eq!(open(w), []);
        });
    }
}

/// Nothing of an answer names a file, an anchor or another term than there is.
#[test]
fn what_a_model_invents_becomes_nothing() {
    let answer = json!({
        "include": true, "skip_reason": null, "kind": "service", "bounded_context": "core",
        "definition": "What tows ships <img src=x> to the @dock, see #1 and src/core/none.rs:None.",
        "aliases": ["CraneService"], "invariants": [], "depends_on": ["Nothing", "../../etc/passwd"],
    });
    let script = format!("cat > /dev/null; printf '%s' '{answer}' > $FACTORY_OUTBOX/answer.json");
    yard(|w| {
        w.config(&judge("term-proposer", &script));
        push(w, "src/core/tug.rs", &service("TugRunner", &["ropes", "bollards", "horns"]));
        for _ in 0..3 {
            w.apply(&[]).exits(0);
            ended(w);
        }
        merged(w);
        settle(w);
        assert_eq!(runs(w).len(), 1, "what was answered is not asked again");
        assert_eq!(file(w, "main", "wiki/terms/tug-runner.md"), None, "a definition with tags is none");
    });
}

/// Where the sources have moved away as a whole, words are not taken for dead.
#[test]
fn much_that_breaks_at_once_is_told_and_left() {
    yard(|w| {
        w.config(&plain());
        for n in 0..6 {
            let name = format!("Ship{n}Service");
            push(w, &format!("src/core/ship{n}.rs"), &service(&name, &["sails", "masts"]));
            let id = format!("01HZY3N4Q5R6S7T8V9W0X1Y2B{n}");
            let text = file(w, "main", DOCK).expect("it is there").replace("DockService", &name);
            let text =
                text.replace("01HZY3N4Q5R6S7T8V9W0X1Y2Z4", &id).replace("dock.rs", &format!("ship{n}.rs"));
            push(w, &format!("wiki/terms/ship{n}-service.md"), &text);
        }
        settle(w);
        for n in 0..6 {
            push(w, &format!("src/core/ship{n}.rs"), "// Gone.\n");
        }
        let plan = w.plan(&["--loop", "term-pruner"]);
        assert!(plan.out.contains("at once") && !plan.out.contains("wiki/terms/"), "{}", plan.all());
    });
}

/// Where code is declared to be in folders that aren't there any more, none of it is gone; declared anew, all of it has moved.
#[test]
fn a_source_root_that_was_renamed_takes_no_word_along() {
    yard(|w| {
        w.config(&plain());
        let dir = w.path("home/move");
        let dir = dir.to_str().expect("it is UTF-8");
        let git = |args: &[&str]| {
            let out = w.plain("git", args);
            assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        };
        git(&["clone", "-q", &url(w), dir]);
        git(&["-C", dir, "mv", "src", "lib"]);
        git(&[
            "-C",
            dir,
            "-c",
            "user.name=ann",
            "-c",
            "user.email=ann@a.example",
            "commit",
            "-q",
            "-m",
            "Move it",
        ]);
        git(&["-C", dir, "push", "-q", "origin", "HEAD:main"]);
        let plan = w.plan(&["--loop", "term-pruner"]);
        assert!(!plan.out.contains("propose"), "{}", plan.all());
        w.config(&plain().replace("roots \"src\"", "roots \"lib\"").replace("\"src/", "\"lib/"));
        let (_, title, _) = proposed(w, "term-pruner");
        assert_eq!(title, "Re-anchor 2 terms");
        merged(w);
        settle(w);
        let text = file(w, "main", DOCK).expect("it is there");
        assert!(text.contains("code_anchor: \"lib/core/dock.rs:DockService\""), "{text}");
    });
}
