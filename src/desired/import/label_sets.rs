//! Labels that several repositories have alike, as sets: the one that saves most lines first.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Label, World};

/// The most sets that are made; a repository may name fifty.
const MAX_SETS: usize = 20;
/// How many different collections are compared with each other; the commonest count.
const MAX_COMPARED: usize = 30;
/// The fewest labels that make a set.
const MIN_LABELS: usize = 2;

/// The labels that GitHub gives to a new repository.
const GITHUBS_OWN: [&str; 9] = [
    "bug",
    "documentation",
    "duplicate",
    "enhancement",
    "good first issue",
    "help wanted",
    "invalid",
    "question",
    "wontfix",
];

/// Numbers of labels, ascending.
type Labels = Vec<usize>;

/// A set.
#[derive(Debug)]
pub(super) struct LabelSet {
    /// Its name in config.
    pub(super) name: String,
    /// The numbers of its labels.
    pub(super) labels: Labels,
    /// The repositories, by their place among the live ones, that have all of these labels exactly so.
    pub(super) holders: BTreeSet<usize>,
}

/// Makes sets until none saves anything. No label of a repository is in two of its sets.
pub(super) fn factor(world: &World<'_>) -> Vec<LabelSet> {
    let mut rest = shared(world);
    let mut out: Vec<LabelSet> = Vec::new();
    while out.len() < MAX_SETS {
        let Some(labels) = best(&rest) else { break };
        let holders: BTreeSet<usize> = (0..rest.len()).filter(|i| contains(&rest[*i], &labels)).collect();
        for i in &holders {
            rest[*i].retain(|l| labels.binary_search(l).is_err());
        }
        let members: Vec<&Label> = labels.iter().map(|l| &world.labels[*l]).collect();
        let name = free_name(&name(&members), |name| out.iter().any(|s| s.name == name));
        out.push(LabelSet { name, labels, holders });
    }
    out
}

/// Each repository's labels, without those that no other one has.
fn shared(world: &World<'_>) -> Vec<Labels> {
    let mut count = vec![0_usize; world.labels.len()];
    world.live.iter().flat_map(|r| &r.labels).for_each(|l| count[*l] += 1);
    let of = |labels: &Labels| labels.iter().copied().filter(|l| count[*l] > 1).collect();
    world.live.iter().map(|r| of(&r.labels)).collect()
}

/// The set that saves most lines.
fn best(rest: &[Labels]) -> Option<Labels> {
    let mut counts: BTreeMap<&Labels, usize> = BTreeMap::new();
    for labels in rest.iter().filter(|l| l.len() >= MIN_LABELS) {
        *counts.entry(labels).or_default() += 1;
    }
    let mut commonest: Vec<(&Labels, usize)> = counts.iter().map(|(labels, n)| (*labels, *n)).collect();
    commonest.sort_by_key(|(labels, n)| (std::cmp::Reverse(labels.len() * n), *labels));
    commonest.truncate(MAX_COMPARED);
    let mut candidates: BTreeSet<Labels> = BTreeSet::new();
    for (i, (a, _)) in commonest.iter().enumerate() {
        candidates.extend(commonest[i..].iter().map(|(b, _)| intersection(a, b)));
    }
    let weighed = candidates.into_iter().map(|labels| (saves(&labels, &counts), labels));
    let (mut saved, mut best) = weighed.max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)))?;
    // What two collections have in common may still be more than what many have.
    loop {
        let narrower = commonest.iter().map(|(labels, _)| intersection(&best, labels));
        let weighed = narrower.map(|labels| (saves(&labels, &counts), labels));
        let Some(better) = weighed.filter(|(more, _)| *more > saved).max() else { break };
        (saved, best) = better;
    }
    (saved > 0).then_some(best)
}

/// How many lines fewer there are with a set of these labels.
fn saves(labels: &Labels, counts: &BTreeMap<&Labels, usize>) -> usize {
    if labels.len() < MIN_LABELS {
        return 0;
    }
    let holders: usize = counts.iter().filter(|(all, _)| contains(all, labels)).map(|(_, n)| n).sum();
    // The set's own lines, its braces and an empty one, and a line in each repository that names it.
    (labels.len() * holders).saturating_sub(labels.len() + 3 + holders)
}

fn intersection(a: &Labels, b: &Labels) -> Labels {
    a.iter().copied().filter(|l| b.binary_search(l).is_ok()).collect()
}

/// Whether `all` has every one of `some`; both ascend.
fn contains(all: &Labels, some: &Labels) -> bool {
    let mut all = all.iter();
    some.iter().all(|l| all.by_ref().any(|a| a == l))
}

/// What people might call these labels.
fn name(labels: &[&Label]) -> String {
    let prefix = |l: &Label| Some(l.key.split_once(['/', ':'])?.0.trim().to_owned());
    if let Some(first) = labels.first().and_then(|l| prefix(l))
        && labels.iter().all(|l| prefix(l).as_ref() == Some(&first))
    {
        let word: String =
            first.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
        if !word.is_empty() {
            return word;
        }
    }
    let own = labels.iter().filter(|l| GITHUBS_OWN.contains(&l.key.as_str())).count();
    if own == labels.len() && own * 2 > GITHUBS_OWN.len() { "github".to_owned() } else { "common".to_owned() }
}

/// The name, with a number when it is taken.
pub(super) fn free_name(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|n| !taken(n)).unwrap_or_default()
}
