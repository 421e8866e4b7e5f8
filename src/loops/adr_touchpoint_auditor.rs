//! Finds decisions that merged pull requests have left behind.
//! What it decides is in [`crate::language::keep`].

use crate::model::{Facet, Facets, Verb};
use crate::plan::Plan;

use super::keeping;
use super::{Cx, Loop, NoSettings, Trigger};

/// The loop.
pub(super) struct AdrTouchpointAuditor;

impl Loop for AdrTouchpointAuditor {
    type Settings = NoSettings;
    const NAME: &'static str = "adr-touchpoint-auditor";
    const ABOUT: &'static str = "Finds decisions that merged pull requests have left behind: what they cite is gone, and they \
        were not touched themselves. One issue for each decision.";
    const TRIGGERS: &'static [Trigger] = keeping::TRIGGERS;
    const NEEDS: Facets = Facets::of(Facet::Language);
    const MAY: &'static [Verb] = keeping::MAY;

    fn plan(cx: &Cx<'_, NoSettings>) -> Plan {
        keeping::plan(Self::NAME, &cx.work())
    }
}
