//! The accounts that agents work on: what is known of each, and until when nothing is started on one.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{LONGEST_WAIT, Quota, RunSeen, Spent, Then, Usage, day_of};

/// The share of a quota, in percent, from which on nothing new is started.
const NEARLY_SPENT: u8 = 90;
/// How many days are told apart.
const DAYS: usize = 8;

/// Who pays for a run, and what it has used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Billed {
    /// The account that its agent works on.
    pub account: String,
    /// What it used so far.
    pub used: Usage,
    /// What that cost, where anybody can tell.
    pub cost: Option<Spent>,
    /// What was said last of the account's quotas.
    pub quotas: Vec<Quota>,
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

/// What runs used and cost, and what they learned of their accounts. It holds no more for more runs, so that it can be kept
/// of all that ever were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paid {
    accounts: BTreeMap<String, Learned>,
    /// Of those that ended, by the day (UTC) on which they did; of the last days.
    days: BTreeMap<Date, Sum>,
    /// Of those that have not ended, which count for every day.
    under: Sum,
    /// What those cost so far that are not over.
    pub open: Sum,
    /// What those cost that are over.
    pub in_all: Sum,
    /// The same by what they were for: the addresses of tasks.
    pub by_source: BTreeMap<String, Sum>,
    /// The same by agent.
    pub by_agent: BTreeMap<String, Sum>,
    /// How many are over, by outcome.
    pub by_outcome: BTreeMap<String, u64>,
}

/// What the runs on an account learned of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Learned {
    /// What was said last of each of its quotas.
    quotas: BTreeMap<String, Quota>,
    /// The run that was sent away for longest, and the last one that was for nobody knows how long.
    refused: [Option<Refused>; 2],
    /// When the last one began that was over without being sent away.
    let_in: Option<Timestamp>,
}

/// What some runs used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// How many they are.
    pub runs: u64,
    /// What they cost, in millionths of a US dollar.
    pub micros: u64,
    /// How many of them nobody knows the cost of.
    pub untold: u64,
    /// Tokens read by models that were not in their cache.
    pub input: u64,
    /// Tokens read from a cache.
    pub cached: u64,
    /// Tokens written.
    pub output: u64,
}

impl Sum {
    fn add(&mut self, run: &RunSeen) {
        let (cost, Usage { input, cached, output, .. }) = (run.billed.cost, run.billed.used);
        self.plus(Self {
            runs: 1,
            micros: cost.map_or(0, |cost| cost.micros),
            untold: u64::from(cost.is_none()),
            input,
            cached,
            output,
        });
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.plus(other);
        self
    }

    fn plus(&mut self, other: Self) {
        self.runs += other.runs;
        self.micros = self.micros.saturating_add(other.micros);
        self.untold += other.untold;
        self.input = self.input.saturating_add(other.input);
        self.cached = self.cached.saturating_add(other.cached);
        self.output = self.output.saturating_add(other.output);
    }
}

/// A run was sent away.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    at: Timestamp,
    until: Timestamp,
    outcome: String,
}

impl Learned {
    fn add(&mut self, run: &RunSeen) {
        for quota in &run.billed.quotas {
            let before = self.quotas.entry(quota.of.clone()).or_insert_with(|| quota.clone());
            if before.at <= quota.at {
                before.clone_from(quota);
            }
        }
        let Some(closed) = run.phase.closed() else { return };
        if let Then::Pause(said) = closed.outcome.then() {
            let until = said.unwrap_or_else(|| after(closed.at, LONGEST_WAIT));
            let longest = &mut self.refused[usize::from(said.is_none())];
            if longest.as_ref().is_none_or(|before| before.until <= until) {
                *longest =
                    Some(Refused { at: closed.at, until, outcome: closed.outcome.as_str().to_owned() });
            }
        } else {
            self.let_in = self.let_in.max(run.id.moment());
        }
    }

    /// Who was sent away says it for all, unless one that began after that was not.
    fn refused(&self) -> impl Iterator<Item = Paused> {
        let stands = |it: &&Refused| self.let_in.is_none_or(|began| began <= it.at);
        self.refused
            .iter()
            .flatten()
            .filter(stands)
            .map(|it| Paused { until: it.until, why: format!("a run ended in `{}`", it.outcome) })
    }

    fn nearly_spent(&self) -> impl Iterator<Item = Paused> {
        self.quotas.values().filter(|quota| quota.percent >= NEARLY_SPENT).map(|quota| Paused {
            until: begins_anew(quota),
            why: format!("{} % of its quota is used", quota.percent),
        })
    }
}

fn begins_anew(quota: &Quota) -> Timestamp {
    quota.until.unwrap_or_else(|| after(quota.at, LONGEST_WAIT))
}

impl Paid {
    /// What these runs paid.
    pub fn of<'a>(runs: impl IntoIterator<Item = &'a RunSeen>) -> Self {
        let mut paid = Self::default();
        for run in runs {
            paid.add(run);
        }
        paid
    }

    /// And one more.
    pub fn add(&mut self, run: &RunSeen) {
        self.accounts.entry(run.billed.account.clone()).or_default().add(run);
        match run.billed.ended {
            Some(at) => self.days.entry(day_of(at)).or_default().add(run),
            None => self.under.add(run),
        }
        while self.days.len() > DAYS {
            self.days.pop_first();
        }
        let Some(closed) = run.phase.closed() else { return self.open.add(run) };
        self.in_all.add(run);
        let source = run.of.subject.address(&run.of.repo);
        self.by_source.entry(source.to_string()).or_default().add(run);
        self.by_agent.entry(run.agent.clone()).or_default().add(run);
        *self.by_outcome.entry(closed.outcome.as_str().to_owned()).or_default() += 1;
    }

    /// What the runs of a day (UTC) cost: those that ended on it, and those that have not ended. Of the last days only.
    pub fn on(&self, day: Date) -> Sum {
        self.days.get(&day).copied().unwrap_or_default().and(self.under)
    }

    /// Whether nothing is started on an account: its quota is spent or nearly so, or it isn't let in.
    pub fn paused(&self, account: &str, now: Timestamp) -> Option<Paused> {
        let learned = self.accounts.get(account)?;
        let pauses = learned.refused().chain(learned.nearly_spent());
        pauses.filter(|paused| paused.until > now).max_by_key(|paused| paused.until)
    }

    /// The most used of an account's quotas that haven't begun anew since that was said.
    pub fn quota(&self, account: &str, now: Timestamp) -> Option<&Quota> {
        let quotas = self.accounts.get(account)?.quotas.values();
        quotas.filter(|quota| begins_anew(quota) > now).max_by_key(|quota| quota.percent)
    }
}

fn after(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(jiff::SignedDuration::try_from(wait).unwrap_or_default()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::model::samples::{closed, name, now};
    use crate::model::{Closed, Outcome, RunId, RunOf, RunPhase};

    fn at(minutes: i64) -> Timestamp {
        now() + SignedDuration::from_mins(minutes)
    }

    /// A run of one account that took ten minutes, until that many after [`now`].
    fn run(minutes: i64, outcome: Outcome, quotas: Vec<Quota>) -> RunSeen {
        let of = RunOf {
            repo: name("acme/widgets"),
            subject: crate::model::Subject::Task("a".into()),
            version: "v".into(),
            attempt: 1,
            branch: "b".into(),
            continues: None,
            after: None,
            play: None,
        };
        let billed = Billed { account: "x".into(), quotas, ended: Some(at(minutes)), ..Billed::default() };
        let ended = Closed { at: at(minutes), ..closed(outcome) };
        RunSeen {
            id: RunId::new(at(minutes - 10), &minutes.to_le_bytes()),
            of,
            agent: "one".into(),
            prompt: String::new(),
            billed,
            phase: RunPhase::Closed(Box::new(ended)),
        }
    }

    fn quota(of: &str, percent: u8, told: i64, until: i64) -> Quota {
        Quota { of: of.into(), percent, until: Some(at(until)), at: at(told) }
    }

    #[track_caller]
    fn pauses(runs: &[RunSeen], until: Option<i64>) {
        let paused = Paid::of(runs).paused("x", at(0));
        assert_eq!(paused.as_ref().map(|paused| paused.until), until.map(at), "{paused:?}");
    }

    /// An account has several quotas: what is said of one tells nothing of another.
    #[test]
    fn each_quota_of_an_account_counts() {
        let week = || quota("week", 95, -30, 600);
        let told = |quotas| run(-20, Outcome::Done, quotas);
        pauses(&[told(vec![week()])], Some(600));
        pauses(&[told(vec![week(), quota("hours", 12, -29, 60)])], Some(600));
        pauses(&[told(vec![week()]), told(vec![quota("hours", 93, -25, 60)])], Some(600));
        pauses(&[told(vec![week()]), told(vec![quota("week", 3, -25, 900)])], None);
        pauses(&[told(vec![quota("week", 3, -25, 900)]), told(vec![week()])], None);
        let paid = Paid::of(&[told(vec![week(), quota("hours", 12, -29, 60)])]);
        assert_eq!(paid.quota("x", at(0)), Some(&week()));
        assert_eq!(paid.quota("x", at(60 * 10)), None, "both began anew");
    }

    /// A time that was said stands, also when somebody is sent away later without one; who is let in after it ends both.
    #[test]
    fn a_pause_with_a_time_stands() {
        let credit = || run(-30, Outcome::Credit(Some(at(300))), Vec::new());
        let away = |minutes| run(minutes, Outcome::Auth, Vec::new());
        let hour = i64::try_from(LONGEST_WAIT.as_secs() / 60).unwrap();
        pauses(&[away(-20)], Some(hour - 20));
        pauses(&[credit(), away(-20)], Some(300));
        pauses(&[away(-20), credit()], Some(300));
        pauses(&[credit(), run(-25, Outcome::Done, Vec::new())], Some(300));
        pauses(&[credit(), away(-20), run(-5, Outcome::Done, Vec::new())], None);
        pauses(&[away(-90)], None);
        assert_eq!(Paid::of(&[away(-20)]).paused("y", at(0)), None);
    }
}
