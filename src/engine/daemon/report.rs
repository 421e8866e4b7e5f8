//! The status document, kept current.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::adapters::github::Clients;
use crate::adapters::said;
use crate::adapters::state::StateDir;
use crate::engine::config::Keeper;
use crate::engine::heartbeat::DataAge;
use crate::engine::runs::left_alone;
use crate::engine::scheduler::State;
use crate::engine::status::{
    BudgetStatus, ConfigStatus, FlipStatus, LedgerStatus, LoopStatus, RejectedStatus, Status, VERSION,
};
use crate::engine::switches::Flip;
use crate::ledger::Ledger;
use crate::loops;
use crate::model::{Facet, Facets};

use super::{Daemon, news};

pub(super) fn locked(status: &Mutex<Status>) -> MutexGuard<'_, Status> {
    status.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The status of a daemon that has just started.
pub(super) fn blank(keeper: &Keeper, state: &StateDir, now: Timestamp) -> Status {
    Status {
        version: VERSION,
        factory: keeper.current().desired.factory.name.clone(),
        pid: std::process::id(),
        state_dir: Some(state.home().to_owned()),
        since: now,
        at: now,
        draining: false,
        config: config(keeper, None),
        webhooks: None,
        refused_deliveries: 0,
        loops: Vec::new(),
        flips: Vec::new(),
        budgets: Vec::new(),
        requests: 0,
        ledger: LedgerStatus::default(),
        agents: None,
        queues: None,
        runs_of_issues: None,
        last: None,
        progress: None,
        data: None,
        held: Vec::new(),
        trouble: None,
        troubles: Vec::new(),
    }
}

fn config(keeper: &Keeper, fetching: Option<String>) -> ConfigStatus {
    let current = keeper.current();
    ConfigStatus {
        place: current.desired.origin.place.clone(),
        repo: current.desired.factory.config.as_ref().map(|c| c.value.to_string()),
        branch: keeper.branch().to_owned(),
        commit: current.commit.to_string(),
        since: current.since,
        rejected: keeper.rejected().map(|r| RejectedStatus {
            commit: r.commit.to_string(),
            at: r.at,
            why: r.why.clone(),
        }),
        trouble: keeper.trouble().map(str::to_owned).or(fetching),
    }
}

pub(super) fn flips(flips: &[Flip], now: Timestamp) -> Vec<FlipStatus> {
    let of = |flip: &Flip| FlipStatus {
        address: flip.address.clone(),
        on: flip.on,
        by: flip.switch.by.clone(),
        reason: flip.switch.reason.clone(),
        since: flip.since,
        until: flip.switch.until,
        proposed: flip.proposed,
    };
    flips.iter().filter(|flip| flip.in_force(now)).map(of).collect()
}

pub(super) fn budgets(clients: &Clients) -> Vec<BudgetStatus> {
    let pools = clients.budget().into_iter();
    pools
        .map(|p| BudgetStatus {
            whose: p.whose,
            pool: p.pool.name().to_owned(),
            limit: p.limit,
            remaining: p.remaining,
            reset: p.reset,
        })
        .collect()
}

pub(super) fn ledger(ledger: &Ledger) -> LedgerStatus {
    let published = ledger.published();
    LedgerStatus {
        head: ledger.head().seq,
        published: published.map_or(0, |p| p.seq),
        commit: published.map(|p| p.commit.to_string()),
        open: ledger.index().open_intents().len(),
    }
}

impl Daemon {
    /// Writes the heartbeat where it is time to, and looks then whether a supervisor is gone: nobody tells of that.
    pub(super) fn beat(&mut self, now: Timestamp) {
        let data = self.data_age(now);
        if !self.pulse.beat(&self.shop.state, data, now) {
            return;
        }
        match left_alone(&self.shop.state, &self.shop.known) {
            Ok(alone) => {
                if !alone.is_subset(&self.left_alone) {
                    self.scheduler.event(Facets::of(Facet::Runs), now);
                }
                self.left_alone = alone;
            }
            // The next look at runs says it.
            Err(error) => tracing::debug!(error = said(&error), "whether supervisors are gone can't be told"),
        }
    }

    /// How old what is known is. Loops that only events wake know what there is to know.
    fn data_age(&self, now: Timestamp) -> Option<DataAge> {
        let scheduler = &self.scheduler;
        let looks =
            |name: &&str| scheduler.next_of(name).is_some() || scheduler.state(name, now) == State::Running;
        self.pulse.data(loops::ALL.iter().map(|l| l.name()).filter(looks))
    }

    /// Brings the status document up to date.
    pub(super) fn report(&self) {
        let now = self.clock.now();
        let (desired, switches) = (self.desired.borrow().clone(), self.shop.board.now());
        let loop_status = |l: &&'static dyn loops::AnyLoop| {
            let look = self.looks.get(l.name());
            let switch = switches.loops.get(l.name());
            let idle = news::needs_home(l.needs(), &desired);
            let every = news::interval(*l, &desired);
            LoopStatus {
                name: l.name().to_owned(),
                state: self.scheduler.state(l.name(), now),
                every_seconds: every.map(|e| e.as_secs()),
                last_at: look.map(|l| l.at),
                took_ms: look.map(|l| u64::try_from(l.took.as_millis()).unwrap_or(u64::MAX)),
                result: look.map(|l| l.says.clone()),
                next_at: self.scheduler.next_of(l.name()),
                by: switch.map(|s| s.by.clone()).or_else(|| idle.then(|| "config".to_owned())),
                reason: switch.map(|s| s.reason.clone()).or_else(|| idle.then(|| news::LOCAL.to_owned())),
                until: switch.and_then(|s| s.until),
            }
        };
        let mut status = locked(&self.status);
        status.draining = self.drain.is_cancelled();
        status.config = config(&self.keeper, self.remote.trouble());
        status.factory.clone_from(&desired.factory.name);
        status.webhooks = self.hooks.as_ref().map(|hooks| hooks.address.to_string());
        status.loops = loops::ALL.iter().map(loop_status).collect();
        let told = |(name, look): (&&'static str, &super::Look)| -> Vec<String> {
            look.troubles.iter().map(|says| format!("{name}: {says}")).collect()
        };
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let mut troubles: Vec<String> = desired.ended(today).map(news::ended).collect();
        troubles.extend(self.hooks_trouble.clone());
        troubles.extend(self.looks.iter().flat_map(told));
        status.progress = Some(self.pulse.progress());
        status.data = self.data_age(now);
        status.take_troubles(troubles);
    }
}
