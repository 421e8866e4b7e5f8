//! `factoryctl status`: what the daemon is doing.

use std::time::Duration;

use serde_json::{Value, json};

use crate::engine::{self, Known, Standing, Status};

use super::context::Context;
use super::daemon::{Daemon, Heard, SILENT};
use super::exit::{Exit, Fail};

/// How often `--watch` asks.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print the versioned JSON document.
    #[arg(long)]
    json: bool,
    /// Show it anew every second, until interrupted.
    #[arg(long)]
    watch: bool,
    /// Print it as metrics, in the OpenMetrics text format; without a daemon too.
    #[arg(long, conflicts_with_all = ["json", "watch"])]
    metrics: bool,
    /// Seconds that the daemon may take to answer; then is shown what can be told without it.
    #[arg(
        long,
        value_name = "SECONDS",
        env = "FACTORY_STATUS_TIMEOUT",
        hide_env_values = true,
        default_value_t = 2,
        value_parser = clap::value_parser!(u64).range(1..=600)
    )]
    timeout: u64,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let daemon = Daemon::find(cx).await?;
    let mut before = None;
    loop {
        let status = match daemon.status(Duration::from_secs(args.timeout)).await? {
            Heard::Status(status) => status,
            Heard::NoDaemon => return alone(cx, &daemon, args, Value::Null, no_daemon(&daemon)),
            Heard::Nothing(patience) => {
                let pid = daemon.state.holder()?.and_then(|by| by.pid);
                let shown = json!({ "pid": pid, "answers": false });
                return alone(cx, &daemon, args, shown, silent(pid, patience));
            }
        };
        let text = if args.metrics {
            as_metrics(Some(&status), status.agents.as_ref())?
        } else if args.json {
            let json = serde_json::to_value(&status)
                .map_err(|error| Fail::new(Exit::Error, "the status can't be written").because(error))?;
            if args.watch { format!("{json}\n") } else { format!("{json:#}\n") }
        } else {
            status.text()
        };
        if before.is_none() {
            daemon.say_elsewhere(cx, &status);
        }
        if before.as_ref() != Some(&text) {
            // On a terminal the new text takes the place of the old one.
            let clear = if args.watch && !args.json && cx.ui.draws() { "\u{1b}[H\u{1b}[2J" } else { "" };
            cx.ui.print(&format!("{clear}{text}"))?;
            before = Some(text);
        }
        if !args.watch {
            return Ok(Exit::Done);
        }
        cx.clock.sleep(AGAIN).await;
    }
}

/// How agents stand, who outlive the daemon.
fn agents(cx: &Context, daemon: &Daemon) -> Result<Standing, Fail> {
    Standing::read(&daemon.state, &Known::default(), &daemon.desired, cx.clock.now())
        .map_err(|why| Fail::new(Exit::Error, format!("the records of runs can't be read: {why}")))
}

/// Tells what can be told without an answer of the daemon, which documents show like this, and why there is none.
fn alone(cx: &Context, daemon: &Daemon, args: &Args, shown: Value, why: Fail) -> Result<Exit, Fail> {
    let agents = agents(cx, daemon)?;
    if args.metrics {
        // A factory that is down is a fact that metrics tell.
        cx.ui.print(&as_metrics(None, Some(&agents))?)?;
        if !shown.is_null() {
            cx.ui.say(&format!("warning: {why}; {}", why.help.as_deref().unwrap_or_default()));
        }
        return Ok(Exit::Done);
    }
    if args.json {
        cx.ui.print_json(&json!({ "version": 1, "daemon": shown, "agents": agents }))?;
    } else {
        cx.ui.print(&agents.text())?;
    }
    Err(why)
}

fn as_metrics(status: Option<&Status>, agents: Option<&Standing>) -> Result<String, Fail> {
    engine::metrics(status, agents)
        .map_err(|error| Fail::new(Exit::Error, "the metrics can't be written").because(error))
}

/// Why there is no status: no daemon runs, or what works on the config at this moment is none.
fn no_daemon(daemon: &Daemon) -> Fail {
    let none = "no daemon runs for this config";
    match daemon.state.holder() {
        Ok(Some(by)) => Fail::new(Exit::Error, format!("{none}, and {by}, works on it at this moment"))
            .help("wait until that has ended; it says itself what it does"),
        Ok(None) => Fail::new(Exit::Error, none).help("start it: factoryctl run"),
        Err(error) => error.into(),
    }
}

/// Why there is no status though somebody listens.
fn silent(pid: Option<u32>, patience: Duration) -> Fail {
    let who = pid.map_or_else(|| "the daemon".to_owned(), |pid| format!("the daemon, process {pid},"));
    let says = format!("{who} doesn't answer: it said nothing for {} s", patience.as_secs());
    Fail::new(Exit::Error, says).help(SILENT)
}
