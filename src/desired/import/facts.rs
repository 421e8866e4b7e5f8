//! What exists, as far as config takes it: values and labels by number, so that they compare cheaply.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Address, LabelName, LabelState, RepoName, RepoState, Seen, Setting, SettingValue};

use super::LeftOut;
use super::accept::Rules;

/// Settings that GitHub judges together: a layer that says one of them says all, so that no mixture of layers
/// makes a combination that doesn't exist anywhere.
const TOGETHER: [&[Setting]; 3] = [
    &[Setting::AllowMergeCommit, Setting::AllowSquashMerge, Setting::AllowRebaseMerge],
    &[Setting::SquashMergeCommitTitle, Setting::SquashMergeCommitMessage],
    &[Setting::MergeCommitTitle, Setting::MergeCommitMessage],
];

/// The repositories.
pub(super) struct World<'a> {
    /// What is said as a whole, in the order of [`Setting::ALL`].
    pub(super) units: Vec<Unit>,
    /// Every label that is written somewhere, in order.
    pub(super) labels: Vec<Label>,
    /// Those that are not archived.
    pub(super) live: Vec<Live<'a>>,
    /// Those that are.
    pub(super) archived: Vec<&'a RepoName>,
}

/// Settings that are said as a whole, and the values that they have anywhere.
pub(super) struct Unit {
    pub(super) settings: &'static [Setting],
    pub(super) values: Vec<Vec<SettingValue>>,
}

/// A label as it is written; an attribute that config doesn't take is missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Label {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) color: Option<String>,
    pub(super) description: Option<String>,
}

/// A repository that is not archived.
pub(super) struct Live<'a> {
    pub(super) name: &'a RepoName,
    /// For each unit the number of its value; `None` where nothing may be said, not even by a layer below.
    pub(super) values: Vec<Option<usize>>,
    /// The numbers of its labels, ascending.
    pub(super) labels: Vec<usize>,
    /// What could not be written.
    pub(super) left_out: Vec<LeftOut>,
}

impl<'a> World<'a> {
    /// Sorts out what config takes.
    pub(super) fn new(repos: &'a BTreeMap<RepoName, RepoState>, rules: &Rules) -> Self {
        let (archived, live): (Vec<_>, Vec<_>) = repos.iter().partition(|(_, state)| state.archived);
        let mut world = Self {
            units: units(),
            labels: Vec::new(),
            archived: archived.into_iter().map(|(name, _)| name).collect(),
            live: live.iter().map(|(name, _)| Live::new(name)).collect(),
        };
        for unit in 0..world.units.len() {
            world.read_unit(unit, &live, rules);
        }
        world.read_labels(&live, rules);
        world
    }

    /// Numbers the values of a unit, those that are refused apart.
    fn read_unit(&mut self, unit: usize, live: &[(&RepoName, &RepoState)], rules: &Rules) {
        let settings = self.units[unit].settings;
        let numbers = &mut self.units[unit].values;
        let mut known: BTreeMap<Vec<SettingValue>, Result<usize, (Setting, String)>> = BTreeMap::new();
        for (repo, (name, state)) in self.live.iter_mut().zip(live) {
            let verdict = values(settings, state).and_then(|values| {
                let number = |values: &Vec<SettingValue>| {
                    judge(settings, values, rules)?;
                    numbers.push(values.clone());
                    Ok(numbers.len() - 1)
                };
                known.entry(values).or_insert_with_key(number).clone()
            });
            match verdict {
                Ok(number) => repo.values.push(Some(number)),
                Err((refused, why)) => {
                    repo.values.push(None);
                    repo.left_out.extend(settings.iter().map(|setting| LeftOut {
                        address: Address::repo(name).field(setting.name()),
                        why: if *setting == refused {
                            why.clone()
                        } else {
                            format!("is left out with `{}`", refused.name())
                        },
                    }));
                }
            }
        }
    }

    fn read_labels(&mut self, live: &[(&RepoName, &RepoState)], rules: &Rules) {
        let mut of: Vec<BTreeSet<Label>> = Vec::new();
        for (repo, (name, state)) in self.live.iter_mut().zip(live) {
            let Seen::Known(labels) = &state.labels else {
                let address = Address::repo(name).field("label");
                repo.left_out.push(LeftOut { address, why: "were not read".to_owned() });
                of.push(BTreeSet::new());
                continue;
            };
            of.push(labels.values().filter_map(|l| label(name, l, rules, &mut repo.left_out)).collect());
        }
        let all: BTreeSet<&Label> = of.iter().flatten().collect();
        let numbers: BTreeMap<&Label, usize> = all.iter().enumerate().map(|(i, l)| (*l, i)).collect();
        for (repo, labels) in self.live.iter_mut().zip(&of) {
            repo.labels = labels.iter().map(|l| numbers[l]).collect();
        }
        self.labels = all.into_iter().cloned().collect();
    }

    /// The topics that a repository declares.
    pub(super) fn topics(&self, repo: &Live<'_>) -> impl Iterator<Item = &str> {
        let unit = self.units.iter().position(|u| u.settings == [Setting::Topics]);
        let names = unit.and_then(|u| match &self.units[u].values[repo.values[u]?][0] {
            SettingValue::Names(names) => Some(names),
            SettingValue::Flag(_) | SettingValue::Text(_) => None,
        });
        names.into_iter().flatten().map(String::as_str)
    }
}

impl<'a> Live<'a> {
    fn new(name: &'a RepoName) -> Self {
        Self { name, values: Vec::new(), labels: Vec::new(), left_out: Vec::new() }
    }
}

fn units() -> Vec<Unit> {
    let mut out: Vec<Unit> = Vec::new();
    for (i, setting) in Setting::ALL.iter().enumerate() {
        let settings =
            TOGETHER.into_iter().find(|together| together.contains(setting)).unwrap_or(&Setting::ALL[i..=i]);
        if !out.iter().any(|u| u.settings == settings) {
            out.push(Unit { settings, values: Vec::new() });
        }
    }
    out
}

/// The values of these settings, or one that isn't known.
fn values(settings: &[Setting], state: &RepoState) -> Result<Vec<SettingValue>, (Setting, String)> {
    let unseen = |setting| (setting, "can't be seen with this credential".to_owned());
    let value = |setting: &Setting| {
        if *setting == Setting::Archived {
            return Ok(SettingValue::Flag(state.archived));
        }
        state.settings.get(setting).cloned().ok_or_else(|| unseen(*setting))
    };
    settings.iter().map(value).collect()
}

fn judge(settings: &[Setting], values: &[SettingValue], rules: &Rules) -> Result<(), (Setting, String)> {
    for (setting, value) in settings.iter().zip(values) {
        if (*setting, value) == (Setting::DefaultBranch, &SettingValue::Text(String::new())) {
            return Err((*setting, "isn't there: the repository is empty".to_owned()));
        }
        rules.setting(*setting, value).map_err(|why| (*setting, why))?;
    }
    rules.together(settings, values).map_err(|why| {
        let others: Vec<String> = settings[1..].iter().map(|s| format!("`{}`", s.name())).collect();
        (settings[0], format!("together with {} {why}", others.join(" and ")))
    })
}

/// The label as config takes it; `None` when it doesn't take its name.
fn label(repo: &RepoName, label: &LabelState, rules: &Rules, left_out: &mut Vec<LeftOut>) -> Option<Label> {
    let address = Address::label(repo, &label.name);
    if let Err(why) = rules.label_name(&label.name) {
        left_out.push(LeftOut { address, why });
        return None;
    }
    let mut attribute = |name: &str, value: &str| match rules.label(name, value) {
        Ok(()) => Some(value.to_owned()),
        Err(why) => {
            left_out.push(LeftOut { address: address.field(name), why });
            None
        }
    };
    Some(Label {
        color: attribute("color", &label.color),
        description: attribute("description", &label.description),
        key: LabelName::key(&label.name),
        name: label.name.as_str().to_owned(),
    })
}
