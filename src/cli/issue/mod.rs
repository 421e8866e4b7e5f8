//! `factoryctl issue`: where issues stand, and what they wait for. It starts nothing.

mod listed;
mod looked;
mod pull;
mod shown;
mod text;

use serde_json::json;

use super::context::Context;
use super::exit::{Exit, Fail};
use super::plan::{incomplete, say_unread};

pub(super) use looked::{Looked, Meant};
pub(super) use pull::Rule;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Every issue that a pipeline knows, in the order of their turns
    List {
        /// Only those of this repository.
        #[arg(long, value_name = "OWNER/NAME")]
        repo: Option<String>,
        /// Print the versioned JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Where an issue stands and why, what was tried, what it waits for, what comes next
    Show {
        /// Its number, with its repository where several have it.
        #[arg(value_name = "N|OWNER/NAME#N")]
        issue: String,
        /// Print the whole next prompt instead of what is new in it.
        #[arg(long)]
        prompt: bool,
        /// Print the versioned JSON document.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    match &args.what {
        What::List { repo, json } => list(cx, repo.as_deref(), *json).await,
        What::Show { issue, prompt, json } => {
            let (meant, json) = (Meant::parse(issue)?, *json);
            show(cx, &meant, Form { json, whole_prompt: *prompt }).await
        }
    }
}

/// How an issue is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Form {
    /// As the JSON document.
    pub(super) json: bool,
    /// With the whole next prompt.
    pub(super) whole_prompt: bool,
}

async fn list(cx: &Context, repo: Option<&str>, json: bool) -> Result<Exit, Fail> {
    let looked = Looked::at(cx).await?;
    let only = repo.map(|name| looked.repository(name)).transpose()?;
    let known = looked.in_turn();
    let known = known.iter().filter(|(view, _)| only.as_ref().is_none_or(|only| view.case.repo == *only));
    let waiting = looked.judged().document.waiting;
    let rows: Vec<listed::Listed> = known.map(|(view, at)| listed::Listed::of(view, at, &waiting)).collect();
    if json {
        cx.ui.print_json(&json!({ "version": 1, "issues": rows }))?;
    } else {
        cx.ui.print(&listed::text(&rows, looked.now))?;
        if looked.desired().pipelines.of_repo.is_empty() {
            cx.ui
                .say("no repository has a pipeline: `factoryctl explain pipeline` shows how one is declared");
        } else if rows.is_empty() && incomplete(&looked.observed) == Exit::Done {
            cx.ui
                .say("no issue is on its way: one is once it is asked for, as `intake` of its pipeline says");
        }
    }
    say_unread(cx, &looked.observed);
    Ok(incomplete(&looked.observed))
}

/// Shows an issue.
pub(super) async fn show(cx: &Context, meant: &Meant, form: Form) -> Result<Exit, Fail> {
    let looked = Looked::with(cx, Some(meant)).await?;
    let known = looked.in_turn();
    let (view, station) = looked.issue(meant, &known)?;
    let shown = shown::Shown::of(&looked, view, station, form.whole_prompt)?;
    if form.json {
        cx.ui.print_json(&json!({ "version": 1, "issue": shown }))?;
    } else {
        cx.ui.print(&shown.text(looked.now))?;
    }
    say_unread(cx, &looked.observed);
    Ok(incomplete(&looked.observed))
}
