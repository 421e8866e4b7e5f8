//! What lands, what came of it, and what never does.

use jiff::SignedDuration;
use serde_json::json;

use super::super::{has_its_turn, projection, station};
use super::story::{Story, check, commit, load, pull};
use crate::model::Outcome::{Crashed, Done};
use crate::model::{CheckIs, Landed, PullCase, Seen, ThreadSeen};

fn story() -> Story {
    let mut it = Story::new("");
    it.case.pulls.push(pull(20, commit(200)));
    it
}

fn landed(pull: &mut PullCase, by: &str, tree: &str) {
    pull.open = false;
    // What landed is on the base, and not on the branch.
    pull.behind = Some(1);
    let (at, by, tree) = (pull.opened, Some(by.to_owned()), Some(tree.to_owned()));
    pull.landed = Some(Landed { at, by, commit: Some(commit(99)), tree, checks: Seen::Unknown });
}

#[test]
fn what_was_made_lands() {
    let mut it = Story::new("");
    it.ran(Crashed, None).ran(Done, None).differs().moved().stands().moved().stands();
    insta::assert_snapshot!(it.told(), @r"
    implement: `implement` 1.1 -> crashed
    implement: `implement` 1.2 -> done
        - (nothing)
        + - attempt 1: `crashed`: so it was
        + This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    implement: opens a pull request with 0202020202
    merge: merges #20 at 0202020202
    merge: merges #20 at 0202020202
    merge: done: #20 was merged by bot
    ");
}

#[test]
fn another_tree_than_the_tested_one_stops_the_line() {
    let mut it = story();
    it.pull("the factory merges it", |pull| landed(pull, "bot", "another tree")).by_design().stands();
    it.said("ann", "/retry").stands();
    let mut other = story();
    other.pull("ann merges it", |pull| landed(pull, "ann", "another tree")).stands();
    insta::assert_snapshot!(format!("{}{}", it.told(), other.told()), @r"
    (the factory merges it)
    merge: A PERSON'S TURN: what landed with #20 is not what was tested: its tree is another tree, and that of c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8 is tree of c8c8c8c8c8; nothing more is merged before somebody looked at it and says `/retry`
    (ann: /retry)
    merge: done: #20 was merged by bot
    (ann merges it)
    merge: done: #20 was merged by ann
    ");
}

#[test]
fn a_closing_undoes_what_was_to_be_tried_again_before_it() {
    let mut it = story();
    it.said("ann", "/retry").later(SignedDuration::from_mins(5));
    it.pull("ann closes it", |pull| pull.open = false).by_design().stands();
    it.said("ann", "/retry").stands();
    insta::assert_snapshot!(it.told(), @r"
    (ann: /retry)
    (ann closes it)
    merge: A PERSON'S TURN: #20 was closed without being merged, which is a decision; `/retry` begins anew
    (ann: /retry)
    implement: `implement` 1 is to be done
    ");
}

#[test]
fn a_branch_that_fell_behind_takes_in_its_base_first() {
    let mut it = story();
    it.pull("its base moves on", |pull| pull.behind = Some(2)).moved().stands();
    insta::assert_snapshot!(it.told(), @r"
    (its base moves on)
    merge: #20 takes in its base, from c8c8c8c8c8
    merge: merges #20 at 3232323232
    ");
}

#[test]
fn a_branch_that_falls_behind_again_and_again_is_a_persons() {
    let mut it = story();
    for _ in 0..5 {
        it.pull("its base moves on", |pull| pull.behind = Some(2)).moved();
    }
    it.pull("its base moves on", |pull| pull.behind = Some(2)).by_design().stands();
    it.said("ann", "/retry").moved().stands();
    insta::assert_snapshot!(it.told(), @r"
    (its base moves on)
    merge: #20 takes in its base, from c8c8c8c8c8
    (its base moves on)
    merge: #20 takes in its base, from 3232323232
    (its base moves on)
    merge: #20 takes in its base, from 3232323232
    (its base moves on)
    merge: #20 takes in its base, from 3232323232
    (its base moves on)
    merge: #20 takes in its base, from 3232323232
    (its base moves on)
    merge: A PERSON'S TURN: the branch of #20 was brought up to its base 5 times, and 5 are allowed (factory.kdl:11); bring it up to date, or say `/retry`
    (ann: /retry)
    merge: #20 takes in its base, from 3232323232
    merge: merges #20 at 3232323232
    ");
}

/// Others wait for it no longer, and somebody is told.
#[test]
fn a_branch_that_github_does_not_bring_up_to_its_base_is_a_persons() {
    let mut it = story();
    it.pull("its base moves on", |pull| pull.behind = Some(1)).stands();
    it.later(SignedDuration::from_mins(1)).update_is_refused("unrelated histories").by_design().stands();
    it.said("ann", "/retry").stands();
    insta::assert_snapshot!(it.told(), @r"
    (its base moves on)
    merge: #20 takes in its base, from c8c8c8c8c8
    (GitHub refuses)
    merge: A PERSON'S TURN: GitHub doesn't bring the branch of #20 up to its base: unrelated histories; bring it up to date, or say `/retry`
    (ann: /retry)
    merge: #20 takes in its base, from c8c8c8c8c8
    ");
}

/// What lands meanwhile would have it brought up to its base once more, and judged once more.
#[test]
fn what_is_judged_again_since_it_was_brought_up_to_its_base_has_the_lane() {
    let mut it = Story::new("\"review\"");
    it.case.pulls.push(pull(20, commit(200)));
    let young = |pull: &mut PullCase| pull.head_at = Some(pull.opened + SignedDuration::from_mins(55));
    let has_lane = |it: &Story| it.view(|view| has_its_turn(view, view.pull().unwrap(), &station(view)));
    it.pull("it is new", young);
    assert!(!has_lane(&it), "it was never brought up to its base");
    it.ran(Done, Some(json!({ "compliant": true, "gaps": [] }))).ran(Done, Some(json!({ "findings": [] })));
    it.pull("its base moves on", |pull| pull.behind = Some(1)).moved();
    it.pull("it has its base", young);
    assert!(has_lane(&it));
    let old = |pull: &mut PullCase| pull.head_at = Some(pull.opened - SignedDuration::from_hours(2));
    it.pull("that is long ago", old);
    assert!(!has_lane(&it), "others don't wait for ever");
    it.pull("a slow check runs", |pull| pull.checks = Seen::Known(vec![check("ci", CheckIs::Running)]));
    assert!(has_lane(&it));
    it.pull("it fails", |pull| pull.checks = Seen::Known(vec![check("ci", CheckIs::Failed)]));
    assert!(!has_lane(&it));
    it.pull("it passes", |pull| pull.checks = Seen::Known(vec![check("ci", CheckIs::Passed)]));
    it.pull("it has its base", young);
    it.pull("its base moves on", |pull| pull.behind = Some(1));
    assert!(!has_lane(&it), "it has to take its base in first");
    it.pull("it has its base", |pull| pull.behind = Some(0));
    it.ran(Done, Some(json!({ "compliant": false, "gaps": ["The horn is blunt."] })));
    assert!(!has_lane(&it), "it goes back to an agent");
}

#[test]
fn what_goes_elsewhere_than_it_was_made_for_is_a_persons_to_merge() {
    let mut it = Story::new("");
    it.ran(Done, None)
        .moved()
        .pull("somebody has it go to `other`", |pull| pull.base = "other".into())
        .by_design()
        .stands();
    it.pull("it goes to `main` again", |pull| pull.base = "main".into()).moved();
    insta::assert_snapshot!(it.told(), @r"
    implement: `implement` 1.1 -> done
    implement: opens a pull request with 0101010101
    (somebody has it go to `other`)
    merge: A PERSON'S TURN: #20: it was made for `main`, and somebody has it merged into `other`; it needs a person to merge it, or to have it go to `main` again
    (it goes to `main` again)
    merge: merges #20 at 0101010101
    ");
}

#[test]
fn what_only_tests_the_factory_never_lands() {
    let mut it = story();
    it.pull("it says so", |pull| pull.title = "[factory-e2e] Hone".to_owned()).moved().stands();
    it.then("the issue is closed with it", |case| case.open = false).stands();
    insta::assert_snapshot!(it.told(), @r"
    (it says so)
    merge: closes #20: its title says `[factory-e2e]`
    merge: done: #20 only tested the factory, and was closed
    (the issue is closed with it)
    merge: done: #20 only tested the factory, and was closed
    ");
}

#[test]
fn what_people_closed_is_a_decision_whatever_was_tried_again_before() {
    let mut it = Story::new("");
    it.ran_times(3, &Crashed).ran_times(2, &Crashed).ran_times(2, &Crashed).stands();
    it.said("ann", "/retry").ran(Done, None).moved();
    it.pull("ann closes it", |pull| pull.open = false).by_design().stands();
    insta::assert_snapshot!(it.told(), @r"
    implement: `implement` 1.1 -> crashed
    implement: `implement` 1.2 -> crashed
    implement: `implement` 1.3 -> crashed
    hitl: `diagnose` 1.1 -> crashed
    hitl: `diagnose` 1.2 -> crashed
    hitl: `implement-stuck` 1.1, what was tried -> crashed
    hitl: `implement-stuck` 1.2, what was tried -> crashed
    implement: A PERSON'S TURN: nobody got it done; `/retry` has it tried again
        `implement`, 3 attempts; the last: run 20260601-130400-000e3d50 of `smith` ended in `crashed`: so it was
        `diagnose`, 2 attempts; the last: run 20260601-130800-0007670a of `smith` ended in `crashed`: so it was
        `implement-stuck`, 2 attempts; the last: run 20260601-131200-0006f328 of `smith` ended in `crashed`: so it was
    (ann: /retry)
    implement: `implement` 1.1 -> done
    implement: opens a pull request with 0808080808
    (ann closes it)
    merge: A PERSON'S TURN: #20 was closed without being merged, which is a decision; `/retry` begins anew
    ");
}

/// Who has only people to wait for says so, at once where a comment is there and otherwise after a while.
#[test]
fn what_waits_for_people_alone_tells_them() {
    let told = |policy: &str, minutes: i64, change: &dyn Fn(&mut PullCase)| {
        let mut it = Story::of(load(&format!(
            r#"factory "acme"
agent "smith" kind="codex"
pipeline "p" {{ intake "factory"; agents "smith"; merge-policy "m"; phases; }}
merge-policy "m" {{ {policy}; }}
repo "acme/anvil" {{ pipeline "p"; }}
"#
        )));
        let mut pull = pull(20, commit(200));
        change(&mut pull);
        pull.head_at = Some(it.now);
        it.case.pulls.push(pull);
        it.later(SignedDuration::from_mins(minutes));
        let says = it.view(|view| projection(view, &station(view)).and_then(|tell| tell.comment));
        format!("{}\n", says.unwrap_or_default().lines().skip(1).collect::<Vec<_>>().join("|"))
    };
    let (reviewed, never) = ("mode \"on-green-with-review\"; require-checks \"ci\"", "mode \"never\"");
    let open = |pull: &mut PullCase| {
        let thread = ThreadSeen { id: "T".into(), resolved: false, path: "a".into(), comments: Vec::new() };
        (pull.threads, pull.behind) = (Seen::Known(vec![thread]), Some(2));
    };
    let rows = [
        told(reviewed, 20, &|_| ()),
        told(reviewed, 30, &|_| ()),
        told(reviewed, 30, &open),
        told(reviewed, 30, &|pull| pull.threads = Seen::Unknown),
        told(reviewed, 30, &|pull| pull.checks = Seen::Known(vec![check("ci", CheckIs::Queued)])),
        told(never, 30, &|_| ()),
    ];
    insta::assert_snapshot!(rows.concat(), @r"
    **Ready, but for people**. #20 needs:||- an approval of c8c8c8c8c8 by somebody else than who opened it and who pushed to it; the factory brings it up to its base, and who does that by hand has pushed to it
    **Ready, but for people**. #20 needs:||- an approval of c8c8c8c8c8 by somebody else than who opened it and who pushed to it; the factory brings it up to its base, and who does that by hand has pushed to it; its base has moved on, so that what comes of that has to be approved as well|- somebody to resolve its conversation


    **Ready, but for people**. #20 needs:||- a person to merge it, or another 'mode' (factory.kdl:4)
    ");
}

/// GitHub may ask for more than the policy does; that it is tried again is for whatever happens next.
#[test]
fn what_github_does_not_let_land_is_told_with_its_words() {
    let mut it = story();
    it.stands()
        .landing_is_refused("At least 1 approving review is required")
        .by_design()
        .stands()
        .is_kept_by();
    it.later(SignedDuration::from_mins(5));
    it.said("ann", "/retry").stands();
    insta::assert_snapshot!(it.told(), @r"
    merge: merges #20 at c8c8c8c8c8
    (GitHub refuses)
    merge: A PERSON'S TURN: #20: GitHub doesn't let it land: At least 1 approving review is required; it needs what GitHub asks for: it is tried again after a review, a check or another head, or with `/retry`
        ! github: GitHub doesn't let it land: At least 1 approving review is required; it needs what GitHub asks for: it is tried again after a review, a check or another head, or with `/retry`
    (ann: /retry)
    merge: merges #20 at c8c8c8c8c8
    ");
}

/// Whoever approved what is behind would have to approve it again; once that was done, they are told.
#[test]
fn what_people_are_to_approve_takes_in_its_base_before_they_are_asked() {
    let mut it = Story::of(load(
        r#"factory "acme"
agent "smith" kind="codex"
pipeline "p" { intake "factory"; agents "smith"; merge-policy "m"; phases; }
merge-policy "m" { mode "on-green-with-review"; require-checks "ci"; updates 3; }
repo "acme/anvil" { pipeline "p"; }
"#,
    ));
    it.case.pulls.push(PullCase { behind: Some(2), ..pull(20, commit(200)) });
    it.moved().stands();
    it.pull("its base moves on again", |pull| pull.behind = Some(1)).moved().stands();
    it.pull("and again: one update is left for when it is approved", |pull| pull.behind = Some(1));
    it.stands().is_kept_by();
    insta::assert_snapshot!(it.told(), @r"
    merge: #20 takes in its base, from c8c8c8c8c8
    merge: waits for #20 to be ready to land, for 61 minutes now: nobody has approved its head; it needs an approval of 3232323232 by somebody else than who opened it and who pushed to it; the factory brings it up to its base, and who does that by hand has pushed to it
    (its base moves on again)
    merge: #20 takes in its base, from 3232323232
    merge: waits for #20 to be ready to land, for 62 minutes now: nobody has approved its head; it needs an approval of 3232323232 by somebody else than who opened it and who pushed to it; the factory brings it up to its base, and who does that by hand has pushed to it
    (and again: one update is left for when it is approved)
    merge: waits for #20 to be ready to land, for 62 minutes now: nobody has approved its head; it needs an approval of 3232323232 by somebody else than who opened it and who pushed to it; the factory brings it up to its base, and who does that by hand has pushed to it; its base has moved on, so that what comes of that has to be approved as well; and 1 more (factoryctl why-not 20)
        ! behind: its base has 1 commit that it was not tested with; it needs its branch to take them in, and an approval of what that makes
        ! review: nobody has approved its head; it needs an approval of 3232323232 by somebody else than who opened it and who pushed to it; the factory brings it up to its base, and who does that by hand has pushed to it; its base has moved on, so that what comes of that has to be approved as well
    ");
}

/// What is asked for where nothing is left to try is not said to be heard.
#[test]
fn what_landed_is_not_tried_again() {
    let mut it = story();
    it.pull("the factory merges it", |pull| {
        let tree = pull.tree.clone().unwrap();
        landed(pull, "bot", &tree);
    });
    it.said("ann", "/retry").stands();
    it.said("ann", "/redo implement").stands();
    let told = it.view(|view| projection(view, &station(view)).and_then(|tell| tell.comment)).unwrap();
    for said in ["/retry", "/redo implement"] {
        assert!(
            told.contains(&format!("not heard: '{said}': it has landed, and nothing is left to do")),
            "{told}"
        );
    }
}
