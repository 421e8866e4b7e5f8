//! `factoryctl ledger`: checks or shows the chain of records.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use crate::adapters::git::Refs;
use crate::adapters::github::Patience;
use crate::adapters::state::StateDir;
use crate::engine::{Home, Known, Source};
use crate::ledger::{
    self, BRANCH, Batch, BatchPhase, Branch, Event, Head, Published, Record, Report, Verdict,
};
use crate::model::Desired;

use super::context::Context;
use super::daemon::warn_elsewhere;
use super::exit::{Exit, Fail};
use super::next::{self, OtherCopy};
use super::session::{Session, in_force};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Check every line, the chain, and its end against the Git branch
    Verify(Verify),
    /// Print every record, oldest first, a line each
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
    match &args.what {
        What::Show => {
            let (_, _, state) = cx.past().await?;
            let events = ledger::history(&state.ledger(), None, None)?;
            let mut lines = Vec::new();
            for event in events {
                lines.push(line(&event?));
            }
            lines.reverse();
            cx.ui.print(&lines.concat())?;
            Ok(Exit::Done)
        }
        What::Verify(verify) => {
            let source = Arc::new(cx.open()?);
            let desired = in_force(cx, &source).await?;
            let state = cx.state(&source, &desired)?;
            warn_elsewhere(cx, &state).await;
            // Before the branch, which a daemon may move at this moment: it has what was noted, and here is what it has.
            let noted = Published::noted(state.dir());
            // What is on this machine is verified whether or not the branch can be read.
            let asked = if verify.offline {
                Ok(Branch::NotAsked)
            } else {
                match cx.connect(&source, &desired, Patience::Foreground) {
                    Ok(session) => branch(cx, &session, &source, &desired).await,
                    Err(fail) => Err(fail),
                }
            };
            let (branch, unread) =
                asked.map_or_else(|fail| (Branch::NotAsked, Some(fail)), |branch| (branch, None));
            let report = examine(&state, &branch, &noted)?;
            if verify.json {
                cx.ui.print_json(&as_json(&report, &branch))?;
            } else {
                cx.ui.print(&as_text(&report, &branch))?;
            }
            if let Some(mut fail) = unread {
                let what =
                    if report.fresh { "taken over from its branch" } else { "compared with its branch" };
                fail.message = format!("the ledger can't be {what}: {}", fail.message);
                return Err(fail.help("--offline verifies what is on this machine alone"));
            }
            Ok(if report.problems.is_empty() { Exit::Done } else { Exit::Error })
        }
    }
}

/// The note of what was published, as it was read.
type Noted = Result<Option<Published>, ledger::Error>;

/// Checks what this machine has against the branch and the note of what was published. A damaged note is one more thing
/// that is wrong.
fn examine(state: &StateDir, branch: &Branch, noted: &Noted) -> Result<Report, Fail> {
    let mut report = ledger::verify(&state.ledger(), branch, noted.as_ref().ok().and_then(Option::as_ref))?;
    if let Err(error) = noted {
        report.add_damaged_note(format!("{error}; {}", next::ledger(error, OtherCopy::Untold)));
    }
    Ok(report)
}

/// How the ledger stands, in words, or what would keep the next apply from its work. The branch is looked at where
/// GitHub, if it lies there, can be asked.
pub(super) async fn standing(
    cx: &Context,
    source: &Source,
    desired: &Desired,
    state: &StateDir,
) -> Result<String, Fail> {
    let noted = Published::noted(state.dir());
    let branch = match cx.client(desired, Patience::Foreground, None) {
        Ok(client) => {
            let session = Session {
                client,
                reviewer: None,
                state: state.clone(),
                store: None,
                known: Known::default(),
            };
            branch(cx, &session, source, desired).await.map_err(|mut fail| {
                fail.message = format!("it can't be compared with its branch: {}", fail.message);
                fail
            })?
        }
        Err(_) => Branch::NotAsked,
    };
    let report = examine(state, &branch, &noted)?;
    let Some(first) = report.problems.first() else { return Ok(in_order(&report, &branch)) };
    let more = match report.problems.len() - 1 {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    };
    Err(Fail::new(Exit::Error, format!("{first}{more}")).help(mending(state, &branch, &noted)?))
}

/// The next step that fits the copy which is damaged: the one here, or the branch.
fn mending(state: &StateDir, branch: &Branch, noted: &Noted) -> Result<String, Fail> {
    let noted = match noted {
        Ok(noted) => noted.as_ref(),
        Err(error) => return Ok(next::ledger(error, OtherCopy::Untold)),
    };
    let here = ledger::verify(&state.ledger(), &Branch::NotAsked, noted)?;
    Ok(if here.problems.is_empty() {
        next::put_back(noted.map(|noted| noted.commit.to_string()).as_deref())
    } else {
        next::mended_from(other_copy(branch))
    })
}

fn in_order(report: &Report, branch: &Branch) -> String {
    let n = count(report.records);
    match (report.records, branch) {
        (0, _) => "none yet on this machine".to_owned(),
        (_, Branch::There(_)) => format!("{n} on this machine, in agreement with the branch `{BRANCH}`"),
        (_, Branch::Absent | Branch::NotAsked) => format!("{n} on this machine"),
    }
}

fn count(n: u64) -> String {
    if n == 1 { "1 record".to_owned() } else { format!("{n} records") }
}

fn as_json(report: &Report, branch: &Branch) -> serde_json::Value {
    let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    let head = |head: &Head| json!({ "seq": head.seq, "hash": head.hash });
    let on_branch = match branch {
        Branch::There(there) => json!({ "records": there.records, "head": head(&there.head) }),
        Branch::Absent | Branch::NotAsked => serde_json::Value::Null,
    };
    json!({
        "version": 1, "records": report.records, "head": head(&report.head),
        "problems": problems, "torn": report.torn, "behind": report.behind, "asides": report.asides,
        "fresh": report.fresh, "branch": on_branch,
    })
}

/// What is wrong, what is unusual, and a last line that sums it up.
fn as_text(report: &Report, branch: &Branch) -> String {
    let mut out = String::new();
    for problem in &report.problems {
        out.push_str(&format!("wrong: {problem}\n"));
    }
    if report.torn > 0 {
        let n = report.torn;
        out.push_str(&format!(
            "incomplete: {n} bytes of a record that was being written at a crash, or is at this moment; the next \
             apply moves them aside\n"
        ));
    }
    let verdict = if report.problems.is_empty() { "verified" } else { "NOT what was written" };
    match branch {
        Branch::NotAsked if report.fresh => {
            out.push_str("this machine has no ledger yet, and the branch was not looked at\n");
            return out;
        }
        Branch::There(there) if report.fresh => {
            let (n, hash) = (count(there.records), &there.head.hash);
            out.push_str(&format!(
                "this machine has no ledger yet; the next apply takes it over from the branch `{BRANCH}`\n\
                 {verdict}: {n} on the branch, head {hash}\n"
            ));
            return out;
        }
        Branch::There(_) if report.behind > 0 => {
            let n = count(report.behind);
            out.push_str(&format!(
                "behind: {n} of another machine on the branch `{BRANCH}`, which the next apply takes over\n"
            ));
        }
        Branch::There(_) | Branch::Absent | Branch::NotAsked => {}
    }
    out.push_str(&format!("{verdict}: {}, head {}\n", count(report.records), report.head.hash));
    out
}

/// A failure of the ledger. Its branch is named as what it can be restored from only where it is there.
pub(super) async fn unusable(
    cx: &Context,
    session: &Session,
    source: &Source,
    desired: &Desired,
    error: ledger::Error,
) -> Fail {
    let other = branch(cx, session, source, desired).await.map_or(OtherCopy::Untold, |it| other_copy(&it));
    let help = next::ledger(&error, other);
    Fail::from(error).help(help)
}

fn other_copy(branch: &Branch) -> OtherCopy {
    match branch {
        Branch::There(there) if there.problems.is_empty() => OtherCopy::There,
        Branch::There(_) => OtherCopy::Damaged,
        Branch::Absent => OtherCopy::Gone,
        Branch::NotAsked => OtherCopy::Untold,
    }
}

/// What the branch has.
async fn branch(cx: &Context, session: &Session, source: &Source, desired: &Desired) -> Result<Branch, Fail> {
    match session.home(cx, source, desired).await? {
        (Home::Nowhere, _) => Ok(Branch::NotAsked),
        (Home::Local(repo), _) => Ok(ledger::branch_state(&repo)?),
        (Home::Remote(mirror) | Home::GitHub { mirror, .. }, access) => {
            mirror.fetch(&access, &[Refs::Branch(BRANCH.to_owned())]).await?;
            Ok(ledger::branch_state(mirror.repo())?)
        }
    }
}

/// The batches that ended and applied a commit of the config, newest first, back to where each of these loops has one
/// that tells of everything.
pub(super) fn applied(state: &StateDir, mut loops: BTreeSet<&str>) -> Result<Vec<Batch>, Fail> {
    let mut out = Vec::new();
    for event in ledger::history(&state.ledger(), None, None)? {
        if let Event::Other(entry) = event?
            && let Record::Batch(batch) = entry.record
            && batch.phase == BatchPhase::Ended
            && batch.config_commit.is_some()
        {
            // One in which something waited, or that left something, doesn't tell of everything either.
            if batch.scope.is_empty() && batch.waiting.is_empty() && batch.left.is_empty() {
                loops.retain(|name| !batch.loops.is_empty() && !batch.loops.iter().any(|l| l == name));
            }
            out.push(batch);
            if loops.is_empty() {
                break;
            }
        }
    }
    Ok(out)
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
            let overrides = intent
                .overrides
                .iter()
                .map(|over| format!("; let through: {}@{} by {}", over.guard, over.address, over.by));
            format!(
                "{} #{} {} {} by {} at {commit} ({}; {}{}) {outcome}\n",
                change.at,
                change.seq,
                intent.verb.as_str(),
                intent.address,
                intent.by,
                intent.reason,
                lines.join(", "),
                overrides.collect::<String>(),
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
                Record::Config(c) => {
                    let verdict = match c.verdict {
                        Verdict::InForce => "in force",
                        Verdict::Rejected => "rejected",
                    };
                    format!("{} {verdict} {}", c.commit.short(), c.why).trim_end().to_owned()
                }
                Record::Run(run) => run.to_string(),
                Record::Proof(proof) => proof.to_string(),
                Record::Aside(a) => format!("{} ({} bytes)", a.file, a.bytes),
                Record::Intent(_) | Record::Outcome(_) | Record::Other { .. } => String::new(),
            };
            format!("{} #{} {} {what}\n", entry.at, entry.seq, entry.record.kind())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{OnBranch, Problem};

    #[test]
    fn what_is_unusual_is_said_above_the_verdict() {
        let head = Head { seq: 7, hash: "abc".into() };
        let mut there = OnBranch::default();
        (there.records, there.head) = (7, head.clone());
        let there = Branch::There(there);
        let here = Report { records: 7, head, ..Report::default() };
        let wrong = Problem { place: None, says: "record 7 is missing".into() };
        let rows = [
            ("sound", here.clone(), &there),
            ("torn", Report { torn: 12, ..here.clone() }, &there),
            ("behind", Report { behind: 1, ..here.clone() }, &there),
            ("new here", Report { fresh: true, behind: 7, ..Report::default() }, &there),
            ("one", Report { records: 1, ..here.clone() }, &there),
            ("new, not looked", Report { fresh: true, ..Report::default() }, &Branch::NotAsked),
            ("new, no branch", Report { fresh: true, ..Report::default() }, &Branch::Absent),
            ("wrong", Report { problems: vec![wrong], ..here }, &Branch::NotAsked),
        ];
        let said: Vec<_> =
            rows.map(|(name, report, branch)| format!("{name}\n{}", as_text(&report, branch))).into();
        insta::assert_snapshot!(said.join("\n"), @r"
        sound
        verified: 7 records, head abc

        torn
        incomplete: 12 bytes of a record that was being written at a crash, or is at this moment; the next apply moves them aside
        verified: 7 records, head abc

        behind
        behind: 1 record of another machine on the branch `factory/ledger`, which the next apply takes over
        verified: 7 records, head abc

        new here
        this machine has no ledger yet; the next apply takes it over from the branch `factory/ledger`
        verified: 7 records on the branch, head abc

        one
        verified: 1 record, head abc

        new, not looked
        this machine has no ledger yet, and the branch was not looked at

        new, no branch
        verified: 0 records, head 0000000000000000000000000000000000000000000000000000000000000000

        wrong
        wrong: record 7 is missing
        NOT what was written: 7 records, head abc
        ");
    }
}
