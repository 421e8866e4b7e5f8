//! `factoryctl drift`: what differs though no config change explains it.
//!
//! A difference that the config as it was applied last would have made too is drift; one that only the newer
//! config asks for is a change that waits to be applied. An apply of a part applies that part only: of the rest the
//! config before it is the one that was applied last.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::adapters::github::{Client, Patience, segment};
use crate::engine::{self, Also, Judging};
use crate::ledger::Batch;
use crate::loops;
use crate::model::{Action, Address, AddressGlob, CommitId, Object, RepoName, Verb};
use crate::plan::{Document, Memory, Planned, render};

use super::context::Context;
use super::daemon::warn_elsewhere;
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
    warn_elsewhere(cx, &session.state).await;
    let switches = cx.switches(&session.state, &loaded.desired)?;
    session.take_ledger_over(cx, &source, &loaded.desired).await?;
    let (selection, memory) = (loops::of_repositories(), Memory::default());
    let judging = Judging::new(&loaded.desired, &selection, &switches, &memory, cx.clock.now());
    let observed = {
        let _drawn = Progress::waiting(&cx.ui, READING);
        engine::look(&judging, &session.world(cx), &Also::default()).await
    };
    let mut judged = engine::judge(&judging, &observed);
    let loops = judged.document.actions.iter().map(|p| p.action.wanted_by).collect();
    let batches = super::ledger::applied(&session.state, loops)?;
    let commit = batches.first().and_then(|batch| batch.config_commit.as_ref());
    let mut note = "nothing has been applied yet: every difference counts as drift".to_owned();
    if let Some(commit) = commit {
        let mut past = Past::default();
        let mut then = |commit: &CommitId| match cx.load_past(&source, commit.as_str()) {
            Ok(config) => {
                Some(engine::judge(&Judging { desired: &config.desired, ..judging }, &observed).document)
            }
            Err(fail) => {
                let (at, why) = (commit.short(), fail.message);
                cx.ui.say(&format!(
                    "the config at {at}, which was applied, can't be read any more ({why}): what differs where it was \
                     applied counts as drift, also where config asks for it since"
                ));
                None
            }
        };
        judged.document.actions.retain_mut(|planned| past.keeps_drift(planned, &batches, &mut then));
        let read = past.0.iter().filter(|(_, document)| document.is_some()).map(|(other, _)| other);
        let others = read.filter(|other| *other != commit).map(|other| other.short().to_owned());
        let others: Vec<String> = others.collect();
        let parts = if others.is_empty() {
            String::new()
        } else {
            format!(", or at {} where less was applied since,", others.join(", "))
        };
        note = match past.0.get(commit) {
            Some(None) => {
                format!("the config at {}, which was applied last, can't be read any more", commit.short())
            }
            Some(Some(_)) | None => {
                format!("differences that the config at {}{parts} would not have left", commit.short())
            }
        };
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

/// What the configs of the batches would do now, by commit; `None` for one that can't be loaded any more.
#[derive(Default)]
struct Past(BTreeMap<CommitId, Option<Document>>);

impl Past {
    /// Leaves of an action what is drift, and says whether anything is. Each of its fields is told by the last batch
    /// that it was in and that did not leave it: what there is none of was never applied, and waits for it.
    fn keeps_drift(
        &mut self,
        planned: &mut Planned,
        batches: &[Batch],
        then: &mut impl FnMut(&CommitId) -> Option<Document>,
    ) -> bool {
        let action = planned.action.clone();
        let mut open: BTreeSet<String> = action.changed().map(str::to_owned).collect();
        let mut kept: BTreeSet<String> = BTreeSet::new();
        for batch in batches {
            if open.is_empty() {
                break;
            }
            let Some(commit) = &batch.config_commit else { continue };
            let tells = |field: &String| was_for(batch, &action, field) && !was_left(batch, &action, field);
            let told: BTreeSet<String> = open.iter().filter(|field| tells(field)).cloned().collect();
            open.retain(|field| !told.contains(field));
            let Some(part) = action.part(|field| told.contains(field)) else { continue };
            let mut part = Document {
                actions: vec![Planned { action: part, blocked: planned.blocked.clone() }],
                ..Document::default()
            };
            if let Some(then) = self.0.entry(commit.clone()).or_insert_with(|| then(commit)) {
                part.intersect(then);
            }
            kept.extend(part.actions.iter().flat_map(|p| p.action.changed()).map(str::to_owned));
        }
        match action.part(|field| kept.contains(field)) {
            Some(part) => {
                planned.action = part;
                true
            }
            None => false,
        }
    }
}

/// Whether a batch was for this field of an action. What waited, for a complete reading or for another change, was not
/// compared: of that the batch before it tells.
fn was_for(batch: &Batch, action: &Action, field: &str) -> bool {
    let took_part = batch.loops.is_empty() || batch.loops.iter().any(|name| name == action.wanted_by);
    let setting = Address::repo(action.effect.repo()).field(field);
    let about = |address: &Address| *address == action.address || *address == setting;
    let covers = |text: &String| {
        AddressGlob::parse(text).is_ok_and(|glob| {
            action.touches().any(|at| (!action.is_by_field() || about(&at)) && glob.covers(&at))
        })
    };
    let waited = |address: &Address| {
        let below = format!("{address}/");
        action.address == *address || action.address.as_str().starts_with(&below)
    };
    took_part
        && !batch.waiting.iter().any(waited)
        && (batch.scope.is_empty() || batch.scope.iter().any(covers))
}

/// Whether a batch left this undone: then what was there before it is still there, and only an older batch tells whether
/// that is drift. It is known by the action as it was then, or by its field alone where others have been settled since.
fn was_left(batch: &Batch, action: &Action, field: &str) -> bool {
    let part = action.part(|name| name == field);
    batch.left.contains(&action.id) || part.is_some_and(|part| batch.left.contains(&part.id))
}

/// The words by which the audit log tells of a change that could be behind a difference; it tells nothing of labels.
fn told_as(action: &Action) -> &'static [&'static str] {
    match (action.verb.object(), action.verb) {
        (Object::Label | Object::Issue | Object::Nothing, _) => &[],
        (Object::Repository, Verb::CreateRepository) => &["repo.destroy"],
        (Object::Repository, Verb::ChangeVisibility) => &["repo.access"],
        (Object::Repository, Verb::ArchiveRepository | Verb::UnarchiveRepository) => {
            &["repo.archived", "repo.unarchived"]
        }
        (Object::Repository, _) => &[
            "repo.update",
            "repo.change_default_branch",
            "repo.update_default_branch",
            "repo.change_merge_setting",
        ],
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
