//! `factoryctl term import`: makes term files of a glossary.

use std::path::PathBuf;

use crate::adapters::fs;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Fail};
use crate::cli::words::{self, Opened, Whose, write};
use crate::language::render::import::import;
use crate::language::wiki::WikiPage;
use crate::plan::render::{counted, printable};

/// The most bytes of a glossary.
const MOST: u64 = 16 << 20;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The glossary: Markdown as `term render` writes it, or what a browser copies of it.
    glossary: PathBuf,
    /// The moment that the terms get as theirs, and that their ids are made with: `2026-11-01T00:00:00Z`. The same
    /// glossary and moment give the same files.
    #[arg(long, value_name = "MOMENT")]
    dated: Option<jiff::Timestamp>,
}

pub(super) async fn run(cx: &Context, whose: &Whose, args: &Args) -> Result<Exit, Fail> {
    let opened = Opened::to_write(cx, whose).await?;
    let (root, language) = (opened.root(cx)?, opened.language()?);
    let path = cx.env.cwd().join(&args.glossary);
    let text = words::text(&path.display().to_string(), fs::read(&path, MOST)?)?;
    let imported = import(&text, args.dated.unwrap_or_else(|| cx.clock.now())).map_err(|errors| {
        let mut fail = Fail::new(
            Exit::Invalid,
            format!(
                "{} has {}; nothing was written",
                path.display(),
                counted(errors.len(), "problem", "problems")
            ),
        );
        let told = |it: &crate::language::render::import::Error| {
            format!("{}:{}: {}\n  help: {}\n", args.glossary.display(), it.line, it.message, it.help)
        };
        fail.rendered = Some(errors.iter().map(told).collect());
        fail
    })?;
    let named = imported.file_names();
    let pages: Vec<WikiPage> = imported
        .terms
        .iter()
        .zip(&named)
        .map(|(term, name)| WikiPage { path: format!("{}/{name}", language.terms), text: term.written() })
        .collect();
    let in_the_way: Vec<&str> =
        pages.iter().map(|page| page.path.as_str()).filter(|path| opened.tree().has(path)).collect();
    if let Some(first) = in_the_way.first() {
        let message = format!(
            "{} there already, the first is {first}; nothing was written",
            if in_the_way.len() == 1 {
                "1 of its files is".to_owned()
            } else {
                format!("{} of its files are", in_the_way.len())
            }
        );
        return Err(
            Fail::new(Exit::Error, message).help("move them away, or import into another `terms` folder")
        );
    }
    for page in &pages {
        write(&root, page)?;
    }
    if let Some(path) = language.glossary.as_ref().filter(|path| !opened.tree().has(path)) {
        let terms = imported.terms.iter();
        let text = crate::language::render::glossary::render(terms, &imported.head);
        write(&root, &WikiPage { path: path.clone(), text })?;
    }
    let says = counted(pages.len(), "term", "terms");
    cx.ui.print(&format!("imported {says} into {}\n", language.terms))?;
    for it in &imported.repeated {
        let (name, line, first) = (printable(&it.name), it.line, it.first);
        cx.ui.say(&format!(
            "line {line}: `{name}` is there since line {first}; each became a file, keep one of them"
        ));
    }
    Ok(Exit::Done)
}
