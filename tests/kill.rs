//! An apply is killed with SIGKILL at a random moment: the ledger holds, the next apply settles what was left open
//! and converges, and nothing is doubled or lost.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::sizes;
use crate::world::{World, sample, snapshot, world_of};

/// What GitHub adds to each request, so that there are moments to be killed at.
const LATENCY: Duration = Duration::from_millis(4);

fn prepared(test: impl FnOnce(&World)) {
    world_of(sample::github(), |w| {
        w.config(sample::CONFIG);
        w.twin().set_latency(LATENCY);
        test(w);
    });
}

#[test]
fn a_killed_apply_is_settled_by_the_next() {
    let (mut clean, mut first_new, mut whole) = (String::new(), 0, Duration::ZERO);
    prepared(|w| {
        first_new = w.github().with(|world| world.next_id);
        let began = Instant::now();
        w.apply(&[]).exits(0);
        whole = began.elapsed();
        clean = snapshot(&w.github(), first_new);
    });
    println!("seed {}, {} kills within {whole:?}", sizes::seed(), sizes::kills());
    let mut rng = StdRng::seed_from_u64(sizes::seed());
    let moments: Vec<Duration> =
        (0..sizes::kills()).map(|_| whole.mul_f64(rng.random_range(0.05..1.0))).collect();
    let mut in_the_middle = 0;
    for moment in &moments {
        prepared(|w| in_the_middle += usize::from(killed_at(w, *moment, &clean, first_new)));
    }
    println!("{in_the_middle} of {} were in the middle of it", moments.len());
    assert!(in_the_middle * 2 >= moments.len(), "too few kills hit the apply to say anything");
}

/// Answers whether the kill came before the end.
fn killed_at(w: &World, moment: Duration, clean: &str, first_new: u64) -> bool {
    let killed = w.start(&["apply", "--yes"]).kill_after(moment);
    w.run(&["ledger", "verify"]).exits(0);
    let again = w.apply(&[]);
    assert_eq!(again.code, 0, "killed after {moment:?}\n{}\n{}", killed.all(), again.all());
    w.plan(&[]).exits(0);
    let after = snapshot(&w.github(), first_new);
    let diff = similar::TextDiff::from_lines(clean, &after).unified_diff().context_radius(0).to_string();
    assert!(
        diff.is_empty(),
        "killed after {moment:?}, not as after a clean apply:\n{diff}\n{}",
        killed.all()
    );
    w.run(&["ledger", "verify"]).exits(0);
    killed.code == 128 + 9
}
