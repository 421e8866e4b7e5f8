//! Guards: rules over the whole plan that may hold actions back, before the first write.
//!
//! A [`Permit`] is the proof that they all passed for one action. Nothing else makes one, and nothing is written
//! without one.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Action, ActionId, Address, AddressGlob, Allow, Desired, Facets, Observed, RepoName, Seen, Verb,
};

use super::budget;

/// The names of the guards, as overrides and documents use them, with what each holds back.
pub const GUARDS: &[(&str, &str)] = &[
    ("deletes", "more deletions in one run than `caps.change-budget deletes`"),
    ("weakening", "more removed protections in one run than `caps.change-budget weakening`"),
    (
        "visibility",
        "more repositories made visible to more people in one run than `caps.change-budget visibility`",
    ),
    ("archives", "more repositories archived in one run than `caps.change-budget archives`"),
    ("total", "more changes of any sort in one run than `caps.change-budget total`"),
    (
        "percent",
        "changes to a larger share of one repository's objects of a kind than `caps.change-budget percent`",
    ),
    ("protected", "anything under an address that a `protect` node names"),
    ("suspended", "anything under an address that `factoryctl suspend` names"),
    ("kill-switch", "what a loop planned that has been switched off since"),
    ("stuck", "what failed for good and whose desired and observed sides are both unchanged since"),
    ("fighting", "what was done three times within a day and keeps being undone by somebody"),
    ("incomplete", "what would act on a part of the world that could not be read completely"),
    ("unmerged", "everything, when the revision is not merged to the config branch"),
    ("contradiction", "what two loops want differently"),
    ("self", "changes to the factory's own config repository, which only people make"),
];

/// The guards that an override can open. `self`, `contradiction` and `suspended` have none.
pub const OVERRIDABLE: &[&str] = &[
    "deletes",
    "weakening",
    "visibility",
    "archives",
    "total",
    "percent",
    "protected",
    "stuck",
    "fighting",
    "unmerged",
];

/// Proof that every guard passed for one action.
///
/// It can be made by [`verdict`] only, is used up by carrying the action out, and fits no other action.
#[derive(Debug)]
pub struct Permit {
    action: ActionId,
    overrides: Vec<Allow>,
}

impl Permit {
    /// Whether this permit is for that action.
    pub fn covers(&self, action: &Action) -> bool {
        self.action == action.id
    }

    /// The overrides that opened a guard for it, for the record.
    pub fn overrides(&self) -> &[Allow] {
        &self.overrides
    }
}

/// An action and the permit for it.
#[derive(Debug)]
pub struct Permitted {
    /// What to do.
    pub action: Action,
    /// The proof that it may be done.
    pub permit: Permit,
}

/// Why an action is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Which guard.
    pub guard: &'static str,
    /// Its words.
    pub says: String,
    /// The exact override, if there is one: `deletes=12@repo/acme/**`.
    pub overridable: Option<String>,
}

/// What the guards decided.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What may be done, in order.
    pub permitted: Vec<Permitted>,
    /// What is held back, in order.
    pub blocked: Vec<(Action, Blocked)>,
}

/// Why and until when something is switched off.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Switch {
    /// Who switched it: a config line, or a person.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Until when; `None` until it is switched on again.
    pub until: Option<jiff::Timestamp>,
}

/// What is switched off at this moment.
#[derive(Clone, Debug, Default)]
pub struct Switches {
    /// Loops, by name.
    pub loops: BTreeMap<String, Switch>,
    /// Suspended addresses.
    pub suspended: Vec<(AddressGlob, Switch)>,
}

impl Switches {
    /// Whether a switch holds this action back.
    pub fn blocks(&self, action: &Action) -> Option<Blocked> {
        if let Some(switch) = self.loops.get(action.wanted_by) {
            let says =
                format!("loop `{}` was switched off by {}: {}", action.wanted_by, switch.by, switch.reason);
            return Some(Blocked { guard: "kill-switch", says, overridable: None });
        }
        let (glob, switch) = self.suspended.iter().find(|(glob, _)| glob.covers(&action.address))?;
        let says = format!("`{glob}` was suspended by {}: {}", switch.by, switch.reason);
        Some(Blocked { guard: "suspended", says, overridable: None })
    }
}

/// What the ledger remembers of earlier attempts.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Actions whose last attempt failed for good, with what was said.
    pub stuck: BTreeMap<ActionId, String>,
    /// How often each action was done within the last day.
    pub done_today: BTreeMap<ActionId, u32>,
}

/// What the guards judge by.
#[derive(Debug)]
pub struct GuardContext<'a> {
    /// The config in force.
    pub desired: &'a Desired,
    /// What was read.
    pub observed: &'a Observed,
    /// What each loop reads, by name: an action of a loop is held back where that read is incomplete.
    pub needs: &'a BTreeMap<&'static str, Facets>,
    /// What each loop may do, by name.
    pub may: &'a BTreeMap<&'static str, &'static [Verb]>,
    /// Overrides of this one command.
    pub allows: &'a [Allow],
    /// Today, UTC.
    pub today: jiff::civil::Date,
    /// What is switched off.
    pub switches: &'a Switches,
    /// What the ledger remembers.
    pub memory: &'a Memory,
    /// A revision that is not merged to the config branch, if that is what is applied.
    pub unmerged: Option<&'a str>,
}

impl GuardContext<'_> {
    /// The override that opens `guard` at `address`, if one is in force.
    pub(super) fn allow(&self, guard: &str, address: &Address) -> Option<&Allow> {
        let in_force = |allow: &&Allow| {
            allow.guard == guard
                && allow.address.covers(address)
                && allow.until.is_none_or(|until| until >= self.today)
        };
        self.allows.iter().find(in_force).or_else(|| self.desired.allows.iter().find(in_force))
    }
}

/// The overrides that opened a guard, by action.
pub(super) type Overrides = BTreeMap<ActionId, Vec<Allow>>;

/// Judges every action of a plan; `contradictions` are those that [`super::combine`] already held back.
pub fn verdict(
    actions: Vec<Action>,
    contradictions: Vec<(Action, Blocked)>,
    cx: &GuardContext<'_>,
) -> Verdict {
    let mut out = Verdict { permitted: Vec::new(), blocked: contradictions };
    let mut passed = Vec::with_capacity(actions.len());
    let mut overrides = Overrides::new();
    for action in actions {
        match judge_one(&action, cx, &mut overrides) {
            Some(blocked) => out.blocked.push((action, blocked)),
            None => passed.push(action),
        }
    }
    let held = budget::over(&passed, cx, &mut overrides);
    for action in passed {
        match held.get(&action.id) {
            Some(blocked) => out.blocked.push((action, blocked.clone())),
            None => {
                let permit = Permit {
                    action: action.id.clone(),
                    overrides: overrides.remove(&action.id).unwrap_or_default(),
                };
                out.permitted.push(Permitted { action, permit });
            }
        }
    }
    hold_dependents(&mut out);
    out.blocked.sort_by(|a, b| super::combine::order(&a.0, &b.0));
    out
}

/// Guards that look at one action at a time.
fn judge_one(
    action: &Action,
    cx: &GuardContext<'_>,
    overrides: &mut Overrides,
) -> Option<Blocked> {
    if let Some(blocked) = own_config(action, cx).or_else(|| forbidden_verb(action, cx)) {
        return Some(blocked);
    }
    if let Some(blocked) = incomplete(action, cx).or_else(|| cx.switches.blocks(action)) {
        return Some(blocked);
    }
    let openable = [protected(action, cx), stuck(action, cx), fighting(action, cx), unmerged(cx)];
    for (guard, says) in openable.into_iter().flatten() {
        if let Some(allow) = cx.allow(guard, &action.address) {
            note_override(overrides, action, allow);
            continue;
        }
        let overridable = Some(format!("{guard}@{}", action.address));
        return Some(Blocked { guard, says, overridable });
    }
    None
}

/// Remembers that an override opened a guard for this action.
pub(super) fn note_override(overrides: &mut Overrides, action: &Action, allow: &Allow) {
    overrides.entry(action.id.clone()).or_default().push(allow.clone());
}

/// Only people change the config repository itself; the factory comments, reports and proposes there.
fn own_config(action: &Action, cx: &GuardContext<'_>) -> Option<Blocked> {
    let config = &cx.desired.factory.config.as_ref()?.value;
    let speaks = matches!(
        action.verb,
        Verb::Comment | Verb::DeleteComment | Verb::Report | Verb::Propose | Verb::Withdraw
    );
    let touches = !speaks && action.effect.repo() == config;
    touches.then(|| Blocked {
        guard: "self",
        says: format!(
            "`{config}` is the factory's own config repository; a person makes this change on GitHub"
        ),
        overridable: None,
    })
}

fn forbidden_verb(action: &Action, cx: &GuardContext<'_>) -> Option<Blocked> {
    let may = cx.may.get(action.wanted_by).copied().unwrap_or_default();
    (!may.contains(&action.verb)).then(|| Blocked {
        guard: "verbs",
        says: format!(
            "loop `{}` may not {}; this is a bug in the loop",
            action.wanted_by,
            action.verb.as_str()
        ),
        overridable: None,
    })
}

fn incomplete(action: &Action, cx: &GuardContext<'_>) -> Option<Blocked> {
    let needs = cx.needs.get(action.wanted_by).copied().unwrap_or_default();
    let repo = action.effect.repo();
    let gap = needs.iter().find_map(|facet| cx.observed.gap(facet, Some(repo)))?;
    Some(Blocked {
        guard: "incomplete",
        says: format!("{} of {repo} could not be read completely: {}", gap.facet, gap.why),
        overridable: None,
    })
}

fn protected(action: &Action, cx: &GuardContext<'_>) -> Option<(&'static str, String)> {
    let protect = cx.desired.protects.iter().find(|p| p.address.covers(&action.address))?;
    Some((
        "protected",
        format!("`{}` is protected at {}: {}", protect.address, protect.source, protect.reason),
    ))
}

fn stuck(action: &Action, cx: &GuardContext<'_>) -> Option<(&'static str, String)> {
    let says = cx.memory.stuck.get(&action.id)?;
    Some(("stuck", format!("the same change failed before and nothing has changed since: {says}")))
}

fn fighting(action: &Action, cx: &GuardContext<'_>) -> Option<(&'static str, String)> {
    let times = cx.memory.done_today.get(&action.id).copied().unwrap_or_default();
    (times >= 3)
        .then(|| ("fighting", format!("done {times} times within a day, and somebody undoes it each time")))
}

fn unmerged(cx: &GuardContext<'_>) -> Option<(&'static str, String)> {
    let rev = cx.unmerged?;
    Some(("unmerged", format!("{rev} is not merged to the config branch `{}`", cx.desired.factory.branch)))
}

/// What needs a repository to be made or unarchived first is held back with it; archiving is held back with
/// anything else in the repository, which could not be done afterwards.
fn hold_dependents(out: &mut Verdict) {
    let mut first: BTreeMap<RepoName, Blocked> = BTreeMap::new();
    let mut any: BTreeMap<RepoName, Blocked> = BTreeMap::new();
    for (action, blocked) in &out.blocked {
        any.entry(action.effect.repo().clone()).or_insert_with(|| blocked.clone());
        if action.verb.stage() == 0 {
            first.entry(action.effect.repo().clone()).or_insert_with(|| blocked.clone());
        }
    }
    let cause = |action: &Action| {
        let waits_for_all = action.verb == Verb::ArchiveRepository;
        let held = if waits_for_all { any.get(action.effect.repo()) } else { first.get(action.effect.repo()) };
        held.filter(|_| action.verb.stage() != 0).cloned()
    };
    let mut kept = Vec::with_capacity(out.permitted.len());
    for permitted in out.permitted.drain(..) {
        match cause(&permitted.action) {
            None => kept.push(permitted),
            Some(Blocked { guard, says, overridable }) => {
                let says = format!("another change to {} comes first, and that is held back: {says}", permitted.action.effect.repo());
                out.blocked.push((permitted.action, Blocked { guard, says, overridable }));
            }
        }
    }
    out.permitted = kept;
}

/// How many objects of each kind are managed in a repository.
pub(super) fn managed(kind: &str, repo: &RepoName, cx: &GuardContext<'_>) -> usize {
    if kind != "label" {
        return 1;
    }
    let declared: BTreeSet<&str> = cx
        .desired
        .repos
        .get(repo)
        .map(|r| r.labels.specs.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let authoritative =
        cx.desired.repos.get(repo).is_some_and(|r| r.labels.mode.value == crate::model::Mode::Authoritative);
    match cx.observed.repo(repo) {
        Seen::Known(state) if authoritative => {
            let seen =
                state.labels.known().map(|labels| labels.keys().map(String::as_str).collect::<BTreeSet<_>>());
            declared.union(&seen.unwrap_or_default()).count()
        }
        Seen::Known(_) | Seen::Absent | Seen::Unknown => declared.len(),
    }
}
