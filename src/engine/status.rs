//! What a running daemon says about itself: one versioned document, and its text.

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::heartbeat::{DataAge, Progress};
use crate::engine::queues::{Queues, RunsOfIssues};
use crate::engine::runs::Standing;
use crate::engine::scheduler::State;
use crate::plan::render::printable;

/// The version of the document; it only grows.
pub(crate) const VERSION: u32 = 1;

/// What a daemon is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The version of this document.
    pub version: u32,
    /// The factory's name.
    pub factory: String,
    /// The daemon's process.
    pub pid: u32,
    /// The folder that its state is kept in, as `--state-dir` names it.
    #[serde(default)]
    pub state_dir: Option<PathBuf>,
    /// When it started.
    pub since: Timestamp,
    /// When this was said.
    pub at: Timestamp,
    /// Whether it ends as soon as what is under way is done.
    pub draining: bool,
    /// The config.
    pub config: ConfigStatus,
    /// Where webhooks are received.
    pub webhooks: Option<String>,
    /// Webhook deliveries that were refused since the start, for example because the secret is another.
    pub refused_deliveries: u64,
    /// The loops, in the registry's order.
    pub loops: Vec<LoopStatus>,
    /// Live flips.
    pub flips: Vec<FlipStatus>,
    /// What is left of GitHub's limits.
    pub budgets: Vec<BudgetStatus>,
    /// Requests sent to GitHub since the start.
    pub requests: u64,
    /// The ledger.
    pub ledger: LedgerStatus,
    /// How agents stand; none where the records of runs can't be read.
    #[serde(default)]
    pub agents: Option<Standing>,
    /// How issues stood at the last look that was whole.
    #[serde(default)]
    pub queues: Option<Queues>,
    /// What became of the runs of issues; none where the ledger has not been read yet.
    #[serde(default)]
    pub runs_of_issues: Option<RunsOfIssues>,
    /// The last tick that ended.
    pub last: Option<TickStatus>,
    /// What was begun and what came to an end since the start.
    #[serde(default)]
    pub progress: Option<Progress>,
    /// How old what it knows is.
    #[serde(default)]
    pub data: Option<DataAge>,
    /// Actions that are held back as stuck or fighting.
    pub held: Vec<HeldStatus>,
    /// What is in the way, if anything is: all of `troubles` in one line.
    pub trouble: Option<String>,
    /// What is in the way, one by one.
    #[serde(default)]
    pub troubles: Vec<String>,
}

/// The config that is in force, and what isn't.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigStatus {
    /// Where it is read from.
    pub place: String,
    /// The config repository on GitHub; without it the factory is local and nothing is pushed.
    pub repo: Option<String>,
    /// The branch.
    pub branch: String,
    /// The commit that is in force.
    pub commit: String,
    /// Since when.
    pub since: Timestamp,
    /// The head of the branch, when it is not in force.
    pub rejected: Option<RejectedStatus>,
    /// Why the branch can't be read, if it can't.
    pub trouble: Option<String>,
}

/// A commit that did not come into force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedStatus {
    /// The commit.
    pub commit: String,
    /// When it was rejected.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

/// A loop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopStatus {
    /// Its name.
    pub name: String,
    /// What it is doing.
    pub state: State,
    /// Its interval in seconds; none for one that only events wake.
    pub every_seconds: Option<u64>,
    /// When it looked last.
    pub last_at: Option<Timestamp>,
    /// How long that tick took.
    pub took_ms: Option<u64>,
    /// How that ended, in words.
    pub result: Option<String>,
    /// When it looks again.
    pub next_at: Option<Timestamp>,
    /// Who switched it off.
    pub by: Option<String>,
    /// Why it is off.
    pub reason: Option<String>,
    /// Until when it is off.
    pub until: Option<Timestamp>,
}

/// A live flip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlipStatus {
    /// What.
    pub address: String,
    /// Whether it is on.
    pub on: bool,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Whether its pull request was opened.
    pub proposed: bool,
}

/// One of GitHub's limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetStatus {
    /// Whose.
    pub whose: String,
    /// Which pool.
    pub pool: String,
    /// How much there is.
    pub limit: u64,
    /// How much is left.
    pub remaining: u64,
    /// When it is full again.
    pub reset: Timestamp,
}

/// The ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerStatus {
    /// The sequence of the last record.
    pub head: u64,
    /// The sequence that the branch has.
    pub published: u64,
    /// The commit on the branch.
    pub commit: Option<String>,
    /// Intents whose end is not known.
    pub open: usize,
}

/// A tick that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickStatus {
    /// Its number.
    pub number: u64,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took_ms: u64,
    /// Why it ran.
    pub because: Vec<String>,
    /// Who took part.
    pub loops: Vec<String>,
    /// The last line of its plan.
    pub plan: String,
    /// What was done.
    pub done: usize,
    /// What was refused, because it had changed or a switch fell.
    pub refused: usize,
    /// What failed, or may have.
    pub failed: usize,
    /// What was not tried, because something else was in the way.
    #[serde(default)]
    pub left: usize,
}

/// An action that is held back until somebody changes something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldStatus {
    /// What it acts on.
    pub address: String,
    /// Which guard holds it back.
    pub guard: String,
    /// Its words.
    pub says: String,
}

impl State {
    /// Its word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Running => "running",
            Self::Backoff => "backoff",
            Self::Disabled => "disabled",
            Self::Crashed => "crashed",
        }
    }
}

impl Status {
    /// Takes what is in the way.
    pub(super) fn take_troubles(&mut self, troubles: Vec<String>) {
        self.trouble = (!troubles.is_empty()).then(|| troubles.join("; "));
        self.troubles = troubles;
    }

    /// The document as people read it.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.head(&mut out);
        self.loops_text(&mut out);
        if let Some(agents) = &self.agents {
            out.push_str(&agents.text());
        }
        out.push_str(&self.queues.as_ref().map(Queues::text).unwrap_or_default());
        out.push_str(&self.runs_of_issues.as_ref().map(RunsOfIssues::text).unwrap_or_default());
        for flip in &self.flips {
            let what = if flip.on { "on" } else { "off" };
            let until = flip.until.map(|t| format!(" until {t}")).unwrap_or_default();
            let pull = if flip.proposed { ", proposed as a pull request" } else { "" };
            let _ =
                writeln!(out, "flip: {} {what} by {}{until}: {}{pull}", flip.address, flip.by, flip.reason);
        }
        for held in &self.held {
            let _ = writeln!(out, "held: {} ({}): {}", held.address, held.guard, held.says);
        }
        for budget in &self.budgets {
            let _ = writeln!(
                out,
                "limit: {} {} {} of {} left, full again at {}",
                budget.whose, budget.pool, budget.remaining, budget.limit, budget.reset
            );
        }
        let ledger = &self.ledger;
        let waiting = ledger.head.saturating_sub(ledger.published);
        let _ = write!(out, "ledger: {} records, {waiting} not published", ledger.head);
        if ledger.open > 0 {
            let _ = write!(out, ", {} intents open", ledger.open);
        }
        out.push('\n');
        out
    }

    fn head(&self, out: &mut String) {
        let ending = if self.draining { ", ending" } else { "" };
        let _ = writeln!(out, "factory {} · process {} since {}{ending}", self.factory, self.pid, self.since);
        let config = &self.config;
        let commit: String = config.commit.chars().take(10).collect();
        let place = config.repo.as_deref().unwrap_or(&config.place);
        let _ = writeln!(out, "config: {place} {} at {commit} since {}", config.branch, config.since);
        if config.repo.is_none() {
            let _ =
                writeln!(out, "  local: no config repository on GitHub, so nothing is pushed or proposed");
        }
        if let Some(rejected) = &config.rejected {
            let commit: String = rejected.commit.chars().take(10).collect();
            let _ = writeln!(out, "! {commit} was rejected at {}: {}", rejected.at, rejected.why);
        }
        // A daemon of an earlier version tells all in one.
        let in_one = self.trouble.iter().filter(|_| self.troubles.is_empty());
        for trouble in config.trouble.iter().chain(&self.troubles).chain(in_one) {
            let _ = writeln!(out, "! {}", printable(trouble));
        }
        if let Some(progress) = &self.progress {
            self.progress_text(progress, out);
        }
        if let Some(DataAge { looked, by }) = &self.data {
            let _ = writeln!(out, "data: no older than {looked} (loop {by})");
        }
        if let Some(address) = &self.webhooks {
            let refused = match self.refused_deliveries {
                0 => String::new(),
                n => format!(", {n} refused; is the secret the same on GitHub?"),
            };
            let _ = writeln!(out, "webhooks: {address}{refused}");
        }
        if let Some(last) = &self.last {
            let because = last.because.join(", ");
            let _ =
                writeln!(out, "last tick: {} at {} ({because}), {} ms", last.number, last.at, last.took_ms);
            let _ = writeln!(out, "  {}", last.plan);
            let counts = [
                (last.done, "done"),
                (last.refused, "refused"),
                (last.failed, "failed"),
                (last.left, "not tried"),
            ];
            let counts: Vec<String> =
                counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
            if !counts.is_empty() {
                let _ = writeln!(out, "  {}", counts.join(", "));
            }
        }
    }

    fn progress_text(&self, progress: &Progress, out: &mut String) {
        if let Some(since) = progress.stuck_since(self.at) {
            let things = if progress.due == 1 { "thing is" } else { "things are" };
            let _ = writeln!(
                out,
                "! stuck: {} {things} due, and nothing was begun or ended since {since}; the log says what is in the way",
                progress.due
            );
        }
        let Progress { runs_started, runs_closed, plans_applied, dispatch_ms, last, due, due_since: _ } =
            progress;
        let within = dispatch_ms.map(|ms| format!(" ({ms} ms after a place was seen)")).unwrap_or_default();
        let last = last.map(|at| format!(", last at {at}")).unwrap_or_default();
        let _ = writeln!(
            out,
            "progress: {plans_applied} plans applied, {runs_started} runs started{within}, {runs_closed} closed{last}; {due} due"
        );
    }

    fn loops_text(&self, out: &mut String) {
        let width = self.loops.iter().map(|l| l.name.len()).max().unwrap_or_default();
        for it in &self.loops {
            let _ = write!(out, "loop {:width$}  {:8}", it.name, it.state.as_str());
            if let Some(next) = it.next_at {
                let _ = write!(out, "  next {next}");
            }
            if let (Some(result), Some(at)) = (&it.result, it.last_at) {
                let _ = write!(out, "  {result} at {at}");
            }
            if let (Some(by), Some(reason)) = (&it.by, &it.reason) {
                let until = it.until.map(|t| format!(" until {t}")).unwrap_or_default();
                let _ = write!(out, "  off by {by}{until}: {reason}");
            }
            out.push('\n');
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A status with something of everything.
    pub(crate) fn sample() -> Status {
        let at = |minute: i64| Timestamp::from_second(1_767_323_045 + minute * 60).unwrap();
        let loop_ = |name: &str, state| LoopStatus {
            name: name.into(),
            state,
            every_seconds: Some(600),
            last_at: Some(at(1)),
            took_ms: Some(210),
            result: Some("in order".into()),
            next_at: Some(at(11)),
            by: None,
            reason: None,
            until: None,
        };
        let off = LoopStatus {
            next_at: None,
            by: Some("ann@box".into()),
            reason: Some("smoke".into()),
            until: Some(at(60)),
            ..loop_("repository-settings", State::Disabled)
        };
        Status {
            version: VERSION,
            factory: "acme".into(),
            pid: 42,
            state_dir: Some("/srv/state".into()),
            since: at(0),
            at: at(2),
            draining: false,
            config: ConfigStatus {
                place: "/srv/config".into(),
                repo: Some("acme/factory".into()),
                branch: "main".into(),
                commit: "a".repeat(40),
                since: at(0),
                rejected: Some(RejectedStatus {
                    commit: "b".repeat(40),
                    at: at(1),
                    why: "unknown key `colour`".into(),
                }),
                trouble: None,
            },
            webhooks: Some("127.0.0.1:8080".into()),
            refused_deliveries: 2,
            loops: vec![off, loop_("labels", State::Idle)],
            flips: vec![FlipStatus {
                address: "loop/repository-settings".into(),
                on: false,
                by: "ann@box".into(),
                reason: "smoke".into(),
                since: at(1),
                until: Some(at(60)),
                proposed: true,
            }],
            budgets: vec![BudgetStatus {
                whose: "token".into(),
                pool: "graphql".into(),
                limit: 5000,
                remaining: 4990,
                reset: at(55),
            }],
            requests: 12,
            ledger: LedgerStatus { head: 9, published: 8, commit: Some("c".repeat(40)), open: 1 },
            agents: None,
            queues: None,
            runs_of_issues: None,
            last: Some(TickStatus {
                number: 3,
                at: at(1),
                took_ms: 210,
                because: vec!["config".into()],
                loops: vec!["labels".into()],
                plan: "Plan: 1 to add".into(),
                done: 1,
                refused: 0,
                failed: 0,
                left: 2,
            }),
            progress: Some(Progress {
                runs_started: 3,
                runs_closed: 2,
                plans_applied: 4,
                dispatch_ms: Some(18),
                last: Some(at(1)),
                due: 2,
                due_since: Some(at(1)),
            }),
            data: Some(DataAge { looked: at(1), by: "labels".into() }),
            held: vec![HeldStatus {
                address: "repo/acme/w/label/bug".into(),
                guard: "stuck".into(),
                says: "it failed".into(),
            }],
            trouble: None,
            troubles: Vec::new(),
        }
    }

    #[test]
    fn each_trouble_has_a_line_of_its_own() {
        let lines = |status: &Status| {
            let text = status.text();
            text.lines().filter(|line| line.starts_with("! ")).skip(1).map(str::to_owned).collect::<Vec<_>>()
        };
        let mut status = sample();
        status.take_troubles(vec!["tasks: one; two".into(), "tasks: th\nree".into()]);
        assert_eq!(lines(&status), ["! tasks: one; two", "! tasks: th\\u{a}ree"]);
        let mut json = serde_json::to_value(&status).unwrap();
        assert_eq!(json["trouble"], "tasks: one; two; tasks: th\nree");
        json.as_object_mut().unwrap().remove("troubles");
        let earlier: Status = serde_json::from_value(json).unwrap();
        assert_eq!(lines(&earlier), ["! tasks: one; two; tasks: th\\u{a}ree"]);
    }

    #[test]
    fn everything_that_needs_attention_is_said() {
        insta::assert_snapshot!(sample().text(), @r"
        factory acme · process 42 since 2026-01-02T03:04:05Z
        config: acme/factory main at aaaaaaaaaa since 2026-01-02T03:04:05Z
        ! bbbbbbbbbb was rejected at 2026-01-02T03:05:05Z: unknown key `colour`
        progress: 4 plans applied, 3 runs started (18 ms after a place was seen), 2 closed, last at 2026-01-02T03:05:05Z; 2 due
        data: no older than 2026-01-02T03:05:05Z (loop labels)
        webhooks: 127.0.0.1:8080, 2 refused; is the secret the same on GitHub?
        last tick: 3 at 2026-01-02T03:05:05Z (config), 210 ms
          Plan: 1 to add
          1 done, 2 not tried
        loop repository-settings  disabled  in order at 2026-01-02T03:05:05Z  off by ann@box until 2026-01-02T04:04:05Z: smoke
        loop labels               idle      next 2026-01-02T03:15:05Z  in order at 2026-01-02T03:05:05Z
        flip: loop/repository-settings off by ann@box until 2026-01-02T04:04:05Z: smoke, proposed as a pull request
        held: repo/acme/w/label/bug (stuck): it failed
        limit: token graphql 4990 of 5000 left, full again at 2026-01-02T03:59:05Z
        ledger: 9 records, 1 not published, 1 intents open
        ");
    }

    #[test]
    fn a_factory_that_does_not_get_on_says_so() {
        let mut status = sample();
        status.at = Timestamp::from_second(1_767_323_045 + 15 * 60).unwrap();
        let says = "! stuck: 2 things are due, and nothing was begun or ended since 2026-01-02T03:04:05Z";
        assert!(!status.text().contains("! stuck"));
        let progress = status.progress.as_mut().unwrap();
        (progress.last, progress.due_since) = (None, Some(status.since));
        assert!(status.text().contains(says), "{}", status.text());
    }

    #[test]
    fn an_older_reader_understands_a_newer_document() {
        let mut json = serde_json::to_value(sample()).unwrap();
        json["loops"][0]["mood"] = "fine".into();
        json["novelty"] = 1.into();
        assert_eq!(serde_json::from_value::<Status>(json).unwrap(), sample());
    }
}
