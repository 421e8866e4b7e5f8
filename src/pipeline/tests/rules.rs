//! Every rule that keeps a pull request from landing, by its name.

use super::story::{Story, check, commit, file, load, pull, push};
use crate::model::{
    CheckIs, CheckSeen, FileChange, Mergeable, PullCase, ReviewIs, ReviewSeen, Seen, ThreadSeen,
};
use crate::pipeline::{station, unmet, waits_in_line};

const GREEN: &str = "mode \"on-green\"; require-checks \"ci\"";
const REVIEWED: &str = "mode \"on-green-with-review\"; require-checks \"ci\"";

/// The rules that keep this pull request from landing under this policy.
fn rules(policy: &str, change: impl Fn(&mut PullCase)) -> String {
    let text = format!(
        r#"factory "acme"
agent "smith" kind="codex"
pipeline "p" {{ intake "factory"; agents "smith"; merge-policy "m"; phases; judges "ci/**"; }}
merge-policy "m" {{ {policy}; }}
repo "acme/anvil" {{ pipeline "p"; }}
"#
    );
    let mut it = Story::of(load(&text));
    let mut pull = pull(20, commit(200));
    change(&mut pull);
    it.case.pulls.push(pull);
    let left = it.view(|view| unmet(view, &view.case.pulls[0]));
    assert!(left.iter().all(|it| !it.says.is_empty() && !it.needs.is_empty()), "{left:?}");
    let names: Vec<&str> = left.iter().map(|it| it.rule).collect();
    let says = if names.is_empty() { "lands".to_owned() } else { names.join(", ") };
    let in_line = it.view(|view| waits_in_line(view, &view.case.pulls[0], &station(view)));
    if in_line { format!("{says} (in line)") } else { says }
}

fn checks(all: Vec<CheckSeen>) -> impl Fn(&mut PullCase) {
    move |pull| pull.checks = Seen::Known(all.clone())
}

fn reviewed(all: &'static [(&'static str, ReviewIs, bool)]) -> impl Fn(&mut PullCase) {
    move |pull| {
        let of = |(id, (author, verdict, is_of_head)): (u64, &(&str, ReviewIs, bool))| ReviewSeen {
            id,
            author: (*author).to_owned(),
            own: *author == "bot",
            verdict: *verdict,
            commit: Some(if *is_of_head { pull.head.clone() } else { commit(1) }),
            body: String::new(),
            at: pull.opened,
        };
        pull.reviews = Seen::Known((1..).zip(all).map(of).collect());
    }
}

fn row(name: &str, policy: &str, change: impl Fn(&mut PullCase)) -> String {
    format!("{name}: {}\n", rules(policy, change))
}

/// A table of pull requests and policies.
macro_rules! rows {
    ($($name:literal, $policy:expr, $change:expr;)*) => { [$(row($name, $policy, $change)),*].concat() };
}

#[test]
fn a_pull_request_lands_when_no_rule_is_left() {
    let rows = rows![
        "all is well", GREEN, |_| ();
        "nothing is merged", "mode \"never\"", |_| ();
        "of tests", GREEN, |pull| pull.title = "[factory-e2e] x".to_owned();
        "closed", GREEN, |pull| pull.open = false;
        "of somebody else", GREEN, |pull| pull.own = false;
        "draft", GREEN, |pull| pull.draft = true;
        "held", GREEN, |pull| { pull.labels.insert("factory:hold".to_owned()); };
        "conflicts", GREEN, |pull| pull.mergeable = Mergeable::Conflicts;
        "may conflict", GREEN, |pull| pull.mergeable = Mergeable::Unknown;
        "behind", GREEN, |pull| pull.behind = Some(1);
        "may be behind", GREEN, |pull| pull.behind = None;
        "of what was taken out", GREEN, |pull| pull.carries = Seen::Known(commit(9));
        "may be of what was taken out", GREEN, |pull| pull.carries = Seen::Unknown;
        "a conversation", GREEN, |pull| {
            let thread = ThreadSeen { id: "T".to_owned(), resolved: false, path: "a".to_owned(), comments: Vec::new() };
            pull.threads = Seen::Known(vec![ThreadSeen { resolved: true, ..thread.clone() }, thread]);
        };
        "conversations that were not read", GREEN, |pull| pull.threads = Seen::Unknown;
        "reviews that were not read", GREEN, |pull| pull.reviews = Seen::Unknown;
        "frozen", "mode \"on-green\"; require-checks \"ci\"; freeze \"Mon 00:00..Tue 00:00\"", |_| ();
        "frozen on another day", "mode \"on-green\"; require-checks \"ci\"; freeze \"Tue 00:00..Wed 00:00\"", |_| ();
        "not graduated", "mode \"on-green\"; require-checks \"ci\"; graduation clean-prs=1", |_| ();
    ];
    insta::assert_snapshot!(rows, @r"
    all is well: lands (in line)
    nothing is merged: mode
    of tests: synthetic
    closed: open
    of somebody else: own
    draft: draft
    held: hold
    conflicts: mergeable
    may conflict: mergeable
    behind: behind (in line)
    may be behind: behind (in line)
    of what was taken out: taken-out
    may be of what was taken out: taken-out
    a conversation: conversations
    conversations that were not read: conversations
    reviews that were not read: review
    frozen: freeze
    frozen on another day: lands (in line)
    not graduated: graduation
    ");
}

#[test]
fn what_a_check_must_have_said() {
    let of_app = "mode \"on-green\"; check \"ci\" app=7";
    let rows = rows![
        "none", GREEN, checks(Vec::new());
        "passed", GREEN, checks(vec![check("ci", CheckIs::Passed)]);
        "another one passed", GREEN, checks(vec![check("lint", CheckIs::Passed)]);
        "queued", GREEN, checks(vec![check("ci", CheckIs::Queued)]);
        "running", GREEN, checks(vec![check("ci", CheckIs::Running)]);
        "skipped", GREEN, checks(vec![check("ci", CheckIs::Neutral)]);
        "failed", GREEN, checks(vec![check("ci", CheckIs::Failed)]);
        "passed and failed", GREEN, checks(vec![check("ci", CheckIs::Passed), check("ci", CheckIs::Failed)]);
        "passed, and another one failed", GREEN,
            checks(vec![check("ci", CheckIs::Passed), check("lint", CheckIs::Failed)]);
        "not read", GREEN, |pull| pull.checks = Seen::Unknown;
        "from the App", of_app, checks(vec![check("ci", CheckIs::Passed)]);
        "from another App", of_app, checks(vec![CheckSeen { app: Some(8), ..check("ci", CheckIs::Passed) }]);
        "a status", of_app, checks(vec![CheckSeen { app: None, ..check("ci", CheckIs::Passed) }]);
    ];
    insta::assert_snapshot!(rows, @r"
    none: checks (in line)
    passed: lands (in line)
    another one passed: checks (in line)
    queued: checks (in line)
    running: checks (in line)
    skipped: checks (in line)
    failed: checks (in line)
    passed and failed: checks (in line)
    passed, and another one failed: lands (in line)
    not read: checks (in line)
    from the App: lands (in line)
    from another App: checks (in line)
    a status: checks (in line)
    ");
}

#[test]
fn who_may_approve() {
    use ReviewIs::{Approved, ChangesRequested, Commented, Dismissed};
    let rows = rows![
        "nobody", REVIEWED, |_| ();
        "ann", REVIEWED, reviewed(&[("ann", Approved, true)]);
        "ann, of another head", REVIEWED, reviewed(&[("ann", Approved, false)]);
        "who may not", REVIEWED, reviewed(&[("bob", Approved, true)]);
        "somebody unknown", REVIEWED, reviewed(&[("zoe", Approved, true)]);
        "who opened it", REVIEWED, reviewed(&[("bot", Approved, true)]);
        "who pushed last", REVIEWED, |pull| {
            reviewed(&[("ann", Approved, true)])(pull);
            pull.pushes = Seen::Known(vec![push(None, &pull.head, "Ann")]);
        };
        "who pushed before the factory brought it up to its base", REVIEWED, |pull| {
            reviewed(&[("ann", Approved, true)])(pull);
            pull.pushes = Seen::Known(vec![push(Some(&commit(8)), &pull.head, "bot"), push(None, &commit(8), "ann")]);
        };
        "ann, and another one pushed", REVIEWED, |pull| {
            reviewed(&[("ann", Approved, true)])(pull);
            pull.pushes = Seen::Known(vec![push(Some(&commit(8)), &pull.head, "eve"), push(None, &commit(8), "bot")]);
        };
        "ann, whose push came after", REVIEWED, |pull| {
            reviewed(&[("ann", Approved, true)])(pull);
            pull.pushes = Seen::Known(vec![push(Some(&pull.head), &commit(9), "ann"), push(None, &pull.head, "bot")]);
        };
        "ann, and not all pushes are on record", REVIEWED, |pull| {
            reviewed(&[("ann", Approved, true)])(pull);
            pull.pushes = Seen::Known(vec![push(Some(&commit(8)), &pull.head, "bot")]);
        };
        "ann, and one push is missing between", REVIEWED, |pull| {
            reviewed(&[("ann", Approved, true)])(pull);
            pull.pushes = Seen::Known(vec![push(Some(&commit(8)), &pull.head, "bot"), push(None, &commit(9), "bot")]);
        };
        "ann, and an account that is gone pushed", REVIEWED, |pull| {
            reviewed(&[("ann", Approved, true)])(pull);
            pull.pushes = Seen::Known(vec![push(None, &pull.head, "")]);
        };
        "ann, and there is no record of pushes", REVIEWED, |pull| {
            reviewed(&[("ann", Approved, true)])(pull);
            pull.pushes = Seen::Known(Vec::new());
        };
        "ann, and the pushes were not read", REVIEWED, |pull| {
            reviewed(&[("ann", Approved, true)])(pull);
            pull.pushes = Seen::Unknown;
        };
        "ann, who commented then", REVIEWED, reviewed(&[("ann", Approved, true), ("ann", Commented, true)]);
        "ann, who took it back", REVIEWED, reviewed(&[("ann", Approved, true), ("ann", Dismissed, true)]);
        "ann, and bob asks for changes", REVIEWED, reviewed(&[("ann", Approved, true), ("bob", ChangesRequested, true)]);
        "ann asks for changes", GREEN, reviewed(&[("ann", ChangesRequested, false)]);
        "ann asked for changes", GREEN, reviewed(&[("ann", ChangesRequested, true), ("ann", Approved, true)]);
    ];
    insta::assert_snapshot!(rows, @r"
    nobody: review
    ann: lands (in line)
    ann, of another head: review
    who may not: review
    somebody unknown: review
    who opened it: review
    who pushed last: review
    who pushed before the factory brought it up to its base: review
    ann, and another one pushed: lands (in line)
    ann, whose push came after: lands (in line)
    ann, and not all pushes are on record: review
    ann, and one push is missing between: review
    ann, and an account that is gone pushed: review
    ann, and there is no record of pushes: review
    ann, and the pushes were not read: review
    ann, who commented then: lands (in line)
    ann, who took it back: review
    ann, and bob asks for changes: lands (in line)
    ann asks for changes: review
    ann asked for changes: lands (in line)
    ");
}

#[test]
fn what_may_be_changed() {
    let limited =
        "mode \"on-green\"; require-checks \"ci\"; max-files 1; max-lines 10; people-paths \"deploy/**\"";
    let files = |all: &'static [(&'static str, u64, u64)]| {
        move |pull: &mut PullCase| {
            pull.files = Seen::Known(all.iter().map(|(path, more, less)| file(path, *more, *less)).collect());
        }
    };
    let taken = |was: Seen<String>| {
        move |pull: &mut PullCase| {
            pull.files = Seen::Known(vec![FileChange { was: was.clone(), ..file("a", 0, 0) }]);
        }
    };
    let rows = rows![
        "a little", limited, files(&[("a", 9, 1)]);
        "too many lines", limited, files(&[("a", 9, 2)]);
        "too many files", limited, files(&[("a", 1, 1), ("b", 1, 1)]);
        "what people merge", limited, files(&[("deploy/a", 1, 1)]);
        "what judges", limited, files(&[("ci/test.sh", 1, 1)]);
        "not read", limited, |pull| pull.files = Seen::Unknown;
        "nothing any more", limited, |pull| pull.files = Seen::Known(Vec::new());
        "taken from where only people put it", limited, taken(Seen::Known("deploy/a".to_owned()));
        "taken from what judges", limited, taken(Seen::Known("ci/test.sh".to_owned()));
        "taken from elsewhere", limited, taken(Seen::Known("b".to_owned()));
        "taken from nobody knows where", limited, taken(Seen::Unknown);
    ];
    insta::assert_snapshot!(rows, @r"
    a little: lands (in line)
    too many lines: size
    too many files: size
    what people merge: paths
    what judges: judges, advisor
    not read: files
    nothing any more: empty
    taken from where only people put it: paths
    taken from what judges: judges, advisor
    taken from elsewhere: lands (in line)
    taken from nobody knows where: files
    ");
}
