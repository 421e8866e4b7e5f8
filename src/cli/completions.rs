//! `factoryctl completions` and `factoryctl man`: generated from the definition of the command line.

use clap_complete::Shell;

use super::context::Context;
use super::exit::{Exit, Fail};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut super::definition(), "factoryctl", &mut out);
    cx.ui.print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Done)
}

pub(crate) fn man(cx: &Context) -> Result<Exit, Fail> {
    let mut out = Vec::new();
    let rendered = clap_mangen::Man::new(super::definition()).render(&mut out);
    rendered.map_err(|error| Fail::new(Exit::Error, "the manual page can't be rendered").because(error))?;
    cx.ui.print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Done)
}
