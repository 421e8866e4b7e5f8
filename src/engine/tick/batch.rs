//! One batch from permits to a published ledger: intents recorded and published as a fence between machines,
//! effects, outcomes, publication.

use crate::adapters::clock::Clock;
use crate::adapters::git::{Access, Mirror, Repo, Signature};
use crate::adapters::said;
use crate::apply::{self, Outcome, Recorder, RecorderError, Report, Watch, Writer};
use crate::ledger::{self, Batch as Note, BatchPhase, Publication, Reconciled, Record, Target};
use crate::model::{Action, ActionId, Address, CommitId};
use crate::plan::{Document, Permitted, render};

/// Where the ledger's branch lives.
#[derive(Debug)]
pub enum Place {
    /// Nowhere: the config is a plain folder.
    Nowhere,
    /// In a repository on this machine; nothing is pushed.
    Local(Box<Repo>),
    /// In the config repository, reached through a mirror.
    Remote(Box<Mirror>, Access),
}

/// What a batch makes the world agree with.
#[derive(Clone, Debug, Default)]
pub struct Basis {
    /// The commit of the config.
    pub config: Option<CommitId>,
    /// Whether that is not what the config branch has in force.
    pub not_in_force: bool,
    /// The globs of addresses that it is for; none when it is for everything.
    pub scope: Vec<String>,
    /// The loops that take part; none when all of them do.
    pub loops: Vec<String>,
}

/// Publishes the ledger to its branch.
#[derive(Debug)]
pub struct Publisher {
    place: Place,
    by: Signature,
    clock: Clock,
}

/// Why a batch stopped before its first effect, or could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The ledger can't be written.
    #[error(transparent)]
    Recorder(#[from] RecorderError),
    /// The ledger's branch can't be read, or is not what was published to it.
    #[error("the ledger can't be taken over from its branch")]
    TakeOver(#[source] ledger::Error),
    /// The ledger's branch can't be reached or moved.
    #[error("the ledger can't be published")]
    Publish(#[source] ledger::Error),
    /// The repository refuses the push.
    #[error("the config repository refuses the ledger's branch: {0}")]
    Denied(String),
    /// Another machine published meanwhile: read and plan again.
    #[error("another machine has published to the ledger's branch{}", .writer.as_ref().map(|w| format!(": {w}")).unwrap_or_default())]
    Behind {
        /// Who, where the branch tells.
        writer: Option<String>,
    },
}

impl Publisher {
    /// A publisher to this place, whose commits name the factory.
    pub fn new(place: Place, factory: &str, clock: Clock) -> Self {
        Self { place, by: Signature::of_factory(factory), clock }
    }

    fn target(&self) -> Option<Target<'_>> {
        match &self.place {
            Place::Nowhere => None,
            Place::Local(repo) => Some(Target::Local(repo)),
            Place::Remote(mirror, access) => Some(Target::Remote(mirror, access)),
        }
    }

    /// Takes over what other machines have published.
    ///
    /// # Errors
    /// When the branch can't be read, or is not what was published to it.
    pub async fn catch_up(&self, recorder: &Recorder) -> Result<Option<Reconciled>, BatchError> {
        let Some(target) = self.target() else { return Ok(None) };
        let mut ledger = recorder.ledger().await;
        ledger.reconcile(&target, self.clock.now()).await.map(Some).map_err(BatchError::TakeOver)
    }

    /// Publishes what isn't yet.
    ///
    /// # Errors
    /// When another machine was faster, or the branch can't be written.
    pub async fn publish(&self, recorder: &Recorder) -> Result<(), BatchError> {
        let Some(target) = self.target() else { return Ok(()) };
        let mut ledger = recorder.ledger().await;
        match ledger.publish(&target, &self.by, self.clock.now()).await.map_err(BatchError::Publish)? {
            Publication::Done { .. } | Publication::Nothing => Ok(()),
            Publication::Behind { actual } => {
                Err(BatchError::Behind { writer: actual.map(|c| c.to_string()) })
            }
            Publication::Denied { says } => Err(BatchError::Denied(says)),
        }
    }

    /// Publishes what was already done. Another machine's records are taken over first; what can't be published
    /// now is with the next batch.
    pub async fn publish_outcomes(&self, recorder: &Recorder) -> Result<(), BatchError> {
        for _ in 0..3 {
            match self.publish(recorder).await {
                Err(BatchError::Behind { .. }) => {
                    self.catch_up(recorder).await?;
                }
                other => return other,
            }
        }
        self.publish(recorder).await
    }
}

/// Carries a batch out: intents recorded, published as the fence, effects, outcomes, publication.
///
/// # Errors
/// Before the first effect: when the intents can't be recorded or published. Afterwards only when an outcome
/// can't be recorded; an outcome that can't be published is said in the log and goes with the next batch.
pub async fn carry_out(
    permitted: Vec<Permitted>,
    document: &Document,
    basis: &Basis,
    writer: &Writer,
    recorder: &Recorder,
    publisher: &Publisher,
    watch: &Watch<'_>,
) -> Result<Report, BatchError> {
    let note = |phase, plan, config| note(phase, plan, config, basis, recorder);
    let config = basis.config.as_ref();
    let started = note(BatchPhase::Started, render::last_line(document.summary()), config);
    recorder.note(vec![Record::Batch(started)]).await?;
    // What is done together with what was asked for is done as well.
    let together: Vec<String> =
        permitted.iter().flat_map(|p| p.action.touches_only()).map(|address| address.to_string()).collect();
    let batch = recorder.intents(permitted, config).await?;
    if let Err(error) = publisher.publish(recorder).await {
        let why = "the intents could not be published";
        for (permitted, intent) in &batch {
            recorder.outcome(intent, &permitted.action, &Outcome::left(why)).await?;
        }
        // No commit of the config was applied.
        let ended = note(BatchPhase::Ended, format!("nothing was done: {why}"), None);
        recorder.note(vec![Record::Batch(ended)]).await?;
        return Err(error);
    }
    tracing::debug!("the intents are published");
    let report = apply::apply(batch, writer, recorder, watch).await?;
    let mut ended = note(BatchPhase::Ended, summary(&report), config);
    let undone = report.outcomes.iter().filter(|(_, outcome)| !outcome.succeeded()).map(|(action, _)| action);
    ended.left = held(document).chain(undone.flat_map(Action::known_as)).collect();
    ended.waiting = waiting(document);
    ended.loops.clone_from(&basis.loops);
    if !basis.scope.is_empty() {
        ended.scope = basis.scope.iter().cloned().chain(together).collect();
        ended.scope.sort();
        ended.scope.dedup();
    }
    recorder.note(vec![Record::Batch(ended)]).await?;
    if let Err(error) = publisher.publish_outcomes(recorder).await {
        tracing::error!(
            error = said(&error),
            "the changes are done; their outcomes are recorded here, and published with the next batch"
        );
    }
    Ok(report)
}

/// Records that the world agrees with a config as far as it can be, after a comparison that left nothing to carry out:
/// what differs from now on is drift. The ledger keeps it once.
///
/// # Errors
/// When it can't be recorded.
pub async fn agree(
    document: &Document,
    basis: &Basis,
    recorder: &Recorder,
    publisher: &Publisher,
) -> Result<(), BatchError> {
    if basis.config.is_none() || !document.reading.incomplete.is_empty() {
        return Ok(());
    }
    let mut ended =
        note(BatchPhase::Ended, "nothing to do".to_owned(), basis.config.as_ref(), basis, recorder);
    ended.left = held(document).collect();
    ended.waiting = waiting(document);
    ended.scope.clone_from(&basis.scope);
    ended.loops.clone_from(&basis.loops);
    if recorder.index(|index| index.says_already(&ended)).await {
        return Ok(());
    }
    recorder.note(vec![Record::Batch(ended)]).await?;
    if let Err(error) = publisher.publish_outcomes(recorder).await {
        tracing::error!(
            error = said(&error),
            "what was compared is recorded here, and published with the next batch"
        );
    }
    Ok(())
}

fn note(
    phase: BatchPhase,
    plan: String,
    config: Option<&CommitId>,
    basis: &Basis,
    recorder: &Recorder,
) -> Note {
    Note {
        phase,
        config_commit: config.cloned(),
        plan,
        by: recorder.by().to_owned(),
        left: Vec::new(),
        waiting: Vec::new(),
        not_in_force: basis.not_in_force,
        scope: Vec::new(),
        loops: Vec::new(),
    }
}

fn held(document: &Document) -> impl Iterator<Item = ActionId> {
    document.actions.iter().filter(|p| p.blocked.is_some()).flat_map(|p| p.action.known_as())
}

fn waiting(document: &Document) -> Vec<Address> {
    document.waiting.iter().map(|waiting| waiting.address.clone()).collect()
}

/// `3 done, 1 refused, 1 failed`.
pub fn summary(report: &Report) -> String {
    let done = report.count(Outcome::succeeded);
    let refused = report.count(|o| matches!(o, Outcome::Refused { .. }));
    let failed = report.count(|o| matches!(o, Outcome::Failed { .. }));
    let unknown = report.count(|o| matches!(o, Outcome::Unknown { .. }));
    let left = report.count(|o| matches!(o, Outcome::Left { .. }));
    let mut out = format!("{done} done");
    for (n, word) in [(refused, "refused"), (failed, "failed"), (unknown, "uncertain"), (left, "not tried")] {
        if n > 0 {
            out.push_str(&format!(", {n} {word}"));
        }
    }
    if report.interrupted {
        out.push_str(", interrupted");
    }
    out
}
