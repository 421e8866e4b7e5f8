//! Overrides: which of the actions that a guard would hold back are let through, and by which grant.

use std::collections::BTreeMap;
use std::fmt;

use crate::model::{Action, ActionId, AddressGlob, Allow};

use super::GuardContext;

/// The overrides that opened a guard, by action.
#[derive(Debug, Default)]
pub(super) struct Overrides(BTreeMap<ActionId, Vec<Allow>>);

impl Overrides {
    /// Those that opened a guard for this action.
    pub(super) fn take(&mut self, action: &ActionId) -> Vec<Allow> {
        self.0.remove(action).unwrap_or_default()
    }
}

/// What overrides leave of the actions that a guard would hold back.
pub(super) struct Rest<'a> {
    /// The actions that none lets through.
    pub(super) actions: Vec<&'a Action>,
    /// What to say of grants that are too small; empty when there is none.
    pub(super) short: String,
}

/// Spends the overrides of `guard` on these actions. One whose count is smaller than what it covers lets none
/// through: which of ten were meant is not for the guard to guess.
pub(super) fn spend<'a>(
    guard: &str,
    actions: Vec<&'a Action>,
    cx: &GuardContext<'_>,
    used: &mut Overrides,
) -> Rest<'a> {
    let today = cx.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let in_force = |allow: &&Allow| allow.guard == guard && allow.until.is_none_or(|until| until >= today);
    let mut open: Vec<&Allow> = cx.allows.iter().chain(&cx.desired.allows).filter(in_force).collect();
    let mut rest = actions;
    // A grant that is too small may be large enough for what other grants leave over.
    loop {
        let before = open.len();
        open.retain(|allow| {
            let (covered, others): (Vec<_>, Vec<_>) =
                rest.iter().copied().partition(|action| allow.address.covers(&action.address));
            let too_small = allow.count.is_some_and(|count| covered.len() > count as usize);
            if covered.is_empty() || too_small {
                return true;
            }
            for action in covered {
                used.0.entry(action.id.clone()).or_default().push((*allow).clone());
            }
            rest = others;
            false
        });
        if open.len() == before {
            break;
        }
    }
    let mut short = String::new();
    for allow in open {
        let covered = rest.iter().filter(|action| allow.address.covers(&action.address)).count();
        if let Some(count) = allow.count.filter(|_| covered > 0) {
            short.push_str(&format!(
                "; the override for `{}` lets {count} through, and it covers {covered}",
                allow.address
            ));
        }
    }
    Rest { actions: rest, short }
}

/// An override that a guard names: so many actions at these addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The guard it opens.
    pub guard: &'static str,
    /// For how many actions.
    pub count: usize,
    /// Where: a glob of addresses.
    pub address: String,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}@{}", self.guard, self.count, self.address)
    }
}

impl Grant {
    /// The grant that opens `guard` for exactly these actions.
    pub(super) fn exact(guard: &'static str, actions: &[&Action]) -> Self {
        Self { guard, count: actions.len(), address: scope(actions) }
    }

    /// The grant as somebody who gives it would have it.
    pub(super) fn to_allow(&self) -> Option<Allow> {
        Some(Allow {
            guard: self.guard.to_owned(),
            address: AddressGlob::parse(&self.address).ok()?,
            count: u32::try_from(self.count).ok(),
            until: None,
            reason: String::new(),
            source: None,
        })
    }
}

/// The narrowest glob that covers all of these actions.
fn scope(actions: &[&Action]) -> String {
    let mut addresses = actions.iter().map(|a| a.address.as_str());
    let Some(first) = addresses.next() else { return "**".to_owned() };
    let mut common: Vec<&str> = first.split('/').collect();
    let mut longest = common.len();
    for address in addresses {
        let parts: Vec<&str> = address.split('/').collect();
        longest = longest.max(parts.len());
        let shared = common.iter().zip(&parts).take_while(|(a, b)| a == b).count();
        common.truncate(shared);
    }
    if common.len() == longest { common.join("/") } else { [&common[..], &["**"]].concat().join("/") }
}
