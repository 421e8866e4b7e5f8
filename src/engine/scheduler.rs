//! When each loop looks again: a pure state machine over the time, triggers and finished ticks.
//!
//! One tick runs at a time, and all loops that are due, or nearly, take part in it: what they read is read once,
//! and guards judge all that they want together. A trigger says "look again" and nothing else; one that comes
//! during a tick is not lost but leads to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::adapters::clock::after;
use crate::model::{Facets, LoopName};

/// A burst of events becomes one tick: the first of them waits this long for the others.
const SETTLE: Duration = Duration::from_millis(200);
/// The first pause after a failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause after failures, unless GitHub asks for more.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// The longest pause that anything may ask for: limits are reset every hour.
const LONGEST_WAIT: Duration = Duration::from_mins(70);
/// The longest interval.
const LONGEST_INTERVAL: Duration = Duration::from_hours(24 * 30);
/// A loop that is due within a tenth of its interval, and within this, takes part in a tick already.
const WINDOW: Duration = Duration::from_mins(1);
/// A tick in which nothing happens for so long is cancelled.
pub(super) const PATIENCE: Duration = Duration::from_mins(12);

/// What the schedule knows of a loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setup {
    /// Its name.
    pub name: LoopName,
    /// How often it looks; `None` for one that only events wake.
    pub every: Option<Duration>,
    /// The parts of the world whose change wakes it.
    pub on: Facets,
    /// Whether it is switched on.
    pub enabled: bool,
}

/// Why a loop looks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Why {
    /// The daemon has started.
    Start,
    /// Another config came in force.
    Config,
    /// A person asked.
    Asked,
    /// It was switched on.
    SwitchedOn,
    /// Something happened on GitHub.
    Event,
    /// An earlier attempt failed.
    Again,
    /// Its interval has passed.
    Timer,
}

impl Why {
    /// Its word in documents.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Config => "config",
            Self::Asked => "asked",
            Self::SwitchedOn => "switched-on",
            Self::Event => "event",
            Self::Again => "again",
            Self::Timer => "timer",
        }
    }
}

/// How a tick ended for a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It looked, and what could be done was done.
    Well,
    /// One repository was in the way of what concerns it; the rest was looked at, and nothing waits for it.
    Partly,
    /// Something passing was in the way; GitHub may have said for how long.
    Retry {
        /// The least pause.
        after: Duration,
    },
    /// No requests are left.
    OutOfCredit {
        /// Until then.
        until: Timestamp,
    },
    /// It stays so until somebody changes something.
    Stuck,
    /// Its plan panicked.
    Crashed,
    /// Nothing happened for too long, and the tick was cancelled.
    Overran,
}

/// What a loop is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It waits for its time.
    Idle,
    /// It takes part in the tick under way.
    Running,
    /// It waits after a failure.
    Backoff,
    /// It is switched off.
    Disabled,
    /// Its last plan panicked; it waits.
    Crashed,
}

/// A tick to be run now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    /// Counts the ticks of this daemon.
    pub number: u64,
    /// Who takes part, in the registry's order.
    pub loops: Vec<LoopName>,
    /// Why.
    pub because: BTreeSet<Why>,
}

#[derive(Clone, Debug)]
struct Entry {
    setup: Setup,
    due: Option<(Timestamp, Why)>,
    floor: Option<Floor>,
    failures: u32,
    last: Ended,
}

/// Nothing starts a loop before this moment, but for what outranks it.
#[derive(Clone, Copy, Debug)]
struct Floor {
    at: Timestamp,
    yields_to: Rank,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Event,
    Config,
    Person,
}

/// The schedule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scheduler {
    entries: Vec<Entry>,
    running: Option<Running>,
    ticks: u64,
}

#[derive(Clone, Debug)]
struct Running {
    loops: Vec<LoopName>,
    progress: Timestamp,
}

impl Scheduler {
    /// A schedule in which everything that is switched on is due now.
    pub(crate) fn new(setups: Vec<Setup>, now: Timestamp) -> Self {
        let mut it = Self::default();
        it.replace(setups, now, Why::Start);
        it
    }

    /// Takes the loops of another config: all of them look again now.
    pub(crate) fn configure(&mut self, setups: Vec<Setup>, now: Timestamp) {
        self.replace(setups, now, Why::Config);
    }

    fn replace(&mut self, setups: Vec<Setup>, now: Timestamp, why: Why) {
        let mut old: BTreeMap<LoopName, Entry> = self.entries.drain(..).map(|e| (e.setup.name, e)).collect();
        for setup in setups {
            let mut entry = match old.remove(setup.name) {
                Some(entry) => Entry { setup, ..entry },
                None => Entry { setup, due: None, floor: None, failures: 0, last: Ended::Well },
            };
            if entry.setup.enabled {
                entry.ask(now, why, Rank::Config);
            } else {
                entry.due = None;
            }
            self.entries.push(entry);
        }
    }

    /// Switches loops on and off. What is switched on looks at once.
    pub(crate) fn switch(&mut self, enabled: impl Fn(LoopName) -> bool, now: Timestamp) {
        for entry in &mut self.entries {
            let on = enabled(entry.setup.name);
            if on && !entry.setup.enabled {
                entry.setup.enabled = true;
                entry.ask(now, Why::SwitchedOn, Rank::Config);
            } else if !on {
                entry.setup.enabled = false;
                entry.due = None;
            }
        }
    }

    /// Something that was suspended is no longer: all look at once.
    pub(crate) fn resumed(&mut self, now: Timestamp) {
        for entry in self.entries.iter_mut().filter(|entry| entry.setup.enabled) {
            entry.ask(now, Why::SwitchedOn, Rank::Config);
        }
    }

    /// These parts of the world may have changed.
    pub(crate) fn event(&mut self, facets: Facets, now: Timestamp) {
        for entry in &mut self.entries {
            if entry.setup.enabled && facets.iter().any(|f| entry.setup.on.has(f)) {
                entry.ask(after(now, SETTLE), Why::Event, Rank::Event);
            }
        }
    }

    /// A person wants this loop to look now; `false` when it is switched off or unknown.
    pub(crate) fn asked(&mut self, name: &str, now: Timestamp) -> bool {
        let found = self.entries.iter_mut().find(|e| e.setup.name == name && e.setup.enabled);
        found.map(|entry| entry.ask(now, Why::Asked, Rank::Person)).is_some()
    }

    /// What this loop waits for is over at this moment.
    pub(crate) fn over_at(&mut self, name: &str, at: Timestamp) {
        if let Some(entry) = self.entries.iter_mut().find(|e| e.setup.name == name && e.setup.enabled) {
            entry.ask(at, Why::Timer, Rank::Event);
        }
    }

    /// When [`Scheduler::start`] is worth asking; `None` while a tick runs or when nothing is due ever.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        if self.running.is_some() {
            return None;
        }
        self.entries.iter().filter_map(Entry::starts).min()
    }

    /// The tick that is to run now, if one is due and none is running. It counts as running from here on.
    pub(crate) fn start(&mut self, now: Timestamp) -> Option<Tick> {
        if self.next()? > now {
            return None;
        }
        let mut tick = Tick { number: self.ticks + 1, loops: Vec::new(), because: BTreeSet::new() };
        for entry in &mut self.entries {
            let joins = entry.starts().is_some_and(|at| at <= after(now, entry.window()))
                && entry.floor.is_none_or(|floor| floor.at <= now);
            if let Some((_, why)) = entry.due.take_if(|_| joins) {
                entry.floor = None;
                tick.loops.push(entry.setup.name);
                tick.because.insert(why);
            }
        }
        self.ticks = tick.number;
        self.running = Some(Running { loops: tick.loops.clone(), progress: now });
        Some(tick)
    }

    /// Something happened in the tick that runs.
    pub(crate) fn progress(&mut self, now: Timestamp) {
        if let Some(running) = &mut self.running {
            running.progress = running.progress.max(now);
        }
    }

    /// When the tick that runs is to be cancelled, unless something happens in it.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.running.as_ref().map(|running| after(running.progress, PATIENCE))
    }

    /// The tick has ended; `how` says how for each loop.
    pub(crate) fn finish(&mut self, now: Timestamp, how: impl Fn(LoopName) -> Ended) {
        let Some(running) = self.running.take() else { return };
        for entry in self.entries.iter_mut().filter(|e| running.loops.contains(&e.setup.name)) {
            entry.ended(how(entry.setup.name), now);
        }
    }

    /// What a loop is doing.
    pub(crate) fn state(&self, name: &str, now: Timestamp) -> State {
        let Some(entry) = self.entries.iter().find(|e| e.setup.name == name) else { return State::Disabled };
        if self.running.as_ref().is_some_and(|r| r.loops.contains(&entry.setup.name)) {
            return State::Running;
        }
        let held = entry.floor.is_some_and(|floor| floor.at > now);
        if !entry.setup.enabled {
            State::Disabled
        } else if entry.last == Ended::Crashed {
            State::Crashed
        } else if held {
            State::Backoff
        } else {
            State::Idle
        }
    }

    /// When a loop looks again; `None` while it is switched off or only events wake it.
    pub(crate) fn next_of(&self, name: &str) -> Option<Timestamp> {
        self.entries.iter().find(|e| e.setup.name == name)?.starts()
    }
}

impl Entry {
    /// Asks for a look at `at`; an earlier one stands.
    fn ask(&mut self, at: Timestamp, why: Why, rank: Rank) {
        if self.floor.is_some_and(|floor| rank >= floor.yields_to) {
            self.floor = None;
        }
        if self.due.is_none_or(|(due, _)| at < due) {
            self.due = Some((at, why));
        }
    }

    fn starts(&self) -> Option<Timestamp> {
        let (due, _) = self.due.filter(|_| self.setup.enabled)?;
        Some(self.floor.map_or(due, |floor| due.max(floor.at)))
    }

    fn interval(&self) -> Option<Duration> {
        self.setup.every.map(|every| every.clamp(Duration::from_secs(1), LONGEST_INTERVAL))
    }

    fn window(&self) -> Duration {
        self.interval().map_or(Duration::ZERO, |every| (every / 10).min(WINDOW))
    }

    fn ended(&mut self, how: Ended, now: Timestamp) {
        self.last = how;
        if let Some(every) = self.interval().filter(|_| self.setup.enabled) {
            let at = after(now, every + jitter(self.setup.name, every));
            if self.due.is_none_or(|(due, _)| at < due) {
                self.due = Some((at, Why::Timer));
            }
        }
        let (pause, yields_to) = match how {
            Ended::Well | Ended::Partly => {
                self.failures = 0;
                return;
            }
            Ended::Retry { after } => (self.pause().max(after.min(LONGEST_WAIT)), Rank::Config),
            Ended::Crashed | Ended::Overran => (self.pause(), Rank::Config),
            Ended::Stuck => (LONGEST_PAUSE, Rank::Event),
            Ended::OutOfCredit { until } => {
                (crate::adapters::clock::until(now, until).min(LONGEST_WAIT).max(FIRST_PAUSE), Rank::Person)
            }
        };
        self.failures = self.failures.saturating_add(1);
        let at = after(now, pause + jitter(self.setup.name, pause));
        self.floor = Some(Floor { at, yields_to });
        if self.setup.enabled && self.due.is_none_or(|(due, _)| at < due) {
            self.due = Some((at, Why::Again));
        }
    }

    /// The pause after this failure.
    fn pause(&self) -> Duration {
        FIRST_PAUSE.saturating_mul(1 << self.failures.min(10)).min(LONGEST_PAUSE)
    }
}

/// Up to a tenth of a span, always the same for a name: loops of many factories don't all look at once.
fn jitter(name: &str, span: Duration) -> Duration {
    let share = u32::from(blake3::hash(name.as_bytes()).as_bytes()[0]);
    span / 10 * share / 256
}

#[cfg(test)]
mod tests;
