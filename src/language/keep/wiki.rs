//! The keeper of the wiki: entries that no longer hold are put on record, entries that say the same become one, and the index
//! follows. All of it is one change.
//!
//! What holds is decided from the code and the time alone. Only whether entries say the same is asked, once for what a topic
//! says: an answer is for good, and a topic that was compiled is asked about again when enough came since.

mod compile;
mod merge;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::language::terms::section::ended_like;
use crate::language::ulid::Ulid;
use crate::language::wiki::{
    CodeRef, Entry, Op, Operation, Reason, Verdict, World, append, index, is_back, log_path, read_log,
    verdict,
};

use super::{BRAKE_PART, Kept, Look, Proposal, TIME, counted, harmless, is_too_much, spanned};
use compile::{Due, due};

/// The most entries that one change puts on record; the rest follow with the next.
const MOST_HEALED: usize = 100;

/// The most topics that are asked about at a time.
const MOST_ASKS: usize = 4;

/// The most characters of a reason or a title that a change tells.
const SHOWN: usize = 200;

/// What becomes of the wiki, bit by bit.
struct Draft<'a> {
    look: &'a Look<'a>,
    /// Files of entries, from the folder of the wiki.
    entries: BTreeMap<String, Entry>,
    files: BTreeMap<String, String>,
    operations: Vec<Operation>,
    changes: Vec<String>,
    problems: Vec<String>,
    stale: usize,
    mended: usize,
    back: usize,
    merged: usize,
    into: usize,
}

/// Decides what becomes of the wiki.
pub fn keep(look: &Look<'_>) -> Kept {
    let entries = look.entries.iter().map(|entry| (entry.path().to_owned(), entry.clone())).collect();
    let mut draft = Draft {
        look,
        entries,
        files: BTreeMap::new(),
        operations: Vec::new(),
        changes: Vec::new(),
        problems: Vec::new(),
        stale: 0,
        mended: 0,
        back: 0,
        merged: 0,
        into: 0,
    };
    let holding = draft.heal();
    let asks = draft.compile(&holding);
    draft.index();
    draft.log();
    let title = draft.title();
    let Draft { files, mut changes, problems, .. } = draft;
    changes.sort();
    let proposal = if files.is_empty() { None } else { Some(Proposal { title, changes, files }) };
    Kept { proposal, asks, problems, ..Kept::default() }
}

impl<'a> Draft<'a> {
    /// Puts on record which entries no longer hold, and where the code is that others are about; gives those that hold.
    fn heal(&mut self) -> Vec<&'a Entry> {
        let Look { now, code, reverted, .. } = *self.look;
        let world = World { now, code, reverted };
        let judged: Vec<(&Entry, Verdict)> =
            self.look.entries.iter().map(|entry| (entry, verdict(entry, &world))).collect();
        let about_code =
            judged.iter().filter(|(entry, _)| entry.is_active() && !entry.facts().code_refs.is_empty());
        let loses = |verdict: &Verdict| {
            let lost = |reason: &Reason| matches!(reason, Reason::CodeGone(_));
            verdict.to_record().is_some() && verdict.reasons.iter().any(lost)
        };
        let (all, gone) = (about_code.count(), judged.iter().filter(|(_, verdict)| loses(verdict)).count());
        let is_braked = is_too_much(gone, all);
        if is_braked {
            self.problems.push(format!(
                "{gone} of {all} entries would lose all of their code at once, which is more than one of {BRAKE_PART}: they are \
                 left as they are; look whether `roots` still are the folders of the code, or put it on record by hand"
            ));
        }
        let mut holding = Vec::new();
        for (entry, verdict) in judged {
            if is_back(entry, code) && self.back < MOST_HEALED {
                self.comes_back(entry);
                continue;
            }
            if verdict.is_current() {
                holding.push(entry);
                self.follow(entry, &verdict.moved);
            }
            if is_braked && loses(&verdict) {
                continue;
            }
            let Some(reason) = verdict.to_record().filter(|_| self.stale < MOST_HEALED) else { continue };
            let id = entry.facts().id;
            let path = self.look.in_wiki(entry.path());
            if self.write(&entry.stale(&reason, self.look.now)) {
                self.stale += 1;
                let shown = harmless(&reason, SHOWN);
                self.changes.push(format!("{} no longer holds: {shown}", spanned(&path)));
                self.operation(Op::Stale, vec![id], reason);
            }
        }
        holding
    }

    /// Has an entry hold again whose code is there again.
    fn comes_back(&mut self, entry: &Entry) {
        if self.write(&entry.again(self.look.now)) {
            self.back += 1;
            let path = spanned(&self.look.in_wiki(entry.path()));
            self.changes.push(format!("{path} holds again: its code is there again"));
            self.operation(Op::Heal, vec![entry.facts().id], "its code is there again".to_owned());
        }
    }

    /// Has an entry say where its code is now.
    fn follow(&mut self, entry: &Entry, moved: &[(CodeRef, CodeRef)]) {
        if moved.is_empty() || self.mended == MOST_HEALED {
            return;
        }
        let now = |code_ref: &CodeRef| {
            let to = moved.iter().find(|(from, _)| from == code_ref).map(|(_, to)| to);
            to.unwrap_or(code_ref).clone()
        };
        let mut code_refs: Vec<CodeRef> = Vec::new();
        for code_ref in entry.facts().code_refs.iter().map(now) {
            if !code_refs.contains(&code_ref) {
                code_refs.push(code_ref);
            }
        }
        if !self.write(&entry.about(code_refs, self.look.now)) {
            return;
        }
        self.mended += 1;
        let path = spanned(&self.look.in_wiki(entry.path()));
        let told = |(from, to): &(CodeRef, CodeRef)| {
            format!("{} is {} now", spanned(&from.to_string()), spanned(&to.to_string()))
        };
        let told: Vec<String> = moved.iter().map(told).collect();
        self.changes.push(format!("{path}: {}", told.join(", ")));
        let reason =
            moved.iter().map(|(from, to)| format!("{from} is {to} now")).collect::<Vec<_>>().join("; ");
        self.operation(Op::Heal, vec![entry.facts().id], reason);
    }

    /// Makes entries one as far as it was answered which; gives what is to be asked.
    fn compile(&mut self, holding: &[&'a Entry]) -> Vec<super::Ask> {
        let mut topics: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in holding.iter().copied() {
            topics.entry(&entry.facts().topic).or_default().push(entry);
        }
        let considered = self.considered();
        let mut asks = Vec::new();
        for (topic, entries) in topics {
            match due(self.look, topic, &entries, &considered) {
                Due::Nothing => {}
                Due::Ask(ask) => asks.push((entries.len(), ask)),
                Due::Merge(merging) => self.merge(topic, merging),
            }
        }
        asks.sort_by_key(|(entries, _)| usize::MAX - entries);
        asks.into_iter().take(MOST_ASKS).map(|(_, ask)| ask).collect()
    }

    fn merge(&mut self, topic: &str, merging: merge::Merging) {
        let (mut seen, mut made) = (merging.shown, Vec::new());
        let looked = seen.len();
        for merge::Merged { entry, of } in merging.merged {
            let id = entry.facts().id;
            let title = harmless(&entry.facts().title, SHOWN);
            if !self.write(&entry) {
                continue;
            }
            self.into += 1;
            self.merged += of.len();
            let ids: Vec<Ulid> = of.iter().map(|old| old.facts().id).collect();
            let names: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
            let topic = spanned(topic);
            self.changes.push(format!("{topic}: “{title}” takes the place of {}", names.join(", ")));
            for old in &of {
                self.write(&old.superseded(id, self.look.now));
            }
            self.operation(Op::Supersede, ids, format!("{id} takes their place"));
            made.push(id);
        }
        for reason in merging.left_out {
            self.changes.push(format!("{}: {reason}", spanned(topic)));
        }
        let reason = format!("looked at {looked} of {topic}, and made {} of them", made.len());
        seen.extend(made);
        self.operation(Op::Compile, seen, reason);
    }

    /// The entries that a compilation has looked at, as far as the log says.
    fn considered(&self) -> BTreeSet<Ulid> {
        let folder = self.look.in_wiki("log/");
        let logs = self.look.others.iter().filter(|page| page.path.starts_with(&folder));
        let records = logs.flat_map(|page| read_log(&page.text).0);
        records.filter(|record| record.op == Op::Compile).flat_map(|record| record.entries).collect()
    }

    /// Renders the index anew, unless a person wrote what lies at its place.
    fn index(&mut self) {
        let path = self.look.in_wiki("index.md");
        let there = match self.look.there(&path) {
            Ok(there) => there,
            Err(problem) => return self.problems.push(problem),
        };
        let entries: Vec<Entry> = self.entries.values().cloned().collect();
        let should = ended_like(index(&entries), there);
        let banner = should.lines().next().unwrap_or_default();
        match there {
            None if entries.is_empty() => {}
            Some(there) if there == should => {}
            Some(there) if !there.trim().is_empty() && there.lines().next() != Some(banner) => {
                let path = spanned(&path);
                let problem =
                    format!("{path} isn't an index that was made from the entries; move it, or delete it");
                self.problems.push(problem);
            }
            Some(_) | None => {
                self.changes.push(format!("{} is rendered anew", spanned(&path)));
                self.files.insert(path, should);
            }
        }
    }

    /// Adds to the log what was done.
    fn log(&mut self) {
        if self.operations.is_empty() {
            return;
        }
        let path = self.look.in_wiki(&log_path(self.look.now));
        let there = match self.look.there(&path) {
            Ok(there) => there.unwrap_or_default().to_owned(),
            Err(problem) => return self.problems.push(problem),
        };
        let text = self.operations.iter().fold(there, |text, operation| append(&text, operation));
        self.changes.push(format!("{} says so", spanned(&path)));
        self.files.insert(path, text);
    }

    fn title(&self) -> String {
        let holds = if self.stale == 1 { "holds" } else { "hold" };
        let stale = format!("{} no longer {holds}", counted(self.stale, "entry", "entries"));
        let follows = if self.mended == 1 { "follows" } else { "follow" };
        let mended = format!("{} {follows} code that moved", counted(self.mended, "entry", "entries"));
        let holds = if self.back == 1 { "holds" } else { "hold" };
        let back = format!("{} {holds} again", counted(self.back, "entry", "entries"));
        let merged = format!("{} became {}", counted(self.merged, "entry", "entries"), self.into);
        let all = [(self.stale, stale), (self.mended, mended), (self.back, back), (self.merged, merged)];
        let done: Vec<String> =
            all.into_iter().filter(|(count, _)| *count > 0).map(|(_, says)| says).collect();
        match done.as_slice() {
            [] => "Keep the wiki: render its index anew".to_owned(),
            done => format!("Keep the wiki: {}", done.join(", ")),
        }
    }

    /// Writes an entry, if it reads back.
    fn write(&mut self, entry: &Entry) -> bool {
        let path = self.look.in_wiki(entry.path());
        if let Err(errors) = Entry::read(entry.path(), entry.text()) {
            let said = errors.first().map(|error| harmless(&error.message, SHOWN)).unwrap_or_default();
            self.problems.push(format!("{} can't be changed: {said}; shorten it by hand", spanned(&path)));
            return false;
        }
        self.entries.insert(entry.path().to_owned(), entry.clone());
        self.files.insert(path, entry.text().to_owned());
        true
    }

    fn operation(&mut self, op: Op, entries: Vec<Ulid>, reason: String) {
        let names: Vec<String> = entries.iter().map(ToString::to_string).collect();
        // Without the time of ids: of those that are made now it is another one with each look.
        let parts: Vec<&str> =
            [op.name()].into_iter().chain(names.iter().map(|name| &name[TIME..])).collect();
        let id = Ulid::derived(self.look.now, &parts);
        self.operations.push(Operation { id, at: self.look.now, op, entries, reason });
    }
}
