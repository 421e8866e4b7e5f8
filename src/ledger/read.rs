//! Reading the ledger without its lock: what a plan, a status or a listing needs to know.

use std::path::Path;

use super::chain::{self, Head, Wrong};
use super::scan::{End, Scan};
use super::{Error, Index};

/// The ledger as it was when it was read.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// What its records say.
    pub index: Index,
    /// Its last record.
    pub head: Head,
}

/// Reads the day files in `dir`, checking the chain. No lock is taken and nothing is mended: an incomplete last
/// line is passed over, and where there is no folder there is nothing.
///
/// # Errors
/// [`Error::Broken`] with file and line, when it is still so at a second look: a writer that takes over the records
/// of another machine replaces the end of the files for a moment.
pub fn read(dir: &Path) -> Result<Snapshot, Error> {
    match read_once(dir) {
        Err(Error::Broken { .. }) => read_once(dir),
        other => other,
    }
}

fn read_once(dir: &Path) -> Result<Snapshot, Error> {
    let mut snapshot = Snapshot::default();
    let mut scan = Scan::new(dir, None)?;
    while let Some(line) = scan.next()? {
        let entry = match line.end {
            End::Break => chain::follow(&snapshot.head, &line.bytes),
            End::LastFile => break,
            End::InnerFile => Err(Wrong::Torn),
            End::TooLong => Err(Wrong::TooLong),
        };
        let entry = entry.map_err(|wrong| Error::Broken { place: line.place, wrong })?;
        snapshot.index.add(&entry);
        snapshot.head = entry.head();
    }
    Ok(snapshot)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Home, at, flip, two_days};
    use super::*;

    #[test]
    fn it_is_read_while_another_process_writes() {
        let home = two_days();
        let mut writer = home.open().unwrap();
        let dir = home.state.ledger();
        assert_eq!(read(&dir).unwrap().head, *writer.head());
        writer.append(flip("loop/labels", true), at(90_000)).unwrap();
        let (name, bytes) = home.files().pop().unwrap();
        home.put(&name, &[&bytes[..], b"{\"v\""].concat());
        let snapshot = read(&dir).unwrap();
        assert_eq!((snapshot.head.seq, snapshot.index.flips().filter(|f| f.on).count()), (8, 1));
        assert_eq!(home.files().pop().unwrap().1.len(), bytes.len() + 4, "nothing is mended");
    }

    #[test]
    fn no_ledger_is_an_empty_one_and_a_broken_one_names_its_place() {
        let home = Home::new();
        assert_eq!(read(&home.state.ledger().join("none")).unwrap().head.seq, 0);
        home.put("2026-01-02.jsonl", b"{}\n");
        let error = read(&home.state.ledger()).unwrap_err().to_string();
        assert_eq!(error, "2026-01-02.jsonl:1: the line doesn't end with the hash of a record");
    }
}
