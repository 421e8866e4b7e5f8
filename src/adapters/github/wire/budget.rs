//! GitHub's limits, respected before they bite.
//!
//! [`Budget`] keeps the accounts of `limits` and waits. It learns from the headers of every answer, spreads
//! what is left once less than a tenth remains, and never waits for a reset: a spent pool is an answer, not a
//! pause.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;

use super::limits::{Account, Draw, Manners, Pool, PoolState, Reading, Window};
use crate::adapters::clock::{Clock, after, until};
use crate::adapters::github::error::Kind;
use crate::model::Headroom;

/// The accounts of all credentials that a client uses.
#[derive(Debug)]
pub(crate) struct Budget {
    accounts: Mutex<HashMap<Arc<str>, Account>>,
    manners: Manners,
    clock: Clock,
}

/// The place of one request in the budget; gives it back when dropped.
#[derive(Debug)]
pub(crate) struct Ticket<'a> {
    budget: &'a Budget,
    whose: Arc<str>,
    pool: Pool,
}

impl Budget {
    pub(crate) fn new(manners: Manners, clock: Clock) -> Self {
        Self { accounts: Mutex::default(), manners, clock }
    }

    /// Waits for the request's turn, or says at once which limit forbids it. Cancel safe.
    pub(crate) async fn admit(&self, whose: &Arc<str>, draw: Draw) -> Result<Ticket<'_>, Kind> {
        let now = self.clock.now();
        let start = {
            let mut accounts = self.lock();
            accounts.entry(Arc::clone(whose)).or_default().plan(draw, &self.manners, now)?
        };
        let ticket = Ticket { budget: self, whose: Arc::clone(whose), pool: draw.pool };
        if start > now {
            let pause = until(now, start);
            tracing::debug!(whose = %whose, pool = draw.pool.name(), ?pause, "spreading requests");
            self.clock.sleep(pause).await;
        }
        Ok(ticket)
    }

    /// What may be created soon by the credential that has created most lately.
    pub(crate) fn room(&self) -> Option<Headroom> {
        let (limits, now) = (self.manners.content?, self.clock.now());
        let accounts = self.lock();
        let rooms = accounts.values().map(|account| account.room(&limits, now));
        rooms.min_by_key(|room| room.count).or_else(|| Some(limits.most.room(&VecDeque::new(), now)))
    }

    /// What is known of all pools.
    pub(crate) fn snapshot(&self) -> Vec<PoolState> {
        let accounts = self.lock();
        let mut states: Vec<_> = accounts
            .iter()
            .flat_map(|(whose, account)| {
                account.pools.iter().filter(|(_, window)| window.limit > 0).map(|(pool, window)| PoolState {
                    whose: whose.to_string(),
                    pool: *pool,
                    limit: window.limit,
                    remaining: window.remaining,
                    reset: window.reset,
                })
            })
            .collect();
        states.sort_by(|a, b| (&a.whose, a.pool).cmp(&(&b.whose, b.pool)));
        states
    }

    /// Every change of an account is one assignment, so a panic elsewhere leaves none half made.
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket<'_> {
    /// Takes in what an answer's headers say.
    pub(crate) fn learn(&self, headers: &HeaderMap) {
        if let Some(reading) = Reading::of(headers, self.pool) {
            let mut accounts = self.budget.lock();
            let account = accounts.entry(Arc::clone(&self.whose)).or_default();
            account.pools.entry(reading.pool).or_insert(Window::UNKNOWN).learn(reading);
        }
    }

    /// Takes in a refusal, so that later requests aren't even sent.
    pub(crate) fn refused(&self, kind: &Kind) {
        let mut accounts = self.budget.lock();
        let account = accounts.entry(Arc::clone(&self.whose)).or_default();
        if let Kind::SecondaryLimit { retry_after } = kind {
            let hold = after(self.budget.clock.now(), *retry_after);
            account.hold = Some(account.hold.map_or(hold, |held| held.max(hold)));
        }
        if let Kind::PrimaryLimit { until } = kind {
            let window = account.pools.entry(self.pool).or_insert(Window::UNKNOWN);
            (window.remaining, window.reset) = (0, *until);
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut accounts = self.budget.lock();
        let account = accounts.entry(Arc::clone(&self.whose)).or_default();
        if let Some(window) = account.pools.get_mut(&self.pool) {
            window.reserved = window.reserved.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use std::time::Duration;

    const HOUR: i64 = 3600;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[tokio::test]
    async fn requests_under_way_are_counted_and_given_back() {
        let clock = Clock::manual(at(0));
        let manners = Manners { longest_spread: Duration::ZERO, longest_hold: Duration::ZERO, content: None };
        let budget = Budget::new(manners, clock.clone());
        let (whose, draw) = (Arc::from("token"), Draw { pool: Pool::Core, creates: false });
        let first = budget.admit(&whose, draw).await.unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in [("limit", "5000"), ("remaining", "1"), ("reset", "3600")] {
            let name = http::HeaderName::try_from(format!("x-ratelimit-{name}")).unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        first.learn(&headers);
        let spent = Kind::PrimaryLimit { until: at(HOUR) };
        assert_eq!(budget.admit(&whose, draw).await.unwrap_err(), spent);
        drop(first);
        let second = budget.admit(&whose, draw).await.unwrap();
        assert_eq!(budget.admit(&whose, draw).await.unwrap_err(), spent);
        second.refused(&Kind::SecondaryLimit { retry_after: Duration::from_secs(9) });
        drop(second);
        clock.advance(Duration::from_secs(2));
        assert_eq!(
            budget.admit(&whose, draw).await.unwrap_err(),
            Kind::SecondaryLimit { retry_after: Duration::from_secs(7) }
        );
        assert!(budget.admit(&Arc::from("another"), draw).await.is_ok());
    }
}
