//! Config for what exists: observed repositories into tidy files that, loaded again, leave nothing to do.
//!
//! What nearly all repositories share becomes `defaults`, what a recognisable part of them shares a `group`, labels
//! that several have alike a `label-set`; a repository itself says only the rest. What config's own rules refuse
//! is left out, noted in a comment where it would stand, and returned. Pure: the world has been read by others.

mod accept;
mod facts;
mod files;
mod groups;
mod kdl;
mod label_sets;
mod layers;

use std::collections::BTreeMap;

use crate::model::{Address, RepoName, RepoState};

/// The files of an import, and what they don't say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Path from the root, and text; `factory.kdl` comes last, so that a config that is half written has no root.
    pub files: Vec<(String, String)>,
    /// What GitHub has and config doesn't take, in the order of repositories.
    pub left_out: Vec<LeftOut>,
}

/// A value that could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// What it is a value of.
    pub address: Address,
    /// Why, as a fragment: `must be a website, …`.
    pub why: String,
}

/// The config that fixes these repositories as they are. `api` is the base of GitHub's API where it isn't the
/// usual one. The same repositories give the same bytes.
///
/// Of an archived repository only its being archived is written. Collections of labels stay `additive`.
pub fn config(factory: &str, api: Option<&str>, repos: &BTreeMap<RepoName, RepoState>) -> Imported {
    let rules = accept::Rules::new();
    let world = facts::World::new(repos, &rules);
    let sets = label_sets::factor(&world);
    let layers = layers::Layers::choose(&world, &sets);
    let root = files::Root::new(factory, api, &rules);
    let left_out = root.left_out.iter().chain(world.live.iter().flat_map(|r| &r.left_out)).cloned().collect();
    Imported { files: files::write(&root, &world, &sets, &layers), left_out }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod worlds;
