//! `factoryctl history`: what was changed, why, by which commit; newest first.

use crate::ledger::{self, Entry, Event, Record};
use crate::model::AddressGlob;

use super::context::Context;
use super::exit::{Exit, Fail};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only what this address covers; `*` and `**` match.
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,
    /// Only since then: a date, a time, or a span such as `36h` or `7d`.
    #[arg(long, value_name = "T")]
    since: Option<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let (_, _, state) = cx.past().await?;
    let glob = match &args.address {
        None => None,
        Some(text) => {
            Some(AddressGlob::parse(text).map_err(|e| Fail::new(Exit::Usage, "not an address").because(e))?)
        }
    };
    let since = args.since.as_deref().map(|text| moment(text, cx.clock.now())).transpose()?;
    for event in ledger::history(&state.ledger(), glob, since)? {
        let event = event?;
        let text = if args.json { json_line(&event) } else { super::ledger::line(&event) };
        cx.ui.print(&text)?;
    }
    Ok(Exit::Done)
}

fn json_line(event: &Event) -> String {
    let json = match event {
        Event::Change(change) => serde_json::json!({
            "version": 1, "seq": change.seq, "at": change.at.to_string(), "kind": "change", "intent": change.intent,
            "outcomes": change.outcomes.iter().map(|(at, o)| serde_json::json!({ "at": at.to_string(), "outcome": o })).collect::<Vec<_>>(),
        }),
        Event::Other(Entry { seq, at, record: Record::Run(run), .. }) => serde_json::json!({
            "version": 1, "seq": seq, "at": at.to_string(), "kind": "run", "run": run,
        }),
        Event::Other(entry) => serde_json::json!({
            "version": 1, "seq": entry.seq, "at": entry.at.to_string(), "kind": entry.record.kind(),
            "says": super::ledger::line(event).trim_end(),
        }),
    };
    format!("{json}\n")
}

/// A moment: a timestamp, a day (UTC), or a span before now.
pub(super) fn moment(text: &str, now: jiff::Timestamp) -> Result<jiff::Timestamp, Fail> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(at);
    }
    if let Ok(day) = text.parse::<jiff::civil::Date>()
        && let Ok(zoned) = day.to_zoned(jiff::tz::TimeZone::UTC)
    {
        return Ok(zoned.timestamp());
    }
    if let Ok(span) = text.parse::<jiff::SignedDuration>() {
        return Ok(now - span);
    }
    let days = text.strip_suffix('d').and_then(|n| n.parse::<i64>().ok());
    match days {
        Some(days) => Ok(now - jiff::SignedDuration::from_hours(24 * days)),
        None => Err(Fail::new(Exit::Usage, format!("`{text}` is not a time"))
            .help("write 2026-05-01, 2026-05-01T12:00:00Z, 36h or 7d")),
    }
}
