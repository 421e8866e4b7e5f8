//! `factoryctl apply`: carries a plan out.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::adapters::fs;
use crate::adapters::git::{self, Refs, Repo};
use crate::adapters::github::Patience;
use crate::apply::{self, Outcome, Recorder, Report, Watch, Writer};
use crate::engine::{
    self, Also, Basis, BatchError, Flips, Home, Judged, Judging, Keeper, Loaded, Publisher, Source, Starter,
    Yard,
};
use crate::ledger::{Index, Ledger, Record};
use crate::loops::{self, Selection};
use crate::model::{Action, ActionId, AddressGlob, Allow, Cause, Desired, Observed, RepoName, Verb};
use crate::plan::render;
use crate::plan::{Document, Memory, NotInForce, Permitted, SavedError, SavedPlan};
use crate::work;

use super::agreed::{self, Apart, Since};
use super::context::Context;
use super::daemon::none_elsewhere;
use super::exit::{Exit, Fail};
use super::ledger::unusable;
use super::plan::{SAVED_LIMIT, incomplete, is_committed, say_unread};
use super::revision;
use super::session::{READING, Session, allows, globs};
use super::ui::Progress;

/// How often other machines may be faster before this one gives up.
const FENCE_TRIES: usize = 3;
/// Comparisons after the first: what waits for a repository to be made is done in the next one.
const ROUNDS: usize = 4;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A saved plan, or addresses; `*` and `**` match.
    #[arg(value_name = "FILE | ADDRESS-GLOB")]
    what: Vec<String>,
    /// Don't ask.
    #[arg(long)]
    yes: bool,
    /// Let a guard through, as the plan shows it.
    #[arg(long, value_name = "GUARD[=N]@ADDRESS-GLOB")]
    allow: Vec<String>,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let saved = saved_plan(cx, args)?;
    let source = Arc::new(cx.source().await?);
    let loaded = committed(cx, &source, saved.as_ref())?;
    let mut job = Job::prepare(cx, args, &source, loaded, saved).await?;
    job.run().await
}

/// The saved plan, when the one argument is a file.
fn saved_plan(cx: &Context, args: &Args) -> Result<Option<SavedPlan>, Fail> {
    let [one] = args.what.as_slice() else { return Ok(None) };
    let path = cx.env.cwd().join(one);
    if !fs::is_file(&path) {
        let meant_as_file = std::path::Path::new(one).extension().is_some_and(|e| e == "json");
        if meant_as_file || one.starts_with(['/', '.']) {
            return Err(Fail::new(Exit::Usage, format!("there is no file {one}"))
                .help("name a saved plan (factoryctl plan -o FILE), or addresses like repo/acme/widgets"));
        }
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&fs::read(&path, SAVED_LIMIT)?).into_owned();
    SavedPlan::parse(&text).map(Some).map_err(|error| {
        let exit = match error {
            SavedError::Malformed(_) => Exit::Error,
            SavedError::Newer(_) | SavedError::Edited => Exit::Stale,
        };
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        let mut fail =
            Fail::new(exit, format!("{one} {error}")).help("make it anew: factoryctl plan -o FILE");
        fail.causes.extend(cause);
        fail
    })
}

/// Loads the commit that is applied: `--at`, the saved plan's, or the one that is checked out without changes.
fn committed(cx: &Context, source: &Source, saved: Option<&SavedPlan>) -> Result<Loaded, Fail> {
    let dirty = |why: &str| {
        let (why, step) = match source.repo().map(Repo::head) {
            None => (why, "put the folder under version control: git init && git add . && git commit"),
            Some(Err(git::Error::Empty(_))) => {
                ("nothing is committed yet", "commit the config: git add . && git commit")
            }
            Some(_) => (why, "commit the change, or apply what is committed: factoryctl apply --at HEAD"),
        };
        Fail::new(Exit::Invalid, format!("{why}; apply acts on commits only")).help(step)
    };
    let rev = match (saved, cx.global.at.as_deref()) {
        (Some(saved), _) => match &saved.commit {
            Some(commit) => commit.clone(),
            None => {
                let says = "the saved plan was made from uncommitted files; apply acts on commits only";
                return Err(Fail::new(Exit::Invalid, says)
                    .help("commit them, and plan again: factoryctl plan -o FILE"));
            }
        },
        (None, Some(rev)) => rev.to_owned(),
        (None, None) => {
            let loaded = cx.load(source, engine::At::WorkingTree)?;
            if is_committed(&loaded.desired) {
                return Ok(loaded);
            }
            if let Some(error) = source.not_at_root() {
                return Err(error.into());
            }
            match loaded.desired.origin.changed {
                Some(n) => {
                    let files = if n == 1 {
                        "1 config file differs".to_owned()
                    } else {
                        format!("{n} config files differ")
                    };
                    return Err(dirty(&format!("{files} from the commit that is checked out")));
                }
                None => return Err(dirty("the config is not under version control")),
            }
        }
    };
    cx.load(source, engine::At::Revision(&rev))
}

/// One `apply`, from the lock to the exit code.
struct Job<'a> {
    cx: &'a Context,
    args: &'a Args,
    loaded: Loaded,
    saved: Option<SavedPlan>,
    /// The config that a saved plan was made from, where another one is in force.
    agreed: Option<Desired>,
    session: Session,
    recorder: Recorder,
    publisher: Publisher,
    allows: Vec<Allow>,
    not_in_force: Option<NotInForce>,
    /// What was tried and not done, and what was made: it is not tried again in a later round.
    tried: BTreeSet<ActionId>,
    /// What was done in earlier rounds.
    spent: Vec<Action>,
    stop: CancellationToken,
    interrupted: Arc<AtomicUsize>,
    /// Whether a run has ended that could not be closed.
    unclosed: AtomicBool,
}

impl<'a> Job<'a> {
    async fn prepare(
        cx: &'a Context,
        args: &'a Args,
        source: &Arc<Source>,
        mut loaded: Loaded,
        saved: Option<SavedPlan>,
    ) -> Result<Self, Fail> {
        let allows = allows(&args.allow, &cx.env.who())?;
        let keeper = revision::keeper(cx, source).await?;
        if let Some(trouble) = keeper.as_ref().and_then(Keeper::trouble) {
            cx.ui.say(trouble);
        }
        // Where the factory is at home is said by what is in force, not by the commit that is judged.
        let in_force = keeper
            .as_ref()
            .map_or_else(|| Arc::new(loaded.desired.clone()), |k| Arc::clone(&k.current().desired));
        cx.state_in_use(source, &in_force)?;
        let session = cx.connect(source, &loaded.desired, Patience::Foreground)?;
        none_elsewhere(&session.state).await?;
        let guard = session.state.lock("factoryctl apply")?;
        let ledger = match Ledger::open(guard, cx.clock.now()) {
            Ok(ledger) => ledger,
            Err(error) => return Err(unusable(cx, &session, source, &in_force, error).await),
        };
        let recorder = Recorder::new(ledger, cx.clock.clone(), &cx.env.who());
        let (home, access) = session.home(cx, source, &in_force).await?;
        let branch = keeper.as_ref().map_or(in_force.factory.branch.as_str(), Keeper::branch);
        let (repo, heads) = match &home {
            // What counts is the branch as GitHub has it: a clone may be ahead of it, or behind.
            Home::GitHub { mirror, .. } => {
                mirror.fetch(&access, &[Refs::Branches]).await?;
                (Some(mirror.repo()), mirror.repo().branch_head(branch)?.into_iter().collect())
            }
            Home::Remote(_) | Home::Local(_) | Home::Nowhere => {
                let last = keeper.as_ref().map(|keeper| keeper.current().commit.clone());
                (source.repo(), last.into_iter().chain(revision::heads(source, branch)?).collect::<Vec<_>>())
            }
        };
        let mut not_in_force = match repo {
            Some(repo) => revision::not_in_force(repo, branch, &heads, &loaded)?,
            None => None,
        };
        let mut agreed = None;
        // What was agreed on is done as the config in force has it, and what that no longer wants is stale.
        if let Some(NotInForce::Superseded { head, .. }) = &not_in_force
            && saved.is_some()
        {
            let in_force = cx.judge(source, source.read(engine::At::Revision(head.as_str()))?)?;
            agreed = Some(std::mem::replace(&mut loaded, in_force).desired);
            not_in_force = None;
        }
        let publisher = Publisher::new(home.place(access), &loaded.desired.factory.name, cx.clock.clone());
        publisher.catch_up(&recorder).await.map_err(|error| {
            let mut fail = Fail::from(error);
            fail.message.push_str(", so nothing was done");
            fail
        })?;
        // Only once it is known that the ledger is this config's.
        if let Some(keeper) = &keeper
            && loaded.desired.origin.commit.as_ref() == Some(&keeper.current().commit)
        {
            keeper.remember()?;
        }
        let (stop, interrupted) = super::signals::stop_on_signal();
        Ok(Self {
            cx,
            args,
            loaded,
            saved,
            agreed,
            session,
            recorder,
            publisher,
            allows,
            not_in_force,
            tried: BTreeSet::new(),
            spent: Vec::new(),
            stop,
            interrupted,
            unclosed: AtomicBool::new(false),
        })
    }

    async fn run(&mut self) -> Result<Exit, Fail> {
        let mut exit = Exit::Done;
        let mut lost = 0;
        let mut round = 0;
        let mut all = Report::default();
        let mut blocked;
        loop {
            let (mut judged, observed) = self.compare(&mut all).await?;
            let apart =
                self.saved.as_ref().map(|saved| agreed::keep_only(saved, &mut judged)).unwrap_or_default();
            if round == 0 || !judged.document.is_empty() {
                self.cx.ui.say(render::text(&judged.document, self.cx.ui.err_style()).trim_end());
            }
            if self.say_apart(&apart, &judged).await {
                exit = exit.and(Exit::Stale);
            }
            exit = exit.and(incomplete(&observed));
            if self.unclosed.load(Ordering::Relaxed) {
                exit = exit.and(Exit::Partly);
            }
            say_unread(self.cx, &observed);
            if judged.document.unsound {
                return Err(Fail::new(Exit::Error, "the plan is unsound, which is a bug; nothing was done"));
            }
            if !judged.problems.is_empty() {
                exit = exit.and(Exit::Error);
            }
            // A later round sees what an earlier one held back, and what waited for it.
            blocked = judged.document.blocked_json();
            if !blocked.is_empty() {
                exit = exit.and(Exit::Guard);
            }
            let mut permitted = std::mem::take(&mut judged.verdict.permitted);
            for repo in self.made_and_unseen(&permitted) {
                let says = format!("{repo} was made, and this credential can't see it; {}", apply::LET_SEE);
                self.cx.ui.say(&says);
                exit = exit.and(Exit::Partly);
            }
            permitted.retain(|p| !self.tried.contains(&p.action.id));
            if permitted.is_empty() && round == 0 && self.saved.is_none() {
                let basis = self.basis(&judged.document);
                engine::agree(&judged.document, &basis, &self.recorder, &self.publisher).await?;
            }
            if permitted.is_empty() {
                break;
            }
            match self.confirmed(permitted.len()).await? {
                Answer::Yes => {}
                Answer::No => {
                    self.cx.ui.say("nothing was changed: only `yes` does it");
                    exit = exit.and(Exit::Changes);
                    break;
                }
                Answer::Interrupted => {
                    exit = self.ended_by_signal();
                    break;
                }
            }
            match self.carry_out(permitted, &judged).await {
                Ok(report) => {
                    let made = report
                        .outcomes
                        .iter()
                        .any(|(a, o)| a.verb == Verb::CreateRepository && o.succeeded());
                    let undone = report.outcomes.iter().filter(|(_, outcome)| !outcome.succeeded());
                    self.tried.extend(undone.map(|(action, _)| action.id.clone()));
                    let done = report.outcomes.iter().filter(|(_, outcome)| outcome.succeeded());
                    self.spent.extend(done.map(|(action, _)| action.clone()));
                    let creations = self.spent.iter().filter(|action| action.verb == Verb::CreateRepository);
                    self.tried.extend(creations.map(|action| action.id.clone()));
                    let hopeless = report.is_hopeless();
                    all.follow(report);
                    round += 1;
                    if !made
                        || hopeless
                        || self.saved.is_some()
                        || round >= ROUNDS
                        || self.stop.is_cancelled()
                    {
                        break;
                    }
                }
                Err(BatchError::Behind { writer }) if lost + 1 < FENCE_TRIES => {
                    lost += 1;
                    let writer = writer.unwrap_or_else(|| "another machine".to_owned());
                    self.cx.ui.say(&format!("{writer} was faster; reading and planning again"));
                    self.publisher.catch_up(&self.recorder).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        let exit = exit.and(self.exit_of(&all));
        self.conclude(&all, &blocked, exit)
    }

    /// The repositories that an earlier round has made and that would be made again, since nobody sees them.
    fn made_and_unseen(&self, permitted: &[Permitted]) -> Vec<RepoName> {
        let again = |made: &&Action| permitted.iter().any(|p| p.action.id == made.id);
        let made = self.spent.iter().filter(|action| action.verb == Verb::CreateRepository);
        made.filter(again).map(|made| made.effect.repo().clone()).collect()
    }

    /// Closes the runs that have ended, says what became of them, and records what they cost.
    async fn close_runs(&self) -> Result<(), Fail> {
        let remark = |text: &str| self.cx.ui.say(text);
        let (_, left) = engine::close_runs(&self.yard(), &remark).await;
        self.unclosed.fetch_or(left > 0, Ordering::Relaxed);
        let noted = engine::note_runs(&self.yard(), &self.recorder, &remark).await;
        let noted = noted
            .map_err(|error| Fail::new(Exit::Error, "what runs cost can't be recorded").because(error))?;
        if noted > 0 {
            // What can't be published now goes with what is done next.
            if let Err(error) = self.publisher.publish_outcomes(&self.recorder).await {
                let why = Fail::new(Exit::Error, "").because(error).causes.join(": ");
                self.cx.ui.say(&format!("what runs cost is recorded here, and not published yet: {why}"));
            }
        }
        Ok(())
    }

    /// Where the runs of this config are.
    fn yard(&self) -> Yard {
        Yard {
            state: self.session.state.clone(),
            known: self.session.known.clone(),
            desired: Arc::new(self.loaded.desired.clone()),
            clock: self.cx.clock.clone(),
            env: self.cx.env.clone(),
            stop: self.stop.clone(),
        }
    }

    /// Reads the world, settles what a crash or an earlier round left open, and judges.
    async fn compare(&self, so_far: &mut Report) -> Result<(Judged, Observed), Fail> {
        let desired = &self.loaded.desired;
        let scope = if self.saved.is_some() { Vec::new() } else { globs(&self.args.what, desired)? };
        let selection = Selection::default();
        // What has ended has done so before the moment that is judged by.
        self.close_runs().await?;
        let switches = self.cx.switches(&self.session.state, &self.loaded.desired)?;
        let now = self.cx.clock.now();
        let memory = self.memory(now).await;
        let judging = Judging {
            allows: &self.allows,
            scope: &scope,
            not_in_force: self.not_in_force.as_ref(),
            spent: &self.spent,
            ..Judging::new(desired, &selection, &switches, &memory, now)
        };
        let open = apply::needs(&self.recorder).await;
        let also = Also { repos: open.repos.iter().collect(), issues: open.issues, ..Also::default() };
        let observed = {
            let _drawn = Progress::waiting(&self.cx.ui, READING);
            engine::look(&judging, &self.session.world(self.cx), &also).await
        };
        // What a revision that isn't in force leaves out may be under way.
        if self.not_in_force.is_none() {
            engine::keep(&self.yard(), &observed, &|text| self.cx.ui.say(text)).await;
        }
        let settled = apply::settle(&self.recorder, &observed).await.map_err(|error| {
            Fail::new(Exit::Error, "what an earlier run left open can't be settled").because(error)
        })?;
        let settled = settled.iter().filter(|(action, outcome)| !so_far.learn(action, outcome)).count();
        if settled > 0 {
            let changes = render::counted(settled, "change", "changes");
            self.cx.ui.say(&format!("settled {changes} that an interrupted run had left open"));
        }
        if self.not_in_force.is_none() {
            let proofs = engine::landed(work::Cx { desired, observed: &observed, now });
            let records = proofs.into_iter().map(Record::Proof).collect();
            self.recorder
                .note(records)
                .await
                .map_err(|error| Fail::new(Exit::Error, "what landed can't be recorded").because(error))?;
        }
        Ok((engine::judge(&judging, &observed), observed))
    }

    /// What the ledger remembers. What failed or was undone before is tried again: a person asks for it.
    async fn memory(&self, now: jiff::Timestamp) -> Memory {
        let machine = self.recorder.machine();
        let memory = |index: &Index| Memory {
            elsewhere: engine::elsewhere(index, machine, now),
            ..engine::lasting(index, machine)
        };
        self.recorder.index(memory).await
    }

    /// Says what of the saved plan isn't carried out; whether any of it has changed since.
    async fn say_apart(&self, apart: &[Apart<'_>], judged: &Judged) -> bool {
        let Some(saved) = &self.saved else { return false };
        let gone: Vec<&str> =
            apart.iter().filter(|a| a.is_gone()).map(|a| a.action.address.as_str()).collect();
        let asked = match &self.agreed {
            Some(agreed) if !gone.is_empty() => self.asked_by(agreed, &gone).await,
            Some(_) | None => None,
        };
        let since = match (&self.agreed, &asked) {
            (None, _) => Since::SameConfig,
            (Some(_), Some(asked)) => Since::OtherConfig(asked),
            (Some(_), None) => Since::Untold,
        };
        let off: Vec<&str> = judged.document.disabled.iter().map(|disabled| disabled.name.as_str()).collect();
        for apart in apart {
            self.cx.ui.say(&apart.says(saved, &since, &off));
        }
        apart.iter().any(Apart::is_stale)
    }

    /// What another config asks for at these addresses as GitHub is now; `None` where not everything could be read.
    async fn asked_by(&self, desired: &Desired, addresses: &[&str]) -> Option<BTreeSet<ActionId>> {
        let scope: Vec<_> =
            addresses.iter().map(|text| AddressGlob::parse(text)).collect::<Result<_, _>>().ok()?;
        let switches = self.cx.switches(&self.session.state, desired).ok()?;
        let (selection, now) = (Selection::default(), self.cx.clock.now());
        let memory = self.memory(now).await;
        let judging = Judging { scope: &scope, ..Judging::new(desired, &selection, &switches, &memory, now) };
        let observed = engine::look(&judging, &self.session.world(self.cx), &Also::default()).await;
        let asked = engine::judge(&judging, &observed).document.actions;
        observed.gaps.is_empty().then(|| asked.into_iter().map(|p| p.action.id).collect())
    }

    /// Asks, unless that was answered beforehand. A signal is an answer, too.
    async fn confirmed(&self, actions: usize) -> Result<Answer, Fail> {
        if self.args.yes {
            return Ok(Answer::Yes);
        }
        if !io::stdin().is_terminal() {
            return Err(Fail::new(Exit::Usage, "without a terminal, apply needs --yes"));
        }
        let asked = write!(
            io::stderr(),
            "Apply {}? Only `yes` does it: ",
            render::counted(actions, "change", "changes")
        );
        let unread = |error: io::Error| Fail::new(Exit::Error, "the answer can't be read").because(error);
        asked.map_err(unread)?;
        // On this thread nobody would see the signal.
        let reading = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            io::stdin().read_line(&mut answer).map(|_| answer)
        });
        let answer = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Ok(Answer::Interrupted),
            answer = reading => answer.map_err(|error| unread(error.into()))?.map_err(unread)?,
        };
        Ok(if answer.trim() == "yes" { Answer::Yes } else { Answer::No })
    }

    async fn carry_out(&self, permitted: Vec<Permitted>, judged: &Judged) -> Result<Report, BatchError> {
        let (flips, desired, clock) = (self.session.state.flips(), &self.loaded.desired, &self.cx.clock);
        // The live switches are read again right before each action. One that can't be read counts as fallen.
        let gate = |action: &Action| match Flips::load(&flips) {
            Ok(live) => engine::switches(desired, &live, clock.now()).blocks(action),
            Err(error) => Some(crate::plan::Blocked::outright("kill-switch", error.to_string())),
        };
        let (done, total) = (AtomicUsize::new(0), permitted.len());
        let drawn = Progress::of(&self.cx.ui, total);
        let progress = |action: &Action, outcome: &Outcome| {
            let n = done.fetch_add(1, Ordering::Relaxed) + 1;
            drawn.step(&format!("[{n}/{total}] {}", describe(action, outcome)));
        };
        let watch = Watch { gate: &gate, progress: &progress, stop: self.stop.clone() };
        let writer = Writer::new(
            self.session.clients(),
            Arc::new(Starter::new(self.yard(), self.session.client.clone())),
        );
        let basis = self.basis(&judged.document);
        let (recorder, publisher) = (&self.recorder, &self.publisher);
        engine::carry_out(permitted, &judged.document, &basis, &writer, recorder, publisher, &watch).await
    }

    /// What the batch is for: of a saved plan that which is carried out of it.
    fn basis(&self, document: &Document) -> Basis {
        let scope = match &self.saved {
            None => self.args.what.clone(),
            Some(_) => {
                let touched = document.actions.iter().flat_map(|p| p.action.touches_only());
                touched.map(|address| address.to_string()).collect()
            }
        };
        let off = |name: &str| document.disabled.iter().any(|disabled| disabled.name == name);
        Basis {
            config: self.loaded.desired.origin.commit.clone(),
            not_in_force: self.not_in_force.is_some(),
            scope,
            loops: loops::only(|name| !off(name)),
        }
    }

    fn exit_of(&self, report: &Report) -> Exit {
        let of = |outcome: &Outcome| match outcome {
            Outcome::Done | Outcome::AlreadySo => Exit::Done,
            Outcome::Refused { .. } => Exit::Stale,
            Outcome::Unknown { .. } | Outcome::Left { .. } => Exit::Partly,
            Outcome::Failed { trouble, .. } => match trouble.cause() {
                Cause::Ledger | Cause::Other => Exit::Partly,
                cause @ (Cause::Auth | Cause::RateLimit) => Exit::of(cause),
            },
        };
        let exit = report.outcomes.iter().fold(Exit::Done, |exit, (_, outcome)| exit.and(of(outcome)));
        if report.interrupted { self.ended_by_signal() } else { exit }
    }

    fn ended_by_signal(&self) -> Exit {
        match self.interrupted.load(Ordering::Relaxed) {
            15 => Exit::Terminated,
            _ => Exit::Interrupted,
        }
    }

    fn conclude(&self, all: &Report, blocked: &[Value], exit: Exit) -> Result<Exit, Fail> {
        if self.args.json {
            let outcomes: Vec<_> =
                all.outcomes.iter().map(|(action, outcome)| outcome_json(action, outcome)).collect();
            let exit = exit.code();
            self.cx.ui.print_json(
                &json!({ "version": 1, "outcomes": outcomes, "blocked": blocked, "exit": exit }),
            )?;
        } else {
            self.cx.ui.print(&format!("Apply: {}\n", engine::summary(all)))?;
        }
        Ok(exit)
    }
}

/// What came of asking.
enum Answer {
    Yes,
    No,
    Interrupted,
}

pub(super) fn describe(action: &Action, outcome: &Outcome) -> String {
    let what = format!("{} {}", action.verb.as_str(), action.address);
    match outcome {
        Outcome::Done => format!("done: {what}"),
        Outcome::AlreadySo => format!("already so: {what}"),
        Outcome::Refused { says } => format!("refused: {what}: {says}"),
        Outcome::Failed { says, .. } => format!("failed: {what}: {says}"),
        Outcome::Unknown { says } => format!("uncertain: {what}: {says}"),
        Outcome::Left { says } => format!("not tried: {what}: {says}"),
    }
}

fn outcome_json(action: &Action, outcome: &Outcome) -> Value {
    let (result, says) = match outcome {
        Outcome::Done => ("done", ""),
        Outcome::AlreadySo => ("already-so", ""),
        Outcome::Refused { says } => ("refused", says.as_str()),
        Outcome::Failed { says, .. } => ("failed", says.as_str()),
        Outcome::Unknown { says } => ("unknown", says.as_str()),
        Outcome::Left { says } => ("not-tried", says.as_str()),
    };
    json!({ "id": action.id, "address": action.address, "verb": action.verb, "result": result, "says": says })
}
