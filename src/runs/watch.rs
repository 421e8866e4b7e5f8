//! Whether a run makes progress and keeps to its limits. Time is what is passed in.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::adapters::attended::Ended;
use crate::model::{Clocks, Limits, Outcome, Quota, Spent, Usage};

use super::agents::{Event, Trouble};

/// How long a tool by which an agent asks may take to learn that nobody answers.
const QUESTION: Duration = Duration::from_secs(10);

/// How long one may take to end that has said its last word.
const PARTING: Duration = Duration::from_secs(10);

/// Why a run is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// It said nothing at all.
    FirstEvent,
    /// It made no progress, and no tool ran.
    Silence,
    /// A tool ran for too long.
    Tool(String),
    /// It asked, and waits for an answer that nobody gives.
    Question,
    /// It has said its last word, and doesn't end.
    Parting,
    /// It took too long.
    Time,
    /// It called the model too often.
    Turns,
    /// It used too many tokens.
    Tokens,
    /// It cost too much.
    Spend,
    /// All runs of the day together cost too much.
    SpendOfDay,
    /// It printed too much.
    Output,
    /// Its workspace and its home grew too large.
    Disk,
    /// Its supervisor could not go on, for this reason: no room is left on the disk, for example.
    Broken(String),
    /// Somebody asked for it.
    Asked {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
}

impl Stop {
    /// What it is in words.
    pub fn says(&self) -> String {
        match self {
            Self::FirstEvent => "it said nothing after its start".to_owned(),
            Self::Silence => "it made no progress".to_owned(),
            Self::Tool(name) => format!("the tool `{name}` did not end"),
            Self::Question => "it asked, and waits for an answer".to_owned(),
            Self::Parting => "it had said its last word, and was ended since it did not end".to_owned(),
            Self::Time => "its time was over".to_owned(),
            Self::Turns => "its turns were used up".to_owned(),
            Self::Tokens => "its tokens were used up".to_owned(),
            Self::Spend => "its spend was used up".to_owned(),
            Self::SpendOfDay => "the day's spend of the factory was used up (caps.spend-per-day)".to_owned(),
            Self::Output => "its output was used up: it printed more than it may".to_owned(),
            Self::Disk => {
                "its disk was used up: its workspace and its home grew larger than they may".to_owned()
            }
            Self::Broken(why) => format!("its supervisor could not go on: {why}"),
            Self::Asked { by, why } => format!("stopped by {by}: {why}"),
        }
    }

    /// Whether it was waited for in vain, so that what is in the way says more than this does.
    pub(super) fn is_patient(&self) -> bool {
        matches!(self, Self::FirstEvent | Self::Silence | Self::Parting | Self::Time)
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::FirstEvent => Outcome::CouldNotStart,
            Self::Silence | Self::Tool(_) => Outcome::Wedged,
            Self::Time | Self::Tokens | Self::Spend | Self::Output | Self::Disk => Outcome::TimeLimit,
            Self::Turns => Outcome::TurnLimit,
            Self::Question => Outcome::NeedsInput,
            Self::Parting => Outcome::Done,
            // The agent had no part in it.
            Self::SpendOfDay | Self::Broken(_) => Outcome::Killed,
            Self::Asked { .. } => Outcome::Cancelled,
        }
    }
}

/// How the process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// It never began.
    NotStarted,
}

impl Exit {
    /// How it ended; `bounded` says whether a sandbox was around it, which passes on a signal as a shell does.
    pub(super) fn of(ended: Ended, bounded: bool) -> Self {
        match ended {
            Ended::Signal(signal) => Self::Signal(signal),
            Ended::Code(code) => match code.checked_sub(SIGNALLED) {
                Some(signal) if bounded && ENDING.contains(&signal) => Self::Signal(signal),
                _ => Self::Code(code),
            },
        }
    }
}

/// The code of what a signal ended is this and its number.
const SIGNALLED: i32 = 128;
/// The signals by which processes end: HUP, INT, QUIT, ILL, ABRT, BUS, FPE, KILL, SEGV, PIPE, ALRM, TERM. A code beyond is none of
/// a signal: one CLI ends with the HTTP status that it got, of which 8 bits remain.
const ENDING: [i32; 12] = [1, 2, 3, 4, 6, 7, 8, 9, 11, 13, 14, 15];

/// What was seen of a run.
#[derive(Clone, Debug)]
pub struct Watch {
    clocks: Clocks,
    limits: Limits,
    began: bool,
    progress: Duration,
    tools: BTreeMap<String, Duration>,
    printed: u64,
    disk: u64,
    used: Usage,
    session: Option<String>,
    answer: Option<(String, Option<Value>)>,
    trouble: Option<Trouble>,
    denied: u64,
    asked: Option<String>,
    /// Since when a tool of its own waits for an answer.
    asking: Option<Duration>,
    quotas: BTreeMap<String, (u8, Option<Timestamp>)>,
    closed: bool,
    /// Whether it has said its last word, whatever that was.
    parted: bool,
}

impl Watch {
    /// Of a run that starts now, at zero.
    pub fn new(clocks: Clocks, limits: Limits) -> Self {
        Self {
            clocks,
            limits,
            began: false,
            progress: Duration::ZERO,
            tools: BTreeMap::new(),
            printed: 0,
            disk: 0,
            used: Usage::default(),
            session: None,
            answer: None,
            trouble: None,
            denied: 0,
            asked: None,
            asking: None,
            quotas: BTreeMap::new(),
            closed: false,
            parted: false,
        }
    }

    /// It printed this many bytes more.
    pub fn printed(&mut self, bytes: u64) {
        self.printed = self.printed.saturating_add(bytes);
    }

    /// Its files take this much of the disk.
    pub fn takes(&mut self, bytes: u64) {
        self.disk = bytes;
    }

    /// Takes note of what it said at a moment.
    pub fn hears(&mut self, event: Event, at: Duration) {
        // An error is no progress, and no sign that it began either.
        let moves = match &event {
            Event::Session(_) | Event::Progress | Event::ToolBegan(_) | Event::ToolEnded(_) => true,
            Event::Answer { .. } | Event::Denied(_) | Event::Asked(_) => true,
            Event::Closed => true,
            Event::Used(used) => used.output > self.used.output,
            Event::Trouble(_) | Event::GaveUp(_) | Event::Quota { .. } => false,
            Event::Reply(_) | Event::HangUp => false,
        };
        if moves {
            self.began = true;
            self.progress = at;
        }
        if moves || matches!(event, Event::Reply(_)) {
            self.asking = None;
        }
        match event {
            Event::Session(id) => self.session = Some(id),
            Event::Progress => {}
            Event::ToolBegan(name) => {
                self.asked = None;
                self.tools.insert(name, at);
            }
            Event::ToolEnded(name) => drop(self.tools.remove(&name)),
            Event::Used(used) => {
                if used.output > self.used.output {
                    self.trouble = None;
                }
                // What it told that it cost, it has cost, whatever it does after its last word.
                self.used = Usage { cost: used.cost.max(self.used.cost), ..used };
            }
            Event::Answer { text, typed } => self.answer = Some((text, typed)),
            Event::Trouble(trouble) => self.trouble = Some(trouble),
            Event::Denied(_) => self.denied += 1,
            Event::Asked(question) => {
                self.asked = Some(question);
                self.asking = (!self.tools.is_empty()).then_some(at);
            }
            Event::Quota { of, percent, until } => drop(self.quotas.insert(of, (percent, until))),
            Event::Closed => (self.closed, self.parted) = (true, true),
            Event::GaveUp(trouble) => {
                (self.trouble, self.parted) = (Some(trouble), true);
                self.progress = at;
            }
            Event::Reply(_) | Event::HangUp => {}
        }
    }

    /// The moment at which it is to be stopped, unless something happens before, and why.
    pub fn deadline(&self) -> (Duration, Stop) {
        let progress = if self.parted {
            (self.progress.saturating_add(PARTING.min(self.clocks.silence)), Stop::Parting)
        } else if !self.began {
            (self.clocks.first_event, Stop::FirstEvent)
        } else if let Some(at) = self.asking {
            (at.saturating_add(QUESTION), Stop::Question)
        } else if let Some((name, at)) = self.tools.iter().min_by_key(|(_, at)| **at) {
            (at.saturating_add(self.clocks.tool), Stop::Tool(name.clone()))
        } else {
            (self.progress.saturating_add(self.clocks.silence), Stop::Silence)
        };
        match self.limits.time {
            Some(time) if time < progress.0 => (time, Stop::Time),
            Some(_) | None => progress,
        }
    }

    /// Why it is to be stopped at this moment, if it is. `own` is what its process used of what it told, `cost` what its
    /// run cost so far. Who has said the last word uses nothing more.
    pub fn stop(&self, now: Duration, own: Usage, cost: Option<Spent>) -> Option<Stop> {
        let Limits { turns, tokens, spend, output, disk, .. } = self.limits;
        let over = |limit: Option<u64>, is: u64| limit.is_some_and(|limit| is > limit);
        if over(output, self.printed) {
            return Some(Stop::Output);
        }
        if over(disk, self.disk) {
            return Some(Stop::Disk);
        }
        if !self.parted {
            if over(turns.map(u64::from), u64::from(own.turns)) {
                return Some(Stop::Turns);
            }
            if over(tokens, own.tokens()) {
                return Some(Stop::Tokens);
            }
            if over(spend, cost.map_or(0, |cost| cost.micros)) {
                return Some(Stop::Spend);
            }
        }
        let (deadline, stop) = self.deadline();
        (deadline <= now).then_some(stop)
    }

    /// How it ended, as far as the process tells. `closes` says whether this agent has a last word.
    pub fn outcome(&self, stop: Option<&Stop>, exit: Exit, closes: bool) -> Outcome {
        if let Some(stop @ Stop::Asked { .. }) = stop {
            return stop.outcome();
        }
        let named = self.trouble.as_ref().and_then(named);
        // How it goes after its last word makes no difference to what it said.
        let left = Exit::Code(i32::from(!self.closed));
        let (stop, exit) = if stop == Some(&Stop::Parting) { (None, left) } else { (stop, exit) };
        if let Some(stop) = stop {
            // An agent that tries again for ever isn't wedged: it says what is in the way.
            return named.filter(|_| stop.is_patient()).unwrap_or_else(|| stop.outcome());
        }
        match exit {
            Exit::NotStarted => Outcome::CouldNotStart,
            Exit::Code(0) if self.closed || !closes => match (named, &self.asked) {
                (Some(named), _) => named,
                (None, Some(_)) => Outcome::NeedsInput,
                (None, None) => Outcome::Done,
            },
            Exit::Code(_) if named.is_some() => named.unwrap_or(Outcome::Crashed),
            Exit::Code(_) if closes && !self.began => Outcome::CouldNotStart,
            Exit::Code(126 | 127) if !self.began => Outcome::CouldNotStart,
            Exit::Code(_) => Outcome::Crashed,
            Exit::Signal(_) => Outcome::Killed,
        }
    }

    /// Whether it has said its last word, and that it ended well.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether it has said its last word, whatever that was.
    pub(super) fn has_parted(&self) -> bool {
        self.parted
    }

    /// It used so much, although it didn't say so.
    pub(super) fn reckons(&mut self, used: Usage) {
        self.used = used;
    }

    /// What was used so far.
    pub fn used(&self) -> Usage {
        self.used
    }

    /// The session's id, once it was said.
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// What it answered last.
    pub fn answer(&self) -> Option<&(String, Option<Value>)> {
        self.answer.as_ref()
    }

    /// What is in the way, in words.
    pub fn trouble(&self) -> Option<String> {
        let says = match self.trouble.as_ref()? {
            Trouble::Auth => "its account was not let in: its key or login is wrong, or over",
            Trouble::Credit(Some(until)) => return Some(format!("its account is used up until {until}")),
            Trouble::Credit(None) => "its account is used up",
            Trouble::Overloaded => "the service of its model is overloaded",
            Trouble::RateLimited => "its account has asked more often than it may",
            Trouble::TurnLimit => "its turns were used up",
            Trouble::Refused => "its model refused",
            Trouble::Lost => "the session that it was to go on with is not there any more",
            Trouble::Other(says) => says,
        };
        Some(says.to_owned())
    }

    /// Whether there was no session to go on with.
    pub fn is_lost(&self) -> bool {
        self.trouble == Some(Trouble::Lost)
    }

    /// What it asked last, without going on.
    pub fn asked(&self) -> Option<&str> {
        self.asked.as_deref()
    }

    /// How often it was not allowed to do something.
    pub fn denied(&self) -> u64 {
        self.denied
    }

    /// How much of its account's quotas was used, where it said so.
    pub fn quotas(&self, at: Timestamp) -> Vec<Quota> {
        let quota = |(of, (percent, until)): (&String, &(u8, Option<Timestamp>))| Quota {
            of: of.clone(),
            percent: *percent,
            until: *until,
            at,
        };
        self.quotas.iter().map(quota).collect()
    }

    /// How many bytes it printed.
    pub fn output(&self) -> u64 {
        self.printed
    }

    /// The tools that run.
    pub fn tools(&self) -> impl Iterator<Item = &str> {
        self.tools.keys().map(String::as_str)
    }
}

/// The outcome that a trouble is, if it has one of its own.
fn named(trouble: &Trouble) -> Option<Outcome> {
    Some(match trouble {
        Trouble::Auth => Outcome::Auth,
        Trouble::Credit(until) => Outcome::Credit(*until),
        Trouble::Overloaded => Outcome::Overloaded,
        Trouble::RateLimited => Outcome::RateLimited,
        Trouble::TurnLimit => Outcome::TurnLimit,
        Trouble::Refused => Outcome::Refused,
        Trouble::Lost => Outcome::CouldNotStart,
        Trouble::Other(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Figure;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn watch(events: &[(u64, Event)]) -> Watch {
        let mut watch = Watch::new(Clocks::default(), Limits { time: Some(S(7200)), ..Limits::default() });
        for (at, event) in events {
            watch.hears(event.clone(), S(*at));
        }
        watch
    }

    #[test]
    fn a_sandbox_passes_on_signals_as_codes() {
        for (ended, bounded, exit) in [
            (Ended::Code(137), true, Exit::Signal(9)),
            (Ended::Code(137), false, Exit::Code(137)),
            (Ended::Code(128), true, Exit::Code(128)),
            // 401 and 403 in 8 bits.
            (Ended::Code(145), true, Exit::Code(145)),
            (Ended::Code(147), true, Exit::Code(147)),
            (Ended::Code(255), true, Exit::Code(255)),
            (Ended::Code(0), true, Exit::Code(0)),
            (Ended::Signal(9), true, Exit::Signal(9)),
        ] {
            assert_eq!(Exit::of(ended, bounded), exit);
        }
    }

    fn used(output: u64) -> Event {
        Event::Used(Usage { turns: 1, output, ..Usage::default() })
    }

    #[test]
    fn each_of_the_three_clocks_has_its_time() {
        let tool = |name: &str| Event::ToolBegan(name.into());
        let other = || Event::Trouble(Trouble::Other("Reconnecting".into()));
        let asks = || Event::Asked("which?".into());
        for (what, events, at, stop) in [
            ("nothing at all", vec![], 60, Stop::FirstEvent),
            ("only errors", vec![(50, other())], 60, Stop::FirstEvent),
            ("silence", vec![(10, Event::Progress)], 310, Stop::Silence),
            ("errors are no progress", vec![(10, Event::Progress), (300, other())], 310, Stop::Silence),
            ("turns without tokens neither", vec![(10, used(5)), (200, used(5))], 310, Stop::Silence),
            ("tokens are", vec![(10, used(5)), (200, used(6))], 500, Stop::Silence),
            ("a silent build lives", vec![(10, tool("make"))], 1810, Stop::Tool("make".into())),
            (
                "after it",
                vec![(10, tool("make")), (1200, Event::ToolEnded("make".into()))],
                1500,
                Stop::Silence,
            ),
            ("a question", vec![(10, tool("ask")), (10, asks())], 20, Stop::Question),
            (
                "one that was answered",
                vec![(10, tool("ask")), (10, asks()), (10, Event::Reply("no".into()))],
                1810,
                Stop::Tool("ask".into()),
            ),
            (
                "one that was withdrawn",
                vec![(10, tool("ask")), (10, asks()), (11, Event::ToolEnded("ask".into()))],
                311,
                Stop::Silence,
            ),
            ("the last word was said", vec![(10, tool("make")), (20, Event::Closed)], 30, Stop::Parting),
            ("its last word is an error", vec![(20, Event::GaveUp(Trouble::Auth))], 30, Stop::Parting),
            ("something comes after it", vec![(20, Event::Closed), (25, Event::Progress)], 35, Stop::Parting),
            ("time goes on", vec![(7000, tool("make"))], 7200, Stop::Time),
        ] {
            let watch = watch(&events);
            assert_eq!(watch.deadline(), (S(at), stop.clone()), "{what}");
            let at_moment = |at| watch.stop(S(at), Usage::default(), None);
            assert_eq!((at_moment(at - 1), at_moment(at)), (None, Some(stop)), "{what}");
        }
    }

    #[test]
    fn a_cost_that_was_told_is_not_taken_back() {
        let told = |cost, output| Event::Used(Usage { turns: 1, output, cost, ..Usage::default() });
        for (then, cost) in [(None, 5), (Some(7), 7), (Some(1), 5)] {
            let used = watch(&[(1, told(Some(5), 1)), (2, told(then, 2))]).used();
            assert_eq!((used.cost, used.output), (Some(cost), 2), "{then:?}");
        }
    }

    #[test]
    fn limits_hold_where_they_are_set() {
        let limits =
            Limits { turns: Some(1), tokens: Some(10), spend: Some(5), output: Some(3), ..Limits::default() };
        let mut watch = Watch::new(Clocks::default(), limits);
        let up_to = Usage { turns: 1, input: 10, ..Usage::default() };
        let cost = |micros| Some(Spent { micros, figure: Figure::Table });
        watch.printed(3);
        assert_eq!(watch.stop(S(0), up_to, cost(5)), None, "up to its limits it may");
        assert_eq!(watch.stop(S(0), up_to, cost(6)), Some(Stop::Spend));
        assert_eq!(watch.stop(S(0), Usage { output: 1, ..up_to }, cost(6)), Some(Stop::Tokens));
        assert_eq!(watch.stop(S(0), Usage { turns: 2, ..up_to }, None), Some(Stop::Turns));
        let mut closed = watch.clone();
        closed.hears(Event::Closed, S(0));
        assert_eq!(closed.stop(S(0), Usage { turns: 2, ..up_to }, cost(6)), None, "it is over by itself");
        watch.printed(1);
        assert_eq!(watch.stop(S(0), up_to, None), Some(Stop::Output));
    }

    #[test]
    fn the_outcome_is_told_by_what_stands_at_the_end() {
        let asked = Stop::Asked { by: "ada".into(), why: "closed".into() };
        let trouble = |t| (1, Event::Trouble(t));
        let (auth, busy) = (Trouble::Auth, Trouble::RateLimited);
        let other = Trouble::Other("?".into());
        let closed = (2, Event::Closed);
        for (what, events, stop, exit, expect) in [
            ("well", vec![(1, used(1)), closed.clone()], None, Exit::Code(0), Outcome::Done),
            ("no last word", vec![(1, used(1))], None, Exit::Code(0), Outcome::Crashed),
            (
                "it stays when all is said",
                vec![(1, used(1)), closed.clone()],
                Some(Stop::Parting),
                Exit::Signal(9),
                Outcome::Done,
            ),
            (
                "it stays with an error as its last word",
                vec![trouble(auth.clone()), closed.clone()],
                Some(Stop::Parting),
                Exit::Signal(15),
                Outcome::Auth,
            ),
            (
                "it stays when it gave up",
                vec![(1, used(1)), (2, Event::GaveUp(other.clone()))],
                Some(Stop::Parting),
                Exit::Signal(15),
                Outcome::Crashed,
            ),
            (
                "it gave up over something that has a name",
                vec![(1, used(1)), (2, Event::GaveUp(auth.clone()))],
                Some(Stop::Parting),
                Exit::Signal(15),
                Outcome::Auth,
            ),
            (
                "success that isn't",
                vec![trouble(auth.clone()), closed.clone()],
                None,
                Exit::Code(0),
                Outcome::Auth,
            ),
            (
                "it went on",
                vec![trouble(auth.clone()), (2, used(1)), closed.clone()],
                None,
                Exit::Code(0),
                Outcome::Done,
            ),
            ("a signal", vec![(1, used(1))], None, Exit::Signal(9), Outcome::Killed),
            ("a code", vec![(1, used(1))], None, Exit::Code(1), Outcome::Crashed),
            ("at once", vec![], None, Exit::Code(1), Outcome::CouldNotStart),
            (
                "without the session that was to go on",
                vec![(0, Event::Session("s".into())), trouble(Trouble::Lost)],
                None,
                Exit::Code(1),
                Outcome::CouldNotStart,
            ),
            ("not at all", vec![], None, Exit::NotStarted, Outcome::CouldNotStart),
            (
                "for ever",
                vec![(0, Event::Progress), trouble(busy)],
                Some(Stop::Silence),
                Exit::Signal(15),
                Outcome::RateLimited,
            ),
            (
                "reconnecting",
                vec![(0, Event::Progress), trouble(other)],
                Some(Stop::Silence),
                Exit::Signal(15),
                Outcome::Wedged,
            ),
            ("stopped", vec![trouble(auth)], Some(asked), Exit::Signal(15), Outcome::Cancelled),
            (
                "a question",
                vec![(1, Event::Asked("which?".into())), closed.clone()],
                None,
                Exit::Code(0),
                Outcome::NeedsInput,
            ),
            (
                "answered by itself",
                vec![(1, Event::Asked("which?".into())), (1, Event::ToolBegan("x".into())), closed],
                None,
                Exit::Code(0),
                Outcome::Done,
            ),
        ] {
            assert_eq!(watch(&events).outcome(stop.as_ref(), exit, true), expect, "{what}");
        }
        assert_eq!(
            watch(&[]).outcome(None, Exit::Code(0), false),
            Outcome::Done,
            "a command has no last word"
        );
        assert_eq!(watch(&[]).outcome(None, Exit::Code(2), false), Outcome::Crashed);
        assert_eq!(watch(&[]).outcome(None, Exit::Code(127), false), Outcome::CouldNotStart);
    }
}
