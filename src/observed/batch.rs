//! Batches of repositories in one GraphQL query, halved when GitHub finds one too heavy.

use std::collections::BTreeMap;
use std::future::Future;

use futures::stream::{FuturesUnordered, StreamExt};

use crate::adapters::github::{Client, Error, GraphqlReply, Kind, Operation};
use crate::model::RepoName;

/// How many repositories one query reads in full. GitHub answers 50 with 100 labels each well within its ten
/// seconds, and the cost stays at two points.
pub(super) const FULL: usize = 50;
/// How many repositories one query reads lightly.
pub(super) const LIGHT: usize = 100;

/// Whether a smaller query may succeed where this one failed.
pub(super) fn too_heavy(error: &Error) -> bool {
    // A server that asks to be left alone for a while is not asked for a smaller piece at once.
    error.retry_after().is_none()
        && matches!(error.kind(), Kind::Server | Kind::Timeout | Kind::Malformed { .. } | Kind::TooLarge)
}

/// So many chunks in vain, and none that was read: it isn't their size.
const OUTAGE: usize = 4;

/// Asks GitHub about items, in queries of at most `size` of one owner each, since each owner has a credential of its own. The
/// items of a query come with its reply, in the order in which they were asked for.
pub(super) async fn of_owners<T: Clone>(
    client: &Client,
    items: impl IntoIterator<Item = T>,
    repo: impl Fn(&T) -> &RepoName,
    size: usize,
    query: impl Fn(&str, &[T]) -> Operation,
) -> Vec<(Vec<T>, Result<GraphqlReply, Error>)> {
    let mut by_owner: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for item in items {
        by_owner.entry(repo(&item).owner().to_ascii_lowercase()).or_default().push(item);
    }
    let query = &query;
    let reads = by_owner.iter().map(|(owner, all)| {
        let read = async move |chunk| client.graphql(owner, &query(owner, chunk)).await;
        in_chunks(all, size, read)
    });
    let read = futures::future::join_all(reads).await;
    read.into_iter().flatten().map(|(chunk, reply)| (chunk.to_vec(), reply)).collect()
}

/// Runs `read` over `items` in chunks of at most `size`, all at once (the client bounds what is in flight). A
/// chunk that is too heavy is halved, down to single items, unless nothing at all can be read. Each chunk's result
/// comes with its items.
pub(super) async fn in_chunks<'a, T, R, F, Fut>(
    items: &'a [T],
    size: usize,
    read: F,
) -> Vec<(&'a [T], Result<R, Error>)>
where
    F: Fn(&'a [T]) -> Fut,
    Fut: Future<Output = Result<R, Error>>,
{
    let run = |chunk: &'a [T]| {
        let reading = read(chunk);
        async move { (chunk, reading.await) }
    };
    let mut running: FuturesUnordered<_> = items.chunks(size.max(1)).map(run).collect();
    let (mut done, mut good, mut bad) = (Vec::new(), 0_usize, 0_usize);
    while let Some((chunk, result)) = running.next().await {
        match &result {
            Ok(_) => good += 1,
            Err(_) => bad += 1,
        }
        let outage = good == 0 && bad >= OUTAGE;
        match result {
            Err(error) if chunk.len() > 1 && too_heavy(&error) && !outage => {
                tracing::info!(repositories = chunk.len(), %error, "a query failed and is tried in halves");
                let (a, b) = chunk.split_at(chunk.len() / 2);
                running.push(run(a));
                running.push(run(b));
            }
            result => done.push((chunk, result)),
        }
    }
    done
}
