//! What people see and what scripts rely on: transcripts and exit codes of every command.

use crate::world::{sample, world_of};

#[test]
fn from_drift_to_an_empty_plan() {
    world_of(sample::github(), |w| {
        w.config(sample::CONFIG);
        eprintln!("{}", w.run(&["validate"]).transcript());
        eprintln!("{}", w.plan(&[]).transcript());
        let t = std::time::Instant::now();
        eprintln!("{}", w.apply(&[]).transcript());
        eprintln!("apply {:?}", t.elapsed());
        for r in w.requests() { eprintln!("{} {} {} {:?}", r.method, r.path, r.status, r.operation); }
        let t = std::time::Instant::now();
        eprintln!("{}", w.plan(&[]).transcript());
        eprintln!("plan {:?}", t.elapsed());
        eprintln!("{}", w.run(&["ledger", "verify"]).transcript());
        eprintln!("{}", w.run(&["history"]).transcript());
        eprintln!("{}", w.run(&["drift"]).transcript());
        eprintln!("{}", w.run(&["doctor"]).transcript());
        eprintln!("{}", w.run(&["why", "repo/acme/anvil"]).transcript());
        eprintln!("{}", w.git(&["log", "--all", "--format=%an %d %B"]));
        eprintln!("{}", crate::world::snapshot(&w.github(), 5000));
        panic!();
    });
}
