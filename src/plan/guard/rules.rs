//! Guards that judge one action by itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::{
    Action, ActionId, Address, Effect, Facet, Object, OwnRepo, Protect, RepoName, Seen, Verb,
};

use super::overrides::{self, Grant, Objected, Overrides, Rest};
use super::{Blocked, GuardContext, NotInForce};

/// Guards that nothing opens.
pub(super) fn outright(action: &Action, cx: &GuardContext<'_>) -> Option<Blocked> {
    own_config(action, cx)
        .or_else(|| forbidden_verb(action, cx))
        .or_else(|| incomplete(action, cx))
        .or_else(|| elsewhere(action, cx))
        .or_else(|| cx.switches.blocks(action))
}

/// A guard that an override opens: its name, and what it says against an action.
type Openable = (&'static str, fn(&Action, &GuardContext<'_>) -> Option<String>);

const OPENABLE: [Openable; 5] = [
    ("protected", protected),
    ("stuck", stuck),
    ("fighting", fighting),
    ("unmerged", unmerged),
    ("superseded", superseded),
];

/// Guards that an override opens, one after the other over what the earlier ones left.
pub(super) fn openable(
    actions: &[Action],
    cx: &GuardContext<'_>,
    overrides: &mut Overrides,
    held: &mut BTreeMap<ActionId, Blocked>,
) {
    for (guard, objection) in OPENABLE {
        let mut words: BTreeMap<&ActionId, String> = BTreeMap::new();
        let mut objected = Vec::new();
        for action in actions.iter().filter(|a| !held.contains_key(&a.id)) {
            if let Some(says) = objection(action, cx) {
                words.insert(&action.id, says);
                objected.push(objected_to(guard, action, cx));
            }
        }
        let Rest { objected: rest, short } = overrides::spend(guard, objected, cx, overrides);
        for objected in &rest {
            let action = objected.action;
            let says = words.remove(&action.id).unwrap_or_default() + &short;
            let overrides = opened_with(guard, objected, &rest);
            held.insert(action.id.clone(), Blocked { guard, says, overrides });
        }
    }
}

/// The action, and where the guard objects to it: `protected` means what it protects, the others the action as a whole.
fn objected_to<'a>(guard: &str, action: &'a Action, cx: &GuardContext<'_>) -> Objected<'a> {
    if guard != "protected" {
        return Objected::whole(action);
    }
    // Making a repository is more than fixing its settings.
    let makes = action.verb == Verb::CreateRepository;
    let own = Some(action.address.clone()).filter(|_| makes);
    let all = own.into_iter().chain(action.touches_only());
    let is_protected = |at: &Address| protects(cx).any(|protect| protect.address.covers(at));
    Objected { action, at: all.filter(is_protected).collect() }
}

/// The overrides that open a guard for one action: `unmerged` and `superseded` are said of the whole revision; for the
/// others it is that action alone.
fn opened_with(guard: &'static str, meant: &Objected<'_>, rest: &[Objected<'_>]) -> Vec<Grant> {
    if matches!(guard, "unmerged" | "superseded") {
        let actions: Vec<&Action> = rest.iter().map(|objected| objected.action).collect();
        return vec![Grant::exact(guard, &actions)];
    }
    Grant::narrowest(guard, meant, rest)
}

/// Only people change the config repository itself, whatever it is called by now; the factory comments, reports and
/// proposes there. While nobody knows which one it is, it may be any.
fn own_config(action: &Action, cx: &GuardContext<'_>) -> Option<Blocked> {
    if matches!(action.verb.object(), Object::Issue | Object::Nothing) {
        return None;
    }
    let own = own_repo(cx)?;
    let repo = action.effect.repo();
    if own.is(repo, cx.observed.repo(repo)) {
        let says =
            format!("`{repo}` is the factory's own config repository; a person makes this change on GitHub");
        return Some(Blocked::outright("self", says));
    }
    (own.seen == Seen::Unknown).then(|| {
        let gap = cx.observed.gap(Facet::Settings, Some(&own.asked));
        let why = gap.map_or("it was not read", |gap| &gap.why);
        let says = format!(
            "`{repo}` may be the factory's own config repository `{}` under another name: {why}",
            own.asked
        );
        Blocked::outright("incomplete", says)
    })
}

/// The factory's own config repository: as it was seen, where that is the one that config names.
fn own_repo<'a>(cx: &GuardContext<'a>) -> Option<Cow<'a, OwnRepo>> {
    let named = cx.desired.factory.config.as_ref().map(|config| &config.value);
    let is_named = |own: &&OwnRepo| named.is_none_or(|named| own.asked == *named);
    let unread = |named: &RepoName| OwnRepo { asked: named.clone(), seen: Seen::Unknown };
    let seen = cx.observed.own.as_ref().filter(is_named).map(Cow::Borrowed);
    seen.or_else(|| named.map(unread).map(Cow::Owned))
}

fn forbidden_verb(action: &Action, cx: &GuardContext<'_>) -> Option<Blocked> {
    let may = cx.may.get(action.wanted_by).copied().unwrap_or_default();
    (!may.contains(&action.verb)).then(|| {
        let (name, verb) = (action.wanted_by, action.verb.as_str());
        Blocked::outright("verbs", format!("loop `{name}` may not {verb}; this is a bug in the loop"))
    })
}

/// What the loop reads and could not read holds back what depends on it, and archiving depends on all of it.
fn incomplete(action: &Action, cx: &GuardContext<'_>) -> Option<Blocked> {
    let repo = action.effect.repo();
    let needs = cx.needs.get(action.wanted_by).copied().unwrap_or_default();
    let archives = action.verb == Verb::ArchiveRepository;
    let gap = Facet::ALL
        .iter()
        .filter(|facet| needs.has(**facet) || (archives && **facet == Facet::Labels))
        .filter_map(|facet| cx.observed.gap(*facet, Some(repo)))
        .find(|gap| archives || depends_on(action, gap.facet, cx))?;
    let says = format!("{} of {repo} could not be read completely: {}", gap.facet, gap.why);
    Some(Blocked::outright("incomplete", says))
}

/// Whether an action depends on the part of a facet that a gap leaves unknown. Of settings that were read in part
/// only the missing ones matter.
fn depends_on(action: &Action, facet: Facet, cx: &GuardContext<'_>) -> bool {
    // Issues tell nothing of anything else.
    if facet == Facet::Issues {
        return action.verb.object() == Object::Issue;
    }
    let Seen::Known(state) = cx.observed.repo(action.effect.repo()) else { return true };
    match (facet, &action.effect) {
        (Facet::Settings, Effect::UpdateSettings { settings, .. }) => {
            settings.keys().any(|setting| !state.settings.contains_key(setting))
        }
        (
            Facet::Settings,
            Effect::CreateLabel { .. } | Effect::UpdateLabel { .. } | Effect::DeleteLabel { .. },
        ) => false,
        _ => true,
    }
}

/// Two machines that do the same at the same time would do twice what can be done twice.
fn elsewhere(action: &Action, cx: &GuardContext<'_>) -> Option<Blocked> {
    let says = cx.memory.elsewhere.get(&action.id)?;
    Some(Blocked::outright("elsewhere", says.clone()))
}

/// What is protected at this moment.
fn protects<'a>(cx: &GuardContext<'a>) -> impl Iterator<Item = &'a Protect> {
    let now = cx.now;
    cx.desired.protects.iter().filter(move |protect| protect.until.is_none_or(|until| now < until))
}

fn protected(action: &Action, cx: &GuardContext<'_>) -> Option<String> {
    let protect = protects(cx).find(|protect| protect.address.covers_part_of(action))?;
    Some(format!("`{}` is protected at {}: {}", protect.address, protect.source, protect.reason))
}

fn stuck(action: &Action, cx: &GuardContext<'_>) -> Option<String> {
    let says = cx.memory.stuck.get(&action.id)?;
    Some(format!("the same change failed before and nothing has changed since: {says}"))
}

fn fighting(action: &Action, cx: &GuardContext<'_>) -> Option<String> {
    let times = cx.memory.done_today.get(&action.id).copied().unwrap_or_default();
    (times >= 3).then(|| format!("done {times} times within a day, and somebody undoes it each time"))
}

fn unmerged(_: &Action, cx: &GuardContext<'_>) -> Option<String> {
    let NotInForce::Unmerged { commit, branch } = cx.not_in_force? else { return None };
    Some(format!("{} is not merged to the config branch `{branch}`", commit.short()))
}

fn superseded(_: &Action, cx: &GuardContext<'_>) -> Option<String> {
    let NotInForce::Superseded { commit, head, branch } = cx.not_in_force? else { return None };
    let (commit, head) = (commit.short(), head.short());
    Some(format!("{commit} was superseded: the config branch `{branch}` is at {head}"))
}
