//! What holds at every step, whatever happens in between.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    AT_WORK, Action, Advisor, AdvisorRole, Authority, CommitId, Effect, FileChange, LabelName, Mark,
    MergeMode, Observed, Phase, Play, PullCase, RepoName, ReviewIs, ReviewSeen, RunId, RunSeen, StartRun,
    match_path,
};
use crate::pipeline::{Command, Move, Stand, View, station, unmet, waits_in_line};
use crate::plan::Plan;
use crate::work;

use super::oracle;
use super::world::{BOT, CRITIC, Key, PEOPLE, World};

/// The playbooks that are played at one head after the other, as often as their attempts say.
const AT_HEADS: [&str; 3] = ["rework", "repair-checks", "resolve-conflict"];

/// What was so before.
#[derive(Default)]
pub(super) struct Laws {
    phases: BTreeMap<Key, Phase>,
    /// The prompts that each issue has had, and the runs whose sessions went on with them.
    spent: BTreeSet<(Key, String, Option<RunId>)>,
    /// How often each law had something to say.
    pub(super) seen: BTreeMap<&'static str, usize>,
}

/// Where an approval is asked for, a person gave it at this head, or a run that reviewed this head is behind it.
fn is_vouched_for(world: &World, view: &View<'_>, pull: &PullCase) -> bool {
    let policy = world.desired.pipelines.policy(&view.case.repo).expect("it has one");
    let mut reviews = pull.reviews.known().into_iter().flatten();
    let approves =
        |it: &ReviewSeen| it.verdict == ReviewIs::Approved && it.commit.as_ref() == Some(&pull.head);
    let reviewed = |run: &RunSeen| {
        let play = run.of.play.as_ref().filter(|play| play.head.as_ref() == Some(&pull.head));
        play.is_some_and(|play| play.book == "quality-review") && run.phase.closed().is_some()
    };
    policy.mode != MergeMode::OnGreenWithReview
        || reviews.any(|it| approves(it) && it.author == PEOPLE[0])
        || view.runs.iter().any(|run| reviewed(run))
}

/// Whether an advisor that may have one has a veto on this head.
fn has_veto(world: &World, key: &Key, head: &CommitId) -> bool {
    let pipeline = world.desired.pipelines.of(&key.0).expect("it has one");
    let advises = |it: &Advisor| it.authority == Authority::Advice;
    // Where something judges the factory, its word is a veto whatever config says.
    let files = world.cases[key].pull().and_then(|pull| pull.files.known()).into_iter().flatten();
    let judges = |file: &FileChange| pipeline.judges.iter().any(|glob| match_path(glob, &file.path));
    let is_advice = pipeline.advisors.get(&AdvisorRole::PostVerify).is_some_and(advises);
    if is_advice && !files.into_iter().any(judges) {
        return false;
    }
    let judged = world.every_run().into_iter().filter(|run| {
        let is_its =
            run.of.subject.issue().is_some_and(|(number, _)| (&run.of.repo, number) == (&key.0, key.1));
        let play = run.of.play.as_ref().filter(|play| play.book == "post-verify");
        is_its && play.is_some_and(|play| play.head.as_ref() == Some(head))
    });
    let said = judged.filter_map(|run| run.phase.closed()?.typed.as_ref());
    said.into_iter().any(|said| {
        let all = said.value["disagreements"].as_array().expect("it has its form");
        said.value["verdict"] == "veto" || all.iter().any(|it| it["severity"] == "blocking")
    })
}

/// What is about to land, or to be queued, may land at this head and is next to.
fn lands(world: &World, key: &Key, head: &CommitId, is_next: impl Fn(&Move) -> bool) {
    oracle::may_land(world, key);
    world.stands(key, &world.observed(), |view, at| {
        let pull = view.case.pull().expect("it has one");
        assert_eq!(unmet(view, pull), [], "all rules hold");
        assert!(is_vouched_for(world, view, pull), "an approval has somebody behind it");
        assert!(pull.head == *head && pull.open, "at the head that was judged");
        assert!(!has_veto(world, key, head), "nothing lands with a veto at its head");
        let waits = matches!(&at.stand, Stand::Waits(on) if on.contains("blocked by"));
        let lands = matches!(&at.stand, Stand::Moves(what) if is_next(what));
        assert!(lands || waits, "something lands where this is so: {:?}", at.stand);
    });
}

impl Laws {
    fn counts(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    /// Nothing is begun to be built where as many as may be wait for their turn to land.
    pub(super) fn crowds(world: &World, observed: &Observed, plan: &Plan) {
        let cx = work::Cx { desired: &world.desired, observed, now: world.now };
        let known = observed.cases.all.iter().filter_map(|((repo, _), seen)| {
            let (pipeline, case) = (world.desired.pipelines.of(repo)?, seen.known()?);
            Some(View::of(cx, pipeline, case))
        });
        let mut in_line: BTreeMap<RepoName, u32> = BTreeMap::new();
        for view in known {
            if view.case.pull().is_some_and(|pull| waits_in_line(&view, pull, &station(&view))) {
                *in_line.entry(view.case.repo.clone()).or_default() += 1;
            }
        }
        for action in &plan.actions {
            let Effect::StartRun(start) = &action.effect else { continue };
            let Some(it @ (_, Phase::Implement)) = start.of.subject.issue() else { continue };
            let is_its = |run: &&RunSeen| run.of.repo == start.of.repo && run.of.subject.issue() == Some(it);
            let most = world.desired.pipelines.of(&start.of.repo).expect("it has one").waiting_pulls;
            let count = in_line.get(&start.of.repo).copied().unwrap_or_default();
            let goes_on = world.every_run().iter().any(is_its);
            assert!(count < most || goes_on, "it is begun while {count} wait to land");
        }
    }

    /// An action that its look didn't refuse is one that is wanted, of the issue as it is now.
    pub(super) fn may(&mut self, world: &World, action: &Action) {
        let repo = action.effect.repo().clone();
        let now = world.observed();
        self.counts(action.verb.as_str());
        #[expect(clippy::wildcard_enum_match_arm, reason = "others are none of an issue's way")]
        match &action.effect {
            Effect::StartRun(start) => {
                let key = (repo, start.of.subject.issue().expect("it is for an issue").0);
                world.stands(&key, &now, |_, at| match &at.stand {
                    Stand::Works(task) => {
                        assert!(
                            task.has(&start.of) && task.version() == start.of.version,
                            "another run is wanted"
                        );
                    }
                    Stand::Waits(on) => {
                        assert!(on.contains("blocked by"), "a run starts that waits for {on}");
                    }
                    other => panic!("a run starts where this is so: {other:?}"),
                });
                self.starts(world, &key, start);
            }
            Effect::OpenPull(it) => {
                let key = (repo, it.watched.as_ref().expect("it is watched").number);
                let open = world.cases[&key].pulls.iter().filter(|pull| pull.open).count();
                assert!(open == usize::from(it.over.is_some()), "one pull request an issue");
                world.stands(&key, &now, |_, at| match &at.stand {
                    Stand::Moves(what) if it.over.is_none() => {
                        assert!(matches!(&**what, Move::Publish { run, .. } if *run == it.run), "{what:?}");
                    }
                    Stand::Waits(on) if it.over.is_none() => {
                        assert!(on.contains("blocked by"), "it is published, and waits for {on}");
                    }
                    Stand::Held(_) | Stand::Left(_) | Stand::Done(_) => {
                        panic!("something is published where this is so: {:?}", at.stand);
                    }
                    other => assert!(it.over.is_some(), "something is published where this is so: {other:?}"),
                });
            }
            Effect::Enqueue(it) => {
                let queues = |what: &Move| matches!(what, Move::Enqueue(_));
                lands(world, &(repo, it.watched.number), &it.head, queues);
            }
            Effect::Merge(it) => {
                let merges = |what: &Move| matches!(what, Move::Land(_));
                lands(world, &(repo, it.watched.number), &it.head, merges);
            }
            Effect::Review(it) => {
                let key = (repo, it.watched.number);
                world.stands(&key, &now, |view, at| {
                    let pull = view.case.pull().expect("it has one");
                    assert_eq!(pull.own_review(it.by.as_deref()), None, "each head is told once");
                    assert!(pull.head == it.head && pull.open, "at the head that was judged");
                    assert_eq!(it.by.as_deref(), Some(CRITIC), "the reviewer says it");
                    let is_it = |what: &Move| matches!(what, Move::Review(it) if it.head == pull.head);
                    let says = matches!(&at.stand, Stand::Moves(what) if is_it(what));
                    let waits = matches!(&at.stand, Stand::Waits(on) if on.contains("blocked by"));
                    assert!(says || waits, "a review is written where this is so: {:?}", at.stand);
                });
            }
            Effect::PassOver(it) => {
                let key = (repo, it.watched.number);
                let work = &it.passed.work;
                let all = world.every_run().into_iter();
                let its = all.filter(|run| run.of.repo == key.0 && run.of.version == *work);
                // One that was lost with its machine was asked as well.
                assert!(its.clone().count() > 0, "an advisor is asked before it is passed over");
                let mut of_it = its.filter_map(|run| run.phase.closed());
                assert!(of_it.all(|it| it.typed.is_none()), "one that gave its word is not passed over");
            }
            Effect::UpdateBranch { watched, .. } => {
                world.stands(&(repo, watched.number), &now, |_, at| {
                    let idle = matches!(at.stand, Stand::Held(_) | Stand::Left(_) | Stand::Done(_));
                    assert!(!idle, "a branch is updated where this is so: {:?}", at.stand);
                });
            }
            Effect::Tell(tell) => {
                let pipeline = world.desired.pipelines.of(&repo).expect("it has one");
                let of_people = |label: &LabelName| {
                    *label == pipeline.label(Mark::Hold) || pipeline.intake.contains(label)
                };
                assert!(!tell.remove.iter().any(of_people), "what people set stays");
            }
            _ => {}
        }
    }

    /// No two runs at a time, no prompt twice, no attempt beyond the caps.
    fn starts(&mut self, world: &World, key: &Key, start: &StartRun) {
        let of_issue = |run: &&RunSeen| {
            run.of.repo == key.0 && run.of.subject.issue().is_some_and(|(number, _)| number == key.1)
        };
        let its: Vec<&RunSeen> = world.every_run().into_iter().filter(of_issue).collect();
        // Of those of another machine that don't end, somebody has to think so some day.
        let is_at_work = |run: &&&RunSeen| {
            let began = run.id.moment().expect("it has one");
            run.phase.closed().is_none() && world.now.duration_since(began) < AT_WORK
        };
        assert_eq!(its.iter().filter(is_at_work).count(), 0, "two runs at a time for one issue");
        let caps = world.desired.run_caps;
        let at_work = world.runs.iter().filter(|run| run.phase.takes_a_slot()).count();
        assert!(at_work < caps.runs as usize, "no more runs than there may be");
        assert!(
            self.spent.insert((key.clone(), start.digest(), start.of.continues.clone())),
            "a prompt is spent twice:\n{}",
            start.prompt
        );
        let play: &Play = start.of.play.as_ref().expect("it goes by a playbook");
        let book = &world.desired.pipelines.playbooks[&play.book];
        let same = its.iter().filter(|run| run.of.is_of_same_work(&start.of));
        let burnt = same.filter(|run| run.phase.closed().is_some_and(|it| it.outcome.burns_attempt()));
        let burnt: BTreeSet<u32> =
            burnt.map(|run| run.of.attempt).filter(|n| *n != start.of.attempt).collect();
        assert!(burnt.len() < book.attempts as usize, "`{}` has {} attempts", book.name, book.attempts);
        let observed = world.observed();
        let retries = world.stands(key, &observed, |view, _| {
            view.commands.heard.iter().filter(|(.., it)| *it == Command::Retry).count()
        });
        if AT_HEADS.contains(&play.book.as_str()) {
            let most = book.attempts as usize * (1 + retries);
            assert!(play.round as usize <= most, "`{}` is played {} times of {most}", book.name, play.round);
            let plays = its.iter().filter_map(|run| run.of.play.as_ref());
            let back = plays.filter(|play| AT_HEADS.contains(&play.book.as_str()));
            let heads: BTreeSet<_> =
                back.filter_map(|it| it.head.as_ref()).filter(|at| Some(*at) != play.head.as_ref()).collect();
            let most = world.desired.pipelines.of(&key.0).expect("it has one").route_backs as usize;
            assert!(heads.len() < most * (1 + retries), "it goes back {} times of {most}", heads.len() + 1);
            self.counts("goes back");
        } else {
            let most = 10 * (1 + retries);
            assert!(play.round as usize <= most, "round {} of `{}`", play.round, book.name);
        }
    }

    /// Issues go on and back as phases allow, unless people steer; what people stop is where it was last at work.
    pub(super) fn moved(&mut self, world: &mut World) {
        let (steered, observed) = (std::mem::take(&mut world.steered), world.observed());
        for key in world.cases.keys() {
            let phase = world.stands(key, &observed, |_, at| at.phase);
            if let Some(before) = self.phases.insert(key.clone(), phase) {
                let of_issue =
                    |run: &RunSeen| run.of.subject.issue().filter(|it| run.of.repo == key.0 && it.0 == key.1);
                let last = world.every_run().into_iter().rev().find_map(of_issue).map(|(_, phase)| phase);
                // What people asked for and took back may have been answered meanwhile.
                let answered = last.is_some_and(|last| last == phase || last.leads_to(phase));
                let may = before.leads_to(phase) || steered.contains(key) || answered;
                assert!(may, "#{} goes from {before} to {phase}", key.1);
            }
        }
    }

    /// Each issue that is open and asked for has something in the plan, or is with a person, or is done.
    pub(super) fn finds_all(world: &World, plan: &Plan) {
        let observed = world.observed();
        for key in world.cases.keys() {
            let (stand, case) = world.stands(key, &observed, |view, at| (at.stand, view.case.clone()));
            let issue = crate::model::Address::issue(&key.0, key.1).to_string();
            let pull = case.pull().map(|it| {
                crate::model::Address::repo(&key.0).part("pull", &it.number.to_string()).to_string()
            });
            let is_its = |address: &crate::model::Address| {
                let text = address.to_string();
                text.starts_with(&issue) || pull.as_ref().is_some_and(|pull| text.starts_with(pull))
            };
            let told = plan.waiting.iter().any(|it| is_its(&it.address))
                || plan.problems.iter().any(|it| is_its(&it.address))
                || plan.actions.iter().any(|it| is_its(&it.address));
            let settled = matches!(stand, Stand::Done(_) | Stand::Left(_));
            assert!(told || settled, "nothing is said of #{}: {stand:?}", key.1);
        }
    }

    /// After a while in which nothing was amiss nothing is left to do, and labels show where each issue stands.
    pub(super) fn converged(&mut self, world: &World, plan: &Plan) {
        let left: Vec<String> = plan
            .actions
            .iter()
            .map(|it| format!("{} {}: {}", it.verb.as_str(), it.address, it.reason))
            .collect();
        assert!(left.is_empty(), "something is still to be done: {left:#?}");
        assert!(world.runs.iter().all(|run| run.phase.closed().is_some()), "a run is left");
        Self::finds_all(world, plan);
        let observed = world.observed();
        for key in world.cases.keys() {
            let case = &world.cases[key];
            let entry =
                case.pull().filter(|pull| pull.open).and_then(|pull| pull.queue.as_ref()?.entry.as_ref());
            if entry.is_some_and(|entry| entry.by == BOT) {
                assert!(case.open && !case.labels.contains_key("factory:hold"), "#{} is in the queue", key.1);
            }
            let stand = world.stands(key, &observed, |_, at| at.stand);
            self.counts(match stand {
                Stand::Works(_) => "works",
                Stand::Moves(_) => "moves",
                Stand::Waits(_) => "waits",
                Stand::Until(..) => "until",
                Stand::Parked { .. } => "parked",
                Stand::Human { .. } => "human",
                Stand::Held(_) => "held",
                Stand::Done(_) => "done",
                Stand::Left(_) => "left",
            });
            let named =
                plan.problems.iter().any(|it| it.address.to_string().contains(&format!("/{}", key.1)));
            assert!(!matches!(stand, Stand::Moves(_)), "#{} is lost: {stand:?}", key.1);
            // What touches the same files comes after what a person has yet to let land.
            let issue = crate::model::Address::issue(&key.0, key.1);
            let after_another = plan
                .waiting
                .iter()
                .any(|it| it.address.is_at_or_below(&issue) && it.on.contains(" to land, which touches `"));
            assert!(
                named || after_another || !matches!(stand, Stand::Works(_)),
                "#{} is lost: {stand:?}",
                key.1
            );
        }
    }
}
