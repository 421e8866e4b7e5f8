//! The registry: everything that is derived from the list of loops.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::Duration;

use crate::desired::{LoopShape, Vocabulary, shape};
use crate::model::{Desired, Facet, Facets, LoopName, Observed, Verb};
use crate::plan::{
    Disabled, Document, GuardContext, Memory, Plan, RuleChange, Switches, check, combine, guard,
};

use super::contract::{Cx, Loop, Settings, Trigger};

/// Declares the modules of the loops and lists them.
macro_rules! loops {
    ($($module:ident::$name:ident),* $(,)?) => {
        $(mod $module;)*

        /// Every loop, in the order in which documents list them.
        pub static ALL: &[&dyn AnyLoop] = &[$(&registry::Of::<$module::$name>::NEW),*];
    };
}
pub(super) use loops;

/// What a tick decides by.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The config in force.
    pub desired: &'a Desired,
    /// What was read.
    pub observed: &'a Observed,
    /// The time of this tick.
    pub now: jiff::Timestamp,
}

/// A registered loop, whatever its settings are.
pub trait AnyLoop: Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// One paragraph about it.
    fn about(&self) -> &'static str;
    /// When it looks again.
    fn triggers(&self) -> &'static [Trigger];
    /// What has to be read for it.
    fn needs(&self) -> Facets;
    /// What it may do.
    fn may(&self) -> &'static [Verb];
    /// How config spells its settings.
    fn kind(&self) -> &'static shape::Kind;
    /// Decides, by the settings that config gives it.
    fn plan(&self, inputs: Inputs<'_>) -> Plan;

    /// The interval it has when config sets none.
    fn interval(&self) -> Option<Duration> {
        self.triggers().iter().find_map(|t| match t {
            Trigger::Every(every) => Some(*every),
            Trigger::On(_) => None,
        })
    }
}

/// The registered form of a loop's type.
pub(super) struct Of<L>(PhantomData<fn() -> L>);

impl<L> Of<L> {
    /// The one value.
    pub(super) const NEW: Self = Self(PhantomData);
}

impl<L: Loop> AnyLoop for Of<L> {
    fn name(&self) -> &'static str {
        L::NAME
    }
    fn about(&self) -> &'static str {
        L::ABOUT
    }
    fn triggers(&self) -> &'static [Trigger] {
        L::TRIGGERS
    }
    fn needs(&self) -> Facets {
        L::NEEDS
    }
    fn may(&self) -> &'static [Verb] {
        L::MAY
    }
    fn kind(&self) -> &'static shape::Kind {
        L::Settings::KIND
    }
    fn plan(&self, inputs: Inputs<'_>) -> Plan {
        let none = BTreeMap::new();
        let written = inputs.desired.loops.get(L::NAME).map_or(&none, |config| &config.settings);
        let settings = L::Settings::read(&shape::Settings::new(L::Settings::KIND, written));
        L::plan(&Cx {
            desired: inputs.desired,
            observed: inputs.observed,
            settings: &settings,
            now: inputs.now,
        })
    }
}

/// The loop of this name.
pub fn by_name(name: &str) -> Option<&'static dyn AnyLoop> {
    super::ALL.iter().copied().find(|l| l.name() == name)
}

/// What config may say of loops and guards.
pub fn vocabulary(today: jiff::civil::Date) -> Vocabulary {
    let loops = super::ALL
        .iter()
        .map(|l| LoopShape { name: l.name(), about: l.about(), default_every: l.interval(), kind: l.kind() })
        .collect();
    Vocabulary { loops, guards: guard::OVERRIDABLE, rules: crate::language::rules(), today }
}

/// Which loops take part.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only these, when there are any.
    pub only: Vec<String>,
}

impl Selection {
    /// Whether a loop takes part, switches apart.
    pub fn has(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|n| n == name)
    }
}

fn active<'a>(
    selection: &'a Selection,
    switches: &'a Switches,
) -> impl Iterator<Item = &'static dyn AnyLoop> + 'a {
    super::ALL.iter().copied().filter(|l| selection.has(l.name()) && !switches.loops.contains_key(l.name()))
}

/// The names of the loops that take part; none when all of them do.
pub fn only(takes_part: impl Fn(&str) -> bool) -> Vec<String> {
    let names = super::ALL.iter().map(|l| l.name()).filter(|name| takes_part(name));
    let names: Vec<String> = names.map(str::to_owned).collect();
    if names.len() == super::ALL.len() { Vec::new() } else { names }
}

/// What has to be read for the loops that take part.
pub fn needs_of(selection: &Selection, switches: &Switches) -> Facets {
    active(selection, switches).fold(Facets::NONE, |all, l| all.and(l.needs()))
}

/// What each loop reads.
pub fn needs() -> BTreeMap<&'static str, Facets> {
    super::ALL.iter().map(|l| (l.name(), l.needs())).collect()
}

/// What each loop may do.
pub fn may() -> BTreeMap<&'static str, &'static [Verb]> {
    super::ALL.iter().map(|l| (l.name(), l.may())).collect()
}

/// A loop whose plan panicked. That is a bug of the loop, and no reason to hold up the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Which.
    pub name: LoopName,
    /// The words of the panic.
    pub says: String,
}

/// The plans of all loops that take part and aren't switched off, and those that panicked.
pub fn plan_all(inputs: Inputs<'_>, selection: &Selection, switches: &Switches) -> (Vec<Plan>, Vec<Crash>) {
    let (mut plans, mut crashes) = (Vec::new(), Vec::new());
    for l in active(selection, switches) {
        match caught(|| l.plan(inputs)) {
            Ok(plan) => plans.push(plan.signed(l.name())),
            Err(says) => crashes.push(Crash { name: l.name(), says }),
        }
    }
    (plans, crashes)
}

/// Plans are pure and share nothing that can be changed, so a panic leaves nothing half-changed.
fn caught(plan: impl FnOnce() -> Plan) -> Result<Plan, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(plan)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
    })
}

/// The loops that make repositories what config says they are.
pub fn of_repositories() -> Selection {
    that_need_no_more_than(Facets::of(Facet::Settings).and(Facets::of(Facet::Labels)))
}

fn that_need_no_more_than(known: Facets) -> Selection {
    let all = |l: &&&dyn AnyLoop| l.needs().iter().all(|facet| known.has(facet));
    Selection { only: super::ALL.iter().filter(all).map(|l| l.name().to_owned()).collect() }
}

/// What the loops that work in repositories would do under another config, guards included; for the review of a
/// change to the config. What they would do under `base` as well is drift that was there before, and left out.
pub fn preview(proposed: &Desired, base: &Desired, observed: &Observed, now: jiff::Timestamp) -> Document {
    // The loops that look at the config repository itself would look at the proposal again, and so on.
    let in_repositories = [Facet::Settings, Facet::Labels, Facet::Runs, Facet::Issues].map(Facets::of);
    let selection = that_need_no_more_than(in_repositories.into_iter().fold(Facets::NONE, Facets::and));
    let before = document(base, observed, now, &selection);
    let mut after = document(proposed, observed, now, &selection);
    after.subtract(&before);
    after.rules = RuleChange::between(base, proposed);
    after
}

/// What the selected loops would do under a config alone, without what is switched off live or remembered.
pub(super) fn document(
    desired: &Desired,
    observed: &Observed,
    now: jiff::Timestamp,
    selection: &Selection,
) -> Document {
    let switches = Switches::of(desired, now);
    let (all, contradictions) = combine(plan_all(Inputs { desired, observed, now }, selection, &switches).0);
    let (needs, may, memory) = (needs(), may(), Memory::default());
    let cx = GuardContext {
        desired,
        observed,
        needs: &needs,
        may: &may,
        allows: &[],
        now,
        switches: &switches,
        memory: &memory,
        spent: &[],
        not_in_force: None,
    };
    let verdict = guard::verdict(all.actions, contradictions, &cx);
    let violations = check(verdict.permitted.iter().map(|p| &p.action), observed);
    let mut document = Document::new(desired, observed, &verdict, &violations);
    document.waiting = all.waiting;
    document.disabled = switches
        .loops
        .iter()
        .filter(|(name, _)| selection.has(name) && by_name(name).is_some())
        .map(|(name, switch)| Disabled { name: name.clone(), switch: switch.clone() })
        .collect();
    document.note(&all.problems);
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_words() {
        assert_eq!(caught(Plan::empty), Ok(Plan::empty()));
        assert_eq!(caught(|| panic!("no such {}", "label")), Err("no such label".to_owned()));
        assert_eq!(caught(|| panic!("oh")), Err("oh".to_owned()));
    }
}
