//! Starting a run, and pushing what one made.

use std::path::Path;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::adapters::git::{Access, CheckOut, Mirror, Objects, Pushed, Refs};
use crate::adapters::github::Client;
use crate::apply::{Trouble, Workshop, WorkshopError};
use crate::engine::config::said;
use crate::model::{AgentConfig, CommitId, OpenPull, RepoName, RunId, RunOf, SecretRef, StartRun, Usage};
use crate::runs::agents::{self, Agent};
use crate::runs::bounds::envelope;
use crate::runs::sandbox::Sandbox;
use crate::runs::workspace::{Site, Workspace};
use crate::runs::{Begin, Bounds, Handover, On, RunDir, Spec, Work, launch};

use super::ground::ground;
use super::probe::{probe, seen, unseen};
use super::{Yard, given, workspace_name};

/// Starts runs, of repositories that this client reads.
#[derive(Clone)]
pub struct Starter(pub Yard, pub Client);

impl Workshop for Starter {
    fn look(&self, of: &RunOf) -> Result<Value, WorkshopError> {
        let runs = RunDir::all(&self.0.state.runs()).map_err(failed)?;
        let mut last = Value::Null;
        for (id, dir) in runs {
            let Some(spec) = dir.spec().map_err(failed)? else { continue };
            let Some(on) = &spec.on else { continue };
            if (&on.of.repo, &on.of.task, &on.of.version) != (&of.repo, &of.task, &of.version) {
                continue;
            }
            if on.of.attempt == of.attempt {
                return Ok(json!({
                    "agent": spec.agent,
                    "attempt": on.of.attempt,
                    "version": on.of.version,
                    "prompt": spec.digest,
                }));
            }
            last = json!({ "run": id.as_str() });
        }
        Ok(last)
    }

    fn start<'a>(&'a self, start: &'a StartRun) -> BoxFuture<'a, Result<(), WorkshopError>> {
        self.begin(start).boxed()
    }

    fn push<'a>(&'a self, pull: &'a OpenPull) -> BoxFuture<'a, Result<(), WorkshopError>> {
        self.publish(pull).boxed()
    }
}

fn failed(error: impl std::error::Error) -> WorkshopError {
    WorkshopError { says: said(&error), trouble: Trouble::Passing }
}

fn because(says: String) -> WorkshopError {
    WorkshopError { says, trouble: Trouble::Passing }
}

/// Where a repository is cloned from, and the branch that work is for.
struct Origin {
    url: String,
    branch: String,
}

impl Starter {
    async fn begin(&self, start: &StartRun) -> Result<(), WorkshopError> {
        let yard = &self.0;
        let config = yard.desired.agents.get(&start.agent);
        let config = config.ok_or_else(|| because(format!("config has no agent `{}`", start.agent)))?;
        let agent = agents::by_kind(&config.kind);
        let agent = agent.ok_or_else(|| because(format!("there is no agent of kind `{}`", config.kind)))?;
        let vars = given::variables(&yard.env, config).map_err(failed)?;
        let probed = probe(&yard.env, config, &vars).await.map_err(because)?;
        let origin = self.origin(&start.of.repo).await?;
        let token = self.1.git_token(start.of.repo.owner()).await.map_err(failed)?;
        let access = Access::new(&yard.env, Some(token));
        let mirror = Mirror::ensure(&yard.state.mirror_of(&start.of.repo), &origin.url).map_err(failed)?;
        mirror.fetch(&access, &[Refs::Branch(origin.branch.clone())]).await.map_err(failed)?;
        let base = mirror.repo().branch_head(&origin.branch).map_err(failed)?;
        let base =
            base.ok_or_else(|| because(format!("{} has no branch `{}` yet", start.of.repo, origin.branch)))?;
        let id = RunId::new(yard.clock.now(), salt(&start.of).as_bytes());
        let sandbox = Sandbox::detect(&yard.env).await.unwrap_or(Sandbox::None);
        let bounded = config.bounds.sandbox && sandbox != Sandbox::None;
        if bounded && !seen(&probed.at, &config.bounds) {
            return Err(because(unseen(config, &probed.at)));
        }
        let workspace = self.workspace(&mirror, &sandbox, start, &id, &base).await?;
        let ground = ground(yard, &start.of.repo, mirror.repo(), &base, &workspace).map_err(failed)?;
        let bounds = match &sandbox {
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
        let home = yard.state.homes().join(id.as_str());
        crate::adapters::fs::private_dir(&home).map_err(failed)?;
        let on = On {
            of: start.of.clone(),
            url: origin.url,
            base_branch: origin.branch,
            base,
            paths: start.paths.clone(),
            may_weaken: start.may_weaken,
        };
        let spec = Spec {
            config: yard.state.id().to_owned(),
            config_commit: yard.desired.origin.commit.clone(),
            purpose: format!("task {}, attempt {}", start.of.task, start.of.attempt),
            on: Some(on),
            agent: start.agent.clone(),
            kind: config.kind.clone(),
            version: probed.version,
            work: Work {
                program: probed.program,
                prompt: start.prompt.clone() + &envelope(bounds.as_ref()),
                model: config.model.clone(),
                begin: Begin::New(sessions(agent, &id, 1 + config.waits.len())),
                schema: None,
            },
            waits: config.waits.clone(),
            baseline: Usage::default(),
            digest: start.digest(),
            folder: workspace.tree(),
            bounds,
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
        launch(&yard.state.runs(), &program, &spec, &handover).await.map_err(failed)?;
        Ok(())
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
        let reply = self.1.read(repo.owner(), &format!("/repos/{repo}")).await.map_err(failed)?;
        let text = |field: &str| reply.body[field].as_str().map(str::to_owned);
        let told = text("clone_url").zip(text("default_branch"));
        let (url, branch) = told.ok_or_else(|| because(format!("GitHub doesn't tell where {repo} is")))?;
        Ok(Origin { url, branch })
    }

    /// The folder that it works in: the task's own, begun anew, after what is there was saved.
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
        let site = Site { root: &root, mirror, access: &access, sandbox };
        let by = yard.by();
        let at = CheckOut { branch: &start.of.branch, base, by: &by };
        let name = workspace_name(&start.of);
        match Workspace::open(&site, &name).map_err(failed)? {
            None => Workspace::make(&site, &name, Objects::Borrowed, at).await.map_err(failed),
            Some(mut there) => {
                there.reset(&site, run, at, yard.clock.now()).await.map_err(failed)?;
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
        match mirror.push(&access, &pull.commit, &name, None).await.map_err(failed)? {
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
                Err(WorkshopError { says, trouble: Trouble::Permanent })
            }
            Pushed::Denied { says } => Err(WorkshopError {
                says: format!("the repository refuses the branch `{}`: {says}", pull.branch),
                trouble: Trouble::Permanent,
            }),
        }
    }
}

fn salt(of: &RunOf) -> String {
    format!("{}/{}/{}/{}", of.repo, of.task, of.version, of.attempt)
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
