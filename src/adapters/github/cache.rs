//! ETags on disk, and the answers that a 304 vouches for.
//!
//! An entry belongs to one credential, path, query and media type. It is never an answer by itself: it only
//! makes a request conditional. Without a store, or with one that fails, every read is a full one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::links::{collection, split_query};
use crate::adapters::clock::Clock;
use crate::adapters::store::{self, Store};

const NAMESPACE: &str = "github-etag-1";
/// A longer answer isn't worth the disk.
const LONGEST_BODY: usize = 8 << 20;
/// After so long an entry that nobody asked for is forgotten.
const KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 30);

/// An answer to vouch for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cached {
    pub(super) etag: String,
    pub(super) link: Option<String>,
    pub(super) body: Bytes,
}

/// The line before the body.
#[derive(Serialize, Deserialize)]
struct Head {
    etag: String,
    #[serde(default)]
    link: Option<String>,
}

/// The cache of one client.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    store: Option<Store>,
    clock: Clock,
    /// Whether a failure has been reported; one warning is enough.
    warned: Arc<AtomicBool>,
}

/// The key of an answer. Paths have no spaces, so a path is found by its prefix whatever the query.
pub(super) fn key(whose: &str, path: &str, accept: &str) -> String {
    let (bare, query) = split_query(path);
    format!("{whose} {bare} {query} {accept}")
}

impl Cache {
    pub(super) fn new(store: Option<Store>, clock: Clock) -> Self {
        let cache = Self { store, clock, warned: Arc::default() };
        if let Some(store) = &cache.store {
            let oldest = cache.clock.now().checked_sub(KEPT).unwrap_or(jiff::Timestamp::MIN);
            cache.settle(store.remove_older(NAMESPACE, oldest));
        }
        cache
    }

    pub(super) async fn load(&self, key: &str) -> Option<Cached> {
        let key = key.to_owned();
        let entry = self.on_disk(move |store| store.get(NAMESPACE, &key)).await??;
        decode(entry.bytes)
    }

    pub(super) async fn keep(&self, key: &str, cached: &Cached) {
        if cached.body.len() > LONGEST_BODY || self.store.is_none() {
            return;
        }
        let (key, bytes, now) = (key.to_owned(), encode(cached), self.clock.now());
        self.on_disk(move |store| store.put(NAMESPACE, &key, now, &bytes)).await;
    }

    pub(super) async fn forget(&self, key: &str) {
        let key = key.to_owned();
        self.on_disk(move |store| store.remove(NAMESPACE, &key)).await;
    }

    /// Forgets what a write to `path` may have changed: the thing and the collection it is in.
    pub(super) async fn written(&self, whose: &str, path: &str) {
        let (bare, _) = split_query(path);
        let prefixes: Vec<_> =
            std::iter::once(bare).chain(collection(bare)).map(|path| format!("{whose} {path} ")).collect();
        self.on_disk(move |store| {
            prefixes.iter().try_for_each(|prefix| store.remove_prefix(NAMESPACE, prefix))
        })
        .await;
    }

    /// Runs `work` where it may block. Nothing when there is no store, or it fails.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, store::Error> + Send + 'static,
    ) -> Option<T> {
        let store = self.store.clone()?;
        let result = tokio::task::spawn_blocking(move || work(&store)).await.ok()?;
        self.settle(result)
    }

    fn settle<T>(&self, result: Result<T, store::Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                if !self.warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "going on without the cache of answers"
                    );
                }
                None
            }
        }
    }
}

fn encode(cached: &Cached) -> Vec<u8> {
    let head = Head { etag: cached.etag.clone(), link: cached.link.clone() };
    let mut bytes = serde_json::to_vec(&head).unwrap_or_default(); // two strings always encode
    bytes.reserve(cached.body.len() + 1);
    bytes.push(b'\n');
    bytes.extend_from_slice(&cached.body);
    bytes
}

fn decode(bytes: Vec<u8>) -> Option<Cached> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
    Some(Cached { etag: head.etag, link: head.link, body: Bytes::from(bytes).slice(end + 1..) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cached(body: &str) -> Cached {
        Cached { etag: "W/\"1\"".into(), link: None, body: Bytes::from(body.to_owned()) }
    }

    #[tokio::test]
    async fn a_write_forgets_the_thing_and_its_collection_for_every_query() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("cache")).unwrap();
        let cache = Cache::new(Some(store), Clock::system());
        let kept = ["/repos/o/r", "/repos/o/r/labels/bugs", "/repos/o/r/labels2"];
        let gone = ["/repos/o/r/labels/bug", "/repos/o/r/labels", "/repos/o/r/labels?per_page=100&page=2"];
        for path in kept.iter().chain(&gone) {
            cache.keep(&key("me", path, "json"), &cached("[]")).await;
        }
        cache.written("me", "/repos/o/r/labels/bug?x=1").await;
        for path in kept {
            assert_eq!(cache.load(&key("me", path, "json")).await, Some(cached("[]")), "{path}");
            assert_eq!(cache.load(&key("you", path, "json")).await, None, "another credential");
            assert_eq!(cache.load(&key("me", path, "html")).await, None, "another media type");
        }
        for path in gone {
            assert_eq!(cache.load(&key("me", path, "json")).await, None, "{path}");
        }
    }

    #[tokio::test]
    async fn without_a_store_nothing_is_kept() {
        let cache = Cache::new(None, Clock::system());
        cache.keep("k", &cached("[]")).await;
        assert_eq!(cache.load("k").await, None);
    }

    proptest! {
        #[test]
        fn entries_come_back_as_they_were(
            etag in "\\PC*",
            link in proptest::option::of("\\PC*"),
            body in proptest::collection::vec(any::<u8>(), 0..50),
        ) {
            let cached = Cached { etag, link, body: Bytes::from(body) };
            prop_assert_eq!(decode(encode(&cached)), Some(cached));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
            drop(decode(bytes));
        }
    }
}
