//! Has proposed decisions judged by three judges apart from each other, counts their votes, has the text amended once, and proposes to accept what they approve of.
//! What it decides is in [`crate::language::keep`].

use crate::model::{Facet, Facets, Verb};
use crate::plan::Plan;

use super::keeping::{self, Judges};
use super::{Cx, Loop, Trigger};

/// The loop.
pub(super) struct AdrReviewer;

impl Loop for AdrReviewer {
    type Settings = Judges;
    const NAME: &'static str = "adr-reviewer";
    const ABOUT: &'static str = "Has proposed decisions judged by three judges apart from each other, counts their votes, has the \
        text amended once, and proposes to accept what they approve of; the rest it tells in an issue.";
    const TRIGGERS: &'static [Trigger] = keeping::ASKS;
    const NEEDS: Facets = Facets::of(Facet::Language).and(Facets::of(Facet::Runs));
    const MAY: &'static [Verb] = keeping::MAY_ASK;

    fn plan(cx: &Cx<'_, Judges>) -> Plan {
        keeping::plan_asking(Self::NAME, cx)
    }
}
