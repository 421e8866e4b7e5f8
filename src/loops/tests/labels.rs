//! Labels: made, changed, renamed, deleted, and left alone.

use super::table;
use crate::model::samples::{desired, label, name, observed, repo, state};
use crate::model::{Mode, Seen, Setting};

const W: &str = "acme/widgets";

#[test]
fn labels_made_and_changed() {
    let bug = || label("bug").color("d73a4a").about("Something is broken");
    let rows = vec![
        (
            "as wanted",
            desired([repo(W).label(bug())]),
            observed([state(W).labelled("bug", "d73a4a", "Something is broken")]),
        ),
        ("not there", desired([repo(W).label(bug())]), observed([state(W)])),
        ("not there, with nothing but a name", desired([repo(W).label(label("bug"))]), observed([state(W)])),
        (
            "another colour",
            desired([repo(W).label(bug())]),
            observed([state(W).labelled("bug", "ffffff", "Something is broken")]),
        ),
        (
            "what config doesn't give is left as it is",
            desired([repo(W).label(label("bug").color("d73a4a"))]),
            observed([state(W).labelled("bug", "ffffff", "their words")]),
        ),
        (
            "nothing but a name, and it is there",
            desired([repo(W).label(label("bug"))]),
            observed([state(W).labelled("bug", "ffffff", "x")]),
        ),
        (
            "spelt in another case",
            desired([repo(W).label(label("Bug"))]),
            observed([state(W).labelled("BUG", "ffffff", "")]),
        ),
        (
            "a description taken away",
            desired([repo(W).label(label("bug").about(""))]),
            observed([state(W).labelled("bug", "ffffff", "x")]),
        ),
    ];
    insta::assert_snapshot!(table("labels", rows), @r#"
    as wanted
      nothing
    not there
      acme/widgets
        + create label bug
            name: "bug"
            color: "d73a4a"
            description: "Something is broken"
            why: declared, and not there · factory.kdl:31
    not there, with nothing but a name
      acme/widgets
        + create label bug
            name: "bug"
            color: "ededed"
            description: ""
            why: declared, and not there · factory.kdl:31
    another colour
      acme/widgets
        ~ update label bug
            color: "ffffff" → "d73a4a"
            why: not as config declares it · factory.kdl:31
    what config doesn't give is left as it is
      acme/widgets
        ~ update label bug
            color: "ffffff" → "d73a4a"
            why: not as config declares it · factory.kdl:31
    nothing but a name, and it is there
      nothing
    spelt in another case
      acme/widgets
        ~ update label bug
            name: "BUG" → "Bug"
            why: not as config declares it · factory.kdl:31
    a description taken away
      acme/widgets
        ~ update label bug
            description: "x" → ""
            why: not as config declares it · factory.kdl:31
    "#);
}

#[test]
fn labels_renamed() {
    let defect = || label("defect").was("bug");
    let old = || state(W).labelled("bug", "ffffff", "x");
    let authoritative = |spec| desired([repo(W).mode(Mode::Authoritative).label(spec)]);
    let rows = vec![
        ("the old one is there", desired([repo(W).label(defect())]), observed([old()])),
        (
            "the old one is there, another colour too",
            desired([repo(W).label(defect().color("d73a4a"))]),
            observed([old()]),
        ),
        ("neither is there", desired([repo(W).label(defect())]), observed([state(W)])),
        (
            "renamed already",
            desired([repo(W).label(defect())]),
            observed([state(W).labelled("defect", "ffffff", "x")]),
        ),
        (
            "both are there",
            desired([repo(W).label(defect())]),
            observed([old().labelled("defect", "ffffff", "")]),
        ),
        (
            "both are there, and undeclared ones go",
            authoritative(defect()),
            observed([old().labelled("defect", "ffffff", "")]),
        ),
        ("the old one would go, and is renamed instead", authoritative(defect()), observed([old()])),
        (
            "two were it; the first takes it",
            desired([repo(W).label(defect()).label(label("issue").was("bug"))]),
            observed([old()]),
        ),
        (
            "the old name is a declared label of its own",
            desired([repo(W).label(defect()).label(label("bug"))]),
            observed([old()]),
        ),
        (
            "a chain of names",
            desired([repo(W).label(label("c").was("b")).label(label("b").was("a"))]),
            observed([state(W).labelled("a", "ffffff", "")]),
        ),
        ("only the case", desired([repo(W).label(label("Bug").was("bug"))]), observed([old()])),
    ];
    insta::assert_snapshot!(table("labels", rows), @r#"
    the old one is there
      acme/widgets
        ~ rename label defect
            name: "bug" → "defect"
            why: it was called `bug`, and its issues keep it; 2 issues carry it · factory.kdl:31
    the old one is there, another colour too
      acme/widgets
        ~ rename label defect
            name: "bug" → "defect"
            color: "ffffff" → "d73a4a"
            why: it was called `bug`, and its issues keep it; 2 issues carry it · factory.kdl:31
    neither is there
      acme/widgets
        + create label defect
            name: "defect"
            color: "ededed"
            description: ""
            why: declared, and not there · factory.kdl:31
    renamed already
      nothing
    both are there
      waiting
        repo/acme/widgets/label/bug: a person to move its issues to `defect`: both labels are there
    both are there, and undeclared ones go
      acme/widgets
        - delete label bug
            name: "bug" → (none)
            color: "ffffff" → (none)
            description: "x" → (none)
            why: not declared, and the collection is authoritative; 2 issues carry it · factory.kdl:30
    the old one would go, and is renamed instead
      acme/widgets
        ~ rename label defect
            name: "bug" → "defect"
            why: it was called `bug`, and its issues keep it; 2 issues carry it · factory.kdl:31
    two were it; the first takes it
      acme/widgets
        ~ rename label defect
            name: "bug" → "defect"
            why: it was called `bug`, and its issues keep it; 2 issues carry it · factory.kdl:31
        + create label issue
            name: "issue"
            color: "ededed"
            description: ""
            why: declared, and not there · factory.kdl:32
    the old name is a declared label of its own
      acme/widgets
        + create label defect
            name: "defect"
            color: "ededed"
            description: ""
            why: declared, and not there · factory.kdl:31
    a chain of names
      acme/widgets
        ~ rename label b
            name: "a" → "b"
            why: it was called `a`, and its issues keep it; 2 issues carry it · factory.kdl:32
        + create label c
            name: "c"
            color: "ededed"
            description: ""
            why: declared, and not there · factory.kdl:31
    only the case
      acme/widgets
        ~ update label bug
            name: "bug" → "Bug"
            why: not as config declares it · factory.kdl:31
    "#);
}

#[test]
fn labels_deleted() {
    let until = |day: &str| desired([repo(W).label(label("bug").color("ffffff").delete_after(day))]);
    let there = || observed([state(W).labelled("Bug", "ffffff", "").labelled("mine", "000000", "")]);
    let by_mode = |mode| desired([repo(W).mode(mode).label(label("chore").color("ededed"))]);
    let mine = || state(W).labelled("mine", "000000", "");
    let outlived =
        |mode| desired([repo(W).mode(mode).label(label("bug").was("mine").delete_after("2026-05-01"))]);
    let mut uncounted = there();
    for seen in uncounted.repos.values_mut() {
        if let Seen::Known(state) = seen
            && let Seen::Known(labels) = &mut state.labels
        {
            let counts = [None, Some(1)];
            labels.values_mut().zip(counts).for_each(|(label, uses)| label.uses = uses);
        }
    }
    let rows = vec![
        ("the day before", until("2026-06-02"), there()),
        ("on the day", until("2026-06-01"), there()),
        ("after it", until("2026-05-01"), there()),
        ("after it, and gone", until("2026-05-01"), observed([state(W)])),
        ("before it, and not there: it is not made first", until("2026-07-01"), observed([state(W)])),
        (
            "before it, under its old name",
            desired([repo(W).label(label("bug").was("mine").delete_after("2026-07-01"))]),
            observed([mine()]),
        ),
        ("after it, under its old name", outlived(Mode::Additive), observed([mine()])),
        ("after it, under both names", outlived(Mode::Additive), there()),
        ("after it, gone under both", outlived(Mode::Additive), observed([state(W)])),
        (
            "after it, under its old name, and what isn't declared goes",
            outlived(Mode::Authoritative),
            observed([mine()]),
        ),
        ("undeclared, additive", by_mode(Mode::Additive), there()),
        ("undeclared, authoritative", by_mode(Mode::Authoritative), there()),
        ("undeclared, ignored", by_mode(Mode::Ignore), there()),
        ("nothing declared at all, authoritative", desired([repo(W).mode(Mode::Authoritative)]), uncounted),
        ("nothing declared at all, additive", desired([repo(W)]), there()),
    ];
    insta::assert_snapshot!(table("labels", rows), @r#"
    the day before
      acme/widgets
        ~ update label bug
            name: "Bug" → "bug"
            why: not as config declares it · factory.kdl:31
    on the day
      acme/widgets
        - delete label bug
            name: "Bug" → (none)
            color: "ffffff" → (none)
            description: "" → (none)
            why: `delete-after` 2026-06-01 has come; 2 issues carry it · factory.kdl:31
    after it
      acme/widgets
        - delete label bug
            name: "Bug" → (none)
            color: "ffffff" → (none)
            description: "" → (none)
            why: `delete-after` 2026-05-01 has come; 2 issues carry it · factory.kdl:31
    after it, and gone
      nothing
    before it, and not there: it is not made first
      nothing
    before it, under its old name
      acme/widgets
        ~ rename label bug
            name: "mine" → "bug"
            why: it was called `mine`, and its issues keep it; 2 issues carry it · factory.kdl:31
    after it, under its old name
      waiting
        repo/acme/widgets/label/mine: a person to say what becomes of it: it was to become `bug`, whose `delete-after` 2026-05-01 has come; to have it deleted as well, declare it by its own name in place of `bug`
    after it, under both names
      acme/widgets
        - delete label bug
            name: "Bug" → (none)
            color: "ffffff" → (none)
            description: "" → (none)
            why: `delete-after` 2026-05-01 has come; 2 issues carry it · factory.kdl:31
      waiting
        repo/acme/widgets/label/mine: a person to say what becomes of it: it was to become `bug`, whose `delete-after` 2026-05-01 has come; to have it deleted as well, declare it by its own name in place of `bug`
    after it, gone under both
      nothing
    after it, under its old name, and what isn't declared goes
      acme/widgets
        - delete label mine
            name: "mine" → (none)
            color: "000000" → (none)
            description: "" → (none)
            why: not declared, and the collection is authoritative; 2 issues carry it · factory.kdl:30
    undeclared, additive
      acme/widgets
        + create label chore
            name: "chore"
            color: "ededed"
            description: ""
            why: declared, and not there · factory.kdl:31
    undeclared, authoritative
      acme/widgets
        + create label chore
            name: "chore"
            color: "ededed"
            description: ""
            why: declared, and not there · factory.kdl:31
        - delete label bug
            name: "Bug" → (none)
            color: "ffffff" → (none)
            description: "" → (none)
            why: not declared, and the collection is authoritative; 2 issues carry it · factory.kdl:30
        - delete label mine
            name: "mine" → (none)
            color: "000000" → (none)
            description: "" → (none)
            why: not declared, and the collection is authoritative; 2 issues carry it · factory.kdl:30
    undeclared, ignored
      nothing
    nothing declared at all, authoritative
      acme/widgets
        - delete label bug
            name: "Bug" → (none)
            color: "ffffff" → (none)
            description: "" → (none)
            why: not declared, and the collection is authoritative; its issues were not counted · factory.kdl:30
        - delete label mine
            name: "mine" → (none)
            color: "000000" → (none)
            description: "" → (none)
            why: not declared, and the collection is authoritative; 1 issue carries it · factory.kdl:30
    nothing declared at all, additive
      nothing
    "#);
}

#[test]
fn repositories_whose_labels_are_left_alone() {
    let wanted = |repo: crate::model::Repo| desired([repo.mode(Mode::Authoritative).label(label("bug"))]);
    let one = |seen| {
        let mut out = observed([]);
        out.repos.insert(name(W), seen);
        out
    };
    let archived = || state(W).has(Setting::Archived, true).labelled("old", "ffffff", "");
    let rows = [
        ("not read", wanted(repo(W)), one(Seen::Unknown)),
        ("labels not read completely", wanted(repo(W)), observed([state(W).labels_unknown()])),
        ("absent", wanted(repo(W)), one(Seen::Absent)),
        ("absent and to be made", wanted(repo(W).created()), one(Seen::Absent)),
        ("renamed", wanted(repo(W)), one(Seen::Known(state("acme/gadgets").labelled("old", "ffffff", "")))),
        ("archived", wanted(repo(W)), observed([archived()])),
        (
            "archived and to be unarchived, by another loop",
            wanted(repo(W).fix(Setting::Archived, false)),
            observed([archived()]),
        ),
    ];
    insta::assert_snapshot!(table("labels", rows), @r#"
    not read
      waiting
        repo/acme/widgets/label: a complete reading of its labels
    labels not read completely
      waiting
        repo/acme/widgets/label: a complete reading of its labels
    absent
      notes
        repo/acme/widgets is declared at factory.kdl:10 and isn't on GitHub, or this credential can't see it; `create=#true` makes it
    absent and to be made
      waiting
        repo/acme/widgets/label: the repository to be made
    renamed
      notes
        repo/acme/widgets is called acme/gadgets now; declare it by that name (factory.kdl:10)
    archived
      nothing
    archived and to be unarchived, by another loop
      acme/widgets
        ! create label bug
            name: "bug"
            color: "ededed"
            description: ""
            why: declared, and not there · factory.kdl:31
            blocked by read-only: acme/widgets is archived, and nothing in this plan unarchives it
        ! delete label old
            name: "old" → (none)
            color: "ffffff" → (none)
            description: "" → (none)
            why: not declared, and the collection is authoritative; 2 issues carry it · factory.kdl:30
            blocked by read-only: acme/widgets is archived, and nothing in this plan unarchives it
    "#);
}
