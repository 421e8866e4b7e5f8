//! `factoryctl adr`: the decisions of a project, as files that its code is held to.

use serde_json::{Value, json};

use crate::adapters::github::Patience;
use crate::engine::language::{Symbols, Words};
use crate::language::adr::{self, Adrs, Name, Number, Record};
use crate::language::wiki::WikiPage;
use crate::model::language::Level;
use crate::observed;
use crate::plan::render::printable;

use super::context::Context;
use super::exit::{Exit, Fail};
use super::words::{self, Opened, Whose, write};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    whose: Whose,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// All decisions, by number
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// What was decided, where that stands, what it cites and who refers to it
    Show {
        /// Its number: `7`, `0007` or `ADR-0007`.
        number: String,
    },
    /// Check the decisions; all problems at once
    Lint {
        /// Mend what can be mended.
        #[arg(long)]
        fix: bool,
        /// List the rules instead, with their levels.
        #[arg(long, conflicts_with = "fix")]
        rules: bool,
        /// Ask GitHub as well which numbers open pull requests take.
        #[arg(long, conflicts_with = "rules")]
        open_pulls: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Begin a decision, under the next number
    New {
        /// The decision in one line.
        title: String,
    },
    /// Write the table of all decisions into the README.md of their folder
    Index {
        /// Change nothing; exit 2 when it is not as it would be written.
        #[arg(long)]
        check: bool,
    },
}

/// Where the table of decisions is kept, in their folder.
const INDEX: &str = "README.md";
/// The most bytes of that page.
const MOST: u64 = 1 << 20;

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    if let What::Lint { rules: true, json, .. } = &args.what {
        return words::rules(cx, &described(), *json);
    }
    let mut opened = match &args.what {
        What::New { .. } | What::Lint { fix: true, .. } | What::Index { check: false } => {
            Opened::to_write(cx, &args.whose).await?
        }
        What::List { .. } | What::Show { .. } | What::Lint { .. } | What::Index { .. } => {
            Opened::of(cx, &args.whose).await?
        }
    };
    match &args.what {
        What::List { json } => {
            let words = opened.words()?;
            for path in words.lost_decisions().keys() {
                let path = printable(path);
                cx.ui.say(&format!(
                    "warning: `{path}` is left out, as it can't be read; see `factoryctl adr lint`"
                ));
            }
            list(cx, &words.adrs, *json)
        }
        What::Show { number } => {
            let words = opened.words()?;
            let record = find(&words.adrs, number)?;
            let told = adr::show(record, &words.adrs, &opened.code(cx, &words).await?);
            let lines: Vec<String> = told.lines().map(printable).collect();
            cx.ui.print(&format!("{}\n", lines.join("\n")))?;
            Ok(Exit::Done)
        }
        What::Lint { fix, rules: _, json, open_pulls } => {
            let open = if *open_pulls {
                let none = || {
                    Fail::new(Exit::Usage, "it isn't known which repository on GitHub this is")
                        .help("say so with `factory { config \"OWNER/NAME\"; }`, or leave --open-pulls away")
                };
                taken(cx, &opened, &opened.language()?.adr).await?.ok_or_else(none)?
            } else {
                Vec::new()
            };
            let of_decisions = |words: &Words, code: &Symbols| {
                let mut found = words.lint(code, &open);
                let rules: Vec<&str> = described().iter().map(|(name, _, _)| *name).collect();
                let folder = format!("{}/", words.language.adr);
                found.retain(|it| rules.contains(&it.rule) || it.path.starts_with(&folder));
                found
            };
            words::lint(cx, &mut opened, &of_decisions, *fix, *json).await
        }
        What::New { title } => begin(cx, &opened, title).await,
        What::Index { check } => {
            let folder = &opened.language()?.adr;
            let path = format!("{folder}/{INDEX}");
            let is = opened.tree().has(&path).then(|| opened.tree().read(&path, MOST)).transpose()?;
            let is = is.map(|bytes| words::text(&path, bytes)).transpose()?;
            let words = opened.words()?;
            if let Some(lost) = words.lost_decisions().keys().next() {
                return Err(words::lost(lost, "a decision"));
            }
            let text = adr::kept(is.as_deref(), &words.adrs)
                .map_err(|error| Fail::new(Exit::Invalid, format!("{path} can't be kept")).because(error))?;
            words::keep(cx, &opened, &[WikiPage { path, text }], *check)
        }
    }
}

fn list(cx: &Context, adrs: &Adrs, as_json: bool) -> Result<Exit, Fail> {
    let status = |record: &Record| record.status().map_or("unknown", adr::Status::name);
    if as_json {
        let decision = |record: &Record| {
            json!({
                "number": record.number().get(),
                "title": record.title_text(),
                "status": status(record),
                "date": record.value(Name::Date),
                "enforcement": record.enforcement().map(adr::Enforcement::name),
                "file": record.path(),
            })
        };
        let all: Vec<Value> = adrs.records.iter().map(decision).collect();
        cx.ui.print_json(&json!({ "version": 1, "decisions": all }))?;
        return Ok(Exit::Done);
    }
    let mut out = String::new();
    for record in &adrs.records {
        let (number, title) = (record.number(), printable(record.title_text()));
        out.push_str(&format!("{number}  {:10}  {title}\n", status(record)));
    }
    cx.ui.print(&out)?;
    Ok(Exit::Done)
}

async fn begin(cx: &Context, opened: &Opened, title: &str) -> Result<Exit, Fail> {
    let (root, words) = (opened.root(cx)?, opened.words()?);
    let read = words.adrs.records.iter().map(Record::number);
    let here = read.chain(words.lost_decisions().into_values()).collect();
    let refused = |error: adr::Undraftable| Fail::new(Exit::Usage, error.to_string());
    let open = taken(cx, opened, &words.language.adr).await.unwrap_or_else(|fail| {
        // Who is offline may write down a decision all the same.
        let why = std::iter::once(fail.message).chain(fail.causes).collect::<Vec<_>>().join(": ");
        cx.ui.say(&format!("warning: which numbers open pull requests take is not known: {why}"));
        None
    });
    let open = open.unwrap_or_default();
    let number = adr::next_number(&here, &open).map_err(refused)?;
    let draft = adr::draft(&words.language.adr, number, title, cx.today()).map_err(refused)?;
    write(&root, &WikiPage { path: draft.path.clone(), text: draft.text })?;
    cx.ui.print(&format!("wrote {}\n", draft.path))?;
    Ok(Exit::Done)
}

/// The numbers that open pull requests take; none where the repository isn't on GitHub.
async fn taken(cx: &Context, opened: &Opened, folder: &str) -> Result<Option<Vec<adr::Taken>>, Fail> {
    let desired = &opened.loaded().desired;
    let client = cx.clients(desired, Patience::Foreground, None)?.author;
    let repo = opened.repo().or_else(|| desired.own_repo(client.base()));
    let Some(repo) = repo else { return Ok(None) };
    let added = observed::added_by_pulls(&client, repo).await?;
    let of = |(pull, paths): &(u64, Vec<String>)| {
        paths.iter().filter_map(|path| adr::Taken::of(folder, path, *pull)).collect::<Vec<_>>()
    };
    Ok(Some(added.iter().flat_map(of).collect()))
}

/// The rules about decisions.
fn described() -> Vec<(&'static str, Level, &'static str)> {
    adr::RULES.iter().map(|rule| (rule.name, rule.level, rule.doc)).collect()
}

/// The decision that somebody means.
fn find<'a>(adrs: &'a Adrs, meant: &str) -> Result<&'a Record, Fail> {
    let digits = meant.trim().to_lowercase();
    let number = digits.trim_start_matches("adr-").parse().ok().and_then(Number::new);
    let found: Vec<&Record> = adrs.records.iter().filter(|record| Some(record.number()) == number).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Fail::new(Exit::Usage, format!("there is no decision `{meant}`"))
            .help("`factoryctl adr list` shows all; name one by its number")),
        several => {
            let files: Vec<&str> = several.iter().map(|record| record.path()).collect();
            let message = format!("`{meant}` are several decisions: {}", files.join(", "));
            Err(Fail::new(Exit::Usage, message)
                .help("give each a number of its own, as `factoryctl adr lint` asks"))
        }
    }
}
