//! The loop that gives tasks to agents.

use crate::model::samples::{self, agent, desired, now, observed, repo};
use crate::model::{
    AgentConfig, Begun, Billed, Cause, Check, Closed, CommitId, Desired, Effect, Elsewhere, Facet, Figure,
    Gap, Observed, Outcome, Paid, PullSeen, Quota, Recipe, Repo, RunCaps, RunId, RunOf, RunPhase, RunSeen,
    Seen, Spent, Task, Verb,
};
use crate::plan::Plan;

pub(super) fn task(task: &str) -> Task {
    Task { agents: vec!["one".into(), "two".into()], ..samples::task(task) }
}

pub(super) fn wants(tasks: &[&str]) -> Desired {
    let agents = ["one", "two"].map(|name| (name.to_owned(), agent(name)));
    let tasks = tasks.iter().map(|name| ((*name).to_owned(), task(name)));
    Desired { agents: agents.into(), tasks: tasks.collect(), ..desired([]) }
}

/// A world that has looked at the branches of these tasks and found no pull request.
pub(super) fn sees(desired: &Desired, runs: Vec<RunSeen>) -> Observed {
    let pulls =
        desired.tasks.values().map(|task| ((task.repo.clone(), task.branch()), Seen::Absent)).collect();
    let paid = Paid::of(&runs);
    Observed { runs, paid, pulls, ..observed([]) }
}

pub(super) fn run(of: &str, agent: &str, attempt: u32, phase: RunPhase) -> RunSeen {
    let task = task(of);
    let of = RunOf::new(&task, attempt);
    let billed = Billed { account: agent.into(), ..Billed::default() };
    let id = RunId::new(now(), &attempt.to_le_bytes());
    RunSeen { id, of, agent: agent.into(), prompt: String::new(), billed, phase }
}

pub(super) fn closed(outcome: Outcome) -> RunPhase {
    let commit = CommitId::parse(&"ab".repeat(20));
    RunPhase::Closed(Box::new(Closed {
        base: commit.clone().zip(Some("main".to_owned())),
        commit: commit.filter(|_| outcome == Outcome::Done),
        answer: Some("```\ndone".into()),
        ..samples::closed(outcome)
    }))
}

pub(super) fn plan(desired: &Desired, observed: &Observed) -> Plan {
    super::plan("tasks", desired, observed)
}

/// What is planned, in words.
pub(super) fn says(plan: &Plan) -> String {
    let acts = plan.actions.iter().map(|action| {
        if let Effect::StartRun(start) = &action.effect {
            format!("{} starts {} of {}", start.agent, start.of.attempt, start.of.subject)
        } else if let Effect::OpenPull(pull) = &action.effect {
            format!("open {}", pull.base)
        } else {
            panic!("{action:?}")
        }
    });
    let waits = plan.waiting.iter().map(|waiting| format!("wait: {}", waiting.on));
    let problems = plan.problems.iter().map(|problem| format!("problem: {}", problem.says));
    acts.chain(waits).chain(problems).collect::<Vec<_>>().join("; ")
}

fn after(past: &[(&str, Outcome)]) -> String {
    let desired = wants(&["a"]);
    let runs = past.iter().zip(1..).map(|((agent, outcome), n)| run("a", agent, n, closed(outcome.clone())));
    says(&plan(&desired, &sees(&desired, runs.collect())))
}

#[test]
fn what_follows_of_an_outcome() {
    let later = now().checked_add(jiff::SignedDuration::from_mins(30)).unwrap();
    let starts_with = [
        (vec![], "one starts 1 of a"),
        (vec![("one", Outcome::Done)], "open main"),
        (vec![("one", Outcome::NoChange)], ""),
        (vec![("one", Outcome::Crashed)], "one starts 2 of a"),
        (vec![("one", Outcome::Killed)], "one starts 1 of a"),
        (vec![("one", Outcome::Overloaded)], "wait: "),
        (vec![("one", Outcome::Cancelled)], "wait: another prompt"),
        (vec![("one", Outcome::PolicyViolation)], "problem: run "),
        (vec![("one", Outcome::Credit(Some(later)))], "two starts 1 of a"),
        (vec![("one", Outcome::Auth)], "two starts 1 of a"),
        (vec![("one", Outcome::Auth), ("two", Outcome::Credit(Some(later)))], "wait: 2026-"),
        (vec![("one", Outcome::Crashed), ("one", Outcome::Wedged)], "problem: 2 of 2 attempts are used up"),
        (vec![("one", Outcome::Crashed), ("one", Outcome::Killed)], "one starts 2 of a"),
        (vec![("one", Outcome::CouldNotStart); 2], "wait: "),
        (vec![("one", Outcome::Killed); 2], "one starts 2 of a"),
        (vec![("one", Outcome::Killed); 3], "problem: 3 times in a row"),
        (vec![("one", Outcome::CouldNotStart); 3], "problem: 3 times in a row"),
    ];
    for (past, expect) in starts_with {
        let said = after(&past);
        assert!(said.starts_with(expect) && said.is_empty() == expect.is_empty(), "{past:?}: {said}");
    }
}

/// What the ledger tells of runs that lie elsewhere counts like those that lie here, but for what they left.
#[test]
fn what_ran_elsewhere_is_not_done_again() {
    let desired = wants(&["a"]);
    let gone = |n, outcome: &Outcome, hours| {
        let closed = Closed {
            at: now() - jiff::SignedDuration::from_hours(hours),
            ..samples::closed(outcome.clone())
        };
        run("a", "one", n, RunPhase::Closed(Box::new(closed)))
    };
    let after = |past: &[(Outcome, i64)], here: Vec<RunSeen>| {
        let runs = past.iter().zip(1..).map(|((outcome, hours), n)| gone(n, outcome, *hours)).collect();
        let elsewhere = Elsewhere { runs, ..Elsewhere::default() };
        plan(&desired, &Observed { elsewhere, ..sees(&desired, here) })
    };
    for (past, expect) in [
        (vec![(Outcome::NoChange, 0)], ""),
        (vec![(Outcome::Crashed, 0)], "one starts 2 of a"),
        (vec![(Outcome::Crashed, 0), (Outcome::Crashed, 0)], "problem: 2 of 2 attempts are used up"),
        (vec![(Outcome::NeedsInput, 0)], "problem: run "),
        (vec![(Outcome::Cancelled, 0)], "wait: another prompt"),
        (vec![(Outcome::Overloaded, 0)], "wait: "),
        (vec![(Outcome::Done, 0)], "wait: the machine that run "),
        (vec![(Outcome::Done, 2)], "problem: run "),
    ] {
        let said = says(&after(&past, Vec::new()));
        assert!(said.starts_with(expect) && said.is_empty() == expect.is_empty(), "{past:?}: {said}");
    }
    // One attempt here and one there are two, and what is looked at again before a start is what lies here.
    let crashed = || run("a", "one", 7, closed(Outcome::Crashed));
    let both = after(&[(Outcome::Crashed, 0)], vec![crashed()]);
    assert!(says(&both).starts_with("problem: 2 of 2"), "{both:?}");
    let killed = after(&[(Outcome::Killed, 0)], vec![crashed()]);
    assert_eq!(killed.actions[0].before, serde_json::json!({ "run": crashed().id.as_str() }));
    let alone = after(&[(Outcome::Crashed, 0)], Vec::new());
    assert_eq!(alone.actions[0].before, serde_json::Value::Null);
}

/// What another machine has begun is waited for; a pull request settles the task all the same.
#[test]
fn what_is_at_work_elsewhere_is_waited_for() {
    let desired = wants(&["a", "b"]);
    let begun =
        Begun { work: "another".into(), attempt: 1, by: "ann@host".into(), machine: "m1".into(), at: now() };
    let mut seen = sees(&desired, Vec::new());
    seen.elsewhere.begun.insert(desired.tasks["a"].address(), begun);
    let said = says(&plan(&desired, &seen));
    assert!(said.starts_with("one starts 1 of b; wait: a run to end that ann@host began at 20"), "{said}");
    let task = &desired.tasks["a"];
    let merged = PullSeen { number: 7, open: false, merged: true };
    seen.pulls.insert((task.repo.clone(), task.branch()), Seen::Known(merged));
    assert_eq!(says(&plan(&desired, &seen)), "one starts 1 of b");
}

/// What burns no attempt has the number of the run that takes its place, and each run has a prompt of its own all the same.
#[test]
fn what_burns_no_attempt_counts_none() {
    let mut desired = wants(&["a"]);
    desired.tasks.get_mut("a").unwrap().attempts = 3;
    let capped = Closed { capped: true, ..closed(Outcome::Killed).closed().unwrap().clone() };
    let capped = || RunPhase::Closed(Box::new(capped.clone()));
    let ends =
        [capped(), closed(Outcome::Crashed), capped(), closed(Outcome::Killed), closed(Outcome::Wedged)];
    let (mut runs, mut told, mut prompts): (Vec<RunSeen>, Vec<u32>, Vec<String>) = Default::default();
    for (n, end) in ends.into_iter().map(Some).chain([None]).enumerate() {
        let plan = plan(&desired, &sees(&desired, runs.clone()));
        let Effect::StartRun(start) = &plan.actions[0].effect else { panic!("{plan:?}") };
        assert_eq!(start.of.after, runs.last().map(|run| run.id.clone()));
        told.push(start.of.attempt);
        prompts.push(start.prompt.clone());
        let Some(phase) = end else { break };
        let id = RunId::new(now(), &n.to_le_bytes());
        runs.push(RunSeen { id, of: start.of.clone(), ..run("a", &start.agent, 0, phase) });
    }
    assert_eq!(told, [1, 1, 2, 2, 2, 3]);
    assert_eq!(desired.tasks["a"].burnt(&runs), 2);
    prompts.sort();
    prompts.dedup();
    assert_eq!(prompts.len(), told.len(), "{prompts:#?}");
}

#[test]
fn what_is_not_known_starts_nothing() {
    let desired = wants(&["a"]);
    let mut blind = sees(&desired, Vec::new());
    blind.gaps.push(Gap { facet: Facet::Runs, repo: None, why: "no".into(), cause: Cause::Other });
    assert_eq!(says(&plan(&desired, &blind)), "");
    let mut unseen = sees(&desired, Vec::new());
    unseen.pulls.values_mut().for_each(|pull| *pull = Seen::Unknown);
    assert_eq!(says(&plan(&desired, &unseen)), "");
}

#[test]
fn what_has_a_pull_request_is_not_done_again() {
    let desired = wants(&["a"]);
    for (open, expect) in [(true, "wait: a person to merge or close #7"), (false, "")] {
        let mut there = sees(&desired, Vec::new());
        let pull = PullSeen { number: 7, open, merged: !open };
        there.pulls.values_mut().for_each(|seen| *seen = Seen::Known(pull.clone()));
        assert_eq!(says(&plan(&desired, &there)), expect);
    }
}

#[test]
fn no_more_start_than_there_is_room_for() {
    let mut desired = wants(&["a", "b", "c"]);
    desired.run_caps = RunCaps { runs: 2, per_repo: 9, ..RunCaps::default() };
    let under = || vec![run("a", "one", 1, RunPhase::Under)];
    for phase in [RunPhase::Under, RunPhase::Checking] {
        let said = says(&plan(&desired, &sees(&desired, vec![run("a", "one", 1, phase)])));
        assert!(said.starts_with("one starts 1 of b; wait: run "), "{said}");
        assert!(said.contains("wait: a run to end: 2 of 2 are at work or begin first (caps.runs)"), "{said}");
    }
    desired.run_caps = RunCaps { runs: 9, per_repo: 1, ..RunCaps::default() };
    let said = says(&plan(&desired, &sees(&desired, under())));
    assert!(said.contains("1 of 1 are at work (caps.runs-per-repo)") && !said.contains("starts"), "{said}");
}

#[test]
fn nothing_starts_when_the_disk_is_full_or_may_be() {
    let mut desired = wants(&["a"]);
    desired.run_caps.disk = Some(50 << 30);
    for (disk, expect) in [
        (Some(Seen::Known((50 << 30) - 1)), "one starts 1 of a"),
        (Some(Seen::Known(51 << 30)), "wait: room on the disk: runs use 52224 of 51200 MiB (caps.disk)"),
        (Some(Seen::Unknown), "wait: a look at the disk: how much of it runs use can't be told (caps.disk)"),
        (None, "wait: a look at the disk: how much of it runs use can't be told (caps.disk)"),
    ] {
        let mut seen = sees(&desired, Vec::new());
        seen.disk = disk;
        assert_eq!(says(&plan(&desired, &seen)), expect);
    }
}

/// The agent's words are quoted, so that no Markdown in them gets out.
#[test]
fn a_pull_request_says_where_it_comes_from() {
    let desired = wants(&["a"]);
    let plan = plan(&desired, &sees(&desired, vec![run("a", "one", 1, closed(Outcome::Done))]));
    let Effect::OpenPull(pull) = &plan.actions[0].effect else { panic!("{plan:?}") };
    assert_eq!((plan.actions[0].verb, pull.title.as_str()), (Verb::OpenPull, "Do a"));
    assert!(pull.body.contains("\n    ```\n    done\n"), "{}", pull.body);
}

/// Setups of a repository that fail in a row stop all its tasks, as long as the recipe is the same.
#[test]
fn setups_that_fail_in_a_row_stop_their_repository() {
    let recipe = Recipe { setup: Some("false".into()), ..Recipe::default() };
    let declared = Repo { recipe: recipe.clone(), ..repo("acme/widgets") };
    let Desired { agents, tasks, .. } = wants(&["a", "b"]);
    let desired = Desired { agents, tasks, ..desired([declared]) };
    let past = |recipes: &[Option<&Recipe>]| {
        let runs = recipes.iter().zip(1..).map(|(recipe, n)| {
            let mut closed = closed(Outcome::CouldNotStart).closed().cloned().unwrap();
            closed.setup_failed = recipe.map(Recipe::digest);
            run("b", "one", n, RunPhase::Closed(Box::new(closed)))
        });
        says(&plan(&desired, &sees(&desired, runs.collect())))
    };
    let (same, other) = (Some(&recipe), Recipe::default());
    for (recipes, stops) in [
        (vec![same; 3], true),
        (vec![None, same, same, same], true),
        (vec![same; 2], false),
        (vec![same, same, same, None], false),
        (vec![Some(&other); 3], false),
    ] {
        let said = past(&recipes);
        assert_eq!(said.contains("wait: the recipe of acme/widgets to be another one"), stops, "{said}");
        assert_eq!(
            said.contains("problem: 3 times in a row so it was; nothing is started here"),
            stops,
            "{said}"
        );
        assert_eq!(said.contains("one starts 1 of a"), !stops, "{said}");
    }
}

/// What gates showed is told to people as data, and to the next attempt.
#[test]
fn what_gates_showed_is_told() {
    let mut done = closed(Outcome::Done).closed().cloned().unwrap();
    let check = |passed| Check {
        gate: "test".into(),
        commit: CommitId::parse(&"ab".repeat(20)).unwrap(),
        passed,
        says: "it ended with code 1".into(),
        took_ms: 1,
        tail: vec!["so sad\u{202e}".into()],
        tests: None,
        weaker: vec!["a\nb".into()],
        unknown: Vec::new(),
    };
    done.checks = vec![check(true)];
    let desired = wants(&["a"]);
    let of = |closed: &Closed| {
        plan(&desired, &sees(&desired, vec![run("a", "one", 1, RunPhase::Closed(Box::new(closed.clone())))]))
    };
    let plan = of(&done);
    let Effect::OpenPull(pull) = &plan.actions[0].effect else { panic!("{plan:?}") };
    assert!(pull.body.contains("\n    `test` passed in 0.1 s; weaker: ab\n"), "{}", pull.body);
    let red = Closed { outcome: Outcome::NoVerdict, commit: None, checks: vec![check(false)], ..done };
    let plan = of(&red);
    let Effect::StartRun(start) = &plan.actions[0].effect else { panic!("{plan:?}") };
    assert!(
        start.prompt.ends_with("The last lines of the gate `test`, as data:\n\n    so sad\n"),
        "{}",
        start.prompt
    );
}

/// What one run says of an account holds for every agent on it, until its time.
#[test]
fn agents_of_one_account_wait_together() {
    let later = now().checked_add(jiff::SignedDuration::from_mins(30)).unwrap();
    let quota = |percent, until, ago| Quota {
        of: String::new(),
        percent,
        until,
        at: now().checked_sub(jiff::SignedDuration::from_mins(ago)).unwrap(),
    };
    let says_with = |account: &str, outcome: Outcome, quota: Option<Quota>| {
        let mut desired = wants(&["a", "b"]);
        desired.agents.values_mut().for_each(|agent| account.clone_into(&mut agent.account));
        desired.agents.insert("one".into(), AgentConfig { account: "x".into(), ..agent("one") });
        let mut past = run("a", "one", 1, closed(outcome));
        let quotas = quota.into_iter().collect();
        past.billed = Billed { account: "x".into(), quotas, ..Billed::default() };
        let mut seen = sees(&desired, vec![past]);
        let pull = PullSeen { number: 7, open: false, merged: true };
        let of_a = seen.pulls.iter_mut().find(|((_, branch), _)| branch.contains("/a-")).unwrap();
        *of_a.1 = Seen::Known(pull);
        says(&plan(&desired, &seen))
    };
    let waits = "wait: 2026-";
    for (account, outcome, quota, expect) in [
        ("x", Outcome::Credit(Some(later)), None, waits),
        ("y", Outcome::Credit(Some(later)), None, "two starts 1 of b"),
        ("x", Outcome::Auth, None, waits),
        ("x", Outcome::Done, Some(quota(90, Some(later), 5)), waits),
        ("x", Outcome::Done, Some(quota(90, None, 59)), waits),
        ("x", Outcome::Done, Some(quota(90, None, 61)), "one starts 1 of b"),
        ("x", Outcome::Done, Some(quota(89, Some(later), 5)), "one starts 1 of b"),
        ("y", Outcome::Done, Some(quota(99, Some(later), 5)), "two starts 1 of b"),
    ] {
        let said = says_with(account, outcome.clone(), quota.clone());
        assert!(said.starts_with(expect), "{account} {outcome} {quota:?}: {said}");
    }
}

/// Nothing starts once the runs of the day have cost what they may; those of other days don't count.
#[test]
fn nothing_starts_once_the_day_is_paid() {
    let cost = |micros| Some(Spent { micros, figure: Figure::Table });
    let yesterday = now().checked_sub(jiff::SignedDuration::from_hours(24)).unwrap();
    for (cap, ended, starts) in [
        (None, Some(now()), true),
        (Some(6), Some(now()), true),
        (Some(5), Some(now()), false),
        (Some(5), None, false),
        (Some(5), Some(yesterday), true),
        (Some(0), Some(yesterday), false),
    ] {
        let mut desired = wants(&["a", "b"]);
        desired.run_caps.spend_per_day = cap;
        let mut past = run("a", "one", 1, closed(Outcome::NoChange));
        past.billed = Billed { account: "one".into(), cost: cost(5), ended, ..Billed::default() };
        let said = says(&plan(&desired, &sees(&desired, vec![past])));
        assert_eq!(said.contains("one starts 1 of b"), starts, "{cap:?} {ended:?}: {said}");
        assert_eq!(said.contains("(caps.spend-per-day)"), !starts, "{said}");
    }
}

/// A run that the day's cap ended waits for the day, however often: no person has anything to mend.
#[test]
fn who_was_stopped_by_the_day_waits() {
    let mut desired = wants(&["a"]);
    desired.run_caps.spend_per_day = Some(0);
    let said = |capped| {
        let stopped = |n| {
            let ended = Closed { capped, ..samples::closed(Outcome::Killed) };
            run("a", "one", n, RunPhase::Closed(Box::new(ended)))
        };
        says(&plan(&desired, &sees(&desired, (1..=4).map(stopped).collect())))
    };
    assert!(said(false).starts_with("problem: 4 times in a row"), "{}", said(false));
    assert!(said(true).contains("(caps.spend-per-day)"), "{}", said(true));
}

/// An agent that can't be started takes no room from those that can; the next one of the task takes over.
#[test]
fn who_can_not_be_started_takes_no_room() {
    let mut desired = wants(&["a", "b"]);
    desired.run_caps.runs = 1;
    let said = |unfit: &[&str]| {
        let mut seen = sees(&desired, Vec::new());
        seen.unfit = unfit.iter().map(|name| ((*name).to_owned(), format!("no `{name}`"))).collect();
        says(&plan(&desired, &seen))
    };
    assert!(said(&["one"]).starts_with("two starts 1 of a; wait: a run to end"), "{}", said(&["one"]));
    let both = said(&["one", "two"]);
    assert!(both.starts_with("problem: none of its agents can be started: no `one`; no `two` ("), "{both}");
    assert!(!both.contains("starts") && !both.contains("wait"), "{both}");
    // Where the other one is paused, both are named, each with what is in its way.
    let mut seen = sees(&desired, vec![run("a", "two", 1, closed(Outcome::Auth))]);
    seen.unfit = [("one".to_owned(), "no `one`".to_owned())].into();
    let waits = says(&plan(&desired, &seen));
    assert!(waits.contains("or has quota left: two (a run ended in `auth`); no `one`"), "{waits}");
}

/// A setup that fails over what a run left is no evidence against the recipe: the task begins afresh.
#[test]
fn a_setup_that_fails_where_a_run_goes_on_tells_nothing_of_the_recipe() {
    let declared = repo("acme/widgets");
    let repos = [(declared.name.clone(), declared.clone())].into();
    let desired = Desired { repos, ..wants(&["a", "b"]) };
    let said = |continues: bool| {
        let failed = |n| {
            let ended = Closed {
                setup_failed: Some(declared.recipe.digest()),
                at: now() - jiff::SignedDuration::from_hours(2),
                ..samples::closed(Outcome::CouldNotStart)
            };
            let mut run = run("a", "one", n, RunPhase::Closed(Box::new(ended)));
            run.of.continues = continues.then(|| run.id.clone());
            run
        };
        says(&plan(&desired, &sees(&desired, (1..=3).map(failed).collect())))
    };
    assert!(
        said(false).contains("nothing is started here until its recipe is another one"),
        "{}",
        said(false)
    );
    assert!(said(true).contains("one starts 1 of b"), "{}", said(true));
}
