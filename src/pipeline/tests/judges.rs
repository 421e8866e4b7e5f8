//! What the factory's own reviews come to on a pull request: an approval by its reviewer, or a comment; and whether it counts.

use serde_json::{Value, json};

use super::story::{Story, commit, config, file, load, pull, push};
use crate::model::Outcome::Done;
use crate::model::{PullCase, ReviewIs, ReviewSeen, Seen};
use crate::pipeline::{Move, Stand, station, unmet};

/// A factory with a reviewer, under a policy that waits for an approval.
fn second(mode: &str) -> Story {
    let text = format!(
        r#"factory "acme"
github {{ identity "reviewer" kind="app" id=5 key="env:KEY"; }}
agent "smith" kind="codex"
pipeline "p" {{ intake "factory"; agents "smith"; merge-policy "m"; phases "review"; judges "ci/**"; }}
merge-policy "m" {{ mode {mode:?}; require-checks "ci"; }}
repo "acme/anvil" {{ pipeline "p"; }}
"#
    );
    with_pull(Story::of(load(&text)))
}

fn with_pull(mut it: Story) -> Story {
    it.case.pulls.push(pull(20, commit(200)));
    it
}

fn compliant() -> Option<Value> {
    Some(json!({ "compliant": true, "gaps": [] }))
}

fn found(all: &[(&str, &str)]) -> Option<Value> {
    let of = |(severity, text): &(&str, &str)| json!({ "severity": severity, "text": text, "path": "src/anvil.rs" });
    Some(json!({ "findings": all.iter().map(of).collect::<Vec<_>>() }))
}

/// What it is about to say, without the numbers of runs.
fn says(it: &Story) -> String {
    it.view(|view| {
        let Stand::Moves(what) = station(view).stand else { panic!("nothing is said") };
        let Move::Review(review) = *what else { panic!("{what:?}") };
        let runs = view.runs.iter();
        let body = runs.fold(review.body.clone(), |body, run| body.replace(run.id.as_str(), "RUN"));
        format!("{}\n{body}\n", review.verdict.as_str())
    })
}

fn review_of(it: &mut PullCase, author: &str, verdict: ReviewIs) {
    let Seen::Known(all) = &mut it.reviews else { panic!("not read") };
    all.push(ReviewSeen {
        id: 900,
        author: author.to_owned(),
        own: author == "bot",
        verdict,
        commit: Some(it.head.clone()),
        body: crate::model::PullReview::marker(&it.head),
        at: it.opened,
    });
}

#[test]
fn what_its_reviews_passed_lands_with_the_approval_of_the_reviewer() {
    let mut it = second("on-green-with-review");
    it.ran(Done, compliant()).ran(Done, found(&[("low", "It is loud, says @ann.")]));
    let body = says(&it);
    it.stands().moved().stands();
    insta::assert_snapshot!(format!("{body}---\n{}", it.told()), @r#"
    approved
    <!-- factoryctl:review c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8 -->
    **Reviewed**: c8c8c8c8c8 is what #7 asks for, and nothing was found that has to be mended first.

    * run RUN compared it with what #7 asks for (`spec-review`)
    * run RUN reviewed it (`quality-review`)

    What was found:

        - low (src/anvil.rs): It is loud, says @ ann.
    ---
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
    review: `quality-review` 1.1 -> done {"findings":[{"severity":"low","text":"It is loud, says @ann.","path":"src/anvil.rs"}]}
    review: critic[bot] says of #20 that c8c8c8c8c8 passes: approved
    merge: merges #20 at c8c8c8c8c8
    merge: merges #20 at c8c8c8c8c8
    merge: done: #20 was merged by bot
    "#);
}

#[test]
fn with_one_identity_it_is_a_comment_and_a_person_approves() {
    let mut it = with_pull(Story::of(config("\"review\"", "trust \"write\"")));
    it.desired.pipelines.policies.get_mut("green").unwrap().mode = crate::model::MergeMode::OnGreenWithReview;
    it.ran(Done, compliant()).ran(Done, found(&[])).stands();
    it.pull("ann approves it", |pull| review_of(pull, "ann", ReviewIs::Approved)).stands();
    insta::assert_snapshot!(it.told(), @r#"
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
    review: `quality-review` 1.1 -> done {"findings":[]}
    review: the author says of #20 that c8c8c8c8c8 passes: commented
    merge: waits for #20 to be ready to land, for 65 minutes now: nobody has approved its head; it needs an approval of c8c8c8c8c8 by somebody else than who opened it and who pushed to it; the factory brings it up to its base, and who does that by hand has pushed to it
    (ann approves it)
    merge: merges #20 at c8c8c8c8c8
    "#);
}

#[test]
fn each_head_is_told_once_and_an_approval_is_of_its_head() {
    let mut it = second("on-green-with-review");
    it.ran(Done, compliant()).ran(Done, found(&[("high", "The horn is blunt.")]));
    let body = says(&it);
    it.ran(Done, None).moved().ran(Done, compliant()).ran(Done, found(&[])).stands();
    it.pull("ann pushes to it", |pull| pull.head = commit(60)).stands();
    it.ran(Done, Some(json!({ "compliant": false, "gaps": ["The face is bent."] })));
    let missing = says(&it);
    it.stands();
    insta::assert_snapshot!(format!("{body}---\n{missing}---\n{}", it.told()), @r#"
    commented
    <!-- factoryctl:review c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8 -->
    **Reviewed**: something has to be mended at c8c8c8c8c8 first; it goes back to be worked on.

    * run RUN compared it with what #7 asks for (`spec-review`)
    * run RUN reviewed it (`quality-review`)

    What was found:

        - high (src/anvil.rs): The horn is blunt.
    ---
    commented
    <!-- factoryctl:review 3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c -->
    **Reviewed**: something that #7 asks for is missing at 3c3c3c3c3c; it goes back to be worked on.

    * run RUN compared it with what #7 asks for (`spec-review`)

    What is missing:

        The face is bent.
    ---
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
    review: `quality-review` 1.1 -> done {"findings":[{"severity":"high","text":"The horn is blunt.","path":"src/anvil.rs"}]}
    review: critic[bot] says of #20 that c8c8c8c8c8 doesn't pass: commented
    review: `rework` 1.1, findings -> done
    review: #20 goes from c8c8c8c8c8 to 0303030303
    review: `spec-review` 2.1 -> done {"compliant":true,"gaps":[]}
    review: `quality-review` 2.1 -> done {"findings":[]}
    review: critic[bot] says of #20 that 0303030303 passes: approved
    merge: merges #20 at 0303030303
    (ann pushes to it)
    review: `spec-review` 3 is to be done
    review: `spec-review` 3.1 -> done {"compliant":false,"gaps":["The face is bent."]}
    review: critic[bot] says of #20 that 3c3c3c3c3c doesn't pass: commented
    review: `rework` 2 is to be done
    "#);
}

#[test]
fn what_somebody_took_back_is_not_given_again() {
    let mut it = second("on-green-with-review");
    it.ran(Done, compliant()).ran(Done, found(&[])).stands();
    it.pull("ann dismisses it", |pull| {
        let Seen::Known(all) = &mut pull.reviews else { panic!("not read") };
        all[0].verdict = ReviewIs::Dismissed;
    });
    it.stands();
    insta::assert_snapshot!(it.told(), @r#"
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
    review: `quality-review` 1.1 -> done {"findings":[]}
    review: critic[bot] says of #20 that c8c8c8c8c8 passes: approved
    merge: merges #20 at c8c8c8c8c8
    (ann dismisses it)
    merge: waits for #20 to be ready to land, for 65 minutes now: nobody has approved its head; it needs an approval of c8c8c8c8c8 by somebody else than who opened it and who pushed to it; the factory brings it up to its base, and who does that by hand has pushed to it
    "#);
}

#[test]
fn what_is_never_approved() {
    let reviewed = |mode: &str, change: fn(&mut PullCase)| {
        let mut it = second(mode);
        change(&mut it.case.pulls[0]);
        it.ran(Done, compliant()).ran(Done, found(&[]));
        let said = says(&it);
        let verdict = said.lines().next().unwrap_or_default().to_owned();
        let why = said.lines().find(|line| line.starts_with("This is no approval")).unwrap_or_default();
        format!("{verdict} {why}").trim_end().to_owned() + "\n"
    };
    let seen = "on-green-with-review";
    let rows = [
        reviewed(seen, |_| ()),
        reviewed("on-green", |_| ()),
        reviewed("never", |_| ()),
        reviewed(seen, |pull| pull.own = false),
        reviewed(seen, |pull| pull.author = "Critic[bot]".to_owned()),
        reviewed(seen, |pull| pull.pushes = Seen::Known(vec![push(None, &pull.head, "Critic[bot]")])),
        reviewed(seen, |pull| pull.pushes = Seen::Unknown),
        reviewed(seen, |pull| pull.files = Seen::Known(vec![file("ci/test.sh", 1, 1)])),
        reviewed(seen, |pull| pull.files = Seen::Unknown),
    ];
    insta::assert_snapshot!(rows.concat(), @r"
    approved
    approved
    commented This is no approval: people merge here.
    commented This is no approval: the factory didn't open it.
    commented This is no approval: nobody approves what they made.
    commented This is no approval: nobody approves what they made.
    commented This is no approval: nobody can tell who pushed it.
    commented This is no approval: it changes `ci/test.sh`, by which the factory is judged.
    commented This is no approval: not all files that it changes were read.
    ");
}

#[test]
fn an_approval_that_no_run_stands_behind_counts_for_nothing() {
    let mut it = second("on-green-with-review");
    it.pull("somebody has the reviewer's token", |pull| review_of(pull, "critic[bot]", ReviewIs::Approved));
    let left = |it: &Story| {
        let left = it.view(|view| unmet(view, &view.case.pulls[0]));
        left.iter().map(|it| format!("{}: {}\n", it.rule, it.says)).collect::<Vec<_>>().concat()
    };
    let mut out = left(&it);
    it.ran(Done, compliant()).ran(Done, found(&[("high", "The horn is blunt.")]));
    out.push_str(&left(&it));
    let mut honest = second("on-green-with-review");
    honest.ran(Done, compliant()).ran(Done, found(&[])).stands();
    honest.pull("it pushed last", |pull| {
        pull.pushes = Seen::Known(vec![push(None, &pull.head, "critic[bot]")]);
    });
    out.push_str(&left(&honest));
    insta::assert_snapshot!(out, @r"
    review: critic[bot] approves its head, and no runs of the factory have found it good
    review: critic[bot] approves its head, and no runs of the factory have found it good
    review: critic[bot] approves its head, and pushed to it
    ");
}

#[test]
fn the_reviewer_asks_for_nothing() {
    let mut it = second("on-green");
    it.said("critic[bot]", "/abort").stands();
    it.pull("it asks for changes", |pull| review_of(pull, "critic[bot]", ReviewIs::ChangesRequested));
    it.ran(Done, compliant()).ran(Done, found(&[])).stands();
    insta::assert_snapshot!(it.told(), @r#"
    (critic[bot]: /abort)
    review: `spec-review` 1 is to be done
    (it asks for changes)
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
    review: `quality-review` 1.1 -> done {"findings":[]}
    merge: waits for #20 to be ready to land, for 66 minutes now: critic[bot] asks for changes; it needs their approval, or that they take it back
    "#);
}

/// What lands is what is asked for when it lands: a head that was compared with another text is compared again.
#[test]
fn what_is_asked_for_after_the_review_is_compared_with_the_head_again() {
    let mut it = second("never");
    it.ran(Done, compliant()).ran(Done, found(&[])).stands();
    let before = it.case.body.clone();
    it.edited("ann", "Forget the face. It has to ring.");
    it.ran(Done, Some(json!({ "compliant": false, "gaps": ["It doesn't ring."] }))).stands();
    // As it was again, it has been compared with that.
    it.edited("ann", &before).stands();
    insta::assert_snapshot!(it.told(), @r#"
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
    review: `quality-review` 1.1 -> done {"findings":[]}
    review: critic[bot] says of #20 that c8c8c8c8c8 passes: commented
    merge: waits for #20 to be ready to land, for 65 minutes now: its policy merges nothing; it needs a person to merge it, or another `mode` (factory.kdl:5)
    (ann edits the text)
    review: `spec-review` 1.1 -> done {"compliant":false,"gaps":["It doesn't ring."]}
    review: `rework` 1 is to be done
    (ann edits the text)
    merge: waits for #20 to be ready to land, for 69 minutes now: its policy merges nothing; it needs a person to merge it, or another `mode` (factory.kdl:5)
    "#);
}
