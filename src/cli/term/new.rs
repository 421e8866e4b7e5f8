//! `factoryctl term new`: begins a term.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Fail};
use crate::cli::words::{Opened, Whose, write};
use crate::language::render::import::in_context;
use crate::language::slug;
use crate::language::terms::{Confidence, Provenance, Term};
use crate::language::ulid::Ulid;
use crate::language::wiki::WikiPage;
use crate::model::language::Anchor;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its name.
    name: String,
    /// Its kind, one of those that config declares.
    #[arg(long)]
    kind: String,
    /// Its bounded context, one of those that config declares.
    #[arg(long)]
    context: String,
    /// The code that embodies it: `path:Symbol`.
    #[arg(long)]
    anchor: Option<Anchor>,
    /// What it means, in a sentence or two.
    #[arg(long)]
    definition: String,
}

pub(super) async fn run(cx: &Context, whose: &Whose, args: &Args) -> Result<Exit, Fail> {
    let opened = Opened::to_write(cx, whose).await?;
    let (root, language) = (opened.root(cx)?, opened.language()?);
    let contexts: Vec<&str> = language.contexts.iter().map(|it| it.name.as_str()).collect();
    let kinds: Vec<&str> = language.kinds.iter().map(String::as_str).collect();
    for (what, given, known) in [("kind", &args.kind, &kinds), ("context", &args.context, &contexts)] {
        if !known.contains(&given.as_str()) {
            let help = format!("those that config declares are {}", known.join(", "));
            return Err(Fail::new(Exit::Usage, format!("there is no {what} `{given}`")).help(help));
        }
    }
    let now = cx.clock.now().round(jiff::Unit::Second).unwrap_or_else(|_| cx.clock.now());
    let term = Term {
        id: Ulid::derived(now, &[&args.context, &args.name]),
        name: args.name.trim().to_owned(),
        kind: args.kind.clone(),
        bounded_context: args.context.clone(),
        code_anchor: args.anchor.clone(),
        aliases: Vec::new(),
        related: Vec::new(),
        evidence: Vec::new(),
        superseded_by: None,
        superseded_reason: None,
        confidence: Confidence::Accepted,
        created_at: Some(now),
        updated_at: Some(now),
        provenance: Provenance::default(),
        other: Vec::new(),
        definition: args.definition.trim().to_owned(),
        invariants: Vec::new(),
    };
    let name = slug::of_name(&term.name);
    let path = format!("{}/{name}.md", language.terms);
    // Another context may mean something else by it.
    let there = opened.words()?.terms.into_iter().filter_map(|read| read.file).find(|file| file.path == path);
    let path = match there {
        Some(file) if file.term.bounded_context != args.context => {
            format!("{}/{}.md", language.terms, in_context(&args.context, &name))
        }
        Some(_) | None => path,
    };
    let page = WikiPage { path, text: term.written() };
    let read = crate::language::terms::read::read(&page.path, &page.text);
    if let Some(error) = read.errors.first() {
        return Err(Fail::new(Exit::Usage, error.message.clone()).help(error.help.clone()));
    }
    if opened.tree().has(&page.path) {
        let message = format!("{} is there already", page.path);
        return Err(Fail::new(Exit::Usage, message).help("change that one, or find another name"));
    }
    opened.say_absent(cx, args.anchor.iter().map(Anchor::path));
    write(&root, &page)?;
    cx.ui.print(&format!("wrote {}\n", page.path))?;
    Ok(Exit::Done)
}
