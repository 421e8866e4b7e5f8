//! What runs cost, as their records tell, and whether those of a day together have cost more than they may.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::model::{Prices, Quota, RunId, Spent, Usage, spent};

use super::record::{RecordError, RunDir};

/// Who pays for a run, and how that is counted, for its whole life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// The account that the agent works on.
    pub account: String,
    /// What models cost, where config says so.
    pub prices: Option<Prices>,
    /// What all runs of a day (UTC) may cost, in millionths of a US dollar.
    pub per_day: Option<u64>,
}

/// What the records of a run tell of its use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// What it used so far.
    pub used: Usage,
    /// What that cost, where that was counted.
    pub cost: Option<Spent>,
    /// What was said last of its account's quota.
    pub quota: Option<Quota>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

impl Tally {
    /// What it cost: as it was counted while it ran, else by these prices.
    pub fn cost_by(&self, model: Option<&str>, prices: Option<&Prices>) -> Option<Spent> {
        self.cost.or_else(|| spent(&self.used, model, prices))
    }

    /// Whether it counts for a day: that on which it ended, and until then every one.
    pub fn is_of(&self, day: Date) -> bool {
        self.ended.is_none_or(|at| day_of(at) == day)
    }
}

/// The day of a moment, UTC.
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

impl RunDir {
    /// What it used, as far as that is written down.
    ///
    /// # Errors
    /// When its records can't be read.
    pub fn tally(&self) -> Result<Tally, RecordError> {
        if let Some(end) = self.ended()? {
            return Ok(Tally {
                used: end.used,
                cost: end.cost,
                quota: end.quota_told,
                ended: Some(end.at),
            });
        }
        let progress = self.progress()?.unwrap_or_default();
        Ok(Tally {
            used: progress.used,
            cost: progress.cost,
            quota: progress.quota_told,
            ended: None,
        })
    }
}

/// What the other runs of a day cost.
#[derive(Debug)]
pub(super) struct Others {
    runs: PathBuf,
    own: RunId,
    prices: Option<Prices>,
    /// Of each run what it cost, and the day it counts for; of one that hasn't ended none.
    seen: BTreeMap<RunId, (Option<Date>, u64)>,
}

impl Others {
    /// Beside this run of this folder.
    pub(super) fn of(runs: &Path, own: &RunId, prices: Option<&Prices>) -> Self {
        Self { runs: runs.to_owned(), own: own.clone(), prices: prices.cloned(), seen: BTreeMap::new() }
    }

    /// What they cost by now, in millionths of a US dollar. One whose records can't be read counts as it did when they
    /// could: it is no reason to end a run that is well.
    pub(super) fn cost(&mut self, now: Timestamp) -> Result<u64, RecordError> {
        let today = day_of(now);
        for (id, dir) in RunDir::all(&self.runs)? {
            let is_over = matches!(self.seen.get(&id), Some((Some(_), _)));
            if is_over || id == self.own {
                continue;
            }
            match self.look(&dir) {
                Ok(seen) => drop(self.seen.insert(id, seen)),
                Err(error) => tracing::warn!(run = %id, %error, "what a run costs can't be read"),
            }
        }
        let of_today = self.seen.values().filter(|(day, _)| day.is_none_or(|day| day == today));
        Ok(of_today.fold(0, |sum, (_, micros)| sum.saturating_add(*micros)))
    }

    fn look(&self, dir: &RunDir) -> Result<(Option<Date>, u64), RecordError> {
        let tally = dir.tally()?;
        let spec = if tally.cost.is_none() { dir.spec()? } else { None };
        let model = spec.and_then(|spec| spec.work.model);
        let cost = tally.cost_by(model.as_deref(), self.prices.as_ref());
        Ok((tally.ended.map(day_of), cost.map_or(0, |cost| cost.micros)))
    }
}
