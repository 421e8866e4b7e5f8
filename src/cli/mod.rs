//! The command line: one file a command; all printing goes through `ui`.

mod adr;
mod agreed;
mod apply;
mod check;
mod coming;
mod completions;
mod context;
mod daemon;
mod demo;
mod doctor;
mod drift;
mod exit;
mod explain;
mod fmt;
mod history;
mod import;
mod init;
mod issue;
mod ledger;
mod loops;
mod mirrored;
mod next;
mod plan;
mod policy;
mod read_code;
mod reap;
mod revision;
mod run;
mod runs;
mod session;
mod signals;
mod status;
mod supervise;
mod suspend;
mod term;
mod twin;
mod ui;
mod validate;
mod why;
mod why_not;
mod wiki;
mod words;

use std::ffi::OsString;
use std::io;

use clap::{CommandFactory, Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

use crate::adapters::clock::Clock;
use crate::adapters::env::Env;

pub use exit::{Exit, Fail};
pub use ui::Ui;

/// The control plane of a dark factory: desired state in Git, compared with GitHub, shown as a plan, applied.
#[derive(Debug, Parser)]
#[command(name = "factoryctl", version, propagate_version = true)]
#[command(
    after_help = "Exit codes: 0 nothing to do, or done · 1 error · 2 there are changes · 3 the config is \
    invalid · 4 a guard held something back · 5 authentication or permission · 6 rate limit · 7 the saved plan is \
    stale · 8 another process holds the lock · 9 partly applied · 64 wrong usage · 130/143 interrupted"
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Global {
    /// The config repository: a path, or a URL with `#BRANCH`. Default: the enclosing folder with a factory.kdl.
    #[arg(
        long,
        global = true,
        value_name = "PATH|URL[#BRANCH]",
        env = "FACTORY_CONFIG",
        hide_env_values = true
    )]
    pub(crate) config: Option<String>,
    /// Read the config at this commit instead of the working tree.
    #[arg(long, global = true, value_name = "REV")]
    pub(crate) at: Option<String>,
    /// The base URL of the GitHub API, instead of the configured one.
    #[arg(long, global = true, value_name = "URL", env = "FACTORY_GITHUB_API", hide_env_values = true)]
    pub(crate) api: Option<String>,
    /// Where cache, ledger copy and mirrors are kept. Default: under the XDG state directory.
    #[arg(long, global = true, value_name = "DIR", env = "FACTORY_STATE_DIR", hide_env_values = true)]
    pub(crate) state_dir: Option<std::path::PathBuf>,
    /// Milliseconds a request to GitHub may take.
    #[arg(long, global = true, value_name = "MS", env = "FACTORY_HTTP_TIMEOUT_MS", hide = true)]
    pub(crate) http_timeout_ms: Option<u64>,
    /// Milliseconds before a failed read is tried again.
    #[arg(long, global = true, value_name = "MS", env = "FACTORY_RETRY_FIRST_MS", hide = true)]
    pub(crate) retry_first_ms: Option<u64>,
    /// Milliseconds that reading one source file may take.
    #[arg(long, global = true, value_name = "MS", env = "FACTORY_READ_FILE_MS", hide = true)]
    pub(crate) read_file_ms: Option<u64>,
    /// Whether to colour output.
    #[arg(long, global = true, value_enum, default_value_t = ui::ColorChoice::Auto)]
    pub(crate) color: ui::ColorChoice,
    /// How logs on stderr are written.
    #[arg(long, global = true, value_enum, default_value_t = ui::LogFormat::Text)]
    pub(crate) log_format: ui::LogFormat,
    /// Log more: info, debug, trace.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole factory in a temporary directory on a local GitHub; no network, no credentials
    Demo(demo::Args),
    /// Write a commented factory.kdl, policies, terms and decisions to start from
    Init(init::Args),
    /// Check every config file; offline, all problems at once
    Validate(validate::Args),
    /// Bring config files into their canonical form; comments stay
    Fmt(fmt::Args),
    /// Print the JSON Schema of the TOML spelling, for editors
    Schema,
    /// Say what a kind or field means: type, default, example
    Explain(explain::Args),
    /// Say where a value comes from: file, line, commit, author, what it overrides
    Why(why::Args),
    /// Write config for what exists on GitHub; a plan right after is empty
    Import(import::Args),
    /// Show what would change, and why
    Plan(plan::Args),
    /// Carry a plan out
    Apply(apply::Args),
    /// Show what differs though no config change explains it
    Drift(drift::Args),
    /// Follow the config branch and keep GitHub as it says: the daemon
    Run(run::Args),
    /// Put in order what a daemon left that is gone; for cron or a timer
    Reap(reap::Args),
    /// What the daemon is doing: loops, budgets, the config in force
    Status(status::Args),
    /// List, show and switch the loops
    Loop(loops::Args),
    /// Agent runs: what they were for, how they ended, what they left
    Runs(runs::Args),
    /// Issues on their way through a pipeline: where they stand, what was tried, what they wait for
    Issue(issue::Args),
    /// Say which rules keep a pull request from landing, and what would satisfy each
    WhyNot(why_not::Args),
    /// Merge policies: how the evidence stands that they ask for
    Policy(policy::Args),
    /// The words of the project, as files that its code is held to: lint, show, render
    Term(term::Args),
    /// The decisions: lint, show, begin one
    Adr(adr::Args),
    /// What was learnt, as entries: take in, ask, index
    Wiki(wiki::Args),
    /// Hold back all changes to what an address covers, at once
    Suspend(suspend::Suspend),
    /// Let changes through again
    Resume(suspend::Resume),
    /// What was changed, why, by which commit
    History(history::Args),
    /// Check or show the ledger
    Ledger(ledger::Args),
    /// Run a local server that behaves like GitHub on the wire; play an agent
    Twin(twin::Args),
    /// Check credentials, limits, clocks, git and config, each with what to do
    Doctor(doctor::Args),
    /// Print completions for a shell
    Completions(completions::Args),
    /// Print the manual page
    Man,
    /// Attend the agent of one run; started by the factory itself
    #[command(hide = true)]
    Supervise(supervise::Args),
    /// Run the gates of a repository over what one run made; started by the factory itself
    #[command(hide = true)]
    Check(check::Args),
    /// Read source files; started by the factory itself
    #[command(hide = true)]
    ReadCode(read_code::Args),
}

/// Parses the arguments, runs the command, and says how it ended.
pub fn main(args: impl IntoIterator<Item = OsString>, env: Env) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return ui::usage(&as_written(error, &args)),
    };
    let ui = Ui::new(cli.global.color, &env);
    // One for each run: it has no use for a runtime, and no room for one.
    if let Command::Supervise(args) = &cli.command {
        return supervise::run(&ui, args).unwrap_or_else(|fail| ui.fail(&fail));
    }
    if let Command::ReadCode(args) = &cli.command {
        return read_code::run(args).unwrap_or_else(|fail| ui.fail(&fail));
    }
    if let Command::Twin(twin::Args { part: Some(twin::Part::Agent(args)), .. }) = &cli.command {
        return twin::agent::run(&ui, args).unwrap_or_else(|fail| ui.fail(&fail));
    }
    ui::init_logs(cli.global.verbose, cli.global.log_format, &env, &ui);
    let runtime = match runtime(&cli.command) {
        Ok(runtime) => runtime,
        Err(error) => return ui.fail(&Fail::new(Exit::Error, "the runtime can't be started").because(error)),
    };
    let context = context::Context { global: cli.global, env, clock: Clock::system(), ui };
    let exit = runtime.block_on(run(&context, cli.command));
    runtime.shutdown_timeout(std::time::Duration::from_millis(100));
    match exit {
        Ok(exit) => exit,
        Err(fail) => context.ui.fail(&fail),
    }
}

/// What is wrong with the arguments as they were written. What comes from the environment would stand in the usage as if it
/// had to be given.
fn as_written(error: clap::Error, args: &[OsString]) -> clap::Error {
    fn without_environment(command: clap::Command) -> clap::Command {
        command.mut_args(|arg| arg.env(None::<&'static str>)).mut_subcommands(without_environment)
    }
    if !error.use_stderr() {
        return error;
    }
    match without_environment(Cli::command()).try_get_matches_from(args) {
        Err(written) if written.kind() == error.kind() => written,
        // It is the environment that is wrong.
        Ok(_) | Err(_) => error,
    }
}

/// One thread for what waits for GitHub most of the time: every further thread that allocates keeps memory of its
/// own, a third more in an idle daemon, and made nothing faster. The twin serves many at once.
fn runtime(command: &Command) -> io::Result<Runtime> {
    if matches!(command, Command::Twin(_) | Command::Demo(_)) {
        return Builder::new_multi_thread().worker_threads(2).enable_all().build();
    }
    Builder::new_current_thread().max_blocking_threads(2).enable_all().build()
}

async fn run(cx: &context::Context, command: Command) -> Result<Exit, Fail> {
    match command {
        Command::Demo(args) => demo::run(cx, &args).await,
        Command::Init(args) => init::run(cx, &args),
        Command::Validate(args) => validate::run(cx, &args).await,
        Command::Fmt(args) => fmt::run(cx, &args),
        Command::Schema => explain::schema(cx),
        Command::Explain(args) => explain::run(cx, &args),
        Command::Why(args) => why::run(cx, &args).await,
        Command::Import(args) => import::run(cx, &args).await,
        Command::Plan(args) => plan::run(cx, &args).await,
        Command::Apply(args) => apply::run(cx, &args).await,
        Command::Drift(args) => drift::run(cx, &args).await,
        Command::Run(args) => run::run(cx, &args).await,
        Command::Reap(args) => reap::run(cx, &args).await,
        Command::Status(args) => status::run(cx, &args).await,
        Command::Loop(args) => loops::run(cx, &args).await,
        Command::Runs(args) => runs::run(cx, &args).await,
        Command::Issue(args) => issue::run(cx, &args).await,
        Command::WhyNot(args) => why_not::run(cx, &args).await,
        Command::Policy(args) => policy::run(cx, &args).await,
        Command::Term(args) => term::run(cx, &args).await,
        Command::Adr(args) => adr::run(cx, &args).await,
        Command::Wiki(args) => wiki::run(cx, &args).await,
        Command::Suspend(args) => suspend::suspend(cx, &args).await,
        Command::Resume(args) => suspend::resume(cx, &args).await,
        Command::History(args) => history::run(cx, &args).await,
        Command::Ledger(args) => ledger::run(cx, &args).await,
        Command::Twin(args) => twin::run(cx, &args).await,
        Command::Doctor(args) => doctor::run(cx, &args).await,
        Command::Completions(args) => completions::run(cx, &args),
        Command::Man => completions::man(cx),
        Command::Supervise(args) => supervise::run(&cx.ui, &args),
        Command::Check(args) => check::run(cx, &args).await,
        Command::ReadCode(args) => read_code::run(&args),
    }
}

/// The definition of the command line, for completions and the manual page.
pub(crate) fn definition() -> clap::Command {
    Cli::command()
}
