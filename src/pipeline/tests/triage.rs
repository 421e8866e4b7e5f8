//! RECOVERY: what isn't ready is parked with its reasons, and asked about again with them, once something changed.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::story::Story;
use crate::model::Outcome::{Cancelled, Crashed, Done, NoVerdict, Refused};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// It isn't ready, since this is missing.
fn lacks(missing: &[&str]) -> Option<Value> {
    Some(json!({ "ready": false, "clarity": 3, "missing": missing }))
}

/// It is ready.
fn ready() -> Option<Value> {
    Some(json!({ "ready": true, "clarity": 9, "missing": [] }))
}

#[test]
fn what_was_parked_is_asked_about_again_with_what_was_missing() {
    let mut it = Story::new("\"triage\"");
    it.ran(Done, lacks(&["which anvil is it?", "how sharp?"])).stands();
    it.edited("ann", "The large anvil is blunt. It should be as sharp as the small one.").stands();
    it.later(DAY).ran(Done, ready()).differs().stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> done {"ready":false,"clarity":3,"missing":["which anvil is it?","how sharp?"]}
    triage: parked, again from 2026-06-02T13:01:00Z
        which anvil is it?
        how sharp?
    (ann edits the text)
    triage: parked, again from 2026-06-02T13:01:00Z
        which anvil is it?
        how sharp?
    triage: `triage` 2.1, recovery -> done {"ready":true,"clarity":9,"missing":[]}
        -     The anvil is blunt. It should be sharp, so that whoever strikes on it sees a clean edge on the iron.
        +     The large anvil is blunt. It should be as sharp as the small one.
        + What was found amiss:
        + It was parked before, since this was missing:
        + - which anvil is it?
        + - how sharp?
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn nothing_is_asked_again_before_something_changed() {
    let mut it = Story::new("\"triage\"");
    it.ran(Done, lacks(&["which anvil is it?"]));
    it.later(DAY).stands();
    it.said("bot", "the factory itself says something").stands();
    it.said("bob", "The large one.").ran(Done, lacks(&["how sharp?"])).differs().stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> done {"ready":false,"clarity":3,"missing":["which anvil is it?"]}
    triage: parked, again from 2026-06-02T13:01:00Z
        which anvil is it?
    (bot: the factory itself says something)
    triage: parked, again from 2026-06-02T13:01:00Z
        which anvil is it?
    (bob: The large one.)
    triage: `triage` 2.1, recovery -> done {"ready":false,"clarity":3,"missing":["how sharp?"]}
        - (nothing)
        + bob said, as data:
        +     The large one.
        + What was found amiss:
        + It was parked before, since this was missing:
        + - which anvil is it?
    triage: parked, again from 2026-06-03T13:07:00Z
        how sharp?
    "#);
}

#[test]
fn three_times_it_is_looked_at_again_and_then_a_person_does() {
    let mut it = Story::new("\"triage\"");
    for n in 1..=4 {
        it.ran(Done, lacks(&["which anvil is it?"]));
        if n < 4 {
            it.later(DAY).said("bob", "Have a look again.");
        }
    }
    it.stands().later(DAY).said("bob", "Have a look again.").stands();
    it.said("bob", "/retry").stands();
    it.said("ann", "/retry").ran(Done, ready()).stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> done {"ready":false,"clarity":3,"missing":["which anvil is it?"]}
    (bob: Have a look again.)
    triage: `triage` 2.1, recovery -> done {"ready":false,"clarity":3,"missing":["which anvil is it?"]}
    (bob: Have a look again.)
    triage: `triage` 3.1, recovery -> done {"ready":false,"clarity":3,"missing":["which anvil is it?"]}
    (bob: Have a look again.)
    triage: `triage` 4.1, recovery -> done {"ready":false,"clarity":3,"missing":["which anvil is it?"]}
    triage: A PERSON'S TURN: it was parked 4 times
        it was asked for: which anvil is it?
    (bob: Have a look again.)
    triage: A PERSON'S TURN: it was parked 4 times
        it was asked for: which anvil is it?
    (bob: /retry)
    triage: A PERSON'S TURN: it was parked 4 times
        it was asked for: which anvil is it?
    (ann: /retry)
    triage: `triage` 5.1, recovery -> done {"ready":true,"clarity":9,"missing":[]}
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn who_may_has_it_looked_at_again_at_once() {
    let mut it = Story::new("\"triage\"");
    it.ran(Done, lacks(&["which anvil is it?"]))
        .said("ann", "/retry")
        .ran(Done, lacks(&["how sharp?"]))
        .stands();
    it.said("ann", "/redo triage").ran(Done, ready()).stands();
    it.said("ann", "/redo triage").ran(Done, ready()).stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> done {"ready":false,"clarity":3,"missing":["which anvil is it?"]}
    (ann: /retry)
    triage: `triage` 2.1, recovery -> done {"ready":false,"clarity":3,"missing":["how sharp?"]}
    triage: parked, again from 2026-06-02T13:05:00Z
        how sharp?
    (ann: /redo triage)
    triage: `triage` 3.1, recovery -> done {"ready":true,"clarity":9,"missing":[]}
    implement: `implement` 1 is to be done
    (ann: /redo triage)
    triage: `triage` 3.1, recovery -> done {"ready":true,"clarity":9,"missing":[]}
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn a_triage_that_fails_goes_to_a_specialist_and_then_to_a_person() {
    let mut it = Story::new("\"triage\"");
    it.ran(Crashed, None).ran(NoVerdict, None).differs().ran(Crashed, None);
    let diagnosis = json!({ "severity": "P2", "root_cause": "It is in Latin.", "fixable": true, "guidance": "Read Latin." });
    it.ran(Done, Some(diagnosis)).reads_of(&["triage: "]);
    it.ran(Crashed, None).reads_of(&["A diagnosis"]).ran(Refused, None).stands();
    it.said("ann", "/retry").ran(Done, ready()).stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> crashed
    triage: `triage` 1.2 -> no verdict
        - (nothing)
        + - attempt 1: `crashed`: so it was
        + This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    triage: `triage` 1.3 -> crashed
    hitl: `diagnose` 1.1 -> done {"severity":"P2","root_cause":"It is in Latin.","fixable":true,"guidance":"Read Latin."}
        | triage: 3 attempts; the last: run 20260601-130400-000e3d50 of `smith` ended in `crashed`: so it was
    hitl: `triage-stuck` 1.1, diagnosis -> crashed
        | A diagnosis: P2: It is in Latin. Read Latin.
    hitl: `triage-stuck` 1.2, diagnosis -> refused
    triage: A PERSON'S TURN: triage got no further; `/retry` has it tried again
        `triage`, 3 attempts; the last: run 20260601-130400-000e3d50 of `smith` ended in `crashed`: so it was
        `diagnose` found: P2: It is in Latin. Read Latin.
        `triage-stuck`, run 20260601-131000-000b7890 of `smith` ended in `refused`: so it was
    (ann: /retry)
    triage: `triage` 1.1 -> done {"ready":true,"clarity":9,"missing":[]}
    implement: `implement` 1 is to be done
    "#);
}

/// A specialist's verdict counts like another: what it parks is parked.
#[test]
fn what_a_specialist_parks_is_parked() {
    let mut it = Story::new("\"triage\"");
    it.ran_times(3, &Crashed).ran_times(2, &Crashed);
    it.ran(Done, lacks(&["which anvil is it?"])).stands();
    it.later(DAY)
        .said("bob", "The large one.")
        .ran(Done, ready())
        .reads_of(&["It was parked", "which anvil"]);
    it.stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> crashed
    triage: `triage` 1.2 -> crashed
    triage: `triage` 1.3 -> crashed
    hitl: `diagnose` 1.1 -> crashed
    hitl: `diagnose` 1.2 -> crashed
    hitl: `triage-stuck` 1.1, what was tried -> done {"ready":false,"clarity":3,"missing":["which anvil is it?"]}
    triage: parked, again from 2026-06-02T13:11:00Z
        which anvil is it?
    (bob: The large one.)
    triage: `triage` 2.1, recovery -> done {"ready":true,"clarity":9,"missing":[]}
        | It was parked before, since this was missing:
        | - which anvil is it?
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn what_was_stopped_is_begun_again() {
    let mut it = Story::new("\"triage\"");
    it.ran(Cancelled, None).ran(Done, ready()).differs().stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> cancelled
    triage: `triage` 1.1 -> done {"ready":true,"clarity":9,"missing":[]}
        + This is attempt 1, run 2; the run before it ended in `cancelled`: so it was
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn where_nobody_triages_what_says_too_little_is_asked_back() {
    let mut it = Story::new("");
    it.edited("ann", "Hone it.").stands().untried();
    it.edited("ann", "Hone it. It should be sharp.").stands();
    insta::assert_snapshot!(it.told(), @r"
    (ann edits the text)
    triage: parked
        what is wanted, in at least 80 characters
        how one sees that it is done
    (ann edits the text)
    implement: `implement` 1 is to be done
    ");
}
