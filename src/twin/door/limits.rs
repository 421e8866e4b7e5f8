//! Counting requests against the world's limits.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::twin::world::Limits;

/// Which of the separately counted resources a request draws on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pool {
    Core,
    Graphql,
}

impl Pool {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Graphql => "graphql",
        }
    }

    pub(crate) fn limit(self, limits: &Limits) -> u64 {
        match self {
            Self::Core => limits.core,
            Self::Graphql => limits.graphql,
        }
    }
}

/// One pool as a token sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meter {
    pub(crate) limit: u64,
    pub(crate) used: u64,
    pub(crate) reset: Timestamp,
}

impl Meter {
    pub(crate) fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

/// A secondary limit was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooFast;

/// What every token has used.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    primary: BTreeMap<(String, Pool), (u64, Timestamp)>,
    content: BTreeMap<String, VecDeque<Timestamp>>,
    in_flight: BTreeMap<String, u64>,
}

impl Usage {
    fn slot(&mut self, key: &str, pool: Pool, limits: &Limits, now: Timestamp) -> &mut (u64, Timestamp) {
        let window = SignedDuration::from_secs(i64::try_from(limits.window_s).unwrap_or(i64::MAX));
        let fresh = (0, now.saturating_add(window).unwrap_or(now));
        let slot = self.primary.entry((key.to_owned(), pool)).or_insert(fresh);
        if slot.1 <= now {
            *slot = fresh;
        }
        slot
    }

    /// How a pool stands.
    pub(crate) fn meter(&mut self, key: &str, pool: Pool, limits: &Limits, now: Timestamp) -> Meter {
        let (used, reset) = *self.slot(key, pool, limits, now);
        Meter { limit: pool.limit(limits), used, reset }
    }

    /// Uses a pool, unless that would exceed it; says whether it was used.
    pub(crate) fn charge(
        &mut self,
        key: &str,
        pool: Pool,
        amount: u64,
        limits: &Limits,
        now: Timestamp,
    ) -> bool {
        let limit = pool.limit(limits);
        let slot = self.slot(key, pool, limits, now);
        let fits = slot.0.saturating_add(amount) <= limit;
        if fits {
            slot.0 += amount;
        }
        fits
    }

    /// Gives back what an unmodified reply had used.
    pub(crate) fn refund(&mut self, key: &str, pool: Pool) {
        if let Some(slot) = self.primary.get_mut(&(key.to_owned(), pool)) {
            slot.0 = slot.0.saturating_sub(1);
        }
    }

    /// A request begins; refused when too many are in flight or too much was created lately.
    pub(crate) fn begin(
        &mut self,
        key: &str,
        creates: bool,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<(), TooFast> {
        let flying = self.in_flight.entry(key.to_owned()).or_default();
        if *flying >= limits.concurrent {
            return Err(TooFast);
        }
        if creates {
            let made = self.content.entry(key.to_owned()).or_default();
            let ago = |seconds| now.saturating_sub(SignedDuration::from_secs(seconds)).unwrap_or(now);
            while made.front().is_some_and(|at| *at <= ago(3600)) {
                made.pop_front();
            }
            for (seconds, most) in [(60, limits.content_per_minute), (3600, limits.content_per_hour)] {
                let lately = made.iter().rev().take_while(|at| **at > ago(seconds)).count() as u64;
                if most.is_some_and(|most| lately >= most) {
                    return Err(TooFast);
                }
            }
            if limits.content_per_minute.or(limits.content_per_hour).is_some() {
                made.push_back(now);
            }
        }
        *flying += 1;
        Ok(())
    }

    /// A request that began has ended.
    pub(crate) fn end(&mut self, key: &str) {
        if let Some(flying) = self.in_flight.get_mut(key) {
            *flying = flying.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_used_up_and_fills_again_at_its_reset() {
        let limits = Limits { core: 2, window_s: 10, ..Limits::default() };
        let mut usage = Usage::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let charges: Vec<bool> =
            [0, 1, 2, 9, 10].map(|s| usage.charge("t", Pool::Core, 1, &limits, at(s))).to_vec();
        assert_eq!(charges, [true, true, false, false, true]);
        assert!(usage.charge("other", Pool::Core, 1, &limits, at(3)));
        assert_eq!(usage.meter("t", Pool::Core, &limits, at(11)), Meter { limit: 2, used: 1, reset: at(20) });
    }

    #[test]
    fn creating_is_slowed_down_by_the_minute_and_by_what_is_in_flight() {
        let limits = Limits { content_per_minute: Some(2), concurrent: 3, ..Limits::default() };
        let mut usage = Usage::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(usage.begin("t", true, &limits, at(0)), Ok(()));
        assert_eq!(usage.begin("t", true, &limits, at(30)), Ok(()));
        assert_eq!(usage.begin("t", true, &limits, at(59)), Err(TooFast));
        assert_eq!(usage.begin("t", true, &limits, at(60)), Ok(()));
        assert_eq!(usage.begin("t", false, &limits, at(60)), Err(TooFast));
        usage.end("t");
        assert_eq!(usage.begin("t", false, &limits, at(60)), Ok(()));
    }

    #[test]
    fn creating_is_slowed_down_by_the_hour() {
        let limits = Limits { content_per_hour: Some(2), ..Limits::default() };
        let mut usage = Usage::default();
        let begun = [0, 100, 3599, 3600, 3601]
            .map(|s| usage.begin("t", true, &limits, Timestamp::from_second(s).unwrap()).is_ok());
        assert_eq!(begun, [true, true, false, true, false]);
    }
}
