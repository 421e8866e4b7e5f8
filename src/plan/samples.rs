//! Actions and judgements for the tests of this folder.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::guard::{self, Blocked, GuardContext, Memory, NotInForce, Switches, Verdict};
use crate::model::samples::{label, name, now, source, task};
use crate::model::{
    Action, Address, AddressGlob, Allow, CommitId, Desired, Effect, Facet, Facets, LabelName, LoopName,
    Observed, Risk, RunOf, Setting, SettingValue, StartRun, Task, Verb,
};

/// The loops that the actions below are wanted by.
pub(crate) const LABELS: &str = "labels";
pub(crate) const SETTINGS: &str = "repository-settings";
pub(crate) const REVIEW: &str = "config-review";
pub(crate) const TASKS: &str = "tasks";
pub(crate) const PRUNER: &str = "term-pruner";
pub(crate) const EDGES: &str = "edge-proposer";

pub(crate) fn create_label(repo: &str, text: &str) -> Action {
    let label = label(text).color("ededed").about("");
    let after = json!({ "name": text, "color": "ededed", "description": "" });
    let address = Address::label(&name(repo), &label.name);
    let effect = Effect::CreateLabel { repo: name(repo), label };
    Action::new(LABELS, Verb::CreateLabel, address, Value::Null, after, effect)
        .reason("declared, and not there")
        .because([source(31)])
}

/// Gives a grey label the colour red, and another name where `to` is one.
pub(crate) fn update_label(repo: &str, from: &str, to: &str) -> Action {
    let before = json!({ "name": from, "color": "ededed", "description": "" });
    let after = json!({ "name": to, "color": "ff0000", "description": "" });
    let target = label(to).color("ff0000").about("");
    let verb = if LabelName::observed(from).key() == target.name.key() {
        Verb::UpdateLabel
    } else {
        Verb::RenameLabel
    };
    let address = Address::label(&name(repo), &target.name);
    let effect = Effect::UpdateLabel { repo: name(repo), name: LabelName::observed(from), label: target };
    Action::new(LABELS, verb, address, before, after, effect)
        .reason("not as config declares it")
        .because([source(32)])
}

pub(crate) fn delete_label(repo: &str, text: &str) -> Action {
    let before = json!({ "name": text, "color": "ededed", "description": "" });
    let effect = Effect::DeleteLabel { repo: name(repo), name: LabelName::observed(text) };
    let address = Address::label(&name(repo), &LabelName::observed(text));
    Action::new(LABELS, Verb::DeleteLabel, address, before, Value::Null, effect)
        .reason("not declared, and the collection is authoritative; no issue carries it")
        .because([source(30)])
        .risk(Risk::Destructive)
}

/// Starts the first run of a task, `owner/name/task`.
pub(crate) fn start_run(of: &str) -> Action {
    let (repo, task_name) = of.rsplit_once('/').expect("it names a task");
    let task = Task { repo: name(repo), ..task(task_name) };
    let start = StartRun {
        of: RunOf::new(&task, 1),
        agent: "smith".into(),
        prompt: "do it".into(),
        paths: Vec::new(),
        may_weaken: false,
        answer: None,
        watched: None,
    };
    let after = start.value();
    let effect = Effect::StartRun(Box::new(start));
    Action::new(TASKS, Verb::StartRun, task.address(), Value::Null, after, effect)
}

pub(crate) fn create_repo(repo: &str) -> Action {
    let effect = Effect::CreateRepository { repo: name(repo), settings: BTreeMap::new() };
    let address = Address::repo(&name(repo));
    Action::new(SETTINGS, Verb::CreateRepository, address, Value::Null, json!({ "name": repo }), effect)
}

/// Changes settings by one action at the repository's address.
pub(crate) fn update<const N: usize>(
    repo: &str,
    changes: [(Setting, SettingValue, SettingValue); N],
) -> Action {
    let side = |pick: fn(&(Setting, SettingValue, SettingValue)) -> &SettingValue| {
        let fields = changes.iter().map(|c| (c.0.name().to_owned(), pick(c).to_json()));
        Value::Object(fields.collect())
    };
    let settings = changes.iter().map(|c| (c.0, c.2.clone())).collect();
    let effect = Effect::UpdateSettings { repo: name(repo), settings };
    let address = Address::repo(&name(repo));
    Action::new(SETTINGS, Verb::UpdateSettings, address, side(|c| &c.1), side(|c| &c.2), effect)
        .reason("not as config fixes it")
        .because([source(11)])
}

/// Switches the wiki off.
pub(crate) fn wiki_off(repo: &str) -> Action {
    update(repo, [(Setting::HasWiki, true.into(), false.into())])
}

/// Changes one setting by an action at its own address.
pub(crate) fn one(
    repo: &str,
    verb: Verb,
    setting: Setting,
    before: impl Into<SettingValue>,
    after: impl Into<SettingValue>,
    risk: Risk,
) -> Action {
    let Action { before, after, effect, .. } = update(repo, [(setting, before.into(), after.into())]);
    let address = Address::repo(&name(repo)).field(setting.name());
    Action::new(SETTINGS, verb, address, before, after, effect).risk(risk)
}

pub(crate) fn archive(repo: &str) -> Action {
    one(repo, Verb::ArchiveRepository, Setting::Archived, false, true, Risk::Disruptive)
}

pub(crate) fn unarchive(repo: &str) -> Action {
    one(repo, Verb::UnarchiveRepository, Setting::Archived, true, false, Risk::Routine)
}

pub(crate) fn publish(repo: &str) -> Action {
    one(repo, Verb::ChangeVisibility, Setting::Visibility, "private", "public", Risk::Widening)
}

pub(crate) fn weaken(repo: &str) -> Action {
    one(repo, Verb::UpdateSettings, Setting::WebCommitSignoffRequired, true, false, Risk::Weakening)
}

pub(crate) fn comment(repo: &str, body: &str) -> Action {
    let effect = Effect::Comment { repo: name(repo), number: 7, id: None, at: None, body: body.to_owned() };
    let address = Address::repo(&name(repo)).part("pull", "7").part("comment", "1");
    Action::new(REVIEW, Verb::Comment, address, Value::Null, json!({ "body": body }), effect)
        .reason("what pull request #7 would change")
}

/// A change of files, as a pull request beside which no other one of its family may be open.
pub(crate) fn propose_alone(repo: &str, family: &str, loop_name: LoopName) -> Action {
    let branch = format!("{family}{loop_name}/0a");
    let after = json!({ "branch": branch });
    let effect = Effect::Propose {
        repo: name(repo),
        branch: branch.clone(),
        base: ("main".to_owned(), CommitId::parse(&"0a".repeat(20)).expect("it is one")),
        files: Vec::new(),
        title: "Mend it".to_owned(),
        body: String::new(),
        alone: Some(family.to_owned()),
    };
    let address = Address::repo(&name(repo)).part("language", loop_name);
    Action::new(loop_name, Verb::Propose, address, Value::Null, after, effect)
}

/// An override, as the command line writes it.
pub(crate) fn allow(text: &str) -> Allow {
    let (head, glob) = text.split_once('@').unwrap();
    let (guard, count) = match head.split_once('=') {
        Some((guard, count)) => (guard, Some(count.parse().unwrap())),
        None => (head, None),
    };
    Allow {
        guard: guard.to_owned(),
        address: AddressGlob::parse(glob).unwrap(),
        count,
        until: None,
        reason: "a test".to_owned(),
        source: None,
    }
}

/// Everything that the guards judge by.
#[derive(Default)]
pub(crate) struct Case {
    pub(crate) desired: Desired,
    pub(crate) observed: Observed,
    pub(crate) allows: Vec<Allow>,
    pub(crate) switches: Switches,
    pub(crate) memory: Memory,
    pub(crate) not_in_force: Option<NotInForce>,
}

impl Case {
    pub(crate) fn judge(&self, actions: Vec<Action>, contradictions: Vec<(Action, Blocked)>) -> Verdict {
        let settings = Facets::of(Facet::Settings);
        let labels = Facets::of(Facet::Labels).and(settings);
        let needs = BTreeMap::from([
            (SETTINGS, settings),
            (LABELS, labels),
            (REVIEW, Facets::of(Facet::ConfigPulls)),
            (TASKS, Facets::of(Facet::Runs)),
            (PRUNER, Facets::of(Facet::Language)),
            (EDGES, Facets::of(Facet::Language)),
        ]);
        let may = BTreeMap::from([
            (SETTINGS, &Verb::ALL[..5]),
            (LABELS, &Verb::ALL[5..9]),
            (REVIEW, &Verb::ALL[9..12]),
            (TASKS, &[Verb::StartRun][..]),
            (PRUNER, &[Verb::Propose][..]),
            (EDGES, &[Verb::Propose][..]),
        ]);
        let cx = GuardContext {
            desired: &self.desired,
            observed: &self.observed,
            needs: &needs,
            may: &may,
            allows: &self.allows,
            now: now(),
            switches: &self.switches,
            memory: &self.memory,
            spent: &[],
            not_in_force: self.not_in_force.as_ref(),
        };
        guard::verdict(actions, contradictions, &cx)
    }
}

/// A verdict in words: a line for each action.
pub(crate) fn explain(verdict: &Verdict) -> String {
    let title = |a: &Action| format!("{} {}", a.verb.as_str(), a.address);
    let mut out = String::new();
    for permitted in &verdict.permitted {
        let used: Vec<String> = permitted
            .permit
            .overrides()
            .iter()
            .map(|o| {
                format!("{}{}@{}", o.guard, o.count.map(|n| format!("={n}")).unwrap_or_default(), o.address)
            })
            .collect();
        let by = if used.is_empty() { String::new() } else { format!(" by {}", used.join(", ")) };
        out.push_str(&format!("  ok{by}: {}\n", title(&permitted.action)));
    }
    for (action, Blocked { guard, says, overrides }) in &verdict.blocked {
        let allow: Vec<String> = overrides.iter().map(|o| format!("\n      --allow {o}")).collect();
        let allow = allow.concat();
        out.push_str(&format!("  {guard}: {}\n      {says}{allow}\n", title(action)));
    }
    out
}
