//! One request over octocrab's stack, within its time and size.
//!
//! octocrab signs the App's JWT, puts the credential on the request and takes it through the layers below; the
//! connection pool is hyper's. What octocrab offers above that is not used. Nothing is retried here.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, IF_NONE_MATCH, USER_AGENT};
use http::{Method, Uri};
use http_body_util::BodyExt;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::client::legacy::{Client as Pool, Error as PoolError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use octocrab::auth::AppAuth;
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::service::middleware::extra_headers::ExtraHeadersLayer;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use secrecy::SecretString;
use tokio::sync::Semaphore;

use super::classify::Raw;
use crate::adapters::github::config::{Config, SetupError, Timeouts};
use crate::adapters::github::error::{Kind, Sent};
use crate::adapters::github::stats::{Counters, count};

/// The media type of every request; part of the cache's key.
pub(crate) const JSON: &str = "application/vnd.github+json";
const API_VERSION: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28"));
/// GitHub closes idle connections after a minute; one that is about to be closed loses a write's answer.
const IDLE: std::time::Duration = std::time::Duration::from_secs(20);

/// Who a request is sent as.
#[derive(Debug, Clone)]
pub(crate) enum Bearer {
    /// With this token.
    Token(SecretString),
    /// As the App itself.
    App,
}

/// A request as it goes over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    pub(crate) method: Method,
    /// Path and query on the host, the base's path included.
    pub(crate) path: String,
    pub(crate) etag: Option<String>,
    pub(crate) body: Option<Bytes>,
}

/// Why there was no answer.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) cause: Option<tower::BoxError>,
}

impl From<Kind> for Fault {
    fn from(kind: Kind) -> Self {
        Self { kind, cause: None }
    }
}

/// The stack, the places in it, and the counters.
pub(crate) struct Transport {
    octocrab: Octocrab,
    places: Semaphore,
    timeouts: Timeouts,
    max_body: usize,
}

impl Transport {
    /// Must be called within a Tokio runtime, which then drives the connections.
    pub(crate) fn new(config: &Config, app: Option<AppAuth>) -> Result<Self, SetupError> {
        let base = &config.base;
        let host = format!("{}://{}", base.scheme(), base.authority());
        let not_a_base = || SetupError::Base(base.clone());
        let host: Uri = host.parse().map_err(|_| not_a_base())?;
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(config.timeouts.connect));
        tcp.set_nodelay(true);
        let auth = app.map_or(AuthState::None, AuthState::App);
        let agent = HeaderValue::from_str(&config.user_agent).map_err(SetupError::UserAgent)?;
        // A plain address needs none of the machine's certificates, so it works where there are none.
        let octocrab = match base.scheme() {
            "http" => stack(tcp, host, agent, auth),
            "https" => {
                tcp.enforce_http(false);
                let tls = hyper_rustls::HttpsConnectorBuilder::new()
                    .with_native_roots()
                    .map_err(SetupError::Certificates)?
                    .https_only()
                    .enable_http1()
                    .wrap_connector(tcp);
                stack(tls, host, agent, auth)
            }
            _ => return Err(not_a_base()),
        };
        Ok(Self {
            octocrab,
            places: Semaphore::new(config.max_in_flight.max(1)),
            timeouts: config.timeouts,
            max_body: config.max_body,
        })
    }

    /// Sends one request and reads its whole answer. Dropping the future abandons the request, which may
    /// nevertheless take effect.
    pub(crate) async fn send(&self, bearer: &Bearer, wire: Wire, counters: &Counters) -> Result<Raw, Fault> {
        let _place = self.places.acquire().await.map_err(|_| Kind::Network { sent: Sent::No })?;
        let crab = match bearer {
            Bearer::App => self.octocrab.clone(),
            Bearer::Token(token) => self.octocrab.user_access_token(token.clone()).map_err(unsent)?,
        };
        let exchange = self.exchange(&crab, wire, counters);
        tokio::time::timeout(self.timeouts.request, exchange).await.unwrap_or(Err(Kind::Timeout.into()))
    }

    async fn exchange(&self, crab: &Octocrab, wire: Wire, counters: &Counters) -> Result<Raw, Fault> {
        let mut request = http::Request::builder().method(wire.method).uri(wire.path).header(ACCEPT, JSON);
        if let Some(etag) = wire.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let body = match wire.body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                count(&counters.bytes_out, body.len() as u64);
                OctoBody::from(body)
            }
            None => OctoBody::empty(),
        };
        // A path that isn't one, or an etag that a header can't carry.
        let request = request.body(body).map_err(|_| Kind::Invalid { errors: Vec::new() })?;
        let (head, mut body) = crab.execute(request).await.map_err(unanswered)?.into_parts();
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|cause| fault(Kind::Malformed { why: "cut short" }, cause))?;
            if let Ok(data) = frame.into_data() {
                count(&counters.bytes_in, data.len() as u64);
                if bytes.len() + data.len() > self.max_body {
                    return Err(Kind::TooLarge.into());
                }
                bytes.extend_from_slice(&data);
            }
        }
        Ok(Raw { status: head.status, headers: head.headers, body: bytes.freeze() })
    }
}

/// octocrab's stack around a connector. Later layers are outer; the base is the host alone, because
/// octocrab would take `/api/graphql` for a path below `/api/v3`.
fn stack<C>(connector: C, host: Uri, agent: HeaderValue, auth: AuthState) -> Octocrab
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let pool: Pool<C, OctoBody> = Pool::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .build(connector);
    let headers = ExtraHeadersLayer::new(Arc::new(vec![(USER_AGENT, agent), API_VERSION]));
    let built = OctocrabBuilder::new_empty()
        .with_service(pool)
        .with_layer(&BaseUriLayer::new(host))
        .with_layer(&headers)
        .with_auth(auth)
        .build();
    match built {
        Ok(octocrab) => octocrab,
        Err(never) => match never {},
    }
}

fn unsent(cause: octocrab::Error) -> Fault {
    fault(Kind::Network { sent: Sent::No }, cause)
}

/// What it means that octocrab has no answer.
fn unanswered(cause: octocrab::Error) -> Fault {
    let kind = if matches!(cause, octocrab::Error::JWT { .. } | octocrab::Error::Http { .. }) {
        Kind::Unauthorized // the key signs nothing, or the token is no header value: nothing was sent
    } else if is_connect(&cause) {
        Kind::Network { sent: Sent::No }
    } else {
        Kind::Network { sent: Sent::Maybe }
    };
    fault(kind, cause)
}

/// octocrab's own words add nothing to the cause that it wraps.
fn fault(kind: Kind, cause: octocrab::Error) -> Fault {
    let cause = if let octocrab::Error::Service { source, .. } = cause { source } else { cause.into() };
    Fault { kind, cause: Some(cause) }
}

/// Whether the connection never stood.
fn is_connect(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .filter_map(|error| error.downcast_ref::<PoolError>())
        .any(PoolError::is_connect)
}
