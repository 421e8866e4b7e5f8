//! `factoryctl doctor`: credentials and their scopes, limits, clocks, git, state and config, each with what to do.
//!
//! It looks as far as it can: a config that doesn't load is no reason not to look at the rest. What is found is judged
//! by pure functions; nothing is changed but a file that shows whether the state directory can be written.

mod config;
mod finding;
mod github;
mod machine;

use crate::adapters::git::Access;
use crate::adapters::github::{Auth as Credential, Patience};
use crate::engine::{Source, SourceError};
use crate::model::{Auth, Desired};

use super::context::Context;
use super::exit::{Exit, Fail};
use finding::Report;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(cx: &Context, _args: &Args) -> Result<Exit, Fail> {
    let mut report = Report::default();
    machine::git(cx, &mut report).await;
    match Source::open(&cx.env, cx.global.config.as_deref()) {
        Ok(source) => with_source(cx, &source, &mut report).await,
        Err(error) => {
            let nowhere = matches!(error, SourceError::Nowhere(_));
            report.fail("config", &error.into());
            // Without any config `import` is what comes next, which asks GitHub as this does.
            without_config(cx, nowhere, &mut report).await;
        }
    }
    cx.ui.print(&report.text())?;
    Ok(report.exit())
}

async fn with_source(cx: &Context, source: &Source, report: &mut Report) {
    let fetched = source.fetch(&Access::new(&cx.env, cx.env.github_token())).await;
    if let Err(error) = fetched {
        // What was fetched earlier is still there to be read.
        report.fail("config", &error.into());
    }
    match cx.load(source, cx.at()) {
        Ok(loaded) => {
            config::origin(source, &loaded, report);
            config::api(cx, &loaded.desired, report);
            machine::state(cx, source, &loaded.desired, report);
            match cx.client(&loaded.desired, Patience::Foreground, None) {
                Ok(client) => {
                    let credential = credential(cx, &loaded.desired);
                    github::look(&client, &credential, &github::owners(&loaded.desired), report).await;
                }
                Err(fail) => report.fail("credential", &fail),
            }
        }
        Err(fail) => {
            report.fail("config", &fail);
            // Which GitHub it names is not known, and a credential goes to its own host only.
            without_config(cx, false, report).await;
        }
    }
}

/// Asks the GitHub that the command line or the environment names, or where `usual`, the usual one.
async fn without_config(cx: &Context, usual: bool, report: &mut Report) {
    let desired = Desired::default();
    let (Some(token), true) = (cx.env.github_token(), usual || cx.global.api.is_some()) else { return };
    config::api(cx, &desired, report);
    match cx.client_with(&cx.api(&desired), Credential::Token(token), Patience::Foreground, None) {
        Ok(client) => github::look(&client, &credential(cx, &desired), &[], report).await,
        Err(fail) => report.fail("credential", &fail),
    }
}

/// What GitHub is asked with.
fn credential(cx: &Context, desired: &Desired) -> github::Credential {
    match &desired.github.auth {
        Auth::App { id, .. } => github::Credential::App { id: *id },
        Auth::Token(_) if cx.token_from_environment(desired) => {
            let named =
                ["FACTORY_GITHUB_TOKEN", "GITHUB_TOKEN"].into_iter().find(|n| cx.env.text(n).is_some());
            github::Credential::Token { from: named.unwrap_or("GITHUB_TOKEN").to_owned() }
        }
        Auth::Token(reference) => github::Credential::Token { from: reference.to_string() },
    }
}
