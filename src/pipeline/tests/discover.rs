//! CTX: a brief that isn't whole is asked for again with new questions.

use serde_json::{Value, json};

use super::story::Story;
use crate::model::Outcome::{Crashed, Done};

/// It is ready, and nobody knows what is meant.
fn unclear() -> Option<Value> {
    Some(json!({ "ready": true, "clarity": 4, "missing": [] }))
}

const PROBLEM: &str = "Whoever strikes on the anvil sees no clean edge on the iron.";

/// A brief.
fn brief(problem: &str, criteria: &[&str], confidence: u32, queries: &[&str]) -> Option<Value> {
    Some(json!({ "problem": problem, "criteria": criteria, "confidence": confidence, "queries": queries }))
}

/// A brief that is whole, but for the questions that it looked into.
fn whole(queries: &[&str]) -> Option<Value> {
    brief(PROBLEM, &["The edge is clean."], 80, queries)
}

fn story() -> Story {
    let mut it = Story::new("\"triage\" \"discover\"");
    it.ran(Done, unclear());
    it
}

#[test]
fn a_brief_that_is_not_whole_is_asked_for_with_new_questions() {
    let mut it = story();
    it.ran(Done, brief(PROBLEM, &["The edge is clean."], 30, &["Which anvil?"]));
    it.ran(Done, whole(&["Whose?", "How sharp?", "By when?"])).differs().stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> done {"ready":true,"clarity":4,"missing":[]}
    discover: `discover` 1.1 -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":["The…
    discover: `discover` 2.1, queries -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":["The…
        - (nothing)
        + Brief 1 was not whole:
        + - it is sure by 30 of 100 only, and 60 are asked for
        - (nothing)
        + Ask yourself what a third more of confidence would need, write down at least 3 questions that were not looked into yet (`queries`), and look into them first. Those that were:
        + - Which anvil?
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn each_thing_that_a_brief_lacks_is_told() {
    let lacking = [
        ("says too little", brief("Blunt.", &["The edge is clean."], 80, &[])),
        ("no criterion", brief(PROBLEM, &[], 80, &[])),
        ("not sure", brief(PROBLEM, &["The edge is clean."], 59, &[])),
    ];
    let tell = |(what, brief): (&str, Option<Value>)| {
        let mut it = story();
        it.ran(Done, brief).ran(Done, whole(&["a?", "b?", "c?"])).reads_of(&[
            "- it says",
            "- it has no",
            "- it is sure",
        ]);
        format!("{what}:\n{}", it.told())
    };
    insta::assert_snapshot!(lacking.map(tell).concat(), @r#"
    says too little:
    triage: `triage` 1.1 -> done {"ready":true,"clarity":4,"missing":[]}
    discover: `discover` 1.1 -> done {"problem":"Blunt.","criteria":["The edge is clean."],"confidence":80,"queries":[]}
    discover: `discover` 2.1, queries -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":["The…
        | - it says too little of what is wanted, and for whom
    no criterion:
    triage: `triage` 1.1 -> done {"ready":true,"clarity":4,"missing":[]}
    discover: `discover` 1.1 -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":[],"c…
    discover: `discover` 2.1, queries -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":["The…
        | - it has no criterion by which one sees that it is done
    not sure:
    triage: `triage` 1.1 -> done {"ready":true,"clarity":4,"missing":[]}
    discover: `discover` 1.1 -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":["The…
    discover: `discover` 2.1, queries -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":["The…
        | - it is sure by 59 of 100 only, and 60 are asked for
    "#);
}

#[test]
fn three_questions_have_to_be_new_also_where_there_were_none_before() {
    let mut it = story();
    it.ran(Done, brief(PROBLEM, &["The edge is clean."], 30, &[]));
    it.ran(Done, whole(&["Which anvil?", "which anvil? ", "Whose?"])).differs();
    it.ran(Done, whole(&["By when?", "How sharp?", "By whom?"])).differs().stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> done {"ready":true,"clarity":4,"missing":[]}
    discover: `discover` 1.1 -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":["The…
    discover: `discover` 2.1, queries -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":["The…
        - (nothing)
        + Brief 1 was not whole:
        + - it is sure by 30 of 100 only, and 60 are asked for
        - (nothing)
        + Ask yourself what a third more of confidence would need, write down at least 3 questions that were not looked into yet (`queries`), and look into them first. Those that were:
    discover: `discover` 3.1, queries -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":["The…
        - Brief 1 was not whole:
        - - it is sure by 30 of 100 only, and 60 are asked for
        + Brief 2 was not whole:
        + - it looked into 2 new questions, and 3 were asked for
        + - Which anvil?
        + - which anvil?
        + - Whose?
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn briefs_that_are_not_whole_go_to_a_specialist_and_then_to_a_person() {
    let mut it = story();
    it.ran(Done, brief(PROBLEM, &[], 30, &["Which anvil?"]));
    it.ran(Done, brief(PROBLEM, &[], 40, &["Which anvil?"]));
    it.ran(Done, brief(PROBLEM, &[], 50, &["Whose?", "How sharp?", "By when?"])).differs();
    it.ran(Crashed, None).ran(Crashed, None);
    it.ran(Done, brief(PROBLEM, &[], 70, &["Who saw it?", "Since when?", "With what?"])).stands();
    it.said("ann", "/retry").ran(Done, whole(&["What for?", "By whom?", "Where?"])).stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> done {"ready":true,"clarity":4,"missing":[]}
    discover: `discover` 1.1 -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":[],"c…
    discover: `discover` 2.1, queries -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":[],"c…
    discover: `discover` 3.1, queries -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":[],"c…
        - Brief 1 was not whole:
        + Brief 2 was not whole:
        - - it is sure by 30 of 100 only, and 60 are asked for
        + - it is sure by 40 of 100 only, and 60 are asked for
        + - it looked into 0 new questions, and 3 were asked for
        + - Which anvil?
    hitl: `diagnose` 4.1 -> crashed
    hitl: `diagnose` 4.2 -> crashed
    hitl: `discover-stuck` 4.1, what was tried -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":[],"c…
    discover: A PERSON'S TURN: its briefs were not whole; `/retry` allows 3 more
        the last brief: it has no criterion by which one sees that it is done
    (ann: /retry)
    discover: `discover` 5.1, queries -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":["The…
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn a_discovery_that_fails_is_done_by_a_specialist() {
    let mut it = story();
    it.ran(Crashed, None).ran(Crashed, None).differs().ran(Crashed, None).ran_times(2, &Crashed);
    it.ran(Done, whole(&[])).stands();
    insta::assert_snapshot!(it.told(), @r#"
    triage: `triage` 1.1 -> done {"ready":true,"clarity":4,"missing":[]}
    discover: `discover` 1.1 -> crashed
    discover: `discover` 1.2 -> crashed
        - (nothing)
        + - attempt 1: `crashed`: so it was
        + This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    discover: `discover` 1.3 -> crashed
    hitl: `diagnose` 1.1 -> crashed
    hitl: `diagnose` 1.2 -> crashed
    hitl: `discover-stuck` 1.1, what was tried -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":["The…
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn what_says_too_little_is_confirmed_by_its_author() {
    let mut it = Story::new("\"discover\"");
    it.edited("ann", "Hone it.").ran(Done, whole(&[])).stands();
    it.said("ann", "/retry").stands();
    insta::assert_snapshot!(it.told(), @r#"
    (ann edits the text)
    discover: `discover` 1.1 -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":["The…
    discover: parked
        is this what is meant? Put what holds into the text of the issue, or say `/retry` to go on with it
        [ ] The edge is clean.
    (ann: /retry)
    implement: `implement` 1 is to be done
    "#);
}

/// Who asks is somebody who may; what was meant its author knows, whatever they may.
#[test]
fn an_author_who_may_not_steer_confirms_what_was_drafted_and_nobody_else_does() {
    let mut it = Story::new("\"discover\"");
    it.then("bob wrote it", |case| case.author = "bob".to_owned());
    it.edited("ann", "Hone it.").ran(Done, whole(&[])).stands().comments();
    it.said("eve", "/retry").stands();
    it.said("bob", "/retry").stands();
    insta::assert_snapshot!(it.told(), @r#"
    (bob wrote it)
    (ann edits the text)
    discover: `discover` 1.1 -> done {"problem":"Whoever strikes on the anvil sees no clean edge on the iron.","criteria":["The…
    discover: parked
        is this what is meant? Put what holds into the text of the issue, or say `/retry` to go on with it
        [ ] The edge is clean.
        > **This waits for its author.** Missing:
        > - is this what is meant? Put what holds into the text of the issue, or say '/retry' to go on with it
        > - The edge is clean.
        > What its author changes in the text is worked on once somebody who may has asked for it again.
    (eve: /retry)
    discover: parked
        is this what is meant? Put what holds into the text of the issue, or say `/retry` to go on with it
        [ ] The edge is clean.
    (bob: /retry)
    implement: `implement` 1 is to be done
    "#);
}
