//! How the runs of a world end.

use rand::Rng;
use serde_json::{Value, json};

use crate::model::{AnswerFrom, Closed, Lack, Outcome, RunId, RunPhase, Session, StartRun, Typed, Usage};

use super::world::World;

/// How well agents do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// In any way.
    Any,
    /// What is asked for, and nothing is amiss.
    Good,
}

impl World {
    /// The runs that are not over.
    pub(super) fn open_runs(&self) -> Vec<RunId> {
        self.runs.iter().filter(|run| run.phase.closed().is_none()).map(|run| run.id.clone()).collect()
    }

    /// A run ends, or gets nearer to its end.
    pub(super) fn ends(&mut self, id: &RunId, mood: Mood) {
        let start = self.started[id].clone();
        let at = self.runs.iter().position(|run| run.id == *id).expect("it was started");
        if mood == Mood::Any && self.runs[at].phase == RunPhase::Under && self.chance(20) {
            self.runs[at].phase =
                if self.chance(50) { RunPhase::Checking } else { RunPhase::Ended { unclosed: None } };
            return;
        }
        let outcome = self.outcome(id, &start, mood);
        let closed = self.closed(&start, outcome, mood);
        self.log.push(format!("run {id} ({}) ends in `{}`", start.of.subject, closed.outcome));
        let answered = self.chance(70);
        let run = &mut self.runs[at];
        run.billed.used = Usage { output: u64::from(answered), ..Usage::default() };
        run.billed.ended = Some(closed.at);
        run.phase = RunPhase::Closed(Box::new(closed));
    }

    fn outcome(&mut self, id: &RunId, start: &StartRun, mood: Mood) -> Outcome {
        if self.stopped.contains(id) {
            return Outcome::Cancelled;
        }
        if mood == Mood::Good || self.chance(65) {
            return Outcome::Done;
        }
        let until = Some(self.now + jiff::SignedDuration::from_hours(1));
        let nothing = if start.answer.is_none() { Outcome::NoChange } else { Outcome::NoVerdict };
        self.one_of(&[
            nothing.clone(),
            nothing,
            Outcome::Crashed,
            Outcome::Wedged,
            Outcome::TimeLimit,
            Outcome::Killed,
            Outcome::Auth,
            Outcome::Credit(until),
            Outcome::Overloaded,
            Outcome::CouldNotStart,
            Outcome::Refused,
            Outcome::NeedsInput,
            Outcome::Weakened,
        ])
    }

    fn closed(&mut self, start: &StartRun, outcome: Outcome, mood: Mood) -> Closed {
        let done = outcome == Outcome::Done;
        let mut closed = Closed::bare(outcome, "so it was", self.now);
        closed.base = Some((self.commit(), "main".to_owned()));
        closed.session = self.chance(30).then(|| Session { kind: "codex".into(), id: "s".into() });
        match &start.answer {
            Some(schema) if done => {
                let value = self.answer(schema.value(), mood);
                schema.check(&value).unwrap_or_else(|why| panic!("{why}: {value}"));
                closed.typed = Some(Typed { value, from: AnswerFrom::Agent });
            }
            Some(_) if closed.outcome == Outcome::NoVerdict => {
                closed.lacks = Some(Lack::Answer("it is none".to_owned()));
            }
            None if done => closed.commit = Some(self.commit()),
            None if closed.outcome == Outcome::NoChange => closed.lacks = Some(Lack::Changes),
            Some(_) | None => {}
        }
        closed
    }

    /// An answer of this form.
    fn answer(&mut self, form: &Value, mood: Mood) -> Value {
        let good = mood == Mood::Good || self.chance(70);
        let n = self.rng.random_range(0..4_u32);
        let has = |field: &str| form["properties"].get(field).is_some();
        let words = "Whoever works at the anvil needs it to be sharp, so that what is made there has an edge that holds; \
                     the way there is to hone it in three steps, each of which can be looked at by itself.";
        if has("ready") {
            let missing = if good { vec![] } else { vec![format!("what {n} means")] };
            let shaping = mood == Mood::Any && n == 0;
            json!({ "ready": good, "clarity": 5 + n, "needs_shaping": shaping, "missing": missing })
        } else if has("problem") {
            let queries: Vec<String> = (0..3).map(|i| format!("question {i} of {}", self.fresh())).collect();
            let confidence = if good { 90 } else { 10 };
            json!({ "problem": words, "criteria": ["it cuts"], "queries": queries, "confidence": confidence })
        } else if has("directions") {
            let direction = |n: u32| json!({ "title": format!("way {n}"), "summary": words });
            json!({ "directions": [direction(1), direction(2), direction(3)] })
        } else if has("verdict") {
            let severity = if good { "concern" } else { "blocking" };
            let disagreement = json!({ "claim": words, "assessment": words, "severity": severity });
            let verdict = if good || n == 0 { "approve" } else { "veto" };
            json!({ "verdict": verdict, "reasoning": words, "disagreements": [disagreement], "direction": words })
        } else if has("direction") {
            let direction = if mood == Mood::Good { 1 } else { n.clamp(1, 3) };
            json!({ "direction": direction, "reasoning": words, "confidence": 5 })
        } else if has("common_ground") {
            json!({ "common_ground": words, "tension": words, "synthesis": words })
        } else if has("approach") {
            let files: Vec<String> = if good { vec![format!("src/{n}.rs")] } else { vec![] };
            json!({ "approach": words, "steps": [words], "files": files, "tests": words })
        } else if has("recommendation") {
            json!({ "reasoning": words, "recommendation": words, "confidence": 10 * n })
        } else if has("rubric") {
            let focus = json!({ "what": words, "files": ["src/0.rs"], "why": words });
            json!({ "risk": words, "focus": [focus], "rubric": [words] })
        } else if has("consult") && mood == Mood::Any && n == 0 {
            let question = format!("what does {} mean?", self.rng.random_range(0..3_u32));
            let findings = has("findings").then(|| json!({ "findings": [], "consult": question }));
            findings.unwrap_or_else(|| json!({ "compliant": true, "gaps": [], "consult": question }))
        } else if has("findings") {
            let found = if good {
                vec![]
            } else {
                vec![json!({ "severity": "high", "text": format!("it lacks {n}") })]
            };
            json!({ "findings": found })
        } else if has("compliant") {
            let gaps = if good { vec![] } else { vec![format!("gap {n}")] };
            json!({ "compliant": good, "gaps": gaps })
        } else if has("root_cause") {
            json!({ "severity": "P2", "root_cause": words, "fixable": good, "guidance": words })
        } else {
            panic!("nobody knows how to answer {form}")
        }
    }
}
