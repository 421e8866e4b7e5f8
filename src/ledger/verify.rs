//! Checking a ledger without touching it: each line, the chain, and its end against the branch and the noted head.

use std::path::Path;

use super::chain::{self, Head, Wrong};
use super::publish::{BRANCH, FOLDER, MAX_DAY, Published};
use super::scan::{End, Scan, is_day_file};
use super::{Error, Place, Record};
use crate::adapters::git::Repo;

/// How many problems are named.
const MAX_PROBLEMS: usize = 20;

/// What checking found.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Its last record.
    At(Head),
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

/// Checks the day files in `dir`, and their end against the branch's last record and the one noted as published.
/// Any edit, swap or cut inside shows in the files alone. It takes no lock: a line that is being written meanwhile
/// counts as torn.
///
/// # Errors
/// When files can't be read; what is wrong with them is in the report.
pub fn verify(dir: &Path, branch: &Branch, noted: Option<&Published>) -> Result<Report, Error> {
    let mut report = Report {
        records: 0,
        head: Head::default(),
        problems: Vec::new(),
        torn: 0,
        behind: 0,
        asides: Vec::new(),
    };
    let (mut branch_found, mut noted_found) = (None, None);
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
        let read = wrong.map_or_else(|| chain::open(&line.bytes), Err);
        let (entry, prev) = match read {
            Ok(read) => read,
            Err(wrong) => {
                // Go on behind it, so that each place is named once.
                report.head.seq += 1;
                report.head.hash.clear();
                report.add(Some(line.place), wrong.to_string());
                continue;
            }
        };
        let after_a_problem = report.head.hash.is_empty();
        let expected = Head {
            seq: report.head.seq,
            hash: if after_a_problem { prev.clone() } else { report.head.hash.clone() },
        };
        if let Err(wrong) = chain::check_place(&expected, &entry, &prev) {
            report.add(Some(line.place), wrong.to_string());
        }
        report.records += 1;
        report.head = entry.head();
        if matches!(branch, Branch::At(head) if head.seq == entry.seq) {
            branch_found = Some(entry.hash.clone());
        }
        if noted.is_some_and(|n| n.seq == entry.seq) {
            noted_found = Some(entry.hash.clone());
        }
        if let Record::Aside(aside) = entry.record {
            report.asides.push(aside.file);
        }
    }
    report.check_noted(noted, noted_found.as_ref());
    report.check_branch(branch, branch_found.as_ref(), noted.is_some());
    Ok(report)
}

impl Report {
    fn add(&mut self, place: Option<Place>, says: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem { place, says });
        }
    }

    fn check_noted(&mut self, noted: Option<&Published>, found: Option<&String>) {
        let Some(noted) = noted else { return };
        let what = format!("record {}, published in commit {},", noted.seq, noted.commit.short());
        match found {
            Some(hash) if *hash == noted.hash => {}
            Some(_) => self.add(None, format!("{what} was replaced by another one")),
            None => self.add(None, format!("{what} is missing: the end was removed")),
        }
    }

    fn check_branch(&mut self, branch: &Branch, found: Option<&String>, has_note: bool) {
        let branch = match branch {
            Branch::NotAsked => return,
            Branch::Absent => {
                if has_note {
                    let says = "the branch `factory/ledger` is gone, though records were published to it";
                    self.add(None, says.to_owned());
                }
                return;
            }
            Branch::At(head) => head,
        };
        match found {
            Some(hash) if *hash == branch.hash => {}
            Some(_) => {
                let says =
                    format!("record {} differs from the one on the branch `factory/ledger`", branch.seq);
                self.add(None, says);
            }
            // With a note that holds, the rest was written elsewhere.
            None if has_note => self.behind = branch.seq.saturating_sub(self.head.seq),
            None => {
                let (from, to) = (self.head.seq + 1, branch.seq);
                let what = if from == to {
                    format!("record {to} is")
                } else {
                    format!("records {from} to {to} are")
                };
                let where_to = "on the branch `factory/ledger` and not here";
                self.add(None, format!("{what} {where_to}: removed here, or never taken over"));
            }
        }
    }
}

/// What the branch has: its last record, as of its head.
///
/// # Errors
/// When it can't be read, or its last line is broken.
pub fn branch_state(repo: &Repo) -> Result<Branch, Error> {
    let Some(commit) = repo.branch_head(BRANCH).map_err(Error::Git)? else { return Ok(Branch::Absent) };
    let names = repo.names_at(&commit, FOLDER).map_err(Error::Git)?;
    for day in names.iter().filter(|n| is_day_file(n)).rev() {
        let path = format!("{FOLDER}/{day}");
        let bytes = repo.file_at(&commit, &path, MAX_DAY).map_err(Error::Git)?.unwrap_or_default();
        let all = bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty());
        let (count, last) = all.fold((0, None), |(n, _), line| (n + 1, Some(line)));
        if let Some(last) = last {
            let place = Place { file: format!("{commit}:{path}"), line: count };
            let (entry, _) = chain::open(last).map_err(|wrong| Error::Broken { place, wrong })?;
            return Ok(Branch::At(entry.head()));
        }
    }
    Ok(Branch::Absent)
}

#[cfg(test)]
mod tests {
    use super::super::samples::two_days;
    use super::super::{Publication, Target};
    use super::*;
    use crate::adapters::fs;
    use crate::adapters::git::{Signature, fixture::Fixture};

    type Lines = Vec<(String, Vec<u8>)>;

    #[tokio::test]
    async fn every_kind_of_damage_is_found() {
        let sound = two_days();
        let fixture = Fixture::init(&sound.state.dir().join("config"), &[]);
        let repo = fixture.repo();
        let mut ledger = sound.open().unwrap();
        let by = Signature { name: "F".into(), email: "f@example.com".into() };
        let done = ledger.publish(&Target::Local(&repo), &by, super::super::samples::at(0)).await.unwrap();
        assert!(matches!(done, Publication::Done { .. }), "{done:?}");
        let branch = branch_state(&repo).unwrap();
        let noted = ledger.published().unwrap().clone();
        let mut lines = Lines::new();
        for (name, bytes) in sound.files() {
            lines.extend(bytes.split_inclusive(|b| *b == b'\n').map(|l| (name.clone(), l.to_vec())));
        }
        let check = |damage: &dyn Fn(&mut Lines), branch: &Branch, note: bool| {
            let mut lines = lines.clone();
            damage(&mut lines);
            let dir = tempfile::tempdir().unwrap();
            for name in ["2026-01-02.jsonl", "2026-01-03.jsonl"] {
                let of_day = lines.iter().filter(|(n, _)| n == name);
                let bytes: Vec<u8> = of_day.flat_map(|(_, l)| l.clone()).collect();
                fs::replace(&dir.path().join(name), &bytes).unwrap();
            }
            let report = verify(dir.path(), branch, note.then_some(&noted)).unwrap();
            let mut says =
                format!("{} records, {} torn, {} behind", report.records, report.torn, report.behind);
            for problem in report.problems {
                says = format!("{says}\n  {}", problem.to_string().replace(noted.commit.short(), "COMMIT"));
            }
            says
        };
        let (alone, gone) = (Branch::NotAsked, Branch::Absent);
        let ahead = Branch::At(Head { seq: 9, hash: "f".repeat(64) });
        let other = Branch::At(Head { seq: 7, hash: "f".repeat(64) });
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
        row("branch rewritten", &|_| {}, &other, true);
        row("branch gone", &|_| {}, &gone, true);
        row("never published", &|_| {}, &gone, false);
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
        branch rewritten: 7 records, 0 torn, 0 behind
          record 7 differs from the one on the branch `factory/ledger`
        branch gone: 7 records, 0 torn, 0 behind
          the branch `factory/ledger` is gone, though records were published to it
        never published: 7 records, 0 torn, 0 behind
        ");
    }
}
