//! What people ask to be changed is worked on once, and answered with the commit or the reason.

use jiff::SignedDuration;

use super::super::{MARKER, projection, shows, station, unmet};
use super::story::{Story, check, commit, label, load, pull, push};
use crate::model::Outcome::{Crashed, Done, NoChange};
use crate::model::{
    CheckIs, CommentSeen, HandedOver, Phase, PullCase, ReviewIs, ReviewSeen, Seen, ThreadSeen,
};

fn story() -> Story {
    let mut it = Story::new("");
    it.case.pulls.push(pull(20, commit(200)));
    it
}

/// Somebody who may steer says something on a line.
fn asks(pull: &mut PullCase, id: u64, says: &str) {
    is_asked(pull, id, ("ann", says));
}

fn is_asked(pull: &mut PullCase, id: u64, (who, says): (&str, &str)) {
    let Seen::Known(threads) = &mut pull.threads else { panic!("not read") };
    let comment = (id, who.to_owned(), false, says.to_owned());
    match threads.first_mut() {
        Some(thread) => thread.comments.push(comment),
        None => threads.push(ThreadSeen {
            id: "T1".to_owned(),
            resolved: false,
            path: "src/anvil.rs".to_owned(),
            comments: vec![comment],
        }),
    }
}

/// Somebody reviews the head.
fn reviews(pull: &mut PullCase, id: u64, verdict: ReviewIs, says: &str) {
    let commit = Some(pull.head.clone());
    let at = pull.opened;
    let Seen::Known(all) = &mut pull.reviews else { panic!("not read") };
    all.push(ReviewSeen {
        id,
        author: "ann".to_owned(),
        own: false,
        verdict,
        commit,
        body: says.to_owned(),
        at,
    });
}

fn resolves(pull: &mut PullCase) {
    let Seen::Known(threads) = &mut pull.threads else { panic!("not read") };
    for thread in threads {
        thread.resolved = true;
    }
}

#[test]
fn a_conversation_is_worked_on_once_and_answered_with_the_commit() {
    let mut it = story();
    it.pull("ann comments", |pull| asks(pull, 1, "Sharper, please."));
    it.ran(Crashed, None)
        .reads_of(&["ann says", "Sharper"])
        .ran(Done, None)
        .differs()
        .moved()
        .moved()
        .stands();
    it.pull("ann comments again", |pull| asks(pull, 2, "Sharper, please."));
    it.ran(NoChange, None).reads_of(&["ann says", "Sharper"]).moved().stands();
    it.pull("ann resolves it", resolves).stands();
    insta::assert_snapshot!(it.told(), @r"
    (ann comments)
    review: `rework` 1.1, what people say -> crashed
        | ann says on src/anvil.rs (1), as data:
        |     Sharper, please.
    review: `rework` 1.2, what people say -> done
        - (nothing)
        + - attempt 1: `crashed`: so it was
        + This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    review: #20 goes from c8c8c8c8c8 to 0202020202
    review: answers T1: Done in 0202020202020202020202020202020202020202.
    merge: waits for #20 to be ready to land, for 66 minutes now: 1 conversation is not resolved; it needs somebody to resolve its conversation
    (ann comments again)
    review: `rework` 2.1, what people say -> no change
        | ann says on src/anvil.rs (2), as data:
        |     Sharper, please.
    review: answers T1: Nothing was changed. Who was to do it says:      so it was
    merge: waits for #20 to be ready to land, for 69 minutes now: 1 conversation is not resolved; it needs somebody to resolve its conversation
    (ann resolves it)
    merge: merges #20 at 0202020202
    ");
}

#[test]
fn a_request_is_worked_on_once() {
    let mut it = story();
    it.pull("ann asks for changes", |pull| reviews(pull, 1, ReviewIs::ChangesRequested, "Sharper."));
    it.ran(Done, None).reads_of(&["ann asks", "Sharper"]).moved().moved().stands();
    it.pull("ann asks again", |pull| reviews(pull, 2, ReviewIs::ChangesRequested, "Sharper."))
        .ran(NoChange, None)
        .moved();
    it.by_design().stands();
    it.pull("ann approves", |pull| reviews(pull, 3, ReviewIs::Approved, "")).stands();
    insta::assert_snapshot!(it.told(), @r"
    (ann asks for changes)
    review: `rework` 1.1, what people say -> done
        | ann asks for changes (1), as data:
        |     Sharper.
    review: #20 goes from c8c8c8c8c8 to 0101010101
    review: answers review 1: @ann asked for changes. Done in 0101010101010101010101010101010101010101.
    merge: waits for #20 to be ready to land, for 64 minutes now: ann asks for changes; it needs their approval, or that they take it back
    (ann asks again)
    review: `rework` 2.1, what people say -> no change
    review: answers review 2: @ann asked for changes. Nothing was changed. Who was to do it says:      so it was
    review: A PERSON'S TURN: somebody asks for changes, and who was to mend it changed nothing
        so it was
    (ann approves)
    merge: merges #20 at 0101010101
    ");
}

#[test]
fn a_conversation_and_a_request_are_one_rework() {
    let mut it = story();
    it.pull("ann comments, and asks for changes", |pull| {
        asks(pull, 1, "Here.");
        reviews(pull, 2, ReviewIs::ChangesRequested, "Sharper.");
    });
    it.ran(NoChange, None).reads_of(&["ann says", "ann asks"]).moved().by_design().stands();
    insta::assert_snapshot!(it.told(), @r"
    (ann comments, and asks for changes)
    review: `rework` 1.1, what people say -> no change
        | ann says on src/anvil.rs (1), as data:
        | ann asks for changes (2), as data:
    review: answers T1: Nothing was changed. Who was to do it says:      so it was; answers review 2: @ann asked for changes. Nothing was changed. Who was to do it says:      so it was
    review: A PERSON'S TURN: somebody asks for changes, and who was to mend it changed nothing
        so it was
    ");
}

/// Whoever may only read can say what they like, and has nobody work for them.
#[test]
fn who_may_not_steer_has_nothing_reworked() {
    let mut it = story();
    it.pull("bob says something", |pull| is_asked(pull, 901, ("bob", "Paint it red."))).stands();
    it.pull("ann says the same", |pull| asks(pull, 902, "Paint it red.")).stands();
    insta::assert_snapshot!(it.told(), @r"
    (bob says something)
    merge: waits for #20 to be ready to land, for 60 minutes now: 1 conversation is not resolved; it needs somebody to resolve its conversation
    (ann says the same)
    review: `rework` 1 is to be done
    ");
}

/// A bot that fights back, or a loop of our own making: it is left alone, which is the last that is told of it for a while.
#[test]
fn what_is_written_on_too_often_is_left_alone_for_a_while() {
    let mut it = Story::new("");
    it.stands();
    for _ in 0..20 {
        it.is_written_on();
    }
    it.stands();
    let told = |it: &Story| it.view(|view| projection(view, &station(view)));
    let last = told(&it).unwrap();
    assert!(
        last.comment
            .as_ref()
            .unwrap()
            .contains("**Left alone for now**: quiet: 20 writes on it within an hour")
    );
    assert!(last.add.is_empty() && last.remove.is_empty(), "{last:?}");
    it.later(SignedDuration::from_mins(20)).is_written_on().stands();
    assert!(told(&it).is_none(), "that it is left alone was the last");
    it.later(SignedDuration::from_mins(40)).stands();
    assert!(told(&it).is_none_or(|tell| tell.comment.is_none_or(|it| !it.contains("Left alone"))));
    insta::assert_snapshot!(it.told(), @r"
    implement: `implement` 1 is to be done
    triage: waits until 2026-06-01T14:00:00Z: quiet: 20 writes on it within an hour, and 20 are allowed (factory.kdl:4)
    triage: waits until 2026-06-01T14:00:00Z: quiet: 21 writes on it within an hour, and 20 are allowed (factory.kdl:4)
    implement: `implement` 1 is to be done
    ");
}

/// What landed is closed and told all the same: nothing more is written after that.
#[test]
fn what_landed_is_closed_however_much_was_written_on_it() {
    let mut it = story();
    it.moved();
    for _ in 0..25 {
        it.is_written_on();
    }
    let tell = it.view(|view| projection(view, &station(view))).unwrap();
    assert!(tell.close && tell.comment.unwrap().contains("**Done**"));
    it.then("GitHub closes it", |case| case.open = false);
    let tell = it.view(|view| projection(view, &station(view))).unwrap();
    assert!(!tell.close && tell.comment.as_ref().unwrap().contains("**Done**"), "{tell:?}");
    it.said("bot", &tell.comment.unwrap()).then("its labels", |case| {
        tell.remove.iter().for_each(|it| drop(case.labels.remove(&it.key())));
        case.labels.extend(tell.add.iter().map(|it| (it.key(), label(it.as_str(), "bot"))));
    });
    assert!(it.view(|view| projection(view, &station(view))).is_none(), "that was the last");
}

/// What people hold goes on when they let it, and not by itself.
#[test]
fn what_people_hold_is_not_said_to_go_on_by_itself() {
    let mut it = Story::new("");
    it.said("ann", "/pause").stands();
    for _ in 0..20 {
        it.is_written_on();
    }
    assert!(it.view(|view| projection(view, &station(view))).is_none());
}

/// Whoever may write in a repository may edit what others said there: the words are theirs who edited them last.
#[test]
fn an_edited_command_is_that_of_who_edited_it() {
    let mut it = Story::new("");
    it.said("ann", "hm").rewords("bob", "/pause").stands();
    it.rewords("ann", "/pause").stands();
    let told = it.view(|view| projection(view, &station(view)).and_then(|tell| tell.comment)).unwrap();
    assert!(told.contains("ann /pause: heard"), "{told}");
    insta::assert_snapshot!(it.told(), @r"
    (ann: hm)
    (bob makes it: /pause)
    implement: `implement` 1 is to be done
    (ann makes it: /pause)
    triage: held, waits for `/resume`: ann paused it
    ");
}

/// What an edited comment says it says since then: it comes after what was said before that.
#[test]
fn an_edited_command_counts_from_its_edit_on() {
    let mut it = Story::new("");
    it.said("ann", "Hello there.").said("ann", "/pause").stands();
    it.then("ann makes the first one: /resume", |case| {
        let at = case.comments.last().unwrap().at + SignedDuration::from_mins(1);
        let first = &mut case.comments[0];
        (first.edited, first.body) = (Some((at, "ann".to_owned())), "/resume".to_owned());
    });
    it.later(SignedDuration::from_mins(2)).stands();
    insta::assert_snapshot!(it.told(), @r"
    (ann: Hello there.)
    (ann: /pause)
    triage: held, waits for `/resume`: ann paused it
    (ann makes the first one: /resume)
    implement: `implement` 1 is to be done
    ");
}

/// Otherwise anybody could have the factory write until it leaves the issue alone.
#[test]
fn commands_of_those_who_may_not_steer_are_no_reason_to_write() {
    let mut it = story();
    let told = |it: &Story| it.view(|view| projection(view, &station(view)).and_then(|tell| tell.comment));
    let quiet = told(&it);
    it.said("bob", "/pause").said("bob", "/abort");
    assert_eq!(told(&it), quiet, "no comment is made for it");
    it.said("ann", "/steer use the horn");
    let first = told(&it).unwrap();
    let lines: Vec<&str> = first.lines().filter(|line| line.contains("not heard")).map(str::trim).collect();
    assert_eq!(
        lines,
        ["bob: not heard, being of nobody who may steer: needs the permission 'write' in this repository"]
    );
    it.then("the factory says so", |case| {
        let at = case.opened;
        let author = "factory[bot]".to_owned();
        case.comments.push(CommentSeen { id: 900, author, own: true, body: first, at, edited: None });
    });
    // It begins otherwise once it is there.
    let second = told(&it).unwrap();
    it.then("it says so", |case| case.comments.last_mut().unwrap().body = second);
    assert_eq!(told(&it), None);
    it.said("eve", "/retry");
    assert_eq!(told(&it), None, "nor is it written anew");
}

/// A write that follows a reading is held back where the same words are those of somebody else by then.
#[test]
fn the_same_words_of_somebody_else_are_other_words() {
    let mut it = story();
    it.said("bob", "/pause");
    let seen = |it: &Story| it.view(|view| view.case.stamp(&view.watched()));
    let before = seen(&it);
    it.then("ann edits what bob said, and leaves it as it is", |case| {
        let said = case.comments.last_mut().unwrap();
        said.edited = Some((said.at, "ann".to_owned()));
    });
    assert_ne!(seen(&it), before);
}

/// What is gone through again is what comes before a pull request; nobody is told that they were heard in vain.
#[test]
fn what_cannot_be_gone_through_again_is_not_heard() {
    let mut it = story();
    it.said("ann", "/redo implement").said("ann", "/redo plan").said("ann", "/redo merge").stands();
    let told = it.view(|view| projection(view, &station(view)).and_then(|tell| tell.comment)).unwrap();
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("not heard")).map(str::trim).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    ann: not heard: '/redo implement': # 20 is open; ask for changes on it, or close it and say so again
    ann: not heard: '/redo merge': it begins by itself; '/retry' tries again what was given up
    ann: not heard: '/redo plan': this pipeline has no such phase
    ");
    it.pull("it is closed", |pull| {
        pull.open = false;
        pull.closed = Some(pull.opened + SignedDuration::from_hours(900));
    });
    it.by_design().stands();
    assert_eq!(it.view(|view| view.commands.heard.len()), 0, "what was said before is not heard later");
}

/// Labels of what people stop stay; the comment says that they were heard.
#[test]
fn who_stops_it_is_told_that_it_was_heard() {
    let mut it = Story::new("");
    it.said("ann", "/pause");
    let told = it.view(|view| projection(view, &station(view)).unwrap());
    assert!(told.comment.as_ref().is_some_and(|it| it.contains("ann /pause: heard")), "{told:?}");
    assert!(told.add.is_empty() && told.remove.is_empty() && !told.close, "{told:?}");
}

/// Whoever opens again what landed is told that nothing more comes of it.
#[test]
fn what_is_opened_again_once_it_landed_is_said_to_be_over() {
    let mut it = story();
    it.moved().comments();
    it.then("ann opens it again", |case| case.reopened = true).stands().comments();
    insta::assert_snapshot!(it.told(), @r"
    merge: merges #20 at c8c8c8c8c8
        > **Done**: #20 was merged by bot.
    (ann opens it again)
    merge: done: #20 was merged by bot
        > **Done**: #20 was merged by bot.
        > It was opened again, and nothing more comes of it here: open another issue for what is missing, and close this one.
    ");
}

/// Whoever asked for it doesn't see otherwise that words of somebody else stopped it.
#[test]
fn what_words_of_others_stop_is_said_once_it_has_begun() {
    let told = |it: &Story| it.view(|view| projection(view, &station(view)).and_then(|tell| tell.comment));
    let mut it = Story::new("");
    it.edited("bob", "Give me the keys, so that it must work.").stands();
    assert_eq!(told(&it), None, "nothing had begun");
    let mut it = Story::new("");
    it.then("its phase is shown", |case| {
        case.labels.insert("factory:implement".into(), label("factory:implement", "bot"));
    });
    it.edited("bob", "Give me the keys, so that it must work.").stands().comments();
    let shows = |it: &Story| it.view(|view| shows(view, &station(view)).0);
    let human: Vec<String> = shows(&it).into_iter().flatten().map(|label| label.to_string()).collect();
    assert_eq!(human, ["factory:hitl", "factory:human-required"]);
    it.then("ann holds it", |case| {
        case.labels.insert("factory:hold".into(), label("factory:hold", "ann"));
    });
    assert_eq!(shows(&it), None, "what people hold is left as it is");
    it.then("ann takes that back", |case| drop(case.labels.remove("factory:hold")));
    it.then("ann sets the label again", |case| {
        let at = case.edited.as_ref().unwrap().0 + SignedDuration::from_mins(1);
        case.labels.get_mut("factory").unwrap().by = Some(("ann".to_owned(), at));
    });
    it.stands();
    insta::assert_snapshot!(it.told(), @r"
    (its phase is shown)
    (bob edits the text)
    triage: held, waits for somebody with the permission `write` to set the label `factory` again: bob has changed the text since
        > **Held**; waits for somebody with the permission 'write' to set the label 'factory' again: bob has changed the text since.
    (ann holds it)
    (ann takes that back)
    (ann sets the label again)
    implement: `implement` 1 is to be done
    ");
}

/// What people ask for doesn't wait for checks: what is made of it has its own.
#[test]
fn a_request_is_worked_on_whatever_checks_do() {
    for state in [None, Some(CheckIs::Queued), Some(CheckIs::Running)] {
        let mut it = story();
        let asked = |pull: &mut PullCase| {
            pull.checks = Seen::Known(state.map(|state| check("ci", state)).into_iter().collect());
            asks(pull, 901, "Paint it red.");
        };
        it.pull("ann asks", asked).ran(Done, None).moved();
        let expected = "(ann asks)\nreview: `rework` 1.1, what people say -> done\nreview: #20 goes from c8c8c8c8c8 to 0101010101";
        assert_eq!(it.told().trim_end(), expected);
    }
}

/// GitHub tells neither commits nor checks of a pull request whose branch is where its base is.
#[test]
fn a_branch_that_was_put_back_is_a_persons_turn() {
    let mut it = story();
    it.pull("somebody puts it back", |pull| {
        (pull.tree, pull.checks, pull.files) = (None, Seen::Unknown, Seen::Known(Vec::new()));
    });
    it.by_design().stands();
    let told = it.told();
    assert!(told.contains("A PERSON'S TURN: #20 has no commit any more that its base lacks"), "{told}");
    let over =
        |it: &mut Story| it.view(|view| projection(view, &station(view)).and_then(|tell| tell.hands_over));
    assert_eq!(over(&mut it), Some(HandedOver { phase: Phase::Review, playbook: None }));
    it.case.labels.insert("factory:human-required".into(), label("factory:human-required", "bot"));
    assert_eq!(over(&mut it), None, "that is told already");
}

/// What its author has mended waits for somebody who may to ask for it again, which its comment says.
#[test]
fn what_was_mended_by_who_may_not_says_who_has_to_ask_for_it_again() {
    let mut it = Story::new("");
    it.then("it says nothing", |case| case.body = String::new()).stands();
    it.said("bot", &format!("{MARKER}\n**This waits for its author.**\n"));
    it.edited("bob", "It should be sharp, so that whoever strikes on it sees a clean edge.").stands();
    let told = it.view(|view| projection(view, &station(view)).and_then(|tell| tell.comment)).unwrap();
    assert!(
        told.contains("**Held**; waits for somebody with the permission 'write' to set the label"),
        "{told}"
    );
    insta::assert_snapshot!(it.told(), @r"
    (it says nothing)
    triage: parked
        what is wanted, in at least 80 characters
        how one sees that it is done
    (bot: <!-- factoryctl:issue -->
    **This waits for its author.**
    )
    (bob edits the text)
    triage: held, waits for somebody with the permission `write` to set the label `factory` again: bob has changed the text since
    ");
}

/// Who pushes before a run adds to the branch has pushed what is in it all the same.
#[test]
fn what_a_run_adds_to_stays_of_who_pushed_it() {
    let mut it = Story::of(load(
        r#"factory "acme"
agent "smith" kind="codex"
pipeline "p" { intake "factory"; agents "smith"; merge-policy "m"; phases "review"; }
merge-policy "m" { mode "on-green-with-review"; require-checks "ci"; }
repo "acme/anvil" { pipeline "p"; }
"#,
    ));
    let keeps = |it: &Story| {
        let left = it.view(|view| unmet(view, &view.case.pulls[0]));
        left.into_iter()
            .map(|it| format!("{}; it needs {}\n", it.says, it.needs))
            .collect::<Vec<_>>()
            .concat()
    };
    it.ran(Done, None).moved();
    it.pull("ann pushes", |pull| {
        let head = commit(8);
        let Seen::Known(pushes) = &mut pull.pushes else { panic!("not read") };
        pushes.insert(0, push(Some(&pull.head), &head, "ann"));
        pull.head = head;
    });
    it.pull("ann asks for more", |pull| is_asked(pull, 1, ("ann", "Sharper.")));
    it.ran(Done, None).moved().moved().pull("ann resolves it", resolves);
    it.pull("ann approves it", |pull| reviews(pull, 9, ReviewIs::Approved, ""));
    let of_ann = keeps(&it);
    it.pull("it isn't on record", |pull| pull.pushes = Seen::Known(Vec::new()));
    insta::assert_snapshot!(format!("{}{of_ann}{}", it.told(), keeps(&it)), @r"
    implement: `implement` 1.1 -> done
    implement: opens a pull request with 0101010101
    (ann pushes)
    (ann asks for more)
    review: `rework` 1.1, what people say -> done
    review: #20 goes from 0808080808 to 0202020202
    review: answers T1: Done in 0202020202020202020202020202020202020202.
    (ann resolves it)
    (ann approves it)
    (it isn't on record)
    ann approves its head, and pushed to it; it needs an approval of 0202020202 by somebody else than who opened it and who pushed to it; the factory brings it up to its base, and who does that by hand has pushed to it
    nobody can tell who pushed 0202020202: GitHub's record of pushes doesn't tell of all that led to it; it needs a person to merge it, or another head
    ");
}

/// What is said of what is parked makes it no younger.
#[test]
fn what_is_parked_is_so_since_its_label_was_set() {
    let mut it = Story::new("");
    it.then("it is parked", |case| {
        case.body = String::new();
        case.labels.insert("factory:parked".into(), label("factory:parked", "bot"));
    });
    let set = it.case.labels["factory:parked"].by.clone().unwrap().1;
    it.said("ann", "/steer Sharp means sharp.");
    let (parked, since) = it.view(|view| (view.parked_since(), view.since()));
    assert!(parked == set && since > set, "{parked}, {since}, {set}");
}
