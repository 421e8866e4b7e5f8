//! Runs whose supervisor is gone: what is left of them is ended, and what they did is written down.

use std::time::Duration;

use jiff::Timestamp;

use crate::adapters::fs;
use crate::adapters::procs::{self, Swept};
use crate::model::{Outcome, Usage, spent};

use super::agents::{self, Lines, Session, Stream};
use super::books;
use super::launch::BEGIN;
use super::record::{Answer, End, MARK, Processes, Progress, RecordError, RunDir, Spec, State};
use super::watch::{Exit, Stop, Watch};

/// The most of a transcript that is read again.
const TRANSCRIPT: u64 = 1 << 30;
/// How long what is left of a run is hunted.
const SWEEP: Duration = Duration::from_secs(10);

/// Ends a run that nobody attends any more. `None` when it has ended, or somebody attends it: a healthy run isn't touched,
/// whoever started it.
///
/// # Errors
/// When its records, its transcript or the processes can't be read.
pub fn settle(run: &RunDir, now: Timestamp) -> Result<Option<End>, RecordError> {
    let Some(spec) = run.spec()? else { return Ok(None) };
    let processes = match run.state()? {
        State::Ended(_) | State::Runs(_) => return Ok(None),
        State::Planned if is_young(&spec, now) && run.is_being_started()? => return Ok(None),
        State::Planned => {
            let nobody = Processes::given_up(now);
            if !run.note_supervisor(&nobody)? {
                // It has begun between the two looks.
                return Ok(None);
            }
            nobody
        }
        State::Interrupted(processes) => processes,
    };
    let swept = sweep(&spec, &processes)?;
    let mut heard = again(run, &spec)?;
    let progress = run.progress()?.unwrap_or_default();
    reckon(&spec, &mut heard, &progress);
    let stop = run.asked_to_stop()?;
    let end = end(&spec, &processes, &heard, (progress, stop), swept, now);
    run.end(&end)?;
    Ok(Some(end))
}

/// Whether its supervisor may still be about to begin, as long as there is who starts it.
fn is_young(spec: &Spec, now: Timestamp) -> bool {
    let age = spec.id.moment().map(|then| now.duration_since(then));
    age.is_none_or(|age| age < jiff::SignedDuration::try_from(2 * BEGIN).unwrap_or_default())
}

/// Kills what is left of it: by the mark in its environment, and by the session of its supervisor. A session's number may be
/// another one's by now, so that who has no mark must be in one with somebody who has, or where only this run works.
fn sweep(spec: &Spec, processes: &Processes) -> Result<Swept, fs::Error> {
    procs::sweep(SWEEP, || {
        let mut left = procs::marked(MARK, spec.id.as_str())?;
        let session = procs::session_of(&processes.supervisor)?;
        let is_its = session.iter().any(|found| left.contains(found));
        let others: Vec<_> = session.into_iter().filter(|found| !left.contains(found)).collect();
        let places = [spec.folder.as_path(), spec.home.as_path()];
        left.extend(others.into_iter().filter(|found| is_its || procs::works_below(found, &places)));
        Ok(left)
    })
}

/// Listens once more to what it printed: what it used is paid, whoever died.
fn again(run: &RunDir, spec: &Spec) -> Result<Watch, RecordError> {
    let mut watch = Watch::new(spec.clocks, spec.limits);
    let Some(agent) = agents::by_kind(&spec.kind) else { return Ok(watch) };
    for (path, stream) in run.transcripts().iter().zip([Stream::Out, Stream::Err]) {
        let bytes = match fs::read(path, TRANSCRIPT) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(error.into()),
        };
        let (mut lines, mut listener, mut events) =
            (Lines::default(), agent.listener(&spec.job(0)), Vec::new());
        watch.printed(bytes.len() as u64);
        lines.feed(&bytes, |line| listener.line(stream, line, &mut events));
        lines.finish(|line| listener.line(stream, line, &mut events));
        listener.ended(&mut events);
        for event in events {
            watch.hears(event, Duration::ZERO);
        }
    }
    Ok(watch)
}

/// What it used and could not say any more.
fn reckon(spec: &Spec, heard: &mut Watch, progress: &Progress) {
    let Some(agent) = agents::by_kind(&spec.kind) else { return };
    let chosen = match spec.job(0).session {
        Session::New(id) | Session::Resume(id) => id,
    };
    let session = heard.session().or(progress.session.as_deref()).unwrap_or(chosen);
    match books::reckon(agent, &spec.home, session, heard.used(), spec.baseline) {
        Ok(used) => heard.reckons(used),
        Err(error) => {
            tracing::warn!(run = %spec.id, error = &error as &dyn std::error::Error, "what it kept of what it used can't be read");
        }
    }
}

fn end(
    spec: &Spec,
    processes: &Processes,
    heard: &Watch,
    (progress, stop): (Progress, Option<Stop>),
    swept: Swept,
    at: Timestamp,
) -> End {
    let cold = spec.is_cold(heard);
    let before = if cold { Usage::default() } else { spec.baseline };
    let (used, session_used) = match agents::by_kind(&spec.kind) {
        Some(agent) => {
            (agent.usage_of().own(heard.used(), before), agent.usage_of().in_all(heard.used(), before))
        }
        None => (heard.used(), Usage::default()),
    };
    let quotas = heard.quotas(at);
    // Earlier tries are in what was noted, and not in what the last one printed of itself.
    let (used, cost) = if progress.used.tokens() > used.tokens() {
        (progress.used, progress.cost)
    } else {
        (used, spent(&used, spec.work.model.as_deref(), spec.bill.prices.as_ref()))
    };
    let (outcome, exit, says) = if processes.began() {
        (Outcome::Killed, Exit::Signal(9), "its supervisor was killed, and it with that")
    } else {
        (Outcome::CouldNotStart, Exit::NotStarted, "its supervisor never began")
    };
    // Whoever asked for its end got it, whatever became of who was to see to that.
    let (outcome, says) = match &stop {
        Some(stop) => (Outcome::Cancelled, format!("{}; {says}", stop.says())),
        None => (outcome, says.to_owned()),
    };
    End {
        outcome,
        says,
        at,
        took: Duration::try_from(at.duration_since(processes.since)).unwrap_or_default(),
        exit,
        stop,
        tries: usize::from(processes.began()),
        used,
        session_used,
        cold,
        cost,
        session: heard
            .session()
            .map(str::to_owned)
            .or(progress.session)
            .or_else(|| spec.resumed())
            .filter(|_| !heard.is_lost()),
        answer: heard.answer().map(|(text, typed)| Answer { text: text.clone(), typed: typed.clone() }),
        asked: heard.asked().map(str::to_owned),
        denied: heard.denied(),
        quotas: if quotas.is_empty() { progress.quotas } else { quotas },
        printed: heard.output(),
        skipped: 0,
        strays: swept.killed,
        left: swept.left,
        setup_failed: None,
        teardown_failed: None,
    }
}
