//! `factoryctl plan`: what would change, and why. It builds no writer.

use std::path::{Path, PathBuf};

use crate::adapters::fs;
use crate::adapters::github::Patience;
use crate::adapters::state::StateDir;
use crate::engine::{self, AS_IT_WAS, Also, At, Judged, Judging, Loaded, Source};
use crate::ledger;
use crate::model::{Cause, Desired, Facet, FollowUps, Gap, Observed};
use crate::observed;
use crate::plan::render::{self, COMMENT_LIMIT};
use crate::plan::{Document, Memory, RuleChange, SavedError, SavedPlan};

use super::context::Context;
use super::daemon::warn_elsewhere;
use super::exit::{Exit, Fail};
use super::next;
use super::session::{READING, Session, globs, selection};
use super::ui::Progress;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only what these addresses cover; `*` and `**` match.
    #[arg(value_name = "ADDRESS-GLOB")]
    addresses: Vec<String>,
    /// Only these loops.
    #[arg(long = "loop", value_name = "NAME")]
    loops: Vec<String>,
    /// Print the versioned JSON document.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print Markdown, split where a GitHub comment would be too long.
    #[arg(long)]
    markdown: bool,
    /// Save the plan, for `apply FILE`.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show only what the config change since this revision causes.
    #[arg(long, value_name = "REV")]
    against: Option<String>,
    /// Plan on the last complete reading instead of asking GitHub.
    #[arg(long)]
    offline: bool,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let source = cx.source().await?;
    let loaded = cx.load(&source, cx.at())?;
    let base = match &args.against {
        Some(rev) => Some(cx.load_past(&source, rev)?),
        None => None,
    };
    if let Some(path) = &args.output {
        only_a_plan(cx, path)?;
    }
    let (judged, observed) = compare(cx, args, &source, &loaded, base.as_ref()).await?;
    let document = &judged.document;
    if let Some(path) = &args.output
        && loaded.desired.origin.commit.is_none()
    {
        cx.ui.say(&format!(
            "warning: {} is of uncommitted files: it can be read, and not applied; commit them and plan again for that",
            path.display()
        ));
    }
    if let Some(path) = &args.output {
        fs::replace(&cx.env.cwd().join(path), SavedPlan::new(document).to_text().as_bytes())?;
    }
    show(cx, document, args.json, args.markdown)?;
    if args.offline {
        say_unread_with(cx, &observed, |_| ONLINE_ONCE);
    } else {
        say_unread(cx, &observed);
    }
    Ok(exit(&judged, &observed))
}

/// The most bytes of a saved plan.
pub(super) const SAVED_LIMIT: u64 = 256 << 20;

/// A saved plan may take the place of one; anything else that lies there, such as config, is not overwritten.
fn only_a_plan(cx: &Context, path: &Path) -> Result<(), Fail> {
    let full = cx.env.cwd().join(path);
    if !fs::exists(&full) {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&fs::read(&full, SAVED_LIMIT)?).into_owned();
    if !matches!(SavedPlan::parse(&text), Err(SavedError::Malformed(_))) {
        return Ok(());
    }
    Err(Fail::new(Exit::Usage, format!("{} is there already, and is no saved plan", path.display()))
        .help("name another file: factoryctl plan -o plan.json"))
}

async fn compare(
    cx: &Context,
    args: &Args,
    source: &Source,
    loaded: &Loaded,
    base: Option<&Loaded>,
) -> Result<(Judged, Observed), Fail> {
    let scope = globs(&args.addresses, &loaded.desired)?;
    let selection = selection(&args.loops)?;
    let state = cx.state(source, &loaded.desired)?;
    warn_elsewhere(cx, &state).await;
    let switches = cx.switches(&state, &loaded.desired)?;
    let session =
        if args.offline { None } else { Some(cx.connect(source, &loaded.desired, Patience::Foreground)?) };
    let (memory, forgotten) = remembered(cx, session.as_ref(), source, &state, &loaded.desired).await;
    let judging = Judging {
        scope: &scope,
        ..Judging::new(&loaded.desired, &selection, &switches, &memory, cx.clock.now())
    };
    let api = cx.api(&loaded.desired);
    let (mut observed, age) = if let Some(session) = &session {
        let also = Also {
            repos: base.iter().flat_map(|b| b.desired.repos.keys()).collect(),
            tasks: base.iter().flat_map(|b| b.desired.tasks.values()).collect(),
            ..Also::default()
        };
        let observed = {
            let _drawn = Progress::waiting(&cx.ui, READING);
            engine::look(&judging, &session.world(cx), &also).await
        };
        keep(cx, session, &api, &observed, args);
        (observed, None)
    } else {
        cached(&state, &api, &loaded.desired, judging.now)?
    };
    if !forgotten.is_empty() {
        observed.tracker.issues.clear();
        observed.gaps.extend(forgotten);
    }
    let mut judged = engine::judge(&judging, &observed);
    judged.document.reading.cached_age_seconds = age;
    if let Some(base) = base {
        let changed = RuleChange::between(&base.desired, &loaded.desired);
        let base = engine::judge(&Judging { desired: &base.desired, ..judging }, &observed);
        judged.document.subtract(&base.document);
        judged.document.rules = changed;
    } else if loaded.desired.origin.changed.is_some_and(|files| files > 0) {
        match uncommitted(source, &loaded.desired) {
            Ok(rules) => judged.document.rules = rules,
            Err(why) => judged.document.diagnostics.push(why),
        }
    }
    Ok((judged, observed))
}

/// What differs in how the factory works from what is committed.
fn uncommitted(source: &Source, desired: &Desired) -> Result<Vec<RuleChange>, String> {
    // Who counted the files that differ has read the commit; where there is none yet, all of it is new.
    let Ok(files) = source.read(At::Revision("HEAD")) else { return Ok(Vec::new()) };
    if files.files.is_empty() {
        return Ok(Vec::new());
    }
    let committed = source.load(files, AS_IT_WAS).map_err(|_| {
        "what differs in how the factory works can't be told: what is committed doesn't load \
         (`factoryctl --at HEAD validate` names each place)"
            .to_owned()
    })?;
    Ok(RuleChange::between(&committed.desired, desired))
}

/// What the ledger remembers that decides what is wanted at all: the runs of tasks, and the follow-ups that were opened once.
/// A machine that has no ledger yet takes it over first. Where it can't be read, that is a gap, and neither a run nor an issue
/// is planned.
pub(super) async fn remembered(
    cx: &Context,
    session: Option<&Session>,
    source: &Source,
    state: &StateDir,
    desired: &Desired,
) -> (Memory, Vec<Gap>) {
    if desired.tasks.is_empty() && desired.pipelines.of_repo.is_empty() && !desired.has_language() {
        return (Memory::default(), Vec::new());
    }
    let taken_over = match session {
        Some(session) => session.take_ledger_over(cx, source, desired).await,
        None => Ok(()),
    };
    let read = taken_over.and_then(|()| Ok(ledger::read(&state.ledger())?));
    match read {
        Ok(read) => (engine::lasting(&read.index, &state.machine().unwrap_or_default()), Vec::new()),
        Err(fail) => {
            let why = [&[fail.message], &fail.causes[..]].concat().join(": ");
            let gap = |facet, what: &str| {
                let why = format!("{what} can't be told: {why}");
                Gap { facet, repo: None, why, cause: Cause::Ledger }
            };
            let asks = desired.tasks.values().any(|task| task.follow_ups != FollowUps::None);
            let issues = asks.then(|| gap(Facet::Issues, "which of them were opened before"));
            let runs = gap(Facet::Runs, "which of them there were on other machines");
            (Memory::default(), issues.into_iter().chain([runs]).collect())
        }
    }
}

/// The last complete reading, and its age in seconds. Of what was declared since it knows nothing.
fn cached(
    state: &StateDir,
    api: &str,
    desired: &Desired,
    now: jiff::Timestamp,
) -> Result<(Observed, Option<i64>), Fail> {
    let unreadable =
        |error| Fail::new(Exit::Error, "the cache can't be read").because(error).help("leave out --offline");
    let store = crate::adapters::store::Store::open(&state.cache()).map_err(unreadable)?;
    let mut observed = observed::load(&store, api).map_err(unreadable)?.ok_or_else(|| {
        Fail::new(Exit::Error, "there is no earlier reading to plan on")
            .help(format!("{ONLINE_ONCE}, with at least one repository declared"))
    })?;
    let unread = desired.repos.keys().filter(|name| !observed.repos.contains_key(*name));
    observed.gaps.extend(unread.map(|name| Gap {
        facet: Facet::Settings,
        repo: Some(name.clone()),
        why: "it was declared after the reading that is planned on".to_owned(),
        cause: Cause::Other,
    }));
    let age = observed.at.map(|at| now.duration_since(at).as_secs());
    Ok((observed, age))
}

/// Keeps a whole reading for `--offline`.
fn keep(cx: &Context, session: &Session, api: &str, observed: &Observed, args: &Args) {
    if !args.addresses.is_empty() || !args.loops.is_empty() {
        return;
    }
    if let Some(store) = &session.store
        && let Err(error) = observed::save(store, api, observed)
    {
        cx.ui.say(&format!("warning: the reading is not kept for --offline: {error}"));
    }
}

/// Prints a document in the asked spelling.
pub(super) fn show(cx: &Context, document: &Document, json: bool, markdown: bool) -> Result<(), Fail> {
    if json {
        return cx.ui.print_json(&document.to_json());
    }
    if markdown {
        return cx.ui.print(&render::markdown(document, COMMENT_LIMIT).join("\n"));
    }
    cx.ui.print(&render::text(document, cx.ui.style()))
}

/// How a command that shows a plan ends.
pub(super) fn exit(judged: &Judged, observed: &Observed) -> Exit {
    let summary = judged.document.summary();
    let mut exit = if judged.document.is_empty() { Exit::Done } else { Exit::Changes };
    if summary.blocked > 0 {
        exit = exit.and(Exit::Guard);
    }
    if !judged.problems.is_empty() || judged.document.unsound {
        exit = exit.and(Exit::Error);
    }
    exit.and(incomplete(observed))
}

/// What an incomplete reading means for the exit code.
pub(super) fn incomplete(observed: &Observed) -> Exit {
    observed.gaps.iter().fold(Exit::Done, |exit, gap| exit.and(Exit::of(gap.cause)))
}

/// What to do where the last reading doesn't know enough.
const ONLINE_ONCE: &str = "run `factoryctl plan` once without --offline";

/// Says in one line on stderr why a reading that is incomplete decides the exit code, and what to do.
pub(super) fn say_unread(cx: &Context, observed: &Observed) {
    say_unread_with(cx, observed, next::reading);
}

fn say_unread_with(cx: &Context, observed: &Observed, next: impl Fn(Cause) -> &'static str) {
    let exit = incomplete(observed);
    let Some(gap) = observed.gaps.iter().find(|gap| Exit::of(gap.cause) == exit) else { return };
    let of = gap.repo.as_ref().map(|repo| format!(" of {repo}")).unwrap_or_default();
    let more = match observed.gaps.len() - 1 {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    };
    let why = render::printable(&gap.why);
    let line = format!("{}{of} could not be read{more}: {why}; next: {}", gap.facet, next(gap.cause));
    cx.ui.say(&format!("error: {line}"));
}

/// Whether a config is read from a commit; `apply` and the daemon act on nothing else.
pub(super) fn is_committed(desired: &Desired) -> bool {
    desired.origin.commit.is_some()
}
