//! Proposes terms for what the code has grown.
//! What it decides is in [`crate::language::keep`].

use crate::model::{Facet, Facets, Verb};
use crate::plan::Plan;

use super::keeping::{self, Judges};
use super::{Cx, Loop, Trigger};

/// The loop.
pub(super) struct TermProposer;

impl Loop for TermProposer {
    type Settings = Judges;
    const NAME: &'static str = "term-proposer";
    const ABOUT: &'static str = "Proposes terms for what the code has grown: types that carry weight and have no word yet. A \
        model drafts each, once for what it reads, and code checks the draft.";
    const TRIGGERS: &'static [Trigger] = keeping::ASKS;
    const NEEDS: Facets = Facets::of(Facet::Language).and(Facets::of(Facet::Runs));
    const MAY: &'static [Verb] = keeping::MAY_ASK;

    fn plan(cx: &Cx<'_, Judges>) -> Plan {
        keeping::plan_asking(Self::NAME, cx)
    }
}
