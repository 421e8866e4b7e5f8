//! The daemon's sign of life: what it knows of its own progress, written down every few seconds.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::adapters::clock::after;
use crate::adapters::fs;
use crate::adapters::said;
use crate::adapters::state::StateDir;
use crate::engine::heartbeat::{DataAge, EVERY, Heartbeat, Progress};
use crate::engine::scheduler::Ended;
use crate::engine::tick::Done;
use crate::model::LoopName;

pub(super) struct Pulse {
    beat: Heartbeat,
    next: Timestamp,
    /// What each loop wanted to do and did not, and what could not be closed.
    due: BTreeMap<&'static str, u64>,
    /// When each loop looked successfully last.
    looked: BTreeMap<LoopName, Timestamp>,
    is_silent: bool,
}

impl Pulse {
    pub(super) fn begin(state: &StateDir, now: Timestamp) -> Result<Self, fs::Error> {
        let beat = Heartbeat::own(state, now)?;
        Ok(Self { beat, next: now, due: BTreeMap::new(), looked: BTreeMap::new(), is_silent: false })
    }

    /// When it is to be written again.
    pub(super) fn next(&self) -> Timestamp {
        self.next
    }

    pub(super) fn progress(&self) -> Progress {
        self.beat.progress
    }

    /// Notes what a tick that began then has begun, ended and left to be done, and how long runs take to be started.
    pub(super) fn ended(
        &mut self,
        done: &Done,
        dispatch: Option<Duration>,
        began: Timestamp,
        now: Timestamp,
    ) {
        let well = done.ended.iter().filter(|(_, (ended, _))| *ended == Ended::Well);
        self.looked.extend(well.map(|(name, _)| (*name, began)));
        self.due.extend(&done.due);
        let progress = &mut self.beat.progress;
        progress.runs_started += done.started;
        progress.dispatch_ms = dispatch.map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX));
        progress.runs_closed += done.closed;
        progress.plans_applied += u64::from(done.done > 0);
        if done.done > 0 || done.closed > 0 {
            progress.last = Some(now);
            self.next = now;
        }
        progress.is_due(self.due.values().sum(), now);
    }

    /// How old what is known is, to loops that look every so often.
    pub(super) fn data(&self, loops: impl Iterator<Item = LoopName>) -> Option<DataAge> {
        let looked = loops.map(|name| (self.looked.get(name).copied().unwrap_or(self.beat.since), name));
        looked.min().map(|(looked, name)| DataAge { looked, by: name.to_owned() })
    }

    /// Writes it where it is time to; whether it was.
    pub(super) fn beat(&mut self, state: &StateDir, data: Option<DataAge>, now: Timestamp) -> bool {
        // A clock that was set back is no reason to be silent.
        if now < self.next && self.beat.written <= now {
            return false;
        }
        self.next = after(now, EVERY);
        self.beat.written = now;
        self.beat.data = data;
        let written = self.beat.write(state);
        if let (Err(error), false) = (&written, self.is_silent) {
            tracing::error!(
                error = said(error),
                "the heartbeat can't be written; `reap` will take this for stale"
            );
        }
        self.is_silent = written.is_err();
        true
    }
}
