//! The daemon: triggers in, ticks out; one of them at a time, everything else answers at once.
//!
//! Nothing here decides what to change. It loads the config that is in force, asks the schedule who is due, runs
//! the tick, and tells what it does. The first stop signal drains: what is under way ends, nothing new begins.
#![expect(clippy::disallowed_methods, reason = "durations of ticks are measured here")]

mod control;
mod news;
mod pulse;
mod report;
mod services;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::adapters::clock::{Clock, until};
use crate::adapters::env::Env;
use crate::adapters::github::Clients;
use crate::adapters::state::{self, StateDir};
use crate::apply::Recorder;
use crate::ledger::{self, Ledger, Record};
use crate::model::{Desired, Facet, Facets, RunId};
use crate::plan::Switches;

use super::webhooks;
use crate::engine::config::{BootError, Keeper};
use crate::engine::proofs::Soak;
use crate::engine::queues::Sight;
use crate::engine::runs::Known;
use crate::engine::scheduler::{Ended, Scheduler};
use crate::engine::socket::{self, Door};
use crate::engine::status::{HeldStatus, Status, TickStatus};
use crate::engine::switches::FlipsError;
use crate::engine::switches::Switchboard;
use crate::engine::tick::Loads;
use crate::engine::tick::{Audience, Done, Fatal, Order, Shop};
use crate::engine::wakes::{Pending, Wakes};

/// Makes the clients for a config's GitHub and credentials, or says why none can be made.
pub type Connect = Arc<dyn Fn(&Desired) -> Result<Clients, String> + Send + Sync>;

/// What a daemon is started with.
pub struct Options {
    /// The time.
    pub clock: Clock,
    /// The environment.
    pub env: Env,
    /// Its state directory, not yet locked.
    pub state: StateDir,
    /// The config.
    pub keeper: Keeper,
    /// How GitHub is reached.
    pub connect: Connect,
    /// Who reads along.
    pub audience: Arc<dyn Audience>,
    /// How often a remote config repository is asked.
    pub fetch_every: Duration,
    /// Ends the daemon when what is under way is done.
    pub drain: CancellationToken,
    /// Ends it at once.
    pub abort: CancellationToken,
}

/// How a daemon ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// What was under way was done.
    Drained,
    /// It was cut off; the next start settles what was left open.
    Aborted,
}

/// Why a daemon can't run, or can't go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has the state directory, or it can't be used.
    #[error(transparent)]
    State(#[from] state::Error),
    /// The ledger can't be opened.
    #[error("the ledger can't be opened")]
    Ledger(#[from] ledger::Error),
    /// What was in force can't be loaded any more, and neither can the head.
    #[error(
        "the head of the config branch does not load, and neither does what was in force before the restart"
    )]
    Config(#[source] BootError),
    /// The live switches can't be read.
    #[error("the live switches can't be read, and must not be taken for on")]
    Flips(#[from] FlipsError),
    /// Commands can't reach it.
    #[error("commands can't reach the daemon")]
    Socket(#[from] socket::Error),
    /// GitHub can't be reached as config says.
    #[error("GitHub can't be reached as config says: {0}")]
    Connect(String),
    /// Webhooks can't be received as config says.
    #[error("webhooks can't be received as config says")]
    Webhooks(#[from] webhooks::Error),
    /// The webhook secret can't be had.
    #[error("the webhook secret can't be had")]
    Secret(#[from] crate::adapters::env::Error),
    /// It can't go on.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

/// What is known of a loop's last look.
#[derive(Clone, Debug)]
struct Look {
    at: Timestamp,
    took: Duration,
    says: String,
    /// What is in its way; nothing where it is in order.
    troubles: Vec<String>,
}

struct Daemon {
    clock: Clock,
    env: Env,
    keeper: Keeper,
    connect: Connect,
    audience: Arc<dyn Audience>,
    drain: CancellationToken,
    clients: watch::Sender<Clients>,
    desired: watch::Sender<Arc<Desired>>,
    scheduler: Scheduler,
    shop: Arc<Shop>,
    wakes: Wakes,
    remote: services::Remote,
    /// Tasks that serve others, until the end.
    services: TaskTracker,
    services_stop: CancellationToken,
    hooks: Option<services::Hooks>,
    hooks_trouble: Option<String>,
    refused_deliveries: Arc<AtomicU64>,
    /// The tick that runs, if one does.
    running: Option<Running>,
    ticks: JoinSet<Result<Done, Fatal>>,
    /// When something last happened in the tick, in microseconds.
    alive: Arc<AtomicI64>,
    looks: BTreeMap<&'static str, Look>,
    pulse: pulse::Pulse,
    /// The runs whose supervisors were gone when that was looked at last.
    left_alone: BTreeSet<RunId>,
    /// What was suspended when the switches were looked at last.
    suspended: BTreeSet<String>,
    records: Vec<Record>,
    status: Arc<Mutex<Status>>,
    sight: watch::Sender<Option<Arc<Sight>>>,
}

/// A tick under way.
struct Running {
    number: u64,
    at: Timestamp,
    began: Instant,
    because: Vec<String>,
    loops: Vec<&'static str>,
    stop: CancellationToken,
}

/// Runs until it is told to end. `Drained` and `Aborted` leave a state from which the next start goes on.
///
/// # Errors
/// When it can't begin, or must not go on.
pub async fn run(options: Options) -> Result<End, Error> {
    let (drain, abort) = (options.drain.clone(), options.abort.clone());
    let mut daemon = Daemon::begin(options).await?;
    let ended = daemon.serve(&drain, &abort).await;
    daemon.close(matches!(ended, Ok(End::Aborted))).await;
    Ok(ended?)
}

impl Daemon {
    async fn begin(options: Options) -> Result<Self, Error> {
        let Options { clock, env, state, mut keeper, connect, audience, fetch_every, drain, abort: _ } =
            options;
        let guard = state.lock(state::DAEMON)?;
        let path = state.prepare_socket()?;
        let ledger = Ledger::open(guard, clock.now())?;
        for mended in ledger.recovered() {
            audience
                .remark(&format!("the ledger was mended: {} bytes are in {} now", mended.bytes, mended.file));
        }
        // The ledger has what other machines put in force as well, so it is asked only where this one has no note.
        let noted = keeper.source().remembered().map_err(BootError::from).map_err(Error::Config)?;
        if noted.and_then(|noted| noted.in_force).is_none()
            && let Some(commit) = ledger.index().config_in_force().cloned()
            && keeper.prefer(&commit).await.map_err(Error::Config)?
        {
            audience.remark(&format!("{} stays in force, as before the restart", commit.short()));
        }
        keeper.remember().map_err(BootError::from).map_err(Error::Config)?;
        if let Some(why) = keeper.trouble() {
            audience.remark(&news::unread(why));
        }
        let records = news::at_start(&keeper, ledger.index(), audience.as_ref(), clock.now());
        let desired = Arc::clone(&keeper.current().desired);
        let clients = connect(&desired).map_err(Error::Connect)?;
        let board = Switchboard::open(state.flips(), Arc::clone(&desired), clock.now())?;
        let recorder = Recorder::new(ledger, clock.clone(), &format!("daemon of {}", env.who()));
        let door = Door::open(&path).await?;
        let now = clock.now();
        let scheduler = Scheduler::new(news::setups(&desired, &board.now()), now);
        let wakes = Wakes::default();
        let status = Arc::new(Mutex::new(report::blank(&keeper, &state, now)));
        let pulse = pulse::Pulse::begin(&state, now).map_err(state::Error::Prepare)?;
        let shop = Arc::new(Shop {
            clock: clock.clone(),
            env: env.clone(),
            state,
            known: Known::default(),
            soak: Soak::begin(now),
            source: Arc::clone(keeper.source()),
            recorder,
            board,
            audience: Arc::clone(&audience),
            loads: Arc::new(Loads::default()),
            home: tokio::sync::Mutex::default(),
            shown: Mutex::default(),
        });
        // What ends is noticed by what was there, also when it was there before the start.
        let suspended = suspended(&shop.board.now());
        let mut daemon = Self {
            clients: watch::Sender::new(clients),
            desired: watch::Sender::new(desired),
            remote: services::Remote::new(fetch_every),
            services: TaskTracker::new(),
            services_stop: CancellationToken::new(),
            hooks: None,
            hooks_trouble: None,
            refused_deliveries: Arc::default(),
            running: None,
            ticks: JoinSet::new(),
            alive: Arc::new(AtomicI64::new(now.as_microsecond())),
            looks: BTreeMap::new(),
            pulse,
            left_alone: BTreeSet::new(),
            suspended,
            clock,
            env,
            keeper,
            connect,
            audience,
            drain,
            scheduler,
            shop,
            wakes,
            records,
            status,
            sight: watch::Sender::new(None),
        };
        daemon.hooks = daemon.listen().await?;
        daemon.start_services(door);
        Ok(daemon)
    }

    async fn serve(&mut self, drain: &CancellationToken, abort: &CancellationToken) -> Result<End, Fatal> {
        let mut draining = false;
        loop {
            self.report();
            if draining && self.running.is_none() {
                return Ok(End::Drained);
            }
            let now = self.clock.now();
            self.beat(now);
            if !draining && let Some(tick) = self.scheduler.start(now) {
                self.begin_tick(tick, now);
                continue;
            }
            let pause = self.next(now).map(|at| until(now, at));
            let clock = self.clock.clone();
            let sleep = async {
                match pause {
                    Some(pause) => clock.sleep(pause).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = abort.cancelled() => return Ok(End::Aborted),
                () = drain.cancelled(), if !draining => {
                    draining = true;
                    if let Some(running) = &self.running {
                        running.stop.cancel();
                    }
                }
                Some(ended) = self.ticks.join_next() => self.end_tick(ended)?,
                pending = self.wakes.take() => self.look_at(pending).await,
                () = sleep => self.time_passed(),
            }
        }
    }

    /// When something is to be done without a trigger.
    fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let switch = self.shop.board.next_change(now);
        let at = [self.scheduler.next(), self.scheduler.deadline(), switch, Some(self.pulse.next())];
        at.into_iter().flatten().min()
    }

    /// Dates of switches pass, and a tick may have overrun.
    fn time_passed(&mut self) {
        let now = self.clock.now();
        match self.shop.board.refresh(None, now) {
            Ok(over) if !over.is_empty() => {
                for flip in &over {
                    self.audience
                        .remark(&format!("the live switch of {} is over: its date has passed", flip.address));
                }
                self.switched(now);
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "the live switches can't be kept"),
        }
        self.reconcile_switches(now);
        let progress = Timestamp::from_microsecond(self.alive.load(Ordering::Relaxed)).unwrap_or(now);
        self.scheduler.progress(progress);
        if self.scheduler.deadline().is_some_and(|deadline| deadline <= now) {
            tracing::error!("a tick in which nothing happens any more is cancelled");
            self.ticks.abort_all();
        }
    }

    /// What is switched off has changed.
    fn switched(&mut self, now: Timestamp) {
        self.reconcile_switches(now);
        self.scheduler.event(Facets::of(Facet::Flips), now);
    }

    fn reconcile_switches(&mut self, now: Timestamp) {
        let desired = self.desired.borrow().clone();
        let switches = self.shop.board.now();
        let setups = news::setups(&desired, &switches);
        self.scheduler.switch(|name| setups.iter().any(|s| s.name == name && s.enabled), now);
        let before = std::mem::replace(&mut self.suspended, suspended(&switches));
        if !before.is_subset(&self.suspended) {
            self.scheduler.resumed(now);
        }
    }

    async fn look_at(&mut self, pending: Pending) {
        let now = self.clock.now();
        if pending.remote {
            self.remote.ask();
        }
        if pending.config {
            self.refresh_config().await;
        }
        if pending.switches {
            self.switched(now);
        }
        if !pending.facets.is_empty() {
            self.scheduler.event(pending.facets, now);
        }
        for name in &pending.asked {
            self.scheduler.asked(name, now);
        }
    }

    fn begin_tick(&mut self, tick: crate::engine::scheduler::Tick, now: Timestamp) {
        let stop = CancellationToken::new();
        self.running = Some(Running {
            number: tick.number,
            at: now,
            began: Instant::now(),
            because: tick.because.iter().map(|why| why.as_str().to_owned()).collect(),
            loops: tick.loops.clone(),
            stop: stop.clone(),
        });
        self.alive.store(now.as_microsecond(), Ordering::Relaxed);
        let (alive, clock) = (Arc::clone(&self.alive), self.clock.clone());
        let order = Order {
            tick,
            desired: Arc::clone(&self.desired.borrow()),
            branch: self.keeper.branch().to_owned(),
            rejected: self.keeper.rejected().cloned(),
            clients: self.clients.borrow().clone(),
            records: std::mem::take(&mut self.records),
            stop,
            alive: Arc::new(move || alive.store(clock.now().as_microsecond(), Ordering::Relaxed)),
        };
        let shop = Arc::clone(&self.shop);
        tracing::debug!(tick = order.tick.number, loops = ?order.tick.loops, "a tick begins");
        self.ticks.spawn(async move { shop.tick(&order).await });
    }

    fn end_tick(&mut self, ended: Result<Result<Done, Fatal>, tokio::task::JoinError>) -> Result<(), Fatal> {
        let now = self.clock.now();
        let Some(running) = self.running.take() else { return Ok(()) };
        let mut done = match ended {
            Ok(Ok(done)) => done,
            Ok(Err(fatal)) => return Err(fatal),
            Err(error) => {
                let (how, says) = if error.is_panic() {
                    (Ended::Crashed, "the tick panicked; this is a bug")
                } else {
                    (Ended::Overran, "nothing happened in it for too long, so it was cancelled")
                };
                tracing::error!(tick = running.number, says, "a tick was lost");
                let of = |name: &&'static str| (*name, (how, says.to_owned()));
                let troubles = running.loops.iter().map(|name| (*name, vec![says.to_owned()])).collect();
                Done { ended: running.loops.iter().map(of).collect(), troubles, ..Done::default() }
            }
        };
        self.scheduler.finish(now, |name| done.ended.get(name).map_or(Ended::Well, |(how, _)| *how));
        for (name, at) in &done.over_at {
            self.scheduler.over_at(name, *at);
        }
        let dispatch = self.shop.known.dispatch();
        self.pulse.ended(&done, dispatch, running.at, now);
        let took = running.began.elapsed();
        for (name, (_, says)) in &done.ended {
            let troubles = done.troubles.get(name).cloned().unwrap_or_default();
            let why = troubles.join("; ");
            let look = Look { at: running.at, took, says: says.clone(), troubles };
            let was_in_order = self.looks.insert(name, look).is_none_or(|look| look.troubles.is_empty());
            // Said when it begins and when it is over; in between `status` tells.
            match (was_in_order, why.is_empty()) {
                (true, false) => self.audience.remark(&format!("loop {name} is in trouble: {why}")),
                (false, true) => self.audience.remark(&format!("loop {name} is in order again")),
                (true, true) | (false, false) => {}
            }
        }
        self.end_flips(&done, now);
        // What looked at something else tells nothing of issues.
        if let Some(sight) = done.sight.take() {
            self.sight.send_replace(Some(Arc::new(sight)));
        }
        let board = &self.shop.board;
        let kept = board
            .proposed(&done.flips.proposed)
            .and_then(|()| board.withdrawn(&done.flips.gone))
            .and_then(|()| board.renew(&done.flips.conflicting));
        match kept {
            Ok(true) => self.scheduler.event(Facets::of(Facet::Flips), now),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "what became of live switches can't be kept"),
        }
        // What the factory did itself wakes nobody from outside.
        self.scheduler.event(done.look_again, now);
        let mut status = report::locked(&self.status);
        status.held = done
            .held
            .iter()
            .map(|(address, guard, says)| HeldStatus {
                address: address.clone(),
                guard: (*guard).to_owned(),
                says: says.clone(),
            })
            .collect();
        status.last = Some(TickStatus {
            number: running.number,
            at: running.at,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            because: running.because,
            loops: running.loops.iter().map(|l| (*l).to_owned()).collect(),
            plan: done.plan,
            done: done.done,
            refused: done.refused,
            failed: done.failed,
            left: done.left,
        });
        Ok(())
    }

    /// Flips whose pull request was merged or closed are over.
    fn end_flips(&mut self, done: &Done, now: Timestamp) {
        for flip in &done.flips.ended {
            match self.shop.board.end(flip, now) {
                Ok(false) => continue,
                Ok(true) => {}
                Err(error) => tracing::error!(%error, "the end of a live switch can't be kept"),
            }
            self.audience.remark(&format!(
                "the live switch of {} is over: its pull request was closed, or merged and is in force",
                flip.address
            ));
            self.records.extend(news::flip_ended(flip));
        }
        if !done.flips.ended.is_empty() {
            self.switched(now);
        }
    }

    /// Ends everything that serves others.
    async fn close(mut self, at_once: bool) {
        if at_once {
            self.ticks.abort_all();
        }
        while self.ticks.join_next().await.is_some() {}
        if let Some(hooks) = self.hooks.take() {
            hooks.stop.cancel();
        }
        self.services_stop.cancel();
        self.services.close();
        self.services.wait().await;
    }
}

/// What is suspended.
fn suspended(switches: &Switches) -> BTreeSet<String> {
    switches.suspended.iter().map(|(glob, _)| glob.to_string()).collect()
}
