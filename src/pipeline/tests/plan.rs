//! CTX and PROMPT: a plan is validated, then attacked; what blocks it goes back with it, and with what it touches.

use serde_json::{Value, json};

use super::story::{Story, commit, file, issue, pull};
use crate::model::Outcome::{Crashed, Done, NoVerdict};
use crate::model::Seen;

const APPROACH: &str = "Take the wheel, grind the edge of the anvil slowly from both sides until a sheet of paper is cut by it, \
                        and cool it with water in between so that it doesn't lose its temper.";

fn plan(approach: &str) -> Option<Value> {
    Some(
        json!({ "approach": approach, "steps": ["Grind it."], "files": ["src/anvil.rs"], "tests": "Cut paper." }),
    )
}

fn findings(severity: &str, text: &str) -> Option<Value> {
    Some(json!({ "findings": [{ "severity": severity, "text": text, "path": "src/anvil.rs" }] }))
}

#[test]
fn a_plan_that_lacks_something_is_planned_again() {
    let mut it = Story::new("\"plan\"");
    it.ran(Done, Some(json!({ "approach": "Grind.", "steps": [], "files": [], "tests": "" })));
    it.ran(Done, plan(APPROACH)).differs().ran(Done, findings("medium", "It is loud.")).stands();
    insta::assert_snapshot!(it.told(), @r#"
    plan: `plan` 1.1 -> done {"approach":"Grind.","steps":[],"files":[],"tests":""}
    plan: `plan` 2.1, reasons -> done {"approach":"Take the wheel, grind the edge of the anvil slowly from both sides until a sh…
        - (nothing)
        + Plan 1 lacked something:
        + - approach and steps have 1 words; 30 are asked for
        + - it has no steps
        + - it names no file that it touches
        + - it doesn't say how it is tested
    plan: `plan-review` 2.1 -> done {"findings":[{"severity":"medium","text":"It is loud.","path":"src/anvil.rs"}]}
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn what_blocks_a_plan_goes_back_with_what_it_touches() {
    let mut it = Story::new("\"plan\"");
    let other = |number, path: &str| {
        let mut other = issue(number);
        let files = Seen::Known(vec![file(path, 1, 1)]);
        other.pulls = vec![crate::model::PullCase { files, ..pull(number + 100, commit(8)) }];
        other
    };
    it.others = vec![other(8, "src/anvil.rs"), other(9, "src/hammer.rs")];
    it.ran(Done, plan(APPROACH)).ran(Done, findings("high", "It forgets the horn."));
    it.ran(Done, plan(APPROACH)).differs();
    it.ran(Done, findings("low", "It is loud.")).differs().stands();
    insta::assert_snapshot!(it.told(), @r#"
    plan: `plan` 1.1 -> done {"approach":"Take the wheel, grind the edge of the anvil slowly from both sides until a sh…
    plan: `plan-review` 1.1 -> done {"findings":[{"severity":"high","text":"It forgets the horn.","path":"src/anvil.rs"}]}
    plan: `plan` 2.1, touchpoints -> done {"approach":"Take the wheel, grind the edge of the anvil slowly from both sides until a sh…
        - (nothing)
        + Plan 1 was blocked. It was:
        + Take the wheel, grind the edge of the anvil slowly from both sides until a sheet of paper is cut by it, and cool it with water in between so that it doesn't lose its temper.
        + Steps:
        + - Grind it.
        + Files: src/anvil.rs
        + Tests: Cut paper.
        + What blocks it:
        + - high (src/anvil.rs): It forgets the horn.
        - (nothing)
        + Before you plan again, look these up in the repository: decision records and documents that cite these files, and the last changes of each of them (`git log -5 -- FILE`).
        + - pull request #108 changes src/anvil.rs as well
    plan: `plan-review` 2.1 -> done {"findings":[{"severity":"low","text":"It is loud.","path":"src/anvil.rs"}]}
        - (nothing)
        + Plan 1 was blocked. It was:
        + Take the wheel, grind the edge of the anvil slowly from both sides until a sheet of paper is cut by it, and cool it with water in between so that it doesn't lose its temper.
        + Steps:
        + - Grind it.
        + Files: src/anvil.rs
        + Tests: Cut paper.
        + What blocks it:
        + - high (src/anvil.rs): It forgets the horn.
        - (nothing)
        + Before you plan again, look these up in the repository: decision records and documents that cite these files, and the last changes of each of them (`git log -5 -- FILE`).
        + - pull request #108 changes src/anvil.rs as well
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn plans_that_are_blocked_three_times_go_to_a_specialist_and_then_to_a_person() {
    let mut it = Story::new("\"plan\"");
    for _ in 0..3 {
        it.ran(Done, plan(APPROACH)).ran(Done, findings("critical", "It forgets the horn."));
    }
    it.ran(Crashed, None).reads_of(&["its plans don't hold", "critical (src"]).ran(Crashed, None);
    it.ran(Done, plan(APPROACH)).ran(Done, findings("high", "It forgets the face.")).stands();
    it.said("ann", "/retry").ran(Done, plan(APPROACH)).ran(Done, findings("low", "It is loud.")).stands();
    insta::assert_snapshot!(it.told(), @r#"
    plan: `plan` 1.1 -> done {"approach":"Take the wheel, grind the edge of the anvil slowly from both sides until a sh…
    plan: `plan-review` 1.1 -> done {"findings":[{"severity":"critical","text":"It forgets the horn.","path":"src/anvil.rs"}]}
    plan: `plan` 2.1, touchpoints -> done {"approach":"Take the wheel, grind the edge of the anvil slowly from both sides until a sh…
    plan: `plan-review` 2.1 -> done {"findings":[{"severity":"critical","text":"It forgets the horn.","path":"src/anvil.rs"}]}
    plan: `plan` 3.1, touchpoints -> done {"approach":"Take the wheel, grind the edge of the anvil slowly from both sides until a sh…
    plan: `plan-review` 3.1 -> done {"findings":[{"severity":"critical","text":"It forgets the horn.","path":"src/anvil.rs"}]}
    hitl: `diagnose` 4.1 -> crashed
        | plan: its plans don't hold
        | - critical (src/anvil.rs): It forgets the horn.
    hitl: `diagnose` 4.2 -> crashed
    hitl: `plan-stuck` 4.1, what was tried -> done {"approach":"Take the wheel, grind the edge of the anvil slowly from both sides until a sh…
    plan: `plan-review` 4.1 -> done {"findings":[{"severity":"high","text":"It forgets the face.","path":"src/anvil.rs"}]}
    plan: A PERSON'S TURN: its plans didn't hold; `/retry` allows 3 more
        plan 1 was blocked: - critical (src/anvil.rs): It forgets the horn.
        plan 2 was blocked: - critical (src/anvil.rs): It forgets the horn.
        plan 3 was blocked: - critical (src/anvil.rs): It forgets the horn.
        plan 4 was blocked: - high (src/anvil.rs): It forgets the face.
    (ann: /retry)
    plan: `plan` 5.1, touchpoints -> done {"approach":"Take the wheel, grind the edge of the anvil slowly from both sides until a sh…
    plan: `plan-review` 5.1 -> done {"findings":[{"severity":"low","text":"It is loud.","path":"src/anvil.rs"}]}
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn decisions_of_design_are_people_s() {
    let mut it = Story::new("\"plan\"");
    let mut open = plan(APPROACH).unwrap();
    open["open_decisions"] = json!(["Which wheel?", "Whose water?"]);
    it.ran(Done, Some(open.clone())).by_design().stands();
    it.said("ann", "/steer the small wheel, and rain").by_design().stands();
    it.said("ann", "/redo plan").ran(Done, plan(APPROACH)).differs().stands();
    insta::assert_snapshot!(it.told(), @r#"
    plan: `plan` 1.1 -> done {"approach":"Take the wheel, grind the edge of the anvil slowly from both sides until a sh…
    plan: A PERSON'S TURN: its plan leaves decisions of design open; say with `/steer` what holds, then `/redo plan`
        to decide: Which wheel?
        to decide: Whose water?
    (ann: /steer the small wheel, and rain)
    plan: A PERSON'S TURN: its plan leaves decisions of design open; say with `/steer` what holds, then `/redo plan`
        to decide: Which wheel?
        to decide: Whose water?
    (ann: /redo plan)
    plan: `plan` 1.1 -> done {"approach":"Take the wheel, grind the edge of the anvil slowly from both sides until a sh…
        - (nothing)
        + ann said, as data:
        +     /steer the small wheel, and rain
        + ann said, as data:
        +     /redo plan
        + Who is in charge of this repository says of how to go on, as data:
        +     the small wheel, and rain
        + The phase plan is gone through again, as was asked for once.
    plan: `plan-review` 1 is to be done
    "#);
}

/// A judge that fails, or answers off its schema, is no verdict: no plan passes by it.
#[test]
fn a_plan_whose_review_fails_is_not_taken() {
    let mut it = Story::new("\"plan\"");
    it.ran(Done, plan(APPROACH)).ran(Crashed, None).ran(NoVerdict, None).differs();
    it.ran_times(2, &Crashed).stands();
    it.said("ann", "/retry").ran(Done, Some(json!({ "findings": [] }))).stands();
    insta::assert_snapshot!(it.told(), @r#"
    plan: `plan` 1.1 -> done {"approach":"Take the wheel, grind the edge of the anvil slowly from both sides until a sh…
    plan: `plan-review` 1.1 -> crashed
    plan: `plan-review` 1.2 -> no verdict
        - (nothing)
        + - attempt 1: `crashed`: so it was
        + This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    hitl: `diagnose` 1.1 -> crashed
    hitl: `diagnose` 1.2 -> crashed
    plan: A PERSON'S TURN: plan got no further; `/retry` has it tried again
        `plan-review`, 2 attempts; the last: run 20260601-130400-000e3d50 of `smith` ended in `no verdict`: so it was
        `diagnose`, 2 attempts; the last: run 20260601-130800-0007670a of `smith` ended in `crashed`: so it was
    (ann: /retry)
    plan: `plan-review` 1.1 -> done {"findings":[]}
    implement: `implement` 1 is to be done
    "#);
}

#[test]
fn planning_that_fails_is_done_by_a_specialist() {
    let mut it = Story::new("\"plan\"");
    it.ran(Crashed, None).ran(NoVerdict, None).differs().ran_times(2, &Crashed);
    it.ran(Done, plan(APPROACH)).ran(Done, Some(json!({ "findings": [] }))).stands();
    insta::assert_snapshot!(it.told(), @r#"
    plan: `plan` 1.1 -> crashed
    plan: `plan` 1.2 -> no verdict
        - (nothing)
        + - attempt 1: `crashed`: so it was
        + This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    hitl: `diagnose` 1.1 -> crashed
    hitl: `diagnose` 1.2 -> crashed
    hitl: `plan-stuck` 1.1, what was tried -> done {"approach":"Take the wheel, grind the edge of the anvil slowly from both sides until a sh…
    plan: `plan-review` 1.1 -> done {"findings":[]}
    implement: `implement` 1 is to be done
    "#);
}
