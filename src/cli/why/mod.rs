//! `factoryctl why ADDRESS`: where a value comes from, what it overrides, and what is live on GitHub; of a task or an
//! issue, how it stands.

mod task;

use std::fmt::Write as _;

use crate::adapters::github::Patience;
use crate::engine::{Loaded, Source};
use crate::ledger;
use crate::model::{
    Address, AddressGlob, Facet, Facets, LabelSpec, Repo, RepoState, Seen, Setting, SettingValue, Sourced,
};
use crate::observed;

use crate::cli::context::Context;
use crate::cli::daemon::warn_elsewhere;
use crate::cli::exit::{Exit, Fail};
use crate::cli::issue;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// e.g. repo/acme/widgets, repo/acme/widgets/visibility, repo/acme/widgets/label/bug, repo/acme/widgets/task/tidy, repo/acme/widgets/issue/7, loop/labels
    #[arg(value_name = "ADDRESS")]
    address: String,
    /// Don't ask GitHub what is live.
    #[arg(long)]
    offline: bool,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    if let Some(meant) = issue_meant(&args.address)? {
        return issue::show(cx, &meant, issue::Form::default()).await;
    }
    let source = cx.source().await?;
    let loaded = cx.load(&source, cx.at())?;
    warn_elsewhere(cx, &cx.state(&source, &loaded.desired)?).await;
    let wrong =
        |says: String| Fail::new(Exit::Usage, says).help("addresses look like repo/acme/widgets/label/bug");
    let mut out = String::new();
    if let Some(meant) = task::meant(&args.address, &loaded.desired)? {
        task::explain(cx, &source, &loaded, meant, args.offline, &mut out).await?;
        since(cx, &source, &loaded, &meant.address(), &mut out)?;
        return cx.ui.print(&out).map(|()| Exit::Done);
    }
    let address = Address::parse(&args.address).map_err(|e| wrong(e.to_string()))?;
    if let Some(name) = address.as_str().strip_prefix("loop/") {
        explain_loop(cx, &source, &loaded, name, &mut out)?;
        return cx.ui.print(&out).map(|()| Exit::Done);
    }
    let name =
        address.repo_name().ok_or_else(|| wrong(format!("`{address}` names no repository and no loop")))?;
    let Some(repo) = loaded.desired.repos.get(&name) else {
        let message = format!("{name} is not declared");
        return Err(Fail::new(Exit::Error, message).help(format!("declare it: repo \"{name}\" {{ … }}")));
    };
    // GitHub takes `Bug` and `bug` for one label, and `Acme` and `acme` for one account.
    let rest = address.as_str().splitn(4, '/').nth(3).unwrap_or_default().to_lowercase();
    let prefix = format!("{}/", repo.address());
    let address = if rest.is_empty() {
        repo.address()
    } else {
        Address::parse(&format!("{prefix}{rest}")).map_err(|e| wrong(e.to_string()))?
    };
    let live = if args.offline { None } else { Some(live(cx, &source, &loaded, repo).await?) };
    let _ =
        writeln!(out, "{} declared at {}{}", repo.address(), repo.source, by(&source, &loaded, &repo.source));
    let mut found = rest.is_empty();
    for (setting, point) in repo.settings.iter().filter(|(s, _)| rest.is_empty() || s.name() == rest) {
        found = true;
        let seen = live.as_ref().map(|state| live_setting(state.as_ref(), *setting));
        value(&source, &loaded, setting.name(), point, SettingValue::to_json, seen, &mut out);
    }
    for spec in repo.labels.specs.values() {
        let label = Address::label(&repo.name, &spec.value.name);
        if rest.is_empty() || label.as_str().to_lowercase() == address.as_str().to_lowercase() {
            found = true;
            let seen = live.as_ref().map(|state| live_label(state.as_ref(), &spec.value));
            value(
                &source,
                &loaded,
                &format!("label {}", spec.value.name),
                spec,
                |l| label_json(l),
                seen,
                &mut out,
            );
        }
    }
    if !found {
        let message = format!("config says nothing about {address}");
        return Err(Fail::new(Exit::Error, message).help(format!("factoryctl why {}", repo.address())));
    }
    since(cx, &source, &loaded, &address, &mut out)?;
    cx.ui.print(&out)?;
    Ok(Exit::Done)
}

/// The issue that a text is the address of, in whichever phase.
fn issue_meant(text: &str) -> Result<Option<issue::Meant>, Fail> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        ["repo", owner, name, "issue", number] | ["repo", owner, name, "issue", number, _] => {
            issue::Meant::parse(&format!("{owner}/{name}#{number}")).map(Some)
        }
        _ => Ok(None),
    }
}

async fn live(
    cx: &Context,
    source: &Source,
    loaded: &Loaded,
    repo: &Repo,
) -> Result<Option<RepoState>, Fail> {
    let session = cx.connect(source, &loaded.desired, Patience::Foreground)?;
    let facets = Facets::of(Facet::Settings).and(Facets::of(Facet::Labels));
    let request = observed::Request {
        repos: vec![observed::Wanted { name: &repo.name, archived: false }],
        owners: Vec::new(),
        own: None,
        facets,
    };
    let mut seen = observed::observe(&session.client, &cx.clock, &request).await;
    if let Some(gap) = seen.gaps.first() {
        return Err(Fail::new(Exit::of(gap.cause), format!("{} can't be read: {}", repo.name, gap.why))
            .help("--offline leaves GitHub out"));
    }
    Ok(match seen.repos.remove(&repo.name) {
        Some(Seen::Known(state)) => Some(state),
        Some(Seen::Absent | Seen::Unknown) | None => None,
    })
}

fn live_setting(state: Option<&RepoState>, setting: Setting) -> String {
    let Some(state) = state else { return "the repository isn't there".to_owned() };
    match state.settings.get(&setting) {
        Some(value) => value.to_json().to_string(),
        None => "the credential can't see it".to_owned(),
    }
}

fn live_label(state: Option<&RepoState>, spec: &LabelSpec) -> String {
    match state.map(|s| &s.labels) {
        Some(Seen::Known(labels)) => match labels.get(&spec.name.key()) {
            Some(label) => label.to_json().to_string(),
            None => "it isn't there".to_owned(),
        },
        _ => "the repository isn't there".to_owned(),
    }
}

fn label_json(label: &LabelSpec) -> serde_json::Value {
    let mut out = serde_json::Map::new();
    out.insert("name".to_owned(), label.name.as_str().into());
    for (key, value) in [("color", &label.color), ("description", &label.description)] {
        if let Some(value) = value {
            out.insert(key.to_owned(), value.as_str().into());
        }
    }
    if let Some(was) = &label.was {
        out.insert("was".to_owned(), was.as_str().into());
    }
    if let Some(day) = label.delete_after {
        out.insert("delete-after".to_owned(), day.to_string().into());
    }
    out.into()
}

/// One value: what holds, where it was written and by whom, what it overrides, what is live.
fn value<T>(
    source: &Source,
    loaded: &Loaded,
    name: &str,
    point: &Sourced<T>,
    json: impl Fn(&T) -> serde_json::Value,
    live: Option<String>,
    out: &mut String,
) {
    let _ = writeln!(out, "{name} = {}", json(&point.value));
    let _ = writeln!(out, "  from {} in {}{}", point.source, point.layer, by(source, loaded, &point.source));
    for layer in &point.overrides {
        let _ = writeln!(out, "  over {} = {} in {}", layer.source, json(&layer.value), layer.layer);
    }
    if let Some(live) = live {
        let _ = writeln!(out, "  live {live}");
    }
}

/// Who wrote a line, where Git tells.
fn by(source: &Source, loaded: &Loaded, place: &crate::model::Source) -> String {
    let (Some(repo), Some(commit)) = (source.repo(), &loaded.desired.origin.commit) else {
        return String::new();
    };
    match repo.blame(commit, &place.file, place.line) {
        Ok(blame) => {
            format!(" ← {} {} ({})", blame.commit.id.short(), blame.commit.author, blame.commit.time)
        }
        Err(error) => {
            tracing::debug!(%error, "no blame");
            String::new()
        }
    }
}

fn explain_loop(
    cx: &Context,
    source: &Source,
    loaded: &Loaded,
    name: &str,
    out: &mut String,
) -> Result<(), Fail> {
    let known = crate::loops::by_name(name).ok_or_else(|| crate::cli::session::unknown_loop(name))?;
    let _ = writeln!(out, "loop/{name}: {}", known.about());
    match loaded.desired.loops.get(name) {
        None => {
            let _ = writeln!(out, "  on, with its defaults; config doesn't mention it");
        }
        Some(config) => {
            let state = if config.enabled { "on" } else { "off" };
            let _ = writeln!(out, "  {state}, from {}{}", config.source, by(source, loaded, &config.source));
        }
    }
    let state = cx.state(source, &loaded.desired)?;
    if let Some(switch) = cx.switches(&state, &loaded.desired)?.loops.get(name) {
        let _ = writeln!(out, "  switched off by {}: {}", switch.by, switch.reason);
    }
    Ok(())
}

/// Since when it is as it is: the last change that the ledger knows.
fn since(
    cx: &Context,
    source: &Source,
    loaded: &Loaded,
    address: &Address,
    out: &mut String,
) -> Result<(), Fail> {
    let state = cx.state(source, &loaded.desired)?;
    let Ok(glob) = AddressGlob::parse(address.as_str()) else { return Ok(()) };
    let mut events = ledger::history(&state.ledger(), Some(glob), None)?;
    if let Some(event) = events.next() {
        let _ = write!(out, "last change: {}", crate::cli::ledger::line(&event?));
    }
    Ok(())
}
