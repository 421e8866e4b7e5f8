//! The audit log of an organisation.

use serde_json::json;

use super::pages::page;
use super::{Cx, Outcome, Route, route};
use crate::twin::door::failure::Failure;
use crate::twin::world::AuditEntry;

pub(super) const ROUTES: &[Route] = &[route("GET", "/orgs/{org}/audit-log", list)];

/// Whether an entry fits a phrase of `key:value` words; other words must occur in the action.
fn fits(entry: &AuditEntry, phrase: &str) -> bool {
    phrase.split_whitespace().all(|word| match word.split_once(':') {
        Some(("repo", name)) => entry.repo.as_deref().is_some_and(|repo| repo.eq_ignore_ascii_case(name)),
        Some(("actor", login)) => entry.actor.eq_ignore_ascii_case(login),
        Some(("action", action)) => entry.action == action || entry.action.starts_with(&format!("{action}.")),
        Some(_) => false,
        None => entry.action.contains(word),
    })
}

fn list(cx: &Cx<'_>) -> Outcome {
    let (account, world) = (cx.organisation()?, cx.world());
    if !cx.session.caller.administers(&world, &account.login) {
        return Err(Failure::not_found());
    }
    let phrase = cx.query("phrase").unwrap_or_default();
    let mut entries: Vec<(usize, &AuditEntry)> = world
        .audit
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.org.eq_ignore_ascii_case(&account.login) && fits(entry, phrase))
        .collect();
    if cx.query("order") != Some("asc") {
        entries.reverse();
    }
    let address = format!("{}/organizations/{}/audit-log", cx.urls().api, account.id);
    page(cx, &address, &entries, |(index, entry)| {
        let milliseconds = entry.at.as_millisecond();
        json!({
            "@timestamp": milliseconds,
            "_document_id": format!("twin{index:08}"),
            "action": entry.action,
            "actor": entry.actor,
            "created_at": milliseconds,
            "org": entry.org,
            "repo": entry.repo,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_narrows_the_log() {
        let entry = AuditEntry {
            action: "repo.archived".into(),
            actor: "mona".into(),
            org: "acme".into(),
            repo: Some("acme/widgets".into()),
            at: crate::twin::world::epoch(),
        };
        for (phrase, expected) in [
            ("", true),
            ("repo:Acme/Widgets", true),
            ("repo:acme/widgets action:repo", true),
            ("action:repo.archived actor:mona", true),
            ("action:rep", false),
            ("repo:acme/other", false),
            ("archived", true),
            ("country:de", false),
        ] {
            assert_eq!(fits(&entry, phrase), expected, "{phrase}");
        }
    }
}
