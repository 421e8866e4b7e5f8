//! Moving what a state directory holds when what names it changes.

use std::path::Path;

use super::{Error, StateDir, fs};

/// There while a state directory takes over another one: that one's name, and the id that goes along. The lock that a
/// second try takes there would draw a new one.
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
        let (theirs, _ours) = (from.lock("factoryctl")?, self.lock("factoryctl")?);
        let mark = self.dir.join(MARK);
        let begun = match fs::read(&mark, 64) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let (name, machine) = text.split_once(' ').unwrap_or_default();
                (name == from.id).then(|| machine.to_owned())
            }
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(Error::Prepare(error)),
        };
        if begun.is_none() {
            if !from.has_a_past()? {
                return Ok(false);
            }
            if self.has_a_past()? {
                return Err(Error::Occupied { from: from.dir.clone(), to: self.dir.clone() });
            }
        }
        let machine = begun.unwrap_or_else(|| theirs.machine().to_owned());
        fs::replace(&mark, format!("{} {machine}", from.id).as_bytes()).map_err(Error::Prepare)?;
        fs::replace(&self.machine_file(), machine.as_bytes()).map_err(Error::Prepare)?;
        // Whatever else lies there is made anew, or says where the ledger was published.
        move_one(&from.flips(), &self.flips())?;
        move_one(&from.ledger(), &self.ledger())?;
        // Neither is evidence against a ledger that begins there anew, nor its id.
        for left in [from.published(), from.machine_file()] {
            fs::remove(&left).map_err(Error::Prepare)?;
        }
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
        put(&new, MARK, &format!("{} 0123456789abcdef", old.id()));
        assert!(new.take_over(&old).unwrap());
        assert_eq!(new.lock("x").unwrap().machine(), "0123456789abcdef");
        assert_eq!(text(&new, "ledger/2026-01-01.jsonl").as_deref(), Some("records"));
        assert_eq!(text(&new, "flips.json").as_deref(), Some("moved already"));
        assert!(!fs::exists(&new.dir().join(MARK)));
    }
}
