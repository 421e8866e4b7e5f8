//! `factoryctl run`: the daemon.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::adapters::git::Access;
use crate::adapters::github::Patience;
use crate::adapters::store::Store;
use crate::apply::Outcome;
use crate::desired;
use crate::engine::{
    self, Audience, BootError, DaemonError, Fatal, Invalid, Keeper, SocketError, WebhookError,
};
use crate::model::{Action, Desired};
use crate::plan::{Document, render};

use super::context::Context;
use super::daemon::none_elsewhere;
use super::exit::{Exit, Fail};
use super::ledger::unusable;
use super::ui::Ui;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print each plan as one line of JSON.
    #[arg(long)]
    json: bool,
    /// Seconds between two looks at a remote config repository; a webhook makes it look at once.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    fetch_every: u64,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    if cx.global.at.is_some() {
        return Err(Fail::new(Exit::Usage, "the daemon follows the config branch and takes no --at"));
    }
    let source = Arc::new(cx.open()?);
    if let Err(error) = source.fetch(&Access::new(&cx.env, cx.env.github_token())).await {
        // A start during an outage goes on with what was in force; the daemon asks again every so often.
        if source.remembered()?.is_none_or(|was| was.in_force.is_none()) {
            return Err(error.into());
        }
        cx.ui.say(&format!("{error}; the last good config is in force until it can be fetched"));
    }
    let keeper =
        Keeper::boot(Arc::clone(&source), cx.clock.clone()).await.map_err(|error| boot_fail(cx, error))?;
    let desired = Arc::clone(&keeper.current().desired);
    let state = cx.state_in_use(&source, &desired)?;
    none_elsewhere(&state).await?;
    let store =
        Store::open(&state.cache()).map_err(|error| cx.ui.say(&format!("warning: no cache: {error}"))).ok();
    let (drain, _) = super::signals::stop_on_signal();
    let context = cx.clone();
    let connect = move |desired: &Desired| {
        context.clients(desired, Patience::Daemon, store.clone()).map_err(|fail| fail.to_string())
    };
    cx.ui.say(&format!(
        "factory {} runs: {} of {} at {}",
        desired.factory.name,
        keeper.reference().trim_start_matches("refs/heads/").trim_start_matches("refs/remotes/"),
        desired.origin.place,
        keeper.current().commit.short()
    ));
    let options = engine::DaemonOptions {
        clock: cx.clock.clone(),
        env: cx.env.clone(),
        state,
        keeper,
        connect: Arc::new(connect),
        audience: Arc::new(Printer { ui: cx.ui.clone(), json: args.json }),
        fetch_every: Duration::from_secs(args.fetch_every),
        drain,
        // A second signal ends the process itself.
        abort: CancellationToken::new(),
    };
    match engine::run(options).await {
        Ok(_) => {
            cx.ui.say("drained");
            Ok(Exit::Done)
        }
        Err(DaemonError::Ledger(error)) => Err(match cx.connect(&source, &desired, Patience::Foreground) {
            Ok(session) => unusable(cx, &session, &source, &desired, error).await,
            Err(_) => error.into(),
        }),
        Err(error) => Err(daemon_fail(cx, error)),
    }
}

/// What to say when no commit can be put in force.
pub(super) fn boot_fail(cx: &Context, error: BootError) -> Fail {
    match error {
        BootError::Source(error) => error.into(),
        BootError::Invalid(invalid) => {
            invalid_config(cx, "the config does not load, and no earlier commit does", &invalid)
        }
        BootError::NoHistory => Fail::new(Exit::Invalid, error.to_string())
            .help("commit the config: git init && git add . && git commit"),
        BootError::NoBranch(_) => Fail::new(Exit::Invalid, error.to_string()).help(
            "push a commit to it, or name the branch that is in force: --config URL#BRANCH, or `branch` of \
             `factory { config }`",
        ),
    }
}

fn invalid_config(cx: &Context, says: &str, invalid: &Invalid) -> Fail {
    let color = cx.ui.err_style() == render::Style::Color;
    let mut fail = Fail::new(Exit::Invalid, says);
    fail.rendered = Some(desired::render(&invalid.problems, &invalid.files, color));
    fail
}

fn daemon_fail(cx: &Context, error: DaemonError) -> Fail {
    match error {
        DaemonError::Config(BootError::Invalid(invalid)) => {
            let says = "neither the head of the config branch nor what was in force before the restart loads";
            invalid_config(cx, says, &invalid).help("push a commit that loads")
        }
        DaemonError::Config(error) => boot_fail(cx, error),
        DaemonError::State(error) => error.into(),
        DaemonError::Ledger(error) => error.into(),
        DaemonError::Flips(error) => error.into(),
        DaemonError::Connect(_) => {
            Fail::new(Exit::Auth, "the daemon can't start").because(error).help("factoryctl doctor")
        }
        DaemonError::Fatal(Fatal::OtherWriter(_)) => {
            Fail::new(Exit::Locked, "the daemon gave way").because(error).help("run one daemon for a config")
        }
        DaemonError::Fatal(Fatal::Ledger(_)) => stopped(
            error,
            "mend what the system complains of; what was under way is settled at the next start",
        ),
        DaemonError::Socket(SocketError::Answered(_)) => Fail::new(Exit::Locked, "the daemon can't go on")
            .because(error)
            .help("one daemon is enough: `factoryctl status`"),
        DaemonError::Socket(SocketError::Bind { .. } | SocketError::Stale(_)) => {
            stopped(error, "mend the access to that folder, or export another XDG_RUNTIME_DIR")
        }
        DaemonError::Webhooks(WebhookError::Listen { .. }) => {
            stopped(error, "free that address, or name another: `github { webhook listen=… }`")
        }
        DaemonError::Secret(source) => {
            let help = super::next::environment(&source);
            Fail::new(Exit::Error, "the webhook secret can't be had").because(source).help(help)
        }
    }
}

fn stopped(error: DaemonError, help: &str) -> Fail {
    Fail::new(Exit::Error, "the daemon can't go on").because(error).help(help)
}

/// Plans on stdout, all else on stderr.
struct Printer {
    ui: Ui,
    json: bool,
}

impl Audience for Printer {
    fn plan(&self, document: &Document) {
        let printed = if self.json {
            self.ui.print(&format!("{}\n", document.to_json()))
        } else {
            self.ui.print(&render::text(document, self.ui.style()))
        };
        if let Err(fail) = printed {
            tracing::error!(error = %fail, "a plan could not be printed");
        }
    }

    fn outcome(&self, action: &Action, outcome: &Outcome) {
        self.ui.say(&super::apply::describe(action, outcome));
    }

    fn remark(&self, text: &str) {
        self.ui.say(text);
    }
}
