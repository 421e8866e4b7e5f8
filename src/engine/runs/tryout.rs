//! Tells early which agents can't be started, rather than with the first task that needs one.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::adapters::clock::Clock;
use crate::adapters::env::Env;
use crate::engine::tick::Audience;
use crate::model::{AgentConfig, Desired};

use super::{Known, probe, variables};

/// Looks at every agent of the config in force, and again at those that another config changes, until `stop`.
pub(in crate::engine) async fn try_agents(
    (env, clock, known): (Env, Clock, Known),
    mut desired: watch::Receiver<Arc<Desired>>,
    audience: Arc<dyn Audience>,
    stop: CancellationToken,
) {
    let mut tried: BTreeMap<String, AgentConfig> = BTreeMap::new();
    let all = async {
        loop {
            let agents = desired.borrow_and_update().agents.clone();
            for (name, config) in &agents {
                if tried.get(name).is_some_and(|before| before.is_like(config)) {
                    continue;
                }
                let fit = one(&env, config).await;
                if let Err(why) = &fit {
                    audience.remark(&format!("no run of the agent `{name}` can start: {why}"));
                }
                known.judge(config, fit.as_ref().err().map(String::as_str), clock.now());
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

async fn one(env: &Env, config: &AgentConfig) -> Result<(), String> {
    let vars = variables(env, config).map_err(|error| crate::adapters::said(&error))?;
    probe(env, config, &vars).await.map(drop)
}
