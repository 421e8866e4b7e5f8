//! Agent runs: within which limits they work, what they used, how they ended.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The name of a run: the moment it began, UTC, to the millisecond, and five hex digits: `20260501-120000-1230a1b2`. Names
/// sort by that moment. They are part of the names of folders and references. Earlier versions had eight hex digits after
/// the second.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId([u8; SHAPE.len()]);

/// The form of a run's name.
const SHAPE: &str = "dddddddd-dddddd-xxxxxxxx";

impl RunId {
    /// A name for a run that begins at this moment; `salt` tells it from others of the same millisecond.
    pub fn new(at: Timestamp, salt: &[u8]) -> Self {
        let moment = at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y%m%d-%H%M%S-%3f").to_string();
        Self::of(&format!("{moment}{}", &blake3::hash(salt).to_hex()[..5]))
    }

    fn of(text: &str) -> Self {
        let mut name = [b'0'; SHAPE.len()];
        for (to, from) in name.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        Self(name)
    }

    /// A name as it was written; `None` unless it has the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |(c, shape)| match shape {
            'd' => char::is_ascii_digit(&c),
            'x' => c.is_ascii_digit() || ('a'..='f').contains(&c),
            dash => c == dash,
        };
        let whole = text.len() == SHAPE.len() && text.chars().zip(SHAPE.chars()).all(fits);
        whole.then(|| Self::of(text))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The moment in it.
    pub fn moment(&self) -> Option<Timestamp> {
        let (text, millis) = (self.as_str().get(..15)?, self.as_str().get(16..19)?.parse().unwrap_or(0));
        let second = jiff::civil::DateTime::strptime("%Y%m%d-%H%M%S", text).ok()?;
        Some(second.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp() + SignedDuration::from_millis(millis))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunId").field(&self.as_str()).finish()
    }
}

impl TryFrom<String> for RunId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not the name of a run"))
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.as_str().to_owned()
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "until", rename_all = "kebab-case")]
pub enum Outcome {
    /// The work is there, and what was asked for holds.
    Done,
    /// The agent ended normally and changed nothing.
    NoChange,
    /// The agent or its model declined.
    Refused,
    /// It can't go on without an answer.
    NeedsInput,
    /// It used up its turns.
    TurnLimit,
    /// It used up its time, tokens, spend, output or disk.
    TimeLimit,
    /// The agent account isn't let in.
    Auth,
    /// The account's quota is spent, until then where that was said.
    Credit(Option<Timestamp>),
    /// The model's servers are overloaded; it is a matter of seconds.
    Overloaded,
    /// Too many requests in too short a time.
    RateLimited,
    /// It did not come to its first event: not installed, a wrong version, a failed setup.
    CouldNotStart,
    /// It was stopped by a person, or because its issue no longer wants it.
    Cancelled,
    /// It was ended by a signal from outside.
    Killed,
    /// It ended by itself without a closing word, or with an error that has no other name.
    Crashed,
    /// It made no progress.
    Wedged,
    /// It did, or tried to hand over, what policy forbids.
    PolicyViolation,
    /// What it made passes only because tests or gates became weaker.
    Weakened,
    /// It ended normally, and the evidence that was asked for isn't there: a commit, a gate that passes, a valid answer.
    NoVerdict,
}

/// What follows of an outcome for the work that the run was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is settled.
    Settled,
    /// Another attempt, with changed content.
    Again,
    /// The same again after a while; nothing was learnt.
    Wait(Duration),
    /// Nothing on this account before a moment; elsewhere at once.
    Pause(Option<Timestamp>),
    /// A person's turn.
    Person,
    /// Nothing, unless a person asks anew.
    Nothing,
}

/// How long an overloaded server is left alone.
const OVERLOADED: Duration = Duration::from_secs(20);
/// How long an account that is rate limited is left alone.
const RATE_LIMITED: Duration = Duration::from_mins(1);
/// How long nothing is started where starting failed.
const COULD_NOT_START: Duration = Duration::from_mins(1);

impl Outcome {
    /// Its word in documents and records.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NoChange => "no change",
            Self::Refused => "refused",
            Self::NeedsInput => "needs input",
            Self::TurnLimit => "turn limit",
            Self::TimeLimit => "time limit",
            Self::Auth => "auth",
            Self::Credit(_) => "credit",
            Self::Overloaded => "overloaded",
            Self::RateLimited => "rate limited",
            Self::CouldNotStart => "could not start",
            Self::Cancelled => "cancelled",
            Self::Killed => "killed",
            Self::Crashed => "crashed",
            Self::Wedged => "wedged",
            Self::PolicyViolation => "policy violation",
            Self::Weakened => "weakened",
            Self::NoVerdict => "no verdict",
        }
    }

    /// By its word; `until` is for one that has a time.
    pub fn by_word(word: &str, until: Option<Timestamp>) -> Option<Self> {
        let all = [
            Self::Done,
            Self::NoChange,
            Self::Refused,
            Self::NeedsInput,
            Self::TurnLimit,
            Self::TimeLimit,
            Self::Auth,
            Self::Credit(until),
            Self::Overloaded,
            Self::RateLimited,
            Self::CouldNotStart,
            Self::Cancelled,
            Self::Killed,
            Self::Crashed,
            Self::Wedged,
            Self::PolicyViolation,
            Self::Weakened,
            Self::NoVerdict,
        ];
        all.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Whether the run counts as one of the attempts that the work may take. What the agent had no part in doesn't.
    pub fn burns_attempt(&self) -> bool {
        match self {
            Self::Done
            | Self::NoChange
            | Self::Refused
            | Self::NeedsInput
            | Self::TurnLimit
            | Self::TimeLimit
            | Self::Crashed
            | Self::Wedged
            | Self::PolicyViolation
            | Self::Weakened
            | Self::NoVerdict => true,
            Self::Auth
            | Self::Credit(_)
            | Self::Overloaded
            | Self::RateLimited
            | Self::CouldNotStart
            | Self::Cancelled
            | Self::Killed => false,
        }
    }

    /// What follows.
    pub fn then(&self) -> Then {
        match self {
            Self::Done | Self::NoChange => Then::Settled,
            Self::Refused | Self::NeedsInput | Self::PolicyViolation => Then::Person,
            Self::TurnLimit
            | Self::TimeLimit
            | Self::Crashed
            | Self::Wedged
            | Self::Weakened
            | Self::NoVerdict => Then::Again,
            Self::Killed => Then::Wait(Duration::ZERO),
            Self::Auth => Then::Pause(None),
            Self::Credit(until) => Then::Pause(*until),
            Self::Overloaded => Then::Wait(OVERLOADED),
            Self::RateLimited => Then::Wait(RATE_LIMITED),
            Self::CouldNotStart => Then::Wait(COULD_NOT_START),
            Self::Cancelled => Then::Nothing,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        if let Self::Credit(Some(until)) = self { write!(f, " until {until}") } else { Ok(()) }
    }
}

/// What a run used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Calls of the model.
    pub turns: u32,
    /// Tokens read by the model that were not in its cache.
    pub input: u64,
    /// Tokens read from its cache.
    pub cached: u64,
    /// Tokens written.
    pub output: u64,
    /// The agent's own figure for the cost, in millionths of a US dollar; `None` where it says nothing.
    pub cost: Option<u64>,
}

impl Usage {
    /// Whether the model has answered; what it wrote then is told later than that it did.
    pub fn is_answered(&self) -> bool {
        self.turns > 0 || self.output > 0
    }
}

impl Usage {
    /// All tokens.
    pub fn tokens(&self) -> u64 {
        self.input.saturating_add(self.cached).saturating_add(self.output)
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            turns: self.turns.saturating_add(other.turns),
            input: self.input.saturating_add(other.input),
            cached: self.cached.saturating_add(other.cached),
            output: self.output.saturating_add(other.output),
            cost: match (self.cost, other.cost) {
                (Some(one), Some(two)) => Some(one.saturating_add(two)),
                // A sum is known when each part is, and what used nothing costs nothing.
                (Some(cost), None) if other.tokens() == 0 => Some(cost),
                (None, Some(cost)) if self.tokens() == 0 => Some(cost),
                (Some(_), None) | (None, Some(_) | None) => None,
            },
        }
    }

    /// The higher of each figure.
    #[must_use]
    pub fn at_least(self, other: Self) -> Self {
        Self {
            turns: self.turns.max(other.turns),
            input: self.input.max(other.input),
            cached: self.cached.max(other.cached),
            output: self.output.max(other.output),
            cost: self.cost.max(other.cost),
        }
    }

    /// What is left of it after a baseline, never less than nothing.
    #[must_use]
    pub fn since(self, baseline: Self) -> Self {
        Self {
            turns: self.turns.saturating_sub(baseline.turns),
            input: self.input.saturating_sub(baseline.input),
            cached: self.cached.saturating_sub(baseline.cached),
            output: self.output.saturating_sub(baseline.output),
            cost: self.cost.map(|cost| cost.saturating_sub(baseline.cost.unwrap_or(0))),
        }
    }
}

/// What the figures that an agent reports are of, when a session is resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UsageOf {
    /// The process that reports.
    Process,
    /// The whole session: what earlier processes used is taken off.
    Session,
}

impl UsageOf {
    /// What a process used, of what it told, where its session had used so much before it began. Calls of the model are
    /// the process's always.
    #[must_use]
    pub fn own(self, told: Usage, before: Usage) -> Usage {
        match self {
            Self::Process => told,
            Self::Session => told.since(Usage { turns: 0, ..before }),
        }
    }

    /// What a session has used in all once a process of it told so much, as far as the next process has to know. One
    /// that told nothing of the kind has not used less than was used before it.
    #[must_use]
    pub fn in_all(self, told: Usage, before: Usage) -> Usage {
        match self {
            Self::Process => Usage::default(),
            Self::Session if told.tokens() == 0 => before,
            Self::Session => told,
        }
    }
}

/// What a run may use. `None` is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// From its start to its end.
    pub time: Option<Duration>,
    /// Calls of the model.
    pub turns: Option<u32>,
    /// Tokens of all kinds.
    pub tokens: Option<u64>,
    /// Millionths of a US dollar.
    pub spend: Option<u64>,
    /// Bytes that it may print.
    pub output: Option<u64>,
    /// Bytes of the disk that its workspace and its home may take together.
    pub disk: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: None,
            turns: None,
            tokens: None,
            spend: None,
            output: Some(256 << 20),
            disk: Some(10 << 30),
        }
    }
}

/// How long a run may go without progress. Lines that report an error or another try are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clocks {
    /// Until its first event.
    pub first_event: Duration,
    /// Without an event while no tool runs.
    pub silence: Duration,
    /// Of one tool.
    pub tool: Duration,
    /// Between TERM and KILL.
    pub grace: Duration,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            first_event: Duration::from_mins(1),
            silence: Duration::from_mins(5),
            tool: Duration::from_mins(30),
            grace: Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_one_form_only() {
        let at: Timestamp = "2026-05-01T12:00:00.045Z".parse().unwrap();
        let id = RunId::new(at, b"x");
        assert!(id.as_str().starts_with("20260501-120000-045"), "{id}");
        assert_ne!(id, RunId::new(at, b"y"));
        assert_eq!(id.moment(), Some(at));
        assert!(id < RunId::new(at + SignedDuration::from_millis(1), b"x"));
        assert_eq!(RunId::parse(id.as_str()), Some(id));
        let earlier = RunId::parse("20260501-120000-0a1b2c3d").expect("records of earlier versions are read");
        assert_eq!(earlier.moment(), Some("2026-05-01T12:00:00Z".parse().unwrap()));
        for wrong in [
            "",
            "../../etc",
            "20260501-120000-0450A1B2",
            "20260501-120000-0450a1b2/",
            "20260501-12000-0450a1b20",
        ] {
            assert_eq!(RunId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_word_is_of_one_outcome() {
        let until = Some(Timestamp::UNIX_EPOCH);
        for outcome in [Outcome::Done, Outcome::NoChange, Outcome::NoVerdict, Outcome::Credit(until)] {
            assert_eq!(Outcome::by_word(outcome.as_str(), until), Some(outcome));
        }
        assert_eq!(Outcome::by_word("what is this", None), None);
    }

    #[test]
    fn what_the_agent_had_no_part_in_burns_no_attempt() {
        let until = Some(Timestamp::UNIX_EPOCH);
        for (outcome, burns, then) in [
            (Outcome::Done, true, Then::Settled),
            (Outcome::NeedsInput, true, Then::Person),
            (Outcome::Wedged, true, Then::Again),
            (Outcome::Killed, false, Then::Wait(Duration::ZERO)),
            (Outcome::Cancelled, false, Then::Nothing),
            (Outcome::Credit(until), false, Then::Pause(until)),
        ] {
            assert_eq!((outcome.burns_attempt(), outcome.then()), (burns, then), "{outcome}");
        }
    }

    #[test]
    fn a_baseline_is_taken_off_and_an_unknown_cost_stays_unknown() {
        let before = Usage { turns: 1, input: 100, cached: 0, output: 10, cost: Some(5) };
        let after = Usage { turns: 3, input: 250, cached: 40, output: 30, cost: Some(12) };
        assert_eq!(
            after.since(before),
            Usage { turns: 2, input: 150, cached: 40, output: 20, cost: Some(7) }
        );
        assert_eq!(before.plus(after.since(before)), after);
        let unknown = Usage { cost: None, ..after };
        assert_eq!(unknown.since(before).cost, None);
        assert_eq!(unknown.plus(unknown).cost, None);
        assert_eq!((unknown.plus(after).cost, after.plus(unknown).cost), (None, None));
        assert_eq!(Usage::default().plus(after).cost, after.cost);
        assert_eq!(unknown.tokens(), 320);
    }

    #[test]
    fn what_a_session_used_before_is_not_this_processs_but_calls_are() {
        let before = Usage { turns: 7, input: 100, cached: 0, output: 10, cost: None };
        let told = Usage { turns: 2, input: 250, cached: 40, output: 30, cost: None };
        let own = Usage { turns: 2, input: 150, cached: 40, output: 20, cost: None };
        assert_eq!(UsageOf::Session.own(told, before), own);
        assert_eq!(UsageOf::Process.own(told, before), told);
        let silent = Usage { turns: 1, ..Usage::default() };
        assert_eq!(UsageOf::Session.in_all(told, before), told);
        assert_eq!(UsageOf::Session.in_all(silent, before), before);
        assert_eq!(UsageOf::Process.in_all(told, before), Usage::default());
    }

    #[test]
    fn records_read_back() {
        for outcome in
            [Outcome::NoChange, Outcome::Credit(None), Outcome::Credit(Some(Timestamp::UNIX_EPOCH))]
        {
            let text = serde_json::to_string(&outcome).unwrap();
            assert_eq!(serde_json::from_str::<Outcome>(&text).unwrap(), outcome, "{text}");
        }
    }
}
