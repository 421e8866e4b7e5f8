//! `freeze`: a time of the week in which nothing is merged.

use std::ops::Range;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code, nearest};
use crate::desired::shape::{Field, Kind, Repeat, Type};
use crate::desired::text::shorten;
use crate::model::Freeze;

use super::Builder;

const ZONE: &str = "UTC";
const FORM: &str = "write day and time of both ends: `\"Fri 16:00..Mon 08:00\"`";
const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Monday),
    ("Tue", Weekday::Tuesday),
    ("Wed", Weekday::Wednesday),
    ("Thu", Weekday::Thursday),
    ("Fri", Weekday::Friday),
    ("Sat", Weekday::Saturday),
    ("Sun", Weekday::Sunday),
];

pub(super) static FREEZE: Kind = Kind {
    name: "freeze",
    about: "A time of the week in which nothing is merged.",
    key: Some(
        Field::new(
            "when",
            Type::Text { max: 40 },
            "From when to when, each a day (`Mon` to `Sun`) and a time (`HH:MM`); it may go over the weekend.",
            "\"Fri 16:00..Mon 08:00\"",
        )
        .required(),
    ),
    fields: &[Field::new(
        "tz",
        Type::Text { max: 60 },
        "Whose clock: a name of the time zone database.",
        "\"Europe/Berlin\"",
    )
    .or("\"UTC\"")],
    repeat: Repeat::Many,
    most: 50,
    example: "freeze \"Fri 16:00..Mon 08:00\" tz=\"Europe/Berlin\"",
    ..Kind::EMPTY
};

/// What is wrong with a text, and where in it.
struct Wrong {
    part: Range<usize>,
    says: String,
    help: String,
}

pub(super) fn build(block: &Block, cx: &mut Builder<'_>) -> Option<Freeze> {
    let zone = zone(block, cx);
    let text = block.key();
    if text.is_empty() && block.key.is_empty() {
        return None;
    }
    match parse(text) {
        Ok((from, to)) => Some(Freeze { from, to, zone: zone?, text: text.to_owned() }),
        Err(wrong) => {
            let at = cx.within(block.key_span(), text, wrong.part);
            cx.sink.push(Draft::error(code::MALFORMED, wrong.says).at(at, "here").help(wrong.help));
            None
        }
    }
}

fn zone(block: &Block, cx: &mut Builder<'_>) -> Option<String> {
    let Some((name, span)) = block.text("tz") else {
        return block.given("tz").is_none().then(|| ZONE.to_owned());
    };
    if TimeZone::get(name).is_ok() {
        return Some(name.to_owned());
    }
    let all: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
    let help = nearest(name, all.iter().map(String::as_str)).map_or_else(
        || "write it as the time zone database does: `tz=\"Europe/Berlin\"`".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    let says = format!("there is no time zone `{}`", shorten(name));
    cx.sink.push(Draft::error(code::MALFORMED, says).at(span, "this time zone").help(help));
    None
}

type Moment = (Weekday, Time);

fn parse(text: &str) -> Result<(Moment, Moment), Wrong> {
    let whole = |says: String| Wrong { part: 0..text.len(), says, help: FORM.to_owned() };
    let Some((from, to)) = text.split_once("..") else {
        return Err(whole(format!("\"{}\" is no time from one moment to another", shorten(text))));
    };
    let ends = (moment(from, 0)?, moment(to, from.len() + 2)?);
    if ends.0 == ends.1 {
        return Err(whole(format!("\"{}\" ends when it begins", shorten(text))));
    }
    Ok(ends)
}

/// A day and a time, of which the first character is the `at`-th of the whole text.
fn moment(text: &str, at: usize) -> Result<Moment, Wrong> {
    let at = at + text.len() - text.trim_start().len();
    let text = text.trim();
    let Some((day, rest)) = text.split_once(char::is_whitespace) else {
        let says = format!("\"{}\" is no day with a time", shorten(text));
        return Err(Wrong { part: at..at + text.len(), says, help: FORM.to_owned() });
    };
    let time = rest.trim_start();
    let Some((_, weekday)) = DAYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(day)) else {
        let says = format!("there is no day `{}`", shorten(day));
        let names = DAYS.map(|(name, _)| name);
        let help = names.iter().find(|name| day.to_lowercase().starts_with(&name.to_lowercase())).copied();
        let help = help.or_else(|| nearest(day, names)).map_or_else(
            || format!("the days are {}", names.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(Wrong { part: at..at + day.len(), says, help });
    };
    let start = at + text.len() - time.len();
    clock(time).map(|time| (*weekday, time)).ok_or_else(|| Wrong {
        part: start..start + time.len(),
        says: format!("there is no time `{}`", shorten(time)),
        help: "write hours and minutes, from `00:00` to `23:59`".to_owned(),
    })
}

fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        let all = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<i8>().ok().filter(|_| all)
    };
    Time::new(two(hour)?, two(minute)?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_week_is_read_or_refused_at_its_place() {
        for (text, expect) in [
            ("Fri 16:00..Mon 08:00", "Friday 16:00:00 Monday 08:00:00"),
            ("fri 16:00 .. MON  08:00", "Friday 16:00:00 Monday 08:00:00"),
            ("Sat 00:00..Sat 23:59", "Saturday 00:00:00 Saturday 23:59:00"),
            ("Fri 16:00-Mon 08:00", "at Fri 16:00-Mon 08:00"),
            ("Fri 16:00..Mon", "at Mon"),
            ("Fri..Mon 08:00", "at Fri"),
            ("Mon 16:00..Mo 08:00", "at Mo"),
            ("Friday 16:00..Mon 08:00", "at Friday"),
            ("Fri 24:00..Mon 08:00", "at 24:00"),
            ("Fri 16:00..Mon 8:00", "at 8:00"),
            ("Fri 16:00..Mon 08:60", "at 08:60"),
            ("Fri 16:00..Mon +8:00", "at +8:00"),
            ("Fri 16:00..Fri 16:00", "at Fri 16:00..Fri 16:00"),
            ("..", "at "),
            ("", "at "),
        ] {
            let said = match parse(text) {
                Ok(((day, time), (last, end))) => format!("{day:?} {time} {last:?} {end}"),
                Err(wrong) => format!("at {}", &text[wrong.part]),
            };
            assert_eq!(said, expect, "{text}");
        }
        assert_eq!(FREEZE.field("tz").and_then(Field::default_json), Some(ZONE.into()));
    }
}
