//! Subsets that people would recognise: repositories with a topic, with a common start or end of their names,
//! or of one owner.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::World;

/// The fewest repositories that make a group.
pub(super) const MIN_MEMBERS: usize = 3;

/// What tells the members of a group; in the order in which one is preferred over another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Selector {
    /// A topic that they declare.
    Topic(String),
    /// A pattern over names.
    Pattern(String),
    /// Their names.
    Names(Vec<String>),
}

impl Selector {
    /// What a group that is told by this might be called.
    pub(super) fn title(&self) -> String {
        let text = match self {
            Self::Topic(topic) => topic.as_str(),
            Self::Pattern(pattern) => match pattern.split_once('/') {
                Some((owner, "*")) => owner,
                Some((_, name)) => name,
                None => pattern,
            },
            Self::Names(_) => "common",
        };
        let word = text.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let word: String = word.chars().take(50).collect();
        if word.is_empty() { "some".to_owned() } else { word }
    }
}

/// A possible group.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) selector: Selector,
    /// Places among the live repositories, ascending.
    pub(super) members: Vec<usize>,
}

/// Every possible group; of those with the same members one, the shortest to say.
pub(super) fn candidates(world: &World<'_>) -> Vec<Candidate> {
    let mut members: BTreeMap<Selector, Vec<usize>> = BTreeMap::new();
    let owners: BTreeSet<String> = world.live.iter().map(|r| r.name.owner().to_lowercase()).collect();
    for (i, repo) in world.live.iter().enumerate() {
        let owner = repo.name.owner().to_lowercase();
        let name = repo.name.name().to_lowercase();
        let mut selectors: BTreeSet<Selector> =
            world.topics(repo).map(|t| Selector::Topic(t.to_owned())).collect();
        if owners.len() > 1 {
            selectors.insert(Selector::Pattern(format!("{owner}/*")));
        }
        for (at, mark) in name.char_indices().filter(|(_, c)| matches!(c, '-' | '_' | '.')) {
            selectors.insert(Selector::Pattern(format!("{owner}/{}*", &name[..at + mark.len_utf8()])));
            selectors.insert(Selector::Pattern(format!("{owner}/*{}", &name[at..])));
        }
        for selector in selectors {
            members.entry(selector).or_default().push(i);
        }
    }
    let mut by_members: BTreeMap<Vec<usize>, Selector> = BTreeMap::new();
    for (selector, members) in members.into_iter().filter(|(_, m)| m.len() >= MIN_MEMBERS) {
        let shorter = |a: &Selector, b: &Selector| (rank(a), a) < (rank(b), b);
        match by_members.get_mut(&members) {
            Some(other) if shorter(&selector, other) => *other = selector,
            Some(_) => {}
            None => {
                by_members.insert(members, selector);
            }
        }
    }
    let mut out: Vec<Candidate> =
        by_members.into_iter().map(|(members, selector)| Candidate { selector, members }).collect();
    out.sort_by(|a, b| a.selector.cmp(&b.selector));
    out
}

fn rank(selector: &Selector) -> (usize, usize) {
    match selector {
        Selector::Topic(topic) => (0, topic.len()),
        Selector::Pattern(pattern) => (1, pattern.len()),
        Selector::Names(names) => (2, names.len()),
    }
}
