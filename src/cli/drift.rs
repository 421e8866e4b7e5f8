//! `factoryctl drift`: what differs though no config change explains it.
//!
//! A difference that the config as it was applied last would have made too is drift; one that only the newer
//! config asks for is a change that waits to be applied.

use serde_json::{Value, json};

use crate::adapters::github::{Client, Patience};
use crate::engine::{self, At, Judging};
use crate::loops::Selection;
use crate::model::{Action, RepoName};
use crate::plan::{Memory, render};

use super::context::Context;
use super::exit::{Exit, Fail};
use super::session::READING;
use super::ui::Progress;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let source = cx.source().await?;
    let loaded = cx.load(&source, cx.at())?;
    let session = cx.connect(&source, &loaded, Patience::Foreground)?;
    let switches = cx.switches(&session.state, &loaded.desired)?;
    let applied = super::ledger::last_applied(&session.state)?;
    let (selection, memory) = (Selection::default(), Memory::default());
    let judging = Judging {
        desired: &loaded.desired,
        selection: &selection,
        switches: &switches,
        memory: &memory,
        allows: &[],
        scope: &[],
        unmerged: None,
        now: cx.clock.now(),
    };
    let observed = {
        let _drawn = Progress::waiting(&cx.ui, READING);
        engine::look(&judging, &session.client, &cx.clock, &[]).await
    };
    let mut judged = engine::judge(&judging, &observed);
    let mut note = "nothing has been applied yet: every difference counts as drift".to_owned();
    if let Some(commit) = &applied
        && let Ok(before) = cx.load(&source, At::Revision(commit))
    {
        let then = engine::judge(&Judging { desired: &before.desired, ..judging }, &observed);
        judged.document.actions.retain(|p| then.document.actions.iter().any(|b| b.action.id == p.action.id));
        note =
            format!("differences that the config at {} would not have left", &commit[..10.min(commit.len())]);
    }
    let mut drifts = Vec::new();
    for planned in &judged.document.actions {
        drifts.push(attribute(&session.client, &planned.action).await);
    }
    if args.json {
        let actions = judged.document.to_json()["actions"].clone();
        cx.ui.print_json(
            &json!({ "version": 1, "since_config": applied, "drift": actions, "changed_by": drifts }),
        )?;
    } else {
        cx.ui.print(&render::text(&judged.document, cx.ui.style()))?;
        cx.ui.print(&format!("{note}\n"))?;
        for (planned, who) in judged.document.actions.iter().zip(&drifts) {
            if let (Some(actor), Some(at)) = (who["actor"].as_str(), who["at"].as_str()) {
                cx.ui.print(&format!("{}: last changed by {actor} at {at}\n", planned.action.address))?;
            }
        }
    }
    Ok(super::plan::exit(&judged, &observed))
}

/// Who changed it last, where the organisation's audit log tells; it is only readable to its owners.
async fn attribute(client: &Client, action: &Action) -> Value {
    let repo: &RepoName = action.effect.repo();
    let phrase = crate::adapters::github::segment(&format!("repo:{repo}"));
    let path = format!("/orgs/{}/audit-log?phrase={phrase}&per_page=1", repo.owner());
    match client.read(repo.owner(), &path).await {
        Ok(reply) => {
            let entry = &reply.body[0];
            let at = entry["@timestamp"].as_i64().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
            json!({ "address": action.address, "actor": entry["actor"], "at": at.map(|t| t.to_string()) })
        }
        Err(error) => {
            tracing::debug!(%error, "the audit log can't be read");
            json!({ "address": action.address, "actor": null, "at": null })
        }
    }
}
