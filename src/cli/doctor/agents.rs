//! Whether agents can be started here, and what keeps them within their bounds.

use crate::cli::context::Context;
use crate::engine::{probe, seen, unseen, variables};
use crate::model::{AgentConfig, Desired};
use crate::runs::sandbox::Sandbox;

use super::finding::Report;

/// Looks at the sandbox and at each agent that config declares.
pub(super) async fn look(cx: &Context, desired: &Desired, report: &mut Report) {
    if desired.agents.is_empty() {
        return;
    }
    let sandbox = Sandbox::detect(&cx.env).await;
    match &sandbox {
        Ok(_) => report.good("isolation", "bubblewrap: agents change their workspace and their home alone"),
        Err(why) => report.odd(
            "isolation",
            format!("none ({why}): agents can read and write whatever this user can"),
            "install bubblewrap, and allow it user namespaces",
        ),
    }
    for config in desired.agents.values() {
        one(cx, config, sandbox.is_ok(), report).await;
    }
}

async fn one(cx: &Context, config: &AgentConfig, sandboxed: bool, report: &mut Report) {
    let vars = match variables(&cx.env, config) {
        Ok(vars) => vars,
        Err(error) => {
            let says = format!("{}: `{}`: {}", config.name, error.name, error.source);
            report.bad("agent", says, format!("put the secret there ({})", error.from));
            return;
        }
    };
    match probe(&cx.env, config, &vars).await {
        Err(why) => {
            report.bad("agent", format!("{}: {why}", config.name), "no run of it can start until then");
        }
        Ok(probed) if sandboxed && config.bounds.sandbox && !seen(&probed.at, &config.bounds) => {
            report.bad("agent", unseen(config, &probed.at), "no run of it can start until then");
        }
        Ok(probed) => {
            let version = probed.version.map(|version| format!(" {version}")).unwrap_or_default();
            let bounds = if config.bounds.sandbox { "" } else { ", without a sandbox as config has it" };
            let says =
                format!("{}: {}{version} at {}{bounds}", config.name, config.kind, probed.at.display());
            report.good("agent", says);
        }
    }
}
