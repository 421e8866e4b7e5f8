//! Checks that are shell scripts: each runs in a fresh checkout of a head, or of what a merge queue tests, and its exit code is the verdict.
//!
//! The check runs are made together with the head; what happens here comes after, and holds no lock.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe::Receiver;
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::twin::acts::checks;
use crate::twin::git::{self, Group};
use crate::twin::state::Shared;
use crate::twin::world::{CiMode, CiScript};

/// How long a script may take, its checkout included.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long the output of a script that ended is waited for.
const DRAIN: Duration = Duration::from_secs(1);
/// How many scripts run at once.
const AT_ONCE: usize = 4;
/// How much of the output is told: the end of it.
const MAX_LINES: usize = 20;
/// How much of the output is kept.
const MAX_OUTPUT: usize = 8 * 1024;

/// A script that is to run.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) repo: u64,
    /// Its check run.
    pub(crate) run: u64,
    /// The login of its App's bot.
    pub(crate) actor: String,
    pub(crate) sha: String,
    /// The ref that the commit is at.
    pub(crate) reference: String,
    pub(crate) script: CiScript,
}

/// How a script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Verdict {
    conclusion: &'static str,
    title: String,
    summary: String,
}

/// Starts what is to run, until the twin stops.
pub(crate) async fn attend(shared: Arc<Shared>, tasks: TaskTracker, stop: CancellationToken) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let next = shared.lock().jobs.pop_front();
        let Some(job) = next else {
            tokio::select! {
                () = stop.cancelled() => return,
                () = shared.jobs_filled.notified() => continue,
            }
        };
        let (shared, turns, stop) = (Arc::clone(&shared), Arc::clone(&turns), stop.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = one(&shared, &turns, &job) => {}
            }
        });
    }
}

/// Lets one script do what its mode says.
async fn one(shared: &Shared, turns: &Semaphore, job: &Job) {
    match job.script.mode {
        CiMode::NeverStarts => {}
        CiMode::Hangs => tell(shared, job, &json!({"status": "in_progress"})),
        CiMode::Skipped => {
            let output = json!({"title": "Skipped", "summary": ""});
            tell(shared, job, &json!({"status": "completed", "conclusion": "skipped", "output": output}));
        }
        CiMode::Run => {
            // The semaphore is never closed.
            let Ok(_turn) = turns.acquire().await else { return };
            tell(shared, job, &json!({"status": "in_progress"}));
            let verdict = run(shared, job).await;
            let output = json!({"title": verdict.title, "summary": verdict.summary});
            let body = json!({"status": "completed", "conclusion": verdict.conclusion, "output": output});
            tell(shared, job, &body);
        }
    }
}

/// Changes the check run in its App's name. The repository may be gone meanwhile: then nobody listens.
fn tell(shared: &Shared, job: &Job, body: &Value) {
    let told = shared.change(&job.actor, &shared.urls(), |tx| {
        checks::update_run(tx, job.repo, job.script.app, job.run, body).map(drop)
    });
    if let Err(failure) = told {
        tracing::debug!(check = job.script.name, error = failure.message, "a check run was not noted");
    }
}

/// Runs the script, and judges by its exit code.
async fn run(shared: &Shared, job: &Job) -> Verdict {
    let mut output = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, script(shared, job, &mut output)).await;
    let summary = last_lines(&output);
    let verdict = |conclusion, title: String, summary| Verdict { conclusion, title, summary };
    match ended {
        Ok(Ok(status)) if status.success() => verdict("success", "It passed".to_owned(), summary),
        Ok(Ok(status)) => verdict("failure", format!("It failed: {status}"), summary),
        Ok(Err(error)) => verdict("failure", "It could not run".to_owned(), error.to_string()),
        Err(_) => verdict("timed_out", format!("It took longer than {} s", PATIENCE.as_secs()), summary),
    }
}

async fn script(shared: &Shared, job: &Job, output: &mut Vec<u8>) -> io::Result<ExitStatus> {
    let folder = tempfile::Builder::new().prefix("twin-ci-").tempdir()?;
    let (home, work) = (folder.path().join("home"), folder.path().join("work"));
    tokio::fs::create_dir(&home).await?;
    tokio::fs::create_dir(&work).await?;
    checkout(&shared.git.path(job.repo), &home, &work, &job.sha).await?;
    let world = shared.world();
    let repo = world.repos.get(&job.repo).map(|repo| repo.full_name()).unwrap_or_default();
    let mut command = bare_command(Path::new("/bin/sh"), &home, &work);
    command
        .args(["-c", &job.script.command])
        .env("CI", "true")
        .env("GITHUB_REPOSITORY", repo)
        .env("GITHUB_SHA", &job.sha)
        .env("GITHUB_REF", &job.reference);
    let (reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut reader = Receiver::from_owned_fd(reader.into())?;
    let mut child = command.spawn()?;
    let group = Group::of(&child);
    // The command holds the other ends of the pipe.
    drop(command);
    let mut open = true;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            read = keep(&mut reader, output), if open => open = read,
        }
    };
    drop(group);
    // What left the group and still holds the pipe is not waited for.
    let rest = async { while open && keep(&mut reader, output).await {} };
    let _ = tokio::time::timeout(DRAIN, rest).await;
    Ok(status)
}

/// Reads some output and keeps the end of all; false once there is no more.
async fn keep(reader: &mut Receiver, output: &mut Vec<u8>) -> bool {
    let mut part = [0; 4096];
    match reader.read(&mut part).await {
        Ok(0) | Err(_) => false,
        Ok(n) => {
            output.extend_from_slice(&part[..n]);
            let excess = output.len().saturating_sub(MAX_OUTPUT);
            output.drain(..excess);
            true
        }
    }
}

/// A program that inherits nothing but the path.
fn bare_command(program: &Path, home: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .process_group(0);
    command
}

/// Checks a commit out, with the default branch of its repository as `origin/HEAD`. Objects are read where they lie: a check
/// costs as much as its commit is large, and not its history.
async fn checkout(bare: &Path, home: &Path, work: &Path, sha: &str) -> io::Result<()> {
    let from = bare.display().to_string();
    called(home, work, &["init", "-q"]).await?;
    let objects = bare.join("objects");
    std::fs::write(work.join(".git/objects/info/alternates"), format!("{}\n", objects.display()))?;
    called(home, work, &["fetch", "-q", &from, sha, "+HEAD:refs/remotes/origin/HEAD"]).await?;
    called(home, work, &["checkout", "-q", "--detach", sha]).await
}

async fn called(home: &Path, work: &Path, args: &[&str]) -> io::Result<()> {
    let output = bare_command(git::PROGRAM.as_path(), home, work).args(args).output().await?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("git {}: {}", args[0], said.trim())))
}

/// The last lines of an output.
fn last_lines(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(MAX_LINES)..].join("\n")
}
