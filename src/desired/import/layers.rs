//! Which layer says what: `defaults`, groups over them, and each repository the rest.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Setting;

use super::facts::World;
use super::groups::{Candidate, MIN_MEMBERS, Selector, candidates};
use super::label_sets::{LabelSet, free_name};

/// The most groups that are made.
const MAX_GROUPS: usize = 40;
/// The most names that stand in one group.
const MAX_NAMES: usize = 100;
/// The fewest repositories that are listed by name to make a group of them.
const MIN_LISTED: usize = 8;
/// The fewest lines that a group saves.
const MIN_SAVED: usize = 3;
/// The lines of a group beside what it says: its name, whom it matches, the brace, an empty one.
const FRAME: usize = 4;

/// What one layer says: for each unit the number of a value, and the label sets by number.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) values: BTreeMap<usize, usize>,
    pub(super) sets: BTreeSet<usize>,
}

/// A group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) selector: Selector,
    pub(super) layer: Layer,
}

/// The layers, and for each live repository what they come to.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) defaults: Layer,
    pub(super) groups: Vec<Group>,
    /// For each live repository and unit the value that defaults and groups give.
    pub(super) given: Vec<Vec<Option<usize>>>,
    /// For each live repository the sets that defaults and groups give.
    pub(super) given_sets: Vec<BTreeSet<usize>>,
    /// For each live repository the sets that are all its own to name.
    pub(super) own_sets: Vec<BTreeSet<usize>>,
}

impl Layers {
    /// Chooses: what spares more than half of all a line becomes a default, and groups are made as long as they
    /// save lines.
    pub(super) fn choose(world: &World<'_>, sets: &[LabelSet]) -> Self {
        let count = world.live.len();
        let mut out = Self {
            defaults: Layer::default(),
            groups: Vec::new(),
            given: vec![vec![None; world.units.len()]; count],
            given_sets: vec![BTreeSet::new(); count],
            own_sets: vec![BTreeSet::new(); count],
        };
        if count > 1 {
            let barred = out.choose_defaults(world, sets);
            out.list_names(world, &barred);
            let candidates = candidates(world);
            while out.groups.len() < MAX_GROUPS && out.best_group(world, sets, &candidates) {}
        }
        for (number, set) in sets.iter().enumerate() {
            for i in &set.holders {
                if !out.given_sets[*i].contains(&number) {
                    out.own_sets[*i].insert(number);
                }
            }
        }
        out
    }

    /// Sets the defaults. What would be one, but of which one repository may be told nothing at all, comes back:
    /// nothing takes a default back.
    fn choose_defaults(&mut self, world: &World<'_>, sets: &[LabelSet]) -> BTreeMap<usize, usize> {
        let everyone: Vec<usize> = (0..world.live.len()).collect();
        let mut barred = BTreeMap::new();
        for unit in 0..world.units.len() {
            let Some(value) = closest(world, unit, &everyone) else { continue };
            let told: Vec<usize> =
                everyone.iter().copied().filter(|i| world.live[*i].values[unit].is_some()).collect();
            let lines = |given| told.iter().map(|i| own_lines(world, unit, *i, given)).sum::<usize>();
            if lines(Some(value)) * 2 >= lines(None) {
                continue;
            }
            if told.len() == everyone.len() {
                self.defaults.values.insert(unit, value);
            } else if world.units[unit].settings != [Setting::Topics] {
                // A group belongs to repositories by the topics that they declare, so it declares none itself.
                barred.insert(unit, value);
            }
        }
        let all = |set: &LabelSet| set.holders.len() == everyone.len();
        self.defaults.sets = (0..sets.len()).filter(|s| all(&sets[*s])).collect();
        for i in everyone {
            for (unit, value) in &self.defaults.values {
                self.given[i][*unit] = Some(*value);
            }
            self.given_sets[i].extend(&self.defaults.sets);
        }
        barred
    }

    /// Lists by name those who may be told what is barred from the defaults.
    fn list_names(&mut self, world: &World<'_>, barred: &BTreeMap<usize, usize>) {
        let tellable = |i: &usize| barred.keys().all(|unit| world.live[*i].values[*unit].is_some());
        let listed: Vec<usize> = (0..world.live.len()).filter(tellable).collect();
        if barred.is_empty() || listed.len() < MIN_LISTED {
            return;
        }
        for members in listed.chunks(MAX_NAMES) {
            let names = members.iter().map(|i| world.live[*i].name.to_string()).collect();
            let layer = Layer { values: barred.clone(), sets: BTreeSet::new() };
            self.add(Selector::Names(names), layer, members);
        }
    }

    /// Adds the group that saves most lines, if one saves any.
    fn best_group(&mut self, world: &World<'_>, sets: &[LabelSet], candidates: &[Candidate]) -> bool {
        let mut best: Option<(usize, Layer, &Candidate)> = None;
        for candidate in candidates {
            let (saved, layer) = self.gain(world, sets, &candidate.members);
            if saved >= MIN_SAVED && best.as_ref().is_none_or(|(most, _, _)| saved > *most) {
                best = Some((saved, layer, candidate));
            }
        }
        let Some((_, layer, candidate)) = best else { return false };
        self.add(candidate.selector.clone(), layer, &candidate.members);
        true
    }

    /// How many lines a group of these members saves, and what it says.
    fn gain(&self, world: &World<'_>, sets: &[LabelSet], members: &[usize]) -> (usize, Layer) {
        let mut layer = Layer::default();
        let mut saved = 0;
        for unit in 0..world.units.len() {
            if let Some((value, lines)) = self.gain_of(world, unit, members) {
                layer.values.insert(unit, value);
                saved += lines;
            }
        }
        for (number, set) in sets.iter().enumerate() {
            let all = members.iter().all(|i| set.holders.contains(i));
            let unnamed = members.iter().filter(|i| !self.given_sets[**i].contains(&number)).count();
            if all && unnamed > 1 {
                layer.sets.insert(number);
                saved += unnamed - 1;
            }
        }
        (saved.saturating_sub(FRAME), layer)
    }

    /// The value that a group of these members may say of a unit, and the lines that this saves.
    fn gain_of(&self, world: &World<'_>, unit: usize, members: &[usize]) -> Option<(usize, usize)> {
        // Descriptions are nobody's common property, and groups don't declare topics.
        if matches!(world.units[unit].settings, [Setting::Description | Setting::Topics]) {
            return None;
        }
        let has = |i: &usize| world.live[*i].values[unit];
        if !members.iter().all(|i| has(i).is_some()) {
            return None;
        }
        let (value, holders) = commonest(world, unit, members)?;
        if holders < MIN_MEMBERS || holders * 4 < members.len() * 3 {
            return None;
        }
        let before: usize = members.iter().map(|i| own_lines(world, unit, *i, self.given[*i][unit])).sum();
        let after: usize = members.iter().map(|i| own_lines(world, unit, *i, Some(value))).sum();
        let lines = before.checked_sub(after + world.units[unit].settings.len()).filter(|n| *n > 0)?;
        Some((value, lines))
    }

    fn add(&mut self, selector: Selector, layer: Layer, members: &[usize]) {
        for i in members {
            for (unit, value) in &layer.values {
                self.given[*i][*unit] = Some(*value);
            }
            self.given_sets[*i].extend(&layer.sets);
        }
        let name = free_name(&selector.title(), |name| self.groups.iter().any(|g| g.name == name));
        self.groups.push(Group { name, selector, layer });
    }
}

/// How many settings of a unit a repository says itself when the layers below give it this.
fn own_lines(world: &World<'_>, unit: usize, repo: usize, given: Option<usize>) -> usize {
    let Some(own) = world.live[repo].values[unit] else { return 0 };
    let values = &world.units[unit].values;
    match given {
        Some(given) => values[own].iter().zip(&values[given]).filter(|(own, given)| own != given).count(),
        None => values[own].len(),
    }
}

/// The value of a unit that most of these repositories have, and how many have it.
fn commonest(world: &World<'_>, unit: usize, repos: &[usize]) -> Option<(usize, usize)> {
    let counts = counts(world, unit, repos);
    let values = &world.units[unit].values;
    let most = |a: &usize, b: &usize| counts[*a].cmp(&counts[*b]).then_with(|| values[*b].cmp(&values[*a]));
    let best = (0..counts.len()).max_by(most)?;
    (counts[best] > 0).then_some((best, counts[best]))
}

/// The value of a unit that leaves these repositories fewest settings to say; for a single setting the commonest.
fn closest(world: &World<'_>, unit: usize, repos: &[usize]) -> Option<usize> {
    let values = &world.units[unit].values;
    if let [_] = world.units[unit].settings {
        return commonest(world, unit, repos).map(|(value, _)| value);
    }
    let lines = |value: usize| repos.iter().map(|i| own_lines(world, unit, *i, Some(value))).sum::<usize>();
    let seen = counts(world, unit, repos);
    (0..values.len()).filter(|v| seen[*v] > 0).min_by_key(|v| (lines(*v), &values[*v]))
}

/// How many of these repositories have each value of a unit.
fn counts(world: &World<'_>, unit: usize, repos: &[usize]) -> Vec<usize> {
    let mut counts = vec![0_usize; world.units[unit].values.len()];
    for value in repos.iter().filter_map(|i| world.live[*i].values[unit]) {
        counts[value] += 1;
    }
    counts
}
