//! Runs that are over are written into the ledger, each once.

use crate::adapters::said;
use crate::apply::{Recorder, RecorderError};
use crate::ledger::{self, Advice, Record};
use crate::model::{Closed, Outcome, Produced, RunId, RunOf, Typed};
use crate::runs::{RecordError, Redactor, RunDir};

use super::Yard;
use super::seen::billed;

/// The most characters of what an agent says of itself.
const SHORT: usize = 200;
/// The most characters of the words that it left.
const WORDS: usize = 2_000;
/// The most bytes of its answer.
const ANSWER: usize = 64 << 10;

/// Records every run that is over and that the ledger doesn't have yet, also those that were closed by a process that
/// died, or had no ledger. Answers how many those were. Whoever calls this has closed the runs before.
///
/// # Errors
/// When the ledger can't be written. What can't be read of a run is said, and tried again by the next call.
pub async fn note_runs(
    yard: &Yard,
    recorder: &Recorder,
    say: &(dyn Fn(&str) + Send + Sync),
) -> Result<usize, RecorderError> {
    let runs = yard.state.runs();
    let all = match RunDir::ids(&runs) {
        Ok(all) => all,
        Err(error) => {
            say(&format!("what runs cost can't be recorded yet: {}", said(&error)));
            return Ok(0);
        }
    };
    let missing: Vec<RunId> =
        recorder.index(|index| all.into_iter().filter(|id| !index.has_run(id)).collect()).await;
    let secrets = yard.secrets();
    let redactor = Redactor::new(secrets.iter().map(String::as_str));
    let mut records = Vec::new();
    for id in missing {
        match record(&RunDir::of(&runs, &id), &redactor) {
            Ok(record) => records.extend(record),
            Err(error) => say(&format!("what run {id} cost can't be recorded yet: {}", said(&error))),
        }
    }
    let count = records.len();
    if count > 0 {
        recorder.note(records).await?;
    }
    Ok(count)
}

/// The record of a run; `None` of one that isn't over, or belongs to nothing.
fn record(dir: &RunDir, redactor: &Redactor) -> Result<Option<Record>, RecordError> {
    let (Some(closed), Some(end), Some(spec)) = (dir.closed()?, dir.ended()?, dir.spec()?) else {
        return Ok(None);
    };
    let Some(on) = &spec.on else { return Ok(None) };
    let billed = billed(dir, &spec)?;
    let clean = |text: &str| redactor.clean_text(text).chars().take(SHORT).collect::<String>();
    let until = if let Outcome::Credit(until) = closed.outcome { until } else { None };
    Ok(Some(Record::Run(Box::new(ledger::Run {
        address: on.of.subject.address(&on.of.repo),
        wanted_by: on.of.subject.wanted_by().to_owned(),
        attempt: on.of.attempt,
        work: Some(on.of.version.clone()),
        continues: on.of.continues.clone(),
        agent: spec.agent.clone(),
        agent_kind: spec.kind.clone(),
        version: spec.version.clone(),
        account: billed.account,
        session: end.session.as_deref().map(clean),
        model: spec.work.model.as_deref().map(clean),
        prompt: spec.digest.clone(),
        playbook: on.of.play.as_ref().map(|play| play.book.clone()),
        play: on.of.play.clone(),
        advice: advice(&on.of, &closed),
        produced: on.of.subject.task().is_none().then(|| produced(&closed, redactor)),
        config_commit: spec.config_commit.clone(),
        ended: end.at,
        took_ms: u64::try_from(end.took.as_millis()).unwrap_or(u64::MAX),
        outcome: closed.outcome.as_str().to_owned(),
        until,
        turns: billed.used.turns,
        input: billed.used.input,
        cached: billed.used.cached,
        output: billed.used.output,
        cost_micros: billed.cost.map(|cost| cost.micros),
        figure: billed.cost.map(|cost| cost.figure),
        run: spec.id,
    }))))
}

/// What a run left for the phases after it, masked. Words of any length are cut; an answer that is longer than any phase asks for is
/// none.
fn produced(closed: &Closed, redactor: &Redactor) -> Produced {
    let clean = |text: &str| redactor.clean_text(text).chars().take(WORDS).collect::<String>();
    let typed =
        closed.typed.as_ref().map(|it| Typed { value: redactor.clean_value(&it.value), from: it.from });
    Produced {
        says: clean(&closed.says),
        answer: closed.answer.as_deref().map(clean),
        typed: typed.filter(|it| it.value.to_string().len() <= ANSWER),
        base: closed.base.clone(),
        commit: closed.commit.clone(),
    }
}

/// What an advisor said, where the run was one's.
fn advice(of: &RunOf, closed: &Closed) -> Option<Advice> {
    Advice::of(&of.play.as_ref()?.book, &closed.typed.as_ref()?.value)
}
