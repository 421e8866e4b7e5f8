//! `factoryctl doctor`: credentials and their scopes, limits, clocks, git, state and config, each with what to do.
//!
//! It looks as far as it can: a config that doesn't load is no reason not to look at the rest. What is found is judged
//! by pure functions; nothing is changed but a file that shows whether the state directory can be written, and the copies
//! of what remote repositories have.

mod agents;
mod config;
mod finding;
mod github;
mod guarded;
mod machine;
mod permissions;
mod repositories;
mod reviewer;

use crate::adapters::git::Access;
use crate::adapters::github::{Auth as Credential, Client, Patience};
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
    match cx.open() {
        Ok(source) => with_source(cx, &source, &mut report).await,
        Err(error) => {
            let nowhere = matches!(error, SourceError::Nowhere(_) | SourceError::OtherRoot(_));
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
    let unfetched = fetched.is_err();
    if let Err(error) = fetched {
        report.fail("config", &error.into());
    }
    // Where fetching failed, what was fetched earlier is still there to be read.
    match cx.load(source, cx.at()) {
        Ok(loaded) => {
            config::origin(source, &loaded, report);
            machine::state(cx, source, &loaded.desired, report).await;
            agents::look(cx, &loaded.desired, report).await;
            let client = cx.client(&loaded.desired, Patience::Foreground, None);
            let author = client.as_ref().ok().cloned();
            ask(cx, &loaded.desired, client, report).await;
            ask_reviewer(cx, &loaded.desired, author.as_ref(), report).await;
        }
        Err(fail) => {
            if !unfetched {
                report.fail("config", &fail);
            }
            // Which GitHub it names is not known, and a credential goes to its own host only.
            without_config(cx, false, report).await;
        }
    }
}

/// Asks the GitHub that the command line or the environment names, or where `usual`, the usual one.
async fn without_config(cx: &Context, usual: bool, report: &mut Report) {
    let desired = Desired::default();
    let (Some(token), true) = (cx.env.github_token(), usual || cx.global.api.is_some()) else { return };
    let client =
        cx.client_with(&cx.api(&desired), Credential::Token(token), Patience::Foreground, None, None);
    ask(cx, &desired, client, report).await;
}

async fn ask(cx: &Context, desired: &Desired, client: Result<Client, Fail>, report: &mut Report) {
    match client {
        Ok(client) => {
            config::api(cx, desired, report);
            let credential = credential(cx, desired);
            if github::look(&client, &credential, &github::owners(desired), report).await {
                repositories::look(&client, &credential, desired, report).await;
                guarded::look(&client, desired, report).await;
            }
        }
        // The address is wrong, not who asks.
        Err(fail) if fail.exit == Exit::Usage => report.fail("api", &fail),
        Err(fail) => {
            config::api(cx, desired, report);
            report.fail("credential", &fail);
        }
    }
}

/// Looks at the reviewer that config names, if it does.
async fn ask_reviewer(cx: &Context, desired: &Desired, author: Option<&Client>, report: &mut Report) {
    let Some(named) = &desired.github.reviewer else { return };
    match cx.reviewer(desired, Patience::Foreground, None) {
        Ok(Some(client)) => reviewer::look((author, &client), named, desired, report).await,
        Ok(None) => {}
        Err(fail) => report.fail("reviewer", &fail),
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
