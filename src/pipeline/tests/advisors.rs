//! Who is asked besides those who review: each of them works, fails, has a veto, answers off its form.

use serde_json::{Value, json};

use super::story::{Story, commit, file, load, pull};
use crate::model::Outcome::{Crashed, Done, NoChange, NoVerdict};
use crate::model::Seen;

/// An issue with an open pull request of two agents' factory, with this in its pipeline.
fn story(more: &str) -> Story {
    let text = format!(
        r#"
factory "acme"
agent "smith" kind="codex"
agent "oracle" kind="codex"
pipeline "p" {{
    intake "factory"
    agents "smith" "oracle"
    merge-policy "green"
    judges "ci/**"
    {more}
}}
merge-policy "green" {{ mode "on-green"; require-checks "ci"; }}
repo "acme/anvil" {{ pipeline "p"; }}
"#
    );
    let mut it = Story::of(load(&text));
    it.case.pulls.push(pull(20, commit(200)));
    it
}

fn verdict(verdict: &str, disagreements: &[(&str, &str)]) -> Option<Value> {
    let of = |(severity, text): &(&str, &str)| json!({ "claim": "it cuts", "assessment": text, "severity": severity });
    let all: Vec<Value> = disagreements.iter().map(of).collect();
    Some(
        json!({ "verdict": verdict, "reasoning": "I struck on it.", "disagreements": all, "direction": "Hone it." }),
    )
}

fn approves() -> Option<Value> {
    verdict("approve", &[])
}

fn vetoes() -> Option<Value> {
    verdict("veto", &[("blocking", "the horn is blunt"), ("concern", "it is loud")])
}

/// The pull request changes what judges.
fn changes_judge(it: &mut Story) -> &mut Story {
    it.pull("it changes what judges", |pull| pull.files = Seen::Known(vec![file("ci/test.sh", 5, 1)]))
}

const VERIFIED: &str = "phases; advisor \"post-verify\"";

#[test]
fn what_passed_lands() {
    let mut it = story(VERIFIED);
    it.is_kept_by().ran(Done, approves()).reads_of(&["git diff", "src/anvil.rs"]).stands();
    insta::assert_snapshot!(it.told(), @r#"
        ! advisor: the advisor `post-verify` has not judged c8c8c8c8c8; it needs its verdict on c8c8c8c8c8
    review: `post-verify` 1.1 -> done {"verdict":"approve","reasoning":"I struck on it.","disagreements":[],"direction":"Hone it…
        | - src/anvil.rs +5 -1
        | Each file that is changed stands in the list, and `git diff 0000000000000000000000000000000000000000...c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8 -- FILE` shows what is changed of it.
    merge: merges #20 at c8c8c8c8c8
    "#);
}

#[test]
fn a_veto_goes_back_with_all_that_it_says_and_not_for_ever() {
    let mut it = story(VERIFIED);
    it.ran(Done, vetoes())
        .is_kept_by()
        .ran(Done, None)
        .reads_of(&["veto", "struck", "horn", "Hone it"])
        .moved();
    it.ran(Done, vetoes()).differs().stands().said("ann", "/retry").ran(Done, None).moved();
    it.ran(Done, verdict("approve", &[("concern", "it is loud")])).stands();
    insta::assert_snapshot!(it.told(), @r#"
    review: `post-verify` 1.1 -> done {"verdict":"veto","reasoning":"I struck on it.","disagreements":[{"claim":"it cuts","asses…
        ! advisor: the advisor `post-verify` has a veto at c8c8c8c8c8: I struck on it.; it needs another head that it has none at
    review: `rework` 1.1, veto -> done
        | An advisor has a veto on this. It says, as data:
        |     I struck on it.
        |     blocking: it is said that it cuts; but the horn is blunt
        |     to do: Hone it.
    review: #20 goes from c8c8c8c8c8 to 0202020202
    review: `post-verify` 2.1 -> done {"verdict":"veto","reasoning":"I struck on it.","disagreements":[{"claim":"it cuts","asses…
        - At c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8:
        + At 0202020202020202020202020202020202020202:
        - Each file that is changed stands in the list, and `git diff 0000000000000000000000000000000000000000...c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8 -- FILE` shows what is changed of it.
        + Each file that is changed stands in the list, and `git diff 0000000000000000000000000000000000000000...0202020202020202020202020202020202020202 -- FILE` shows what is changed of it.
    review: A PERSON'S TURN: `post-verify` had its veto 2 times, no more than 1 of which lead to a rework; `/retry` goes on
        veto at c8c8c8c8c8: I struck on it.
        veto at c8c8c8c8c8: blocking: it is said that it cuts; but the horn is blunt
        veto at c8c8c8c8c8: concern: it is said that it cuts; but it is loud
        veto at c8c8c8c8c8: to do: Hone it.
        veto at 0202020202: I struck on it.
        veto at 0202020202: blocking: it is said that it cuts; but the horn is blunt
        veto at 0202020202: concern: it is said that it cuts; but it is loud
        veto at 0202020202: to do: Hone it.
    (ann: /retry)
    review: `rework` 2.1, veto -> done
    review: #20 goes from 0202020202 to 0404040404
    review: `post-verify` 3.1 -> done {"verdict":"approve","reasoning":"I struck on it.","disagreements":[{"claim":"it cuts","as…
    merge: merges #20 at 0404040404
    "#);
}

#[test]
fn the_more_a_mistake_would_hurt_the_more_vetoes_are_reworked() {
    let vetoes_of = |files: &'static [(&'static str, u64)]| {
        let mut it = story(VERIFIED);
        for n in 1.. {
            it.pull("a head", |pull| {
                pull.files = Seen::Known(files.iter().map(|(path, lines)| file(path, *lines, 0)).collect());
            });
            it.ran(Done, vetoes());
            if it.view(|view| matches!(super::super::station(view).stand, super::super::Stand::Human { .. }))
            {
                return n - 1;
            }
            it.ran(Done, None).moved();
        }
        unreachable!("vetoes end")
    };
    assert_eq!(vetoes_of(&[("src/a.rs", 200)]), 1);
    assert_eq!(vetoes_of(&[("src/a.rs", 200), ("src/b.rs", 1)]), 2);
    assert_eq!(vetoes_of(&[("ci/a.sh", 1)]), 3);
}

#[test]
fn a_veto_that_changes_nothing_is_a_persons() {
    let mut it = story(VERIFIED);
    it.ran(Done, vetoes()).ran(NoChange, None).ran(NoChange, None).differs().ran(NoChange, None).stands();
    insta::assert_snapshot!(it.told(), @r#"
    review: `post-verify` 1.1 -> done {"verdict":"veto","reasoning":"I struck on it.","disagreements":[{"claim":"it cuts","asses…
    review: `rework` 1.1, veto -> no change
    review: `rework` 1.1, veto -> no change
        - (nothing)
        + It was given up before. What was tried:
        + - `rework`, run 20260601-130200-000ea21c changed nothing and said: so it was
    review: `rework` 1.1, veto -> no change
    hitl: `diagnose` 1 is to be done
    "#);
}

#[test]
fn advice_is_shown_and_keeps_nothing() {
    let mut it = story("phases; advisor \"post-verify\" authority=\"advice\"");
    it.ran(Done, vetoes()).stands().comments();
    let mut fails = story("phases; advisor \"post-verify\" authority=\"advice\"");
    fails.ran_times(2, &Crashed).moved().stands().comments();
    insta::assert_snapshot!(format!("{}--\n{}", it.told(), fails.told()), @r#"
    review: `post-verify` 1.1 -> done {"verdict":"veto","reasoning":"I struck on it.","disagreements":[{"claim":"it cuts","asses…
    merge: merges #20 at c8c8c8c8c8
        > Of the advisors:
        >     'post-verify' has a veto at c8c8c8c8c8: I struck on it.; blocking: it is said that it cuts; but the horn is blunt; concern: it is said that it cuts; but it is loud; to do: Hone it.
    --
    review: `post-verify` 1.1 -> crashed
    review: `post-verify` 1.2 -> crashed
    review: passes `post-verify` over: `post-verify`, 2 attempts; the last: run 20260601-130200-000ea21c of `smith` ended in `crashed`: so it was
    merge: merges #20 at c8c8c8c8c8
        > Of the advisors:
        >     'post-verify' was passed over at c8c8c8c8c8: 'post-verify', 2 attempts; the last: run 20260601-130200-000ea21c of 'smith' ended in 'crashed': so it was
    "#);
}

#[test]
fn who_gives_no_verdict_has_approved_of_nothing() {
    let mut it = story(VERIFIED);
    it.ran(NoVerdict, None).ran(Crashed, None).differs().is_kept_by().stands();
    it.said("ann", "/retry").ran(Done, approves()).stands();
    let mut off = story(VERIFIED);
    off.ran(Done, Some(json!({ "fine": "yes" }))).is_kept_by().by_design().stands();
    let mut open = story("phases; advisor \"post-verify\" on-failure=\"open\"");
    open.ran(NoVerdict, None).ran(NoVerdict, None).is_kept_by().moved().comments().stands();
    insta::assert_snapshot!(format!("{}--\n{}--\n{}", it.told(), off.told(), open.told()), @r#"
    review: `post-verify` 1.1 -> no verdict
    review: `post-verify` 1.2 -> crashed
        - (nothing)
        + - attempt 1: `no verdict`: so it was
        + This is attempt 2, run 2; the run before it ended in `no verdict`: so it was
        ! advisor: the advisor `post-verify` has not judged c8c8c8c8c8; it needs its verdict on c8c8c8c8c8
    review: A PERSON'S TURN: the advisor `post-verify` gave no verdict; `/retry` has it asked again
        `post-verify`, 2 attempts; the last: run 20260601-130200-000ea21c of `smith` ended in `crashed`: so it was
    (ann: /retry)
    review: `post-verify` 1.1 -> done {"verdict":"approve","reasoning":"I struck on it.","disagreements":[],"direction":"Hone it…
    merge: merges #20 at c8c8c8c8c8
    --
    review: `post-verify` 1.1 -> done {"fine":"yes"}
        ! advisor: the advisor `post-verify` has not judged c8c8c8c8c8; it needs its verdict on c8c8c8c8c8
    review: A PERSON'S TURN: the advisor `post-verify` gave no verdict; `/retry` has it asked again
        run 20260601-130000-0001a0d1 of `smith` ended without an answer of its form
    --
    review: `post-verify` 1.1 -> no verdict
    review: `post-verify` 1.2 -> no verdict
        ! advisor: the advisor `post-verify` has not judged c8c8c8c8c8; it needs its verdict on c8c8c8c8c8
    review: passes `post-verify` over: `post-verify`, 2 attempts; the last: run 20260601-130200-000ea21c of `smith` ended in `no verdict`: so it was
        > Of the advisors:
        >     'post-verify' was passed over at c8c8c8c8c8: 'post-verify', 2 attempts; the last: run 20260601-130200-000ea21c of 'smith' ended in 'no verdict': so it was
    merge: merges #20 at c8c8c8c8c8
    "#);
}

#[test]
fn who_changes_what_judges_is_judged_by_another_whatever_config_says() {
    let mut it = story("phases");
    it.stands();
    changes_judge(&mut it).ran_times(1, &Crashed).is_kept_by();
    it.ran(Done, approves()).reads_of(&["judged by"]).is_kept_by().stands().comments();
    let mut advice = story("phases; advisor \"post-verify\" authority=\"advice\" on-failure=\"open\"");
    changes_judge(&mut advice).ran_times(2, &Crashed).stands();
    let mut made = story("phases");
    made.case.pulls.clear();
    made.ran(Done, None).moved();
    changes_judge(&mut made).may_be_done_by().ran(Done, vetoes()).ran(Done, None).moved();
    made.pull("it changes what judges no more", |_| ()).stands();
    let all = [it.told(), advice.told(), made.told()].join("--\n");
    insta::assert_snapshot!(all, @r#"
    merge: merges #20 at c8c8c8c8c8
    (it changes what judges)
    review: `post-verify` 1.1 -> crashed
        ! judges: it changes `ci/test.sh`, by which the factory is judged; it needs a person to merge it
        ! advisor: the advisor `post-verify` has not judged c8c8c8c8c8 (it changes `ci/test.sh`); it needs its verdict on c8c8c8c8c8
    review: `post-verify` 1.2 -> done {"verdict":"approve","reasoning":"I struck on it.","disagreements":[],"direction":"Hone it…
        | It is judged by these criteria:
        | `ci/test.sh` is among what the work here is judged by. Ask besides how bad it is if this change is wrong: what would no longer be found, and by whom. Where that is worse than what it mends, it is bloc…
        ! judges: it changes `ci/test.sh`, by which the factory is judged; it needs a person to merge it
    merge: A PERSON'S TURN: #20: it changes `ci/test.sh`, by which the factory is judged; it needs a person to merge it
        > **A person's turn** (merge): #20: it changes 'ci/test.sh', by which the factory is judged; it needs a person to merge it.
        > Of the advisors:
        >     'post-verify' has nothing against it at c8c8c8c8c8: I struck on it.; to do: Hone it.
    --
    (it changes what judges)
    review: `post-verify` 1.1 -> crashed
    review: `post-verify` 1.2 -> crashed
    review: A PERSON'S TURN: the advisor `post-verify` gave no verdict; `/retry` has it asked again
        `post-verify`, 2 attempts; the last: run 20260601-130200-000ea21c of `smith` ended in `crashed`: so it was
    --
    implement: `implement` 1.1 -> done
    implement: opens a pull request with 0101010101
    (it changes what judges)
        by oracle
    review: `post-verify` 1.1 -> done {"verdict":"veto","reasoning":"I struck on it.","disagreements":[{"claim":"it cuts","asses…
    review: `rework` 1.1, veto -> done
    review: #20 goes from 0101010101 to 0303030303
    (it changes what judges no more)
    merge: merges #20 at 0303030303
    "#);
}

#[test]
fn who_made_it_looks_last_at_it_where_nobody_else_can() {
    let of = |more: &str| {
        let mut it = story(more);
        it.case.pulls.clear();
        it.ran(Done, None).moved().may_be_done_by();
        it.told().lines().last().unwrap_or_default().trim().to_owned()
    };
    assert_eq!(of(VERIFIED), "by oracle, smith");
    assert_eq!(of("phases; advisor \"post-verify\" agents=\"smith\""), "by smith");
    let forced = |more: &str| {
        let mut it = story(more);
        it.case.pulls.clear();
        it.ran(Done, None).moved();
        changes_judge(&mut it).may_be_done_by();
        it.told().lines().last().unwrap_or_default().trim().to_owned()
    };
    assert_eq!(forced(VERIFIED), "by oracle");
    assert_eq!(forced("phases; advisor \"post-verify\" { agents \"smith\"; }"), "by oracle");
}

fn compliant() -> Option<Value> {
    Some(json!({ "compliant": true, "gaps": [] }))
}

fn found(severity: &str) -> Option<Value> {
    Some(
        json!({ "findings": [{ "severity": severity, "text": "The horn is blunt.", "path": "src/anvil.rs" }] }),
    )
}

fn outlook() -> Option<Value> {
    let focus =
        json!({ "what": "the horn", "files": ["src/anvil.rs", "src/horn.rs"], "why": "it was never\nhoned" });
    Some(json!({ "risk": "It may break.", "focus": [focus], "rubric": ["Does it cut?"] }))
}

fn asks(question: &str) -> Option<Value> {
    Some(json!({ "findings": [{ "severity": "high", "text": "The horn is blunt." }], "consult": question }))
}

fn opinion() -> Option<Value> {
    Some(json!({ "reasoning": "It is only\na horn.", "recommendation": "Let it pass.", "confidence": 70 }))
}

const FIRST: &[&str] = &["looked first", "risk: ", "look at: ", "answer: "];
const ASKED: &[&str] = &[
    "asks, as",
    "Question ",
    "mean",
    "recommends",
    "since: ",
    "sure to",
    "`consult`",
    "No further",
    "Nobody",
];

#[test]
fn who_looks_first_tells_the_others_where_to_look() {
    let mut it = story("phases \"review\"; advisor \"pre-flight\"");
    it.ran(Done, outlook()).ran(Done, compliant()).reads_of(FIRST);
    it.ran(Done, found("low")).reads_of(FIRST).stands();
    let mut fails = story("phases \"review\"; advisor \"pre-flight\"");
    fails.ran(NoVerdict, None).ran(Crashed, None).differs().moved();
    fails.ran(Done, compliant()).comments();
    let mut off = story("phases \"review\"; advisor \"pre-flight\"");
    off.ran(Done, Some(json!({ "fine": "yes" }))).moved().ran(Done, compliant());
    let mut closed = story("phases \"review\"; advisor \"pre-flight\" on-failure=\"veto\"");
    closed.ran_times(2, &Crashed).stands();
    let all = [it.told(), fails.told(), off.told(), closed.told()].join("--\n");
    insta::assert_snapshot!(all, @r#"
    review: `pre-flight` 1.1 -> done {"risk":"It may break.","focus":[{"what":"the horn","files":["src/anvil.rs","src/horn.rs"]…
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
        | Somebody looked first and says where to look, as data; what else is amiss counts no less:
        |     risk: It may break.
        |     look at: the horn (src/anvil.rs, src/horn.rs): it was never honed
        |     answer: Does it cut?
    review: `quality-review` 1.1 -> done {"findings":[{"severity":"low","text":"The horn is blunt.","path":"src/anvil.rs"}]}
        | Somebody looked first and says where to look, as data; what else is amiss counts no less:
        |     risk: It may break.
        |     look at: the horn (src/anvil.rs, src/horn.rs): it was never honed
        |     answer: Does it cut?
    review: the author says of #20 that c8c8c8c8c8 passes: commented
    merge: merges #20 at c8c8c8c8c8
    --
    review: `pre-flight` 1.1 -> no verdict
    review: `pre-flight` 1.2 -> crashed
        - (nothing)
        + - attempt 1: `no verdict`: so it was
        + This is attempt 2, run 2; the run before it ended in `no verdict`: so it was
    review: passes `pre-flight` over: `pre-flight`, 2 attempts; the last: run 20260601-130200-000ea21c of `smith` ended in `crashed`: so it was
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
        > Of the advisors:
        >     'pre-flight' was passed over at c8c8c8c8c8: 'pre-flight', 2 attempts; the last: run 20260601-130200-000ea21c of 'smith' ended in 'crashed': so it was
    --
    review: `pre-flight` 1.1 -> done {"fine":"yes"}
    review: passes `pre-flight` over: run 20260601-130000-0001a0d1 of `smith` ended without an answer of its form
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
    --
    review: `pre-flight` 1.1 -> crashed
    review: `pre-flight` 1.2 -> crashed
    review: A PERSON'S TURN: the advisor `pre-flight` gave no verdict; `/retry` has it asked again
        `pre-flight`, 2 attempts; the last: run 20260601-130200-000ea21c of `smith` ended in `crashed`: so it was
    "#);
}

#[test]
fn when_it_is_looked_first() {
    let first = |when: &str, change: &dyn Fn(&mut Story)| {
        let mut it = story(&format!("phases \"review\"; advisor \"pre-flight\" {{ {when}\n }}"));
        change(&mut it);
        it.stands();
        it.told().lines().last().is_some_and(|line| line.contains("pre-flight"))
    };
    let changes = |path: &'static str, lines: u64| {
        move |it: &mut Story| {
            it.pull("", |pull| pull.files = Seen::Known(vec![file(path, lines, 0)]));
        }
    };
    let unread = |it: &mut Story| {
        it.pull("", |pull| pull.files = Seen::Unknown);
    };
    let reworked = |it: &mut Story| {
        it.ran(Done, Some(json!({ "compliant": false, "gaps": ["an edge"] }))).ran(Done, None).moved();
    };
    for (when, change, expect) in [
        ("", &changes("src/a", 1) as &dyn Fn(&mut Story), true),
        ("reworked #true", &changes("src/a", 500), false),
        ("reworked #true", &reworked, true),
        ("lines 20", &changes("src/a", 20), false),
        ("lines 20", &changes("src/a", 21), true),
        ("lines 20", &unread, true),
        ("lines 20", &reworked, false),
        ("paths \"src/**\"", &changes("doc/a", 500), false),
        ("paths \"src/**\"", &changes("src/a", 1), true),
        ("lines 20; paths \"src/**\"", &changes("src/a", 1), true),
    ] {
        assert_eq!(first(when, change), expect, "{when}");
    }
}

/// Who asks once nobody answers any more has judged nothing, and who names a gap has found one.
#[test]
fn what_is_no_verdict_approves_nothing() {
    let mut it = story("phases \"review\"; advisor \"mid-flight\" consults=1");
    it.ran(Done, compliant()).ran(Done, asks("What does sharp mean?")).ran(Done, opinion());
    it.ran(Done, asks("And blunt, what does it mean?")).stands();
    assert!(
        it.told().ends_with("review: A PERSON'S TURN: `quality-review` gave no verdict\n"),
        "{}",
        it.told()
    );
    for said in
        [json!({ "compliant": true, "gaps": ["The horn."] }), json!({ "compliant": false, "gaps": [" "] })]
    {
        let mut it = story("phases \"review\"");
        it.ran(Done, Some(said)).stands();
        let says = "review: the author says of #20 that c8c8c8c8c8 doesn't pass: commented\n";
        assert!(it.told().contains(says), "{}", it.told());
    }
}

#[test]
fn a_reviewer_asks_and_judges_with_the_answer() {
    let of = |more: &str| story(&format!("phases \"review\"; advisor \"mid-flight\" {more}"));
    let mut it = of("consults=2");
    it.ran(Done, compliant())
        .reads_of(ASKED)
        .ran(Done, asks("What does sharp mean?"))
        .ran(Done, opinion())
        .reads_of(ASKED);
    it.ran(Done, asks("And blunt, what does it mean?")).reads_of(ASKED).ran(Done, opinion()).differs();
    it.ran(Crashed, None).reads_of(ASKED).ran(Done, found("high")).differs().ran(Done, None).moved().stands();
    let mut again = of("");
    again.ran(Done, compliant()).ran(Done, asks("What does sharp mean?")).ran(Done, opinion());
    again.ran(Done, asks("what does SHARP mean")).ran(Done, found("low")).reads_of(ASKED).stands();
    insta::assert_snapshot!([it.told(), again.told()].join("--\n"), @r#"
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
        | Where the verdict hangs on a question of judgement that neither the code nor the issue answers, put it into `consult` instead of giving a verdict, and you are asked again with the answer (0 of 2 times…
    review: `quality-review` 1.1 -> done {"findings":[{"severity":"high","text":"The horn is blunt."}],"consult":"What does sharp m…
    review: `mid-flight` 1.1 -> done {"reasoning":"It is only\na horn.","recommendation":"Let it pass.","confidence":70}
        | `quality-review` asks, as data:
        |     What does sharp mean?
    review: `quality-review` 1.1, an advisor's opinion -> done {"findings":[{"severity":"high","text":"The horn is blunt."}],"consult":"And blunt, what d…
        | Question 1 of this review, as data:
        |     What does sharp mean?
        |     recommends: Let it pass.
        |     since: It is only a horn.
        |     sure to 70 of 100
        | Where the verdict hangs on a question of judgement that neither the code nor the issue answers, put it into `consult` instead of giving a verdict, and you are asked again with the answer (1 of 2 times…
    review: `mid-flight` 1.1 -> done {"reasoning":"It is only\na horn.","recommendation":"Let it pass.","confidence":70}
        -     What does sharp mean?
        +     And blunt, what does it mean?
        - (nothing)
        + It asked before, as data:
        +     What does sharp mean?
        + An advisor, as data:
        +     recommends: Let it pass.
        +     since: It is only a horn.
        +     sure to 70 of 100
    review: `quality-review` 1.1, an advisor's opinion -> crashed
        | Question 1 of this review, as data:
        |     What does sharp mean?
        |     recommends: Let it pass.
        |     since: It is only a horn.
        |     sure to 70 of 100
        | Question 2 of this review, as data:
        |     And blunt, what does it mean?
        |     recommends: Let it pass.
        |     since: It is only a horn.
        |     sure to 70 of 100
        | No further question is answered: judge by yourself.
    review: `quality-review` 1.2, an advisor's opinion -> done {"findings":[{"severity":"high","text":"The horn is blunt.","path":"src/anvil.rs"}]}
        - (nothing)
        + - attempt 1: `crashed`: so it was
        + This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    review: the author says of #20 that c8c8c8c8c8 doesn't pass: commented
    review: `rework` 1.1, findings -> done
    review: #20 goes from c8c8c8c8c8 to 0808080808
    review: `spec-review` 2 is to be done
    --
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
    review: `quality-review` 1.1 -> done {"findings":[{"severity":"high","text":"The horn is blunt."}],"consult":"What does sharp m…
    review: `mid-flight` 1.1 -> done {"reasoning":"It is only\na horn.","recommendation":"Let it pass.","confidence":70}
    review: `quality-review` 1.1, an advisor's opinion -> done {"findings":[{"severity":"high","text":"The horn is blunt."}],"consult":"what does SHARP m…
    review: `quality-review` 1.1, an advisor's opinion -> done {"findings":[{"severity":"low","text":"The horn is blunt.","path":"src/anvil.rs"}]}
        | Question 1 of this review, as data:
        |     What does sharp mean?
        |     recommends: Let it pass.
        |     since: It is only a horn.
        |     sure to 70 of 100
        | Question 2 of this review, as data:
        |     what does SHARP mean
        | No further question is answered: judge by yourself.
    review: the author says of #20 that c8c8c8c8c8 passes: commented
    merge: merges #20 at c8c8c8c8c8
    "#);
}

#[test]
fn who_does_not_answer_a_reviewer_is_passed_over_or_nothing_goes_on() {
    let of = |more: &str| story(&format!("phases \"review\"; advisor \"mid-flight\" {more}"));
    let asked = || asks("What does sharp mean?");
    let mut fails = of("");
    fails.ran(Done, compliant()).ran(Done, asked()).ran_times(2, &Crashed).moved();
    fails.ran(Done, found("low")).reads_of(ASKED).stands();
    let mut off = of("");
    off.ran(Done, compliant()).ran(Done, asked()).ran(Done, Some(json!({ "fine": "yes" }))).moved().stands();
    let mut closed = of("on-failure=\"veto\"");
    closed.ran(Done, compliant()).ran(Done, asked()).ran(NoVerdict, None).ran(NoVerdict, None).stands();
    insta::assert_snapshot!([fails.told(), off.told(), closed.told()].join("--\n"), @r#"
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
    review: `quality-review` 1.1 -> done {"findings":[{"severity":"high","text":"The horn is blunt."}],"consult":"What does sharp m…
    review: `mid-flight` 1.1 -> crashed
    review: `mid-flight` 1.2 -> crashed
    review: passes `mid-flight` over: `mid-flight`, 2 attempts; the last: run 20260601-130600-00084633 of `smith` ended in `crashed`: so it was
    review: `quality-review` 1.1, an advisor's opinion -> done {"findings":[{"severity":"low","text":"The horn is blunt.","path":"src/anvil.rs"}]}
        | Question 1 of this review, as data:
        |     What does sharp mean?
        | Nobody gave an answer: judge by yourself.
        | Where the verdict hangs on a question of judgement that neither the code nor the issue answers, put it into `consult` instead of giving a verdict, and you are asked again with the answer (1 of 5 times…
    review: the author says of #20 that c8c8c8c8c8 passes: commented
    merge: merges #20 at c8c8c8c8c8
    --
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
    review: `quality-review` 1.1 -> done {"findings":[{"severity":"high","text":"The horn is blunt."}],"consult":"What does sharp m…
    review: `mid-flight` 1.1 -> done {"fine":"yes"}
    review: passes `mid-flight` over: run 20260601-130400-000e3d50 of `smith` ended without an answer of its form
    review: `quality-review` 1 is to be done
    --
    review: `spec-review` 1.1 -> done {"compliant":true,"gaps":[]}
    review: `quality-review` 1.1 -> done {"findings":[{"severity":"high","text":"The horn is blunt."}],"consult":"What does sharp m…
    review: `mid-flight` 1.1 -> no verdict
    review: `mid-flight` 1.2 -> no verdict
    review: A PERSON'S TURN: the advisor `mid-flight` gave no verdict; `/retry` has it asked again
        `mid-flight`, 2 attempts; the last: run 20260601-130600-00084633 of `smith` ended in `no verdict`: so it was
    "#);
}

#[test]
fn what_was_found_before_a_question_is_no_finding() {
    let mut it = story("phases \"review\"; advisor \"mid-flight\"");
    it.ran(Done, compliant()).ran(Done, asks("What does sharp mean?")).ran(Done, opinion());
    it.pull("somebody pushes", |pull| pull.head = commit(201));
    it.ran(Done, compliant()).ran(Done, found("high")).stands();
    assert!(it.told().ends_with("review: `rework` 1 is to be done\n"), "{}", it.told());
}
