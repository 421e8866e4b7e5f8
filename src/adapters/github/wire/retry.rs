//! Which failed request is sent again, and when. Pure but for the dice.
//!
//! The law: nothing is repeated that may have happened and can't happen twice unnoticed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::adapters::github::config::Retries;
use crate::adapters::github::error::{Error, Kind, Sent};

/// What repeating a request would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeatable {
    /// A read: nothing.
    Read,
    /// A write that is the same done twice.
    Idempotent,
    /// A second thing.
    Never,
}

/// Decides on pauses; holds the dice.
#[derive(Debug)]
pub(crate) struct Retry {
    policy: Retries,
    dice: Mutex<StdRng>,
}

impl Retry {
    pub(crate) fn new(policy: Retries, seed: u64) -> Self {
        Self { policy, dice: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// How long to wait before the next try, or nothing where the error stands. `tries` have been made.
    pub(crate) fn pause(&self, error: &Error, repeatable: Repeatable, tries: u32) -> Option<Duration> {
        let part: f64 = self.dice.lock().unwrap_or_else(PoisonError::into_inner).random_range(0.5..=1.0);
        pause(&self.policy, error, repeatable, tries, part)
    }
}

/// `part` is the part of the pause that is kept, between a half and one.
fn pause(policy: &Retries, error: &Error, repeatable: Repeatable, tries: u32, part: f64) -> Option<Duration> {
    if tries >= policy.tries || !safe(error.kind(), repeatable) {
        return None;
    }
    if let Kind::SecondaryLimit { retry_after } = error.kind() {
        return (*retry_after <= policy.longest_wait).then_some(*retry_after);
    }
    let doubled = policy.first.saturating_mul(1 << tries.saturating_sub(1).min(16));
    let own = doubled.min(policy.longest).mul_f64(part);
    match error.retry_after() {
        // To come back sooner than a failing server asks for would only keep it down.
        Some(asked) => (asked <= policy.longest_wait).then_some(asked.max(own)),
        None => Some(own),
    }
}

/// Whether repeating can do no harm, and some good.
fn safe(kind: &Kind, repeatable: Repeatable) -> bool {
    match kind {
        // Refused, or never sent: it did not happen.
        Kind::SecondaryLimit { .. } | Kind::Network { sent: Sent::No } => true,
        // It may have happened.
        Kind::Server | Kind::Timeout | Kind::Network { sent: Sent::Maybe } | Kind::Malformed { .. } => {
            repeatable != Repeatable::Never
        }
        Kind::Absent
        | Kind::Unauthorized
        | Kind::Forbidden { .. }
        | Kind::Archived
        | Kind::PrimaryLimit { .. }
        | Kind::Conflict
        | Kind::Invalid { .. }
        | Kind::Moved { .. }
        | Kind::TooLarge => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use std::fmt::Write;

    const POLICY: Retries = Retries {
        tries: 4,
        first: Duration::from_secs(1),
        longest: Duration::from_secs(3),
        longest_wait: Duration::from_secs(10),
        seed: None,
    };

    fn wait(seconds: u64) -> Kind {
        Kind::SecondaryLimit { retry_after: Duration::from_secs(seconds) }
    }

    fn failed(kind: Kind) -> Error {
        Error::new(kind, &http::Method::GET, "/")
    }

    #[test]
    fn a_failing_server_is_left_alone_as_long_as_it_asks_within_reason() {
        let pause = |asked, repeatable, tries| {
            let error = failed(Kind::Server).with_retry_after(Some(Duration::from_secs(asked)));
            pause(&POLICY, &error, repeatable, tries, 1.0).map(|pause| pause.as_secs())
        };
        assert_eq!(pause(7, Repeatable::Read, 1), Some(7));
        assert_eq!(pause(10, Repeatable::Idempotent, 2), Some(10));
        assert_eq!(pause(0, Repeatable::Read, 1), Some(1), "never sooner than without being asked");
        assert_eq!(pause(11, Repeatable::Read, 1), None, "no longer than a secondary limit is waited for");
        assert_eq!(pause(7, Repeatable::Never, 1), None, "it may have happened");
        assert_eq!(pause(7, Repeatable::Read, 4), None);
    }

    #[test]
    fn only_what_cannot_happen_twice_is_repeated() {
        let kinds = [
            Kind::Server,
            Kind::Timeout,
            Kind::Network { sent: Sent::No },
            Kind::Network { sent: Sent::Maybe },
            Kind::Malformed { why: "cut short" },
            wait(10),
            wait(11),
            Kind::PrimaryLimit { until: Timestamp::UNIX_EPOCH },
            Kind::Absent,
            Kind::Unauthorized,
            Kind::Forbidden { needs: Vec::new() },
            Kind::Archived,
            Kind::Conflict,
            Kind::Invalid { errors: Vec::new() },
            Kind::Moved { to: "/x".into(), now: None },
            Kind::TooLarge,
        ];
        let mut table = String::new();
        for kind in &kinds {
            let error = failed(kind.clone());
            let says = |repeatable| match pause(&POLICY, &error, repeatable, 1, 1.0) {
                Some(pause) => format!("{}s", pause.as_secs()),
                None => "-".to_owned(),
            };
            let [read, same, never] = [Repeatable::Read, Repeatable::Idempotent, Repeatable::Never].map(says);
            writeln!(table, "{read:>4} {same:>4} {never:>4}  {kind}").unwrap();
        }
        insta::assert_snapshot!(table, @r"
         1s   1s    -  GitHub failed
         1s   1s    -  no answer in time
         1s   1s   1s  cannot connect to GitHub
         1s   1s    -  the connection to GitHub broke
         1s   1s    -  the answer is cut short
        10s  10s  10s  too many requests in a short time, wait 10 s
          -    -    -  too many requests in a short time, wait 11 s
          -    -    -  the rate limit is spent until 1970-01-01T00:00:00Z
          -    -    -  not found, or not visible to this credential
          -    -    -  GitHub doesn't accept the credential
          -    -    -  forbidden for this credential
          -    -    -  the repository is archived
          -    -    -  conflict with the present state
          -    -    -  GitHub refuses the request
          -    -    -  moved to /x
          -    -    -  the answer is too large
        ");
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_end() {
        let pauses: Vec<_> = (1..=5)
            .map(|tries| pause(&POLICY, &failed(Kind::Server), Repeatable::Read, tries, 1.0))
            .collect();
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(pauses, [seconds(1), seconds(2), seconds(3), None, None]);
    }

    #[test]
    fn one_seed_gives_one_sequence() {
        let error = failed(Kind::Server);
        let rolls = |seed| {
            let retry = Retry::new(POLICY, seed);
            [1, 2, 3].map(|tries| retry.pause(&error, Repeatable::Read, tries))
        };
        assert_eq!(rolls(7), rolls(7));
        assert_ne!(rolls(7), rolls(8));
    }
}
