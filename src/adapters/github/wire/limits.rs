//! The arithmetic of GitHub's limits: when a request may start, or which limit forbids it. Pure.
//!
//! Each credential has pools of requests or points that refill at a known moment, a limit on how much it may
//! create in a minute and an hour, and now and then an order to pause.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;

use super::classify::{number, text};
use crate::adapters::clock::{after, until};
use crate::adapters::github::config::ContentLimits;
use crate::adapters::github::error::Kind;
use crate::model::Headroom;

/// One of the pools that GitHub counts separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pool {
    /// REST.
    Core,
    /// GraphQL, in points.
    Graphql,
    /// REST below `/search`.
    Search,
    /// REST below `/search/code`.
    CodeSearch,
    /// REST of the audit log.
    AuditLog,
}

impl Pool {
    /// The pool that a REST path most likely draws on; the answer's header corrects it.
    pub(crate) fn of(path: &str) -> Self {
        let (path, _) = crate::adapters::github::links::split_query(path);
        if path.starts_with("/search/code") {
            Self::CodeSearch
        } else if path.starts_with("/search/") {
            Self::Search
        } else if path.ends_with("/audit-log") {
            Self::AuditLog
        } else {
            Self::Core
        }
    }

    fn named(resource: &str) -> Option<Self> {
        [Self::Core, Self::Graphql, Self::Search, Self::CodeSearch, Self::AuditLog]
            .into_iter()
            .find(|pool| pool.name() == resource)
    }

    /// GitHub's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Graphql => "graphql",
            Self::Search => "search",
            Self::CodeSearch => "code_search",
            Self::AuditLog => "audit_log",
        }
    }
}

/// What was last heard of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolState {
    /// Whose pool it is: `token-DIGEST`, `app-ID` or `app-ID-INSTALLATION`.
    pub whose: String,
    /// Which.
    pub pool: Pool,
    /// Requests or points in an hour, or a minute for searches.
    pub limit: u64,
    /// How many are left.
    pub remaining: u64,
    /// When it is full again.
    pub reset: Timestamp,
}

/// What the headers of one answer say of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) pool: Pool,
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    pub(crate) reset: Timestamp,
}

impl Reading {
    /// Reads the `x-ratelimit-*` headers; servers without limits send none.
    pub(crate) fn of(headers: &HeaderMap, likely: Pool) -> Option<Self> {
        let pool = match text(headers, "x-ratelimit-resource") {
            Some(resource) => Pool::named(&resource)?,
            None => likely,
        };
        Some(Self {
            pool,
            limit: number(headers, "x-ratelimit-limit")?.try_into().ok()?,
            remaining: number(headers, "x-ratelimit-remaining")?.try_into().ok()?,
            reset: Timestamp::from_second(number(headers, "x-ratelimit-reset")?).ok()?,
        })
    }
}

/// Two resets that differ by less than this are one: GitHub's clocks disagree by a second or two.
const SAME_RESET: Duration = Duration::from_secs(5);

/// One pool of one credential.
#[derive(Debug, Clone)]
pub(super) struct Window {
    pub(super) limit: u64,
    pub(super) remaining: u64,
    pub(super) reset: Timestamp,
    /// Requests under way whose answers may lower `remaining`.
    pub(super) reserved: u64,
    /// When the next request may start while what is left is being spread.
    next_slot: Timestamp,
}

impl Window {
    /// Before anything is known nothing is held back.
    pub(super) const UNKNOWN: Self =
        Self { limit: 0, remaining: 0, reset: Timestamp::MIN, reserved: 0, next_slot: Timestamp::MIN };

    /// Takes in what an answer says. Answers overtake each other, so within one period the lowest count holds.
    pub(super) fn learn(&mut self, reading: Reading) {
        let same =
            until(self.reset, reading.reset) < SAME_RESET && until(reading.reset, self.reset) < SAME_RESET;
        if same {
            self.remaining = self.remaining.min(reading.remaining);
        } else if reading.reset > self.reset {
            (self.reset, self.remaining) = (reading.reset, reading.remaining);
        } else {
            return;
        }
        self.limit = reading.limit;
    }

    fn free(&self) -> u64 {
        self.remaining.saturating_sub(self.reserved)
    }

    /// When one more request may start, or nothing where the pool is spent.
    fn slot(&mut self, now: Timestamp, longest: Duration) -> Option<Timestamp> {
        if self.reset <= now {
            return Some(now);
        }
        let free = self.free();
        if free == 0 {
            return None;
        }
        if free.saturating_mul(10) >= self.limit {
            return Some(now);
        }
        let spacing = until(now, self.reset) / u32::try_from(free).unwrap_or(u32::MAX);
        let slot = self.next_slot.clamp(now, after(now, longest));
        self.next_slot = after(slot, spacing.min(longest));
        Some(slot)
    }
}

/// When the next creation may start, or how long that would be where it is too long; remembers it if not.
fn creation_slot(
    planned: &mut VecDeque<Timestamp>,
    limits: &ContentLimits,
    now: Timestamp,
) -> Result<Timestamp, Duration> {
    let slot = limits.most.slot(planned, now);
    let pause = until(now, slot);
    if pause > limits.longest_pause {
        return Err(pause);
    }
    planned.push_back(slot);
    while planned.len() > limits.most.remembers() {
        planned.pop_front();
    }
    Ok(slot)
}

/// All that is known of one credential.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) pools: BTreeMap<Pool, Window>,
    creations: VecDeque<Timestamp>,
    /// GitHub asked to be left alone until then.
    pub(super) hold: Option<Timestamp>,
}

/// What a request does, as far as limits go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Draw {
    pub(crate) pool: Pool,
    pub(crate) creates: bool,
}

/// How the budget was told to behave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manners {
    /// The longest pause that only spreads requests.
    pub(crate) longest_spread: Duration,
    /// The longest pause that GitHub ordered which is waited for.
    pub(crate) longest_hold: Duration,
    pub(crate) content: Option<ContentLimits>,
}

impl Account {
    /// What may be created soon.
    pub(super) fn room(&self, limits: &ContentLimits, now: Timestamp) -> Headroom {
        limits.most.room(&self.creations, now)
    }

    /// When a request may start, or which limit forbids it. Reserves its place.
    pub(super) fn plan(&mut self, draw: Draw, manners: &Manners, now: Timestamp) -> Result<Timestamp, Kind> {
        let held = self.hold.map_or(now, |hold| hold.max(now));
        if until(now, held) > manners.longest_hold {
            return Err(Kind::SecondaryLimit { retry_after: until(now, held) });
        }
        let window = self.pools.entry(draw.pool).or_insert(Window::UNKNOWN);
        let spread =
            window.slot(now, manners.longest_spread).ok_or(Kind::PrimaryLimit { until: window.reset })?;
        let creation = match &manners.content {
            Some(limits) if draw.creates => creation_slot(&mut self.creations, limits, now)
                .map_err(|pause| Kind::SecondaryLimit { retry_after: pause })?,
            _ => now,
        };
        window.reserved += 1;
        Ok(held.max(spread).max(creation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Creations;
    use proptest::prelude::*;

    const HOUR: i64 = 3600;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn reading(remaining: u64, reset: i64) -> Reading {
        Reading { pool: Pool::Core, limit: 5000, remaining, reset: at(reset) }
    }

    fn window(remaining: u64, reset: i64) -> Window {
        let mut window = Window::UNKNOWN;
        window.learn(reading(remaining, reset));
        window
    }

    #[test]
    fn what_is_left_is_spread_below_a_tenth() {
        let minute = Duration::from_mins(1);
        let rows: &[(&str, u64, i64, &[Option<i64>])] = &[
            ("plenty", 4000, HOUR, &[Some(0), Some(0)]),
            ("a tenth is still plenty", 500, HOUR, &[Some(0), Some(0)]),
            ("less: one every 3600/360 s", 360, HOUR, &[Some(0), Some(10), Some(20)]),
            ("never longer than the longest pause", 2, HOUR, &[Some(0), Some(60)]),
            ("spent", 0, HOUR, &[None]),
            ("spent, but the reset is past", 0, -1, &[Some(0)]),
        ];
        for (name, remaining, reset, expected) in rows {
            let mut window = window(*remaining, *reset);
            let slots: Vec<_> =
                expected.iter().map(|_| window.slot(at(0), minute).map(Timestamp::as_second)).collect();
            assert_eq!(&slots, expected, "{name}");
        }
        let mut unknown = Window::UNKNOWN;
        assert_eq!(unknown.slot(at(0), minute), Some(at(0)));
    }

    #[test]
    fn answers_that_overtake_each_other_never_give_credit_back() {
        let mut window = window(100, HOUR);
        window.learn(reading(90, HOUR + 1));
        window.learn(reading(95, HOUR));
        assert_eq!((window.remaining, window.reset), (90, at(HOUR)));
        window.learn(reading(4999, 2 * HOUR));
        assert_eq!(window.remaining, 4999);
        window.learn(reading(1, HOUR));
        assert_eq!(window.remaining, 4999, "the old period is over");
    }

    proptest! {
        #[test]
        fn no_minute_and_no_hour_sees_more_creations_than_allowed(
            gaps in proptest::collection::vec(0_u64..40, 1..200),
            per_minute in 1_u32..6,
            per_hour in 1_u32..30,
        ) {
            let most = Creations { per_minute, per_hour };
            let limits = ContentLimits { most, longest_pause: Duration::from_mins(5) };
            let (mut planned, mut now, mut granted) = (VecDeque::new(), at(0), Vec::new());
            for gap in gaps {
                now = after(now, Duration::from_secs(gap));
                match creation_slot(&mut planned, &limits, now) {
                    Ok(slot) => {
                        prop_assert!(slot >= now && until(now, slot) <= limits.longest_pause);
                        granted.push(slot);
                    }
                    Err(pause) => prop_assert!(pause > limits.longest_pause),
                }
            }
            for (index, slot) in granted.iter().enumerate() {
                let within = |period| granted[index..].iter().filter(|other| until(*slot, **other) < period).count();
                prop_assert!(within(Duration::from_mins(1)) <= per_minute as usize);
                prop_assert!(within(Duration::from_hours(1)) <= per_hour as usize);
            }
        }
    }

    /// What a plan announces is what happens: a client that waits as long as it is told to.
    #[test]
    fn so_many_creations_take_as_long_as_a_plan_says() {
        let manners = Manners {
            longest_spread: Duration::ZERO,
            longest_hold: Duration::ZERO,
            content: Some(ContentLimits::GITHUB),
        };
        let draw = Draw { pool: Pool::Core, creates: true };
        for count in [1, 81, 500, 2000, 4000] {
            let (mut account, mut now, mut last) = (Account::default(), at(0), at(0));
            for _ in 0..count {
                loop {
                    match account.plan(draw, &manners, now) {
                        Ok(slot) => {
                            last = slot;
                            break;
                        }
                        Err(Kind::SecondaryLimit { retry_after }) => now = after(now, retry_after),
                        Err(other) => panic!("{other:?}"),
                    }
                }
            }
            assert_eq!(until(at(0), last), Creations::GITHUB.wait(count), "{count}");
        }
    }
}
