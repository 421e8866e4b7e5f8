//! Closing a run: its commits taken, what else it left saved, all of it looked at, and the outcome written down.

use jiff::{SignedDuration, Timestamp};

use crate::adapters::env;
use crate::adapters::fs;
use crate::adapters::git::{self, Access, Mirror, Signature};
use crate::engine::config::said;
use crate::model::{Closed, Outcome, RunId, Said};
use crate::runs::sandbox::Sandbox;
use crate::runs::workspace::{self, Site, Workspace};
use crate::runs::{
    CheckError, End, Evidence, Found, On, RecordError, Redactor, RunDir, Spec, State, is_masked, outbox,
    settle, verify,
};

use super::{Secrets, Yard, check, workspace_name};

/// Why a run could not be closed; the next look tries again.
#[derive(Debug, thiserror::Error)]
pub(super) enum CloseError {
    /// Its records.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Its workspace.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// The mirror.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// Its files.
    #[error(transparent)]
    Files(#[from] fs::Error),
    /// Its checks.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// This program.
    #[error("this program can't be found, to be started again")]
    Program(#[source] std::io::Error),
    /// A secret that it was given.
    #[error("whether it is free of the secrets that it was given can't be told without them")]
    Secret(#[from] env::Error),
}

/// Closes every run that has ended, those whose supervisor was killed too, and says what became of each. Whoever calls
/// this holds the lock of the state directory. What can't be closed now is tried again by the next call. Answers how many
/// were closed, and how many could not be.
pub async fn close_runs(yard: &Yard, say: &(dyn Fn(&str) + Send + Sync)) -> (u64, u64) {
    let (mut done, mut left) = (0, 0);
    match close_ended(yard).await {
        Ok(closed) => {
            for (id, closed) in closed {
                let (count, says) = match closed {
                    Ok(closed) => {
                        (&mut done, format!("run {id} ended in `{}`: {}", closed.outcome, closed.says))
                    }
                    Err(error) => {
                        (&mut left, format!("run {id} has ended and can't be closed yet: {}", said(&error)))
                    }
                };
                *count += 1;
                say(&says);
            }
        }
        Err(error) => say(&format!("the runs can't be looked at: {}", said(&error))),
    }
    (done, left)
}

/// How long the transcript and the home of a run are kept, and what was saved of it.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Removes what is kept of old runs for a while only. That a run was, what it was for and how it ended stays.
fn tidy(yard: &Yard, dir: &RunDir, spec: &Spec, closed: &Closed) -> Result<(), CloseError> {
    let [out, _] = dir.transcripts();
    if yard.clock.now().duration_since(closed.at) < KEPT || !(fs::exists(&out) || fs::exists(&spec.home)) {
        return Ok(());
    }
    if let Some(on) = &spec.on {
        let mirror = Mirror::ensure(&yard.state.mirror_of(&on.of.repo), &on.url)?;
        workspace::expire(mirror.repo(), yard.clock.now())?;
    }
    fs::remove_tree(&spec.home)?;
    for log in fs::names(dir.dir())?.into_iter().filter(|name| name.ends_with(".log")) {
        fs::remove(&dir.dir().join(log))?;
    }
    Ok(())
}

pub(super) async fn close_ended(
    yard: &Yard,
) -> Result<Vec<(RunId, Result<Closed, CloseError>)>, RecordError> {
    let mut out = Vec::new();
    let mut sandbox = None;
    for (id, dir) in RunDir::all(&yard.state.runs())? {
        let Some(spec) = dir.spec()? else { continue };
        if let Some(closed) = dir.closed()? {
            if let Err(error) = tidy(yard, &dir, &spec, &closed) {
                tracing::warn!(%id, error = said(&error), "an old run can't be tidied up");
            }
            continue;
        }
        let Some(on) = spec.on.clone() else { continue };
        if let Some(checking) = dir.checking()? {
            let checked = check::go_on(yard, &dir, &spec, &on, checking).await;
            out.extend(
                checked
                    .and_then(|closed| closed.map(|closed| keep(&dir, closed)).transpose())
                    .transpose()
                    .map(|closed| (id, closed)),
            );
            continue;
        }
        if let Err(error) = settle(&dir, yard.clock.now()) {
            out.push((id, Err(error.into())));
            continue;
        }
        let State::Ended(end) = dir.state()? else { continue };
        let sandbox = match &sandbox {
            Some(found) => found,
            None => sandbox.insert(Sandbox::detect(&yard.env).await.unwrap_or(Sandbox::None)),
        };
        match one(yard, sandbox, &spec, &on, *end).await {
            Ok(closed) if check::is_due(&spec, &closed) => {
                let begun = check::begin(yard, &dir, &spec, &on, closed).await;
                out.extend(begun.err().map(|error| (id, Err(error))));
            }
            closed => out.push((id, closed.and_then(|closed| keep(&dir, closed)))),
        }
    }
    Ok(out)
}

fn keep(dir: &RunDir, closed: Closed) -> Result<Closed, CloseError> {
    dir.close(&closed)?;
    Ok(closed)
}

async fn one(yard: &Yard, sandbox: &Sandbox, spec: &Spec, on: &On, end: End) -> Result<Closed, CloseError> {
    let mirror = Mirror::ensure(&yard.state.mirror_of(&on.of.repo), &on.url)?;
    let access = Access::new(&yard.env, None);
    let root = yard.state.workspaces();
    let site = Site { root: &root, mirror: &mirror, access: &access, sandbox };
    let left = left(yard, &site, spec, on).await?;
    let (said, redactor) = said_in_outbox(yard, spec)?;
    let answer = end.answer.map(|answer| answer.text);
    let leaks = answer.as_deref().is_some_and(|words| redactor.finds(words) || is_masked(words));
    let (outcome, says, commit) = match (end.outcome, left.found) {
        (Outcome::Done, Found::Work(_) | Found::Nothing) if let Some(says) = said.for_a_person() => {
            (Outcome::NeedsInput, says, None)
        }
        // A masked text may hold what nobody knows to mask, so it isn't published in that form either.
        (Outcome::Done, Found::Work(_)) if leaks => {
            let says = "there is a secret in its last words, which would be published with what it made";
            (Outcome::PolicyViolation, says.to_owned(), None)
        }
        (Outcome::Done, Found::Work(commit)) => {
            (Outcome::Done, "what it made may be published".to_owned(), Some(commit))
        }
        (Outcome::Done, Found::Nothing) if left.salvage.is_some() => {
            (Outcome::NoVerdict, "it left changes and committed none of them".to_owned(), None)
        }
        (Outcome::Done, Found::Nothing) => (Outcome::NoChange, "it changed nothing".to_owned(), None),
        (Outcome::Done, Found::Forbidden(says)) => (Outcome::PolicyViolation, says, None),
        (outcome, _) => (outcome, end.says, None),
    };
    Ok(Closed {
        outcome,
        says: redactor.clean_text(&says),
        at: end.at,
        base: Some((on.base.clone(), on.base_branch.clone())),
        commit,
        salvage: left.salvage,
        answer,
        said,
        setup_failed: end.setup_failed.map(|failed| failed.recipe),
        checks: Vec::new(),
    })
}

/// What it said besides, and what finds the secrets in its words. Where one that it was given is another one by now, nobody
/// can tell whether what it said is free of it.
fn said_in_outbox(yard: &Yard, spec: &Spec) -> Result<(Said, Redactor), CloseError> {
    match yard.secrets_of(spec)? {
        Secrets::Known(redactor) => Ok((outbox::read(&spec.home, &redactor)?.said, redactor)),
        Secrets::Changed(from) => {
            let why = format!("its outbox: the secret `{from}` is another one by now");
            let now = yard.secrets();
            let redactor = Redactor::new(now.iter().map(String::as_str));
            Ok((Said { untaken: vec![why], ..Said::default() }, redactor))
        }
    }
}

/// What a run left.
struct Left {
    found: Found,
    salvage: Option<String>,
}

async fn left(yard: &Yard, site: &Site<'_>, spec: &Spec, on: &On) -> Result<Left, CloseError> {
    let Some(workspace) = Workspace::open(site, &workspace_name(&on.of))? else {
        let found = Found::Forbidden("its workspace is gone".to_owned());
        return Ok(Left { found, salvage: None });
    };
    let (by, now): (Signature, Timestamp) = (yard.by(), yard.clock.now());
    let taken = match workspace.take(site, &spec.id).await {
        Ok(taken) => taken,
        Err(error) => {
            // Whatever it did to its repository, nothing of it is brought in; its files are saved all the same.
            let salvage = salvage(&workspace, site, &spec.id, &by, now).await?;
            let found = Found::Forbidden(format!("its commits can't be taken: {}", said(&error)));
            return Ok(Left { found, salvage });
        }
    };
    let salvage = salvage(&workspace, site, &spec.id, &by, now).await?;
    let redactor = match yard.secrets_of(spec)? {
        Secrets::Known(redactor) => redactor,
        Secrets::Changed(from) => {
            let found = Found::Forbidden(format!(
                "the secret `{from}`, which it was given, is another one by now: nobody can tell whether what it made is free \
                 of it"
            ));
            return Ok(Left { found, salvage });
        }
    };
    let evidence = Evidence {
        repo: site.mirror.repo(),
        base: &on.base,
        taken: taken.as_ref(),
        paths: &on.paths,
        redactor: &redactor,
    };
    Ok(Left { found: verify(&evidence)?, salvage })
}

async fn salvage(
    workspace: &Workspace,
    site: &Site<'_>,
    run: &RunId,
    by: &Signature,
    now: Timestamp,
) -> Result<Option<String>, workspace::Error> {
    let saved = workspace.salvage(site, run, by, now).await?;
    Ok(saved.commit.map(|_| format!("refs/factory/salvage/{run}")))
}
