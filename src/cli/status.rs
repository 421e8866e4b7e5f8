//! `factoryctl status`: what the daemon is doing.

use std::time::Duration;

use crate::engine::{self, Known, Reply, Request, Standing, Status};

use super::context::Context;
use super::daemon::Daemon;
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
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let daemon = Daemon::find(cx).await?;
    let mut before = None;
    loop {
        let status = match daemon.ask(&Request::Status {}).await? {
            Some(Reply::Status(status)) => status,
            Some(Reply::Refused(says)) => return Err(Fail::new(Exit::Error, says)),
            Some(Reply::Done(_) | Reply::Partly(_)) => {
                return Err(Fail::new(Exit::Error, "the daemon answered something else"));
            }
            None => {
                let agents = agents(cx, &daemon)?;
                if args.metrics {
                    // A factory that is down is a fact that metrics tell.
                    cx.ui.print(&as_metrics(None, Some(&agents))?)?;
                    return Ok(Exit::Done);
                }
                cx.ui.print(&without_daemon(&agents, args.json))?;
                return Err(no_daemon(&daemon));
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

/// What can be told without a daemon.
fn without_daemon(agents: &Standing, json: bool) -> String {
    if json {
        format!("{:#}\n", serde_json::json!({ "version": 1, "daemon": null, "agents": agents }))
    } else {
        agents.text()
    }
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
