//! Bringing this machine's ledger and the branch together: the branch's records come first, ours follow anew.

use std::collections::HashSet;

use jiff::Timestamp;

use super::chain::{self, Head};
use super::publish::{FOLDER, MAX_DAY, Published, Target};
use super::scan::{End, Scan, is_day_file};
use super::store::MAX_ASIDE;
use super::{Aside, AsideWhy, Ending, Error, Ledger, Place, Record};
use crate::adapters::fs;
use crate::adapters::git::Repo;
use crate::model::{CommitId, IntentId};

/// How this machine's ledger and the branch came together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// There is no branch yet.
    NoBranch,
    /// The branch has nothing that isn't here.
    Nothing,
    /// The branch's new records were added here.
    Forwarded {
        /// How many.
        records: u64,
    },
    /// Both had new records: the branch's were taken, and ours written anew after them.
    Rebased {
        /// How many of the branch.
        theirs: u64,
        /// How many of ours.
        ours: u64,
    },
}

/// Where the branch and our files part.
struct Fork {
    /// The last record both have.
    common: Head,
    /// Our lines after it.
    ours: Vec<Vec<u8>>,
    /// Where our first own line begins.
    cut: Option<(String, u64)>,
    /// The branch's records after it.
    theirs: u64,
    /// The branch's last record, and its file.
    branch: Head,
    branch_day: String,
}

impl Ledger {
    /// Takes over what others have published. Records of ours that the branch doesn't have are written anew after
    /// its own, with their times; the old lines are kept aside. To be called at the start, and when publishing
    /// was answered by `Behind`. A crash at any point is mended by the next opening and reconciling.
    ///
    /// # Errors
    /// [`Error::BranchRewritten`] when the branch doesn't contain what was published to it, [`Error::BranchBroken`]
    /// when its own chain is.
    pub async fn reconcile(&mut self, target: &Target<'_>, at: Timestamp) -> Result<Reconciled, Error> {
        let published = self.published.clone();
        let Some(actual) = target.fetch().await? else {
            return match published {
                Some(published) => Err(rewritten(&published)),
                None => Ok(Reconciled::NoBranch),
            };
        };
        if published.as_ref().is_some_and(|p| p.commit == actual) {
            return Ok(Reconciled::Nothing);
        }
        let fork = self.find_fork(target.repo(), &actual)?;
        let note = Published {
            commit: actual.clone(),
            seq: fork.branch.seq,
            hash: fork.branch.hash.clone(),
            day: fork.branch_day.clone(),
        };
        if fork.theirs == 0 {
            self.note(note)?;
            self.load()?;
            return Ok(Reconciled::Nothing);
        }
        let ours = fork.ours.len() as u64;
        let aside = self.set_ours_aside(&fork)?;
        self.add_theirs(target.repo(), &actual, &fork.common)?;
        self.note(note)?;
        self.load()?;
        match aside {
            Some(name) => {
                let bytes = self.rewrite(&name, &fork.ours, at)?;
                tracing::warn!(
                    file = name,
                    bytes,
                    "another machine had published; our records follow its own"
                );
                Ok(Reconciled::Rebased { theirs: fork.theirs, ours })
            }
            None => Ok(Reconciled::Forwarded { records: fork.theirs }),
        }
    }

    fn find_fork(&self, repo: &Repo, actual: &CommitId) -> Result<Fork, Error> {
        let base = self.published.as_ref();
        let from = base.map(|p| p.day.as_str());
        let mut ours = Scan::new(&self.dir, from)?;
        let mut our_next = ours.next()?;
        let mut common = Head::default();
        let mut branch = Head::default();
        let mut branch_day = String::new();
        let (mut theirs, mut apart) = (0, false);
        let mut seen_base = base.is_none();
        for (day, bytes) in branch_days(repo, actual, from) {
            let bytes = bytes?;
            for (n, line) in lines(&bytes).enumerate() {
                let place = || Place { file: format!("{actual}:{FOLDER}/{day}"), line: n as u64 + 1 };
                let broken = |wrong| Error::BranchBroken {
                    place: place(),
                    wrong,
                    published: base.map(|p| p.commit.to_string()),
                };
                let (entry, prev) = chain::open(line).map_err(broken)?;
                // The first record of the first file we look at: what it follows is not looked at.
                if branch.seq == 0 && entry.seq > 1 && base.is_some() {
                    branch = Head { seq: entry.seq - 1, hash: prev.clone() };
                    common = branch.clone();
                }
                chain::check_place(&branch, &entry, &prev).map_err(broken)?;
                branch = entry.head();
                branch_day.clone_from(&day);
                seen_base |= base.is_some_and(|b| b.seq == entry.seq && b.hash == entry.hash);
                let same =
                    !apart && our_next.as_ref().is_some_and(|o| o.end == End::Break && o.bytes == line);
                if same {
                    common = entry.head();
                    our_next = ours.next()?;
                } else {
                    apart = true;
                    theirs += 1;
                }
            }
        }
        if let Some(base) = base.filter(|base| !seen_base || common.seq < base.seq) {
            return Err(rewritten(base));
        }
        let cut = our_next.as_ref().map(|l| (l.place.file.clone(), l.offset));
        let mut own = Vec::new();
        while let Some(line) = our_next {
            own.push(line.bytes);
            our_next = ours.next()?;
        }
        Ok(Fork { common, ours: own, cut, theirs, branch, branch_day })
    }

    /// Copies our own lines aside and then cuts them off, last file first.
    fn set_ours_aside(&mut self, fork: &Fork) -> Result<Option<String>, Error> {
        let Some((cut_file, offset)) = &fork.cut else { return Ok(None) };
        let name = self.free_name("forked")?;
        let mut bytes = fork.ours.join(&b'\n');
        bytes.push(b'\n');
        fs::replace(&self.dir.join(&name), &bytes).map_err(Error::Files)?;
        let mut later = super::scan::day_files(&self.dir)?;
        later.retain(|day| day > cut_file);
        self.file = None;
        for day in later.iter().rev() {
            fs::remove(&self.dir.join(day)).map_err(Error::Files)?;
        }
        self.day(cut_file)?.cut(*offset).map_err(Error::Files)?;
        self.file = None;
        Ok(Some(name))
    }

    /// Appends the branch's records after `common` to the same files as there.
    fn add_theirs(&mut self, repo: &Repo, actual: &CommitId, common: &Head) -> Result<(), Error> {
        let from = self.published.as_ref().map(|p| p.day.clone());
        for (day, bytes) in branch_days(repo, actual, from.as_deref()) {
            let bytes = bytes?;
            let mut new = Vec::new();
            for (n, line) in lines(&bytes).enumerate() {
                let place = Place { file: format!("{actual}:{FOLDER}/{day}"), line: n as u64 + 1 };
                let (entry, _) = chain::open(line).map_err(|wrong| Error::Broken { place, wrong })?;
                if entry.seq > common.seq {
                    new.extend_from_slice(line);
                    new.push(b'\n');
                }
            }
            if !new.is_empty() {
                self.day(&day)?.append(&new).map_err(Error::Files)?;
            }
        }
        Ok(())
    }

    /// Writes our own records anew, and that they were moved. Intents that were left and are among them are not:
    /// nobody has seen them but this machine, nothing came of them, and another machine may have the same ones under
    /// way.
    fn rewrite(&mut self, name: &str, own: &[Vec<u8>], at: Timestamp) -> Result<u64, Error> {
        let mut records = Vec::new();
        for (n, line) in own.iter().enumerate() {
            let place = Place { file: name.to_owned(), line: n as u64 + 1 };
            let (entry, _) = chain::open(line).map_err(|wrong| Error::Broken { place, wrong })?;
            records.push((entry.record, entry.at));
        }
        let ids = |of: fn(&Record) -> Option<&IntentId>| -> HashSet<IntentId> {
            records.iter().filter_map(|(record, _)| of(record).cloned()).collect()
        };
        let (ours, left) = (ids(intended), ids(left));
        let moot = |id: &IntentId| ours.contains(id) && left.contains(id);
        records.retain(|(record, _)| !intended(record).or_else(|| ended(record)).is_some_and(moot));
        let bytes = own.iter().map(|l| l.len() as u64 + 1).sum();
        let aside = Aside { file: name.to_owned(), bytes, why: AsideWhy::Forked };
        records.push((Record::Aside(aside), at));
        self.append_each(records)?;
        Ok(bytes)
    }

    /// After a crash in mid-reconciling: writes anew what was copied aside and then cut off. What was not yet cut
    /// off still stands, and only the copy goes.
    pub(super) fn finish_fork(&mut self, name: &str) -> Result<(), Error> {
        let path = self.dir.join(name);
        let bytes = fs::read(&path, MAX_ASIDE).map_err(Error::Files)?;
        let own: Vec<Vec<u8>> = lines(&bytes).map(<[u8]>::to_vec).collect();
        let mut standing = HashSet::new();
        let mut scan = Scan::new(&self.dir, None)?;
        let wanted: HashSet<&[u8]> = own.iter().map(Vec::as_slice).collect();
        while let Some(line) = scan.next()? {
            if wanted.contains(line.bytes.as_slice()) {
                standing.insert(line.bytes);
            }
        }
        let lost: Vec<Vec<u8>> = own.iter().filter(|l| !standing.contains(*l)).cloned().collect();
        if lost.is_empty() {
            return fs::remove(&path).map_err(Error::Files);
        }
        let at = self.index.last_at().unwrap_or(Timestamp::UNIX_EPOCH);
        let bytes = self.rewrite(name, &lost, at)?;
        self.recovered_fork(name, bytes);
        Ok(())
    }
}

fn rewritten(published: &Published) -> Error {
    Error::BranchRewritten { seq: published.seq, commit: published.commit.to_string() }
}

/// The branch's day files from `from` on, oldest first, each read when it is asked for.
fn branch_days<'a>(
    repo: &'a Repo,
    commit: &'a CommitId,
    from: Option<&str>,
) -> impl Iterator<Item = (String, Result<Vec<u8>, Error>)> + use<'a> {
    let (names, failure) = match repo.names_at(commit, FOLDER) {
        Ok(names) => (names, None),
        Err(e) => (Vec::new(), Some((FOLDER.to_owned(), Err(Error::Git(e))))),
    };
    let from = from.unwrap_or_default().to_owned();
    let days = names.into_iter().filter(move |n| is_day_file(n) && *n >= from);
    failure.into_iter().chain(days.map(move |day| {
        let bytes = repo.file_at(commit, &format!("{FOLDER}/{day}"), MAX_DAY);
        (day, bytes.map(Option::unwrap_or_default).map_err(Error::Git))
    }))
}

/// The intent that a record is.
fn intended(record: &Record) -> Option<&IntentId> {
    if let Record::Intent(intent) = record { Some(&intent.intent) } else { None }
}

/// The intent of which a record is an outcome.
fn ended(record: &Record) -> Option<&IntentId> {
    if let Record::Outcome(outcome) = record { Some(&outcome.intent) } else { None }
}

/// The intent that a record says was left.
fn left(record: &Record) -> Option<&IntentId> {
    ended(record).filter(|_| matches!(record, Record::Outcome(outcome) if outcome.result == Ending::Left))
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Home, at, flip, intent, outcome, two_days};
    use super::super::{BRANCH, Publication, branch_state, verify};
    use super::*;
    use crate::adapters::git::{Signature, fixture::Fixture};

    fn by() -> Signature {
        Signature { name: "Factory".into(), email: "factory@example.com".into() }
    }

    async fn publish(ledger: &mut Ledger, repo: &Repo) -> Publication {
        ledger.publish(&Target::Local(repo), &by(), at(0)).await.unwrap()
    }

    fn sound(home: &Home, repo: &Repo) -> u64 {
        let branch = branch_state(repo).unwrap();
        let noted = Published::noted(home.state.dir()).unwrap();
        let report = verify(&home.state.ledger(), &branch, noted.as_ref()).unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        report.head.seq
    }

    #[tokio::test]
    async fn a_new_machine_takes_the_ledger_over_and_both_go_on() {
        let (one, two) = (two_days(), Home::new());
        let fixture = Fixture::init(&one.state.dir().join("config"), &[]);
        let repo = fixture.repo();
        let (mut a, mut b) = (one.open().unwrap(), two.open().unwrap());
        let target = Target::Local(&repo);
        assert_eq!(b.reconcile(&target, at(0)).await.unwrap(), Reconciled::NoBranch);
        publish(&mut a, &repo).await;
        assert_eq!(b.reconcile(&target, at(0)).await.unwrap(), Reconciled::Forwarded { records: 7 });
        assert_eq!(one.files(), two.files());
        assert_eq!(b.reconcile(&target, at(0)).await.unwrap(), Reconciled::Nothing);

        b.append(intent("c", 0), at(200_000)).unwrap();
        assert!(matches!(publish(&mut b, &repo).await, Publication::Done { .. }));
        // Meanwhile the first one, a day behind.
        a.append_all(vec![intent("d", 0), flip("loop/labels", true)], at(100_000)).unwrap();
        assert!(matches!(publish(&mut a, &repo).await, Publication::Behind { actual: Some(_) }));
        let rebased = a.reconcile(&target, at(0)).await.unwrap();
        assert_eq!(rebased, Reconciled::Rebased { theirs: 1, ours: 2 });
        assert_eq!(a.index().open_intents().len(), 2);
        assert!(matches!(publish(&mut a, &repo).await, Publication::Done { .. }));
        assert_eq!(b.reconcile(&target, at(0)).await.unwrap(), Reconciled::Forwarded { records: 3 });
        assert_eq!((sound(&one, &repo), sound(&two, &repo)), (11, 11));
        // The lines that were replaced stand aside, on the machine that wrote them.
        assert_eq!(fs::names(a.dir()).unwrap().last().unwrap(), "forked-1");
    }

    #[tokio::test]
    async fn what_the_slower_machine_never_tried_does_not_end_what_the_faster_one_has_under_way() {
        let (one, two) = (two_days(), Home::new());
        let fixture = Fixture::init(&one.state.dir().join("config"), &[]);
        let repo = fixture.repo();
        let (mut a, mut b) = (one.open().unwrap(), two.open().unwrap());
        let target = Target::Local(&repo);
        let before = intent("before", 0);
        a.append(before.clone(), at(86_500)).unwrap();
        publish(&mut a, &repo).await;
        b.reconcile(&target, at(0)).await.unwrap();
        // Both want the same; the second was faster.
        let both = intent("both", 0);
        b.append(both.clone(), at(100_000)).unwrap();
        publish(&mut b, &repo).await;
        let mine = vec![both.clone(), outcome(&both, Ending::Left), outcome(&before, Ending::Left)];
        a.append_all(mine, at(100_001)).unwrap();
        assert_eq!(a.reconcile(&target, at(0)).await.unwrap(), Reconciled::Rebased { theirs: 1, ours: 3 });
        let open: Vec<String> =
            a.index().open_intents().iter().map(|open| open.intent.address.to_string()).collect();
        assert_eq!(open, ["repo/acme/widgets/label/both"], "what was published before is ended all the same");
        assert_eq!(a.head().seq, 11, "8 of both, 1 of theirs, 1 outcome, 1 about the move");
    }

    #[tokio::test]
    async fn a_push_that_was_not_noted_is_recognised() {
        let home = two_days();
        let fixture = Fixture::init(&home.state.dir().join("config"), &[]);
        let repo = fixture.repo();
        let mut ledger = home.open().unwrap();
        publish(&mut ledger, &repo).await;
        drop(ledger);
        fs::remove(&home.state.published()).unwrap();
        let mut ledger = home.open().unwrap();
        ledger.append(flip("loop/labels", true), at(100_000)).unwrap();
        assert!(matches!(publish(&mut ledger, &repo).await, Publication::Behind { .. }));
        let target = Target::Local(&repo);
        assert_eq!(ledger.reconcile(&target, at(0)).await.unwrap(), Reconciled::Nothing);
        assert!(matches!(publish(&mut ledger, &repo).await, Publication::Done { .. }));
        assert_eq!(sound(&home, &repo), 8);
    }

    #[tokio::test]
    async fn a_rewritten_branch_is_refused() {
        let home = two_days();
        let fixture = Fixture::init(&home.state.dir().join("config"), &[]);
        let repo = fixture.repo();
        let mut ledger = home.open().unwrap();
        publish(&mut ledger, &repo).await;
        let other = Home::new();
        let mut another = other.open().unwrap();
        another.append(flip("loop/labels", true), at(0)).unwrap();
        fixture.git(&["update-ref", "-d", "refs/heads/factory/ledger"]);
        let target = Target::Local(&repo);
        let gone = ledger.reconcile(&target, at(0)).await.unwrap_err();
        assert!(matches!(gone, Error::BranchRewritten { seq: 7, .. }), "{gone}");
        publish(&mut another, &repo).await;
        let replaced = ledger.reconcile(&target, at(0)).await.unwrap_err();
        assert!(matches!(replaced, Error::BranchRewritten { seq: 7, .. }), "{replaced}");
    }

    #[tokio::test]
    async fn a_crash_in_mid_reconciling_loses_nothing() {
        let (one, two) = (two_days(), Home::new());
        let fixture = Fixture::init(&one.state.dir().join("config"), &[]);
        let repo = fixture.repo();
        let target = Target::Local(&repo);
        let mut a = one.open().unwrap();
        publish(&mut a, &repo).await;
        let mut b = two.open().unwrap();
        b.reconcile(&target, at(0)).await.unwrap();
        b.append(intent("theirs", 0), at(100_000)).unwrap();
        publish(&mut b, &repo).await;
        a.append_all(vec![intent("ours", 0), flip("loop/labels", true)], at(200_000)).unwrap();
        let head = repo.branch_head(BRANCH).unwrap().unwrap();
        let before = one.files();
        for step in 0..3 {
            let home = Home::new();
            let note = std::fs::File::open(one.state.published()).unwrap();
            let note = std::io::read_to_string(note).unwrap();
            fs::replace(&home.state.published(), note.as_bytes()).unwrap();
            for (name, bytes) in &before {
                home.put(name, bytes);
            }
            let mut ledger = home.open().unwrap();
            let fork = ledger.find_fork(&repo, &head).unwrap();
            assert_eq!((fork.ours.len(), fork.theirs), (2, 1));
            // Step 0: copied, not cut; 1: cut; 2: and theirs added, not noted.
            if step == 0 {
                let mut bytes = fork.ours.join(&b'\n');
                bytes.push(b'\n');
                home.put("forked-1", &bytes);
            } else {
                ledger.set_ours_aside(&fork).unwrap();
                if step == 2 {
                    ledger.add_theirs(&repo, &head, &fork.common).unwrap();
                }
            }
            drop(ledger);
            let mut ledger = home.open().unwrap();
            assert_eq!(ledger.index().flips().filter(|f| f.on).count(), 1, "step {step}");
            ledger.reconcile(&target, at(300_000)).await.unwrap();
            let open = ledger.index().open_intents().len();
            assert_eq!(open, 2, "step {step}: the intent of each is known");
            ledger.append(flip("loop/labels", false), at(300_000)).unwrap();
            drop(ledger);
            home.open().unwrap();
        }
    }
}
