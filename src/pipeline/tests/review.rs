//! CTX: what is amiss with a pull request goes back with what showed it, and the next head is judged anew.

use serde_json::{Value, json};

use super::story::{Story, check, commit, config, pull};
use crate::model::CheckIs::{Failed, Running};
use crate::model::Outcome::{Crashed, Done, NoChange, NoVerdict};
use crate::model::{CheckSeen, Mergeable, PullCase, Seen};

fn compliance(gaps: &[&str]) -> Option<Value> {
    Some(json!({ "compliant": gaps.is_empty(), "gaps": gaps }))
}

fn findings(all: &[(&str, &str)]) -> Option<Value> {
    let of = |(severity, text): &(&str, &str)| json!({ "severity": severity, "text": text, "path": "src/anvil.rs" });
    Some(json!({ "findings": all.iter().map(of).collect::<Vec<_>>() }))
}

/// An issue with an open pull request, under review where a phase says so.
fn story(phases: &str) -> Story {
    let mut it = Story::new(phases);
    it.case.pulls.push(pull(20, commit(200)));
    it
}

const REVIEW: &str = "\"review\"";

fn red() -> Seen<Vec<CheckSeen>> {
    let says = "running 3 tests\nthe horn is blunt".to_owned();
    Seen::Known(vec![CheckSeen { says, ..check("ci", Failed) }])
}

#[test]
fn what_is_missing_goes_back_and_the_next_head_is_judged_anew() {
    let mut it = story(REVIEW);
    it.ran(Done, compliance(&["The horn is blunt."]));
    it.ran(Done, None).reads_of(&["not there", "The horn"]).moved();
    it.ran(Done, compliance(&[])).differs().ran(Done, findings(&[])).stands();
    insta::assert_snapshot!(it.told(), @r#"
    review: `spec-review` 1.1 -> done {"compliant":false,"gaps":["The horn is blunt."]}
    review: the author says of #20 that c8c8c8c8c8 doesn't pass: commented
    review: `rework` 1.1, spec gaps -> done
        | What is asked for and is not there:
        | - The horn is blunt.
    review: #20 goes from c8c8c8c8c8 to 0202020202
    review: `spec-review` 2.1 -> done {"compliant":true,"gaps":[]}
        - At c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8:
        + At 0202020202020202020202020202020202020202:
    review: `quality-review` 1.1 -> done {"findings":[]}
    review: the author says of #20 that 0202020202 passes: commented
    merge: merges #20 at 0202020202
    "#);
}

#[test]
fn from_the_second_round_on_only_new_findings_count() {
    let mut it = story(REVIEW);
    it.ran(Done, compliance(&[]))
        .ran(Done, findings(&[("high", "The horn is blunt."), ("low", "It is loud.")]));
    it.ran(Done, None).reads_of(&["blunt", "loud"]).moved();
    it.ran(Done, compliance(&[]))
        .ran(Done, findings(&[("high", "the horn is BLUNT"), ("high", "The face is bent.")]));
    it.ran(Done, None).reads_of(&["blunt", "BLUNT", "bent"]).differs().moved();
    it.ran(Done, compliance(&[]))
        .ran(Done, findings(&[("critical", "The horn is blunt."), ("high", "The face is bent.")]));
    it.stands();
    insta::assert_snapshot!(it.told(), @r#"
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
    review: `quality-review` 1.1 -> done {"findings":[{"severity":"high","text":"The horn is blunt.","path":"src/anvil.rs"},{"sever…
    review: the author says of #20 that c8c8c8c8c8 doesn't pass: commented
    review: `rework` 1.1, findings -> done
        |     The anvil is blunt. It should be sharp, so that whoever strikes on it sees a clean edge on the iron.
        | - high (src/anvil.rs): The horn is blunt.
    review: #20 goes from c8c8c8c8c8 to 0303030303
    review: `spec-review` 2.1 -> done {"compliant":true,"gaps":[]}
    review: `quality-review` 2.1 -> done {"findings":[{"severity":"high","text":"the horn is BLUNT","path":"src/anvil.rs"},{"severi…
    review: the author says of #20 that 0303030303 doesn't pass: commented
    review: `rework` 2.1, findings -> done
        |     The anvil is blunt. It should be sharp, so that whoever strikes on it sees a clean edge on the iron.
        | - high (src/anvil.rs): The face is bent.
        - At c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8:
        + At 0303030303030303030303030303030303030303:
        - - high (src/anvil.rs): The horn is blunt.
        + - high (src/anvil.rs): The face is bent.
    review: #20 goes from 0303030303 to 0606060606
    review: `spec-review` 3.1 -> done {"compliant":true,"gaps":[]}
    review: `quality-review` 3.1 -> done {"findings":[{"severity":"critical","text":"The horn is blunt.","path":"src/anvil.rs"},{"s…
    review: the author says of #20 that 0606060606 passes: commented
    merge: merges #20 at 0606060606
    "#);
}

#[test]
fn a_judge_without_a_verdict_approves_nothing() {
    for off in [NoVerdict, Crashed] {
        let mut it = story(REVIEW);
        it.ran(off.clone(), None).ran(off.clone(), None).differs();
        // The judge is asked once more, told of a diagnosis.
        let diagnosis =
            json!({ "severity": "P3", "root_cause": "It is tired.", "fixable": true, "guidance": "Rest." });
        it.ran(Done, Some(diagnosis))
            .ran(off.clone(), None)
            .reads_of(&["It is tired"])
            .ran(off, None)
            .stands();
        assert!(
            it.told().contains("A PERSON'S TURN") && !it.told().contains("review-stuck"),
            "{}",
            it.told()
        );
    }
    let mut it = story(REVIEW);
    it.ran(Done, Some(json!({ "fine": "yes" }))).by_design().stands();
    insta::assert_snapshot!(it.told(), @r#"
    review: `spec-review` 1.1 -> done {"fine":"yes"}
    review: A PERSON'S TURN: `spec-review` gave no verdict
    "#);
}

#[test]
fn a_red_check_is_repaired_with_what_it_printed_and_not_for_ever() {
    let mut it = story("");
    it.pull("ci fails", |pull| pull.checks = red());
    it.ran(Crashed, None).reads_of(&["the horn", "git log", "failed at"]).ran(Done, None).differs().moved();
    it.pull("ci runs", |pull| pull.checks = Seen::Known(vec![check("ci", Running)])).stands();
    it.pull("ci fails", |pull| pull.checks = red()).ran(Done, None).differs().moved();
    let diagnosis = json!({ "severity": "P1", "root_cause": "The wheel is gone.", "fixable": true, "guidance": "Get another." });
    it.pull("ci fails", |pull| pull.checks = red()).ran(Done, Some(diagnosis));
    it.reads_of(&["it didn't hold"]).ran(Done, None).reads_of(&["A diagnosis"]).moved();
    it.pull("ci fails", |pull| pull.checks = red()).stands();
    it.said("ann", "/retry").ran(Done, None).moved().stands();
    insta::assert_snapshot!(it.told(), @r#"
    (ci fails)
    review: `repair-checks` 1.1, transcript, last commits -> crashed
        | The check `ci` failed at c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8; it says, as data:
        |     the horn is blunt
        | What the last three commits changed is in the repository: `git log -3 -p`. Find which of them broke it, and why, before you change anything.
    review: `repair-checks` 1.2, transcript, last commits -> done
        - (nothing)
        + - attempt 1: `crashed`: so it was
        + This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    review: #20 goes from c8c8c8c8c8 to 0202020202
    (ci runs)
    merge: waits for #20 to be ready to land, for 65 minutes now: at 0202020202 something is missing; it needs the check `ci` to end
    (ci fails)
    review: `repair-checks` 2.1, transcript, last commits -> done
        - At c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8:
        + At 0202020202020202020202020202020202020202:
        - The check `ci` failed at c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8; it says, as data:
        + The check `ci` failed at 0202020202020202020202020202020202020202; it says, as data:
        - - attempt 1: `crashed`: so it was
        + (nothing)
        - This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    review: #20 goes from 0202020202 to 0303030303
    (ci fails)
    hitl: `diagnose` 3.1 -> done {"severity":"P1","root_cause":"The wheel is gone.","fixable":true,"guidance":"Get another.…
        | review: `repair-checks` was played 2 times, and it didn't hold
    hitl: `review-stuck` 3.1, diagnosis -> done
        | A diagnosis: P1: The wheel is gone. Get another.
    review: #20 goes from 0303030303 to 0505050505
    (ci fails)
    review: A PERSON'S TURN: `repair-checks` was played 2 times, then `review-stuck`, and something is amiss still; `/retry` goes on
        `repair-checks` at c8c8c8c8c8: run 20260601-130000-0001a0d1 ended in `crashed`: so it was
        `repair-checks` at c8c8c8c8c8: run 20260601-130200-000ea21c ended in `done`: so it was
        `repair-checks` at 0202020202: run 20260601-130500-000e3d50 ended in `done`: so it was
        `diagnose` at 0303030303: run 20260601-130800-00084633 ended in `done`: P1: The wheel is gone. Get another.
        `review-stuck` at 0303030303: run 20260601-131000-0007670a ended in `done`: so it was
        The check `ci` failed at 0505050505050505050505050505050505050505; it says, as data:
            running 3 tests
            the horn is blunt
    (ann: /retry)
    review: `repair-checks` 3.1, transcript, last commits -> done
    review: #20 goes from 0505050505 to 0606060606
    merge: merges #20 at 0606060606
    "#);
}

#[test]
fn a_repair_that_fails_goes_to_a_specialist_and_then_to_a_person() {
    let mut it = story("");
    it.pull("ci fails", |pull| pull.checks = red()).ran_times(2, &Crashed);
    let diagnosis = json!({ "severity": "P1", "root_cause": "The wheel is gone.", "fixable": true, "guidance": "Get another." });
    it.ran(Done, Some(diagnosis.clone())).reads_of(&["review: ", "the horn"]);
    it.ran(NoChange, None).reads_of(&["A diagnosis"]).stands();
    it.said("ann", "/retry")
        .ran_times(2, &Crashed)
        .differs()
        .ran(Done, Some(diagnosis))
        .ran(Done, None)
        .moved();
    insta::assert_snapshot!(it.told(), @r#"
    (ci fails)
    review: `repair-checks` 1.1, transcript, last commits -> crashed
    review: `repair-checks` 1.2, transcript, last commits -> crashed
    hitl: `diagnose` 1.1 -> done {"severity":"P1","root_cause":"The wheel is gone.","fixable":true,"guidance":"Get another.…
        | review: 2 attempts; the last: run 20260601-130200-000ea21c of `smith` ended in `crashed`: so it was
        |     the horn is blunt
    hitl: `review-stuck` 1.1, diagnosis -> no change
        | A diagnosis: P1: The wheel is gone. Get another.
    review: A PERSON'S TURN: nobody mended it; `/retry` has it tried again
        `repair-checks`, 2 attempts; the last: run 20260601-130200-000ea21c of `smith` ended in `crashed`: so it was
        `diagnose` found: P1: The wheel is gone. Get another.
        `review-stuck`: so it was
        The check `ci` failed at c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8; it says, as data:
            running 3 tests
            the horn is blunt
    (ann: /retry)
    review: `repair-checks` 1.1, transcript, last commits -> crashed
    review: `repair-checks` 1.2, transcript, last commits -> crashed
        - (nothing)
        + - attempt 1: `crashed`: so it was
        + This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    hitl: `diagnose` 1.1 -> done {"severity":"P1","root_cause":"The wheel is gone.","fixable":true,"guidance":"Get another.…
    hitl: `review-stuck` 1.1, diagnosis -> done
    review: #20 goes from c8c8c8c8c8 to 0808080808
    "#);
}

#[test]
fn who_repairs_nothing_says_why() {
    let mut it = story("");
    it.pull("ci fails", |pull| pull.checks = red()).ran_times(3, &NoChange).stands();
    insta::assert_snapshot!(it.told(), @r"
    (ci fails)
    review: `repair-checks` 1.1, transcript, last commits -> no change
    review: `repair-checks` 1.1, transcript, last commits -> no change
    hitl: `diagnose` 1.1 -> no change
    hitl: `review-stuck` 1 is to be done
    ");
}

/// Each reason has a cap of its own, and all of them together have one.
#[test]
fn it_goes_back_so_often_whatever_for() {
    let mut it = Story::of(config("", "route-backs 2"));
    it.case.pulls.push(pull(20, commit(200)));
    it.pull("ci fails", |pull| pull.checks = red()).ran(Done, None).moved();
    let conflicts = |pull: &mut PullCase| {
        (pull.mergeable, pull.checks) = (Mergeable::Conflicts, Seen::Known(vec![check("ci", Running)]));
    };
    it.pull("it conflicts", conflicts).ran(Done, None).moved();
    it.pull("ci fails", |pull| (pull.mergeable, pull.checks) = (Mergeable::Yes, red())).stands();
    it.said("ann", "/retry").ran(Done, None).moved().stands();
    insta::assert_snapshot!(it.told(), @r"
    (ci fails)
    review: `repair-checks` 1.1, transcript, last commits -> done
    review: #20 goes from c8c8c8c8c8 to 0101010101
    (it conflicts)
    review: `resolve-conflict` 1.1, conflict -> done
    review: #20 goes from 0101010101 to 0202020202
    (ci fails)
    review: A PERSON'S TURN: it went back to an agent 2 times, of 2 (route-backs, factory.kdl:4), and something is amiss still; `/retry` goes on
        `repair-checks` at c8c8c8c8c8: run 20260601-130000-0001a0d1 ended in `done`: so it was
        `resolve-conflict` at 0101010101: run 20260601-130300-000ea21c ended in `done`: so it was
        The check `ci` failed at 0202020202020202020202020202020202020202; it says, as data:
            running 3 tests
            the horn is blunt
    (ann: /retry)
    review: `repair-checks` 2.1, transcript, last commits -> done
    review: #20 goes from 0202020202 to 0303030303
    merge: merges #20 at 0303030303
    ");
}

/// What was taken out of the base doesn't land again with what was built on it.
#[test]
fn what_has_what_was_taken_out_of_its_base_is_made_anew_once() {
    let mut it = story("");
    it.pull("its base is put back", |pull| pull.carries = Seen::Unknown).stands();
    let carries = |pull: &mut PullCase| pull.carries = Seen::Known(commit(9));
    it.pull("and looked at", carries).is_kept_by();
    it.ran(Done, None).reads_of(&["Begin from scratch"]).moved();
    let carries_more = |pull: &mut PullCase| pull.carries = Seen::Known(commit(8));
    it.pull("its base is put back further", carries_more).ran(Done, None).moved();
    it.pull("it has the first one after all", carries).stands();
    insta::assert_snapshot!(it.told(), @r"
    (its base is put back)
    review: waits for a complete reading of what was taken out of `main`
    (and looked at)
        ! taken-out: it has 0909090909, which `main` had once and has no more; it needs to be made without that
    review: `implement` 1.1, a fresh branch -> done
        | What was made before, in #20, is built on 0909090909090909090909090909090909090909, which was taken out of `main` since. Begin from scratch, on what is checked out.
    review: #20 goes from c8c8c8c8c8 to 0101010101
    (its base is put back further)
    review: `implement` 1.1, a fresh branch -> done
    review: #20 goes from 0101010101 to 0202020202
    (it has the first one after all)
    review: A PERSON'S TURN: it has 0909090909, which was taken out of `main`, and it was made anew before; `/retry` has it tried again
        made anew: run 20260601-130000-0001a0d1 ended in `done`: so it was
    ");
}

/// Three attempts, a specialist, the whole work on a fresh branch, and only then a person.
#[test]
fn what_nobody_resolves_is_made_anew_once() {
    let mut it = story("");
    let conflicts = |pull: &mut PullCase| pull.mergeable = Mergeable::Conflicts;
    it.pull("its base moves on", conflicts);
    it.ran(NoChange, None).ran(NoChange, None).differs().ran(NoChange, None).differs();
    it.ran(Crashed, None).ran(Crashed, None).ran(NoChange, None);
    it.ran(Crashed, None).reads_of(&["Begin from scratch", "review-stuck"]).ran(Done, None).differs().moved();
    it.pull("its base moves on again", conflicts);
    it.ran_times(3, &Crashed).ran_times(2, &Crashed).ran_times(2, &Crashed).stands();
    insta::assert_snapshot!(it.told(), @r"
    (its base moves on)
    review: `resolve-conflict` 1.1, conflict -> no change
    review: `resolve-conflict` 1.1, conflict -> no change
        - (nothing)
        + It was given up before. What was tried:
        + - `resolve-conflict`, run 20260601-130000-0001a0d1 changed nothing and said: so it was
    review: `resolve-conflict` 1.1, conflict -> no change
        + - `resolve-conflict`, run 20260601-130200-000ea21c changed nothing and said: so it was
    hitl: `diagnose` 1.1 -> crashed
    hitl: `diagnose` 1.2 -> crashed
    hitl: `review-stuck` 1.1, what was tried -> no change
    review: `implement` 1.1, a fresh branch -> crashed
        | What was made before, in #20, conflicts with `main`, and nobody could resolve that. Begin from scratch, on what is checked out. What was tried:
        | - `review-stuck`: so it was
    review: `implement` 1.2, a fresh branch -> done
        - (nothing)
        + - attempt 1: `crashed`: so it was
        + This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    review: #20 goes from c8c8c8c8c8 to 0808080808
    (its base moves on again)
    review: `resolve-conflict` 2.1, conflict -> crashed
    review: `resolve-conflict` 2.2, conflict -> crashed
    review: `resolve-conflict` 2.3, conflict -> crashed
    hitl: `diagnose` 2.1 -> crashed
    hitl: `diagnose` 2.2 -> crashed
    hitl: `review-stuck` 2.1, what was tried -> crashed
    hitl: `review-stuck` 2.2, what was tried -> crashed
    review: A PERSON'S TURN: nobody resolved its conflicts, and it was made anew before; `/retry` has it tried again
        `resolve-conflict`, 3 attempts; the last: run 20260601-132100-000384ee of `smith` ended in `crashed`: so it was
        `diagnose`, 2 attempts; the last: run 20260601-132500-00044b8c of `smith` ended in `crashed`: so it was
        `review-stuck`, 2 attempts; the last: run 20260601-132900-0000f7c5 of `smith` ended in `crashed`: so it was
        made anew: run 20260601-131200-0006f328 ended in `crashed`: so it was
        made anew: run 20260601-131400-000783b5 ended in `done`: so it was
    ");
}

/// Who says that it is resolved, and it isn't, gets as far as who can't resolve it.
#[test]
fn what_is_resolved_again_and_again_in_vain_is_made_anew() {
    let mut it = story("");
    let conflicts = |pull: &mut PullCase| pull.mergeable = Mergeable::Conflicts;
    for _ in 0..3 {
        it.pull("it conflicts", conflicts).ran(Done, None).moved();
    }
    it.pull("it conflicts", conflicts)
        .ran(Done, None)
        .reads_of(&["Begin from scratch", "was played"])
        .moved();
    it.pull("it conflicts", conflicts).stands();
    insta::assert_snapshot!(it.told(), @r"
    (it conflicts)
    review: `resolve-conflict` 1.1, conflict -> done
    review: #20 goes from c8c8c8c8c8 to 0101010101
    (it conflicts)
    review: `resolve-conflict` 2.1, conflict -> done
    review: #20 goes from 0101010101 to 0202020202
    (it conflicts)
    review: `resolve-conflict` 3.1, conflict -> done
    review: #20 goes from 0202020202 to 0303030303
    (it conflicts)
    review: `implement` 1.1, a fresh branch -> done
        | What was made before, in #20, conflicts with `main`, and nobody could resolve that. Begin from scratch, on what is checked out. What was tried:
        | - `resolve-conflict` was played 3 times
    review: #20 goes from 0303030303 to 0404040404
    (it conflicts)
    review: A PERSON'S TURN: nobody resolved its conflicts, and it was made anew before; `/retry` has it tried again
        `resolve-conflict` was played 3 times
        made anew: run 20260601-130900-00084633 ended in `done`: so it was
    ");
}

#[test]
fn a_conflict_is_resolved() {
    let mut it = story("");
    it.pull("its base moves on", |pull| pull.mergeable = Mergeable::Conflicts);
    it.ran(Crashed, None).reads_of(&["git merge"]).ran(Done, None).differs().moved().stands();
    insta::assert_snapshot!(it.told(), @r"
    (its base moves on)
    review: `resolve-conflict` 1.1, conflict -> crashed
        | It conflicts with `main`, which is at 0000000000000000000000000000000000000000. Merge that commit into the branch that is checked out (`git merge 0000000000000000000000000000000000000000`; it is there…
    review: `resolve-conflict` 1.2, conflict -> done
        - (nothing)
        + - attempt 1: `crashed`: so it was
        + This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    review: #20 goes from c8c8c8c8c8 to 0202020202
    merge: merges #20 at 0202020202
    ");
}
