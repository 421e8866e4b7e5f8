//! Looks whether the checks that enforce accepted decisions, and the code that they cite, are there.
//! What it decides is in [`crate::language::keep`].

use crate::model::{Facet, Facets, Verb};
use crate::plan::Plan;

use super::keeping;
use super::{Cx, Loop, NoSettings, Trigger};

/// The loop.
pub(super) struct AdrConformance;

impl Loop for AdrConformance {
    type Settings = NoSettings;
    const NAME: &'static str = "adr-conformance";
    const ABOUT: &'static str = "Looks whether the checks that enforce accepted decisions, and the code that they cite, are \
        there; follows what has moved by a pull request, and keeps an issue for what is gone.";
    const TRIGGERS: &'static [Trigger] = keeping::TRIGGERS;
    const NEEDS: Facets = Facets::of(Facet::Language);
    const MAY: &'static [Verb] = keeping::MAY;

    fn plan(cx: &Cx<'_, NoSettings>) -> Plan {
        keeping::plan(Self::NAME, &cx.work())
    }
}
