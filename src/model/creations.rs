//! How much may be created on GitHub in a minute and in an hour, and how long much takes.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How many things may be created. GitHub publishes 80 a minute and 500 an hour, whatever they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Creations {
    /// In any minute.
    pub per_minute: u32,
    /// In any hour.
    pub per_hour: u32,
}

impl Creations {
    /// The published limits of github.com.
    pub const GITHUB: Self = Self { per_minute: 80, per_hour: 500 };

    /// When the next one may begin; `made` are those before it, oldest first.
    pub fn slot(&self, made: &VecDeque<Timestamp>, now: Timestamp) -> Timestamp {
        let room = |most: u32, hours: SignedDuration| {
            let index = made.len().checked_sub(most.max(1) as usize)?;
            made.get(index)?.checked_add(hours).ok()
        };
        let rooms = [
            room(self.per_minute, SignedDuration::from_mins(1)),
            room(self.per_hour, SignedDuration::from_hours(1)),
        ];
        rooms.into_iter().flatten().fold(now, Timestamp::max)
    }

    /// How many of those before the next one decide when that may begin.
    pub fn remembers(&self) -> usize {
        self.per_minute.max(self.per_hour).max(1) as usize
    }

    /// How long until the last of so many may begin, where nothing was created before.
    pub fn wait(&self, count: usize) -> Duration {
        let (mut made, mut now) = (VecDeque::new(), Timestamp::UNIX_EPOCH);
        for _ in 0..count {
            now = self.slot(&made, now);
            made.push_back(now);
            if made.len() > self.remembers() {
                made.pop_front();
            }
        }
        Duration::try_from(now.duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_much_takes() {
        for (count, minutes) in
            [(0, 0), (80, 0), (81, 1), (500, 6), (501, 60), (1000, 66), (2000, 186), (4000, 426)]
        {
            assert_eq!(Creations::GITHUB.wait(count).as_secs(), minutes * 60, "{count}");
        }
        let none = Creations { per_minute: 0, per_hour: 0 };
        assert_eq!(none.wait(3).as_secs(), 2 * 3600, "one an hour is the least");
    }
}
