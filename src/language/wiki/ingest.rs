//! Takes something that was learnt into the wiki: as an entry of its own, or as one more source of an entry that says it.
//!
//! What is to be written comes back as data, with the records for the log.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::entry::{Entry, Facts, MOST_BYTES, one_line, path_of, written};
use super::kinds::{CodeRef, Confidence, Source, SourceKind, Standing};
use super::log::{Op, Operation};
use super::topics::{Topics, spaced};
use crate::language::ulid::Ulid;
use crate::model::credential;

/// The most bytes of the body of a new entry: half of what an entry may have, so that it can gain sources.
const MOST_BODY: usize = MOST_BYTES / 2;

/// What was learnt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// What it says, in a line.
    pub title: String,
    /// What it says.
    pub body: String,
    /// Its topic, where whoever learnt it said so.
    pub topic: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// How long it holds: `30d`, `6mo`, `1y`; nothing: without an end.
    pub valid_for: Option<String>,
    /// How sure it is.
    pub confidence: Confidence,
    /// The entries that it takes the place of.
    pub supersedes: Vec<Ulid>,
    /// The pull request that mended what it warns of.
    pub fixed_in_pr: Option<u64>,
    /// The places in the code that it is about.
    pub code_refs: Vec<CodeRef>,
}

/// What ingesting takes from outside.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    /// The topics that are declared.
    pub topics: &'a Topics,
    /// Now.
    pub now: Timestamp,
    /// Random bytes that nobody else has.
    pub random: [u8; 10],
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The file, relative to the folder of the wiki.
    pub path: String,
    /// What is in it then.
    pub text: String,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is an entry of its own.
    Added(Ulid),
    /// An entry says it, and has one more source now.
    Corroborated(Ulid),
    /// That source has said it already.
    Known(Ulid),
    /// An entry said it, and this one took its place, which says something else.
    Superseded(Ulid),
}

/// What ingesting comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ingested {
    /// What became of it.
    pub outcome: Outcome,
    /// The files to write.
    pub writes: Vec<Write>,
    /// The records for the log.
    pub operations: Vec<Operation>,
}

/// Why something can't be an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It says nothing.
    #[error("what is learnt has nothing in its body; say what it is, and why")]
    Empty,
    /// It holds what nobody may read.
    #[error(
        "what is learnt holds what has the shape of a credential; take that out, and have it revoked if it is one"
    )]
    Credential,
    /// It says too much.
    #[error(
        "what is learnt has more than {MOST_BODY} bytes in its body; say it shorter, or as several entries"
    )]
    Long,
    /// Nobody declared its topic.
    #[error("there is no topic `{0}`; name one that is declared, or none")]
    Topic(String),
    /// How long it holds is no span of time.
    #[error("`{0}` is no span; write a number from 1 on and `d`, `mo` or `y`, of a hundred years at most")]
    Span(String),
    /// It takes the place of what there isn't.
    #[error("there is no entry {0} whose place it could take; leave it out")]
    Supersedes(Ulid),
    /// It takes the place of what another one has taken the place of.
    #[error("{1} has taken the place of {0} already; name that one instead, or both")]
    Superseded(Ulid, Ulid),
    /// The id is taken: the random bytes aren't.
    #[error("there is an entry {0} already; ingest again with other random bytes")]
    Id(Ulid),
    /// It makes no entry that would read back.
    #[error("it makes no entry: {0}")]
    Facts(String),
}

/// Takes in what was learnt, next to the entries that there are.
pub fn ingest(existing: &[Entry], incoming: &Incoming, cx: &Cx<'_>) -> Result<Ingested, Unfit> {
    if incoming.body.trim().is_empty() {
        return Err(Unfit::Empty);
    }
    if [&incoming.title, &incoming.body].iter().any(|text| !credential::find(text.as_bytes()).is_empty()) {
        return Err(Unfit::Credential);
    }
    if incoming.body.len() > MOST_BODY {
        return Err(Unfit::Long);
    }
    let topic = match &incoming.topic {
        Some(topic) if cx.topics.has(topic) => topic.as_str(),
        Some(topic) => return Err(Unfit::Topic(topic.clone())),
        None => cx.topics.of(&format!("{} {}", incoming.title, incoming.body)),
    };
    let by_id: BTreeMap<Ulid, &Entry> = existing.iter().map(|entry| (entry.facts().id, entry)).collect();
    if let Some(missing) = incoming.supersedes.iter().find(|id| !by_id.contains_key(id)) {
        return Err(Unfit::Supersedes(*missing));
    }
    for old in &incoming.supersedes {
        if let Standing::Superseded { by } = by_id[old].facts().standing
            && !incoming.supersedes.contains(&by)
        {
            return Err(Unfit::Superseded(*old, by));
        }
    }
    let valid_to = incoming.valid_for.as_deref().map(|span| until(cx.now, span)).transpose()?;
    let same = match same(existing, &by_id, (incoming, topic), cx.now) {
        Some((Said::Otherwise(by), _)) => {
            let outcome = Outcome::Superseded(by);
            return Ok(Ingested { outcome, writes: Vec::new(), operations: Vec::new() });
        }
        Some((Said::By(entry), why)) => Some((entry, why)),
        None => None,
    };
    let says_more = same.is_some_and(|(entry, _)| learnt_more(entry, incoming, valid_to).is_some());
    if let Some((entry, _)) = same.filter(|(entry, _)| entry.is_from(&incoming.source) && !says_more) {
        let outcome = Outcome::Known(entry.facts().id);
        return Ok(Ingested { outcome, writes: Vec::new(), operations: Vec::new() });
    }
    let (entry, outcome, op, reason) = match same {
        Some((entry, why)) => {
            let more = learnt_more(entry, incoming, valid_to).unwrap_or_else(|| entry.clone());
            let entry = if entry.is_from(&incoming.source) {
                more
            } else {
                more.corroborated(&incoming.source, cx.now)
            };
            let id = entry.facts().id;
            (
                entry,
                Outcome::Corroborated(id),
                Op::Corroborate,
                format!("{} said the same, by its {why}", incoming.source),
            )
        }
        None => {
            let entry = added(incoming, topic, valid_to, cx)?;
            let id = entry.facts().id;
            if by_id.contains_key(&id) {
                return Err(Unfit::Id(id));
            }
            (entry, Outcome::Added(id), Op::Ingest, format!("{} said it", incoming.source))
        }
    };
    let mut operations = vec![operation(cx, 0, op, vec![entry.facts().id], reason)];
    let (entry, mut writes) = superseding(entry, incoming, &by_id, cx);
    if !writes.is_empty() {
        let id = entry.facts().id;
        let old = incoming.supersedes.iter().copied().filter(|old| *old != id);
        let reason = format!("{id} takes their place");
        operations.push(operation(cx, 1, Op::Supersede, old.collect(), reason));
    }
    writes.insert(0, Write { path: entry.path().to_owned(), text: entry.text().to_owned() });
    for write in &writes {
        reading(&write.path, &write.text)?;
    }
    Ok(Ingested { outcome, writes, operations })
}

/// The digest of what an entry says, whatever its case, its spaces and its punctuation.
pub fn digest(body: &str) -> blake3::Hash {
    blake3::hash(spaced(body).as_bytes())
}

/// What became of what an entry said.
#[derive(Clone, Copy)]
enum Said<'a> {
    /// This one says it now.
    By(&'a Entry),
    /// This one took its place, and isn't made of it.
    Otherwise(Ulid),
}

/// The entry that says the same, as far as its time isn't over, and how that shows: the same body anywhere, or the same title in the
/// topic.
fn same<'a>(
    existing: &'a [Entry],
    by_id: &BTreeMap<Ulid, &'a Entry>,
    (incoming, topic): (&Incoming, &str),
    now: Timestamp,
) -> Option<(Said<'a>, &'static str)> {
    let (title, body) = (spaced(&incoming.title), digest(&incoming.body));
    let says = |entry: &Entry| spaced(&incoming.body).len() > 1 && digest(entry.body()) == body;
    let titled = |entry: &Entry| {
        title.len() > 1 && entry.facts().topic == topic && spaced(&entry.facts().title) == title
    };
    let find = |same: &dyn Fn(&Entry) -> bool| {
        let mut found: Vec<&Entry> = existing.iter().filter(|entry| same(entry)).collect();
        found.sort_by_key(|entry| (!entry.is_active(), entry.facts().id));
        let mut told = found.into_iter().filter_map(|entry| holding(entry, by_id, incoming, now));
        let first = told.next()?;
        // One that says it counts more than others that were superseded.
        Some(std::iter::once(first).chain(told).find(|it| matches!(it, Said::By(_))).unwrap_or(first))
    };
    find(&says).map(|said| (said, "body")).or_else(|| find(&titled).map(|said| (said, "title")))
}

/// What became of what an entry said: it is the entry itself, or the last of those that were made of it, that says it now.
fn holding<'a>(
    entry: &'a Entry,
    by_id: &BTreeMap<Ulid, &'a Entry>,
    incoming: &Incoming,
    now: Timestamp,
) -> Option<Said<'a>> {
    let mut at = entry;
    for _ in 0..=by_id.len() {
        match &at.facts().standing {
            Standing::Active if at.facts().valid_to.is_some_and(|end| end <= now) => return None,
            Standing::Active => return Some(Said::By(at)),
            Standing::Stale { .. } => return None,
            // Whoever names what took its place knows of it.
            Standing::Superseded { by } if incoming.supersedes.contains(by) => return None,
            Standing::Superseded { by } => {
                at = by_id.get(by)?;
                if at.facts().source.kind != SourceKind::Compiled {
                    return Some(Said::Otherwise(*by));
                }
            }
        }
    }
    None
}

/// An entry with what was learnt besides what it says: further places in the code, a later end; `None`: nothing was.
fn learnt_more(entry: &Entry, incoming: &Incoming, valid_to: Option<Timestamp>) -> Option<Entry> {
    let mut facts = entry.facts().clone();
    for code_ref in &incoming.code_refs {
        if !facts.code_refs.contains(code_ref) {
            facts.code_refs.push(code_ref.clone());
        }
    }
    if let (Some(end), Some(new)) = (facts.valid_to, valid_to) {
        facts.valid_to = Some(end.max(new));
    }
    (facts != *entry.facts()).then(|| entry.with(facts))
}

fn added(incoming: &Incoming, topic: &str, valid_to: Option<Timestamp>, cx: &Cx<'_>) -> Result<Entry, Unfit> {
    let facts = Facts {
        id: Ulid::new(cx.now, cx.random),
        title: one_line(&incoming.title),
        topic: topic.to_owned(),
        source: incoming.source.clone(),
        created_at: cx.now,
        updated_at: cx.now,
        valid_from: cx.now,
        valid_to,
        confidence: incoming.confidence,
        standing: Standing::Active,
        supersedes: Vec::new(),
        corroborations: 1,
        corroborated_by: Vec::new(),
        fixed_in_pr: incoming.fixed_in_pr,
        code_refs: incoming.code_refs.clone(),
    };
    let text = written(&facts, &incoming.body);
    reading(&path_of(&facts), &text)
}

/// The entry that a file will be read as: nothing is written that wouldn't read back.
fn reading(path: &str, text: &str) -> Result<Entry, Unfit> {
    Entry::read(path, text).map_err(|errors| {
        let said: Vec<String> =
            errors.iter().map(|error| format!("{}; {}", error.message, error.help)).collect();
        Unfit::Facts(said.join(". "))
    })
}

/// The entry with those named whose place it takes, and the files of those.
fn superseding(
    entry: Entry,
    incoming: &Incoming,
    by_id: &BTreeMap<Ulid, &Entry>,
    cx: &Cx<'_>,
) -> (Entry, Vec<Write>) {
    let id = entry.facts().id;
    let mut facts = entry.facts().clone();
    let mut writes = Vec::new();
    for old in incoming.supersedes.iter().filter(|old| **old != id) {
        if facts.supersedes.contains(old) {
            continue;
        }
        facts.supersedes.push(*old);
        let old = by_id[old].superseded(id, cx.now);
        writes.push(Write { path: old.path().to_owned(), text: old.text().to_owned() });
    }
    (entry.with(facts), writes)
}

fn operation(cx: &Cx<'_>, n: u8, op: Op, entries: Vec<Ulid>, reason: String) -> Operation {
    let mut random = [0; 10];
    let hash = blake3::hash(&[&cx.random[..], &[n]].concat());
    random.copy_from_slice(&hash.as_bytes()[..10]);
    Operation { id: Ulid::new(cx.now, random), at: cx.now, op, entries, reason }
}

/// When something that holds for a span from now on ends.
fn until(now: Timestamp, span: &str) -> Result<Timestamp, Unfit> {
    const MOST_DAYS: i64 = 36_500;
    let wrong = || Unfit::Span(one_line(span));
    let bare = span.trim();
    let unit = bare.trim_start_matches(|c: char| c.is_ascii_digit());
    let days_each = match unit {
        "d" => 1,
        "mo" => 30,
        "y" => 365,
        _ => return Err(wrong()),
    };
    let count: i64 = bare[..bare.len() - unit.len()].parse().map_err(|_| wrong())?;
    let days =
        count.checked_mul(days_each).filter(|days| (1..=MOST_DAYS).contains(days)).ok_or_else(wrong)?;
    now.checked_add(SignedDuration::from_hours(24 * days)).map_err(|_| wrong())
}

#[cfg(test)]
mod tests;
