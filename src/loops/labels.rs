//! Keeps the labels of repositories as config declares them: makes, changes, renames, deletes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::model::{
    Action, Address, Effect, Facet, Facets, LabelName, LabelSpec, LabelState, Mode, Repo, Risk, Seen,
    Setting, SettingValue, Sourced, Verb,
};
use crate::plan::Plan;

use super::contract::renamed;
use super::{Cx, Loop, NoSettings, Trigger};

/// GitHub's colour for a label that is made without one.
const DEFAULT_COLOR: &str = "ededed";

/// The loop.
pub(super) struct Labels;

impl Loop for Labels {
    type Settings = NoSettings;
    const NAME: &'static str = "labels";
    const ABOUT: &'static str = "Keeps each declared repository's labels as config declares them. A label that says \
        `was` is renamed, so that issues keep it; one that says `delete-after` is deleted from that day on.";
    const TRIGGERS: &'static [Trigger] = &[Trigger::minutes(10), Trigger::On(Facet::Labels)];
    const NEEDS: Facets = Facets::of(Facet::Labels).and(Facets::of(Facet::Settings));
    const MAY: &'static [Verb] =
        &[Verb::CreateLabel, Verb::UpdateLabel, Verb::RenameLabel, Verb::DeleteLabel];

    fn plan(cx: &Cx<'_, NoSettings>) -> Plan {
        let mut plan = Plan::empty();
        for repo in cx.desired.repos.values() {
            let mode = repo.labels.mode.value;
            if mode == Mode::Ignore || (mode == Mode::Additive && repo.labels.specs.is_empty()) {
                continue;
            }
            let address = repo.address().field("label");
            match cx.observed.repo(&repo.name) {
                Seen::Absent if repo.create => plan.wait(address, "the repository to be made"),
                Seen::Absent => plan.problem(repo.address(), cx.absent(repo)),
                Seen::Known(state) if state.name != repo.name => {
                    plan.problem(repo.address(), renamed(repo, state));
                }
                Seen::Known(state) if state.archived && !unarchives(repo) => {}
                Seen::Unknown => plan.wait(address, "a complete reading of its labels"),
                Seen::Known(state) => match &state.labels {
                    Seen::Known(labels) => Collection::new(cx.today(), repo, labels).plan(&mut plan),
                    Seen::Absent | Seen::Unknown => plan.wait(address, "a complete reading of its labels"),
                },
            }
        }
        plan
    }
}

fn unarchives(repo: &Repo) -> bool {
    matches!(repo.settings.get(&Setting::Archived), Some(p) if p.value == SettingValue::Flag(false))
}

/// One repository's labels, wanted and seen.
struct Collection<'a> {
    today: jiff::civil::Date,
    repo: &'a Repo,
    seen: &'a BTreeMap<String, LabelState>,
    /// Seen labels that a declared one accounts for.
    claimed: BTreeSet<String>,
}

impl<'a> Collection<'a> {
    fn new(today: jiff::civil::Date, repo: &'a Repo, seen: &'a BTreeMap<String, LabelState>) -> Self {
        Self { today, repo, seen, claimed: BTreeSet::new() }
    }

    fn plan(mut self, plan: &mut Plan) {
        let specs = &self.repo.labels.specs;
        self.claimed.extend(specs.keys().filter(|key| self.seen.contains_key(*key)).cloned());
        for (key, spec) in specs {
            self.declared(key, spec, plan);
        }
        if self.repo.labels.mode.value == Mode::Authoritative {
            let mode = &self.repo.labels.mode;
            for (_, label) in self.seen.iter().filter(|(key, _)| !self.claimed.contains(*key)) {
                let reason = format!("not declared, and the collection is authoritative; {}", uses(label));
                self.act(label, self.delete(label).reason(reason).because([mode.source.clone()]), plan);
            }
        }
    }

    fn declared(&mut self, key: &str, spec: &Sourced<Arc<LabelSpec>>, plan: &mut Plan) {
        let wanted = &*spec.value;
        let due = wanted.delete_after.is_some_and(|day| self.today >= day);
        match (self.seen.get(key), wanted.delete_after) {
            (Some(label), Some(day)) if due => {
                let reason = format!("`delete-after` {day} has come; {}", uses(label));
                self.act(label, self.delete(label).reason(reason).because([spec.source.clone()]), plan);
                self.outlived(wanted, day, plan);
            }
            (None, Some(day)) if due => self.outlived(wanted, day, plan),
            (Some(label), _) => {
                self.both(wanted, plan);
                self.update(label, wanted, spec, plan);
            }
            (None, day) => match self.renamed_from(wanted) {
                Some(label) => self.update(label, wanted, spec, plan),
                // What is going to be deleted is not made first.
                None if day.is_some() => {}
                None => plan.act(self.create(wanted, spec)),
            },
        }
    }

    /// Says so when a label that was to become this one is there beside it: no rename can join two labels.
    fn both(&self, wanted: &LabelSpec, plan: &mut Plan) {
        if let Some(was) = self.left_over(wanted) {
            let on = format!("a person to move its issues to `{}`: both labels are there", wanted.name);
            plan.wait(Address::label(&self.repo.name, was), on);
        }
    }

    /// Says so when a label that was to become this one is there once this one is to be gone. `was` promises its issues
    /// that they keep it, and the day is that of another name: deleting it is for a person to ask for.
    fn outlived(&self, wanted: &LabelSpec, day: jiff::civil::Date, plan: &mut Plan) {
        if let Some(was) = self.left_over(wanted) {
            let on = format!(
                "a person to say what becomes of it: it was to become `{name}`, whose `delete-after` {day} has come; \
                 to have it deleted as well, declare it by its own name in place of `{name}`",
                name = wanted.name
            );
            plan.wait(Address::label(&self.repo.name, was), on);
        }
    }

    /// The former name of this label where one of that name is there, is none that is declared, and stays.
    fn left_over<'s>(&self, wanted: &'s LabelSpec) -> Option<&'s LabelName> {
        let (labels, was) = (&self.repo.labels, wanted.was.as_ref()?);
        let stays = labels.mode.value == Mode::Additive && self.seen.contains_key(&was.key());
        let another = was.key() != wanted.name.key() && !labels.specs.contains_key(&was.key());
        (stays && another).then_some(was)
    }

    /// The label that shall become this one, unless another declared label already is or became it.
    fn renamed_from(&mut self, wanted: &LabelSpec) -> Option<&'a LabelState> {
        let was = wanted.was.as_ref()?.key();
        let label = self.seen.get(&was)?;
        self.claimed.insert(was).then_some(label)
    }

    fn create(&self, wanted: &LabelSpec, spec: &Sourced<Arc<LabelSpec>>) -> Action {
        let label = LabelSpec {
            color: Some(wanted.color.clone().unwrap_or_else(|| DEFAULT_COLOR.to_owned())),
            description: Some(wanted.description.clone().unwrap_or_default()),
            was: None,
            delete_after: None,
            name: wanted.name.clone(),
        };
        let effect = Effect::CreateLabel { repo: self.repo.name.clone(), label: label.clone() };
        Action::new(
            Labels::NAME,
            Verb::CreateLabel,
            self.address(&label),
            Value::Null,
            spec_json(&label),
            effect,
        )
        .reason("declared, and not there")
        .because([spec.source.clone()])
    }

    fn update(
        &self,
        label: &LabelState,
        wanted: &LabelSpec,
        spec: &Sourced<Arc<LabelSpec>>,
        plan: &mut Plan,
    ) {
        let target = LabelSpec {
            name: wanted.name.clone(),
            color: Some(wanted.color.clone().unwrap_or_else(|| label.color.clone())),
            description: Some(wanted.description.clone().unwrap_or_else(|| label.description.clone())),
            was: None,
            delete_after: None,
        };
        let (before, after) = (label.to_json(), spec_json(&target));
        if before == after {
            return;
        }
        let renames = label.name.key() != target.name.key();
        let verb = if renames { Verb::RenameLabel } else { Verb::UpdateLabel };
        let reason = if renames {
            format!("it was called `{}`, and its issues keep it; {}", label.name, uses(label))
        } else {
            "not as config declares it".to_owned()
        };
        let address = self.address(&target);
        let effect =
            Effect::UpdateLabel { repo: self.repo.name.clone(), name: label.name.clone(), label: target };
        let action = Action::new(Labels::NAME, verb, address, before, after, effect);
        self.act(label, action.reason(reason).because([spec.source.clone()]), plan);
    }

    /// Plans what is to be done to a label that is there. One that is called `.` or `..` is a step in a path, however
    /// it is written: whatever stands between here and GitHub may take the request for one about the repository.
    fn act(&self, label: &LabelState, action: Action, plan: &mut Plan) {
        if matches!(label.name.as_str(), "." | "..") {
            let on = "a person to change it on GitHub: a request about a label of this name can be misread";
            plan.wait(Address::label(&self.repo.name, &label.name), on);
        } else {
            plan.act(action);
        }
    }

    fn delete(&self, label: &LabelState) -> Action {
        let effect = Effect::DeleteLabel { repo: self.repo.name.clone(), name: label.name.clone() };
        let address = Address::label(&self.repo.name, &label.name);
        Action::new(Labels::NAME, Verb::DeleteLabel, address, label.to_json(), Value::Null, effect)
            .risk(Risk::Destructive)
            .carried_by(label.uses)
    }

    fn address(&self, label: &LabelSpec) -> Address {
        Address::label(&self.repo.name, &label.name)
    }
}

fn spec_json(label: &LabelSpec) -> Value {
    json!({ "name": label.name.as_str(), "color": label.color, "description": label.description })
}

fn uses(label: &LabelState) -> String {
    match label.uses {
        None => "its issues were not counted".to_owned(),
        Some(0) => "no issue carries it".to_owned(),
        Some(1) => "1 issue carries it".to_owned(),
        Some(n) => format!("{n} issues carry it"),
    }
}
