//! `factoryctl validate`: every problem in every file, offline; of config, and of the language that it declares.

use serde_json::json;

use crate::desired;
use crate::engine;
use crate::model::language::Level;
use crate::plan::render::counted;

use super::context::Context;
use super::exit::{Exit, Fail};
use super::words::{self, Opened};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print the problems as JSON, with ranges.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let source = cx.source().await?;
    if !args.json {
        let opened = Opened::from(cx, source).await?;
        let loaded = opened.loaded();
        let desired = &loaded.desired;
        let exit = language(cx, &opened).await?;
        if exit != Exit::Done {
            return Ok(exit);
        }
        let files = loaded.files.files.len();
        let (repos, loops) = (desired.repos.len(), crate::loops::ALL.len());
        cx.ui.print(&format!(
            "valid: {files} {}, {repos} {}, {loops} loops\n",
            if files == 1 { "file" } else { "files" },
            if repos == 1 { "repository" } else { "repositories" },
        ))?;
        return Ok(Exit::Done);
    }
    let (mut files, mut problems, mut exit) = match engine::load(source.read(cx.at())?, cx.today()) {
        Ok(loaded) => (loaded.files, loaded.warnings, Exit::Done),
        Err(invalid) => (invalid.files, invalid.problems, Exit::Invalid),
    };
    if exit == Exit::Done {
        let opened = Opened::from(cx, source).await?;
        if let Some((found, texts)) = words::all(cx, &opened).await? {
            problems.extend(words::diagnostics(&found, &texts));
            files.files.extend(texts.files);
            exit = words::judged(&found);
        }
    }
    let json = json!({ "version": 1, "valid": exit == Exit::Done, "diagnostics": desired::to_json(&problems, &files) });
    cx.ui.print_json(&json)?;
    Ok(exit)
}

/// What is wrong with terms, pages and decisions, said.
async fn language(cx: &Context, opened: &Opened) -> Result<Exit, Fail> {
    let Some((found, files)) = words::all(cx, opened).await? else { return Ok(Exit::Done) };
    words::say(cx, &found, &files);
    let exit = words::judged(&found);
    if exit != Exit::Done {
        let errors = found.iter().filter(|it| it.level == Level::Error).count();
        let message = format!("the language has {}", counted(errors, "problem", "problems"));
        let help = if found.iter().any(|it| it.fix.is_some()) {
            "`factoryctl term lint --fix` mends what can be mended"
        } else {
            "each of them says what to do; `factoryctl term lint` shows them by themselves"
        };
        return Err(Fail::new(exit, message).help(help));
    }
    Ok(exit)
}
