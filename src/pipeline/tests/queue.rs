//! What GitHub's own merge queue makes of a pull request.

use jiff::SignedDuration;

use super::super::{dequeues, station};
use super::story::{Story, check, commit, pull};
use crate::model::Outcome::{Done, NoChange};
use crate::model::samples::now;
use crate::model::{
    CheckIs, CheckSeen, Landed, MergeQueue, PullCase, QUEUE_BOT, Removed, ReviewIs, ReviewSeen, Seen,
};

/// A pull request whose base has a queue, and moved on.
fn story() -> Story {
    let mut it = Story::new("");
    let queue = Some(MergeQueue::default());
    it.case.pulls.push(PullCase { queue, behind: Some(3), ..pull(20, commit(200)) });
    it
}

/// The queue landed it, with these checks at what landed.
fn landed(pull: &mut PullCase, checks: Seen<Vec<CheckSeen>>) {
    pull.open = false;
    let (at, by) = (pull.opened, Some(QUEUE_BOT.to_owned()));
    let tree = Some("tree of both".to_owned());
    pull.landed = Some(Landed { at, by, commit: Some(commit(99)), tree, checks });
}

/// Somebody took it out.
fn removed(pull: &mut PullCase, by: &str, hours: i64) {
    let checks = vec![
        CheckSeen { says: "both at once".to_owned(), ..check("ci", CheckIs::Failed) },
        check("lint", CheckIs::Passed),
    ];
    let removed = Removed {
        at: now() + SignedDuration::from_hours(hours),
        by: by.to_owned(),
        why: Some("failed checks".to_owned()),
        checks: Seen::Known(checks),
    };
    pull.queue = Some(MergeQueue { entry: None, removed: Some(removed) });
}

#[test]
fn what_may_land_goes_through_the_queue() {
    let mut it = story();
    it.moved().stands().is_kept_by();
    let passed = vec![check("ci", CheckIs::Passed), check("ci", CheckIs::Running)];
    it.pull("the queue lands it", |pull| landed(pull, Seen::Known(passed))).stands();
    insta::assert_snapshot!(it.told(), @r"
    merge: puts #20 into the merge queue at c8c8c8c8c8
    merge: waits for #20 to land: it is in GitHub's merge queue, at position 2 (queued)
        ! merge-queue: it is in GitHub's merge queue, at position 2; it needs the queue to land it
    (the queue lands it)
    merge: done: #20 was merged by github-merge-queue[bot]
    ");
}

/// Whether it is taken out of the queue, and why.
fn leaves(it: &Story) -> Option<String> {
    it.view(|view| dequeues(view, &station(view)).map(|(_, why)| why))
}

#[test]
fn what_the_factory_queued_is_taken_out_once_it_would_not_be_queued_any_more() {
    let mut it = story();
    it.moved();
    assert_eq!(leaves(&it), None, "it waits there");
    it.said("ann", "/pause");
    let paused = leaves(&it);
    it.said("ann", "/resume");
    assert_eq!(leaves(&it), None, "it goes on");
    let mut frozen = story();
    frozen.moved().pull("it is held", |pull| {
        pull.labels.insert("factory:hold".to_owned());
    });
    let held = leaves(&frozen);
    let mut closed = story();
    closed.moved().then("its issue is closed", |case| case.open = false);
    let left = leaves(&closed);
    let mut asked = story();
    asked.moved().pull("ann asks for changes", |pull| {
        let review = ReviewSeen {
            id: 1,
            author: "ann".to_owned(),
            own: false,
            verdict: ReviewIs::ChangesRequested,
            commit: Some(pull.head.clone()),
            body: "Sharper.".to_owned(),
            at: pull.opened,
        };
        pull.reviews = Seen::Known(vec![review]);
    });
    let asked = leaves(&asked);
    insta::assert_debug_snapshot!([paused, held, left, asked], @r#"
    [
        Some(
            "held; waits for `/resume`: ann paused it",
        ),
        Some(
            "it carries `factory:hold`",
        ),
        Some(
            "none of the factory's: it is closed; #20, which was made for it, stays open: close it, or open the issue again",
        ),
        Some(
            "a run by the playbook `rework`, round 1, with what people say",
        ),
    ]
    "#);
    // Who puts it there decides that it lands.
    closed.pull("ann puts it there", |pull| {
        let entry = pull.queue.as_mut().and_then(|queue| queue.entry.as_mut()).unwrap();
        entry.by = "ann".to_owned();
    });
    assert_eq!(leaves(&closed), None);
}

#[test]
fn what_the_queue_landed_untested_stops_the_line() {
    for (checks, expect) in [
        (Seen::Known(vec![check("ci", CheckIs::Failed)]), "the check `ci` did not pass there"),
        (Seen::Known(Vec::new()), "the check `ci` did not pass there"),
        (Seen::Unknown, "not all checks of what landed were read"),
    ] {
        let mut it = story();
        it.pull("the queue lands it", |pull| landed(pull, checks)).by_design().stands();
        assert!(it.told().contains("A PERSON'S TURN: what landed with #20 is not what was tested"));
        assert!(it.told().contains(expect), "{}", it.told());
        it.said("ann", "/retry").stands();
        assert!(it.told().ends_with("merge: done: #20 was merged by github-merge-queue[bot]\n"));
    }
}

#[test]
fn what_the_queue_took_out_is_mended_first() {
    let mut it = story();
    it.moved().pull("the queue takes it out", |pull| removed(pull, QUEUE_BOT, 1)).is_kept_by();
    it.ran(Done, None).moved().moved().stands();
    insta::assert_snapshot!(it.told(), @r"
    merge: puts #20 into the merge queue at c8c8c8c8c8
    (the queue takes it out)
        ! merge-queue: github-merge-queue[bot] took it out of GitHub's merge queue; it needs another head, or `/retry`
    review: `repair-checks` 1.1, what the merge queue says -> done
    review: #20 goes from c8c8c8c8c8 to 0101010101
    merge: puts #20 into the merge queue at 0101010101
    merge: waits for #20 to land: it is in GitHub's merge queue, at position 2 (queued)
    ");
    // Whose clock it is that says so makes no difference.
    let mut other = story();
    other.moved().pull("the queue takes it out", |pull| removed(pull, QUEUE_BOT, 1000)).is_kept_by();
    other.ran(Done, None).moved().moved().stands();
    assert_eq!(other.told(), it.told());
    let (_, prompt) = it.prompts.last().unwrap();
    for says in ["took it out", "failed checks", "The check `ci` failed there", "both at once"] {
        assert!(prompt.contains(says), "{says}: {prompt}");
    }
    assert!(!prompt.contains("`lint`"));
}

#[test]
fn who_was_to_mend_it_and_changed_nothing_leaves_it_to_a_person() {
    let mut it = story();
    it.pull("the queue takes it out", |pull| removed(pull, QUEUE_BOT, 1));
    it.ran_times(3, &NoChange).by_design().stands();
    it.said("ann", "/retry").moved().stands();
    insta::assert_snapshot!(it.told(), @r"
    (the queue takes it out)
    review: `repair-checks` 1.1, what the merge queue says -> no change
    review: `repair-checks` 1.1, what the merge queue says -> no change
    hitl: `diagnose` 1.1 -> no change
    hitl: `review-stuck` 1 is to be done
    (ann: /retry)
    merge: puts #20 into the merge queue at c8c8c8c8c8
    merge: waits for #20 to land: it is in GitHub's merge queue, at position 2 (queued)
    ");
}

#[test]
fn what_a_person_took_out_is_theirs() {
    let mut it = story();
    it.pull("ann takes it out", |pull| removed(pull, "ann", 1)).by_design().stands();
    it.said("ann", "/retry").moved();
    let mut other = story();
    other.pull("it has another head since", |pull| removed(pull, "ann", -1)).moved();
    let mut pushed = story();
    pushed.pull("ann pushes another head, and its check begins", |pull| {
        removed(pull, "ann", 1);
        let at = now() + SignedDuration::from_hours(1);
        pull.head_at = Some(at);
        pull.checks = Seen::Known(vec![CheckSeen { since: Some(at), ..check("ci", CheckIs::Passed) }]);
    });
    pushed.moved();
    let mut own = story();
    own.pull("the factory pushes another head", |pull| removed(pull, "bot", 1)).moved();
    insta::assert_snapshot!(format!("{}{}{}{}", it.told(), other.told(), pushed.told(), own.told()), @r"
    (ann takes it out)
    merge: A PERSON'S TURN: ann took #20 out of GitHub's merge queue; put it there again, or say `/retry`
    (ann: /retry)
    merge: puts #20 into the merge queue at c8c8c8c8c8
    (it has another head since)
    merge: puts #20 into the merge queue at c8c8c8c8c8
    (ann pushes another head, and its check begins)
    merge: puts #20 into the merge queue at c8c8c8c8c8
    (the factory pushes another head)
    merge: puts #20 into the merge queue at c8c8c8c8c8
    ");
}
