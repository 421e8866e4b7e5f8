//! The layers as files.

use std::fmt::Write as _;

use crate::model::{Address, RepoName, Setting, SettingValue};

use super::LeftOut;
use super::accept::Rules;
use super::facts::{Live, World};
use super::groups::Selector;
use super::kdl::{Node, one_line};
use super::label_sets::LabelSet;
use super::layers::{Group, Layer, Layers};

/// The size after which further repositories go into another file; a quarter of what is read.
const FILE_BYTES: usize = 1 << 20;
/// GitHub's own API, which needs no saying.
const USUAL_API: &str = "https://api.github.com";

/// What stands at the top of the root file.
pub(super) struct Root {
    factory: String,
    api: Option<String>,
    pub(super) left_out: Vec<LeftOut>,
}

impl Root {
    /// Takes the name of the factory and the API's base, as far as config does.
    pub(super) fn new(factory: &str, api: Option<&str>, rules: &Rules) -> Self {
        let factory = if rules.name(factory) { factory } else { "factory" }.to_owned();
        let mut left_out = Vec::new();
        let api = api.map(|a| a.trim_end_matches('/')).filter(|a| *a != USUAL_API).and_then(|api| {
            let refused = rules.api(api).err();
            let address = || Address::parse("factory/github/api").expect("a constant address");
            left_out.extend(refused.map(|why| LeftOut { address: address(), why }));
            left_out.is_empty().then(|| api.to_owned())
        });
        Self { factory, api, left_out }
    }
}

/// The files, the root file last.
pub(super) fn write(
    root: &Root,
    world: &World<'_>,
    sets: &[LabelSet],
    layers: &Layers,
) -> Vec<(String, String)> {
    let mut out = Vec::new();
    if !layers.groups.is_empty() {
        let nodes = layers.groups.iter().map(|g| group(g, world, sets)).collect::<Vec<_>>();
        let about = "Repositories that share settings. A group is laid over the defaults and over the groups above it.";
        out.extend(split("groups", about, &nodes, Gap::Line));
    }
    if !sets.is_empty() {
        let nodes = sets.iter().map(|s| label_set(s, world)).collect::<Vec<_>>();
        out.extend(split("labels", "Labels that several repositories have alike.", &nodes, Gap::Line));
    }
    if !world.live.is_empty() {
        let nodes = (0..world.live.len()).map(|i| repo(i, world, sets, layers)).collect::<Vec<_>>();
        let about = "The repositories, each with what sets it apart.";
        out.extend(split("repositories", about, &nodes, Gap::AroundBlocks));
    }
    if !world.archived.is_empty() {
        let nodes = world.archived.iter().map(|name| archived(name)).collect::<Vec<_>>();
        let about = "Archived repositories: read lightly, and never written.";
        out.extend(split("archived", about, &nodes, Gap::AroundBlocks));
    }
    out.push(("factory.kdl".to_owned(), root_file(root, world, sets, layers)));
    out
}

/// Where empty lines stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// Between all nodes.
    Line,
    /// Beside nodes with braces.
    AroundBlocks,
}

/// A policy file with these nodes, or several when it would be too large.
fn split(name: &str, about: &str, nodes: &[Node], gap: Gap) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    let mut text = String::new();
    let mut beside_block = true;
    for node in nodes {
        if text.len() > FILE_BYTES {
            texts.push(std::mem::take(&mut text));
        }
        if text.is_empty() {
            let _ = writeln!(text, "// {about}");
            beside_block = true;
        }
        if gap == Gap::Line || beside_block || !node.is_bare() {
            text.push('\n');
        }
        node.write(&mut text);
        beside_block = !node.is_bare();
    }
    texts.push(text);
    let path = |i: usize| match i {
        0 => format!("policies/{name}.kdl"),
        _ => format!("policies/{name}-{}.kdl", i + 1),
    };
    texts.into_iter().enumerate().map(|(i, text)| (path(i), text)).collect()
}

fn root_file(root: &Root, world: &World<'_>, sets: &[LabelSet], layers: &Layers) -> String {
    let mut out = String::from(
        "// Written by `factoryctl import`: what exists, so that a plan right after it is empty. Change here what shall\n\
         // change there; `factoryctl explain` says what can be written, `factoryctl plan` what it would do.\n\n",
    );
    let mut factory = Node::new("factory").text(&root.factory);
    factory.comment("The repository on GitHub that holds this config, once there is one:");
    factory.comment("config \"OWNER/NAME\" branch=\"main\"");
    factory.write(&mut out);
    if root.api.is_some() || !root.left_out.is_empty() {
        let mut github = Node::new("github");
        if let Some(api) = &root.api {
            github.push(Node::new("api").text(api));
        }
        comment_left_out(&mut github, "factory/github/", &root.left_out);
        out.push('\n');
        github.write(&mut out);
    }
    let mut defaults = Node::new("defaults");
    say(&mut defaults, &layers.defaults, world, sets);
    if !defaults.is_bare() {
        out.push('\n');
        defaults.write(&mut out);
    }
    out
}

fn group(group: &Group, world: &World<'_>, sets: &[LabelSet]) -> Node {
    let mut node = Node::new("group").text(&group.name);
    match &group.selector {
        Selector::Topic(topic) => node.push(Node::new("topic").text(topic)),
        Selector::Pattern(pattern) => node.push(Node::new("match").text(pattern)),
        Selector::Names(names) => {
            node.comment(
                "Not defaults: of other repositories nothing may be said here; they say what was left out.",
            );
            node.push(names.iter().fold(Node::new("match"), |list, name| list.text(name)));
        }
    }
    say(&mut node, &group.layer, world, sets);
    node
}

/// Writes all that a layer says into its node.
fn say(node: &mut Node, layer: &Layer, world: &World<'_>, sets: &[LabelSet]) {
    for (unit, value) in &layer.values {
        let unit = &world.units[*unit];
        for (name, value) in unit.settings.iter().zip(&unit.values[*value]) {
            node.push(setting(*name, value));
        }
    }
    if !layer.sets.is_empty() {
        node.push(labels(layer.sets.iter().map(|s| &sets[*s])));
    }
}

fn labels<'s>(sets: impl Iterator<Item = &'s LabelSet>) -> Node {
    sets.fold(Node::new("labels"), |node, set| node.text(&set.name))
}

/// One setting: `has-wiki #false`.
pub(super) fn setting(setting: Setting, value: &SettingValue) -> Node {
    let node = Node::new(setting.name());
    match value {
        SettingValue::Flag(b) => node.word(format!("#{b}")),
        SettingValue::Text(text) => node.text(text),
        SettingValue::Names(names) => names.iter().fold(node, |node, name| node.text(name)),
    }
}

fn label_set(set: &LabelSet, world: &World<'_>) -> Node {
    let mut node = Node::new("label-set").text(&set.name);
    set.labels.iter().for_each(|l| node.push(label(*l, world)));
    node
}

fn label(number: usize, world: &World<'_>) -> Node {
    let label = &world.labels[number];
    let mut node = Node::new("label").text(&label.name);
    if let Some(color) = &label.color {
        node = node.prop("color", color);
    }
    match &label.description {
        Some(description) => node.prop("description", description),
        None => node,
    }
}

/// A repository, with what the layers below don't give it already.
fn repo(i: usize, world: &World<'_>, sets: &[LabelSet], layers: &Layers) -> Node {
    let repo: &Live<'_> = &world.live[i];
    let mut node = Node::new("repo").text(repo.name.as_str());
    for (unit, (value, given)) in world.units.iter().zip(repo.values.iter().zip(&layers.given[i])) {
        let Some(value) = value else { continue };
        let given = given.map(|g| &unit.values[g]);
        for (at, (name, value)) in unit.settings.iter().zip(&unit.values[*value]).enumerate() {
            if given.is_none_or(|g| g[at] != *value) {
                node.push(setting(*name, value));
            }
        }
    }
    let mut own = labels(layers.own_sets[i].iter().map(|s| &sets[*s]));
    let of_sets = |set: &LabelSet, l: usize| set.holders.contains(&i) && set.labels.binary_search(&l).is_ok();
    for l in repo.labels.iter().filter(|l| !sets.iter().any(|s| of_sets(s, **l))) {
        own.push(label(*l, world));
    }
    if !layers.own_sets[i].is_empty() || !own.is_bare() {
        node.push(own);
    }
    comment_left_out(&mut node, &format!("{}/", Address::repo(repo.name)), &repo.left_out);
    node
}

fn archived(name: &RepoName) -> Node {
    Node::new("repo").text(name.as_str()).word("archived=#true")
}

/// Says in the node what is missing there; `within` is the address that the node stands for.
fn comment_left_out(node: &mut Node, within: &str, left_out: &[LeftOut]) {
    for left in left_out {
        let address = left.address.as_str();
        node.comment(format!("left out: {} {}", address.strip_prefix(within).unwrap_or(address), left.why));
    }
}

impl std::fmt::Display for LeftOut {
    /// The address and why, on one line whatever is in them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", one_line(self.address.as_str()), one_line(&self.why))
    }
}
