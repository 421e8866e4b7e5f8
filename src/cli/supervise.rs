//! `factoryctl supervise`: the process that attends the agent of one run. It is started by the factory, and is told on its
//! standard input what may not be written down.

use std::io::{self, Read as _};
use std::path::PathBuf;

use crate::adapters::clock::Clock;
use crate::runs::{self, Handover};

use super::exit::{Exit, Fail};
use super::ui::Ui;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of the run.
    dir: PathBuf,
}

/// The most bytes of what it is told.
const LIMIT: u64 = 1 << 20;

pub(crate) fn run(ui: &Ui, args: &Args) -> Result<Exit, Fail> {
    let failed = || Fail::new(Exit::Error, "the run can't be supervised");
    let handover = handover().map_err(|error| failed().because(error))?;
    let ready = || drop(ui.print("ready\n"));
    runs::supervise(&args.dir, handover, &Clock::system(), ready).map_err(|error| failed().because(error))?;
    Ok(Exit::Done)
}

/// What this process is told on its standard input.
pub(super) fn handover() -> io::Result<Handover> {
    let mut told = String::new();
    io::stdin().take(LIMIT).read_to_string(&mut told)?;
    Ok(serde_json::from_str(&told)?)
}
