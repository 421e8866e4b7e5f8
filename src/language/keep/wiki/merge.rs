//! What a model answered about entries that say the same: validated, and made into entries.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::language::adr::Number;
use crate::language::prose::folded;
use crate::language::ulid::Ulid;
use crate::language::wiki::entry::path_of;
use crate::language::wiki::{
    CodeRef, Confidence, Entry, Facts, Grounds, Source, SourceKind, Standing, Verified, anchored, cites,
    digest, verify, written,
};

use super::super::{Look, counted, harmless, spanned};

/// The most characters of a title.
pub(super) const MOST_TITLE: usize = 80;
/// The most words of a body.
pub(super) const MOST_WORDS: usize = 150;
/// The most characters of a body.
pub(super) const MOST_BODY: usize = 2_000;
/// The most entries that one takes the place of; one that covers more is an umbrella.
pub(super) const MOST_EACH: usize = 6;
/// The most sources or places of an entry.
const MOST_ITEMS: usize = 100;
/// The most answers that are told as left out.
const MOST_LEFT_OUT: usize = 10;
/// The most characters of a title that is told as left out.
const SHOWN: usize = 80;

/// What comes of an answer.
pub(super) struct Merging {
    /// The new entries.
    pub(super) merged: Vec<Merged>,
    /// Why something that was answered is left out, a sentence each.
    pub(super) left_out: Vec<String>,
    /// The entries that were looked at.
    pub(super) shown: Vec<Ulid>,
}

/// A new entry.
pub(super) struct Merged {
    /// It.
    pub(super) entry: Entry,
    /// The entries whose place it takes.
    pub(super) of: Vec<Entry>,
}

/// What is known of a wiki while an answer is validated.
struct Bench<'a> {
    look: &'a Look<'a>,
    topic: &'a str,
    shown: BTreeMap<Ulid, &'a Entry>,
    terms: Vec<String>,
    adrs: BTreeSet<Number>,
    /// Entries that were taken already.
    taken: BTreeSet<Ulid>,
    /// What entries say, and the titles of those that hold with their entries.
    said: BTreeSet<[u8; 32]>,
    titled: BTreeMap<String, Ulid>,
}

/// Why an item of an answer comes to nothing.
enum Left {
    /// It changes nothing.
    Nothing,
    /// It mustn't be, and why: the end of a sentence.
    Out(String),
}

/// What comes of an answer about these entries.
pub(super) fn merging(look: &Look<'_>, topic: &str, shown: &[&Entry], answer: &Value) -> Merging {
    let live = look.terms.iter().filter_map(|read| read.file.as_ref()).filter(|file| file.term.is_live());
    let holding = look.entries.iter().filter(|entry| entry.is_active() && entry.facts().topic == topic);
    let mut bench = Bench {
        look,
        topic,
        shown: shown.iter().map(|entry| (entry.facts().id, *entry)).collect(),
        terms: live.map(|file| file.term.name.clone()).collect(),
        adrs: look.adrs.by_number().into_keys().collect(),
        taken: BTreeSet::new(),
        said: look.entries.iter().map(|entry| *digest(entry.body()).as_bytes()).collect(),
        titled: holding.map(|entry| (folded(&entry.facts().title), entry.facts().id)).collect(),
    };
    let (mut merged, mut left_out) = (Vec::new(), Vec::new());
    let items = answer.get("entries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for item in items {
        match bench.take(item) {
            Ok(one) => merged.push(one),
            Err(Left::Nothing) => {}
            Err(Left::Out(why)) => {
                let title = item.get("title").and_then(Value::as_str).unwrap_or_default();
                left_out.push(format!("“{}” is left out: {why}", harmless(title, SHOWN)));
            }
        }
    }
    let more = left_out.len().saturating_sub(MOST_LEFT_OUT);
    left_out.truncate(MOST_LEFT_OUT);
    if more > 0 {
        left_out.push(format!("{} left out, too", counted(more, "more is", "more are")));
    }
    Merging { merged, left_out, shown: shown.iter().map(|entry| entry.facts().id).collect() }
}

impl<'a> Bench<'a> {
    /// The entry of one item, if it may be; then the entries whose place it takes are taken.
    fn take(&mut self, item: &Value) -> Result<Merged, Left> {
        let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::trim).unwrap_or_default();
        let (title, body) = (text("title"), text("body").replace("\r\n", "\n"));
        let said = *digest(&body).as_bytes();
        if self.said.contains(&said) {
            return Err(Left::Nothing);
        }
        formed(title, &body).map_err(Left::Out)?;
        let of = self.of(item).map_err(Left::Out)?;
        self.grounded(title, &body).map_err(Left::Out)?;
        led_nowhere_else(&format!("{title}\n{body}"), &of).map_err(Left::Out)?;
        let titled = folded(title);
        let other = self.titled.get(&titled).filter(|id| !of.iter().any(|entry| entry.facts().id == **id));
        if let Some(other) = other {
            return Err(Left::Out(format!("{other} has this title")));
        }
        let facts = self.facts(title, &of);
        let entry = Entry::read(&path_of(&facts), &written(&facts, &body)).map_err(|errors| {
            let said = errors.first().map(|error| harmless(&error.message, SHOWN)).unwrap_or_default();
            Left::Out(format!("it makes no entry: {said}"))
        })?;
        self.taken.extend(of.iter().map(|entry| entry.facts().id));
        self.said.insert(said);
        self.titled.insert(titled, facts.id);
        Ok(Merged { entry, of: of.into_iter().cloned().collect() })
    }

    /// The entries whose place it takes.
    fn of(&self, item: &Value) -> Result<Vec<&'a Entry>, String> {
        let named = item.get("supersedes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let ids: BTreeSet<&str> = named.iter().filter_map(Value::as_str).collect();
        if named.len() > MOST_EACH {
            return Err(format!("it takes the place of more than {MOST_EACH} entries"));
        }
        let mut of = Vec::new();
        for id in ids {
            let known = id.parse().ok().and_then(|id: Ulid| self.shown.get(&id));
            let entry = known.ok_or_else(|| format!("{} isn't one of the entries", spanned(id)))?;
            if self.taken.contains(&entry.facts().id) {
                return Err(format!("another one takes the place of {id} already"));
            }
            of.push(*entry);
        }
        if of.len() < 2 {
            return Err("it merges no two entries".to_owned());
        }
        Ok(of)
    }

    /// Whether it is about this repository, and cites nothing that isn't there.
    fn grounded(&self, title: &str, body: &str) -> Result<(), String> {
        let grounds = Grounds { terms: &self.terms, adrs: &self.adrs, code: self.look.code };
        if anchored(&format!("{title}\n\n{body}"), &grounds).is_none() {
            return Err("it names nothing of this repository".to_owned());
        }
        for text in [title, body] {
            for cite in cites(text, &self.look.language.roots) {
                if let Verified::Missing { suggestion: _ } = verify(&cite, self.look.code) {
                    return Err(format!("it cites {}, which isn't there", spanned(&text[cite.span])));
                }
            }
        }
        Ok(())
    }

    /// What the frontmatter says of an entry that takes the place of these: it is as sure as the least sure of them, and
    /// holds as long as any.
    fn facts(&self, title: &str, of: &[&Entry]) -> Facts {
        let now = self.look.now;
        let all = || of.iter().map(|entry| entry.facts());
        let ids: Vec<Ulid> = all().map(|facts| facts.id).collect();
        let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let parts: Vec<&str> =
            [self.topic, title].into_iter().chain(names.iter().map(String::as_str)).collect();
        let by = all().flat_map(|facts| {
            [&facts.source.to_string()].into_iter().chain(&facts.corroborated_by).cloned().collect::<Vec<_>>()
        });
        let by: BTreeSet<String> = by.collect();
        let fixed: BTreeSet<Option<u64>> = all().map(|facts| facts.fixed_in_pr).collect();
        let ends: Option<Vec<_>> = all().map(|facts| facts.valid_to).collect();
        Facts {
            id: Ulid::derived(now, &parts),
            title: title.to_owned(),
            topic: self.topic.to_owned(),
            source: Source {
                kind: SourceKind::Compiled,
                issue: None,
                pull: None,
                repo: self.look.repo.clone(),
            },
            created_at: now,
            updated_at: now,
            valid_from: now,
            valid_to: ends.and_then(|ends| ends.into_iter().max()),
            confidence: all().map(|facts| facts.confidence).min().unwrap_or(Confidence::Low),
            standing: Standing::Active,
            supersedes: ids,
            corroborations: all().fold(0, |sum: u64, facts| sum.saturating_add(facts.corroborations)).max(1),
            corroborated_by: by.into_iter().take(MOST_ITEMS).collect(),
            fixed_in_pr: if fixed.len() == 1 { fixed.into_iter().next().flatten() } else { None },
            code_refs: self.code_refs(of),
        }
    }

    /// The places that the entries are about, as far as they aren't gone.
    fn code_refs(&self, of: &[&Entry]) -> Vec<CodeRef> {
        use crate::language::code::Answer;
        let is_there = |code_ref: &&CodeRef| {
            let answer = match code_ref {
                CodeRef::Symbol(anchor) => self.look.code.resolves(anchor),
                CodeRef::File(path) => self.look.code.has_file(path),
            };
            match answer {
                Answer::Yes | Answer::Unknown { .. } => true,
                Answer::No { .. } => false,
            }
        };
        let all = of.iter().flat_map(|entry| &entry.facts().code_refs).filter(is_there);
        let sorted: BTreeMap<String, &CodeRef> =
            all.map(|code_ref| (code_ref.to_string(), code_ref)).collect();
        sorted.into_values().take(MOST_ITEMS).cloned().collect()
    }
}

/// Whether a text leads to no other address than the entries do whose place it takes.
fn led_nowhere_else(text: &str, of: &[&Entry]) -> Result<(), String> {
    let known: BTreeSet<&str> =
        of.iter().flat_map(|entry| addresses(&entry.facts().title).chain(addresses(entry.body()))).collect();
    match addresses(text).find(|address| !known.contains(address)) {
        Some(address) => Err(format!("it leads to {}, which none of them does", spanned(address))),
        None => Ok(()),
    }
}

/// What leads out of the repository: all that has `//` and the name of a machine behind it, or begins with one as browsers take it.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || "()[]<>{}\"'`|,".contains(c);
    text.split(ends).map(|word| word.trim_end_matches(['.', ';', ':', '!', '?', '*', '_'])).filter(|word| {
        let small = word.to_ascii_lowercase();
        let host = small.split_once("//").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(rest));
        let is_host = host.is_some_and(|host| host.contains(['.', ':', '@']) || host == "localhost");
        is_host || ["www.", "mailto:", "javascript:", "data:"].iter().any(|start| small.starts_with(start))
    })
}

/// Whether a title and a body have the form of an entry's.
fn formed(title: &str, body: &str) -> Result<(), String> {
    let strange = |c: char| c.is_control() && c != '\n' && c != '\t';
    let why = body.lines().filter_map(|line| line.trim().strip_prefix("**Why:**"));
    let rules = [
        (title.is_empty() || title.contains(char::is_control), "its title isn't a line"),
        (title.chars().count() > MOST_TITLE, "its title is too long"),
        (body.contains(strange), "its body has control characters"),
        (
            body.chars().count() > MOST_BODY || body.split_whitespace().count() > MOST_WORDS,
            "its body is too long",
        ),
        (title.contains("<!--") || body.contains("<!--"), "it hides a comment"),
        (!why.into_iter().any(|rest| !rest.trim().is_empty()), "it doesn't say why"),
    ];
    match rules.iter().find(|(broken, _)| *broken) {
        Some((_, what)) => Err((*what).to_owned()),
        None => Ok(()),
    }
}
