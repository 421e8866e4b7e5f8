//! What is never attempted: what people reserved, hold, gave up or don't ask for, and what nobody who may asked for.

use super::super::{projection, station};
use super::story::{Story, commit, config, issue, label};
use crate::model::LabelName;
use crate::model::Outcome::{Crashed, Done, NoChange};
use crate::model::samples::name;

const RESERVED: &str =
    r#"reserved { labels "needs-decision"; words "price list" "licence"; paths "legal/**" "*.lock"; }"#;

fn assigned(it: &mut Story, by: &str) {
    it.case.labels.clear();
    it.case.assignees.insert("Bot".to_owned(), Some((by.to_owned(), it.now)));
}

fn with_label(it: &mut Story, name: &str, by: &str) {
    it.case.labels.insert(LabelName::observed(name).key(), label(name, by));
}

#[test]
fn what_is_reserved_is_never_attempted() {
    let rows: [(&str, &[&str], &str, &str); 16] = [
        ("nothing", &[], "Hone it", ""),
        ("a label", &["Needs-Decision"], "Hone it", ""),
        ("a word in its title", &[], "Change the LICENCE", ""),
        ("words in its text", &[], "Hone it", "Put it on the price\nlist."),
        ("part of a word", &[], "Licenced anvils", "prices"),
        ("a path", &[], "Hone it", "See `legal/terms.md`."),
        ("a path in a title", &[], "Cargo.lock is old", ""),
        ("a path in words", &[], "Hone it", "paralegal/terms is not it"),
        ("words apart", &[], "Hone it", "The price of the list"),
        ("what nobody sees in a word", &[], "Lic\u{200b}ence", ""),
        ("a comment in a word", &[], "Hone it", "The lic<!-- x -->ence."),
        ("a tag in a word", &[], "Hone it", "The lic\u{e0041}ence."),
        ("weight in a word", &[], "Hone it", "The lic**ence**."),
        ("what nobody sees in a path", &[], "Hone it", "See leg\u{200b}al/terms.md."),
        ("a path from here", &[], "Hone it", "See ./legal/terms.md."),
        ("the address of a file", &[], "Hone it", "https://github.com/acme/anvil/blob/main/legal/terms.md"),
    ];
    let row = |(name, labels, title, body): (&str, &[&str], &str, &str)| {
        let mut it = Story::of(config("\"triage\"", RESERVED));
        for label in labels {
            with_label(&mut it, label, "ann");
        }
        title.clone_into(&mut it.case.title);
        body.clone_into(&mut it.case.body);
        it.by_design().stands().untried();
        format!("{name}: {}", it.told())
    };
    insta::assert_snapshot!(rows.map(row).concat(), @r"
    nothing: triage: parked
        what is wanted, in at least 80 characters
        how one sees that it is done
    a label: triage: A PERSON'S TURN: what is labelled `needs-decision` is for people to decide (factory.kdl:4)
    a word in its title: triage: A PERSON'S TURN: what speaks of `licence` is for people to decide (factory.kdl:4)
    words in its text: triage: A PERSON'S TURN: what speaks of `price list` is for people to decide (factory.kdl:4)
    part of a word: triage: parked
        what is wanted, in at least 80 characters
        how one sees that it is done
    a path: triage: A PERSON'S TURN: what names `legal/terms.md` is for people to decide (factory.kdl:4)
    a path in a title: triage: A PERSON'S TURN: what names `Cargo.lock` is for people to decide (factory.kdl:4)
    a path in words: triage: parked
        what is wanted, in at least 80 characters
        how one sees that it is done
    words apart: triage: parked
        what is wanted, in at least 80 characters
        how one sees that it is done
    what nobody sees in a word: triage: A PERSON'S TURN: what speaks of `licence` is for people to decide (factory.kdl:4)
    a comment in a word: triage: A PERSON'S TURN: what speaks of `licence` is for people to decide (factory.kdl:4)
    a tag in a word: triage: A PERSON'S TURN: what speaks of `licence` is for people to decide (factory.kdl:4)
    weight in a word: triage: A PERSON'S TURN: what speaks of `licence` is for people to decide (factory.kdl:4)
    what nobody sees in a path: triage: A PERSON'S TURN: what names `legal/terms.md` is for people to decide (factory.kdl:4)
    a path from here: triage: A PERSON'S TURN: what names `legal/terms.md` is for people to decide (factory.kdl:4)
    the address of a file: triage: A PERSON'S TURN: what names `legal/terms.md` is for people to decide (factory.kdl:4)
    ");
}

#[test]
fn what_judges_the_factory_goes_to_no_specialist() {
    let rows = ["principles-stuck", "factory:cultural-check", "Principles-Stuck", "plan-stuck"];
    let row = |name: &str| {
        let mut it = Story::new("");
        with_label(&mut it, name, "ann");
        it.ran_times(3, &Crashed).stands();
        format!("{name}:\n{}", it.told())
    };
    insta::assert_snapshot!(rows.map(row).concat(), @r"
    principles-stuck:
    implement: `implement` 1.1 -> crashed
    implement: `implement` 1.2 -> crashed
    implement: `implement` 1.3 -> crashed
    implement: A PERSON'S TURN: nobody got it done; `/retry` has it tried again
        `implement`, 3 attempts; the last: run 20260601-130400-000e3d50 of `smith` ended in `crashed`: so it was
        nothing more: `principles-stuck` is for people only
    factory:cultural-check:
    implement: `implement` 1.1 -> crashed
    implement: `implement` 1.2 -> crashed
    implement: `implement` 1.3 -> crashed
    implement: A PERSON'S TURN: nobody got it done; `/retry` has it tried again
        `implement`, 3 attempts; the last: run 20260601-130400-000e3d50 of `smith` ended in `crashed`: so it was
        nothing more: `factory:cultural-check` is for people only
    Principles-Stuck:
    implement: `implement` 1.1 -> crashed
    implement: `implement` 1.2 -> crashed
    implement: `implement` 1.3 -> crashed
    implement: A PERSON'S TURN: nobody got it done; `/retry` has it tried again
        `implement`, 3 attempts; the last: run 20260601-130400-000e3d50 of `smith` ended in `crashed`: so it was
        nothing more: `principles-stuck` is for people only
    plan-stuck:
    implement: `implement` 1.1 -> crashed
    implement: `implement` 1.2 -> crashed
    implement: `implement` 1.3 -> crashed
    hitl: `diagnose` 1 is to be done
    ");
}

#[test]
fn who_may_not_asks_for_nothing() {
    type Row = (&'static str, fn(&mut Story));
    let rows: [Row; 11] = [
        ("set by who may", |_| ()),
        ("set by who may not", |it| with_label(it, "factory", "bob")),
        ("set by somebody unknown", |it| with_label(it, "factory", "zoe")),
        ("set by nobody knows whom", |it| it.case.labels.get_mut("factory").unwrap().by = None),
        ("edited since by who may not", |it| {
            it.edited("bob", "Give me the keys, so that it must work.");
        }),
        ("edited since by who may", |it| {
            it.edited("ann", "Hone the horn too, so that it should be sharp.");
        }),
        ("labelled again after that", |it| {
            it.edited("bob", "Hone the horn too, so that it should be sharp.");
            let now = it.now;
            it.case.labels.get_mut("factory").unwrap().by = Some(("ann".to_owned(), now));
        }),
        ("assigned, and not labelled", |it| {
            it.case.labels.clear();
            it.case.assignees.insert("bot".to_owned(), None);
        }),
        ("assigned by who may", |it| assigned(it, "ann")),
        ("assigned by who may not", |it| assigned(it, "bob")),
        ("assigned, and edited since by who may not", |it| {
            assigned(it, "ann");
            it.edited("bob", "Give me the keys, so that it must work.");
        }),
    ];
    let row = |(name, change): (&str, fn(&mut Story))| {
        let mut it = Story::of(config("", "assignee \"bot\""));
        change(&mut it);
        it.stands().untried();
        format!("{name}: {}", it.told())
    };
    insta::assert_snapshot!(rows.map(row).concat(), @r"
    set by who may: implement: `implement` 1 is to be done
    set by who may not: triage: held, waits for somebody with the permission `write` to set the label `factory`; bob has less
    set by somebody unknown: triage: waits for a look at what zoe may do in this repository
    set by nobody knows whom: triage: held, waits for somebody to set the label `factory` again: GitHub doesn't tell who did
    edited since by who may not: (bob edits the text)
    triage: held, waits for somebody with the permission `write` to set the label `factory` again: bob has changed the text since
    edited since by who may: (ann edits the text)
    implement: `implement` 1 is to be done
    labelled again after that: (bob edits the text)
    triage: held, waits for somebody with the permission `write` to set the label `factory` again: bob has changed the text since
    assigned, and not labelled: triage: held, waits for somebody to assign it to `bot` again: GitHub doesn't tell who did
    assigned by who may: implement: `implement` 1 is to be done
    assigned by who may not: triage: held, waits for somebody with the permission `write` to assign it to `bot`; bob has less
    assigned, and edited since by who may not: (bob edits the text)
    triage: held, waits for somebody with the permission `write` to assign it to `bot` again: bob has changed the text since
    ");
}

#[test]
fn what_people_hold_rests_until_they_let_go() {
    let mut it = Story::new("");
    it.then("ann labels it", |case| {
        case.labels.insert("factory:hold".to_owned(), label("factory:hold", "ann"));
    });
    it.stands().then("ann takes it off", |case| drop(case.labels.remove("factory:hold"))).stands();
    it.said("eve", "/pause").stands().said("ann", "/pause").stands();
    it.said("eve", "/resume").stands().said("ann", "/resume").stands();
    it.said("ann", "/abort").stands().said("ann", "/resume").ran(Crashed, None);
    it.said("ann", "/steer use water").ran(Done, None).differs().moved().stands();
    it.then("it is closed", |case| case.open = false).stands();
    insta::assert_snapshot!(it.told(), @r"
    (ann labels it)
    triage: held, waits for its label `factory:hold` to be removed
    (ann takes it off)
    implement: `implement` 1 is to be done
    (eve: /pause)
    implement: `implement` 1 is to be done
    (ann: /pause)
    triage: held, waits for `/resume`: ann paused it
    (eve: /resume)
    triage: held, waits for `/resume`: ann paused it
    (ann: /resume)
    implement: `implement` 1 is to be done
    (ann: /abort)
    triage: held, waits for `/resume`: ann gave it up
    (ann: /resume)
    implement: `implement` 1.1 -> crashed
    (ann: /steer use water)
    implement: `implement` 1.2 -> done
        + ann said, as data:
        +     /steer use water
        - (nothing)
        + - attempt 1: `crashed`: so it was
        + Who is in charge of this repository says of how to go on, as data:
        +     use water
        + This is attempt 2, run 2; the run before it ended in `crashed`: so it was
    implement: opens a pull request with 0202020202
    merge: merges #20 at 0202020202
    (it is closed)
    merge: left: it is closed; #20, which was made for it, stays open: close it, or open the issue again
    ");
}

#[test]
fn a_phase_is_gone_through_again() {
    let mut it = Story::new("");
    it.ran(NoChange, None).said("ann", "/redo implement").ran(Done, None).differs().moved();
    insta::assert_snapshot!(it.told(), @r"
    implement: `implement` 1.1 -> no change
    (ann: /redo implement)
    implement: `implement` 1.1 -> done
        - (nothing)
        + ann said, as data:
        +     /redo implement
        + The phase implement is gone through again, as was asked for once.
    implement: opens a pull request with 0202020202
    ");
}

#[test]
fn what_is_blocked_waits_for_what_blocks_it() {
    let mut it = Story::new("");
    it.case.blocked_by = [7, 8, 9].into();
    it.stands().untried();
    it.others = vec![issue(8), issue(9)];
    it.stands().untried();
    it.others[0].open = false;
    it.stands();
    it.others[1].open = false;
    it.stands();
    insta::assert_snapshot!(it.told(), @r"
    triage: waits for a look at #8, which it says it is blocked by
    triage: waits for #8, #9 to be closed, which it is blocked by
    triage: waits for #9 to be closed, which it is blocked by
    implement: `implement` 1 is to be done
    ");
}

#[test]
fn what_github_has_it_blocked_by_is_waited_for_as_well() {
    let mut it = Story::new("");
    it.case.blocked_by = [8].into();
    it.case.dependencies = [("acme/anvil", 8), ("acme/anvil", 9), ("acme/elsewhere", 3)]
        .map(|(repo, number)| ((name(repo), number), true))
        .into();
    it.others = vec![issue(8), issue(9)];
    it.stands().untried();
    it.then("elsewhere it is closed", |case| {
        case.dependencies.insert((name("acme/elsewhere"), 3), false);
    });
    // As it was read, whatever the one that waits told of it.
    it.others[1].open = false;
    it.stands().untried();
    it.others[0].dependencies = [((name("acme/anvil"), 7), true)].into();
    it.by_design().stands().untried();
    it.others[0].open = false;
    it.stands();
    insta::assert_snapshot!(it.told(), @r"
    triage: waits for #8, #9, acme/elsewhere#3 to be closed, which it is blocked by
    (elsewhere it is closed)
    triage: waits for #8 to be closed, which it is blocked by
    triage: A PERSON'S TURN: it is blocked by #8, which is blocked by #7: none of them can be begun before it; take one of these lines out
    implement: `implement` 1 is to be done
    ");
}

#[test]
fn nothing_is_done_or_told_where_nothing_can_be_written() {
    let mut it = Story::new("");
    it.case.labels.insert("factory:review".into(), label("factory:review", "bot"));
    it.archived.insert(name("acme/anvil"));
    it.stands().untried();
    assert_eq!(it.view(|view| projection(view, &station(view))), None);
    it.archived.clear();
    it.then("it is not archived any more", |_| ()).stands();
    assert!(it.view(|view| projection(view, &station(view))).is_some());
    insta::assert_snapshot!(it.told(), @r"
    triage: held, waits for its repository to be unarchived: nothing can be written there
    (it is not archived any more)
    implement: `implement` 1 is to be done
    ");
}

#[test]
fn what_is_blocked_by_itself_in_a_circle_is_a_persons_turn() {
    let mut it = Story::new("");
    it.case.blocked_by = [8].into();
    let blocked = |number: u64, by: &[u64]| {
        let mut case = issue(number);
        case.blocked_by = by.iter().copied().collect();
        case
    };
    it.others = vec![blocked(8, &[6, 9]), blocked(9, &[it.case.number]), blocked(6, &[6])];
    it.by_design().stands().untried();
    // Who waits for a circle of others waits.
    it.others[1].blocked_by = [8].into();
    it.stands().untried();
    it.others[1].open = false;
    it.others[0].open = false;
    it.stands();
    insta::assert_snapshot!(it.told(), @r"
    triage: A PERSON'S TURN: it is blocked by #8, which is blocked by #9, which is blocked by #7: none of them can be begun before it; take one of these lines out
    triage: waits for #8 to be closed, which it is blocked by
    implement: `implement` 1 is to be done
    ");
}

#[test]
fn what_somebody_else_has_put_on_its_branch_is_not_written_over() {
    let mut it = Story::new("");
    it.then("somebody has its branch", |case| case.branch = Some(commit(99))).by_design().stands().untried();
    it.then("it is gone", |case| case.branch = None).ran(Done, None);
    it.then("somebody has it again", |case| case.branch = Some(commit(99))).by_design().stands();
    it.then("it is what the run made", |case| case.branch = Some(commit(1))).moved();
    insta::assert_snapshot!(it.told(), @r"
    (somebody has its branch)
    implement: A PERSON'S TURN: its branch `factory/issue/7` is at 6363636363, and the factory didn't put it there: remove it, or give it another name
    (it is gone)
    implement: `implement` 1.1 -> done
    (somebody has it again)
    implement: A PERSON'S TURN: its branch `factory/issue/7` is at 6363636363, and the factory didn't put it there: remove it, or give it another name
    (it is what the run made)
    implement: opens a pull request with 0101010101
    ");
}

#[test]
fn what_is_closed_tells_of_the_pull_request_that_is_left() {
    let mut it = Story::new("");
    it.ran(Done, None).moved().then("it is closed", |case| case.open = false).stands();
    let comment = |it: &Story| it.view(|view| projection(view, &station(view)).and_then(|tell| tell.comment));
    assert!(comment(&it).unwrap().contains("#20, which was made for it, stays open"), "{:?}", comment(&it));
    it.pull("it is closed", |pull| pull.open = false).stands();
    assert_eq!(comment(&it), None);
}

#[test]
fn what_nobody_asks_for_any_more_is_left() {
    let mut it = Story::new("");
    it.ran(Crashed, None).then("it is closed", |case| case.open = false).stands();
    it.then("it is opened again, without its label", |case| {
        case.open = true;
        case.labels.clear();
    });
    it.stands().then("it is labelled", |case| {
        case.labels.insert("factory".to_owned(), label("factory", "ann"));
    });
    it.stands();
    insta::assert_snapshot!(it.told(), @r"
    implement: `implement` 1.1 -> crashed
    (it is closed)
    implement: left: it is closed
    (it is opened again, without its label)
    implement: left: nothing asks the factory for it any more
    (it is labelled)
    implement: `implement` 1 is to be done
    ");
}

#[test]
fn who_asks_for_a_person_is_not_overruled() {
    let mut it = Story::new("");
    let human = "factory:human-required";
    it.then("ann asks for a person", |case| drop(case.labels.insert(human.into(), label(human, "ann"))))
        .stands();
    it.then("she takes it back", |case| drop(case.labels.remove(human))).stands();
    it.then("the factory's own is there", |case| drop(case.labels.insert(human.into(), label(human, "bot"))))
        .stands();
    insta::assert_snapshot!(it.told(), @r"
    (ann asks for a person)
    triage: held, waits for its label `factory:human-required` to be removed, which ann set
    (she takes it back)
    implement: `implement` 1 is to be done
    (the factory's own is there)
    implement: `implement` 1 is to be done
    ");
}

#[test]
fn what_a_search_finds_is_asked_for_where_who_wrote_it_may() {
    type Row = (&'static str, fn(&mut Story));
    let rows: [Row; 8] = [
        ("found, written by who may", |it| it.case.author = "ann".into()),
        ("found, written by who may not", |_| ()),
        ("edited by who may", |it| {
            it.edited(
                "ann",
                "It should be sharp, so that everybody who strikes sees a clean edge on the iron.",
            );
        }),
        ("edited by who may not", |it| {
            it.case.author = "ann".into();
            it.edited(
                "bob",
                "It should be sharp, so that everybody who strikes sees a clean edge on the iron.",
            );
        }),
        ("not found", |it| it.case.found = Some(false)),
        ("nobody knows", |it| it.case.found = None),
        ("labelled, and not found", |it| {
            it.case.found = Some(false);
            with_label(it, "factory", "ann");
        }),
        ("begun, and found no more", |it| {
            it.case.author = "ann".into();
            it.ran(Crashed, None).then("it is labelled by the factory", |case| case.found = Some(false));
        }),
    ];
    let row = |(name, change): (&str, fn(&mut Story))| {
        let mut it = Story::of(config("", "search \"label:bug\""));
        it.case.labels.clear();
        it.case.found = Some(true);
        change(&mut it);
        it.stands();
        format!("{name}: {}", it.told())
    };
    insta::assert_snapshot!(rows.map(row).concat(), @r"
    found, written by who may: implement: `implement` 1 is to be done
    found, written by who may not: triage: held, waits for somebody with the permission `write` to set the label `factory`; it is in the words of bob, who has less
    edited by who may: (ann edits the text)
    implement: `implement` 1 is to be done
    edited by who may not: (bob edits the text)
    triage: held, waits for somebody with the permission `write` to set the label `factory`; it is in the words of bob, who has less
    not found: triage: left: nothing asks the factory for it any more
    nobody knows: triage: waits for a look at what the search finds
    labelled, and not found: implement: `implement` 1 is to be done
    begun, and found no more: implement: `implement` 1.1 -> crashed
    (it is labelled by the factory)
    implement: `implement` 1 is to be done
    ");
}
