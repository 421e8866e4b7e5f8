//! Moving what a state directory holds when what names it changes.

use std::path::{Path, PathBuf};

use super::{Error, StateDir, fs};

/// There while a state directory takes over another one: that one's name, and the id that goes along. The lock that a
/// second try takes there would draw a new one.
const MARK: &str = "taking-over";

/// There once a state directory was taken over: the id of the one that did.
const MOVED: &str = "moved-to";

/// How often a state directory can have been taken over before somebody looks for it.
const MAX_MOVES: usize = 64;

/// What came of taking over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakenOver {
    /// There was nothing.
    Nothing,
    /// What was there moved.
    Moved,
    /// The live switches moved. Both had a ledger, so that the other one stays in this folder.
    Switches(PathBuf),
}

impl StateDir {
    /// Takes over what `from` holds: the ledger, the live switches, the id; `merge` brings live switches together where
    /// both have some, twice if need be. Both are locked meanwhile, and what a crash interrupts is gone on with the
    /// next time. Who looks at `from` finds this one from then on.
    ///
    /// # Errors
    /// [`Error::Locked`] when a process works in one of them; what `merge` says.
    pub fn take_over<E: From<Error>>(
        &self,
        from: &Self,
        merge: impl FnOnce(&Path, &Path) -> Result<(), E>,
    ) -> Result<TakenOver, E> {
        if from.id == self.id || !fs::exists(&from.dir) {
            return Ok(TakenOver::Nothing);
        }
        let (theirs, _ours) = (from.lock("factoryctl")?, self.lock("factoryctl")?);
        let mark = self.dir.join(MARK);
        let begun = match fs::read(&mark, 64) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let (name, machine) = text.split_once(' ').unwrap_or_default();
                (name == from.id).then(|| machine.to_owned())
            }
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(Error::Prepare(error).into()),
        };
        let had_any = begun.is_some() || from.has_a_past()?;
        let ledger_moves = from.has_records()? && !self.has_records()?;
        if ledger_moves || begun.is_some() {
            let machine = begun.unwrap_or_else(|| theirs.machine().to_owned());
            fs::replace(&mark, format!("{} {machine}", from.id).as_bytes()).map_err(Error::Prepare)?;
            fs::replace(&self.machine_file(), machine.as_bytes()).map_err(Error::Prepare)?;
            // Whatever else lies there is made anew, or says where the ledger was published.
            if ledger_moves {
                move_one(&from.ledger(), &self.ledger())?;
            }
            // Neither is evidence against a ledger that begins there anew, nor its id.
            for left in [from.published(), from.machine_file()] {
                fs::remove(&left).map_err(Error::Prepare)?;
            }
        }
        if fs::exists(&from.flips()) && fs::exists(&self.flips()) {
            merge(&from.flips(), &self.flips())?;
            fs::remove(&from.flips()).map_err(Error::Prepare)?;
        } else {
            move_one(&from.flips(), &self.flips())?;
        }
        fs::remove(&self.dir.join(MOVED)).map_err(Error::Prepare)?;
        fs::replace(&from.dir.join(MOVED), self.id.as_bytes()).map_err(Error::Prepare)?;
        for dir in [&from.dir, &self.dir] {
            fs::sync_dir(dir).map_err(Error::Prepare)?;
        }
        fs::remove(&mark).map_err(Error::Prepare)?;
        Ok(match had_any {
            false => TakenOver::Nothing,
            true if from.has_records()? => TakenOver::Switches(from.ledger()),
            true => TakenOver::Moved,
        })
    }

    /// This one is used again, whoever took over what was in it.
    ///
    /// # Errors
    /// When that can't be noted.
    pub fn stay(&self) -> Result<(), Error> {
        fs::remove(&self.dir.join(MOVED)).map_err(Error::Prepare)
    }

    /// The one that has taken this one over, or that one, and so on; else itself.
    ///
    /// # Errors
    /// When that can't be read.
    pub fn latest(self) -> Result<Self, Error> {
        let mut latest = self;
        for _ in 0..MAX_MOVES {
            let bytes = match fs::read(&latest.dir.join(MOVED), 64) {
                Ok(bytes) => bytes,
                Err(error) if error.is_not_found() => break,
                Err(error) => return Err(Error::Prepare(error)),
            };
            let id = String::from_utf8_lossy(&bytes).trim().to_owned();
            let dir = latest.dir.with_file_name(&id);
            if id.is_empty() || !fs::exists(&dir) {
                break;
            }
            latest = Self { id, dir, runtime: latest.runtime };
        }
        Ok(latest)
    }

    /// Whether what was kept under this id is kept here by now.
    ///
    /// # Errors
    /// When that can't be read.
    pub fn continues(&self, id: &str) -> Result<bool, Error> {
        if id == self.id {
            return Ok(true);
        }
        let dir = self.dir.with_file_name(id);
        let is_name =
            Path::new(id).components().count() == 1 && dir.file_name().is_some_and(|name| name == id);
        if !is_name {
            return Ok(false);
        }
        let other = Self { id: id.to_owned(), dir, runtime: self.runtime.clone() };
        Ok(other.latest()?.id == self.id)
    }

    /// Whether somebody works in it, or has left there what can't be made anew.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn is_used(&self) -> Result<bool, Error> {
        Ok(self.has_a_past()? || self.holder()?.is_some())
    }

    /// Whether it has what can't be made anew: records, or live switches.
    fn has_a_past(&self) -> Result<bool, Error> {
        Ok(self.has_records()? || fs::exists(&self.flips()))
    }

    fn has_records(&self) -> Result<bool, Error> {
        match fs::names(&self.ledger()) {
            Ok(names) => Ok(!names.is_empty()),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(Error::Prepare(error)),
        }
    }
}

/// Moves a file or a folder over one that has nothing in it.
fn move_one(from: &Path, to: &Path) -> Result<(), Error> {
    match std::fs::rename(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::Prepare(fs::Error::of("move", from, error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(home: &Path, name: &str) -> StateDir {
        StateDir::prepare(home, None, name, "main").unwrap()
    }

    fn put(state: &StateDir, name: &str, text: &str) {
        fs::replace(&state.dir().join(name), text.as_bytes()).unwrap();
    }

    fn text(state: &StateDir, name: &str) -> Option<String> {
        fs::read(&state.dir().join(name), 64).ok().map(|bytes| String::from_utf8(bytes).unwrap())
    }

    fn no_merge(_: &Path, _: &Path) -> Result<(), Error> {
        panic!("only one of them has switches")
    }

    fn append(from: &Path, to: &Path) -> Result<(), Error> {
        let both = [fs::read(to, 64).unwrap(), fs::read(from, 64).unwrap()].concat();
        fs::replace(to, &both).map_err(Error::Prepare)
    }

    #[test]
    fn what_was_done_and_switched_moves_whole_and_once() {
        let home = tempfile::tempdir().unwrap();
        let (old, new) = (state(home.path(), "old"), state(home.path(), "new"));
        let id = old.lock("x").unwrap().machine().to_owned();
        put(&old, "flips.json", "flips");
        put(&old, "published.json", "elsewhere");
        put(&old, "ledger/2026-01-01.jsonl", "records");
        assert_eq!(new.take_over(&old, no_merge).unwrap(), TakenOver::Moved);
        assert_eq!(new.lock("x").unwrap().machine(), id);
        assert_eq!(text(&new, "flips.json").as_deref(), Some("flips"));
        assert_eq!(text(&new, "ledger/2026-01-01.jsonl").as_deref(), Some("records"));
        assert_eq!(text(&new, "published.json"), None, "it was published to another place");
        assert_eq!(new.take_over(&old, no_merge).unwrap(), TakenOver::Nothing);
        let none = StateDir::at(home.path(), None, "none", "main");
        assert_eq!(new.take_over(&none, no_merge).unwrap(), TakenOver::Nothing);
        let _held = new.lock("factoryctl run").unwrap();
        assert!(matches!(new.take_over(&old, no_merge), Err(Error::Locked(_))));
    }

    #[test]
    fn where_both_have_a_past_all_switches_hold_and_no_record_is_lost() {
        let home = tempfile::tempdir().unwrap();
        let (old, new) = (state(home.path(), "old"), state(home.path(), "new"));
        put(&old, "flips.json", "theirs");
        put(&old, "ledger/2026-01-01.jsonl", "records");
        put(&new, "flips.json", "ours,");
        put(&new, "ledger/2026-01-01.jsonl", "others");
        let id = new.lock("x").unwrap().machine().to_owned();
        assert_eq!(new.take_over(&old, append).unwrap(), TakenOver::Switches(old.ledger()));
        assert_eq!(text(&new, "flips.json").as_deref(), Some("ours,theirs"));
        assert_eq!(text(&old, "flips.json"), None);
        assert_eq!(text(&old, "ledger/2026-01-01.jsonl").as_deref(), Some("records"));
        assert_eq!(text(&new, "ledger/2026-01-01.jsonl").as_deref(), Some("others"));
        assert_eq!(new.lock("x").unwrap().machine(), id);
    }

    #[test]
    fn who_looks_for_one_that_was_taken_over_finds_where_it_went() {
        let home = tempfile::tempdir().unwrap();
        let [one, two, three] = ["one", "two", "three"].map(|name| state(home.path(), name));
        let latest = |of: &StateDir| of.clone().latest().unwrap().id().to_owned();
        assert_eq!(latest(&one), one.id());
        two.take_over(&one, no_merge).unwrap();
        three.take_over(&two, no_merge).unwrap();
        assert_eq!(latest(&one), three.id());
        let ids = [one.id(), two.id(), three.id(), "none", "..", ""];
        assert_eq!(ids.map(|id| three.continues(id).unwrap()), [true, true, true, false, false, false]);
        // And back again.
        one.take_over(&three, no_merge).unwrap();
        assert_eq!([&one, &two, &three].map(latest), [one.id(), one.id(), one.id()]);
    }

    #[test]
    fn what_a_crash_interrupted_goes_on() {
        let home = tempfile::tempdir().unwrap();
        let (old, new) = (state(home.path(), "old"), state(home.path(), "new"));
        put(&old, "flips.json", "records moved already");
        put(&new, "ledger/2026-01-01.jsonl", "records");
        put(&new, MARK, &format!("{} 0123456789abcdef", old.id()));
        assert_eq!(new.take_over(&old, no_merge).unwrap(), TakenOver::Moved);
        assert_eq!(new.lock("x").unwrap().machine(), "0123456789abcdef");
        assert_eq!(text(&new, "ledger/2026-01-01.jsonl").as_deref(), Some("records"));
        assert_eq!(text(&new, "flips.json").as_deref(), Some("records moved already"));
        assert!(!fs::exists(&new.dir().join(MARK)));
    }
}
