//! The sections of config, one file each: what they are called, which fields they have, and what they become.

mod agents;
mod allow;
mod caps;
mod factory;
mod github;
mod labels;
mod language;
mod loops;
mod merge;
mod overlay;
mod pipelines;
mod prices;
mod reach;
mod recipes;
mod refers;
mod repos;
mod rules;
mod settings;
mod tasks;

pub use factory::check_reason;

use std::ops::Range;

use super::block::Block;
use super::diagnostic::Sink;
use super::shape::{Kind, Vocabulary};
use super::text::{Files, Span};
use crate::model::{ConfigFiles, Desired, Source};

/// The whole of config: what may stand at the top of a file.
pub(super) static ROOT: Kind = Kind {
    children: &[
        &factory::FACTORY,
        &github::GITHUB,
        &repos::DEFAULTS,
        &repos::GROUP,
        &repos::REPO,
        &repos::REPOSITORIES,
        &labels::LABEL_SET,
        &caps::CAPS,
        &prices::PRICES,
        &agents::AGENT,
        &tasks::TASK,
        &pipelines::PIPELINE,
        &pipelines::PLAYBOOK,
        &pipelines::MERGE_POLICY,
        &language::LANGUAGE,
        &loops::LOOP,
        &allow::ALLOW,
    ],
    ..Kind::EMPTY
};

/// The name of the section without which there is no factory.
pub(super) const FACTORY: &str = factory::FACTORY.name;

/// The name of the section whose members are loops.
pub(super) const LOOP: &str = "loop";

/// What building needs besides the blocks.
pub(super) struct Builder<'a> {
    pub(super) files: &'a Files,
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) sink: &'a mut Sink,
}

impl Builder<'_> {
    fn source(&self, span: Span) -> Source {
        self.files.source(span)
    }

    /// Where a part of a text stands that was written at `span`; all of it where that can't be told from escapes.
    fn within(&self, span: Span, text: &str, part: Range<usize>) -> Span {
        let wanted = &text[part.clone()];
        let before = text[..part.start].matches(wanted).count();
        let at = self
            .files
            .text(span)
            .match_indices(wanted)
            .nth(before)
            .and_then(|(at, _)| u32::try_from(at).ok());
        let (Some(at), Ok(length)) = (at, u32::try_from(part.len())) else { return span };
        Span { start: span.start + at, end: span.start + at + length, ..span }
    }
}

/// Builds desired state from the blocks of all files; what is wrong between them is reported.
pub(super) fn build(config: &ConfigFiles, root: &[Block], cx: &mut Builder<'_>) -> Desired {
    let of = |kind: &'static str| root.iter().filter(move |b| b.kind.name == kind);
    let (factory, protects) = factory::build(of(factory::FACTORY.name).next(), cx);
    let agents = of(agents::AGENT.name).filter_map(|b| agents::build(b, cx)).collect();
    let mut pipelines = pipelines::build(root, &agents, cx);
    let repos = overlay::build(root, &mut pipelines, cx);
    let known = tasks::Known { repos: &repos, agents: &agents };
    let tasks = of(tasks::TASK.name).filter_map(|b| tasks::build(b, &known, cx)).collect();
    let (budget, run_caps) = caps::build(of(caps::CAPS.name).next(), cx);
    let desired = Desired {
        rules: rules::build(root, cx),
        origin: config.origin.clone(),
        factory,
        github: github::build(of(github::GITHUB.name).next(), cx),
        repos,
        observe: of(repos::REPOSITORIES.name).filter_map(|b| repos::observed(b, cx)).collect(),
        loops: of(loops::LOOP.name).filter_map(|b| loops::build(b, &agents, cx)).collect(),
        budget,
        agents,
        tasks,
        run_caps,
        pipelines,
        prices: prices::build(of(prices::PRICES.name).next(), cx),
        language: language::build(of(language::LANGUAGE.name).next(), cx).and_then(|it| it.kept()),
        allows: of(allow::ALLOW.name).filter_map(|b| allow::build(b, cx)).collect(),
        protects,
    };
    reach::warn(root, &desired, cx);
    pipelines::check(root, &desired, cx);
    prices::check_limits(root, &desired, cx);
    desired
}
