//! The forms that texts of some types have: lengths of time, patterns, names, branches, moments, the base of an API.

use jiff::civil::{Date, DateTime};

use super::check::{Problem, Value};
use super::{DAY, HOUR, MINUTE};
use crate::desired::diagnostic::code;
use crate::desired::text::shorten;
use crate::model::MICROS;

/// Seconds of `1h30m`; each unit once, the greater first.
pub(super) fn seconds(text: &str) -> Option<u64> {
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

/// Millionths of `12.5`: digits, and at most six more after a point.
pub(super) fn micros(text: &str) -> Option<u64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(rest) || rest.len() > 6 {
        return None;
    }
    let rest: u64 = format!("{rest:0<6}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(MICROS)?.checked_add(rest)
}

/// Nothing, or an address that a browser opens.
pub(super) fn is_website(text: &str) -> bool {
    text.is_empty()
        || url::Url::parse(text).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host())
}

/// What was meant by a website that is none.
pub(super) fn website_meant(text: &str) -> String {
    // `widgets.example:8080` has a port, `javascript:…` a scheme.
    let scheme = text.split_once(':').is_some_and(|(before, after)| {
        !before.contains(['.', '/']) && !after.starts_with(|c: char| c.is_ascii_digit())
    });
    let whole = format!("https://{text}");
    if !scheme && is_website(&whole) && !text.contains(char::is_whitespace) {
        format!("did you mean `{}`?", shorten(&whole))
    } else {
        "a website begins with `https://` or `http://` and the name of a host: `https://widgets.example`"
            .to_owned()
    }
}

pub(super) fn is_pattern(text: &str) -> bool {
    let part = |p: &str| {
        !p.is_empty()
            && p.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'*'))
    };
    text.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
}

pub(super) fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

pub(super) fn topic(text: &str, malformed: impl Fn() -> Problem) -> Result<Value, Problem> {
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
pub(super) fn is_branch(text: &str) -> bool {
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

/// A time as config writes it: a moment, or a day; UTC unless it says otherwise.
pub(in crate::desired) fn moment(text: &str) -> Option<jiff::Timestamp> {
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

pub(super) fn api(text: &str, malformed: impl Fn() -> Problem) -> Result<Value, Problem> {
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
    use super::super::types::duration_text;
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
    fn amounts() {
        for (text, expect) in [
            ("5", Some(5_000_000)),
            ("0.25", Some(250_000)),
            ("3.000001", Some(3_000_001)),
            ("0.0000001", None),
            ("", None),
            (".5", None),
            ("5.", None),
            ("-1", None),
            ("1e3", None),
            ("5,00", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(micros(text), expect, "{text}");
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
