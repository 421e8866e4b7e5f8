//! Overrides: which of the actions that a guard would hold back are let through, and by which grant.

use std::collections::BTreeMap;
use std::fmt;

use crate::model::{Action, ActionId, Address, AddressGlob, Allow};

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
    /// What none lets through, and where it isn't opened.
    pub(super) objected: Vec<Objected<'a>>,
    /// What to say of grants that are too small; empty when there is none.
    pub(super) short: String,
}

/// An action that a guard objects to, and where: what opens all of these places lets it through.
pub(super) struct Objected<'a> {
    pub(super) action: &'a Action,
    pub(super) at: Vec<Address>,
}

impl<'a> Objected<'a> {
    /// Objected to as a whole: as what it acts on, or as everything that it changes there.
    pub(super) fn whole(action: &'a Action) -> Self {
        let at =
            if action.is_by_field() { action.touches_only().collect() } else { vec![action.address.clone()] };
        Self { action, at }
    }
}

/// Spends the overrides of `guard` on these actions. One whose count is smaller than what it covers lets none
/// through: which of ten were meant is not for the guard to guess.
pub(super) fn spend<'a>(
    guard: &str,
    objected: Vec<Objected<'a>>,
    cx: &GuardContext<'_>,
    used: &mut Overrides,
) -> Rest<'a> {
    let today = cx.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let in_force = |allow: &&Allow| allow.guard == guard && allow.until.is_none_or(|until| until >= today);
    let mut open: Vec<&Allow> = cx.allows.iter().chain(&cx.desired.allows).filter(in_force).collect();
    let mut rest = objected;
    let covers =
        |allow: &Allow, objected: &Objected<'_>| objected.at.iter().any(|at| allow.address.covers(at));
    // A grant that is too small may be large enough for what other grants leave over.
    loop {
        let before = open.len();
        open.retain(|allow| {
            let covered = rest.iter().filter(|objected| covers(allow, objected)).count();
            let too_small = allow.count.is_some_and(|count| covered > count as usize);
            if covered == 0 || too_small {
                return true;
            }
            for objected in rest.iter_mut().filter(|objected| covers(allow, objected)) {
                objected.at.retain(|at| !allow.address.covers(at));
                used.0.entry(objected.action.id.clone()).or_default().push((*allow).clone());
            }
            rest.retain(|objected| !objected.at.is_empty());
            false
        });
        if open.len() == before {
            break;
        }
    }
    let mut short = String::new();
    for allow in open {
        let covered = rest.iter().filter(|objected| covers(allow, objected)).count();
        if let Some(count) = allow.count.filter(|_| covered > 0) {
            short.push_str(&format!(
                "; the override for `{}` lets {count} through, and it covers {covered}",
                allow.address
            ));
        }
    }
    Rest { objected: rest, short }
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

    /// The narrowest grants that open `guard` for the one of `objected` that is meant: at its own address where that covers
    /// nothing of the others, else at each place that is objected to.
    pub(super) fn narrowest(
        guard: &'static str,
        meant: &Objected<'_>,
        objected: &[Objected<'_>],
    ) -> Vec<Self> {
        let covered = |at: &Address| {
            let glob = AddressGlob::parse(at.as_str()).ok();
            let covers =
                |o: &&Objected<'_>| glob.as_ref().is_some_and(|glob| o.at.iter().any(|at| glob.covers(at)));
            objected.iter().filter(covers).count()
        };
        let own = &meant.action.address;
        let parts =
            if meant.at.len() > 1 && covered(own) == 1 { std::slice::from_ref(own) } else { &meant.at };
        parts.iter().map(|at| Self { guard, count: covered(at), address: at.to_string() }).collect()
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

#[cfg(test)]
mod tests {
    use crate::model::samples::{desired, observed, repo, source, state};
    use crate::model::{AddressGlob, Protect, Setting};
    use crate::plan::samples::{Case, allow, archive, explain, update};

    const W: &str = "acme/widgets";

    fn protect(part: &str) -> Protect {
        Protect {
            address: AddressGlob::parse(&format!("repo/acme/widgets/{part}")).unwrap(),
            reason: "frozen for the audit".into(),
            until: None,
            source: source(8),
        }
    }

    /// What opens settings that are changed together opens nothing else of their repository, and takes every protected one.
    #[test]
    fn the_override_of_one_action_opens_no_other() {
        let mut case =
            Case { desired: desired([repo(W)]), observed: observed([state(W)]), ..Case::default() };
        case.desired.protects = ["archived", "has-wiki", "has-projects"].map(protect).into();
        let both =
            [Setting::HasWiki, Setting::HasProjects].map(|setting| (setting, true.into(), false.into()));
        let actions = vec![update(W, both), archive(W)];
        let mut out = explain(&case.judge(actions.clone(), Vec::new()));
        for given in [&["has-wiki"][..], &["has-wiki", "has-projects"]] {
            case.allows =
                given.iter().map(|part| allow(&format!("protected=1@repo/acme/widgets/{part}"))).collect();
            out.push_str(&format!(
                "with {}\n{}",
                given.join(", "),
                explain(&case.judge(actions.clone(), Vec::new()))
            ));
        }
        insta::assert_snapshot!(out, @r"
          protected: update-settings repo/acme/widgets
              `repo/acme/widgets/has-wiki` is protected at factory.kdl:8: frozen for the audit
              --allow protected=1@repo/acme/widgets/has-wiki
              --allow protected=1@repo/acme/widgets/has-projects
          protected: archive-repository repo/acme/widgets/archived
              `repo/acme/widgets/archived` is protected at factory.kdl:8: frozen for the audit
              --allow protected=1@repo/acme/widgets/archived
              --allow protected=1@repo/acme/widgets/has-wiki
              --allow protected=1@repo/acme/widgets/has-projects
        with has-wiki
          protected: update-settings repo/acme/widgets
              `repo/acme/widgets/has-wiki` is protected at factory.kdl:8: frozen for the audit
              --allow protected=1@repo/acme/widgets/has-projects
          protected: archive-repository repo/acme/widgets/archived
              `repo/acme/widgets/archived` is protected at factory.kdl:8: frozen for the audit
              --allow protected=1@repo/acme/widgets/archived
              --allow protected=1@repo/acme/widgets/has-projects
        with has-wiki, has-projects
          ok by protected=1@repo/acme/widgets/has-wiki, protected=1@repo/acme/widgets/has-projects: update-settings repo/acme/widgets
          protected: archive-repository repo/acme/widgets/archived
              `repo/acme/widgets/archived` is protected at factory.kdl:8: frozen for the audit
              --allow protected=1@repo/acme/widgets/archived
        ");
    }
}
