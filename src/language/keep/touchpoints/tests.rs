//! Which decisions pull requests touch, and when that is over.

use crate::language::code::Resolution;
use crate::language::keep::Merged;
use crate::language::keep::samples::{Repository, adr, outline};

use super::keep;

const ACCEPTED: &str = "**Status:** Accepted\n**Enforcement:** decision-of-record";

fn pull(number: u64, files: &[&str]) -> Merged {
    let at = jiff::Timestamp::from_second(i64::try_from(number).unwrap()).unwrap();
    Merged { number, at, files: files.iter().map(ToString::to_string).collect() }
}

/// One decision that cites something, and what was merged.
fn seen(cites: &str, merged: Vec<Merged>) -> String {
    let mut world = Repository::of_decisions([("adr/0001-a.md", adr(1, ACCEPTED, cites))]);
    world.merged = merged;
    outline(&world.kept(keep))
        .lines()
        .filter(|line| line.starts_with("issue") || line.contains("| *"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn what_touches_a_decision() {
    let rows = [
        ("a symbol that is there", "`src/a.rs:Guard`", vec![pull(1, &["src/a.rs"])]),
        ("a symbol that is gone", "`src/a.rs:Lost`", vec![pull(1, &["src/a.rs"])]),
        ("a symbol that moved", "`src/a.rs:Moved`", vec![pull(1, &["src/a.rs", "src/b.rs"])]),
        ("a symbol nobody can tell of", "`src/broken.rs:X`", vec![pull(1, &["src/broken.rs"])]),
        ("a symbol that is gone, and another file changed", "`src/a.rs:Lost`", vec![pull(1, &["src/b.rs"])]),
        ("a file", "`src/a.rs`", vec![pull(1, &["src/a.rs"])]),
        ("a file without backticks", "src/a.rs", vec![pull(1, &["src/a.rs"])]),
        (
            "a file that is gone",
            "`src/gone.rs` and `docs/gone.md`",
            vec![pull(1, &["src/gone.rs", "docs/gone.md"])],
        ),
        ("a file that is no source", "`factory.kdl`", vec![pull(1, &["factory.kdl"])]),
        ("both change", "`src/a.rs`, `src/a.rs:Lost`", vec![pull(1, &["src/a.rs", "adr/0001-a.md"])]),
        (
            "the decision changes later",
            "`src/a.rs`",
            vec![pull(1, &["src/a.rs"]), pull(2, &["adr/0001-old.md"])],
        ),
        (
            "the decision changed before",
            "`src/a.rs`",
            vec![pull(1, &["adr/0001-a.md"]), pull(2, &["src/a.rs"])],
        ),
        ("in whatever order", "`src/a.rs`", vec![pull(2, &["adr/0001-a.md"]), pull(1, &["src/a.rs"])]),
        (
            "two",
            "`src/a.rs` `src/a.rs:Lost`",
            vec![pull(1, &["src/a.rs"]), pull(3, &["src/a.rs", "src/c.rs"])],
        ),
    ];
    let all: Vec<String> =
        rows.into_iter().map(|(name, cites, merged)| format!("# {name}\n{}", seen(cites, merged))).collect();
    insta::assert_snapshot!(all.join("\n"), @"
    # a symbol that is there

    # a symbol that is gone
    issue ADR-0001: ADR-0001 cites code that 1 pull request changed
      | * #1: `src/a.rs:Lost` isn't there any more
    # a symbol that moved
    issue ADR-0001: ADR-0001 cites code that 1 pull request changed
      | * #1: `src/a.rs:Moved` is `src/b.rs:Moved` now
    # a symbol nobody can tell of

    # a symbol that is gone, and another file changed

    # a file
    issue ADR-0001: ADR-0001 cites code that 1 pull request changed
      | * #1: `src/a.rs` changed
    # a file without backticks

    # a file that is gone
    issue ADR-0001: ADR-0001 cites code that 1 pull request changed
      | * #1: `docs/gone.md` is gone, `src/gone.rs` is gone
    # a file that is no source

    # both change

    # the decision changes later

    # the decision changed before
    issue ADR-0001: ADR-0001 cites code that 1 pull request changed
      | * #2: `src/a.rs` changed
    # in whatever order

    # two
    issue ADR-0001: ADR-0001 cites code that 2 pull requests changed
      | * #1: `src/a.rs:Lost` isn't there any more, `src/a.rs` changed
      | * #3: `src/a.rs:Lost` isn't there any more, `src/a.rs` changed
    ");
}

#[test]
fn only_live_decisions_are_touched() {
    for (status, touched) in [("Accepted", 1), ("Proposed", 1), ("Rejected", 0), ("Deprecated", 0)] {
        let mut world = Repository::of_decisions([(
            "adr/0001-a.md",
            adr(1, &format!("**Status:** {status}"), "`src/a.rs`"),
        )]);
        world.merged = vec![pull(1, &["src/a.rs"])];
        assert_eq!(world.kept(keep).issues.len(), touched, "{status}");
    }
}

const PATHS: [&str; 5] =
    ["adr/0001-a.md", "adr/0002-b.md", "adr/0003-c.md", "adr/0004-d.md", "adr/0005-e.md"];

fn many(n: usize, cites: &str) -> Repository {
    Repository::of_decisions((1_u16..).zip(&PATHS[..n]).map(|(n, path)| (*path, adr(n, ACCEPTED, cites))))
}

#[test]
fn what_many_decisions_share_is_no_change_of_any() {
    let subjects = |world: &Repository| {
        world.kept(keep).issues.into_iter().map(|issue| issue.subject).collect::<Vec<_>>()
    };
    let mut three = many(3, "`src/a.rs`");
    three.merged = vec![pull(1, &["src/a.rs"])];
    assert_eq!(subjects(&three), ["ADR-0001", "ADR-0002", "ADR-0003"]);
    let mut four = many(4, "`src/a.rs`");
    four.merged = vec![pull(1, &["src/a.rs"])];
    assert_eq!(subjects(&four), [""; 0]);
    let mut gone = many(4, "`src/gone.rs`");
    gone.merged = vec![pull(1, &["src/gone.rs"])];
    assert_eq!(subjects(&gone), ["pull-1"]);
}

#[test]
fn a_pull_request_that_touches_many_is_one_issue() {
    let mut world = many(4, "`src/a.rs:Lost`");
    world.merged = vec![pull(1, &["src/a.rs"]), pull(2, &["src/a.rs", PATHS[0], PATHS[1]])];
    insta::assert_snapshot!(outline(&world.kept(keep)), @"
    issue ADR-0003: ADR-0003 cites code that 1 pull request changed
      | Code that `adr/0003-c.md` cites was changed, and the decision wasn't:
      | 
      | * #2: `src/a.rs:Lost` isn't there any more
      | 
      | Look whether it still holds. Where it doesn't, change what it says or supersede it; where it does, cite what there is now. The next merged change of its file closes this.
    issue ADR-0004: ADR-0004 cites code that 1 pull request changed
      | Code that `adr/0004-d.md` cites was changed, and the decision wasn't:
      | 
      | * #2: `src/a.rs:Lost` isn't there any more
      | 
      | Look whether it still holds. Where it doesn't, change what it says or supersede it; where it does, cite what there is now. The next merged change of its file closes this.
    issue pull-1: #1 touches many decisions
      | #1 changed code that these decisions cite, and they weren't changed since:
      | 
      | * `adr/0003-c.md`: `src/a.rs:Lost` isn't there any more
      | * `adr/0004-d.md`: `src/a.rs:Lost` isn't there any more
      | 
      | Look whether they still hold. A merged change of the file of a decision takes it off this list; the last one closes this.
    ");
    world.merged.push(pull(3, &PATHS));
    assert_eq!(outline(&world.kept(keep)), "");
}

#[test]
fn long_lists_are_cut() {
    let mut world = Repository::of_decisions([(PATHS[0], adr(1, ACCEPTED, "`src/a.rs`"))]);
    world.merged = (1..=45).map(|n| pull(n, &["src/a.rs"])).collect();
    let issue = world.kept(keep).issues.remove(0);
    assert_eq!(issue.title, "ADR-0001 cites code that 45 pull requests changed");
    assert!(issue.body.contains("* 15 earlier pull requests\n* #16: "), "{}", issue.body);
}

#[test]
fn what_comes_back_touches_no_longer() {
    let mut world = Repository::of_decisions([(PATHS[0], adr(1, ACCEPTED, "`src/a.rs:Lost`"))]);
    world.merged = vec![pull(1, &["src/a.rs"])];
    assert_eq!(world.kept(keep).issues.len(), 1);
    world.code.resolutions.insert("src/a.rs:Lost".parse().unwrap(), Resolution::Resolves);
    assert_eq!(world.kept(keep).issues.len(), 0);
}
