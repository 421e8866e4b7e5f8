//! What a loop is.

use std::time::Duration;

use crate::desired::shape;
use crate::model::{Desired, Facet, Facets, Observed, Repo, RepoState, Verb};
use crate::plan::Plan;

/// A controller. It says what it reads, when it looks, what it may do, and decides; the engine does the rest:
/// switches, single flight, interval and jitter, watchdog, backoff, budgets, ledger, status.
pub trait Loop {
    /// Its own settings, with their defaults.
    type Settings: Settings;

    /// Its name in config, addresses and documents.
    const NAME: &'static str;
    /// One paragraph for `explain`, `loop list` and the reference docs.
    const ABOUT: &'static str;
    /// When it looks again.
    const TRIGGERS: &'static [Trigger];
    /// What has to be read for it. A disabled loop costs no API call.
    const NEEDS: Facets;
    /// What it may do; a guard refuses anything else.
    const MAY: &'static [Verb];

    /// Decides. Synchronous, total, deterministic, and no clock but `cx.now`.
    fn plan(cx: &Cx<'_, Self::Settings>) -> Plan;
}

/// Everything a loop decides by.
pub struct Cx<'a, S> {
    /// The config in force.
    pub desired: &'a Desired,
    /// What was read.
    pub observed: &'a Observed,
    /// The loop's own settings.
    pub settings: &'a S,
    /// The time of this tick.
    pub now: jiff::Timestamp,
}

impl<'a, S> Cx<'a, S> {
    /// The same without the settings of a loop.
    pub(super) fn work(&self) -> crate::work::Cx<'a> {
        crate::work::Cx { desired: self.desired, observed: self.observed, now: self.now }
    }

    /// Today, UTC.
    pub fn today(&self) -> jiff::civil::Date {
        self.now.to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    /// What to say of a declared repository that isn't there. Every loop that would have to do with it says so: each may
    /// be looking alone.
    pub fn absent(&self, repo: &Repo) -> String {
        let near = self
            .observed
            .unmanaged
            .iter()
            .map(|u| (strsim::damerau_levenshtein(&u.name.to_string(), repo.name.as_str()), &u.name))
            .filter(|(distance, _)| *distance <= 3)
            .min();
        let hint = near.map(|(_, name)| format!("did you mean {name}? ")).unwrap_or_default();
        format!(
            "is declared at {} and isn't on GitHub, or this credential can't see it; {hint}`create=#true` makes it",
            repo.source
        )
    }
}

/// What to say of a declared repository that has another name by now, for the same loops.
pub(super) fn renamed(repo: &Repo, state: &RepoState) -> String {
    format!("is called {} now; declare it by that name ({})", state.name, repo.source)
}

/// A reason to look again; it carries no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Time has passed.
    Every(Duration),
    /// This part of the world may have changed.
    On(Facet),
}

impl Trigger {
    /// Every so many minutes.
    pub const fn minutes(minutes: u64) -> Self {
        Self::Every(Duration::from_secs(minutes * 60))
    }
}

/// The settings of a loop: how config spells them, and the decoded value.
pub trait Settings: Sized {
    /// Names, types, defaults and explanations of the settings; only the fields count.
    const KIND: &'static shape::Kind;

    /// Takes the values out of what config says; what it doesn't say has the field's default.
    fn read(values: &shape::Settings<'_>) -> Self;
}

/// For a loop that has no settings of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSettings;

impl Settings for NoSettings {
    const KIND: &'static shape::Kind = &shape::Kind::EMPTY;

    fn read(_: &shape::Settings<'_>) -> Self {
        Self
    }
}
