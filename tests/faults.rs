//! Every request of a plan and of an apply goes wrong in every way: afterwards nothing is doubled or lost, the exit
//! code says what happened, the ledger holds, and a second run converges.
//!
//! The calls come from a clean run's log. A fault that comes once hits just that call; one that lasts begins with
//! the n-th request, and since requests run side by side, that may be another one in the next run.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use factoryctl::twin::{self, FaultAction, FaultRule, LoggedRequest};

use crate::sizes;
use crate::world::{Ran, World, sample, snapshot, world_of};

/// One action of each sort, and as few of them as that takes.
const CONFIG: &str = r#"factory "acme"
repo "acme/anvil" {
    description "Hits things"
    topics "rust" "tools"
    labels {
        label "area: core" was="core"
        label "bug" color="b60205"
        label "ready" color="0e8a16"
        label "wontfix" delete-after="2026-01-01"
    }
}
repo "acme/crucible" { archived #true; }
repo "acme/drill" { archived #false; has-wiki #false; }
repo "acme/forge" create=#true { visibility "private"; labels { label "ready" color="0e8a16"; }; }
caps { change-budget deletes=50 percent=100 floor=50 }
"#;

/// How long a request may take; `Late` answers take longer.
const PATIENCE_MS: &str = "1500";

/// A way in which a request goes wrong, and the exit codes that it may lead to.
struct Way {
    name: &'static str,
    action: FaultAction,
    lasting: bool,
    /// Of an apply that met it. 0 is always honest, see [`after_an_apply`].
    codes: &'static [i32],
}

/// Auth is 5, limits are 6; everything else is a failure of single actions (9), an object that seems to have
/// changed (7), a blocked action because the reading is incomplete (4), or an error (1).
fn ways() -> Vec<Way> {
    const AUTH: &[i32] = &[0, 5];
    const LIMIT: &[i32] = &[0, 6];
    const REST: &[i32] = &[0, 1, 4, 7, 9];
    let status =
        |status| FaultAction::Status { status, body: None, headers: std::collections::BTreeMap::new() };
    let empty = || FaultAction::Status {
        status: 200,
        body: Some("{}".to_owned()),
        headers: std::collections::BTreeMap::new(),
    };
    let once = |name, action, codes| Way { name, action, lasting: false, codes };
    let lasting = |name, action, codes| Way { name, action, lasting: true, codes };
    vec![
        once("401", status(401), AUTH),
        once("403", status(403), AUTH),
        once("404", status(404), REST),
        once("409", status(409), REST),
        once("422", status(422), REST),
        once("429", status(429), LIMIT),
        once("500", status(500), REST),
        once("502", status(502), REST),
        once("primary limit", FaultAction::PrimaryLimit { reset_in_s: 3600 }, LIMIT),
        once("secondary limit", FaultAction::SecondaryLimit { retry_after_s: Some(1), status: 403 }, LIMIT),
        once(
            "secondary limit without a time",
            FaultAction::SecondaryLimit { retry_after_s: None, status: 429 },
            LIMIT,
        ),
        once("reset before", FaultAction::ResetBefore, REST),
        once("reset after", FaultAction::ResetAfter, REST),
        once("truncated", FaultAction::Truncate, REST),
        once("late", FaultAction::Delay { ms: 3000 }, REST),
        once("slow body", FaultAction::SlowBody { ms: 400 }, REST),
        once("stale", FaultAction::Stale { writes: None }, REST),
        once("malformed", FaultAction::MalformedJson, REST),
        once("html", FaultAction::Html { status: 502 }, REST),
        once("an empty object that says it is fine", empty(), REST),
        once("html that says it is fine", FaultAction::Html { status: 200 }, REST),
        lasting("the token expires", status(401), AUTH),
        lasting("the token loses its permission", status(403), AUTH),
        lasting("an outage", status(502), REST),
        lasting("no network", FaultAction::ResetBefore, REST),
        lasting("answers get lost", FaultAction::ResetAfter, REST),
        lasting("the hour's budget is spent", FaultAction::PrimaryLimit { reset_in_s: 3600 }, LIMIT),
        lasting("old replicas", FaultAction::Stale { writes: None }, REST),
    ]
}

/// One request of a clean run: what it asked, and how often that had been asked before.
struct Call {
    method: String,
    path: String,
    operation: Option<String>,
    position: u64,
    occurrence: u64,
}

impl Call {
    fn all(log: &[LoggedRequest]) -> Vec<Self> {
        let path = |request: &LoggedRequest| request.path.split('?').next().unwrap_or_default().to_owned();
        let same = |a: &LoggedRequest, b: &LoggedRequest| {
            (&a.method, path(a), &a.operation) == (&b.method, path(b), &b.operation)
        };
        let call = |(i, request): (usize, &LoggedRequest)| Self {
            method: request.method.clone(),
            path: path(request),
            operation: request.operation.clone(),
            position: i as u64 + 1,
            occurrence: log[..=i].iter().filter(|earlier| same(earlier, request)).count() as u64,
        };
        log.iter().enumerate().map(call).collect()
    }

    fn rule(&self, way: &Way) -> FaultRule {
        let every = FaultRule::every(way.action.clone());
        match &self.operation {
            _ if way.lasting => every.nth(self.position).times(100_000),
            Some(operation) => every.operation(operation).nth(self.occurrence),
            None => every.on(&self.method, &self.path).nth(self.occurrence),
        }
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = self.operation.as_ref().unwrap_or(&self.path);
        write!(f, "{} {what} ({}., request {})", self.method, self.occurrence, self.position)
    }
}

/// What a clean run does.
struct Clean {
    plan: Vec<Call>,
    apply: Vec<Call>,
    /// The ids of the plan's actions.
    ids: BTreeSet<String>,
    /// GitHub afterwards, and the labels of before that stay.
    after: String,
    kept: BTreeSet<u64>,
    first_new: u64,
}

fn github() -> twin::World {
    let mut world = sample::github();
    world.repos.retain(|_, repo| repo.name != "bellows");
    world
}

fn label_ids(w: &World) -> BTreeSet<u64> {
    w.github().with(|world| world.repos.values().flat_map(|r| r.labels.iter().map(|l| l.id)).collect())
}

fn ids(plan: &Ran) -> BTreeSet<String> {
    let actions = plan.json()["actions"].clone();
    let actions = actions.as_array().expect("a plan has actions");
    actions.iter().map(|a| a["id"].as_str().expect("an action has an id").to_owned()).collect()
}

fn clean() -> Clean {
    world_of(github(), |w| {
        w.config(CONFIG);
        let first_new = w.github().with(|world| world.next_id);
        let before = label_ids(w);
        let plan = w.plan(&["--json"]).exits(2);
        let plan_calls = Call::all(&w.requests());
        w.apply(&[]).exits(0);
        let apply = Call::all(&w.requests());
        w.plan(&[]).exits(0);
        Clean {
            plan: plan_calls,
            apply,
            ids: ids(&plan),
            after: snapshot(&w.github(), first_new),
            kept: before.intersection(&label_ids(w)).copied().collect(),
            first_new,
        }
    })
}

/// Every call with the ways that are tried there: all of them at one of `stride` calls, else one in turn.
fn trials(calls: &[Call], stride: u64) -> Vec<(&Call, usize)> {
    let (ways, seed) = (ways().len(), sizes::seed());
    let all = |position: u64| position % stride == seed % stride;
    calls
        .iter()
        .flat_map(|call| (0..ways).map(move |way| (call, way)))
        .filter(|(call, way)| all(call.position) || (call.position + seed) % ways as u64 == *way as u64)
        .collect()
}

/// Tries all of them, a few at a time; the failures of all are reported together.
fn try_all(trials: &[(&Call, usize)], attempt: impl Fn(&Way, &Call) + Sync) {
    const AT_ONCE: usize = 4;
    let (ways, next, wrong) = (ways(), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((call, way)) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let way = &ways[*way];
                    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| attempt(way, call)));
                    if let Err(panic) = done {
                        let says = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                        wrong
                            .lock()
                            .expect("no holder panics")
                            .push(format!("{} at {call}: {says}", way.name));
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().expect("no holder panics");
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {} went wrong:\n{}", wrong.len(), trials.len(), wrong.join("\n\n"));
}

#[test]
fn a_plan_survives_every_fault() {
    let clean = clean();
    let trials = trials(&clean.plan, 1);
    println!("{} calls, {} trials", clean.plan.len(), trials.len());
    try_all(&trials, |way, call| {
        world_of(github(), |w| {
            w.config(CONFIG);
            w.set("FACTORY_HTTP_TIMEOUT_MS", PATIENCE_MS);
            let before = snapshot(&w.github(), u64::MAX);
            w.faults(vec![call.rule(way)]);
            let plan = w.plan(&["--json"]);
            assert_eq!(before, snapshot(&w.github(), u64::MAX), "a plan wrote\n{}", plan.all());
            // A complete plan is the clean one; whatever kept it from being complete has its code.
            if plan.code == 2 {
                assert_eq!(ids(&plan), clean.ids, "{}", plan.all());
            } else {
                assert!(plan.code != 0 && way.codes.contains(&plan.code), "{}", plan.all());
            }
            w.faults(Vec::new());
            assert_eq!(ids(&w.plan(&["--json"]).exits(2)), clean.ids);
        });
    });
}

#[test]
fn an_apply_survives_every_fault() {
    let clean = clean();
    let trials = trials(&clean.apply, sizes::fault_stride());
    println!("{} calls, {} trials", clean.apply.len(), trials.len());
    try_all(&trials, |way, call| {
        world_of(github(), |w| {
            w.config(CONFIG);
            w.set("FACTORY_HTTP_TIMEOUT_MS", PATIENCE_MS);
            w.faults(vec![call.rule(way)]);
            let applied = w.apply(&[]);
            w.faults(Vec::new());
            after_an_apply(w, &clean, way, &applied);
        });
    });
}

/// What must hold after an apply that met a fault.
fn after_an_apply(w: &World, clean: &Clean, way: &Way, applied: &Ran) {
    let all = applied.all();
    assert!(way.codes.contains(&applied.code), "exit {} is not among {:?}\n{all}", applied.code, way.codes);
    assert!(label_ids(w).is_superset(&clean.kept), "a label is lost\n{all}");
    let left = w.plan(&["--json"]);
    assert!(applied.code != 0 || left.code == 0, "it said 0 and left\n{}\n{all}", left.all());
    w.run(&["ledger", "verify"]).exits(0);
    let again = w.apply(&[]);
    assert_eq!(again.code, 0, "the second apply\n{}\n{all}", again.all());
    let last = w.plan(&[]);
    assert_eq!(last.code, 0, "the last plan\n{}\n{}\n{all}", last.all(), again.all());
    let after = snapshot(&w.github(), clean.first_new);
    let diff =
        similar::TextDiff::from_lines(&clean.after, &after).unified_diff().context_radius(0).to_string();
    assert!(diff.is_empty(), "not as after a clean apply:\n{diff}\n{all}");
    w.run(&["ledger", "verify"]).exits(0);
}

/// GitHub answers 404 to somebody who may not make repositories in an organisation. That is no reason to make the
/// repository in the person's own account instead.
#[test]
fn a_repository_is_never_made_under_another_owner() {
    world_of(github(), |w| {
        w.config(CONFIG);
        let refuse =
            FaultAction::Status { status: 404, body: None, headers: std::collections::BTreeMap::new() };
        w.faults(vec![FaultRule::every(refuse).on("POST", "/orgs/acme/repos")]);
        let applied = w.apply(&[]);
        let owners: BTreeSet<String> =
            w.github().with(|world| world.repos.values().map(|repo| repo.owner.clone()).collect());
        assert_eq!(owners, ["acme".to_owned()].into(), "{}", applied.all());
        assert_ne!(applied.code, 0, "{}", applied.all());
    });
}
