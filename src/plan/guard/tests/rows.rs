//! What each guard holds back, and its words.

use std::collections::BTreeSet;

use super::*;
use crate::model::{Creations, Headroom};
use crate::plan::samples::{EDGES, PRUNER, propose_alone};

/// One row a guard, but for `contradiction`, which `combine` says.
pub(super) fn rows() -> Vec<Row> {
    let stuck = wiki_off(W);
    vec![
        ("deletes", case(|c| c.desired.budget.deletes = 1), deletions(2)),
        ("weakening", case(|_| {}), vec![weaken(W)]),
        ("visibility", case(|_| {}), vec![publish(W), publish("acme/gears")]),
        ("archives", case(|c| c.desired.budget.archives = 0), vec![archive(W)]),
        ("total", case(|c| c.desired.budget.total = Some(1)), vec![wiki_off(W), wiki_off("acme/gears")]),
        {
            let (case, actions) = relabelled(4);
            ("percent", case, actions)
        },
        (
            "protected",
            case(|c| c.desired.protects.push(protect("repo/acme/widgets/**"))),
            vec![wiki_off(W), create_label(W, "bug"), wiki_off("acme/gears")],
        ),
        (
            "suspended",
            case(|c| {
                let glob = AddressGlob::parse("repo/acme/*/label/bug").unwrap();
                c.switches.suspended.push((glob, switch("people are renaming")));
            }),
            vec![create_label(W, "bug"), create_label(W, "chore")],
        ),
        (
            "kill-switch",
            case(|c| {
                c.switches.loops.insert("labels".into(), switch("it is too eager"));
            }),
            vec![create_label(W, "bug"), wiki_off(W)],
        ),
        (
            "stuck",
            case(|c| {
                c.memory.stuck.insert(stuck.id.clone(), "GitHub refuses the request (422)".into());
            }),
            vec![stuck.clone(), wiki_off("acme/gears")],
        ),
        (
            "fighting",
            case(|c| {
                c.memory.done_today = BTreeMap::from([(stuck.id.clone(), 3), (wiki_off("acme/gears").id, 2)]);
            }),
            vec![stuck, wiki_off("acme/gears")],
        ),
        (
            "elsewhere",
            case(|c| {
                let id = wiki_off(W).id;
                c.memory
                    .elsewhere
                    .insert(id, "bob@other has begun this at 12:00, and nothing says more".into());
            }),
            vec![wiki_off(W), wiki_off("acme/gears")],
        ),
        (
            "incomplete",
            case(|c| {
                c.observed.repos.insert(name(W), Seen::Known(state(W).labels_unknown()));
                c.observed.gaps.push(gap(Facet::Labels, Some(W)));
            }),
            vec![create_label(W, "bug"), wiki_off(W), create_label("acme/gears", "bug")],
        ),
        ("unmerged", case(|c| c.not_in_force = Some(unmerged())), vec![wiki_off(W), create_label(W, "bug")]),
        (
            "protected",
            case(|c| c.desired.protects.push(protect("repo/acme/widgets/has-wiki"))),
            vec![wiki_off(W), create_label(W, "bug")],
        ),
        (
            "protected",
            case(|c| c.desired.protects.push(protect("repo/acme/widgets/label/bug"))),
            vec![update_label(W, "bug", "kind/bug"), create_label(W, "chore")],
        ),
        (
            "suspended",
            case(|c| {
                let glob = AddressGlob::parse("repo/acme/widgets/label/bug").unwrap();
                c.switches.suspended.push((glob, switch("people are renaming")));
            }),
            vec![update_label(W, "bug", "kind/bug")],
        ),
        ("superseded", case(|c| c.not_in_force = Some(superseded())), vec![wiki_off(W)]),
        (
            "self",
            case(|c| c.desired = with_config(desired([repo(W)]), W)),
            vec![wiki_off(W), comment(W, "hello")],
        ),
        (
            "self",
            case(|c| {
                c.desired = with_config(c.desired.clone(), "acme/config");
                let own = RepoState { id: "R_moved".into(), ..state("acme/moved") };
                let alias = RepoState { name: name("acme/again"), ..own.clone() };
                c.observed = observed([state(W), own.clone(), alias]);
                c.observed.own = Some(OwnRepo { asked: name("acme/config"), seen: Seen::Known(own) });
            }),
            vec![wiki_off(W), wiki_off("acme/moved"), wiki_off("acme/again"), wiki_off("acme/config")],
        ),
        (
            "incomplete",
            case(|c| {
                c.desired = with_config(c.desired.clone(), "acme/config");
                c.observed.own = Some(OwnRepo { asked: name("acme/config"), seen: Seen::Unknown });
                c.observed.gaps.push(gap(Facet::Settings, Some("acme/config")));
            }),
            vec![wiki_off(W), comment("acme/config", "hello")],
        ),
        (
            "self",
            case(|c| {
                c.desired = with_config(c.desired.clone(), "acme/config");
                c.observed.own = Some(OwnRepo { asked: name("acme/config"), seen: Seen::Absent });
            }),
            vec![wiki_off(W), wiki_off("acme/config")],
        ),
        (
            "read-only",
            case(|c| c.observed = observed([state(W).has(Setting::Archived, true)])),
            vec![create_label(W, "bug")],
        ),
        (
            "slots",
            case(|c| {
                c.desired.run_caps.runs = 2;
                c.desired.run_caps.per_repo = 1;
            }),
            ["acme/gears/1", "acme/gears/2", "acme/widgets/1", "acme/yard/1"].map(start_run).into(),
        ),
        (
            "alone",
            case(|_| ()),
            [
                propose_alone(W, "factory/keep/language/", PRUNER),
                propose_alone(W, "factory/keep/language/", EDGES),
                propose_alone(W, "factory/keep/wiki/", EDGES),
                propose_alone("acme/gears", "factory/keep/language/", EDGES),
            ]
            .into(),
        ),
        (
            "creations",
            case(|c| {
                let of = Creations { per_minute: 80, per_hour: 500 };
                let more_at = "2026-06-01T12:00:20Z".parse().unwrap();
                c.observed.cost.room = Some(Headroom { of, count: 2, more_at });
            }),
            vec![
                create_label(W, "a"),
                create_label(W, "b"),
                create_label("acme/gears", "a"),
                update_label(W, "bug", "kind/bug"),
            ],
        ),
        ("verbs", case(|_| {}), vec![Action { wanted_by: "config-review", ..wiki_off(W) }]),
    ]
}

#[test]
fn every_guard_says_why_and_how() {
    let mut out = String::new();
    for (name, case, actions) in rows() {
        out.push_str(&format!("{name}\n{}", explain(&case.judge(actions, Vec::new()))));
    }
    insta::assert_snapshot!(out, @r"
    deletes
      deletes: delete-label repo/acme/widgets/label/l0
          2 deletions in one run, 1 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=2@repo/acme/widgets/label/**
      deletes: delete-label repo/acme/widgets/label/l1
          2 deletions in one run, 1 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=2@repo/acme/widgets/label/**
    weakening
      weakening: update-settings repo/acme/widgets/web-commit-signoff-required
          1 removed protection in one run, 0 allowed (`change-budget weakening`, factory.kdl:3)
          --allow weakening=1@repo/acme/widgets/web-commit-signoff-required
    visibility
      visibility: change-visibility repo/acme/gears/visibility
          2 repositories made visible to more people in one run, 0 allowed (`change-budget visibility`, factory.kdl:3)
          --allow visibility=2@repo/acme/**
      visibility: change-visibility repo/acme/widgets/visibility
          2 repositories made visible to more people in one run, 0 allowed (`change-budget visibility`, factory.kdl:3)
          --allow visibility=2@repo/acme/**
    archives
      archives: archive-repository repo/acme/widgets/archived
          1 repository archived in one run, 0 allowed (`change-budget archives`, factory.kdl:3)
          --allow archives=1@repo/acme/widgets/archived
    total
      total: update-settings repo/acme/gears
          2 changes in one run, 1 allowed (`change-budget total`, factory.kdl:3)
          --allow total=2@repo/acme/**
      total: update-settings repo/acme/widgets
          2 changes in one run, 1 allowed (`change-budget total`, factory.kdl:3)
          --allow total=2@repo/acme/**
    percent
      percent: update-label repo/acme/widgets/label/l0
          4 of 12 labels in acme/widgets would change, more than 30 % (`change-budget percent`, factory.kdl:3)
          --allow percent=4@repo/acme/widgets/label/**
      percent: update-label repo/acme/widgets/label/l1
          4 of 12 labels in acme/widgets would change, more than 30 % (`change-budget percent`, factory.kdl:3)
          --allow percent=4@repo/acme/widgets/label/**
      percent: update-label repo/acme/widgets/label/l2
          4 of 12 labels in acme/widgets would change, more than 30 % (`change-budget percent`, factory.kdl:3)
          --allow percent=4@repo/acme/widgets/label/**
      percent: update-label repo/acme/widgets/label/l3
          4 of 12 labels in acme/widgets would change, more than 30 % (`change-budget percent`, factory.kdl:3)
          --allow percent=4@repo/acme/widgets/label/**
    protected
      ok: update-settings repo/acme/gears
      protected: update-settings repo/acme/widgets
          `repo/acme/widgets/**` is protected at factory.kdl:8: frozen for the audit
          --allow protected=1@repo/acme/widgets/has-wiki
      protected: create-label repo/acme/widgets/label/bug
          `repo/acme/widgets/**` is protected at factory.kdl:8: frozen for the audit
          --allow protected=1@repo/acme/widgets/label/bug
    suspended
      ok: create-label repo/acme/widgets/label/chore
      suspended: create-label repo/acme/widgets/label/bug
          `repo/acme/*/label/bug` was suspended by ann@host: people are renaming
    kill-switch
      ok: update-settings repo/acme/widgets
      kill-switch: create-label repo/acme/widgets/label/bug
          loop `labels` was switched off by ann@host: it is too eager
    stuck
      ok: update-settings repo/acme/gears
      stuck: update-settings repo/acme/widgets
          the same change failed before and nothing has changed since: GitHub refuses the request (422)
          --allow stuck=1@repo/acme/widgets/has-wiki
    fighting
      ok: update-settings repo/acme/gears
      fighting: update-settings repo/acme/widgets
          done 3 times within a day, and somebody undoes it each time
          --allow fighting=1@repo/acme/widgets/has-wiki
    elsewhere
      ok: update-settings repo/acme/gears
      elsewhere: update-settings repo/acme/widgets
          bob@other has begun this at 12:00, and nothing says more
    incomplete
      ok: update-settings repo/acme/widgets
      ok: create-label repo/acme/gears/label/bug
      incomplete: create-label repo/acme/widgets/label/bug
          labels of acme/widgets could not be read completely: GitHub failed (502, request A1)
    unmerged
      unmerged: update-settings repo/acme/widgets
          0123456789 is not merged to the config branch `main`
          --allow unmerged=2@repo/acme/widgets/**
      unmerged: create-label repo/acme/widgets/label/bug
          0123456789 is not merged to the config branch `main`
          --allow unmerged=2@repo/acme/widgets/**
    protected
      ok: create-label repo/acme/widgets/label/bug
      protected: update-settings repo/acme/widgets
          `repo/acme/widgets/has-wiki` is protected at factory.kdl:8: frozen for the audit
          --allow protected=1@repo/acme/widgets/has-wiki
    protected
      ok: create-label repo/acme/widgets/label/chore
      protected: rename-label repo/acme/widgets/label/kind%2Fbug
          `repo/acme/widgets/label/bug` is protected at factory.kdl:8: frozen for the audit
          --allow protected=1@repo/acme/widgets/label/bug
    suspended
      suspended: rename-label repo/acme/widgets/label/kind%2Fbug
          `repo/acme/widgets/label/bug` was suspended by ann@host: people are renaming
    superseded
      superseded: update-settings repo/acme/widgets
          0123456789 was superseded: the config branch `main` is at abcdef0123
          --allow superseded=1@repo/acme/widgets
    self
      ok: comment repo/acme/widgets/pull/7/comment/1
      self: update-settings repo/acme/widgets
          `acme/widgets` is the factory's own config repository; a person makes this change on GitHub
    self
      ok: update-settings repo/acme/widgets
      self: update-settings repo/acme/again
          `acme/again` is the factory's own config repository; a person makes this change on GitHub
      self: update-settings repo/acme/config
          `acme/config` is the factory's own config repository; a person makes this change on GitHub
      self: update-settings repo/acme/moved
          `acme/moved` is the factory's own config repository; a person makes this change on GitHub
    incomplete
      ok: comment repo/acme/config/pull/7/comment/1
      incomplete: update-settings repo/acme/widgets
          `acme/widgets` may be the factory's own config repository `acme/config` under another name: GitHub failed (502, request A1)
    self
      ok: update-settings repo/acme/widgets
      self: update-settings repo/acme/config
          `acme/config` is the factory's own config repository; a person makes this change on GitHub
    read-only
      read-only: create-label repo/acme/widgets/label/bug
          acme/widgets is archived, and nothing in this plan unarchives it
    slots
      ok: start-run repo/acme/gears/task/1
      ok: start-run repo/acme/widgets/task/1
      slots: start-run repo/acme/gears/task/2
          1 of 1 agents are at work or begin first (caps.runs-per-repo)
      slots: start-run repo/acme/yard/task/1
          2 of 2 agents are at work or begin first (caps.runs)
    alone
      ok: propose repo/acme/widgets/language/term-pruner
      ok: propose repo/acme/widgets/language/edge-proposer
      ok: propose repo/acme/gears/language/edge-proposer
      alone: propose repo/acme/widgets/language/edge-proposer
          another pull request of its family comes first
    creations
      ok: create-label repo/acme/widgets/label/a
      ok: create-label repo/acme/gears/label/a
      ok: rename-label repo/acme/widgets/label/kind%2Fbug
      creations: create-label repo/acme/widgets/label/b
          GitHub lets 80 things be created a minute and 500 an hour; more from 2026-06-01T12:00:20Z on
    verbs
      verbs: update-settings repo/acme/widgets
          loop `config-review` may not update-settings; this is a bug in the loop
    ");
}

#[test]
fn every_guard_has_a_row() {
    let known: BTreeSet<&str> = GUARDS.iter().map(|(name, _)| *name).collect();
    assert_eq!(known.len(), GUARDS.len(), "a guard is named twice");
    let mut shown: BTreeSet<&str> = rows().iter().map(|(name, ..)| *name).collect();
    shown.insert("contradiction");
    assert_eq!(shown, known);
    for (name, case, actions) in rows() {
        let verdict = case.judge(actions, Vec::new());
        assert!(verdict.blocked.iter().all(|(_, b)| b.guard == name), "{name}");
        let overridable = verdict.blocked.iter().all(|(_, b)| !b.overrides.is_empty());
        assert_eq!(overridable, OVERRIDABLE.contains(&name), "{name}");
    }
}
