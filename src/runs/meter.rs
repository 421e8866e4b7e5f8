//! What a run has used and cost while it goes on.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{Prices, Spent, Usage, UsageOf};

use super::bill::{Others, cost_of};
use super::record::{RecordError, Spec};

/// How often a run that uses nothing looks at what all runs of the day cost.
const LOOKED_EVERY: Duration = Duration::from_secs(5);

/// What the agent of a try has told of its use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) used: Usage,
    /// Whether another session came than the one that was to go on.
    pub(super) cold: bool,
}

/// Counts a run over its tries.
#[derive(Debug)]
pub(super) struct Meter {
    usage_of: UsageOf,
    model: Option<String>,
    prices: Option<Prices>,
    /// What each earlier try used.
    earlier: Vec<Usage>,
    /// What its session used before this try.
    before: Usage,
    /// What it had used when the spend of the day was looked at last, and when that was, since the start of its try.
    counted: (Usage, Duration),
    /// What all runs of a day may cost, and what the others cost; where there is such a limit.
    day: Option<(u64, Others)>,
}

impl Meter {
    /// Of a run whose records lie beside those of others in this folder.
    pub(super) fn of(spec: &Spec, usage_of: UsageOf, runs: Option<&Path>) -> Self {
        let others = |runs| Others::of(runs, &spec.id, spec.bill.since.clone());
        Self {
            usage_of,
            model: spec.work.model.clone(),
            prices: spec.bill.prices.clone(),
            earlier: Vec::new(),
            before: spec.baseline,
            counted: (Usage::default(), Duration::ZERO),
            day: spec.bill.per_day.zip(runs.map(others)),
        }
    }

    /// This try is over, and another one comes: in the same session, or in one of its own.
    pub(super) fn next_try(&mut self, told: Told, goes_on: bool) {
        self.earlier.push(self.of_try(told));
        self.counted.1 = Duration::ZERO;
        if goes_on {
            self.before = self.of_session(told);
        }
    }

    /// What this try used: of a session that goes on, what was used before is not its own.
    pub(super) fn of_try(&self, told: Told) -> Usage {
        self.usage_of.own(told.used, self.before(told))
    }

    /// What the session used in all.
    pub(super) fn of_session(&self, told: Told) -> Usage {
        self.usage_of.in_all(told.used, self.before(told))
    }

    /// What this run used.
    pub(super) fn used(&self, told: Told) -> Usage {
        self.tries(told).fold(Usage::default(), Usage::plus)
    }

    /// What that cost, as far as anybody can tell.
    pub(super) fn cost(&self, told: Told) -> Option<Spent> {
        cost_of(self.tries(told), self.model.as_deref(), self.prices.as_ref())
    }

    /// Whether the runs of a day together may cost no more than so much.
    pub(super) fn counts_day(&self) -> bool {
        self.day.is_some()
    }

    /// When the spend of the day is to be looked at, since the start of this try, if nothing is used before.
    pub(super) fn looks(&self) -> Option<Duration> {
        self.day.as_ref().map(|_| self.counted.1 + LOOKED_EVERY)
    }

    /// Whether the runs of the day together have cost more than they may; looked at whenever this one has used more, and
    /// every so often, since others go on meanwhile. `age` is how long its try has taken.
    ///
    /// # Errors
    /// When the folder of runs can't be listed.
    pub(super) fn is_over_day(
        &mut self,
        told: Told,
        age: Duration,
        now: Timestamp,
    ) -> Result<bool, RecordError> {
        let (used, cost) = (self.used(told), self.cost(told));
        let Some((most, others)) = &mut self.day else { return Ok(false) };
        if used == self.counted.0 && age < self.counted.1 + LOOKED_EVERY {
            return Ok(false);
        }
        self.counted = (used, age);
        let own = cost.map_or(0, |cost| cost.micros);
        Ok(others.cost(now)?.saturating_add(own) > *most)
    }

    fn tries(&self, told: Told) -> impl Iterator<Item = Usage> {
        self.earlier.iter().copied().chain([self.of_try(told)])
    }

    /// A session that came instead of the one that was to go on had used nothing.
    fn before(&self, told: Told) -> Usage {
        if told.cold { Usage::default() } else { self.before }
    }
}
