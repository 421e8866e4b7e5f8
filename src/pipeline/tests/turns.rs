//! Who is worked on first.

use jiff::SignedDuration;

use super::story::{issue, label, load};
use crate::loops::in_turn;
use crate::model::samples::{name, now};
use crate::model::{
    Billed, Case, Cases, Desired, Observed, Permission, RunId, RunOf, RunPhase, RunSeen, Seen,
};
use crate::pipeline::Stand;
use crate::work::Cx;

const CONFIG: &str = r#"
factory "acme"
agent "smith" kind="codex"
pipeline "p" { intake "factory"; agents "smith"; phases; }
repo "acme/anvil" { pipeline "p"; }
repo "acme/bolt" { pipeline "p"; }
"#;

/// An issue that was opened so many minutes after the others.
fn one(repo: &str, number: u64, minutes: i64) -> Case {
    let mut case = issue(number);
    (case.repo, case.opened) = (name(repo), now() + SignedDuration::from_mins(minutes));
    case
}

fn observed(all: Vec<Case>, runs: Vec<RunSeen>) -> Observed {
    let may = ["acme/anvil", "acme/bolt"]
        .map(|repo| ((name(repo), "ann".to_owned()), Seen::Known(Permission::Write)));
    let all = all.into_iter().map(|case| ((case.repo.clone(), case.number), Seen::Known(case))).collect();
    let own = [("acme".to_owned(), "bot".to_owned())].into();
    let cases = Cases { all, permissions: may.into(), own, ..Cases::default() };
    Observed { runs, knows_runs: true, cases, ..Observed::default() }
}

/// The issues in the order of their turns.
fn turns(desired: &Desired, observed: &Observed) -> Vec<String> {
    let all = in_turn(Cx { desired, observed, now: now() + SignedDuration::from_hours(1) });
    all.iter().map(|(view, _)| format!("{}#{}", view.case.repo.name(), view.case.number)).collect()
}

/// The first run of an issue, which is at work.
fn at_work(desired: &Desired, observed: &Observed, of: &str) -> RunSeen {
    let all = in_turn(Cx { desired, observed, now: now() + SignedDuration::from_hours(1) });
    let is_it = |it: &&(crate::pipeline::View<'_>, crate::pipeline::Station)| {
        format!("{}#{}", it.0.case.repo.name(), it.0.case.number) == of
    };
    let Stand::Works(task) = &all.iter().find(is_it).unwrap().1.stand else {
        panic!("it is to be worked on")
    };
    RunSeen {
        id: RunId::new(now(), of.as_bytes()),
        of: RunOf::new(task, 1),
        agent: "smith".into(),
        phase: RunPhase::Under,
        prompt: String::new(),
        billed: Billed::default(),
    }
}

#[test]
fn many_issues_of_one_repository_keep_no_other_from_its_turn() {
    let desired = load(CONFIG);
    let many =
        || (1..=5).map(|n| one("acme/anvil", n, 0)).chain([one("acme/bolt", 1, 9), one("acme/bolt", 2, 9)]);
    let idle = observed(many().collect(), Vec::new());
    assert_eq!(
        turns(&desired, &idle),
        ["anvil#1", "bolt#1", "anvil#2", "bolt#2", "anvil#3", "anvil#4", "anvil#5"]
    );
    let runs = ["anvil#1", "anvil#2"].map(|of| at_work(&desired, &idle, of)).to_vec();
    let busy = observed(many().collect(), runs.clone());
    assert_eq!(
        turns(&desired, &busy),
        ["anvil#1", "anvil#2", "bolt#1", "bolt#2", "anvil#3", "anvil#4", "anvil#5"]
    );
    let urgent = many().map(|mut case| {
        if case.repo == name("acme/anvil") && case.number == 4 {
            case.labels.insert("p0".into(), label("p0", "ann"));
        }
        case
    });
    let urgent = observed(urgent.collect(), runs);
    assert_eq!(turns(&desired, &urgent)[0], "anvil#4", "what is urgent comes first all the same");
}
