//! What a daemon leaves on disk every few seconds: who it is, how old what it knows is, whether it gets on. Others judge by
//! it whether it is still there; a process that runs may have stopped working long ago.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::adapters::fs;
use crate::adapters::procs::Identity;
use crate::adapters::state::StateDir;

/// How often it is written.
pub const EVERY: Duration = Duration::from_secs(5);
/// How long something may be due without anything being begun or ended.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// The version of the document; it only grows.
const VERSION: u32 = 1;
/// The most bytes of one.
const LIMIT: u64 = 64 << 10;

/// A sign of life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The version of this document.
    pub version: u32,
    /// The config that it works for: the id of its state directory.
    pub config: String,
    /// The daemon.
    pub process: Identity,
    /// When it started.
    pub since: Timestamp,
    /// When this was written.
    pub written: Timestamp,
    /// How old what it knows is.
    pub data: Option<DataAge>,
    /// Whether it gets on.
    pub progress: Progress,
}

/// How old what a daemon knows is: no loop that is switched on has looked successfully before this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataAge {
    /// The last successful look of the loop that has waited longest for one; the start, where there was none.
    pub looked: Timestamp,
    /// That loop.
    pub by: String,
}

/// What was begun and what came to an end since the start. A factory that does neither while something is due is stuck,
/// however many processes it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Runs that were started.
    pub runs_started: u64,
    /// Runs that came to an end, and were closed.
    pub runs_closed: u64,
    /// Ticks that carried something out.
    pub plans_applied: u64,
    /// The median of what it took lately, from the look that found a place for a run to the start of its supervisor, in
    /// milliseconds.
    #[serde(default)]
    pub dispatch_ms: Option<u64>,
    /// When the last of these was.
    pub last: Option<Timestamp>,
    /// What is to be done and was not: actions that nothing holds back, runs that have ended and are not closed.
    pub due: u64,
    /// Since when something is.
    pub due_since: Option<Timestamp>,
}

impl Progress {
    /// Notes what is due by now.
    pub fn is_due(&mut self, due: u64, now: Timestamp) {
        self.due = due;
        self.due_since = if due == 0 { None } else { self.due_since.or(Some(now)) };
    }

    /// Since when something is due and nothing was begun or ended, if that is too long.
    pub fn stuck_since(&self, now: Timestamp) -> Option<Timestamp> {
        let since = self.due_since?.max(self.last.unwrap_or(Timestamp::MIN));
        (now.duration_since(since) >= WINDOW).then_some(since)
    }
}

/// Whether a daemon is there, as its heartbeat and the processes tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// There never was one.
    Never,
    /// Its process is gone.
    Gone(Heartbeat),
    /// It is there, and gets round to saying so.
    Alive(Heartbeat),
    /// It is there, and has not said so for too long.
    Stale(Heartbeat),
    /// It was another config's.
    Anothers(Heartbeat),
}

impl Sign {
    /// What the last heartbeat means to the config of this id; `runs` says whether its process is there.
    pub fn of(
        beat: Option<Heartbeat>,
        runs: bool,
        config: &str,
        stale_after: Duration,
        now: Timestamp,
    ) -> Self {
        match beat {
            None => Self::Never,
            Some(beat) if beat.config != config => Self::Anothers(beat),
            Some(beat) if !runs => Self::Gone(beat),
            Some(beat) if beat.age(now) > stale_after => Self::Stale(beat),
            Some(beat) => Self::Alive(beat),
        }
    }

    /// Its word in documents.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Gone(_) => "gone",
            Self::Alive(_) => "alive",
            Self::Stale(_) => "stale",
            Self::Anothers(_) => "anothers",
        }
    }

    /// The heartbeat, where there is one.
    pub fn beat(&self) -> Option<&Heartbeat> {
        match self {
            Self::Never => None,
            Self::Gone(beat) | Self::Alive(beat) | Self::Stale(beat) | Self::Anothers(beat) => Some(beat),
        }
    }
}

/// Why there is no telling what a daemon left.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be read.
    #[error("the heartbeat can't be read")]
    Files(#[from] fs::Error),
    /// It is damaged.
    #[error("`{}` is no heartbeat", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl Heartbeat {
    /// Of a daemon that is this process.
    ///
    /// # Errors
    /// When it can't learn who it is.
    pub fn own(state: &StateDir, now: Timestamp) -> Result<Self, fs::Error> {
        Ok(Self {
            version: VERSION,
            config: state.id().to_owned(),
            process: Identity::own()?,
            since: now,
            written: now,
            data: None,
            progress: Progress::default(),
        })
    }

    /// Writes it, whole or not at all. The power may take it: who it is about is gone then, too.
    ///
    /// # Errors
    /// When it can't be written; the one before stands.
    pub fn write(&self, state: &StateDir) -> Result<(), fs::Error> {
        let text = serde_json::to_vec_pretty(self).expect("a heartbeat has nothing that JSON hasn't");
        fs::replace_lightly(&file(state.dir()), &text)
    }

    /// The last one; `None` where no daemon ever was.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn read(state: &StateDir) -> Result<Option<Self>, Error> {
        let path = file(state.dir());
        match fs::read(&path, LIMIT) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map(Some).map_err(|source| Error::Damaged { path, source })
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// How long ago it was written. A clock that was set back makes it no younger.
    pub fn age(&self, now: Timestamp) -> Duration {
        now.duration_since(self.written).unsigned_abs()
    }
}

fn file(state: &Path) -> PathBuf {
    state.join("heartbeat.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_767_323_040 + minute * 60).unwrap()
    }

    /// Each row: what is due at which minute, when something was last begun or ended, and whether that is too long at the
    /// twentieth minute.
    #[test]
    fn what_counts_is_whether_it_gets_on() {
        type Row<'a> = (&'a str, &'a [(i64, u64)], Option<i64>, Option<i64>);
        let rows: [Row<'_>; 6] = [
            ("nothing is due", &[(0, 0)], Some(0), None),
            ("due for long, and nothing ever happened", &[(0, 3)], None, Some(0)),
            ("due for long, and nothing happened lately", &[(0, 3), (4, 2)], Some(5), Some(5)),
            ("due for long, and it gets on", &[(0, 3), (4, 2)], Some(6), None),
            ("due for a short time, after a long rest", &[(0, 3), (1, 0), (6, 1)], Some(0), None),
            ("due again for long", &[(0, 3), (1, 0), (5, 1)], Some(0), Some(5)),
        ];
        for (name, due, last, expect) in rows {
            let mut progress = Progress { last: last.map(at), ..Progress::default() };
            for (minute, n) in due {
                progress.is_due(*n, at(*minute));
            }
            assert_eq!(progress.stuck_since(at(20)), expect.map(at), "{name}");
        }
    }

    #[test]
    fn who_is_there_is_judged_by_process_and_age() {
        let home = tempfile::tempdir().unwrap();
        let state = StateDir::prepare(home.path(), None, "u", "main").unwrap();
        let own = Heartbeat::own(&state, at(0)).unwrap();
        for (runs, config, minute, expect) in [
            (true, own.config.as_str(), 5, "alive"),
            (true, own.config.as_str(), 6, "stale"),
            (true, own.config.as_str(), -6, "stale"),
            (false, own.config.as_str(), 0, "gone"),
            (false, "another", 60, "anothers"),
            (true, "another", 0, "anothers"),
        ] {
            let sign = Sign::of(Some(own.clone()), runs, config, Duration::from_mins(5), at(minute));
            assert_eq!(sign.word(), expect, "{runs} {config} {minute}");
        }
        assert_eq!(Sign::of(None, false, &own.config, Duration::ZERO, at(0)), Sign::Never);
    }

    #[test]
    fn the_last_one_is_read_and_a_damaged_one_is_no_absence() {
        let home = tempfile::tempdir().unwrap();
        let state = StateDir::prepare(home.path(), None, "u", "main").unwrap();
        assert_eq!(Heartbeat::read(&state).unwrap(), None);
        let mut beat = Heartbeat::own(&state, at(0)).unwrap();
        beat.write(&state).unwrap();
        beat.written = at(2);
        beat.write(&state).unwrap();
        assert_eq!(Heartbeat::read(&state).unwrap(), Some(beat.clone()));
        assert_eq!(beat.age(at(5)), beat.age(at(-1)));
        fs::replace(&file(state.dir()), b"{\"version\":").unwrap();
        assert!(matches!(Heartbeat::read(&state), Err(Error::Damaged { .. })));
    }
}
