use proptest::prelude::*;

use crate::language::code::known::Known;
use crate::language::keep::samples::{Repository, at};
use crate::language::terms::samples::Sample;
use crate::model::language::Anchor;

use super::keep;

const CRANE: &str = "wiki/terms/crane.md";
const IDS: [&str; 4] = [
    "01M7YHXEQ0YCPSJZYPWBENKKDA",
    "01M7YHXEQ0YCPSJZYPWBENKKDB",
    "01M7YHXEQ0YCPSJZYPWBENKKDC",
    "01M7YHXEQ0YCPSJZYPWBENKKDD",
];

fn dock() -> Anchor {
    at("src/dock.rs:Dock")
}

fn port() -> Anchor {
    at("src/port.rs:Port")
}

fn crane(kind: &str) -> Sample {
    Sample::new(IDS[0], "Crane").with("aliases", "[]").with("kind", kind)
}

/// A service `Crane`, an entity `Dock` and a port `Port`; what the code of the crane names and is made from.
fn world(depends: Option<Vec<Anchor>>, bases: Option<Vec<Anchor>>) -> Repository {
    let crane_at = at("src/crane.rs:Crane");
    let mut code = Known::whole();
    code.depends.extend(depends.map(|depends| (crane_at.clone(), depends)));
    code.bases.extend(bases.map(|bases| (crane_at, bases)));
    let of = |n: usize, name| Sample::new(IDS[n], name).with("aliases", "[]");
    Repository::harbour(
        [
            (CRANE, crane("\"service\"").text()),
            ("wiki/terms/dock.md", of(1, "Dock").text()),
            ("wiki/terms/port.md", of(2, "Port").with("kind", "\"port\"").text()),
        ],
        code,
    )
}

/// The world in which the code of the crane names and is made from something else.
fn now_shows(mut world: Repository, depends: &[Anchor], bases: &[Anchor]) -> Repository {
    world.code.depends.insert(at("src/crane.rs:Crane"), depends.to_vec());
    world.code.bases.insert(at("src/crane.rs:Crane"), bases.to_vec());
    world
}

/// The relations of the crane, and what code put there.
fn relations(world: &Repository) -> String {
    let names = [(IDS[0], "crane"), (IDS[1], "dock"), (IDS[2], "port"), (IDS[3], "nobody")];
    let lines = world.files[CRANE].lines();
    let lines = lines.filter(|line| line.starts_with("related") || line.starts_with("edges_by_code"));
    let text = lines.collect::<Vec<_>>().join("\n").replace("\"kind\": ", "").replace("\"target\": ", "");
    names.iter().fold(text, |text, (id, name)| text.replace(id, name)).replace('"', "")
}

fn with(mut world: Repository, from: &str, to: &str) -> Repository {
    let text = world.files[CRANE].clone();
    assert!(text.contains(from), "{text}");
    world.files.insert(CRANE.into(), text.replace(from, to));
    world
}

#[test]
fn what_code_shows_comes_and_goes() {
    let world = world(Some(vec![dock(), port()]), Some(vec![port()]));
    let (kept, after) = world.settled(keep);
    let mut told =
        vec![world.told(&kept).split("wiki/glossary.md").next().unwrap().to_owned(), relations(&after)];
    let rows: [(&str, &[Anchor], &[Anchor]); 4] = [
        ("nothing but the dock", &[dock()], &[]),
        ("the dock as its base", &[dock()], &[dock()]),
        ("the port in its text", &[port()], &[]),
        ("nothing", &[], &[]),
    ];
    let mut at = after;
    for (name, depends, bases) in rows {
        let now = now_shows(at, depends, bases);
        let (kept, after) = now.settled(keep);
        told.push(format!("{name}: {}\n{}", kept.proposal.unwrap().title, relations(&after)));
        at = after;
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    # Add 2 relations that the code shows
    * `Crane` `depends_on` `Dock`: its code shows it
    * `Crane` `implements` `Port`: its code shows it
    wiki/terms/crane.md:
      -related: []
      +related: [{"kind": "depends_on", "target": "01M7YHXEQ0YCPSJZYPWBENKKDB"}, {"kind": "implements", "target": "01M7YHXEQ0YCPSJZYPWBENKKDC"}]
      -updated_at: "2026-01-01T00:00:00Z"
      +updated_at: "2026-12-01T00:00:00Z"
      +edges_by_code: ["depends_on 01M7YHXEQ0YCPSJZYPWBENKKDB", "implements 01M7YHXEQ0YCPSJZYPWBENKKDC"]
    related: [{depends_on, dock}, {implements, port}]
    edges_by_code: [depends_on dock, implements port]
    nothing but the dock: Remove 1 relation that the code no longer shows
    related: [{depends_on, dock}]
    edges_by_code: [depends_on dock]
    the dock as its base: Add 1 relation that the code shows and remove 1
    related: [{is_a, dock}]
    edges_by_code: [is_a dock]
    the port in its text: Add 1 relation that the code shows and remove 1
    related: [{depends_on, port}]
    edges_by_code: [depends_on port]
    nothing: Remove 1 relation that the code no longer shows
    related: []
    "#);
}

/// What code put there goes with the term that it leads to; while a file can't be read, nobody knows which terms there are.
#[test]
fn what_leads_to_a_term_that_was_taken_away_goes_with_it() {
    let (_, after) = world(Some(vec![dock()]), Some(vec![port()])).settled(keep);
    let without = |text: Option<&str>| {
        let mut world = after.clone();
        world.files.remove("wiki/terms/dock.md");
        world.files.extend(text.map(|text| ("wiki/terms/dock.md".to_owned(), text.to_owned())));
        // What is rendered goes with it.
        world.files.retain(|path, _| path.starts_with("wiki/terms/"));
        let (kept, then) = world.settled(keep);
        (kept.proposal.map(|it| it.changes).unwrap_or_default(), relations(&then))
    };
    let (changes, relations) = without(None);
    assert_eq!(
        (changes, relations.as_str()),
        (
            vec![format!("`Crane` `depends_on` `{}`: removed, there is no such term any more", IDS[1])],
            "related: [{implements, port}]\nedges_by_code: [implements port]"
        )
    );
    assert_eq!(without(Some("words")).0, Vec::<String>::new());
}

#[test]
fn nothing_is_said_that_isnt_clear() {
    let both = || world(Some(vec![dock()]), Some(vec![]));
    let shared = {
        let mut world = both();
        let twin =
            Sample::new(IDS[3], "Pier").with("aliases", "[]").with("code_anchor", "\"src/dock.rs:Dock\"");
        world.files.insert("wiki/terms/pier.md".into(), twin.text());
        world
    };
    let undeclared = {
        let mut world = both();
        world.language.relations.retain(|kind| kind.name != "depends_on");
        world
    };
    let elsewhere = {
        let mut world = both();
        world.language.relations.iter_mut().for_each(|kind| kind.to = vec!["port".into()]);
        world
    };
    let deprecated = {
        let mut world = both();
        let old = Sample::new(IDS[1], "Dock").with("aliases", "[]").with("confidence", "\"deprecated\"");
        world.files.insert("wiki/terms/dock.md".into(), old.text());
        world
    };
    let broken = with(both(), "evidence: []", "evidence: [7]");
    let told = [
        ("nobody can tell what it names", world(None, Some(vec![port()]))),
        ("nobody can tell what it is made from", world(Some(vec![dock()]), None)),
        ("itself", world(Some(vec![at("src/crane.rs:Crane")]), Some(vec![at("src/crane.rs:Crane")]))),
        ("code without a term", world(Some(vec![at("src/quay.rs:Quay")]), Some(vec![]))),
        ("a definition of two terms", shared),
        ("an undeclared kind", undeclared),
        ("a kind for other terms", elsewhere),
        ("a term that isn't used any more", deprecated),
        ("a file with errors", broken),
        ("a ledger that is none", with(both(), "evidence:", "edges_by_code: [\"depends_on\"]\nevidence:")),
        ("a ledger of another form", with(both(), "evidence:", "edges_by_code: {}\nevidence:")),
    ]
    .map(|(name, world)| {
        let (kept, _) = world.settled(keep);
        assert_eq!(kept.proposal, None, "{name}");
        format!("{name}: {}", kept.problems.join("\n"))
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    nobody can tell what it names: 
    nobody can tell what it is made from: 
    itself: 
    code without a term: 
    a definition of two terms: 
    an undeclared kind: 
    a kind for other terms: 
    a term that isn't used any more: 
    a file with errors: 
    a ledger that is none: `wiki/terms/crane.md` is left alone: its `edges_by_code` is no list of "kind id"; correct it, or leave the line out to make all relations people's own
    a ledger of another form: `wiki/terms/crane.md` is left alone: its `edges_by_code` is no list of "kind id"; correct it, or leave the line out to make all relations people's own
    "#);
    assert!(both().settled(keep).0.proposal.is_some());
}

#[test]
fn relations_of_people_stay_and_count() {
    let related = |list: &str| {
        let list = list.replace("dock", IDS[1]).replace("port", IDS[2]);
        format!("related: {list}")
    };
    let by = |world: Repository, list: &str| with(world, "related: []", &related(list));
    let nothing = || world(Some(vec![]), Some(vec![]));
    let all = || world(Some(vec![dock(), port()]), Some(vec![port()]));
    let is_a = r#"[{"kind": "is_a", "target": "dock"}]"#;
    let rows = [
        ("not shown by code", by(nothing(), is_a)),
        ("stronger", by(all(), is_a)),
        ("against each other", by(all(), r#"[{"kind": "contradicts", "target": "dock"}]"#)),
        (
            "there already",
            by(
                all(),
                r#"[{"kind": "depends_on", "target": "dock"}, {"kind": "implements", "target": "port"}]"#,
            ),
        ),
        ("another base", by(all(), r#"[{"kind": "is_a", "target": "port"}]"#)),
    ];
    let told = rows.map(|(name, world)| {
        let (kept, after) = world.settled(keep);
        format!("{name}: {}\n{}", kept.proposal.map_or(String::new(), |it| it.title), relations(&after))
    });
    insta::assert_snapshot!(told.join("\n"), @"
    not shown by code: 
    related: [{is_a, dock}]
    stronger: Add 1 relation that the code shows
    related: [{is_a, dock}, {implements, port}]
    edges_by_code: [implements port]
    against each other: Add 2 relations that the code shows
    related: [{contradicts, dock}, {depends_on, dock}, {implements, port}]
    edges_by_code: [depends_on dock, implements port]
    there already: 
    related: [{depends_on, dock}, {implements, port}]
    another base: Add 1 relation that the code shows
    related: [{is_a, port}, {depends_on, dock}]
    edges_by_code: [depends_on dock]
    ");
}

#[test]
fn what_people_remove_is_not_put_there_again() {
    let (_, after) = world(Some(vec![dock()]), Some(vec![port()])).settled(keep);
    let dock_too = format!("{{\"kind\": \"depends_on\", \"target\": \"{}\"}}, ", IDS[1]);
    let removed = with(after, &dock_too, "");
    let (kept, _) = removed.settled(keep);
    assert_eq!(kept, super::Kept::default());
    // It is a decision also after the code showed it no longer, and shows it again.
    let (kept, gone) = now_shows(removed, &[], &[]).settled(keep);
    assert_eq!(kept.proposal.unwrap().title, "Remove 1 relation that the code no longer shows");
    let (kept, again) = now_shows(gone, &[dock()], &[port()]).settled(keep);
    assert_eq!(kept.proposal.unwrap().title, "Add 1 relation that the code shows");
    insta::assert_snapshot!(relations(&again), @"
    related: [{implements, port}]
    edges_by_code: [depends_on dock, implements port]
    ");
}

#[test]
fn what_nobody_can_look_at_now_stays() {
    let (_, after) = world(Some(vec![dock()]), Some(vec![])).settled(keep);
    let mut unread = now_shows(after, &[], &[]);
    unread.code.whole = false;
    unread.code.files = vec![("src/crane.rs", vec!["Crane"]), ("src/port.rs", vec!["Port"])];
    unread.code.unread = vec!["src/dock.rs"];
    assert_eq!(unread.settled(keep).0.proposal, None, "the dock may have moved");
    unread.code.unread = vec!["src/crane.rs"];
    assert_eq!(unread.settled(keep).0.proposal, None, "the crane may have");
}

#[test]
fn code_that_is_given_out_elsewhere_is_the_same_code() {
    let mut world = world(None, None);
    world.code.defined =
        [(at("src/crane.rs:Crane"), at("src/crane/hoist.rs:Crane")), (dock(), at("src/dock/slip.rs:Dock"))]
            .into();
    world.code.depends.insert(at("src/crane/hoist.rs:Crane"), vec![at("src/dock/slip.rs:Dock")]);
    world.code.bases.insert(at("src/crane/hoist.rs:Crane"), vec![]);
    let (_, after) = world.settled(keep);
    insta::assert_snapshot!(relations(&after), @"
    related: [{depends_on, dock}]
    edges_by_code: [depends_on dock]
    ");
}

#[test]
fn where_config_doesnt_say_what_is_implemented_ports_are() {
    let mut world = world(Some(vec![]), Some(vec![dock(), port()]));
    for kind in &mut world.language.relations {
        (kind.from, kind.to) = (vec![], vec![]);
    }
    insta::assert_snapshot!(relations(&world.settled(keep).1), @"
    related: [{implements, port}, {is_a, dock}]
    edges_by_code: [implements port, is_a dock]
    ");
    world.language.relations.retain(|kind| kind.name != "implements");
    insta::assert_snapshot!(relations(&world.settled(keep).1), @"
    related: [{is_a, dock}, {is_a, port}]
    edges_by_code: [is_a dock, is_a port]
    ");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn relations_of_people_are_never_touched(
        people in prop::collection::vec((0..4_usize, 1..4_usize), 0..4),
        shows in prop::collection::vec((prop::collection::vec(0..3_usize, 0..3), prop::collection::vec(0..3_usize, 0..3)), 1..5),
    ) {
        let kinds = ["depends_on", "is_a", "implements", "mentions"];
        let list: Vec<String> = people.iter().map(|(kind, to)| {
            format!("{{\"kind\": \"{}\", \"target\": \"{}\"}}", kinds[*kind], IDS[*to])
        }).collect();
        let mut world = with(world(None, None), "related: []", &format!("related: [{}]", list.join(", ")));
        world.files.insert("wiki/page.md".into(), "# Page\n".into());
        let anchors = [at("src/crane.rs:Crane"), dock(), port()];
        let pick = |of: &[usize]| of.iter().map(|n| anchors[*n].clone()).collect::<Vec<_>>();
        for (depends, bases) in shows {
            world = now_shows(world, &pick(&depends), &pick(&bases)).settled(keep).1;
            for own in &list {
                prop_assert!(world.files[CRANE].contains(own.as_str()), "{}", world.files[CRANE]);
            }
            prop_assert_eq!(&world.files["wiki/page.md"], "# Page\n");
        }
    }
}
