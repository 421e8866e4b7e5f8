//! The client: what callers ask for, and the way a request takes through the parts.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderMap, Method, StatusCode};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::budget::{Budget, Draw, Manners, Pool, PoolState, Reading};
use super::cache::{self, Cache, Cached};
use super::classify::{Asked, Raw, Reply, classify, text};
use super::coalesce::{Flights, Place};
use super::config::{Config, SetupError};
use super::credentials::{Access, App, Credentials, Identity, Installation, Minted, Minting, minted};
use super::error::{Error, Kind};
use super::graphql::{self, GraphqlReply, Operation};
use super::links::{Links, split_query};
use super::pages::collect;
use super::retry::{Repeatable, Retry};
use super::stats::{Counters, Stats, count};
use super::transport::{Bearer, JSON, Transport, Wire};
use crate::adapters::clock::{Clock, after};

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
pub struct Client(Arc<Core>);

struct Core {
    base: Url,
    graphql_path: String,
    max_pages: usize,
    clock: Clock,
    credentials: Credentials,
    transport: Transport,
    budget: Budget,
    retry: Retry,
    cache: Cache,
    counters: Arc<Counters>,
    reads: Flights<Result<Reply, Error>>,
    mintings: Flights<Minting>,
    listings: Flights<Result<(), Error>>,
    /// Counts the writes: a read that begins after a write never shares the answer of one begun before it.
    epoch: AtomicU64,
    scopes: Mutex<Option<Vec<String>>>,
}

/// A request below the base, or to GraphQL.
#[derive(Debug, Clone)]
struct Call {
    method: Method,
    path: String,
    api: Api,
    etag: Option<String>,
    body: Option<Bytes>,
    repeatable: Repeatable,
    creates: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Api {
    Rest,
    Graphql,
}

/// A successful answer in the form that its asker needs.
enum Answer {
    /// With the bytes of its body, for the cache, and the header that says where the listing goes on.
    Rest(Box<Reply>, Bytes, Option<String>),
    NotModified {
        request_id: Option<String>,
    },
    Graphql(Box<GraphqlReply>),
}

impl Call {
    fn rest(method: Method, path: &str, body: Option<Bytes>, repeatable: Repeatable) -> Self {
        let creates = repeatable == Repeatable::Never;
        Self { method, path: path.to_owned(), api: Api::Rest, etag: None, body, repeatable, creates }
    }

    fn get(path: &str) -> Self {
        Self::rest(Method::GET, path, None, Repeatable::Read)
    }

    fn fail(&self, kind: Kind) -> Error {
        Error::new(kind, &self.method, &self.path)
    }
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
        let counters = Arc::new(Counters::default());
        let transport = Transport::new(&config, app, Arc::clone(&counters))?;
        let manners = Manners {
            longest_spread: config.patience.longest_spread(),
            longest_hold: config.retries.longest_wait,
            content: config.content,
        };
        let seed = config.retries.seed.unwrap_or_else(|| config.clock.now().as_microsecond().unsigned_abs());
        Ok(Self(Arc::new(Core {
            graphql_path: config.graphql_path(),
            base: config.base,
            max_pages: config.max_pages,
            credentials,
            transport,
            budget: Budget::new(manners, config.clock.clone()),
            retry: Retry::new(config.retries, seed),
            cache: Cache::new(config.cache, config.clock.clone()),
            clock: config.clock,
            counters,
            reads: Flights::default(),
            mintings: Flights::default(),
            listings: Flights::default(),
            epoch: AtomicU64::new(0),
            scopes: Mutex::default(),
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
        let result = self.call_for(owner, &call).await;
        self.0.epoch.fetch_add(1, Ordering::SeqCst);
        let access = self.access(owner).await?;
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
        let call = Call {
            method: Method::POST,
            path: "/graphql".to_owned(),
            api: Api::Graphql,
            etag: None,
            body: Some(Bytes::from(operation.body().to_string())),
            repeatable: if mutation { Repeatable::Never } else { Repeatable::Read },
            creates: mutation,
        };
        let result = self.call_for(owner, &call).await;
        if mutation {
            self.0.epoch.fetch_add(1, Ordering::SeqCst);
        }
        match result? {
            Answer::Graphql(reply) => Ok(*reply),
            Answer::Rest(..) | Answer::NotModified { .. } => {
                Err(call.fail(Kind::Malformed { why: "not a GraphQL answer" }))
            }
        }
    }

    /// What the client has done so far.
    pub fn stats(&self) -> Stats {
        self.0.counters.snapshot()
    }

    /// What was last heard of each pool of each credential; nothing before the first answer.
    pub fn budget(&self) -> Vec<PoolState> {
        self.0.budget.snapshot()
    }

    /// The scopes of a classic token, as the last answer named them; nothing for other credentials.
    pub fn scopes(&self) -> Option<Vec<String>> {
        self.0.scopes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A token that a `git` child process may use for the owner's repositories, good for five minutes or more.
    pub async fn git_token(&self, owner: &str) -> Result<SecretString, Error> {
        match self.access(owner).await?.bearer {
            Bearer::Token(token) => Ok(token),
            Bearer::App => Err(Error::new(Kind::Unauthorized, &Method::POST, "/app/installations")),
        }
    }

    /// Who the client is.
    pub async fn identity(&self, owner: &str) -> Result<Identity, Error> {
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

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client").field("base", &self.0.base.as_str()).finish_non_exhaustive()
    }
}

/// # Reading
impl Client {
    pub(super) fn max_pages(&self) -> usize {
        self.0.max_pages
    }

    /// Reads with an access; `owner` is who to get another for when GitHub refuses it.
    async fn read_as(&self, access: Access, owner: Option<String>, path: &str) -> Result<Reply, Error> {
        let key = cache::key(&access.whose, path, JSON);
        let epoch = self.0.epoch.load(Ordering::SeqCst);
        let (client, path) = (self.clone(), path.to_owned());
        let (reply, place) = self
            .0
            .reads
            .join(format!("{epoch} {key}"), move || client.fetch_following(access, owner, path))
            .await;
        if place == Place::Joined {
            count(&self.0.counters.coalesced, 1);
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
                    count(&self.0.counters.cached, 1);
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
        let links =
            cached.link.as_deref().map_or(Ok(Links::default()), |link| Links::parse(link, &self.0.base));
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
    async fn name_moved(&self, access: Access, error: Error) -> Error {
        let Kind::Moved { to, .. } = error.kind() else { return error };
        let Some(id) = to.strip_prefix("/repositories/").and_then(|rest| rest.split(['/', '?']).next())
        else {
            return error;
        };
        let found = self.call(&access, &Call::get(&format!("/repositories/{id}"))).await;
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

/// # The way of a request
impl Client {
    async fn call_for(&self, owner: &str, call: &Call) -> Result<Answer, Error> {
        let access = self.access(owner).await?;
        self.call_retrying_access(&access, Some(owner), call).await
    }

    /// Makes a call, and once more with a new token where GitHub refuses an installation's: it may have been
    /// revoked. A refused request had no effect, so that is safe for any.
    async fn call_retrying_access(
        &self,
        access: &Access,
        owner: Option<&str>,
        call: &Call,
    ) -> Result<Answer, Error> {
        let result = self.call(access, call).await;
        let (Err(error), Credentials::App(app), Bearer::Token(token), Some(owner)) =
            (&result, &self.0.credentials, &access.bearer, owner)
        else {
            return result;
        };
        if *error.kind() != Kind::Unauthorized {
            return result;
        }
        app.forget_token(token);
        self.call(&self.access(owner).await?, call).await
    }

    /// Makes a call, and again after failures where that is safe.
    async fn call(&self, access: &Access, call: &Call) -> Result<Answer, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match self.attempt(access, call).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(pause) = self.0.retry.pause(&error, call.repeatable, tries) else {
                return Err(error);
            };
            tracing::debug!(%error, ?pause, tries, "trying again");
            count(&self.0.counters.retries, 1);
            self.0.clock.sleep(pause).await;
        }
    }

    /// Makes one attempt: within the budget, over the wire, classified.
    async fn attempt(&self, access: &Access, call: &Call) -> Result<Answer, Error> {
        let core = &*self.0;
        let (pool, counter, prefix) = match call.api {
            Api::Rest => (Pool::of(&call.path), &core.counters.rest, core.base.path().trim_end_matches('/')),
            Api::Graphql => (Pool::Graphql, &core.counters.graphql, ""),
        };
        let path = match call.api {
            Api::Rest => format!("{prefix}{}", call.path),
            Api::Graphql => core.graphql_path.clone(),
        };
        let draw = Draw { pool, creates: call.creates };
        let ticket = core.budget.admit(&access.whose, draw).await.map_err(|kind| call.fail(kind))?;
        let wire =
            Wire { method: call.method.clone(), path, etag: call.etag.clone(), body: call.body.clone() };
        let raw = core.transport.send(&access.bearer, wire, counter).await.map_err(|fault| {
            let error = call.fail(fault.kind);
            match fault.cause {
                Some(cause) => error.with_cause(cause),
                None => error,
            }
        })?;
        ticket.learn(&raw.headers);
        self.learn_scopes(&raw.headers);
        let answer = self.understand(call, pool, raw);
        if let Err(error) = &answer {
            ticket.refused(error.kind());
        }
        answer
    }

    fn understand(&self, call: &Call, pool: Pool, raw: Raw) -> Result<Answer, Error> {
        if raw.status == StatusCode::NOT_MODIFIED && call.etag.is_some() {
            return Ok(Answer::NotModified { request_id: text(&raw.headers, "x-github-request-id") });
        }
        let now = self.0.clock.now();
        let asked = Asked { method: &call.method, path: &call.path, base: &self.0.base, now };
        let reply = classify(asked, &raw)?;
        match call.api {
            Api::Rest => Ok(Answer::Rest(Box::new(reply), raw.body, text(&raw.headers, "link"))),
            Api::Graphql => {
                let reset = Reading::of(&raw.headers, pool)
                    .map_or_else(|| after(now, Duration::from_hours(1)), |reading| reading.reset);
                let reply = graphql::read(reply.body, reply.request_id, reset)?;
                count(&self.0.counters.points, reply.cost.map_or(1, |cost| cost.points));
                Ok(Answer::Graphql(Box::new(reply)))
            }
        }
    }

    fn learn_scopes(&self, headers: &HeaderMap) {
        if let Some(scopes) = text(headers, "x-oauth-scopes") {
            let scopes = scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty());
            let scopes = scopes.map(str::to_owned).collect();
            *self.0.scopes.lock().unwrap_or_else(PoisonError::into_inner) = Some(scopes);
        }
    }
}

/// # Credentials
impl Client {
    /// What a request about `owner` is sent with.
    async fn access(&self, owner: &str) -> Result<Access, Error> {
        match &self.0.credentials {
            Credentials::Token(access) => Ok(access.clone()),
            Credentials::App(app) => {
                let installation = self.installation(app, owner).await?;
                let minted = self.token(app, installation.id).await?;
                Ok(app.installed(installation.id, minted.token))
            }
        }
    }

    async fn installation(&self, app: &App, owner: &str) -> Result<Installation, Error> {
        let refuse = |kind, why: &str| {
            let message = format!("{why} {owner}");
            Err(Error::new(kind, &Method::GET, "/app/installations").with_message(Some(message)))
        };
        if app.installation(owner).is_none_or(|known| known.suspended)
            && !app.listed_lately(self.0.clock.now())
        {
            let client = self.clone();
            self.0.listings.join(String::new(), move || client.list_installations()).await.0?;
        }
        match app.installation(owner) {
            Some(Installation { suspended: true, .. }) => {
                refuse(Kind::Forbidden { needs: Vec::new() }, "the GitHub App is suspended by")
            }
            Some(installation) => Ok(installation),
            None => refuse(Kind::Absent, "the GitHub App isn't installed on"),
        }
    }

    fn list_installations(self) -> BoxFuture<'static, Result<(), Error>> {
        async move {
            if let Credentials::App(app) = &self.0.credentials {
                let this = &self;
                let read =
                    |path: String| async move { this.read_as(app.itself(), None, &path).await }.boxed();
                let list = collect("/app/installations", self.0.max_pages, read).await?;
                app.learn_installations(&list, self.0.clock.now());
            }
            Ok(())
        }
        .boxed()
    }

    /// A token of an installation. Where no new one can be had, the old one will do while it lives.
    async fn token(&self, app: &App, installation: u64) -> Result<Minted, Error> {
        if let Some(minted) = app.good_token(installation, self.0.clock.now()) {
            return Ok(minted);
        }
        let client = self.clone();
        let work = move || async move { client.mint(installation).await }.boxed();
        let (minting, _) = self.0.mintings.join(installation.to_string(), work).await;
        minting.or_else(|error| {
            let old =
                app.token(installation, self.0.clock.now(), Duration::from_secs(30)).ok_or(error.clone())?;
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "no new installation token, using the old one"
            );
            Ok(old)
        })
    }

    async fn mint(&self, installation: u64) -> Minting {
        let Credentials::App(app) = &self.0.credentials else {
            return Err(Error::new(Kind::Unauthorized, &Method::POST, "/app/installations"));
        };
        let path = format!("/app/installations/{installation}/access_tokens");
        // A token too many does no harm: it ends by itself.
        let mut call =
            Call::rest(Method::POST, &path, Some(Bytes::from_static(b"{}")), Repeatable::Idempotent);
        call.creates = false;
        let malformed = || call.fail(Kind::Malformed { why: "without a token" });
        let Answer::Rest(reply, ..) = self.call(&app.itself(), &call).await? else { return Err(malformed()) };
        let minted = minted(&reply.body).ok_or_else(malformed)?;
        app.keep_token(installation, minted.clone());
        Ok(minted)
    }
}
