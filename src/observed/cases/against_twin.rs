//! The reading of issues against the twin over HTTP.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Remembered, Told, WantedCases, cases, one_case, permissions, pushes, renames};
use crate::adapters::github::{Auth, Client, Config, Kind};
use crate::model::{
    Case, CommitId, Facet, LabelName, Observed, Permission, Pipeline, RepoName, Seen, Source,
};
use crate::twin::world::{IssueState, World};
use crate::twin::{FaultAction, FaultRule, Options, Twin};

fn pipeline() -> Pipeline {
    Pipeline {
        name: "standard".into(),
        intake: vec![LabelName::observed("factory")],
        assignee: Some("ann".into()),
        prefix: "factory:".into(),
        phases: BTreeSet::new(),
        agents: Vec::new(),
        merge_policy: None,
        thin: 0,
        reserved: crate::model::Reserved::default(),
        judges: Vec::new(),
        advisors: std::collections::BTreeMap::new(),
        trust: Permission::Write,
        epics: crate::model::Epics::Person,
        search: None,
        router: None,
        writes: 0,
        route_backs: 0,
        waiting_pulls: 0,
        source: Source::built_in(),
    }
}

/// A repository with seven issues: 1 of the intake, 2 of a phase, 3 nobody's, 4 of an assignee, 5 and 6 nobody's and asked
/// for, 6 closed; 1 has a pull request from its branch, and another one from a fork's branch of that name.
async fn twin() -> (Twin, u64) {
    let mut world = World::new("acme");
    world.add_user("ann");
    let repo = world.add_repo("acme", "widgets");
    repo.files = Some([("README.md".to_owned(), "Widgets.\n".to_owned())].into());
    let twin = Twin::start(Options { world, ..Options::default() }).await.unwrap();
    let world = twin.world();
    for label in ["factory", "factory:plan"] {
        world.add_label("acme/widgets", &serde_json::json!({"name": label, "color": "ededed"})).unwrap();
    }
    for labels in [&["factory"][..], &["factory:plan"], &[], &[], &[], &[]] {
        world.open_issue("acme/widgets", "It leaks", labels).unwrap();
    }
    world.mutate(|world| {
        let issues = &mut world.repo_mut("acme/widgets").unwrap().issues;
        issues.get_mut(&4).unwrap().assignees.push("ann".into());
        issues.get_mut(&6).unwrap().state = IssueState::Closed;
    });
    let branch = Pipeline::branch(1);
    world.push_file("acme/widgets", &branch, "a.txt", "one\n").unwrap();
    world.move_file("acme/widgets", &branch, "README.md", "docs/README.md").unwrap();
    let pull = world.open_pull("acme/widgets", &branch, "main", "Mend it").unwrap();
    let fork = world.fork("acme/widgets", "ann").unwrap();
    world.push_file(&fork, &branch, "b.txt", "two\n").unwrap();
    world.open_pull_from("acme/widgets", &fork, &branch, "main", "Mine").unwrap();
    (twin, pull)
}

fn client(twin: &Twin) -> Client {
    let mut config = Config::new(twin.url().parse().unwrap(), Auth::Token(twin.token().into()));
    config.retries.first = std::time::Duration::from_millis(1);
    Client::new(config).unwrap()
}

async fn observe(client: &Client) -> Observed {
    let (repo, pipeline) = (RepoName::parse("acme/widgets").unwrap(), pipeline());
    let wanted =
        [WantedCases { repo: &repo, pipeline: &pipeline, also: [5, 6, 99].into(), at_work: BTreeSet::new() }];
    let mut observed = Observed::default();
    let now = "2026-06-01T12:00:00Z".parse().unwrap();
    cases(client, &wanted, (&Remembered::default(), now), &mut observed).await;
    observed
}

#[tokio::test]
async fn issues_are_found_and_read_with_their_pull_requests() {
    let (twin, pull) = twin().await;
    let client = client(&twin);
    let observed = observe(&client).await;
    assert_eq!((twin.unknown(), observed.gaps.clone()), (vec![], vec![]));
    assert_eq!(observed.cost.requests, 4, "numbers, issues, pull requests, and who is asking");
    let told: Vec<(u64, Option<bool>)> =
        observed.cases.all.iter().map(|(at, seen)| (at.1, seen.known().map(|case| case.open))).collect();
    let open = Some(true);
    assert_eq!(told, [(1, open), (2, open), (4, open), (5, open), (6, Some(false)), (99, None)]);
    let repo = RepoName::parse("acme/widgets").unwrap();
    assert_eq!(observed.cases.of(&repo, 99), Seen::Absent);

    let Seen::Known(case) = observed.cases.of(&repo, 1) else { panic!("it is known") };
    assert_eq!(case.pulls.iter().map(|pull| pull.number).collect::<Vec<_>>(), [pull]);
    let read = &case.pulls[0];
    assert!(read.open && read.tree.is_some() && read.behind == Some(0), "{read:?}");
    let files = read.files.known().expect("they were read");
    let files: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.was.clone())).collect();
    assert_eq!(files, [("a.txt", Seen::Absent), ("docs/README.md", Seen::Unknown)]);
    let mut besides = Observed::default();
    let told = renames(&client, [(repo.clone(), pull)].into(), &mut besides).await;
    let expected = [("docs/README.md".to_owned(), "README.md".to_owned())];
    assert_eq!((told[&(repo.clone(), pull)].clone(), besides.gaps.len()), (expected.into(), 0));
    assert!(case.labels["factory"].by.is_some(), "who put the label there");

    let before = client.stats().requests;
    assert_eq!(one_case(&client, &repo, 1).await.unwrap().as_ref(), Some(case), "the same");
    assert_eq!(client.stats().requests - before, 1);
    assert_eq!(one_case(&client, &repo, 99).await.unwrap(), None);
    let nowhere = RepoName::parse("acme/nowhere").unwrap();
    assert_eq!(
        one_case(&client, &nowhere, 1).await.unwrap_err().kind(),
        &Kind::Absent,
        "not an absent issue"
    );
    twin.stop().await;
}

#[tokio::test]
async fn people_may_do_what_github_says() {
    let (twin, _) = twin().await;
    twin.world().mutate(|world| {
        let write = crate::twin::world::Permission::Write;
        world.repo_mut("acme/widgets").unwrap().collaborators.insert("ann".into(), write);
        world.add_user("bob");
    });
    let client = client(&twin);
    let repo = RepoName::parse("acme/widgets").unwrap();
    let asked = ["Ann", "bob", "nobody", ""].map(|login| (repo.clone(), login.to_owned()));
    let mut observed = Observed::default();
    permissions(&client, asked.into(), &mut observed).await;
    assert_eq!((twin.unknown(), observed.gaps.clone()), (vec![], vec![]));
    let may = |login: &str| observed.cases.permission(&repo, login);
    assert_eq!(may("ann"), Some(Permission::Write));
    assert!(may("bob") < Some(Permission::Write), "{:?}", may("bob"));
    assert_eq!([may("nobody"), may("")], [Some(Permission::None); 2], "accounts that are gone");
    assert_eq!(may("carl"), None, "who was not asked about");

    let fault = FaultAction::Status { status: 502, body: None, headers: std::collections::BTreeMap::new() };
    twin.set_faults(vec![FaultRule::every(fault)]).unwrap();
    permissions(&client, [(repo.clone(), "ann".to_owned())].into(), &mut observed).await;
    assert_eq!((observed.cases.permission(&repo, "ann"), observed.gaps.len()), (None, 1));
    twin.stop().await;
}

#[tokio::test]
async fn what_can_not_be_read_is_a_gap_and_nothing_is_absent() {
    let (twin, _) = twin().await;
    let fault = FaultAction::Status { status: 502, body: None, headers: std::collections::BTreeMap::new() };
    twin.set_faults(vec![FaultRule::every(fault).on("POST", "/graphql")]).unwrap();
    let observed = observe(&client(&twin)).await;
    assert!(observed.gaps.iter().all(|gap| gap.facet == Facet::Cases && gap.repo.is_some()));
    assert!(!observed.gaps.is_empty());
    let seen: Vec<u64> = observed.cases.all.keys().map(|at| at.1).collect();
    assert_eq!(seen, [5, 6, 99]);
    assert!(observed.cases.all.values().all(|seen| *seen == Seen::Unknown));
    twin.stop().await;
}

#[tokio::test]
async fn a_search_is_asked_once_a_minute_and_tells_what_it_finds() {
    let (twin, _) = twin().await;
    let world = twin.world();
    world.open_issue("acme/widgets", "It squeaks", &["bug"]).unwrap();
    world.open_issue("acme/widgets", "It squeaks", &[]).unwrap();
    let pipeline = Pipeline { search: Some("label:bug squeaks".into()), ..pipeline() };
    let repo = RepoName::parse("acme/widgets").unwrap();
    let wanted =
        [WantedCases { repo: &repo, pipeline: &pipeline, also: BTreeSet::new(), at_work: BTreeSet::new() }];
    let (client, memory, start) = (client(&twin), Remembered::default(), crate::model::samples::now());
    let mut said = Vec::new();
    for (seconds, change) in [(0, ""), (30, "label"), (61, ""), (62, "unlabel"), (122, "")] {
        match change {
            "label" => world.label_issue("acme/widgets", 10, "bug", "ann").unwrap(),
            "unlabel" => world.unlabel_issue("acme/widgets", 9, "bug", "ann").unwrap(),
            _ => {}
        }
        let mut observed = Observed::default();
        let now = start + jiff::SignedDuration::from_secs(seconds);
        cases(&client, &wanted, (&memory, now), &mut observed).await;
        assert_eq!(observed.gaps, []);
        let found =
            observed.cases.all.values().filter_map(Seen::known).filter(|case| case.found == Some(true));
        said.push(format!("{seconds}: {:?}", found.map(|case| case.number).collect::<Vec<_>>()));
    }
    assert_eq!(said, ["0: [9]", "30: [9]", "61: [9, 10]", "62: [9, 10]", "122: [10]"]);
    twin.stop().await;
}

/// What is known of issue 2 so many minutes later.
async fn second(client: &Client, memory: &Remembered, minute: i64) -> Option<Case> {
    let (repo, pipeline) = (RepoName::parse("acme/widgets").unwrap(), pipeline());
    let wanted =
        [WantedCases { repo: &repo, pipeline: &pipeline, also: BTreeSet::new(), at_work: BTreeSet::new() }];
    let mut observed = Observed::default();
    let now = jiff::Timestamp::from_second(1_780_000_000 + minute * 60).unwrap();
    cases(client, &wanted, (memory, now), &mut observed).await;
    assert_eq!(observed.gaps, []);
    observed.cases.of(&repo, 2).known().copied().cloned()
}

/// A reading of what has changed since doesn't bring back what was closed before that.
#[tokio::test]
async fn what_was_closed_is_not_brought_back() {
    let (twin, _) = twin().await;
    let (client, memory) = (client(&twin), Remembered::default());
    assert!(second(&client, &memory, 0).await.is_some_and(|case| case.open));
    let later = |number: u64, by: jiff::SignedDuration, state: IssueState| {
        twin.world().mutate(|world| {
            let issue = world.repo_mut("acme/widgets").unwrap().issues.get_mut(&number).unwrap();
            issue.state = state;
            issue.updated_at += by;
        });
    };
    later(2, jiff::SignedDuration::from_mins(1), IssueState::Closed);
    assert_eq!(second(&client, &memory, 1).await, None);
    later(4, jiff::SignedDuration::from_hours(1), IssueState::Open);
    for minute in 2..4 {
        assert_eq!(second(&client, &memory, minute).await, None, "minute {minute}");
    }
    twin.stop().await;
}

/// That a branch goes changes nothing of its issue.
#[tokio::test]
async fn a_branch_without_a_pull_request_is_looked_at_again() {
    let (twin, _) = twin().await;
    let (client, memory) = (client(&twin), Remembered::default());
    let branch = Pipeline::branch(2);
    twin.world().push_file("acme/widgets", &branch, "b.txt", "two\n").unwrap();
    for minute in 0..2 {
        assert!(second(&client, &memory, minute).await.unwrap().branch.is_some(), "minute {minute}");
    }
    twin.world().delete_branch("acme/widgets", &branch).unwrap();
    assert_eq!(second(&client, &memory, 2).await.unwrap().branch, None);
    twin.stop().await;
}

#[tokio::test]
async fn who_pushed_is_read_however_often_a_branch_moved() {
    let (twin, _) = twin().await;
    let client = client(&twin);
    let repo = RepoName::parse("acme/widgets").unwrap();
    let mut last = String::new();
    for n in 0..130 {
        let text = n.to_string();
        last = twin.world().push_file("acme/widgets", "factory/issue/2", "a", &text).unwrap();
    }
    twin.world().delete_branch("acme/widgets", "factory/issue/2").unwrap();
    let asked = [(repo.clone(), 2), (repo.clone(), 99)];
    let mut observed = Observed::default();
    let read = pushes(&client, asked.clone().into(), &mut observed).await;
    assert_eq!((twin.unknown(), observed.gaps.clone()), (vec![], vec![]));
    let of = &read[&asked[0]];
    assert_eq!((of.len(), observed.cost.requests), (131, 3), "two pages, and one of nothing");
    assert_eq!(of[0].after, None, "it was deleted");
    assert_eq!(of[1].after.as_ref().map(CommitId::as_str), Some(last.as_str()));
    assert!(
        of.windows(2).all(|pair| pair[0].before == pair[1].after),
        "each goes on where the one before ended"
    );
    assert_eq!((of[130].before.as_ref(), of[130].by.as_str()), (None, "operator"));
    assert_eq!(read[&asked[1]], [], "it was never there");

    let fault = FaultAction::Status { status: 502, body: None, headers: std::collections::BTreeMap::new() };
    twin.set_faults(vec![FaultRule::every(fault)]).unwrap();
    let unread = pushes(&client, [asked[0].clone()].into(), &mut observed).await;
    assert_eq!((unread.len(), observed.gaps.len()), (0, 1));
    twin.stop().await;
}

/// Something that happens to an issue between two readings. What changes nothing that GitHub lists is told by a webhook, or by
/// whoever tried to write.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Said,
    SaidAnew,
    Unsaid,
    Labelled,
    Unlabelled,
    Closed,
    Reopened,
    Tried,
}

const HAPPENS: [Happens; 8] = [
    Happens::Said,
    Happens::SaidAnew,
    Happens::Unsaid,
    Happens::Labelled,
    Happens::Unlabelled,
    Happens::Closed,
    Happens::Reopened,
    Happens::Tried,
];

/// How a reading goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    Well,
    /// GitHub answers nothing.
    Fails,
    /// It is given up once something was asked.
    GivenUp,
}

fn happens(twin: &Twin, memory: &Remembered, repo: &RepoName, what: Happens, number: u64) {
    let world = twin.world();
    let name = repo.as_str();
    let last = world.with(|world| {
        let comments = &world.repo("acme", "widgets").unwrap().comments;
        comments.iter().filter(|(_, comment)| comment.issue == number).map(|(id, _)| *id).max()
    });
    // What can't happen to it as it is doesn't.
    let _ = match (what, last) {
        (Happens::Said, _) => world.comment_issue(name, number, "ann", "It drips").map(drop),
        (Happens::SaidAnew, Some(comment)) => world.edit_comment(name, comment, "ann", "It pours"),
        (Happens::Unsaid, Some(comment)) => {
            world.mutate(|world| drop(world.repo_mut(name).unwrap().comments.remove(&comment)));
            Ok(())
        }
        (Happens::Labelled, _) => world.label_issue(name, number, "factory", "ann"),
        (Happens::Unlabelled, _) => world.unlabel_issue(name, number, "factory", "ann"),
        (Happens::Closed, _) => world.close_issue(name, number, "ann"),
        (Happens::Reopened, _) => world.reopen_issue(name, number, "ann"),
        (Happens::SaidAnew | Happens::Unsaid, None) | (Happens::Tried, _) => Ok(()),
    };
    if matches!(what, Happens::SaidAnew | Happens::Unsaid | Happens::Tried) {
        memory.tell(repo, &Told::Less(number));
    }
}

/// Whatever happens between readings, and whichever of them fail or are given up: with what is remembered one sees what a reading
/// of everything would show, and no issue is lost.
#[tokio::test]
async fn what_is_remembered_is_what_is_there() {
    const ROUNDS: i64 = 120;
    let (twin, _) = twin().await;
    let (client, memory) = (client(&twin), Remembered::default());
    let (repo, pipeline) = (RepoName::parse("acme/widgets").unwrap(), pipeline());
    let wanted =
        [WantedCases { repo: &repo, pipeline: &pipeline, also: BTreeSet::new(), at_work: BTreeSet::new() }];
    let mut random = StdRng::seed_from_u64(5);
    let mut compared = 0;
    for round in 0..ROUNDS {
        for _ in 0..random.random_range(0..4) {
            let what = HAPPENS[random.random_range(0..HAPPENS.len())];
            happens(&twin, &memory, &repo, what, random.random_range(1..=6));
        }
        let now = crate::model::samples::now() + jiff::SignedDuration::from_secs(round);
        let goes = [Goes::Well, Goes::Well, Goes::Fails, Goes::GivenUp][random.random_range(0..4)];
        if goes == Goes::Fails {
            let headers = std::collections::BTreeMap::new();
            let fault = FaultAction::Status { status: 502, body: None, headers };
            twin.set_faults(vec![FaultRule::every(fault).on("POST", "/graphql")]).unwrap();
        }
        let remembers = memory.since(&repo, &super::listing::filters(&pipeline), now).is_some();
        let mut observed = Observed::default();
        {
            let mut reading = std::pin::pin!(cases(&client, &wanted, (&memory, now), &mut observed));
            if goes == Goes::GivenUp {
                let _ = futures::poll!(&mut reading);
            } else {
                reading.await;
            }
        }
        twin.set_faults(Vec::new()).unwrap();
        if goes != Goes::Well {
            continue;
        }
        let mut whole = Observed::default();
        cases(&client, &wanted, (&Remembered::default(), now), &mut whole).await;
        assert_eq!((&observed.gaps, &whole.gaps), (&Vec::new(), &Vec::new()));
        assert_eq!(observed.cases.all, whole.cases.all, "in round {round}");
        compared += usize::from(remembers);
    }
    assert!(compared > 30, "{compared} of them with something remembered");
    twin.stop().await;
}
