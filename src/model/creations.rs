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

/// How many things may be created soon, and from when on more may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headroom {
    /// By which limits.
    pub of: Creations,
    /// How many.
    pub count: usize,
    /// When so many more may be created that it is worth a look.
    pub more_at: Timestamp,
}

/// Whoever looks at the world again and again waits no longer than this to create something: meanwhile nothing is looked at.
const SOON: SignedDuration = SignedDuration::from_secs(2);
/// The most that is ever created between two looks.
const MOST: usize = 1_000;
/// So many are worth a look of their own …
const WORTH_A_LOOK: usize = 10;
/// … and fewer after so long.
const LONGEST: SignedDuration = SignedDuration::from_secs(20);

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

    /// What may be created soon; `made` are those before it, oldest first.
    pub fn room(&self, made: &VecDeque<Timestamp>, now: Timestamp) -> Headroom {
        let mut made = made.clone();
        let slots: Vec<Timestamp> = std::iter::repeat_with(|| {
            let slot = self.slot(&made, now);
            made.push_back(slot);
            if made.len() > self.remembers() {
                made.pop_front();
            }
            slot
        })
        .take(MOST + WORTH_A_LOOK)
        .collect();
        let soon = now.checked_add(SOON).unwrap_or(Timestamp::MAX);
        let count = slots.partition_point(|slot| *slot <= soon).min(MOST);
        let first = slots[count].max(now);
        let at_last = first.checked_add(LONGEST).unwrap_or(Timestamp::MAX);
        Headroom { of: *self, count, more_at: slots[count + WORTH_A_LOOK - 1].clamp(first, at_last) }
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
    fn what_there_is_room_for() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let made = |seconds: &[i64]| seconds.iter().map(|second| at(*second)).collect::<VecDeque<_>>();
        let few = Creations { per_minute: 4, per_hour: 20 };
        for (seconds, now, count, more_at) in [
            (&[][..], 100, 4, 180),
            (&[40, 50, 60, 70], 100, 1, 130),
            (&[41, 42, 50, 60], 100, 2, 130),
            (&[90, 91, 92, 93], 100, 0, 170),
        ] {
            let room = few.room(&made(seconds), at(now));
            assert_eq!((room.count, room.more_at), (count, at(more_at)), "{seconds:?}");
        }
        let much = Creations { per_minute: 1_000_000, per_hour: 1_000_000 };
        assert_eq!(much.room(&made(&[]), at(0)).count, MOST);
    }

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
