//! What a run used and what that cost, as the ledger keeps it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Advice;
use crate::model::{
    Address, CommitId, Figure, Outcome, Past, PastPlay, Play, Produced, RunId, Spent, Usage, usd,
};

/// A run is over: for whom it was, who did it, what it used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// What it was for.
    pub address: Address,
    /// Its name; the ledger has each once.
    pub run: RunId,
    /// Which loop wanted it.
    #[serde(rename = "loop")]
    pub wanted_by: String,
    /// Which attempt.
    pub attempt: u32,
    /// Which work of its address: [`crate::model::Task::version`]. Records of earlier versions don't tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<String>,
    /// The run whose session went on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<RunId>,
    /// The agent, as config named it.
    pub agent: String,
    /// Its kind.
    pub agent_kind: String,
    /// The version of its program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The account that it worked on.
    pub account: String,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The model; the agent's own choice without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The digest of the prompt.
    pub prompt: String,
    /// The playbook that the prompt came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playbook: Option<String>,
    /// Of an issue: which round of its playbook it was, what enriched its prompt, where the issue came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub play: Option<Play>,
    /// Of an advisor: what it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<Advice>,
    /// Of an issue: what it left for the phases after it, which other machines can't read from its records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub produced: Option<Produced>,
    /// The commit of the config that it ran under.
    pub config_commit: Option<CommitId>,
    /// When it ended.
    pub ended: Timestamp,
    /// How long it took.
    pub took_ms: u64,
    /// How it ended, in the word for it.
    pub outcome: String,
    /// Until when its account has no quota, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Calls of the model.
    pub turns: u32,
    /// Tokens read by the model that were not in its cache.
    pub input: u64,
    /// Tokens read from its cache.
    pub cached: u64,
    /// Tokens written.
    pub output: u64,
    /// What that cost, in millionths of a US dollar; none where nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<u64>,
    /// Whose figure that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<Figure>,
}

impl Run {
    /// What of it decides whether its task is done again. An end that this version has no name for burns an attempt, and is
    /// followed by another one.
    pub fn past(&self, work: String) -> Past {
        let used = Usage {
            turns: self.turns,
            input: self.input,
            cached: self.cached,
            output: self.output,
            cost: None,
        };
        Past {
            run: self.run.clone(),
            work,
            attempt: self.attempt,
            agent: self.agent.clone(),
            account: self.account.clone(),
            outcome: Outcome::by_word(&self.outcome, self.until).unwrap_or(Outcome::Crashed),
            at: self.ended,
            used,
            cost: self.cost(),
            answer: self.answer(),
            play: self.past_play().map(Box::new),
        }
    }

    /// Of a question: its answer.
    fn answer(&self) -> Option<Value> {
        let produced = self.produced.as_ref().filter(|_| self.play.is_none())?;
        Some(produced.typed.as_ref()?.value.clone())
    }

    fn past_play(&self) -> Option<PastPlay> {
        Some(PastPlay {
            play: self.play.clone()?,
            prompt: self.prompt.clone(),
            continues: self.continues.clone(),
            produced: self.produced.clone()?,
        })
    }

    /// What it cost, where anybody can tell.
    pub fn cost(&self) -> Option<Spent> {
        Some(Spent { micros: self.cost_micros?, figure: self.figure? })
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, run, attempt, agent, outcome, turns, input, cached, output, .. } = self;
        let cost = match self.cost() {
            Some(Spent { micros, figure: Figure::Agent }) => usd(micros),
            Some(Spent { micros, figure }) => format!("{} ({})", usd(micros), figure.as_str()),
            None => "cost not told".to_owned(),
        };
        write!(
            f,
            "{address} {run}, attempt {attempt} by {agent}: {outcome} after {} s; {turns} calls, {input} tokens in, \
             {cached} cached, {output} out; {cost}",
            self.took_ms / 1_000
        )
    }
}
