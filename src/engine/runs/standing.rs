//! How agents stand: who is at work, which accounts are paused, what was spent; as `status` tells it.
//!
//! It is told from the records of runs on this machine, which outlive the daemon.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Known;
use super::close::ONCE_RIGHT;
use super::seen::read;
use crate::adapters::said;
use crate::adapters::state::StateDir;
use crate::model::{AtWork, Desired, Paid, RunId, RunPhase, RunSeen, Sum, day_of, usd};
use crate::plan::render::printable;

/// How many tasks, and agents, are told of what they cost; those that cost most.
const SHOWN: usize = 10;

/// How agents stand, as far as the records of this machine tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Who is at work.
    pub slots: Slots,
    /// The accounts of all agents, by name.
    pub accounts: Vec<AccountStanding>,
    /// What the runs of today (UTC) cost.
    pub today: Sum,
    /// What a day may cost, in millionths of a US dollar.
    pub per_day_micros: Option<u64>,
    /// What those cost so far that are not over; their figures may still change.
    #[serde(default)]
    pub open: Sum,
    /// What all cost that are over.
    pub in_all: Sum,
    /// The same by what they were for: the addresses of tasks.
    pub by_source: BTreeMap<String, Sum>,
    /// The same by agent.
    pub by_agent: BTreeMap<String, Sum>,
    /// How many runs ended in each outcome.
    pub by_outcome: BTreeMap<String, u64>,
    /// The runs that have ended and are not closed yet, oldest first.
    #[serde(default)]
    pub ended: Vec<EndedRun>,
}

/// A run that has ended and is not closed yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedRun {
    /// Which.
    pub run: RunId,
    /// What it was for.
    pub task: String,
    /// Why it could not be closed when that was tried last, if it was.
    pub unclosed: Option<String>,
}

/// How many agents are at work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    /// Now.
    pub used: u32,
    /// At most.
    pub of: u32,
    /// At most in one repository.
    pub of_repo: u32,
    /// Now, by repository.
    pub by_repo: BTreeMap<String, u32>,
}

/// How an account stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountStanding {
    /// Its name.
    pub name: String,
    /// Until when nothing is started on it.
    pub paused_until: Option<Timestamp>,
    /// Why.
    pub why: Option<String>,
    /// How much of its quota was used when that was said last, in percent.
    pub quota: Option<u8>,
}

fn says(sum: &Sum) -> String {
    let untold = if sum.untold == 0 { String::new() } else { format!(", {} of them not told", sum.untold) };
    let runs = if sum.runs == 1 { "run" } else { "runs" };
    format!("{} in {} {runs}{untold}", usd(sum.micros), sum.runs)
}

impl Standing {
    /// From the records of this machine.
    ///
    /// # Errors
    /// When they can't be read, with why.
    pub fn read(state: &StateDir, known: &Known, desired: &Desired, now: Timestamp) -> Result<Self, String> {
        let read = read(&state.runs(), known, std::iter::empty());
        let (runs, paid) = read.map_err(|error| said(&error))?;
        Ok(Self::of(desired, &runs, &paid, now))
    }

    /// From the runs that aren't over, and what all of them paid.
    pub fn of(desired: &Desired, runs: &[RunSeen], paid: &Paid, now: Timestamp) -> Self {
        let caps = desired.run_caps;
        let at_work = AtWork::of(runs);
        let by_repo = at_work.by_repo().map(|(repo, n)| (repo.to_string(), n)).collect();
        let slots = Slots { used: at_work.all(), of: caps.runs, of_repo: caps.per_repo, by_repo };
        let ended = runs.iter().filter_map(|run| match &run.phase {
            RunPhase::Ended { unclosed } => Some(EndedRun {
                run: run.id.clone(),
                task: format!("{}/{}", run.of.repo, run.of.subject.place()),
                unclosed: unclosed.clone(),
            }),
            RunPhase::Under | RunPhase::Checking | RunPhase::Closed(_) => None,
        });
        let names: BTreeSet<&str> = desired.agents.values().map(|agent| agent.account.as_str()).collect();
        let account = |name: &str| {
            let (paused_until, why) = paid.paused(name, now).map(|paused| (paused.until, paused.why)).unzip();
            let quota = paid.quota(name, now).map(|quota| quota.percent);
            AccountStanding { name: name.to_owned(), paused_until, why, quota }
        };
        Self {
            slots,
            accounts: names.into_iter().map(account).collect(),
            today: paid.on(day_of(now)),
            per_day_micros: caps.spend_per_day,
            open: paid.open,
            in_all: paid.in_all,
            by_source: paid.by_source.clone(),
            by_agent: paid.by_agent.clone(),
            by_outcome: paid.by_outcome.clone(),
            ended: ended.collect(),
        }
    }

    /// As people read it.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let Slots { used, of, by_repo, .. } = &self.slots;
        let _ = write!(out, "agents: {used} of {of} at work");
        for (repo, n) in by_repo {
            let _ = write!(out, ", {n} in {repo}");
        }
        out.push('\n');
        let mut waiting = 0;
        for EndedRun { run, task, unclosed } in &self.ended {
            if let Some(why) = unclosed {
                let says =
                    format!("! run {run} of {task} has ended and can't be closed: {why}; {ONCE_RIGHT}");
                let _ = writeln!(out, "{}", printable(&says));
            } else {
                waiting += 1;
            }
        }
        if waiting > 0 {
            let runs = if waiting == 1 { "run has" } else { "runs have" };
            let _ = writeln!(
                out,
                "{waiting} {runs} ended and not been closed yet: the next look saves what was made (the daemon, `factoryctl \
                 apply` or `factoryctl reap`)"
            );
        }
        for AccountStanding { name, paused_until, why, quota } in &self.accounts {
            let quota = quota.map(|percent| format!("{percent} % of its quota is used"));
            if let (Some(until), Some(why)) = (paused_until, why) {
                let _ = writeln!(out, "account {name}: paused until {until:.0}: {why}");
            } else if let Some(quota) = quota {
                let _ = writeln!(out, "account {name}: {quota}");
            }
        }
        if self.in_all.runs + self.open.runs > 0 {
            let most = self.per_day_micros.map(|most| format!(" of {}", usd(most))).unwrap_or_default();
            let (today, all) = (usd(self.today.micros), says(&self.in_all.and(self.open)));
            let _ = writeln!(out, "spend: today {today}{most}; in all {all}");
            if self.open.runs > 0 {
                let _ = writeln!(out, "  not over yet: {}", says(&self.open));
            }
            out.push_str(&dearest("", &self.by_source));
            out.push_str(&dearest("agent ", &self.by_agent));
        }
        out
    }
}

/// The sums that cost most, and how many there are besides.
fn dearest(what: &str, sums: &BTreeMap<String, Sum>) -> String {
    let mut all: Vec<(&String, &Sum)> = sums.iter().collect();
    all.sort_by_key(|(_, sum)| std::cmp::Reverse((sum.micros, sum.runs)));
    let mut out = String::new();
    for (name, sum) in all.iter().take(SHOWN) {
        let _ = writeln!(out, "  {what}{name}: {}", says(sum));
    }
    if let Some(more) = all.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(out, "  and {more} more (status --json)");
    }
    out
}

#[cfg(test)]
pub(in crate::engine) mod tests {
    use super::*;
    use crate::model::samples::{agent, closed, desired, name, now, repo};
    use crate::model::{Billed, Closed, Figure, Outcome, Quota, RunCaps, RunOf, Spent, Subject, Usage};

    fn run(task: &str, ended_hours_ago: Option<i64>, micros: Option<u64>) -> RunSeen {
        let ago = |hours: i64| now().checked_sub(jiff::SignedDuration::from_hours(hours)).unwrap();
        let ended = ended_hours_ago.map(ago);
        let closed = |at| Closed { at, ..closed(Outcome::Done) };
        RunSeen {
            id: RunId::new(ago(48), task.as_bytes()),
            of: RunOf {
                repo: name("acme/widgets"),
                subject: Subject::Task(task.into()),
                version: "v".into(),
                attempt: 1,
                branch: "b".into(),
                continues: None,
                after: None,
                play: None,
            },
            agent: "one".into(),
            prompt: String::new(),
            billed: Billed {
                account: "shared".into(),
                used: Usage { turns: 2, input: 10, cached: 5, output: 1, cost: None },
                cost: micros.map(|micros| Spent { micros, figure: Figure::Table }),
                quotas: ended
                    .map(|at| Quota { of: String::new(), percent: 93, until: None, at })
                    .into_iter()
                    .collect(),
                ended,
            },
            phase: ended.map_or(RunPhase::Under, |at| RunPhase::Closed(Box::new(closed(at)))),
        }
    }

    /// One run is at work, one ended today, one yesterday and told nothing of its cost.
    pub(in crate::engine) fn standing() -> Standing {
        let agents = ["one", "two"].map(|name| {
            let account = if name == "one" { "shared" } else { "two" };
            (name.to_owned(), crate::model::AgentConfig { account: account.into(), ..agent(name) })
        });
        let run_caps = RunCaps { spend_per_day: Some(5_000_000), ..RunCaps::default() };
        let wanted = Desired { agents: agents.into(), run_caps, ..desired([repo("acme/widgets")]) };
        let runs =
            [run("a", None, Some(1_500_000)), run("b", Some(0), Some(250_000)), run("a", Some(30), None)];
        Standing::of(&wanted, &runs, &Paid::of(&runs), now())
    }

    #[test]
    fn it_is_said_who_works_and_what_it_cost() {
        insta::assert_snapshot!(standing().text(), @r"
        agents: 1 of 4 at work, 1 in acme/widgets
        account shared: paused until 2026-06-01T13:00:00Z: 93 % of its quota is used
        spend: today 1.75 USD of 5.00 USD; in all 1.75 USD in 3 runs, 1 of them not told
          not over yet: 1.50 USD in 1 run
          repo/acme/widgets/task/b: 0.25 USD in 1 run
          repo/acme/widgets/task/a: 0.00 USD in 1 run, 1 of them not told
          agent one: 0.25 USD in 2 runs, 1 of them not told
        ");
    }

    #[test]
    fn what_has_ended_and_is_not_closed_is_told() {
        let ended = |task: &str, unclosed: Option<&str>| {
            let unclosed = unclosed.map(str::to_owned);
            RunSeen { phase: RunPhase::Ended { unclosed }, ..run(task, None, None) }
        };
        let text = |runs: &[RunSeen]| Standing::of(&desired([]), runs, &Paid::default(), now()).text();
        let runs = [ended("a", None), ended("b", Some("no room\nis left")), ended("c", None)];
        let says = text(&runs);
        assert!(says.contains("\n2 runs have ended and not been closed yet: the next look saves"), "{says}");
        let of_b =
            format!("\n! run {} of acme/widgets/task/b has ended and can't be closed: no room", runs[1].id);
        assert!(says.contains(&of_b) && says.contains(ONCE_RIGHT), "{says}");
        assert!(text(&runs[..1]).contains("\n1 run has ended"), "{}", text(&runs[..1]));
    }

    #[test]
    fn what_costs_most_is_told_first_and_the_rest_counted() {
        let sum = |micros| Sum { runs: 1, micros, ..Sum::default() };
        let sums: BTreeMap<String, Sum> =
            (0..13).map(|n| (format!("task-{n:02}"), sum(n * 10_000))).collect();
        let text = dearest("", &sums);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            (lines[0], lines[9]),
            ("  task-12: 0.12 USD in 1 run", "  task-03: 0.03 USD in 1 run"),
            "{text}"
        );
        assert_eq!(lines[10..], ["  and 3 more (status --json)"], "{text}");
        assert_eq!(dearest("", &sums.into_iter().take(SHOWN).collect()).lines().count(), SHOWN);
    }

    #[test]
    fn without_runs_little_is_said() {
        let text = Standing::of(&desired([]), &[], &Paid::default(), now()).text();
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
