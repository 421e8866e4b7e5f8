//! GitHub's webhooks: the signature checked, answered at once, and turned into "look again".
//!
//! Nothing of a delivery but its event, repository and ref is used. A lost delivery costs latency, a repeated or
//! forged one nothing.

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::adapters::github::webhook::{Delivery, verify};
use crate::model::{Facet, Facets, RepoName};
use crate::observed::Told;

use crate::engine::runs::Known;
use crate::engine::wakes::{Pending, Wakes};

/// GitHub's own limit on a delivery.
const MAX_BODY: usize = 25 << 20;
/// Deliveries that are remembered, so that a repeated one wakes nobody.
const REMEMBERED: usize = 4096;
/// How long a sender may take for a delivery.
const PATIENCE: Duration = Duration::from_secs(20);
/// The branches that the factory pushes to.
const OWN: &str = "factory/";
/// How long a request under way is waited for at the end.
const GRACE: Duration = Duration::from_millis(200);

/// Why webhooks can't be received.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address can't be listened on.
    #[error("webhooks can't be received at {address}")]
    Listen {
        /// As config has it.
        address: String,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
}

/// What deliveries are judged by.
#[derive(Clone, Debug)]
pub(crate) struct Hooks {
    /// What signs them.
    pub secret: SecretString,
    /// The config repository, and the branch of it that is in force.
    pub config: Option<(RepoName, String)>,
    /// How many were refused.
    pub refused: Arc<AtomicU64>,
    /// Who the factory is: what it writes itself on issues wakes nobody.
    pub known: Known,
}

/// An endpoint that listens.
#[derive(Debug)]
pub(crate) struct Endpoint {
    listener: TcpListener,
    address: SocketAddr,
}

#[derive(Clone)]
struct Shared {
    hooks: Arc<Hooks>,
    wakes: Wakes,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Endpoint {
    /// Listens; nothing is answered yet.
    ///
    /// # Errors
    /// When the address can't be had.
    pub(crate) async fn listen(address: &str) -> Result<Self, Error> {
        let failed = |source| Error::Listen { address: address.to_owned(), source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop`.
    pub(crate) async fn serve(self, hooks: Hooks, wakes: Wakes, stop: CancellationToken) {
        let shared = Shared { hooks: Arc::new(hooks), wakes, seen: Arc::default() };
        let router = Router::new().fallback(receive).with_state(shared);
        let served =
            axum::serve(self.listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        let late = async {
            stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            ended = served => if let Err(error) = ended {
                tracing::error!(%error, "webhooks are no longer received");
            },
            () = late => {}
        }
    }
}

async fn receive(State(shared): State<Shared>, request: Request<Body>) -> StatusCode {
    let answer = take(&shared, request).await;
    if answer != StatusCode::ACCEPTED {
        shared.hooks.refused.fetch_add(1, Ordering::Relaxed);
    }
    answer
}

async fn take(shared: &Shared, request: Request<Body>) -> StatusCode {
    if request.method() != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED;
    }
    let (parts, body) = request.into_parts();
    let body = match tokio::time::timeout(PATIENCE, to_bytes(body, MAX_BODY)).await {
        Err(_) => return StatusCode::REQUEST_TIMEOUT,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE,
        Ok(Ok(body)) => body,
    };
    let header = |name: &str| text(&parts.headers, name);
    if let Err(error) = verify(&shared.hooks.secret, &body, header("x-hub-signature-256")) {
        tracing::warn!(%error, "a webhook delivery was refused");
        return StatusCode::UNAUTHORIZED;
    }
    let delivery = match Delivery::parse(header("x-github-event"), header("x-github-delivery"), &body) {
        Ok(delivery) => delivery,
        Err(error) => {
            tracing::warn!(%error, "a webhook delivery was refused");
            return StatusCode::BAD_REQUEST;
        }
    };
    if shared.seen.lock().unwrap_or_else(PoisonError::into_inner).first_time(&delivery.id) {
        let is_own = delivery.app().is_some_and(|login| shared.hooks.known.is_own(login));
        let of_issues = Look::Facets(Facets::of(Facet::Cases));
        let woken =
            about(&delivery, shared.hooks.config.as_ref()).filter(|look| !is_own || *look != of_issues);
        tracing::debug!(event = delivery.event, woken = woken.is_some(), "a webhook delivery");
        if let Some(what) = woken {
            for (repo, told) in told(&delivery) {
                shared.hooks.known.remembered().tell(&repo, &told);
            }
            shared.wakes.add(|pending| what.add_to(pending));
        }
    }
    StatusCode::ACCEPTED
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

impl Seen {
    fn first_time(&mut self, id: &str) -> bool {
        if !self.ids.insert(id.to_owned()) {
            return false;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

/// The pull requests that a delivery tells of.
fn told(delivery: &Delivery) -> Vec<(RepoName, Told)> {
    let Some(repo) = delivery.repository().and_then(|name| RepoName::parse(name).ok()) else {
        return Vec::new();
    };
    let body = &delivery.body;
    let check = &body["check_run"];
    let of_check = check["pull_requests"].as_array().into_iter().flatten();
    let numbers =
        of_check.chain([&body["pull_request"], &body["issue"]]).filter_map(|it| it["number"].as_u64());
    let heads = [&check["head_sha"], &body["sha"]].into_iter().filter_map(|sha| sha.as_str());
    // An issue isn't known to count as changed when one of its comments is written anew.
    let is_comment = body["comment"].is_object() && body["action"] == "edited";
    let is_less = is_comment || body["action"] == "deleted" || body["action"] == "transferred";
    let all = numbers
        .map(|n| if is_less { Told::Less(n) } else { Told::Pull(n) })
        .chain(heads.map(|sha| Told::Head(sha.to_owned())));
    all.map(|told| (repo.clone(), told)).collect()
}

/// What a delivery says may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Config,
    Facets(Facets),
}

impl Look {
    fn add_to(self, pending: &mut Pending) {
        match self {
            Self::Config => {
                pending.remote = true;
                pending.facets = pending.facets.and(Facets::of(Facet::Language));
            }
            Self::Facets(facets) => pending.facets = pending.facets.and(facets),
        }
    }
}

/// What an event is about; nothing for those that no loop waits for. What the factory itself writes (comments,
/// statuses, its own branches) is not among them, so that it doesn't wake itself for ever.
fn about(delivery: &Delivery, config: Option<&(RepoName, String)>) -> Option<Look> {
    let repo = delivery.repository().and_then(|name| RepoName::parse(name).ok());
    let branch = config.filter(|(name, _)| repo.as_ref() == Some(name)).map(|(_, branch)| branch);
    match delivery.event.as_str() {
        "push" => {
            let moved = delivery.git_ref()?.strip_prefix("refs/heads/")?;
            if branch.is_some_and(|branch| branch == moved) {
                return Some(Look::Config);
            }
            // Words and code are looked at on the branch that others are merged into; agents push to their own.
            (!moved.starts_with(OWN)).then(|| Look::Facets(Facets::of(Facet::Language)))
        }
        "pull_request" => {
            if branch.is_none() {
                return Some(Look::Facets(Facets::of(Facet::Cases).and(Facets::of(Facet::Language))));
            }
            let facets = Facets::of(Facet::ConfigPulls).and(Facets::of(Facet::Flips));
            Some(Look::Facets(facets.and(Facets::of(Facet::Language))))
        }
        "repository" => Some(Look::Facets(Facets::of(Facet::Settings).and(Facets::of(Facet::Labels)))),
        "label" => Some(Look::Facets(Facets::of(Facet::Labels))),
        "issues"
        | "issue_comment"
        | "pull_request_review"
        | "pull_request_review_comment"
        | "pull_request_review_thread"
        | "check_run"
        | "status" => branch.is_none().then(|| Look::Facets(Facets::of(Facet::Cases))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use hmac::{Hmac, Mac};
    use serde_json::json;
    use sha2::Sha256;
    use tower::util::ServiceExt;

    fn shared() -> Shared {
        let config = Some((RepoName::parse("acme/factory").unwrap(), "main".to_owned()));
        let hooks =
            Hooks { secret: "s3cret".into(), config, refused: Arc::default(), known: Known::default() };
        Shared { hooks: Arc::new(hooks), wakes: Wakes::default(), seen: Arc::default() }
    }

    fn signed(event: &str, id: &str, body: &str) -> Request<Body> {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
        mac.update(body.as_bytes());
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        Request::post("/anything")
            .header("x-hub-signature-256", signature)
            .header("x-github-event", event)
            .header("x-github-delivery", id)
            .body(Body::from(body.to_owned()))
            .unwrap()
    }

    async fn post(shared: &Shared, request: Request<Body>) -> u16 {
        let router: Router = Router::new().fallback(receive).with_state(shared.clone());
        router.oneshot(request).await.unwrap().status().as_u16()
    }

    #[test]
    fn events_lead_to_what_they_are_about() {
        let config = (RepoName::parse("acme/factory").unwrap(), "main".to_owned());
        let rows = [
            ("push", "Acme/Factory", "refs/heads/main", "config"),
            ("push", "acme/factory", "refs/heads/factory/ledger", ""),
            ("push", "acme/factory", "refs/tags/main", ""),
            ("push", "acme/widgets", "refs/heads/main", "language"),
            ("push", "acme/widgets", "refs/heads/factory/issue/7", ""),
            ("pull_request", "acme/factory", "", "config-pulls flips language"),
            ("pull_request", "acme/widgets", "", "cases language"),
            ("issue_comment", "acme/widgets", "", "cases"),
            ("check_run", "acme/widgets", "", "cases"),
            ("repository", "acme/widgets", "", "settings labels"),
            ("label", "acme/widgets", "", "labels"),
            ("issue_comment", "acme/factory", "", ""),
            ("status", "acme/factory", "", ""),
            ("ping", "acme/factory", "", ""),
        ];
        for (event, repo, git_ref, expect) in rows {
            let body = json!({ "repository": { "full_name": repo }, "ref": git_ref });
            let delivery = Delivery { event: event.into(), id: "1".into(), body };
            let got = match about(&delivery, Some(&config)) {
                None => String::new(),
                Some(Look::Config) => "config".to_owned(),
                Some(Look::Facets(facets)) => facets.iter().map(Facet::as_str).collect::<Vec<_>>().join(" "),
            };
            assert_eq!(got, expect, "{event} {repo} {git_ref}");
        }
        assert_eq!(about(&Delivery { event: "push".into(), id: "1".into(), body: json!({}) }, None), None);
    }

    #[test]
    fn deliveries_tell_of_what_has_to_be_read_again() {
        let rows = [
            (json!({ "action": "created", "issue": { "number": 7 } }), vec![Told::Pull(7)]),
            (json!({ "action": "deleted", "issue": { "number": 7 }, "comment": {} }), vec![Told::Less(7)]),
            (json!({ "action": "deleted", "pull_request": { "number": 8 } }), vec![Told::Less(8)]),
            (json!({ "action": "transferred", "issue": { "number": 7 } }), vec![Told::Less(7)]),
            (json!({ "action": "edited", "issue": { "number": 7 }, "comment": {} }), vec![Told::Less(7)]),
            (json!({ "action": "edited", "issue": { "number": 7 } }), vec![Told::Pull(7)]),
            (json!({ "sha": "ab" }), vec![Told::Head("ab".to_owned())]),
            (
                json!({ "action": "completed", "check_run": { "head_sha": "ab", "pull_requests": [{ "number": 8 }] } }),
                vec![Told::Pull(8), Told::Head("ab".to_owned())],
            ),
        ];
        for (mut body, expect) in rows {
            body["repository"] = json!({ "full_name": "acme/widgets" });
            let delivery = Delivery { event: "any".into(), id: "1".into(), body };
            let told: Vec<Told> = told(&delivery).into_iter().map(|(_, told)| told).collect();
            assert_eq!(told, expect);
        }
    }

    #[tokio::test]
    async fn repeated_deliveries_and_bursts_are_one_note() {
        let shared = shared();
        let body = r#"{"repository": {"full_name": "acme/widgets"}}"#;
        for id in ["1", "1", "2"] {
            assert_eq!(post(&shared, signed("label", id, body)).await, 202);
        }
        assert_eq!(shared.wakes.take().await.facets, Facets::of(Facet::Labels));
        assert_eq!(post(&shared, signed("label", "2", body)).await, 202);
        assert!(shared.wakes.take().now_or_never().is_none(), "a repeated delivery woke somebody");
    }

    #[tokio::test]
    async fn what_is_not_a_signed_delivery_is_refused_and_wakes_nobody() {
        let shared = shared();
        let body = r#"{"repository": {"full_name": "acme/widgets"}}"#;
        let mut forged = signed("label", "1", body);
        *forged.body_mut() = Body::from("{}");
        let mut nameless = signed("label", "1", body);
        nameless.headers_mut().remove("x-github-event");
        let rows = [
            ("forged", forged, 401),
            ("unsigned", Request::post("/").body(Body::from(body)).unwrap(), 401),
            ("nameless", nameless, 400),
            ("no JSON", signed("label", "1", "{"), 400),
            ("huge", signed("label", "1", &"x".repeat(MAX_BODY + 1)), 413),
            ("read", Request::get("/").body(Body::empty()).unwrap(), 405),
        ];
        for (name, request, expect) in rows {
            assert_eq!(post(&shared, request).await, expect, "{name}");
        }
        assert!(shared.wakes.take().now_or_never().is_none());
        assert_eq!(shared.hooks.refused.load(Ordering::Relaxed), 6);
    }

    #[test]
    fn the_memory_of_deliveries_is_bounded() {
        let mut seen = Seen::default();
        for n in 0..=REMEMBERED {
            assert!(seen.first_time(&n.to_string()));
        }
        assert_eq!((seen.ids.len(), seen.order.len()), (REMEMBERED, REMEMBERED));
        assert!(seen.first_time("0"));
        assert!(!seen.first_time("2"));
    }
}
