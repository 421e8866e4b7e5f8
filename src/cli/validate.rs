//! `factoryctl validate`: every problem in every file, offline.

use serde_json::json;

use crate::desired;
use crate::engine;

use super::context::Context;
use super::exit::{Exit, Fail};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print the problems as JSON, with ranges.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let source = cx.source().await?;
    if !args.json {
        let loaded = cx.load(&source, cx.at())?;
        let desired = &loaded.desired;
        let files = loaded.files.files.len();
        let (repos, loops) = (desired.repos.len(), crate::loops::ALL.len());
        cx.ui.print(&format!(
            "valid: {files} {}, {repos} {}, {loops} loops\n",
            if files == 1 { "file" } else { "files" },
            if repos == 1 { "repository" } else { "repositories" },
        ))?;
        return Ok(Exit::Done);
    }
    let (files, problems, exit) = match engine::load(source.read(cx.at())?, cx.today()) {
        Ok(loaded) => (loaded.files, loaded.warnings, Exit::Done),
        Err(invalid) => (invalid.files, invalid.problems, Exit::Invalid),
    };
    let json = json!({ "version": 1, "valid": exit == Exit::Done, "diagnostics": desired::to_json(&problems, &files) });
    cx.ui.print_json(&json)?;
    Ok(exit)
}
