//! What the laws found, each as the smallest story that shows it.

use crate::model::{Action, CheckIs, CommentSeen, Phase, Verb};
use crate::pipeline::Stand;

use super::carry::Became;
use super::laws::Laws;
use super::plan;
use super::world::{Key, PEOPLE, World, desired};

/// A world with one issue, which has a pull request after one run where its repository is `acme/bolt`.
fn alone(repo: &str) -> (World, Key) {
    let mut world = World::new(&desired(), 1);
    let key = (crate::model::samples::name(repo), 7);
    world.cases.retain(|other, _| *other == key);
    (world, key)
}

fn planned(world: &World) -> Vec<Action> {
    plan(world, &world.observed()).actions
}

fn of(world: &World, verb: Verb) -> Action {
    let all = planned(world);
    let found = all.iter().find(|action| action.verb == verb).cloned();
    found.unwrap_or_else(|| panic!("{verb:?} is not in {all:#?}"))
}

/// Does what is planned; nobody approves what is made.
fn ticks(world: &mut World, times: usize) {
    for _ in 0..times {
        for action in planned(world) {
            world.does(&action);
        }
        world.rests();
    }
}

fn with_pull() -> (World, Key) {
    let (mut world, key) = alone("acme/bolt");
    ticks(&mut world, 3);
    assert!(world.pull(&key).is_some(), "it has one");
    (world, key)
}

fn says(world: &mut World, key: &Key, body: &str) {
    let (id, at) = (world.fresh(), world.now);
    let author = PEOPLE[0].to_owned();
    let said = CommentSeen { id, author, own: false, body: body.to_owned(), at, edited: None };
    world.case(key).comments.push(said);
}

/// What becomes of an action when something happens right before it.
fn after(mut world: World, verb: Verb, happens: impl FnOnce(&mut World)) -> Became {
    let action = of(&world, verb);
    happens(&mut world);
    world.attempt(&action, &mut Laws::default(), true)
}

#[test]
fn what_was_closed_and_is_wanted_again_becomes_another_pull_request() {
    let (mut world, key) = with_pull();
    let before = world.pull(&key).unwrap().number;
    world.pull(&key).unwrap().open = false;
    ticks(&mut world, 2);
    assert!(world.pull(&key).is_none(), "that it was closed is a decision");
    world.passes(jiff::SignedDuration::from_secs(1));
    says(&mut world, &key, "/retry");
    ticks(&mut world, 3);
    assert_ne!(world.pull(&key).expect("it has another").number, before);
    assert_eq!(world.runs.len(), 2, "it was done anew");
}

#[test]
fn what_was_retargeted_is_mended_where_it_is() {
    let (mut world, key) = with_pull();
    world.pull(&key).unwrap().base = "next".to_owned();
    world.checked(&key, CheckIs::Failed);
    let start = of(&world, Verb::StartRun);
    world.does(&start);
    let run = world.open_runs().remove(0);
    world.ends(&run, super::agents::Mood::Good);
    assert_eq!(after(world, Verb::OpenPull, |_| {}), Became::Done);
}

#[test]
fn what_only_tests_the_factory_is_closed() {
    let (mut world, key) = with_pull();
    world.pull(&key).unwrap().title.push_str(" [factory-e2e]");
    assert_eq!(after(world, Verb::Withdraw, |_| {}), Became::Done);
}

#[test]
fn what_people_say_right_before_is_heard() {
    let behind = || {
        let (mut world, key) = with_pull();
        world.approved();
        world.pull(&key).unwrap().behind = Some(2);
        world
    };
    let ready = || {
        let (mut world, _) = with_pull();
        world.approved();
        world
    };
    let key = (crate::model::samples::name("acme/bolt"), 7);
    for (verb, world) in
        [(Verb::StartRun, alone("acme/bolt").0), (Verb::UpdateBranch, behind()), (Verb::MergePull, ready())]
    {
        let happens = |world: &mut World| says(world, &key, "/pause");
        assert_eq!(after(world, verb, happens), Became::Refused, "{verb:?}");
    }
    let held = |world: &mut World| world.label(&key, "factory:hold", PEOPLE[0]);
    assert_eq!(after(behind(), Verb::UpdateBranch, held), Became::Refused);
}

#[test]
fn what_is_gone_through_again_is_asked_again() {
    let (mut world, key) = alone("acme/anvil");
    ticks(&mut world, 2);
    let phase = |world: &World| world.phase(&key);
    assert_ne!(phase(&world), Phase::Triage, "it was triaged");
    world.passes(jiff::SignedDuration::from_secs(1));
    says(&mut world, &key, "/redo triage");
    let at = world.stands(&key, &world.observed(), |_, at| at);
    assert!(at.phase == Phase::Triage && matches!(at.stand, Stand::Works(_)), "{at:?}");
}

#[test]
fn what_is_planned_again_is_done_again() {
    let (mut world, key) = alone("acme/anvil");
    while world.runs.iter().all(|run| run.of.subject.issue().map(|it| it.1) != Some(Phase::Implement)) {
        ticks(&mut world, 1);
    }
    assert!(world.pull(&key).is_none(), "what was made isn't published yet");
    world.passes(jiff::SignedDuration::from_secs(1));
    says(&mut world, &key, "/redo plan");
    ticks(&mut world, 4);
    let done =
        world.runs.iter().filter(|run| run.of.play.as_ref().is_some_and(|play| play.book == "implement"));
    assert_eq!(done.count(), 2, "by the new plan");
}
