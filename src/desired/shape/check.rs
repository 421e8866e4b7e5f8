//! One value against one type: the typed value, or what is wrong in words.

use jiff::civil::Date;

use super::types::{Type, duration_text};
use super::{Vocabulary, forms};
use crate::desired::diagnostic::{Code, code, nearest};
use crate::desired::text::{Raw, Spelling, shorten};
use crate::model::{AddressError, AddressGlob, LabelName, MICROS, RepoName};

/// A value of one of the [`Type`]s.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of [`Type::Flag`].
    Flag(bool),
    /// Of [`Type::Int`] and [`Type::Limit`].
    Int(i64),
    /// Of [`Type::Limit`] and [`Type::Dollars`]: no limit.
    Unlimited,
    /// Of [`Type::Dollars`]: millionths of one.
    Micros(u64),
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
    /// The value as JSON; lengths of time as whole seconds, amounts as millionths of a dollar.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Flag(b) => (*b).into(),
            Self::Int(n) => (*n).into(),
            Self::Unlimited => serde_json::Value::Null,
            Self::Seconds(n) | Self::Micros(n) => (*n).into(),
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

/// A colour that was written as a number in hex, as it stands in the file: its digits are gone from the number.
pub(in crate::desired) fn hex_color(ty: Type, written: &str, cx: Context<'_>) -> Option<Problem> {
    let digits = written.strip_prefix("0x").filter(|_| ty == Type::Color)?.replace('_', "");
    let says = format!("must be {}, not the number {}", ty.noun(cx.spelling), shorten(written));
    let six = digits.len() == 6;
    let digits = if six { shorten(&digits) } else { "d73a4a".into() };
    let example = if six { "" } else { "e.g. " };
    let hint = format!("write it as text, six hex digits in quotes: {example}`\"{digits}\"`");
    Some(Problem::new(code::WRONG_TYPE, says).hint(hint))
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
    pub(super) fn new(code: &'static Code, says: String) -> Self {
        Self { code, says, whole: None, hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Checks one value; for a list, one of its members.
pub(in crate::desired) fn check(ty: Type, raw: &Raw<'_>, cx: Context<'_>) -> Result<Value, Problem> {
    match ty {
        Type::List { of, .. } | Type::Row { of, .. } => check(*of, raw, cx),
        Type::Flag => flag(raw).ok_or_else(|| wrong_flag(ty, raw, cx)),
        Type::Int { min, max } => whole(ty, raw, min, max, cx),
        Type::Limit { max } => match raw {
            Raw::Null => Ok(Value::Unlimited),
            Raw::Text(word) if word == "unlimited" => Ok(Value::Unlimited),
            Raw::Flag(_) | Raw::Int(_) | Raw::Float(_) | Raw::Text(_) => whole(ty, raw, 0, max, cx),
        },
        Type::Dollars { max, unlimited } => match raw {
            Raw::Null if unlimited => Ok(Value::Unlimited),
            Raw::Text(word) if unlimited && word == "unlimited" => Ok(Value::Unlimited),
            Raw::Null | Raw::Flag(_) | Raw::Int(_) | Raw::Float(_) | Raw::Text(_) => {
                dollars(ty, raw, max, cx)
            }
        },
        Type::Secret => secret(raw, cx),
        Type::Text { .. }
        | Type::Prose { .. }
        | Type::Duration { .. }
        | Type::Word(_)
        | Type::Repo
        | Type::RepoPattern
        | Type::OwnerPattern
        | Type::Address
        | Type::Color
        | Type::Label
        | Type::Name
        | Type::Agent
        | Type::Topic
        | Type::Branch
        | Type::Date
        | Type::Moment
        | Type::Api
        | Type::Website
        | Type::Path
        | Type::Listen
        | Type::Model
        | Type::Guard
        | Type::Rule
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

/// An amount, as a number or as text that may begin with `$`.
fn dollars(ty: Type, raw: &Raw<'_>, max: u64, cx: Context<'_>) -> Result<Value, Problem> {
    let text = match raw {
        Raw::Int(n) => n.to_string(),
        // The shortest decimal of a number is what was written.
        Raw::Float(n) => n.to_string(),
        Raw::Text(text) => text.strip_prefix('$').unwrap_or(text).to_owned(),
        Raw::Null | Raw::Flag(_) => return Err(wrong_type(ty, raw, cx)),
    };
    let says = || format!("must be {}, not {}", ty.noun(cx.spelling), raw.describe(cx.spelling));
    match forms::micros(&text) {
        Some(micros) if micros <= max.saturating_mul(MICROS) => Ok(Value::Micros(micros)),
        Some(_) => {
            Err(Problem::new(code::OUT_OF_RANGE, says()).hint(format!("at most {max} dollars are allowed")))
        }
        None => Err(Problem::new(code::MALFORMED, says())
            .hint("write digits, and at most six more after a point: `5`, `0.25`, `\"$5\"`")),
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
        Type::Prose { max } => {
            let length = text.chars().count();
            if length > max {
                let says = format!("has {length} characters; at most {max} are allowed");
                return Err(Problem::new(code::OUT_OF_RANGE, says).hint("shorten it"));
            }
            if text.trim().is_empty() {
                return Err(malformed().hint("say what is meant"));
            }
            let unseen = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
            if text.chars().any(unseen) {
                return Err(malformed().hint("it has a control character in it"));
            }
            Ok(keep())
        }
        Type::Duration { min, max } => {
            let seconds = forms::seconds(text).ok_or_else(|| {
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
        Type::Rule => word(text, &cx.vocabulary.rules, malformed)
            .map_err(|p| Problem { whole: Some(format!("there is no rule `{}`", shorten(text))), ..p }),
        Type::Loop => match cx.vocabulary.find_loop(text) {
            Some(_) => Ok(keep()),
            None => Err(unknown_loop(text, cx)),
        },
        Type::Repo => RepoName::parse(text)
            .map(|_| keep())
            .map_err(|e| malformed().hint(format!("{e}; write owner and name: `acme/widgets`"))),
        Type::RepoPattern => when(forms::is_pattern(text)),
        Type::OwnerPattern => {
            let owner = text.split_once('/').map_or("", |(owner, _)| owner);
            when(forms::is_pattern(text) && !owner.contains('*'))
        }
        Type::Address => AddressGlob::parse(text).map(|_| keep()).map_err(|e| {
            malformed().hint(match e {
                AddressError::Part { .. } | AddressError::Deep { .. } => e.to_string(),
                AddressError::Empty(_) | AddressError::Kind(_) => {
                    format!("{e}; e.g. `repo/acme/widgets`, `repo/acme/**`, `repo/*/*/label/bug`")
                }
            })
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
        Type::Name | Type::Agent => when(forms::is_name(text)),
        Type::Topic => forms::topic(text, malformed),
        Type::Branch => when(forms::is_branch(text)),
        Type::Date => text
            .parse::<Date>()
            .map(Value::Date)
            .map_err(|_| malformed().hint("write year, month and day: \"2026-12-01\"")),
        Type::Moment => forms::moment(text)
            .map(Value::Moment)
            .ok_or_else(|| malformed().hint("write year, month and day: \"2026-12-01\"")),
        Type::Api => forms::api(text, malformed),
        Type::Path if text.starts_with('/') && !text.chars().any(char::is_control) => Ok(keep()),
        Type::Path => Err(malformed().hint("write where it lies from the root on, e.g. `/opt/agents`")),
        Type::Website if forms::is_website(text) => Ok(keep()),
        Type::Website => Err(malformed().hint(forms::website_meant(text))),
        Type::Model => {
            let is_line = !text.trim().is_empty() && !text.chars().any(char::is_control);
            when(is_line && text.chars().count() <= 200)
        }
        Type::Listen => {
            let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
            when(port.is_some_and(|p| p.parse::<u16>().is_ok()))
        }
        // Decided before, without looking at text alone.
        Type::Flag
        | Type::Int { .. }
        | Type::Limit { .. }
        | Type::Dollars { .. }
        | Type::Secret
        | Type::List { .. }
        | Type::Row { .. } => Err(malformed()),
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
