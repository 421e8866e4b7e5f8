//! Links entries of the wiki to the terms that they speak of. A model judges each entry beside the terms that it may be about, once for what both say.
//! What it decides is in [`crate::language::keep`].

use crate::model::{Facet, Facets, Verb};
use crate::plan::Plan;

use super::keeping::{self, Judges};
use super::{Cx, Loop, Trigger};

/// The loop.
pub(super) struct EntryEvidence;

impl Loop for EntryEvidence {
    type Settings = Judges;
    const NAME: &'static str = "entry-evidence";
    const ABOUT: &'static str = "Links entries of the wiki to the terms that they speak of. A model judges each entry beside the \
        terms that it may be about, once for what both say.";
    const TRIGGERS: &'static [Trigger] = keeping::ASKS;
    const NEEDS: Facets = Facets::of(Facet::Language).and(Facets::of(Facet::Runs));
    const MAY: &'static [Verb] = keeping::MAY_ASK;

    fn plan(cx: &Cx<'_, Judges>) -> Plan {
        keeping::plan_asking(Self::NAME, cx)
    }
}
