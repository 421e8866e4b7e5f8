//! Agent runs of one config: where they lie, what is seen of them, how they start, and what is made of what they left.

mod close;
mod probe;
mod seen;
mod start;
mod watch;

pub use close::close_runs;
pub use probe::{Probed, probe, seen, unseen};
pub(super) use seen::runs_seen;
pub use start::Starter;
pub(super) use watch::watch;

use std::sync::Arc;

use crate::adapters::clock::Clock;
use crate::adapters::env::Env;
use crate::adapters::git::Signature;
use crate::adapters::github::Client;
use crate::adapters::state::StateDir;
use crate::model::{AgentConfig, Desired, Given};
use crate::runs::Redactor;

/// What runs are started, looked at and closed with.
#[derive(Clone)]
pub struct Yard {
    /// Where they lie.
    pub state: StateDir,
    /// The config in force.
    pub desired: Arc<Desired>,
    /// GitHub.
    pub client: Client,
    /// The time.
    pub clock: Clock,
    /// The environment.
    pub env: Env,
}

impl Yard {
    /// Who commits, where the factory does.
    fn by(&self) -> Signature {
        Signature {
            name: format!("factoryctl ({})", self.desired.factory.name),
            email: "factoryctl@users.noreply.github.com".to_owned(),
        }
    }

    /// Every secret that this process can name: those of all agents, and its own.
    fn secrets(&self) -> Vec<String> {
        let vars = self.desired.agents.values().flat_map(|agent| &agent.vars);
        let given = vars.filter_map(|(_, given)| match given {
            Given::Text(_) => None,
            Given::Secret(reference) => self.env.secret(reference).ok(),
        });
        let all = given.chain(self.env.github_token());
        all.map(|secret| secrecy::ExposeSecret::expose_secret(&secret).to_owned()).collect()
    }

    /// What tells whether the secrets of an agent are still those that it was given; eight digits tell nothing of a value.
    fn secrets_of(&self, config: &AgentConfig) -> Vec<(String, String)> {
        let refs = config.vars.iter().filter_map(|(_, given)| match given {
            Given::Text(_) => None,
            Given::Secret(reference) => Some(reference),
        });
        let told = refs.map(|reference| {
            let value = self.env.secret(reference).ok();
            let value = value.map(|value| secrecy::ExposeSecret::expose_secret(&value).to_owned());
            (reference.to_string(), value.as_deref().map(mark).unwrap_or_default())
        });
        told.collect()
    }

    /// Where a secret was found that a run was given and that can't be read there any more as it was: then nobody can tell
    /// whether what the run made is free of it.
    fn forgotten<'a>(&self, given: &'a [(String, String)]) -> Option<&'a str> {
        let now: Vec<(String, String)> =
            self.desired.agents.values().flat_map(|config| self.secrets_of(config)).collect();
        given.iter().find(|one| !now.contains(one)).map(|(reference, _)| reference.as_str())
    }

    fn redactor(&self) -> Redactor {
        Redactor::new(self.secrets().iter().map(String::as_str))
    }
}

fn mark(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex()[..8].to_owned()
}

/// The name of the workspace of a task.
fn workspace_name(of: &crate::model::RunOf) -> String {
    format!("{}/task/{}", of.repo, of.task)
}
