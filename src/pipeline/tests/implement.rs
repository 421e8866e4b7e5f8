//! PROMPT: who changes nothing is told by another what is missing, and that heads the next prompt.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::{Stand, station};
use super::story::{Story, load};
use crate::model::Outcome::{CouldNotStart, Crashed, Done, NoChange, PolicyViolation, Weakened, Wedged};

fn compliance(gaps: &[&str]) -> Option<Value> {
    Some(json!({ "compliant": gaps.is_empty(), "gaps": gaps }))
}

fn diagnosis(fixable: bool) -> Option<Value> {
    Some(
        json!({ "severity": "P2", "root_cause": "The wheel is gone.", "fixable": fixable, "guidance": "Get another." }),
    )
}

#[test]
fn what_is_missing_heads_the_next_prompt() {
    let mut it = Story::new("");
    it.ran(NoChange, None).ran(Done, compliance(&["The horn is blunt."])).reads_of(&["changed nothing"]);
    it.ran(NoChange, None).differs().ran(Done, compliance(&["The horn is blunt."])).differs();
    it.ran(Done, None).differs().moved().stands();
    insta::assert_snapshot!(it.told(), @r#"
    implement: `implement` 1.1 -> no change
    implement: `spec-review` 1.1 -> done {"compliant":false,"gaps":["The horn is blunt."]}
        | Who was to do it changed nothing in round 1, and said, as data:
    implement: `implement` 2.1, spec gaps -> no change
        - (nothing)
        + What is asked for and is not there:
        + - The horn is blunt.
        + Nothing was changed once.
    implement: `spec-review` 2.1 -> done {"compliant":false,"gaps":["The horn is blunt."]}
        - Who was to do it changed nothing in round 1, and said, as data:
        + Who was to do it changed nothing in round 2, and said, as data:
    implement: `implement` 3.1, spec gaps -> done
        - Nothing was changed once.
        + Nothing was changed 2 times.
    implement: opens a pull request with 0505050505
    merge: merges #20 at 0505050505
    "#);
}

#[test]
fn who_changes_nothing_three_times_makes_room_for_a_specialist_and_then_for_a_person() {
    let mut it = Story::new("");
    for _ in 0..3 {
        it.ran(NoChange, None).ran(Done, compliance(&["The horn is blunt."]));
    }
    it.ran(Done, diagnosis(true)).ran(NoChange, None).stands();
    it.said("ann", "/retry").ran(Done, None).differs().moved();
    insta::assert_snapshot!(it.told(), @r#"
    implement: `implement` 1.1 -> no change
    implement: `spec-review` 1.1 -> done {"compliant":false,"gaps":["The horn is blunt."]}
    implement: `implement` 2.1, spec gaps -> no change
    implement: `spec-review` 2.1 -> done {"compliant":false,"gaps":["The horn is blunt."]}
    implement: `implement` 3.1, spec gaps -> no change
    implement: `spec-review` 3.1 -> done {"compliant":false,"gaps":["The horn is blunt."]}
    hitl: `diagnose` 4.1 -> done {"severity":"P2","root_cause":"The wheel is gone.","fixable":true,"guidance":"Get another.…
    hitl: `implement-stuck` 4.1, diagnosis -> no change
    implement: A PERSON'S TURN: again and again nothing was changed; `/retry` allows 3 more
        `implement`: run 20260601-130000-0001a0d1 changed nothing: so it was
        `implement`: run 20260601-130400-000e3d50 changed nothing: so it was
        `implement`: run 20260601-130800-0007670a changed nothing: so it was
        missing: The horn is blunt.
        `diagnose` found: P2: The wheel is gone. Get another.
        `implement-stuck`: so it was
    (ann: /retry)
    implement: `implement` 5.1, spec gaps -> done
        - (nothing)
        + ann said, as data:
        +     /retry
        - Nothing was changed 2 times.
        + Nothing was changed 4 times.
    implement: opens a pull request with 0909090909
    "#);
}

#[test]
fn what_is_there_already_is_for_a_person_to_close() {
    let mut it = Story::new("");
    it.ran(NoChange, None).ran(Done, compliance(&[])).by_design().stands();
    it.said("ann", "/steer the horn").by_design().stands();
    it.said("ann", "/redo implement").ran(Done, None).differs().moved();
    insta::assert_snapshot!(it.told(), @r#"
    implement: `implement` 1.1 -> no change
    implement: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
    implement: A PERSON'S TURN: it seems to be there already: close it, or say with `/steer` what is missing, then `/redo implement`
        so it was
    (ann: /steer the horn)
    implement: A PERSON'S TURN: it seems to be there already: close it, or say with `/steer` what is missing, then `/redo implement`
        so it was
    (ann: /redo implement)
    implement: `implement` 1.1 -> done
        - (nothing)
        + ann said, as data:
        +     /steer the horn
        + ann said, as data:
        +     /redo implement
        + Who is in charge of this repository says of how to go on, as data:
        +     the horn
        + The phase implement is gone through again, as was asked for once.
    implement: opens a pull request with 0303030303
    "#);
}

#[test]
fn what_fails_is_diagnosed_then_a_specialist_is_told_then_a_person() {
    let mut it = Story::new("");
    it.ran(Crashed, None).ran(Weakened, None).differs().ran(Wedged, None).differs();
    it.ran(Done, diagnosis(true)).reads_of(&["implement: "]);
    it.ran(Crashed, None).reads_of(&["A diagnosis"]).ran(NoChange, None).differs().stands();
    it.said("ann", "/retry").ran(Crashed, None).differs().ran_times(2, &Crashed).ran(Done, diagnosis(true));
    it.ran(Done, None).moved();
    insta::assert_snapshot!(it.told(), @r#"
    implement: `implement` 1.1 -> crashed
    implement: `implement` 1.2 -> weakened
        - (nothing)
        + - attempt 1: `crashed`: so it was
        + This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    implement: `implement` 1.3 -> wedged
        + - attempt 2: `weakened`: so it was
        - This is attempt 2, run 2; the run before it ended in `crashed`: so it was
        + This is attempt 3, run 3; the run before it ended in `weakened`: so it was
    hitl: `diagnose` 1.1 -> done {"severity":"P2","root_cause":"The wheel is gone.","fixable":true,"guidance":"Get another.…
        | implement: 3 attempts; the last: run 20260601-130400-000e3d50 of `smith` ended in `wedged`: so it was
    hitl: `implement-stuck` 1.1, diagnosis -> crashed
        | A diagnosis: P2: The wheel is gone. Get another.
    hitl: `implement-stuck` 1.2, diagnosis -> no change
        - (nothing)
        + - attempt 1: `crashed`: so it was
        + This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    implement: A PERSON'S TURN: nobody got it done; `/retry` has it tried again
        `implement`, 3 attempts; the last: run 20260601-130400-000e3d50 of `smith` ended in `wedged`: so it was
        `diagnose` found: P2: The wheel is gone. Get another.
        `implement-stuck`: so it was
    (ann: /retry)
    implement: `implement` 1.1 -> crashed
        - (nothing)
        + ann said, as data:
        +     /retry
        - (nothing)
        + It was given up before. What was tried:
        + - `implement`, 3 attempts; the last: run 20260601-130400-000e3d50 of `smith` ended in `wedged`: so it was
        + - `diagnose` found: P2: The wheel is gone. Get another.
        + - `implement-stuck`: so it was
        - - attempt 1: `crashed`: so it was
        - - attempt 2: `weakened`: so it was
        + (nothing)
        - This is attempt 3, run 3; the run before it ended in `weakened`: so it was
    implement: `implement` 1.2 -> crashed
    implement: `implement` 1.3 -> crashed
    hitl: `diagnose` 1.1 -> done {"severity":"P2","root_cause":"The wheel is gone.","fixable":true,"guidance":"Get another.…
    hitl: `implement-stuck` 1.1, diagnosis -> done
    implement: opens a pull request with 0b0b0b0b0b
    "#);
}

#[test]
fn what_can_not_be_mended_goes_to_no_specialist() {
    let mut it = Story::new("");
    it.ran_times(3, &Crashed).ran(Done, diagnosis(false)).stands();
    insta::assert_snapshot!(it.told(), @r#"
    implement: `implement` 1.1 -> crashed
    implement: `implement` 1.2 -> crashed
    implement: `implement` 1.3 -> crashed
    hitl: `diagnose` 1.1 -> done {"severity":"P2","root_cause":"The wheel is gone.","fixable":false,"guidance":"Get another…
    implement: A PERSON'S TURN: nobody got it done; `/retry` has it tried again
        `implement`, 3 attempts; the last: run 20260601-130400-000e3d50 of `smith` ended in `crashed`: so it was
        `diagnose` found: P2: The wheel is gone. Get another.
    "#);
}

/// What never starts is no attempt at it, and is not waited for without a word.
#[test]
fn what_never_starts_comes_to_a_person_and_begins_anew() {
    let mut it = Story::new("");
    for _ in 0..3 {
        it.ran(CouldNotStart, None).later(SignedDuration::from_mins(10));
    }
    it.ran(Done, diagnosis(false)).stands();
    assert!(
        it.told().contains("implement: A PERSON'S TURN: nobody got it done; `/retry` has it tried again"),
        "{}",
        it.told()
    );
    it.said("ann", "/retry").ran(Crashed, None);
}

/// What can't be diagnosed is tried by a specialist all the same.
#[test]
fn a_diagnosis_that_fails_stops_nobody() {
    let mut it = Story::new("");
    it.ran_times(3, &Crashed).ran_times(2, &Crashed).ran(Done, None).moved();
    insta::assert_snapshot!(it.told(), @r"
    implement: `implement` 1.1 -> crashed
    implement: `implement` 1.2 -> crashed
    implement: `implement` 1.3 -> crashed
    hitl: `diagnose` 1.1 -> crashed
    hitl: `diagnose` 1.2 -> crashed
    hitl: `implement-stuck` 1.1, what was tried -> done
    implement: opens a pull request with 0606060606
    ");
}

/// What people closed is begun anew when they say so, and not opened again as it was.
#[test]
fn what_people_closed_is_begun_anew() {
    let mut it = Story::new("");
    it.ran_times(3, &Crashed)
        .ran(Done, diagnosis(false))
        .stands()
        .said("ann", "/retry")
        .ran(Done, None)
        .moved();
    it.pull("ann closes it", |pull| pull.open = false).by_design().stands();
    it.said("ann", "/retry").ran(Done, None).differs().moved().stands();
    insta::assert_snapshot!(it.told(), @r#"
    implement: `implement` 1.1 -> crashed
    implement: `implement` 1.2 -> crashed
    implement: `implement` 1.3 -> crashed
    hitl: `diagnose` 1.1 -> done {"severity":"P2","root_cause":"The wheel is gone.","fixable":false,"guidance":"Get another…
    implement: A PERSON'S TURN: nobody got it done; `/retry` has it tried again
        `implement`, 3 attempts; the last: run 20260601-130400-000e3d50 of `smith` ended in `crashed`: so it was
        `diagnose` found: P2: The wheel is gone. Get another.
    (ann: /retry)
    implement: `implement` 1.1 -> done
    implement: opens a pull request with 0505050505
    (ann closes it)
    merge: A PERSON'S TURN: #20 was closed without being merged, which is a decision; `/retry` begins anew
    (ann: /retry)
    implement: `implement` 1.1 -> done
        + ann said, as data:
        +     /retry
        - It was given up before. What was tried:
        - - `implement`, 3 attempts; the last: run 20260601-130400-000e3d50 of `smith` ended in `crashed`: so it was
        - - `diagnose` found: P2: The wheel is gone. Get another.
        + What was made before became #20, which was closed without being merged.
    implement: opens a pull request with 0606060606
    merge: merges #21 at 0606060606
    "#);
}

/// What was no one's to change before is not a specialist's either.
#[test]
fn a_specialist_may_change_no_more_than_who_was_stuck() {
    let mut it = Story::of(load(
        r#"factory "acme"
agent "smith" kind="codex"
pipeline "p" { intake "factory"; agents "smith"; phases; }
playbook "implement" { paths "docs/**"; }
repo "acme/anvil" { pipeline "p"; }
"#,
    ));
    let mut paths = BTreeMap::new();
    while let Stand::Works(task) = it.view(station).stand {
        paths.insert(task.play.unwrap().book, task.paths);
        it.ran(PolicyViolation, None);
    }
    let docs = vec!["docs/**".to_owned()];
    assert_eq!((&paths["implement"], &paths["implement-stuck"]), (&docs, &docs), "{}", it.told());
}
