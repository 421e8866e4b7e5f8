//! `factoryctl loop`: the loops, what they are doing, and switching them.

use serde_json::json;

use crate::engine::{Reply, Request};
use crate::loops::{self, AnyLoop};
use crate::model::Facet;

use super::context::Context;
use super::daemon::{Daemon, later};
use super::exit::{Exit, Fail};
use super::session::unknown_loop;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the loops and what they are doing
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one loop: what it does, reads and may do
    Show {
        /// The loop.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Switch a loop on
    Enable {
        /// The loop.
        name: String,
        /// Why, for those who find it switched.
        #[arg(long, default_value = "switched on by hand")]
        reason: String,
        /// Until when, where config has it off: a time, a day, or a span such as 36h.
        #[arg(long, value_name = "T")]
        until: Option<String>,
    },
    /// Switch a loop off, at once
    Disable {
        /// The loop.
        name: String,
        /// Why, for those who find it switched.
        #[arg(long, value_parser = super::daemon::reason)]
        reason: String,
        /// Until when: a time, a day, or a span such as 36h.
        #[arg(long, value_name = "T")]
        until: Option<String>,
    },
    /// Make a loop look now
    Tick {
        /// The loop.
        name: String,
    },
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    match &args.what {
        What::List { json } => list(cx, *json).await,
        What::Show { name, json } => show(cx, find(name)?, *json).await,
        What::Enable { name, reason, until } => {
            let (name, reason, by) = (find(name)?.name().to_owned(), reason.clone(), cx.env.who());
            let until = until.as_deref().map(|t| later(t, cx.clock.now())).transpose()?;
            Daemon::find(cx).await?.switch(cx, &Request::LoopEnable { name, reason, by, until }).await
        }
        What::Disable { name, reason, until } => {
            let (name, reason, by) = (find(name)?.name().to_owned(), reason.clone(), cx.env.who());
            let until = until.as_deref().map(|t| later(t, cx.clock.now())).transpose()?;
            Daemon::find(cx).await?.switch(cx, &Request::LoopDisable { name, reason, by, until }).await
        }
        What::Tick { name } => tick(cx, find(name)?).await,
    }
}

fn find(name: &str) -> Result<&'static dyn AnyLoop, Fail> {
    loops::by_name(name).ok_or_else(|| unknown_loop(name))
}

async fn tick(cx: &Context, l: &dyn AnyLoop) -> Result<Exit, Fail> {
    match Daemon::find(cx).await?.tell(&Request::LoopTick { name: l.name().to_owned() }).await? {
        Some(Reply::Done(says) | Reply::Partly(says)) => {
            cx.ui.print(&format!("{says}\n"))?;
            Ok(Exit::Done)
        }
        Some(Reply::Refused(says)) => Err(Fail::new(Exit::Error, says)),
        Some(Reply::Status(_)) => Err(Fail::new(Exit::Error, "the daemon answered something else")),
        None => Err(Fail::new(Exit::Error, "no daemon runs for this config")
            .help(format!("without one: factoryctl plan --loop {}", l.name()))),
    }
}

/// One line of the list.
struct Row {
    name: &'static str,
    state: String,
    every: Option<u64>,
    next: Option<String>,
    result: Option<String>,
    off: Option<String>,
}

async fn rows(cx: &Context) -> Result<Vec<Row>, Fail> {
    let daemon = Daemon::find(cx).await?;
    let status = match daemon.ask(&Request::Status {}).await? {
        Some(Reply::Status(status)) => {
            daemon.say_elsewhere(cx, &status);
            Some(status)
        }
        Some(Reply::Done(_) | Reply::Partly(_) | Reply::Refused(_)) | None => None,
    };
    let switches = daemon.board(cx)?.now();
    let row = |l: &&'static dyn AnyLoop| {
        let live = status.as_ref().and_then(|status| status.loops.iter().find(|s| s.name == l.name()));
        let config = daemon.desired.loops.get(l.name());
        let off = switches.loops.get(l.name());
        let said = |by: &str, reason: &str, until: Option<String>| {
            format!("off by {by}{}: {reason}", until.map(|t| format!(" until {t}")).unwrap_or_default())
        };
        Row {
            name: l.name(),
            state: match (live, off) {
                (Some(live), _) => live.state.as_str().to_owned(),
                (None, Some(_)) => "disabled".to_owned(),
                (None, None) => "not running".to_owned(),
            },
            every: config.and_then(|c| c.every).or_else(|| l.interval()).map(|every| every.as_secs()),
            next: live.and_then(|live| live.next_at).map(|t| t.to_string()),
            result: live.and_then(|live| live.result.clone()),
            off: match live {
                Some(live) => live
                    .by
                    .as_ref()
                    .zip(live.reason.as_ref())
                    .map(|(by, why)| said(by, why, live.until.map(|t| t.to_string()))),
                None => off.map(|s| said(&s.by, &s.reason, s.until.map(|t| t.to_string()))),
            },
        }
    };
    Ok(loops::ALL.iter().map(row).collect())
}

fn row_json(row: &Row) -> serde_json::Value {
    json!({
        "name": row.name, "state": row.state, "every_seconds": row.every, "next_at": row.next, "result": row.result,
        "off": row.off,
    })
}

async fn list(cx: &Context, json: bool) -> Result<Exit, Fail> {
    let rows = rows(cx).await?;
    if json {
        cx.ui.print_json(&json!({ "version": 1, "loops": rows.iter().map(row_json).collect::<Vec<_>>() }))?;
        return Ok(Exit::Done);
    }
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let mut out = String::new();
    for row in &rows {
        let every = row.every.map_or_else(|| "on events".to_owned(), |s| format!("every {}", span(s)));
        let mut line = format!("{:width$}  {:11}  {every:10}", row.name, row.state);
        for part in [&row.off, &row.result].into_iter().flatten() {
            line.push_str("  ");
            line.push_str(part);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    cx.ui.print(&out)?;
    Ok(Exit::Done)
}

fn span(seconds: u64) -> String {
    match seconds {
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

async fn show(cx: &Context, l: &'static dyn AnyLoop, json: bool) -> Result<Exit, Fail> {
    let rows = rows(cx).await?;
    let row = rows.iter().find(|row| row.name == l.name());
    let reads: Vec<&str> = l.needs().iter().map(Facet::as_str).collect();
    let may: Vec<&str> = l.may().iter().map(|verb| verb.as_str()).collect();
    let settings: Vec<_> = l.kind().fields.iter().map(|f| (f.name, f.default, f.about)).collect();
    if json {
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, default, about)| json!({ "name": name, "default": default, "about": about }))
            .collect();
        cx.ui.print_json(&json!({
            "version": 1, "loop": row.map(row_json), "about": l.about(), "reads": reads, "may": may, "settings": settings,
        }))?;
        return Ok(Exit::Done);
    }
    let mut out = format!("{}\n  {}\n", l.name(), l.about());
    if let Some(row) = row {
        out.push_str(&format!("state: {}\n", row.state));
        for (label, value) in [("off", &row.off), ("last", &row.result), ("next", &row.next)] {
            if let Some(value) = value {
                out.push_str(&format!("{label}: {value}\n"));
            }
        }
        if let Some(every) = row.every {
            out.push_str(&format!("every: {}\n", span(every)));
        }
    }
    out.push_str(&format!("reads: {}\nmay: {}\n", reads.join(", "), may.join(", ")));
    for (name, default, about) in settings {
        let default = default.map(|d| format!(" (default {d})")).unwrap_or_default();
        out.push_str(&format!("setting {name}{default}: {about}\n"));
    }
    cx.ui.print(&out)?;
    Ok(Exit::Done)
}
