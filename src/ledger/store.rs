//! The ledger that is written: opened under the lock, checked, mended after a crash, appended to with a sync.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::chain::{self, Entry, Head, Wrong};
use super::publish::{self, Published};
use super::scan::{End, Scan, day_file, next_part};
use super::summary::Summary;
use super::{Aside, AsideWhy, Error, Index, Record};
use crate::adapters::fs::{self, Appender};
use crate::adapters::state::Guard;

/// From so many bytes on, another file goes on with the day: what is published is whole files, and each batch publishes.
const PART: u64 = 128 << 10;

/// The most bytes of a file that was moved aside.
pub(super) const MAX_ASIDE: u64 = 256 << 20;

/// The ledger of one state directory, with the right to write. All calls block for a sync at most.
#[derive(Debug)]
pub struct Ledger {
    pub(super) guard: Guard,
    pub(super) dir: PathBuf,
    /// The day file that is written to.
    pub(super) file: Option<(String, Appender)>,
    pub(super) head: Head,
    pub(super) index: Index,
    pub(super) published: Option<Published>,
    pub(super) unpublished: Summary,
    recovered: Vec<Recovered>,
}

/// Something that opening mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The file beside the day files that has what was taken out.
    pub file: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Why it was taken out.
    pub why: AsideWhy,
}

impl Ledger {
    /// Opens the ledger of the state directory that `guard` locks, checks all of it, and mends what a crash can
    /// leave: a torn last line is moved aside, and a record says so (with the time `at`).
    ///
    /// # Errors
    /// [`Error::Broken`] with file and line for anything else that is wrong, [`Error::TailMissing`] when less is
    /// there than was published.
    pub fn open(guard: Guard, at: Timestamp) -> Result<Self, Error> {
        let dir = guard.dir().join("ledger");
        fs::private_dir(&dir).map_err(Error::Files)?;
        let published = publish::read_note(guard.dir())?;
        let mut ledger = Self {
            guard,
            dir,
            file: None,
            head: Head::default(),
            index: Index::default(),
            published,
            unpublished: Summary::default(),
            recovered: Vec::new(),
        };
        let mentioned = ledger.load()?;
        ledger.note_asides(&mentioned, at)?;
        Ok(ledger)
    }

    /// Reads everything from the start. Gives the names of the files that records say were moved aside.
    pub(super) fn load(&mut self) -> Result<Vec<String>, Error> {
        self.index = Index::of(self.guard.machine());
        (self.head, self.unpublished) = (Head::default(), Summary::default());
        self.file = None;
        let mut mentioned = Vec::new();
        let mut scan = Scan::new(&self.dir, None)?;
        let mut last_day = None;
        let mut kept = self.published.is_none();
        while let Some(line) = scan.next()? {
            let broken = |wrong| Error::Broken { place: line.place.clone(), wrong };
            match line.end {
                End::Break => {}
                End::TooLong => return Err(broken(Wrong::TooLong)),
                End::InnerFile => return Err(broken(Wrong::Torn)),
                End::LastFile => {
                    self.move_torn(&line.place.file, line.offset, &line.bytes)?;
                    last_day = Some(line.place.file.clone());
                    continue;
                }
            }
            let entry = chain::follow(&self.head, &line.bytes).map_err(broken)?;
            if let Some(published) = &self.published
                && published.seq == entry.seq
            {
                kept = published.hash == entry.hash;
            }
            if let Record::Aside(aside) = &entry.record {
                mentioned.push(aside.file.clone());
            }
            last_day = Some(line.place.file);
            self.take(&entry);
        }
        if let Some(published) = self.published.as_ref().filter(|_| !kept) {
            return Err(Error::TailMissing { seq: published.seq, commit: published.commit.to_string() });
        }
        if let Some(day) = last_day {
            self.day(&day)?;
        }
        Ok(mentioned)
    }

    /// Takes note of an entry that stands in the files.
    pub(super) fn take(&mut self, entry: &Entry) {
        if self.published.as_ref().is_none_or(|p| entry.seq > p.seq) {
            self.unpublished.add(&entry.record, &self.index);
        }
        self.index.add(entry);
        self.head = entry.head();
    }

    /// The file of a day, open for writing.
    pub(super) fn day(&mut self, day: &str) -> Result<&mut Appender, Error> {
        let open = match self.file.take() {
            Some((name, file)) if name == day => file,
            Some(_) | None => Appender::open(&self.dir.join(day)).map_err(Error::Files)?,
        };
        Ok(&mut self.file.insert((day.to_owned(), open)).1)
    }

    fn move_torn(&mut self, day: &str, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let name = self.free_name("torn")?;
        // First the copy, then the cut: a crash between the two leaves both, never neither.
        fs::replace(&self.dir.join(name), bytes).map_err(Error::Files)?;
        self.day(day)?.cut(offset).map_err(Error::Files)
    }

    /// A name for something moved aside that nothing has yet: `torn-1`, `torn-2`.
    pub(super) fn free_name(&self, stem: &str) -> Result<String, Error> {
        let names = fs::names(&self.dir).map_err(Error::Files)?;
        let number = |name: &String| name.strip_prefix(stem)?.strip_prefix('-')?.parse::<u64>().ok();
        let last = names.iter().filter_map(number).max().unwrap_or(0);
        Ok(format!("{stem}-{}", last + 1))
    }

    /// Records what stands aside and no record mentions yet.
    fn note_asides(&mut self, mentioned: &[String], at: Timestamp) -> Result<(), Error> {
        for name in fs::names(&self.dir).map_err(Error::Files)? {
            if mentioned.contains(&name) {
                continue;
            }
            if name.starts_with("torn-") {
                let bytes = fs::read(&self.dir.join(&name), MAX_ASIDE).map_err(Error::Files)?.len() as u64;
                let aside = Aside { file: name.clone(), bytes, why: AsideWhy::Torn };
                self.append(Record::Aside(aside), at)?;
                self.recovered.push(Recovered { file: name, bytes, why: AsideWhy::Torn });
            } else if name.starts_with("forked-") {
                self.finish_fork(&name)?;
            }
        }
        Ok(())
    }

    pub(super) fn recovered_fork(&mut self, file: &str, bytes: u64) {
        self.recovered.push(Recovered { file: file.to_owned(), bytes, why: AsideWhy::Forked });
    }

    /// Appends a record; when this returns, it is on the disk. Gives its sequence.
    ///
    /// # Errors
    /// When it is too large, or not on the disk; the ledger then is as before.
    pub fn append(&mut self, record: Record, at: Timestamp) -> Result<u64, Error> {
        self.append_all(vec![record], at)?;
        Ok(self.head.seq)
    }

    /// Appends records with one sync, in this order. Gives their sequences.
    ///
    /// # Errors
    /// As [`Ledger::append`]: none of them is there then.
    pub fn append_all(&mut self, records: Vec<Record>, at: Timestamp) -> Result<Vec<u64>, Error> {
        self.append_each(records.into_iter().map(|record| (record, at)).collect())
    }

    /// The same, each with its own time.
    pub(super) fn append_each(&mut self, records: Vec<(Record, Timestamp)>) -> Result<Vec<u64>, Error> {
        let Some((_, last_at)) = records.last() else { return Ok(Vec::new()) };
        // A clock that went back doesn't lead back to an older file: the order of files is that of the chain.
        let today = day_file(*last_at);
        let day = match &self.file {
            Some((name, file)) if *name >= today => match next_part(name) {
                Some(next) if file.len() >= PART => next,
                Some(_) | None => name.clone(),
            },
            Some(_) | None => today,
        };
        let mut head = self.head.clone();
        let mut text = String::new();
        let mut entries = Vec::new();
        for (record, at) in records {
            let (line, next) = chain::seal(&head, at, &record)?;
            text.push_str(&line);
            text.push('\n');
            entries.push(Entry { seq: next.seq, at, record, hash: next.hash.clone() });
            head = next;
        }
        self.day(&day)?.append(text.as_bytes()).map_err(Error::Files)?;
        for entry in &entries {
            self.take(entry);
        }
        Ok(entries.iter().map(|e| e.seq).collect())
    }

    /// What the records say about now.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The last record.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// What was published last.
    pub fn published(&self) -> Option<&Published> {
        self.published.as_ref()
    }

    /// What opening had to mend.
    pub fn recovered(&self) -> &[Recovered] {
        &self.recovered
    }

    /// The folder of the day files.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The state directory it lies in, by an id that no other has.
    pub fn machine(&self) -> &str {
        self.guard.machine()
    }

    /// Gives the lock back to the caller.
    pub fn close(self) -> Guard {
        self.guard
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, flip, two_days};
    use super::*;
    use crate::adapters::git::fixture::Fixture;

    #[test]
    fn what_was_appended_is_there_when_it_is_opened_again() {
        let home = two_days();
        let ledger = home.open().unwrap();
        assert_eq!(ledger.head().seq, 7);
        assert!(ledger.index().open_intents().is_empty() && ledger.recovered().is_empty());
        assert_eq!(ledger.index().flips().count(), 1);
    }

    #[test]
    fn one_process_writes() {
        let home = two_days();
        let ledger = home.open().unwrap();
        assert!(home.state.lock("second").is_err());
        drop(ledger.close());
        home.open().unwrap();
    }

    #[test]
    fn a_torn_end_is_moved_aside_and_the_place_of_anything_else_is_named() {
        let home = two_days();
        let (name, bytes) = home.files().pop().unwrap();
        home.put(&name, &[&bytes[..], b"{\"v\":1,\"se"].concat());
        let ledger = home.open().unwrap();
        assert_eq!(ledger.recovered(), [Recovered { file: "torn-1".into(), bytes: 10, why: AsideWhy::Torn }]);
        assert_eq!(ledger.head().seq, 8);
        drop(ledger);
        assert_eq!(home.open().unwrap().recovered(), [], "it is mended once");

        let home = two_days();
        let (name, mut bytes) = home.files().swap_remove(0);
        let second_line = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
        bytes[second_line + 30] ^= 1;
        home.put(&name, &bytes);
        let error = home.open().unwrap_err().to_string();
        assert!(error.starts_with("2026-01-02.jsonl:2: the line was edited"), "{error}");
    }

    /// What a day holds is read in its order, wherever a file of it ends; what is published with a batch doesn't grow with
    /// the day.
    #[tokio::test]
    async fn a_long_day_has_several_files() {
        let home = two_days();
        let fixture = Fixture::init(&home.state.dir().join("config"), &[]);
        fixture.put("factory.kdl", "").commit("config");
        let repo = fixture.repo();
        let by = crate::adapters::git::Signature { name: "F".into(), email: "f@example.com".into() };
        let target = publish::Target::Local(&repo);
        let mut ledger = home.open().unwrap();
        while fs::names(ledger.dir()).unwrap().len() < 4 {
            let records = (0..50).map(|n| flip(&format!("loop/l{n}"), false)).collect();
            ledger.append_all(records, at(86_401)).unwrap();
            ledger.publish(&target, &by, at(0)).await.unwrap();
        }
        let names = ["2026-01-02", "2026-01-03", "2026-01-03_0002", "2026-01-03_0003"];
        let names = names.map(|name| format!("{name}.jsonl"));
        assert_eq!(fs::names(ledger.dir()).unwrap(), names);
        let files = fixture.git(&["ls-tree", "-r", "--name-only", publish::BRANCH]);
        assert_eq!(files.lines().count(), 4, "{files}");
        let last = fixture.git(&["diff-tree", "-r", "--no-commit-id", "--name-only", publish::BRANCH]);
        assert_eq!(last.trim(), "ledger/2026-01-03_0003.jsonl");
        let (seq, index) = (ledger.head().seq, format!("{:?}", ledger.index().last_at()));
        drop(ledger);
        let mut ledger = home.open().unwrap();
        assert_eq!((ledger.head().seq, format!("{:?}", ledger.index().last_at())), (seq, index));
        // The clock goes back; the next day begins a file of its own.
        ledger.append(flip("loop/labels", true), at(3)).unwrap();
        ledger.append(flip("loop/labels", true), at(86_400 * 2)).unwrap();
        assert_eq!(fs::names(ledger.dir()).unwrap().last().unwrap(), "2026-01-04.jsonl");
        let bytes = |name: &str| fs::read(&ledger.dir().join(name), 1 << 20).unwrap().len() as u64;
        assert!(names[1..3].iter().all(|name| (PART..PART + (64 << 10)).contains(&bytes(name))));
    }

    #[test]
    fn a_crash_while_mending_is_mended() {
        // The copy was made and the record about it never written, before and after the cut.
        for cut in [false, true] {
            let home = two_days();
            let (name, bytes) = home.files().pop().unwrap();
            home.put("torn-1", b"xyz");
            if !cut {
                home.put(&name, &[&bytes[..], b"xyz"].concat());
            }
            let ledger = home.open().unwrap();
            let asides = if cut { 1 } else { 2 };
            assert_eq!((ledger.recovered().len(), ledger.head().seq), (asides, 7 + asides as u64));
        }
    }

    #[test]
    fn a_failed_write_leaves_the_ledger_as_it_was() {
        let home = two_days();
        let mut ledger = home.open().unwrap();
        let huge = Record::Other {
            kind: "huge".into(),
            body: serde_json::Map::from_iter([("x".to_owned(), "y".repeat(chain::MAX_LINE).into())]),
        };
        let before = home.files();
        assert!(ledger.append_all(vec![flip("loop/labels", true), huge], at(90_000)).is_err());
        assert_eq!((ledger.head().seq, home.files()), (7, before));
    }
}
