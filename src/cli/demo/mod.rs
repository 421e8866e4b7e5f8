//! `factoryctl demo`: the whole factory in a temporary directory, on the embedded twin. Every step runs the real
//! command, as anybody would.

mod issue;
mod stage;

use serde_json::json;

use super::context::Context;
use super::exit::{Exit, Fail};

use stage::{CONFIG_REPO, Stage};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many repositories the organisation has.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(3..=500))]
    repos: u16,
    /// Keep the temporary directory and say where it is.
    #[arg(long)]
    keep: bool,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let mut stage = Stage::set(cx, usize::from(args.repos), args.keep).await?;
    let result = play(&mut stage).await;
    stage.clear().await?;
    result.map(|()| Exit::Done)
}

async fn play(stage: &mut Stage<'_>) -> Result<(), Fail> {
    stage.title("A GitHub organisation, on the embedded twin, and a config repository")?;
    stage.write_config().await?;
    stage.expect(&["validate"], Exit::Done).await?;

    stage.title("What differs, and why")?;
    let plan = stage.expect(&["plan"], Exit::Changes).await?;
    stage.show_head(&plan, 24)?;

    stage.title("Apply it; a second plan is empty")?;
    let apply = stage.expect(&["apply", "--yes"], Exit::Done).await?;
    stage.show_tail(&apply, 1)?;
    let again = stage.expect(&["plan"], Exit::Done).await?;
    stage.show_tail(&again, 1)?;

    stage.title("The daemon converges a pushed config change")?;
    stage.start_daemon().await?;
    stage.edit("policies/labels.kdl", "label \"bug\" color=\"d73a4a\"", "label \"bug\" color=\"b60205\"")?;
    let pushed = stage.now();
    stage.push("Make bugs redder").await?;
    stage.until("every repository has the new colour", |stage| stage.all_labels("bug", "b60205")).await?;
    stage.say(&format!("converged {} after the push", stage.since(pushed)))?;

    stage.title("Somebody changes a label by hand; the daemon puts it back and the ledger knows")?;
    let repo = stage.first_repo();
    stage.edit_label(&repo, "bug", &json!({ "color": "000000" }))?;
    stage.expect(&["loop", "tick", "labels"], Exit::Done).await?;
    stage.until("the label is as config declares it", |stage| stage.all_labels("bug", "b60205")).await?;
    let history = stage.expect(&["history", &format!("repo/{repo}/label/bug")], Exit::Done).await?;
    stage.show_head(&history, 3)?;

    stage.title("A loop is switched off, live; drift stays until it is on again")?;
    stage.rest().await?;
    let off = stage.now();
    stage.expect(&["loop", "disable", "labels", "--reason", "release day"], Exit::Done).await?;
    stage.say(&format!(
        "off after {}; a pull request on acme/factory proposes it for good",
        stage.since(off)
    ))?;
    stage.until("the pull request is open", |stage| stage.is_proposed(CONFIG_REPO, "factory/flip/")).await?;
    stage.rest().await?;
    stage.edit_label(&repo, "bug", &json!({ "color": "000000" }))?;
    let plan = stage.expect(&["plan"], Exit::Done).await?;
    stage.show_tail(&plan, 4)?;
    stage.expect(&["loop", "enable", "labels", "--reason", "released"], Exit::Done).await?;
    stage.expect(&["loop", "tick", "labels"], Exit::Done).await?;
    stage.until("the label is as config declares it", |stage| stage.all_labels("bug", "b60205")).await?;

    stage.rest().await?;
    stage.title("A task in config becomes a pull request, by an agent in a workspace of its own")?;
    stage.write_task(&repo).await?;
    stage.until("the pull request is open", |stage| stage.is_proposed(&repo, "factory/task/")).await?;
    let runs = stage.expect(&["runs", "list"], Exit::Done).await?;
    stage.show_tail(&runs, 1)?;

    stage.rest().await?;
    stage.title("An issue becomes a merged pull request; its first attempt fails and is repaired")?;
    issue::play(stage, &repo).await?;

    stage.rest().await?;
    stage.title("The ledger, in Git, explains every change")?;
    stage.stop_daemon().await?;
    let verified = stage.expect(&["ledger", "verify"], Exit::Done).await?;
    stage.show_tail(&verified, 1)?;
    stage.show_ledger_branch().await?;

    stage.title("What to try next")?;
    stage.say("factoryctl demo --keep          keep all of this and look around")?;
    stage.say("factoryctl init                 start a config of your own")?;
    stage
        .say("factoryctl import OWNER         write config for what you have; a plan right after is empty")?;
    stage.say("GITHUB_TOKEN=… factoryctl plan  show what would change; it never writes")
}
