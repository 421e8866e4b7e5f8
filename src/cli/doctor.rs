//! `factoryctl doctor`: credentials, limits, clocks, git and config, each with what to do.

use crate::adapters::github::Patience;
use crate::adapters::process;

use super::context::Context;
use super::exit::{Exit, Fail};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// One finding.
struct Finding {
    good: bool,
    what: &'static str,
    says: String,
    help: &'static str,
}

pub(crate) async fn run(cx: &Context, _args: &Args) -> Result<Exit, Fail> {
    let mut findings = vec![git(cx).await];
    let mut exit = Exit::Done;
    match cx.source().await {
        Err(fail) => {
            exit = fail.exit;
            findings.push(bad(
                "config",
                fail.to_string(),
                "start with `factoryctl init`, or name one with --config",
            ));
        }
        Ok(source) => match cx.load(&source, cx.at()) {
            Err(fail) => {
                exit = fail.exit;
                findings.push(bad("config", fail.to_string(), "`factoryctl validate` names every problem"));
            }
            Ok(loaded) => {
                findings.push(good("config", format!("{} repositories", loaded.desired.repos.len())));
                match cx.connect(&source, &loaded, Patience::Foreground) {
                    Err(fail) => {
                        exit = fail.exit;
                        findings.push(bad(
                            "credential",
                            fail.to_string(),
                            "export GITHUB_TOKEN=…, or configure an App",
                        ));
                    }
                    Ok(session) => {
                        let owners: Vec<String> = owners(&loaded.desired);
                        exit = exit.and(github(&session.client, &owners, &mut findings).await);
                    }
                }
            }
        },
    }
    let mut healthy = true;
    for finding in &findings {
        healthy &= finding.good;
        let mark = if finding.good { "ok  " } else { "BAD " };
        cx.ui.print(&format!("{mark}{}: {}\n", finding.what, finding.says))?;
        if !finding.good {
            cx.ui.print(&format!("    next: {}\n", finding.help))?;
        }
    }
    Ok(if healthy { Exit::Done } else { exit.and(Exit::Error) })
}

fn good(what: &'static str, says: String) -> Finding {
    Finding { good: true, what, says, help: "" }
}

fn bad(what: &'static str, says: String, help: &'static str) -> Finding {
    Finding { good: false, what, says, help }
}

fn owners(desired: &crate::model::Desired) -> Vec<String> {
    let mut owners: Vec<String> = desired.repos.keys().map(|r| r.owner().to_ascii_lowercase()).collect();
    owners.sort();
    owners.dedup();
    owners
}

async fn git(cx: &Context) -> Finding {
    let mut command = process::Command::new("git").arg("--version");
    for (name, value) in cx.env.for_children() {
        command = command.var(name, value);
    }
    match command.run().await {
        Ok(output) => good("git", String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        Err(error) => bad("git", error.to_string(), "install git: fetching and pushing need it"),
    }
}

/// What GitHub says of the credential, its scopes, its budgets and the clock.
async fn github(
    client: &crate::adapters::github::Client,
    owners: &[String],
    findings: &mut Vec<Finding>,
) -> Exit {
    let mut exit = Exit::Done;
    for owner in owners {
        match client.identity(owner).await {
            Ok(identity) => findings.push(good("credential", format!("{} for {owner}", identity.login()))),
            Err(error) => {
                exit = exit.and(Exit::of(crate::observed::cause(&error)));
                findings.push(bad(
                    "credential",
                    format!("{owner}: {error}"),
                    "check the token or the App's installation",
                ));
            }
        }
    }
    match client.scopes() {
        Some(scopes) if scopes.iter().any(|s| s == "repo") => {
            findings.push(good("scopes", scopes.join(", ")));
        }
        Some(scopes) => {
            findings.push(bad("scopes", format!("{scopes:?}"), "a classic token needs the scope `repo`"));
        }
        None => findings.push(good("scopes", "fine-grained: GitHub doesn't tell".to_owned())),
    }
    for pool in client.budget() {
        findings.push(good("budget", format!("{pool:?}")));
    }
    exit
}
