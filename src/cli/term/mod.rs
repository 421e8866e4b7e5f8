//! `factoryctl term`: the ubiquitous language of a project, as files that its code is held to.

mod graph;
mod import;
mod list;
mod new;
mod show;

use crate::language::described;
use crate::language::suggest::closest;
use crate::language::terms::{Listing, TermFile};

use super::context::Context;
use super::exit::{Exit, Fail};
use super::words::{self, Opened, Whose};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    whose: Whose,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// All terms, sorted by name
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// What a term means, its code, what it is related to, how it came to be
    Show {
        /// The term: its name, an alias, its id, or how its file is called.
        term: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check terms, pages, decisions and what is rendered from them; all problems at once
    Lint {
        /// Mend what can be mended.
        #[arg(long)]
        fix: bool,
        /// List the rules instead, with their levels.
        #[arg(long, conflicts_with = "fix")]
        rules: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write the glossary and the context map
    Render {
        /// Change nothing; exit 2 when one is not as it would be rendered.
        #[arg(long)]
        check: bool,
    },
    /// The terms and their relations as a graph
    Graph(graph::Args),
    /// Make term files of a glossary in Markdown
    Import(import::Args),
    /// Begin a term
    New(new::Args),
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let whose = &args.whose;
    match &args.what {
        What::List { json } => list::run(cx, whose, *json).await,
        What::Show { term, json } => show::run(cx, whose, term, *json).await,
        What::Lint { rules: true, json, .. } => words::rules(cx, &described(), *json),
        What::Lint { fix, rules: false, json } => {
            let mut opened =
                if *fix { Opened::to_write(cx, whose).await? } else { Opened::of(cx, whose).await? };
            words::lint(cx, &mut opened, &|words, code| words.lint(code, &[]), *fix, *json).await
        }
        What::Render { check } => {
            let opened =
                if *check { Opened::of(cx, whose).await? } else { Opened::to_write(cx, whose).await? };
            let words = opened.words()?;
            if let Some((path, _)) = words.lost_terms().first_key_value() {
                return Err(words::lost(path, "a term"));
            }
            let kept = words.kept();
            if kept.is_empty() {
                return Err(Fail::new(Exit::Usage, "config names no file to render to").help(
                    "add `glossary \"wiki/glossary.md\"` and `map \"wiki/context-map.md\"` to `language`",
                ));
            }
            words::keep(cx, &opened, &kept, *check)
        }
        What::Graph(args) => graph::run(cx, whose, args).await,
        What::Import(args) => import::run(cx, whose, args).await,
        What::New(args) => new::run(cx, whose, args).await,
    }
}

/// The term that somebody means.
fn find<'t>(listing: &Listing<'t>, meant: &str) -> Result<&'t TermFile, Fail> {
    let lower = meant.to_lowercase();
    let terms = listing.terms();
    let ways: [fn(&TermFile, &str) -> bool; 3] = [
        |file, lower| file.term.name.to_lowercase() == lower,
        |file, lower| file.term.id.to_string().to_lowercase() == lower || file.stem().to_lowercase() == lower,
        |file, lower| file.term.aliases.iter().any(|alias| alias.to_lowercase() == lower),
    ];
    for is in ways {
        let found: Vec<&&TermFile> = terms.iter().filter(|file| is(file, &lower)).collect();
        match found.as_slice() {
            [] => {}
            [one] => return Ok(one),
            several => {
                let ids: Vec<String> =
                    several.iter().map(|file| format!("{} ({})", file.term.id, file.path)).collect();
                let message = format!("`{meant}` are several terms: {}", ids.join(", "));
                return Err(Fail::new(Exit::Usage, message).help("name one by its id"));
            }
        }
    }
    let fail = Fail::new(Exit::Usage, format!("there is no term `{meant}`"));
    let near = closest(meant, terms.iter().map(|file| file.term.name.as_str()));
    Err(match near {
        Some(near) => fail.help(format!("did you mean `{near}`?")),
        None => fail.help("`factoryctl term list` shows all"),
    })
}
