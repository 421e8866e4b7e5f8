//! The twin's memory behind one lock: the world now and lately, the request log, faults and usage.
//!
//! Nobody holds the lock across an await. Readers take a snapshot; a change works on a copy and replaces the
//! world only when all of it succeeded.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::twin::acts::{Event, Tx};
use crate::twin::ci::Job;
use crate::twin::door::failure::Failure;
use crate::twin::door::faults::{self, Armed, FaultAction, FaultRule, Seen};
use crate::twin::door::limits::Usage;
use crate::twin::door::log::LoggedRequest;
use crate::twin::git::{Backend, Store};
use crate::twin::shape::Urls;
use crate::twin::webhooks::{self, Outgoing};
use crate::twin::world::{Delivery, World};

/// How many past worlds stale replies can reach.
const PAST: usize = 64;

pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) git: Store,
    pub(crate) backend: Backend,
    /// The twin's own address, `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    /// Wakes the task that delivers webhooks.
    pub(crate) outbox_filled: Notify,
    /// Wakes the task that runs scripts.
    pub(crate) jobs_filled: Notify,
    /// One push at a time: refs are compared before and after.
    pub(crate) pushing: tokio::sync::Mutex<()>,
    recording: AtomicBool,
}

pub(crate) struct State {
    world: Arc<World>,
    past: VecDeque<Arc<World>>,
    pub(crate) usage: Usage,
    pub(crate) latency: Duration,
    pub(crate) outbox: VecDeque<Outgoing>,
    pub(crate) jobs: VecDeque<Job>,
    faults: Vec<Armed>,
    log: BTreeMap<u64, LoggedRequest>,
    began: Instant,
    arrived: u64,
    unknown: BTreeSet<String>,
}

impl Shared {
    pub(crate) fn new(world: World, git: Store, backend: Backend, url: String) -> Self {
        let state = State {
            world: Arc::new(world),
            past: VecDeque::new(),
            usage: Usage::default(),
            latency: Duration::ZERO,
            outbox: VecDeque::new(),
            jobs: VecDeque::new(),
            faults: Vec::new(),
            log: BTreeMap::new(),
            began: Instant::now(),
            arrived: 0,
            unknown: BTreeSet::new(),
        };
        Self {
            state: Mutex::new(state),
            git,
            backend,
            url,
            outbox_filled: Notify::new(),
            jobs_filled: Notify::new(),
            pushing: tokio::sync::Mutex::new(()),
            recording: AtomicBool::new(false),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // The world is replaced whole, so a panic elsewhere leaves it as it was.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The world as it is now.
    pub(crate) fn world(&self) -> Arc<World> {
        Arc::clone(&self.lock().world)
    }

    /// The addresses to use where no request says otherwise.
    pub(crate) fn urls(&self) -> Urls {
        Urls { api: self.url.clone(), html: self.url.clone() }
    }

    /// Changes the world, entirely or not at all, and queues what webhooks are told.
    pub(crate) fn change<T>(
        &self,
        actor: &str,
        urls: &Urls,
        act: impl FnOnce(&mut Tx<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut state = self.lock();
        let mut world = World::clone(&state.world);
        let mut tx = Tx {
            world: &mut world,
            git: &self.git,
            urls,
            actor: actor.to_owned(),
            now: now(),
            events: Vec::new(),
            jobs: Vec::new(),
        };
        let outcome = act(&mut tx)?;
        let Tx { events, jobs, .. } = tx;
        state.queue(&world, &events);
        state.jobs.extend(jobs);
        state.replace(world);
        drop(state);
        self.outbox_filled.notify_one();
        self.jobs_filled.notify_one();
        Ok(outcome)
    }

    /// Changes the world without telling anybody.
    pub(crate) fn edit<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let mut state = self.lock();
        let mut world = World::clone(&state.world);
        let outcome = act(&mut world);
        state.replace(world);
        outcome
    }

    /// Whether bodies go into the log.
    pub(crate) fn records(&self) -> bool {
        self.recording.load(Ordering::Relaxed)
    }

    pub(crate) fn record(&self, on: bool) {
        self.recording.store(on, Ordering::Relaxed);
    }
}

impl State {
    fn replace(&mut self, world: World) {
        let before = std::mem::replace(&mut self.world, Arc::new(world));
        self.past.push_front(before);
        self.past.truncate(PAST);
    }

    fn queue(&mut self, world: &World, events: &[Event]) {
        for event in events {
            self.outbox.extend(webhooks::addressed(world, event));
        }
    }

    /// Remembers a delivery. It is no write: stale replies don't count it.
    pub(crate) fn delivered(&mut self, delivery: Delivery, remembered: usize) {
        let world = Arc::make_mut(&mut self.world);
        world.deliveries.push_back(delivery);
        let excess = world.deliveries.len().saturating_sub(remembered);
        world.deliveries = world.deliveries.skip(excess);
    }

    /// The world of so many writes ago, or the oldest that is remembered.
    pub(crate) fn past(&self, writes: usize) -> Arc<World> {
        let world = match writes.checked_sub(1) {
            None => &self.world,
            Some(index) => self.past.get(index).or(self.past.back()).unwrap_or(&self.world),
        };
        Arc::clone(world)
    }

    pub(crate) fn set_faults(&mut self, rules: Vec<FaultRule>) -> Result<(), faults::Error> {
        let armed = rules.into_iter().map(|rule| Armed::new(rule, Arc::clone(&self.world)));
        self.faults = armed.collect::<Result<_, _>>()?;
        Ok(())
    }

    /// The fault that this request meets, and the world it may see by it. Every matching rule counts the
    /// request; the first whose turn it is wins.
    pub(crate) fn fault(&mut self, seen: &Seen<'_>) -> Option<(FaultAction, Arc<World>)> {
        let mut chosen = None;
        for armed in &mut self.faults {
            if let Some(action) = armed.hit(seen) {
                chosen.get_or_insert_with(|| (action, Arc::clone(&armed.world)));
            }
        }
        let (action, then) = chosen?;
        let world =
            if let FaultAction::Stale { writes: Some(writes) } = &action { self.past(*writes) } else { then };
        Some((action, world))
    }

    pub(crate) fn arrive(&mut self, method: &str, path: &str) -> u64 {
        self.arrived += 1;
        let entry = LoggedRequest {
            n: self.arrived,
            method: method.to_owned(),
            path: path.to_owned(),
            arrived_us: self.running_us(),
            ..LoggedRequest::default()
        };
        self.log.insert(self.arrived, entry);
        self.arrived
    }

    /// Microseconds since the start.
    pub(crate) fn running_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Notes something about a request; nothing if the log was cleared since it arrived.
    pub(crate) fn note(&mut self, n: u64, what: impl FnOnce(&mut LoggedRequest)) {
        if let Some(entry) = self.log.get_mut(&n) {
            what(entry);
        }
    }

    pub(crate) fn log(&self) -> Vec<LoggedRequest> {
        self.log.values().cloned().collect()
    }

    pub(crate) fn clear_log(&mut self) {
        self.log.clear();
        self.unknown.clear();
    }

    pub(crate) fn unknown(&self) -> Vec<String> {
        self.unknown.iter().cloned().collect()
    }

    /// Remembers something that the twin doesn't know.
    pub(crate) fn wonder(&mut self, what: String) {
        self.unknown.insert(what);
    }
}

/// The time, to the second as GitHub tells it.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// 64 hex digits that no other call gives: for delivery ids and tokens of a server that keeps no secrets.
pub(crate) fn unique() -> String {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let seed = format!("{} {} {call}", Timestamp::now(), std::process::id());
    blake3::hash(seed.as_bytes()).to_hex().to_string()
}
