//! Which checks are there, and that places that moved are pointed to anew once.

use crate::language::code::Resolution;
use crate::language::keep::samples::{Repository, adr, outline};

use super::keep;

const PATH: &str = "adr/0001-a.md";

fn enforced(by: &str, decision: &str) -> String {
    adr(1, &format!("**Status:** Accepted\n**Enforcement:** enforced\n**Enforced by:** {by}"), decision)
}

#[test]
fn checks_are_looked_after() {
    let rows = [
        ("there", "`test:src/a.rs::tests::holds`, `test:a.rs`, `command:make check`"),
        ("moved", "`test:src/a.rs::tests::moved`, `test:c.rs::tests.moved`"),
        ("gone", "`test:src/a.rs::tests::lost`, `command:make up`, `test:src/c.rs`"),
        ("moved and gone", "`test:src/a.rs::tests::moved`, `test:src/a.rs::tests::lost`"),
        ("for people", "docs/REVIEW.md, everybody looks"),
        ("nobody can tell", "`test:src/broken.rs::x`, `test:broken.rs::x`"),
        ("hostile", "`command:make @all #1 <b> up`"),
    ];
    let mut all = String::new();
    for (name, by) in rows {
        let mut world = Repository::of_decisions([(PATH, enforced(by, "D"))]);
        let kept = world.kept(keep);
        all.push_str(&format!("# {name}\n{}", outline(&kept)));
        if kept.proposal.is_some() {
            world.settle(keep);
            let line = world.files[PATH].lines().find(|line| line.contains("Enforced by")).unwrap();
            all.push_str(&format!("  {line}\n"));
        }
    }
    insta::assert_snapshot!(all, @"
    # there
    # moved
    proposal: Re-point 2 checks of decisions
      - `adr/0001-a.md`: the check `test:c.rs::tests.moved` is `test:src/b.rs::tests.moved` now
      - `adr/0001-a.md`: the check `test:src/a.rs::tests::moved` is `test:src/b.rs::tests::moved` now
      file adr/0001-a.md
      **Enforced by:** `test:src/b.rs::tests::moved`, `test:src/b.rs::tests.moved`
    # gone
    issue ADR-0001: ADR-0001 is enforced by 3 checks that aren't there
      | `adr/0001-a.md` is accepted, and these checks that are said to enforce it aren't there:
      | 
      | * `test:src/a.rs::tests::lost`
      | * `command:make up`
      | * `test:src/c.rs`
      | 
      | Name a check that there is in `Enforced by`, write the check anew, or say that the decision is kept in another way. This closes when every check is there.
    # moved and gone
    proposal: Re-point 1 check of decisions
      - `adr/0001-a.md`: the check `test:src/a.rs::tests::moved` is `test:src/b.rs::tests::moved` now
      file adr/0001-a.md
    issue ADR-0001: ADR-0001 is enforced by a check that isn't there
      | `adr/0001-a.md` is accepted, and these checks that are said to enforce it aren't there:
      | 
      | * `test:src/a.rs::tests::lost`
      | 
      | Name a check that there is in `Enforced by`, write the check anew, or say that the decision is kept in another way. This closes when every check is there.
      **Enforced by:** `test:src/b.rs::tests::moved`, `test:src/a.rs::tests::lost`
    # for people
    # nobody can tell
    # hostile
    issue ADR-0001: ADR-0001 is enforced by a check that isn't there
      | `adr/0001-a.md` is accepted, and these checks that are said to enforce it aren't there:
      | 
      | * `command:make @all #1 <b> up`
      | 
      | Name a check that there is in `Enforced by`, write the check anew, or say that the decision is kept in another way. This closes when every check is there.
    ");
}

#[test]
fn only_what_moved_to_one_place_is_pointed_to_anew() {
    let text = "`src/a.rs:Moved`, `src/a.rs::Moved()` and ` src/a.rs:Moved `; src/a.rs:Moved, `src/a.rs:Lost`.\n\
                `src/a.rs:Twice` `src/broken.rs:X` `src/a.rs:Old.name`\n```\n`src/a.rs:Moved`\n```";
    let mut world = Repository::of_decisions([
        (PATH, enforced("`test:src/a.rs::tests::moved`", text)),
        ("adr/0002-b.md", adr(2, "**Status:** Proposed", "`src/a.rs:Moved`")),
        ("adr/0003-c.md", adr(3, "**Status:** Rejected", "`src/a.rs:Moved`")),
    ]);
    let anchor = |text: &str| text.parse::<crate::model::language::Anchor>().unwrap();
    let renamed = Resolution::Renamed { to: anchor("src/b.rs:New.name"), commit: "abc".into() };
    world.code.resolutions.insert(anchor("src/a.rs:Old.name"), renamed);
    world.code.resolutions.insert(anchor("src/b.rs:New.name"), Resolution::Resolves);
    world.code.files.extend([("src/c.rs", vec!["Twice"]), ("src/d.rs", vec!["Twice"])]);
    let before = world.files.clone();
    let kept = world.kept(keep);
    insta::assert_snapshot!(outline(&kept), @"
    proposal: Re-point 1 check and 5 citations of decisions
      - `adr/0001-a.md`: `src/a.rs::Moved()` is `src/b.rs::Moved()` now
      - `adr/0001-a.md`: `src/a.rs:Moved` is `src/b.rs:Moved` now
      - `adr/0001-a.md`: `src/a.rs:Old.name` is `src/b.rs:New.name` now
      - `adr/0001-a.md`: the check `test:src/a.rs::tests::moved` is `test:src/b.rs::tests::moved` now
      - `adr/0002-b.md`: `src/a.rs:Moved` is `src/b.rs:Moved` now
      file adr/0001-a.md
      file adr/0002-b.md
    ");
    world.settle(keep);
    insta::assert_snapshot!(similar::TextDiff::from_lines(&before[PATH], &world.files[PATH]).unified_diff().context_radius(0), @"
    @@ -5 +5 @@
    -**Enforced by:** `test:src/a.rs::tests::moved`
    +**Enforced by:** `test:src/b.rs::tests::moved`
    @@ -14,2 +14,2 @@
    -`src/a.rs:Moved`, `src/a.rs::Moved()` and ` src/a.rs:Moved `; src/a.rs:Moved, `src/a.rs:Lost`.
    -`src/a.rs:Twice` `src/broken.rs:X` `src/a.rs:Old.name`
    +`src/b.rs:Moved`, `src/b.rs::Moved()` and ` src/b.rs:Moved `; src/a.rs:Moved, `src/a.rs:Lost`.
    +`src/a.rs:Twice` `src/broken.rs:X` `src/b.rs:New.name`
    ");
    assert_eq!(world.files["adr/0003-c.md"], before["adr/0003-c.md"]);
}

#[test]
fn a_place_that_is_itself_gone_is_no_new_place() {
    let mut world = Repository::of_decisions([(PATH, enforced("`test:src/a.rs::old`", "D"))]);
    let anchor = |text: &str| text.parse::<crate::model::language::Anchor>().unwrap();
    world.code.resolutions.insert(anchor("src/a.rs:old"), Resolution::Moved(anchor("src/z.rs:old")));
    let kept = world.kept(keep);
    assert_eq!((kept.proposal.is_some(), kept.issues.len()), (false, 1));
}

#[test]
fn not_all_breaks_at_once() {
    let lost = |n: usize| (0..n).map(|n| format!("`test:src/a.rs::lost{n}`")).collect::<Vec<_>>().join(", ");
    let there = "`test:src/a.rs::tests::holds`, ".repeat(8);
    let told_of = |by: &str| outline(&Repository::of_decisions([(PATH, enforced(by, "D"))]).kept(keep));
    insta::assert_snapshot!(told_of(&lost(8)), @"problem: 8 of 8 places in the code that decisions in `adr` name aren't there, which is too much to have happened by changes; look whether `roots` of `language` names the folders of the sources");
    assert!(
        told_of(&lost(7)).starts_with("issue ADR-0001: ADR-0001 is enforced by 7 checks that aren't there")
    );
    assert!(told_of(&(there + &lost(8))).starts_with("issue ADR-0001: ADR-0001 is enforced by 8 checks"));
}
