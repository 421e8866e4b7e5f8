//! The ledger as a batch uses it: intents before effects, outcomes after, one writer.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use crate::adapters::clock::Clock;
use crate::ledger::{self, Because, Index, Ledger, Overridden, Record};
use crate::model::{Action, CommitId, Effect, IntentId};
use crate::plan::Permitted;

use super::outcome::Outcome;

/// Writes what a batch does into the ledger. Clones share the one ledger.
#[derive(Clone)]
pub struct Recorder {
    ledger: Arc<Mutex<Ledger>>,
    clock: Clock,
    by: Arc<str>,
    machine: Arc<str>,
}

/// The ledger could not be written; nothing may be done that it would not know of.
#[derive(Debug, thiserror::Error)]
#[error("the ledger can't be written")]
pub struct RecorderError(#[from] ledger::Error);

impl Recorder {
    /// A recorder for this ledger, whose records say that `by` acted.
    pub fn new(ledger: Ledger, clock: Clock, by: &str) -> Self {
        let machine = ledger.machine().into();
        Self { ledger: Arc::new(Mutex::new(ledger)), clock, by: by.into(), machine }
    }

    /// The ledger, for reading and publishing.
    pub async fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().await
    }

    /// The state directory it acts from.
    pub fn machine(&self) -> &str {
        &self.machine
    }

    /// Who acts.
    pub fn by(&self) -> &str {
        &self.by
    }

    /// The time.
    pub(super) fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// Records anything.
    ///
    /// # Errors
    /// When the ledger can't be written.
    pub async fn note(&self, records: Vec<Record>) -> Result<(), RecorderError> {
        self.ledger().await.append_all(records, self.clock.now())?;
        Ok(())
    }

    /// Records the intents of a batch, synced once, and gives each action its intent.
    ///
    /// # Errors
    /// When the ledger can't be written; then nothing of the batch may be done.
    pub async fn intents(
        &self,
        permitted: Vec<Permitted>,
        config: Option<&CommitId>,
    ) -> Result<Vec<(Permitted, IntentId)>, RecorderError> {
        let mut ledger = self.ledger().await;
        let mut records = Vec::with_capacity(permitted.len());
        let mut batch = Vec::with_capacity(permitted.len());
        for permitted in permitted {
            let intent = ledger.index().intent_id(&permitted.action.id, &permitted.action.address);
            // An intent that a crash left open is this very attempt: it is taken up again, not recorded twice.
            if ledger.index().open_intent(&intent).is_none() {
                records.push(Record::Intent(Box::new(self.intent(&permitted, intent.clone(), config))));
            }
            batch.push((permitted, intent));
        }
        ledger.append_all(records, self.clock.now())?;
        Ok(batch)
    }

    fn intent(&self, permitted: &Permitted, intent: IntentId, config: Option<&CommitId>) -> ledger::Intent {
        let action = &permitted.action;
        let overrides = permitted
            .permit
            .overrides()
            .iter()
            .map(|o| Overridden {
                guard: o.guard.clone(),
                address: o.address.to_string(),
                n: o.count.map(u64::from),
                by: o.source.as_ref().map_or_else(|| self.by.to_string(), ToString::to_string),
            })
            .collect();
        ledger::Intent {
            intent,
            action: action.id.clone(),
            address: action.address.clone(),
            verb: action.verb,
            risk: action.risk,
            wanted_by: action.wanted_by.to_owned(),
            before: action.before.clone(),
            after: action.after.clone(),
            because: action.because.iter().map(Because::from).collect(),
            config_commit: config.cloned(),
            reason: action.reason.clone(),
            overrides,
            hands_over: if let Effect::Tell(tell) = &action.effect { tell.hands_over.clone() } else { None },
            by: self.by.to_string(),
            machine: self.machine.to_string(),
        }
    }

    /// Records what became of an intent.
    ///
    /// # Errors
    /// When the ledger can't be written.
    pub async fn outcome(
        &self,
        intent: &IntentId,
        action: &Action,
        outcome: &Outcome,
    ) -> Result<(), RecorderError> {
        let record = record(intent, action.id.clone(), action.address.clone(), outcome);
        self.note(vec![Record::Outcome(record)]).await
    }

    /// What the ledger remembers.
    pub async fn index<T>(&self, read: impl FnOnce(&Index) -> T) -> T {
        read(self.ledger().await.index())
    }
}

/// An outcome as the ledger writes it.
pub(super) fn record(
    intent: &IntentId,
    action: crate::model::ActionId,
    address: crate::model::Address,
    outcome: &Outcome,
) -> ledger::Outcome {
    let (result, says, cause, request_id) = match outcome {
        Outcome::Done => (ledger::Ending::Done, "", None, None),
        Outcome::AlreadySo => (ledger::Ending::AlreadySo, "", None, None),
        Outcome::Refused { says } => (ledger::Ending::Refused, says.as_str(), None, None),
        Outcome::Failed { says, trouble, request_id } => {
            (ledger::Ending::Failed, says.as_str(), Some(trouble.as_str().to_owned()), request_id.clone())
        }
        Outcome::Unknown { says } => (ledger::Ending::Unknown, says.as_str(), None, None),
        Outcome::Left { says } => (ledger::Ending::Left, says.as_str(), None, None),
    };
    ledger::Outcome {
        intent: intent.clone(),
        action,
        address,
        result,
        says: says.to_owned(),
        request_id,
        cause,
    }
}
