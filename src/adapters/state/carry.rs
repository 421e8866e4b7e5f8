//! Moving what a state directory holds when what names it changes.

use std::path::Path;

use super::{Error, StateDir, fs};

/// What lies in a state directory for good. Whatever else does is made anew, or says where the ledger was published.
const KEPT: [&str; 3] = ["machine", "flips.json", "ledger"];

/// There while a state directory takes over another one; it names that one.
const MARK: &str = "taking-over";

impl StateDir {
    /// Takes over what `from` holds: the ledger, the live switches, the id. Whether there was anything. Both are locked
    /// meanwhile, and what a crash interrupts is gone on with the next time.
    ///
    /// # Errors
    /// [`Error::Locked`] when a process works in one of them, [`Error::Occupied`] when this one has a past of its own.
    pub fn take_over(&self, from: &Self) -> Result<bool, Error> {
        if !fs::exists(&from.dir) {
            return Ok(false);
        }
        let (_theirs, _ours) = (from.lock("factoryctl")?, self.lock("factoryctl")?);
        let mark = self.dir.join(MARK);
        let begun = match fs::read(&mark, 64) {
            Ok(name) => name == from.id.as_bytes(),
            Err(error) if error.is_not_found() => false,
            Err(error) => return Err(Error::Prepare(error)),
        };
        if !from.has_a_past()? {
            fs::remove(&mark).map_err(Error::Prepare)?;
            return Ok(begun);
        }
        if !begun && self.has_a_past()? {
            return Err(Error::Occupied { from: from.dir.clone(), to: self.dir.clone() });
        }
        fs::replace(&mark, from.id.as_bytes()).map_err(Error::Prepare)?;
        for name in KEPT {
            move_one(&from.dir.join(name), &self.dir.join(name))?;
        }
        // What it says of the ledger that was here is no evidence against one that begins here anew.
        fs::remove(&from.dir.join("published.json")).map_err(Error::Prepare)?;
        for dir in [&from.dir, &self.dir] {
            fs::sync_dir(dir).map_err(Error::Prepare)?;
        }
        fs::remove(&mark).map_err(Error::Prepare)?;
        Ok(true)
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
        let records = match fs::names(&self.ledger()) {
            Ok(names) => !names.is_empty(),
            Err(error) if error.is_not_found() => false,
            Err(error) => return Err(Error::Prepare(error)),
        };
        Ok(records || fs::exists(&self.flips()))
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

    #[test]
    fn what_was_done_and_switched_moves_whole_and_once() {
        let home = tempfile::tempdir().unwrap();
        let (old, new) = (state(home.path(), "old"), state(home.path(), "new"));
        let id = old.lock("x").unwrap().machine().to_owned();
        put(&old, "flips.json", "flips");
        put(&old, "published.json", "elsewhere");
        put(&old, "ledger/2026-01-01.jsonl", "records");
        assert!(new.take_over(&old).unwrap());
        assert_eq!(new.lock("x").unwrap().machine(), id);
        assert_eq!(text(&new, "flips.json").as_deref(), Some("flips"));
        assert_eq!(text(&new, "ledger/2026-01-01.jsonl").as_deref(), Some("records"));
        assert_eq!(text(&new, "published.json"), None, "it was published to another place");
        assert!(!new.take_over(&old).unwrap(), "there is nothing left");
        assert!(!new.take_over(&StateDir::at(home.path(), None, "none", "main")).unwrap());
        put(&old, "flips.json", "more");
        let error = new.take_over(&old).unwrap_err();
        assert!(matches!(error, Error::Occupied { .. }), "{error}");
        let _held = new.lock("factoryctl run").unwrap();
        assert!(matches!(new.take_over(&old), Err(Error::Locked(_))));
    }

    #[test]
    fn what_a_crash_interrupted_goes_on() {
        let home = tempfile::tempdir().unwrap();
        let (old, new) = (state(home.path(), "old"), state(home.path(), "new"));
        put(&old, "ledger/2026-01-01.jsonl", "records");
        put(&new, "flips.json", "moved already");
        put(&new, MARK, old.id());
        assert!(new.take_over(&old).unwrap());
        assert_eq!(text(&new, "ledger/2026-01-01.jsonl").as_deref(), Some("records"));
        assert_eq!(text(&new, "flips.json").as_deref(), Some("moved already"));
        assert!(!fs::exists(&new.dir().join(MARK)));
    }
}
