//! What happened, newest first: changes with their outcomes, flips, overrides, and config that came and went.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::chain::{self, Entry, MAX_LINE, Wrong};
use super::scan::{day_file, day_files};
use super::{Error, Intent, Outcome, Place, Record};
use crate::adapters::fs;
use crate::model::{Address, AddressGlob, IntentId, LabelName, Object, Verb};

/// How much of a file is read at once, from its end.
const CHUNK: u64 = 64 * 1024;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A change that was intended, and what became of it.
    Change(Change),
    /// Anything else, as recorded.
    Other(Entry),
}

/// A change that was intended, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The sequence of the intent.
    pub seq: u64,
    /// When it was intended.
    pub at: Timestamp,
    /// What, why, by which commit, and who ran it.
    pub intent: Box<Intent>,
    /// What became of it, oldest first; empty while it is open.
    pub outcomes: Vec<(Timestamp, Outcome)>,
}

/// Goes back through the ledger. It takes no lock, and reads a bounded part of a file at a time.
pub struct History {
    dir: PathBuf,
    /// Those to come, the next one last.
    days: Vec<String>,
    current: Option<(String, Backwards)>,
    glob: Option<AddressGlob>,
    since: Option<Timestamp>,
    outcomes: BTreeMap<IntentId, VecDeque<(Timestamp, Outcome)>>,
    over: bool,
}

/// What a change is known by besides its address: the name that a label had before it was renamed, and each setting of a
/// repository that was changed.
fn also(intent: &Intent) -> Vec<Address> {
    match intent.verb.object() {
        Object::Label if intent.verb == Verb::RenameLabel => {
            let name = intent.before["name"].as_str().map(LabelName::observed);
            let former =
                intent.address.repo_name().zip(name).map(|(repo, name)| Address::label(&repo, &name));
            former.into_iter().collect()
        }
        Object::Repository => {
            let after = intent.after.as_object().into_iter().flatten();
            let changed = after.filter(|(field, value)| intent.before.get(field) != Some(*value));
            changed.map(|(field, _)| intent.address.field(field)).collect()
        }
        Object::Label | Object::Issue | Object::Nothing => Vec::new(),
    }
}

/// The events at addresses that `glob` covers, since a moment, newest first. Without a glob, all events; with one,
/// those that have an address.
///
/// # Errors
/// When the folder can't be read; a broken line is an error of the iterator, at its place.
pub fn history(dir: &Path, glob: Option<AddressGlob>, since: Option<Timestamp>) -> Result<History, Error> {
    let days = day_files(dir)?;
    let dir = dir.to_owned();
    Ok(History { dir, days, current: None, glob, since, outcomes: BTreeMap::new(), over: false })
}

impl Iterator for History {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        match self.step() {
            Ok(Some(event)) => Some(Ok(event)),
            Ok(None) => {
                self.over = true;
                None
            }
            Err(e) => {
                self.over = true;
                Some(Err(e))
            }
        }
    }
}

impl History {
    fn step(&mut self) -> Result<Option<Event>, Error> {
        while let Some(entry) = self.entry()? {
            let recent = self.since.is_none_or(|since| entry.at >= since);
            if !self.covers(&entry.record) {
                if let Record::Intent(intent) = &entry.record {
                    self.outcomes.remove(&intent.intent);
                }
                continue;
            }
            match entry.record {
                Record::Outcome(outcome) => {
                    if recent {
                        let of = self.outcomes.entry(outcome.intent.clone()).or_default();
                        of.push_front((entry.at, outcome));
                    }
                }
                Record::Intent(intent) => {
                    let outcomes = self.outcomes.remove(&intent.intent);
                    if recent || outcomes.is_some() {
                        let outcomes = outcomes.unwrap_or_default().into();
                        let (seq, at) = (entry.seq, entry.at);
                        return Ok(Some(Event::Change(Change { seq, at, intent, outcomes })));
                    }
                }
                Record::Batch(_)
                | Record::Override(_)
                | Record::Flip(_)
                | Record::Config(_)
                | Record::Aside(_)
                | Record::Run(_)
                | Record::Proof(_)
                | Record::Other { .. } => {
                    if recent {
                        return Ok(Some(Event::Other(entry)));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Whether a record is asked for. An outcome is kept until its intent is found, which may be known by another address
    /// besides its own.
    fn covers(&self, record: &Record) -> bool {
        let Some(glob) = &self.glob else { return true };
        let Some(address) = record.address() else { return false };
        match record {
            Record::Outcome(_) => {
                glob.covers(address) || address.repo_name().is_some_and(|r| glob.may_touch(&r))
            }
            Record::Intent(intent) => {
                glob.covers(address) || also(intent).iter().any(|other| glob.covers(other))
            }
            Record::Batch(_)
            | Record::Override(_)
            | Record::Flip(_)
            | Record::Config(_)
            | Record::Aside(_)
            | Record::Run(_)
            | Record::Proof(_)
            | Record::Other { .. } => glob.covers(address),
        }
    }

    /// The next older entry.
    fn entry(&mut self) -> Result<Option<Entry>, Error> {
        loop {
            if let Some((day, lines)) = &mut self.current {
                let read = lines.next().map_err(|source| Error::Read { file: day.clone(), source })?;
                if let Some((line, complete)) = read {
                    if !complete {
                        // Torn, or being written at this moment.
                        continue;
                    }
                    let (entry, _) =
                        chain::open(&line).map_err(|wrong| broken(&self.dir, day, &line, wrong))?;
                    return Ok(Some(entry));
                }
                self.current = None;
            }
            let Some(day) = self.days.pop() else { return Ok(None) };
            // No record is of a later day than its file; one may be of an earlier day, when the clock went back.
            // An intent is older than its outcome: go on until each outcome has found its own.
            let too_old = self.since.is_some_and(|since| day < day_file(since));
            if too_old && self.outcomes.is_empty() {
                return Ok(None);
            }
            if let Some(file) = fs::open(&self.dir.join(&day)).map_err(Error::Files)? {
                let lines =
                    Backwards::new(file).map_err(|source| Error::Read { file: day.clone(), source })?;
                self.current = Some((day, lines));
            }
        }
    }
}

/// The error of a broken line; its number is found by counting, which nobody else needs.
fn broken(dir: &Path, day: &str, line: &[u8], wrong: Wrong) -> Error {
    let bytes = fs::read(&dir.join(day), super::publish::MAX_DAY).unwrap_or_default();
    let number = bytes.split(|b| *b == b'\n').position(|l| l == line).map_or(0, |n| n as u64 + 1);
    Error::Broken { place: Place { file: day.to_owned(), line: number }, wrong }
}

/// The lines of a file, last first.
struct Backwards {
    file: File,
    /// Everything from here on was read.
    start: u64,
    /// What was read and not yet given, in the file's order.
    buffer: Vec<u8>,
    /// Whether the buffer ends where a line break stood.
    complete: bool,
    done: bool,
}

impl Backwards {
    fn new(mut file: File) -> std::io::Result<Self> {
        let start = file.seek(SeekFrom::End(0))?;
        let mut it = Self { file, start, buffer: Vec::new(), complete: false, done: start == 0 };
        it.fill()?;
        if it.buffer.pop_if(|b| *b == b'\n').is_some() {
            it.complete = true;
        }
        Ok(it)
    }

    fn fill(&mut self) -> std::io::Result<()> {
        let size = self.start.min(CHUNK);
        self.start -= size;
        self.file.seek(SeekFrom::Start(self.start))?;
        let mut chunk = Vec::with_capacity(self.buffer.len() + usize::try_from(size).unwrap_or_default());
        self.file.by_ref().take(size).read_to_end(&mut chunk)?;
        chunk.append(&mut self.buffer);
        self.buffer = chunk;
        Ok(())
    }

    /// The line before, and whether it ends with a line break.
    fn next(&mut self) -> std::io::Result<Option<(Vec<u8>, bool)>> {
        if self.done {
            return Ok(None);
        }
        loop {
            if let Some(at) = self.buffer.iter().rposition(|b| *b == b'\n') {
                let line = self.buffer.split_off(at + 1);
                self.buffer.pop();
                return Ok(Some((line, std::mem::replace(&mut self.complete, true))));
            }
            if self.start == 0 {
                self.done = true;
                return Ok(Some((std::mem::take(&mut self.buffer), self.complete)));
            }
            if self.buffer.len() > MAX_LINE {
                return Err(std::io::Error::other("a line is longer than a record may be"));
            }
            self.fill()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Home, at, flip, intent, outcome, two_days};
    use super::super::{Ending, Ledger};
    use super::*;
    use proptest::prelude::*;

    fn show(events: History) -> String {
        let lines: Vec<String> = events
            .map(|event| match event.unwrap() {
                Event::Change(change) => {
                    let ends: Vec<_> = change.outcomes.iter().map(|(_, o)| o.result.as_str()).collect();
                    format!("{} {} {} {:?}", change.seq, change.intent.address, change.intent.by, ends)
                }
                Event::Other(entry) => format!("{} {}", entry.seq, entry.record.kind()),
            })
            .collect();
        lines.join("\n")
    }

    fn ledger(home: &Home) -> Ledger {
        home.open().unwrap()
    }

    #[test]
    fn changes_come_newest_first_with_what_became_of_them() {
        let home = two_days();
        let again = intent("b", 5);
        ledger(&home)
            .append_all(
                vec![again.clone(), outcome(&again, Ending::Unknown), flip("loop/x", true)],
                at(100_000),
            )
            .unwrap();
        ledger(&home).append(outcome(&again, Ending::Done), at(100_001)).unwrap();
        let dir = home.state.ledger();
        let glob = |text: &str| Some(AddressGlob::parse(text).unwrap());
        insta::assert_snapshot!(show(history(&dir, None, None).unwrap()), @r#"
        10 flip
        8 repo/acme/widgets/label/b ann@host ["unknown", "done"]
        7 flip
        6 batch
        3 repo/acme/widgets/label/b ann@host ["failed"]
        2 repo/acme/widgets/label/a ann@host ["done"]
        1 batch
        "#);
        insta::assert_snapshot!(show(history(&dir, glob("repo/acme/*/label/b"), None).unwrap()), @r#"
        8 repo/acme/widgets/label/b ann@host ["unknown", "done"]
        3 repo/acme/widgets/label/b ann@host ["failed"]
        "#);
        // A repository covers its labels; an old intent with a recent outcome is recent.
        let since = Some(at(86_400));
        insta::assert_snapshot!(show(history(&dir, glob("repo/acme/widgets"), since).unwrap()), @r#"
        8 repo/acme/widgets/label/b ann@host ["unknown", "done"]
        3 repo/acme/widgets/label/b ann@host ["failed"]
        "#);
    }

    #[test]
    fn a_setting_is_found_by_its_own_address() {
        let home = Home::new();
        let mut settings = intent("x", 0);
        let Record::Intent(it) = &mut settings else { panic!("an intent is an intent") };
        it.verb = Verb::UpdateSettings;
        it.address = Address::parse("repo/acme/widgets").unwrap();
        it.before = serde_json::json!({ "has-wiki": true, "topics": [] });
        it.after = serde_json::json!({ "has-wiki": false, "topics": [] });
        let ended = outcome(&settings, Ending::Done);
        ledger(&home).append_all(vec![settings, ended], at(0)).unwrap();
        let dir = home.state.ledger();
        for (address, found) in [("has-wiki", true), ("topics", false), ("label/x", false)] {
            let glob = AddressGlob::parse(&format!("repo/acme/widgets/{address}")).unwrap();
            assert_eq!(show(history(&dir, Some(glob), None).unwrap()).is_empty(), !found, "{address}");
        }
    }

    #[test]
    fn a_renamed_label_is_found_by_either_name() {
        let home = Home::new();
        let mut renamed = intent("new", 0);
        let Record::Intent(it) = &mut renamed else { panic!("an intent is an intent") };
        it.verb = Verb::RenameLabel;
        it.before = serde_json::json!({ "name": "Old" });
        let other = intent("other", 0);
        let ends = [outcome(&renamed, Ending::Done), outcome(&other, Ending::Done)];
        ledger(&home).append_all([vec![renamed, other], ends.to_vec()].concat(), at(0)).unwrap();
        let dir = home.state.ledger();
        let found = |text: &str| show(history(&dir, Some(AddressGlob::parse(text).unwrap()), None).unwrap());
        let expect = "1 repo/acme/widgets/label/new ann@host [\"done\"]";
        assert_eq!(found("repo/acme/widgets/label/new"), expect);
        assert_eq!(found("repo/acme/widgets/label/old"), expect);
        assert_eq!(found("repo/acme/widgets/label/none"), "");
    }

    #[test]
    fn a_torn_end_is_passed_over_and_a_broken_line_named() {
        let home = two_days();
        let (name, bytes) = home.files().pop().unwrap();
        home.put(&name, &[&bytes[..], b"{\"v\""].concat());
        assert_eq!(show(history(&home.state.ledger(), None, None).unwrap()).lines().count(), 5);
        let mut edited = bytes.clone();
        edited[40] ^= 1;
        home.put(&name, &edited);
        let error = history(&home.state.ledger(), None, None).unwrap().find_map(Result::err).unwrap();
        assert!(error.to_string().starts_with("2026-01-03.jsonl:1: the line was edited"), "{error}");
    }

    proptest! {
        #[test]
        fn backwards_is_forwards_reversed(lines in proptest::collection::vec("[a-z]{0,40000}", 0..6), torn in any::<bool>()) {
            let dir = tempfile::tempdir().unwrap();
            let mut text = lines.join("\n");
            if !torn && !lines.is_empty() {
                text.push('\n');
            }
            fs::replace(&dir.path().join("f"), text.as_bytes()).unwrap();
            let mut back = Backwards::new(File::open(dir.path().join("f")).unwrap()).unwrap();
            let mut got = Vec::new();
            while let Some((line, _)) = back.next().unwrap() {
                got.push(String::from_utf8(line).unwrap());
            }
            got.reverse();
            let mut expect: Vec<&str> = text.split('\n').collect();
            if text.is_empty() || text.ends_with('\n') {
                expect.pop();
            }
            prop_assert_eq!(got, expect);
        }
    }
}
