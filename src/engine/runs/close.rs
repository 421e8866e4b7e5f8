//! Closing a run: its commits taken, what else it left saved, all of it looked at, and the outcome written down.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use crate::adapters::env;
use crate::adapters::fs;
use crate::adapters::git::{self, Access, Mirror, Signature};
use crate::adapters::said;
use crate::model::{AnswerSchema, Closed, RunId, Said, Session, Typed};
use crate::runs::sandbox::Sandbox;
use crate::runs::workspace::{self, Site, There, Workspace};
use crate::runs::{
    CheckError, Conclusion, End, Evidence, Found, Given, LITTER, Left, On, RecordError, RunDir, Spec, State,
    Stop, agents, answer, conclude, is_masked, outbox, settle, temporary, verify,
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
/// this holds the lock of the state directory. What can't be closed now is tried again by the next call, and so is what
/// was being closed when the yard was told to stop: a run is closed by the last thing that is written of it. Answers how
/// many were closed, and how many could not be.
pub async fn close_runs(yard: &Yard, say: &(dyn Fn(&str) + Send + Sync)) -> (u64, u64) {
    let (mut done, mut left) = (0, 0);
    let ended = tokio::select! {
        biased;
        () = yard.stop.cancelled() => return (done, left),
        ended = close_ended(yard) => ended,
    };
    match ended {
        Ok(closed) => {
            for (id, closed) in closed {
                let what = format!("run {id}");
                match closed {
                    Ok(closed) => {
                        done += 1;
                        yard.known.is_done(&what);
                        say(&format!("{what} ended in `{}`: {}", closed.outcome, closed.says));
                    }
                    Err(error) => {
                        left += 1;
                        let why = said(&error);
                        if yard.known.is_news(&what, &why) {
                            say(&format!("{what} has ended and can't be closed yet: {why}; {ONCE_RIGHT}"));
                        }
                    }
                }
            }
            yard.known.is_done(ALL);
        }
        Err(error) => {
            left += 1;
            let why = said(&error);
            if yard.known.is_news(ALL, &why) {
                say(&format!("{ALL} can't be looked at: {why}"));
            }
        }
    }
    (done, left)
}

/// What is said of all runs.
const ALL: &str = "the runs";

/// What a person does about a run that can't be closed: what is in the way is put right, and nothing else.
pub const ONCE_RIGHT: &str =
    "once that is put right, the next look closes it (the daemon, `factoryctl apply` or `factoryctl reap`)";

/// How long the transcript and the home of a run are kept, and what was saved of it.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Removes what is kept of old runs for a while only. That a run was, what it was for and how it ended stays.
fn tidy_all(yard: &Yard) {
    let Ok(before) = yard.clock.now().checked_sub(KEPT) else { return };
    for id in yard.known.untidied(before) {
        match tidy(yard, &RunDir::of(&yard.state.runs(), &id)) {
            Ok(()) => yard.known.tidied(&id),
            Err(error) => tracing::warn!(%id, error = said(&error), "an old run can't be tidied up"),
        }
    }
}

fn tidy(yard: &Yard, dir: &RunDir) -> Result<(), CloseError> {
    let Some(spec) = dir.spec()? else { return Ok(()) };
    let [out, _] = dir.transcripts();
    if !(fs::exists(&out) || fs::exists(&spec.home)) {
        return Ok(());
    }
    if let Some(on) = &spec.on {
        let mirror = Mirror::ensure(&yard.state.mirror_of(&on.of.repo), &on.url)?;
        workspace::expire(mirror.repo(), yard.clock.now())?;
    }
    fs::remove_tree(&spec.home)?;
    for log in fs::names(dir.dir())?
        .into_iter()
        .filter(|name| name == LITTER || Path::new(name).extension().is_some_and(|ext| ext == "log"))
    {
        fs::remove(&dir.dir().join(log))?;
    }
    Ok(())
}

pub(super) async fn close_ended(
    yard: &Yard,
) -> Result<Vec<(RunId, Result<Closed, CloseError>)>, RecordError> {
    let mut out = Vec::new();
    let mut sandbox = None;
    for (id, dir) in yard.known.open(&yard.state.runs())? {
        let Some(spec) = dir.spec()? else { continue };
        let Some(on) = spec.on.clone() else { continue };
        if dir.closed()?.is_some() {
            if let Some(run) = super::seen::one(&dir)? {
                yard.known.learn(&run);
            }
            continue;
        }
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
    for (id, closed) in &out {
        if let Err(error) = closed {
            note_unclosed(&RunDir::of(&yard.state.runs(), id), error);
        }
    }
    tidy_all(yard);
    Ok(out)
}

/// Takes note why a run can't be closed. What keeps it from being closed may keep the note from being written as well; whoever
/// closes runs says it then, and nobody else can.
fn note_unclosed(dir: &RunDir, error: &CloseError) {
    if let Err(unwritten) = dir.note_unclosed(&said(error)) {
        tracing::debug!(dir = %dir.dir().display(), error = said(&unwritten), "why it can't be closed can't be noted");
    }
}

fn keep(dir: &RunDir, closed: Closed) -> Result<Closed, CloseError> {
    dir.close(&closed)?;
    Ok(closed)
}

async fn one(yard: &Yard, sandbox: &Sandbox, spec: &Spec, on: &On, end: End) -> Result<Closed, CloseError> {
    let mirror = Mirror::ensure(&yard.state.mirror_of(&on.of.repo), &on.url)?;
    let access = Access::new(&yard.env, None);
    let root = yard.state.workspaces();
    let site = Site { root: &root, mirror: &mirror, access: &access, sandbox, stop: &yard.stop };
    let secrets = yard.secrets_of(spec)?;
    let Seen { found, salvage, left, elsewhere } = seen(yard, &site, spec, on, &secrets).await?;
    let Told { said, answer } = told(spec, &end, &secrets)?;
    temporary::remove(spec)?;
    let redactor = &secrets.redactor;
    let words = end.answer.as_ref().map(|answer| answer.text.as_str());
    let left = Left {
        found,
        saved: left,
        elsewhere: (!elsewhere.is_empty()).then(|| {
            let names: Vec<String> = elsewhere.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
            format!("it committed on {}, and nothing on its branch `{}`", names.join(", "), on.of.branch)
        }),
        asks: said.for_a_person(),
        leaks: words.is_some_and(|words| redactor.finds(words) || is_masked(words)),
        answer,
    };
    let Conclusion { outcome, says, commit, typed, lacks } = conclude(&end, left);
    Ok(Closed {
        outcome,
        says: redactor.clean_text(&says),
        at: end.at,
        base: Some((on.base.clone(), on.base_branch.clone())),
        commit,
        salvage,
        session: session(spec, &end),
        answer: end.answer.map(|answer| answer.text),
        typed,
        lacks,
        said,
        capped: end.stop == Some(Stop::SpendOfDay),
        setup_failed: end.setup_failed.map(|failed| failed.recipe),
        checks: Vec::new(),
    })
}

/// The session that may go on: one of an agent that can, and not one that knows nothing of the work.
fn session(spec: &Spec, end: &End) -> Option<Session> {
    let resumes = agents::by_kind(&spec.kind).is_some_and(agents::Agent::resumes);
    let id = end.session.clone().filter(|_| resumes && !end.cold)?;
    Some(Session { kind: spec.kind.clone(), id })
}

/// What a run told.
struct Told {
    /// Besides its work.
    said: Said,
    /// The answer that was asked for, if one was, or why there is none.
    answer: Option<Result<Typed, String>>,
}

/// Where a secret that it was given is another one by now, nobody can tell whether what it said is free of it.
fn told(spec: &Spec, end: &End, secrets: &Secrets) -> Result<Told, CloseError> {
    if let Some(from) = &secrets.changed {
        let why = format!("its outbox: the secret `{from}` is another one by now");
        return Ok(Told { said: Said { untaken: vec![why], ..Said::default() }, answer: None });
    }
    let outbox = outbox::read(&spec.home, &secrets.redactor)?;
    let answer = spec.work.schema.clone().map(|schema| {
        let given = Given {
            typed: end.answer.as_ref().and_then(|answer| answer.typed.clone()),
            file: outbox.answer,
            words: end.answer.as_ref().map(|answer| answer.text.clone()),
        };
        AnswerSchema::of(schema).and_then(|schema| answer(&schema, given, &secrets.redactor))
    });
    Ok(Told { said: outbox.said, answer })
}

/// How many names of branches are told.
const NAMED: usize = 5;

/// What was seen of what a run left.
struct Seen {
    found: Found,
    salvage: Option<String>,
    /// Whether its agent had a part in what was saved.
    left: bool,
    /// Where it committed besides its branch.
    elsewhere: Vec<String>,
}

async fn seen(
    yard: &Yard,
    site: &Site<'_>,
    spec: &Spec,
    on: &On,
    secrets: &Secrets,
) -> Result<Seen, CloseError> {
    let workspace = match Workspace::after(site, &workspace_name(&on.of), &spec.id)? {
        There::Workspace(workspace) => workspace,
        There::Gone(left) => {
            let says = left.map_or_else(|| "its workspace is gone".to_owned(), |left| left.says());
            return Ok(Seen {
                found: Found::Forbidden(says),
                salvage: None,
                left: false,
                elsewhere: Vec::new(),
            });
        }
    };
    let (by, now): (Signature, Timestamp) = (yard.by(), yard.clock.now());
    let taken = match workspace.take(site, &spec.id).await {
        Err(error) if !error.is_theirs() => return Err(error.into()),
        taken => taken,
    };
    // Whatever it did to its repository, its files are saved.
    let saved = workspace.salvage(site, &spec.id, &by, now).await?;
    let litter = RunDir::of(&yard.state.runs(), &spec.id).litter()?;
    let tree = workspace.tree();
    let is_litter = move || litter.is_all(&tree, &saved.changed);
    let is_litter = tokio::task::spawn_blocking(is_litter).await.map_err(workspace::Error::from)?;
    let left = saved.commit.is_some() && (saved.besides || !is_litter);
    let salvage = saved.commit.map(|_| workspace::saved_as(&spec.id));
    if let Some(from) = &secrets.changed {
        let found = Found::Forbidden(format!(
            "the secret `{from}`, which it was given, is another one by now: nobody can tell whether what it made is free of it"
        ));
        return Ok(Seen { found, salvage, left, elsewhere: Vec::new() });
    }
    let redactor = secrets.redactor.clone();
    let elsewhere: Vec<String> = saved.elsewhere.iter().map(|name| redactor.clean_text(name)).collect();
    let taken = match taken {
        Ok(None) if !elsewhere.is_empty() => {
            return Ok(Seen { found: Found::Nothing, salvage, left, elsewhere });
        }
        Ok(taken) => taken,
        Err(error) => {
            let found = Found::Forbidden(format!("its commits can't be taken: {}", said(&error)));
            return Ok(Seen { found, salvage, left, elsewhere });
        }
    };
    let (repo, on, stop) = (site.mirror.repo().clone(), on.clone(), yard.stop.clone());
    let look = move || {
        let branch = repo.branch_head(&on.base_branch)?;
        verify(&Evidence {
            repo: &repo,
            base: &on.base,
            taken: taken.as_ref(),
            paths: &on.paths,
            issue: on.of.subject.issue().map(|(number, _)| (&on.of.repo, number)),
            branch: branch.as_ref(),
            redactor: &redactor,
            stop: &stop,
        })
    };
    let found = tokio::task::spawn_blocking(look).await.map_err(workspace::Error::from)??;
    Ok(Seen { found, salvage, left, elsewhere })
}
