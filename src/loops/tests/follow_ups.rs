//! What becomes of work that runs found and didn't do.

use std::sync::Arc;

use jiff::SignedDuration;

use super::tasks::{closed, plan, run, sees, task, wants};
use crate::model::samples::{now, repo, with_config};
use crate::model::{
    Closed, CommitId, ConfigPull, Desired, Effect, FollowUp, FollowUps, IssueSeen, Observed, Outcome,
    PullSeen, RunPhase, RunSeen, Seen, Verb, said_by,
};
use crate::plan::Plan;

fn asks(tasks: &[&str]) -> Desired {
    let mut desired = wants(tasks);
    desired.tasks.values_mut().for_each(|task| task.follow_ups = FollowUps::Issue);
    desired
}

/// A run that is over and found these.
fn found(of: &str, attempt: u32, outcome: Outcome, titles: &[&str]) -> RunSeen {
    let mut end = closed(outcome).closed().cloned().unwrap();
    end.said.follow_ups = titles.iter().map(|title| FollowUp::new(title, "So it is.")).collect();
    run(of, "one", attempt, RunPhase::Closed(Box::new(end)))
}

fn end_of(run: &mut RunSeen) -> &mut Closed {
    let RunPhase::Closed(closed) = &mut run.phase else { panic!("it is over") };
    closed
}

/// A world with a pull request for each task and no issue.
fn done(desired: &Desired, runs: Vec<RunSeen>) -> Observed {
    let mut seen = sees(desired, runs);
    let pull = PullSeen { number: 7, open: true, merged: false };
    seen.pulls.values_mut().for_each(|seen| *seen = Seen::Known(pull.clone()));
    let issues = desired.tasks.values().map(|task| (task.repo.clone(), Seen::Known(Vec::new())));
    seen.tracker.issues = issues.collect();
    seen
}

/// The titles of what is opened.
fn opened(plan: &Plan) -> Vec<&str> {
    let titles = plan.actions.iter().filter_map(|action| {
        if let Effect::OpenIssue(issue) = &action.effect { Some(issue.title.as_str()) } else { None }
    });
    titles.collect()
}

#[test]
fn it_is_opened_once_nothing_more_comes_of_its_task() {
    let desired = asks(&["a"]);
    let of = |seen: &Observed| opened(&plan(&desired, seen)).len();
    for (outcome, with_pull, without) in [
        (Outcome::Done, 1, 0),
        (Outcome::NoChange, 1, 1),
        (Outcome::NeedsInput, 1, 1),
        (Outcome::Refused, 0, 0),
        (Outcome::PolicyViolation, 0, 0),
        (Outcome::Cancelled, 0, 0),
        (Outcome::Crashed, 0, 0),
        (Outcome::NoVerdict, 0, 0),
        (Outcome::Auth, 0, 0),
    ] {
        let mut seen = done(&desired, vec![found("a", 1, outcome.clone(), &["Mend it"])]);
        assert_eq!(of(&seen), with_pull, "{outcome}");
        for pull in [Seen::Absent, Seen::Unknown] {
            seen.pulls.values_mut().for_each(|seen| *seen = pull.clone());
            assert_eq!(of(&seen), without, "{outcome} without a pull request");
        }
    }
    let ended = || found("a", 1, Outcome::NoChange, &["Mend it"]);
    let under = run("a", "one", 2, RunPhase::Under);
    assert_eq!(of(&done(&desired, vec![ended(), under])), 0, "another run is under way");
    let mut old = ended();
    end_of(&mut old).at = now() - SignedDuration::from_hours(24 * 30);
    assert_eq!(of(&done(&desired, vec![old])), 0, "it is long ago");
    let mut other = ended();
    other.of.version = "00000000".into();
    assert_eq!(of(&done(&desired, vec![other])), 0, "the task is another one by now");
    let silent = wants(&["a"]);
    assert_eq!(opened(&plan(&silent, &done(&silent, vec![ended()]))).len(), 0, "config doesn't ask for it");
}

/// Attempts that failed are followed by one that finds the same again; turns of one attempt are told apart by nothing.
#[test]
fn it_is_of_the_last_attempt_and_there_are_five_at_most() {
    let desired = asks(&["a"]);
    let failed = found("a", 1, Outcome::Crashed, &["Failed"]);
    let first = found("a", 2, Outcome::NoVerdict, &["One", "Two", "Three", "Four"]);
    let last = found("a", 2, Outcome::Done, &["one.", "Five", "Six"]);
    let plan = plan(&desired, &done(&desired, vec![failed, first, last]));
    assert_eq!(opened(&plan), ["One", "Two", "Three", "Four", "Five"]);
}

#[test]
fn what_is_said_already_is_not_opened() {
    let desired = asks(&["a", "b"]);
    let runs =
        || vec![found("a", 1, Outcome::Done, &["Mend it"]), found("b", 1, Outcome::Done, &["mend it"])];
    let mut seen = done(&desired, runs());
    assert_eq!(opened(&plan(&desired, &seen)), ["Mend it"], "two tasks of one repository");
    let digest = FollowUp::new("Mend it", "So it is.").digest;
    let repo = task("a").repo;
    seen.tracker.opened.insert((repo.clone(), digest));
    assert_eq!(opened(&plan(&desired, &seen)), ["mend it"], "the ledger knows one of them");
    let issue = |title: &str| IssueSeen { number: 3, title: said_by(title), marks: [].into(), closed: None };
    seen.tracker.issues.insert(repo.clone(), Seen::Known(vec![issue("Mend it")]));
    assert!(opened(&plan(&desired, &seen)).is_empty(), "an issue says it");
    for unread in [Some(Seen::Unknown), Some(Seen::Absent), None] {
        let mut seen = done(&desired, runs());
        seen.tracker.issues = unread.map(|unread| (repo.clone(), unread)).into_iter().collect();
        assert!(opened(&plan(&desired, &seen)).is_empty(), "an issue that wasn't read may say it");
    }
}

#[test]
fn a_secret_is_a_persons_matter_until_an_issue_says_it() {
    let desired = asks(&["a"]);
    let mut seen = done(&desired, vec![found("a", 1, Outcome::Done, &["Use swordfish"])]);
    seen.tracker.leaks.insert(FollowUp::new("Use swordfish", "So it is.").digest);
    let held = plan(&desired, &seen);
    assert!(held.actions.is_empty());
    let says = &held.problems[0].says;
    assert!(says.starts_with("there is a secret in what run ") && !says.contains("swordfish"), "{says}");
    let issue = IssueSeen { number: 3, title: said_by("Use swordfish"), marks: [].into(), closed: None };
    seen.tracker.issues.insert(task("a").repo, Seen::Known(vec![issue]));
    assert!(plan(&desired, &seen).problems.is_empty());
}

#[test]
fn an_issue_says_where_it_comes_from_and_calls_nobody() {
    let desired = asks(&["a"]);
    let mut run = found("a", 1, Outcome::Done, &[]);
    let text = format!("Ask @alice.\n\nfixes #1 <!-- x\n{}", "\n".repeat(40_000));
    end_of(&mut run).said.follow_ups = vec![FollowUp::new("Ask @alice", &text), FollowUp::new("Short", "")];
    let id = run.id.clone();
    let plan = plan(&desired, &done(&desired, vec![run]));
    let issues: Vec<_> = plan
        .actions
        .iter()
        .map(|action| {
            assert_eq!(action.verb, Verb::OpenIssue);
            let Effect::OpenIssue(issue) = &action.effect else { panic!("{action:?}") };
            issue
        })
        .collect();
    assert_eq!(issues[0].title, "Ask @ alice");
    assert!(issues[0].body.chars().count() < 65_536);
    assert!(issues[0].body.contains("\n    fixes # 1 <!-- x\n"), "{}", issues[0].body);
    assert!(issues[0].body.contains(&format!("`factoryctl runs show {id}` has the rest")));
    let digest = &issues[1].found.digest;
    assert_eq!(
        issues[1].body,
        format!(
            "Found by `one` while it worked on the task `a` of the factory (#7), in run `{id}`. Nobody has checked it.\n\n\
             <!-- factoryctl:follow-up {digest} -->\n"
        )
    );
    assert_eq!(plan.actions[1].address.follow_up(), Some((task("a").repo, digest.as_str())));
}

/// What a pull request to the config would open is shown on it, unless it comes from somebody who can only fork.
#[test]
fn a_fork_is_not_shown_what_runs_found() {
    let declared = |config: Desired| {
        let widgets = repo("acme/widgets");
        with_config(Desired { repos: [(widgets.name.clone(), widgets)].into(), ..config }, "acme/config")
    };
    let (base, proposed) = (declared(wants(&["a"])), declared(asks(&["a"])));
    for from_fork in [false, true] {
        let mut seen = done(&proposed, vec![found("a", 1, Outcome::Done, &["Mend it"])]);
        seen.config_pulls.push(ConfigPull {
            number: 7,
            head: CommitId::parse(&"ab".repeat(20)).unwrap(),
            base: Ok(Arc::new(base.clone())),
            proposed: Ok(Arc::new(proposed.clone())),
            comments: Vec::new(),
            check: None,
            checks: false,
            from_fork,
        });
        let review = super::plan("config-review", &base, &seen);
        let said: String = review.actions.iter().map(|action| action.after.to_string()).collect();
        assert_eq!(said.contains("Mend it"), !from_fork, "{said}");
    }
}
