//! Every guard reached: its words, that its own override opens it, and that nothing smaller does.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

mod rows;

use self::rows::rows;
use super::{GUARDS, NotInForce, OVERRIDABLE, Switch};
use crate::model::samples::{desired, label, name, observed, repo, source, state, with_config};
use crate::model::{
    Action, AddressGlob, Cause, CommitId, Facet, Gap, LoopConfig, Mode, OwnRepo, Protect, RepoState, Seen,
    Setting,
};
use crate::plan::samples::{
    Case, allow, archive, comment, create_label, create_repo, delete_label, explain, publish, start_run,
    unarchive, update_label, weaken, wiki_off,
};

const W: &str = "acme/widgets";

/// A name, what is judged by, and what is judged.
type Row = (&'static str, Case, Vec<Action>);

fn case(change: impl FnOnce(&mut Case)) -> Case {
    let mut out = Case {
        desired: desired([repo(W), repo("acme/gears")]),
        observed: observed([state(W), state("acme/gears")]),
        ..Case::default()
    };
    change(&mut out);
    out
}

fn gap(facet: Facet, repo: Option<&str>) -> Gap {
    Gap { facet, repo: repo.map(name), why: "GitHub failed (502, request A1)".into(), cause: Cause::Other }
}

fn deletions(count: usize) -> Vec<Action> {
    (0..count).map(|n| delete_label(W, &format!("l{n}"))).collect()
}

/// Twelve declared labels, of which so many change.
fn relabelled(count: usize) -> (Case, Vec<Action>) {
    let labels = (0..12).fold(repo(W), |repo, n| repo.label(label(&format!("l{n}"))));
    let case = case(|c| {
        c.desired.repos.insert(name(W), labels);
        c.desired.budget.floor = 3;
    });
    (case, (0..count).map(|n| update_label(W, &format!("l{n}"), &format!("l{n}"))).collect())
}

fn switch(reason: &str) -> Switch {
    Switch { by: "ann@host".into(), reason: reason.into(), until: None }
}

fn unmerged() -> NotInForce {
    NotInForce::Unmerged {
        commit: CommitId::parse(&"0123456789".repeat(4)).unwrap(),
        branch: "main".to_owned(),
    }
}

fn superseded() -> NotInForce {
    let head = CommitId::parse(&"abcdef0123".repeat(4)).unwrap();
    NotInForce::Superseded {
        commit: CommitId::parse(&"0123456789".repeat(4)).unwrap(),
        head,
        branch: "main".to_owned(),
    }
}

fn protect(address: &str) -> Protect {
    Protect {
        address: AddressGlob::parse(address).unwrap(),
        reason: "frozen for the audit".into(),
        until: None,
        source: source(8),
    }
}

/// The overrides that a verdict names.
fn named(verdict: &super::Verdict) -> BTreeSet<String> {
    verdict.blocked.iter().flat_map(|(_, b)| &b.overrides).map(ToString::to_string).collect()
}

#[test]
fn the_named_override_opens_the_guard_for_what_it_held_and_a_smaller_one_for_nothing() {
    for (guard, mut case, actions) in rows().into_iter().filter(|(name, ..)| OVERRIDABLE.contains(name)) {
        let before = case.judge(actions.clone(), Vec::new());
        for text in named(&before) {
            let (head, glob) = text.split_once('@').unwrap();
            let count: u32 = head.split_once('=').unwrap().1.parse().unwrap();
            case.allows = vec![allow(&format!("{guard}={}@{glob}", count - 1))];
            let smaller = case.judge(actions.clone(), Vec::new());
            assert_eq!(smaller.blocked.len(), before.blocked.len(), "{guard}: {text}");
            case.allows = vec![allow(&format!("{guard}@repo/other/nothing"))];
            assert_eq!(
                case.judge(actions.clone(), Vec::new()).blocked.len(),
                before.blocked.len(),
                "{guard}: {text}"
            );

            case.allows = vec![allow(&text)];
            let opened = case.judge(actions.clone(), Vec::new());
            assert_eq!(before.blocked.len() - opened.blocked.len(), count as usize, "{guard}: {text}");
            let noted = opened.permitted.iter().filter(|p| !p.permit.overrides().is_empty()).count();
            assert_eq!(noted, count as usize, "{guard}: {text}");
        }
        case.allows = named(&before).iter().map(|text| allow(text)).collect();
        assert!(case.judge(actions, Vec::new()).blocked.is_empty(), "{guard}: all that it names, together");
    }
}

/// Whoever gives the overrides that are shown doesn't meet the next guard afterwards.
#[test]
fn what_several_guards_hold_back_names_all_of_their_overrides_at_once() {
    let case = case(|c| {
        c.desired.protects.push(protect("repo/acme/widgets/**"));
        c.desired.budget.deletes = 1;
        c.desired.budget.total = Some(3);
        c.not_in_force = Some(unmerged());
    });
    let actions = [deletions(3), vec![wiki_off("acme/gears")]].concat();
    let verdict = case.judge(actions.clone(), Vec::new());
    insta::assert_snapshot!(explain(&verdict), @r"
    unmerged: update-settings repo/acme/gears
        0123456789 is not merged to the config branch `main`
        --allow unmerged=1@repo/acme/gears
        --allow total=4@repo/acme/**
    protected: delete-label repo/acme/widgets/label/l0
        `repo/acme/widgets/**` is protected at factory.kdl:8: frozen for the audit
        --allow protected=1@repo/acme/widgets/label/l0
        --allow unmerged=3@repo/acme/widgets/label/**
        --allow deletes=3@repo/acme/widgets/label/**
        --allow total=4@repo/acme/**
    protected: delete-label repo/acme/widgets/label/l1
        `repo/acme/widgets/**` is protected at factory.kdl:8: frozen for the audit
        --allow protected=1@repo/acme/widgets/label/l1
        --allow unmerged=3@repo/acme/widgets/label/**
        --allow deletes=3@repo/acme/widgets/label/**
        --allow total=4@repo/acme/**
    protected: delete-label repo/acme/widgets/label/l2
        `repo/acme/widgets/**` is protected at factory.kdl:8: frozen for the audit
        --allow protected=1@repo/acme/widgets/label/l2
        --allow unmerged=3@repo/acme/widgets/label/**
        --allow deletes=3@repo/acme/widgets/label/**
        --allow total=4@repo/acme/**
    ");
    let case = Case { allows: named(&verdict).iter().map(|text| allow(text)).collect(), ..case };
    assert!(case.judge(actions, Vec::new()).blocked.is_empty());
}

#[test]
fn overrides_are_scoped_counted_and_dated() {
    let dated = |text: &str, until: &str| {
        let mut allow = allow(text);
        allow.until = Some(until.parse().unwrap());
        allow.source = Some(source(20));
        allow
    };
    let over = |allows: Vec<crate::model::Allow>| {
        case(|c| {
            c.desired.budget.deletes = 2;
            c.desired.allows = allows;
        })
    };
    let elsewhere = vec![delete_label("acme/gears", "a"), delete_label("acme/gears", "b")];
    let rows: Vec<Row> = vec![
        (
            "within the budget an override is not used up",
            over(vec![allow("deletes=1@repo/acme/**")]),
            deletions(2),
        ),
        (
            "one that is too small doesn't take from the budget",
            over(vec![allow("deletes=1@repo/acme/**")]),
            deletions(3),
        ),
        (
            "in config, on its last day",
            over(vec![dated("deletes@repo/acme/widgets", "2026-06-01")]),
            deletions(3),
        ),
        (
            "in config, the day after",
            over(vec![dated("deletes@repo/acme/widgets", "2026-05-31")]),
            deletions(3),
        ),
        ("for another repository", over(vec![allow("deletes@repo/acme/gears/**")]), deletions(3)),
        ("for another guard", over(vec![allow("total@repo/**")]), deletions(3)),
        (
            "two of them, the wider one named first",
            over(vec![allow("deletes=3@repo/acme/**"), allow("deletes=2@repo/acme/gears/**")]),
            deletions(3).into_iter().chain(elsewhere.clone()).collect(),
        ),
        (
            "what is let through doesn't count against the rest",
            over(vec![allow("deletes=3@repo/acme/widgets/**")]),
            deletions(3).into_iter().chain(elsewhere).collect(),
        ),
    ];
    let mut out = String::new();
    for (name, case, actions) in rows {
        out.push_str(&format!("{name}\n{}", explain(&case.judge(actions, Vec::new()))));
    }
    insta::assert_snapshot!(out, @r"
    within the budget an override is not used up
      ok: delete-label repo/acme/widgets/label/l0
      ok: delete-label repo/acme/widgets/label/l1
    one that is too small doesn't take from the budget
      deletes: delete-label repo/acme/widgets/label/l0
          3 deletions in one run, 2 allowed (`change-budget deletes`, factory.kdl:3); the override for `repo/acme/**` lets 1 through, and it covers 3
          --allow deletes=3@repo/acme/widgets/label/**
      deletes: delete-label repo/acme/widgets/label/l1
          3 deletions in one run, 2 allowed (`change-budget deletes`, factory.kdl:3); the override for `repo/acme/**` lets 1 through, and it covers 3
          --allow deletes=3@repo/acme/widgets/label/**
      deletes: delete-label repo/acme/widgets/label/l2
          3 deletions in one run, 2 allowed (`change-budget deletes`, factory.kdl:3); the override for `repo/acme/**` lets 1 through, and it covers 3
          --allow deletes=3@repo/acme/widgets/label/**
    in config, on its last day
      ok by deletes@repo/acme/widgets: delete-label repo/acme/widgets/label/l0
      ok by deletes@repo/acme/widgets: delete-label repo/acme/widgets/label/l1
      ok by deletes@repo/acme/widgets: delete-label repo/acme/widgets/label/l2
    in config, the day after
      deletes: delete-label repo/acme/widgets/label/l0
          3 deletions in one run, 2 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=3@repo/acme/widgets/label/**
      deletes: delete-label repo/acme/widgets/label/l1
          3 deletions in one run, 2 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=3@repo/acme/widgets/label/**
      deletes: delete-label repo/acme/widgets/label/l2
          3 deletions in one run, 2 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=3@repo/acme/widgets/label/**
    for another repository
      deletes: delete-label repo/acme/widgets/label/l0
          3 deletions in one run, 2 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=3@repo/acme/widgets/label/**
      deletes: delete-label repo/acme/widgets/label/l1
          3 deletions in one run, 2 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=3@repo/acme/widgets/label/**
      deletes: delete-label repo/acme/widgets/label/l2
          3 deletions in one run, 2 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=3@repo/acme/widgets/label/**
    for another guard
      deletes: delete-label repo/acme/widgets/label/l0
          3 deletions in one run, 2 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=3@repo/acme/widgets/label/**
      deletes: delete-label repo/acme/widgets/label/l1
          3 deletions in one run, 2 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=3@repo/acme/widgets/label/**
      deletes: delete-label repo/acme/widgets/label/l2
          3 deletions in one run, 2 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=3@repo/acme/widgets/label/**
    two of them, the wider one named first
      ok by deletes=3@repo/acme/**: delete-label repo/acme/widgets/label/l0
      ok by deletes=3@repo/acme/**: delete-label repo/acme/widgets/label/l1
      ok by deletes=3@repo/acme/**: delete-label repo/acme/widgets/label/l2
      ok by deletes=2@repo/acme/gears/**: delete-label repo/acme/gears/label/a
      ok by deletes=2@repo/acme/gears/**: delete-label repo/acme/gears/label/b
    what is let through doesn't count against the rest
      ok by deletes=3@repo/acme/widgets/**: delete-label repo/acme/widgets/label/l0
      ok by deletes=3@repo/acme/widgets/**: delete-label repo/acme/widgets/label/l1
      ok by deletes=3@repo/acme/widgets/**: delete-label repo/acme/widgets/label/l2
      ok: delete-label repo/acme/gears/label/a
      ok: delete-label repo/acme/gears/label/b
    ");
}

#[test]
fn a_share_counts_what_is_managed_and_spares_what_is_below_the_floor() {
    let at = |count| {
        let (case, actions) = relabelled(count);
        case.judge(actions, Vec::new()).blocked.len()
    };
    // Twelve labels, 30 %, floor 3: three change freely, four are a third.
    assert_eq!([at(2), at(3), at(4)], [0, 0, 4]);

    let (mut case, actions) = relabelled(4);
    let seen = (0..8).fold(state(W), |state, n| state.labelled(&format!("other{n}"), "ededed", ""));
    case.observed = observed([seen]);
    assert_eq!(case.judge(actions.clone(), Vec::new()).blocked.len(), 4, "undeclared labels aren't managed");
    let repo = case.desired.repos.remove(&name(W)).unwrap().mode(Mode::Authoritative);
    case.desired.repos.insert(name(W), repo);
    assert_eq!(case.judge(actions, Vec::new()).blocked.len(), 0, "4 of 20, where all of them are");

    let (case, _) = relabelled(0);
    let new = (0..9).map(|n| create_label(W, &format!("new{n}"))).collect();
    assert_eq!(case.judge(new, Vec::new()).blocked.len(), 0, "what is made changes nothing that is there");
}

#[test]
fn what_depends_on_something_held_back_is_held_back_with_it() {
    let archived = || observed([state(W).has(Setting::Archived, true), state("acme/gears")]);
    let rows: Vec<Row> = vec![
        (
            "labels wait for the repository to be unarchived",
            case(|c| {
                c.observed = archived();
                c.desired.protects.push(protect("repo/acme/widgets/archived"));
            }),
            vec![unarchive(W), create_label(W, "bug"), wiki_off("acme/gears")],
        ),
        ("and go with it", case(|c| c.observed = archived()), vec![unarchive(W), create_label(W, "bug")]),
        (
            "and stay without it, when the plan is narrowed to them",
            case(|c| c.observed = archived()),
            vec![wiki_off(W), create_label(W, "bug")],
        ),
        (
            "archiving waits for everything else",
            case(|c| c.desired.budget.deletes = 0),
            vec![archive(W), delete_label(W, "old"), wiki_off(W)],
        ),
        (
            "and is held back by itself besides: one override alone would not do",
            case(|c| {
                c.desired.budget.deletes = 0;
                c.desired.budget.archives = 0;
                c.desired.protects.push(protect("repo/acme/widgets/has-wiki"));
            }),
            vec![archive(W), delete_label(W, "old"), wiki_off(W)],
        ),
        (
            "and nothing opens it while nothing opens what it waits for",
            case(|c| {
                c.desired.budget.archives = 0;
                c.desired.budget.deletes = 0;
                c.switches.loops.insert("labels".into(), switch("it is too eager"));
            }),
            vec![archive(W), delete_label(W, "old")],
        ),
        (
            "a label waits for the repository to be unarchived, and has a budget of its own",
            case(|c| {
                c.observed = archived();
                c.desired.budget.deletes = 0;
                c.desired.protects.push(protect("repo/acme/widgets/archived"));
            }),
            vec![unarchive(W), delete_label(W, "old")],
        ),
        (
            "and for a complete reading of the labels too",
            case(|c| {
                c.observed = observed([state(W).labels_unknown()]);
                c.observed.gaps.push(gap(Facet::Labels, Some(W)));
            }),
            vec![archive(W), wiki_off(W)],
        ),
        (
            "a repository that can't be made",
            case(|c| c.not_in_force = Some(unmerged())),
            vec![create_repo("acme/new")],
        ),
    ];
    let mut out = String::new();
    for (name, case, actions) in rows {
        out.push_str(&format!("{name}\n{}", explain(&case.judge(actions, Vec::new()))));
    }
    insta::assert_snapshot!(out, @r"
    labels wait for the repository to be unarchived
      ok: update-settings repo/acme/gears
      protected: unarchive-repository repo/acme/widgets/archived
          `repo/acme/widgets/archived` is protected at factory.kdl:8: frozen for the audit
          --allow protected=1@repo/acme/widgets/archived
      protected: create-label repo/acme/widgets/label/bug
          another change to acme/widgets comes first, and that is held back: `repo/acme/widgets/archived` is protected at factory.kdl:8: frozen for the audit
          --allow protected=1@repo/acme/widgets/archived
    and go with it
      ok: unarchive-repository repo/acme/widgets/archived
      ok: create-label repo/acme/widgets/label/bug
    and stay without it, when the plan is narrowed to them
      read-only: update-settings repo/acme/widgets
          acme/widgets is archived, and nothing in this plan unarchives it
      read-only: create-label repo/acme/widgets/label/bug
          acme/widgets is archived, and nothing in this plan unarchives it
    archiving waits for everything else
      ok: update-settings repo/acme/widgets
      deletes: delete-label repo/acme/widgets/label/old
          1 deletion in one run, 0 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=1@repo/acme/widgets/label/old
      deletes: archive-repository repo/acme/widgets/archived
          another change to acme/widgets comes first, and that is held back: 1 deletion in one run, 0 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=1@repo/acme/widgets/label/old
    and is held back by itself besides: one override alone would not do
      protected: update-settings repo/acme/widgets
          `repo/acme/widgets/has-wiki` is protected at factory.kdl:8: frozen for the audit
          --allow protected=1@repo/acme/widgets/has-wiki
      deletes: delete-label repo/acme/widgets/label/old
          1 deletion in one run, 0 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=1@repo/acme/widgets/label/old
      archives: archive-repository repo/acme/widgets/archived
          1 repository archived in one run, 0 allowed (`change-budget archives`, factory.kdl:3)
          --allow archives=1@repo/acme/widgets/archived
          --allow deletes=1@repo/acme/widgets/label/old
          --allow protected=1@repo/acme/widgets/has-wiki
    and nothing opens it while nothing opens what it waits for
      kill-switch: delete-label repo/acme/widgets/label/old
          loop `labels` was switched off by ann@host: it is too eager
      kill-switch: archive-repository repo/acme/widgets/archived
          another change to acme/widgets comes first, and that is held back: loop `labels` was switched off by ann@host: it is too eager
    a label waits for the repository to be unarchived, and has a budget of its own
      protected: unarchive-repository repo/acme/widgets/archived
          `repo/acme/widgets/archived` is protected at factory.kdl:8: frozen for the audit
          --allow protected=1@repo/acme/widgets/archived
      deletes: delete-label repo/acme/widgets/label/old
          1 deletion in one run, 0 allowed (`change-budget deletes`, factory.kdl:3)
          --allow deletes=1@repo/acme/widgets/label/old
          --allow protected=1@repo/acme/widgets/archived
    and for a complete reading of the labels too
      ok: update-settings repo/acme/widgets
      incomplete: archive-repository repo/acme/widgets/archived
          labels of acme/widgets could not be read completely: GitHub failed (502, request A1)
    a repository that can't be made
      unmerged: create-repository repo/acme/new
          0123456789 is not merged to the config branch `main`
          --allow unmerged=1@repo/acme/new
    ");
}

#[test]
fn a_setting_that_could_not_be_read_holds_back_what_depends_on_it_alone() {
    let case = case(|c| {
        c.observed = observed([state(W).hides(Setting::HasWiki), state("acme/gears")]);
        c.observed.gaps.push(gap(Facet::Settings, Some(W)));
    });
    let actions = vec![wiki_off(W), weaken("acme/gears"), create_label(W, "bug"), archive(W)];
    let issues = crate::plan::samples::update(W, [(Setting::HasIssues, true.into(), false.into())]);
    let verdict = case.judge([actions, vec![issues]].concat(), Vec::new());
    insta::assert_snapshot!(explain(&verdict), @r"
    ok: create-label repo/acme/widgets/label/bug
    ok: update-settings repo/acme/widgets
    weakening: update-settings repo/acme/gears/web-commit-signoff-required
        1 removed protection in one run, 0 allowed (`change-budget weakening`, factory.kdl:3)
        --allow weakening=1@repo/acme/gears/web-commit-signoff-required
    incomplete: update-settings repo/acme/widgets
        settings of acme/widgets could not be read completely: GitHub failed (502, request A1)
    incomplete: archive-repository repo/acme/widgets/archived
        settings of acme/widgets could not be read completely: GitHub failed (502, request A1)
    ");
}

#[test]
fn config_switches_loops_off_until_their_day() {
    let off = |until: Option<&str>| LoopConfig {
        source: source(40),
        enabled: false,
        every: None,
        reason: None,
        until: until.map(|t| t.parse().unwrap()),
        settings: BTreeMap::new(),
    };
    let mut desired = desired([]);
    desired.loops.insert("labels".into(), off(None));
    desired.loops.insert("flips".into(), off(Some("2026-06-01T12:00:00Z")));
    desired.loops.insert("config-review".into(), off(Some("2026-06-01T12:00:01Z")));
    let switches = super::Switches::of(&desired, crate::model::samples::now());
    let names: Vec<&str> = switches.loops.keys().map(String::as_str).collect();
    assert_eq!(names, ["config-review", "labels"]);
    assert_eq!(switches.loops["labels"].by, "factory.kdl:40");
}

proptest! {
    /// Judging loses and invents nothing, keeps the order, and an override never holds back what passed without it.
    #[test]
    fn verdicts_partition_the_plan(
        picks in proptest::collection::vec(0usize..12, 0..12),
        deletes in 0u32..4,
        total in proptest::option::of(0u32..8),
        count in proptest::option::of(0u32..6),
        guard in proptest::sample::select(OVERRIDABLE),
    ) {
        let pool: Vec<Action> = deletions(4)
            .into_iter()
            .chain([weaken(W), publish(W), archive(W), wiki_off(W), wiki_off("acme/gears")])
            .chain([create_label(W, "new"), update_label(W, "a", "b"), delete_label("acme/gears", "x")])
            .collect();
        let picks: BTreeSet<usize> = picks.into_iter().collect();
        let actions: Vec<Action> = picks.iter().map(|n| pool[*n].clone()).collect();
        let mut case = case(|c| {
            c.desired.budget.deletes = deletes;
            c.desired.budget.total = total;
        });
        let ids = |verdict: &super::Verdict| {
            let permitted: BTreeSet<_> = verdict.permitted.iter().map(|p| p.action.id.clone()).collect();
            let blocked: BTreeSet<_> = verdict.blocked.iter().map(|(a, _)| a.id.clone()).collect();
            (permitted, blocked)
        };
        let (permitted, blocked) = ids(&case.judge(actions.clone(), Vec::new()));
        prop_assert!(permitted.is_disjoint(&blocked));
        prop_assert_eq!(permitted.len() + blocked.len(), actions.len());
        let count = count.map(|n| format!("={n}")).unwrap_or_default();
        case.allows = vec![allow(&format!("{guard}{count}@repo/acme/**"))];
        let (more, _) = ids(&case.judge(actions.clone(), Vec::new()));
        prop_assert!(more.is_superset(&permitted));
        // All that is named, together, opens all that can be opened.
        case.allows = Vec::new();
        let shown = named(&case.judge(actions.clone(), Vec::new()));
        case.allows = shown.iter().map(|text| allow(text)).collect();
        let rest = case.judge(actions, Vec::new()).blocked;
        prop_assert!(rest.iter().all(|(_, blocked)| !OVERRIDABLE.contains(&blocked.guard)), "{:?}", rest);
    }
}
