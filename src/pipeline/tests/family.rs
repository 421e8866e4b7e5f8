//! Epics wait for their children, and children for whoever holds an epic.

use super::story::{Story, config, issue, label};
use crate::model::Outcome::Crashed;
use crate::model::samples::name;

/// An epic with these children.
fn epic(more: &str, children: &[(u64, bool)]) -> Story {
    let mut it = Story::of(config("", more));
    it.case.children = children.iter().map(|(number, open)| ((name("acme/anvil"), *number), *open)).collect();
    it
}

#[test]
fn an_epic_waits_for_its_children_by_name_and_is_a_persons_to_close() {
    let mut it = epic("", &[(8, true), (9, true), (10, false)]);
    it.case.children.insert((name("other/bolt"), 3), true);
    it.others = vec![issue(8)];
    it.stands();
    it.then("other/bolt#3 is closed", |case| {
        case.children.insert((name("other/bolt"), 3), false);
    })
    .stands();
    it.others[0].open = false;
    it.then("#8 is closed, and nobody says so of the epic yet", |_| ()).stands();
    it.then("#9 is closed", |case| {
        case.children.insert((name("acme/anvil"), 9), false);
    });
    it.by_design().stands().untried();
    let mut closes = epic("epics \"close\"", &[(8, false)]);
    closes.stands().untried();
    insta::assert_snapshot!([it.told(), closes.told()].concat(), @r"
    triage: waits for #8, #9 and other/bolt#3 to be closed, its children
    (other/bolt#3 is closed)
    triage: waits for #8 and #9 to be closed, its children
    (#8 is closed, and nobody says so of the epic yet)
    triage: waits for #9 to be closed, its children
    (#9 is closed)
    triage: A PERSON'S TURN: #8, #9, #10 and other/bolt#3, its children, are closed; whether that is all of it is for people to say
    triage: done: #8, its only child, is closed
    ");
}

#[test]
fn what_was_begun_goes_on_once_its_children_are_closed() {
    let mut it = epic("", &[]);
    it.ran(Crashed, None);
    it.then("it has a child", |case| {
        case.children.insert((name("acme/anvil"), 8), true);
    })
    .stands();
    it.then("which is closed", |case| {
        case.children.insert((name("acme/anvil"), 8), false);
    })
    .stands();
    insta::assert_snapshot!(it.told(), @r"
    implement: `implement` 1.1 -> crashed
    (it has a child)
    implement: waits for #8 to be closed, its children
    (which is closed)
    implement: `implement` 1 is to be done
    ");
}

#[test]
fn what_is_held_holds_its_children() {
    let mut it = Story::of(config("", ""));
    it.case.parent = Some((name("acme/anvil"), 4));
    it.stands();
    let (mut top, mut between) = (issue(3), issue(4));
    between.parent = Some((name("acme/anvil"), 3));
    it.others = vec![top.clone(), between];
    it.then("its parent is looked at", |_| ()).stands();
    top.labels.insert("factory:hold".into(), label("factory:hold", "ann"));
    it.others[0] = top.clone();
    it.then("what that is a part of is held", |_| ()).stands();
    top.open = false;
    it.others[0] = top;
    it.then("and closed", |_| ()).stands().untried();
    insta::assert_snapshot!(it.told(), @r"
    triage: held, waits for a look at #4, which it belongs to
    (its parent is looked at)
    implement: `implement` 1 is to be done
    (what that is a part of is held)
    triage: held, waits for #3, which it belongs to, and which waits for its label `factory:hold` to be removed
    (and closed)
    implement: `implement` 1 is to be done
    ");
}

#[test]
fn what_was_turned_down_is_not_done() {
    let mut it = epic("epics \"close\"", &[(8, false), (9, false)]);
    it.case.rejected_children.insert((name("acme/anvil"), 8));
    it.stands().untried();
    it.case.rejected_children.insert((name("acme/anvil"), 9));
    it.then("#9 is turned down as well", |_| ()).by_design().stands();
    insta::assert_snapshot!(it.told(), @r"
    triage: done: #8 and #9, its children, are closed; #8 not done
    (#9 is turned down as well)
    triage: A PERSON'S TURN: #8 and #9, its children, are closed as nothing that is to be done; close it, or say with another child what is
    ");
}
