//! `factoryctl twin`: a local server that behaves like GitHub on the wire; and an agent that plays one.

pub(super) mod agent;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::adapters::fs;
use crate::twin::{self, FaultRule, Generate, Options, Twin, World};

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Fail};

/// The largest world or fault file that is read.
const LIMIT: u64 = 512 << 20;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(super) part: Option<Part>,
    /// Listen here; loopback only. Default: a free port.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Generate a world: `owner=acme,repos=335,archived=135,labels=6000,seed=1`.
    #[arg(long, value_name = "KEY=N,…", conflicts_with = "world")]
    generate: Option<String>,
    /// Load a world that was saved.
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// Faults by rule.
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Milliseconds that are added to every request.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// Also listen on this Unix socket.
    #[arg(long, value_name = "PATH")]
    unix_socket: Option<PathBuf>,
    /// Print one line of JSON when it listens.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Part {
    /// Play an agent: read a prompt, do what it asks for in this folder, end
    Agent(agent::Args),
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let world = match (&args.world, &args.generate) {
        (Some(path), _) => {
            let bytes = fs::read(&cx.env.cwd().join(path), LIMIT)?;
            let text = String::from_utf8_lossy(&bytes);
            World::from_json(&text).map_err(|error| {
                Fail::new(Exit::Error, format!("{} can't be loaded", path.display()))
                    .because(error)
                    .help("a world is what a twin answers to `GET /world` at its `admin` address")
            })?
        }
        (None, Some(text)) => twin::generate(&generate(text)?),
        (None, None) => World::default(),
    };
    let faults: Vec<FaultRule> = match &args.faults {
        None => Vec::new(),
        Some(path) => {
            let bytes = fs::read(&cx.env.cwd().join(path), LIMIT)?;
            serde_json::from_slice(&bytes).map_err(|error| {
                Fail::new(Exit::Usage, format!("{} is not a list of faults", path.display()))
                    .because(error)
                    .help("it is an array of rules, each with an `action`, and where it applies: `method`, `path`, `operation`, `nth`, `times`")
            })?
        }
    };
    let options = Options {
        listen: args.listen,
        unix_socket: args.unix_socket.clone(),
        dir: None,
        world,
        faults,
        latency: Duration::from_millis(args.latency),
    };
    let twin = Twin::start(options).await.map_err(|error| {
        let step = match &error {
            twin::Error::NotLoopback(_) => "listen on 127.0.0.1 or [::1]",
            twin::Error::Listen { .. } => "take another address; port 0 finds one that is free",
            twin::Error::Folder(_) => "name a folder that can be written to in TMPDIR",
            twin::Error::Faults(_) => "mend that rule: its `path` is a glob",
        };
        Fail::new(Exit::Error, "the twin can't start").because(error).help(step)
    })?;
    if args.json {
        let line = json!({
            "url": twin.url(), "graphql": twin.graphql_url(), "git": twin.git_url(), "token": twin.token(),
            "admin": twin.admin_url(),
        });
        cx.ui.print(&format!("{line}\n"))?;
    } else {
        cx.ui.print(&format!(
            "url   {}\ntoken {}\nadmin {}\n",
            twin.url(),
            twin.token(),
            twin.admin_url()
        ))?;
    }
    let exit = wait_for_end().await;
    twin.stop().await;
    Ok(exit)
}

/// What `--generate` asks for.
fn generate(text: &str) -> Result<Generate, Fail> {
    let wrong = |why: String| {
        Fail::new(Exit::Usage, format!("--generate {text}: {why}"))
            .help("write e.g. owner=acme,repos=335,archived=135,labels=6000,issues=2,seed=1")
    };
    let mut out = Generate::default();
    for pair in text.split(',') {
        let (key, value) = pair.split_once('=').ok_or_else(|| wrong(format!("`{pair}` is not KEY=VALUE")))?;
        let number = || value.parse::<usize>().map_err(|_| wrong(format!("`{value}` is not a number")));
        match key {
            "owner" => value.clone_into(&mut out.owner),
            "repos" => out.repos = number()?,
            "archived" => out.archived = number()?,
            "labels" => out.labels_total = number()?,
            "issues" => out.issues = number()?,
            "seed" => out.seed = number()? as u64,
            _ => return Err(wrong(format!("there is no `{key}`"))),
        }
    }
    Ok(out)
}

/// Waits until the process is told to end.
async fn wait_for_end() -> Exit {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return Exit::Error;
    };
    tokio::select! {
        _ = terminate.recv() => Exit::Done,
        _ = interrupt.recv() => Exit::Done,
    }
}
