//! `factoryctl check`: the process that runs the gates of a repository over what one run made. It is started by the factory,
//! and is told on its standard input what may not be written down.

use std::path::PathBuf;

use crate::runs;

use super::context::Context;
use super::exit::{Exit, Fail};
use super::supervise;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of the run.
    dir: PathBuf,
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let failed = || Fail::new(Exit::Error, "the run can't be checked");
    let handover = supervise::handover().map_err(|error| failed().because(error))?;
    let ready = || drop(cx.ui.print("ready\n"));
    runs::check(&args.dir, handover, &cx.env, ready).await.map_err(|error| failed().because(error))?;
    Ok(Exit::Done)
}
