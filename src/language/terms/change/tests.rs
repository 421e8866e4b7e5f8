//! Tests of saying what a change means.

use crate::language::code::Resolution;
use crate::language::code::known::Known;
use crate::language::terms::samples::{ID_A, ID_B, ID_C, Sample};
use crate::language::terms::{Listing, Read};
use crate::language::wiki::WikiPage;
use crate::model::language::Anchor;

use super::{bullets, compare};

/// Code in which what is anchored to `src/gone.rs` isn't there.
fn code() -> Known {
    let gone = ["src/gone.rs:Crane", "src/gone.rs:Shed"];
    let gone = gone.map(|anchor| (anchor.parse::<Anchor>().unwrap(), Resolution::Gone));
    Known { resolutions: gone.into(), ..Known::whole() }
}

fn said(before: &[Sample], after: &[Sample], pages: &[WikiPage]) -> String {
    let reads =
        |samples: &[Sample]| -> Vec<Read> { samples.iter().map(|sample| sample.read("t/a.md")).collect() };
    let (before, after) = (reads(before), reads(after));
    bullets(&compare(&Listing::of(&before), &Listing::of(&after), pages, &code()))
}

fn crane() -> Sample {
    Sample::new(ID_A, "Crane")
}

#[test]
fn nothing_changes() {
    let moved = crane().body("\n## Definition\n\nWhat\nCrane means.\n\n## Invariants\n- It holds.\n");
    assert_eq!(said(&[crane()], &[moved.updated("2027-01-01T00:00:00Z").other("x: 1")], &[]), "");
}

#[test]
fn everything_changes() {
    let pages: Vec<WikiPage> = (0..7)
        .map(|n| WikiPage {
            path: format!("wiki/{n}.md"),
            text: if n < 5 { "a gantry".into() } else { "x".into() },
        })
        .collect();
    let related = |id: &str| format!("[{{\"kind\": \"is_a\", \"target\": \"{id}\"}}]");
    let dock = Sample::new(ID_C, "Dock").with("related", &related(ID_B));
    let after = crane()
        .with("name", "\"Quay crane\"")
        .with("kind", "\"service\"")
        .with("bounded_context", "\"office\"")
        .with("code_anchor", "\"src/gone.rs:Crane\"")
        .with("aliases", "[\"gantry\", \"hook\"]")
        .with("related", &related(ID_C))
        .with("evidence", &format!("[\"{ID_B}\"]"))
        .with("superseded_by", &format!("\"{ID_C}\""))
        .with("superseded_reason", "\"merged `x`\"")
        .body("## Definition\nWhat a crane means.\n## Invariants\n- It holds still.\n");
    let berth = Sample::new(ID_B, "Berth").with("aliases", "[]");
    let shed = Sample::new("01M7YHXEQ0YCPSJZYPWBENKKDD", "Shed")
        .with("aliases", "[\"x\", \"y\"]")
        .with("code_anchor", "\"src/gone.rs:Shed\"");
    insta::assert_snapshot!(
        said(&[crane(), berth.clone(), dock.clone()], &[after.clone(), dock.clone(), shed], &pages),
        @r#"
        - `Berth` is removed, and 1 relation still points to it
        - `Quay crane` was called `Crane`
        - `Quay crane` changes its kind from `entity` to `service`
        - `Quay crane` changes its context from `yard` to `office`
        - `Quay crane` is redefined: `What [-Crane-] {+a crane+} means.`
        - `Quay crane` has a new invariant: `It holds still.`
        - `Quay crane` loses an invariant: `It holds.`
        - `Quay crane` has the new alias `gantry`, which 5 pages use: `wiki/0.md`, `wiki/1.md`, `wiki/2.md`, …
        - `Quay crane` has the new alias `hook`
        - `Quay crane` loses the alias `lifter`
        - `Quay crane` is anchored to `src/gone.rs:Crane` instead of `src/crane.rs:Crane`
        - `Quay crane` has an anchor that breaks, `src/gone.rs:Crane`: it isn't there
        - `Quay crane` is superseded by `Dock`
        - `Quay crane` `is_a` `Dock` is new
        - `Quay crane` has 1 more and 0 fewer pieces of evidence
        - `Shed` is new: a term of the kind `entity` in `yard`
        - `Shed` has the new alias `x`, which 2 pages use: `wiki/5.md`, `wiki/6.md`
        - `Shed` has an anchor that breaks, `src/gone.rs:Shed`: it isn't there
        "#
    );
    let deprecated = after.with("confidence", "\"deprecated\"");
    insta::assert_snapshot!(said(&[crane(), dock.clone()], &[deprecated, dock], &[]), @r#"
    - `Quay crane` was called `Crane`
    - `Quay crane` changes its kind from `entity` to `service`
    - `Quay crane` changes its context from `yard` to `office`
    - `Quay crane` is redefined: `What [-Crane-] {+a crane+} means.`
    - `Quay crane` has a new invariant: `It holds still.`
    - `Quay crane` loses an invariant: `It holds.`
    - `Quay crane` has the new alias `gantry`
    - `Quay crane` has the new alias `hook`
    - `Quay crane` loses the alias `lifter`
    - `Quay crane` is anchored to `src/gone.rs:Crane` instead of `src/crane.rs:Crane`
    - `Quay crane` was accepted and is deprecated: `` merged `x` ``
    - `Quay crane` is superseded by `Dock`
    - `Quay crane` `is_a` `Dock` is new
    - `Quay crane` has 1 more and 0 fewer pieces of evidence
    "#);
}
