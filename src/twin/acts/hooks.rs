//! Setting up webhooks.

use serde_json::{Value, json};

use super::{Event, Tx};
use crate::twin::door::failure::Failure;
use crate::twin::shape;
use crate::twin::webhooks::is_loopback;
use crate::twin::world::{DeliveryOptions, Hook, HookScope};

/// Takes over the fields of a request.
fn apply(hook: &mut Hook, body: &Value) -> Result<(), Failure> {
    let config = &body["config"];
    if let Some(url) = config["url"].as_str() {
        if !is_loopback(url) {
            return Err(Failure::custom(
                "Hook",
                "url",
                "url is not supported: the twin calls this machine only",
            ));
        }
        url.clone_into(&mut hook.url);
    }
    if let Some(secret) = config["secret"].as_str() {
        hook.secret = (!secret.is_empty()).then(|| secret.to_owned());
    }
    if let Some(events) = body["events"].as_array() {
        hook.events = events.iter().filter_map(|event| event.as_str().map(str::to_owned)).collect();
    }
    if let Some(active) = body["active"].as_bool() {
        hook.active = active;
    }
    if hook.url.is_empty() {
        return Err(Failure::field("Hook", "url", "missing_field"));
    }
    Ok(())
}

/// Adds a webhook and pings it.
pub(crate) fn create(tx: &mut Tx<'_>, scope: HookScope, body: &Value) -> Result<Hook, Failure> {
    let mut hook = Hook {
        id: tx.world.fresh_id(),
        scope,
        url: String::new(),
        secret: None,
        events: vec!["push".to_owned()],
        active: true,
        options: DeliveryOptions::default(),
        created_at: tx.now,
        updated_at: tx.now,
    };
    apply(&mut hook, body)?;
    if tx.world.hooks.iter().any(|other| other.scope == hook.scope && other.url == hook.url) {
        return Err(Failure::custom("Hook", "base", "Hook already exists on this repository"));
    }
    tx.world.hooks.push(hook.clone());
    ping(tx, &hook)?;
    Ok(hook)
}

/// Sends a ping, whatever the hook listens to.
pub(crate) fn ping(tx: &mut Tx<'_>, hook: &Hook) -> Result<(), Failure> {
    let (repo, owner) = match &hook.scope {
        HookScope::Repo(id) => (Some(*id), tx.repo(*id)?.owner.clone()),
        HookScope::Org(login) => (None, login.clone()),
    };
    let payload = json!({
        "zen": "Keep it logically awesome.",
        "hook_id": hook.id,
        "hook": shape::hook(tx.world, hook, tx.urls),
        "sender": shape::user(tx.world, &tx.actor, tx.urls),
    });
    tx.events.push(Event { name: "ping", repo, owner, payload });
    Ok(())
}

/// Changes a webhook.
pub(crate) fn update(tx: &mut Tx<'_>, id: u64, body: &Value) -> Result<Hook, Failure> {
    let now = tx.now;
    let hook = tx.world.hooks.iter_mut().find(|hook| hook.id == id).ok_or_else(Failure::not_found)?;
    apply(hook, body)?;
    hook.updated_at = now;
    Ok(hook.clone())
}

/// Removes a webhook.
pub(crate) fn delete(tx: &mut Tx<'_>, id: u64) {
    tx.world.hooks.retain(|hook| hook.id != id);
}
