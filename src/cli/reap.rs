//! `factoryctl reap`: the backstop for a daemon that is gone or does nothing any more, run by cron or a timer.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::adapters::procs::{self, Ended};
use crate::adapters::state::StateDir;
use crate::engine::{
    self, HEARTBEAT_EVERY, Heartbeat, HeartbeatError, Known, LeftThere, ReapError, Reaped, Sign, Yard,
};
use crate::plan::render::printable;

use super::context::Context;
use super::daemon::{Daemon, GLANCE};
use super::exit::{Exit, Fail};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print the versioned JSON document.
    #[arg(long)]
    json: bool,
    /// Seconds without a heartbeat after which a daemon is taken for one that does nothing any more.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(10..=86_400))]
    stale_after: u64,
    /// End a daemon that is there and has no heartbeat any more: it is asked to end, and killed when it doesn't.
    #[arg(long)]
    stop_stale: bool,
}

/// How long a daemon may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(5);
/// How often its heartbeat is looked for.
const LOOK: Duration = Duration::from_millis(250);

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let daemon = Daemon::find(cx).await?;
    // Who hangs says nothing, and is why this is run.
    daemon.is_here(GLANCE).await?;
    let Daemon { state, desired, .. } = daemon;
    let stale_after = Duration::from_secs(args.stale_after);
    let sign = look(cx, &state, stale_after)?;
    let report = Report { state: &state, now: cx.clock.now(), json: args.json };
    match &sign {
        Sign::Anothers(beat) => {
            let says = format!(
                "the heartbeat in {} is of another config ({}, and this is {}); nothing was done",
                state.dir().display(),
                beat.config,
                state.id()
            );
            return Err(Fail::new(Exit::Locked, says)
                .help("name the config and the state directory of the daemon: --config, --state-dir"));
        }
        Sign::Alive(_) => {
            report.print(cx, &sign, None, &Reaped::default())?;
            return Ok(Exit::Done);
        }
        Sign::Stale(beat) if !args.stop_stale => {
            report.print(cx, &sign, None, &Reaped::default())?;
            let says = format!(
                "the daemon, process {}, is there and has had no heartbeat since {}; nothing was done",
                beat.process.pid, beat.written
            );
            let help = format!(
                "look at its log; to end it: factoryctl reap --stop-stale --stale-after {}",
                args.stale_after
            );
            return Err(Fail::new(Exit::Error, says).help(help));
        }
        Sign::Never | Sign::Gone(_) | Sign::Stale(_) => {}
    }
    let mut stopped = None;
    if let Sign::Stale(beat) = &sign {
        // A machine that has just woken up has a daemon that is well, and an old heartbeat.
        if let Some(alive) = wakes(cx, &state, stale_after).await? {
            report.print(cx, &alive, None, &Reaped::default())?;
            return Ok(Exit::Done);
        }
        stopped = Some(stop(beat)?);
    }
    let lock = state.lock("factoryctl reap")?;
    let (stop, _) = super::signals::stop_on_signal();
    let yard = Yard {
        state: state.clone(),
        known: Known::default(),
        desired,
        clock: cx.clock.clone(),
        env: cx.env.clone(),
        stop,
    };
    let mut reaped = engine::reap(&yard, &lock).await?;
    let socket = state.socket()?;
    match engine::free_socket(&socket).await {
        Ok(true) => reaped.freed.push(socket),
        Ok(false) => {}
        Err(error) => {
            let what = socket.display().to_string();
            reaped
                .left
                .push(LeftThere { what, why: Fail::new(Exit::Error, "").because(error).causes.join(": ") });
        }
    }
    report.print(cx, &sign, stopped, &reaped)?;
    Ok(if reaped.left.is_empty() { Exit::Done } else { Exit::Partly })
}

fn look(cx: &Context, state: &StateDir, stale_after: Duration) -> Result<Sign, Fail> {
    let beat = Heartbeat::read(state)?;
    let runs = beat.as_ref().map_or(Ok(false), |beat| beat.process.runs())?;
    Ok(Sign::of(beat, runs, state.id(), stale_after, cx.clock.now()))
}

/// Gives a daemon the time for a heartbeat.
async fn wakes(cx: &Context, state: &StateDir, stale_after: Duration) -> Result<Option<Sign>, Fail> {
    let patience = HEARTBEAT_EVERY + Duration::from_secs(1);
    for _ in 0..patience.as_millis() / LOOK.as_millis() {
        cx.clock.sleep(LOOK).await;
        let sign = look(cx, state, stale_after)?;
        if matches!(sign, Sign::Alive(_)) {
            return Ok(Some(sign));
        }
    }
    Ok(None)
}

/// Ends a daemon; how it went.
fn stop(beat: &Heartbeat) -> Result<&'static str, Fail> {
    let pid = beat.process.pid;
    let failed = || Fail::new(Exit::Error, format!("the daemon, process {pid}, can't be ended"));
    match procs::end(&beat.process, GRACE) {
        Ok(Ended::Before) => Ok("had gone meanwhile"),
        Ok(Ended::Asked) => Ok("ended when it was asked to"),
        Ok(Ended::Killed) => Ok("killed"),
        Ok(Ended::Not) => {
            Err(failed().help("it waits for the system, for a disk for example; look at the machine"))
        }
        Err(error) => Err(failed().because(error).help("run this as the user who runs the daemon")),
    }
}

struct Report<'a> {
    state: &'a StateDir,
    now: Timestamp,
    json: bool,
}

impl Report<'_> {
    fn print(&self, cx: &Context, sign: &Sign, stopped: Option<&str>, reaped: &Reaped) -> Result<(), Fail> {
        if !self.json {
            return cx.ui.print(&Self::text(sign, stopped, reaped));
        }
        let mut document = json!({
            "version": 1,
            "config": self.state.id(),
            "state_dir": self.state.dir(),
            "daemon": {
                "state": sign.word(),
                "stopped": stopped,
                "process": sign.beat().map(|beat| &beat.process),
                "heartbeat": sign.beat().map(|beat| beat.written),
                "age_seconds": sign.beat().map(|beat| beat.age(self.now).as_secs()),
            },
        });
        let done = serde_json::to_value(reaped).expect("plain data is always valid JSON");
        if let (Value::Object(document), Value::Object(done)) = (&mut document, done) {
            document.extend(done);
        }
        cx.ui.print_json(&document)
    }

    fn text(sign: &Sign, stopped: Option<&str>, reaped: &Reaped) -> String {
        let mut lines = vec![match sign.beat() {
            None => "daemon: none was ever here".to_owned(),
            Some(beat) => {
                let how = stopped.map(|how| format!(", {how}")).unwrap_or_default();
                let (word, pid, written) = (sign.word(), beat.process.pid, beat.written);
                format!("daemon: {word}{how} (process {pid}, last heartbeat {written})")
            }
        }];
        lines.extend(reaped.healthy.iter().map(|run| format!("run {run} is attended and was left alone")));
        for ended in &reaped.ended {
            let alive = if ended.not_killed.is_empty() {
                String::new()
            } else {
                format!(", {:?} could not be", ended.not_killed)
            };
            let (run, killed) = (&ended.run, ended.killed);
            lines.push(format!("run {run} had no supervisor any more: {killed} processes killed{alive}"));
        }
        for run in &reaped.closed {
            let saved = run.salvage.as_ref().map(|at| format!("; what it left is saved in {at}"));
            let saved = saved.unwrap_or_default();
            lines.push(format!(
                "run {} ended in `{}`: {}{saved}",
                run.run,
                run.outcome,
                printable(&run.says)
            ));
        }
        lines.extend(reaped.freed.iter().map(|path| format!("removed: {}", path.display())));
        lines.extend(reaped.left.iter().map(|left| format!("left: {}: {}", left.what, printable(&left.why))));
        lines.join("\n") + "\n"
    }
}

impl From<HeartbeatError> for Fail {
    fn from(error: HeartbeatError) -> Self {
        let help = match &error {
            HeartbeatError::Files(_) => "mend the access to the state directory",
            HeartbeatError::Damaged { .. } => {
                "a daemon that runs writes it anew within seconds; where none runs, remove that file"
            }
        };
        Self::new(Exit::Error, "whether the daemon lives can't be told, so nothing was done")
            .because(error)
            .help(help)
    }
}

impl From<ReapError> for Fail {
    fn from(error: ReapError) -> Self {
        let nothing = "nothing was done";
        match error {
            ReapError::AnothersRun { .. } => Self::new(Exit::Locked, nothing)
                .because(error)
                .help("name the config and the state directory of the daemon: --config, --state-dir"),
            ReapError::Record(error) => error.into(),
            ReapError::State(error) => error.into(),
        }
    }
}
