//! Whether a run that ended normally without what was asked for, or was cut off in its work, goes on in its session, and what it
//! is told: what is missing, and nothing that it knows already.

use crate::model::{AnswerSchema, Closed, Desired, Lack, Outcome, RunId, RunSeen, TYPED_KINDS, Task};

use super::words::as_data;

/// A run whose session goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Continuation<'a> {
    /// The last run of the attempt.
    pub(crate) run: &'a RunSeen,
    /// Why it goes on.
    why: Why<'a>,
    /// Which run of its attempt the next one is.
    turn: usize,
}

/// Why a session goes on.
#[derive(Clone, Copy, Debug)]
enum Why<'a> {
    /// What is missing, and how the run ended that left it out.
    Lack(&'a Lack, &'a Closed),
    /// Its run ended like this, in which its agent had no part, and what its model had said is paid for.
    Cut(&'a Closed),
}

/// Whether a run was ended in the middle of its work, which its session knows.
fn is_cut(run: &RunSeen, closed: &Closed) -> bool {
    let had_no_part = match closed.outcome {
        Outcome::Auth | Outcome::Credit(_) | Outcome::Overloaded | Outcome::RateLimited | Outcome::Killed => {
            true
        }
        Outcome::Done
        | Outcome::NoChange
        | Outcome::Refused
        | Outcome::NeedsInput
        | Outcome::TurnLimit
        | Outcome::TimeLimit
        | Outcome::CouldNotStart
        | Outcome::Cancelled
        | Outcome::Crashed
        | Outcome::Wedged
        | Outcome::PolicyViolation
        | Outcome::Weakened
        | Outcome::NoVerdict => false,
    };
    had_no_part && run.billed.used.is_answered() && closed.session.is_some()
}

/// Whether the session of the last run of a task is to go on, so that its workspace and its home are needed.
pub fn goes_on(task: &Task, runs: &[RunSeen], desired: &Desired) -> bool {
    continuation(task, runs, desired).is_some()
}

/// What follows of the last run of a task, if that is over and its session is to go on. It isn't where the task is another
/// one by now, where the same was said in vain, and where its workspace can't be made ready any more as it was left: then the
/// outcome of the run decides.
pub(crate) fn continuation<'a>(
    task: &Task,
    runs: &'a [RunSeen],
    desired: &Desired,
) -> Option<Continuation<'a>> {
    let version = task.version();
    let last = runs.iter().rfind(|run| task.has(&run.of))?;
    let closed = last.phase.closed().filter(|_| last.of.version == version)?;
    if !last.tells_of_setup() {
        return None;
    }
    let session = closed.session.as_ref()?;
    let is_of_agent = desired.agents.get(&last.agent).is_some_and(|agent| agent.kind == session.kind);
    if !is_of_agent || !task.agents.contains(&last.agent) {
        return None;
    }
    let is_turn = |run: &&RunSeen| run.of.is_of_same_work(&last.of) && run.of.attempt == last.of.attempt;
    let turns: Vec<(&RunSeen, &Closed)> =
        runs.iter().filter(is_turn).filter_map(|run| Some((run, run.phase.closed()?))).collect();
    if is_cut(last, closed) && task.continuations > 0 {
        return Some(Continuation { run: last, why: Why::Cut(closed), turn: turns.len() + 1 });
    }
    // Whose session goes on after it was cut off is told nothing of what is missing.
    let was_cut = |id: &RunId| turns.iter().any(|(run, closed)| run.id == *id && is_cut(run, closed));
    let is_told = |run: &RunSeen| run.of.continues.as_ref().is_some_and(|before| !was_cut(before));
    // One that was told so and in which the agent had no part is told so once more.
    let had_no_part = last.of.continues.is_some() && !closed.outcome.burns_attempt();
    let lacking = |&&(run, closed): &&(&'a RunSeen, &'a Closed)| {
        (run.id == last.id || had_no_part) && closed.lacks.is_some()
    };
    let &(lacks, at_its_end) = turns.iter().rev().find(lacking)?;
    let lack = at_its_end.lacks.as_ref()?;
    let told = turns.iter().filter(|(run, c)| is_told(run) && c.outcome.burns_attempt()).count();
    let same_again = match lack {
        Lack::Changes => is_told(lacks),
        Lack::Commits | Lack::Elsewhere(_) | Lack::Links(_) | Lack::Gates => false,
        Lack::Answer(_) => turns.iter().filter(|(_, c)| matches!(c.lacks, Some(Lack::Answer(_)))).count() > 1,
    };
    // Those before it in which an agent had no part were none.
    let turn =
        turns.iter().filter(|(run, c)| run.of.continues.is_some() || c.outcome.burns_attempt()).count();
    let goes_on = told < task.continuations as usize && !same_again;
    goes_on.then_some(Continuation { run: last, why: Why::Lack(lack, at_its_end), turn: turn + 1 })
}

impl Continuation<'_> {
    /// What its agent reads.
    pub(super) fn prompt(&self, answer: Option<&AnswerSchema>, kind: &str) -> String {
        let (lack, closed) = match self.why {
            Why::Lack(lack, closed) => (lack, closed),
            Why::Cut(closed) => {
                return format!(
                    "You were cut off: {}. Go on with the task where you were. Look first at what is there: what you were \
                     doing then may be half done.\n{}",
                    closed.says.replace('\n', " "),
                    self.turns()
                );
            }
        };
        let says = match lack {
            Lack::Changes => {
                "You changed nothing. If nothing has to be changed, say why; else change it, and commit that to the branch \
                 that is checked out.\n"
                    .to_owned()
            }
            Lack::Commits => "You left changes and committed none of them. Commit what belongs to the task to the branch \
                              that is checked out; what isn't committed isn't looked at.\n"
                .to_owned(),
            Lack::Elsewhere(says) => format!(
                "What you made is not where it is looked for: {}. Bring what belongs to the task to that branch, check it out, and \
                 commit there.\n",
                says.replace('\n', " ")
            ),
            Lack::Links(at) => format!(
                "You committed a repository within the repository at {at}: nothing of it is kept but a link to a commit that \
                 nobody else has. Take the link out (`git rm --cached`), remove its `.git`, and commit its files, or leave it \
                 out; commit that.\n"
            ),
            Lack::Gates => format!(
                "What you committed is not done: {}\n{}Mend it, and commit that.\n",
                closed.says.replace('\n', " "),
                gates_printed(closed)
            ),
            Lack::Answer(says) => {
                let how = answer.and_then(|_| how_to_answer(kind)).unwrap_or_default();
                format!("Your answer doesn't have the form that was asked for: {says}\nAnswer once more.{how}\n")
            }
        };
        says + &self.turns()
    }

    /// Which turn this is. Of an issue no two may be told the same, whatever their sessions are about: the run before it
    /// tells them apart.
    fn turns(&self) -> String {
        let after = self.run.of.play.as_ref().map(|_| format!(", after run {}", self.run.id));
        let (attempt, turn) = (self.run.of.attempt, self.turn);
        format!("(This is attempt {attempt}, turn {turn}{}.)\n", after.unwrap_or_default())
    }
}

/// What the gates printed last that are amiss, as text that isn't the factory's.
pub(super) fn gates_printed(closed: &Closed) -> String {
    let mut out = String::new();
    for check in closed.checks.iter().filter(|check| check.is_amiss()) {
        out.push_str(&format!("The last lines of the gate `{}`, as data:\n\n", check.gate));
        out.push_str(&as_data(check.tail.iter().map(String::as_str)));
    }
    out
}

/// How an agent of this kind answers in a form that it is asked for; `None` for those that know by themselves.
fn how_to_answer(kind: &str) -> Option<&'static str> {
    (!TYPED_KINDS.contains(&kind)).then_some(
        " Write it as JSON to the file `answer.json` in the folder that the variable FACTORY_OUTBOX names, or put it at the \
         end of your last words, between a line with ```json and one with ```.",
    )
}

/// What an agent of this kind is told of the answer that is asked for.
pub(super) fn asks_for(answer: &AnswerSchema, kind: &str) -> String {
    let Some(how) = how_to_answer(kind) else {
        return "What is asked for is an answer of the form that you were given; commit what you change besides, if anything.\n"
            .to_owned();
    };
    format!(
        "What is asked for is an answer: one JSON object that fits the JSON Schema below; commit what you change besides, if \
         anything.{how}\n```json\n{}\n```\n",
        answer.value()
    )
}
