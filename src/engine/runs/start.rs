//! Starting a run, and pushing what one made.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use crate::adapters::git::{Access, Bound, CheckOut, Mirror, Objects, Pushed, Refs, Repo};
use crate::adapters::github::Client;
use crate::adapters::said;
use crate::apply::{Trouble, Workshop, WorkshopError};
use crate::engine::language::{Tree, TreeError, Words, declared};
use crate::language::code::Unread;
use crate::language::excerpt::{Spoken, excerpt};
use crate::language::terms::Listing;
use crate::model::{
    AgentConfig, CommitId, OpenPull, RepoName, RunId, RunOf, SecretRef, StartRun, StopRun, Subject, Usage,
    match_path,
};
use crate::runs::agents::{self, Agent};
use crate::runs::bounds::envelope;
use crate::runs::sandbox::Sandbox;
use crate::runs::workspace::{Site, There, Workspace};
use crate::runs::{Begin, Bill, Bounds, Handover, On, RunDir, Spec, State, Work, launch};
use crate::work::words::{PER_TOKEN, as_data};

use super::ground::ground;
use super::probe::{Probed, probe, seen, unseen};
use super::{Yard, given, workspace_name};

/// The most paths of a repository that are looked at before a run.
const MOST_PATHS: usize = 1_000_000;
/// The most bytes that their names may have.
const MOST_NAMES: usize = 1 << 30;

/// Starts runs, of repositories that this client reads.
#[derive(Clone)]
pub struct Starter(Yard, Client, Arc<Machine>);

/// What was found on this machine a moment ago, so that not every start looks for it.
#[derive(Debug, Default)]
pub(super) struct Machine {
    sandbox: OnceCell<Sandbox>,
    programs: Mutex<Vec<(Asked, Probed)>>,
}

/// A variable of an agent.
type Var = (String, String);

/// What a program was asked for its version with: the kind of agent, the program, the variables.
type Asked = (String, Vec<String>, Vec<Var>);

impl Starter {
    /// Starts runs in this yard.
    pub fn new(yard: Yard, client: Client) -> Self {
        let machine = yard.known.machine(yard.clock.now());
        Self(yard, client, machine)
    }

    /// The sandbox of this machine.
    async fn sandbox(&self) -> &Sandbox {
        let detect = async || Sandbox::detect(&self.0.env).await.unwrap_or(Sandbox::None);
        self.2.sandbox.get_or_init(detect).await
    }

    /// The program of an agent. One that isn't there or isn't fit is looked for anew by the next start.
    async fn program(&self, config: &AgentConfig, vars: &[Var]) -> Result<Probed, String> {
        let mut programs = self.2.programs.lock().await;
        let asked: Asked = (config.kind.clone(), config.program.clone(), vars.to_vec());
        if let Some((_, probed)) = programs.iter().find(|(before, _)| *before == asked) {
            return Ok(probed.clone());
        }
        let probed = probe(&self.0.env, config, vars).await?;
        programs.push((asked, probed.clone()));
        Ok(probed)
    }
}

impl Workshop for Starter {
    fn look(&self, of: &RunOf) -> Result<Value, WorkshopError> {
        let (runs, known) = (self.0.state.runs(), &self.0.known);
        let open = known.open(&runs).map_err(failed)?.into_iter().map(|(id, _)| id);
        let ids: BTreeSet<RunId> = open.chain(known.of_work(of)).collect();
        let mut last = Value::Null;
        for id in ids {
            let dir = RunDir::of(&runs, &id);
            let Some(spec) = dir.spec().map_err(failed)? else { continue };
            let Some(on) = &spec.on else { continue };
            if !on.of.is_of_same_work(of) {
                continue;
            }
            if (on.of.attempt, &on.of.continues, &on.of.after) == (of.attempt, &of.continues, &of.after) {
                return Ok(on.of.value(&spec.agent, &spec.digest));
            }
            last = json!({ "run": id.as_str() });
        }
        Ok(last)
    }

    fn start<'a>(&'a self, start: &'a StartRun) -> BoxFuture<'a, Result<(), WorkshopError>> {
        self.begin(start).boxed()
    }

    fn is_at_work(&self, run: &RunId) -> Result<bool, WorkshopError> {
        let dir = RunDir::of(&self.0.state.runs(), run);
        if dir.spec().map_err(failed)?.is_none() || dir.asked_to_stop().map_err(failed)?.is_some() {
            return Ok(false);
        }
        Ok(match dir.state().map_err(failed)? {
            State::Ended(_) => {
                dir.closed().map_err(failed)?.is_none() && dir.checking().map_err(failed)?.is_some()
            }
            State::Planned | State::Runs(_) | State::Interrupted(_) => true,
        })
    }

    fn stop<'a>(&'a self, stop: &'a StopRun) -> BoxFuture<'a, Result<(), WorkshopError>> {
        let dir = RunDir::of(&self.0.state.runs(), &stop.run);
        let asked = dir.ask_to_stop("the factory", &stop.why).map_err(failed);
        async move { asked }.boxed()
    }

    fn push<'a>(&'a self, pull: &'a OpenPull) -> BoxFuture<'a, Result<(), WorkshopError>> {
        self.publish(pull).boxed()
    }
}

fn failed(error: impl std::error::Error) -> WorkshopError {
    WorkshopError { says: said(&error), trouble: Trouble::Passing }
}

/// Whether an agent would run code that lies in a repository at this path, whatever it is told.
fn is_run_by(agent: &dyn Agent, path: &Path) -> bool {
    path.to_str().is_some_and(|path| agent.runs_of_repository().iter().any(|glob| match_path(glob, path)))
}

fn refused(config: &AgentConfig, repo: &RepoName, path: &Path) -> WorkshopError {
    let (path, kind) = (path.display(), &config.kind);
    let says = format!(
        "{repo} holds `{path}`, and `{kind}` would run what is in it whatever it is told: remove it there, or give the task \
         to an agent of another kind than `{}` ({})",
        config.name, config.source
    );
    WorkshopError { says, trouble: Trouble::Unseen }
}

fn because(says: String) -> WorkshopError {
    WorkshopError { says, trouble: Trouble::Passing }
}

/// Where a repository is cloned from, and the branch that work is for.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    url: String,
    branch: String,
}

/// What a run works on, and where.
struct Place {
    mirror: Mirror,
    workspace: Workspace,
    on: On,
    home: PathBuf,
    begin: Begin,
    /// What its session used before.
    baseline: Usage,
}

impl Starter {
    async fn begin(&self, start: &StartRun) -> Result<(), WorkshopError> {
        let yard = &self.0;
        let config = yard.desired.agents.get(&start.agent);
        let config = config.ok_or_else(|| because(format!("config has no agent `{}`", start.agent)))?;
        let agent = agents::by_kind(&config.kind);
        let agent = agent.ok_or_else(|| because(format!("there is no agent of kind `{}`", config.kind)))?;
        let sandbox = self.sandbox().await;
        let bounded = config.bounds.sandbox && *sandbox != Sandbox::None;
        let ready = self.ready(config, bounded).await;
        let why_not = ready.as_ref().err().map(String::as_str);
        yard.known.judge(config, why_not, yard.clock.now());
        let (vars, probed) = ready.map_err(because)?;
        let id = self.name(&start.of)?;
        let Place { mirror, workspace, on, home, begin, baseline } = match &start.of.continues {
            None => {
                let tries = 1 + config.waits.len();
                self.afresh(start, (config, agent), sandbox, &id, sessions(agent, &id, tries)).await?
            }
            Some(run) => self.as_left(start, run, &config.kind, sandbox)?,
        };
        tracing::debug!(run = %id, "the workspace of a run is there");
        let base = &on.base;
        let told = self.excerpt(start, mirror.repo(), base)?;
        let ground = ground(yard, &start.of.repo, mirror.repo(), base, &workspace).map_err(failed)?;
        let bounds = match sandbox {
            Sandbox::Bubblewrap { program } if bounded => {
                let mirror = workspace.readable().into_iter().map(Path::to_owned);
                Some(Bounds {
                    bubblewrap: program.clone(),
                    readable: mirror.chain(config.bounds.readable.iter().cloned()).collect(),
                    network: config.bounds.network,
                })
            }
            Sandbox::Bubblewrap { .. } | Sandbox::None => None,
        };
        crate::adapters::fs::private_dir(&home).map_err(failed)?;
        let oldest = yard.known.oldest_of_day(&yard.state.runs(), yard.clock.now()).map_err(failed)?;
        let spec = Spec {
            config: yard.state.id().to_owned(),
            config_commit: yard.desired.origin.commit.clone(),
            purpose: format!("{}, attempt {}", start.of.subject.place(), start.of.attempt),
            on: Some(on),
            agent: start.agent.clone(),
            kind: config.kind.clone(),
            version: probed.version,
            work: Work {
                program: probed.program,
                prompt: prompt(start, &told, bounds.as_ref()),
                model: config.model.clone(),
                begin,
                schema: start.answer.as_ref().map(|schema| schema.value().clone()),
            },
            waits: config.waits.clone(),
            baseline,
            digest: start.digest(),
            folder: workspace.tree(),
            bounds,
            bill: Bill {
                account: config.account.clone(),
                prices: yard.desired.prices.clone(),
                per_day: yard.desired.run_caps.spend_per_day,
                since: oldest.or_else(|| Some(id.clone())),
            },
            secrets: self.secrets(config)?,
            ground,
            limits: config.limits,
            clocks: config.clocks,
            home: home.clone(),
            id,
        };
        let mut all = yard.vars();
        all.push(("HOME".to_owned(), home.display().to_string()));
        let handover = Handover { vars: all, own: vars, secrets: yard.secrets() };
        let program = yard.env.executable().map_err(failed)?;
        tracing::debug!(run = %spec.id, "a run can be launched");
        launch(&yard.state.runs(), &program, &spec, &handover).await.map_err(failed)?;
        tracing::debug!(run = %spec.id, "a run is launched");
        yard.known.has_started();
        Ok(())
    }

    /// What the language of its repository says of the words of a prompt, as the commit has it that the run begins with. A session
    /// that goes on was told.
    fn excerpt(&self, start: &StartRun, git: &Repo, base: &CommitId) -> Result<String, WorkshopError> {
        let yard = &self.0;
        let all = declared(&yard.desired, self.1.base());
        let language = all.get(&start.of.repo).filter(|it| it.excerpt_tokens > 0);
        let (Some(language), None) = (language, &start.of.continues) else { return Ok(String::new()) };
        if matches!(start.of.subject, Subject::Ask { .. }) {
            return Ok(String::new());
        }
        let tree = match Tree::commit(git, base) {
            // No look at it would end otherwise, and who works there need not wait for one.
            Err(TreeError::TooMany(_)) => return Ok("The repository has too many files to tell.".to_owned()),
            tree => tree.map_err(failed)?,
        };
        let words = Words::read(&tree, language).map_err(failed)?;
        let terms = Listing::of(&words.terms);
        let spoken = Spoken {
            terms: &terms,
            adrs: &words.adrs,
            entries: &words.entries,
            code: &Unread,
            now: yard.clock.now(),
        };
        let budget = language.excerpt_tokens.saturating_mul(PER_TOKEN);
        Ok(excerpt(&spoken, &start.prompt, budget).unwrap_or_default())
    }

    /// The variables and the program of an agent that can be started.
    async fn ready(&self, config: &AgentConfig, bounded: bool) -> Result<(Vec<Var>, Probed), String> {
        let vars = given::variables(&self.0.env, config).map_err(|error| said(&error))?;
        let probed = self.program(config, &vars).await?;
        if bounded && !seen(&probed.at, &config.bounds) {
            return Err(unseen(config, &probed.at));
        }
        Ok((vars, probed))
    }

    /// A name for a run of a task, after those of all that it had: their order is what they are known by, also when
    /// the clock was set back.
    fn name(&self, of: &RunOf) -> Result<RunId, WorkshopError> {
        let its = self.of_task(of)?;
        let after = its
            .iter()
            .chain(&of.after)
            .filter_map(RunId::moment)
            .map(|last| last + SignedDuration::from_millis(1));
        let moment = after.fold(self.0.clock.now(), Timestamp::max);
        Ok(RunId::new(moment, salt(&self.0.state.runs(), of).as_bytes()))
    }

    /// All runs that a task had and has, by their names.
    fn of_task(&self, of: &RunOf) -> Result<BTreeSet<RunId>, WorkshopError> {
        let known = &self.0.known;
        let mut its: BTreeSet<RunId> = known.of_subject(&of.repo, &of.subject).into_iter().collect();
        for (id, dir) in known.open(&self.0.state.runs()).map_err(failed)? {
            let on = dir.spec().map_err(failed)?.and_then(|spec| spec.on);
            if on.is_some_and(|on| on.of.repo == of.repo && on.of.subject.place() == of.subject.place()) {
                its.insert(id);
            }
        }
        Ok(its)
    }

    /// What is kept of the secrets that it is given.
    fn secrets(&self, config: &AgentConfig) -> Result<Vec<(SecretRef, String)>, WorkshopError> {
        let kept = |from: &SecretRef| {
            let secret = given::value(&self.0.env, from).map_err(failed)?;
            Ok((from.clone(), given::mark(&secret)))
        };
        given::references(config).map(kept).collect()
    }

    async fn origin(&self, repo: &RepoName) -> Result<Origin, WorkshopError> {
        let now = self.0.clock.now();
        if let Some(known) = self.0.known.origin(repo, now) {
            return Ok(known);
        }
        let reply = self.1.read(repo.owner(), &format!("/repos/{repo}")).await.map_err(failed)?;
        let text = |field: &str| reply.body[field].as_str().map(str::to_owned);
        let told = text("clone_url").zip(text("default_branch"));
        let (url, branch) = told.ok_or_else(|| because(format!("GitHub doesn't tell where {repo} is")))?;
        let origin = Origin { url, branch };
        self.0.known.note_origin(repo, origin.clone(), now);
        Ok(origin)
    }

    /// A run that begins anew: on the head of the repository's branch, in a home and a session of its own.
    async fn afresh(
        &self,
        start: &StartRun,
        (config, agent): (&AgentConfig, &dyn Agent),
        sandbox: &Sandbox,
        id: &RunId,
        sessions: Vec<String>,
    ) -> Result<Place, WorkshopError> {
        let yard = &self.0;
        let origin = self.origin(&start.of.repo).await?;
        let token = self.1.git_token(start.of.repo.owner()).await.map_err(failed)?;
        let access = Access::new(&yard.env, Some(token));
        let mirror = Mirror::ensure(&yard.state.mirror_of(&start.of.repo), &origin.url).map_err(failed)?;
        let (repo, at) = (&start.of.repo, yard.clock.now());
        // What goes on from a head is told of a base that may be younger than what others began with.
        let goes_on = start.of.play.as_ref().is_some_and(|play| play.head.is_some());
        if goes_on || !yard.known.has_fetched(repo, &origin.branch, at) {
            mirror.fetch(&access, &[Refs::Branch(origin.branch.clone())]).await.map_err(failed)?;
            yard.known.note_fetched(repo, &origin.branch, at);
        }
        let base = mirror.repo().branch_head(&origin.branch).map_err(failed)?;
        let base =
            base.ok_or_else(|| because(format!("{} has no branch `{}` yet", start.of.repo, origin.branch)))?;
        let base = match start.of.play.as_ref().and_then(|play| play.head.as_ref()) {
            None => base,
            Some(head) => {
                let own = Refs::Branch(start.of.branch.clone());
                mirror.fetch(&access, &[own]).await.map_err(failed)?;
                let there = mirror.repo().branch_head(&start.of.branch).map_err(failed)?;
                there.filter(|there| there == head).ok_or_else(|| {
                    because(format!("`{}` is not at {} any more", start.of.branch, head.short()))
                })?
            }
        };
        let carried = mirror
            .repo()
            .entries(&base, &mut Bound::new(MOST_PATHS, MOST_NAMES, &yard.stop))
            .map_err(failed)?;
        if let Some(entry) = carried.iter().find(|entry| is_run_by(agent, &entry.path)) {
            return Err(refused(config, &start.of.repo, &entry.path));
        }
        Ok(Place {
            workspace: self.workspace(&mirror, sandbox, start, id, &base).await?,
            on: On {
                of: start.of.clone(),
                url: origin.url,
                base_branch: origin.branch,
                base,
                paths: start.paths.clone(),
                may_weaken: start.may_weaken,
            },
            mirror,
            home: yard.state.homes().join(id.as_str()),
            begin: Begin::New(sessions),
            baseline: Usage::default(),
        })
    }

    /// A run that goes on with another one: in its session, home and workspace, which are as that left them.
    fn as_left(
        &self,
        start: &StartRun,
        run: &RunId,
        kind: &str,
        sandbox: &Sandbox,
    ) -> Result<Place, WorkshopError> {
        let yard = &self.0;
        let cannot = |why: &str| because(format!("run {run} can't go on: {why}"));
        let dir = RunDir::of(&yard.state.runs(), run);
        let spec = dir.spec().map_err(failed)?;
        let (before, on) = spec
            .and_then(|mut spec| spec.on.take().map(|on| (spec, on)))
            .ok_or_else(|| cannot("its records are gone"))?;
        let closed = dir.closed().map_err(failed)?.ok_or_else(|| cannot("it is not over"))?;
        let end = dir.ended().map_err(failed)?.ok_or_else(|| cannot("its records are gone"))?;
        let session = closed.session.filter(|session| session.kind == kind);
        let session = session.ok_or_else(|| cannot("it has no session of such an agent"))?;
        let mirror = Mirror::ensure(&yard.state.mirror_of(&on.of.repo), &on.url).map_err(failed)?;
        let access = Access::new(&yard.env, None);
        let root = yard.state.workspaces();
        let site = Site { root: &root, mirror: &mirror, access: &access, sandbox, stop: &yard.stop };
        let workspace = Workspace::open(&site, &workspace_name(&on.of)).map_err(failed)?;
        let is_same = |it: &Workspace| it.branch() == on.of.branch && *it.base() == on.base;
        let workspace = workspace.filter(is_same).ok_or_else(|| {
            cannot("its workspace is not there any more; with `continuations 0` the task begins anew")
        })?;
        workspace.unlock();
        Ok(Place {
            mirror,
            workspace,
            on: On { of: start.of.clone(), paths: start.paths.clone(), may_weaken: start.may_weaken, ..on },
            home: before.home,
            begin: Begin::Resume(session.id),
            baseline: end.session_used,
        })
    }

    /// The folder that it works in: the task's own, begun anew, after what is there was saved as its last run's.
    async fn workspace(
        &self,
        mirror: &Mirror,
        sandbox: &Sandbox,
        start: &StartRun,
        run: &RunId,
        base: &CommitId,
    ) -> Result<Workspace, WorkshopError> {
        let yard = &self.0;
        let access = Access::new(&yard.env, None);
        let root = yard.state.workspaces();
        let site = Site { root: &root, mirror, access: &access, sandbox, stop: &yard.stop };
        let by = yard.by();
        let at = CheckOut { branch: &start.of.branch, base, by: &by };
        let name = workspace_name(&start.of);
        let its = self.of_task(&start.of)?;
        let last = its.range(..run).next_back().unwrap_or(run);
        match Workspace::after(&site, &name, last).map_err(failed)? {
            There::Gone(_) => Workspace::make(&site, &name, Objects::Borrowed, at).await.map_err(failed),
            There::Workspace(mut there) => {
                there.reset(&site, last, at, yard.clock.now()).await.map_err(failed)?;
                Ok(there)
            }
        }
    }

    async fn publish(&self, pull: &OpenPull) -> Result<(), WorkshopError> {
        let yard = &self.0;
        let spec = RunDir::of(&yard.state.runs(), &pull.run).spec().map_err(failed)?;
        let on = spec.and_then(|spec| spec.on);
        let on = on.ok_or_else(|| because(format!("the records of run {} are gone", pull.run)))?;
        let mirror = Mirror::ensure(&yard.state.mirror_of(&pull.repo), &on.url).map_err(failed)?;
        let token = self.1.git_token(pull.repo.owner()).await.map_err(failed)?;
        let access = Access::new(&yard.env, Some(token));
        let name = format!("refs/heads/{}", pull.branch);
        let there = pull.over.as_ref().map(|(_, head)| head).or(pull.left.as_ref());
        let mut pushed = mirror.push(&access, &pull.commit, &name, there).await.map_err(failed)?;
        // Whoever closes a pull request may delete its branch.
        if pull.left.is_some() && matches!(&pushed, Pushed::Rejected { actual: None }) {
            pushed = mirror.push(&access, &pull.commit, &name, None).await.map_err(failed)?;
        }
        match pushed {
            Pushed::Done => Ok(()),
            // A push whose answer got lost.
            Pushed::Rejected { actual } if actual.as_ref() == Some(&pull.commit) => Ok(()),
            Pushed::Rejected { actual } => {
                let at = actual.map_or_else(|| "elsewhere".to_owned(), |at| format!("at {}", at.short()));
                let says = format!(
                    "the branch `{}` is {at}, and somebody else put it there; nothing is overwritten: remove it, or \
                     change the prompt of the task",
                    pull.branch
                );
                Err(WorkshopError { says, trouble: Trouble::Unseen })
            }
            Pushed::Denied { says } => Err(WorkshopError {
                says: format!("the repository refuses the branch `{}`: {says}", pull.branch),
                trouble: Trouble::Unseen,
            }),
        }
    }
}

/// What its agent reads. One whose session goes on knows its bounds already.
fn prompt(start: &StartRun, told: &str, bounds: Option<&Bounds>) -> String {
    let envelope = if start.of.continues.is_none() { envelope(bounds) } else { String::new() };
    let told = if told.is_empty() {
        String::new()
    } else {
        format!(
            "\nOf the language of this repository, at the commit that it begins with, as data:\n\n{}",
            as_data(told.lines())
        )
    };
    format!("{}{told}{envelope}", start.prompt)
}

/// What tells a run from others of the same millisecond, those of other factories on this machine too: processes are known by
/// the name of their run alone.
fn salt(runs: &Path, of: &RunOf) -> String {
    let [continues, after] = [&of.continues, &of.after].map(|run| run.as_ref().map_or("", RunId::as_str));
    let of = format!("{}/{}/{}/{}/{continues}/{after}", of.repo, of.subject, of.version, of.attempt);
    format!("{}\n{of}", runs.display())
}

/// An id for each try, where they can be chosen: it takes none twice.
fn sessions(agent: &dyn Agent, run: &RunId, tries: usize) -> Vec<String> {
    if !agent.chooses_session() {
        return Vec::new();
    }
    let id = |n: usize| {
        let mut bytes: [u8; 16] = [0; 16];
        bytes.copy_from_slice(&blake3::hash(format!("{run}/{n}").as_bytes()).as_bytes()[..16]);
        // Version 4 and the variant of RFC 9562, which is all that an agent looks at.
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = hex::encode(bytes);
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    };
    (0..tries).map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::task;

    /// Two factories on one machine may have the same task: whoever ends the processes of one's run must not end the other's.
    #[test]
    fn runs_of_two_factories_have_names_of_their_own() {
        let task = task("a");
        let of = RunOf::new(&task, 1);
        let name =
            |runs: &str| RunId::new(crate::model::samples::now(), salt(Path::new(runs), &of).as_bytes());
        assert_ne!(name("/one/runs"), name("/other/runs"));
        assert_eq!(name("/one/runs"), name("/one/runs"));
    }
}
