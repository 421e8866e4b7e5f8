//! What it makes of prompts, in a folder of its own.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::prompt::Prompt;
use super::{Failed, Script, Slip, at};

const ISSUE: &str = "Do it.\n\nIssue #7 of acme/anvil, as data:\n\n    Hone the anvil\n    \n    This is attempt 9, it says.\n";
const AMISS: &str = "\nThe check `ci` failed at 0123; it says, as data:\n    no test\n";

/// A prompt that asks for an answer with these fields.
fn asks(before: &str, fields: &[&str]) -> String {
    let form = json!({ "type": "object", "required": fields });
    format!("{before}{ISSUE}What is asked for is an answer: as below.\n```json\n{form}\n```\n")
}

/// Plays in a repository with one commit; what it left is looked at before it goes.
fn in_repo<T>(test: impl FnOnce(&std::path::Path) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| {
        let run = Command::new("git").args(args).current_dir(folder.path()).output().unwrap();
        assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    };
    git(&["init", "-q"]);
    git(&["config", "user.name", "Smith"]);
    git(&["config", "user.email", "smith@example.com"]);
    git(&["commit", "-q", "--allow-empty", "-m", "Begin"]);
    test(folder.path())
}

fn answers(folder: &std::path::Path, script: &Script, text: &str) -> Value {
    let outbox = tempfile::tempdir().unwrap();
    at(folder, Some(outbox.path()), script, text).unwrap();
    serde_json::from_slice(&fs::read(outbox.path().join("answer.json")).unwrap()).unwrap()
}

#[test]
fn what_others_say_is_data() {
    let prompt = Prompt::of(ISSUE);
    assert_eq!((prompt.issue(), prompt.title(), prompt.told()), (7, "Hone the anvil", false));
    assert!(Prompt::of(&format!("{ISSUE}{AMISS}")).told());
    assert!(Prompt::of("This is attempt 2, run 2; the run before it ended in `crashed`: x").told());
    assert!(Prompt::of("ann says on src/a.rs, as data:\n    No.\n").told());
}

#[test]
fn what_it_forgets_it_adds_when_it_is_told() {
    in_repo(|folder| {
        let script = Script {
            forgets: vec![("test-{issue}.sh".into(), "test -f it\n".into())],
            asks_for: vec!["test-{issue}.sh".into()],
            insists_on: vec!["test-{issue}.sh".into()],
            ..Script::default()
        };
        let there = |path: &str| folder.join(path).exists();
        let spec = |folder| answers(folder, &script, &asks("Compare.\n", &["compliant", "gaps"]));
        assert_eq!(spec(folder)["gaps"].as_array().unwrap().len(), 2);
        assert_eq!(at(folder, None, &script, ISSUE).unwrap(), "committed: Hone the anvil");
        assert!(there("work/issue-7.md") && !there("test-7.sh"));
        assert_eq!(spec(folder), json!({ "compliant": false, "gaps": ["there is no file test-7.sh"] }));
        let review = asks("Review these changes.\n", &["findings"]);
        assert_eq!(answers(folder, &script, &review)["findings"][0]["severity"], "high");
        let of_plan = asks("Try to break this plan.\n", &["findings"]);
        assert_eq!(answers(folder, &script, &of_plan), json!({ "findings": [] }));
        assert_eq!(at(folder, None, &script, ISSUE).unwrap(), "it is there already");
        let told = format!("{ISSUE}{AMISS}");
        assert_eq!(at(folder, None, &script, &told).unwrap(), "committed: Mend what was amiss");
        assert!(there("test-7.sh") && spec(folder)["compliant"] == true);
        // Told once more, it changes something all the same.
        assert_eq!(at(folder, None, &script, &told).unwrap(), "committed: Mend what was amiss");
    });
}

#[test]
fn what_it_gets_wrong_it_gets_wrong_once() {
    let forms: [(Slip, &[&str], &str, &str); 6] = [
        (
            Slip::Unready,
            &["ready", "clarity", "missing"],
            "ready",
            "It was parked before, since this was missing:\n",
        ),
        (Slip::Brief, &["problem", "criteria"], "confidence", "Brief 1 was not whole:\n"),
        (Slip::Plan, &["approach", "files"], "files", "Plan 1 lacked something:\n"),
        (Slip::Blocked, &["findings"], "findings", "Before you plan again, look these up.\n"),
        (Slip::Split, &["direction", "reasoning"], "direction", "Round 1 was split:\n"),
        (
            Slip::Nonsense,
            &["ready"],
            "ready",
            "This is attempt 2, run 2; the run before it ended in `no verdict`: x\n",
        ),
    ];
    for (slip, fields, field, told) in forms {
        let script = Script { slips: vec![slip], ..Script::default() };
        let begin = "Judge this plan.\nYou vote as the technical lead: judge by cost.\n";
        let folder = tempfile::tempdir().unwrap();
        let good = answers(folder.path(), &Script::default(), &asks(begin, fields));
        let first = answers(folder.path(), &script, &asks(begin, fields));
        let second = answers(folder.path(), &script, &asks(&format!("{begin}{told}"), fields));
        assert_ne!(first[field], good[field], "{slip:?}");
        assert_eq!(second[field], good[field], "{slip:?}");
    }
    in_repo(|folder| {
        let of = |slip| Script { slips: vec![slip], ..Script::default() };
        assert!(matches!(at(folder, None, &of(Slip::Crash), ISSUE), Err(Failed::Told)));
        assert_eq!(at(folder, None, &of(Slip::Nothing), ISSUE).unwrap(), "there is nothing to do");
        let outside = Script { writes: vec![("../x".into(), String::new())], ..Script::default() };
        assert!(matches!(at(folder, None, &outside, ISSUE), Err(Failed::Outside(_))));
        let unknown = at(folder, None, &Script::default(), &asks("", &["colour"]));
        assert!(matches!(unknown, Err(Failed::Form(_))));
    });
}

#[test]
fn it_takes_in_what_conflicts() {
    in_repo(|folder| {
        let git = |args: &[&str]| super::git(folder, args).unwrap().trim().to_owned();
        let commit = |text: &str| {
            fs::write(folder.join("a"), text).unwrap();
            git(&["add", "a"]);
            git(&["commit", "-q", "-m", text]);
        };
        let base = git(&["rev-parse", "HEAD"]);
        commit("theirs");
        let theirs = git(&["rev-parse", "HEAD"]);
        git(&["checkout", "-q", "-b", "own", &base]);
        commit("ours");
        let text = format!("{ISSUE}It conflicts with `main`, which is at {theirs}. Merge that commit.\n");
        at(folder, None, &Script::default(), &text).unwrap();
        assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "ours");
        assert_eq!(git(&["rev-list", "--count", "--merges", "HEAD"]), "1");
    });
}
