//! Reading: fresh, through the cache of ETags, shared with equal reads under way, and after what has moved.

use std::sync::atomic::Ordering;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;

use super::cache::{self, Cached};
use super::client::Client;
use super::coalesce::Place;
use super::error::{Error, Kind};
use super::links::{Links, split_query};
use super::stats::count;
use super::wire::{Access, Answer, Call, JSON, Reply};

impl Client {
    /// Reads with an access; `owner` is who to get another for when GitHub refuses it.
    pub(super) async fn read_as(
        &self,
        access: Access,
        owner: Option<String>,
        path: &str,
    ) -> Result<Reply, Error> {
        let key = cache::key(&access.whose, path, JSON);
        let epoch = self.0.epoch.load(Ordering::SeqCst);
        let (client, path) = (self.clone(), path.to_owned());
        let (reply, place) = self
            .0
            .reads
            .join(format!("{epoch} {key}"), move || client.fetch_following(access, owner, path))
            .await;
        if place == Place::Joined {
            count(&self.0.exchange.counters.coalesced, 1);
        }
        reply
    }

    /// Fetches a path, and the place that it has moved to. Boxed, as getting an access may need a read.
    fn fetch_following(
        self,
        access: Access,
        owner: Option<String>,
        path: String,
    ) -> BoxFuture<'static, Result<Reply, Error>> {
        async move { self.follow(&access, owner.as_deref(), &path).await }.boxed()
    }

    async fn follow(&self, access: &Access, owner: Option<&str>, path: &str) -> Result<Reply, Error> {
        let error = match self.fetch(access, owner, path).await {
            Err(error) => error,
            found => return found,
        };
        let Kind::Moved { to, .. } = error.kind() else { return Err(error) };
        if !to.starts_with('/') {
            return Err(error);
        }
        let query = split_query(path).1;
        let to = if query.is_empty() || to.contains('?') { to.clone() } else { format!("{to}?{query}") };
        tracing::debug!(path, to, "moved");
        let reply = self.fetch(access, owner, &to).await?;
        Ok(Reply { moved_to: Some(to), ..reply })
    }

    /// Fetches a path through the cache.
    async fn fetch(&self, access: &Access, owner: Option<&str>, path: &str) -> Result<Reply, Error> {
        let key = cache::key(&access.whose, path, JSON);
        let mut call = Call::get(path);
        if let Some((cached, mut reply)) = self.cached(&key).await {
            call.etag = Some(cached.etag);
            match self.call_retrying_access(access, owner, &call).await? {
                Answer::NotModified { request_id } => {
                    count(&self.0.exchange.counters.cached, 1);
                    reply.request_id = request_id;
                    return Ok(reply);
                }
                answer @ (Answer::Rest(..) | Answer::Graphql(_)) => {
                    return self.keep(&key, &call, answer).await;
                }
            }
        }
        let answer = self.call_retrying_access(access, owner, &call).await?;
        self.keep(&key, &call, answer).await
    }

    /// The cached answer under a key, read before it is asked about so that a 304 can't leave us without.
    async fn cached(&self, key: &str) -> Option<(Cached, Reply)> {
        let cached = self.0.cache.load(key).await?;
        let links = cached
            .link
            .as_deref()
            .map_or(Ok(Links::default()), |link| Links::parse(link, &self.0.exchange.base));
        let (Ok(body), Ok(links)) = (serde_json::from_slice(&cached.body), links) else {
            self.0.cache.forget(key).await;
            return None;
        };
        let etag = Some(cached.etag.clone());
        let reply =
            Reply { status: 200, body, etag, links, request_id: None, from_cache: true, moved_to: None };
        Some((cached, reply))
    }

    async fn keep(&self, key: &str, call: &Call, answer: Answer) -> Result<Reply, Error> {
        let Answer::Rest(reply, body, link) = answer else {
            return Err(call.fail(Kind::Malformed { why: "a 304 to a request without a condition" }));
        };
        if let (200, Some(etag)) = (reply.status, &reply.etag) {
            self.0.cache.keep(key, &Cached { etag: etag.clone(), link, body }).await;
        }
        Ok(*reply)
    }

    /// Adds to a refused write what the repository is called now, where that can be found out.
    pub(super) async fn name_moved(&self, access: Access, error: Error) -> Error {
        let Kind::Moved { to, .. } = error.kind() else { return error };
        let Some(id) = to.strip_prefix("/repositories/").and_then(|rest| rest.split(['/', '?']).next())
        else {
            return error;
        };
        let found = self.0.exchange.call(&access, &Call::get(&format!("/repositories/{id}"))).await;
        match found {
            Ok(Answer::Rest(reply, ..)) => match reply.body.get("full_name").and_then(Value::as_str) {
                Some(name) => error.with_name(name.to_owned()),
                None => error,
            },
            // The error says where to all the same.
            Ok(Answer::NotModified { .. } | Answer::Graphql(_)) | Err(_) => error,
        }
    }
}
