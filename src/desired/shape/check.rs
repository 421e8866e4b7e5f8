//! One value against one type: the typed value, or what is wrong in words.

use jiff::civil::{Date, DateTime};

use super::types::{Type, duration_text};
use super::{DAY, HOUR, MINUTE, Vocabulary};
use crate::desired::diagnostic::{Code, code, nearest};
use crate::desired::text::{Raw, Spelling, shorten};
use crate::model::{AddressGlob, LabelName, RepoName};

/// A value of one of the [`Type`]s.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of [`Type::Flag`].
    Flag(bool),
    /// Of [`Type::Int`] and [`Type::Limit`].
    Int(i64),
    /// Of [`Type::Limit`]: no limit.
    Unlimited,
    /// Of [`Type::Duration`].
    Seconds(u64),
    /// Of [`Type::Date`].
    Date(Date),
    /// Of [`Type::Moment`]; a day stands for its first second in UTC.
    Moment(jiff::Timestamp),
    /// Of every type of text, normalised where the type says so.
    Text(String),
}

impl Value {
    /// The value as JSON; lengths of time as whole seconds.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Flag(b) => (*b).into(),
            Self::Int(n) => (*n).into(),
            Self::Unlimited => serde_json::Value::Null,
            Self::Seconds(n) => (*n).into(),
            Self::Date(date) => date.to_string().into(),
            Self::Moment(at) => at.to_string().into(),
            Self::Text(text) => text.clone().into(),
        }
    }
}

/// What a check may look at besides the value.
#[derive(Clone, Copy)]
pub(in crate::desired) struct Context<'a> {
    pub(in crate::desired) spelling: Spelling,
    pub(in crate::desired) vocabulary: &'a Vocabulary,
}

/// What is wrong with a value.
#[derive(Debug)]
pub(in crate::desired) struct Problem {
    pub(in crate::desired) code: &'static Code,
    /// What follows the name of the field: "must be …, not …".
    pub(in crate::desired) says: String,
    /// The message as a whole, where a sentence about the field would say less.
    pub(in crate::desired) whole: Option<String>,
    /// The value that was probably meant, or other advice.
    pub(in crate::desired) hint: Option<String>,
}

impl Problem {
    fn new(code: &'static Code, says: String) -> Self {
        Self { code, says, whole: None, hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Checks one value; for a list, one of its members.
pub(in crate::desired) fn check(ty: Type, raw: &Raw<'_>, cx: Context<'_>) -> Result<Value, Problem> {
    match ty {
        Type::List { of, .. } => check(*of, raw, cx),
        Type::Flag => flag(raw).ok_or_else(|| wrong_flag(ty, raw, cx)),
        Type::Int { min, max } => whole(ty, raw, min, max, cx),
        Type::Limit { max } => match raw {
            Raw::Null => Ok(Value::Unlimited),
            Raw::Text(word) if word == "unlimited" => Ok(Value::Unlimited),
            Raw::Flag(_) | Raw::Int(_) | Raw::Float(_) | Raw::Text(_) => whole(ty, raw, 0, max, cx),
        },
        Type::Secret => secret(raw, cx),
        Type::Text { .. }
        | Type::Duration { .. }
        | Type::Word(_)
        | Type::Repo
        | Type::RepoPattern
        | Type::OwnerPattern
        | Type::Address
        | Type::Color
        | Type::Label
        | Type::Name
        | Type::Topic
        | Type::Branch
        | Type::Date
        | Type::Moment
        | Type::Api
        | Type::Website
        | Type::Listen
        | Type::Guard
        | Type::Loop => {
            let Raw::Text(text) = raw else { return Err(wrong_text(ty, raw, cx)) };
            texts(ty, text, cx)
        }
    }
}

fn flag(raw: &Raw<'_>) -> Option<Value> {
    if let Raw::Flag(b) = raw { Some(Value::Flag(*b)) } else { None }
}

fn wrong_type(ty: Type, raw: &Raw<'_>, cx: Context<'_>) -> Problem {
    let (noun, found) = (ty.noun(cx.spelling), raw.describe(cx.spelling));
    Problem::new(code::WRONG_TYPE, format!("must be {noun}, not {found}"))
}

fn wrong_flag(ty: Type, raw: &Raw<'_>, cx: Context<'_>) -> Problem {
    let problem = wrong_type(ty, raw, cx);
    let Raw::Text(text) = raw else { return problem };
    let meant = match text.to_lowercase().as_str() {
        "true" | "yes" | "on" | "enabled" => "true",
        "false" | "no" | "off" | "disabled" => "false",
        _ => return problem,
    };
    let mark = if cx.spelling == Spelling::Kdl { "#" } else { "" };
    problem.hint(format!("write `{mark}{meant}`, without quotes"))
}

fn wrong_text(ty: Type, raw: &Raw<'_>, cx: Context<'_>) -> Problem {
    let problem = wrong_type(ty, raw, cx);
    match (ty, raw) {
        (Type::Duration { .. }, Raw::Int(n)) => {
            problem.hint(format!("give it a unit: `\"{n}s\"`, `\"{n}m\"`"))
        }
        (Type::Color, Raw::Int(n)) => problem.hint(format!("put it in quotes: `\"{n:06}\"`")),
        (Type::Date, Raw::Int(_)) => problem.hint("put it in quotes: `\"2026-12-01\"`"),
        (_, Raw::Int(_) | Raw::Float(_)) => problem.hint("put it in quotes"),
        _ => problem,
    }
}

fn whole(ty: Type, raw: &Raw<'_>, min: i64, max: i64, cx: Context<'_>) -> Result<Value, Problem> {
    let Raw::Int(n) = raw else {
        let problem = wrong_type(ty, raw, cx);
        let number = if let Raw::Text(text) = raw { text.parse::<i64>().ok() } else { None };
        return Err(match number {
            Some(n) => problem.hint(format!("write `{n}`, without quotes")),
            None => problem,
        });
    };
    match i64::try_from(*n) {
        Ok(n) if (min..=max).contains(&n) => Ok(Value::Int(n)),
        _ => Err(Problem::new(code::OUT_OF_RANGE, format!("must be {}, not {n}", ty.noun(cx.spelling)))),
    }
}

/// Never repeats the value.
fn secret(raw: &Raw<'_>, cx: Context<'_>) -> Result<Value, Problem> {
    if let Raw::Text(text) = raw {
        let name = text.strip_prefix("env:").or_else(|| text.strip_prefix("file:"));
        if let Some(name) = name {
            let good_env = !name.is_empty()
                && !name.starts_with(|c: char| c.is_ascii_digit())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if if text.starts_with("env:") { good_env } else { !name.is_empty() } {
                return Ok(Value::Text(text.clone().into_owned()));
            }
            let says = format!("must be {}", Type::Secret.noun(cx.spelling));
            return Err(Problem::new(code::MALFORMED, says)
                .hint("after `env:` stands the name of an environment variable, after `file:` a path: `env:GITHUB_TOKEN`"));
        }
    }
    Err(Problem::new(
        code::LITERAL_SECRET,
        format!("must be {}, not the secret itself", Type::Secret.noun(cx.spelling)),
    )
    .hint("put the secret into the environment and its name here, e.g. `env:GITHUB_TOKEN`; if this was ever committed or pushed, revoke it"))
}

fn texts(ty: Type, text: &str, cx: Context<'_>) -> Result<Value, Problem> {
    let malformed = || {
        let says = format!("must be {}, not \"{}\"", ty.noun(cx.spelling), shorten(text));
        Problem::new(code::MALFORMED, says)
    };
    let keep = || Value::Text(text.to_owned());
    let when = |good: bool| if good { Ok(keep()) } else { Err(malformed()) };
    match ty {
        Type::Text { max } => {
            let length = text.chars().count();
            if length > max {
                let says = format!("has {length} characters; at most {max} are allowed");
                return Err(Problem::new(code::OUT_OF_RANGE, says).hint("shorten it"));
            }
            if text.chars().any(char::is_control) {
                return Err(malformed().hint("it has a line break or another control character in it"));
            }
            Ok(keep())
        }
        Type::Duration { min, max } => {
            let seconds = seconds(text).ok_or_else(|| {
                malformed()
                    .hint("write numbers with a unit `s`, `m`, `h`, `d` or `w`: \"90s\", \"1h30m\", \"30d\"")
            })?;
            if (min..=max).contains(&seconds) {
                return Ok(Value::Seconds(seconds));
            }
            let (min, max) = (duration_text(min), duration_text(max));
            Err(Problem::new(code::OUT_OF_RANGE, format!("must be from {min} to {max}, not {text}")))
        }
        Type::Word(words) => word(text, words, malformed),
        Type::Guard => word(text, cx.vocabulary.guards, malformed).map_err(|p| Problem {
            whole: Some(format!("there is no guard `{}` that can be overridden", shorten(text))),
            hint: p
                .hint
                .or_else(|| Some(format!("those are {}", super::types::one_of(cx.vocabulary.guards)))),
            ..p
        }),
        Type::Loop => match cx.vocabulary.find_loop(text) {
            Some(_) => Ok(keep()),
            None => Err(unknown_loop(text, cx)),
        },
        Type::Repo => RepoName::parse(text)
            .map(|_| keep())
            .map_err(|e| malformed().hint(format!("{e}; write owner and name: `acme/widgets`"))),
        Type::RepoPattern => when(is_pattern(text)),
        Type::OwnerPattern => {
            let owner = text.split_once('/').map_or("", |(owner, _)| owner);
            when(is_pattern(text) && !owner.contains('*'))
        }
        Type::Address => AddressGlob::parse(text).map(|_| keep()).map_err(|e| {
            malformed().hint(format!("{e}; e.g. `repo/acme/widgets`, `repo/acme/**`, `repo/*/*/label/bug`"))
        }),
        Type::Color => {
            let digits = text.strip_prefix('#').unwrap_or(text);
            if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Ok(Value::Text(digits.to_ascii_lowercase()));
            }
            let short = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_hexdigit());
            let long: String = digits.chars().flat_map(|c| [c, c]).collect();
            Err(if short {
                malformed().hint(format!("write all six digits: \"{long}\""))
            } else {
                malformed()
            })
        }
        Type::Label => LabelName::parse(text).map(|_| keep()).map_err(|e| {
            let space = (text.trim() != text).then(|| "remove the white space around it".to_owned());
            malformed().hint(space.unwrap_or_else(|| e.to_string()))
        }),
        Type::Name => when(is_name(text)),
        Type::Topic => topic(text, malformed),
        Type::Branch => when(is_branch(text)),
        Type::Date => text
            .parse::<Date>()
            .map(Value::Date)
            .map_err(|_| malformed().hint("write year, month and day: \"2026-12-01\"")),
        Type::Moment => moment(text)
            .map(Value::Moment)
            .ok_or_else(|| malformed().hint("write year, month and day: \"2026-12-01\"")),
        Type::Api => api(text, malformed),
        Type::Website => {
            let good = text.is_empty()
                || url::Url::parse(text)
                    .is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host());
            if good {
                Ok(keep())
            } else {
                Err(malformed().hint(format!("did you mean `https://{}`?", shorten(text))))
            }
        }
        Type::Listen => {
            let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
            when(port.is_some_and(|p| p.parse::<u16>().is_ok()))
        }
        // Decided before, without looking at text alone.
        Type::Flag | Type::Int { .. } | Type::Limit { .. } | Type::Secret | Type::List { .. } => {
            Err(malformed())
        }
    }
}

fn word(text: &str, words: &[&str], malformed: impl Fn() -> Problem) -> Result<Value, Problem> {
    if words.contains(&text) {
        return Ok(Value::Text(text.to_owned()));
    }
    let problem = Problem { code: code::UNKNOWN_WORD, ..malformed() };
    Err(match nearest(text, words.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem,
    })
}

fn unknown_loop(text: &str, cx: Context<'_>) -> Problem {
    let names: Vec<&str> = cx.vocabulary.loops.iter().map(|l| l.name).collect();
    let hint = match nearest(text, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the loops are {}", super::types::one_of(&names)),
    };
    let whole = Some(format!("there is no loop `{}`", shorten(text)));
    Problem { whole, ..Problem::new(code::UNKNOWN_LOOP, String::new()).hint(hint) }
}

/// Seconds of `1h30m`; each unit once, the greater first.
fn seconds(text: &str) -> Option<u64> {
    let (mut rest, mut total, mut last) = (text, 0_u64, u64::MAX);
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, tail) = tail.split_at(letters);
        let unit = match unit {
            "s" => 1,
            "m" => MINUTE,
            "h" => HOUR,
            "d" => DAY,
            "w" => 7 * DAY,
            _ => return None,
        };
        if unit >= last {
            return None;
        }
        total = number.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(total)?;
        (rest, last) = (tail, unit);
    }
    (last != u64::MAX).then_some(total)
}

fn is_pattern(text: &str) -> bool {
    let part = |p: &str| {
        !p.is_empty()
            && p.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'*'))
    };
    text.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn topic(text: &str, malformed: impl Fn() -> Problem) -> Result<Value, Problem> {
    let good = |t: &str| {
        (1..=50).contains(&t.len())
            && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !t.starts_with('-')
    };
    if good(text) {
        return Ok(Value::Text(text.to_owned()));
    }
    let mended = text.to_lowercase().replace([' ', '_', '.'], "-");
    Err(if good(&mended) { malformed().hint(format!("did you mean `{mended}`?")) } else { malformed() })
}

/// Git's rules for the name of a reference, as far as a branch can break them.
fn is_branch(text: &str) -> bool {
    let bad = |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    (1..=200).contains(&text.len())
        && !text.contains(bad)
        && !text.contains("..")
        && !text.contains("@{")
        && !text.starts_with(['/', '-'])
        && !text.ends_with(['/', '.'])
        && text.split('/').all(|p| {
            let lock = std::path::Path::new(p).extension().is_some_and(|e| e == "lock");
            !p.is_empty() && !p.starts_with('.') && !lock
        })
}

fn moment(text: &str) -> Option<jiff::Timestamp> {
    if let Ok(date) = text.parse::<Date>() {
        // A date alone; a text with a time parses as a date too, so the length decides.
        if text.len() == 10 {
            return midnight(date);
        }
    }
    let zoned = text.parse::<jiff::Timestamp>().ok();
    zoned.or_else(|| {
        text.parse::<DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp())
    })
}

fn midnight(date: Date) -> Option<jiff::Timestamp> {
    date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp())
}

fn api(text: &str, malformed: impl Fn() -> Problem) -> Result<Value, Problem> {
    let Ok(url) = url::Url::parse(text) else {
        return Err(malformed().hint(
            "e.g. \"https://api.github.com\", or \"https://github.example/api/v3\" for an Enterprise server",
        ));
    };
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        let says = "must be the address of an API without user, query or fragment".to_owned();
        return Err(Problem::new(code::MALFORMED, says).hint("credentials go into `auth`, as a reference"));
    }
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(malformed()),
    };
    match url.scheme() {
        "https" => Ok(Value::Text(text.trim_end_matches('/').to_owned())),
        "http" if loopback => Ok(Value::Text(text.trim_end_matches('/').to_owned())),
        "http" => {
            let says = "must be `https://…`: over `http://` the token could be read on the way".to_owned();
            Err(Problem::new(code::MALFORMED, says)
                .hint("`http://` is for this machine only, e.g. `http://127.0.0.1:8080`"))
        }
        _ => Err(malformed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (text, expect) in [
            ("5m", Some(300)),
            ("1h30m", Some(5400)),
            ("30d", Some(2_592_000)),
            ("2w", Some(1_209_600)),
            ("0s", Some(0)),
            ("5", None),
            ("m", None),
            ("", None),
            ("30m1h", None),
            ("1h1h", None),
            ("1 h", None),
            ("99999999999999999999d", None),
            ("18446744073709551615w", None),
        ] {
            assert_eq!(seconds(text), expect, "{text}");
        }
        for seconds_ in [1, 59, 60, 3600, 5400, DAY, 30 * DAY] {
            assert_eq!(seconds(&duration_text(seconds_)), Some(seconds_));
        }
    }

    #[test]
    fn moments_are_in_utc_unless_they_say_otherwise() {
        for (text, expect) in [
            ("2026-12-01", Some("2026-12-01T00:00:00Z")),
            ("2026-12-01T12:00:00Z", Some("2026-12-01T12:00:00Z")),
            ("2026-12-01T12:00:00+02:00", Some("2026-12-01T10:00:00Z")),
            ("2026-12-01T12:00:00", Some("2026-12-01T12:00:00Z")),
            ("tomorrow", None),
            ("2026-13-01", None),
        ] {
            assert_eq!(moment(text).map(|t| t.to_string()).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn branches() {
        for (text, good) in [
            ("main", true),
            ("release/1.x", true),
            ("a b", false),
            ("x..y", false),
            ("a.lock", false),
            ("/a", false),
        ] {
            assert_eq!(is_branch(text), good, "{text}");
        }
    }
}
