//! Tells early which agents can't be started, rather than with the first task that needs one.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::adapters::env::Env;
use crate::engine::tick::Audience;
use crate::model::{AgentConfig, Desired};

use super::{probe, variables};

/// Looks at every agent of the config in force, and again at those that another config changes, until `stop`.
pub(in crate::engine) async fn try_agents(
    env: Env,
    mut desired: watch::Receiver<Arc<Desired>>,
    audience: Arc<dyn Audience>,
    stop: CancellationToken,
) {
    let mut tried: BTreeMap<String, AgentConfig> = BTreeMap::new();
    let all = async {
        loop {
            let agents = desired.borrow_and_update().agents.clone();
            for (name, config) in &agents {
                if !tried.get(name).is_some_and(|before| same(before, config))
                    && let Err(why) = one(&env, config).await
                {
                    audience.remark(&format!("no run of the agent `{name}` can start: {why}"));
                }
            }
            tried = agents;
            if desired.changed().await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = all => {}
        () = stop.cancelled() => {}
    }
}

/// Wherever it is written.
fn same(one: &AgentConfig, other: &AgentConfig) -> bool {
    *one == AgentConfig { source: one.source.clone(), ..other.clone() }
}

async fn one(env: &Env, config: &AgentConfig) -> Result<(), String> {
    let vars = variables(env, config).map_err(|error| crate::engine::config::said(&error))?;
    probe(env, config, &vars).await.map(drop)
}
