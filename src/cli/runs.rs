//! `factoryctl runs`: what agents did and do.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::adapters::fs;
use crate::adapters::state::StateDir;
use crate::model::{Closed, CommitId, MICROS, RunId, Said, Spent, Usage, usd};
use crate::plan::render::{counted, printable};
use crate::runs::{End, RecordError, RunDir, Spec, State, settle};

use super::context::Context;
use super::daemon::{Daemon, GLANCE};
use super::exit::{Exit, Fail};
use super::mirrored::{Saved, Taken};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// All runs that this machine has records of, newest first
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// What a run was for, how it ended, what it used, what was saved of it
    Show {
        /// The run, or how its name begins.
        run: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// What an agent printed, secrets masked
    Log {
        /// The run, or how its name begins.
        run: String,
        /// What it wrote to its standard error instead.
        #[arg(long)]
        stderr: bool,
    },
    /// End a run; what it has made so far is saved
    Stop {
        /// The run, or how its name begins.
        run: String,
        /// Why, for those who find it stopped.
        #[arg(long, value_parser = super::daemon::reason)]
        reason: String,
    },
}

/// The most bytes of a transcript that are printed.
const LOG: u64 = 1 << 30;
/// How long is waited for a run to end, beyond the grace that its agent has.
const BEYOND_GRACE: Duration = Duration::from_secs(20);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(20);

/// A run and all that is written down of it.
struct Run {
    id: RunId,
    dir: RunDir,
    spec: Spec,
    state: State,
    closed: Option<Closed>,
    /// Whether what it made is being checked.
    is_checked: bool,
    used: Usage,
    cost: Option<Spent>,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    // Who is at work is found, and stopped, whatever becomes of the config meanwhile.
    let daemon = Daemon::find(cx).await?;
    daemon.is_here(GLANCE).await?;
    let state = &daemon.state;
    let all = RunDir::all(&state.runs())?;
    match &args.what {
        What::List { json } => list(cx, state, all, *json),
        What::Show { run, json } => show(cx, state, &open(find(all, run)?)?, *json),
        What::Log { run, stderr } => log(cx, &find(all, run)?.1, *stderr),
        What::Stop { run, reason } => stop(cx, &open(find(all, run)?)?, reason).await,
    }
}

fn open((id, dir): (RunId, RunDir)) -> Result<Run, Fail> {
    let unknown = || Fail::new(Exit::Error, format!("the records of run {id} are not whole"));
    let spec = dir.spec()?.ok_or_else(unknown)?;
    let (state, closed, tally) = (dir.state()?, dir.closed()?, dir.tally()?);
    let is_checked = dir.checking()?.is_some();
    Ok(Run { id, dir, spec, state, closed, is_checked, used: tally.used, cost: tally.cost })
}

/// The one run whose name begins like this.
fn find(all: Vec<(RunId, RunDir)>, name: &str) -> Result<(RunId, RunDir), Fail> {
    let mut found: Vec<_> = all.into_iter().filter(|(id, _)| id.as_str().starts_with(name)).collect();
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(one),
        (Some(_), more) => Err(Fail::new(Exit::Error, format!("{} runs begin with `{name}`", more + 1))
            .help("write more of its name: factoryctl runs list")),
        (None, _) => Err(Fail::new(Exit::Error, format!("there is no run `{name}` on this machine"))
            .help("factoryctl runs list shows those that there are")),
    }
}

impl Run {
    /// Where it is, in a word.
    fn word(&self) -> &'static str {
        match (&self.closed, &self.state) {
            (Some(_), _) => "closed",
            (None, State::Planned) => "starting",
            (None, State::Runs(_)) => "running",
            (None, State::Interrupted(_)) => "interrupted",
            (None, State::Ended(_)) if self.is_checked => "checking",
            (None, State::Ended(_)) => "ended",
        }
    }

    fn end(&self) -> Option<&End> {
        if let State::Ended(end) = &self.state { Some(end) } else { None }
    }

    /// The run whose session it goes on with.
    fn continues(&self) -> Option<&RunId> {
        self.spec.on.as_ref()?.of.continues.as_ref()
    }

    /// Its outcome and the words for it: what was found of what it left, else what its processes tell.
    fn outcome(&self) -> Option<(String, &str)> {
        let closed = self.closed.as_ref().map(|closed| (closed.outcome.to_string(), closed.says.as_str()));
        // What its processes tell is not the last word on what gates are tried on.
        let end = self.end().filter(|_| !self.is_checked);
        closed.or_else(|| end.map(|end| (end.outcome.to_string(), end.says.as_str())))
    }

    /// What the list says of it, before its outcome: its name, how far it is, what it is for, its agent, tokens, cost.
    fn cells(&self) -> [String; 6] {
        let on = self.spec.on.as_ref();
        let untold = || "-".to_owned();
        [
            self.id.to_string(),
            self.word().to_owned(),
            on.map_or_else(
                || self.spec.purpose.clone(),
                |on| format!("{} {}, attempt {}", on.of.repo, on.of.subject, on.of.attempt),
            ),
            self.spec.agent.clone(),
            Some(self.used.tokens()).filter(|n| *n > 0).map_or_else(untold, |n| format!("{n} tokens")),
            self.cost.map_or_else(untold, |cost| usd(cost.micros)),
        ]
    }

    fn json(&self, saved: &Saved) -> Value {
        let (outcome, says) = self.outcome().unzip();
        json!({
            "run": self.id.as_str(),
            "state": self.word(),
            "outcome": outcome,
            "says": says,
            "repo": self.spec.on.as_ref().map(|on| on.of.repo.as_str()),
            "task": self.spec.on.as_ref().map(|on| on.of.subject.to_string()),
            "attempt": self.spec.on.as_ref().map(|on| on.of.attempt),
            "continues": self.continues().map(RunId::as_str),
            "agent": self.spec.agent,
            "kind": self.spec.kind,
            "version": self.spec.version,
            "model": self.spec.work.model,
            "config_commit": self.spec.config_commit.as_ref().map(CommitId::as_str),
            "prompt": self.spec.digest,
            "session": self.end().and_then(|end| end.session.as_deref()),
            "cold": self.end().map(|end| end.cold),
            "account": self.spec.bill.account,
            "used": self.used,
            "cost": self.cost.map(|cost| json!({ "usd": dollars(cost.micros), "figure": cost.figure })),
            "took_ms": self.end().map(|end| u64::try_from(end.took.as_millis()).unwrap_or(u64::MAX)),
            "denied": self.end().map(|end| end.denied),
            "asked": self.end().and_then(|end| end.asked.as_deref()),
            "tries": self.end().map(|end| end.tries),
            "skipped": self.end().map(|end| end.skipped),
            "exit": self.end().map(|end| &end.exit),
            "commit": self.closed.as_ref().and_then(|c| c.commit.as_ref()).map(CommitId::as_str),
            "checks": self.closed.as_ref().map(|c| &c.checks),
            "setup_failed": self.end().and_then(|end| end.setup_failed.as_ref()).map(|failed| &failed.tail),
            "teardown_failed": self.end().and_then(|end| end.teardown_failed.as_deref()),
            "answer": self.closed.as_ref().and_then(|c| c.typed.as_ref()),
            "lacks": self.closed.as_ref().and_then(|c| c.lacks.as_ref()),
            "salvage": saved.json(&self.id, self.spec.on.as_ref()),
            "said": self.closed.as_ref().map(|c| &c.said),
            "folder": self.spec.folder,
        })
    }
}

fn list(cx: &Context, state: &StateDir, all: Vec<(RunId, RunDir)>, json: bool) -> Result<Exit, Fail> {
    let mut runs = Vec::new();
    for one in all.into_iter().rev() {
        runs.push(open(one)?);
    }
    if json {
        let saved = Saved::of(state, runs.iter().filter_map(|run| run.spec.on.as_ref()));
        let runs: Vec<Value> = runs.iter().map(|run| run.json(&saved)).collect();
        cx.ui.print_json(&json!({ "version": 1, "runs": runs }))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<[String; 6]> = runs.iter().map(Run::cells).collect();
    let width = |n: usize| rows.iter().map(|row| row[n].chars().count()).max().unwrap_or_default();
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut out = String::new();
    for (row, run) in rows.iter().zip(&runs) {
        for (cell, width) in row.iter().zip(widths) {
            out.push_str(&format!("{cell:width$}  "));
        }
        let (outcome, says) = run.outcome().unwrap_or_default();
        out.push_str(&format!("{outcome}  {}", printable(says)));
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    cx.ui.print(&out)?;
    Ok(Exit::Done)
}

fn show(cx: &Context, state: &StateDir, run: &Run, json: bool) -> Result<Exit, Fail> {
    let on = run.spec.on.as_ref();
    let (taken, saved) = (Taken::of(state, &run.id, on), Saved::of(state, on));
    if json {
        let mut shown = run.json(&saved);
        shown["taken"] = taken.json();
        cx.ui.print_json(&json!({ "version": 1, "run": shown }))?;
        return Ok(Exit::Done);
    }
    let mut out = format!("{}  {}\n", run.id, run.word());
    let mut line = |label: &str, value: Option<String>| {
        for (n, one) in value.iter().flat_map(|value| value.lines()).enumerate() {
            let label = if n == 0 { format!("{label}: ") } else { "  ".to_owned() };
            out.push_str(&format!("{label}{}\n", printable(one)));
        }
    };
    line("task", on.map(|on| format!("{}, attempt {}", on.of.subject, on.of.attempt)));
    line("goes on with", run.continues().map(|run| format!("run {run}")));
    line("repository", on.map(|on| on.of.repo.to_string()));
    let version = run.spec.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    line("agent", Some(format!("{} ({}{version})", run.spec.agent, run.spec.kind)));
    line("model", run.spec.work.model.clone());
    line("config", run.spec.config_commit.as_ref().map(|commit| commit.short().to_owned()));
    line("began", run.id.moment().map(|at: Timestamp| at.to_string()));
    if let Some((outcome, says)) = run.outcome() {
        line("outcome", Some(format!("{outcome}: {says}")));
    }
    if run.closed.is_none() {
        line("can't be closed", run.dir.unclosed()?);
    }
    if let Some(end) = run.end() {
        line("took", Some(format!("{:.1} s, {}", end.took.as_secs_f64(), tries(end.tries))));
        let cold = if end.cold { ", begun cold: not the one that was to go on" } else { "" };
        line("session", end.session.as_ref().map(|session| format!("{session}{cold}")));
        let skipped = || {
            format!(
                "{} of more than 10 MiB",
                counted(usize::try_from(end.skipped).unwrap_or(usize::MAX), "line", "lines")
            )
        };
        line("not listened to", (end.skipped > 0).then(skipped));
        let strays = || format!("{}, killed", counted(end.strays, "process", "processes"));
        line("left behind", (end.strays > 0).then(strays));
        line("not killed", (!end.left.is_empty()).then(|| format!("{:?}", end.left)));
        for last in end.setup_failed.iter().flat_map(|failed| &failed.tail) {
            line("setup", Some(last.clone()));
        }
        line("teardown", end.teardown_failed.clone());
    }
    line("used", Some(used(run)));
    if let Some(closed) = &run.closed {
        for check in &closed.checks {
            line("gate", Some(check.summary()));
            for last in check.tail.iter().filter(|_| check.is_amiss()) {
                line("  printed", Some(last.clone()));
            }
        }
        line("made", closed.commit.as_ref().map(ToString::to_string));
        line("answered", closed.typed.as_ref().map(|typed| format!("{} ({})", typed.value, typed.from)));
    }
    for (label, text) in taken.lines(&run.id) {
        line(label, Some(text));
    }
    for (label, text) in saved.lines(state, &run.id, on) {
        line(label, Some(text));
    }
    for (label, text) in run.closed.as_ref().map(|closed| said(&closed.said)).unwrap_or_default() {
        line(label, Some(text));
    }
    let gone = if fs::exists(&run.spec.folder) { "" } else { " (gone)" };
    line("workspace", Some(format!("{}{gone}", run.spec.folder.display())));
    line("log", Some(format!("factoryctl runs log {}", run.id)));
    cx.ui.print(&out)?;
    Ok(Exit::Done)
}

/// What an agent said, line by line.
fn said(said: &Said) -> Vec<(&'static str, String)> {
    let texts = [("asks", &said.question), ("is blocked", &said.blocked), ("notes", &said.note)];
    let texts = texts.into_iter().filter_map(|(label, text)| Some((label, text.clone()?)));
    let follow_ups = said
        .follow_ups
        .iter()
        .map(|one| ("found besides", format!("{}\n{}", one.title, one.text).trim_end().to_owned()));
    let untaken = said.untaken.iter().map(|one| ("not taken", one.clone()));
    let lines = |(label, text): (&'static str, String)| {
        text.lines().map(|line| (label, line.to_owned())).collect::<Vec<_>>()
    };
    texts.chain(follow_ups).chain(untaken).flat_map(lines).collect()
}

fn tries(n: usize) -> String {
    if n == 1 { "one try".to_owned() } else { format!("{n} tries") }
}

fn used(run: &Run) -> String {
    let Usage { turns, input, cached, output, .. } = run.used;
    let cost = run.cost.map_or_else(|| "cost not told".to_owned(), |cost| cost.to_string());
    let turns = counted(usize::try_from(turns).unwrap_or(usize::MAX), "call", "calls");
    format!("{turns} of the model, {input} tokens in, {cached} cached, {output} out; {cost}")
}

/// Millionths of a dollar as a number of dollars.
#[expect(clippy::cast_precision_loss, reason = "amounts are far below where a double loses millionths")]
fn dollars(micros: u64) -> f64 {
    micros as f64 / MICROS as f64
}

fn log(cx: &Context, dir: &RunDir, stderr: bool) -> Result<Exit, Fail> {
    let [out, err] = dir.transcripts();
    let bytes = match fs::read(if stderr { &err } else { &out }, LOG) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    for line in String::from_utf8_lossy(&bytes).lines() {
        // A tab moves nothing but what is after it.
        let pieces: Vec<String> = line.split('\t').map(printable).collect();
        cx.ui.print(&format!("{}\n", pieces.join("\t")))?;
    }
    Ok(Exit::Done)
}

async fn stop(cx: &Context, run: &Run, reason: &str) -> Result<Exit, Fail> {
    if run.is_checked && run.closed.is_none() {
        run.dir.ask_to_stop(&cx.env.who(), reason)?;
        cx.ui.print(&format!(
            "no more gates are tried on what run {} made; it will be closed as cancelled\n",
            run.id
        ))?;
        return Ok(Exit::Done);
    }
    if let (Some((outcome, _)), State::Ended(_)) = (run.outcome(), &run.state) {
        let unclosed = if run.closed.is_none() { run.dir.unclosed()? } else { None };
        let unclosed = unclosed.map(|why| format!(", and can't be closed: {why}")).unwrap_or_default();
        cx.ui.print(&format!(
            "run {} has ended already, in `{outcome}`{}\n",
            run.id,
            printable(&unclosed)
        ))?;
        return Ok(Exit::Done);
    }
    run.dir.ask_to_stop(&cx.env.who(), reason)?;
    let ended = async {
        loop {
            match run.dir.state()? {
                State::Ended(end) => return Ok::<_, RecordError>(end),
                // Nobody attends it who could hear of it.
                State::Interrupted(_) => drop(settle(&run.dir, cx.clock.now())?),
                State::Planned | State::Runs(_) => tokio::time::sleep(LOOK).await,
            }
        }
    };
    match tokio::time::timeout(run.spec.clocks.grace + BEYOND_GRACE, ended).await {
        Ok(ended) => {
            let end = ended?;
            cx.ui.print(&format!("run {} has ended: {}\n", run.id, end.outcome))?;
            if end.left.is_empty() {
                return Ok(Exit::Done);
            }
            Err(Fail::new(Exit::Error, format!("processes of it can't be killed: {:?}", end.left))
                .help("look at them, and end them yourself"))
        }
        Err(_) => {
            Err(Fail::new(Exit::Error, format!("run {} has been asked to end and has not ended yet", run.id))
                .help(format!("look again: factoryctl runs show {}", run.id)))
        }
    }
}
