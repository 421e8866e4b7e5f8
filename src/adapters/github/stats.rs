//! Counts of what a client did, for the last line of a plan, for `status` and for tests of cost.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the client was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests sent, retries included.
    pub requests: u64,
    /// Those to REST.
    pub rest: u64,
    /// Those to GraphQL.
    pub graphql: u64,
    /// Points that GraphQL charged; a query that doesn't ask for its cost counts one.
    pub points: u64,
    /// Answers that a 304 took from the cache.
    pub cached_304: u64,
    /// Reads that shared another's request.
    pub coalesced: u64,
    /// Requests sent again after a failure.
    pub retries: u64,
    /// Bytes of bodies received.
    pub bytes_in: u64,
    /// Bytes of bodies sent.
    pub bytes_out: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) rest: AtomicU64,
    pub(super) graphql: AtomicU64,
    pub(super) points: AtomicU64,
    pub(super) cached: AtomicU64,
    pub(super) coalesced: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) bytes_in: AtomicU64,
    pub(super) bytes_out: AtomicU64,
}

/// Adds to a counter.
pub(super) fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

impl Counters {
    pub(super) fn snapshot(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (rest, graphql) = (read(&self.rest), read(&self.graphql));
        Stats {
            requests: rest + graphql,
            rest,
            graphql,
            points: read(&self.points),
            cached_304: read(&self.cached),
            coalesced: read(&self.coalesced),
            retries: read(&self.retries),
            bytes_in: read(&self.bytes_in),
            bytes_out: read(&self.bytes_out),
        }
    }
}
