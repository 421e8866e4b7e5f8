//! `factoryctl twin agent`: an agent of kind `command` for demos, tests and benchmarks.

use clap::builder::PossibleValue;

use crate::cli::exit::{Exit, Fail};
use crate::cli::ui::Ui;
use crate::twin::agent::{Script, Slip, play};

/// In paths and texts, {issue} and {title} stand for those of the issue.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write this file and commit it. Default: work/issue-{issue}.md, with the title.
    #[arg(long, value_name = "PATH=TEXT", value_parser = file)]
    writes: Vec<(String, String)>,
    /// The same, but only once it was told that something is amiss.
    #[arg(long, value_name = "PATH=TEXT", value_parser = file)]
    forgets: Vec<(String, String)>,
    /// Judging whether all that was asked for is there: miss this file as long as it isn't.
    #[arg(long, value_name = "PATH")]
    asks_for: Vec<String>,
    /// Reviewing: find it wrong that this file is missing, as long as it is.
    #[arg(long, value_name = "PATH")]
    insists_on: Vec<String>,
    /// Get this wrong the first time.
    #[arg(long, value_name = "WHAT")]
    slips: Vec<Slip>,
}

/// A path and a text, in which `\\n` ends a line.
fn file(text: &str) -> Result<(String, String), String> {
    let (path, text) = text.split_once('=').ok_or("write PATH=TEXT")?;
    Ok((path.to_owned(), format!("{}\n", text.replace("\\n", "\n"))))
}

impl clap::ValueEnum for Slip {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

/// Many of them run at once: it has no runtime, and logs nothing.
pub(crate) fn run(ui: &Ui, args: &Args) -> Result<Exit, Fail> {
    let script = Script {
        writes: args.writes.clone(),
        forgets: args.forgets.clone(),
        asks_for: args.asks_for.clone(),
        insists_on: args.insists_on.clone(),
        slips: args.slips.clone(),
    };
    let said = play(&script).map_err(|error| Fail::new(Exit::Error, "it was not done").because(error))?;
    ui.print(&format!("{said}\n"))?;
    Ok(Exit::Done)
}
