//! A cache on disk that several processes share: namespaced keys, bytes, and when each was stored.
//!
//! Nothing here is a record: whoever keeps something in the store can do without it. So a file that is
//! damaged, or written by a newer version, is set aside with a warning and a fresh one takes its place, and a
//! full disk is an [`Error`] that a caller may treat as "no cache".

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

/// The layout of the file that this version reads and writes.
const LAYOUT: i64 = 1;
/// How long one process waits for another's transaction.
const BUSY: Duration = Duration::from_secs(5);

/// Why the store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk has no room left.
    #[error("the disk that holds the cache is full")]
    Full(#[source] rusqlite::Error),
    /// SQLite refused, for any other reason.
    #[error("the cache could not be read or written")]
    Query(#[source] rusqlite::Error),
    /// The file could not be locked, renamed or created.
    #[error("cannot prepare the cache file {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is damaged or of a newer version; [`Store::open`] sets it aside.
    #[error("the cache file is unusable: {0}")]
    Unusable(&'static str),
}

/// What was stored under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was stored, by the clock of who stored it.
    pub stored_at: Timestamp,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A handle on the file; clones share the connection.
#[derive(Debug, Clone)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
}

impl Store {
    /// Opens or creates the file. Blocks on the disk; so do all methods.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = |source| Error::File { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(file)?;
        }
        // Two processes that find the same damage must not set each other's fresh file aside.
        let lock = File::create(beside(path, ".lock")).map_err(file)?;
        lock.lock().map_err(file)?;
        let connection = match prepare(path) {
            Err(Error::Unusable(why)) => {
                let aside = set_aside(path).map_err(file)?;
                tracing::warn!(file = %path.display(), aside = %aside.display(), why, "cache set aside and begun anew");
                prepare(path)?
            }
            other => other?,
        };
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// What is stored under `key`.
    pub fn get(&self, namespace: &str, key: &str) -> Result<Option<Entry>, Error> {
        let connection = self.connection();
        let row: Option<(i64, Vec<u8>)> = connection
            .prepare_cached("SELECT stored_at, bytes FROM entry WHERE namespace = ?1 AND key = ?2")
            .and_then(|mut query| {
                query.query_row(params![namespace, key], |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(refused)?;
        Ok(row.map(|(stored_at, bytes)| Entry {
            stored_at: Timestamp::from_microsecond(stored_at).unwrap_or(Timestamp::MIN),
            bytes,
        }))
    }

    /// Stores `bytes` under `key` in place of what was there.
    pub fn put(&self, namespace: &str, key: &str, at: Timestamp, bytes: &[u8]) -> Result<(), Error> {
        self.put_all(namespace, at, [(key, bytes)])
    }

    /// Stores many entries in one transaction: all of them or none.
    pub fn put_all<'a>(
        &self,
        namespace: &str,
        at: Timestamp,
        entries: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<(), Error> {
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(refused)?;
        {
            let mut insert = transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO entry (namespace, key, stored_at, bytes) VALUES (?1, ?2, ?3, ?4)",
                )
                .map_err(refused)?;
            for (key, bytes) in entries {
                insert.execute(params![namespace, key, at.as_microsecond(), bytes]).map_err(refused)?;
            }
        }
        transaction.commit().map_err(refused)
    }

    /// Forgets one key; a key that isn't there is no error.
    pub fn remove(&self, namespace: &str, key: &str) -> Result<(), Error> {
        self.change("DELETE FROM entry WHERE namespace = ?1 AND key = ?2", params![namespace, key])
    }

    /// Forgets every key that begins with `prefix`.
    pub fn remove_prefix(&self, namespace: &str, prefix: &str) -> Result<(), Error> {
        self.change(
            "DELETE FROM entry WHERE namespace = ?1 AND key >= ?2 AND key < ?2 || char(1114111)",
            params![namespace, prefix],
        )
    }

    /// Forgets what was stored before `moment`.
    pub fn remove_older(&self, namespace: &str, moment: Timestamp) -> Result<(), Error> {
        self.change(
            "DELETE FROM entry WHERE namespace = ?1 AND stored_at < ?2",
            params![namespace, moment.as_microsecond()],
        )
    }

    /// All keys of a namespace, in order.
    pub fn keys(&self, namespace: &str) -> Result<Vec<String>, Error> {
        let connection = self.connection();
        let mut query = connection
            .prepare_cached("SELECT key FROM entry WHERE namespace = ?1 ORDER BY key")
            .map_err(refused)?;
        let rows = query.query_map(params![namespace], |row| row.get(0)).map_err(refused)?;
        rows.collect::<Result<_, _>>().map_err(refused)
    }

    fn change(&self, statement: &str, values: &[&dyn rusqlite::ToSql]) -> Result<(), Error> {
        self.connection()
            .prepare_cached(statement)
            .and_then(|mut statement| statement.execute(values))
            .map_err(refused)?;
        Ok(())
    }

    /// A panic elsewhere can't leave the connection half changed: a transaction rolls back when dropped.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the file and makes sure that it has our layout.
fn prepare(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open(path).map_err(refused)?;
    match lay_out(&connection) {
        Ok(Some(LAYOUT)) => Ok(connection),
        Ok(_) => Err(Error::Unusable("written by a newer version")),
        // Our statements are right, so a file that can't run them isn't ours.
        Err(error) if code(&error) == Some(ErrorCode::Unknown) => Err(Error::Unusable("another layout")),
        Err(error) => Err(refused(error)),
    }
}

/// The layout that the file now has, or nothing where it has a newer one, which is left untouched.
fn lay_out(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection.busy_timeout(BUSY)?;
    let layout: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if layout > LAYOUT {
        return Ok(None);
    }
    connection.execute_batch(
        // Entries are long, and a page costs a call; of a file that is there already it changes nothing.
        "PRAGMA page_size = 16384;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL;
         CREATE TABLE IF NOT EXISTS entry (
             namespace TEXT NOT NULL, key TEXT NOT NULL,
             stored_at INTEGER NOT NULL, bytes BLOB NOT NULL,
             PRIMARY KEY (namespace, key)
         );",
    )?;
    // Finds a table of that name with other columns, and damage to its first page.
    connection.prepare("SELECT namespace, key, stored_at, bytes FROM entry LIMIT 1")?.exists([])?;
    if layout < LAYOUT {
        connection.pragma_update(None, "user_version", LAYOUT)?;
    }
    Ok(Some(LAYOUT))
}

fn refused(error: rusqlite::Error) -> Error {
    match code(&error) {
        Some(ErrorCode::DiskFull) => Error::Full(error),
        Some(ErrorCode::NotADatabase) => Error::Unusable("not a database"),
        Some(ErrorCode::DatabaseCorrupt) => Error::Unusable("damaged"),
        _ => Error::Query(error),
    }
}

fn code(error: &rusqlite::Error) -> Option<ErrorCode> {
    if let rusqlite::Error::SqlInputError { error, .. } = error {
        return Some(error.code);
    }
    error.sqlite_error_code()
}

/// Renames the file and its companions to the first free `.aside-N`.
fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    let free =
        (1_u32..1000).map(|n| beside(path, &format!(".aside-{n}"))).find(|candidate| !candidate.exists());
    let aside = free.unwrap_or_else(|| beside(path, ".aside"));
    fs::rename(path, &aside)?;
    for companion in ["-wal", "-shm"] {
        match fs::rename(beside(path, companion), beside(&aside, companion)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests damage the file on purpose")]

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn two_handles_see_one_truth() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/cache.sqlite");
        let (one, two) = (Store::open(&path).unwrap(), Store::open(&path).unwrap());
        one.put("a", "k", at(5), b"v").unwrap();
        one.put("b", "k", at(6), b"other").unwrap();
        let entry = two.get("a", "k").unwrap().unwrap();
        assert_eq!((entry.stored_at, entry.bytes.as_slice()), (at(5), b"v".as_slice()));
        two.remove("a", "k").unwrap();
        assert_eq!(one.get("a", "k").unwrap(), None);
        assert_eq!(one.keys("b").unwrap(), ["k"]);
    }

    #[test]
    fn a_prefix_takes_its_own_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("c")).unwrap();
        let keys = ["x /a ", "x /a ?p=1", "x /ab ", "y /a ", "x /a\u{10fffe}"];
        store.put_all("n", at(1), keys.iter().map(|key| (*key, b"".as_slice()))).unwrap();
        store.remove_prefix("n", "x /a ").unwrap();
        assert_eq!(store.keys("n").unwrap(), ["x /ab ", "x /a\u{10fffe}", "y /a "]);
        store.put("n", "late", at(9), b"").unwrap();
        store.remove_older("n", at(9)).unwrap();
        assert_eq!(store.keys("n").unwrap(), ["late"]);
    }

    #[test]
    fn an_unusable_file_is_set_aside() {
        type Damage = fn(&Path);
        let cases: [(&str, Damage); 4] = [
            ("not a database", |path| fs::write(path, "hello ".repeat(1000)).unwrap()),
            ("torn in the middle", |path| {
                let store = Store::open(path).unwrap();
                let bytes = vec![7; 100_000];
                store.put("n", "k", at(1), &bytes).unwrap();
                drop(store);
                let mut all = fs::read(path).unwrap();
                all[30..200].fill(0xff);
                all[4096..9000].fill(0xff);
                fs::write(path, all).unwrap();
            }),
            ("a newer version", |path| {
                Connection::open(path).unwrap().pragma_update(None, "user_version", 99).unwrap();
            }),
            ("another layout", |path| {
                Connection::open(path).unwrap().execute_batch("CREATE TABLE entry (x)").unwrap();
            }),
        ];
        for (name, damage) in cases {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("cache");
            damage(&path);
            let store = Store::open(&path).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            store.put("n", "k", at(1), b"v").unwrap();
            assert!(beside(&path, ".aside-1").exists(), "{name}");
            drop(store);
            assert!(Store::open(&path).unwrap().get("n", "k").unwrap().is_some(), "{name}");
            assert!(!beside(&path, ".aside-2").exists(), "{name}");
        }
    }

    #[test]
    fn a_full_disk_is_its_own_error() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("cache")).unwrap();
        store.connection().pragma_update(None, "max_page_count", 4).unwrap();
        let error = store.put("n", "k", at(1), &vec![1; 1_000_000]).unwrap_err();
        assert!(matches!(error, Error::Full(_)), "{error:?}");
    }
}
