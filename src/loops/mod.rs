//! Controllers: pure functions from (desired, observed, settings, now) to a plan. One file a loop.
//!
//! A new loop is one new file and one line in the list below. Config decoding, "did you mean", `explain`,
//! `loop list`, the reference docs, the kill switch and the contract tests follow from the registry.

mod comes_next;
mod contract;
mod follow_ups;
mod keeping;
mod registry;
#[cfg(test)]
mod tests;

pub use contract::{Cx, Loop, NoSettings, Settings, Trigger};
pub use follow_ups::due;
pub use registry::{
    AnyLoop, Crash, Inputs, Selection, by_name, may, needs, needs_of, of_repositories, only, plan_all,
    preview, vocabulary,
};

registry::loops! {
    repository_settings::RepositorySettings,
    labels::Labels,
    config_review::ConfigReview,
    flips::Flips,
    tasks::Tasks,
    pipeline::Pipeline,
    term_pruner::TermPruner,
    edge_proposer::EdgeProposer,
    term_proposer::TermProposer,
    entry_evidence::EntryEvidence,
    repo_wiki::RepoWiki,
    wiki_rot_detector::WikiRotDetector,
    diagram::Diagram,
    adr_reviewer::AdrReviewer,
    adr_touchpoint_auditor::AdrTouchpointAuditor,
    adr_conformance::AdrConformance,
    language_review::LanguageReview,
}

pub(crate) use comes_next::comes_next;
pub(crate) use pipeline::in_turn;
