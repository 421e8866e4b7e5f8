//! Equal work under way is done once: whoever asks for it meanwhile waits for the same answer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};

type Work<T> = BoxFuture<'static, T>;

/// Work under way, by what makes it equal.
#[derive(Debug)]
pub(super) struct Flights<T: Clone>(Mutex<HashMap<String, WeakShared<Work<T>>>>);

impl<T: Clone> Default for Flights<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// Whether the work was begun for this caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    First,
    Joined,
}

impl<T: Clone> Flights<T> {
    /// Joins the work under `key`, or begins it.
    ///
    /// Cancel safe: the work belongs to all who wait for it, goes on while one of them does, and ends with the
    /// last of them.
    pub(super) async fn join(&self, key: String, begin: impl FnOnce() -> Work<T>) -> (T, Place) {
        let (work, place) = self.enter(key, begin);
        (work.await, place)
    }

    fn enter(&self, key: String, begin: impl FnOnce() -> Work<T>) -> (Shared<Work<T>>, Place) {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(work) = flights.get(&key).and_then(WeakShared::upgrade) {
            // A finished answer is nobody's to join: who asks after it wants to know how things are now.
            if work.peek().is_none() {
                return (work, Place::Joined);
            }
        }
        flights.retain(|_, work| work.upgrade().is_some());
        let work = begin().shared();
        if let Some(weak) = work.downgrade() {
            flights.insert(key, weak);
        }
        (work, Place::First)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::Notify;

    struct Desk {
        flights: Flights<u32>,
        begun: Arc<AtomicU32>,
        open: Arc<Notify>,
    }

    impl Desk {
        fn new() -> Self {
            Self { flights: Flights::default(), begun: Arc::default(), open: Arc::default() }
        }

        fn ask(&self) -> impl Future<Output = (u32, Place)> {
            self.flights.join("key".to_owned(), || {
                let (begun, open) = (Arc::clone(&self.begun), Arc::clone(&self.open));
                async move {
                    let n = begun.fetch_add(1, Ordering::SeqCst);
                    open.notified().await;
                    n
                }
                .boxed()
            })
        }
    }

    #[tokio::test]
    async fn equal_work_is_done_once_and_later_work_anew() {
        let desk = Desk::new();
        let open = Arc::clone(&desk.open);
        let (one, two, ()) = tokio::join!(desk.ask(), desk.ask(), async { open.notify_one() });
        assert_eq!([one, two], [(0, Place::First), (0, Place::Joined)]);
        desk.open.notify_one();
        assert_eq!(desk.ask().await, (1, Place::First));
    }

    #[tokio::test]
    async fn the_work_survives_the_first_who_asked_and_not_the_last() {
        let desk = Desk::new();
        let mut first = Box::pin(desk.ask());
        let mut second = Box::pin(desk.ask());
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        desk.open.notify_one();
        assert_eq!(second.await, (0, Place::Joined));
        let mut alone = Box::pin(desk.ask());
        assert!((&mut alone).now_or_never().is_none());
        drop(alone);
        desk.open.notify_one();
        assert_eq!(desk.ask().await, (2, Place::First));
    }
}
