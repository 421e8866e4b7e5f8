//! What commands ask of the daemon, answered while ticks run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::adapters::clock::Clock;
use crate::adapters::github::Clients;
use crate::adapters::said;
use crate::adapters::state::StateDir;
use crate::apply::Recorder;
use crate::engine::proofs;
use crate::engine::queues::{Queues, RunsOfIssues, Sight};
use crate::engine::runs::{Known, Standing};
use crate::engine::socket::{Reply, Request};
use crate::engine::status::Status;
use crate::engine::switches::Switchboard;
use crate::engine::switches::{flip, known};
use crate::engine::wakes::Wakes;
use crate::ledger::Record;
use crate::model::Desired;

use super::report;

/// How long an answer waits for the ledger, which may be busy with a push.
const LEDGER: Duration = Duration::from_secs(3);

/// What answers are made from.
pub(super) struct Control {
    pub(super) clock: Clock,
    pub(super) board: Switchboard,
    pub(super) recorder: Recorder,
    pub(super) wakes: Wakes,
    pub(super) clients: watch::Receiver<Clients>,
    pub(super) desired: watch::Receiver<Arc<Desired>>,
    pub(super) status: Arc<Mutex<Status>>,
    pub(super) sight: watch::Receiver<Option<Arc<Sight>>>,
    pub(super) refused_deliveries: Arc<AtomicU64>,
    pub(super) state: StateDir,
    pub(super) known: Known,
    pub(super) drain: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl Control {
    pub(super) async fn answer(&self, request: Request) -> Reply {
        match request {
            Request::Status {} => Reply::Status(Box::new(self.status().await)),
            Request::LoopTick { name } => self.tick(&name),
            Request::Shutdown {} => {
                self.drain.cancel();
                Reply::Done("the daemon ends when what is under way is done".to_owned())
            }
            Request::Approve { policy, fingerprint, by } => self.approve(&policy, &fingerprint, &by).await,
            Request::LoopEnable { .. }
            | Request::LoopDisable { .. }
            | Request::Suspend { .. }
            | Request::Resume { .. } => self.flip(&request).await,
        }
    }

    fn tick(&self, name: &str) -> Reply {
        if let Err(says) = known(name) {
            return Reply::Refused(says);
        }
        if let Some(switch) = self.board.now().loops.get(name) {
            return Reply::Refused(format!(
                "loop `{name}` was switched off by {}: {}",
                switch.by, switch.reason
            ));
        }
        self.wakes.add(|pending| {
            pending.asked.insert(name.to_owned());
        });
        Reply::Done(format!("loop `{name}` looks now"))
    }

    async fn flip(&self, request: &Request) -> Reply {
        let desired = self.desired.borrow().clone();
        let flipped = match flip(&self.board, self.recorder.machine(), &desired, request, self.clock.now()) {
            Ok(flipped) => flipped,
            Err(says) => return Reply::Refused(says),
        };
        // The switch has fallen: every gate goes by it. What follows tells others of it.
        tracing::info!(says = flipped.says, "switched by hand");
        let mut but = Vec::new();
        if let Err(error) = flipped.kept {
            but.push(format!("a restart will forget it: {}", said(&error)));
        }
        if let Some(record) = flipped.record {
            but.extend(self.record(Record::Flip(record)).await);
        }
        // Last, so that the ledger has the flip before what follows from it.
        self.wakes.add(|pending| pending.switches = true);
        if but.is_empty() {
            Reply::Done(flipped.says)
        } else {
            Reply::Partly(format!("{}, but {}", flipped.says, but.join("; ")))
        }
    }

    async fn approve(&self, policy: &str, fingerprint: &str, by: &str) -> Reply {
        let desired = self.desired.borrow().clone();
        let proof = match proofs::approval(&desired, policy, fingerprint, by) {
            Ok(proof) => proof,
            Err(says) => return Reply::Refused(says),
        };
        let says = proof.to_string();
        match self.record(Record::Proof(proof)).await {
            None => Reply::Done(says),
            Some(but) => Reply::Partly(format!("{says}, but {but}")),
        }
    }

    /// Records what was done by hand; gives what to say when that can't be waited for.
    async fn record(&self, record: Record) -> Option<String> {
        let (recorder, (tell, told)) = (self.recorder.clone(), oneshot::channel());
        self.tasks.spawn(async move {
            let noted = recorder.note(vec![record]).await;
            if let Err(error) = &noted {
                tracing::error!(error = said(error), "what was done by hand is not in the ledger");
            }
            // Whoever asked may have gone.
            drop(tell.send(noted.map_err(|error| said(&error))));
        });
        match tokio::time::timeout(LEDGER, told).await {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(error))) => Some(format!("it is not in the ledger: {error}")),
            Ok(Err(_)) | Err(_) => Some("the ledger is busy and records it as soon as it can".to_owned()),
        }
    }

    async fn standing(&self, now: Timestamp) -> Result<Standing, String> {
        let (state, known) = (self.state.clone(), self.known.clone());
        let desired = Arc::clone(&self.desired.borrow());
        let read = tokio::task::spawn_blocking(move || Standing::read(&state, &known, &desired, now));
        read.await.map_err(|error| error.to_string())?
    }

    async fn queues(&self) -> Result<Option<Queues>, String> {
        let Some(sight) = self.sight.borrow().clone() else { return Ok(None) };
        let worked_out = tokio::task::spawn_blocking(move || sight.queues());
        worked_out.await.map(Some).map_err(|error| error.to_string())
    }

    async fn status(&self) -> Status {
        let mut status = report::locked(&self.status).clone();
        status.at = self.clock.now();
        status.flips = report::flips(&self.board.flips(), status.at);
        let clients = self.clients.borrow().clone();
        status.budgets = report::budgets(&clients);
        status.requests = clients.requests();
        status.refused_deliveries = self.refused_deliveries.load(Ordering::Relaxed);
        let mut troubles = std::mem::take(&mut status.troubles);
        match self.standing(status.at).await {
            Ok(standing) => status.agents = Some(standing),
            Err(why) => troubles.push(format!("the records of runs can't be read: {why}")),
        }
        match self.queues().await {
            Ok(queues) => status.queues = queues,
            Err(why) => troubles.push(format!("how issues stand can't be told: {why}; this is a bug")),
        }
        status.take_troubles(troubles);
        // A ledger that is busy with a push has the figures of before.
        if let Ok(ledger) = tokio::time::timeout(Duration::from_millis(200), self.recorder.ledger()).await {
            status.ledger = report::ledger(&ledger);
            status.runs_of_issues = Some(RunsOfIssues::of(ledger.index().plays()));
            let mut kept = report::locked(&self.status);
            kept.ledger.clone_from(&status.ledger);
            kept.runs_of_issues.clone_from(&status.runs_of_issues);
        }
        status
    }
}
