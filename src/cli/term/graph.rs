//! `factoryctl term graph`: terms and their relations, for a drawing tool.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Fail};
use crate::cli::words::{Opened, Whose};
use crate::language::render::graph::{Form, around, graph};

use super::find;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only what is near this term.
    term: Option<String>,
    /// How many relations away from it, in either direction.
    #[arg(long, default_value_t = 1, requires = "term")]
    steps: usize,
    /// The language of the drawing tool.
    #[arg(long, value_enum, default_value_t = As::Mermaid)]
    r#as: As,
}

/// Languages of drawing tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum As {
    /// As GitHub draws it in Markdown.
    Mermaid,
    /// As Graphviz does: `factoryctl term graph --as dot | dot -Tsvg`.
    Dot,
}

pub(super) async fn run(cx: &Context, whose: &Whose, args: &Args) -> Result<Exit, Fail> {
    let opened = Opened::of(cx, whose).await?;
    let words = opened.words()?;
    let listing = words.listing();
    let form = match args.r#as {
        As::Mermaid => Form::Mermaid,
        As::Dot => Form::Dot,
    };
    let text = match &args.term {
        Some(meant) => {
            let near = around(listing.terms(), &find(&listing, meant)?.term.id, args.steps);
            graph(&near, form)
        }
        None => graph(listing.terms(), form),
    };
    cx.ui.print(&text)?;
    Ok(Exit::Done)
}
