//! `pipeline`, `playbook` and `merge-policy`: which issues are worked on, what runs are told, and what may land.

mod advising;
mod advisors;
mod built_in;
mod freeze;
mod globs;
mod judging;
mod marks;
mod pipeline;
mod places;
mod playbook;
mod policy;
mod router;
mod specialists;
mod working;

#[cfg(test)]
mod tests;

pub(super) use globs::{GLOBS, globs, texts};
pub(super) use marks::{Marks, kept_mark};
pub(super) use pipeline::PIPELINE;
pub(super) use playbook::PLAYBOOK;
pub(super) use policy::MERGE_POLICY;

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::block::Block;
use crate::desired::diagnostic::{Draft, code};
use crate::desired::shape::{Field, Type};
use crate::model::{
    AdvisorRole, AgentConfig, Desired, MergeMode, Phase, Pipeline, Pipelines, Playbook, RepoName, Setting,
    SettingValue,
};

use super::Builder;
use super::repos::REPO;

/// What a layer of a repository may name of these.
pub(super) const CHOICE: [Field; 2] = [
    Field::new(
        "pipeline",
        Type::Name,
        "The pipeline that its issues go through; without one no issue is worked on. Its labels are wanted in the repository, too, unless labels are ignored there.",
        "\"standard\"",
    ),
    Field::new(
        "merge-policy",
        Type::Name,
        "What may land, and how; that of the pipeline unless it is given. Without either nothing is merged.",
        "\"guarded\"",
    ),
];

/// All that config says of pipelines, but for who has which.
pub(super) fn build(
    root: &[Block],
    agents: &BTreeMap<String, AgentConfig>,
    cx: &mut Builder<'_>,
) -> Pipelines {
    let of = |name: &'static str| root.iter().filter(move |block| block.kind.name == name);
    let policies = of(MERGE_POLICY.name).filter_map(|block| policy::build(block, cx)).collect();
    let known = pipeline::Known { agents, policies: &policies };
    let all = of(PIPELINE.name).filter_map(|block| pipeline::build(block, &known, cx)).collect();
    let mut playbooks = built_in::all();
    for block in of(PLAYBOOK.name) {
        if let Some(book) = playbook::build(block, agents, &playbooks, cx) {
            playbooks.insert(book.name.clone(), book);
        }
    }
    Pipelines { all, playbooks, policies, of_repo: BTreeMap::new(), policy_of_repo: BTreeMap::new() }
}

/// What only shows once it is known which repository has which.
pub(super) fn check(root: &[Block], desired: &Desired, cx: &mut Builder<'_>) {
    let pipelines = &desired.pipelines;
    let declared: &BTreeSet<&RepoName> = &desired.repos.keys().collect();
    let of = |name: &'static str| root.iter().filter(move |block| block.kind.name == name);
    for block in of(PIPELINE.name) {
        let Some(pipeline) = pipelines.all.get(block.key()) else { continue };
        if pipelines.of_repo.values().any(|name| *name == pipeline.name) {
            who_does_it(block, pipeline, pipelines, cx);
            router::check(block, pipelines, declared, cx);
        } else {
            unused(block, "repository has", "name it in `defaults`, a `group` or a `repo`", cx);
        }
    }
    for block in of(REPO.name) {
        idle(block, desired, cx);
    }
    let repos: BTreeSet<&RepoName> =
        pipelines.of_repo.keys().chain(pipelines.policy_of_repo.keys()).collect();
    let in_force: BTreeSet<&str> =
        repos.iter().filter_map(|repo| Some(pipelines.policy(repo)?.name.as_str())).collect();
    for block in of(MERGE_POLICY.name) {
        let Some(policy) = pipelines.policies.get(block.key()) else { continue };
        if !in_force.contains(policy.name.as_str()) {
            let help = "name it in a `pipeline`, in `defaults`, a `group` or a `repo`";
            unused(block, "repository is under", help, cx);
        } else if policy.mode == MergeMode::OnGreenWithReview {
            if desired.github.reviewer.is_none() {
                one_identity(block, cx);
            } else if let Some(pipeline) = unreviewed(pipelines, &policy.name) {
                no_review(block, pipeline, cx);
            }
        }
    }
}

/// Warns of a repository that names a pipeline and can't have an issue. What it takes from `defaults` or a `group` is meant for
/// others.
fn idle(block: &Block, desired: &Desired, cx: &mut Builder<'_>) {
    let repo = RepoName::parse(block.key()).ok().and_then(|name| desired.repos.get(&name));
    let (Some(repo), Some(named)) = (repo, block.value("pipeline")) else { return };
    let is =
        |setting, flag| repo.settings.get(&setting).is_some_and(|it| it.value == SettingValue::Flag(flag));
    let why = if is(Setting::Archived, true) {
        "is archived"
    } else if is(Setting::HasIssues, false) {
        "has no issues (`has-issues #false`)"
    } else {
        return;
    };
    let says = format!("{} {why}: a pipeline finds nothing there", block.quoted());
    cx.sink.push(
        Draft::warning(code::NO_EFFECT, says)
            .at(named.span, "has no effect")
            .help("remove it, or let the repository have issues"),
    );
}

fn unused(block: &Block, has: &str, help: &str, cx: &mut Builder<'_>) {
    let name = block.key();
    cx.sink.push(
        Draft::warning(code::NO_EFFECT, format!("no {has} {}", block.quoted()))
            .at(block.key_span(), "has no effect")
            .help(format!("{help}: `{} {name:?}`", block.kind.name)),
    );
}

/// A playbook without an agent of its own falls back on those of the pipeline.
fn who_does_it(block: &Block, pipeline: &Pipeline, pipelines: &Pipelines, cx: &mut Builder<'_>) {
    let said = block.given("agents").is_some_and(|given| !given.good);
    if said || !pipeline.agents.is_empty() {
        return;
    }
    let mut used = pipelines.playbooks.values().filter(|book| uses(pipeline, book));
    let Some(book) = used.find(|book| book.agents.is_empty()) else { return };
    let says = format!("{} has no agent, and neither has the playbook `{}`", block.quoted(), book.name);
    cx.sink.push(
        Draft::error(code::MISSING, says)
            .at(block.key_span(), "here")
            .help("name one that config declares: `agents \"claude\"`"),
    );
}

/// Whether runs go by a playbook. What only a change of what judges asks for is none.
fn uses(pipeline: &Pipeline, book: &Playbook) -> bool {
    let declared = |role| pipeline.advisors.get(&role).is_some_and(|it| it.agents.is_empty());
    match AdvisorRole::by_word(&book.name) {
        Some(AdvisorRole::PostVerify) => declared(AdvisorRole::PostVerify),
        Some(role) => pipeline.has(book.phase) && declared(role),
        None => pipeline.has(book.phase),
    }
}

/// The factory has one identity on GitHub, and GitHub lets nobody approve a pull request of their own.
fn one_identity(block: &Block, cx: &mut Builder<'_>) {
    let at = block.value("mode").map_or(block.key_span(), |read| read.span);
    let says = format!(
        "{} waits for a person: the factory has one identity, and can't approve its own work",
        block.quoted()
    );
    cx.sink.push(
        Draft::warning(code::ONE_IDENTITY, says).at(at, "an approval comes from a person").help(
            "leave it so where people approve; `github { identity \"reviewer\" … }` gives the factory a second one; \
             `mode \"on-green\"` merges without an approval",
        ),
    );
}

/// A pipeline under a policy whose phases have no review in them.
fn unreviewed<'p>(pipelines: &'p Pipelines, policy: &str) -> Option<&'p Pipeline> {
    let under = |repo: &&RepoName| pipelines.policy(repo).is_some_and(|it| it.name == policy);
    let mut all = pipelines.of_repo.keys().filter(under).filter_map(|repo| pipelines.of(repo));
    all.find(|pipeline| !pipeline.has(Phase::Review))
}

/// What no run reviews, the reviewer doesn't approve.
fn no_review(block: &Block, pipeline: &Pipeline, cx: &mut Builder<'_>) {
    let at = block.value("mode").map_or(block.key_span(), |read| read.span);
    let says = format!(
        "{} waits for a person where issues go through the pipeline `{}`: it has no phase `review`",
        block.quoted(),
        pipeline.name
    );
    cx.sink.push(
        Draft::warning(code::ONE_IDENTITY, says)
            .at(at, "the reviewer approves what runs have reviewed")
            .help("add `review` to its `phases`, or leave it so where people approve"),
    );
}
