//! Checking a ledger without touching it: each line and the chain, here and on the branch; the two against each
//! other, and against what was noted as published.

use std::path::Path;

use super::chain::{self, Entry, Head, MAX_LINE, Wrong};
use super::publish::{BRANCH, FOLDER, MAX_DAY, Published};
use super::scan::{End, Scan, is_day_file};
use super::{Error, Place, Record};
use crate::adapters::git::Repo;

/// How many problems are named.
const MAX_PROBLEMS: usize = 20;

/// What checking found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many records were read.
    pub records: u64,
    /// The last one.
    pub head: Head,
    /// Everything that is wrong, at most twenty.
    pub problems: Vec<Problem>,
    /// The bytes of an incomplete last line, which the next writer moves aside.
    pub torn: u64,
    /// How many records the branch has that are not here yet, written by another machine.
    pub behind: u64,
    /// Whether this machine has neither records nor the note of having published any: it is new here.
    pub fresh: bool,
    /// What records say was moved aside earlier.
    pub asides: Vec<String>,
}

/// What is known about the branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Branch {
    /// It wasn't looked at.
    NotAsked,
    /// It isn't there.
    Absent,
    /// Its records.
    There(OnBranch),
}

/// The chain as the branch has it, each line checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnBranch {
    /// How many records it has.
    pub records: u64,
    /// The last one.
    pub head: Head,
    /// Everything that is wrong with it, at most twenty, each at `COMMIT:PATH:LINE`.
    pub problems: Vec<Problem>,
    /// The hash of each record, by its sequence.
    hashes: Vec<(u64, String)>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where; `None` for something that isn't there.
    pub place: Option<Place>,
    /// What.
    pub says: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.says),
            None => f.write_str(&self.says),
        }
    }
}

/// Checks the day files in `dir`, and them against the branch's records and the one noted as published.
/// Any edit, swap or cut inside shows in the files alone. It takes no lock: a line that is being written meanwhile
/// counts as torn.
///
/// # Errors
/// When files can't be read; what is wrong with them is in the report.
pub fn verify(dir: &Path, branch: &Branch, noted: Option<&Published>) -> Result<Report, Error> {
    let theirs = match branch {
        Branch::NotAsked | Branch::Absent => &[][..],
        Branch::There(on_branch) => &on_branch.hashes,
    };
    let mut report = Report::default();
    let mut walk = Walk::default();
    let (mut common, mut noted_found) = (0, None);
    let mut scan = Scan::new(dir, None)?;
    while let Some(line) = scan.next()? {
        let wrong = match line.end {
            End::LastFile => {
                report.torn = line.bytes.len() as u64;
                continue;
            }
            End::InnerFile => Some(Wrong::Torn),
            End::TooLong => Some(Wrong::TooLong),
            End::Break => None,
        };
        let Some(entry) = walk.step(line.place, wrong.map_or(Ok(line.bytes.as_slice()), Err)) else {
            continue;
        };
        if theirs.get(common).is_some_and(|(seq, hash)| *seq == entry.seq && *hash == entry.hash) {
            common += 1;
        }
        if noted.is_some_and(|n| n.seq == entry.seq) {
            noted_found = Some(entry.hash.clone());
        }
        if let Record::Aside(aside) = entry.record {
            report.asides.push(aside.file);
        }
    }
    (report.records, report.head, report.problems) = (walk.records, walk.head, walk.problems);
    report.fresh = report.records == 0 && report.torn == 0 && report.problems.is_empty() && noted.is_none();
    report.check_noted(noted, noted_found.as_ref());
    match branch {
        Branch::NotAsked => {}
        Branch::Absent if noted.is_some() => {
            report.add("the branch `factory/ledger` is gone, though records were published to it".to_owned());
        }
        Branch::Absent => {}
        Branch::There(theirs) => report.compare(theirs, common as u64, noted),
    }
    Ok(report)
}

/// Follows a chain line by line.
#[derive(Default)]
struct Walk {
    records: u64,
    head: Head,
    problems: Vec<Problem>,
}

impl Walk {
    /// Checks the next line, and goes on behind what is wrong, so that each place is named once.
    fn step(&mut self, place: Place, line: Result<&[u8], Wrong>) -> Option<Entry> {
        let (entry, prev) = match line.and_then(chain::open) {
            Ok(read) => read,
            Err(wrong) => {
                self.head.seq += 1;
                self.head.hash.clear();
                self.add(place, &wrong);
                return None;
            }
        };
        let after_a_problem = self.head.hash.is_empty();
        let expected = Head {
            seq: self.head.seq,
            hash: if after_a_problem { prev.clone() } else { self.head.hash.clone() },
        };
        if let Err(wrong) = chain::check_place(&expected, &entry, &prev) {
            self.add(place, &wrong);
        }
        self.records += 1;
        self.head = entry.head();
        Some(entry)
    }

    fn add(&mut self, place: Place, wrong: &Wrong) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem { place: Some(place), says: wrong.to_string() });
        }
    }
}

impl Report {
    /// Adds that the note of what was published is there and can't be read.
    pub fn add_damaged_note(&mut self, says: String) {
        self.fresh = false;
        self.problems.push(Problem { place: None, says });
    }

    fn add(&mut self, says: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem { place: None, says });
        }
    }

    fn check_noted(&mut self, noted: Option<&Published>, found: Option<&String>) {
        let Some(noted) = noted else { return };
        let what = format!("record {}, published in commit {},", noted.seq, noted.commit.short());
        match found {
            Some(hash) if *hash == noted.hash => {}
            Some(_) => self.add(format!("{what} was replaced by another one")),
            None => self.add(format!("{what} is missing: the end was removed")),
        }
    }

    /// Compares with the branch, of which the first `common` records are here as well.
    fn compare(&mut self, theirs: &OnBranch, common: u64, noted: Option<&Published>) {
        let sound = theirs.problems.is_empty() && self.problems.iter().all(|p| p.place.is_none());
        let room = MAX_PROBLEMS.saturating_sub(self.problems.len());
        self.problems.extend(theirs.problems.iter().take(room).cloned());
        if !sound {
            // Where a broken chain parts from another one says nothing more.
            return;
        }
        let last = theirs.head.seq;
        if last <= common {
            if let Some(noted) = noted.filter(|noted| noted.seq > last) {
                let (what, commit) = (records(last + 1, noted.seq), noted.commit.short());
                self.add(format!(
                    "{what} not on the branch `factory/ledger` any more, though published in commit {commit}"
                ));
            }
        } else if self.fresh || noted.is_some_and(|noted| noted.seq <= common) {
            // What was published stands, so the rest was written elsewhere. What is here beyond it isn't
            // published yet, and the next writer puts it behind that.
            self.behind = last - common;
        } else if common == self.head.seq {
            let what = records(common + 1, last);
            self.add(format!(
                "{what} on the branch `factory/ledger` and not here: removed here, or never taken over"
            ));
        } else {
            let first = common + 1;
            self.add(format!("record {first} differs from the one on the branch `factory/ledger`"));
        }
    }
}

/// `record 7 is`, `records 6 to 7 are`.
fn records(from: u64, to: u64) -> String {
    if from == to { format!("record {to} is") } else { format!("records {from} to {to} are") }
}

/// What the branch has, from its first record to its last, as of its head.
///
/// # Errors
/// When it can't be read; what is wrong with it is in the result.
pub fn branch_state(repo: &Repo) -> Result<Branch, Error> {
    let Some(commit) = repo.branch_head(BRANCH).map_err(Error::Git)? else { return Ok(Branch::Absent) };
    let names = repo.names_at(&commit, FOLDER).map_err(Error::Git)?;
    let mut reading = Reading::default();
    for day in names.iter().filter(|n| is_day_file(n)) {
        let path = format!("{FOLDER}/{day}");
        let bytes = repo.file_at(&commit, &path, MAX_DAY).map_err(Error::Git)?.unwrap_or_default();
        reading.file(&format!("{}:{path}", commit.short()), &bytes);
    }
    let on_branch = reading.finish();
    let empty = on_branch.records == 0 && on_branch.problems.is_empty();
    Ok(if empty { Branch::Absent } else { Branch::There(on_branch) })
}

/// The branch's files, on the way to an [`OnBranch`].
#[derive(Default)]
struct Reading {
    walk: Walk,
    hashes: Vec<(u64, String)>,
}

impl Reading {
    fn file(&mut self, name: &str, bytes: &[u8]) {
        for (n, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
            let place = Place { file: name.to_owned(), line: n as u64 + 1 };
            let line = match line.strip_suffix(b"\n") {
                Some(line) if line.len() <= MAX_LINE => Ok(line),
                Some(_) => Err(Wrong::TooLong),
                None => Err(Wrong::Torn),
            };
            self.hashes.extend(self.walk.step(place, line).map(|entry| (entry.seq, entry.hash)));
        }
    }

    fn finish(self) -> OnBranch {
        let Walk { records, head, problems } = self.walk;
        OnBranch { records, head, problems, hashes: self.hashes }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, flip, two_days};
    use super::super::{Publication, Target};
    use super::*;
    use crate::adapters::fs;
    use crate::adapters::git::{Signature, fixture::Fixture};

    type Lines = Vec<(String, Vec<u8>)>;

    fn lines_of(files: Vec<(String, Vec<u8>)>) -> Lines {
        let split = |(name, bytes): (String, Vec<u8>)| -> Lines {
            bytes.split_inclusive(|b| *b == b'\n').map(|l| (name.clone(), l.to_vec())).collect()
        };
        files.into_iter().flat_map(split).collect()
    }

    fn files_of(lines: &Lines) -> Vec<(String, Vec<u8>)> {
        ["2026-01-02.jsonl", "2026-01-03.jsonl"]
            .map(|name| {
                let of_day = lines.iter().filter(|(n, _)| n == name);
                (name.to_owned(), of_day.flat_map(|(_, l)| l.clone()).collect())
            })
            .into()
    }

    fn on_branch(lines: &Lines) -> Branch {
        let mut reading = Reading::default();
        for (name, bytes) in files_of(lines) {
            reading.file(&format!("COMMIT:ledger/{name}"), &bytes);
        }
        Branch::There(reading.finish())
    }

    /// Adds a record that nobody else has.
    fn another_record(lines: &mut Lines) {
        let last = lines.last().unwrap().1.trim_ascii_end();
        let (line, _) =
            chain::seal(&chain::open(last).unwrap().0.head(), at(90_000), &flip("loop/other", true)).unwrap();
        lines.push(("2026-01-03.jsonl".to_owned(), format!("{line}\n").into_bytes()));
    }

    #[tokio::test]
    async fn every_kind_of_damage_is_found() {
        let sound = two_days();
        let fixture = Fixture::init(&sound.state.dir().join("config"), &[]);
        let repo = fixture.repo();
        let mut ledger = sound.open().unwrap();
        let by = Signature { name: "F".into(), email: "f@example.com".into() };
        let done = ledger.publish(&Target::Local(&repo), &by, at(0)).await.unwrap();
        assert!(matches!(done, Publication::Done { .. }), "{done:?}");
        let branch = branch_state(&repo).unwrap();
        let noted = ledger.published().unwrap().clone();
        let lines = lines_of(sound.files());
        let check = |damage: &dyn Fn(&mut Lines), branch: &Branch, note: bool| {
            let mut lines = lines.clone();
            damage(&mut lines);
            let dir = tempfile::tempdir().unwrap();
            for (name, bytes) in files_of(&lines) {
                fs::replace(&dir.path().join(name), &bytes).unwrap();
            }
            let report = verify(dir.path(), branch, note.then_some(&noted)).unwrap();
            let mut says =
                format!("{} records, {} torn, {} behind", report.records, report.torn, report.behind);
            if report.fresh {
                says.push_str(", fresh");
            }
            for problem in report.problems {
                says = format!("{says}\n  {}", problem.to_string().replace(noted.commit.short(), "COMMIT"));
            }
            says
        };
        let (alone, gone) = (Branch::NotAsked, Branch::Absent);
        ledger.append_all(vec![flip("loop/labels", true), flip("loop/x", false)], at(90_000)).unwrap();
        let longer = lines_of(sound.files());
        let ahead = on_branch(&longer);
        let on_branch_after = |damage: &dyn Fn(&mut Lines)| {
            let mut lines = longer.clone();
            damage(&mut lines);
            on_branch(&lines)
        };
        let edited_there = on_branch_after(&|l| l[1].1[20] ^= 1);
        let cut_there = on_branch_after(&|l| l.truncate(5));
        // The last record published was replaced there by another one: the chain holds.
        let rewritten = on_branch_after(&|l| {
            l.truncate(6);
            another_record(l);
        });
        // Another machine wrote the eighth record, while this one has an eighth that it has not published.
        let forked = on_branch_after(&|l| {
            l.truncate(7);
            another_record(l);
        });
        let mut rows = Vec::new();
        let mut row = |name: &str, damage: &dyn Fn(&mut Lines), branch: &Branch, note| {
            rows.push(format!("{name}: {}", check(damage, branch, note)));
        };
        row("untouched", &|_| {}, &branch, true);
        row("edited", &|l| l[1].1[20] ^= 1, &alone, false);
        row("removed inside", &|l| drop(l.remove(2)), &alone, false);
        row("first removed", &|l| drop(l.remove(0)), &alone, false);
        row("swapped", &|l| l.swap(1, 2), &alone, false);
        row("inner file torn", &|l| l[3].1.truncate(40), &alone, false);
        row("torn", &|l| l[6].1.truncate(9), &alone, false);
        row("tail removed, files alone", &|l| l.truncate(5), &alone, false);
        row("tail removed, branch", &|l| l.truncate(5), &branch, false);
        row("tail removed, note", &|l| l.truncate(5), &alone, true);
        row("another machine wrote", &|_| {}, &ahead, true);
        row("both machines wrote", &|l| l.push(longer[7].clone()), &forked, true);
        row("branch rewritten", &|_| {}, &rewritten, true);
        row("branch cut", &|_| {}, &cut_there, true);
        row("branch edited inside", &|_| {}, &edited_there, true);
        row("branch gone", &|_| {}, &gone, true);
        row("never published", &|_| {}, &gone, false);
        row("a new machine", &Lines::clear, &ahead, false);
        row("a new machine, branch edited inside", &Lines::clear, &edited_there, false);
        row("all removed, note", &Lines::clear, &branch, true);
        insta::assert_snapshot!(rows.join("\n"), @r"
        untouched: 7 records, 0 torn, 0 behind
        edited: 6 records, 0 torn, 0 behind
          2026-01-02.jsonl:2: the line was edited: its content doesn't match its hash
        removed inside: 6 records, 0 torn, 0 behind
          2026-01-02.jsonl:3: record 4 stands where record 3 should
        first removed: 6 records, 0 torn, 0 behind
          2026-01-02.jsonl:1: record 2 stands where record 1 should
        swapped: 7 records, 0 torn, 0 behind
          2026-01-02.jsonl:2: record 3 stands where record 2 should
          2026-01-02.jsonl:3: record 2 stands where record 4 should
          2026-01-02.jsonl:4: record 4 stands where record 3 should
        inner file torn: 6 records, 0 torn, 0 behind
          2026-01-02.jsonl:4: the last line is incomplete
        torn: 6 records, 9 torn, 0 behind
        tail removed, files alone: 5 records, 0 torn, 0 behind
        tail removed, branch: 5 records, 0 torn, 0 behind
          records 6 to 7 are on the branch `factory/ledger` and not here: removed here, or never taken over
        tail removed, note: 5 records, 0 torn, 0 behind
          record 7, published in commit COMMIT, is missing: the end was removed
        another machine wrote: 7 records, 0 torn, 2 behind
        both machines wrote: 8 records, 0 torn, 1 behind
        branch rewritten: 7 records, 0 torn, 0 behind
          record 7 differs from the one on the branch `factory/ledger`
        branch cut: 7 records, 0 torn, 0 behind
          records 6 to 7 are not on the branch `factory/ledger` any more, though published in commit COMMIT
        branch edited inside: 7 records, 0 torn, 0 behind
          COMMIT:ledger/2026-01-02.jsonl:2: the line was edited: its content doesn't match its hash
        branch gone: 7 records, 0 torn, 0 behind
          the branch `factory/ledger` is gone, though records were published to it
        never published: 7 records, 0 torn, 0 behind
        a new machine: 0 records, 0 torn, 9 behind, fresh
        a new machine, branch edited inside: 0 records, 0 torn, 0 behind, fresh
          COMMIT:ledger/2026-01-02.jsonl:2: the line was edited: its content doesn't match its hash
        all removed, note: 0 records, 0 torn, 0 behind
          record 7, published in commit COMMIT, is missing: the end was removed
          records 1 to 7 are on the branch `factory/ledger` and not here: removed here, or never taken over
        ");
    }
}
