//! What has to hold of whatever lands, said once more: from what there is and what config says, without the rules and the
//! phases that decide it in the product.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Case, CheckIs, CommitId, FileChange, MergeMode, MergePolicy, Mergeable, Pipeline, PullCase, ReviewIs,
    ReviewSeen, RunSeen, match_path,
};

use super::world::{BOT, CRITIC, Key, PEOPLE, World};

/// The issue and its pull request may land at the head that it has.
pub(super) fn may_land(world: &World, key: &Key) {
    let case = &world.cases[key];
    let pipelines = &world.desired.pipelines;
    let pipeline = &pipelines.all[&pipelines.of_repo[&key.0]];
    let name = pipelines.policy_of_repo.get(&key.0).or(pipeline.merge_policy.as_ref());
    let policy = &pipelines.policies[name.expect("there is a policy")];
    let pull = case.pulls.first().expect("there is a pull request");

    assert!(
        case.open && pull.open && pull.landed.is_none(),
        "nothing lands twice, and nothing that was closed"
    );
    assert!(pull.own && pull.author == BOT && !pull.draft, "what lands is the factory's, and ready");
    assert!(!pull.title.contains("[factory-e2e]"), "no test of the factory lands");
    let hold = format!("{}hold", pipeline.prefix);
    assert!(
        !case.labels.contains_key(&hold) && !pull.labels.contains(&hold),
        "nothing lands that people hold"
    );
    assert_eq!(pull.mergeable, Mergeable::Yes, "nothing lands with a conflict");
    assert!(pull.queue.is_some() || pull.behind == Some(0), "what lands is what was tested");
    assert_eq!(base_of(world, key), Some(pull.base.as_str()), "it lands where it was made for");
    let threads = pull.threads.known().expect("all conversations were read");
    assert!(threads.iter().all(|thread| thread.resolved), "no conversation is open");
    assert!(!policy.freezes.iter().any(|it| it.holds(world.now)), "nothing lands in a freeze");
    is_green(policy, pull);
    is_approved(world, policy, pull);
    is_small_and_harmless(pipeline, policy, pull);
    is_let(case);
}

/// The branch that the last run worked on whose work was kept.
fn base_of<'w>(world: &'w World, key: &Key) -> Option<&'w str> {
    let is_its = |run: &&RunSeen| {
        run.of.repo == key.0 && run.of.subject.issue().is_some_and(|(number, _)| number == key.1)
    };
    let its: Vec<&RunSeen> = world.every_run().into_iter().filter(is_its).collect();
    let bases = its.iter().rev().filter_map(|run| run.phase.closed()).filter(|it| it.commit.is_some());
    bases.filter_map(|it| it.base.as_ref()).map(|(_, branch)| branch.as_str()).next()
}

/// At least one check is asked for, and whatever reports one that is says that it passed.
fn is_green(policy: &MergePolicy, pull: &PullCase) {
    let checks = pull.checks.known().expect("all checks were read");
    assert!(!policy.checks.is_empty(), "nothing is green by itself");
    for required in &policy.checks {
        let is_it = |app: Option<u64>| required.app.is_none() || required.app == app;
        let states: Vec<CheckIs> =
            checks.iter().filter(|it| it.name == required.name && is_it(it.app)).map(|it| it.state).collect();
        let passed = !states.is_empty() && states.iter().all(|state| *state == CheckIs::Passed);
        assert!(passed, "`{}` is {states:?} at {}", required.name, pull.head);
    }
}

/// Nobody asks for changes; where an approval is asked for, it is of this head, by somebody who may and made none of it.
fn is_approved(world: &World, policy: &MergePolicy, pull: &PullCase) {
    let mut last: BTreeMap<&str, &ReviewSeen> = BTreeMap::new();
    for review in pull.reviews.known().expect("all reviews were read") {
        // Who may not write in a repository has no say in what lands there.
        if review.verdict != ReviewIs::Commented && review.author != PEOPLE[1] {
            last.insert(&review.author, review);
        }
    }
    let asks = last.values().any(|it| it.verdict == ReviewIs::ChangesRequested);
    assert!(!asks, "nothing lands that somebody wants changed");
    match policy.mode {
        MergeMode::Never => panic!("nothing lands by a policy that merges nothing"),
        MergeMode::OnGreen => {}
        MergeMode::OnGreenWithReview => {
            let pushed = led_to(world, pull);
            let by: Vec<&str> = last
                .values()
                .filter(|it| it.verdict == ReviewIs::Approved && it.commit.as_ref() == Some(&pull.head))
                .map(|it| it.author.as_str())
                .filter(|by| *by != pull.author && !pushed.contains(*by))
                .collect();
            assert!(world.desired.github.reviewer.is_some(), "there is a second identity");
            let may = by.iter().any(|by| [PEOPLE[0], CRITIC].contains(by));
            assert!(may, "{by:?} approved {}", pull.head);
        }
    }
}

/// Who pushed a commit that led to the head and that no run made.
fn led_to(world: &World, pull: &PullCase) -> BTreeSet<String> {
    let runs = world.every_run();
    let made = runs.iter().filter_map(|run| {
        let commit = run.phase.closed()?.commit.clone()?;
        Some((commit, (run.of.play.as_ref().and_then(|play| play.head.clone()), None)))
    });
    let pushes = pull.pushes.known().expect("all pushes were read").iter().rev();
    let pushed = pushes.map(|it| (it.after.clone().expect("it is there"), (it.before.clone(), Some(&it.by))));
    // What a run made is the run's, whoever pushed it.
    let before: BTreeMap<CommitId, (Option<CommitId>, Option<&String>)> = pushed.chain(made).collect();
    let (mut who, mut at) = (BTreeSet::new(), Some(&pull.head));
    while let Some((earlier, by)) = at.map(|commit| &before[commit]) {
        who.extend(by.cloned());
        at = earlier.as_ref();
    }
    who
}

/// It changes no more than is allowed, nothing that only people change, and nothing that judges the factory.
fn is_small_and_harmless(pipeline: &Pipeline, policy: &MergePolicy, pull: &PullCase) {
    let files = pull.files.known().expect("all files were read");
    let guarded = |file: &FileChange| {
        pipeline.judges.iter().chain(&policy.people_paths).any(|glob| match_path(glob, &file.path))
    };
    assert!(!files.iter().any(guarded), "{files:?}");
    let lines: u64 = files.iter().map(|file| file.additions + file.deletions).sum();
    assert!(policy.max_files.is_none_or(|most| files.len() <= most as usize), "{files:?}");
    assert!(policy.max_lines.is_none_or(|most| lines <= u64::from(most)), "{lines} lines");
}

/// The last that somebody who may steer said of whether it goes on is not that it doesn't.
fn is_let(case: &Case) {
    let said = case.comments.iter().filter(|it| !it.own && it.by() == PEOPLE[0]);
    let words = said.filter_map(|it| it.body.split_whitespace().next());
    let mut words = words.filter(|word| ["/pause", "/abort", "/resume", "/retry", "/redo"].contains(word));
    let last = words.next_back();
    assert!(!matches!(last, Some("/pause" | "/abort")), "somebody stopped it: {last:?}");
}
