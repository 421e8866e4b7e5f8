//! Laws of the pipeline over random interleavings of what it does with what people, agents, checks and crashes do. The code
//! that decides is the real one; the world is plain values. `FACTORY_SOAK_INTERLEAVINGS` says how many there are, and
//! `FACTORY_SOAK_SEED` which: a failure prints the seed of its world and what happened in it.

mod agents;
mod carry;
mod found;
mod laws;
mod oracle;
mod people;
mod queue;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::{Inputs, by_name};
use crate::model::Desired;
use crate::plan::{Plan, check, combine};

use carry::Became;
use laws::Laws;

pub(super) use world::{World, desired};

/// How much happens before the world comes to rest.
const STEPS: usize = 30;
/// How many ticks it has to come to rest.
const REST: usize = 150;

#[expect(clippy::disallowed_methods, reason = "sizes of tests come from the environment")]
fn size(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}

/// What is planned by a reading; the checker that knows nothing of the loop has nothing to say of it.
fn plan(world: &World, observed: &crate::model::Observed) -> Plan {
    let inputs = Inputs { desired: &world.desired, observed, now: world.now };
    let (plan, contradictions) = combine([by_name("pipeline").expect("it is registered").plan(inputs)]);
    assert!(contradictions.is_empty(), "{contradictions:?}");
    assert_eq!(check(&plan.actions, observed), []);
    plan
}

/// A tick in the middle of everything: some of what is planned is done, while the world goes on.
fn tick(world: &mut World, laws: &mut Laws) {
    let observed = world.reads();
    let plan = plan(world, &observed);
    Laws::crowds(world, &observed, &plan);
    laws.moved(world);
    for action in plan.actions {
        for _ in 0..world.one_of(&[0, 0, 0, 1, 1, 2]) {
            world.happens();
        }
        if world.chance(15) {
            continue;
        }
        let whole = world.chance(85);
        let became = world.attempt(&action, laws, whole);
        if !whole && became == Became::Done {
            world.log.push("the daemon is killed".to_owned());
            break;
        }
        // An answer that got lost: the same again does nothing.
        if became == Became::Done && world.chance(10) {
            let again = world.attempt(&action, laws, true);
            assert_ne!(again, Became::Done, "{action:?} is done twice");
        }
    }
    laws.moved(world);
}

/// One world, from its beginning to its rest.
fn story(world: &mut World, laws: &mut Laws) {
    for _ in 0..STEPS {
        if world.chance(2) {
            world.loses_its_records();
        }
        world.happens();
        tick(world, laws);
    }
    world.log.push("it comes to rest".to_owned());
    for n in 0..REST {
        let observed = world.observed();
        let plan = plan(world, &observed);
        if n % 4 == 0 {
            Laws::finds_all(world, &plan);
        }
        laws.moved(world);
        for action in &plan.actions {
            world.attempt(action, laws, true);
        }
        let is_over = plan.actions.is_empty() && world.open_runs().is_empty();
        if is_over && n > 8 {
            return laws.converged(world, &plan);
        }
        world.rests();
    }
    let observed = world.observed();
    laws.converged(world, &plan(world, &observed));
}

fn tell(seed: u64, desired: &Desired, careless: bool) -> Result<Laws, String> {
    let (mut world, mut laws) = (World::new(desired, seed), Laws::default());
    (world.careless, world.queues) = (careless, 25);
    let told = catch_unwind(AssertUnwindSafe(|| story(&mut world, &mut laws)));
    told.map(|()| laws).map_err(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        format!("seed {seed}: {}\n{}", words.unwrap_or_default(), world.log.join("\n"))
    })
}

#[test]
fn the_laws_of_the_pipeline_hold_whatever_happens() {
    let (worlds, first) = (size("FACTORY_SOAK_INTERLEAVINGS", 500), size("FACTORY_SOAK_SEED", 1));
    let desired = desired();
    let mut seen = std::collections::BTreeMap::new();
    for n in 0..worlds {
        let laws = tell(first.wrapping_add(n), &desired, false).unwrap_or_else(|why| panic!("{why}"));
        for (what, times) in laws.seen {
            *seen.entry(what).or_insert(0_usize) += times;
        }
    }
    println!("{worlds} interleavings: {seen:?}");
    // The laws would hold of a pipeline that does nothing.
    let verbs =
        ["start-run", "stop-run", "open-pull", "tell-issue", "review-pull", "merge-pull", "enqueue-pull"];
    for verb in verbs.into_iter().chain(["dequeue-pull", "pass-over", "done", "human", "parked"]) {
        assert!(worlds < 100 || seen.get(verb).is_some_and(|times| *times > 0), "{verb}: {seen:?}");
    }
}

/// A law that nothing can break says nothing.
#[test]
fn who_does_not_look_breaks_the_laws() {
    let desired = desired();
    let broken: Vec<String> = (1..=30).filter_map(|seed| tell(seed, &desired, true).err()).collect();
    assert!(broken.iter().any(|why| why.contains("where this is so") || why.contains("all rules hold")));
}
