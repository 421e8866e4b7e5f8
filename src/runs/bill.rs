//! What runs cost, as their records tell, and whether those of a day together have cost more than they may.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::model::{Prices, Quota, RunId, Spent, Usage, day_of, spent};

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
    /// The runs before this one ended on days before the one on which it started.
    #[serde(default)]
    pub since: Option<RunId>,
}

/// What the records of a run tell of its use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// What it used so far.
    pub used: Usage,
    /// What that cost, where that was counted.
    pub cost: Option<Spent>,
    /// What was said last of its account's quotas.
    pub quotas: Vec<Quota>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// What the tries of a run cost, each by the figure that there is of it; `None` when nothing was told, or what was has no
/// price.
pub(super) fn cost_of(
    tries: impl Iterator<Item = Usage>,
    model: Option<&str>,
    prices: Option<&Prices>,
) -> Option<Spent> {
    let told = tries.filter(|used| used.tokens() > 0 || used.cost.is_some());
    let costs = told.map(|used| spent(&used, model, prices));
    costs.collect::<Option<Vec<_>>>()?.into_iter().reduce(Spent::plus)
}

impl RunDir {
    /// What it used, as far as that is written down.
    ///
    /// # Errors
    /// When its records can't be read.
    pub fn tally(&self) -> Result<Tally, RecordError> {
        if let Some(end) = self.ended()? {
            return Ok(Tally { used: end.used, cost: end.cost, quotas: end.quotas, ended: Some(end.at) });
        }
        let progress = self.progress()?.unwrap_or_default();
        Ok(Tally { used: progress.used, cost: progress.cost, quotas: progress.quotas, ended: None })
    }
}

/// What the other runs of a day cost.
#[derive(Debug)]
pub(super) struct Others {
    runs: PathBuf,
    own: RunId,
    since: Option<RunId>,
    /// Of each run what it cost, and the day it counts for; of one that hasn't ended none.
    seen: BTreeMap<RunId, (Option<Date>, u64)>,
}

impl Others {
    /// Beside this run of this folder; those before another one are over for long.
    pub(super) fn of(runs: &Path, own: &RunId, since: Option<RunId>) -> Self {
        Self { runs: runs.to_owned(), own: own.clone(), since, seen: BTreeMap::new() }
    }

    /// What they cost by now, in millionths of a US dollar. One whose records can't be read counts as it did when they
    /// could: it is no reason to end a run that is well.
    pub(super) fn cost(&mut self, now: Timestamp) -> Result<u64, RecordError> {
        let today = day_of(now);
        for id in RunDir::ids(&self.runs)? {
            let is_over = matches!(self.seen.get(&id), Some((Some(_), _)));
            if is_over || id == self.own || self.since.as_ref().is_some_and(|since| id < *since) {
                continue;
            }
            match RunDir::of(&self.runs, &id).tally() {
                Ok(Tally { cost, ended, .. }) => {
                    self.seen.insert(id, (ended.map(day_of), cost.map_or(0, |cost| cost.micros)));
                }
                Err(error) => tracing::warn!(run = %id, %error, "what a run costs can't be read"),
            }
        }
        let of_today = self.seen.values().filter(|(day, _)| day.is_none_or(|day| day == today));
        Ok(of_today.fold(0, |sum, (_, micros)| sum.saturating_add(*micros)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::model::{Clocks, Figure, Limits, Tariff, UsageOf};
    use crate::runs::Watch;
    use crate::runs::agents::Event;
    use crate::runs::record::Progress;

    const MODELS: [&str; 3] = ["cheap-1", "dear-1", "unheard-of"];

    fn prices() -> Prices {
        let tariff = |input, cached, output| Tariff { input, cached, output };
        Prices {
            as_of: jiff::civil::date(2026, 11, 1),
            models: vec![
                ("cheap-*".into(), tariff(1_000_000, 0, 9_000_000)),
                ("dear-*".into(), tariff(7_500_000, 300_000, 5)),
            ],
        }
    }

    /// What the provider bills, in millionths of a millionth: the tariff is that of the model, or the dearest one that it
    /// could have.
    fn bill(used: &Usage, model: &str) -> u128 {
        let tariff = match model {
            "cheap-1" => [1_000_000, 0, 9_000_000],
            "dear-1" => [7_500_000, 300_000, 5],
            _ => [7_500_000, 300_000, 9_000_000],
        };
        let counts = [used.input, used.cached, used.output];
        counts.iter().zip(tariff).map(|(n, price)| u128::from(*n) * price).sum()
    }

    fn call() -> impl Strategy<Value = Usage> {
        (0_u64..1_000_000, 0_u64..1_000_000, 1_u64..100_000).prop_map(|(input, cached, output)| Usage {
            turns: 1,
            input,
            cached,
            output,
            cost: None,
        })
    }

    /// Runs of other days aren't even read.
    #[test]
    fn what_others_cost_is_read_from_where_the_day_begins() {
        let folder = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let ids: Vec<RunId> = (0..4).map(|n: u8| RunId::new(now, &[n])).collect();
        for id in &ids {
            let dir = RunDir::of(folder.path(), id);
            std::fs::create_dir_all(dir.dir()).unwrap();
            let progress =
                Progress { cost: Some(Spent { micros: 5, figure: Figure::Table }), ..Progress::default() };
            dir.note_progress(&progress).unwrap();
        }
        let mut sorted = ids;
        sorted.sort_unstable();
        let cost =
            |since: Option<&RunId>| Others::of(folder.path(), &sorted[3], since.cloned()).cost(now).unwrap();
        assert_eq!((cost(None), cost(Some(&sorted[1])), cost(Some(&sorted[3]))), (15, 10, 0));
    }

    proptest! {
        /// Whatever an agent's figures are of, and however often it is started: what is recorded is the sum by the table
        /// of what this run used, less than a millionth of a dollar a try above it, and never below.
        #[test]
        fn what_is_recorded_is_what_is_billed(
            tries in prop::collection::vec(prop::collection::vec(call(), 0..5), 1..4),
            before in call(),
            whole_session in any::<bool>(),
            model in prop::sample::select(&MODELS[..]),
            own in prop::option::of(0_u64..1_000_000),
        ) {
            let of = if whole_session { UsageOf::Session } else { UsageOf::Process };
            let mut used = Vec::new();
            let mut billed = 0;
            for calls in &tries {
                let mut watch = Watch::new(Clocks::default(), Limits::default());
                let mut told = if whole_session { Usage { turns: 0, ..before } } else { Usage::default() };
                for call in calls {
                    told = told.plus(*call);
                    billed += bill(call, model);
                    watch.hears(Event::Used(told), Duration::ZERO);
                }
                used.push(of.own(watch.used(), before));
            }
            let cost = cost_of(used.iter().copied(), Some(model), Some(&prices()));
            let micros = cost.map_or(0, |cost| u128::from(cost.micros));
            prop_assert!(micros * 1_000_000 >= billed, "{micros} for {billed}");
            prop_assert!(micros * 1_000_000 < billed + 1_000_000 * tries.len() as u128, "{micros} for {billed}");
            let figure = if model == "unheard-of" { Figure::TableUpper } else { Figure::Table };
            prop_assert!(cost.is_none_or(|cost| cost.figure == figure));
            // The agent's own figure of one try stands beside the table's of the others.
            if let Some(own) = own {
                let others = cost_of(used[..used.len() - 1].iter().copied(), Some(model), Some(&prices()));
                let last = used.len() - 1;
                used[last].cost = Some(own);
                let all = cost_of(used.iter().copied(), Some(model), Some(&prices()));
                prop_assert_eq!(all.map(|all| all.micros), Some(others.map_or(0, |cost| cost.micros) + own));
            }
            // Without prices nobody knows, and nobody says none.
            for used in &mut used {
                used.cost = None;
            }
            prop_assert_eq!(cost_of(used.iter().copied(), Some(model), None), None);
        }
    }
}
