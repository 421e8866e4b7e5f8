//! The accounts that agents work on: what is known of each, and until when nothing is started on one.

use std::time::Duration;

use jiff::Timestamp;

use super::{LONGEST_WAIT, Outcome, Quota, RunSeen, Spent, Then, Usage};

/// The share of a quota, in percent, from which on nothing new is started.
const NEARLY_SPENT: u8 = 90;

/// Who pays for a run, and what it has used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Billed {
    /// The account that its agent works on.
    pub account: String,
    /// What it used so far.
    pub used: Usage,
    /// What that cost, where anybody can tell.
    pub cost: Option<Spent>,
    /// What was said last of the account's quota.
    pub quota: Option<Quota>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// Nothing is started on an account for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paused {
    /// Until when.
    pub until: Timestamp,
    /// Why, in words.
    pub why: String,
}

/// Whether nothing is started on an account: its quota is spent or nearly so, or it isn't let in.
pub fn paused(account: &str, runs: &[RunSeen], now: Timestamp) -> Option<Paused> {
    let nearly = last_quota(account, runs).and_then(nearly_spent);
    let pauses = [refused(account, runs), nearly];
    pauses.into_iter().flatten().filter(|paused| paused.until > now).max_by_key(|paused| paused.until)
}

/// What was said last of an account's quota.
pub fn last_quota(account: &str, runs: &[RunSeen]) -> Option<Quota> {
    of(account, runs).filter_map(|run| run.billed.quota).max_by_key(|quota| quota.at)
}

fn of<'a>(account: &'a str, runs: &'a [RunSeen]) -> impl Iterator<Item = &'a RunSeen> {
    runs.iter().filter(move |run| run.billed.account == account)
}

/// The last run that was sent away says it for all, unless one that began after that was not.
fn refused(account: &str, runs: &[RunSeen]) -> Option<Paused> {
    let over = || of(account, runs).filter_map(|run| Some((run, run.phase.closed()?)));
    let pause = |outcome: &Outcome| if let Then::Pause(until) = outcome.then() { Some(until) } else { None };
    let sent_away = over().filter_map(|(_, closed)| Some((closed, pause(&closed.outcome)?)));
    let (last, until) = sent_away.max_by_key(|(closed, _)| closed.at)?;
    let began_after = |run: &RunSeen| run.id.moment().is_some_and(|began| began > last.at);
    if over().any(|(run, closed)| began_after(run) && pause(&closed.outcome).is_none()) {
        return None;
    }
    let until = until.unwrap_or_else(|| after(last.at, LONGEST_WAIT));
    Some(Paused { until, why: format!("a run ended in `{}`", last.outcome.as_str()) })
}

fn nearly_spent(quota: Quota) -> Option<Paused> {
    let until = quota.until.unwrap_or_else(|| after(quota.at, LONGEST_WAIT));
    let why = format!("{} % of its quota is used", quota.percent);
    (quota.percent >= NEARLY_SPENT).then_some(Paused { until, why })
}

fn after(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(jiff::SignedDuration::try_from(wait).unwrap_or_default()).unwrap_or(at)
}
