//! Agent runs of one config: where they lie, what is seen of them, how they start, and what is made of what they left.

mod check;
mod close;
mod found;
mod given;
mod ground;
mod issues;
mod keep;
mod known;
mod note;
mod probe;
mod reap;
mod seen;
mod standing;
mod start;
mod tryout;
mod watch;

pub use close::{ONCE_RIGHT, close_runs};
pub(super) use found::found;
pub use given::variables;
pub(super) use issues::{issues_seen, settle_issues};
pub use keep::keep;
pub use known::Known;
pub use note::note_runs;
pub use probe::{Probed, probe, seen, unseen};
pub use reap::{Abandoned, LeftThere, ReapError, Reaped, ReapedRun, reap};
pub use seen::{Unclosed, runs_of, unclosed};
pub(super) use seen::{runs_seen, unfit};
pub use standing::Standing;
#[cfg(test)]
pub(in crate::engine) use standing::tests;
pub use start::Starter;
pub(super) use tryout::try_agents;
pub(super) use watch::{left_alone, watch};

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use tokio_util::sync::CancellationToken;

use crate::adapters::clock::Clock;
use crate::adapters::env::{self, Env};
use crate::adapters::fs;
use crate::adapters::git::Signature;
use crate::adapters::said;
use crate::adapters::state::StateDir;
use crate::model::{Auth, Desired, RepoName, SecretRef, Seen, Subject};
use crate::runs::{Redactor, Spec};

/// What of this machine's environment every run has, besides where programs are.
const VARS: [(&str, &str); 3] = [("LANG", "C.UTF-8"), ("TERM", "dumb"), ("GIT_TERMINAL_PROMPT", "0")];

/// What runs are started, looked at and closed with.
#[derive(Clone)]
pub struct Yard {
    /// Where they lie.
    pub state: StateDir,
    /// Which of them are over.
    pub known: Known,
    /// The config in force.
    pub desired: Arc<Desired>,
    /// The time.
    pub clock: Clock,
    /// The environment.
    pub env: Env,
    /// Ends what takes long, once it is cancelled.
    pub stop: CancellationToken,
}

impl Yard {
    /// Who commits, where the factory does.
    fn by(&self) -> Signature {
        Signature::of_factory(&self.desired.factory.name)
    }

    /// The environment of everything that is run for a run: what every program needs, and no credential.
    fn vars(&self) -> Vec<(String, String)> {
        let path = self.env.text("PATH").map(|path| ("PATH", path));
        path.into_iter().chain(VARS).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Every secret that this process can name.
    fn secrets(&self) -> Vec<String> {
        secrets(&self.env, &self.desired)
    }

    /// The secrets that a run was given, as they are now, and all others that this process can name.
    fn secrets_of(&self, spec: &Spec) -> Result<Secrets, env::Error> {
        let (mut all, mut changed) = (self.secrets(), None);
        for (from, mark) in &spec.secrets {
            let now = given::value(&self.env, from)?;
            if given::mark(&now) != *mark {
                changed = Some(from.clone());
            }
            all.push(now);
        }
        Ok(Secrets { redactor: Redactor::new(all.iter().map(String::as_str)), changed })
    }
}

/// Every secret that this process can name: those of all agents, and its own.
fn secrets(env: &Env, desired: &Desired) -> Vec<String> {
    let github = &desired.github;
    let own = [&github.auth].into_iter().chain(&github.reviewer).map(Auth::secret);
    let own = own.chain(github.webhook.as_ref().map(|webhook| &webhook.secret));
    let from = desired.agents.values().flat_map(given::references).chain(own);
    let given = from.filter_map(|from| given::value(env, from).ok());
    let own = env.github_token().map(|token| token.expose_secret().to_owned());
    given.chain(own).collect()
}

/// What is known of the secrets that a run was given.
struct Secrets {
    /// Finds those that are there now.
    redactor: Redactor,
    /// One that is another one by now: nobody can tell whether what the run made is free of the one that it was given.
    changed: Option<SecretRef>,
}

/// The name of the workspace that a run works in.
fn workspace_name(of: &crate::model::RunOf) -> String {
    name_of(&of.repo, &of.subject)
}

fn name_of(repo: &RepoName, subject: &Subject) -> String {
    format!("{repo}/{}", subject.place())
}

/// How many bytes runs use on this machine, where config says how many they may; unknown when that can't be told.
pub(in crate::engine) async fn disk(state: &StateDir, desired: &Desired) -> Option<Seen<u64>> {
    desired.run_caps.disk?;
    let yard = state.yard();
    let used = tokio::task::spawn_blocking(move || fs::disk_usage(&[yard], usize::MAX)).await;
    Some(match used.map_err(|error| said(&error)).and_then(|used| used.map_err(|error| said(&error))) {
        Ok(used) => Seen::Known(used),
        Err(error) => {
            tracing::warn!(error, "how much of the disk runs use can't be told");
            Seen::Unknown
        }
    })
}
