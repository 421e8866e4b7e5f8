//! Webhooks: events are addressed, signed and delivered to loopback receivers.

use super::acts::Event;
use super::state::unique;
use super::world::{Hook, HookScope, World};

/// A delivery that waits to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) hook: Hook,
    pub(crate) guid: String,
    pub(crate) event: &'static str,
    pub(crate) action: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// The deliveries that an event causes.
pub(crate) fn addressed(world: &World, event: &Event) -> Vec<Outgoing> {
    let listens = |hook: &&Hook| {
        let scope = match &hook.scope {
            HookScope::Repo(id) => Some(*id) == event.repo,
            HookScope::Org(login) => login.eq_ignore_ascii_case(&event.owner),
        };
        scope && hook.active && hook.events.iter().any(|name| name == "*" || name == event.name)
    };
    world.hooks.iter().filter(listens).map(|hook| outgoing(hook, event)).collect()
}

/// One event for one hook.
pub(crate) fn outgoing(hook: &Hook, event: &Event) -> Outgoing {
    let hex = unique();
    Outgoing {
        hook: hook.clone(),
        guid: format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]),
        event: event.name,
        action: event.payload["action"].as_str().map(str::to_owned),
        body: event.payload.to_string().into_bytes(),
    }
}
