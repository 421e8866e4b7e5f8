//! What time it is: the one place that reads the time on which something is decided.
//!
//! Everything that waits for a moment or compares with "now" holds a [`Clock`]. The manual clock moves only
//! when told to, so a test of backoff or of an expiring token takes no time. Time limits on a socket are not
//! decisions and stay with the transport.

#![expect(clippy::disallowed_methods, reason = "the edge where the system time is read")]

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// A source of time; clones share it.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(Arc<watch::Sender<Timestamp>>),
}

impl Clock {
    /// The time of the machine.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until it is advanced.
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(start))))
    }

    /// The current moment.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::now(),
            Source::Manual(time) => *time.borrow(),
        }
    }

    /// Waits until `pause` has passed on this clock. Cancel safe.
    pub async fn sleep(&self, pause: Duration) {
        match &self.0 {
            Source::System => tokio::time::sleep(pause).await,
            Source::Manual(time) => {
                let deadline = after(self.now(), pause);
                let mut moves = time.subscribe();
                // It ends early only when the sender is gone, and `self` holds it.
                drop(moves.wait_for(|now| *now >= deadline).await);
            }
        }
    }

    /// Moves a manual clock forward and wakes whoever slept until then; the system clock is not ours to move.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(time) = &self.0 {
            time.send_modify(|now| *now = after(*now, by));
        }
    }
}

/// The moment `pause` after `moment`, at the end of time at the latest.
pub fn after(moment: Timestamp, pause: Duration) -> Timestamp {
    SignedDuration::try_from(pause)
        .ok()
        .and_then(|pause| moment.checked_add(pause).ok())
        .unwrap_or(Timestamp::MAX)
}

/// How long it is from `now` until `moment`; nothing when that is past.
pub fn until(now: Timestamp, moment: Timestamp) -> Duration {
    Duration::try_from(moment.duration_since(now)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_at_their_moment_and_not_before() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let shared = clock.clone();
        let mut sleeping = Box::pin(shared.sleep(Duration::from_secs(10)));
        assert!((&mut sleeping).now_or_never().is_none());
        clock.advance(Duration::from_secs(9));
        assert!((&mut sleeping).now_or_never().is_none());
        clock.advance(Duration::from_secs(1));
        sleeping.await;
        assert_eq!(clock.now().as_second(), 10);
    }

    #[test]
    fn the_end_of_time_is_a_wall() {
        assert_eq!(after(Timestamp::MAX, Duration::from_secs(1)), Timestamp::MAX);
        assert_eq!(after(Timestamp::UNIX_EPOCH, Duration::MAX), Timestamp::MAX);
        assert_eq!(until(Timestamp::MAX, Timestamp::MIN), Duration::ZERO);
    }
}
