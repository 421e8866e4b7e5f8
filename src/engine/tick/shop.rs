//! One tick: look, judge, show, carry out; for all loops that are due, with what they read read once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::adapters::clock::Clock;
use crate::adapters::env::Env;
use crate::adapters::github::{Clients, PoolState};
use crate::adapters::said;
use crate::adapters::state::StateDir;
use crate::apply::{self, Outcome, Recorder, RecorderError, Report, Trouble, Watch, Writer};
use crate::engine::config::{Home, HomeError, Rejected, Source};
use crate::engine::proofs::{self, Soak};
use crate::engine::queues::Sight;
use crate::engine::runs::{Known, Starter, Yard, close_runs, keep, note_runs, settle_issues};
use crate::engine::scheduler::{Ended, Tick};
use crate::engine::switches::Switchboard;
use crate::ledger::Record;
use crate::loops::{self, Selection};
use crate::model::{
    Action, Address, Cause, ConfigPull, Desired, Effect, Facet, Facets, Gap, Observed, RepoName, Task, Verb,
};
use crate::observed::Told;
use crate::plan::{Blocked, Document, Switches, render};
use crate::work;

use super::batch::{self, Basis, BatchError, Publisher};
use super::cycle::{Also, Judged, Judging, World, judge, look};
use super::memory::memory;
use super::proposals::{FlipsSeen, Loads, Reading};

/// How often other machines may be faster before this one gives up.
const FENCE_TRIES: usize = 3;

/// Whoever reads along: plans and what became of them as documents, the rest as remarks.
pub trait Audience: Send + Sync {
    /// A plan that differs from the one before.
    fn plan(&self, document: &Document);
    /// An action that was carried out, or not.
    fn outcome(&self, action: &Action, outcome: &Outcome);
    /// Something that a person should notice.
    fn remark(&self, text: &str);
}

/// What ticks work with, for as long as the daemon runs.
pub(in crate::engine) struct Shop {
    pub(in crate::engine) clock: Clock,
    pub(in crate::engine) env: Env,
    pub(in crate::engine) state: StateDir,
    pub(in crate::engine) known: Known,
    pub(in crate::engine) soak: Soak,
    pub(in crate::engine) source: Arc<Source>,
    pub(in crate::engine) recorder: Recorder,
    pub(in crate::engine) board: Switchboard,
    pub(in crate::engine) audience: Arc<dyn Audience>,
    pub(in crate::engine) loads: Arc<Loads>,
    /// Found by the first tick that reaches it; `None` until the ledger has caught up with its branch.
    pub(in crate::engine) home: tokio::sync::Mutex<Option<Home>>,
    /// What was shown last, by who took part.
    pub(in crate::engine) shown: Mutex<HashMap<Vec<&'static str>, String>>,
}

/// What one tick goes by.
pub(in crate::engine) struct Order {
    pub(in crate::engine) tick: Tick,
    pub(in crate::engine) desired: Arc<Desired>,
    pub(in crate::engine) branch: String,
    pub(in crate::engine) rejected: Option<Rejected>,
    pub(in crate::engine) clients: Clients,
    /// What is to be recorded first.
    pub(in crate::engine) records: Vec<Record>,
    /// No further action is started once it is cancelled.
    pub(in crate::engine) stop: CancellationToken,
    /// Told whenever something happens.
    pub(in crate::engine) alive: Arc<dyn Fn() + Send + Sync>,
}

/// How a tick ended.
#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "`done` is the word for it")]
pub(in crate::engine) struct Done {
    pub(in crate::engine) ended: BTreeMap<&'static str, (Ended, String)>,
    pub(in crate::engine) plan: String,
    pub(in crate::engine) done: usize,
    pub(in crate::engine) refused: usize,
    pub(in crate::engine) failed: usize,
    pub(in crate::engine) left: usize,
    /// Runs that were started, and that were closed.
    pub(in crate::engine) started: u64,
    pub(in crate::engine) closed: u64,
    /// What each loop wants, that nothing holds back and that was not done; and runs that wait to be closed.
    pub(in crate::engine) due: BTreeMap<&'static str, u64>,
    pub(in crate::engine) held: Vec<(String, &'static str, String)>,
    /// What became of the live flips.
    pub(in crate::engine) flips: FlipsSeen,
    /// What is looked at again, since something was made that others wait for.
    pub(in crate::engine) look_again: Facets,
    /// What keeps a loop from doing its work: what could not be read or done, and what only a person can mend.
    pub(in crate::engine) troubles: BTreeMap<&'static str, Vec<String>>,
    /// When what a loop waits for is over by the clock alone.
    pub(in crate::engine) over_at: BTreeMap<&'static str, Timestamp>,
    /// What was seen of issues, where they were looked at, and wholly.
    pub(in crate::engine) sight: Option<Sight>,
}

/// What ends the daemon.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// Another machine works on the same config.
    #[error("another daemon works on this config and was faster {FENCE_TRIES} times: {0}")]
    OtherWriter(String),
    /// The ledger can't be written: nothing may be done that it would not know of.
    #[error(transparent)]
    Ledger(#[from] RecorderError),
}

/// What was read, and what follows from it.
struct Compared {
    judged: Judged,
    observed: Observed,
    /// When it was judged how issues stand, where they were looked at.
    issues_at: Option<Timestamp>,
}

/// Why a tick could not be completed; the next one may be.
enum Cut {
    Fatal(Fatal),
    Ended(Ended, String),
    /// Another config came in force, or the daemon ends.
    Stopped,
}

impl From<RecorderError> for Cut {
    fn from(error: RecorderError) -> Self {
        Self::Fatal(error.into())
    }
}

impl Shop {
    /// Runs a tick. Cancelling it leaves intents open, which the next one settles.
    pub(in crate::engine) async fn tick(&self, order: &Order) -> Result<Done, Fatal> {
        let mut done = Done::default();
        match self.run(order, &mut done).await {
            Ok(()) => {}
            Err(Cut::Fatal(fatal)) => return Err(fatal),
            // What was cut short tells nothing of its loops.
            Err(Cut::Stopped) => {}
            Err(Cut::Ended(ended, why)) => {
                tracing::error!(tick = order.tick.number, why, "the tick could not be completed");
                for name in &order.tick.loops {
                    done.ended.insert(name, (ended, why.clone()));
                }
            }
        }
        for (name, (ended, says)) in &done.ended {
            if *ended != Ended::Well {
                done.troubles.insert(name, vec![says.clone()]);
            }
        }
        Ok(done)
    }

    async fn run(&self, order: &Order, done: &mut Done) -> Result<(), Cut> {
        if !order.records.is_empty() {
            self.recorder.note(order.records.clone()).await?;
        }
        let home = self.home(order).await?;
        let publisher = self.publisher(order, &home).await?;
        self.learn_of_others(order, &publisher).await?;
        for lost in 1..=FENCE_TRIES {
            // Reading can be given up at any point; nothing has been done yet.
            let Compared { mut judged, observed, issues_at } = tokio::select! {
                biased;
                () = order.stop.cancelled() => return Err(Cut::Stopped),
                compared = self.compare(order, &home, done) => compared?,
            };
            self.show(order, &judged.document);
            done.plan = render::last_line(judged.document.summary());
            done.held = held(&judged);
            done.troubles = for_a_person(&judged);
            done.over_at.clone_from(&judged.over_at);
            done.ended = endings(order, &observed, &judged, self.clock.now());
            done.due.extend(due(order, &judged));
            if let Some(at) = issues_at {
                let waiting = judged.document.waiting.clone();
                done.sight = Sight::of(Arc::clone(&order.desired), observed, waiting, at);
            }
            let permitted = std::mem::take(&mut judged.verdict.permitted);
            let off = |name: &str| judged.document.disabled.iter().any(|disabled| disabled.name == name);
            let basis = Basis {
                config: order.desired.origin.commit.clone(),
                not_in_force: false,
                scope: Vec::new(),
                loops: loops::only(|name| order.tick.loops.contains(&name) && !off(name)),
            };
            if permitted.is_empty() && !judged.document.unsound && !order.stop.is_cancelled() {
                batch::agree(&judged.document, &basis, &self.recorder, &publisher).await.map_err(cut)?;
            }
            if permitted.is_empty() || judged.document.unsound || order.stop.is_cancelled() {
                break;
            }
            let gate = |action: &Action| self.board.now().blocks(action);
            let progress = |action: &Action, outcome: &Outcome| {
                (order.alive)();
                self.audience.outcome(action, outcome);
            };
            let watch = Watch { gate: &gate, progress: &progress, stop: order.stop.clone() };
            let writer = Writer::new(
                order.clients.clone(),
                Arc::new(Starter::new(self.yard(order), order.clients.author.clone())),
            );
            let carried = batch::carry_out(
                permitted,
                &judged.document,
                &basis,
                &writer,
                &self.recorder,
                &publisher,
                &watch,
            )
            .await;
            match carried {
                Ok(report) => {
                    for (action, outcome) in &report.outcomes {
                        if !outcome.succeeded() {
                            self.known.doubt_permissions(action.effect.repo());
                        }
                        // What was done, and what failed half-way, needn't be told by any listing of changes.
                        if let Some(watched) = action.effect.watched() {
                            let told = Told::Less(watched.number);
                            self.known.remembered().tell(action.effect.repo(), &told);
                        }
                    }
                    conclude(order, &report, done, self.clock.now());
                    break;
                }
                Err(BatchError::Behind { writer }) => {
                    let who =
                        writer.map_or_else(|| "it left no name".to_owned(), |w| format!("it is at {w}"));
                    self.audience.remark(&format!(
                        "another machine has published to the ledger first; {who}; planning again"
                    ));
                    if lost == FENCE_TRIES {
                        return Err(Cut::Fatal(Fatal::OtherWriter(who)));
                    }
                    self.catch_up(&publisher).await?;
                }
                Err(error) => return Err(cut(error)),
            }
        }
        // Flips and configs are recorded outside of batches; they are published with the next tick.
        publisher.publish_outcomes(&self.recorder).await.map_err(cut)
    }

    /// The config repository, and the ledger brought up to its branch, once.
    async fn home(&self, order: &Order) -> Result<Home, Cut> {
        let mut found = self.home.lock().await;
        if let Some(home) = &*found {
            return Ok(home.clone());
        }
        let home = Home::find(&self.source, &order.desired, &order.clients.author, &self.state)
            .await
            .map_err(|error| {
                let ended = match &error {
                    HomeError::GitHub(error) => {
                        of_cause(crate::observed::cause(error), order, self.clock.now())
                    }
                    HomeError::Url | HomeError::Mirror(_) => RETRY,
                };
                Cut::Ended(ended, said(&error))
            })?;
        let publisher = self.publisher(order, &home).await?;
        self.catch_up(&publisher).await?;
        *found = Some(home.clone());
        Ok(home)
    }

    /// Takes over what other machines have published, where a task waits for one: nothing else would bring the news.
    async fn learn_of_others(&self, order: &Order, publisher: &Publisher) -> Result<(), Cut> {
        let selection = Selection { only: order.tick.loops.iter().map(|l| (*l).to_owned()).collect() };
        if !loops::needs_of(&selection, &self.board.now()).has(Facet::Runs) {
            return Ok(());
        }
        let (machine, now) = (self.recorder.machine(), self.clock.now());
        if self.recorder.index(|index| index.ran().waits_for_others(machine, now)).await {
            self.catch_up(publisher).await?;
        }
        Ok(())
    }

    async fn publisher(&self, order: &Order, home: &Home) -> Result<Publisher, Cut> {
        let access = home.access(&order.clients.author, &self.env).await.map_err(|error| {
            let ended = of_cause(crate::observed::cause(&error), order, self.clock.now());
            Cut::Ended(ended, said(&error))
        })?;
        Ok(Publisher::new(home.place(access), &order.desired.factory.name, self.clock.clone()))
    }

    async fn catch_up(&self, publisher: &Publisher) -> Result<(), Cut> {
        publisher.catch_up(&self.recorder).await.map(drop).map_err(cut)
    }

    /// Where the runs of this config are.
    fn yard(&self, order: &Order) -> Yard {
        Yard {
            state: self.state.clone(),
            known: self.known.clone(),
            desired: Arc::clone(&order.desired),
            clock: self.clock.clone(),
            env: self.env.clone(),
            stop: order.stop.clone(),
        }
    }

    /// Reads what the loops of this tick need, settles what a crash left open, and judges.
    async fn compare(&self, order: &Order, home: &Home, done: &mut Done) -> Result<Compared, Cut> {
        let selection = Selection { only: order.tick.loops.iter().map(|l| (*l).to_owned()).collect() };
        if closes_runs(&selection, &self.board.now()) {
            // What has ended has done so before the moment that is judged by.
            let (closed, unclosed) = close_runs(&self.yard(order), &|text| self.audience.remark(text)).await;
            note_runs(&self.yard(order), &self.recorder, &|text| self.audience.remark(text)).await?;
            done.closed += closed;
            done.due.insert("closing", unclosed);
            (order.alive)();
        }
        let (switches, now) = (self.board.now(), self.clock.now());
        let memory = self.recorder.index(|index| memory(index, self.recorder.machine(), now)).await;
        let judging = Judging::new(&order.desired, &selection, &switches, &memory, now);
        let facets = loops::needs_of(&selection, &switches);
        let mut beside = Observed::default();
        if let Home::GitHub { repo, mirror } = home
            && (facets.has(Facet::ConfigPulls) || facets.has(Facet::Flips))
        {
            let access = home.access(&order.clients.author, &self.env).await.map_err(|error| {
                Cut::Ended(of_cause(crate::observed::cause(&error), order, now), said(&error))
            })?;
            let reading = Reading {
                client: &order.clients.author,
                repo,
                mirror,
                access: &access,
                branch: &order.branch,
                desired: &order.desired,
                now,
            };
            if facets.has(Facet::ConfigPulls) {
                reading.pulls(&self.loads, &mut beside).await;
                if let Some(rejected) = &order.rejected {
                    reading.head(rejected, &mut beside).await;
                }
            }
            if facets.has(Facet::Flips) {
                done.flips = reading.flips(&self.board, &mut beside).await;
            }
            (order.alive)();
        }
        let open = apply::needs(&self.recorder).await;
        let mut also = proposed(&beside.config_pulls, judging.desired);
        also.issues = open.issues;
        also.repos.extend(&open.repos);
        also.repos.sort_unstable();
        also.repos.dedup();
        let readers = Selection { only: readers(&order.tick.loops, &beside) };
        let mut observed = if readers.only.is_empty() {
            Observed { at: Some(now), ..Observed::default() }
        } else {
            let world = World {
                client: &order.clients.author,
                reviewer: order.clients.reviewer.as_ref(),
                clock: &self.clock,
                env: &self.env,
                state: &self.state,
                known: &self.known,
            };
            look(&Judging { selection: &readers, ..judging }, &world, &also).await
        };
        observed.config_pulls = beside.config_pulls;
        observed.config_head = beside.config_head;
        observed.flips = beside.flips;
        observed.gaps.extend(beside.gaps);
        if facets.has(Facet::Runs) {
            keep(&self.yard(order), &observed, &|text| self.audience.remark(text)).await;
        }
        (order.alive)();
        let settled = apply::settle(&self.recorder, &observed).await?.len();
        if settled > 0 {
            let changes = render::counted(settled, "change", "changes");
            self.audience.remark(&format!("settled {changes} that an interrupted run had left open"));
        }
        tracing::debug!(tick = order.tick.number, "what the loops need is read");
        let judged = judge(&judging, &observed);
        tracing::debug!(tick = order.tick.number, "a plan is made");
        let issues_at = facets.has(Facet::Cases).then_some(now);
        if issues_at.is_some() {
            let wanted = &judged.document.actions;
            let acts = |issue: &Address| wanted.iter().any(|it| it.action.address.is_at_or_below(issue));
            let cx = work::Cx { desired: judging.desired, observed: &observed, now };
            settle_issues(&self.known, cx, acts);
            self.note_proofs(cx).await?;
        }
        Ok(Compared { judged, observed, issues_at })
    }

    /// Writes down what merge policies may ask for.
    async fn note_proofs(&self, cx: work::Cx<'_>) -> Result<(), RecorderError> {
        let mut all = proofs::landed(cx);
        all.extend(self.soak.proof(cx.desired, &cx.observed.cases.held, cx.now, proofs::resident));
        if all.is_empty() {
            return Ok(());
        }
        self.recorder.note(all.into_iter().map(Record::Proof).collect()).await
    }

    /// Shows a plan that differs from what the same loops planned before. The commit is no difference.
    fn show(&self, order: &Order, document: &Document) {
        let mut same = document.clone();
        same.reading =
            crate::plan::Reading { incomplete: document.reading.incomplete.clone(), ..Default::default() };
        let text = render::text(&same, render::Style::Plain);
        let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
        let before = self
            .shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(order.tick.loops.clone(), digest.clone());
        let acts = document.actions.iter().any(|planned| planned.blocked.is_none());
        if acts || before.as_ref() != Some(&digest) {
            self.audience.plan(document);
        }
    }
}

/// What a batch means for the loops that wanted it.
fn conclude(order: &Order, report: &Report, done: &mut Done, now: Timestamp) {
    let succeeded = report.outcomes.iter().filter(|(_, outcome)| outcome.succeeded());
    for (action, _) in succeeded {
        if matches!(action.verb, Verb::CreateRepository | Verb::UnarchiveRepository) {
            done.look_again = done.look_again.and(Facets::of(Facet::Settings)).and(Facets::of(Facet::Labels));
        }
        if matches!(
            action.verb,
            Verb::OpenPull
                | Verb::ReviewPull
                | Verb::Reply
                | Verb::MergePull
                | Verb::EnqueuePull
                | Verb::DequeuePull
                | Verb::StopRun
                | Verb::PassOver
        ) {
            done.look_again = done.look_again.and(Facets::of(Facet::Cases));
        }
    }
    for (name, (ended, says)) in &mut done.ended {
        let of = |o: &&(Action, Outcome)| o.0.wanted_by == *name && o.1.succeeded();
        let n = report.outcomes.iter().filter(of).count();
        if n > 0 && matches!(ended, Ended::Well) {
            *says = format!("{n} done");
        }
    }
    let failed = report.outcomes.iter().filter(|(_, outcome)| {
        matches!(outcome, Outcome::Refused { .. } | Outcome::Unknown { .. } | Outcome::Failed { .. })
    });
    let only = is_of_one(&order.desired, failed.map(|(action, _)| Some(action.effect.repo())));
    for (action, outcome) in &report.outcomes {
        match outcome {
            Outcome::Done | Outcome::AlreadySo => {
                done.done += 1;
                done.started += u64::from(matches!(action.effect, Effect::StartRun(_)));
                if let Some(due) = done.due.get_mut(action.wanted_by) {
                    *due = due.saturating_sub(1);
                }
                if let Effect::Propose { branch, alone: None, .. } = &action.effect {
                    done.flips.proposed.push((branch.clone(), None));
                }
            }
            // Whatever was in the way says so itself.
            Outcome::Left { .. } => done.left += 1,
            Outcome::Refused { says } => {
                done.refused += 1;
                note(&mut done.ended, action.wanted_by, contained(RETRY, only), says.clone());
            }
            Outcome::Unknown { says } => {
                done.failed += 1;
                note(&mut done.ended, action.wanted_by, contained(RETRY, only), says.clone());
            }
            Outcome::Failed { says, trouble, .. } => {
                done.failed += 1;
                done.troubles.insert(action.wanted_by, vec![format!("{}: {says}", action.address)]);
                let ended = contained(of_trouble(*trouble, order, now), only);
                note(&mut done.ended, action.wanted_by, ended, says.clone());
            }
        }
    }
}

/// What pull requests to the config speak of. Who can push a branch there may learn what is on GitHub of a repository that
/// isn't declared yet; who can only fork it may not.
fn proposed<'a>(pulls: &'a [ConfigPull], in_force: &Desired) -> Also<'a> {
    let mut also = Also::default();
    for pull in pulls {
        for desired in pull.proposed.iter().chain(&pull.base) {
            if !pull.from_fork {
                also.repos.extend(desired.repos.keys());
            }
            let shown = |task: &&Task| !pull.from_fork || in_force.repos.contains_key(&task.repo);
            also.tasks.extend(desired.tasks.values().filter(shown));
        }
    }
    also
}

/// The loops that need repositories to be read. Those that review pull requests to the config don't while there
/// is none: otherwise an idle factory would read everything for nothing.
fn readers(loops: &[&'static str], beside: &Observed) -> Vec<String> {
    let needs = loops::needs();
    let of = |name: &str| needs.get(name).copied().unwrap_or_default();
    let reads = |facets: Facets| {
        let of_config = |facet: &Facet| matches!(facet, Facet::ConfigPulls | Facet::Flips);
        let repos = Facet::ALL.iter().any(|facet| facets.has(*facet) && !of_config(facet));
        repos && (!facets.has(Facet::ConfigPulls) || !beside.config_pulls.is_empty())
    };
    loops.iter().filter(|name| reads(of(name))).map(|name| (*name).to_owned()).collect()
}

const RETRY: Ended = Ended::Retry { after: std::time::Duration::ZERO };

fn cut(error: BatchError) -> Cut {
    match error {
        BatchError::Recorder(error) => Cut::Fatal(error.into()),
        BatchError::Denied(_) => Cut::Ended(Ended::Stuck, said(&error)),
        BatchError::TakeOver(_) | BatchError::Publish(_) | BatchError::Behind { .. } => {
            Cut::Ended(RETRY, said(&error))
        }
    }
}

/// How much each loop wants that nothing holds back.
fn due(order: &Order, judged: &Judged) -> impl Iterator<Item = (&'static str, u64)> {
    let wants = |name: &str| judged.verdict.permitted.iter().filter(|p| p.action.wanted_by == name).count();
    order.tick.loops.iter().map(move |name| (*name, wants(name) as u64))
}

/// Actions that stay held back until somebody changes something.
fn held(judged: &Judged) -> Vec<(String, &'static str, String)> {
    lasting(judged).map(|(action, b)| (action.address.to_string(), b.guard, b.says.clone())).collect()
}

fn lasting(judged: &Judged) -> impl Iterator<Item = &(Action, Blocked)> {
    judged.verdict.blocked.iter().filter(|(_, blocked)| matches!(blocked.guard, "stuck" | "fighting"))
}

/// What only a person can mend, by the loop that found it or wants it.
fn for_a_person(judged: &Judged) -> BTreeMap<&'static str, Vec<String>> {
    let mut out: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for problem in &judged.problems {
        out.entry(problem.found_by).or_default().push(problem.to_string());
    }
    for (action, blocked) in lasting(judged) {
        let says = format!("{} ({}): {}", action.address, blocked.guard, blocked.says);
        out.entry(action.wanted_by).or_default().push(says);
    }
    out
}

/// How the tick ended for each loop, as far as reading and planning tell.
fn endings(
    order: &Order,
    observed: &Observed,
    judged: &Judged,
    now: Timestamp,
) -> BTreeMap<&'static str, (Ended, String)> {
    let needs = loops::needs();
    let mut out = BTreeMap::new();
    for name in &order.tick.loops {
        let facets = needs.get(name).copied().unwrap_or_default();
        out.insert(*name, (Ended::Well, "in order".to_owned()));
        let gaps: Vec<&Gap> = observed.gaps.iter().filter(|gap| facets.has(gap.facet)).collect();
        let only = is_of_one(&order.desired, gaps.iter().map(|gap| gap.repo.as_ref()));
        for gap in gaps {
            note(&mut out, name, contained(of_cause(gap.cause, order, now), only), gap.why.clone());
        }
        let blocked = judged.verdict.blocked.iter().filter(|(a, _)| a.wanted_by == *name).count();
        if let Some((Ended::Well, says)) = out.get_mut(name)
            && blocked > 0
        {
            *says = format!("{blocked} held back");
        }
        let problems = judged.problems.iter().filter(|p| p.found_by == *name).count();
        if let Some((Ended::Well, says)) = out.get_mut(name)
            && problems > 0
        {
            *says = format!("{problems} for a person to mend");
        }
    }
    for crash in &judged.crashed {
        note(&mut out, crash.name, Ended::Crashed, crash.says.clone());
    }
    out
}

/// Whether all that failed is of one repository, beside which there are others.
fn is_of_one<'r>(desired: &Desired, mut failed: impl Iterator<Item = Option<&'r RepoName>>) -> bool {
    let Some(Some(first)) = failed.next() else { return false };
    desired.repos.len() > 1 && failed.all(|repo| repo == Some(first))
}

/// What a failure means that may be of one repository alone: nothing that is wrong with that one keeps others waiting. A budget is
/// that of all.
fn contained(ended: Ended, is_of_one: bool) -> Ended {
    match ended {
        Ended::Retry { .. } | Ended::Stuck if is_of_one => Ended::Partly,
        Ended::Well
        | Ended::Partly
        | Ended::Retry { .. }
        | Ended::Stuck
        | Ended::OutOfCredit { .. }
        | Ended::Overran
        | Ended::Crashed => ended,
    }
}

/// Keeps the worse of two endings of a loop.
fn note(all: &mut BTreeMap<&'static str, (Ended, String)>, name: &'static str, ended: Ended, says: String) {
    let entry = all.entry(name).or_insert((Ended::Well, String::new()));
    if severity(ended) > severity(entry.0) {
        *entry = (ended, says);
    }
}

fn severity(ended: Ended) -> u8 {
    match ended {
        Ended::Well => 0,
        Ended::Partly => 1,
        Ended::Retry { .. } => 2,
        Ended::Stuck => 3,
        Ended::OutOfCredit { .. } => 4,
        Ended::Overran => 5,
        Ended::Crashed => 6,
    }
}

fn of_cause(cause: Cause, order: &Order, now: Timestamp) -> Ended {
    match cause {
        Cause::Auth => Ended::Stuck,
        Cause::RateLimit => Ended::OutOfCredit { until: full_again(&order.clients.budget(), now) },
        Cause::Ledger | Cause::Other => RETRY,
    }
}

/// When a spent pool is full again; when none is known to be spent, soon.
fn full_again(pools: &[PoolState], now: Timestamp) -> Timestamp {
    let spent = pools.iter().filter(|p| p.remaining == 0 && p.reset > now).map(|p| p.reset);
    spent.min().unwrap_or_else(|| crate::adapters::clock::after(now, std::time::Duration::from_mins(1)))
}

/// What a failure means for the loop that wanted the action. One that would fail again is remembered by itself.
fn of_trouble(trouble: Trouble, order: &Order, now: Timestamp) -> Ended {
    match trouble {
        Trouble::Permanent | Trouble::Unseen => Ended::Well,
        Trouble::Auth | Trouble::Expired => of_cause(Cause::Auth, order, now),
        Trouble::RateLimit => of_cause(Cause::RateLimit, order, now),
        Trouble::Contested | Trouble::Passing => RETRY,
    }
}

/// Whether runs that have ended are closed in a tick of these loops: where one of them goes by runs; and in any tick while all
/// that start runs are switched off, since closing saves what was made and starts no agent.
fn closes_runs(selection: &Selection, switches: &Switches) -> bool {
    let starts = |l: &&&dyn loops::AnyLoop| l.may().contains(&Verb::StartRun);
    let is_off = |l: &&dyn loops::AnyLoop| switches.loops.contains_key(l.name());
    loops::needs_of(selection, switches).has(Facet::Runs) || loops::ALL.iter().filter(starts).all(is_off)
}
