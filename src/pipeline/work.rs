//! A piece of work in a phase: how its attempts went, what a specialist made of it once they were used up, and when it is a
//! person's turn.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{
    AT_WORK, AnswerSchema, Closed, CommitId, FollowUps, Outcome, Phase, Play, RunSeen, Subject, Task, Then,
};
use crate::work::{IN_VAIN, continuation, in_vain};

use super::advisors;
use super::hitl;
use super::prompt::{Parts, bullets, render};
use super::view::View;
use super::{Stand, Station};

/// A piece of work in a phase.
#[derive(Clone)]
pub(super) struct Job<'j> {
    /// The phase.
    pub(super) phase: Phase,
    /// The playbook that it goes by.
    pub(super) book: &'j str,
    /// What tells it from other work by the same playbook: the text it is about, a head, a round.
    pub(super) key: String,
    /// Which round of the playbook it is, from one.
    pub(super) round: u32,
    /// The form of the answer that is asked for.
    pub(super) answer: Option<AnswerSchema>,
    /// The head that is looked at, or worked on from.
    pub(super) head: Option<CommitId>,
    /// What its prompt has that the one before it had not.
    pub(super) enriched: Option<String>,
    /// What people said that it answers.
    pub(super) about: Vec<String>,
    /// What stands in its prompt.
    pub(super) parts: Parts,
    /// Who does it, and who takes over.
    pub(super) by: By,
    /// Whether it has failed where it changed nothing.
    pub(super) must_change: bool,
}

/// Who does a piece of work.
#[derive(Clone)]
pub(super) enum By {
    /// Its own playbook, and nobody after that.
    Itself,
    /// Its own playbook, and once its attempts are used up, a specialist.
    ThenSpecialist,
    /// Its own playbook, and once its attempts are used up, the same once more, told of a diagnosis: who judges is no author, and
    /// has no specialist.
    ThenDiagnosis,
    /// A specialist from the start, for this reason: what its own playbook made didn't hold again and again.
    Specialist(String),
}

/// What came of a piece of work.
pub(super) enum Got<'a> {
    /// It was done: by which run, and what that left.
    Done(&'a RunSeen, &'a Closed),
    /// It ended without a change, and without a word why not.
    Nothing(&'a RunSeen, &'a Closed),
    /// Not yet.
    Stands(Station),
    /// Its attempts are used up, and a specialist's; what was tried.
    Failed(Vec<String>),
}

/// How the attempts at one task went.
pub(super) enum Went<'a> {
    Done(&'a RunSeen, &'a Closed),
    Nothing(&'a RunSeen, &'a Closed),
    Going,
    /// What was made lies on another machine, which is to publish it: for how long that is waited for, and what.
    Elsewhere(Timestamp, String),
    Failed(Timestamp, String),
}

impl<'a> View<'a> {
    /// What comes of a piece of work. Once it failed, diagnosis and a specialist included, a person's `/retry` begins it anew.
    pub(super) fn work(&self, job: &Job<'_>) -> Got<'a> {
        let mut tried = Vec::new();
        let mut after: Option<Timestamp> = None;
        if let By::Specialist(why) = &job.by {
            return match hitl::specialist(self, job, 0, &job.parts, why) {
                hitl::Turn::Stands(station) => Got::Stands(station),
                hitl::Turn::Done(run, closed) => Got::Done(run, closed),
                hitl::Turn::Failed(_, tried) => Got::Failed(tried),
            };
        }
        let (mut nothing, attempts) = (0, self.book(job.book).map_or(1, |book| book.attempts));
        for lap in 0_u32.. {
            let parts = again(&job.parts, &tried);
            let task = self.task(job, lap, job.book);
            let (mut at, why) = match self.went(&task) {
                Went::Done(run, closed) => return Got::Done(run, closed),
                Went::Nothing(run, closed) if !job.must_change => return Got::Nothing(run, closed),
                Went::Nothing(run, closed) => {
                    let says = closed.answer.as_deref().unwrap_or(&closed.says);
                    let why = format!("run {} changed nothing and said: {says}", run.id);
                    nothing += 1;
                    if nothing < attempts {
                        tried.push(format!("`{}`, {why}", job.book));
                        continue;
                    }
                    (closed.at, why)
                }
                Went::Going => return Got::Stands(self.works(job, task, &parts)),
                Went::Elsewhere(until, what) => {
                    return Got::Stands(Station::new(job.phase, Stand::Until(until, what)));
                }
                Went::Failed(at, why) => (at, why),
            };
            tried.push(format!("`{}`, {why}", job.book));
            if matches!(job.by, By::ThenSpecialist | By::ThenDiagnosis) {
                match hitl::specialist(self, job, lap, &parts, &why) {
                    hitl::Turn::Stands(station) => return Got::Stands(station),
                    hitl::Turn::Done(run, closed) => return Got::Done(run, closed),
                    hitl::Turn::Failed(failed, more) => {
                        at = failed.max(at);
                        tried.extend(more);
                    }
                }
            }
            // One `/retry` is for what was given up before it.
            let since = after.map_or(at, |after| at.max(after + jiff::SignedDuration::from_nanos(1)));
            match self.commands.retried(since) {
                Some(retry) => after = Some(retry),
                None => return Got::Failed(tried),
            }
        }
        Got::Failed(tried)
    }

    /// The same in a round of several: where its specialist got nowhere, what that tried is kept, and there may be another round.
    pub(super) fn in_round(
        &self,
        job: &Job<'_>,
        tried: &mut Vec<String>,
    ) -> Result<Option<&'a Closed>, Station> {
        if let By::Specialist(_) = &job.by {
            return match self.work(job) {
                Got::Done(_, closed) | Got::Nothing(_, closed) => Ok(Some(closed)),
                Got::Stands(station) => Err(station),
                Got::Failed(more) => {
                    tried.extend(more);
                    Ok(None)
                }
            };
        }
        self.must(job).map(|(_, closed)| Some(closed))
    }

    /// The same, where what can't be done any more is a person's turn.
    pub(super) fn must(&self, job: &Job<'_>) -> Result<(&'a RunSeen, &'a Closed), Station> {
        match self.work(job) {
            Got::Done(run, closed) | Got::Nothing(run, closed) => Ok((run, closed)),
            Got::Stands(station) => Err(station),
            Got::Failed(tried) => {
                let why = format!("{} got no further; `/retry` has it tried again", job.phase);
                Err(Station::human(job.phase, why, tried))
            }
        }
    }

    /// A task for a piece of work, by one playbook; who asks how it went needs no prompt.
    pub(super) fn task(&self, job: &Job<'_>, lap: u32, book: &str) -> Task {
        let playbook = self.book(book);
        let agents = playbook.map(|book| &book.agents).filter(|agents| !agents.is_empty());
        let agents = || agents.unwrap_or(&self.pipeline.agents).clone();
        let phase = match playbook.map(|book| book.phase) {
            Some(Phase::Hitl) => Phase::Hitl,
            Some(_) | None => job.phase,
        };
        let last = self.runs.last().and_then(|run| run.of.subject.issue());
        Task {
            subject: Subject::Issue { number: self.case.number, phase },
            repo: self.case.repo.clone(),
            prompt: String::new(),
            agents: advisors::agents(self, book).unwrap_or_else(agents),
            attempts: playbook.map_or(1, |book| book.attempts),
            continuations: playbook.map_or(0, |book| book.continuations),
            answer: job.answer.clone(),
            paths: playbook.map(|book| book.paths.clone()).unwrap_or_default(),
            may_weaken: false,
            follow_ups: FollowUps::None,
            work: Some(format!("{book}\0{}\0{lap}", job.key)),
            play: Some(Play {
                book: book.to_owned(),
                round: job.round,
                text: self.case.text(),
                enriched: job.enriched.clone(),
                origin: last.map(|(_, phase)| phase),
                about: job.about.clone(),
                head: job.head.clone(),
            }),
            source: playbook.map_or_else(|| self.pipeline.source.clone(), |book| book.source.clone()),
        }
    }

    /// Where it stands while a task of a piece of work is to be done.
    pub(super) fn works(&self, job: &Job<'_>, mut task: Task, parts: &Parts) -> Station {
        let playbook = task.play.as_ref().and_then(|play| self.book(&play.book));
        let phase =
            if playbook.is_some_and(|book| book.phase == Phase::Hitl) { Phase::Hitl } else { job.phase };
        let before = self.before(&task);
        task.prompt = render(self, playbook, parts, &before);
        let redone = self.commands.redone(job.phase);
        if redone > 0 {
            let times = if redone == 1 { "once".to_owned() } else { format!("{redone} times") };
            task.prompt.push_str(&format!(
                "\nThe phase {} is gone through again, as was asked for {times}.\n",
                job.phase
            ));
        }
        Station::new(phase, Stand::Works(Box::new(task)))
    }

    /// How the attempts at a task went.
    pub(super) fn went(&self, task: &Task) -> Went<'a> {
        let version = task.version();
        let its = || self.runs.iter().copied().filter(|run| task.has(&run.of) && run.of.version == version);
        if its().any(|run| run.phase.closed().is_none()) {
            return Went::Going;
        }
        let Some((last, closed)) = its().next_back().and_then(|run| Some((run, run.phase.closed()?))) else {
            return Went::Going;
        };
        if continuation(task, &self.cx.observed.runs, self.cx.desired).is_some() {
            return Went::Going;
        }
        let ended =
            || format!("run {} of `{}` ended in `{}`: {}", last.id, last.agent, closed.outcome, closed.says);
        match closed.outcome.then() {
            Then::Settled if closed.outcome == Outcome::NoChange => Went::Nothing(last, closed),
            Then::Settled => self.unpublished(last, closed).unwrap_or(Went::Done(last, closed)),
            Then::Person => Went::Failed(closed.at, ended()),
            // What ends whoever works on it again and again is not tried for ever.
            Then::Wait(_) | Then::Pause(_) if in_vain(task, &self.cx).is_some() => {
                Went::Failed(closed.at, format!("{IN_VAIN} times in a row; the last: {}", ended()))
            }
            Then::Nothing | Then::Wait(_) | Then::Pause(_) => Went::Going,
            Then::Again if task.burnt(self.runs.iter().copied()) >= task.attempts as usize => {
                let burnt: BTreeSet<u32> = its().map(|run| run.of.attempt).collect();
                Went::Failed(closed.at, format!("{} attempts; the last: {}", burnt.len(), ended()))
            }
            Then::Again => Went::Going,
        }
    }

    /// Whether what a run made lies on another machine, and isn't what the pull request has.
    fn unpublished(&self, run: &RunSeen, closed: &Closed) -> Option<Went<'a>> {
        let commit = closed.commit.as_ref().filter(|it| self.pull().is_none_or(|pull| pull.head != **it))?;
        let is_it = |there: &RunSeen| there.id == run.id;
        self.cx.observed.elsewhere.runs.iter().any(is_it).then(|| {
            let what = format!(
                "run {} made {} on another machine, which is to publish it; after that it is made anew",
                run.id,
                commit.short()
            );
            Went::Elsewhere(closed.at + AT_WORK, what)
        })
    }

    /// What became of the attempts at a task so far, a line each, for the next one to know.
    fn before(&self, task: &Task) -> Vec<String> {
        let version = task.version();
        let its = self.runs.iter().filter(|run| task.has(&run.of) && run.of.version == version);
        let burnt = its.filter_map(|run| Some((run, run.phase.closed()?)));
        let burnt = burnt.filter(|(_, closed)| closed.outcome.burns_attempt());
        burnt.map(|(run, c)| format!("attempt {}: `{}`: {}", run.of.attempt, c.outcome, c.says)).collect()
    }
}

/// What is tried again is told all that was tried.
fn again(parts: &Parts, tried: &[String]) -> Parts {
    if tried.is_empty() {
        return parts.clone();
    }
    let context = format!("{}It was given up before. What was tried:\n{}", parts.context, bullets(tried));
    Parts { context, ..parts.clone() }
}

/// The answer of a run, as it was asked for.
pub(super) fn answer<T: serde::de::DeserializeOwned>(closed: &Closed) -> Option<T> {
    let typed = closed.typed.as_ref()?;
    serde_json::from_value(typed.value.clone()).ok()
}

/// The form of an answer.
pub(super) fn schema(value: serde_json::Value) -> AnswerSchema {
    AnswerSchema::own(value)
}
