//! Keeps the settings of repositories as config fixes them, makes repositories that config asks for, archives
//! and unarchives.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::model::{
    Action, Address, Effect, Facet, Facets, Repo, RepoState, Risk, Seen, Setpoint, Setting, SettingValue,
    Source, Verb,
};
use crate::plan::Plan;

use super::contract::renamed;
use super::{Cx, Loop, NoSettings, Trigger};

/// The loop.
pub(super) struct RepositorySettings;

impl Loop for RepositorySettings {
    type Settings = NoSettings;
    const NAME: &'static str = "repository-settings";
    const ABOUT: &'static str = "Keeps each declared repository's settings as config fixes them: features, merge \
        settings, topics, default branch, visibility, archiving; makes repositories that say `create`.";
    const TRIGGERS: &'static [Trigger] = &[Trigger::minutes(10), Trigger::On(Facet::Settings)];
    const NEEDS: Facets = Facets::of(Facet::Settings);
    const MAY: &'static [Verb] = &[
        Verb::CreateRepository,
        Verb::UnarchiveRepository,
        Verb::UpdateSettings,
        Verb::ChangeVisibility,
        Verb::ArchiveRepository,
    ];

    fn plan(cx: &Cx<'_, NoSettings>) -> Plan {
        let mut plan = Plan::empty();
        for repo in cx.desired.repos.values() {
            match cx.observed.repo(&repo.name) {
                Seen::Unknown => plan.wait(repo.address(), "a complete reading of its settings"),
                Seen::Absent if repo.create => plan.act(create(repo)),
                Seen::Absent => plan.problem(repo.address(), cx.absent(repo)),
                Seen::Known(state) if state.name != repo.name => {
                    plan.problem(repo.address(), renamed(repo, state));
                }
                Seen::Known(state) => converge(repo, state, &mut plan),
            }
        }
        plan
    }
}

/// Makes the repository, private unless config says otherwise, with all settings that an empty one can have: it has
/// no branch yet, and what is archived can't be written to. Those two follow when they can.
fn create(repo: &Repo) -> Action {
    let mut settings: BTreeMap<Setting, SettingValue> = repo
        .settings
        .iter()
        .filter(|(setting, _)| !matches!(setting, Setting::DefaultBranch | Setting::Archived))
        .map(|(setting, point)| (*setting, point.value.clone()))
        .collect();
    // GitHub's own default is public, which nobody wrote.
    settings.entry(Setting::Visibility).or_insert_with(|| SettingValue::Text("private".to_owned()));
    let mut after = object(settings.iter());
    after.insert("name".to_owned(), repo.name.as_str().into());
    let effect = Effect::CreateRepository { repo: repo.name.clone(), settings };
    Action::new(
        RepositorySettings::NAME,
        Verb::CreateRepository,
        repo.address(),
        Value::Null,
        Value::Object(after),
        effect,
    )
    .reason("declared with `create`, and a complete read doesn't show it")
    .because([repo.source.clone()])
}

fn converge(repo: &Repo, state: &RepoState, plan: &mut Plan) {
    let wanted_archived = repo.settings.get(&Setting::Archived);
    let stays_archived =
        state.archived && wanted_archived.is_none_or(|p| p.value != SettingValue::Flag(false));
    if stays_archived {
        if wanted_archived.is_none() && !repo.settings.is_empty() {
            plan.wait(
                repo.address(),
                "it is archived on GitHub, so nothing in it is changed; say `archived #true`, or `archived #false` to \
                 have it unarchived",
            );
        }
        return;
    }
    if state.archived {
        plan.act(one(repo, state, Setting::Archived, Verb::UnarchiveRepository, Risk::Routine));
    }
    let mut routine: Vec<(Setting, &Setpoint)> = Vec::new();
    for (&setting, point) in &repo.settings {
        if setting == Setting::Archived {
            continue;
        }
        let Some(seen) = state.settings.get(&setting) else {
            plan.wait(
                repo.address().field(setting.name()),
                "a reading of this setting, which GitHub did not give",
            );
            continue;
        };
        if *seen == point.value {
            continue;
        }
        if setting == Setting::DefaultBranch && *seen == SettingValue::Text(String::new()) {
            plan.wait(repo.address().field(setting.name()), "a first commit: there is no branch yet");
        } else if setting == Setting::Visibility {
            let widens = Setting::width(&point.value) > Setting::width(seen);
            let risk = if widens { Risk::Widening } else { Risk::Disruptive };
            plan.act(one(repo, state, setting, Verb::ChangeVisibility, risk));
        } else if setting.weakens(seen, &point.value) {
            plan.act(one(repo, state, setting, Verb::UpdateSettings, Risk::Weakening));
        } else {
            routine.push((setting, point));
        }
    }
    if !routine.is_empty() {
        plan.act(update(repo, state, &routine));
    }
    if !state.archived && repo.archived() {
        plan.act(one(repo, state, Setting::Archived, Verb::ArchiveRepository, Risk::Disruptive));
    }
}

/// One action for all ordinary settings, so that they are one write.
fn update(repo: &Repo, state: &RepoState, differing: &[(Setting, &Setpoint)]) -> Action {
    let settings: BTreeMap<Setting, SettingValue> =
        differing.iter().map(|(s, p)| (*s, p.value.clone())).collect();
    let before = object(differing.iter().filter_map(|(s, _)| state.settings.get_key_value(s)));
    let after = object(settings.iter());
    let risk = if settings.contains_key(&Setting::DefaultBranch) { Risk::Disruptive } else { Risk::Routine };
    let names: Vec<&str> = differing.iter().map(|(s, _)| s.name()).collect();
    let reason = match names.as_slice() {
        [one] => format!("{one} is not as config fixes it"),
        many => format!("{} settings are not as config fixes them", many.len()),
    };
    Action::new(
        RepositorySettings::NAME,
        Verb::UpdateSettings,
        repo.address(),
        Value::Object(before),
        Value::Object(after),
        Effect::UpdateSettings { repo: repo.name.clone(), settings },
    )
    .reason(reason)
    .risk(risk)
    .because(sources(differing.iter().map(|(_, p)| &p.source)))
}

/// An action for one setting that a guard judges by itself.
fn one(repo: &Repo, state: &RepoState, setting: Setting, verb: Verb, risk: Risk) -> Action {
    let point = &repo.settings[&setting];
    let before = state.setting(setting);
    let before = object(before.as_ref().map(|value| (&setting, value)));
    let address: Address = repo.address().field(setting.name());
    Action::new(
        RepositorySettings::NAME,
        verb,
        address,
        Value::Object(before),
        Value::Object(object([(&setting, &point.value)])),
        Effect::UpdateSettings {
            repo: repo.name.clone(),
            settings: BTreeMap::from([(setting, point.value.clone())]),
        },
    )
    .reason(format!("{} is not as config fixes it", setting.name()))
    .risk(risk)
    .because([point.source.clone()])
}

fn object<'a>(settings: impl IntoIterator<Item = (&'a Setting, &'a SettingValue)>) -> Map<String, Value> {
    settings.into_iter().map(|(setting, value)| (setting.name().to_owned(), value.to_json())).collect()
}

/// The distinct lines, in order.
fn sources<'a>(all: impl Iterator<Item = &'a Source>) -> Vec<Source> {
    let mut out: Vec<Source> = Vec::new();
    for source in all {
        if !out.contains(source) {
            out.push(source.clone());
        }
    }
    out
}
