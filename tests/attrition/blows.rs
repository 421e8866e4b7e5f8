//! Who is killed, and when: each kind has its share, spread over the states in which a run can be hit.

use std::collections::BTreeMap;
use std::fmt;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::yard::At;

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Agent,
    /// Of a run, or of its gates.
    Supervisor,
    Daemon,
    AllAtOnce,
}

const KINDS: [Kind; 4] = [Kind::Agent, Kind::Supervisor, Kind::Daemon, Kind::AllAtOnce];

impl Kind {
    /// The states in which it can be hit.
    fn states(self) -> &'static [At] {
        match self {
            Self::Agent => &[At::Work, At::GoingOn],
            Self::Supervisor => &[At::Work, At::Checking, At::SettingUp, At::GoingOn],
            Self::Daemon | Self::AllAtOnce => {
                &[At::Work, At::Ended, At::Checking, At::Making, At::Starting, At::SettingUp, At::GoingOn]
            }
        }
    }
}

/// One that is to be killed while something is in this state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blow {
    pub(super) kind: Kind,
    pub(super) at: At,
}

/// So many blows, of each kind as many, in an order that is drawn.
pub(super) fn blows(n: usize, rng: &mut StdRng) -> Vec<Blow> {
    let blow = |n: usize| {
        let kind = KINDS[n % KINDS.len()];
        let states = kind.states();
        Blow { kind, at: states[(n / KINDS.len()) % states.len()] }
    };
    let mut all: Vec<Blow> = (0..n).map(blow).collect();
    all.shuffle(rng);
    all
}

/// How many were killed, and what they were at.
#[derive(Default)]
pub(super) struct Tally {
    kinds: BTreeMap<Kind, usize>,
    states: BTreeMap<(At, Kind), usize>,
}

impl Tally {
    /// Somebody was killed while this was going on.
    pub(super) fn add(&mut self, kind: Kind, hit: impl IntoIterator<Item = At>) {
        *self.kinds.entry(kind).or_default() += 1;
        for at in hit {
            *self.states.entry((at, kind)).or_default() += 1;
        }
    }

    /// Whether each kind had its share, and each state was hit by each kind that can.
    pub(super) fn assert_even(&self, all: usize) {
        for kind in KINDS {
            let n = self.kinds.get(&kind).copied().unwrap_or_default();
            assert!(n >= all / KINDS.len(), "{kind:?}: {self}");
            for at in kind.states() {
                let hit = self.states.get(&(*at, kind)).copied().unwrap_or_default();
                assert!(hit >= all / 100, "{kind:?} at {at:?}: {self}");
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, n) in &self.kinds {
            let hit = self.states.iter().filter(|((_, of), _)| of == kind);
            let hit: Vec<String> = hit.map(|((at, _), n)| format!("{at:?} {n}")).collect();
            writeln!(f, "{kind:?}: {n} killed while there was: {}", hit.join(", "))?;
        }
        Ok(())
    }
}
