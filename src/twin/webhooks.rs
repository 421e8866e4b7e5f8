//! Webhooks: events are addressed, signed and delivered to loopback receivers.
//!
//! One task sends them in order; a hook's options make it late, doubled, out of order or silent.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use hmac::{Hmac, Mac as _};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use sha2::Sha256;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::twin::acts::Event;
use crate::twin::state::{Shared, now, unique};
use crate::twin::world::{Delivery, Hook, HookScope, World};

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a delivery that is to be overtaken waits for another.
const OVERTAKE: Duration = Duration::from_millis(100);
/// How many deliveries the world remembers.
const REMEMBERED: usize = 1000;

/// A delivery that waits to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) hook: Hook,
    pub(crate) guid: String,
    pub(crate) event: &'static str,
    pub(crate) action: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Whether an address is on this machine.
pub(crate) fn is_loopback(address: &str) -> bool {
    let Ok(url) = url::Url::parse(address) else { return false };
    url.scheme() == "http"
        && url.host_str().is_some_and(|host| {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        })
}

/// The deliveries that an event causes.
pub(crate) fn addressed(world: &World, event: &Event) -> Vec<Outgoing> {
    if event.name == "ping" {
        let hook = world.hooks.iter().find(|hook| event.payload["hook_id"].as_u64() == Some(hook.id));
        return hook.map(|hook| outgoing(hook, event)).into_iter().collect();
    }
    let listens = |hook: &&Hook| {
        let scope = match &hook.scope {
            HookScope::Repo(id) => Some(*id) == event.repo,
            HookScope::Org(login) => login.eq_ignore_ascii_case(&event.owner),
        };
        scope && hook.active && hook.events.iter().any(|name| name == "*" || name == event.name)
    };
    world.hooks.iter().filter(listens).map(|hook| outgoing(hook, event)).collect()
}

fn outgoing(hook: &Hook, event: &Event) -> Outgoing {
    let hex = unique();
    Outgoing {
        hook: hook.clone(),
        guid: format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]),
        event: event.name,
        action: event.payload["action"].as_str().map(str::to_owned),
        body: event.payload.to_string().into_bytes(),
    }
}

/// `X-Hub-Signature-256` of a body.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Sends what stands in the outbox until the twin stops.
pub(crate) async fn deliver(shared: Arc<Shared>, tasks: TaskTracker, stop: CancellationToken) {
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let sender = Sender { shared: Arc::clone(&shared), client };
    let mut held: VecDeque<Outgoing> = VecDeque::new();
    loop {
        let next = shared.lock().outbox.pop_front();
        let Some(next) = next else {
            // What waits to be overtaken goes out alone when nothing comes.
            let woken = if held.is_empty() {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = shared.outbox_filled.notified() => true,
                }
            } else {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = shared.outbox_filled.notified() => true,
                    () = tokio::time::sleep(OVERTAKE) => false,
                }
            };
            if !woken {
                let waiting: Vec<Outgoing> = held.drain(..).collect();
                let work = async {
                    for one in &waiting {
                        sender.send(one).await;
                    }
                };
                tokio::select! { () = stop.cancelled() => return, () = work => {} }
            }
            continue;
        };
        let options = next.hook.options.clone();
        if options.drop {
            continue;
        }
        if options.delay_ms > 0 {
            let (sender, stop) = (sender.clone(), stop.clone());
            tasks.spawn(async move {
                let late = async {
                    tokio::time::sleep(Duration::from_millis(options.delay_ms)).await;
                    sender.send(&next).await;
                };
                tokio::select! { () = stop.cancelled() => {}, () = late => {} }
            });
            continue;
        }
        if options.reorder && held.iter().all(|waiting| waiting.hook.id != next.hook.id) {
            held.push_back(next);
            continue;
        }
        let overtaken =
            held.iter().position(|waiting| waiting.hook.id == next.hook.id).and_then(|at| held.remove(at));
        let work = async {
            sender.send(&next).await;
            if let Some(waiting) = overtaken {
                sender.send(&waiting).await;
            }
        };
        tokio::select! { () = stop.cancelled() => return, () = work => {} }
    }
}

#[derive(Clone)]
struct Sender {
    shared: Arc<Shared>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Sender {
    async fn send(&self, out: &Outgoing) {
        let times = if out.hook.options.duplicate { 2 } else { 1 };
        for _ in 0..times {
            let status = self.post(out).await.unwrap_or(0);
            let delivery = Delivery {
                guid: out.guid.clone(),
                hook: out.hook.id,
                event: out.event.to_owned(),
                action: out.action.clone(),
                status,
                at: now(),
            };
            self.shared.lock().delivered(delivery, REMEMBERED);
        }
    }

    /// The status that the receiver answered, if it did.
    async fn post(&self, out: &Outgoing) -> Option<u16> {
        if !is_loopback(&out.hook.url) {
            return None;
        }
        let mut request = http::Request::post(&out.hook.url)
            .header("content-type", "application/json")
            .header("user-agent", "GitHub-Hookshot/twin")
            .header("x-github-event", out.event)
            .header("x-github-delivery", &out.guid)
            .header("x-github-hook-id", out.hook.id.to_string());
        if let Some(secret) = &out.hook.secret {
            request = request.header("x-hub-signature-256", signature(secret, &out.body));
        }
        let request = request.body(Full::new(Bytes::from(out.body.clone()))).ok()?;
        let response = tokio::time::timeout(PATIENCE, self.client.request(request)).await.ok()?.ok()?;
        Some(response.status().as_u16())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called() {
        for (address, expected) in [
            ("http://127.0.0.1:8080/hook", true),
            ("http://localhost:1", true),
            ("http://[::1]:9/x", true),
            ("https://127.0.0.1/", false),
            ("http://example.com/", false),
            ("http://10.0.0.1/", false),
            ("http://127.0.0.1.example.com/", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_loopback(address), expected, "{address}");
        }
    }

    #[test]
    fn the_signature_is_githubs() {
        // The example of GitHub's documentation on validating deliveries.
        let signed = signature("It's a Secret to Everybody", b"Hello, World!");
        assert_eq!(signed, "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
    }
}
