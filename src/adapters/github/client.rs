//! The client: what callers ask for, and the way a request takes through the parts.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::Method;
use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::Value;

use super::cache::Cache;
use super::coalesce::Flights;
use super::config::{Config, SetupError};
use super::credentials::{Credentials, Identity, Minting};
use super::error::{Error, Kind};
use super::graphql::{GraphqlReply, Operation};
use super::stats::Stats;
use super::wire::{Answer, Bearer, Call, Exchange, PoolState, Repeatable, Reply};
use crate::model::{Creations, Headroom};

/// What doing a write twice would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The same: it is sent again after a failure.
    Idempotent,
    /// A second thing: it is not sent again once it may have been received. An error of which
    /// [`Error::may_have_happened`] is true is settled by a look at the world.
    Create,
}

/// A client of one GitHub for one identity; clones share everything.
#[derive(Clone)]
pub struct Client(pub(super) Arc<Core>);

pub(super) struct Core {
    pub(super) exchange: Exchange,
    pub(super) credentials: Credentials,
    pub(super) cache: Cache,
    pub(super) max_pages: usize,
    pub(super) reads: Flights<Result<Reply, Error>>,
    pub(super) mintings: Flights<Minting>,
    pub(super) listings: Flights<Result<(), Error>>,
    /// Who the client is, by owner.
    pub(super) identities: Mutex<HashMap<String, Identity>>,
    /// Counts the writes: a read that begins after a write never shares the answer of one begun before it.
    pub(super) epoch: AtomicU64,
}

/// # What callers ask for
///
/// Paths begin with a slash and stand below the base; names in them went through
/// [`segment`](super::segment). The owner decides which installation of an App is used.
///
/// Dropping a future abandons the request. A read then never happened; a write may have.
impl Client {
    /// Makes a client; must be called within a Tokio runtime, which then drives its connections.
    pub fn new(config: Config) -> Result<Self, SetupError> {
        let (credentials, app) = Credentials::new(&config.auth)?;
        Ok(Self(Arc::new(Core {
            exchange: Exchange::new(&config, app)?,
            credentials,
            cache: Cache::new(config.cache, config.clock),
            max_pages: config.max_pages,
            reads: Flights::default(),
            mintings: Flights::default(),
            listings: Flights::default(),
            identities: Mutex::default(),
            epoch: AtomicU64::new(0),
        })))
    }

    /// GETs a path. The answer is fresh: GitHub sent it, or vouched for the cached one by a 304 just now.
    /// A redirect on the same host is followed once, and told in [`Reply::moved_to`].
    pub async fn read(&self, owner: &str, path: &str) -> Result<Reply, Error> {
        let access = self.access(owner).await?;
        self.read_as(access, Some(owner.to_owned()), path).await
    }

    /// Changes something. `body` is null for none. A redirect is never followed: the error says what the
    /// repository is called now.
    pub async fn write(
        &self,
        owner: &str,
        method: Method,
        path: &str,
        body: &Value,
        effect: Effect,
    ) -> Result<Reply, Error> {
        let bytes = (!body.is_null()).then(|| Bytes::from(body.to_string()));
        let repeatable = match effect {
            Effect::Idempotent => Repeatable::Idempotent,
            Effect::Create => Repeatable::Never,
        };
        let call = Call::rest(method, path, bytes, repeatable);
        let access = self.access(owner).await?;
        let _written = Written(&self.0.epoch);
        let result = self.call_retrying_access(&access, Some(owner), &call).await;
        self.0.cache.written(&access.whose, path).await;
        match result {
            Ok(Answer::Rest(reply, ..)) => Ok(*reply),
            Ok(Answer::NotModified { .. } | Answer::Graphql(_)) => {
                Err(call.fail(Kind::Malformed { why: "of a status that doesn't answer a write" }))
            }
            Err(error) => Err(self.name_moved(access, error).await),
        }
    }

    /// Sends a query or a mutation. Data that comes with errors is kept. A query is sent again after a
    /// failure, a mutation is not once it may have been received.
    pub async fn graphql(&self, owner: &str, operation: &Operation) -> Result<GraphqlReply, Error> {
        let mutation = operation.is_mutation();
        let call = Call::graphql(Bytes::from(operation.body().to_string()), mutation);
        let access = self.access(owner).await?;
        let _written = mutation.then(|| Written(&self.0.epoch));
        match self.call_retrying_access(&access, Some(owner), &call).await? {
            Answer::Graphql(reply) => Ok(*reply),
            Answer::Rest(..) | Answer::NotModified { .. } => {
                Err(call.fail(Kind::Malformed { why: "not a GraphQL answer" }))
            }
        }
    }

    /// The base of the API.
    pub fn base(&self) -> &str {
        self.0.exchange.base.as_str()
    }

    /// What the client has done so far.
    pub fn stats(&self) -> Stats {
        self.0.exchange.counters.snapshot()
    }

    /// What was last heard of each pool of each credential; nothing before the first answer.
    pub fn budget(&self) -> Vec<PoolState> {
        self.0.exchange.pools()
    }

    /// Whether private repositories are seen at all, as far as GitHub says it: a classic token needs a scope for that.
    /// What other credentials may see is not told.
    pub fn sees_private(&self) -> bool {
        self.scopes().is_none_or(|scopes| scopes.iter().any(|scope| scope == "repo"))
    }

    /// The scopes of a classic token, as the last answer named them; nothing for other credentials.
    pub fn scopes(&self) -> Option<Vec<String>> {
        self.0.exchange.scopes()
    }

    /// By how much this machine's clock is ahead of GitHub's, as of the last answer; nothing before the first.
    pub fn clock_skew(&self) -> Option<SignedDuration> {
        self.0.exchange.skew()
    }

    /// A token that a `git` child process may use for the owner's repositories, good for five minutes or more.
    pub async fn git_token(&self, owner: &str) -> Result<SecretString, Error> {
        match self.access(owner).await?.bearer {
            Bearer::Token(token) => Ok(token),
            Bearer::App => Err(Error::new(Kind::Unauthorized, &Method::POST, "/app/installations")),
        }
    }

    /// How much it may create, where that is limited.
    pub fn creations(&self) -> Option<Creations> {
        self.0.exchange.creations()
    }

    /// What it may create soon, where that is limited and it is a daemon's.
    pub fn room(&self) -> Option<Headroom> {
        self.0.exchange.room()
    }

    /// Who the client is to an owner, asked once: a credential is who it is.
    pub async fn identity(&self, owner: &str) -> Result<Identity, Error> {
        let known = self.0.identities.lock().unwrap_or_else(PoisonError::into_inner).get(owner).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = self.who(owner).await?;
        let mut all = self.0.identities.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(all.entry(owner.to_owned()).or_insert(found).clone())
    }

    async fn who(&self, owner: &str) -> Result<Identity, Error> {
        let (access, path, field) = match &self.0.credentials {
            Credentials::Token(_) => (self.access(owner).await?, "/user", "login"),
            Credentials::App(app) => (app.itself(), "/app", "slug"),
        };
        let reply = self.read_as(access, None, path).await?;
        let name = reply.body.get(field).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| {
            Error::new(Kind::Malformed { why: "without a name" }, &Method::GET, path)
                .with_request_id(reply.request_id.clone())
        })?;
        Ok(match &self.0.credentials {
            Credentials::Token(_) => Identity::User { login: name },
            Credentials::App(_) => Identity::App { slug: name },
        })
    }
}

/// Ends the time in which a read may share an answer with one begun before a write, even one that was
/// abandoned half way.
struct Written<'a>(&'a AtomicU64);

impl Drop for Written<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client").field("base", &self.0.exchange.base.as_str()).finish_non_exhaustive()
    }
}
