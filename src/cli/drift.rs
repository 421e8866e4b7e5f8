//! `factoryctl drift`: what differs though no config change explains it.
//!
//! A difference that the config as it was applied last would have made too is drift; one that only the newer
//! config asks for is a change that waits to be applied.

use serde_json::{Value, json};

use crate::adapters::github::{Client, Patience, segment};
use crate::engine::{self, At, Judging};
use crate::ledger::Batch;
use crate::loops::Selection;
use crate::model::{Action, Address, RepoName, Verb};
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
    let session = cx.connect(&source, &loaded.desired, Patience::Foreground)?;
    let switches = cx.switches(&session.state, &loaded.desired)?;
    session.take_ledger_over(cx, &source, &loaded.desired).await?;
    let applied = super::ledger::last_applied(&session.state)?;
    let (selection, memory) = (Selection::default(), Memory::default());
    let judging = Judging::new(&loaded.desired, &selection, &switches, &memory, cx.clock.now());
    let observed = {
        let _drawn = Progress::waiting(&cx.ui, READING);
        engine::look(&judging, &session.client, &cx.clock, &[]).await
    };
    let mut judged = engine::judge(&judging, &observed);
    let mut note = "nothing has been applied yet: every difference counts as drift".to_owned();
    let commit = applied.as_ref().and_then(|batch| batch.config_commit.as_ref());
    if let (Some(batch), Some(commit)) = (&applied, commit)
        && let Ok(before) = cx.load(&source, At::Revision(commit.as_str()))
    {
        let then = engine::judge(&Judging { desired: &before.desired, ..judging }, &observed);
        // What an apply left is known by the action as it was then.
        let left: Vec<_> =
            judged.document.actions.iter().filter(|p| was_left(batch, &p.action)).cloned().collect();
        judged.document.actions.retain(|p| !left.contains(p));
        judged.document.intersect(&then.document);
        judged.document.actions.retain(|p| !was_left(batch, &p.action));
        note = format!("differences that the config at {} would not have left", commit.short());
    }
    let mut drifts = Vec::new();
    for planned in &judged.document.actions {
        drifts.push(attribute(&session.client, &planned.action).await);
    }
    if args.json {
        let actions = judged.document.to_json()["actions"].clone();
        cx.ui.print_json(
            &json!({ "version": 1, "since_config": commit, "drift": actions, "changed_by": drifts }),
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
    super::plan::say_unread(cx, &observed);
    Ok(super::plan::exit(&judged, &observed))
}

/// Whether the last batch left this undone: then the difference was there all along, and nobody has drifted.
fn was_left(batch: &Batch, action: &Action) -> bool {
    let waited = |address: &Address| {
        let below = format!("{address}/");
        action.address == *address || action.address.as_str().starts_with(&below)
    };
    batch.left.contains(&action.id) || batch.waiting.iter().any(waited)
}

/// The words by which the audit log tells of a change that could be behind a difference; it tells nothing of labels.
fn told_as(action: &Action) -> &'static [&'static str] {
    match action.verb {
        Verb::CreateRepository => &["repo.destroy"],
        Verb::UpdateSettings => &[
            "repo.update",
            "repo.change_default_branch",
            "repo.update_default_branch",
            "repo.change_merge_setting",
        ],
        Verb::ChangeVisibility => &["repo.access"],
        Verb::ArchiveRepository | Verb::UnarchiveRepository => &["repo.archived", "repo.unarchived"],
        Verb::CreateLabel
        | Verb::UpdateLabel
        | Verb::RenameLabel
        | Verb::DeleteLabel
        | Verb::Comment
        | Verb::DeleteComment
        | Verb::Report
        | Verb::Propose
        | Verb::Withdraw => &[],
    }
}

/// Who changed it last besides the factory itself, where the organisation's audit log tells; it is only readable to
/// its owners.
async fn attribute(client: &Client, action: &Action) -> Value {
    let nobody = json!({ "address": action.address, "actor": null, "at": null });
    let words = told_as(action);
    if words.is_empty() {
        return nobody;
    }
    let repo: &RepoName = action.effect.repo();
    let phrase = segment(&format!("repo:{repo} action:repo"));
    let path = format!("/orgs/{}/audit-log?phrase={phrase}&per_page=50", repo.owner());
    let (log, own) = match (client.read(repo.owner(), &path).await, client.identity(repo.owner()).await) {
        (Ok(log), Ok(own)) => (log, own.login()),
        (Err(error), _) | (_, Err(error)) => {
            tracing::debug!(%error, "the audit log can't be read");
            return nobody;
        }
    };
    let by_others = |entry: &&Value| {
        let told = entry["action"].as_str().is_some_and(|told| words.contains(&told));
        told && entry["actor"].as_str().is_some_and(|actor| actor != own)
    };
    let Some(entry) = log.body.as_array().into_iter().flatten().find(by_others) else { return nobody };
    let at = entry["@timestamp"].as_i64().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    json!({ "address": action.address, "actor": entry["actor"], "at": at.map(|t| t.to_string()) })
}
