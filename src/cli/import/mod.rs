//! `factoryctl import`: config for what exists on GitHub. It writes files only, and only those of which it has
//! seen that they load and that a plan on them is empty.

mod target;
mod verify;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::adapters::fs;
use crate::adapters::github::{Auth, Client, Patience};
use crate::desired::import::{self, Imported};
use crate::model::{Cause, Facet, Facets, Gap, Observed, RepoName, RepoState, Seen};
use crate::observed::{self, Request, Wanted};
use crate::plan::render::counted;

use super::context::Context;
use super::exit::{Exit, Fail};
use super::next;
use target::Target;

/// GitHub's own API.
const API: &str = "https://api.github.com";
/// How many of the things that could not be read are named.
const NAMED: usize = 10;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Accounts, all of whose repositories are taken, and single repositories
    #[arg(value_name = "OWNER[/REPO]", required = true)]
    what: Vec<String>,
    /// Write it here
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let targets = args.what.iter().map(|text| Target::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let root = cx.env.cwd().join(&args.output);
    // The one file that is written in any case: to find it only after the reading would waste the reading.
    refuse_existing(&root, ["factory.kdl"], args.force)?;
    let api = cx.global.api.as_deref().unwrap_or(API);
    let observed = read(cx, api, &targets).await?;
    let repos = known(&observed);
    let factory = targets.first().map_or("factory", Target::owner);
    let imported = import::config(factory, Some(api), &repos);
    refuse_existing(&root, imported.files.iter().map(|(path, _)| path.as_str()), args.force)?;
    verify::check(cx, &root, &imported, &observed)?;
    write(&root, &imported)?;
    cx.ui.print(&report(&imported, &observed))?;
    Ok(Exit::Done)
}

fn refuse_existing<'p>(
    root: &Path,
    paths: impl IntoIterator<Item = &'p str>,
    force: bool,
) -> Result<(), Fail> {
    let there: Vec<&str> = paths.into_iter().filter(|path| !force && fs::exists(&root.join(path))).collect();
    if there.is_empty() {
        return Ok(());
    }
    let verb = if there.len() == 1 { "is" } else { "are" };
    let message = format!("{} {verb} there already; nothing was written", there.join(", "));
    Err(Fail::new(Exit::Error, message).help("write elsewhere with -o DIR, or replace them with --force"))
}

fn connect(cx: &Context, api: &str) -> Result<Client, Fail> {
    let token: SecretString = cx.env.github_token().ok_or_else(|| {
        Fail::new(Exit::Auth, "there is no GitHub token")
            .help("export GITHUB_TOKEN=… (or FACTORY_GITHUB_TOKEN)")
    })?;
    cx.client_with(api, Auth::Token(token), Patience::Foreground, None, None)
}

/// Reads all of what is asked for, or fails: of half an account no config is written.
async fn read(cx: &Context, api: &str, targets: &[Target]) -> Result<Observed, Fail> {
    let client = connect(cx, api)?;
    let mut names: Vec<(RepoName, bool)> = Vec::new();
    for target in targets {
        match target {
            Target::Repo(name) => names.push((name.clone(), false)),
            Target::Owner(owner) => {
                let all = observed::owned(&client, owner).await.map_err(|gap| incomplete(&[gap]))?;
                let all = all.ok_or_else(|| no_account(owner))?;
                if all.is_empty() && !client.sees_private() {
                    let message = format!("{owner} has no repositories that this credential sees");
                    return Err(Fail::new(Exit::Auth, message).help("give the token the scope `repo`"));
                }
                if all.is_empty() {
                    return Err(Fail::new(
                        Exit::Error,
                        format!("{owner} has no repositories that this credential sees"),
                    )
                    .help("check the name; `factoryctl doctor` says what the token may do"));
                }
                names.extend(all.into_iter().map(|repo| (repo.name, repo.archived)));
            }
        }
    }
    if !client.sees_private() {
        cx.ui.say("the token has no scope `repo`: what is private isn't seen, and is left out");
    }
    names.sort();
    names.dedup_by(|a, b| a.0 == b.0);
    cx.ui.say(&format!("reading {}", counted(names.len(), "repository", "repositories")));
    let request = Request {
        repos: names.iter().map(|(name, archived)| Wanted { name, archived: *archived }).collect(),
        owners: Vec::new(),
        own: None,
        facets: Facets::of(Facet::Settings).and(Facets::of(Facet::Labels)),
    };
    let observed = observed::observe(&client, &cx.clock, &request).await;
    if !observed.complete() {
        return Err(incomplete(&observed.gaps));
    }
    let absent = observed.repos.iter().find(|(_, seen)| !matches!(seen, Seen::Known(_)));
    if let Some((name, _)) = absent {
        let message = format!("{name} isn't on GitHub, or this credential can't see it; nothing was written");
        let help = "check the name; a private repository needs a token with the scope `repo`";
        return Err(Fail::new(Exit::Error, message).help(help));
    }
    Ok(under_present_names(observed))
}

/// An account may be out of sight: one of an Enterprise server, or one whose members alone see it.
fn no_account(owner: &str) -> Fail {
    let message =
        format!("the account {owner} isn't on GitHub, or this credential can't see it; nothing was written");
    Fail::new(Exit::Error, message).help(
        "check how its page on GitHub spells it, and that the token belongs to somebody who sees it: \
         `factoryctl doctor` says to whom; an Enterprise server is named by --api",
    )
}

/// What was asked for by a former name is known by its present one.
fn under_present_names(mut observed: Observed) -> Observed {
    let repos = std::mem::take(&mut observed.repos);
    observed.repos = repos
        .into_values()
        .filter_map(|seen| match seen {
            Seen::Known(state) => Some((state.name.clone(), Seen::Known(state))),
            Seen::Absent | Seen::Unknown => None,
        })
        .collect();
    observed
}

fn incomplete(gaps: &[Gap]) -> Fail {
    let exit = gaps.iter().fold(Exit::Done, |exit, gap| exit.and(Exit::of(gap.cause)));
    let decides = gaps.iter().map(|gap| gap.cause).find(|cause| Exit::of(*cause) == exit);
    let mut fail = Fail::new(exit, "not everything could be read; nothing was written")
        .help(next::reading(decides.unwrap_or(Cause::Other)));
    fail.causes = gaps
        .iter()
        .take(NAMED)
        .map(|gap| match &gap.repo {
            Some(repo) => format!("{} of {repo}: {}", gap.facet, gap.why),
            None => gap.why.clone(),
        })
        .collect();
    if gaps.len() > NAMED {
        fail.causes.push(format!("{} more", gaps.len() - NAMED));
    }
    fail
}

fn known(observed: &Observed) -> BTreeMap<RepoName, RepoState> {
    let known = observed.repos.iter().filter_map(|(name, seen)| Some((name.clone(), seen.known()?.clone())));
    known.collect()
}

fn write(root: &Path, imported: &Imported) -> Result<(), Fail> {
    for (path, text) in &imported.files {
        let file = root.join(path);
        if let Some(dir) = file.parent() {
            fs::make_dirs(dir)?;
        }
        fs::replace_shared(&file, text.as_bytes())?;
    }
    Ok(())
}

/// What was written, what was left out, and the next step.
fn report(imported: &Imported, observed: &Observed) -> String {
    let mut out = String::new();
    for (path, text) in &imported.files {
        let _ = writeln!(out, "wrote {path} ({})", counted(text.lines().count(), "line", "lines"));
    }
    let states = || observed.repos.values().filter_map(Seen::known);
    let archived = states().filter(|state| state.archived).count();
    let labels: usize =
        states().filter(|s| !s.archived).filter_map(|s| s.labels.known()).map(BTreeMap::len).sum();
    let _ = writeln!(
        out,
        "{}, {archived} of them archived, and {}",
        counted(states().count(), "repository", "repositories"),
        counted(labels, "label", "labels")
    );
    if !imported.left_out.is_empty() {
        let _ = writeln!(out, "\nleft out, and so neither fixed nor touched:");
        for left in &imported.left_out {
            let _ = writeln!(out, "  {left}");
        }
        out.push('\n');
    }
    out.push_str("next: read it, `git init` where this is no Git repository yet, commit it, and `factoryctl plan` shows nothing to do\n");
    out
}

#[cfg(test)]
mod law;
#[cfg(test)]
mod tests;
