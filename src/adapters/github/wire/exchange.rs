//! A call from its admission to its meaning.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use jiff::SignedDuration;
use octocrab::auth::AppAuth;
use url::Url;

use super::budget::Budget;
use super::classify::{Asked, Raw, Reply, classify, text};
use super::limits::{Draw, Manners, Pool, PoolState, Reading};
use super::retry::{Repeatable, Retry};
use super::transport::{Bearer, Transport, Wire};
use crate::adapters::clock::{Clock, after};
use crate::adapters::github::config::{Config, ContentLimits, Patience, SetupError};
use crate::adapters::github::error::{Error, Kind};
use crate::adapters::github::graphql::{self, GraphqlReply};
use crate::adapters::github::stats::{Counters, count};
use crate::model::{Creations, Headroom};

/// What one request is sent with.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// A name for the account at GitHub: the key of caches and budgets, and no secret.
    pub(crate) whose: Arc<str>,
    pub(crate) bearer: Bearer,
}

/// A request below the base, or to GraphQL.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) api: Api,
    pub(crate) etag: Option<String>,
    pub(crate) body: Option<Bytes>,
    pub(crate) repeatable: Repeatable,
    pub(crate) creates: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    Rest,
    Graphql,
}

/// A successful answer in the form that its asker needs.
pub(crate) enum Answer {
    /// With the bytes of its body, for the cache, and the header that says where the listing goes on.
    Rest(Box<Reply>, Bytes, Option<String>),
    NotModified {
        request_id: Option<String>,
    },
    Graphql(Box<GraphqlReply>),
}

impl Call {
    pub(crate) fn rest(method: Method, path: &str, body: Option<Bytes>, repeatable: Repeatable) -> Self {
        // What only adds a label counts as well.
        let creates = repeatable == Repeatable::Never || method == Method::POST;
        Self { method, path: path.to_owned(), api: Api::Rest, etag: None, body, repeatable, creates }
    }

    pub(crate) fn graphql(body: Bytes, mutation: bool) -> Self {
        Self {
            method: Method::POST,
            path: "/graphql".to_owned(),
            api: Api::Graphql,
            etag: None,
            body: Some(body),
            repeatable: if mutation { Repeatable::Never } else { Repeatable::Read },
            creates: mutation,
        }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::rest(Method::GET, path, None, Repeatable::Read)
    }

    pub(crate) fn fail(&self, kind: Kind) -> Error {
        Error::new(kind, &self.method, &self.path)
    }
}

/// The first cause, which says most.
fn innermost<'e>(error: &'e (dyn std::error::Error + 'static)) -> &'e (dyn std::error::Error + 'static) {
    std::iter::successors(Some(error), |error| error.source()).last().unwrap_or(error)
}

/// All that requests share.
pub(crate) struct Exchange {
    pub(crate) base: Url,
    pub(crate) clock: Clock,
    pub(crate) counters: Counters,
    graphql_path: String,
    transport: Transport,
    budget: Budget,
    content: Option<ContentLimits>,
    patience: Patience,
    retry: Retry,
    scopes: Mutex<Option<Vec<String>>>,
    skew: Mutex<Option<SignedDuration>>,
}

impl Exchange {
    pub(crate) fn new(config: &Config, app: Option<AppAuth>) -> Result<Self, SetupError> {
        let manners = Manners {
            longest_spread: config.patience.longest_spread(),
            longest_hold: config.retries.longest_wait,
            content: config.content,
        };
        let seed = config.retries.seed.unwrap_or_else(|| config.clock.now().as_microsecond().unsigned_abs());
        Ok(Self {
            base: config.base.clone(),
            clock: config.clock.clone(),
            counters: Counters::default(),
            graphql_path: config.graphql_path(),
            transport: Transport::new(config, app)?,
            budget: Budget::new(manners, config.clock.clone()),
            content: config.content,
            patience: config.patience,
            retry: Retry::new(config.retries, seed),
            scopes: Mutex::default(),
            skew: Mutex::default(),
        })
    }

    /// How much may be created, where that is limited.
    pub(crate) fn creations(&self) -> Option<Creations> {
        self.content.map(|limits| limits.most)
    }

    /// What may be created soon, where that is limited and this is a daemon's.
    pub(crate) fn room(&self) -> Option<Headroom> {
        match self.patience {
            Patience::Foreground => None,
            Patience::Daemon => self.budget.room(),
        }
    }

    /// What is known of all pools.
    pub(crate) fn pools(&self) -> Vec<PoolState> {
        self.budget.snapshot()
    }

    /// The scopes that the last answer named.
    pub(crate) fn scopes(&self) -> Option<Vec<String>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// By how much this machine's clock was ahead of the server's at the last answer that named the time.
    pub(crate) fn skew(&self) -> Option<SignedDuration> {
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a call, and again after failures where that is safe.
    pub(crate) async fn call(&self, access: &Access, call: &Call) -> Result<Answer, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match self.attempt(access, call).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(pause) = self.retry.pause(&error, call.repeatable, tries) else {
                return Err(error);
            };
            tracing::debug!(%error, ?pause, tries, "trying again");
            count(&self.counters.retries, 1);
            self.clock.sleep(pause).await;
        }
    }

    /// Makes one attempt: within the budget, over the wire, classified.
    async fn attempt(&self, access: &Access, call: &Call) -> Result<Answer, Error> {
        let (pool, counter, prefix) = match call.api {
            Api::Rest => (Pool::of(&call.path), &self.counters.rest, self.base.path().trim_end_matches('/')),
            Api::Graphql => (Pool::Graphql, &self.counters.graphql, ""),
        };
        let path = match call.api {
            Api::Rest => format!("{prefix}{}", call.path),
            Api::Graphql => self.graphql_path.clone(),
        };
        // Without the slash it would be taken for a host.
        if !path.starts_with('/') {
            return Err(call.fail(Kind::Invalid { errors: Vec::new() }));
        }
        let draw = Draw { pool, creates: call.creates };
        let ticket = self.budget.admit(&access.whose, draw).await.map_err(|kind| call.fail(kind))?;
        let wire =
            Wire { method: call.method.clone(), path, etag: call.etag.clone(), body: call.body.clone() };
        count(counter, 1);
        let raw = self.transport.send(&access.bearer, wire, &self.counters).await.map_err(|fault| {
            let error = call.fail(fault.kind);
            let Some(cause) = fault.cause else { return error };
            let host = self.base.host_str().unwrap_or_default();
            let port = self.base.port().map(|port| format!(":{port}")).unwrap_or_default();
            let said = format!("{host}{port}: {}", innermost(cause.as_ref()));
            error.with_message(Some(said))
        })?;
        let (status, whose) = (raw.status.as_u16(), &*access.whose);
        tracing::debug!(method = %call.method, path = call.path, status, whose, "asked GitHub");
        ticket.learn(&raw.headers);
        self.learn_scopes(&raw.headers);
        self.learn_time(&raw.headers);
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
        let now = self.clock.now();
        let asked = Asked { method: &call.method, path: &call.path, base: &self.base, now };
        let reply = classify(asked, &raw)?;
        match call.api {
            Api::Rest => Ok(Answer::Rest(Box::new(reply), raw.body, text(&raw.headers, "link"))),
            Api::Graphql => {
                let reset = Reading::of(&raw.headers, pool)
                    .map_or_else(|| after(now, Duration::from_hours(1)), |reading| reading.reset);
                let reply = graphql::read(reply.body, reply.request_id, reset)?;
                count(&self.counters.points, reply.cost.map_or(1, |cost| cost.points));
                Ok(Answer::Graphql(Box::new(reply)))
            }
        }
    }

    /// The header has whole seconds, and the answer took some time on its way: a second or two are no skew.
    fn learn_time(&self, headers: &HeaderMap) {
        let date = text(headers, header::DATE.as_str());
        if let Some(there) = date.and_then(|date| jiff::fmt::rfc2822::parse(&date).ok()) {
            let skew = self.clock.now().duration_since(there.timestamp());
            *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(skew);
        }
    }

    fn learn_scopes(&self, headers: &HeaderMap) {
        if let Some(scopes) = text(headers, "x-oauth-scopes") {
            let scopes = scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty());
            let scopes = scopes.map(str::to_owned).collect();
            *self.scopes.lock().unwrap_or_else(PoisonError::into_inner) = Some(scopes);
        }
    }
}
