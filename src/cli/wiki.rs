//! `factoryctl wiki`: what a project has learnt, as entries that prompts are given excerpts of.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::adapters::chance;
use crate::adapters::fs;
use crate::engine::language::Words;
use crate::language::ulid::Ulid;
use crate::language::wiki::{
    self, Ask, CodeRef, Confidence, Cx, Entry, Incoming, Outcome, Source, SourceKind, Unfit, WikiPage, World,
};
use crate::model::RepoName;
use crate::plan::render::printable;

use super::context::Context;
use super::exit::{Exit, Fail};
use super::words::{self, Opened, Whose, write};

/// The most bytes of what is ingested, or of a log.
const MOST: u64 = 16 << 20;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    whose: Whose,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// All entries, and which of them hold
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// The entries that fit words and paths, within a budget, as a prompt is given them
    Query {
        /// Words of which an entry has at least one.
        words: Vec<String>,
        /// Files or folders that the work is about.
        #[arg(long = "path", value_name = "PATH")]
        paths: Vec<String>,
        /// Only entries of these topics.
        #[arg(long = "topic", value_name = "TOPIC")]
        topics: Vec<String>,
        /// The most characters; no entry is cut.
        #[arg(long, default_value_t = 15_000)]
        budget: usize,
    },
    /// Take in what was learnt: as an entry, or as one more source of one that says it already
    Ingest(Box<Ingest>),
    /// Write index.md, the page of all topics and entries
    Index {
        /// Change nothing; exit 2 when it is not as it would be written.
        #[arg(long)]
        check: bool,
    },
    /// What was done to the wiki, oldest first
    Log {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Ingest {
    /// What it says, as Markdown; `-` reads standard input.
    file: PathBuf,
    /// The same in a line.
    #[arg(long)]
    title: String,
    /// Its topic; found by its words unless given.
    #[arg(long)]
    topic: Option<String>,
    /// What it was learnt from: plan, implement, review, hitl, reflection, librarian, manual, compiled.
    #[arg(long, default_value = "manual", value_parser = source)]
    source: SourceKind,
    /// The repository that it was learnt in: `owner/name`.
    #[arg(long)]
    repo: RepoName,
    /// The issue.
    #[arg(long)]
    issue: Option<u64>,
    /// The pull request.
    #[arg(long)]
    pull: Option<u64>,
    /// How long it holds: `30d`, `6mo`, `1y`.
    #[arg(long)]
    valid_for: Option<String>,
    /// How sure it is: low, medium, high.
    #[arg(long, default_value = "medium", value_parser = confidence)]
    confidence: Confidence,
    /// A place in the code that it is about: a file, or `path:Symbol`.
    #[arg(long = "code", value_name = "REF")]
    code: Vec<CodeRef>,
    /// An entry whose place it takes.
    #[arg(long = "supersedes", value_name = "ID")]
    supersedes: Vec<Ulid>,
    /// The pull request that mended what it warns of.
    #[arg(long)]
    fixed_in: Option<u64>,
}

fn source(word: &str) -> Result<SourceKind, String> {
    let known = SourceKind::ALL.into_iter().find(|kind| kind.name() == word);
    known.ok_or_else(|| format!("one of {}", SourceKind::ALL.map(SourceKind::name).join(", ")))
}

fn confidence(word: &str) -> Result<Confidence, String> {
    let known = Confidence::ALL.into_iter().find(|one| one.name() == word);
    known.ok_or_else(|| format!("one of {}", Confidence::ALL.map(Confidence::name).join(", ")))
}

pub(crate) async fn run(cx: &Context, args: &Args) -> Result<Exit, Fail> {
    let opened = match &args.what {
        What::Ingest(_) | What::Index { check: false } => Opened::to_write(cx, &args.whose).await?,
        What::List { .. } | What::Query { .. } | What::Index { check: true } | What::Log { .. } => {
            Opened::of(cx, &args.whose).await?
        }
    };
    let words = match &args.what {
        What::List { .. } | What::Query { .. } => opened.words_with_history(cx)?,
        What::Ingest(_) | What::Index { .. } | What::Log { .. } => opened.words()?,
    };
    match &args.what {
        What::List { json } => list(cx, &opened, &words, *json).await,
        What::Query { words: keywords, paths, topics, budget } => {
            let known = words.topics();
            let is_there = |topic: &String| words.entries.iter().any(|entry| entry.facts().topic == *topic);
            if let Some(unknown) = topics.iter().find(|topic| !known.has(topic) && !is_there(topic)) {
                let names: Vec<String> = known.topics.iter().map(|it| format!("`{}`", it.name)).collect();
                return Err(Fail::new(Exit::Usage, format!("there is no topic `{unknown}`"))
                    .help(format!("the topics are {}", names.join(", "))));
            }
            let paths: Vec<String> = paths.iter().map(|path| from_root(path)).collect();
            let ask = Ask { topics, keywords, paths: &paths, budget: *budget };
            let code = opened.code(cx, &words).await?;
            let world = World { now: cx.clock.now(), code: &code, reverted: &words.reverted };
            let excerpt = wiki::query(&words.entries, &ask, &world);
            let shown: Vec<String> = excerpt.text.lines().map(printable).collect();
            if !shown.is_empty() {
                cx.ui.print(&format!("{}\n", shown.join("\n")))?;
            }
            if excerpt.left_out > 0 {
                cx.ui.say(&format!("{} more fit, and are beyond the budget", excerpt.left_out));
            }
            Ok(Exit::Done)
        }
        What::Ingest(args) => ingest(cx, &opened, &words, args),
        What::Index { check } => {
            if let Some(lost) = words.lost_entries().first() {
                return Err(words::lost(lost, "an entry"));
            }
            let page = WikiPage { path: words.index_path(), text: wiki::index(&words.entries) };
            words::keep(cx, &opened, &[page], *check)
        }
        What::Log { json } => log(cx, &opened, &words, *json),
    }
}

/// A path as entries have it: from the root, without what leads nowhere.
fn from_root(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}

async fn list(cx: &Context, opened: &Opened, words: &Words, as_json: bool) -> Result<Exit, Fail> {
    let code = opened.code(cx, words).await?;
    let world = World { now: cx.clock.now(), code: &code, reverted: &words.reverted };
    let mut out = String::new();
    let mut all: Vec<Value> = Vec::new();
    for lost in words.lost_entries() {
        cx.ui.say(&format!("{lost} can't be read as an entry: `factoryctl term lint` says why"));
    }
    for entry in &words.entries {
        let (facts, verdict) = (entry.facts(), wiki::verdict(entry, &world));
        let reasons: Vec<String> = verdict.reasons.iter().map(ToString::to_string).collect();
        if as_json {
            all.push(json!({
                "id": facts.id.to_string(),
                "title": facts.title,
                "topic": facts.topic,
                "holds": verdict.is_current(),
                "reasons": reasons,
                "doubts": verdict.doubts,
                "corroborations": facts.corroborations,
                "file": format!("{}/{}", words.language.wiki, entry.path()),
            }));
            continue;
        }
        let holds = if verdict.is_current() {
            "holds".to_owned()
        } else {
            format!("doesn't hold: {}", reasons.join("; "))
        };
        out.push_str(&format!(
            "{}  {}  {}  {}\n",
            facts.id,
            facts.topic,
            printable(&facts.title),
            printable(&holds)
        ));
    }
    if as_json {
        cx.ui.print_json(&json!({ "version": 1, "entries": all }))?;
    } else {
        cx.ui.print(&out)?;
    }
    Ok(Exit::Done)
}

fn ingest(cx: &Context, opened: &Opened, words: &Words, args: &Ingest) -> Result<Exit, Fail> {
    let root = opened.root(cx)?;
    let bytes = if args.file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().take(MOST).read_to_end(&mut bytes);
        read.map_err(|error| Fail::new(Exit::Error, "standard input can't be read").because(error))?;
        bytes
    } else {
        fs::read(&cx.env.cwd().join(&args.file), MOST)?
    };
    let body = String::from_utf8(bytes).map_err(|error| {
        Fail::new(Exit::Usage, "what is ingested is not UTF-8").because(error).help("save it as UTF-8")
    })?;
    let random = chance::drawn().map_err(|error| {
        Fail::new(Exit::Error, "the system gives no random bytes, so that no id can be made").because(error)
    })?;
    let incoming = Incoming {
        title: args.title.clone(),
        body,
        topic: args.topic.clone(),
        source: Source { kind: args.source, issue: args.issue, pull: args.pull, repo: args.repo.clone() },
        valid_for: args.valid_for.clone(),
        confidence: args.confidence,
        supersedes: args.supersedes.clone(),
        fixed_in_pr: args.fixed_in,
        code_refs: args.code.clone(),
    };
    opened.say_absent(cx, args.code.iter().map(CodeRef::path));
    let topics = words.topics();
    let taken = wiki::ingest(&words.entries, &incoming, &Cx { topics: &topics, now: cx.clock.now(), random });
    let taken = taken.map_err(|unfit: Unfit| Fail::new(Exit::Usage, unfit.to_string()))?;
    let folder = &words.language.wiki;
    let mut logs: BTreeMap<String, String> = BTreeMap::new();
    for operation in &taken.operations {
        let path = format!("{folder}/{}", wiki::log_path(operation.at));
        let before = match logs.remove(&path) {
            Some(text) => text,
            None => text(opened, &path)?.unwrap_or_default(),
        };
        logs.insert(path, wiki::append(&before, operation));
    }
    let entries = taken.writes.iter();
    let entries = entries.map(|it| WikiPage { path: format!("{folder}/{}", it.path), text: it.text.clone() });
    for page in entries.chain(logs.into_iter().map(|(path, text)| WikiPage { path, text })) {
        write(&root, &page)?;
    }
    let path = |id: Ulid| words.entries.iter().find(|entry| entry.facts().id == id).map(Entry::path);
    cx.ui.print(&match taken.outcome {
        Outcome::Added(id) => {
            let file = taken.writes.iter().map(|it| it.path.as_str()).find(|it| it.contains(&id.to_string()));
            format!("added {folder}/{}\n", file.unwrap_or_default())
        }
        Outcome::Corroborated(id) => {
            format!("said already, and has one more source now: {folder}/{}\n", path(id).unwrap_or_default())
        }
        Outcome::Known(id) => {
            format!("known already, from the same source: {folder}/{}\n", path(id).unwrap_or_default())
        }
        Outcome::Superseded(id) => {
            format!(
                "said before, and {folder}/{} took its place, which says something else: nothing is added; where it holds again, say \
                 so with --supersedes {id}\n",
                path(id).unwrap_or_default()
            )
        }
    })?;
    Ok(Exit::Done)
}

fn log(cx: &Context, opened: &Opened, words: &Words, as_json: bool) -> Result<Exit, Fail> {
    let folder = format!("{}/log", words.language.wiki);
    let mut operations = Vec::new();
    for path in opened
        .tree()
        .below(&folder)
        .filter(|path| Path::new(path).extension().is_some_and(|end| end == "jsonl"))
    {
        let (read, lost) = wiki::read_log(&text(opened, path)?.unwrap_or_default());
        operations.extend(read);
        for line in lost {
            cx.ui.say(&format!("{path}: {line}"));
        }
    }
    operations.sort_by_key(|it| (it.at, it.id));
    if as_json {
        let operation = |it: &wiki::Operation| {
            let entries: Vec<String> = it.entries.iter().map(ToString::to_string).collect();
            json!({ "id": it.id.to_string(), "at": it.at.to_string(), "op": it.op.name(), "entries": entries, "reason": it.reason })
        };
        let all: Vec<Value> = operations.iter().map(operation).collect();
        cx.ui.print_json(&json!({ "version": 1, "operations": all }))?;
        return Ok(Exit::Done);
    }
    let line = |it: &wiki::Operation| {
        let entries: Vec<String> = it.entries.iter().map(ToString::to_string).collect();
        format!("{:.0}  {:11}  {}  {}\n", it.at, it.op.name(), entries.join(", "), printable(&it.reason))
    };
    cx.ui.print(&operations.iter().map(line).collect::<String>())?;
    Ok(Exit::Done)
}

/// The text of a file of the repository; `None` where it isn't there.
fn text(opened: &Opened, path: &str) -> Result<Option<String>, Fail> {
    let bytes = opened.tree().has(path).then(|| opened.tree().read(path, MOST)).transpose()?;
    bytes.map(|bytes| words::text(path, bytes)).transpose()
}
