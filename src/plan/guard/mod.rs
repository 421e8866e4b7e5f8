//! Guards: rules over the whole plan that may hold actions back, before the first write.
//!
//! A [`Permit`] is the proof that they all passed for one action. Nothing else makes one, and nothing is written
//! without one.

mod alone;
mod budget;
mod order;
mod overrides;
mod room;
mod rules;
mod slots;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{
    Action, ActionId, AddressGlob, AllPassedOver, Allow, CommitId, Desired, Facets, Held, LoopConfig,
    Observed, Ran, RepoName, Verb,
};

pub use overrides::Grant;
use overrides::Overrides;
pub use room::CREATIONS;

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
    ("percent", "changes to a larger share of one repository's labels than `caps.change-budget percent`"),
    ("protected", "anything under an address that a `protect` node names"),
    ("suspended", "anything under an address that `factoryctl suspend` names"),
    ("kill-switch", "what a loop planned that has been switched off since"),
    ("stuck", "what failed for good and whose desired and observed sides are both unchanged since"),
    ("fighting", "what was done three times within a day and keeps being undone by somebody"),
    ("elsewhere", "what another machine has begun a moment ago and not ended"),
    ("incomplete", "what would act on a part of the world that could not be read completely"),
    ("unmerged", "everything, when the revision is not merged to the config branch"),
    ("superseded", "everything, when the revision is one that the config branch has left behind"),
    ("contradiction", "what two loops want differently"),
    ("self", "changes to the factory's own config repository, which only people make"),
    ("read-only", "changes to an archived repository that nothing in the same plan unarchives"),
    (
        "slots",
        "more agents at work at a time than `caps runs` and `runs-per-repo`, whichever loops start them",
    ),
    ("alone", "a pull request beside another one of its family, such as that of one language"),
    (
        "creations",
        "what would create more than GitHub lets be created in a moment, where a daemon would wait for it; others follow by themselves",
    ),
    ("verbs", "what a loop wants and did not declare that it may do, which is a bug of the loop"),
];

/// The guards that an override can open; the others have none.
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
    "superseded",
];

/// Why a revision is not what the config branch has in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotInForce {
    /// The branch doesn't contain it.
    Unmerged {
        /// The revision.
        commit: CommitId,
        /// The config branch.
        branch: String,
    },
    /// The branch has gone on.
    Superseded {
        /// The revision.
        commit: CommitId,
        /// Where the branch is.
        head: CommitId,
        /// The config branch.
        branch: String,
    },
}

/// Proof that every guard passed for one action.
///
/// It can be made by [`verdict`] only, is used up by carrying the action out, and fits no other action.
///
/// ```compile_fail
/// // No permit is made by hand …
/// fn forge(action: &factoryctl::model::Action) -> factoryctl::plan::Permit {
///     factoryctl::plan::Permit { action: action.id.clone(), overrides: Vec::new() }
/// }
/// ```
/// ```compile_fail
/// // … or used twice.
/// fn twice(permit: &factoryctl::plan::Permit) -> factoryctl::plan::Permit {
///     permit.clone()
/// }
/// ```
/// ```
/// // What a permit is for can be asked, and that is all.
/// fn ask(permit: &factoryctl::plan::Permit, action: &factoryctl::model::Action) -> bool {
///     permit.covers(action)
/// }
/// ```
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
    /// The exact overrides, if there are any: `deletes=12@repo/acme/**`. The first opens this guard for just the
    /// actions that it holds back now; the others open the guards that would object next.
    pub overrides: Vec<Grant>,
}

impl Blocked {
    /// Held back by a guard that nothing opens.
    pub fn outright(guard: &'static str, says: String) -> Self {
        Self { guard, says, overrides: Vec::new() }
    }
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
    /// What config itself switches off at this moment.
    pub fn of(desired: &Desired, now: jiff::Timestamp) -> Self {
        let off = desired
            .loops
            .iter()
            .filter(|(_, config)| !config.enabled && config.until.is_none_or(|until| now < until));
        let switch = |config: &LoopConfig| Switch {
            by: config.source.to_string(),
            reason: config.reason.clone().unwrap_or_else(|| "switched off in config".to_owned()),
            until: config.until,
        };
        let loops = off.map(|(name, config)| (name.clone(), switch(config))).collect();
        Self { loops, suspended: Vec::new() }
    }

    /// Whether a switch holds this action back.
    pub fn blocks(&self, action: &Action) -> Option<Blocked> {
        // What a switch proposes to config is how it becomes a commit, whatever it covers.
        let proposes = matches!(action.verb, Verb::Propose | Verb::Withdraw);
        self.holds(action.wanted_by, |glob| !proposes && glob.covers_part_of(action))
    }

    /// Whether a switch holds back what a loop wants of what some addresses cover.
    pub fn holds(&self, wanted_by: &str, covers: impl Fn(&AddressGlob) -> bool) -> Option<Blocked> {
        if let Some(switch) = self.loops.get(wanted_by) {
            let says = format!("loop `{wanted_by}` was switched off by {}: {}", switch.by, switch.reason);
            return Some(Blocked::outright("kill-switch", says));
        }
        let (glob, switch) = self.suspended.iter().find(|(glob, _)| covers(glob))?;
        let says = format!("`{glob}` was suspended by {}: {}", switch.by, switch.reason);
        Some(Blocked::outright("suspended", says))
    }
}

/// What the ledger remembers of earlier attempts.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Actions whose last attempt failed for good, with what was said.
    pub stuck: BTreeMap<ActionId, String>,
    /// How often each action was done within the last day.
    pub done_today: BTreeMap<ActionId, u32>,
    /// Actions that another machine has begun lately and not ended, with who and when.
    pub elsewhere: BTreeMap<ActionId, String>,
    /// The follow-ups of runs that issues were opened for, or were found for, by repository and digest.
    pub opened: BTreeSet<(RepoName, String)>,
    /// What is known of the runs of tasks.
    pub ran: Arc<Ran>,
    /// What merge policies may ask for.
    pub held: Arc<Held>,
    /// The advisors that were passed over.
    pub passed: AllPassedOver,
    /// The state directory that asks, by its id; empty before it has one.
    pub machine: String,
}

/// What the guards judge by.
#[derive(Clone, Copy, Debug)]
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
    /// The time.
    pub now: jiff::Timestamp,
    /// What is switched off.
    pub switches: &'a Switches,
    /// What the ledger remembers.
    pub memory: &'a Memory,
    /// What earlier rounds of the same command have done: the budgets are for all of them.
    pub spent: &'a [Action],
    /// Why the revision that is applied is not the one in force, if it isn't.
    pub not_in_force: Option<&'a NotInForce>,
}

/// Judges every action of a plan; `contradictions` are those that [`super::combine`] already held back.
///
/// An action is held back by the first guard that objects: those without an override, those that look at one
/// action, the budgets over all that is left, and last what depends on something held back. Its overrides name
/// the guards that would object after it as well, so that all of them can be given at once.
pub fn verdict(
    actions: Vec<Action>,
    contradictions: Vec<(Action, Blocked)>,
    cx: &GuardContext<'_>,
) -> Verdict {
    let mut out = pass(actions, contradictions, cx);
    name_further_overrides(&mut out, cx);
    out
}

/// Adds to what is held back the overrides for the guards that would object after the one that does.
fn name_further_overrides(out: &mut Verdict, cx: &GuardContext<'_>) {
    let mut given = cx.allows.to_vec();
    let mut named = grants(&out.blocked);
    // Each turn opens at least one more guard for one more action, and there are only so many guards.
    for _ in OVERRIDABLE {
        if named.is_empty() {
            return;
        }
        given.extend(named.iter().filter_map(Grant::to_allow));
        let permitted = out.permitted.iter().map(|p| &p.action);
        let mut actions: Vec<Action> = permitted.chain(out.blocked.iter().map(|(a, _)| a)).cloned().collect();
        actions.sort_by(super::combine::order);
        let next = pass(actions, Vec::new(), &GuardContext { allows: &given, ..*cx });
        for (action, blocked) in &mut out.blocked {
            let still = next.blocked.iter().find(|(a, _)| a.id == action.id).map(|(_, b)| &b.overrides);
            let new = still.into_iter().flatten().filter(|_| !blocked.overrides.is_empty());
            let new: Vec<Grant> = new.filter(|grant| !blocked.overrides.contains(grant)).cloned().collect();
            blocked.overrides.extend(new);
        }
        named = grants(&next.blocked);
    }
}

/// The overrides that these name, each once.
fn grants(blocked: &[(Action, Blocked)]) -> Vec<Grant> {
    let mut out: Vec<Grant> = Vec::new();
    for grant in blocked.iter().flat_map(|(_, blocked)| &blocked.overrides) {
        if !out.contains(grant) {
            out.push(grant.clone());
        }
    }
    out
}

fn pass(actions: Vec<Action>, contradictions: Vec<(Action, Blocked)>, cx: &GuardContext<'_>) -> Verdict {
    let mut overrides = Overrides::default();
    let mut held: BTreeMap<ActionId, Blocked> = BTreeMap::new();
    for action in &actions {
        if let Some(blocked) = rules::outright(action, cx) {
            held.insert(action.id.clone(), blocked);
        }
    }
    rules::openable(&actions, cx, &mut overrides, &mut held);
    budget::over(&actions, cx, &mut overrides, &mut held);
    slots::over(&actions, cx, &mut held);
    alone::over(&actions, &mut held);
    room::over(&actions, cx, &mut held);

    let mut out = Verdict { permitted: Vec::new(), blocked: contradictions };
    for action in actions {
        match held.get(&action.id) {
            Some(blocked) => out.blocked.push((action, blocked.clone())),
            None => {
                let permit = Permit { action: action.id.clone(), overrides: overrides.take(&action.id) };
                out.permitted.push(Permitted { action, permit });
            }
        }
    }
    order::hold_dependents(&mut out, cx.observed);
    out.blocked.sort_by(|a, b| super::combine::order(&a.0, &b.0));
    out
}
