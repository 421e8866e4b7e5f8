//! What this machine has: git, a state directory, a clock.

use jiff::SignedDuration;

use crate::adapters::state::{LockedBy, StateDir};
use crate::adapters::{fs, process, said};
use crate::cli::context::Context;
use crate::cli::daemon::none_elsewhere;
use crate::cli::ledger::standing;
use crate::cli::next;
use crate::engine::{Flips, ONCE_RIGHT, Source, Unclosed, unclosed};
use crate::model::Desired;
use crate::runs::workspace;

use super::finding::Report;

/// The oldest git that is known to do what fetching and pushing need.
const GIT: (u32, u32) = (2, 30);
/// A clock that is wrong by more than this is reported; an App's tokens are refused at a minute.
const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// Whether git is there, and recent enough.
pub(super) async fn git(cx: &Context, report: &mut Report) {
    let mut command = process::Command::new("git").arg("--version");
    for (name, value) in cx.env.for_children() {
        command = command.var(name, value);
    }
    match command.run().await {
        Ok(output) => judge_git(String::from_utf8_lossy(&output.stdout).trim(), report),
        Err(error @ process::Error::NotInstalled { .. }) => {
            report.bad("git", error.to_string(), "install git: fetching and pushing need it");
        }
        Err(error) => {
            report.bad("git", error.to_string(), "mend this git: `git --version` should say its version");
        }
    }
}

fn judge_git(says: &str, report: &mut Report) {
    let (major, minor) = GIT;
    match version(says) {
        Some(found) if found >= GIT => report.good("git", says),
        Some(_) => {
            report.bad("git", format!("{says} is too old"), format!("install git {major}.{minor} or newer"));
        }
        None => report.bad(
            "git",
            format!("`git --version` says {says:?}"),
            format!("put git {major}.{minor} or newer on PATH"),
        ),
    }
}

/// The first two numbers of `git version 2.39.5 (Apple Git-154)`.
fn version(says: &str) -> Option<(u32, u32)> {
    let mut numbers = says.strip_prefix("git version ")?.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Whether the state directory can be used, and who works in it.
pub(super) async fn state(cx: &Context, source: &Source, desired: &Desired, report: &mut Report) {
    let state = match cx.state(source, desired) {
        Ok(state) => state,
        Err(fail) => return report.fail("state", &fail),
    };
    match try_writing(&state) {
        Ok(()) => report.good("state", format!("{}, which can be written", state.dir().display())),
        Err(error) => {
            let cause =
                std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            report.bad("state", format!("{error}{cause}"), next::file(&error));
        }
    }
    match (none_elsewhere(&state).await, state.holder()) {
        (Err(fail), _) => report.fail("lock", &fail),
        (Ok(()), Ok(by)) => report.good("lock", lock(by.as_ref())),
        (Ok(()), Err(error)) => report.bad("lock", error.to_string(), next::state(&error)),
    }
    match standing(cx, source, desired, &state).await {
        Ok(says) => report.good("ledger", says),
        Err(fail) => report.fail("ledger", &fail),
    }
    match Flips::load(&state.flips()) {
        Ok(live) if live.flips.is_empty() => report.good("switches", "none is live"),
        Ok(live) => report.good("switches", format!("{} live", live.flips.len())),
        Err(error) => report.fail("switches", &error.into()),
    }
    let runs = match unclosed(&state) {
        Ok(runs) => runs,
        Err(error) => {
            return report.bad("runs", said(&error), "mend what it names: nothing of runs is known before");
        }
    };
    for Unclosed { run, task, why, .. } in &runs {
        if let Some(why) = why {
            report.odd("run", format!("{run} of {task} has ended and can't be closed: {why}"), ONCE_RIGHT);
        }
    }
    match workspace::unsaved(&state.workspaces()) {
        Ok(left) => {
            for one in left {
                report.odd("workspace", format!("{}: {}", one.name, one.says()), left_next(&one, &runs));
            }
        }
        Err(error) => {
            report.bad("workspace", said(&error), "look at what it names: it lies where runs lie");
        }
    }
}

/// What is done about what is left for a person: nothing, while it may be where a run is at work.
fn left_next(left: &workspace::Unsaved, runs: &[Unclosed]) -> String {
    let may_work = |run: &&Unclosed| left.path.starts_with(&run.place) || !fs::exists(&run.place);
    match runs.iter().filter(|_| left.run().is_none()).find(may_work) {
        Some(Unclosed { run, .. }) => format!(
            "leave it as it is until run {run} is closed, which may be at work there (factoryctl runs show {run})"
        ),
        None => left.next(),
    }
}

fn try_writing(state: &StateDir) -> Result<(), fs::Error> {
    let probe = state.dir().join("doctor");
    fs::replace(&probe, b"")?;
    fs::remove(&probe)
}

fn lock(by: Option<&LockedBy>) -> String {
    match by {
        None => "free: neither a daemon nor an apply is running".to_owned(),
        Some(by) if by.is_daemon() => {
            format!("held by the daemon, {by}; `factoryctl status` says what it is doing")
        }
        Some(by) => format!("held by {by}"),
    }
}

/// How this machine's clock stands to GitHub's.
pub(super) fn clock(skew: SignedDuration, report: &mut Report) {
    let seconds = SignedDuration::from_secs(skew.as_secs());
    let side = if skew.is_negative() { "behind" } else { "ahead of" };
    if skew.abs() > SKEW {
        report.bad(
            "clock",
            format!("{:#} {side} GitHub's", seconds.abs()),
            "set it, e.g. `timedatectl set-ntp true`: with a wrong clock an App's tokens are refused, and limits and \
             dates are misjudged",
        );
    } else if skew.abs() > SignedDuration::from_secs(2) {
        report.good("clock", format!("{:#} {side} GitHub's", seconds.abs()));
    } else {
        report.good("clock", "as GitHub's");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_judged_by_its_version() {
        let mut report = Report::default();
        for says in [
            "git version 2.30.0",
            "git version 2.39.5 (Apple Git-154)",
            "git version 3.0.0-rc1",
            "git version 2.29.9",
            "git version 1.8.3.1",
            "a wrapper",
        ] {
            judge_git(says, &mut report);
        }
        insta::assert_snapshot!(report.text(), @r#"
        ok  git: git version 2.30.0
        ok  git: git version 2.39.5 (Apple Git-154)
        ok  git: git version 3.0.0-rc1
        BAD git: git version 2.29.9 is too old
            next: install git 2.30 or newer
        BAD git: git version 1.8.3.1 is too old
            next: install git 2.30 or newer
        BAD git: `git --version` says "a wrapper"
            next: put git 2.30 or newer on PATH
        "#);
    }

    #[test]
    fn a_clock_may_be_wrong_by_half_a_minute() {
        let mut report = Report::default();
        for millis in [0, 1_900, -1_900, 20_000, 30_000, 30_001, -31_000, -7_265_000] {
            clock(SignedDuration::from_millis(millis), &mut report);
        }
        insta::assert_snapshot!(report.text(), @r"
        ok  clock: as GitHub's
        ok  clock: as GitHub's
        ok  clock: as GitHub's
        ok  clock: 20s ahead of GitHub's
        ok  clock: 30s ahead of GitHub's
        BAD clock: 30s ahead of GitHub's
            next: set it, e.g. `timedatectl set-ntp true`: with a wrong clock an App's tokens are refused, and limits and dates are misjudged
        BAD clock: 31s behind GitHub's
            next: set it, e.g. `timedatectl set-ntp true`: with a wrong clock an App's tokens are refused, and limits and dates are misjudged
        BAD clock: 2h 1m 5s behind GitHub's
            next: set it, e.g. `timedatectl set-ntp true`: with a wrong clock an App's tokens are refused, and limits and dates are misjudged
        ");
    }

    #[test]
    fn the_lock_names_its_holder() {
        let by = |command: &str| LockedBy { pid: Some(12), command: command.into() };
        let rows = [lock(None), lock(Some(&by("factoryctl run"))), lock(Some(&by("factoryctl apply")))];
        insta::assert_snapshot!(rows.join("\n"), @r"
        free: neither a daemon nor an apply is running
        held by the daemon, `factoryctl run`, process 12; `factoryctl status` says what it is doing
        held by `factoryctl apply`, process 12
        ");
    }
}
