//! `factoryctl ledger`: checks or shows the chain of records.

use serde_json::json;

use crate::adapters::git::Access;
use crate::adapters::github::Patience;
use crate::adapters::state::StateDir;
use crate::engine::Place;
use crate::ledger::{self, BRANCH, Batch, BatchPhase, Branch, Event, Published, Record};

use super::context::Context;
use super::exit::{Exit, Fail};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Check every line, the chain, and its end against the Git branch
    Verify(Verify),
    /// Print the records, oldest first, as they are stored
    Show,
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// Don't look at the branch.
    #[arg(long)]
    offline: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let source = cx.source().await?;
    let loaded = cx.load(&source, cx.at())?;
    let state = cx.state(&source, &loaded.desired)?;
    match &args.what {
        What::Show => {
            let events = ledger::history(&state.ledger(), None, None).map_err(fail)?;
            let mut lines = Vec::new();
            for event in events {
                lines.push(line(&event.map_err(fail)?));
            }
            lines.reverse();
            cx.ui.print(&lines.concat())?;
            Ok(Exit::Done)
        }
        What::Verify(verify) => {
            let branch = if verify.offline { Branch::NotAsked } else { branch(cx, &source, &loaded).await? };
            let noted = Published::noted(state.dir()).map_err(fail)?;
            let report = ledger::verify(&state.ledger(), &branch, noted.as_ref()).map_err(fail)?;
            let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
            if verify.json {
                cx.ui.print_json(&json!({
                    "version": 1, "records": report.records, "head": { "seq": report.head.seq, "hash": report.head.hash },
                    "problems": problems, "torn": report.torn, "behind": report.behind, "asides": report.asides,
                }))?;
            } else {
                for problem in &problems {
                    cx.ui.print(&format!("wrong: {problem}\n"))?;
                }
                let state = if problems.is_empty() { "verified" } else { "NOT what was written" };
                cx.ui.print(&format!("{state}: {} records, head {}\n", report.records, report.head.hash))?;
            }
            Ok(if problems.is_empty() { Exit::Done } else { Exit::Error })
        }
    }
}

/// The branch's last record.
async fn branch(
    cx: &Context,
    source: &crate::engine::Source,
    loaded: &crate::engine::Loaded,
) -> Result<Branch, Fail> {
    let session = cx.connect(source, loaded, Patience::Foreground)?;
    match super::apply::place(cx, source, loaded, &session).await? {
        Place::Nowhere => Ok(Branch::NotAsked),
        Place::Local(repo) => ledger::branch_state(&repo).map_err(fail),
        Place::Remote(mirror, access) => {
            let access: Access = access;
            mirror.fetch(&access, &[crate::adapters::git::Refs::Branch(BRANCH.to_owned())]).await?;
            ledger::branch_state(mirror.repo()).map_err(fail)
        }
    }
}

/// The config commit of the last batch that ended.
pub(super) fn last_applied(state: &StateDir) -> Result<Option<String>, Fail> {
    for event in ledger::history(&state.ledger(), None, None).map_err(fail)? {
        if let Event::Other(entry) = event.map_err(fail)?
            && let Record::Batch(Batch { phase: BatchPhase::Ended, config_commit: Some(commit), .. }) =
                entry.record
        {
            return Ok(Some(commit.to_string()));
        }
    }
    Ok(None)
}

/// An event on one line.
pub(super) fn line(event: &Event) -> String {
    match event {
        Event::Change(change) => {
            let intent = &change.intent;
            let commit = intent.config_commit.as_ref().map_or("no commit", |c| c.short());
            let outcome = match change.outcomes.last() {
                None => "open".to_owned(),
                Some((_, outcome)) if outcome.says.is_empty() => outcome.result.as_str().to_owned(),
                Some((_, outcome)) => format!("{}: {}", outcome.result.as_str(), outcome.says),
            };
            let lines: Vec<String> =
                intent.because.iter().map(|b| format!("{}:{}", b.file, b.line)).collect();
            format!(
                "{} #{} {} {} by {} at {commit} ({}; {}) {outcome}\n",
                change.at,
                change.seq,
                intent.verb.as_str(),
                intent.address,
                intent.by,
                intent.reason,
                lines.join(", "),
            )
        }
        Event::Other(entry) => {
            let what = match &entry.record {
                Record::Batch(b) => {
                    let phase = if b.phase == BatchPhase::Started { "started" } else { "ended" };
                    format!("{phase} by {}: {}", b.by, b.plan)
                }
                Record::Override(o) => format!("{}@{} by {}: {}", o.guard, o.address, o.by, o.reason),
                Record::Flip(f) => {
                    format!("{} {} by {}: {}", f.address, if f.on { "on" } else { "off" }, f.by, f.reason)
                }
                Record::Config(c) => format!("{} {:?} {}", c.commit.short(), c.verdict, c.why),
                Record::Aside(a) => format!("{} ({} bytes)", a.file, a.bytes),
                Record::Intent(_) | Record::Outcome(_) | Record::Other { .. } => String::new(),
            };
            format!("{} #{} {} {what}\n", entry.at, entry.seq, entry.record.kind())
        }
    }
}

/// What to say of a ledger that can't be used.
pub(super) fn fail(error: ledger::Error) -> Fail {
    Fail::new(Exit::Error, "the ledger can't be used")
        .because(error)
        .help("`factoryctl ledger verify` names the place; nothing is changed until it is mended")
}
