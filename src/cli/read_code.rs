//! `factoryctl read-code`: reads source files from its standard input; started by the factory itself, in bounds of its own.

use std::io;
use std::time::Duration;

use crate::engine::language::serve;

use super::exit::{Exit, Fail};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Milliseconds that one file may take.
    #[arg(long)]
    longest_ms: u64,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Fail> {
    serve(io::stdin().lock(), io::stdout().lock(), Duration::from_millis(args.longest_ms))
        .map(|()| Exit::Done)
        .map_err(|error| Fail::new(Exit::Error, "source files can't be read").because(error))
}
