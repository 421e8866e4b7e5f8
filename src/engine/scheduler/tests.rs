use proptest::prelude::*;

use super::*;
use crate::model::Facet;

const NAMES: [LoopName; 3] = ["a", "b", "c"];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn setup(name: LoopName, every: u64, on: Facet) -> Setup {
    Setup { name, every: Some(Duration::from_secs(every)), on: Facets::of(on), enabled: true }
}

/// Two loops of ten minutes and one of an hour, at rest since second 0.
fn at_rest() -> Scheduler {
    let setups = vec![
        setup("a", 600, Facet::Settings),
        setup("b", 600, Facet::Labels),
        setup("c", 3600, Facet::ConfigPulls),
    ];
    let mut it = Scheduler::new(setups, at(0));
    it.start(at(0)).unwrap();
    it.finish(at(0), |_| Ended::Well);
    it
}

/// Runs ticks that end at once, until `end`: `second: loops (why)`.
fn run(it: &mut Scheduler, end: i64, how: impl Fn(LoopName) -> Ended) -> String {
    let mut out = Vec::new();
    while let Some(next) = it.next().filter(|next| *next <= at(end)) {
        let tick = it.start(next).expect("what is next can be started");
        let because: Vec<&str> = tick.because.iter().map(|why| why.as_str()).collect();
        out.push(format!("{}: {} ({})", next.as_second(), tick.loops.join(" "), because.join(" ")));
        it.finish(next, &how);
    }
    out.join("\n")
}

#[test]
fn loops_of_one_interval_look_together_and_share_what_they_read() {
    insta::assert_snapshot!(run(&mut at_rest(), 2_000, |_| Ended::Well), @r"
    603: a b (timer)
    1207: a b (timer)
    1811: a b (timer)
    ");
}

#[test]
fn a_burst_of_events_is_one_tick() {
    let mut it = at_rest();
    for millis in [0, 50, 100] {
        it.event(Facets::of(Facet::Labels), Timestamp::from_millisecond(10_000 + millis).unwrap());
    }
    it.event(Facets::of(Facet::Flips), at(10));
    insta::assert_snapshot!(run(&mut it, 100, |_| Ended::Well), @"10: b (event)");
}

#[test]
fn a_trigger_during_a_tick_leads_to_the_next_one() {
    let mut it = at_rest();
    assert!(it.asked("a", at(5)));
    assert_eq!(it.start(at(5)).unwrap().loops, ["a"]);
    it.event(Facets::of(Facet::Settings), at(6));
    assert_eq!(it.next(), None);
    assert_eq!(it.start(at(7)), None);
    it.finish(at(8), |_| Ended::Well);
    insta::assert_snapshot!(run(&mut it, 20, |_| Ended::Well), @"6: a (event)");
}

#[test]
fn failures_wait_longer_each_time_and_only_what_outranks_them_gets_through() {
    let mut it = at_rest();
    it.asked("c", at(1));
    let times = run(&mut it, 400, |_| Ended::Retry { after: Duration::ZERO });
    insta::assert_snapshot!(times, @r"
    1: c (asked)
    6: c (again)
    17: c (again)
    39: c (again)
    82: c (again)
    170: c (again)
    344: c (again)
    ");
    for (what, how, event, config, person) in [
        ("passing", Ended::Retry { after: Duration::from_secs(90) }, false, true, true),
        ("credit", Ended::OutOfCredit { until: at(4_000) }, false, false, true),
        ("stuck", Ended::Stuck, true, true, true),
        ("crashed", Ended::Crashed, false, true, true),
    ] {
        let failed = || {
            let mut it = at_rest();
            it.asked("c", at(1));
            it.start(at(1)).unwrap();
            it.finish(at(1), |_| how);
            assert!(it.start(at(4)).is_none(), "{what}");
            it
        };
        let starts = |mut it: Scheduler| it.start(at(5)).is_some_and(|tick| tick.loops.contains(&"c"));
        let mut it = failed();
        it.event(Facets::of(Facet::ConfigPulls), at(4));
        assert_eq!(starts(it), event, "{what}: an event");
        let mut it = failed();
        let setups = it.entries.iter().map(|e| e.setup.clone()).collect();
        it.configure(setups, at(4));
        assert_eq!(starts(it), config, "{what}: another config");
        let mut it = failed();
        it.asked("c", at(4));
        assert_eq!(starts(it), person, "{what}: a person");
    }
}

#[test]
fn what_is_switched_off_does_not_look_until_it_is_switched_on() {
    let mut it = at_rest();
    it.asked("a", at(1));
    it.switch(|name| name != "a", at(1));
    assert!(!it.asked("a", at(2)));
    it.event(Facets::of(Facet::Settings), at(2));
    assert_eq!(it.state("a", at(2)), State::Disabled);
    assert_eq!((it.next_of("a"), it.start(at(3))), (None, None));
    it.switch(|_| true, at(4));
    insta::assert_snapshot!(run(&mut it, 5, |_| Ended::Well), @"4: a (switched-on)");
}

#[test]
fn what_was_suspended_is_looked_at_as_soon_as_it_is_resumed() {
    let mut it = at_rest();
    it.switch(|name| name != "b", at(1));
    it.resumed(at(2));
    insta::assert_snapshot!(run(&mut it, 3, |_| Ended::Well), @"2: a c (switched-on)");
}

#[test]
fn progress_keeps_a_tick_alive() {
    let mut it = at_rest();
    it.asked("a", at(0));
    it.start(at(0)).unwrap();
    assert_eq!(it.deadline(), Some(after(at(0), PATIENCE)));
    it.progress(at(60));
    assert_eq!(it.deadline(), Some(after(at(60), PATIENCE)));
    it.finish(at(61), |_| Ended::Overran);
    assert_eq!((it.deadline(), it.state("a", at(61))), (None, State::Backoff));
}

#[derive(Clone, Debug)]
enum Op {
    Pass(u64),
    Event(Facet),
    Ask(usize),
    Switch(u8),
    Configure,
    Start,
    Finish(Ended),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..10_000_u64).prop_map(Op::Pass),
        prop::sample::select(Facet::ALL).prop_map(Op::Event),
        (0..3_usize).prop_map(Op::Ask),
        any::<u8>().prop_map(Op::Switch),
        Just(Op::Configure),
        Just(Op::Start),
        Just(Op::Start),
        ended().prop_map(Op::Finish),
        Just(Op::Finish(Ended::Well)),
    ]
}

fn ended() -> impl Strategy<Value = Ended> {
    prop_oneof![
        Just(Ended::Well),
        any::<u64>().prop_map(|s| Ended::Retry { after: Duration::from_secs(s) }),
        (0..100_000_000_000_i64).prop_map(|s| Ended::OutOfCredit { until: at(s) }),
        Just(Ended::Stuck),
        Just(Ended::Crashed),
        Just(Ended::Overran),
    ]
}

fn setups(every: u64) -> Vec<Setup> {
    NAMES.iter().zip(Facet::ALL).map(|(name, on)| setup(name, every, *on)).collect()
}

proptest! {
    #[test]
    fn whatever_happens_ticks_do_not_overlap_requests_are_kept_and_nothing_starves(
        every in prop_oneof![1..10_000_u64, Just(u64::MAX)],
        ops in prop::collection::vec(op(), 0..60),
    ) {
        let mut now = at(0);
        let mut it = Scheduler::new(setups(every), now);
        let mut running: Option<Tick> = None;
        for op in ops {
            match op {
                Op::Pass(seconds) => now = after(now, Duration::from_secs(seconds)),
                Op::Event(facet) => it.event(Facets::of(facet), now),
                Op::Ask(i) => {
                    let taken = it.asked(NAMES[i], now);
                    // What a person asks for is due at once, whatever was due before.
                    prop_assert!(!taken || it.next_of(NAMES[i]).is_some_and(|due| due <= now));
                }
                Op::Switch(bits) => it.switch(|name| bits & 1 << NAMES.iter().position(|n| *n == name).unwrap() != 0, now),
                Op::Configure => it.configure(setups(every), now),
                Op::Start => {
                    let next = it.next();
                    let tick = it.start(now);
                    prop_assert!(running.is_none() || tick.is_none(), "two ticks at once");
                    prop_assert_eq!(tick.is_some(), next.is_some_and(|next| next <= now));
                    if let Some(tick) = &tick {
                        prop_assert!(!tick.loops.is_empty());
                        prop_assert!(tick.loops.iter().all(|name| it.state(name, now) == State::Running));
                    }
                    running = tick.or(running);
                }
                Op::Finish(how) => {
                    let asked: Vec<_> = NAMES.iter().map(|name| it.next_of(name)).collect();
                    it.finish(now, |_| how);
                    running = None;
                    for (name, before) in NAMES.iter().zip(asked) {
                        // A request that came during the tick is still there.
                        prop_assert!(before.is_none() || it.next_of(name).is_some());
                    }
                }
            }
            for name in NAMES {
                let furthest = after(now, LONGEST_INTERVAL + LONGEST_INTERVAL / 10);
                prop_assert!(it.next_of(name).is_none_or(|due| due <= furthest), "too far in the future");
            }
        }
        // From any state: let ticks end well, and each loop that is on has looked within its interval.
        it.finish(now, |_| Ended::Well);
        it.switch(|_| true, now);
        let span = LONGEST_WAIT.max(Duration::from_secs(every).min(LONGEST_INTERVAL));
        let end = after(now, span + span / 5);
        let mut looked = BTreeSet::new();
        while let Some(next) = it.next().filter(|next| *next <= end) {
            if looked.len() == NAMES.len() {
                break;
            }
            let next = next.max(now);
            looked.extend(it.start(next).expect("what is next can be started").loops);
            it.finish(next, |_| Ended::Well);
        }
        prop_assert_eq!(looked.len(), NAMES.len());
    }
}

/// What a loop waits for may be over before its interval is.
#[test]
fn a_loop_looks_when_what_it_waits_for_is_over() {
    let mut it = at_rest();
    it.over_at("a", at(20));
    it.over_at("a", at(700));
    it.over_at("nobody", at(1));
    insta::assert_snapshot!(run(&mut it, 700, |_| Ended::Well), @r"
    20: a (timer)
    603: a b (timer)
    ");
}

/// What is wrong with one repository is looked at again in its time, and keeps nothing that happens elsewhere waiting.
#[test]
fn a_part_that_is_in_the_way_makes_nobody_wait() {
    let mut it = at_rest();
    for _ in 0..3 {
        it.event(Facets::of(Facet::Labels), at(10));
        run(&mut it, 20, |_| Ended::Partly);
    }
    assert_eq!(it.state("b", at(20)), State::Idle);
    it.event(Facets::of(Facet::Labels), at(30));
    insta::assert_snapshot!(run(&mut it, 700, |_| Ended::Partly), @r"
    30: b (event)
    605: a b (timer)
    ");
}
