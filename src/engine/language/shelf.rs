//! What was read of code, kept on disk from one look to the next. It is only a matter of time: what is lost is read again.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use crate::adapters::fs::Stamp;
use crate::adapters::store::{self, Store};
use crate::symbols::TreeRecord;

/// Where records of trees are kept.
const NAMESPACE: &str = "symbols";
/// Where it is kept how the files of working trees were left.
const LEFT: &str = "left";
/// Once more than one of so many files isn't in the record that is kept whole, all of it is kept anew.
const PART: usize = 8;

/// A folder of the state, where there is one.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    store: Option<Store>,
    now: Timestamp,
}

/// What is known of the files of a place.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// All of it.
    pub(super) all: TreeRecord,
    /// How many of its entries are those of the record that is kept whole; the others came since.
    whole: usize,
}

/// How the files of a working tree were left when they were read, and the ids of what was in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Left(pub(super) BTreeMap<String, (Stamp, String)>);

impl Shelf {
    /// The one in a folder; without one nothing is kept.
    pub(super) fn open(home: Option<&Path>, now: Timestamp) -> Self {
        let open = |home: &Path| {
            let opened = Store::open(&home.join("symbols.sqlite"));
            opened.inspect_err(|error| tracing::debug!(%error, "symbols are not kept")).ok()
        };
        Self { store: home.and_then(open), now }
    }

    /// What is known of a place.
    pub(super) fn kept(&self, place: &str) -> Kept {
        let record = |key: &str| {
            let bytes = self.get(NAMESPACE, key)?;
            TreeRecord::decode(&bytes).ok()
        };
        let Some(mut all) = record(place) else { return Kept::default() };
        let whole = all.entries.len();
        all.entries.extend(record(&since(place)).unwrap_or_default().entries);
        Kept { all, whole }
    }

    /// Keeps the record of a place, of which so much was known: only what came since where that is little.
    pub(super) fn keep(&self, place: &str, known: &Kept, record: &TreeRecord) {
        let fresh = record.beyond(&known.all.entries[..known.whole]);
        let since = since(place);
        if fresh.entries.len() * PART > record.entries.len() {
            let none = TreeRecord::default().encode();
            self.put(NAMESPACE, &[(place, &record.encode()), (&since, &none)]);
        } else {
            self.put(NAMESPACE, &[(&since, &fresh.encode())]);
        }
    }

    /// How the files of a working tree were left.
    pub(super) fn left(&self, place: &str) -> Left {
        let bytes = self.get(LEFT, place).unwrap_or_default();
        Left(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Keeps how they are left by now.
    pub(super) fn keep_left(&self, place: &str, left: &Left) {
        if let Ok(bytes) = serde_json::to_vec(&left.0) {
            self.put(LEFT, &[(place, &bytes)]);
        }
    }

    fn get(&self, namespace: &str, key: &str) -> Option<Vec<u8>> {
        let found =
            |store: &Store| -> Result<Option<store::Entry>, store::Error> { store.get(namespace, key) };
        self.store.as_ref().and_then(|store| found(store).ok().flatten()).map(|entry| entry.bytes)
    }

    fn put(&self, namespace: &str, entries: &[(&str, &Vec<u8>)]) {
        let Some(store) = &self.store else { return };
        let entries = entries.iter().map(|(key, bytes)| (*key, bytes.as_slice()));
        if let Err(error) = store.put_all(namespace, self.now, entries) {
            tracing::debug!(%error, "symbols are not kept");
        }
    }
}

/// The key of what came since the record of a place was kept whole.
fn since(place: &str) -> String {
    format!("{place}\n+")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::symbols::{Entry, FileSymbols, Language as Programming};

    fn record(blobs: impl IntoIterator<Item = usize>) -> TreeRecord {
        let symbols = Arc::new(FileSymbols::empty(Programming::Rust, None));
        let entry = |n: usize| Entry {
            path: format!("src/{n}.rs"),
            blob: format!("{n:040}"),
            symbols: Arc::clone(&symbols),
        };
        TreeRecord { entries: blobs.into_iter().map(entry).collect() }
    }

    #[test]
    fn little_that_came_since_is_kept_beside_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Shelf::open(Some(dir.path()), Timestamp::UNIX_EPOCH);
        let bytes = |key: &str| open().get(NAMESPACE, key).map(|bytes| bytes.len());
        let sorted = |kept: &Kept| {
            let mut blobs: Vec<String> = kept.all.entries.iter().map(|it| it.blob.clone()).collect();
            blobs.sort();
            blobs.dedup();
            blobs
        };
        open().keep("a", &open().kept("a"), &record(0..80));
        let whole = bytes("a");
        // Some came, some went; each time less than one of eight.
        for n in 1..=10 {
            let now = record(n..80 + n);
            open().keep("a", &open().kept("a"), &now);
            let kept = open().kept("a");
            assert_eq!((kept.whole, bytes("a")), (80, whole), "{n}");
            assert_eq!(now.missing(&[]).len(), 0);
            let known = sorted(&kept);
            assert!(now.entries.iter().all(|it| known.contains(&it.blob)), "{n}");
        }
        open().keep("a", &open().kept("a"), &record(11..91));
        let kept = open().kept("a");
        assert_eq!((kept.whole, kept.all), (80, record(11..91)), "all of it anew, and nothing beside it");
        assert_eq!(open().kept("b").all, TreeRecord::default());
    }

    #[test]
    fn how_files_were_left_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let root = crate::adapters::fs::Beneath::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let stamp = root.stamp(Path::new("Cargo.toml")).unwrap().unwrap();
        let left = Left([("d/a\n.rs".to_owned(), (stamp, "0".repeat(40)))].into());
        let shelf = Shelf::open(Some(dir.path()), Timestamp::UNIX_EPOCH);
        assert_eq!(shelf.left("a"), Left::default());
        shelf.keep_left("a", &left);
        assert_eq!(shelf.left("a"), left);
        assert_eq!(Shelf::open(None, Timestamp::UNIX_EPOCH).left("a"), Left::default());
    }
}
