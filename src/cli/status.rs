//! `factoryctl status`: what the daemon is doing.

use std::time::Duration;

use crate::engine::{Reply, Request};

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
            None => return Err(no_daemon(&daemon)),
        };
        let text = if args.json {
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
