//! `factoryctl init`: a commented config to start from.

use crate::adapters::fs;
use crate::desired;
use crate::language::adr::{self, Adrs};
use crate::language::terms::{Confidence, Provenance, Term};
use crate::language::ulid::Ulid;
use crate::loops;
use crate::model::RepoName;

use super::context::Context;
use super::exit::{Exit, Fail};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The account whose repositories will be managed.
    #[arg(long, value_name = "OWNER", default_value = "acme")]
    owner: String,
    /// Write it here.
    #[arg(value_name = "DIR", default_value = ".")]
    dir: std::path::PathBuf,
}

pub(crate) fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    check_owner(&args.owner)?;
    let root = cx.env.cwd().join(&args.dir);
    let files = files(cx, &args.owner);
    let there: Vec<&str> =
        files.iter().map(|(path, _)| path.as_str()).filter(|path| fs::exists(&root.join(path))).collect();
    if !there.is_empty() {
        return Err(Fail::new(
            Exit::Error,
            format!("{} is there already; nothing was written", there.join(", ")),
        )
        .help("init starts in a folder without a config; `factoryctl import` writes one for what exists"));
    }
    for (path, text) in &files {
        let file = root.join(path);
        if let Some(dir) = file.parent() {
            fs::make_dirs(dir)?;
        }
        fs::replace_shared(&file, text.as_bytes())?;
        cx.ui.print(&format!("wrote {path}\n"))?;
    }
    cx.ui.print("next: declare your repositories, `git init`, commit, then `factoryctl plan`\n")?;
    Ok(Exit::Done)
}

/// Paths and texts of a new factory: its config, a first term, and the page of its decisions. Where `language` is declared they are as
/// its rules ask.
pub(super) fn files(cx: &Context, owner: &str) -> Vec<(String, String)> {
    let now = cx.clock.now().round(jiff::Unit::Second).unwrap_or_else(|_| cx.clock.now());
    let term = Term {
        id: Ulid::derived(now, &["init", owner]),
        name: "Factory".to_owned(),
        kind: "entity".to_owned(),
        bounded_context: "shared-kernel".to_owned(),
        code_anchor: None,
        aliases: Vec::new(),
        related: Vec::new(),
        evidence: Vec::new(),
        superseded_by: None,
        superseded_reason: None,
        confidence: Confidence::Proposed,
        created_at: Some(now),
        updated_at: Some(now),
        provenance: Provenance::default(),
        other: Vec::new(),
        definition: "The repositories, rules and loops that this config describes, and the process that keeps them so."
            .to_owned(),
        invariants: vec!["What is not declared is not touched.".to_owned()],
    };
    let decisions = adr::kept(None, &Adrs::default()).expect("a page that isn't there is made");
    let mut files = desired::init(owner, &loops::vocabulary(cx.today()));
    files.push(("wiki/terms/factory.md".to_owned(), term.written()));
    files.push(("adr/README.md".to_owned(), decisions));
    files
}

/// Refuses an owner that no account can have: the config that names it would not be valid.
fn check_owner(owner: &str) -> Result<(), Fail> {
    // An account's name is good when a repository of it has a good one.
    if !owner.contains('/') && RepoName::parse(&format!("{owner}/x")).is_ok() {
        return Ok(());
    }
    Err(Fail::new(Exit::Usage, format!("`{owner}` is not the name of an account on GitHub; nothing was written"))
        .help(
            "name the user or organisation as its page on GitHub does, without `https://` and `/`: letters, digits \
             and hyphens, at most 39, e.g. --owner acme",
        ))
}
