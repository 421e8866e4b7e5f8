//! Relates terms as their code is related.
//! What it decides is in [`crate::language::keep`].

use crate::model::{Facet, Facets, Verb};
use crate::plan::Plan;

use super::keeping;
use super::{Cx, Loop, NoSettings, Trigger};

/// The loop.
pub(super) struct EdgeProposer;

impl Loop for EdgeProposer {
    type Settings = NoSettings;
    const NAME: &'static str = "edge-proposer";
    const ABOUT: &'static str = "Relates terms as their code is related: what one uses or is made from. Takes away what it added \
        once the code no longer shows it; what people wrote stays.";
    const TRIGGERS: &'static [Trigger] = keeping::TRIGGERS;
    const NEEDS: Facets = Facets::of(Facet::Language);
    const MAY: &'static [Verb] = keeping::MAY;

    fn plan(cx: &Cx<'_, NoSettings>) -> Plan {
        keeping::plan(Self::NAME, &cx.work())
    }
}
