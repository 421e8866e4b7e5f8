//! How commands find the daemon of a config, and its switches when it doesn't run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::adapters::fs;
use crate::adapters::git::Access;
use crate::adapters::state::StateDir;
use crate::desired;
use crate::engine::{self, AskError, Reply, Request, Source, Status, Switchboard};
use crate::ledger::{Ledger, Record};
use crate::model::Desired;

use super::context::Context;
use super::exit::{Exit, Fail};
use super::session::in_force;

/// How long the daemon may take to answer a command that goes on from what it says.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long one may take that is asked by the way.
pub(super) const GLANCE: Duration = Duration::from_secs(2);

/// What a daemon that was asked what it is doing gave to hear.
pub(super) enum Heard {
    /// What it is doing.
    Status(Box<Status>),
    /// None runs.
    NoDaemon,
    /// Somebody listens and said nothing for so long.
    Nothing(Duration),
}

/// A config's daemon, whether or not it runs.
pub(super) struct Daemon {
    pub(super) state: StateDir,
    pub(super) desired: Arc<Desired>,
    socket: PathBuf,
    source: Arc<Source>,
}

impl Daemon {
    /// Finds it by the config that is in force; a head that doesn't load is no obstacle.
    pub(super) async fn find(cx: &Context) -> Result<Self, Fail> {
        let source = Arc::new(cx.open()?);
        let desired = in_force(cx, &source).await?;
        let state = cx.state(&source, &desired)?;
        let socket = state.socket()?;
        Ok(Self { state, desired, socket, source })
    }

    /// Asks it what it is doing, or for what changes nothing that is kept; `None` when it doesn't run.
    pub(super) async fn ask(&self, request: &Request) -> Result<Option<Reply>, Fail> {
        ask(&self.socket, request).await
    }

    /// Asks it what it is doing, for no longer than this.
    pub(super) async fn status(&self, patience: Duration) -> Result<Heard, Fail> {
        status(&self.socket, patience).await
    }

    /// Refuses to go on beside a daemon that works elsewhere. One that says nothing for so long keeps nobody from looking.
    pub(super) async fn is_here(&self, patience: Duration) -> Result<(), Fail> {
        match self.status(patience).await? {
            Heard::Status(status) => elsewhere(&self.state, &status).map_or(Ok(()), Err),
            Heard::NoDaemon | Heard::Nothing(_) => Ok(()),
        }
    }

    /// Asks it for what is kept, which takes a daemon that keeps it where this command looks.
    pub(super) async fn tell(&self, request: &Request) -> Result<Option<Reply>, Fail> {
        none_elsewhere(&self.state).await?;
        self.ask(request).await
    }

    /// Says where a daemon that has answered works elsewhere: what is kept here is not what it goes by.
    pub(super) fn say_elsewhere(&self, cx: &Context, status: &Status) {
        say_elsewhere(cx, &self.state, status);
    }

    /// Switches something: through the daemon, or in its absence under the lock.
    pub(super) async fn switch(&self, cx: &Context, request: &Request) -> Result<Exit, Fail> {
        match self.tell(request).await? {
            Some(Reply::Done(says)) => cx.ui.print(&format!("{says}\n"))?,
            Some(Reply::Partly(says)) => {
                cx.ui.print(&format!("{says}\n"))?;
                return Ok(Exit::Error);
            }
            Some(Reply::Refused(says)) => return Err(Fail::new(refusal(request), says)),
            Some(Reply::Status(_)) => {
                return Err(Fail::new(Exit::Error, "the daemon answered something else"));
            }
            None => self.switch_alone(cx, request).await?,
        }
        Ok(Exit::Done)
    }

    async fn switch_alone(&self, cx: &Context, request: &Request) -> Result<(), Fail> {
        // The next apply goes by what the branch has by now, which may name another state directory.
        if let Err(error) = self.source.fetch(&Access::new(&cx.env, cx.env.github_token())).await {
            cx.ui.say(&format!("{error}; the config is taken as it is known here"));
        }
        let desired = in_force(cx, &self.source).await?;
        let now = cx.clock.now();
        let state = cx.state_in_use(&self.source, &desired)?;
        none_elsewhere(&state).await?;
        let guard = state.lock("factoryctl loop")?;
        let machine = guard.machine().to_owned();
        // What can't be recorded isn't switched.
        let mut ledger = Ledger::open(guard, now)?;
        if let Request::Approve { policy, fingerprint, by } = request {
            let proof = engine::approval(&desired, policy, fingerprint, by)
                .map_err(|says| Fail::new(refusal(request), says))?;
            cx.ui.print(&format!("{proof}\n"))?;
            ledger.append(Record::Proof(proof), now)?;
            return Ok(());
        }
        let board = Switchboard::open(state.flips(), Arc::clone(&desired), now)?;
        let flipped = engine::flip(&board, &machine, &desired, request, now)
            .map_err(|says| Fail::new(refusal(request), says))?;
        flipped.kept?;
        if let Some(record) = flipped.record {
            ledger.append(Record::Flip(record), now)?;
        }
        cx.ui.print(&format!("{}\n", flipped.says))?;
        cx.ui.say("no daemon runs; the next one, and every apply, goes by it");
        Ok(())
    }

    /// What is switched live, as the state directory has it.
    pub(super) fn board(&self, cx: &Context) -> Result<Switchboard, Fail> {
        Ok(Switchboard::open(self.state.flips(), Arc::clone(&self.desired), cx.clock.now())?)
    }
}

/// What to do about a daemon that is there and says nothing.
pub(super) const SILENT: &str = "look at its log; where it stays so, `factoryctl reap --stop-stale` ends it, five minutes after \
                                 its last heartbeat (--stale-after SECONDS)";

async fn status(socket: &Path, patience: Duration) -> Result<Heard, Fail> {
    match engine::ask(socket, &Request::Status {}, patience).await {
        Ok(Reply::Status(status)) => Ok(Heard::Status(status)),
        Ok(Reply::Refused(says)) => Err(Fail::new(Exit::Error, says)),
        Ok(Reply::Done(_) | Reply::Partly(_)) => {
            Err(Fail::new(Exit::Error, "the daemon answered something else"))
        }
        Err(AskError::NoDaemon) => Ok(Heard::NoDaemon),
        Err(AskError::Silent(patience)) => Ok(Heard::Nothing(patience)),
        Err(error) => Err(unanswered(error)),
    }
}

async fn ask(socket: &Path, request: &Request) -> Result<Option<Reply>, Fail> {
    match engine::ask(socket, request, PATIENCE).await {
        Ok(reply) => Ok(Some(reply)),
        Err(AskError::NoDaemon) => Ok(None),
        Err(error) => Err(unanswered(error)),
    }
}

fn unanswered(error: AskError) -> Fail {
    let help = match &error {
        AskError::NoDaemon => "start it: factoryctl run",
        AskError::Socket { .. } => "use it as the user who runs the daemon",
        AskError::Silent(_) => SILENT,
        AskError::Reply(_) => "restart the daemon, so that it and this command are of one version",
    };
    Fail::new(Exit::Error, "the daemon did not answer").because(error).help(help)
}

/// Refuses to go on beside a daemon of the same config that works in another state directory: it and this command would
/// know nothing of each other's lock, switches and ledger.
pub(super) async fn none_elsewhere(state: &StateDir) -> Result<(), Fail> {
    // Where a socket's path would be too long, no daemon can listen.
    let Ok(socket) = state.socket() else { return Ok(()) };
    match status(&socket, PATIENCE).await? {
        Heard::Status(status) => elsewhere(state, &status).map_or(Ok(()), Err),
        Heard::NoDaemon => Ok(()),
        Heard::Nothing(patience) => Err(unanswered(AskError::Silent(patience))),
    }
}

/// Warns beside a daemon of the same config that works in another state directory: what a command shows of what is kept here
/// is not what that daemon goes by. One that doesn't answer soon keeps nobody from looking.
pub(super) async fn warn_elsewhere(cx: &Context, state: &StateDir) {
    let Ok(socket) = state.socket() else { return };
    if let Ok(Heard::Status(found)) = status(&socket, GLANCE).await {
        say_elsewhere(cx, state, &found);
    }
}

fn say_elsewhere(cx: &Context, state: &StateDir, status: &Status) {
    if let Some(fail) = elsewhere(state, status) {
        cx.ui.say(&format!("warning: {fail}; {}", fail.help.as_deref().unwrap_or_default()));
    }
}

fn elsewhere(state: &StateDir, status: &Status) -> Option<Fail> {
    // An older daemon doesn't say.
    let theirs = status.state_dir.as_deref().filter(|theirs| !fs::is_same(theirs, state.home()))?;
    let (pid, ours, theirs) = (status.pid, state.home().display(), theirs.display());
    let says =
        format!("the daemon of this config, process {pid}, keeps its state in {theirs}, and not in {ours}");
    Some(Fail::new(Exit::Locked, says).help(format!(
        "name its state directory: --state-dir {theirs}, or export FACTORY_STATE_DIR={theirs}"
    )))
}

/// What it means that a request was refused: of a suspension, that it makes no sense as it is written.
fn refusal(request: &Request) -> Exit {
    if matches!(request, Request::Suspend { .. }) { Exit::Usage } else { Exit::Error }
}

/// A reason in the form that config takes, since it is proposed there.
pub(super) fn reason(text: &str) -> Result<String, String> {
    desired::check_reason(text.trim()).map(|()| text.trim().to_owned())
}

/// Until when: a moment, a day (UTC), or a span from now.
pub(super) fn later(text: &str, now: Timestamp) -> Result<Timestamp, Fail> {
    let at = moment(text, now)?;
    if at <= now {
        return Err(Fail::new(Exit::Usage, format!("{at} has passed already")).help("write a later time"));
    }
    Ok(at)
}

fn moment(text: &str, now: Timestamp) -> Result<Timestamp, Fail> {
    let wrong = || {
        Fail::new(Exit::Usage, format!("`{text}` is not a time"))
            .help("write 2026-05-01, 2026-05-01T12:00:00Z, 36h or 7d")
    };
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(day) = text.parse::<jiff::civil::Date>() {
        return day.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|_| wrong());
    }
    let days = text.strip_suffix('d').and_then(|n| n.parse::<i64>().ok()).and_then(|n| n.checked_mul(24));
    let span = match days {
        Some(hours) => jiff::SignedDuration::try_from_hours(hours),
        None => text.parse().ok(),
    };
    span.and_then(|span| now.checked_add(span).ok()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn until_is_a_moment_a_day_or_a_span_from_now() {
        let now: Timestamp = "2026-05-01T12:00:00Z".parse().unwrap();
        for (text, expect) in [
            ("2026-05-02", Some("2026-05-02T00:00:00Z")),
            ("2026-05-02T03:00:00Z", Some("2026-05-02T03:00:00Z")),
            ("36h", Some("2026-05-03T00:00:00Z")),
            ("7d", Some("2026-05-08T12:00:00Z")),
            ("2026-05-01", None),
            ("-1d", None),
            ("9999999999999999d", None),
            ("soon", None),
        ] {
            assert_eq!(later(text, now).ok().map(|at| at.to_string()).as_deref(), expect, "{text}");
        }
    }
}
