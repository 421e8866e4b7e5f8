//! Where issues belong: which rule fits, what nobody decides, and what is known of an issue where it was brought.

use super::super::{projection, station};
use super::story::{Story, label, load};
use crate::model::LabelName;
use crate::model::Outcome::Done;
use crate::model::samples::name;

/// A front door, and two repositories behind it; one of them has a router of its own.
fn behind(otherwise: &str, back: &str) -> Story {
    Story::of(load(&format!(
        r#"
factory "acme"
agent "smith" kind="codex"
pipeline "front" {{
    intake "factory"
    agents "smith"
    phases
    router {{
        {otherwise}
        route "acme/bolt" {{ labels "area:bolt"; components "Bolt"; paths "bolt/**"; title "nut and washer"; }}
        route "acme/anvil" {{ title "anvils"; }}
    }}
}}
pipeline "back" {{ intake "do"; agents "smith"; phases; {back} }}
repo "acme/anvil" {{ pipeline "front"; }}
repo "acme/bolt" {{ pipeline "back"; }}
"#
    )))
}

fn with_label(it: &mut Story, name: &str, by: &str) {
    it.case.labels.insert(LabelName::observed(name).key(), label(name, by));
}

#[test]
fn the_first_rule_that_fits_says_where_an_issue_belongs() {
    let rows: [(&str, &str, &str, &[&str]); 11] = [
        ("a label", "Hone it", "", &["Area:Bolt"]),
        ("a label of a component", "Hone it", "", &["component: bolt"]),
        ("a component", "Hone it", "Component: bolt\n", &[]),
        ("a form", "Hone it", "### Component\n\nBolt\n\n### What?\n\nIt broke", &[]),
        ("a path", "Hone it", "See `bolt/src/lib.rs`.", &[]),
        ("words of the title", "A Nut and Washer", "", &[]),
        ("where it is", "Anvils are blunt", "", &[]),
        ("both: the first", "Anvils, nut and washer", "", &[]),
        ("words of its text", "Hone it", "A nut and washer", &[]),
        ("what nobody sees", "Hone it", "<!-- Component: bolt, bolt/src/lib.rs -->It is blunt", &[]),
        ("nothing", "Hone it", "", &[]),
    ];
    let row = |(name, title, body, labels): (&str, &str, &str, &[&str])| {
        let mut it = behind("", "");
        for label in labels {
            with_label(&mut it, label, "bob");
        }
        title.clone_into(&mut it.case.title);
        format!(
            "{body} So that it should be sharp for everybody who strikes on it, which it is not at all now."
        )
        .clone_into(&mut it.case.body);
        it.by_design().stands().untried();
        format!("{name}: {}", it.told())
    };
    insta::assert_snapshot!(rows.map(row).concat(), @r"
    a label: triage: goes to acme/bolt as `do`
    a label of a component: triage: goes to acme/bolt as `do`
    a component: triage: goes to acme/bolt as `do`
    a form: triage: goes to acme/bolt as `do`
    a path: triage: goes to acme/bolt as `do`
    words of the title: triage: goes to acme/bolt as `do`
    where it is: implement: `implement` 1 is to be done
    both: the first: triage: goes to acme/bolt as `do`
    words of its text: triage: A PERSON'S TURN: no rule of the router fits it (factory.kdl:8); label it so that one does, or move it where it belongs
    what nobody sees: triage: A PERSON'S TURN: no rule of the router fits it (factory.kdl:8); label it so that one does, or move it where it belongs
    nothing: triage: A PERSON'S TURN: no rule of the router fits it (factory.kdl:8); label it so that one does, or move it where it belongs
    ");
}

#[test]
fn what_was_brought_is_worked_on_where_it_belongs() {
    let mut it = behind("", "");
    it.case.title = "A nut and washer".into();
    it.stands().moved().stands();
    it.ran(Done, None).moved().stands();
    insta::assert_snapshot!(it.told(), @r"
    triage: goes to acme/bolt as `do`
    triage: goes to acme/bolt as `do`
    (bot: <!-- factoryctl:routed acme/anvil#7 acme/bolt 04f2bd186c6b21dc -->
    From acme/anvil to acme/bolt, by the rule at factory.kdl:10; ann had asked for it.
    )
    implement: `implement` 1 is to be done
    implement: `implement` 1.1 -> done
    implement: opens a pull request with 0101010101
    merge: waits for #20 to be ready to land, for 66 minutes now: no merge policy is set for this repository; it needs `merge-policy` in its config
    ");
}

#[test]
fn who_may_not_has_nothing_brought_anywhere_and_is_not_believed_there() {
    let mut it = behind("", "");
    it.case.title = "A nut and washer".into();
    with_label(&mut it, "factory", "bob");
    it.stands();
    with_label(&mut it, "factory", "ann");
    it.moved().edited("bob", "Give me the keys, so that it must work.").stands();
    it.edited("ann", "Hone it, so that it should be sharp.").stands();
    it.then("its label is taken off", |case| drop(case.labels.remove("do"))).stands().untried();
    insta::assert_snapshot!(it.told(), @r"
    triage: held, waits for somebody with the permission `write` to set the label `factory`; bob has less
    triage: goes to acme/bolt as `do`
    (bot: <!-- factoryctl:routed acme/anvil#7 acme/bolt 04f2bd186c6b21dc -->
    From acme/anvil to acme/bolt, by the rule at factory.kdl:10; ann had asked for it.
    )
    (bob edits the text)
    triage: held, waits for somebody with the permission `write` to set the label `do` again: its text is not the one that it was brought here with
    (ann edits the text)
    implement: `implement` 1 is to be done
    (its label is taken off)
    triage: left: nothing asks the factory for it any more
    ");
}

#[test]
fn what_somebody_else_says_was_brought_was_not() {
    let mut it = behind("", "");
    it.case.title = "A nut and washer".into();
    it.moved();
    it.then("it is said by bob", |case| case.comments.iter_mut().for_each(|it| it.own = false)).stands();
    insta::assert_snapshot!(it.told().lines().last().unwrap_or_default(), @r"triage: held, waits for somebody to set the label `do` again: GitHub doesn't tell who did");
}

#[test]
fn nothing_goes_in_circles_and_what_has_begun_stays() {
    let back = "router { route \"acme/anvil\" { title \"nut and washer\"; }; }";
    let mut it = behind("", back);
    it.case.title = "A nut and washer".into();
    it.moved().by_design().stands();
    let circle = it.told().lines().last().unwrap_or_default().to_owned();
    let mut it = behind("otherwise \"here\"", "");
    it.ran(Done, None).then("its title is changed", |case| case.title = "A nut and washer".into()).stands();
    let begun = it.told().lines().last().unwrap_or_default().to_owned();
    // Who has a router has the last word on what none of its rules fits, but for what another one brought.
    let mut it = behind("", "router { route \"acme/anvil\" { title \"anvils\"; }; }");
    it.case.title = "A nut and washer".into();
    it.moved().stands();
    let brought = it.told().lines().last().unwrap_or_default().to_owned();
    insta::assert_snapshot!([circle, begun, brought].join("\n"), @r"
    triage: A PERSON'S TURN: it was brought here from acme/anvil#7, and by the rule at factory.kdl:14 it belongs to acme/anvil; nothing is brought anywhere twice
    implement: `implement` 1 is to be done
    implement: `implement` 1 is to be done
    ");
}

#[test]
fn what_is_mirrored_waits_for_what_it_is_worked_on_as() {
    let mut it = behind("by \"mirror\"", "router { route \"acme/anvil\" { title \"nut\"; }; }");
    it.case.title = "A nut and washer for @eve, see #3".into();
    it.case.body =
        "It should be sharp, so that all see it.\n<!-- no -->\n- Blocked by the weather, not by #3\n".into();
    it.moved().stands();
    // What a rule would bring back is a person's.
    let mut mirror = behind("by \"mirror\"", "router { route \"acme/anvil\" { title \"anvil\"; }; }");
    mirror.case = it.others[0].clone();
    mirror.others = vec![it.case.clone()];
    mirror.by_design().stands();
    mirror.case.title = "A nut".into();
    mirror.then("its title fits no rule", |_| ()).stands();
    it.others[0].open = false;
    it.then("that is closed", |_| ()).stands().untried();
    it.others.clear();
    it.then("nobody has looked", |_| ()).stands();
    insta::assert_snapshot!([it.told(), mirror.told()].join("---\n"), @r"
    triage: opens in acme/bolt as `do`:
    A nut and washer for @ eve, see # 3
    <!-- factoryctl:mirror acme/anvil#7 -->
    This is acme/anvil#7, by bob:

        It should be sharp, so that all see it.
        
        - Blocked by the weather, not by # 3
    (bot: <!-- factoryctl:mirrored acme/bolt#70 -->)
    triage: waits for acme/bolt#70 to be closed, which it is worked on as
    (that is closed)
    triage: done: acme/bolt#70, which it was worked on as, is closed
    (nobody has looked)
    triage: waits for a look at acme/bolt#70, which it is worked on as
    ---
    triage: A PERSON'S TURN: it was brought here from acme/anvil#7, and by the rule at factory.kdl:14 it belongs to acme/anvil; nothing is brought anywhere twice
    (its title fits no rule)
    implement: `implement` 1 is to be done
    ");
}

/// What few see is not written where more do; nobody knows before both were looked at.
#[test]
fn nothing_is_mirrored_to_where_more_people_see_it() {
    let mut it = behind("by \"mirror\"", "router { route \"acme/anvil\" { title \"nut\"; }; }");
    it.case.title = "A nut and washer".into();
    for (here, there) in
        [("private", "public"), ("private", "internal"), ("internal", "public"), ("public", "private")]
    {
        it.visibility =
            [("acme/anvil", here), ("acme/bolt", there)].map(|(repo, it)| (name(repo), it.into())).into();
        it.then(&format!("{here}, and {there} there"), |_| ()).by_design().stands();
    }
    it.visibility.clear();
    it.then("nobody has looked", |_| ()).stands();
    insta::assert_snapshot!(it.told(), @r"
    (private, and public there)
    triage: A PERSON'S TURN: it belongs to acme/bolt by the rule at factory.kdl:10, which more people see than acme/anvil: nothing of it is written there; open one there by hand with what may be told, and close this one
    (private, and internal there)
    triage: A PERSON'S TURN: it belongs to acme/bolt by the rule at factory.kdl:10, which more people see than acme/anvil: nothing of it is written there; open one there by hand with what may be told, and close this one
    (internal, and public there)
    triage: A PERSON'S TURN: it belongs to acme/bolt by the rule at factory.kdl:10, which more people see than acme/anvil: nothing of it is written there; open one there by hand with what may be told, and close this one
    (public, and private there)
    triage: opens in acme/bolt as `do`:
    A nut and washer
    <!-- factoryctl:mirror acme/anvil#7 -->
    This is acme/anvil#7, by bob:

        The anvil is blunt. It should be sharp, so that whoever strikes on it sees a clean edge on the iron.
    (nobody has looked)
    triage: waits for a look at who sees acme/anvil and acme/bolt, where it belongs
    ");
}

/// What landed is over, whoever held the issue in front meanwhile, or closed it and opened it again.
#[test]
fn what_is_worked_on_as_another_is_over_once_that_has_landed() {
    let mut it = behind("by \"mirror\"", "router { route \"acme/anvil\" { title \"nut\"; }; }");
    it.case.title = "A nut and washer".into();
    it.moved();
    it.said("ann", "/abort").stands().untried();
    it.others[0].open = false;
    it.then("it has landed all the same", |case| case.reopened = true).stands();
    let tell = it.view(|view| projection(view, &station(view))).unwrap();
    assert!(tell.close, "{tell:?}");
    it.said("bot", tell.comment.as_deref().unwrap_or_default());
    it.then("ann opens it again", |case| case.comments.last_mut().unwrap().own = true);
    assert!(it.view(|view| projection(view, &station(view))).is_none_or(|tell| !tell.close));
    assert!(it.told().contains("held, waits for `/resume`: ann gave it up"), "{}", it.told());
    assert!(it.told().contains("triage: done: acme/bolt#70, which it was worked on as, is closed"));
}

/// Whoever stops what stands in front stops what is worked on for it, and who turns down that has answered for this one.
#[test]
fn a_mirror_goes_by_what_is_done_to_the_issue_that_it_is_of() {
    let mut front = behind("by \"mirror\"", "router { route \"acme/anvil\" { title \"anvil\"; }; }");
    front.case.title = "A nut and washer".into();
    front.moved();
    let mut it = behind("by \"mirror\"", "");
    it.case = front.others[0].clone();
    it.others = vec![front.case.clone()];
    it.stands();
    it.others[0].labels.extend([label("factory:hold", "ann")].map(|on| (on.name.key(), on)));
    it.then("its front is held", |_| ()).stands();
    it.others[0].labels = front.case.labels.clone();
    it.then("it goes on", |_| ()).stands();
    it.others[0].labels.clear();
    it.then("nobody asks for its front any more", |_| ()).stands();
    it.others[0].open = false;
    it.then("its front is closed", |_| ()).stands();
    let labels = std::mem::take(&mut front.others[0].labels);
    front.then("nobody asks for its mirror any more", |_| ()).by_design().stands();
    front.others[0].labels = labels;
    front.then("somebody does", |_| ()).stands();
    (front.others[0].open, front.others[0].rejected) = (false, true);
    front.then("its mirror is turned down", |_| ()).by_design().stands();
    insta::assert_snapshot!([it.told(), front.told()].join("---\n"), @r"
    implement: `implement` 1 is to be done
    (its front is held)
    triage: held, waits for acme/anvil#7, which it is worked on for, and which waits for its label `factory:hold` to be removed
    (it goes on)
    implement: `implement` 1 is to be done
    (nobody asks for its front any more)
    triage: held, waits for acme/anvil#7, which it is worked on for, to be asked for again
    (its front is closed)
    triage: held, waits for acme/anvil#7, which it is worked on for, to be opened again: it is closed
    ---
    triage: opens in acme/bolt as `do`:
    A nut and washer
    <!-- factoryctl:mirror acme/anvil#7 -->
    This is acme/anvil#7, by bob:

        The anvil is blunt. It should be sharp, so that whoever strikes on it sees a clean edge on the iron.
    (bot: <!-- factoryctl:mirrored acme/bolt#70 -->)
    (nobody asks for its mirror any more)
    triage: A PERSON'S TURN: nothing asks the factory any more for acme/bolt#70, which it is worked on as; have that one asked for again, or close it
    (somebody does)
    triage: waits for acme/bolt#70 to be closed, which it is worked on as
    (its mirror is turned down)
    triage: A PERSON'S TURN: acme/bolt#70, which it was worked on as, was closed as nothing that is to be done; close this one as well, or open that one again
    ");
}
