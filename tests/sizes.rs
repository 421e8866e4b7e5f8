//! How much is tried: little enough for every change, or as much as `tests/soak` asks for.

use proptest::test_runner::{Config, RngSeed};

fn number(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}

/// The seed of everything that is drawn at random.
pub(crate) fn seed() -> u64 {
    number("FACTORY_SOAK_SEED", 1)
}

/// Moments of an apply at which it is killed.
pub(crate) fn kills() -> u64 {
    number("FACTORY_SOAK_KILLS", 10)
}

/// Kills of agents, their supervisors and their daemon.
pub(crate) fn run_kills() -> u64 {
    number("FACTORY_SOAK_RUN_KILLS", 10)
}

/// Kills of a daemon with issues on their way.
pub(crate) fn pipeline_kills() -> u64 {
    number("FACTORY_SOAK_PIPELINE_KILLS", 10)
}

/// One of so many positions of a faulty request gets every fault; the others get one fault each, in turn.
pub(crate) fn fault_stride() -> u64 {
    number("FACTORY_SOAK_FAULTS", 4)
}

/// Generated worlds for a law that runs the program.
pub(crate) fn whole() -> Config {
    sized("FACTORY_SOAK_CASES", 24)
}

/// Generated worlds for a law of pure functions.
pub(crate) fn pure() -> Config {
    sized("FACTORY_SOAK_PURE", 200)
}

fn sized(name: &str, otherwise: u64) -> Config {
    Config {
        cases: u32::try_from(number(name, otherwise)).expect("a number of cases"),
        rng_seed: RngSeed::Fixed(seed()),
        // The seed is fixed and printed; nothing is written into the tree.
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    }
}
